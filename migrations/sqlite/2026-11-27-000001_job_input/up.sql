-- What a job works on may be many megabytes, and stands apart: beside the state, it would be read
-- and written again with each look at the job and each note of its progress.
CREATE TABLE job_input (
    tenant_id BLOB NOT NULL,
    job_id BLOB NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (tenant_id, job_id),
    FOREIGN KEY (tenant_id, job_id) REFERENCES job (tenant_id, id)
) STRICT, WITHOUT ROWID;

INSERT INTO job_input (tenant_id, job_id, content)
SELECT tenant_id, id, input FROM job WHERE state IN ('queued', 'running');
ALTER TABLE job DROP COLUMN input;
