-- What a job tells of each of its rows, compressed. It is kept beside the job because it is large and
-- seldom read.
CREATE TABLE job_report (
    tenant_id BLOB NOT NULL,
    job_id BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (tenant_id, job_id),
    FOREIGN KEY (tenant_id, job_id) REFERENCES job (tenant_id, id)
) STRICT, WITHOUT ROWID;
