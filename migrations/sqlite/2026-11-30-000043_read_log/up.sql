-- Who looked at whose sensitive records: an entry for each request, chained like the audit log.
ALTER TABLE ledger ADD COLUMN read_position INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN read_hash BLOB NOT NULL
    DEFAULT x'0000000000000000000000000000000000000000000000000000000000000000';
CREATE TABLE read_entry (
    tenant_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    reader_kind TEXT NOT NULL,
    reader_id BLOB NOT NULL,
    employee_id BLOB,
    operation TEXT NOT NULL,
    request_id TEXT NOT NULL,
    subjects INTEGER NOT NULL,
    subjects_digest BLOB NOT NULL,
    previous_hash BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (tenant_id, position),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id)
) STRICT, WITHOUT ROWID;
-- Whose records they were: the review everything sensitive hangs on. The chain commits to them.
CREATE TABLE read_subject (
    tenant_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    review_id BLOB NOT NULL,
    employee_id BLOB NOT NULL,
    PRIMARY KEY (tenant_id, position, review_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX read_subject_employee ON read_subject (tenant_id, employee_id, position);
CREATE TRIGGER read_entry_stays BEFORE UPDATE ON read_entry
BEGIN SELECT RAISE(ABORT, 'entries of the read log are never changed'); END;
CREATE TRIGGER read_entry_remains BEFORE DELETE ON read_entry
BEGIN SELECT RAISE(ABORT, 'entries of the read log are never deleted'); END;
CREATE TRIGGER read_subject_stays BEFORE UPDATE ON read_subject
BEGIN SELECT RAISE(ABORT, 'entries of the read log are never changed'); END;
CREATE TRIGGER read_subject_remains BEFORE DELETE ON read_subject
BEGIN SELECT RAISE(ABORT, 'entries of the read log are never deleted'); END;
