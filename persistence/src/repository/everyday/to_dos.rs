//! To-dos, computed from the present state of the records.

use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{At, Id, Instant, Key, statement, word};
use crate::error::DbError;
use crate::ports::{OpenCycle, Result, ToDos, Waiting};
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Date, Nullable, Text};
use domain::core::id::EmployeeId;
use domain::cycles::performance_policy::PolicyRules;
use uuid::Uuid;

statement! {
    /// The cycles that are not over, and whether an account has approved their publication.
    struct FindOpenCycles { tenant: Key, account: Key }
    -> (Id, Text, Text, Date, Date, Text, Text, Nullable<Instant>, Bool);
    "SELECT c.id, c.name, c.state, c.period_start, c.period_end, c.schedule, p.rules,
            c.published_at, a.account_id IS NOT NULL
       FROM cycle c
       JOIN policy p ON p.tenant_id = c.tenant_id AND p.id = c.policy_id
       LEFT JOIN cycle_approval a ON a.tenant_id = c.tenant_id AND a.cycle_id = c.id
        AND a.event = 'publish' AND a.account_id = " account "
      WHERE c.tenant_id = " tenant "
        AND c.state IN ('draft', 'goal_setting', 'executing', 'evaluating', 'calibrating',
                        'confirmed', 'published')
      ORDER BY c.period_end, c.id"
}

statement! {
    /// Everything that waits for a person, one branch per kind. Names are looked up only for the
    /// rows found. `CROSS JOIN` makes SQLite begin with the few rows; it cannot know how few they
    /// are.
    struct FindWaiting { tenant: Key, person: Key, day: NaiveDate }
    -> (Text, Id, Id, Nullable<Text>, Nullable<Id>, Nullable<Text>, Nullable<Date>);
    "WITH mine AS (
       SELECT p.id, p.cycle_id, c.state FROM participant p
         JOIN cycle c ON c.tenant_id = p.tenant_id AND c.id = p.cycle_id
        WHERE p.tenant_id = " tenant " AND p.employee_id = " person " AND p.exclusion IS NULL
     ), team AS MATERIALIZED (
       SELECT p.id, p.cycle_id, p.employee_id, c.state FROM cycle c CROSS JOIN participant p
        WHERE c.tenant_id = " tenant " AND c.state IN ('goal_setting', 'executing', 'evaluating')
          AND p.tenant_id = c.tenant_id AND p.manager_id = " person " AND p.cycle_id = c.id
          AND p.exclusion IS NULL
     )
     SELECT 'submit_goals', m.cycle_id, m.id, CAST(NULL AS text), CAST(NULL AS uuid),
            CAST(NULL AS text), CAST(NULL AS date)
       FROM mine m
      WHERE m.state = 'goal_setting'
        AND (EXISTS (SELECT 1 FROM goal g
                      WHERE g.tenant_id = " tenant " AND g.cycle_id = m.cycle_id
                        AND g.owner_id = " person " AND g.state = 'draft'
                        AND g.deleted_at IS NULL)
             OR NOT EXISTS (SELECT 1 FROM goal g
                             WHERE g.tenant_id = " tenant " AND g.cycle_id = m.cycle_id
                               AND g.owner_id = " person " AND g.state <> 'cancelled'
                               AND g.deleted_at IS NULL))
     UNION ALL
     SELECT 'approve_goal', g.cycle_id, g.id, g.title, t.employee_id,
            (SELECT e.name FROM employee e WHERE e.tenant_id = " tenant " AND e.id = t.employee_id), NULL
       FROM team t CROSS JOIN goal g
      WHERE t.state IN ('goal_setting', 'executing') AND g.tenant_id = " tenant "
        AND g.cycle_id = t.cycle_id AND g.owner_id = t.employee_id AND g.state = 'submitted'
     UNION ALL
     SELECT 'decide_goal_change', g.cycle_id, h.id, g.title, t.employee_id,
            (SELECT e.name FROM employee e WHERE e.tenant_id = " tenant " AND e.id = t.employee_id), NULL
       FROM team t CROSS JOIN goal g CROSS JOIN goal_change h
      WHERE g.tenant_id = " tenant " AND g.cycle_id = t.cycle_id AND g.owner_id = t.employee_id
        AND g.state = 'change_pending' AND h.tenant_id = g.tenant_id AND h.goal_id = g.id
        AND h.state = 'pending' AND NOT EXISTS (SELECT 1 FROM account a
                         WHERE a.tenant_id = h.tenant_id AND a.id = h.requested_by
                           AND a.employee_id = " person ")
     UNION ALL
     SELECT CASE r.state WHEN 'pending_self' THEN 'submit_self_review'
                         ELSE 'acknowledge_result' END,
            m.cycle_id, r.id, NULL, NULL, NULL, NULL
       FROM mine m
       JOIN review r ON r.tenant_id = " tenant " AND r.participant_id = m.id
      WHERE (m.state = 'evaluating' AND r.state = 'pending_self')
         OR (m.state = 'published' AND r.state = 'published')
     UNION ALL
     SELECT 'submit_manager_review', t.cycle_id, r.id, NULL, t.employee_id,
            (SELECT e.name FROM employee e WHERE e.tenant_id = " tenant " AND e.id = t.employee_id), NULL
       FROM team t CROSS JOIN review r
      WHERE t.state = 'evaluating' AND r.tenant_id = " tenant " AND r.participant_id = t.id
        AND r.state = 'pending_manager'
     UNION ALL
     SELECT 'confirm_rating', p.cycle_id, r.id, NULL, p.employee_id,
            (SELECT e.name FROM employee e WHERE e.tenant_id = " tenant " AND e.id = p.employee_id), NULL
       FROM assignment a
       JOIN participant p ON p.tenant_id = a.tenant_id AND p.manager_id = a.employee_id
       JOIN cycle c ON c.tenant_id = p.tenant_id AND c.id = p.cycle_id
        AND c.state = 'evaluating'
       JOIN review r ON r.tenant_id = p.tenant_id AND r.participant_id = p.id
        AND r.state = 'second_review'
      WHERE a.tenant_id = " tenant " AND a.manager_id = " person "
        AND a.effective_from <= " day "
        AND (a.effective_to IS NULL OR a.effective_to >= " day ")
        AND p.employee_id <> " person "
     UNION ALL
     SELECT 'calibrate', s.cycle_id, s.id, NULL, NULL, NULL, s.scheduled_on
       FROM calibration_member m
       JOIN calibration_session s ON s.tenant_id = m.tenant_id AND s.id = m.session_id
      WHERE m.tenant_id = " tenant " AND m.employee_id = " person "
        AND s.state IN ('scheduled', 'open')
     UNION ALL
     SELECT 'decide_move', s.cycle_id, v.id, NULL, p.employee_id,
            (SELECT e.name FROM employee e WHERE e.tenant_id = " tenant " AND e.id = p.employee_id),
            s.scheduled_on
       FROM calibration_member m
       JOIN calibration_session s ON s.tenant_id = m.tenant_id AND s.id = m.session_id
        AND s.state = 'open'
       JOIN calibration_move v ON v.tenant_id = s.tenant_id AND v.session_id = s.id
        AND v.state = 'pending' AND v.proposed_by <> m.employee_id
       JOIN review r ON r.tenant_id = v.tenant_id AND r.id = v.review_id
       JOIN participant p ON p.tenant_id = r.tenant_id AND p.id = r.participant_id
      WHERE m.tenant_id = " tenant " AND m.employee_id = " person " AND m.seat = 'member'
        AND p.employee_id <> " person
}

type CycleRow = (Key, String, String, NaiveDate, NaiveDate, String, String, Option<At>, bool);
type WaitingRow =
    (String, Key, Key, Option<String>, Option<Key>, Option<String>, Option<NaiveDate>);

/// Reads a document that this program has written.
pub fn document<T: for<'d> serde::Deserialize<'d>>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| DbError::Corrupt(error.to_string()))
}

impl ToDos for Unit<'_> {
    fn open_cycles(&mut self, account: Uuid) -> Result<Vec<OpenCycle>> {
        let find = FindOpenCycles { tenant: self.scope(), account: Key(account) };
        let rows: Vec<CycleRow> = find.load(self.conn)?;
        rows.into_iter()
            .map(|(id, name, state, period_start, period_end, schedule, rules, at, approved)| {
                let settings = document::<PolicyRules>(&rules)?.settings();
                Ok(OpenCycle {
                    id: id.0.into(),
                    name,
                    state: word(&state)?,
                    period_start,
                    period_end,
                    schedule: document(&schedule)?,
                    settings: settings.map_err(|error| DbError::Corrupt(error.to_string()))?,
                    published_at: at.map(|at| at.0),
                    approved,
                })
            })
            .collect()
    }

    fn waiting(&mut self, person: EmployeeId, day: NaiveDate) -> Result<Vec<Waiting>> {
        let find = FindWaiting { tenant: self.scope(), person: Key(person.uuid()), day };
        let rows: Vec<WaitingRow> = find.load(self.conn)?;
        rows.into_iter()
            .map(|(kind, cycle, resource, title, about, name, due_on)| {
                Ok(Waiting {
                    kind: word(&kind)?,
                    cycle_id: cycle.0.into(),
                    resource_id: resource.0,
                    title,
                    about: about.map(|id| id.0.into()).zip(name),
                    due_on,
                })
            })
            .collect()
    }
}
