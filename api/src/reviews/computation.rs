//! Computes results: of one review when its rating is submitted, or of a whole cycle.

use super::drafts::Frame;
use super::results::ResultsComputation;
use crate::platform::caller::Actor;
use crate::platform::jobs::{JobView, SYNCHRONOUS_ROWS, Ticket, Work};
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::transition::{by_system, fault};
use crate::reviews::distribution::disclosed;
use chrono::NaiveDate;
use chrono_tz::Tz;
use domain::core::change::{Change, Record};
use domain::core::id::{CycleId, EmployeeId, GoalId, PolicyId, ReviewId};
use domain::core::text::TextEnum;
use domain::core::time::Timestamp;
use domain::cycles::dropped_dimension::DroppedDimension;
use domain::cycles::performance_policy::PolicyRules;
use domain::cycles::weight_adjustment::DepartmentWeights;
use domain::everyday::job::JobKind;
use domain::goals::goal::Goal;
use domain::policy::{Action, Subject};
use domain::reviews::form::{Results, Review};
use domain::reviews::result::{Case, Computed, DimensionScore, Faults, GoalRecord};
use domain::scoring::settings::Settings;
use domain::scoring::trace::Trace;
use domain::state::cycle;
use domain::state::goal;
use domain::state::review::State;
use persistence::{GoalFile, ReviewResults, Store};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// Number of reviews that are read, computed and saved together.
const STRETCH: i64 = 500;

/// The rules that results of a cycle are computed by.
#[derive(Clone, Copy)]
pub(super) struct Basis<'a> {
    /// Id of the cycle.
    pub cycle: CycleId,
    /// Id of the policy version.
    pub policy: PolicyId,
    /// Rules of the policy version.
    pub rules: &'a PolicyRules,
    /// Settings of the policy version.
    pub settings: &'a Settings,
    /// Dimensions left out, and proposals to leave dimensions out.
    pub dropped: &'a [DroppedDimension],
    /// Weights of departments that are in effect.
    pub department_weights: &'a [DepartmentWeights],
}

impl<'a> From<&'a Frame> for Basis<'a> {
    fn from(Frame { cycle, policy, settings, .. }: &'a Frame) -> Self {
        Self {
            cycle: cycle.id,
            policy: policy.id,
            rules: &policy.rules,
            settings,
            dropped: &cycle.dropped,
            department_weights: &cycle.department_weights,
        }
    }
}

/// The input for computing the results of a batch of people.
pub(super) struct Computation<'a> {
    basis: Basis<'a>,
    /// Goals, sorted by owner.
    pub goals: Vec<GoalFile>,
    teams: HashMap<EmployeeId, Vec<Decimal>>,
}

impl<'a> Computation<'a> {
    /// The input for the result of one person, who may answer for the reviews of others.
    pub(super) fn of_one(
        store: &mut dyn Store,
        basis: impl Into<Basis<'a>>,
        review: &Review,
        leads: bool,
    ) -> Result<Self, Refusal> {
        let people = [review.employee_id];
        Self::of(store, basis.into(), &people, if leads { &people } else { &[] })
    }

    /// The input for the results of these people, with the team totals of the leaders among them.
    fn of(
        store: &mut dyn Store,
        basis: Basis<'a>,
        people: &[EmployeeId],
        leaders: &[EmployeeId],
    ) -> Result<Self, Refusal> {
        let goals = store.goals_of(basis.cycle, people)?;
        let teams = if leaders.is_empty() {
            HashMap::new()
        } else {
            store.team_totals(basis.cycle, leaders)?
        };
        Ok(Self { basis, goals, teams })
    }

    /// The goals of one person; goals are sorted by owner.
    fn goals_of(&self, owner: EmployeeId) -> &[GoalFile] {
        let start = self.goals.partition_point(|file| file.goal.owner_id < owner);
        let end = self.goals.partition_point(|file| file.goal.owner_id <= owner);
        &self.goals[start..end]
    }

    /// The days on which check-ins on the person's goals in the cycle were entered. Withdrawn ones do
    /// not count.
    pub(super) fn process_records(&self, person: EmployeeId, zone: Tz) -> Vec<NaiveDate> {
        let check_ins = self.goals_of(person).iter().flat_map(|file| &file.check_ins);
        let counted = check_ins.filter(|check_in| check_in.withdrawal.is_none());
        counted.map(|it| it.created_at.with_timezone(&zone).date_naive()).collect()
    }

    fn case<'c>(&'c self, review: &'c Review) -> Result<Case<'c>, Refusal> {
        let missing = || Refusal::Internal(format!("review {} has no population", review.id));
        let record = |file: &'c GoalFile| {
            let GoalFile { goal, revisions, measurements, check_ins } = file;
            GoalRecord { goal, revisions, measurements, check_ins }
        };
        Ok(Case {
            settings: self.basis.settings,
            population: self.basis.rules.population(&review.population).ok_or_else(missing)?,
            goals: self.goals_of(review.employee_id).iter().map(record).collect(),
            self_review: &review.self_review,
            manager_review: &review.manager_review,
            veto: review.results.veto_grade,
            dropped: self.basis.dropped,
            filed: DepartmentWeights::of(
                self.basis.department_weights,
                review.department_id,
                &review.population,
            ),
            team: self.teams.get(&review.employee_id).map(Vec::as_slice).unwrap_or_default(),
        })
    }

    /// Everything that is missing for the performance total of a review.
    pub(super) fn faults_of_goals(&self, review: &Review) -> Result<Faults, Refusal> {
        let case = self.case(review)?;
        let counted = case.has_performance().then(|| case.performance());
        Ok(counted.and_then(Result::err).unwrap_or_default())
    }

    /// How far each dimension of a review is scored.
    pub(super) fn so_far(&self, review: &Review) -> Result<Vec<DimensionScore>, Refusal> {
        Ok(self.case(review)?.so_far())
    }

    /// The result of one review, or everything that is missing for it.
    pub(super) fn result(&self, review: &Review) -> Result<Result<Computed, Faults>, Refusal> {
        Ok(self.case(review)?.result())
    }
}

/// The faults that prevent a result from being computed, as violations for the client.
pub(super) fn fault_violations(faults: &Faults) -> Vec<Violation> {
    faults.iter().map(|(place, error)| fault(place.clone(), error)).collect()
}

/// The goals whose score has changed, with the new score.
pub(super) fn scored(
    files: &[GoalFile],
    scores: &[(GoalId, Decimal)],
    now: Timestamp,
    rule: &'static str,
) -> Result<Vec<Change<Goal>>, Refusal> {
    let scores: HashMap<_, _> = scores.iter().copied().collect();
    let mut changes = Vec::new();
    for GoalFile { goal, .. } in files {
        let Some(score) = scores.get(&goal.id).copied() else { continue };
        let state = match goal.state {
            goal::State::Active | goal::State::Completed => {
                let facts = goal::Facts { evaluation_open: true, ..goal::Facts::default() };
                by_system(goal.state, goal::Event::Score, &facts)?
            }
            // While a change request is pending, the signed content is scored.
            other => other,
        };
        if state == goal.state && goal.score == Some(score) {
            continue;
        }
        let record = Record::new("goal.scored", goal.id, rule)
            .transition(goal.state.as_str(), state.as_str());
        let scored_from = if state == goal.state { goal.scored_from } else { Some(goal.state) };
        let after = Goal { score: Some(score), scored_from, ..goal.clone() };
        changes.push(Change::new(in_state(after, state, now), record));
    }
    Ok(changes)
}

/// The goals without their scores, back in the state before scoring, for a review whose rating is
/// reopened.
pub(super) fn freed(
    files: &[GoalFile],
    now: Timestamp,
    rule: &'static str,
) -> Result<Vec<Change<Goal>>, Refusal> {
    let facts = goal::Facts { rating_reopened: true, ..goal::Facts::default() };
    let scored = files.iter().map(|file| &file.goal).filter(|goal| goal.score.is_some());
    let change = |goal: &Goal| {
        let event = match goal.scored_from {
            Some(goal::State::Completed) => goal::Event::ReopenCompleted,
            _ => goal::Event::Reopen,
        };
        let state = match goal.state {
            goal::State::Scored => by_system(goal.state, event, &facts)?,
            // A pending change request stays pending.
            other => other,
        };
        let record = Record::new("goal.reopened", goal.id, rule)
            .transition(goal.state.as_str(), state.as_str());
        let after = Goal { score: None, scored_from: None, ..goal.clone() };
        Ok(Change::new(in_state(after, state, now), record))
    };
    scored.map(change).collect()
}

/// A goal in a state. If only the score changes, version and time of change stay as they are,
/// because the owner could notice a change of these.
fn in_state(goal: Goal, state: goal::State, now: Timestamp) -> Goal {
    if state == goal.state {
        return goal;
    }
    Goal { state, version: goal.version + 1, updated_at: now, ..goal }
}

/// A request to compute the results of a cycle.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResultsOrder {
    /// Id of the cycle.
    pub cycle: CycleId,
}

/// The job that computes the results of a cycle.
pub struct ResultsWork;

impl Work for ResultsWork {
    const KIND: JobKind = JobKind::ResultComputation;
    type Input = ResultsOrder;
    type Output = ResultsComputation;

    fn run(
        store: &mut dyn Store,
        actor: &Actor,
        input: &Self::Input,
        progress: &dyn Fn(usize),
    ) -> Result<ResultsComputation, Refusal> {
        let (frame, rule) = prepare(store, actor, input.cycle)?;
        compute(store, actor, &frame, rule, progress)
    }

    fn shown_to(output: ResultsComputation, subject: &Subject) -> ResultsComputation {
        output.shown_to(subject)
    }
}

/// Answer to a request to compute results.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Answer {
    /// The results are computed.
    Done(ResultsComputation),
    /// A job computes them.
    Job(Box<JobView>),
}

/// Computes the results of a cycle: at once, or as a job for many people.
pub(super) fn compute_results(
    store: &mut dyn Store,
    actor: &Actor,
    order: &ResultsOrder,
    ticket: &Ticket,
) -> Result<Reply<Answer>, Refusal> {
    let (frame, rule) = prepare(store, actor, order.cycle)?;
    let people = usize::try_from(store.headcount(order.cycle)?.participants).unwrap_or_default();
    if people > SYNCHRONOUS_ROWS {
        let job = ticket.submit::<ResultsWork>(store, actor, rule, people, order)?;
        return Ok(Reply::accepted(Answer::Job(Box::new(job)), 1, ticket.location()));
    }
    let told = compute(store, actor, &frame, rule, &|_| ())?.shown_to(&actor.subject);
    Ok(Reply::done(Answer::Done(told)))
}

fn prepare(
    store: &mut dyn Store,
    actor: &Actor,
    id: CycleId,
) -> Result<(Frame, &'static str), Refusal> {
    let sealed = store.hold_cycle(id)?;
    let (cycle, _) = actor.show(store, Action::CycleRead, sealed)?;
    let permit = actor.may(Action::ReviewSteer)?;
    let cycle = cycle.whole()?;
    if !matches!(cycle.state, cycle::State::Evaluating | cycle::State::Calibrating) {
        return Err(Refusal::GuardFailed(vec![Violation::new("", "evaluation_open")]));
    }
    Ok((Frame::within(store, actor, cycle)?, permit.rule()))
}

/// The changes that a batch leads to.
#[derive(Default)]
pub(super) struct Sheet {
    changes: Vec<Change<ReviewResults>>,
    traces: Vec<(ReviewId, Trace)>,
    goals: Vec<Change<Goal>>,
}

impl Sheet {
    /// Adds new results of a review, unless they are the same as before.
    fn note(&mut self, review: &Review, results: Results, rule: &'static str) {
        if results != review.results {
            let record = Record::new("review.result_computed", review.id, rule);
            let after = ReviewResults { results, ..ReviewResults::from(review) };
            self.changes.push(Change::new(after, record));
        }
    }

    /// Adds a completely computed result, with the scores of its goals.
    pub(super) fn add(
        &mut self,
        review: &Review,
        goals: &[GoalFile],
        computed: Computed,
        now: Timestamp,
        rule: &'static str,
    ) -> Result<(), Refusal> {
        self.goals.extend(scored(goals, &computed.goals, now, rule)?);
        self.note(review, review.results.computed_again(&computed.results), rule);
        self.traces.push((review.id, computed.trace));
        Ok(())
    }

    /// Saves all changes.
    pub(super) fn save(self, store: &mut dyn Store, policy: PolicyId) -> Result<(), Refusal> {
        store.save_results(self.changes)?;
        let traces: Vec<_> = self.traces.iter().map(|(id, trace)| (*id, trace)).collect();
        store.add_traces(policy, &traces)?;
        Ok(store.score_goals(self.goals)?)
    }
}

/// Computes all results of a cycle. Team leaders come last, because their results need the totals
/// of their teams.
fn compute(
    store: &mut dyn Store,
    actor: &Actor,
    frame: &Frame,
    rule: &'static str,
    progress: &dyn Fn(usize),
) -> Result<ResultsComputation, Refusal> {
    let blends = frame.settings.manager.team_lambda.is_positive();
    let leaders = if blends { store.team_leaders(frame.cycle.id)? } else { HashSet::new() };
    // People who could infer their own result from the sums are left out of the sums.
    let mut apart = disclosed::overseers(store, actor, frame.cycle.id)?;
    apart.extend(actor.subject.persons());
    let mut told = ResultsComputation::without(apart);
    let mut done = 0;
    let mut after = None;
    loop {
        let reviews = store.reviews_of(frame.cycle.id, after, STRETCH)?;
        let Some(last) = reviews.last() else { break };
        after = Some(last.participant_id);
        done += reviews.len();
        let people: Vec<_> = reviews.iter().map(|review| review.employee_id).collect();
        let computation = Computation::of(store, frame.into(), &people, &[])?;
        let later = |review: &Review| leaders.contains(&review.employee_id);
        settle(store, actor, rule, &computation, reviews, later, &mut told)?;
        progress(done);
    }
    let mut leaders: Vec<_> = leaders.into_iter().collect();
    leaders.sort_unstable();
    for some in leaders.chunks(usize::try_from(STRETCH).unwrap_or(1)) {
        let reviews = store.reviews_about(frame.cycle.id, some)?;
        let computation = Computation::of(store, frame.into(), some, some)?;
        let reviews = reviews.into_iter().filter(is_handed_in).collect();
        settle(store, actor, rule, &computation, reviews, |_| false, &mut told)?;
    }
    let record = Record::new("cycle.results_computed", frame.cycle.id, rule).field(
        "computed",
        None::<usize>,
        told.computed,
    );
    store.note(record)?;
    Ok(told)
}

/// Whether the rating is submitted and no session has moved the grade.
fn is_handed_in(review: &Review) -> bool {
    matches!(review.state, State::SecondReview | State::InCalibration)
        && review.results.calibrated_grade.is_none()
}

/// Whether the rating is not submitted yet.
fn is_pending(review: &Review) -> bool {
    matches!(review.state, State::PendingSelf | State::PendingRaters | State::PendingManager)
}

/// Computes a batch of reviews and saves what has changed. For reviews that are computed later and
/// those without a submitted rating, only the performance total is computed.
fn settle(
    store: &mut dyn Store,
    actor: &Actor,
    rule: &'static str,
    computation: &Computation<'_>,
    reviews: Vec<Review>,
    later: impl Fn(&Review) -> bool,
    told: &mut ResultsComputation,
) -> Result<(), Refusal> {
    let mut sheet = Sheet::default();
    for review in &reviews {
        let (pending, later) = (is_pending(review), later(review));
        let whole = is_handed_in(review) && !later;
        let case = computation.case(review)?;
        if !whole && !(case.has_performance() && (pending || is_handed_in(review))) {
            continue;
        }
        let computed = if whole { case.result() } else { case.performance() };
        match computed {
            // The faults of reviews computed later are reported when they are computed.
            Err(faults) if whole || pending => told.fail(review, &faults),
            Err(_) => {}
            Ok(computed) if whole => {
                told.computed += usize::from(told.counts_review(review));
                let files = computation.goals_of(review.employee_id);
                sheet.add(review, files, computed, actor.now, rule)?;
            }
            Ok(computed) => {
                told.waiting += usize::from(pending && told.counts_review(review));
                let performance = computed.results.performance;
                sheet.note(review, Results { performance, ..review.results.clone() }, rule);
            }
        }
    }
    sheet.save(store, computation.basis.policy)
}
