ALTER TABLE calibration_move DROP COLUMN veto_cap;
ALTER TABLE calibration_move DROP COLUMN sentence;
