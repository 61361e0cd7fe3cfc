DROP TABLE signature;
ALTER TABLE api_key DROP COLUMN made_by;
ALTER TABLE role_assignment DROP COLUMN given_by;
ALTER TABLE account DROP COLUMN email_by, DROP COLUMN credential_at, DROP COLUMN credential_by;
