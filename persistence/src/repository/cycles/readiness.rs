//! Who keeps a cycle from moving to its next stage.

use super::Db;
use super::cycles::UNFOUNDED;
use super::engine::Unit;
use crate::column::{Key, Word, word};
use crate::page::Page;
use crate::ports::{Demands, Readiness, Result};
use crate::schema::{employee, goal, participant, review};
use diesel::dsl::{exists, not, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable};
use domain::core::id::CycleId;
use domain::core::text::TextEnum;
use domain::cycles::readiness::{Laggard, Missing};
use domain::people::employment::EmploymentStatus::Active;
use domain::policy::Visibility;
use domain::reviews::calibration_session::CalibrationSession;
use domain::reviews::result::is_in_force;
use domain::state::calibration_session::State as SessionState;
use domain::state::cycle::State;
use domain::state::{goal as goals, review as reviews};
use uuid::Uuid;

/// The goals of the query's participant that are in one of these states.
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

/// How the content of an objective begins. Inside a text the quotation marks are escaped, so this
/// matches no text.
const OBJECTIVE: &str = r#"%"definition":{"kind":"objective"%"#;

/// Whether a person has: goals in draft, goals that wait for approval, goals that count, scored
/// goals, scored goals whose weights do not sum to 100, and indicators without an actual value.
type Goals = (bool, bool, bool, bool, bool, bool);

/// The person with department, name and population; the manager with name; the review with its
/// state, whether it has a grade, whether the reader may know that this grade lacks evidence, the
/// session that compares it, and whether it is an exception; the goals; and whether person and
/// manager are employed.
type Found = (
    (Key, Key, Option<Key>, String, Option<String>),
    (Option<Key>, Option<String>),
    (Option<Key>, Option<String>, bool, Option<bool>, Option<Key>, Option<bool>),
    Goals,
    (bool, bool),
);

/// The states of goals that count. While goals can still be written these are all but cancelled
/// ones.
fn counting(state: State) -> impl Iterator<Item = goals::State> + Clone {
    use goals::State::{Cancelled, Draft, Submitted};
    let is_open = matches!(state, State::GoalSetting | State::Executing);
    goals::State::ALL.iter().copied().filter(move |goal| match goal {
        Cancelled => false,
        Draft | Submitted => is_open,
        _ => true,
    })
}

/// The states of reviews before the rating is submitted.
fn unrated() -> impl Iterator<Item = Word<reviews::State>> {
    Missing::before_calibration().map(Word)
}

/// Whether the weights of the scored goals in force sum to something other than 100.
fn off_balance(demands: &Demands) -> SqlLiteral<Bool> {
    let in_force = goals::State::ALL.iter().copied().filter(|state| is_in_force(*state));
    let states: Vec<_> = in_force.map(|state| format!("'{}'", state.as_str())).collect();
    let scored = match demands.objectives_count {
        true => String::new(),
        false => format!("AND g.content NOT LIKE '{OBJECTIVE}'"),
    };
    sql(&format!(
        "(SELECT COALESCE(SUM(g.weight), 10000) <> 10000 FROM goal g \
           WHERE g.tenant_id = participant.tenant_id AND g.cycle_id = participant.cycle_id \
             AND g.owner_id = participant.employee_id AND g.deleted_at IS NULL \
             AND g.weight > 0 AND g.state IN ({}) {scored})",
        states.join(", ")
    ))
}

impl Readiness for Unit<'_> {
    fn laggards(
        &mut self,
        cycle: CycleId,
        state: State,
        demands: &Demands,
        sessions: &[CalibrationSession],
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<Laggard>> {
        use goals::State::{ChangePending, Draft, Submitted};
        let boss = diesel::alias!(employee as boss);
        let counted = || exists(own_goals!(counting(state)));
        let scored = || {
            let objectives_count = demands.objectives_count.into_sql::<Bool>();
            let goals = own_goals!(counting(state)).filter(goal::weight.gt(0));
            exists(goals.filter(goal::content.not_like(OBJECTIVE).or(objectives_count)))
        };
        let unmeasured = own_goals!(counting(state))
            .filter(goal::content.not_like(OBJECTIVE))
            .filter(goal::progress.is_null());
        let unjudged = || demands.unjudged.iter().map(|person| Key(person.uuid()));
        let judge = demands.judged_by.map(|person| Key(person.uuid()));
        let unfounded = || {
            let judged = participant::manager_id.is_not_null().and(
                participant::manager_id.assume_not_null().eq(judge.unwrap_or(Key(Uuid::nil()))),
            );
            sql::<Nullable<Bool>>(UNFOUNDED)
                .and(participant::employee_id.ne_all(unjudged()))
                .and(judge.is_none().into_sql::<Bool>().or(judged))
        };
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
                (
                    participant::id,
                    participant::employee_id,
                    participant::department_id,
                    employee::name,
                    participant::population,
                ),
                (participant::manager_id, boss.field(employee::name).nullable()),
                (
                    review::id.nullable(),
                    review::state.nullable(),
                    review::computed_grade.nullable().is_not_null(),
                    unfounded(),
                    review::session_id.nullable(),
                    review::excepted.nullable(),
                ),
                (
                    exists(own_goals!([Draft])),
                    exists(own_goals!([Submitted])),
                    counted(),
                    scored(),
                    off_balance(demands),
                    exists(unmeasured),
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
        let changing = || exists(own_goals!([ChangePending]));
        let unscored = participant::population
            .assume_not_null()
            .eq_any(demands.scored.clone())
            .and(not(scored()).or(off_balance(demands)));
        query = match state {
            State::GoalSetting => {
                let open = exists(own_goals!([Draft, Submitted]));
                query.filter(not(counted()).or(open).or(unscored).or(not(led())))
            }
            State::Executing => query.filter(unscored.or(changing()).or(not(led()))),
            State::Evaluating => {
                let open = at.is_not_null().and(at.assume_not_null().eq_any(unrated()));
                query.filter(open.or(unfounded()).or(changing()))
            }
            State::Calibrating => {
                let in_calibration = || {
                    let at = review::state.nullable();
                    at.is_not_null()
                        .and(at.assume_not_null().eq(Word(reviews::State::InCalibration)))
                };
                // Listed whatever the sessions are.
                let anyway = || {
                    at.is_not_null()
                        .and(at.assume_not_null().eq_any(unrated()))
                        .or(in_calibration().and(review::computed_grade.nullable().is_null()))
                        .or(unfounded())
                        .or(changing())
                };
                let comparing: Vec<Key> =
                    unfinished(sessions).map(|it| Key(it.id.uuid())).collect();
                let compared = review::session_id
                    .is_not_null()
                    .and(review::session_id.assume_not_null().eq_any(comparing));
                query = query.filter(anyway().or(in_calibration().and(not(compared))));
                // A graded review that belongs to a session not opened yet waits for that session,
                // so it is not listed.
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
        rows.into_iter().map(|row| laggard(state, demands, sessions, row)).collect()
    }
}

/// The sessions that are not finalised.
fn unfinished(sessions: &[CalibrationSession]) -> impl Iterator<Item = &CalibrationSession> {
    sessions.iter().filter(|session| session.state != SessionState::Finalised)
}

/// The sessions that have not been opened; they take in the reviews they compare when they are.
fn to_come(sessions: &[CalibrationSession]) -> impl Iterator<Item = &CalibrationSession> {
    unfinished(sessions).filter(|session| session.state != SessionState::Opened)
}

fn laggard(
    state: State,
    demands: &Demands,
    sessions: &[CalibrationSession],
    found: Found,
) -> Result<Laggard> {
    use reviews::State::{InCalibration, PendingManager, PendingRaters, PendingSelf};
    let ((id, person, unit, name, population), (manager, boss), review, goals, employed) = found;
    let (person_employed, manager_employed) = employed;
    let (review, at, graded, unfounded, session, excepted) = review;
    let (in_draft, submitted, counted, scored, off_balance, unmeasured) = goals;
    let at: Option<reviews::State> = at.as_deref().map(word).transpose()?;
    let is_of = |some: &[String]| population.as_ref().is_some_and(|it| some.contains(it));
    let unscored = match is_of(&demands.scored) && !scored {
        true if counted => Some(Missing::ScoredGoals),
        true => Some(Missing::Goals),
        false => None,
    };
    let unweighed = (is_of(&demands.scored) && off_balance).then_some(Missing::GoalWeights);
    let stuck = is_of(&demands.stuck).then_some(Missing::Raters);
    let compared = || {
        let (id, person) = (id.0.into(), person.0.into());
        let unit = unit.map(|unit| unit.0.into());
        unfinished(sessions).any(|it| session == Some(Key(it.id.uuid())))
            || to_come(sessions).any(|it| it.compares(id, unit, person))
    };
    let of_review = at.and_then(Missing::of_review);
    let missing = match (state, at) {
        // Without a manager, nobody can agree on what else is missing.
        (State::GoalSetting | State::Executing, _) if !manager_employed => Missing::Manager,
        (State::GoalSetting, _) if !counted => Missing::Goals,
        (State::GoalSetting, _) => unscored.unwrap_or(match (in_draft, submitted) {
            (true, _) => Missing::GoalSubmission,
            (false, true) => Missing::GoalApproval,
            (false, false) => Missing::GoalWeights,
        }),
        (State::Executing, _) => unscored.or(unweighed).unwrap_or(Missing::GoalChange),
        (_, _) if unfounded == Some(true) => Missing::Evidence,
        (State::Evaluating, Some(PendingSelf | PendingRaters | PendingManager)) => {
            let awaited = at == Some(PendingManager);
            let actual = awaited && unmeasured && demands.actuals_needed;
            let actual = actual.then_some(Missing::Actual);
            unscored.or(unweighed).or(stuck).or(actual).or(of_review).unwrap_or(Missing::GoalChange)
        }
        (State::Calibrating, Some(InCalibration)) if !graded => Missing::Grade,
        (State::Calibrating, Some(InCalibration)) if !compared() => Missing::Calibration,
        _ => of_review.unwrap_or(Missing::GoalChange),
    };
    Ok(Laggard {
        participant_id: id.0.into(),
        person: (person.0.into(), name),
        manager: manager.map(|id| id.0.into()).zip(boss),
        review_id: review.map(|id| id.0.into()),
        missing,
        open_changes: Vec::new(),
        person_employed,
        manager_employed,
        is_excepted: excepted == Some(true),
    })
}
