-- What the check-ins up to this one have reported of each key result, so that the next one need not read
-- them all; none where something before it has been withdrawn since.
ALTER TABLE check_in ADD COLUMN reported_so_far TEXT COLLATE "C";
