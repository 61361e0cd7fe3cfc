-- What a job works on may be many megabytes, and stands apart: beside the state, it would be read
-- and written again with each look at the job and each note of its progress.
CREATE TABLE job_input (
    tenant_id UUID NOT NULL,
    job_id UUID NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, job_id),
    FOREIGN KEY (tenant_id, job_id) REFERENCES job (tenant_id, id)
);

-- The wall is lowered for a moment: this concerns all tenants.
ALTER TABLE job NO FORCE ROW LEVEL SECURITY;
INSERT INTO job_input (tenant_id, job_id, content)
SELECT tenant_id, id, input FROM job WHERE state IN ('queued', 'running');
ALTER TABLE job FORCE ROW LEVEL SECURITY;
ALTER TABLE job DROP COLUMN input;

-- Second wall, as for every table of a tenant.
ALTER TABLE job_input ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_input FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON job_input USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
