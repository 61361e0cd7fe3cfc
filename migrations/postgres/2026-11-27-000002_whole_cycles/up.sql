-- Whatever counts the people of a cycle, or looks for a grade that is missing, finds it in an index:
-- of a hundred thousand people the rows themselves are many megabytes.
DROP INDEX participant_cycle;
CREATE INDEX participant_cycle ON participant (tenant_id, cycle_id, id, exclusion);
CREATE UNIQUE INDEX review_ungraded ON review (tenant_id, participant_id)
 WHERE computed_grade IS NULL;
