-- Performance policies, cycles, goals, reviews and calibration. Weights and scores are kept in
-- hundredths, progress in ten-thousandths; values of indicators keep every digit, as text.

CREATE TABLE policy (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    number INTEGER NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    rules TEXT COLLATE "C" NOT NULL,
    published_at TIMESTAMPTZ,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code, number),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id),
    CHECK (length(code) BETWEEN 1 AND 64),
    CHECK (length(name) BETWEEN 1 AND 200),
    CHECK (state IN ('draft', 'published'))
);

CREATE TABLE cycle (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    policy_id UUID NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    period_start DATE NOT NULL,
    period_end DATE NOT NULL,
    schedule TEXT COLLATE "C" NOT NULL,
    raci TEXT COLLATE "C" NOT NULL,
    org_unit_ids TEXT COLLATE "C" NOT NULL,
    launched_at TIMESTAMPTZ,
    published_at TIMESTAMPTZ,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code),
    FOREIGN KEY (tenant_id, policy_id) REFERENCES policy (tenant_id, id),
    CHECK (length(code) BETWEEN 1 AND 64),
    CHECK (length(name) BETWEEN 1 AND 200),
    CHECK (kind IN ('month', 'quarter', 'half', 'year')),
    CHECK (state IN ('draft', 'goal_setting', 'executing', 'evaluating', 'calibrating', 'confirmed', 'published', 'closed', 'archived', 'cancelled')),
    CHECK (period_start <= period_end)
);

CREATE TABLE cycle_approval (
    tenant_id UUID NOT NULL,
    cycle_id UUID NOT NULL,
    event TEXT COLLATE "C" NOT NULL,
    account_id UUID NOT NULL,
    seat TEXT COLLATE "C" NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, cycle_id, event, account_id),
    FOREIGN KEY (tenant_id, cycle_id) REFERENCES cycle (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
    CHECK (event IN ('publish', 'cancel')),
    CHECK (seat IN ('HR', 'EXEC'))
);

CREATE TABLE participant (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    cycle_id UUID NOT NULL,
    employee_id UUID NOT NULL,
    org_unit_id UUID,
    department_id UUID,
    manager_id UUID,
    population TEXT COLLATE "C",
    exclusion TEXT COLLATE "C",
    counts_for_quota BOOLEAN NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, cycle_id, employee_id),
    FOREIGN KEY (tenant_id, cycle_id) REFERENCES cycle (tenant_id, id),
    FOREIGN KEY (tenant_id, employee_id) REFERENCES employee (tenant_id, id),
    FOREIGN KEY (tenant_id, org_unit_id) REFERENCES org_unit (tenant_id, id),
    FOREIGN KEY (tenant_id, department_id) REFERENCES org_unit (tenant_id, id),
    FOREIGN KEY (tenant_id, manager_id) REFERENCES employee (tenant_id, id),
    CHECK (exclusion IN ('too_new', 'no_population', 'by_hr')),
    CHECK (manager_id IS NULL OR manager_id <> employee_id)
);

CREATE TABLE goal (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    cycle_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    level TEXT COLLATE "C" NOT NULL,
    parent_id UUID,
    state TEXT COLLATE "C" NOT NULL,
    revision INTEGER NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    weight BIGINT NOT NULL,
    content TEXT COLLATE "C" NOT NULL,
    progress BIGINT,
    confidence INTEGER,
    checked_in_at TIMESTAMPTZ,
    score BIGINT,
    return_reason TEXT COLLATE "C",
    signed_event TEXT COLLATE "C",
    signed_seat TEXT COLLATE "C",
    signed_by UUID,
    signed_at TIMESTAMPTZ,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, cycle_id) REFERENCES cycle (tenant_id, id),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES employee (tenant_id, id),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES goal (tenant_id, id),
    FOREIGN KEY (tenant_id, signed_by) REFERENCES account (tenant_id, id),
    CHECK (length(title) BETWEEN 1 AND 200),
    CHECK (weight BETWEEN 0 AND 10000),
    CHECK (level IN ('company', 'division', 'department', 'team', 'person')),
    CHECK (state IN ('draft', 'submitted', 'active', 'change_pending', 'completed', 'cancelled', 'scored', 'locked')),
    CHECK (progress BETWEEN 0 AND 10000),
    CHECK (confidence BETWEEN 1 AND 10),
    CHECK (signed_event IN ('complete', 'cancel')),
    CHECK (signed_seat IN ('owner', 'MGR', 'HR'))
);

CREATE TABLE goal_revision (
    tenant_id UUID NOT NULL,
    goal_id UUID NOT NULL,
    revision INTEGER NOT NULL,
    content TEXT COLLATE "C" NOT NULL,
    effective_from DATE NOT NULL,
    approved_by UUID NOT NULL,
    approved_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, goal_id, revision),
    FOREIGN KEY (tenant_id, goal_id) REFERENCES goal (tenant_id, id),
    FOREIGN KEY (tenant_id, approved_by) REFERENCES account (tenant_id, id)
);

CREATE TABLE goal_change (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    goal_id UUID NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    content TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    evidence TEXT COLLATE "C" NOT NULL,
    effective_from DATE NOT NULL,
    requested_by UUID NOT NULL,
    decided_by UUID,
    decision_reason TEXT COLLATE "C",
    created_at TIMESTAMPTZ NOT NULL,
    decided_at TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, goal_id) REFERENCES goal (tenant_id, id),
    FOREIGN KEY (tenant_id, requested_by) REFERENCES account (tenant_id, id),
    FOREIGN KEY (tenant_id, decided_by) REFERENCES account (tenant_id, id),
    CHECK (state IN ('pending', 'approved', 'rejected'))
);

CREATE TABLE check_in (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    goal_id UUID NOT NULL,
    author_id UUID NOT NULL,
    reports TEXT COLLATE "C" NOT NULL,
    confidence INTEGER NOT NULL,
    blockers TEXT COLLATE "C",
    comment TEXT COLLATE "C",
    progress BIGINT,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, goal_id) REFERENCES goal (tenant_id, id),
    CHECK (confidence BETWEEN 1 AND 10)
);

CREATE TABLE measurement (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    goal_id UUID NOT NULL,
    period_start DATE NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    external_id TEXT COLLATE "C" NOT NULL,
    revision INTEGER NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    author_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, goal_id, period_start, source, external_id, revision),
    FOREIGN KEY (tenant_id, goal_id) REFERENCES goal (tenant_id, id),
    CHECK (length(source) BETWEEN 1 AND 64),
    CHECK (length(external_id) BETWEEN 1 AND 200)
);

CREATE TABLE calibration_session (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    cycle_id UUID NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    department_ids TEXT COLLATE "C" NOT NULL,
    scheduled_on DATE,
    override_reason TEXT COLLATE "C",
    overridden_by UUID,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, cycle_id) REFERENCES cycle (tenant_id, id),
    FOREIGN KEY (tenant_id, overridden_by) REFERENCES account (tenant_id, id),
    CHECK (length(name) BETWEEN 1 AND 200),
    CHECK (state IN ('draft', 'scheduled', 'open', 'finalised'))
);

CREATE TABLE calibration_member (
    tenant_id UUID NOT NULL,
    session_id UUID NOT NULL,
    employee_id UUID NOT NULL,
    seat TEXT COLLATE "C" NOT NULL,
    present BOOLEAN NOT NULL,
    PRIMARY KEY (tenant_id, session_id, employee_id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES calibration_session (tenant_id, id),
    FOREIGN KEY (tenant_id, employee_id) REFERENCES employee (tenant_id, id),
    CHECK (seat IN ('member', 'facilitator'))
);

CREATE TABLE review (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    participant_id UUID NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    self_review TEXT COLLATE "C" NOT NULL,
    manager_review TEXT COLLATE "C" NOT NULL,
    performance BIGINT,
    composite BIGINT,
    collaboration BIGINT,
    computed_grade TEXT COLLATE "C",
    calibrated_grade TEXT COLLATE "C",
    final_grade TEXT COLLATE "C",
    veto_grade TEXT COLLATE "C",
    session_id UUID,
    disagreement TEXT COLLATE "C",
    acknowledged_at TIMESTAMPTZ,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, participant_id),
    FOREIGN KEY (tenant_id, participant_id) REFERENCES participant (tenant_id, id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES calibration_session (tenant_id, id),
    CHECK (state IN ('pending_self', 'pending_raters', 'pending_manager', 'second_review', 'in_calibration', 'calibrated', 'published', 'acknowledged', 'disagreed', 'final')),
    CHECK (computed_grade IN ('S', 'A', 'B', 'C', 'D')),
    CHECK (calibrated_grade IN ('S', 'A', 'B', 'C', 'D')),
    CHECK (final_grade IN ('S', 'A', 'B', 'C', 'D')),
    CHECK (veto_grade IN ('S', 'A', 'B', 'C', 'D'))
);

CREATE TABLE result_trace (
    tenant_id UUID NOT NULL,
    review_id UUID NOT NULL,
    revision INTEGER NOT NULL,
    formula_version INTEGER NOT NULL,
    policy_id UUID NOT NULL,
    trace TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    computed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, review_id, revision),
    FOREIGN KEY (tenant_id, review_id) REFERENCES review (tenant_id, id),
    FOREIGN KEY (tenant_id, policy_id) REFERENCES policy (tenant_id, id)
);

CREATE TABLE calibration_move (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    review_id UUID NOT NULL,
    from_grade TEXT COLLATE "C" NOT NULL,
    to_grade TEXT COLLATE "C" NOT NULL,
    reasons TEXT COLLATE "C" NOT NULL,
    text TEXT COLLATE "C" NOT NULL,
    evidence TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    proposed_by UUID NOT NULL,
    approved_by TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES calibration_session (tenant_id, id),
    FOREIGN KEY (tenant_id, review_id) REFERENCES review (tenant_id, id),
    FOREIGN KEY (tenant_id, proposed_by) REFERENCES employee (tenant_id, id),
    CHECK (from_grade IN ('S', 'A', 'B', 'C', 'D')),
    CHECK (to_grade IN ('S', 'A', 'B', 'C', 'D')),
    CHECK (state IN ('pending', 'approved', 'rejected'))
);

CREATE INDEX participant_cycle ON participant (tenant_id, cycle_id, id);
CREATE INDEX participant_updated ON participant (tenant_id, updated_at, id);
CREATE INDEX participant_manager ON participant (tenant_id, manager_id, cycle_id);
CREATE INDEX participant_employee ON participant (tenant_id, employee_id);
CREATE INDEX participant_department ON participant (tenant_id, cycle_id, department_id);
CREATE INDEX goal_cycle ON goal (tenant_id, cycle_id, owner_id);
CREATE INDEX goal_owner ON goal (tenant_id, owner_id);
CREATE INDEX goal_parent ON goal (tenant_id, parent_id);
CREATE INDEX goal_updated ON goal (tenant_id, updated_at, id);
CREATE INDEX goal_change_goal ON goal_change (tenant_id, goal_id, id);
CREATE INDEX check_in_goal ON check_in (tenant_id, goal_id, id);
CREATE INDEX calibration_session_cycle ON calibration_session (tenant_id, cycle_id, id);
CREATE INDEX calibration_member_employee ON calibration_member (tenant_id, employee_id);
CREATE INDEX review_session ON review (tenant_id, session_id);
CREATE INDEX review_updated ON review (tenant_id, updated_at, id);
CREATE INDEX calibration_move_session ON calibration_move (tenant_id, session_id, id);
CREATE INDEX calibration_move_review ON calibration_move (tenant_id, review_id);

-- Second wall, as for every table of a tenant.
ALTER TABLE policy ENABLE ROW LEVEL SECURITY;
ALTER TABLE policy FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON policy USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE cycle ENABLE ROW LEVEL SECURITY;
ALTER TABLE cycle FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON cycle USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE cycle_approval ENABLE ROW LEVEL SECURITY;
ALTER TABLE cycle_approval FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON cycle_approval USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE participant ENABLE ROW LEVEL SECURITY;
ALTER TABLE participant FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON participant USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE goal ENABLE ROW LEVEL SECURITY;
ALTER TABLE goal FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON goal USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE goal_revision ENABLE ROW LEVEL SECURITY;
ALTER TABLE goal_revision FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON goal_revision USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE goal_change ENABLE ROW LEVEL SECURITY;
ALTER TABLE goal_change FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON goal_change USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE check_in ENABLE ROW LEVEL SECURITY;
ALTER TABLE check_in FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON check_in USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE measurement ENABLE ROW LEVEL SECURITY;
ALTER TABLE measurement FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON measurement USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE calibration_session ENABLE ROW LEVEL SECURITY;
ALTER TABLE calibration_session FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON calibration_session USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE calibration_member ENABLE ROW LEVEL SECURITY;
ALTER TABLE calibration_member FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON calibration_member USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE review ENABLE ROW LEVEL SECURITY;
ALTER TABLE review FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON review USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE result_trace ENABLE ROW LEVEL SECURITY;
ALTER TABLE result_trace FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON result_trace USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE calibration_move ENABLE ROW LEVEL SECURITY;
ALTER TABLE calibration_move FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON calibration_move USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
