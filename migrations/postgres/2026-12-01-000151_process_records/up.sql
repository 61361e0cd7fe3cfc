-- The wall is lowered for a moment: this concerns all tenants.
ALTER TABLE policy NO FORCE ROW LEVEL SECURITY;

-- What missing records of the process do is a setting like all others; to warn is its default.
UPDATE policy
   SET rules = (CASE rules::jsonb ->> 'process_records'
                    WHEN 'block' THEN jsonb_set(rules::jsonb, '{settings,review.process_records}', '"block"')
                    ELSE rules::jsonb
                END - 'process_records')::text
 WHERE rules::jsonb ->> 'process_records' IS NOT NULL;

ALTER TABLE policy FORCE ROW LEVEL SECURITY;
