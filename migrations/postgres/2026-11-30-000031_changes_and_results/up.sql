-- The walls are lowered for a moment: this concerns all tenants.
ALTER TABLE goal NO FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_entry NO FORCE ROW LEVEL SECURITY;

-- Where a goal was when it was scored: it goes back there when the rating is taken up again.
ALTER TABLE goal ADD COLUMN scored_from TEXT COLLATE "C" CHECK (scored_from IN ('active', 'completed'));
UPDATE goal SET scored_from = COALESCE((
    SELECT e.from_state FROM audit_entry e
     WHERE e.tenant_id = goal.tenant_id AND e.resource_id = goal.id AND e.action = 'goal.scored'
       AND e.from_state IN ('active', 'completed')
     ORDER BY e.position DESC LIMIT 1), 'active')
 WHERE state IN ('scored', 'locked');

ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY;
ALTER TABLE goal FORCE ROW LEVEL SECURITY;

-- A change that nobody decided on before the results were confirmed has lapsed.
ALTER TABLE goal_change DROP CONSTRAINT goal_change_state_check;
ALTER TABLE goal_change ADD CONSTRAINT goal_change_state_check
    CHECK (state IN ('pending', 'approved', 'rejected', 'lapsed'));
