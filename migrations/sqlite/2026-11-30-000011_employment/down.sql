-- Earlier employments are forgotten: there is room for the last one only.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE employee_before AS
SELECT e.*, w.hire_date, w.last_day FROM employee e
  JOIN employment w ON w.tenant_id = e.tenant_id AND w.employee_id = e.id
 WHERE NOT EXISTS (SELECT 1 FROM employment l
        WHERE l.tenant_id = w.tenant_id AND l.employee_id = w.employee_id
          AND l.hire_date > w.hire_date);
DROP TABLE employment;
DROP TABLE employee;
CREATE TABLE employee (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    employee_number TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    hire_date TEXT NOT NULL,
    termination_date TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, employee_number),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id),
    CHECK (length(employee_number) BETWEEN 1 AND 64),
    CHECK (length(name) BETWEEN 1 AND 200),
    CHECK (length(email) BETWEEN 3 AND 254),
    CHECK (termination_date IS NULL OR termination_date >= hire_date)
) STRICT, WITHOUT ROWID;
INSERT INTO employee
SELECT tenant_id, id, employee_number, name, email, hire_date, last_day, version, created_at,
       updated_at
  FROM employee_before;
DROP TABLE employee_before;
CREATE INDEX employee_name ON employee (tenant_id, name, id);
CREATE INDEX employee_updated ON employee (tenant_id, updated_at, id);
