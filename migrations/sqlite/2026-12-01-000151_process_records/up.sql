-- What missing records of the process do is a setting like all others; to warn is its default.
UPDATE policy
   SET rules = json_remove(
           CASE json_extract(rules, '$.process_records')
               WHEN 'block' THEN json_set(rules, '$.settings."review.process_records"', 'block')
               ELSE rules
           END,
           '$.process_records')
 WHERE json_extract(rules, '$.process_records') IS NOT NULL;
