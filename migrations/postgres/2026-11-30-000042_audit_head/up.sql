-- Ends of the chains at one instant, signed, so that copies kept elsewhere show what was cut off or
-- written anew.
CREATE TABLE audit_head (
    tenant_id UUID NOT NULL,
    number BIGINT NOT NULL,
    id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    audit_position BIGINT NOT NULL,
    audit_hash BYTEA NOT NULL,
    read_position BIGINT NOT NULL,
    read_hash BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, number),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id)
);
ALTER TABLE audit_head ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_head FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON audit_head USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
