-- What a job tells of each of its rows, compressed. It is kept beside the job because it is large and
-- seldom read.
CREATE TABLE job_report (
    tenant_id UUID NOT NULL,
    job_id UUID NOT NULL,
    made_at TIMESTAMPTZ NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, job_id),
    FOREIGN KEY (tenant_id, job_id) REFERENCES job (tenant_id, id)
);
ALTER TABLE job_report ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_report FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON job_report USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
