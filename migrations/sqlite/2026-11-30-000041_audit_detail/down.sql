DROP TRIGGER audit_detail_remains;
DROP TRIGGER audit_detail_stays;
DROP TRIGGER audit_entry_remains;
DROP TRIGGER audit_entry_stays;
ALTER TABLE audit_entry ADD COLUMN details TEXT;
ALTER TABLE audit_entry ADD COLUMN salt BLOB;
UPDATE audit_entry SET (details, salt) = (
        SELECT d.details, d.salt FROM audit_detail d
         WHERE d.tenant_id = audit_entry.tenant_id AND d.position = audit_entry.position);
DROP TABLE audit_detail;
