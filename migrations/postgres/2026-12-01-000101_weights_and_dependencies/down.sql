DROP TABLE dependency;
DROP TABLE weight_adjustment;
ALTER TABLE cycle DROP COLUMN department_weights;
