-- Earlier versions know only to warn and to block.
UPDATE policy
   SET rules = json_remove(
           json_set(rules, '$.process_records',
               CASE json_extract(rules, '$.settings."review.process_records"')
                   WHEN 'block' THEN 'block'
                   ELSE 'warn'
               END),
           '$.settings."review.process_records"');
