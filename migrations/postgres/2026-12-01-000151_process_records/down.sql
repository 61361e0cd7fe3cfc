-- The wall is lowered for a moment: this concerns all tenants.
ALTER TABLE policy NO FORCE ROW LEVEL SECURITY;

-- Earlier versions know only to warn and to block.
UPDATE policy
   SET rules = (jsonb_set(rules::jsonb, '{process_records}',
                    CASE rules::jsonb #>> '{settings,review.process_records}'
                        WHEN 'block' THEN '"block"'::jsonb
                        ELSE '"warn"'::jsonb
                    END) #- '{settings,review.process_records}')::text;

ALTER TABLE policy FORCE ROW LEVEL SECURITY;
