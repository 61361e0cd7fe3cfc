//! What keeps a cycle from its next stage, person by person.

use super::Db;
use super::engine::Unit;
use crate::column::{Key, Word, word};
use crate::page::Page;
use crate::ports::{Readiness, Result};
use crate::schema::{employee, goal, participant, review};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use domain::calibration_session::CalibrationSession;
use domain::id::CycleId;
use domain::policy::Visibility;
use domain::readiness::{Laggard, Missing};
use domain::state::calibration_session::State as SessionState;
use domain::state::cycle::State;
use domain::state::{goal as goals, review as reviews};
use domain::text::TextEnum;

/// Goals of the participant of the query in one of some states.
macro_rules! own_goals {
    ($states:expr) => {
        goal::table
            .filter(goal::tenant_id.eq(participant::tenant_id))
            .filter(goal::cycle_id.eq(participant::cycle_id))
            .filter(goal::owner_id.eq(participant::employee_id))
            .filter(goal::deleted_at.is_null())
            .filter(goal::state.eq_any($states.map(Word)))
    };
}

/// The person with department and name, the manager with name, the review with state, whether it is
/// graded and what session compares it, and whether a goal is in draft or waits for approval.
type Found = (
    (Key, Key, Option<Key>, String),
    (Option<Key>, Option<String>),
    (Option<Key>, Option<String>, bool, Option<Key>),
    bool,
    bool,
);

/// The states of reviews whose rating is not in.
fn unrated() -> impl Iterator<Item = Word<reviews::State>> {
    let all = reviews::State::ALL.iter().copied();
    all.filter(|it| Missing::of_review(*it).is_some()).map(Word)
}

impl Readiness for Unit<'_> {
    fn laggards(
        &mut self,
        cycle: CycleId,
        state: State,
        sessions: &[CalibrationSession],
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<Laggard>> {
        use goals::State::{Cancelled, ChangePending, Draft, Submitted};
        let boss = diesel::alias!(employee as boss);
        let mut query = participant::table
            .inner_join(
                employee::table.on(employee::tenant_id
                    .eq(participant::tenant_id)
                    .and(employee::id.eq(participant::employee_id))),
            )
            .left_join(
                boss.on(boss
                    .field(employee::tenant_id)
                    .eq(participant::tenant_id)
                    .and(boss.field(employee::id).nullable().eq(participant::manager_id))),
            )
            .left_join(
                review::table.on(review::tenant_id
                    .eq(participant::tenant_id)
                    .and(review::participant_id.eq(participant::id))),
            )
            .filter(participant::tenant_id.eq(self.scope()))
            .filter(participant::cycle_id.eq(Key(cycle.uuid())))
            .filter(participant::exclusion.is_null())
            .order(participant::id)
            .select((
                (
                    participant::id,
                    participant::employee_id,
                    participant::department_id,
                    employee::name,
                ),
                (participant::manager_id, boss.field(employee::name).nullable()),
                (
                    review::id.nullable(),
                    review::state.nullable(),
                    review::computed_grade.nullable().is_not_null(),
                    review::session_id.nullable(),
                ),
                exists(own_goals!([Draft])),
                exists(own_goals!([Submitted])),
            ))
            .limit(page.limit)
            .into_boxed::<Db>();
        query =
            query.filter(self.shown("participant.employee_id", "participant.manager_id", visible));
        if let Some(id) = page.after_id() {
            query = query.filter(participant::id.gt(Key(id)));
        }
        let at = review::state.nullable();
        query = match state {
            State::GoalSetting => {
                let kept = goals::State::ALL.iter().copied().filter(|it| *it != Cancelled);
                let kept = own_goals!(kept);
                query.filter(not(exists(kept)).or(exists(own_goals!([Draft, Submitted]))))
            }
            State::Executing => query.filter(exists(own_goals!([ChangePending]))),
            State::Evaluating => query.filter(
                at.is_not_null()
                    .and(at.assume_not_null().eq_any(unrated()))
                    .or(exists(own_goals!([ChangePending]))),
            ),
            State::Calibrating => {
                let in_calibration = || {
                    let at = review::state.nullable();
                    at.is_not_null()
                        .and(at.assume_not_null().eq(Word(reviews::State::InCalibration)))
                };
                // Named whatever the sessions are.
                let anyway = || {
                    at.is_not_null()
                        .and(at.assume_not_null().eq_any(unrated()))
                        .or(in_calibration().and(review::computed_grade.is_null()))
                        .or(exists(own_goals!([ChangePending])))
                };
                let comparing: Vec<Key> =
                    unfinished(sessions).map(|it| Key(it.id.uuid())).collect();
                let compared = review::session_id
                    .is_not_null()
                    .and(review::session_id.assume_not_null().eq_any(comparing));
                query = query.filter(anyway().or(in_calibration().and(not(compared))));
                // Whoever is graded and belongs to a session that is still to come waits for that.
                for session in to_come(sessions) {
                    let seats = session.members.iter().map(|it| Key(it.employee_id.uuid()));
                    let units = session.department_ids.iter().map(|unit| Key(unit.uuid()));
                    let named = session.participant_ids.iter().map(|it| Key(it.uuid()));
                    let inside = participant::department_id.assume_not_null().eq_any(units);
                    let covered = participant::department_id
                        .is_not_null()
                        .and(inside)
                        .or(participant::id.eq_any(named))
                        .or(session.compares_everybody().into_sql::<Bool>())
                        .and(participant::employee_id.ne_all(seats));
                    query = query.filter(anyway().or(not(covered)));
                }
                query
            }
            _ => return Ok(Vec::new()),
        };
        let rows: Vec<Found> = query.load(self.conn)?;
        rows.into_iter().map(|row| laggard(state, sessions, row)).collect()
    }
}

/// The sessions that are not over.
fn unfinished(sessions: &[CalibrationSession]) -> impl Iterator<Item = &CalibrationSession> {
    sessions.iter().filter(|session| session.state != SessionState::Finalised)
}

/// The sessions that take in whom they compare when they are opened.
fn to_come(sessions: &[CalibrationSession]) -> impl Iterator<Item = &CalibrationSession> {
    unfinished(sessions).filter(|session| session.state != SessionState::Opened)
}

fn laggard(state: State, sessions: &[CalibrationSession], found: Found) -> Result<Laggard> {
    let ((id, person, unit, name), (manager, boss), review, in_draft, submitted) = found;
    let (review, at, graded, session) = review;
    let at = at.as_deref().map(word).transpose()?;
    let compared = || {
        let (id, person) = (id.0.into(), person.0.into());
        let unit = unit.map(|unit| unit.0.into());
        unfinished(sessions).any(|it| session == Some(Key(it.id.uuid())))
            || to_come(sessions).any(|it| it.compares(id, unit, person))
    };
    let missing = match (state, at.and_then(Missing::of_review)) {
        (State::GoalSetting, _) if in_draft => Missing::GoalSubmission,
        (State::GoalSetting, _) if submitted => Missing::GoalApproval,
        (State::GoalSetting, _) => Missing::Goals,
        (_, Some(missing)) => missing,
        (State::Calibrating, None) if at == Some(reviews::State::InCalibration) => {
            match (graded, compared()) {
                (false, _) => Missing::Grade,
                (true, false) => Missing::Calibration,
                (true, true) => Missing::GoalChange,
            }
        }
        _ => Missing::GoalChange,
    };
    Ok(Laggard {
        participant_id: id.0.into(),
        person: (person.0.into(), name),
        manager: manager.map(|id| id.0.into()).zip(boss),
        review_id: review.map(|id| id.0.into()),
        missing,
        open_changes: Vec::new(),
    })
}
