ALTER TABLE measurement DROP COLUMN withdrawal_reason;
ALTER TABLE measurement DROP COLUMN withdrawn_by;
ALTER TABLE measurement DROP COLUMN withdrawn_at;
ALTER TABLE check_in DROP COLUMN withdrawal_reason;
ALTER TABLE check_in DROP COLUMN withdrawn_by;
ALTER TABLE check_in DROP COLUMN withdrawn_at;
