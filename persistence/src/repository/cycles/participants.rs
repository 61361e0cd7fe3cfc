//! The participants of a cycle.

use super::super::people::employments::employments;
use super::engine::Unit;
use super::{Conn, Db, dialect};
use crate::column::{At, Id, Key, Word, rows_statement, statement, to_json};
use crate::page::{Page, keyset, since};
use crate::ports::{ParticipantFilter, Participants, Result};
use crate::record::{finds, updates};
use crate::schema::{ParticipantRow, cycle, former_leader, participant, review as opened};
use chrono::NaiveDate;
use diesel::dsl::{count_star, exists, select};
use diesel::prelude::*;
use diesel::sql_types::{Date, Nullable, Text};
use domain::core::calendar::Period;
use domain::core::change::{Change, Record};
use domain::core::id::{CycleId, EmployeeId, ParticipantId, ReviewId};
use domain::core::text::TextEnum;
use domain::core::time::Timestamp;
use domain::cycles::participant::{Candidate, Participant};
use domain::people::employment::Employment;
use domain::policy::{Sealed, Visibility};
use domain::reviews::form::ReviewPart;
use domain::state::cycle::State as cycle_state;
use domain::state::review;
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

rows_statement! {
    /// Participants of a cycle that is launched.
    struct Enrolment {
        tenant: Key,
        id: Key,
        cycle_id: Key,
        employee_id: Key,
        org_unit_id: Option<Key>,
        department_id: Option<Key>,
        manager_id: Option<Key>,
        population: Option<String>,
        exclusion: Option<String>,
        counts_for_quota: bool,
        version: i32,
        created_at: At,
        updated_at: At,
    }
    "INSERT INTO participant (tenant_id, id, cycle_id, employee_id, org_unit_id, department_id, \
     manager_id, population, exclusion, counts_for_quota, version, created_at, updated_at) "
    rows ""
}

impl Enrolment {
    fn push(&mut self, tenant: Key, participant: &Participant) {
        self.tenant.push(tenant);
        self.id.push(Key(participant.id.uuid()));
        self.cycle_id.push(Key(participant.cycle_id.uuid()));
        self.employee_id.push(Key(participant.employee_id.uuid()));
        self.org_unit_id.push(participant.org_unit_id.map(|id| Key(id.uuid())));
        self.department_id.push(participant.department_id.map(|id| Key(id.uuid())));
        self.manager_id.push(participant.manager_id.map(|id| Key(id.uuid())));
        self.population.push(participant.population.clone());
        self.exclusion.push(participant.exclusion.map(|reason| reason.to_string()));
        self.counts_for_quota.push(participant.counts_for_quota);
        self.version.push(participant.version);
        self.created_at.push(At(participant.created_at));
        self.updated_at.push(At(participant.updated_at));
    }
}

statement! {
    /// Everybody who is employed on some day from `day` to `last`: one row for each employment
    /// begun by `last` and each assignment that has not ended before `day`.
    struct Workers { tenant: Key, day: NaiveDate, last: NaiveDate }
    -> (Id, Date, Nullable<Date>, Nullable<Id>, Nullable<Id>, Nullable<Text>);
    "SELECT w.employee_id, w.hire_date, w.last_day, a.org_unit_id, a.manager_id, p.code
       FROM employment w
       JOIN assignment a ON a.tenant_id = w.tenant_id AND a.employee_id = w.employee_id
        AND (a.effective_to IS NULL OR a.effective_to >= " day ")
       LEFT JOIN position p ON p.tenant_id = a.tenant_id AND p.id = a.position_id
      WHERE w.tenant_id = " tenant " AND w.hire_date <= " last "
        AND EXISTS (SELECT 1 FROM employment h
              WHERE h.tenant_id = w.tenant_id AND h.employee_id = w.employee_id
                AND h.hire_date <= " last " AND (h.last_day IS NULL OR h.last_day >= " day "))
      ORDER BY w.employee_id, a.effective_from, w.hire_date"
}

rows_statement! {
    /// Reviews that are opened.
    struct Reviews {
        tenant: Key,
        id: Key,
        participant_id: Key,
        state: String,
        self_review: String,
        manager_review: String,
        version: i32,
        created_at: At,
        updated_at: At,
    }
    "INSERT INTO review (tenant_id, id, participant_id, state, self_review, manager_review, \
     version, created_at, updated_at) "
    rows ""
}

impl Unit<'_> {
    /// Opens and records a review for each of these participants; none of them has one.
    pub fn insert_reviews(
        &mut self,
        participants: &[Key],
        new_id: &mut dyn FnMut() -> ReviewId,
        rule: &'static str,
    ) -> Result<()> {
        let (count, now) = (participants.len(), At(self.now()));
        let ids: Vec<_> = participants.iter().map(|_| new_id().uuid()).collect();
        let blank = to_json(&ReviewPart::default())?;
        let rows = Reviews {
            tenant: vec![self.scope(); count],
            id: ids.iter().copied().map(Key).collect(),
            participant_id: participants.to_vec(),
            state: vec![review::State::PendingSelf.as_str().to_owned(); count],
            self_review: vec![blank.clone(); count],
            manager_review: vec![blank; count],
            version: vec![1; count],
            created_at: vec![now; count],
            updated_at: vec![now; count],
        };
        rows.execute(self.conn)?;
        let to = Some(review::State::PendingSelf.as_str());
        let record = Record { to, ..Record::new("review.opened", Uuid::nil(), rule) };
        self.record_each(record, ids);
        Ok(())
    }
}

finds!(ParticipantRow of participant by ParticipantId, Participant);
updates!(ParticipantRow of participant, Participant);

/// Limits a query of participants to those who fit a filter and may be seen.
macro_rules! listed {
    ($participants:expr, $unit:ident, $filter:expr, $visible:expr) => {{
        let filter: &ParticipantFilter = $filter;
        let shown = $unit.shown("participant.employee_id", "participant.manager_id", $visible);
        let mut query = $participants
            .filter(participant::tenant_id.eq($unit.scope()))
            .filter(shown)
            .into_boxed::<Db>();
        if let Some(cycle) = filter.cycle_id {
            query = query.filter(participant::cycle_id.eq(Key(cycle.uuid())));
        }
        if let Some(person) = filter.employee_id {
            query = query.filter(participant::employee_id.eq(Key(person.uuid())));
        }
        if let Some(manager) = filter.manager_id {
            query = query.filter(participant::manager_id.eq(Key(manager.uuid())));
        }
        if let Some(department) = filter.department_id {
            query = query.filter(participant::department_id.eq(Key(department.uuid())));
        }
        match filter.excluded {
            Some(true) => query.filter(participant::exclusion.is_not_null()),
            Some(false) => query.filter(participant::exclusion.is_null()),
            None => query,
        }
    }};
}

impl Participants for Unit<'_> {
    fn candidates(&mut self, period: Period, day: NaiveDate) -> Result<Vec<Candidate>> {
        type Stretch =
            (Key, NaiveDate, Option<NaiveDate>, Option<Key>, Option<Key>, Option<String>);
        let workers = Workers { tenant: self.scope(), day, last: period.end() };
        let stretches: Vec<Stretch> = workers.load(self.conn)?;
        let mut candidates = Vec::<Candidate>::with_capacity(stretches.len());
        for rows in stretches.chunk_by(|one, next| one.0 == next.0) {
            let (person, _, _, unit, manager, position_code) = &rows[0];
            let begun: BTreeMap<_, _> = rows.iter().map(|row| (row.1, row.2)).collect();
            let begun = begun.into_iter().map(|(first, last)| Employment::lasting(first, last));
            let begun = employments(begun)?;
            candidates.push(Candidate {
                employee_id: person.0.into(),
                employed_since: begun.unbroken_since(begun.latest()),
                org_unit_id: unit.map(|id| id.0.into()),
                manager_id: manager.map(|id| id.0.into()),
                position_code: position_code.clone(),
            });
        }
        Ok(candidates)
    }

    fn create_participants(
        &mut self,
        participants: &[Participant],
        progress: &dyn Fn(usize),
    ) -> Result<()> {
        let tenant = self.scope();
        for (number, chunk) in participants.chunks(dialect::BATCH).enumerate() {
            let mut rows = Enrolment::default();
            chunk.iter().for_each(|participant| rows.push(tenant, participant));
            rows.execute(self.conn)?;
            progress(number * dialect::BATCH + chunk.len());
        }
        Ok(())
    }

    fn participants(
        &mut self,
        filter: &ParticipantFilter,
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<Sealed<Participant>>> {
        let participants = participant::table.select(ParticipantRow::as_select()).limit(page.limit);
        let query = listed!(participants, self, filter, visible);
        let rows = keyset!(query, participant, page).load(self.conn)?;
        rows.into_iter().map(|row: ParticipantRow| row.record().map(Sealed::new)).collect()
    }

    fn count_participants(
        &mut self,
        filter: &ParticipantFilter,
        visible: &Visibility,
        updated_since: Option<Timestamp>,
    ) -> Result<i64> {
        let participants = participant::table.select(count_star());
        let query = listed!(participants, self, filter, visible);
        Ok(since!(query, participant, updated_since).get_result(self.conn)?)
    }

    fn answers_for(&mut self, manager: EmployeeId, person: EmployeeId) -> Result<bool> {
        use cycle_state::{Archived, Cancelled, Closed};
        let answers = participant::table
            .inner_join(
                cycle::table.on(cycle::tenant_id
                    .eq(participant::tenant_id)
                    .and(cycle::id.eq(participant::cycle_id))),
            )
            .filter(participant::tenant_id.eq(self.scope()))
            .filter(participant::employee_id.eq(Key(person.uuid())))
            .filter(participant::manager_id.eq(Key(manager.uuid())))
            .filter(participant::exclusion.is_null())
            .filter(cycle::state.ne_all([Closed, Archived, Cancelled].map(Word)));
        Ok(select(exists(answers)).get_result(self.conn)?)
    }

    fn answers_in(
        &mut self,
        cycle: CycleId,
        manager: EmployeeId,
        person: EmployeeId,
    ) -> Result<bool> {
        let answers = participant::table
            .filter(participant::tenant_id.eq(self.scope()))
            .filter(participant::cycle_id.eq(Key(cycle.uuid())))
            .filter(participant::manager_id.eq(Key(manager.uuid())))
            .filter(participant::employee_id.eq(Key(person.uuid())));
        Ok(select(exists(answers)).get_result(self.conn)?)
    }

    fn remember_leader(&mut self, participant: ParticipantId, leader: EmployeeId) -> Result<()> {
        diesel::insert_into(former_leader::table)
            .values((
                former_leader::tenant_id.eq(self.scope()),
                former_leader::participant_id.eq(Key(participant.uuid())),
                former_leader::employee_id.eq(Key(leader.uuid())),
            ))
            .on_conflict_do_nothing()
            .execute(self.conn)?;
        Ok(())
    }

    fn open_review(
        &mut self,
        participant: ParticipantId,
        id: ReviewId,
        rule: &'static str,
    ) -> Result<()> {
        let known = opened::table
            .filter(opened::tenant_id.eq(self.scope()))
            .filter(opened::participant_id.eq(Key(participant.uuid())));
        if select(exists(known)).get_result(self.conn)? {
            return Ok(());
        }
        self.insert_reviews(&[Key(participant.uuid())], &mut || id, rule)
    }

    fn unknown_participants(
        &mut self,
        cycle: CycleId,
        ids: &[ParticipantId],
    ) -> Result<Vec<ParticipantId>> {
        let known: HashSet<Key> = participant::table
            .filter(participant::tenant_id.eq(self.scope()))
            .filter(participant::cycle_id.eq(Key(cycle.uuid())))
            .filter(participant::id.eq_any(ids.iter().map(|id| Key(id.uuid()))))
            .select(participant::id)
            .load(self.conn)?
            .into_iter()
            .collect();
        Ok(ids.iter().copied().filter(|id| !known.contains(&Key(id.uuid()))).collect())
    }
}
