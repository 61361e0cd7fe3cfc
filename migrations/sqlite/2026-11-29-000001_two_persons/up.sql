-- Who stands behind an account, a role and a key. Null is the command line, or unknown. SQLite adds
-- no composite reference to a table that exists; accounts are never deleted, and whoever looks one
-- up does so within the tenant.
ALTER TABLE account ADD COLUMN credential_by BLOB;
ALTER TABLE account ADD COLUMN credential_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN email_by BLOB;
ALTER TABLE role_assignment ADD COLUMN given_by BLOB;
ALTER TABLE api_key ADD COLUMN made_by BLOB;

-- What the audit log tells of those that are there.
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

CREATE TABLE signature (
    tenant_id BLOB NOT NULL,
    resource_id BLOB NOT NULL,
    act TEXT NOT NULL,
    account_id BLOB NOT NULL,
    employee_id BLOB NOT NULL,
    behind TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, resource_id, act, account_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
    FOREIGN KEY (tenant_id, employee_id) REFERENCES employee (tenant_id, id)
) STRICT, WITHOUT ROWID;
