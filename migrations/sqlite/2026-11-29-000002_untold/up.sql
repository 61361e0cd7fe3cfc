-- When the result of a review last changed. Unlike version and instant of the review itself it is
-- never shown: who may not know a grade may not know when it was moved.
ALTER TABLE review ADD COLUMN graded_at INTEGER;
UPDATE review SET graded_at = updated_at;
CREATE INDEX review_graded ON review (tenant_id, graded_at);

-- Sessions name participants beside departments, and an override holds for the grades of its instant.
ALTER TABLE calibration_session ADD COLUMN participant_ids TEXT NOT NULL DEFAULT '[]';
ALTER TABLE calibration_session ADD COLUMN overridden_at INTEGER;
UPDATE calibration_session SET overridden_at = updated_at WHERE override_reason IS NOT NULL;

-- What readers of aggregates alone have been shown of each record: the grade (null is none any more)
-- from a renewal on. Rows are only ever added.
CREATE TABLE shown_grade (
    tenant_id BLOB NOT NULL,
    cycle_id BLOB NOT NULL,
    participant_id BLOB NOT NULL,
    renewal INTEGER NOT NULL,
    pooled INTEGER NOT NULL,
    grade TEXT,
    PRIMARY KEY (tenant_id, cycle_id, participant_id, renewal),
    FOREIGN KEY (tenant_id, cycle_id) REFERENCES cycle (tenant_id, id),
    FOREIGN KEY (tenant_id, participant_id) REFERENCES participant (tenant_id, id),
    CHECK (pooled IN (0, 1)),
    CHECK (grade IN ('S', 'A', 'B', 'C', 'D'))
) STRICT, WITHOUT ROWID;
