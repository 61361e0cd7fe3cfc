-- Ends of the chains at one instant, signed, so that copies kept elsewhere show what was cut off or
-- written anew.
CREATE TABLE audit_head (
    tenant_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    audit_position INTEGER NOT NULL,
    audit_hash BLOB NOT NULL,
    read_position INTEGER NOT NULL,
    read_hash BLOB NOT NULL,
    public_key BLOB NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (tenant_id, number),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER audit_head_stays BEFORE UPDATE ON audit_head
BEGIN SELECT RAISE(ABORT, 'published heads are never changed'); END;
CREATE TRIGGER audit_head_remains BEFORE DELETE ON audit_head
BEGIN SELECT RAISE(ABORT, 'published heads are never deleted'); END;
