//! The only way to move a record from state to state.
//!
//! A noun implements [`Transition`]: which record is locked, what its guards check and what
//! follows. [`transit`] does the rest in the same way for all nouns: it checks the policy, the
//! version, the table of the state machine, the signatures and their authors, and the guards, and
//! then applies what follows. Events that follow from somebody's action are fired by [`by_system`].
//! No other code asks a state machine.

use crate::platform::caller::Actor;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::signing::Signing;
use crate::platform::words::{Told, Word};
use domain::DomainError;
use domain::core::change::Record;
use domain::core::text::TextEnum;
use domain::policy::SEPARATION_OF_DUTIES;
use domain::state::{self, By, Machine, Seat, Seating, Signature};
use persistence::Store;
use uuid::Uuid;

/// The event of a transition's state machine.
pub type Event<T> = <<T as Transition>::State as Machine>::Event;
/// The facts of a transition's state machine.
pub type Facts<T> = <<T as Transition>::State as Machine>::Facts;
/// The guards of a transition's state machine.
pub type Guard<T> = <<T as Transition>::State as Machine>::Guard;

/// What was found about a transition, or why it is refused.
pub type Checked<T> = Result<Findings<T>, Refusal>;
/// The outcome of a transition, or why it is refused.
pub type Done<T> = Result<<T as Transition>::Output, Refusal>;

/// A requested transition of a noun.
pub trait Transition: Sized {
    /// The state machine.
    type State: Machine + Word;
    /// The locked record, with what was loaded to decide on it.
    type Opened;
    /// Findings besides the facts, for use in [`Transition::follow`].
    type Found;
    /// The outcome.
    type Output;

    /// Loads and locks the record, and checks the policy.
    ///
    /// # Errors
    /// 404 or 403 if the caller may not do this.
    fn open(&self, store: &mut dyn Store, actor: &Actor) -> Result<Self::Opened, Refusal>;

    /// Refuses the request if the caller has read another version.
    ///
    /// # Errors
    /// 412; 409 if related records do not allow the transition.
    fn check_seen(&self, actor: &Actor, opened: &Self::Opened) -> Result<(), Refusal>;

    /// Present state of the record.
    fn state(&self, opened: &Self::Opened) -> Self::State;

    /// The event; none if the action does not change the state.
    fn event(&self) -> Option<Event<Self>>;

    /// Whether related records allow the transition, whoever the caller is.
    fn is_possible(&self, _opened: &Self::Opened) -> bool {
        true
    }

    /// Actions the caller may take in the present state, for the refusal.
    fn offered(&self, actor: &Actor, opened: &Self::Opened) -> Vec<Told>;

    /// The caller's seats, and earlier signatures that still count.
    fn seating(&self, actor: &Actor, opened: &Self::Opened) -> Seating<Event<Self>>;

    /// Collects the facts that the guards need.
    fn look(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        opened: &mut Self::Opened,
    ) -> Result<Findings<Self>, Refusal>;

    /// What the caller signs from a seat, if the action takes two people. A first signature
    /// invalidates earlier ones.
    fn signing(
        &self,
        _opened: &Self::Opened,
        _facts: &Facts<Self>,
        _seat: Seat,
        _is_first: bool,
    ) -> Option<Signing<'static>> {
        None
    }

    /// Saves the record and all that changes with it.
    fn follow(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        passage: Passage<Self>,
    ) -> Result<Self::Output, Refusal>;
}

/// The findings about a transition.
pub struct Findings<T: Transition> {
    /// Facts that the guards are checked against.
    pub facts: Facts<T>,
    /// For a failing guard: the value that its message mentions.
    pub details: Vec<(Guard<T>, String)>,
    instead: Vec<(Guard<T>, Vec<Violation>)>,
    /// Faults besides the guards.
    pub faults: Vec<Violation>,
    /// Findings for [`Transition::follow`].
    pub found: T::Found,
}

impl<T: Transition> Findings<T> {
    /// Findings with facts only.
    pub fn new(facts: Facts<T>, found: T::Found) -> Self {
        Self { facts, details: Vec::new(), instead: Vec::new(), faults: Vec::new(), found }
    }

    /// Adds violations to report instead of a failing guard.
    pub fn say_instead(&mut self, guard: Guard<T>, violations: Vec<Violation>) {
        match self.instead.iter_mut().find(|(about, _)| *about == guard) {
            Some((_, said)) => said.extend(violations),
            None => self.instead.push((guard, violations)),
        }
    }

    /// Everything for which an event would be refused in a state; nothing where it would only wait for
    /// further signatures. For previews, which change nothing.
    ///
    /// # Errors
    /// An internal fault if the state does not have the event.
    pub fn objections(
        mut self,
        from: T::State,
        event: Event<T>,
    ) -> Result<Vec<Violation>, Refusal> {
        match self.judge(from.foresee(event, &self.facts)) {
            Ok(_) => Ok(Vec::new()),
            Err(Refusal::GuardFailed(told)) => Ok(told),
            Err(refusal) => Err(refusal),
        }
    }

    /// The violations to report instead of a guard, if there are any.
    fn in_place_of(&mut self, guard: &'static str) -> Option<Vec<Violation>> {
        let said = self.instead.iter_mut().find(|(about, _)| about.as_str() == guard);
        said.map(|(_, said)| std::mem::take(said)).filter(|said| !said.is_empty())
    }

    /// Refuses the transition if guards fail, with all reasons, or if there are other faults.
    /// Returns true if only further signatures are missing.
    fn judge(&mut self, held: Result<T::State, state::Refusal>) -> Result<bool, Refusal> {
        let violations = match held {
            Ok(_) => Vec::new(),
            Err(state::Refusal::Guarded { violations, .. }) => violations,
            Err(refusal) => return Err(Refusal::Internal(refusal.to_string())),
        };
        let mut awaits = false;
        let mut told = Vec::new();
        for violation in &violations {
            let is_it = |guard: &Guard<T>| guard.as_str() == violation.guard;
            if Guard::<T>::ALL.iter().any(|guard| is_it(guard) && T::State::awaits(*guard)) {
                awaits = true;
            } else if let Some(instead) = self.in_place_of(violation.guard) {
                told.extend(instead);
            } else {
                let fault = Violation::new("", violation.guard);
                let detail = self.details.iter().find(|(guard, _)| is_it(guard));
                told.push(detail.map_or(fault.clone(), |(_, value)| fault.with("value", value)));
            }
        }
        told.append(&mut self.faults);
        if told.is_empty() { Ok(awaits) } else { Err(Refusal::GuardFailed(told)) }
    }
}

/// A transition that passed all checks.
pub struct Passage<T: Transition> {
    /// The record before the transition, with what was loaded to decide on it.
    pub opened: T::Opened,
    /// Findings for [`Transition::follow`].
    pub found: T::Found,
    /// The event.
    pub event: Event<T>,
    /// The state before.
    pub from: T::State,
    /// The state after, once the transition is complete.
    pub to: T::State,
    /// The seat from which the caller signs.
    pub seat: Seat,
    /// Whether no further signature is needed.
    pub is_complete: bool,
    /// Whether there is no earlier signature that still counts.
    pub is_first: bool,
    signed: Option<(Signing<'static>, domain::access::signing::Signature)>,
}

impl<T: Transition> Passage<T> {
    /// An audit record; it contains the states if the transition is complete.
    pub fn record(&self, action: &'static str, id: Uuid, rule: &'static str) -> Record {
        let record = Record::new(action, id, rule);
        if self.is_complete && self.from != self.to {
            record.transition(self.from.as_str(), self.to.as_str())
        } else {
            record
        }
    }
}

/// Checks everything that a transition requires, and changes nothing.
///
/// # Errors
/// Those of [`Transition::open`] and [`Transition::check_seen`]; 409 if the state does not have the
/// event, 403 if the caller has no seat for it, 422 with every guard that fails.
pub fn prepare<T: Transition>(
    store: &mut dyn Store,
    actor: &Actor,
    step: &T,
) -> Result<Passage<T>, Refusal> {
    let mut opened = step.open(store, actor)?;
    step.check_seen(actor, &opened)?;
    let from = step.state(&opened);
    let found = step.event().and_then(|event| Some((event, from.row(event)?)));
    let Some((event, row)) = found.filter(|_| step.is_possible(&opened)) else {
        let allowed_actions = step.offered(actor, &opened);
        return Err(Refusal::StateConflict { current_state: Told::new(from), allowed_actions });
    };
    let seating = step.seating(actor, &opened);
    let given = seating.given_for(event);
    let is_first = given.is_empty();
    let unseated = || Refusal::Forbidden(SEPARATION_OF_DUTIES);
    let seat = seating.free_seat(row.by, &given);
    // If a single signature is enough, callers who cannot give it are refused before guards are
    // checked.
    let alone = matches!(row.by, By::OneOf(_));
    if alone && seat.is_none() {
        return Err(unseated());
    }
    let mut findings = step.look(store, actor, &mut opened)?;
    let awaits = findings.judge(from.foresee(event, &findings.facts))?;
    let seat = seat.ok_or_else(unseated)?;
    let mine = Signature { person: seating.person, seat };
    let signed: Vec<_> = given.into_iter().chain([mine]).collect();
    let is_complete = !awaits && from.step(event, &signed, &findings.facts).is_ok();
    let signing = step.signing(&opened, &findings.facts, seat, is_first);
    let signed = match signing {
        Some(signing) => Some((signing, signing.check(store, actor)?)),
        None => None,
    };
    let (found, to) = (findings.found, row.to);
    Ok(Passage { opened, found, event, from, to, seat, is_complete, is_first, signed })
}

/// Carries out a prepared transition: stores the caller's signature, and applies what follows.
///
/// # Errors
/// Those of [`Transition::follow`].
pub fn carry_out<T: Transition>(
    store: &mut dyn Store,
    actor: &Actor,
    step: &T,
    passage: Passage<T>,
) -> Result<T::Output, Refusal> {
    if let Some((signing, signature)) = &passage.signed {
        signing.keep(store, actor, signature)?;
    }
    step.follow(store, actor, passage)
}

/// Moves a record on, or stores the first of the signatures it needs.
///
/// # Errors
/// Those of [`prepare`] and [`carry_out`].
pub fn transit<T: Transition>(
    store: &mut dyn Store,
    actor: &Actor,
    step: &T,
) -> Result<T::Output, Refusal> {
    let passage = prepare(store, actor, step)?;
    carry_out(store, actor, step, passage)
}

/// The state after an event that the system fires because of another change.
///
/// # Errors
/// An internal fault, because the caller must have checked before.
pub fn by_system<S: Machine>(state: S, event: S::Event, facts: &S::Facts) -> Result<S, Refusal> {
    let fired = state.step(event, &[Signature::SYSTEM], facts);
    fired.map_err(|refusal| Refusal::Internal(refusal.to_string()))
}

/// The violation for an error of the domain, at a pointer into the input.
pub fn fault(pointer: impl Into<String>, error: &DomainError) -> Violation {
    Violation::new(pointer, error.code.as_str()).with("value", &error.detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::problem::Language;
    use domain::state::{Named, calibration_session, cycle, goal, review, weight_adjustment};

    fn unsaid<G: Named>() -> Vec<&'static str> {
        G::ALL.iter().map(|guard| guard.as_str()).filter(is_unsaid).collect()
    }

    fn is_unsaid(code: &&'static str) -> bool {
        [Language::En, Language::Zh]
            .iter()
            .any(|language| Violation::new("", code).text(*language) == *code)
    }

    #[test]
    fn every_guard_says_what_it_demands_in_both_languages() {
        let unsaid = [
            unsaid::<cycle::Guard>(),
            unsaid::<goal::Guard>(),
            unsaid::<review::Guard>(),
            unsaid::<calibration_session::Guard>(),
            unsaid::<weight_adjustment::Guard>(),
        ];
        assert_eq!(unsaid.concat(), Vec::<&str>::new());
    }

    /// A transition that only has a state machine.
    struct Nothing<S>(std::marker::PhantomData<S>);

    impl<S: Machine + Word> Transition for Nothing<S> {
        type State = S;
        type Opened = ();
        type Found = ();
        type Output = ();

        fn open(&self, _: &mut dyn Store, _: &Actor) -> Result<(), Refusal> {
            Err(Refusal::NotFound)
        }

        fn check_seen(&self, _: &Actor, (): &()) -> Result<(), Refusal> {
            Err(Refusal::Stale)
        }

        fn state(&self, (): &()) -> S {
            S::opening().to
        }

        fn event(&self) -> Option<S::Event> {
            None
        }

        fn offered(&self, _: &Actor, (): &()) -> Vec<Told> {
            Vec::new()
        }

        fn seating(&self, _: &Actor, (): &()) -> Seating<S::Event> {
            Seating::new(Uuid::nil(), Vec::new())
        }

        fn look(
            &self,
            _: &mut dyn Store,
            _: &Actor,
            (): &mut (),
        ) -> Result<Findings<Self>, Refusal> {
            Err(Refusal::NotFound)
        }

        fn follow(&self, _: &mut dyn Store, _: &Actor, _: Passage<Self>) -> Result<(), Refusal> {
            Err(Refusal::NotFound)
        }
    }

    /// Whether further signatures are missing, or the codes of all violations.
    fn judged<S: Machine + Word>(
        state: S,
        event: S::Event,
        findings: &mut Findings<Nothing<S>>,
    ) -> Result<bool, Vec<String>> {
        let held = state.foresee(event, &findings.facts);
        findings.judge(held).map_err(|refusal| match refusal {
            Refusal::GuardFailed(told) => told.into_iter().map(|it| it.code.to_string()).collect(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn every_guard_that_does_not_hold_is_told() {
        let mut findings = Findings::new(cycle::Facts::default(), ());
        let told = judged(cycle::State::Draft, cycle::Event::Launch, &mut findings);
        // Everything that a launch requires.
        assert_eq!(told.expect_err("nothing holds").len(), 8);

        let mut findings = Findings::new(review::Facts::default(), ());
        findings.say_instead(review::Guard::EvidencePresent, vec![Violation::new("/a", "one")]);
        findings.say_instead(review::Guard::EvidencePresent, vec![Violation::new("/b", "two")]);
        // Without a replacement, the guard itself is reported.
        findings.say_instead(review::Guard::MissingSettled, Vec::new());
        findings.faults.push(Violation::new("/c", "beside"));
        let told = judged(review::State::PendingSelf, review::Event::SubmitSelf, &mut findings);
        assert_eq!(told.expect_err("nothing holds"), ["one", "two", "missing_settled", "beside"]);
    }

    #[test]
    fn that_others_must_sign_is_no_fault() {
        use calibration_session::{Event, Facts, State};
        let judged = |acts_on_another, approvers| {
            let facts = Facts {
                acts_on_another,
                approved_by_another: true,
                grades_moved: Some(2),
                approvers,
                ..Facts::default()
            };
            judged(State::Opened, Event::ApproveMove, &mut Findings::new(facts, ()))
        };
        assert_eq!(judged(true, 1), Ok(true));
        assert_eq!(judged(true, 2), Ok(false));
        assert_eq!(judged(false, 1), Err(vec!["not_own_review".to_owned()]));
    }
}
