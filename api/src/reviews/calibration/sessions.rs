//! Use cases of calibration sessions.

use super::views::{
    CalibrationSessionPatch, CalibrationSessionView, ComparedResult, ComparedReview,
    NewCalibrationSession, allowed_actions,
};
use crate::platform::caller::Actor;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::seen::Seen;
use crate::platform::signing::{Signing, still_holds};
use crate::platform::transition::{Findings, Passage, Transition};
use crate::platform::words::Told;
use crate::reviews::distribution::disclosed::grades_unfounded;
use crate::reviews::distribution::settings_of;
use crate::reviews::distribution::views::verdict;
use chrono::NaiveDate;
use domain::access::signing::Act;
use domain::core::change::{Change, Record};
use domain::core::id::{
    AccountId, CalibrationSessionId, CycleId, EmployeeId, OrgUnitId, ParticipantId, ReviewId,
};
use domain::core::number::fixed;
use domain::cycles::cycle::Cycle;
use domain::policy::{
    Action, CONFLICT_OF_INTEREST, Mask, Permit, Protected, Relations, Role, Sealed, Target, decide,
};
use domain::reviews::aggregate::leaders_of_all;
use domain::reviews::calibration_session::{
    CalibrationSession, SessionAction, SessionMember, SessionSeat,
};
use domain::reviews::ranking::{merits_of, placements, undecided_ties};
use domain::scoring::distribution::{Check, Placement, Pooling, check, counted};
use domain::scoring::settings::DistributionSettings;
use domain::state::calibration_session::{Event, Facts, Guard, State};
use domain::state::{Moving, Seat, Seating, cycle};
use persistence::{ReviewResults, ReviewSet, Store};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Decimal places of a score.
const PLACES: u32 = 2;

/// All reviews of a session, sorted by id. People who could read all other reviews do not count
/// towards the quotas, whatever was fixed at the launch.
pub(super) fn reviews_of(
    store: &mut dyn Store,
    actor: &Actor,
    session: &CalibrationSession,
) -> Result<Vec<ReviewResults>, Refusal> {
    let set = ReviewSet { session_id: Some(session.id), ..ReviewSet::of(session.cycle_id) };
    let overseers = store.overseers(session.cycle_id, actor.today)?;
    let mut reviews = store.results_of(&set)?;
    for review in &mut reviews {
        review.counts_for_quota &= !overseers.contains(&review.employee_id);
    }
    let counted = reviews.iter().filter(|review| review.counts_for_quota);
    let leaders = leaders_of_all(
        counted.map(|review| review.employee_id),
        &store.leaders(session.id, actor.today)?,
    );
    for review in &mut reviews {
        review.counts_for_quota &= !leaders.contains(&review.employee_id);
    }
    Ok(reviews)
}

/// Whether the session compares a review of the caller, or of a person the caller may be.
pub(super) fn is_compared(
    store: &mut dyn Store,
    actor: &Actor,
    session: CalibrationSessionId,
) -> Result<bool, Refusal> {
    let myself: Vec<EmployeeId> = actor.subject.persons().collect();
    Ok(!myself.is_empty() && store.sessions_about(&myself)?.contains(&session))
}

/// The cycle of a session; its state cannot change until the unit of work ends.
pub(super) fn hold_cycle(
    store: &mut dyn Store,
    actor: &Actor,
    id: CycleId,
) -> Result<Cycle, Refusal> {
    let sealed = store.hold_cycle(id)?;
    Ok(actor.show(store, Action::CycleRead, sealed)?.0.outline().clone())
}

/// Creates a session.
pub(super) fn create_session(
    store: &mut dyn Store,
    actor: &Actor,
    id: CalibrationSessionId,
    new: NewCalibrationSession,
) -> Result<Reply<CalibrationSessionView>, Refusal> {
    let permit = actor.may(Action::CalibrationSessionWrite)?;
    let cycle = match hold_cycle(store, actor, new.cycle_id.into()) {
        Err(Refusal::NotFound) => return Err(Refusal::unknown("/cycle_id", new.cycle_id)),
        cycle => cycle?,
    };
    let session = CalibrationSession {
        id,
        cycle_id: cycle.id,
        name: new.name,
        state: State::Draft,
        department_ids: new.department_ids.into_iter().map(OrgUnitId::from).collect(),
        participant_ids: new.participant_ids.into_iter().map(ParticipantId::from).collect(),
        scheduled_on: None,
        members: new.members.into_iter().map(SessionMember::from).collect(),
        override_reason: None,
        overridden_by: None,
        overridden_at: None,
        version: 1,
        created_at: actor.now,
        updated_at: actor.now,
    };
    if !cycle.state.is_under_way() {
        return Err(not_in(&cycle));
    }
    check_session(store, actor, &session)?;
    let record = Record::new("calibration_session.created", id, permit.rule())
        .field("name", None::<String>, session.name.clone())
        .field("cycle_id", None::<String>, cycle.id.to_string())
        .field("department_ids", None::<String>, &session.department_ids)
        .field("participant_ids", None::<String>, &session.participant_ids)
        .field("members", None::<String>, &session.members);
    store.create_calibration_session(Change::new(session.clone(), record))?;
    let shown = Sealed::new(session).show_listed(&permit)?;
    let view = CalibrationSessionView::new(actor, &shown, false);
    Ok(Reply::created(view, 1, format!("/v1/calibration-sessions/{id}")))
}

/// The refusal when the state of the cycle does not allow an action.
fn not_in(cycle: &Cycle) -> Refusal {
    Refusal::StateConflict { current_state: Told::new(cycle.state), allowed_actions: Vec::new() }
}

/// Refuses departments and participants outside the cycle, and members who may not take their seat.
fn check_session(
    store: &mut dyn Store,
    actor: &Actor,
    session: &CalibrationSession,
) -> Result<(), Refusal> {
    let departments = store.cycle_departments(session.cycle_id)?;
    let people: Vec<EmployeeId> = session.members.iter().map(|member| member.employee_id).collect();
    let seats = store.seats(session.cycle_id, &people, actor.today)?;
    let strangers = store.unknown_participants(session.cycle_id, &session.participant_ids)?;
    let strange = session.participant_ids.iter().enumerate().filter_map(|(at, participant)| {
        let fault = Violation::new(format!("/participant_ids/{at}"), "unknown_reference");
        strangers.contains(participant).then(|| fault.with("value", participant))
    });
    let unknown = session.department_ids.iter().enumerate().filter_map(|(at, department)| {
        let fault = Violation::new(format!("/department_ids/{at}"), "unknown_reference");
        (!departments.contains(department)).then(|| fault.with("value", department))
    });
    let unfit = session.members.iter().enumerate().filter(|(_, member)| !seats.fit(member));
    let unfit = unfit.map(|(at, _)| Violation::new(format!("/members/{at}"), "seat_unfit"));
    let mut seen = HashSet::new();
    let twice = people.iter().enumerate().filter(|(_, person)| !seen.insert(**person));
    let twice = twice.map(|(at, _)| {
        Violation::new(format!("/members/{at}/employee_id"), "duplicate_in_request")
    });
    let faults: Vec<_> = unknown.chain(strange).chain(unfit).chain(twice).collect();
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
}

/// Locks a session, if the caller has read its current version.
fn locked(
    store: &mut dyn Store,
    actor: &Actor,
    action: Action,
    id: CalibrationSessionId,
    seen: &Seen,
) -> Result<(CalibrationSession, Permit), Refusal> {
    let sealed = store.lock_calibration_session(id)?;
    actor.open_seen(store, action, sealed, seen)
}

/// The refusal when the state of a session does not allow an action.
pub(super) fn conflict(actor: &Actor, session: &CalibrationSession) -> Refusal {
    Refusal::StateConflict {
        current_state: Told::new(session.state),
        allowed_actions: Told::all(allowed_actions(actor, session, false)),
    }
}

/// Whether an action depends on the grades or decides whether they stand.
pub(super) fn judges(action: SessionAction) -> bool {
    matches!(action, SessionAction::Finalisation | SessionAction::Reopening)
}

/// The seats that the caller holds for a session.
pub(super) fn seating(actor: &Actor, session: &CalibrationSession) -> Seating<Event> {
    let target = session.target(actor.today);
    let may = |action| decide(&actor.subject, action, &target).permit.is_some();
    let me = actor.subject.employee_id;
    let seats = [
        (Seat::Hr, may(Action::CalibrationSessionWrite)),
        (Seat::Exec, may(Action::CalibrationSessionOverride)),
        (Seat::Member, me.and_then(|me| session.seat_of(me)) == Some(SessionSeat::Member)),
    ];
    let held = seats.into_iter().filter(|(_, held)| *held).map(|(seat, _)| seat);
    Seating::new(actor.subject.principal.id(), held.collect())
}

/// Changes a session that is not open yet.
pub(super) fn update_session(
    store: &mut dyn Store,
    actor: &Actor,
    id: CalibrationSessionId,
    seen: &Seen,
    patch: CalibrationSessionPatch,
) -> Result<Reply<CalibrationSessionView>, Refusal> {
    let (before, permit) = locked(store, actor, Action::CalibrationSessionWrite, id, seen)?;
    if !before.lets(SessionAction::Update) {
        return Err(conflict(actor, &before));
    }
    let mut after = before.clone();
    after.name = patch.name.unwrap_or(after.name);
    if let Some(departments) = patch.department_ids {
        after.department_ids = departments.into_iter().map(OrgUnitId::from).collect();
    }
    if let Some(participants) = patch.participant_ids {
        after.participant_ids = participants.into_iter().map(ParticipantId::from).collect();
    }
    if let Some(members) = patch.members {
        after.members = members.into_iter().map(SessionMember::from).collect();
    }
    check_session(store, actor, &after)?;
    let record = Record::new("calibration_session.updated", id, permit.rule())
        .field("name", before.name, after.name.clone())
        .field("department_ids", &before.department_ids, &after.department_ids)
        .field("participant_ids", &before.participant_ids, &after.participant_ids)
        .field("members", &before.members, &after.members);
    save(store, actor, &permit, after, record)
}

fn save(
    store: &mut dyn Store,
    actor: &Actor,
    permit: &Permit,
    session: CalibrationSession,
    record: Record,
) -> Result<Reply<CalibrationSessionView>, Refusal> {
    let after =
        CalibrationSession { version: session.version + 1, updated_at: actor.now, ..session };
    store.update_calibration_session(Change::new(after.clone(), record))?;
    let version = after.version;
    let compared = is_compared(store, actor, after.id)?;
    let shown = Sealed::new(after).show(permit)?;
    Ok(Reply::changed(CalibrationSessionView::new(actor, &shown, compared), version))
}

/// A requested step of a session.
#[derive(Clone, Debug)]
pub(super) enum SessionStep {
    /// Set the day of the meeting.
    Schedule(NaiveDate),
    /// Open the session with the members who are present.
    Open(Vec<EmployeeId>),
    /// Finalise the session, with a reason if one is given.
    Finalise(Option<String>),
    /// Reopen the session, with a reason.
    Reopen(String),
}

impl SessionStep {
    fn action(&self) -> SessionAction {
        match self {
            SessionStep::Schedule(_) => SessionAction::Schedule,
            SessionStep::Open(_) => SessionAction::Opening,
            SessionStep::Finalise(_) => SessionAction::Finalisation,
            SessionStep::Reopen(_) => SessionAction::Reopening,
        }
    }

    /// Name of the audit entry for the step.
    fn recorded(&self) -> &'static str {
        match self {
            SessionStep::Schedule(_) => "calibration_session.scheduled",
            SessionStep::Open(_) => "calibration_session.opened",
            SessionStep::Finalise(_) => "calibration_session.finalised",
            SessionStep::Reopen(_) => "calibration_session.reopened",
        }
    }
}

/// A requested transition of a session.
#[derive(Clone, Debug)]
pub(super) struct SessionTransition {
    /// Id of the session.
    pub session: CalibrationSessionId,
    /// The version the caller has read (If-Match).
    pub seen: Seen,
    /// The requested action.
    pub step: SessionStep,
}

/// A session opened for a transition, with its cycle, whose state cannot change meanwhile.
pub(super) struct Opened {
    session: CalibrationSession,
    permit: Permit,
    cycle: Cycle,
}

impl Transition for SessionTransition {
    type State = State;
    type Opened = Opened;
    /// The members, before it is recorded who is present.
    type Found = Vec<SessionMember>;
    type Output = Reply<CalibrationSessionView>;

    fn open(&self, store: &mut dyn Store, actor: &Actor) -> Result<Opened, Refusal> {
        let action = match self.step {
            SessionStep::Reopen(_) => Action::CalibrationSessionOverride,
            _ => Action::CalibrationSessionWrite,
        };
        let sealed = store.lock_calibration_session(self.session)?;
        let (session, permit) = actor.open(store, action, sealed)?;
        if judges(self.step.action()) && is_compared(store, actor, session.id)? {
            // The outcome would disclose the caller's own grade, or decide it.
            return Err(Refusal::Forbidden(CONFLICT_OF_INTEREST));
        }
        let cycle = hold_cycle(store, actor, session.cycle_id)?;
        Ok(Opened { session, permit, cycle })
    }

    fn check_seen(&self, _: &Actor, opened: &Opened) -> Result<(), Refusal> {
        self.seen.check(opened.session.version)
    }

    fn state(&self, opened: &Opened) -> State {
        opened.session.state
    }

    fn event(&self) -> Option<Event> {
        CalibrationSession::events(self.step.action()).first().copied()
    }

    fn offered(&self, actor: &Actor, opened: &Opened) -> Vec<Told> {
        Told::all(allowed_actions(actor, &opened.session, false))
    }

    fn seating(&self, actor: &Actor, opened: &Opened) -> Seating<Event> {
        seating(actor, &opened.session)
    }

    fn look(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        opened: &mut Opened,
    ) -> Result<Findings<Self>, Refusal> {
        let members = opened.session.members.clone();
        if let SessionStep::Open(present) = &self.step {
            for member in &mut opened.session.members {
                member.present = present.contains(&member.employee_id);
            }
        }
        let mut findings = look(store, actor, opened, &self.step)?;
        findings.found = members;
        Ok(findings)
    }

    fn signing(
        &self,
        opened: &Opened,
        facts: &Facts,
        _: Seat,
        _: bool,
    ) -> Option<Signing<'static>> {
        let rests_on_override =
            facts.exec_override && matches!(self.step, SessionStep::Finalise(_));
        rests_on_override.then(|| accepting(opened.session.id, &[Role::HrAdmin], false))
    }

    /// Moves a session on, with all its reviews.
    fn follow(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        passage: Passage<Self>,
    ) -> Result<Reply<CalibrationSessionView>, Refusal> {
        let rule = passage.opened.permit.rule();
        let record = passage.record(self.step.recorded(), self.session.uuid(), rule);
        let Passage { opened: Opened { session, permit, cycle }, found: members, to, .. } = passage;
        if matches!(self.step, SessionStep::Open(_) | SessionStep::Finalise(_))
            && !is_calibrating(&cycle)
        {
            return Err(not_in(&cycle));
        }
        let id = session.id;
        let mut after = CalibrationSession { state: to, ..session };
        let record = match &self.step {
            SessionStep::Schedule(day) => {
                after.scheduled_on = Some(*day);
                record.field("scheduled_on", None::<String>, day.to_string())
            }
            SessionStep::Open(_) => {
                let reviews = store.assign_reviews(&after)?;
                record.field("members", &members, &after.members).field(
                    "reviews",
                    None::<usize>,
                    reviews,
                )
            }
            SessionStep::Finalise(reason) => {
                let settled = store.settle_grades(cycle.id, Some(id), permit.rule())?;
                let record = record.field("reviews", None::<usize>, settled.reviews);
                reason.iter().fold(record, |record, reason| record.because(reason))
            }
            SessionStep::Reopen(reason) => {
                // The acceptance applied to the grades before the reopening.
                (after.override_reason, after.overridden_by, after.overridden_at) =
                    (None, None, None);
                store.forget_signatures(id.uuid())?;
                let reviews = store.unsettle_grades(id, permit.rule())?;
                // Reviews that reached calibration after the session was finalised join it now.
                store.assign_reviews(&after)?;
                record.because(reason).field("reviews", None::<usize>, reviews)
            }
        };
        save(store, actor, &permit, after, record)
    }
}

/// Accepts the distribution as it is. This is the first of two signatures; HR then finalises.
pub(super) fn accept(
    store: &mut dyn Store,
    actor: &Actor,
    id: CalibrationSessionId,
    seen: &Seen,
    reason: &str,
) -> Result<Reply<CalibrationSessionView>, Refusal> {
    let (before, permit) = locked(store, actor, Action::CalibrationSessionOverride, id, seen)?;
    hold_cycle(store, actor, before.cycle_id)?;
    if !before.lets(SessionAction::Override) {
        return Err(conflict(actor, &before));
    }
    accepting(id, &[Role::Executive], true).sign(store, actor)?;
    let after = CalibrationSession {
        override_reason: Some(reason.to_owned()),
        overridden_by: Some(AccountId::from(actor.subject.principal.id())),
        overridden_at: Some(actor.now),
        ..before
    };
    let record = Record::new("calibration_session.overridden", id, permit.rule()).because(reason);
    save(store, actor, &permit, after, record)
}

/// What is signed: the acceptance first, then the finalisation that relies on it.
fn accepting(id: CalibrationSessionId, roles: &[Role], is_first: bool) -> Signing<'_> {
    Signing { resource: id.uuid(), act: Act::Finalisation, roles, is_first }
}

/// Whether grades of the cycle can still be compared: from calibration until results are released,
/// also after they are confirmed.
fn is_calibrating(cycle: &Cycle) -> bool {
    matches!(cycle.state, cycle::State::Calibrating | cycle::State::Confirmed)
}

/// Collects the facts that the guards of a transition need, and the values for their messages.
fn look(
    store: &mut dyn Store,
    actor: &Actor,
    opened: &Opened,
    step: &SessionStep,
) -> Result<Findings<SessionTransition>, Refusal> {
    let Opened { session, cycle, .. } = opened;
    let present = |seat| {
        let there = session.members.iter().filter(|member| member.present && member.seat == seat);
        u32::try_from(there.count()).unwrap_or(u32::MAX)
    };
    let facts = Facts {
        managers_present: present(SessionSeat::Member),
        facilitators_present: present(SessionSeat::Facilitator),
        before_publication: is_calibrating(cycle),
        reason_given: matches!(step, SessionStep::Reopen(_)),
        ..Facts::default()
    };
    let mut findings = Findings::<SessionTransition>::new(facts, Vec::new());
    if let SessionStep::Finalise(reason) = step {
        let settings = settings_of(store, actor, cycle)?;
        let reviews = reviews_of(store, actor, session)?;
        let facts = &mut findings.facts;
        facts.exec_override = override_stands(store, actor, session, &reviews)?;
        let internal = |error: domain::DomainError| Refusal::Internal(error.to_string());
        let people: Vec<_> = reviews.iter().filter(|review| review.counts_for_quota).collect();
        let grades = people.iter().filter_map(|review| review.results.present_grade());
        let answer = check(&counted(grades), &settings).map_err(internal)?;
        let reason = reason.as_deref().unwrap_or_default();
        let pool = Pooling {
            mode: settings.mode,
            min_group: settings.min_group,
            people: match answer {
                Check::PoolRequired => comparable(store, actor, session)?,
                _ => 0,
            },
        };
        facts.distribution_ok = people.is_empty() || answer.accepted(reason, pool).is_ok();
        let unfounded = grades_unfounded(store, actor, session.cycle_id, Some(session.id))?;
        facts.grades_unfounded = Some(unfounded);
        let pending = store.pending_moves(session.id)?.len();
        facts.pending_moves = u32::try_from(pending).ok();
        let ties =
            undecided_ties(&people.iter().map(|it| &it.results).collect::<Vec<_>>(), &settings)
                .map_err(internal)?;
        facts.undecided_ties = u32::try_from(ties).ok();
        findings.details = vec![
            (Guard::GradesFounded, unfounded.to_string()),
            (Guard::DistributionAccepted, verdict(&answer)),
            (Guard::NoPendingMove, pending.to_string()),
            (Guard::TiesDecided, ties.to_string()),
        ];
    }
    Ok(findings)
}

/// The largest number of people counting towards quotas that the session could compare: everybody
/// in the cycle except the members of the session.
fn comparable(
    store: &mut dyn Store,
    actor: &Actor,
    session: &CalibrationSession,
) -> Result<u32, Refusal> {
    let overseers = store.overseers(session.cycle_id, actor.today)?;
    let reviews = store.results_of(&ReviewSet::of(session.cycle_id))?;
    let counts = |review: &&ReviewResults| {
        review.counts_for_quota
            && !overseers.contains(&review.employee_id)
            && session.seat_of(review.employee_id).is_none()
    };
    Ok(u32::try_from(reviews.iter().filter(counts).count()).unwrap_or(u32::MAX))
}

/// Whether the acceptance by senior management still applies: the person still belongs to it, and
/// no counted grade has been moved since. Moves leave the session record unchanged, so they are
/// looked up.
fn override_stands(
    store: &mut dyn Store,
    actor: &Actor,
    session: &CalibrationSession,
    reviews: &[ReviewResults],
) -> Result<bool, Refusal> {
    let (Some(account), Some(at)) = (session.overridden_by, session.overridden_at) else {
        return Ok(false);
    };
    if !still_holds(store, actor, account, &[Role::Executive])? {
        return Ok(false);
    }
    let moved = store.moved_since(session.id, at)?;
    let counts = |id: &ReviewId| reviews.iter().any(|it| it.id == *id && it.counts_for_quota);
    Ok(!moved.iter().any(counts))
}

/// A caller who reads a session, with the seat they have in it.
pub(super) struct Reader<'a> {
    actor: &'a Actor,
    calibrator: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn of(
        store: &mut dyn Store,
        actor: &'a Actor,
        session: &CalibrationSession,
    ) -> Result<Self, Refusal> {
        let calibrator = match actor.subject.employee_id {
            Some(me) => store.is_calibrator(session.id, me)?,
            None => false,
        };
        Ok(Self { actor, calibrator })
    }

    /// Whether the caller may read what `action` is about of one review that the session compares.
    pub(super) fn sees(&self, action: Action, review: &ReviewResults) -> bool {
        let target = Target {
            id: review.id.uuid(),
            about: Some(review.employee_id),
            responsible: review.manager_id,
            session: review.session_id,
            stage: Some(review.state.rating_stage()),
            relations: Relations { calibrator: self.calibrator, ..Relations::default() },
            ..Target::default()
        };
        let permit = decide(&self.actor.subject, action, &target).permit;
        permit.is_some_and(|permit| permit.mask() > Mask::Metadata)
    }
}

/// A page of the reviews a session compares, sorted by id, as far as the caller may see each. The
/// caller's own review is left out.
pub(super) fn compared(
    store: &mut dyn Store,
    actor: &Actor,
    session: &CalibrationSession,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<ComparedReview>, Refusal> {
    let sealed = store.cycle(session.cycle_id)?;
    let (cycle, _) = actor.show(store, Action::CycleRead, sealed)?;
    let settings = settings_of(store, actor, cycle.outline())?;
    let reviews = reviews_of(store, actor, session)?;
    let reader = Reader::of(store, actor, session)?;
    // A ranking of all would place the grades that are closed to the reader by what is left.
    let known = reviews.iter().filter(|review| reader.sees(Action::RatingRead, review));
    let placed = placed(known, &settings)?;
    let pending = store.pending_moves(session.id)?;
    let shown: Vec<ReviewResults> = reviews
        .into_iter()
        .filter(|review| !actor.subject.may_be(review.employee_id))
        .filter(|review| after.is_none_or(|after| review.id.uuid() > after))
        .take(limit)
        .collect();
    let people: Vec<EmployeeId> = shown.iter().map(|review| review.employee_id).collect();
    let mut names = store.names(&people)?;
    let view = |review: ReviewResults| {
        let (employee_number, name) = names.remove(&review.employee_id).unwrap_or_default();
        let seen = reader.sees(Action::RatingRead, &review);
        ComparedReview {
            review_id: review.id.uuid(),
            employee_id: review.employee_id.uuid(),
            employee_number,
            name,
            department_id: review.department_id.map(Uuid::from),
            manager_id: review.manager_id.map(Uuid::from),
            counts_for_quota: review.counts_for_quota,
            state: review.state,
            move_pending: reader
                .sees(Action::MoveRead, &review)
                .then(|| pending.contains(&review.id)),
            result: seen.then(|| result(&review, placed.get(&review.id))),
        }
    };
    Ok(shown.into_iter().map(view).collect())
}

/// The grades that ranking and quotas lead to, for the reviews that count.
fn placed<'r>(
    reviews: impl Iterator<Item = &'r ReviewResults>,
    settings: &DistributionSettings,
) -> Result<HashMap<ReviewId, Placement>, Refusal> {
    let counting: Vec<_> = reviews
        .filter(|review| review.counts_for_quota)
        .filter_map(|review| Some((review.id, merits_of(&review.results)?)))
        .collect();
    let (ids, merits): (Vec<ReviewId>, Vec<_>) = counting.into_iter().unzip();
    let placed = placements(&merits, settings);
    let placed = placed.map_err(|error| Refusal::Internal(error.to_string()))?;
    Ok(ids.into_iter().zip(placed.unwrap_or_default()).collect())
}

fn result(review: &ReviewResults, placement: Option<&Placement>) -> ComparedResult {
    let results = &review.results;
    let score = |score: Option<rust_decimal::Decimal>| score.map(|score| fixed(score, PLACES));
    ComparedResult {
        performance: score(results.performance),
        composite: score(results.composite),
        collaboration: score(results.collaboration),
        computed_grade: results.computed_grade,
        calibrated_grade: results.calibrated_grade,
        final_grade: results.final_grade,
        veto_grade: results.veto_grade,
        placement: placement.map(Placement::to_string),
    }
}

/// The sessions a list may show: all, or those in which the caller has a seat.
pub(super) fn visible(actor: &Actor) -> Result<(Option<EmployeeId>, Permit), Refusal> {
    match (actor.may(Action::CalibrationSessionRead), actor.subject.employee_id) {
        (Ok(permit), _) => Ok((None, permit)),
        (Err(refusal), me) => {
            let seated = Relations { calibrator: true, ..Relations::default() };
            let target = Target { relations: seated, ..Target::default() };
            match (actor.may_about(Action::CalibrationSessionRead, &target), me) {
                (Ok(permit), Some(me)) => Ok((Some(me), permit)),
                _ => Err(refusal),
            }
        }
    }
}
