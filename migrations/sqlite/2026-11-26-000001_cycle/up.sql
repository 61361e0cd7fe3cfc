-- Performance policies, cycles, goals, reviews and calibration. Weights and scores are kept in
-- hundredths, progress in ten-thousandths; values of indicators keep every digit, as text.

CREATE TABLE policy (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    state TEXT NOT NULL,
    rules TEXT NOT NULL,
    published_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code, number),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id),
    CHECK (length(code) BETWEEN 1 AND 64),
    CHECK (length(name) BETWEEN 1 AND 200),
    CHECK (state IN ('draft', 'published'))
) STRICT, WITHOUT ROWID;

CREATE TABLE cycle (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    policy_id BLOB NOT NULL,
    state TEXT NOT NULL,
    period_start TEXT NOT NULL,
    period_end TEXT NOT NULL,
    schedule TEXT NOT NULL,
    raci TEXT NOT NULL,
    org_unit_ids TEXT NOT NULL,
    launched_at INTEGER,
    published_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code),
    FOREIGN KEY (tenant_id, policy_id) REFERENCES policy (tenant_id, id),
    CHECK (length(code) BETWEEN 1 AND 64),
    CHECK (length(name) BETWEEN 1 AND 200),
    CHECK (kind IN ('month', 'quarter', 'half', 'year')),
    CHECK (state IN ('draft', 'goal_setting', 'executing', 'evaluating', 'calibrating', 'confirmed', 'published', 'closed', 'archived', 'cancelled')),
    CHECK (period_start <= period_end)
) STRICT, WITHOUT ROWID;

CREATE TABLE cycle_approval (
    tenant_id BLOB NOT NULL,
    cycle_id BLOB NOT NULL,
    event TEXT NOT NULL,
    account_id BLOB NOT NULL,
    seat TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, cycle_id, event, account_id),
    FOREIGN KEY (tenant_id, cycle_id) REFERENCES cycle (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
    CHECK (event IN ('publish', 'cancel')),
    CHECK (seat IN ('HR', 'EXEC'))
) STRICT, WITHOUT ROWID;

CREATE TABLE participant (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    cycle_id BLOB NOT NULL,
    employee_id BLOB NOT NULL,
    org_unit_id BLOB,
    department_id BLOB,
    manager_id BLOB,
    population TEXT,
    exclusion TEXT,
    counts_for_quota INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, cycle_id, employee_id),
    FOREIGN KEY (tenant_id, cycle_id) REFERENCES cycle (tenant_id, id),
    FOREIGN KEY (tenant_id, employee_id) REFERENCES employee (tenant_id, id),
    FOREIGN KEY (tenant_id, org_unit_id) REFERENCES org_unit (tenant_id, id),
    FOREIGN KEY (tenant_id, department_id) REFERENCES org_unit (tenant_id, id),
    FOREIGN KEY (tenant_id, manager_id) REFERENCES employee (tenant_id, id),
    CHECK (exclusion IN ('too_new', 'no_population', 'by_hr')),
    CHECK (manager_id IS NULL OR manager_id <> employee_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE goal (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    cycle_id BLOB NOT NULL,
    owner_id BLOB NOT NULL,
    level TEXT NOT NULL,
    parent_id BLOB,
    state TEXT NOT NULL,
    revision INTEGER NOT NULL,
    title TEXT NOT NULL,
    weight INTEGER NOT NULL,
    content TEXT NOT NULL,
    progress INTEGER,
    confidence INTEGER,
    checked_in_at INTEGER,
    score INTEGER,
    return_reason TEXT,
    signed_event TEXT,
    signed_seat TEXT,
    signed_by BLOB,
    signed_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
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
) STRICT, WITHOUT ROWID;

CREATE TABLE goal_revision (
    tenant_id BLOB NOT NULL,
    goal_id BLOB NOT NULL,
    revision INTEGER NOT NULL,
    content TEXT NOT NULL,
    effective_from TEXT NOT NULL,
    approved_by BLOB NOT NULL,
    approved_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, goal_id, revision),
    FOREIGN KEY (tenant_id, goal_id) REFERENCES goal (tenant_id, id),
    FOREIGN KEY (tenant_id, approved_by) REFERENCES account (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE goal_change (
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

CREATE TABLE check_in (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    goal_id BLOB NOT NULL,
    author_id BLOB NOT NULL,
    reports TEXT NOT NULL,
    confidence INTEGER NOT NULL,
    blockers TEXT,
    comment TEXT,
    progress INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, goal_id) REFERENCES goal (tenant_id, id),
    CHECK (confidence BETWEEN 1 AND 10)
) STRICT, WITHOUT ROWID;

CREATE TABLE measurement (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    goal_id BLOB NOT NULL,
    period_start TEXT NOT NULL,
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    value TEXT NOT NULL,
    author_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, goal_id, period_start, source, external_id, revision),
    FOREIGN KEY (tenant_id, goal_id) REFERENCES goal (tenant_id, id),
    CHECK (length(source) BETWEEN 1 AND 64),
    CHECK (length(external_id) BETWEEN 1 AND 200)
) STRICT, WITHOUT ROWID;

CREATE TABLE calibration_session (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    cycle_id BLOB NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    department_ids TEXT NOT NULL,
    scheduled_on TEXT,
    override_reason TEXT,
    overridden_by BLOB,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, cycle_id) REFERENCES cycle (tenant_id, id),
    FOREIGN KEY (tenant_id, overridden_by) REFERENCES account (tenant_id, id),
    CHECK (length(name) BETWEEN 1 AND 200),
    CHECK (state IN ('draft', 'scheduled', 'open', 'finalised'))
) STRICT, WITHOUT ROWID;

CREATE TABLE calibration_member (
    tenant_id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    employee_id BLOB NOT NULL,
    seat TEXT NOT NULL,
    present INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, session_id, employee_id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES calibration_session (tenant_id, id),
    FOREIGN KEY (tenant_id, employee_id) REFERENCES employee (tenant_id, id),
    CHECK (seat IN ('member', 'facilitator'))
) STRICT, WITHOUT ROWID;

CREATE TABLE review (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    participant_id BLOB NOT NULL,
    state TEXT NOT NULL,
    self_review TEXT NOT NULL,
    manager_review TEXT NOT NULL,
    performance INTEGER,
    composite INTEGER,
    collaboration INTEGER,
    computed_grade TEXT,
    calibrated_grade TEXT,
    final_grade TEXT,
    veto_grade TEXT,
    session_id BLOB,
    disagreement TEXT,
    acknowledged_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, participant_id),
    FOREIGN KEY (tenant_id, participant_id) REFERENCES participant (tenant_id, id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES calibration_session (tenant_id, id),
    CHECK (state IN ('pending_self', 'pending_raters', 'pending_manager', 'second_review', 'in_calibration', 'calibrated', 'published', 'acknowledged', 'disagreed', 'final')),
    CHECK (computed_grade IN ('S', 'A', 'B', 'C', 'D')),
    CHECK (calibrated_grade IN ('S', 'A', 'B', 'C', 'D')),
    CHECK (final_grade IN ('S', 'A', 'B', 'C', 'D')),
    CHECK (veto_grade IN ('S', 'A', 'B', 'C', 'D'))
) STRICT, WITHOUT ROWID;

CREATE TABLE result_trace (
    tenant_id BLOB NOT NULL,
    review_id BLOB NOT NULL,
    revision INTEGER NOT NULL,
    formula_version INTEGER NOT NULL,
    policy_id BLOB NOT NULL,
    trace TEXT NOT NULL,
    digest BLOB NOT NULL,
    computed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, review_id, revision),
    FOREIGN KEY (tenant_id, review_id) REFERENCES review (tenant_id, id),
    FOREIGN KEY (tenant_id, policy_id) REFERENCES policy (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE calibration_move (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    review_id BLOB NOT NULL,
    from_grade TEXT NOT NULL,
    to_grade TEXT NOT NULL,
    reasons TEXT NOT NULL,
    text TEXT NOT NULL,
    evidence TEXT NOT NULL,
    state TEXT NOT NULL,
    proposed_by BLOB NOT NULL,
    approved_by TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES calibration_session (tenant_id, id),
    FOREIGN KEY (tenant_id, review_id) REFERENCES review (tenant_id, id),
    FOREIGN KEY (tenant_id, proposed_by) REFERENCES employee (tenant_id, id),
    CHECK (from_grade IN ('S', 'A', 'B', 'C', 'D')),
    CHECK (to_grade IN ('S', 'A', 'B', 'C', 'D')),
    CHECK (state IN ('pending', 'approved', 'rejected'))
) STRICT, WITHOUT ROWID;

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
