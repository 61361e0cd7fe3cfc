-- The weights of departments that are in effect, as results are computed with them.
ALTER TABLE cycle ADD COLUMN department_weights TEXT NOT NULL DEFAULT '[]';

CREATE TABLE weight_adjustment (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    cycle_id BLOB NOT NULL,
    department_id BLOB NOT NULL,
    population TEXT NOT NULL,
    weights TEXT NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    requested_by BLOB NOT NULL,
    decided_by BLOB,
    decision_reason TEXT,
    filing_number TEXT,
    effective_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, cycle_id) REFERENCES cycle (tenant_id, id),
    FOREIGN KEY (tenant_id, department_id) REFERENCES org_unit (tenant_id, id),
    FOREIGN KEY (tenant_id, requested_by) REFERENCES employee (tenant_id, id),
    FOREIGN KEY (tenant_id, decided_by) REFERENCES account (tenant_id, id),
    CHECK (state IN ('draft', 'submitted', 'hr_approved', 'hr_rejected', 'filed', 'effective', 'revoked'))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX weight_adjustment_open ON weight_adjustment (tenant_id, cycle_id, department_id, population)
 WHERE state NOT IN ('draft', 'hr_rejected', 'revoked');
CREATE INDEX weight_adjustment_change ON weight_adjustment (tenant_id, updated_at, id);

CREATE TABLE dependency (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    cycle_id BLOB NOT NULL,
    upstream_goal_id BLOB NOT NULL,
    downstream_goal_id BLOB NOT NULL,
    upstream_owner_id BLOB NOT NULL,
    downstream_owner_id BLOB NOT NULL,
    need_date TEXT NOT NULL,
    description TEXT NOT NULL,
    state TEXT NOT NULL,
    slack INTEGER,
    decision_reason TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, cycle_id) REFERENCES cycle (tenant_id, id),
    FOREIGN KEY (tenant_id, upstream_goal_id) REFERENCES goal (tenant_id, id),
    FOREIGN KEY (tenant_id, downstream_goal_id) REFERENCES goal (tenant_id, id),
    FOREIGN KEY (tenant_id, upstream_owner_id) REFERENCES employee (tenant_id, id),
    FOREIGN KEY (tenant_id, downstream_owner_id) REFERENCES employee (tenant_id, id),
    CHECK (state IN ('proposed', 'accepted', 'declined', 'on_track', 'at_risk', 'late', 'delivered'))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX dependency_open ON dependency (tenant_id, upstream_goal_id, downstream_goal_id)
 WHERE state NOT IN ('declined', 'delivered');
CREATE INDEX dependency_cycle ON dependency (tenant_id, cycle_id, id);
CREATE INDEX dependency_downstream ON dependency (tenant_id, downstream_goal_id);
CREATE INDEX dependency_change ON dependency (tenant_id, updated_at, id);
