-- What people are found by: their keys, in order. A key is derived from the number, the name and the
-- address of its person, who is not referred to, so that an import is not slowed down by checking what
-- cannot fail: people are never deleted.
CREATE TABLE employee_search (
    tenant_id BLOB NOT NULL,
    term TEXT NOT NULL,
    employee_id BLOB NOT NULL,
    shared INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, term, employee_id)
) STRICT, WITHOUT ROWID;
-- The version of the keys. The program makes them, and makes them again where they are of another one.
CREATE TABLE employee_search_version (
    version INTEGER NOT NULL
) STRICT;
INSERT INTO employee_search_version VALUES (0);
