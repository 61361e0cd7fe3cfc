-- When somebody works here, in periods of their own: nobody is employed outside them, and who comes
-- back gets another one.
CREATE TABLE employment (
    tenant_id BLOB NOT NULL,
    employee_id BLOB NOT NULL,
    hire_date TEXT NOT NULL,
    last_day TEXT,
    reason TEXT,
    PRIMARY KEY (tenant_id, employee_id, hire_date),
    FOREIGN KEY (tenant_id, employee_id) REFERENCES employee (tenant_id, id),
    CHECK (last_day IS NULL OR last_day >= hire_date),
    CHECK (length(reason) BETWEEN 1 AND 1000)
) STRICT, WITHOUT ROWID;
CREATE INDEX employment_ended ON employment (tenant_id, last_day) WHERE last_day IS NOT NULL;
-- Why is in the audit log, of whoever was terminated one by one.
INSERT INTO employment
SELECT e.tenant_id, e.id, e.hire_date, e.termination_date,
       (SELECT CASE a.action WHEN 'employee.terminated' THEN a.reason END FROM audit_entry a
         WHERE a.tenant_id = e.tenant_id AND a.resource_id = e.id
           AND a.action IN ('employee.terminated', 'employee.reinstated')
           AND e.termination_date IS NOT NULL
         ORDER BY a.position DESC LIMIT 1)
  FROM employee e;

-- SQLite drops no column that a check names, so the table is made anew. What refers to it is looked
-- at when all is in place again.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE employee_before AS SELECT * FROM employee;
DROP TABLE employee;
CREATE TABLE employee (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    employee_number TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, employee_number),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id),
    CHECK (length(employee_number) BETWEEN 1 AND 64),
    CHECK (length(name) BETWEEN 1 AND 200),
    CHECK (length(email) BETWEEN 3 AND 254)
) STRICT, WITHOUT ROWID;
INSERT INTO employee
SELECT tenant_id, id, employee_number, name, email, version, created_at, updated_at
  FROM employee_before;
DROP TABLE employee_before;
CREATE INDEX employee_name ON employee (tenant_id, name, id);
CREATE INDEX employee_updated ON employee (tenant_id, updated_at, id);
