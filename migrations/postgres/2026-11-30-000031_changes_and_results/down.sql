ALTER TABLE goal_change NO FORCE ROW LEVEL SECURITY;
UPDATE goal_change SET state = 'rejected' WHERE state = 'lapsed';
ALTER TABLE goal_change FORCE ROW LEVEL SECURITY;
ALTER TABLE goal_change DROP CONSTRAINT goal_change_state_check;
ALTER TABLE goal_change ADD CONSTRAINT goal_change_state_check
    CHECK (state IN ('pending', 'approved', 'rejected'));
ALTER TABLE goal DROP COLUMN scored_from;
