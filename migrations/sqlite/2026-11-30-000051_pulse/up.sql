-- One row that is written again and again, to see that the database takes what is written.
CREATE TABLE pulse (
    id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

INSERT INTO pulse (id, at) VALUES (1, 0);
