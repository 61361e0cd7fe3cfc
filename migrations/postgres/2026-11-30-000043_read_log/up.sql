-- Who looked at whose sensitive records: an entry for each request, chained like the audit log.
ALTER TABLE ledger
    ADD COLUMN read_position BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN read_hash BYTEA NOT NULL
        DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000';
CREATE TABLE read_entry (
    tenant_id UUID NOT NULL,
    position BIGINT NOT NULL,
    id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    reader_kind TEXT COLLATE "C" NOT NULL,
    reader_id UUID NOT NULL,
    employee_id UUID,
    operation TEXT COLLATE "C" NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    subjects BIGINT NOT NULL,
    subjects_digest BYTEA NOT NULL,
    previous_hash BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, position),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id)
);
-- Whose records they were: the review everything sensitive hangs on. The chain commits to them.
CREATE TABLE read_subject (
    tenant_id UUID NOT NULL,
    position BIGINT NOT NULL,
    review_id UUID NOT NULL,
    employee_id UUID NOT NULL,
    PRIMARY KEY (tenant_id, position, review_id)
);
CREATE INDEX read_subject_employee ON read_subject (tenant_id, employee_id, position);
ALTER TABLE read_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE read_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON read_entry USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE read_subject ENABLE ROW LEVEL SECURITY;
ALTER TABLE read_subject FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON read_subject USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
