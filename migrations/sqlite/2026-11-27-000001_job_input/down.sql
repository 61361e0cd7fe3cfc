ALTER TABLE job ADD COLUMN input BLOB NOT NULL DEFAULT x'';
UPDATE job SET input = i.content FROM job_input i
 WHERE i.tenant_id = job.tenant_id AND i.job_id = job.id;
DROP TABLE job_input;
