-- What may be erased of an audit entry stands beside the chain, whose rows never change. The chain
-- itself commits to these rows; a reference would cost as much again as writing them.
CREATE TABLE audit_detail (
    tenant_id UUID NOT NULL,
    position BIGINT NOT NULL,
    salt BYTEA NOT NULL,
    details TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, position)
);
-- The wall is lowered for a moment: this concerns all tenants.
ALTER TABLE audit_entry NO FORCE ROW LEVEL SECURITY;
INSERT INTO audit_detail (tenant_id, position, salt, details)
SELECT tenant_id, position, salt, details FROM audit_entry
 WHERE salt IS NOT NULL AND details IS NOT NULL ORDER BY tenant_id, position;
ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_entry DROP COLUMN details, DROP COLUMN salt;

-- Second wall, as for every table of a tenant.
ALTER TABLE audit_detail ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_detail FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON audit_detail USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
