-- What people are found by: their keys, in order. A key is derived from the number, the name and the
-- address of its person, who is not referred to, so that an import is not slowed down by checking what
-- cannot fail: people are never deleted.
CREATE TABLE employee_search (
    tenant_id UUID NOT NULL,
    term TEXT COLLATE "C" NOT NULL,
    employee_id UUID NOT NULL,
    shared INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, term, employee_id)
);
ALTER TABLE employee_search ENABLE ROW LEVEL SECURITY;
ALTER TABLE employee_search FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON employee_search USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
-- The version of the keys. The program makes them, and makes them again where they are of another one.
CREATE TABLE employee_search_version (
    version INTEGER NOT NULL
);
INSERT INTO employee_search_version VALUES (0);
