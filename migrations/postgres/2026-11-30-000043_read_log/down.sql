DROP TABLE read_subject;
DROP TABLE read_entry;
ALTER TABLE ledger DROP COLUMN read_hash, DROP COLUMN read_position;
