ALTER TABLE review DROP COLUMN excepted;
