ALTER TABLE check_in DROP COLUMN reported_so_far;
