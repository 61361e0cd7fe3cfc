-- The walls are lowered for a moment: this concerns all tenants.
ALTER TABLE review NO FORCE ROW LEVEL SECURITY;
ALTER TABLE calibration_session NO FORCE ROW LEVEL SECURITY;

-- When the result of a review last changed. Unlike version and instant of the review itself it is
-- never shown: who may not know a grade may not know when it was moved.
ALTER TABLE review ADD COLUMN graded_at TIMESTAMPTZ;
UPDATE review SET graded_at = updated_at;
CREATE INDEX review_graded ON review (tenant_id, graded_at);

-- Sessions name participants beside departments, and an override holds for the grades of its instant.
ALTER TABLE calibration_session ADD COLUMN participant_ids TEXT COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE calibration_session ADD COLUMN overridden_at TIMESTAMPTZ;
UPDATE calibration_session SET overridden_at = updated_at WHERE override_reason IS NOT NULL;

ALTER TABLE review FORCE ROW LEVEL SECURITY;
ALTER TABLE calibration_session FORCE ROW LEVEL SECURITY;

-- What readers of aggregates alone have been shown of each record: the grade (null is none any more)
-- from a renewal on. Rows are only ever added.
CREATE TABLE shown_grade (
    tenant_id UUID NOT NULL,
    cycle_id UUID NOT NULL,
    participant_id UUID NOT NULL,
    renewal INTEGER NOT NULL,
    pooled BOOLEAN NOT NULL,
    grade TEXT COLLATE "C",
    PRIMARY KEY (tenant_id, cycle_id, participant_id, renewal),
    FOREIGN KEY (tenant_id, cycle_id) REFERENCES cycle (tenant_id, id),
    FOREIGN KEY (tenant_id, participant_id) REFERENCES participant (tenant_id, id),
    CHECK (grade IN ('S', 'A', 'B', 'C', 'D'))
);

-- Second wall, as for every table of a tenant.
ALTER TABLE shown_grade ENABLE ROW LEVEL SECURITY;
ALTER TABLE shown_grade FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON shown_grade USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
