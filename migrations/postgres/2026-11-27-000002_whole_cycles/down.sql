DROP INDEX review_ungraded;
DROP INDEX participant_cycle;
CREATE INDEX participant_cycle ON participant (tenant_id, cycle_id, id);
