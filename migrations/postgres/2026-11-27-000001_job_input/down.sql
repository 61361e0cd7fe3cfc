ALTER TABLE job NO FORCE ROW LEVEL SECURITY;
ALTER TABLE job_input NO FORCE ROW LEVEL SECURITY;
ALTER TABLE job ADD COLUMN input BYTEA NOT NULL DEFAULT ''::bytea;
UPDATE job SET input = i.content FROM job_input i
 WHERE i.tenant_id = job.tenant_id AND i.job_id = job.id;
DROP TABLE job_input;
ALTER TABLE job FORCE ROW LEVEL SECURITY;
