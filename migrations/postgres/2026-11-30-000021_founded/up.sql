-- The walls are lowered for a moment: this concerns all tenants.
ALTER TABLE review NO FORCE ROW LEVEL SECURITY;
ALTER TABLE participant NO FORCE ROW LEVEL SECURITY;
ALTER TABLE cycle NO FORCE ROW LEVEL SECURITY;

-- Whether the manager's rating was handed in with evidence dated inside the period and a comment of at
-- least 20 characters: a final S or D stands on nothing less.
ALTER TABLE review ADD COLUMN founded BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE review SET founded = TRUE
 WHERE manager_review::jsonb ->> 'submitted_at' IS NOT NULL
   AND EXISTS (SELECT 1
                 FROM participant p
                 JOIN cycle c ON c.tenant_id = p.tenant_id AND c.id = p.cycle_id,
                      jsonb_array_elements(manager_review::jsonb -> 'ratings') r,
                      jsonb_array_elements(r -> 'evidence') e
                WHERE p.tenant_id = review.tenant_id AND p.id = review.participant_id
                  AND (e ->> 'date')::date BETWEEN c.period_start AND c.period_end)
   AND (length(trim(manager_review::jsonb ->> 'comment')) >= 20
        OR EXISTS (SELECT 1 FROM jsonb_array_elements(manager_review::jsonb -> 'ratings') r
                    WHERE length(trim(r ->> 'comment')) >= 20));

ALTER TABLE review FORCE ROW LEVEL SECURITY;
ALTER TABLE participant FORCE ROW LEVEL SECURITY;

-- Dimensions that are left out of results where too few raters are there, proposed and approved.
ALTER TABLE cycle ADD COLUMN dropped TEXT COLLATE "C" NOT NULL DEFAULT '[]';

ALTER TABLE cycle FORCE ROW LEVEL SECURITY;
