-- Whose rating was still missing when calibration was opened, and who was named an exception then: the
-- results are confirmed without it. Any other rating that is missing keeps them from being confirmed.
ALTER TABLE review ADD COLUMN excepted INTEGER NOT NULL DEFAULT 0 CHECK (excepted IN (0, 1));
UPDATE review SET excepted = 1
 WHERE state IN ('pending_self', 'pending_raters', 'pending_manager')
   AND EXISTS (SELECT 1
                 FROM participant p
                 JOIN cycle c ON c.tenant_id = p.tenant_id AND c.id = p.cycle_id
                WHERE p.tenant_id = review.tenant_id AND p.id = review.participant_id
                  AND c.state NOT IN ('draft', 'goal_setting', 'executing', 'evaluating'));
