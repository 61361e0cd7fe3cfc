-- What was reported may be withdrawn: when, by which account or key, and why. It stays on record and
-- counts no more.
ALTER TABLE measurement ADD COLUMN withdrawn_at TIMESTAMPTZ;
ALTER TABLE measurement ADD COLUMN withdrawn_by UUID;
ALTER TABLE measurement ADD COLUMN withdrawal_reason TEXT COLLATE "C";
ALTER TABLE check_in ADD COLUMN withdrawn_at TIMESTAMPTZ;
ALTER TABLE check_in ADD COLUMN withdrawn_by UUID;
ALTER TABLE check_in ADD COLUMN withdrawal_reason TEXT COLLATE "C";
