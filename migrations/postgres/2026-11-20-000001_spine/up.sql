-- Every key starts with the tenant, and every reference carries it: the database itself refuses a
-- link from one tenant to another. Text compares by bytes, as on SQLite.

CREATE TABLE tenant (
    id UUID NOT NULL,
    slug TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    locale TEXT COLLATE "C" NOT NULL,
    time_zone TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (slug),
    CHECK (length(slug) BETWEEN 2 AND 40),
    CHECK (length(name) BETWEEN 1 AND 200)
);

CREATE TABLE ledger (
    tenant_id UUID NOT NULL,
    audit_position BIGINT NOT NULL,
    audit_hash BYTEA NOT NULL,
    event_position BIGINT NOT NULL,
    PRIMARY KEY (tenant_id),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id)
);

CREATE TABLE signing_key (
    kid TEXT COLLATE "C" NOT NULL,
    secret BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    retired_at TIMESTAMPTZ,
    PRIMARY KEY (kid)
);

CREATE TABLE org_unit (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id),
    CHECK (length(code) BETWEEN 1 AND 64),
    CHECK (length(name) BETWEEN 1 AND 200),
    CHECK (kind IN ('company', 'division', 'department', 'team'))
);

CREATE TABLE org_unit_placement (
    tenant_id UUID NOT NULL,
    org_unit_id UUID NOT NULL,
    effective_from DATE NOT NULL,
    effective_to DATE,
    parent_id UUID,
    PRIMARY KEY (tenant_id, org_unit_id, effective_from),
    FOREIGN KEY (tenant_id, org_unit_id) REFERENCES org_unit (tenant_id, id),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES org_unit (tenant_id, id),
    CHECK (effective_to IS NULL OR effective_to >= effective_from)
);

CREATE TABLE position (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    level INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id),
    CHECK (length(code) BETWEEN 1 AND 64),
    CHECK (length(title) BETWEEN 1 AND 200),
    CHECK (level BETWEEN 1 AND 30)
);

CREATE TABLE employee (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    employee_number TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    email TEXT COLLATE "C",
    hire_date DATE NOT NULL,
    termination_date DATE,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, employee_number),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id),
    CHECK (length(employee_number) BETWEEN 1 AND 64),
    CHECK (length(name) BETWEEN 1 AND 200),
    CHECK (length(email) BETWEEN 3 AND 254),
    CHECK (termination_date IS NULL OR termination_date >= hire_date)
);

CREATE TABLE assignment (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    employee_id UUID NOT NULL,
    effective_from DATE NOT NULL,
    effective_to DATE,
    org_unit_id UUID,
    position_id UUID,
    job_title TEXT COLLATE "C",
    manager_id UUID,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, employee_id, effective_from),
    FOREIGN KEY (tenant_id, employee_id) REFERENCES employee (tenant_id, id),
    FOREIGN KEY (tenant_id, org_unit_id) REFERENCES org_unit (tenant_id, id),
    FOREIGN KEY (tenant_id, position_id) REFERENCES position (tenant_id, id),
    FOREIGN KEY (tenant_id, manager_id) REFERENCES employee (tenant_id, id),
    CHECK (length(job_title) BETWEEN 1 AND 200),
    CHECK (effective_to IS NULL OR effective_to >= effective_from),
    CHECK (manager_id IS NULL OR manager_id <> employee_id)
);

CREATE TABLE employee_external_id (
    tenant_id UUID NOT NULL,
    system TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    employee_id UUID NOT NULL,
    PRIMARY KEY (tenant_id, system, value),
    UNIQUE (tenant_id, employee_id, system),
    FOREIGN KEY (tenant_id, employee_id) REFERENCES employee (tenant_id, id),
    CHECK (length(system) BETWEEN 1 AND 40),
    CHECK (length(value) BETWEEN 1 AND 200)
);

CREATE TABLE account (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    login TEXT COLLATE "C" NOT NULL,
    login_key TEXT COLLATE "C" NOT NULL,
    employee_id UUID,
    status TEXT COLLATE "C" NOT NULL,
    password_hash TEXT COLLATE "C",
    session_epoch INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, login_key),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id),
    FOREIGN KEY (tenant_id, employee_id) REFERENCES employee (tenant_id, id),
    CHECK (length(login) BETWEEN 1 AND 254),
    CHECK (status IN ('invited', 'active', 'deactivated'))
);

CREATE TABLE setup_token (
    tenant_id UUID NOT NULL,
    token_hash BYTEA NOT NULL,
    account_id UUID NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id)
);

CREATE TABLE session (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    generation INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    rotated_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id)
);

CREATE TABLE role_assignment (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    org_unit_id UUID,
    valid_from DATE NOT NULL,
    valid_to DATE,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
    FOREIGN KEY (tenant_id, org_unit_id) REFERENCES org_unit (tenant_id, id),
    CHECK (role IN ('hr_admin', 'hrbp', 'executive', 'auditor', 'comp', 'finance', 'committee')),
    CHECK ((role = 'hrbp') = (org_unit_id IS NOT NULL)),
    CHECK (valid_to IS NULL OR valid_to >= valid_from)
);

CREATE TABLE api_key (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    prefix TEXT COLLATE "C" NOT NULL,
    secret_hash BYTEA NOT NULL,
    scopes TEXT COLLATE "C" NOT NULL,
    org_unit_id UUID,
    owner_account_id UUID NOT NULL,
    expires_at TIMESTAMPTZ,
    last_used_at TIMESTAMPTZ,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, prefix),
    FOREIGN KEY (tenant_id, org_unit_id) REFERENCES org_unit (tenant_id, id),
    FOREIGN KEY (tenant_id, owner_account_id) REFERENCES account (tenant_id, id),
    CHECK (length(name) BETWEEN 1 AND 200)
);

CREATE TABLE audit_entry (
    tenant_id UUID NOT NULL,
    position BIGINT NOT NULL,
    id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    actor_kind TEXT COLLATE "C" NOT NULL,
    actor_id UUID,
    on_behalf_of UUID,
    action TEXT COLLATE "C" NOT NULL,
    resource TEXT COLLATE "C" NOT NULL,
    resource_id UUID NOT NULL,
    from_state TEXT COLLATE "C",
    to_state TEXT COLLATE "C",
    reason TEXT COLLATE "C",
    rule TEXT COLLATE "C" NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    details TEXT COLLATE "C",
    salt BYTEA,
    details_digest BYTEA NOT NULL,
    previous_hash BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, position),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id)
);

CREATE TABLE event (
    tenant_id UUID NOT NULL,
    position BIGINT NOT NULL,
    id UUID NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    resource TEXT COLLATE "C" NOT NULL,
    resource_id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    data TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, position),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id)
);

CREATE TABLE idempotency (
    tenant_id UUID NOT NULL,
    principal_id UUID NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    request_digest BYTEA NOT NULL,
    status INTEGER NOT NULL,
    headers TEXT COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, principal_id, key),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id)
);

CREATE TABLE job (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    done BIGINT NOT NULL,
    total BIGINT,
    input BYTEA NOT NULL,
    result TEXT COLLATE "C",
    author_kind TEXT COLLATE "C" NOT NULL,
    author_id UUID NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    attempts INTEGER NOT NULL,
    lease_until TIMESTAMPTZ,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id),
    CHECK (state IN ('queued', 'running', 'succeeded', 'failed'))
);

CREATE UNIQUE INDEX org_unit_code ON org_unit (tenant_id, code) WHERE deleted_at IS NULL;
CREATE INDEX org_unit_updated ON org_unit (tenant_id, updated_at, id);
CREATE INDEX org_unit_placement_parent ON org_unit_placement (tenant_id, parent_id);
CREATE UNIQUE INDEX position_code ON position (tenant_id, code) WHERE deleted_at IS NULL;
CREATE INDEX position_updated ON position (tenant_id, updated_at, id);
CREATE INDEX employee_name ON employee (tenant_id, name, id);
CREATE INDEX employee_updated ON employee (tenant_id, updated_at, id);
CREATE INDEX assignment_manager ON assignment (tenant_id, manager_id, effective_from);
CREATE INDEX assignment_org_unit ON assignment (tenant_id, org_unit_id, effective_from);
CREATE INDEX assignment_position ON assignment (tenant_id, position_id);
CREATE UNIQUE INDEX account_employee_id ON account (tenant_id, employee_id) WHERE employee_id IS NOT NULL;
CREATE INDEX account_updated ON account (tenant_id, updated_at, id);
CREATE INDEX setup_token_account ON setup_token (tenant_id, account_id);
CREATE INDEX session_account ON session (tenant_id, account_id);
CREATE INDEX role_assignment_account ON role_assignment (tenant_id, account_id);
CREATE INDEX role_assignment_org_unit ON role_assignment (tenant_id, org_unit_id);
CREATE INDEX api_key_owner ON api_key (tenant_id, owner_account_id);
CREATE UNIQUE INDEX audit_entry_id ON audit_entry (tenant_id, id);
CREATE INDEX audit_entry_resource ON audit_entry (tenant_id, resource_id, position);
CREATE INDEX audit_entry_actor ON audit_entry (tenant_id, actor_id, position);
CREATE INDEX idempotency_created ON idempotency (created_at);
CREATE INDEX job_state ON job (state, lease_until);
CREATE INDEX job_created ON job (tenant_id, created_at, id);

-- Second wall: whatever a statement says, a connection sees the rows of the tenant it is set to.
ALTER TABLE ledger ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON ledger USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE org_unit ENABLE ROW LEVEL SECURITY;
ALTER TABLE org_unit FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON org_unit USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE org_unit_placement ENABLE ROW LEVEL SECURITY;
ALTER TABLE org_unit_placement FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON org_unit_placement USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE position ENABLE ROW LEVEL SECURITY;
ALTER TABLE position FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON position USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE employee ENABLE ROW LEVEL SECURITY;
ALTER TABLE employee FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON employee USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE assignment ENABLE ROW LEVEL SECURITY;
ALTER TABLE assignment FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON assignment USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE employee_external_id ENABLE ROW LEVEL SECURITY;
ALTER TABLE employee_external_id FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON employee_external_id USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
ALTER TABLE account FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON account USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE setup_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE setup_token FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON setup_token USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE session ENABLE ROW LEVEL SECURITY;
ALTER TABLE session FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON session USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE role_assignment ENABLE ROW LEVEL SECURITY;
ALTER TABLE role_assignment FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON role_assignment USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE api_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_key FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON api_key USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON audit_entry USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE event ENABLE ROW LEVEL SECURITY;
ALTER TABLE event FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON event USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE idempotency ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON idempotency USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE job ENABLE ROW LEVEL SECURITY;
ALTER TABLE job FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON job USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
