-- Where a goal was when it was scored: it goes back there when the rating is taken up again.
ALTER TABLE goal ADD COLUMN scored_from TEXT CHECK (scored_from IN ('active', 'completed'));
UPDATE goal SET scored_from = COALESCE((
    SELECT e.from_state FROM audit_entry e
     WHERE e.tenant_id = goal.tenant_id AND e.resource_id = goal.id AND e.action = 'goal.scored'
       AND e.from_state IN ('active', 'completed')
     ORDER BY e.position DESC LIMIT 1), 'active')
 WHERE state IN ('scored', 'locked');

-- A change that nobody decided on before the results were confirmed has lapsed.
CREATE TABLE goal_change_with_lapsed (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    goal_id BLOB NOT NULL,
    state TEXT NOT NULL,
    content TEXT NOT NULL,
    reason TEXT NOT NULL,
    evidence TEXT NOT NULL,
    effective_from TEXT NOT NULL,
    requested_by BLOB NOT NULL,
    decided_by BLOB,
    decision_reason TEXT,
    created_at INTEGER NOT NULL,
    decided_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, goal_id) REFERENCES goal (tenant_id, id),
    FOREIGN KEY (tenant_id, requested_by) REFERENCES account (tenant_id, id),
    FOREIGN KEY (tenant_id, decided_by) REFERENCES account (tenant_id, id),
    CHECK (state IN ('pending', 'approved', 'rejected', 'lapsed'))
) STRICT, WITHOUT ROWID;
INSERT INTO goal_change_with_lapsed SELECT * FROM goal_change;
DROP TABLE goal_change;
ALTER TABLE goal_change_with_lapsed RENAME TO goal_change;
CREATE INDEX goal_change_goal ON goal_change (tenant_id, goal_id, id);
