DROP TRIGGER audit_head_remains;
DROP TRIGGER audit_head_stays;
DROP TABLE audit_head;
