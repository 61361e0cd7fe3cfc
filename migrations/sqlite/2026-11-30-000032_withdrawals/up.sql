-- What was reported may be withdrawn: when, by which account or key, and why. It stays on record and
-- counts no more.
ALTER TABLE measurement ADD COLUMN withdrawn_at INTEGER;
ALTER TABLE measurement ADD COLUMN withdrawn_by BLOB;
ALTER TABLE measurement ADD COLUMN withdrawal_reason TEXT;
ALTER TABLE check_in ADD COLUMN withdrawn_at INTEGER;
ALTER TABLE check_in ADD COLUMN withdrawn_by BLOB;
ALTER TABLE check_in ADD COLUMN withdrawal_reason TEXT;
