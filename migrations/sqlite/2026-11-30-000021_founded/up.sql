-- Whether the manager's rating was handed in with evidence dated inside the period and a comment of at
-- least 20 characters: a final S or D stands on nothing less.
ALTER TABLE review ADD COLUMN founded INTEGER NOT NULL DEFAULT 0 CHECK (founded IN (0, 1));
UPDATE review SET founded = 1
 WHERE json_extract(manager_review, '$.submitted_at') IS NOT NULL
   AND EXISTS (SELECT 1
                 FROM participant p
                 JOIN cycle c ON c.tenant_id = p.tenant_id AND c.id = p.cycle_id,
                      json_each(review.manager_review, '$.ratings') r,
                      json_each(r.value, '$.evidence') e
                WHERE p.tenant_id = review.tenant_id AND p.id = review.participant_id
                  AND json_extract(e.value, '$.date') BETWEEN c.period_start AND c.period_end)
   AND (length(trim(json_extract(manager_review, '$.comment'))) >= 20
        OR EXISTS (SELECT 1 FROM json_each(review.manager_review, '$.ratings') r
                    WHERE length(trim(json_extract(r.value, '$.comment'))) >= 20));

-- Dimensions that are left out of results where too few raters are there, proposed and approved.
ALTER TABLE cycle ADD COLUMN dropped TEXT NOT NULL DEFAULT '[]';
