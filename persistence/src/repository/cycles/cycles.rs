//! Performance cycles and the counts that decide whether a cycle may move on.

use super::engine::Unit;
use super::{Conn, Db, dialect};
use crate::column::{At, Key, Word, guarded_update, json, statement, to_json, word};
use crate::error::DbError;
use crate::page::{Page, keyset};
use crate::ports::{CycleFilter, Cycles, Framed, Headcount, Result};
use crate::schema::{
    PolicyRow, calibration_session, cycle, cycle_approval, org_unit, participant, policy, review,
};
use chrono::NaiveDate;
use diesel::dsl::{count_star, exists, not, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use domain::core::calendar::Period;
use domain::core::change::Change;
use domain::core::id::{CalibrationSessionId, CycleId, EmployeeId, OrgUnitId, ParticipantId};
use domain::core::text::TextEnum;
use domain::cycles::cycle::{Cycle, CycleApproval};
use domain::cycles::readiness::Missing;
use domain::policy::Sealed;
use domain::state::{self, Share};
use std::collections::{HashMap, HashSet};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = cycle, treat_none_as_default_value = false)]
struct Row {
    tenant_id: Key,
    id: Key,
    code: String,
    name: String,
    kind: String,
    policy_id: Key,
    state: String,
    period_start: NaiveDate,
    period_end: NaiveDate,
    schedule: String,
    raci: String,
    org_unit_ids: String,
    dropped: String,
    department_weights: String,
    launched_at: Option<At>,
    published_at: Option<At>,
    version: i32,
    created_at: At,
    updated_at: At,
}

impl TryFrom<Row> for Cycle {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |error: domain::DomainError| DbError::Corrupt(error.to_string());
        Ok(Self {
            id: row.id.0.into(),
            code: row.code,
            name: row.name,
            kind: word(&row.kind)?,
            policy_id: row.policy_id.0.into(),
            state: word(&row.state)?,
            period: Period::new(row.period_start, row.period_end).map_err(corrupt)?,
            schedule: json(&row.schedule)?,
            raci: json(&row.raci)?,
            org_unit_ids: json(&row.org_unit_ids)?,
            dropped: json(&row.dropped)?,
            department_weights: json(&row.department_weights)?,
            launched_at: row.launched_at.map(|at| at.0),
            published_at: row.published_at.map(|at| at.0),
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = cycle_approval)]
struct ApprovalRow {
    cycle_id: Key,
    event: String,
    account_id: Key,
    seat: String,
    at: At,
}

impl TryFrom<ApprovalRow> for CycleApproval {
    type Error = DbError;

    fn try_from(row: ApprovalRow) -> Result<Self> {
        Ok(Self {
            event: word(&row.event)?,
            account_id: row.account_id.0.into(),
            seat: word(&row.seat)?,
            at: row.at.0,
        })
    }
}

impl Row {
    fn of(tenant: Key, cycle: Cycle) -> Result<Self> {
        Ok(Self {
            tenant_id: tenant,
            id: Key(cycle.id.uuid()),
            code: cycle.code,
            name: cycle.name,
            kind: cycle.kind.to_string(),
            policy_id: Key(cycle.policy_id.uuid()),
            state: cycle.state.as_str().to_owned(),
            period_start: cycle.period.start(),
            period_end: cycle.period.end(),
            schedule: to_json(&cycle.schedule)?,
            raci: to_json(&cycle.raci)?,
            org_unit_ids: to_json(&cycle.org_unit_ids)?,
            dropped: to_json(&cycle.dropped)?,
            department_weights: to_json(&cycle.department_weights)?,
            launched_at: cycle.launched_at.map(At),
            published_at: cycle.published_at.map(At),
            version: cycle.version,
            created_at: At(cycle.created_at),
            updated_at: At(cycle.updated_at),
        })
    }
}

guarded_update! {
    /// Saves a cycle, guarded by its version.
    struct Update of cycle { name, kind, policy_id, state, period_start, period_end, schedule, raci, org_unit_ids, dropped, launched_at, published_at }
}

statement! {
    /// Keeps an approval.
    struct Approve {
        tenant: Key,
        cycle: Key,
        event: &'static str,
        account: Key,
        seat: &'static str,
        at: At,
    }
    "INSERT INTO cycle_approval (tenant_id, cycle_id, event, account_id, seat, at) VALUES ("
    tenant ", " cycle ", " event ", " account ", " seat ", " at ")"
}

statement! {
    /// How many people take part in a cycle, and how many of them are excluded.
    struct Count { tenant: Key, cycle: Key } -> (BigInt, BigInt);
    "SELECT count(*), count(exclusion) FROM participant
      WHERE tenant_id = " tenant " AND cycle_id = " cycle
}

statement! {
    /// Goals that are not cancelled, and those of them that are in force.
    struct CountGoals { tenant: Key, cycle: Key } -> (BigInt, BigInt);
    "SELECT count(*), count(CASE WHEN state NOT IN ('draft', 'submitted') THEN 1 END) FROM goal
      WHERE tenant_id = " tenant " AND cycle_id = " cycle " AND state <> 'cancelled' AND deleted_at IS NULL"
}

/// One cycle by its id, without a lock.
macro_rules! one {
    ($unit:expr, $id:expr) => {
        cycle::table.find(($unit.scope(), Key($id.uuid()))).select(Row::as_select())
    };
}

/// Whether a review without a final grade would get an S or a D without evidence. A grade that a
/// session moved has the evidence of its move, except a D by veto.
pub const UNFOUNDED: &str = "(review.founded = FALSE AND review.final_grade IS NULL \
     AND COALESCE(review.computed_grade IS NOT NULL \
         AND (review.veto_grade = 'D' AND review.calibrated_grade IS DISTINCT FROM 'D' \
              OR review.calibrated_grade IS NULL \
                 AND (review.computed_grade = 'D' OR review.computed_grade = 'S' \
                      AND COALESCE(review.veto_grade, 'S') = 'S')), FALSE))";

/// The reviews of the evaluated participants of a cycle.
macro_rules! evaluated {
    ($unit:expr, $cycle:expr) => {
        review::table
            .inner_join(
                participant::table.on(participant::tenant_id
                    .eq(review::tenant_id)
                    .and(participant::id.eq(review::participant_id))),
            )
            .filter(participant::tenant_id.eq($unit.scope()))
            .filter(participant::cycle_id.eq(Key($cycle.uuid())))
            .filter(participant::exclusion.is_null())
    };
}

/// The states of reviews before the manager has submitted the rating.
fn unrated() -> [Word<state::review::State>; 3] {
    use state::review::State::{PendingManager, PendingRaters, PendingSelf};
    [PendingSelf, PendingRaters, PendingManager].map(Word)
}

fn sealed(row: Option<Row>) -> Result<Option<Sealed<Cycle>>> {
    row.map(|row| Cycle::try_from(row).map(Sealed::new)).transpose()
}

fn share((whole, part): (i64, i64)) -> Share {
    let unsigned = |count: i64| u64::try_from(count).unwrap_or_default();
    Share { part: unsigned(part), whole: unsigned(whole) }
}

impl Cycles for Unit<'_> {
    fn cycle(&mut self, id: CycleId) -> Result<Option<Sealed<Cycle>>> {
        sealed(one!(self, id).get_result(self.conn).optional()?)
    }

    fn frame_of(&mut self, id: CycleId, person: EmployeeId) -> Result<Option<Framed>> {
        let (tenant, id) = (self.scope(), Key(id.uuid()));
        let team = participant::table
            .filter(participant::tenant_id.eq(tenant))
            .filter(participant::cycle_id.eq(id))
            .filter(participant::manager_id.eq(Key(person.uuid())))
            .filter(participant::exclusion.is_null());
        let open = calibration_session::table
            .filter(calibration_session::tenant_id.eq(tenant))
            .filter(calibration_session::cycle_id.eq(id))
            .filter(calibration_session::state.eq(Word(state::calibration_session::State::Opened)));
        let found: Option<(Row, PolicyRow, bool, bool)> =
            cycle::table
                .inner_join(policy::table.on(
                    policy::tenant_id.eq(cycle::tenant_id).and(policy::id.eq(cycle::policy_id)),
                ))
                .filter(cycle::tenant_id.eq(tenant))
                .filter(cycle::id.eq(id))
                .select((Row::as_select(), PolicyRow::as_select(), exists(team), exists(open)))
                .get_result(self.conn)
                .optional()?;
        let Some((cycle, policy, leads, in_session)) = found else { return Ok(None) };
        let (cycle, policy) = (Sealed::new(cycle.try_into()?), Sealed::new(policy.record()?));
        Ok(Some(Framed { cycle, policy, leads, in_session }))
    }

    fn hold_cycle(&mut self, id: CycleId) -> Result<Option<Sealed<Cycle>>> {
        sealed(dialect::for_share!(one!(self, id)).get_result(self.conn).optional()?)
    }

    fn lock_cycle(&mut self, id: CycleId) -> Result<Option<Sealed<Cycle>>> {
        sealed(dialect::for_update!(one!(self, id)).get_result(self.conn).optional()?)
    }

    fn cycles(&mut self, filter: &CycleFilter, page: &Page) -> Result<Vec<Sealed<Cycle>>> {
        let states: Vec<_> = filter.states.iter().copied().map(Word).collect();
        let mut query = cycle::table
            .filter(cycle::tenant_id.eq(self.scope()))
            .filter(cycle::state.eq_any(states))
            .select(Row::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        if let Some(policy) = filter.policy_id {
            query = query.filter(cycle::policy_id.eq(Key(policy.uuid())));
        }
        let rows = keyset!(query, cycle, page).load(self.conn)?;
        rows.into_iter().map(|row| Ok(Sealed::new(row.try_into()?))).collect()
    }

    fn cycle_states(&mut self, ids: &[CycleId]) -> Result<HashMap<CycleId, state::cycle::State>> {
        let rows: Vec<(Key, String)> = cycle::table
            .filter(cycle::tenant_id.eq(self.scope()))
            .filter(cycle::id.eq_any(ids.iter().map(|id| Key(id.uuid()))))
            .select((cycle::id, cycle::state))
            .load(self.conn)?;
        rows.into_iter().map(|(id, state)| Ok((id.0.into(), word(&state)?))).collect()
    }

    fn create_cycle(&mut self, change: Change<Cycle>) -> Result<()> {
        diesel::insert_into(cycle::table)
            .values(Row::of(self.scope(), change.entity)?)
            .execute(self.conn)?;
        self.record(change.record);
        Ok(())
    }

    fn update_cycle(&mut self, change: Change<Cycle>) -> Result<()> {
        let saved = Update(Row::of(self.scope(), change.entity)?).execute(self.conn)?;
        self.guard(saved)?;
        self.record(change.record);
        Ok(())
    }

    fn cycle_approvals(&mut self, ids: &[CycleId]) -> Result<HashMap<CycleId, Vec<CycleApproval>>> {
        let in_cycle = participant::table
            .filter(participant::tenant_id.eq(review::tenant_id))
            .filter(participant::id.eq(review::participant_id))
            .filter(participant::cycle_id.eq(cycle_approval::cycle_id));
        // Starts with the reviews that have changed, of which there are very few.
        let changed_since = review::table
            .filter(review::tenant_id.eq(cycle_approval::tenant_id))
            .filter(review::graded_at.assume_not_null().ge(cycle_approval::at))
            .filter(exists(in_cycle));
        let rows: Vec<ApprovalRow> = cycle_approval::table
            .inner_join(
                cycle::table.on(cycle::tenant_id
                    .eq(cycle_approval::tenant_id)
                    .and(cycle::id.eq(cycle_approval::cycle_id))),
            )
            .filter(cycle_approval::tenant_id.eq(self.scope()))
            .filter(
                cycle::state
                    .ne(Word(state::cycle::State::Confirmed))
                    .or(not(exists(changed_since))),
            )
            .filter(cycle_approval::cycle_id.eq_any(ids.iter().map(|id| Key(id.uuid()))))
            .order((cycle_approval::at, cycle_approval::account_id))
            .select(ApprovalRow::as_select())
            .load(self.conn)?;
        let mut approvals = HashMap::<CycleId, Vec<CycleApproval>>::new();
        for row in rows {
            approvals.entry(row.cycle_id.0.into()).or_default().push(row.try_into()?);
        }
        Ok(approvals)
    }

    fn approve_cycle(&mut self, id: CycleId, approval: &CycleApproval) -> Result<()> {
        let approve = Approve {
            tenant: self.scope(),
            cycle: Key(id.uuid()),
            event: approval.event.as_str(),
            account: Key(approval.account_id.uuid()),
            seat: approval.seat.as_str(),
            at: At(approval.at),
        };
        approve.execute(self.conn)?;
        Ok(())
    }

    fn forget_approvals(&mut self, id: CycleId) -> Result<()> {
        diesel::delete(cycle_approval::table)
            .filter(cycle_approval::tenant_id.eq(self.scope()))
            .filter(cycle_approval::cycle_id.eq(Key(id.uuid())))
            .execute(self.conn)?;
        Ok(())
    }

    fn headcount(&mut self, id: CycleId) -> Result<Headcount> {
        let count = Count { tenant: self.scope(), cycle: Key(id.uuid()) };
        let (participants, excluded) = count.get_result(self.conn)?;
        Ok(Headcount { participants, excluded })
    }

    fn goals_in_force(&mut self, id: CycleId) -> Result<Share> {
        let count = CountGoals { tenant: self.scope(), cycle: Key(id.uuid()) };
        Ok(share(count.get_result(self.conn)?))
    }

    fn except_reviews(&mut self, exceptions: &[ParticipantId]) -> Result<()> {
        let named = exceptions.iter().map(|id| Key(id.uuid()));
        diesel::update(review::table)
            .filter(review::tenant_id.eq(self.scope()))
            .filter(review::participant_id.eq_any(named))
            .filter(review::state.eq_any(unrated()))
            .set(review::excepted.eq(true))
            .execute(self.conn)?;
        Ok(())
    }

    fn reviews_underway(&mut self, id: CycleId) -> Result<u64> {
        let underway = Missing::before_calibration().map(Word);
        let missing: i64 = evaluated!(self, id)
            .filter(review::state.eq_any(underway))
            .filter(review::excepted.eq(false))
            .select(count_star())
            .get_result(self.conn)?;
        Ok(u64::try_from(missing).unwrap_or_default())
    }

    fn manager_reviews_missing(
        &mut self,
        id: CycleId,
        exceptions: &[ParticipantId],
    ) -> Result<u64> {
        let missing: i64 = evaluated!(self, id)
            .filter(review::state.eq_any(unrated()))
            .filter(participant::id.ne_all(exceptions.iter().map(|id| Key(id.uuid()))))
            .select(count_star())
            .get_result(self.conn)?;
        Ok(u64::try_from(missing).unwrap_or_default())
    }

    fn sessions_unfinished(&mut self, id: CycleId) -> Result<u64> {
        let unfinished: i64 = calibration_session::table
            .filter(calibration_session::tenant_id.eq(self.scope()))
            .filter(calibration_session::cycle_id.eq(Key(id.uuid())))
            .filter(
                calibration_session::state.ne(Word(state::calibration_session::State::Finalised)),
            )
            .select(count_star())
            .get_result(self.conn)?;
        Ok(u64::try_from(unfinished).unwrap_or_default())
    }

    fn reviews_ungraded(&mut self, id: CycleId) -> Result<u64> {
        let ungraded: i64 = evaluated!(self, id)
            .filter(review::state.eq(Word(state::review::State::InCalibration)))
            .filter(review::computed_grade.is_null())
            .select(count_star())
            .get_result(self.conn)?;
        Ok(u64::try_from(ungraded).unwrap_or_default())
    }

    fn grades_unfounded(
        &mut self,
        id: CycleId,
        session: Option<CalibrationSessionId>,
        apart: &HashSet<EmployeeId>,
    ) -> Result<u64> {
        let apart = apart.iter().map(|person| Key(person.uuid()));
        let mut query = evaluated!(self, id)
            .filter(sql::<Bool>(UNFOUNDED))
            .filter(participant::employee_id.ne_all(apart))
            .select(count_star())
            .into_boxed::<Db>();
        if let Some(session) = session {
            query = query.filter(review::session_id.eq(Key(session.uuid())));
        }
        let found: i64 = query.get_result(self.conn)?;
        Ok(u64::try_from(found).unwrap_or_default())
    }

    fn unknown_org_units(&mut self, ids: &[OrgUnitId]) -> Result<Vec<OrgUnitId>> {
        let known: HashSet<Key> = org_unit::table
            .filter(org_unit::tenant_id.eq(self.scope()))
            .filter(org_unit::deleted_at.is_null())
            .filter(org_unit::id.eq_any(ids.iter().map(|id| Key(id.uuid()))))
            .select(org_unit::id)
            .load(self.conn)?
            .into_iter()
            .collect();
        Ok(ids.iter().copied().filter(|id| !known.contains(&Key(id.uuid()))).collect())
    }
}
