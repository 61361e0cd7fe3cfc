-- Earlier employments are forgotten: there is room for the last one only.
ALTER TABLE employee
    ADD COLUMN hire_date DATE,
    ADD COLUMN termination_date DATE,
    ADD CHECK (termination_date IS NULL OR termination_date >= hire_date);
ALTER TABLE employee NO FORCE ROW LEVEL SECURITY;
ALTER TABLE employment NO FORCE ROW LEVEL SECURITY;
UPDATE employee SET (hire_date, termination_date) = (
        SELECT w.hire_date, w.last_day FROM employment w
         WHERE w.tenant_id = employee.tenant_id AND w.employee_id = employee.id
         ORDER BY w.hire_date DESC LIMIT 1);
ALTER TABLE employee FORCE ROW LEVEL SECURITY;
DROP TABLE employment;
ALTER TABLE employee ALTER COLUMN hire_date SET NOT NULL;
