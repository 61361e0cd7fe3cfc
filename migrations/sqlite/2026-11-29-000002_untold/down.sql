DROP TABLE shown_grade;
ALTER TABLE calibration_session DROP COLUMN overridden_at;
ALTER TABLE calibration_session DROP COLUMN participant_ids;
DROP INDEX review_graded;
ALTER TABLE review DROP COLUMN graded_at;
