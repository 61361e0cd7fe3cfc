ALTER TABLE audit_entry ADD COLUMN details TEXT COLLATE "C", ADD COLUMN salt BYTEA;
ALTER TABLE audit_entry NO FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_detail NO FORCE ROW LEVEL SECURITY;
UPDATE audit_entry SET details = d.details, salt = d.salt FROM audit_detail d
 WHERE d.tenant_id = audit_entry.tenant_id AND d.position = audit_entry.position;
ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY;
DROP TABLE audit_detail;
