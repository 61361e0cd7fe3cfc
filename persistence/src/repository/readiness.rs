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
use domain::employment::EmploymentStatus::Active;
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

/// The person with name, the manager with name, the review with state, whether a goal is in draft,
/// waits for approval or is there at all, and whether person and manager work here.
type Found = (
    (Key, Key, String),
    (Option<Key>, Option<String>),
    (Option<Key>, Option<String>, bool),
    (bool, bool, bool),
    (bool, bool),
);

impl Readiness for Unit<'_> {
    fn laggards(
        &mut self,
        cycle: CycleId,
        state: State,
        sessions: &[CalibrationSession],
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<Laggard>> {
        use goals::State::{Cancelled, Draft, Submitted};
        let kept = || goals::State::ALL.iter().copied().filter(|it| *it != Cancelled);
        let boss = diesel::alias!(employee as boss);
        let led = || self.employed("participant.manager_id", Active, visible.as_of());
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
                (participant::id, participant::employee_id, employee::name),
                (participant::manager_id, boss.field(employee::name).nullable()),
                (
                    review::id.nullable(),
                    review::state.nullable(),
                    review::computed_grade.nullable().is_not_null(),
                ),
                (
                    exists(own_goals!([Draft])),
                    exists(own_goals!([Submitted])),
                    exists(own_goals!(kept())),
                ),
                (self.employed("participant.employee_id", Active, visible.as_of()), led()),
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
                let waits = exists(own_goals!([Draft, Submitted]));
                query.filter(not(exists(own_goals!(kept()))).or(waits).or(not(led())))
            }
            State::Evaluating => {
                let open = reviews::State::ALL.iter().copied();
                let open = open.filter(|it| Missing::of_review(*it).is_some());
                query.filter(at.is_not_null()).filter(at.assume_not_null().eq_any(open.map(Word)))
            }
            State::Calibrating => {
                query = query
                    .filter(at.is_not_null())
                    .filter(at.assume_not_null().eq(Word(reviews::State::InCalibration)))
                    .filter(review::session_id.is_null());
                // Whoever is graded and belongs to a session that is still to come waits for that.
                for session in sessions.iter().filter(|it| it.state != SessionState::Finalised) {
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
                    query = query.filter(review::computed_grade.is_null().or(not(covered)));
                }
                query
            }
            State::Executing => query.filter(not(led())),
            _ => return Ok(Vec::new()),
        };
        let rows: Vec<Found> = query.load(self.conn)?;
        rows.into_iter().map(|row| laggard(state, row)).collect()
    }
}

fn laggard(state: State, found: Found) -> Result<Laggard> {
    let ((id, person, name), (manager, boss), (review, at, graded), goals, employed) = found;
    let ((in_draft, submitted, has_goals), (person_employed, manager_employed)) = (goals, employed);
    let at = at.as_deref().map(word).transpose()?;
    let missing = match state {
        State::GoalSetting if in_draft => Missing::GoalSubmission,
        State::GoalSetting if submitted => Missing::GoalApproval,
        State::GoalSetting if !has_goals => Missing::Goals,
        State::GoalSetting | State::Executing => Missing::Manager,
        State::Calibrating if graded => Missing::Calibration,
        _ => at.and_then(Missing::of_review).unwrap_or(Missing::Grade),
    };
    Ok(Laggard {
        participant_id: id.0.into(),
        person: (person.0.into(), name),
        manager: manager.map(|id| id.0.into()).zip(boss),
        review_id: review.map(|id| id.0.into()),
        missing,
        person_employed,
        manager_employed,
    })
}
