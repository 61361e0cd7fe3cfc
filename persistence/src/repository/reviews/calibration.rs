//! Calibration sessions and their members.

use super::engine::Unit;
use super::{Db, dialect};
use crate::column::{Key, Word, word};
use crate::page::{Page, keyset};
use crate::ports::{CalibrationSessions, Result, Seats, SessionFilter};
use crate::record::Save;
use crate::schema::{
    CalibrationSessionRow, account, calibration_member as member, calibration_session, employee,
    participant, review, role_assignment,
};
use chrono::NaiveDate;
use diesel::prelude::*;
use domain::access::account::AccountStatus;
use domain::core::change::Change;
use domain::core::id::{CalibrationSessionId, CycleId, EmployeeId, OrgUnitId};
use domain::core::text::TextEnum;
use domain::policy::Role;
use domain::policy::Sealed;
use domain::reviews::calibration_session::{CalibrationSession, SessionMember};
use domain::state::calibration_session::State;
use domain::state::review::State as Review;
use std::collections::{HashMap, HashSet};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = member, treat_none_as_default_value = false)]
struct Seat {
    tenant_id: Key,
    session_id: Key,
    employee_id: Key,
    seat: String,
    present: bool,
}

/// One session by its id, unlocked.
macro_rules! one {
    ($unit:expr, $id:expr) => {
        calibration_session::table
            .find(($unit.scope(), Key($id.uuid())))
            .select(CalibrationSessionRow::as_select())
    };
}

impl Unit<'_> {
    /// Sessions with their members, in one more statement.
    fn seated(&mut self, rows: Vec<CalibrationSessionRow>) -> Result<Vec<CalibrationSession>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let seats: Vec<Seat> = member::table
            .filter(member::tenant_id.eq(self.scope()))
            .filter(member::session_id.eq_any(rows.iter().map(|row| row.id)))
            .order((member::session_id, member::employee_id))
            .select(Seat::as_select())
            .load(self.conn)?;
        let mut members = HashMap::<Key, Vec<SessionMember>>::new();
        for seat in seats {
            members.entry(seat.session_id).or_default().push(SessionMember {
                employee_id: seat.employee_id.0.into(),
                seat: word(&seat.seat)?,
                present: seat.present,
            });
        }
        let seated = |row: CalibrationSessionRow| {
            let members = members.remove(&row.id).unwrap_or_default();
            row.record(members)
        };
        rows.into_iter().map(seated).collect()
    }

    fn sealed(
        &mut self,
        row: Option<CalibrationSessionRow>,
    ) -> Result<Option<Sealed<CalibrationSession>>> {
        Ok(self.seated(row.into_iter().collect())?.pop().map(Sealed::new))
    }

    fn seats_of(&self, session: &CalibrationSession) -> Vec<Seat> {
        let seat = |member: &SessionMember| Seat {
            tenant_id: self.scope(),
            session_id: Key(session.id.uuid()),
            employee_id: Key(member.employee_id.uuid()),
            seat: member.seat.to_string(),
            present: member.present,
        };
        session.members.iter().map(seat).collect()
    }
}

impl CalibrationSessions for Unit<'_> {
    fn calibration_session(
        &mut self,
        id: CalibrationSessionId,
    ) -> Result<Option<Sealed<CalibrationSession>>> {
        let row = one!(self, id).get_result(self.conn).optional()?;
        self.sealed(row)
    }

    fn lock_calibration_session(
        &mut self,
        id: CalibrationSessionId,
    ) -> Result<Option<Sealed<CalibrationSession>>> {
        let row = dialect::for_update!(one!(self, id)).get_result(self.conn).optional()?;
        self.sealed(row)
    }

    fn calibration_sessions(
        &mut self,
        filter: &SessionFilter,
        page: &Page,
    ) -> Result<Vec<Sealed<CalibrationSession>>> {
        let mut query = calibration_session::table
            .filter(calibration_session::tenant_id.eq(self.scope()))
            .select(CalibrationSessionRow::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        if let Some(cycle) = filter.cycle_id {
            query = query.filter(calibration_session::cycle_id.eq(Key(cycle.uuid())));
        }
        if let Some(state) = filter.state {
            query = query.filter(calibration_session::state.eq(state.as_str()));
        }
        if let Some(person) = filter.member {
            let seats = member::table
                .filter(member::tenant_id.eq(self.scope()))
                .filter(member::employee_id.eq(Key(person.uuid())))
                .select(member::session_id);
            query = query.filter(calibration_session::id.eq_any(seats));
        }
        let rows = keyset!(query, calibration_session, page).load(self.conn)?;
        Ok(self.seated(rows)?.into_iter().map(Sealed::new).collect())
    }

    fn create_calibration_session(&mut self, change: Change<CalibrationSession>) -> Result<()> {
        let session = change.entity;
        let seats = self.seats_of(&session);
        diesel::insert_into(calibration_session::table)
            .values(CalibrationSessionRow::of(self.scope(), session)?)
            .execute(self.conn)?;
        diesel::insert_into(member::table).values(seats).execute(self.conn)?;
        self.record(change.record);
        Ok(())
    }

    fn update_calibration_session(&mut self, change: Change<CalibrationSession>) -> Result<()> {
        let session = change.entity;
        let (id, seats) = (Key(session.id.uuid()), self.seats_of(&session));
        let saved = Save(CalibrationSessionRow::of(self.scope(), session)?).execute(self.conn)?;
        self.guard(saved)?;
        diesel::delete(member::table)
            .filter(member::tenant_id.eq(self.scope()))
            .filter(member::session_id.eq(id))
            .execute(self.conn)?;
        diesel::insert_into(member::table).values(seats).execute(self.conn)?;
        self.record(change.record);
        Ok(())
    }

    fn seats(&mut self, cycle: CycleId, people: &[EmployeeId], day: NaiveDate) -> Result<Seats> {
        let ids: Vec<Key> = people.iter().map(|id| Key(id.uuid())).collect();
        let managers: Vec<Option<Key>> = participant::table
            .filter(participant::tenant_id.eq(self.scope()))
            .filter(participant::cycle_id.eq(Key(cycle.uuid())))
            .filter(participant::manager_id.eq_any(&ids))
            .select(participant::manager_id)
            .distinct()
            .load(self.conn)?;
        let hr: Vec<Option<Key>> = role_assignment::table
            .inner_join(
                account::table.on(account::tenant_id
                    .eq(role_assignment::tenant_id)
                    .and(account::id.eq(role_assignment::account_id))),
            )
            .filter(role_assignment::tenant_id.eq(self.scope()))
            .filter(role_assignment::role.eq_any([Role::HrAdmin, Role::Hrbp].map(Word)))
            .filter(role_assignment::deleted_at.is_null())
            .filter(role_assignment::valid_from.le(day))
            .filter(role_assignment::valid_to.is_null().or(role_assignment::valid_to.ge(day)))
            .filter(account::status.eq(Word(AccountStatus::Active)))
            .filter(account::employee_id.eq_any(&ids))
            .select(account::employee_id)
            .load(self.conn)?;
        let known = |ids: Vec<Option<Key>>| ids.into_iter().flatten().map(|id| id.0.into());
        Ok(Seats { managers: known(managers).collect(), hr: known(hr).collect() })
    }

    fn cycle_departments(&mut self, cycle: CycleId) -> Result<HashSet<OrgUnitId>> {
        let departments: Vec<Option<Key>> = participant::table
            .filter(participant::tenant_id.eq(self.scope()))
            .filter(participant::cycle_id.eq(Key(cycle.uuid())))
            .select(participant::department_id)
            .distinct()
            .load(self.conn)?;
        Ok(departments.into_iter().flatten().map(|id| id.0.into()).collect())
    }

    fn assign_reviews(&mut self, session: &CalibrationSession) -> Result<usize> {
        let seated = session.members.iter().map(|member| Key(member.employee_id.uuid()));
        let mut people = participant::table
            .filter(participant::tenant_id.eq(self.scope()))
            .filter(participant::cycle_id.eq(Key(session.cycle_id.uuid())))
            .filter(participant::exclusion.is_null())
            .filter(participant::employee_id.ne_all(seated))
            .select(participant::id)
            .into_boxed::<Db>();
        if !session.compares_everybody() {
            let departments = session.department_ids.iter().map(|id| Key(id.uuid()));
            let named = session.participant_ids.iter().map(|id| Key(id.uuid()));
            let inside = participant::department_id.is_not_null();
            let inside =
                inside.and(participant::department_id.assume_not_null().eq_any(departments));
            people = people.filter(inside.or(participant::id.eq_any(named)));
        }
        let over = calibration_session::table
            .filter(calibration_session::tenant_id.eq(self.scope()))
            .filter(calibration_session::cycle_id.eq(Key(session.cycle_id.uuid())))
            .filter(calibration_session::state.eq(Word(State::Finalised)))
            .select(calibration_session::id.nullable());
        Ok(diesel::update(review::table)
            .filter(review::tenant_id.eq(self.scope()))
            .filter(review::state.eq(Word(Review::InCalibration)))
            .filter(review::session_id.is_null().or(review::session_id.eq_any(over)))
            .filter(review::computed_grade.is_not_null())
            .filter(review::participant_id.eq_any(people))
            .set(review::session_id.eq(Key(session.id.uuid())))
            .execute(self.conn)?)
    }

    fn names(&mut self, people: &[EmployeeId]) -> Result<HashMap<EmployeeId, (String, String)>> {
        let rows: Vec<(Key, String, String)> = employee::table
            .filter(employee::tenant_id.eq(self.scope()))
            .filter(employee::id.eq_any(people.iter().map(|id| Key(id.uuid()))))
            .select((employee::id, employee::employee_number, employee::name))
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(id, number, name)| (id.0.into(), (number, name))).collect())
    }

    fn sessions_about(&mut self, people: &[EmployeeId]) -> Result<HashSet<CalibrationSessionId>> {
        let sessions: Vec<Option<Key>> = review::table
            .inner_join(
                participant::table.on(participant::tenant_id
                    .eq(review::tenant_id)
                    .and(participant::id.eq(review::participant_id))),
            )
            .filter(participant::tenant_id.eq(self.scope()))
            .filter(participant::employee_id.eq_any(people.iter().map(|id| Key(id.uuid()))))
            .filter(review::session_id.is_not_null())
            .select(review::session_id)
            .load(self.conn)?;
        Ok(sessions.into_iter().flatten().map(|id| id.0.into()).collect())
    }

    fn sessions_of(&mut self, cycle: CycleId) -> Result<Vec<CalibrationSession>> {
        let rows = calibration_session::table
            .filter(calibration_session::tenant_id.eq(self.scope()))
            .filter(calibration_session::cycle_id.eq(Key(cycle.uuid())))
            .order(calibration_session::id)
            .select(CalibrationSessionRow::as_select())
            .load(self.conn)?;
        self.seated(rows)
    }
}
