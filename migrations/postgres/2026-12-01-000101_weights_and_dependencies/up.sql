-- The weights of departments that are in effect, as results are computed with them.
ALTER TABLE cycle ADD COLUMN department_weights TEXT COLLATE "C" NOT NULL DEFAULT '[]';

CREATE TABLE weight_adjustment (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    cycle_id UUID NOT NULL,
    department_id UUID NOT NULL,
    population TEXT COLLATE "C" NOT NULL,
    weights TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    requested_by UUID NOT NULL,
    decided_by UUID,
    decision_reason TEXT COLLATE "C",
    filing_number TEXT COLLATE "C",
    effective_at TIMESTAMPTZ,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, cycle_id) REFERENCES cycle (tenant_id, id),
    FOREIGN KEY (tenant_id, department_id) REFERENCES org_unit (tenant_id, id),
    FOREIGN KEY (tenant_id, requested_by) REFERENCES employee (tenant_id, id),
    FOREIGN KEY (tenant_id, decided_by) REFERENCES account (tenant_id, id),
    CHECK (state IN ('draft', 'submitted', 'hr_approved', 'hr_rejected', 'filed', 'effective', 'revoked'))
);

CREATE UNIQUE INDEX weight_adjustment_open ON weight_adjustment (tenant_id, cycle_id, department_id, population)
 WHERE state NOT IN ('draft', 'hr_rejected', 'revoked');
CREATE INDEX weight_adjustment_change ON weight_adjustment (tenant_id, updated_at, id);

CREATE TABLE dependency (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    cycle_id UUID NOT NULL,
    upstream_goal_id UUID NOT NULL,
    downstream_goal_id UUID NOT NULL,
    upstream_owner_id UUID NOT NULL,
    downstream_owner_id UUID NOT NULL,
    need_date DATE NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    slack INTEGER,
    decision_reason TEXT COLLATE "C",
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, cycle_id) REFERENCES cycle (tenant_id, id),
    FOREIGN KEY (tenant_id, upstream_goal_id) REFERENCES goal (tenant_id, id),
    FOREIGN KEY (tenant_id, downstream_goal_id) REFERENCES goal (tenant_id, id),
    FOREIGN KEY (tenant_id, upstream_owner_id) REFERENCES employee (tenant_id, id),
    FOREIGN KEY (tenant_id, downstream_owner_id) REFERENCES employee (tenant_id, id),
    CHECK (state IN ('proposed', 'accepted', 'declined', 'on_track', 'at_risk', 'late', 'delivered'))
);

CREATE UNIQUE INDEX dependency_open ON dependency (tenant_id, upstream_goal_id, downstream_goal_id)
 WHERE state NOT IN ('declined', 'delivered');
CREATE INDEX dependency_cycle ON dependency (tenant_id, cycle_id, id);
CREATE INDEX dependency_downstream ON dependency (tenant_id, downstream_goal_id);
CREATE INDEX dependency_change ON dependency (tenant_id, updated_at, id);

ALTER TABLE weight_adjustment ENABLE ROW LEVEL SECURITY;
ALTER TABLE weight_adjustment FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON weight_adjustment USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);

ALTER TABLE dependency ENABLE ROW LEVEL SECURITY;
ALTER TABLE dependency FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON dependency USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
