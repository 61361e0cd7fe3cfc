DROP TABLE signature;
ALTER TABLE api_key DROP COLUMN made_by;
ALTER TABLE role_assignment DROP COLUMN given_by;
ALTER TABLE account DROP COLUMN email_by;
ALTER TABLE account DROP COLUMN credential_at;
ALTER TABLE account DROP COLUMN credential_by;
