CREATE TABLE goal_change_without_lapsed (
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
    CHECK (state IN ('pending', 'approved', 'rejected'))
) STRICT, WITHOUT ROWID;
UPDATE goal_change SET state = 'rejected' WHERE state = 'lapsed';
INSERT INTO goal_change_without_lapsed SELECT * FROM goal_change;
DROP TABLE goal_change;
ALTER TABLE goal_change_without_lapsed RENAME TO goal_change;
CREATE INDEX goal_change_goal ON goal_change (tenant_id, goal_id, id);
ALTER TABLE goal DROP COLUMN scored_from;
