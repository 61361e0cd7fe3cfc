-- What may be erased of an audit entry stands beside the chain, whose rows never change. The chain
-- itself commits to these rows; a reference would cost as much again as writing them.
CREATE TABLE audit_detail (
    tenant_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    salt BLOB NOT NULL,
    details TEXT NOT NULL,
    PRIMARY KEY (tenant_id, position)
) STRICT, WITHOUT ROWID;
INSERT INTO audit_detail (tenant_id, position, salt, details)
SELECT tenant_id, position, salt, details FROM audit_entry
 WHERE salt IS NOT NULL AND details IS NOT NULL ORDER BY tenant_id, position;
ALTER TABLE audit_entry DROP COLUMN details;
ALTER TABLE audit_entry DROP COLUMN salt;

-- No slip of a statement changes the past; who means to has to take these away first, and is found.
CREATE TRIGGER audit_entry_stays BEFORE UPDATE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END;
CREATE TRIGGER audit_entry_remains BEFORE DELETE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END;
CREATE TRIGGER audit_detail_stays BEFORE UPDATE ON audit_detail
BEGIN SELECT RAISE(ABORT, 'details of audit entries are never changed'); END;
CREATE TRIGGER audit_detail_remains BEFORE DELETE ON audit_detail
WHEN NOT EXISTS (
    SELECT 1 FROM audit_entry erased
      JOIN audit_entry erasure ON erasure.tenant_id = erased.tenant_id
       AND erasure.resource_id = erased.id AND erasure.action = 'audit_entry.erased'
     WHERE erased.tenant_id = OLD.tenant_id AND erased.position = OLD.position)
BEGIN SELECT RAISE(ABORT, 'the chain records no erasure of these details'); END;
