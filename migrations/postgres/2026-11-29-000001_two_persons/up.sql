-- Who stands behind an account, a role and a key. Null is the command line, or unknown.
ALTER TABLE account
    ADD COLUMN credential_by UUID,
    ADD COLUMN credential_at TIMESTAMPTZ,
    ADD COLUMN email_by UUID,
    ADD FOREIGN KEY (tenant_id, credential_by) REFERENCES account (tenant_id, id),
    ADD FOREIGN KEY (tenant_id, email_by) REFERENCES account (tenant_id, id);
ALTER TABLE role_assignment
    ADD COLUMN given_by UUID,
    ADD FOREIGN KEY (tenant_id, given_by) REFERENCES account (tenant_id, id);
ALTER TABLE api_key
    ADD COLUMN made_by UUID,
    ADD FOREIGN KEY (tenant_id, made_by) REFERENCES account (tenant_id, id);

-- What the audit log tells of those that are there, of every tenant.
ALTER TABLE account NO FORCE ROW LEVEL SECURITY;
ALTER TABLE role_assignment NO FORCE ROW LEVEL SECURITY;
ALTER TABLE api_key NO FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_entry NO FORCE ROW LEVEL SECURITY;
ALTER TABLE cycle NO FORCE ROW LEVEL SECURITY;
ALTER TABLE cycle_approval NO FORCE ROW LEVEL SECURITY;
ALTER TABLE goal NO FORCE ROW LEVEL SECURITY;
ALTER TABLE calibration_session NO FORCE ROW LEVEL SECURITY;
UPDATE account SET credential_at = created_at;
UPDATE account SET (credential_by, credential_at) = (
        SELECT CASE e.actor_kind WHEN 'account' THEN e.actor_id END, e.at FROM audit_entry e
         WHERE e.tenant_id = account.tenant_id AND e.resource_id = account.id
           AND e.action IN ('account.created', 'account.password_reset')
         ORDER BY e.position DESC LIMIT 1)
 WHERE EXISTS (SELECT 1 FROM audit_entry e
         WHERE e.tenant_id = account.tenant_id AND e.resource_id = account.id
           AND e.action IN ('account.created', 'account.password_reset'));
UPDATE role_assignment SET given_by = (
        SELECT e.actor_id FROM audit_entry e
         WHERE e.tenant_id = role_assignment.tenant_id AND e.resource_id = role_assignment.id
           AND e.action = 'role_assignment.created' AND e.actor_kind = 'account' LIMIT 1);
UPDATE api_key SET made_by = owner_account_id;

-- Nobody can tell any more who stood behind a first signature that waits for the second: it is to be
-- given again.
DELETE FROM cycle_approval WHERE EXISTS (SELECT 1 FROM cycle c
        WHERE c.tenant_id = cycle_approval.tenant_id AND c.id = cycle_approval.cycle_id
          AND c.state NOT IN ('published', 'closed', 'archived', 'cancelled'));
UPDATE goal SET signed_event = NULL, signed_seat = NULL, signed_by = NULL, signed_at = NULL
 WHERE signed_event IS NOT NULL;
UPDATE calibration_session SET override_reason = NULL, overridden_by = NULL
 WHERE state <> 'finalised' AND override_reason IS NOT NULL;
ALTER TABLE account FORCE ROW LEVEL SECURITY;
ALTER TABLE role_assignment FORCE ROW LEVEL SECURITY;
ALTER TABLE api_key FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY;
ALTER TABLE cycle FORCE ROW LEVEL SECURITY;
ALTER TABLE cycle_approval FORCE ROW LEVEL SECURITY;
ALTER TABLE goal FORCE ROW LEVEL SECURITY;
ALTER TABLE calibration_session FORCE ROW LEVEL SECURITY;
ALTER TABLE account ALTER COLUMN credential_at SET NOT NULL;

CREATE TABLE signature (
    tenant_id UUID NOT NULL,
    resource_id UUID NOT NULL,
    act TEXT COLLATE "C" NOT NULL,
    account_id UUID NOT NULL,
    employee_id UUID NOT NULL,
    behind TEXT COLLATE "C" NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, resource_id, act, account_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
    FOREIGN KEY (tenant_id, employee_id) REFERENCES employee (tenant_id, id)
);
ALTER TABLE signature ENABLE ROW LEVEL SECURITY;
ALTER TABLE signature FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON signature USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
