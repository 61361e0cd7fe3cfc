-- What is written to see that the database takes what is written is as large as a usual unit of work:
-- on a full disk a few bytes may fit where nothing else does.
ALTER TABLE pulse ADD COLUMN ballast BYTEA NOT NULL DEFAULT '';
