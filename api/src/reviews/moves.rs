//! How a review moves: what is demanded, and what follows.

use super::computation::{Computation, faults_told, scored};
use super::drafts::{Frame, require_open};
use super::recomputation;
use super::sight::{Opened, Sight, admit};
use super::views::{ReturnTo, ReviewView};
use crate::platform::caller::{Actor, Seen};
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::transition::{self, fire};
use chrono::NaiveDate;
use domain::calendar::{Period, WorkCalendar};
use domain::change::{Change, Record};
use domain::id::ReviewId;
use domain::performance_policy::Population;
use domain::review::action::ReviewAction;
use domain::review::form::{Review, ReviewPart, ReviewWarning};
use domain::review::rater::RaterType;
use domain::settings::Enforce;
use domain::state::Signature;
use domain::state::review::{Event, Facts, Guard, State};
use domain::text::TextEnum;
use domain::time;
use persistence::Store;

/// A transition that somebody has asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// Of which review.
    pub review: ReviewId,
    /// What of it they have seen.
    pub seen: Seen,
    /// Which one.
    pub action: ReviewAction,
    /// Why, or what the person has to say.
    pub text: Option<String>,
    /// To whom something is given back.
    pub to: Option<ReturnTo>,
}

impl Order {
    fn event(&self) -> Result<Event, Refusal> {
        let event = match self.to {
            Some(ReturnTo::Manager) => Some(&Event::ReturnToManager),
            Some(ReturnTo::Person) | None => self.action.events().first(),
        };
        let none = || Refusal::Internal(format!("{} is no transition", self.action));
        event.copied().ok_or_else(none)
    }
}

/// A transition being made.
struct Step<'a> {
    order: &'a Order,
    review: Review,
    signed: Vec<Signature>,
    allowed: Vec<&'static str>,
    rule: &'static str,
}

/// What a transition looks at, with everything that speaks against it by itself. A guard that does
/// not hold is told by these where there are any.
#[derive(Default)]
struct Findings {
    facts: Facts,
    unfounded: Vec<Violation>,
    missing: Vec<Violation>,
}

/// Moves a review on.
pub fn transit(
    store: &mut dyn Store,
    actor: &Actor,
    order: &Order,
) -> Result<Reply<ReviewView>, Refusal> {
    let sealed = store.lock_review(order.review)?;
    let Opened { review, standing, rule } = admit(store, actor, sealed, order.action)?;
    let view = ReviewView::new(actor, &review, &standing);
    if hands_in(order.action) {
        order.seen.check_all(review.version, &view)?;
    } else {
        order.seen.check(review.version)?;
    }
    if order.action.needs_evaluation() {
        require_open(&review)?;
    }
    let person = actor.subject.principal.id();
    let seats = Sight::new(actor, &review, standing.relations).seats;
    let mut signed: Vec<_> = seats.into_iter().map(|actor| Signature { person, actor }).collect();
    if order.action == ReviewAction::RatersClosure {
        signed = vec![Signature::SYSTEM];
    }
    let allowed = view.allowed_actions.iter().map(|action| action.as_str()).collect();
    let step = Step { order, review, signed, allowed, rule };
    let review = match order.action {
        ReviewAction::SelfReviewSubmission => step.submit_self(store, actor)?,
        ReviewAction::Skip => step.skip_self(store, actor)?,
        ReviewAction::RatersClosure => step.close_raters(store, actor)?,
        ReviewAction::ManagerReviewSubmission => step.submit_manager(store, actor)?,
        _ => step.simple(store, actor)?,
    };
    let version = review.version;
    Ok(Reply::changed(ReviewView::new(actor, &review, &standing), version))
}

/// Whether an action hands in what is written: only what the caller has seen is handed in.
fn hands_in(action: ReviewAction) -> bool {
    matches!(action, ReviewAction::SelfReviewSubmission | ReviewAction::ManagerReviewSubmission)
}

impl Step<'_> {
    /// Where the event leads.
    fn fire(&self, findings: Findings) -> Result<State, Refusal> {
        let Findings { facts, unfounded, missing } = findings;
        let event = self.order.event()?;
        fire(self.review.state, event, &self.signed, &facts, &self.allowed, |_| None).map_err(
            |refusal| match refusal {
                Refusal::GuardFailed(violations) => {
                    Refusal::GuardFailed(in_detail(violations, unfounded, missing))
                }
                other => other,
            },
        )
    }

    /// Saves the review in its next state.
    fn save(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        after: Review,
        state: State,
    ) -> Result<Review, Refusal> {
        let after =
            Review { state, version: self.review.version + 1, updated_at: actor.now, ..after };
        let mut record = Record::new(told(self.order.event()?), after.id, self.rule)
            .transition(self.review.state.as_str(), state.as_str());
        if self.order.action != ReviewAction::Disagreement {
            record.reason.clone_from(&self.order.text);
        }
        store.update_review(Change::new(after.clone(), record))?;
        Ok(after)
    }

    fn submit_self(self, store: &mut dyn Store, actor: &Actor) -> Result<Review, Refusal> {
        let frame = Frame::of(store, actor, &self.review)?;
        let population = frame.population(&self.review)?;
        let part = &self.review.self_review;
        let period = frame.cycle.period.until(actor.today);
        let mut findings = Findings::of(part, "/self_review", population, period);
        findings.facts.missing_settled = findings.missing.is_empty();
        let state = after_raters(self.fire(findings)?, population)?;
        let self_review = part.clone().submitted(actor.now, Vec::new());
        self.save(store, actor, Review { self_review, ..self.review.clone() }, state)
    }

    fn skip_self(self, store: &mut dyn Store, actor: &Actor) -> Result<Review, Refusal> {
        let frame = Frame::of(store, actor, &self.review)?;
        let overdue = workdays_since(frame.cycle.schedule.self_review_due, actor.today);
        let left = store.not_employed(&[self.review.employee_id], actor.today)?;
        let facts = Facts {
            self_overdue_workdays: overdue,
            person_left: !left.is_empty(),
            ..Facts::default()
        };
        let fired = self.fire(Findings { facts, ..Findings::default() })?;
        let state = after_raters(fired, frame.population(&self.review)?)?;
        let self_review = ReviewPart { skipped: true, ..self.review.self_review.clone() };
        self.save(store, actor, Review { self_review, ..self.review.clone() }, state)
    }

    fn close_raters(self, store: &mut dyn Store, actor: &Actor) -> Result<Review, Refusal> {
        let frame = Frame::of(store, actor, &self.review)?;
        let facts = Facts {
            raters_due: actor.today >= frame.cycle.schedule.rater_due,
            raters_all_in: !waits_for_raters(frame.population(&self.review)?),
            ..Facts::default()
        };
        let state = self.fire(Findings { facts, ..Findings::default() })?;
        self.save(store, actor, self.review.clone(), state)
    }

    /// Hands the rating in and computes the result, in one transaction.
    fn submit_manager(self, store: &mut dyn Store, actor: &Actor) -> Result<Review, Refusal> {
        let frame = Frame::of(store, actor, &self.review)?;
        let population = frame.population(&self.review)?;
        let part = &self.review.manager_review;
        let period = frame.cycle.period.until(actor.today);
        let mut findings = Findings::of(part, "/manager_review", population, period);
        let computation = Computation::of_one(store, &frame, &self.review)?;
        let recorded = computation.has_process_records(self.review.employee_id);
        // What is computed without a rating is told by the rating that is missing.
        let computed = if findings.missing.is_empty() {
            let computed = computation.result(&self.review)?;
            computed.map_err(|faults| findings.missing = faults_told(&faults)).ok()
        } else {
            None
        };
        let grade = computed.as_ref().and_then(|computed| computed.results.computed_grade);
        if let Some(error) = grade.and_then(|grade| part.check_final(grade, period).err()) {
            findings.unfounded.push(transition::fault("/manager_review", &error));
            findings.facts.evidence_present = false;
        }
        findings.facts = Facts {
            missing_settled: computed.is_some(),
            process_records: recorded || frame.policy.rules.process_records == Enforce::Warn,
            rated_by_another: actor.subject.employee_id != Some(self.review.employee_id),
            ..findings.facts
        };
        let state = self.fire(findings)?;
        let Some(computed) = computed else {
            return Err(Refusal::Internal("a result that was not computed was let pass".into()));
        };
        let warning = (!recorded).then_some(ReviewWarning::NoProcessRecords);
        let after = Review {
            manager_review: part.clone().submitted(actor.now, warning.into_iter().collect()),
            is_founded: part.bears_extremes(period),
            results: self.review.results.computed_again(&computed.results),
            ..self.review.clone()
        };
        let state = if second_look(store, actor, &frame, &self.review)? {
            state
        } else {
            let facts = Facts { second_review_off: true, ..Facts::default() };
            fire(state, Event::SkipSecond, &[Signature::SYSTEM], &facts, &[], |_| None)?
        };
        let after = recomputation::into_session(store, after, state)?;
        let after = self.save(store, actor, after, state)?;
        store.add_traces(frame.policy.id, &[(after.id, &computed.trace)])?;
        store.score_goals(scored(&computation.goals, &computed.goals, actor.now, self.rule)?)?;
        recomputation::lead(store, actor, &frame, after.manager_id, self.rule)?;
        Ok(after)
    }

    /// What demands no more than a word, and changes no more than a word.
    fn simple(self, store: &mut dyn Store, actor: &Actor) -> Result<Review, Refusal> {
        let review = &self.review;
        let facts = Facts {
            reason_given: self.order.text.is_some(),
            grade_unmoved: review.results.calibrated_grade.is_none(),
            rated_by_another: actor.subject.employee_id != Some(review.employee_id),
            ..Facts::default()
        };
        let state = self.fire(Findings { facts, ..Findings::default() })?;
        let mut after = recomputation::into_session(store, review.clone(), state)?;
        let text = self.order.text.clone();
        let event = self.order.event()?;
        match event {
            Event::ReturnToSelf => {
                after.self_review = after.self_review.returned(text);
                after.manager_review = after.manager_review.returned(None);
            }
            Event::ReturnToManager | Event::Reopen => {
                after.manager_review = after.manager_review.returned(text);
            }
            Event::Acknowledge => after.acknowledged_at = Some(actor.now),
            Event::Disagree => {
                after.acknowledged_at = Some(actor.now);
                after.disagreement = text;
            }
            _ => {}
        }
        let is_taken_up =
            matches!(event, Event::ReturnToSelf | Event::ReturnToManager | Event::Reopen);
        if is_taken_up {
            after.is_founded = false;
            after.results = after.results.without_rating();
            recomputation::set_free(store, actor, &after, self.rule)?;
        }
        let after = self.save(store, actor, after, state)?;
        if is_taken_up {
            let frame = Frame::of(store, actor, &after)?;
            recomputation::lead(store, actor, &frame, after.manager_id, self.rule)?;
        }
        Ok(after)
    }
}

impl Findings {
    /// What is missing from something handed in, and which ratings are not founded.
    fn of(part: &ReviewPart, place: &str, population: &Population, period: Period) -> Self {
        let missing = population.rated().filter(|rule| part.rating(&rule.code).is_none());
        let unfounded: Vec<_> = part
            .unfounded(period)
            .into_iter()
            .map(|(at, error)| transition::fault(format!("{place}/ratings/{at}"), &error))
            .collect();
        Self {
            facts: Facts { evidence_present: unfounded.is_empty(), ..Facts::default() },
            unfounded,
            missing: missing
                .map(|rule| {
                    let pointer = format!("{place}/ratings");
                    Violation::new(pointer, "rating_missing").with("value", &rule.code)
                })
                .collect(),
        }
    }
}

/// Guards that do not hold, those that look at many things told one by one.
fn in_detail(
    violations: Vec<Violation>,
    unfounded: Vec<Violation>,
    missing: Vec<Violation>,
) -> Vec<Violation> {
    let (mut unfounded, mut missing) = (unfounded, missing);
    let mut told = Vec::new();
    for violation in violations {
        if violation.code == Guard::EvidencePresent.as_str() {
            told.append(&mut unfounded);
        } else if violation.code == Guard::MissingSettled.as_str() {
            told.append(&mut missing);
        } else {
            told.push(violation);
        }
    }
    told
}

/// The state behind the raters' window, which closes by itself where nobody else rates.
fn after_raters(state: State, population: &Population) -> Result<State, Refusal> {
    if state != State::PendingRaters || waits_for_raters(population) {
        return Ok(state);
    }
    let facts = Facts { raters_all_in: true, ..Facts::default() };
    fire(state, Event::CloseRaters, &[Signature::SYSTEM], &facts, &[], |_| None)
}

/// Whether anybody but the person and the manager rates.
fn waits_for_raters(population: &Population) -> bool {
    let mut raters = population.rated().flat_map(|rule| rule.raters.keys());
    raters.any(|rater| !matches!(rater, RaterType::Oneself | RaterType::Manager))
}

/// Whether somebody above the responsible manager looks at the rating.
fn second_look(
    store: &mut dyn Store,
    actor: &Actor,
    frame: &Frame,
    review: &Review,
) -> Result<bool, Refusal> {
    let Some(manager) = review.manager_id.filter(|_| frame.settings.review.second_review) else {
        return Ok(false);
    };
    let today = time::Period { start: actor.today, end: Some(actor.today) };
    let line = store.managers_above(manager, None, today)?;
    Ok(line.iter().any(|step| step.node != manager))
}

/// Working days behind a day, up to and including another.
fn workdays_since(due: NaiveDate, today: NaiveDate) -> u32 {
    let behind = due.succ_opt().and_then(|first| Period::new(first, today).ok());
    let days = behind.map_or(0, |period| WorkCalendar::default().workdays(period));
    u32::try_from(days).unwrap_or(u32::MAX)
}

/// What is recorded of an event.
pub fn told(event: Event) -> &'static str {
    match event {
        Event::SubmitSelf => "review.self_review_submitted",
        Event::SkipSelf => "review.self_review_skipped",
        Event::CloseRaters => "review.raters_closed",
        Event::SubmitManager => "review.rating_submitted",
        Event::ApproveSecond | Event::SkipSecond => "review.rating_confirmed",
        Event::ReturnToSelf => "review.self_review_returned",
        Event::ReturnToManager => "review.rating_returned",
        Event::Reopen => "review.rating_reopened",
        Event::Finalise => "review.calibrated",
        Event::Publish => "review.published",
        Event::Acknowledge => "review.acknowledged",
        Event::Disagree => "review.disagreed",
        Event::Conclude => "review.concluded",
    }
}
