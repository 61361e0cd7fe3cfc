DROP TABLE read_subject;
DROP TABLE read_entry;
ALTER TABLE ledger DROP COLUMN read_hash;
ALTER TABLE ledger DROP COLUMN read_position;
