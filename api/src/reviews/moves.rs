//! Transitions of a review: what each requires and what follows from it.

use super::computation::{Computation, fault_violations, scored};
use super::drafts::{Frame, require_open};
use super::recomputation;
use super::sight::{Opened, ReviewAccess, admit};
use super::views::{ReturnTo, ReviewView};
use crate::platform::caller::Actor;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::seen::Seen;
use crate::platform::transition::{Findings, Passage, Transition, by_system, fault};
use crate::platform::words::Told;
use chrono::NaiveDate;
use domain::core::calendar::{Period, WorkCalendar};
use domain::core::change::{Change, Record};
use domain::core::id::ReviewId;
use domain::core::text::TextEnum;
use domain::core::time;
use domain::cycles::performance_policy::Population;
use domain::reviews::action::ReviewAction;
use domain::reviews::form::{Review, ReviewPart, ReviewWarning};
use domain::reviews::process_records::{RecordGaps, RecordVerdict, record_gaps};
use domain::reviews::result::Computed;
use domain::scoring::review::rater::RaterType;
use domain::state::review::{Event, Facts, Guard, State};
use domain::state::{Moving, Seat, Seating};
use persistence::{GoalFile, Store};

/// A requested transition.
#[derive(Clone, Debug)]
pub struct ReviewTransition {
    /// Id of the review.
    pub review: ReviewId,
    /// Version or full ETag that the caller has read.
    pub seen: Seen,
    /// The requested action.
    pub action: ReviewAction,
    /// Reason, or the statement of the person.
    pub text: Option<String>,
    /// For a return: who gets the review back.
    pub to: Option<ReturnTo>,
}

impl ReviewTransition {
    /// Whether the action submits written content, which the caller must have read in its current
    /// form.
    fn hands_in(&self) -> bool {
        use ReviewAction::{ManagerReviewSubmission, SelfReviewSubmission};
        matches!(self.action, SelfReviewSubmission | ManagerReviewSubmission)
    }
}

/// Findings besides the facts for the guards.
#[derive(Default)]
pub struct Found {
    /// Whether others than the person and the manager rate.
    raters_follow: bool,
    /// The computed result, if a rating is submitted.
    rated: Option<Rated>,
}

/// The outcome of a submitted rating.
struct Rated {
    frame: Frame,
    goals: Vec<GoalFile>,
    computed: Computed,
    part: ReviewPart,
    is_founded: bool,
}

impl Transition for ReviewTransition {
    type State = State;
    type Opened = Opened;
    type Found = Found;
    type Output = Reply<ReviewView>;

    fn open(&self, store: &mut dyn Store, actor: &Actor) -> Result<Opened, Refusal> {
        if self.action != ReviewAction::ManagerReviewSubmission {
            let sealed = store.lock_review(self.review)?;
            return admit(store, actor, sealed, self.action);
        }
        let (sealed, managers) = store.lock_review_and_managers(self.review)?.unzip();
        let opened = admit(store, actor, sealed, self.action)?;
        Ok(Opened { managers: managers.flatten(), ..opened })
    }

    fn check_seen(&self, actor: &Actor, opened: &Opened) -> Result<(), Refusal> {
        let Opened { review, standing, .. } = opened;
        if self.hands_in() {
            self.seen.check_all(review.version, &ReviewView::new(actor, review, standing))?;
        } else {
            self.seen.check(review.version)?;
        }
        if self.action.needs_evaluation() { require_open(review) } else { Ok(()) }
    }

    fn state(&self, opened: &Opened) -> State {
        opened.review.state
    }

    fn event(&self) -> Option<Event> {
        match self.to {
            Some(ReturnTo::Manager) => Some(Event::ReturnToManager),
            Some(ReturnTo::Person) | None => Review::events(self.action).first().copied(),
        }
    }

    fn offered(&self, actor: &Actor, opened: &Opened) -> Vec<Told> {
        let sight = ReviewAccess::new(actor, &opened.review, opened.standing.relations);
        Told::all(sight.offered(&opened.review))
    }

    fn seating(&self, actor: &Actor, opened: &Opened) -> Seating<Event> {
        let sight = ReviewAccess::new(actor, &opened.review, opened.standing.relations);
        let mut seating = sight.seating;
        // The window is closed by the system; from the due date on, HR may trigger it.
        if self.action == ReviewAction::RatersClosure && seating.seats.contains(&Seat::Hr) {
            seating.seats.push(Seat::System);
        }
        seating
    }

    fn look(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        opened: &mut Opened,
    ) -> Result<Findings<Self>, Refusal> {
        let review = &opened.review;
        match self.action {
            ReviewAction::SelfReviewSubmission => look_at_self(store, actor, review),
            ReviewAction::Skip => look_at_overdue(store, actor, review),
            ReviewAction::RatersClosure => look_at_raters(store, actor, review),
            ReviewAction::ManagerReviewSubmission => look_at_rating(store, actor, review),
            _ => {
                let facts = Facts {
                    reason_given: self.text.is_some(),
                    grade_unmoved: review.results.calibrated_grade.is_none(),
                    rated_by_another: actor.subject.employee_id != Some(review.employee_id),
                    ..Facts::default()
                };
                Ok(Findings::new(facts, Found::default()))
            }
        }
    }

    fn follow(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        passage: Passage<Self>,
    ) -> Result<Reply<ReviewView>, Refusal> {
        let Passage { opened, found, event, to, .. } = passage;
        let Opened { review, standing, rule, managers } = opened;
        let mut after = review.clone();
        let mut state = to;
        match event {
            Event::SubmitSelf => {
                after.self_review = after.self_review.submitted(actor.now, Vec::new());
            }
            Event::SkipSelf => after.self_review.skipped = true,
            Event::ReturnToSelf => {
                after.self_review = after.self_review.returned(self.text.clone());
                after.manager_review = after.manager_review.returned(None);
            }
            Event::ReturnToManager | Event::Reopen => {
                after.manager_review = after.manager_review.returned(self.text.clone());
            }
            Event::Acknowledge => after.acknowledged_at = Some(actor.now),
            Event::Disagree => {
                after.acknowledged_at = Some(actor.now);
                after.disagreement = self.text.clone();
            }
            _ => {}
        }
        if state == State::PendingRaters && !found.raters_follow {
            let facts = Facts { raters_all_in: true, ..Facts::default() };
            state = by_system(state, Event::CloseRaters, &facts)?;
        }
        let is_taken_up =
            matches!(event, Event::ReturnToSelf | Event::ReturnToManager | Event::Reopen);
        if is_taken_up {
            after.is_founded = false;
            after.results = after.results.without_rating();
            recomputation::set_free(store, actor, &after, rule)?;
        }
        if let Some(Rated { frame, computed, part, is_founded, .. }) = &found.rated {
            after.manager_review = part.clone();
            after.is_founded = *is_founded;
            after.results = review.results.computed_again(&computed.results);
            if !second_look(store, actor, frame, &review)? {
                let facts = Facts { second_review_off: true, ..Facts::default() };
                state = by_system(state, Event::SkipSecond, &facts)?;
            }
        }
        let in_session = found.rated.as_ref().is_none_or(|rated| rated.frame.in_session);
        let after = match in_session {
            true => recomputation::into_session(store, after, state)?,
            false => after,
        };
        let version = review.version + 1;
        let after = Review { state, version, updated_at: actor.now, ..after };
        let mut record = Record::new(recorded(event), after.id, rule)
            .transition(review.state.as_str(), state.as_str());
        if self.action != ReviewAction::Disagreement {
            record.reason.clone_from(&self.text);
        }
        store.update_review(Change::new(after.clone(), record))?;
        if let Some(Rated { frame, goals, computed, .. }) = &found.rated {
            store.add_traces(frame.policy.id, &[(after.id, &computed.trace)])?;
            store.score_goals(scored(goals, &computed.goals, actor.now, rule)?)?;
            recomputation::lead_held(store, actor, frame, managers.as_ref(), rule)?;
        }
        if is_taken_up {
            let frame = Frame::of(store, actor, &after)?;
            recomputation::lead(store, actor, &frame, after.manager_id, rule)?;
        }
        Ok(Reply::changed(ReviewView::new(actor, &after, &standing), version))
    }
}

/// Facts for submitting a self-review.
fn look_at_self(
    store: &mut dyn Store,
    actor: &Actor,
    review: &Review,
) -> Result<Findings<ReviewTransition>, Refusal> {
    let frame = Frame::of(store, actor, review)?;
    let population = frame.population(review)?;
    let period = frame.cycle.period.until(actor.today);
    let mut findings = of_part(&review.self_review, "/self_review", population, period);
    findings.found.raters_follow = raters_follow(population);
    Ok(findings)
}

/// Facts for skipping a self-review.
fn look_at_overdue(
    store: &mut dyn Store,
    actor: &Actor,
    review: &Review,
) -> Result<Findings<ReviewTransition>, Refusal> {
    let frame = Frame::of(store, actor, review)?;
    let left = store.not_employed(&[review.employee_id], actor.today)?;
    let facts = Facts {
        self_overdue_workdays: workdays_since(frame.cycle.schedule.self_review_due, actor.today),
        person_left: !left.is_empty(),
        ..Facts::default()
    };
    let raters_follow = raters_follow(frame.population(review)?);
    Ok(Findings::new(facts, Found { raters_follow, ..Found::default() }))
}

/// Facts for closing the raters' window.
fn look_at_raters(
    store: &mut dyn Store,
    actor: &Actor,
    review: &Review,
) -> Result<Findings<ReviewTransition>, Refusal> {
    let frame = Frame::of(store, actor, review)?;
    let facts = Facts {
        raters_due: actor.today >= frame.cycle.schedule.rater_due,
        raters_all_in: !raters_follow(frame.population(review)?),
        ..Facts::default()
    };
    Ok(Findings::new(facts, Found::default()))
}

/// Facts for submitting a rating, with the computed result.
fn look_at_rating(
    store: &mut dyn Store,
    actor: &Actor,
    review: &Review,
) -> Result<Findings<ReviewTransition>, Refusal> {
    let frame = Frame::of(store, actor, review)?;
    let computation = Computation::of_one(store, &frame, review, frame.leads)?;
    let Judged { mut findings, computed, warnings } =
        judge(store, actor, review, &frame, &computation)?;
    let Some(computed) = computed else { return Ok(findings) };
    let part = review.manager_review.clone().submitted(actor.now, warnings);
    let is_founded = part.bears_extremes(frame.cycle.period.until(actor.today));
    let goals = computation.goals;
    findings.found.rated = Some(Rated { frame, goals, computed, part, is_founded });
    Ok(findings)
}

/// A rating as its submission finds it.
pub(super) struct Judged {
    /// Facts for its submission, with everything that is missing.
    pub findings: Findings<ReviewTransition>,
    /// The result; none while something is missing from which it is computed.
    pub computed: Option<Computed>,
    /// Warnings, for which it is not refused.
    pub warnings: Vec<ReviewWarning>,
}

/// Judges a rating as it is now; `computation` is of the same review.
pub(super) fn judge(
    store: &mut dyn Store,
    actor: &Actor,
    review: &Review,
    frame: &Frame,
    computation: &Computation<'_>,
) -> Result<Judged, Refusal> {
    let part = &review.manager_review;
    let period = frame.cycle.period.until(actor.today);
    let mut findings = of_part(part, "/manager_review", frame.population(review)?, period);
    let computed = match findings.facts.missing_settled {
        true => computation.result(review)?,
        // Missing ratings would be reported once more as faults of the result.
        false => Err(computation.faults_of_goals(review)?),
    };
    let computed = match computed {
        Ok(computed) => Some(computed),
        Err(faults) => {
            findings.say_instead(Guard::MissingSettled, fault_violations(&faults));
            None
        }
    };
    let gaps = record_gaps_of(store, actor, review, computation, frame)?;
    findings.facts.missing_settled = computed.is_some();
    findings.facts.process_records = gaps.verdict != RecordVerdict::Block;
    if gaps.verdict == RecordVerdict::Block {
        let months = gaps.months.iter().map(|month| month.format("%Y-%m").to_string());
        let months: Vec<_> = months.collect();
        let missing = Violation::new("", "process_records").with("value", months.join(", "));
        findings.say_instead(Guard::ProcessRecords, vec![missing]);
    }
    findings.facts.rated_by_another = actor.subject.employee_id != Some(review.employee_id);
    let grade = computed.as_ref().and_then(|computed| computed.results.computed_grade);
    if let Some(error) = grade.and_then(|grade| part.check_final(grade, period).err()) {
        findings.facts.evidence_present = false;
        findings.say_instead(Guard::EvidencePresent, vec![fault("/manager_review", &error)]);
    }
    let warning = (gaps.verdict == RecordVerdict::Warn).then_some(ReviewWarning::NoProcessRecords);
    Ok(Judged { findings, computed, warnings: warning.into_iter().collect() })
}

/// The months without records of the process (R59): of the part of the cycle that has passed, and in
/// which the person worked here.
fn record_gaps_of(
    store: &mut dyn Store,
    actor: &Actor,
    review: &Review,
    computation: &Computation<'_>,
    frame: &Frame,
) -> Result<RecordGaps, Refusal> {
    let person = review.employee_id;
    let period = frame.cycle.period.until(actor.today);
    let entered = computation.process_records(person, actor.zone);
    let settings = &frame.settings.review;
    let gaps_of = |period| {
        record_gaps(period, &entered, settings.process_months, settings.process_records)
            .map_err(|error| Refusal::Internal(error.to_string()))
    };
    let gaps = gaps_of(period)?;
    if gaps.months.is_empty() {
        return Ok(gaps);
    }
    let employed = store.employments_by(&[person])?.remove(&person);
    let hired = employed.map(|all| all.shown(period.end()).hire_date());
    hired.map_or(Ok(gaps), |day| gaps_of(period.since(day)))
}

/// Missing ratings of a submitted part, and ratings without the evidence they need.
fn of_part(
    part: &ReviewPart,
    place: &str,
    population: &Population,
    period: Period,
) -> Findings<ReviewTransition> {
    let unfounded = part.unfounded(period).into_iter();
    let unfounded: Vec<_> =
        unfounded.map(|(at, error)| fault(format!("{place}/ratings/{at}"), &error)).collect();
    let missing = population.rated().filter(|rule| part.rating(&rule.code).is_none());
    let missing: Vec<_> = missing
        .map(|rule| {
            let pointer = format!("{place}/ratings");
            Violation::new(pointer, "rating_missing").with("value", &rule.code)
        })
        .collect();
    let facts = Facts {
        evidence_present: unfounded.is_empty(),
        missing_settled: missing.is_empty(),
        ..Facts::default()
    };
    let mut findings = Findings::new(facts, Found::default());
    findings.say_instead(Guard::EvidencePresent, unfounded);
    findings.say_instead(Guard::MissingSettled, missing);
    findings
}

/// Whether anybody but the person and the manager rates.
fn raters_follow(population: &Population) -> bool {
    let mut raters = population.rated().flat_map(|rule| rule.raters.keys());
    raters.any(|rater| !matches!(rater, RaterType::Oneself | RaterType::Manager))
}

/// Whether a manager above the responsible manager must confirm the rating.
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

/// Number of working days after `due`, up to and including `today`.
fn workdays_since(due: NaiveDate, today: NaiveDate) -> u32 {
    let behind = due.succ_opt().and_then(|first| Period::new(first, today).ok());
    let days = behind.map_or(0, |period| WorkCalendar::default().workdays(period));
    u32::try_from(days).unwrap_or(u32::MAX)
}

/// Name of the audit entry for an event.
pub fn recorded(event: Event) -> &'static str {
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
