//! Open duties, computed from the present state of the records.

use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{At, Id, Key, Word, statement, word};
use crate::page::Page;
use crate::ports::{Duties, Result};
use crate::schema::{cycle, participant};
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Date, Nullable, Text};
use domain::core::id::{CycleId, EmployeeId};
use domain::core::time::Timestamp;
use domain::people::duty::{Leaver, OpenDuty};
use std::collections::HashMap;

statement! {
    /// The open duties of a person, one branch per kind.
    struct FindDuties {
        tenant: Key,
        person: Key,
        day: NaiveDate,
        now: At,
        kind: Option<String>,
        id: Option<Key>,
        limit: i64,
    }
    -> (Text, Id, Nullable<Id>, Nullable<Id>, Nullable<Text>, Nullable<Text>);
    "WITH led AS (
       SELECT p.id, p.cycle_id, p.employee_id, c.state FROM participant p
         JOIN cycle c ON c.tenant_id = p.tenant_id AND c.id = p.cycle_id
        WHERE p.tenant_id = " tenant " AND p.manager_id = " person " AND p.exclusion IS NULL
          AND c.state IN ('goal_setting', 'executing', 'evaluating', 'calibrating', 'confirmed')
     ), duty (kind, id, cycle_id, about, name) AS (
       SELECT DISTINCT 'report', a.employee_id, CAST(NULL AS uuid), a.employee_id,
              CAST(NULL AS text)
         FROM assignment a
         JOIN employment w ON w.tenant_id = a.tenant_id AND w.employee_id = a.employee_id
          AND (w.last_day IS NULL OR w.last_day >= " day ")
        WHERE a.tenant_id = " tenant " AND a.manager_id = " person "
          AND (a.effective_to IS NULL OR a.effective_to >= " day ")
       UNION ALL
       SELECT 'review', led.id, led.cycle_id, led.employee_id, NULL FROM led
       UNION ALL
       SELECT 'goal', g.id, g.cycle_id, g.owner_id, NULL FROM led
         JOIN goal g ON g.tenant_id = " tenant " AND g.cycle_id = led.cycle_id
          AND g.owner_id = led.employee_id
        WHERE led.state IN ('goal_setting', 'executing') AND g.deleted_at IS NULL
          AND g.state IN ('submitted', 'change_pending')
       UNION ALL
       SELECT 'calibration_session', s.id, s.cycle_id, NULL, s.name FROM calibration_member m
         JOIN calibration_session s ON s.tenant_id = m.tenant_id AND s.id = m.session_id
         JOIN cycle c ON c.tenant_id = s.tenant_id AND c.id = s.cycle_id
          AND c.state <> 'cancelled'
        WHERE m.tenant_id = " tenant " AND m.employee_id = " person " AND s.state <> 'finalised'
       UNION ALL
       SELECT 'api_key', k.id, NULL, NULL, k.name FROM account i
         JOIN api_key k ON k.tenant_id = i.tenant_id AND k.owner_account_id = i.id
        WHERE i.tenant_id = " tenant " AND i.employee_id = " person " AND k.deleted_at IS NULL
          AND (k.expires_at IS NULL OR k.expires_at > " now ")
       UNION ALL
       SELECT 'job', j.id, NULL, NULL, j.kind FROM account i
         JOIN job j ON j.tenant_id = i.tenant_id AND j.author_id = i.id
        WHERE i.tenant_id = " tenant " AND i.employee_id = " person "
          AND j.state IN ('queued', 'running')
     )
     SELECT duty.kind, duty.id, duty.cycle_id, duty.about, e.name, duty.name FROM duty
       LEFT JOIN employee e ON e.tenant_id = " tenant " AND e.id = duty.about
      WHERE CAST(" kind " AS text) IS NULL OR duty.kind > " kind "
         OR (duty.kind = " kind " AND duty.id > " id ")
      ORDER BY duty.kind, duty.id
      LIMIT " limit
}

statement! {
    /// People whose last employment has an end or has not begun, and who have open duties; with the
    /// day by which these must be handed over.
    struct FindLeavers { tenant: Key, day: NaiveDate, now: At, limit: i64 }
    -> (Id, Text, Date);
    "SELECT e.id, e.name, CASE WHEN w.hire_date > " day " THEN " day " ELSE w.last_day END due
       FROM employment w
       JOIN employee e ON e.tenant_id = w.tenant_id AND e.id = w.employee_id
      WHERE w.tenant_id = " tenant " AND (w.last_day IS NOT NULL OR w.hire_date > " day ")
        AND NOT EXISTS (SELECT 1 FROM employment n WHERE n.tenant_id = w.tenant_id
                           AND n.employee_id = w.employee_id AND n.hire_date > w.hire_date)
        AND (EXISTS (
               SELECT 1 FROM assignment a
                 JOIN employment v ON v.tenant_id = a.tenant_id AND v.employee_id = a.employee_id
                  AND (v.last_day IS NULL OR v.last_day >= " day ")
                WHERE a.tenant_id = " tenant " AND a.manager_id = w.employee_id
                  AND (w.hire_date <= " day " OR a.effective_from < w.hire_date)
                  AND (a.effective_to IS NULL OR a.effective_to >= " day "))
          OR EXISTS (
               SELECT 1 FROM participant p
                 JOIN cycle c ON c.tenant_id = p.tenant_id AND c.id = p.cycle_id
                WHERE p.tenant_id = " tenant " AND p.manager_id = w.employee_id
                  AND p.exclusion IS NULL AND c.state IN
                      ('goal_setting', 'executing', 'evaluating', 'calibrating', 'confirmed'))
          OR EXISTS (
               SELECT 1 FROM calibration_member m
                 JOIN calibration_session s ON s.tenant_id = m.tenant_id AND s.id = m.session_id
                 JOIN cycle c ON c.tenant_id = s.tenant_id AND c.id = s.cycle_id
                  AND c.state <> 'cancelled'
                WHERE m.tenant_id = " tenant " AND m.employee_id = w.employee_id
                  AND s.state <> 'finalised')
          OR EXISTS (
               SELECT 1 FROM account i
                 JOIN api_key k ON k.tenant_id = i.tenant_id AND k.owner_account_id = i.id
                WHERE i.tenant_id = " tenant " AND i.employee_id = w.employee_id
                  AND k.deleted_at IS NULL
                  AND (k.expires_at IS NULL OR k.expires_at > " now ")))
      ORDER BY due, e.id
      LIMIT " limit
}

type DutyRow = (String, Key, Option<Key>, Option<Key>, Option<String>, Option<String>);

impl Duties for Unit<'_> {
    fn open_duties(
        &mut self,
        person: EmployeeId,
        day: NaiveDate,
        now: Timestamp,
        page: &Page,
    ) -> Result<Vec<OpenDuty>> {
        let after = page.after_text();
        let find = FindDuties {
            tenant: self.scope(),
            person: Key(person.uuid()),
            day,
            now: At(now),
            kind: after.map(|(kind, _)| kind.to_owned()),
            id: after.map(|(_, id)| Key(id)),
            limit: page.limit,
        };
        let rows: Vec<DutyRow> = find.load(self.conn)?;
        let duty = |(kind, id, cycle, about, person, name): DutyRow| {
            Ok(OpenDuty {
                kind: word(&kind)?,
                resource_id: id.0,
                cycle_id: cycle.map(|id| id.0.into()),
                about: about.map(|id| id.0.into()).zip(person),
                name,
            })
        };
        rows.into_iter().map(duty).collect()
    }

    fn leavers_with_duties(
        &mut self,
        day: NaiveDate,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<Leaver>> {
        let find = FindLeavers { tenant: self.scope(), day, now: At(now), limit };
        let rows: Vec<(Key, String, NaiveDate)> = find.load(self.conn)?;
        let leaver = |(id, name, last_day): (Key, String, NaiveDate)| Leaver {
            person: (id.0.into(), name),
            last_day,
        };
        Ok(rows.into_iter().map(leaver).collect())
    }

    fn answerable(&mut self, person: EmployeeId) -> Result<HashMap<CycleId, EmployeeId>> {
        use domain::state::cycle::State::{Archived, Cancelled, Closed};
        let rows: Vec<(Key, Option<Key>)> = participant::table
            .inner_join(
                cycle::table.on(cycle::tenant_id
                    .eq(participant::tenant_id)
                    .and(cycle::id.eq(participant::cycle_id))),
            )
            .filter(participant::tenant_id.eq(self.scope()))
            .filter(participant::employee_id.eq(Key(person.uuid())))
            .filter(cycle::state.ne_all([Closed, Archived, Cancelled].map(Word)))
            .select((participant::cycle_id, participant::manager_id))
            .load(self.conn)?;
        let led = |(cycle, manager): (Key, Option<Key>)| Some((cycle.0.into(), manager?.0.into()));
        Ok(rows.into_iter().filter_map(led).collect())
    }
}
