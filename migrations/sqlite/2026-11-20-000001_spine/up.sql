-- Every key starts with the tenant, and every reference carries it: the database itself refuses a
-- link from one tenant to another. Times are microseconds since 1970, dates are ISO text.

CREATE TABLE tenant (
    id BLOB NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    locale TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (slug),
    CHECK (length(slug) BETWEEN 2 AND 40),
    CHECK (length(name) BETWEEN 1 AND 200)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger (
    tenant_id BLOB NOT NULL,
    audit_position INTEGER NOT NULL,
    audit_hash BLOB NOT NULL,
    event_position INTEGER NOT NULL,
    PRIMARY KEY (tenant_id),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_key (
    kid TEXT NOT NULL,
    secret BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER,
    PRIMARY KEY (kid)
) STRICT, WITHOUT ROWID;

CREATE TABLE org_unit (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id),
    CHECK (length(code) BETWEEN 1 AND 64),
    CHECK (length(name) BETWEEN 1 AND 200),
    CHECK (kind IN ('company', 'division', 'department', 'team'))
) STRICT, WITHOUT ROWID;

CREATE TABLE org_unit_placement (
    tenant_id BLOB NOT NULL,
    org_unit_id BLOB NOT NULL,
    effective_from TEXT NOT NULL,
    effective_to TEXT,
    parent_id BLOB,
    PRIMARY KEY (tenant_id, org_unit_id, effective_from),
    FOREIGN KEY (tenant_id, org_unit_id) REFERENCES org_unit (tenant_id, id),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES org_unit (tenant_id, id),
    CHECK (effective_to IS NULL OR effective_to >= effective_from)
) STRICT, WITHOUT ROWID;

CREATE TABLE position (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    code TEXT NOT NULL,
    title TEXT NOT NULL,
    level INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id),
    CHECK (length(code) BETWEEN 1 AND 64),
    CHECK (length(title) BETWEEN 1 AND 200),
    CHECK (level BETWEEN 1 AND 30)
) STRICT, WITHOUT ROWID;

CREATE TABLE employee (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    employee_number TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    hire_date TEXT NOT NULL,
    termination_date TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, employee_number),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id),
    CHECK (length(employee_number) BETWEEN 1 AND 64),
    CHECK (length(name) BETWEEN 1 AND 200),
    CHECK (length(email) BETWEEN 3 AND 254),
    CHECK (termination_date IS NULL OR termination_date >= hire_date)
) STRICT, WITHOUT ROWID;

CREATE TABLE assignment (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    employee_id BLOB NOT NULL,
    effective_from TEXT NOT NULL,
    effective_to TEXT,
    org_unit_id BLOB,
    position_id BLOB,
    job_title TEXT,
    manager_id BLOB,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, employee_id, effective_from),
    FOREIGN KEY (tenant_id, employee_id) REFERENCES employee (tenant_id, id),
    FOREIGN KEY (tenant_id, org_unit_id) REFERENCES org_unit (tenant_id, id),
    FOREIGN KEY (tenant_id, position_id) REFERENCES position (tenant_id, id),
    FOREIGN KEY (tenant_id, manager_id) REFERENCES employee (tenant_id, id),
    CHECK (length(job_title) BETWEEN 1 AND 200),
    CHECK (effective_to IS NULL OR effective_to >= effective_from),
    CHECK (manager_id IS NULL OR manager_id <> employee_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE employee_external_id (
    tenant_id BLOB NOT NULL,
    system TEXT NOT NULL,
    value TEXT NOT NULL,
    employee_id BLOB NOT NULL,
    PRIMARY KEY (tenant_id, system, value),
    UNIQUE (tenant_id, employee_id, system),
    FOREIGN KEY (tenant_id, employee_id) REFERENCES employee (tenant_id, id),
    CHECK (length(system) BETWEEN 1 AND 40),
    CHECK (length(value) BETWEEN 1 AND 200)
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    login TEXT NOT NULL,
    login_key TEXT NOT NULL,
    employee_id BLOB,
    status TEXT NOT NULL,
    password_hash TEXT,
    session_epoch INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, login_key),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id),
    FOREIGN KEY (tenant_id, employee_id) REFERENCES employee (tenant_id, id),
    CHECK (length(login) BETWEEN 1 AND 254),
    CHECK (status IN ('invited', 'active', 'deactivated'))
) STRICT, WITHOUT ROWID;

CREATE TABLE setup_token (
    tenant_id BLOB NOT NULL,
    token_hash BLOB NOT NULL,
    account_id BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    generation INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE role_assignment (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    role TEXT NOT NULL,
    org_unit_id BLOB,
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
    FOREIGN KEY (tenant_id, org_unit_id) REFERENCES org_unit (tenant_id, id),
    CHECK (role IN ('hr_admin', 'hrbp', 'executive', 'auditor', 'comp', 'finance', 'committee')),
    CHECK ((role = 'hrbp') = (org_unit_id IS NOT NULL)),
    CHECK (valid_to IS NULL OR valid_to >= valid_from)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    scopes TEXT NOT NULL,
    org_unit_id BLOB,
    owner_account_id BLOB NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, prefix),
    FOREIGN KEY (tenant_id, org_unit_id) REFERENCES org_unit (tenant_id, id),
    FOREIGN KEY (tenant_id, owner_account_id) REFERENCES account (tenant_id, id),
    CHECK (length(name) BETWEEN 1 AND 200)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_entry (
    tenant_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id BLOB,
    on_behalf_of BLOB,
    action TEXT NOT NULL,
    resource TEXT NOT NULL,
    resource_id BLOB NOT NULL,
    from_state TEXT,
    to_state TEXT,
    reason TEXT,
    rule TEXT NOT NULL,
    request_id TEXT NOT NULL,
    details TEXT,
    salt BLOB,
    details_digest BLOB NOT NULL,
    previous_hash BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (tenant_id, position),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    tenant_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    resource TEXT NOT NULL,
    resource_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (tenant_id, position),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    tenant_id BLOB NOT NULL,
    principal_id BLOB NOT NULL,
    key TEXT NOT NULL,
    request_digest BLOB NOT NULL,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, principal_id, key),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE job (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    done INTEGER NOT NULL,
    total INTEGER,
    input BLOB NOT NULL,
    result TEXT,
    author_kind TEXT NOT NULL,
    author_id BLOB NOT NULL,
    request_id TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    lease_until INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id),
    CHECK (state IN ('queued', 'running', 'succeeded', 'failed'))
) STRICT, WITHOUT ROWID;

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
