-- When somebody works here, in periods of their own: nobody is employed outside them, and who comes
-- back gets another one.
CREATE TABLE employment (
    tenant_id UUID NOT NULL,
    employee_id UUID NOT NULL,
    hire_date DATE NOT NULL,
    last_day DATE,
    reason TEXT COLLATE "C",
    PRIMARY KEY (tenant_id, employee_id, hire_date),
    FOREIGN KEY (tenant_id, employee_id) REFERENCES employee (tenant_id, id),
    CHECK (last_day IS NULL OR last_day >= hire_date),
    CHECK (length(reason) BETWEEN 1 AND 1000)
);
CREATE INDEX employment_ended ON employment (tenant_id, last_day) WHERE last_day IS NOT NULL;
-- Of every tenant. Why is in the audit log, of whoever was terminated one by one.
ALTER TABLE employee NO FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_entry NO FORCE ROW LEVEL SECURITY;
INSERT INTO employment
SELECT e.tenant_id, e.id, e.hire_date, e.termination_date,
       (SELECT CASE a.action WHEN 'employee.terminated' THEN a.reason END FROM audit_entry a
         WHERE a.tenant_id = e.tenant_id AND a.resource_id = e.id
           AND a.action IN ('employee.terminated', 'employee.reinstated')
           AND e.termination_date IS NOT NULL
         ORDER BY a.position DESC LIMIT 1)
  FROM employee e;
ALTER TABLE employee FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY;
ALTER TABLE employment ENABLE ROW LEVEL SECURITY;
ALTER TABLE employment FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON employment USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
ALTER TABLE employee DROP COLUMN hire_date, DROP COLUMN termination_date;
