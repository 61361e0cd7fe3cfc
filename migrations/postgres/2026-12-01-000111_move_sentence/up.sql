-- What the person concerned reads after release, empty for moves of before, and the veto in force at the proposal.
ALTER TABLE calibration_move ADD COLUMN sentence TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE calibration_move ADD COLUMN veto_cap TEXT COLLATE "C";
