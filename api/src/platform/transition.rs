//! The one way in which a record moves from state to state.
//!
//! A noun says what is asked for ([`Transition`]): which record is locked, what its guards look at
//! and what follows. [`transit`] does the rest, the same for all: the policy, the version, the table
//! of the machine, real signatures of real persons, the guards, then what follows. What a step of
//! somebody brings with it is fired by [`by_system`]. Nothing else asks a machine.

use crate::platform::caller::Actor;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::signing::Signing;
use domain::DomainError;
use domain::core::change::Record;
use domain::core::text::TextEnum;
use domain::policy::SEPARATION_OF_DUTIES;
use domain::state::{self, By, Machine, Seat, Seating, Signature};
use persistence::Store;
use uuid::Uuid;

/// The event of a transition's machine.
pub type Event<T> = <<T as Transition>::State as Machine>::Event;
/// The facts of a transition's machine.
pub type Facts<T> = <<T as Transition>::State as Machine>::Facts;
/// The guards of a transition's machine.
pub type Guard<T> = <<T as Transition>::State as Machine>::Guard;

/// A transition of a noun that somebody has asked for.
pub trait Transition: Sized {
    /// The machine.
    type State: Machine;
    /// The record the machine moves, locked, with what was loaded to decide about it.
    type Opened;
    /// What was found beside the facts, for what follows.
    type Found;
    /// What comes of it.
    type Outcome;

    /// Loads and locks the record, and asks the policy.
    ///
    /// # Errors
    /// 404 or 403 for whoever may not.
    fn open(&self, store: &mut dyn Store, actor: &Actor) -> Result<Self::Opened, Refusal>;

    /// Refuses what was asked of another version than the one that is there.
    ///
    /// # Errors
    /// 412; 409 for what lies around the record and does not let it be done.
    fn check_seen(&self, actor: &Actor, opened: &Self::Opened) -> Result<(), Refusal>;

    /// Where the record is.
    fn state(&self, opened: &Self::Opened) -> Self::State;

    /// What happens to it; none for what leaves it in its state.
    fn event(&self) -> Option<Event<Self>>;

    /// Whether what lies around the record lets it be done, whoever asks.
    fn is_possible(&self, _opened: &Self::Opened) -> bool {
        true
    }

    /// What the caller is offered instead, in the present state.
    fn offered(&self, actor: &Actor, opened: &Self::Opened) -> Vec<&'static str>;

    /// How the caller is seated, and what others have signed that still counts.
    fn seating(&self, actor: &Actor, opened: &Self::Opened) -> Seating<Event<Self>>;

    /// Looks at what the guards demand.
    fn look(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        opened: &mut Self::Opened,
    ) -> Result<Findings<Self>, Refusal>;

    /// What the caller signs from a seat, where it takes two persons. The first signature lets those
    /// before it fall.
    fn signing(
        &self,
        _opened: &Self::Opened,
        _facts: &Facts<Self>,
        _seat: Seat,
        _is_first: bool,
    ) -> Option<Signing<'static>> {
        None
    }

    /// Saves the record, and whatever else changes with it.
    fn follow(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        passage: Passage<Self>,
    ) -> Result<Self::Outcome, Refusal>;
}

/// What a transition has looked at.
pub struct Findings<T: Transition> {
    /// What the guards look at.
    pub facts: Facts<T>,
    /// What the text of a guard that does not hold speaks of.
    pub details: Vec<(Guard<T>, String)>,
    instead: Vec<(Guard<T>, Vec<Violation>)>,
    /// What is wrong beside the guards.
    pub faults: Vec<Violation>,
    /// For what follows.
    pub found: T::Found,
}

impl<T: Transition> Findings<T> {
    /// Facts alone, with something for what follows.
    pub fn new(facts: Facts<T>, found: T::Found) -> Self {
        Self { facts, details: Vec::new(), instead: Vec::new(), faults: Vec::new(), found }
    }

    /// Adds to what is said in place of a guard that does not hold.
    pub fn say_instead(&mut self, guard: Guard<T>, violations: Vec<Violation>) {
        match self.instead.iter_mut().find(|(about, _)| *about == guard) {
            Some((_, said)) => said.extend(violations),
            None => self.instead.push((guard, violations)),
        }
    }

    /// What is said in place of a guard, if there is anything.
    fn in_place_of(&mut self, guard: &'static str) -> Option<Vec<Violation>> {
        let said = self.instead.iter_mut().find(|(about, _)| about.as_str() == guard);
        said.map(|(_, said)| std::mem::take(said)).filter(|said| !said.is_empty())
    }

    /// Refuses guards that do not hold, each with all that speaks against it, and what is wrong
    /// beside them. Whether nothing is left but that others must sign as well.
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

/// A transition that nothing stands in the way of.
pub struct Passage<T: Transition> {
    /// The record as it was, with what was loaded to decide about it.
    pub opened: T::Opened,
    /// What was found.
    pub found: T::Found,
    /// What happens.
    pub event: Event<T>,
    /// The state before.
    pub from: T::State,
    /// The state after, once it is complete.
    pub to: T::State,
    /// The seat from which the caller signs.
    pub seat: Seat,
    /// Whether nobody else has to sign.
    pub is_complete: bool,
    /// Whether nothing was signed before that still counts.
    pub is_first: bool,
    signed: Option<(Signing<'static>, domain::access::signing::Signature)>,
}

impl<T: Transition> Passage<T> {
    /// A record of what happens, with the states it leads through once it is complete.
    pub fn record(&self, action: &'static str, id: Uuid, rule: &'static str) -> Record {
        let record = Record::new(action, id, rule);
        if self.is_complete && self.from != self.to {
            record.transition(self.from.as_str(), self.to.as_str())
        } else {
            record
        }
    }
}

/// Checks everything that a transition demands, and changes nothing.
///
/// # Errors
/// Those of [`Transition::open`] and [`Transition::check_seen`]; 409 when the state has no such event,
/// 403 when the caller has no seat for it, 422 with every guard that does not hold.
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
        return Err(Refusal::StateConflict { current_state: from.as_str(), allowed_actions });
    };
    let seating = step.seating(actor, &opened);
    let given = seating.given_for(event);
    let is_first = given.is_empty();
    let unseated = || Refusal::Forbidden(SEPARATION_OF_DUTIES);
    let seat = seating.free_seat(row.by, &given);
    // Where one signature does, nothing is looked at for whoever cannot give it.
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

/// Carries a prepared transition out: keeps the caller's signature, and does what follows.
///
/// # Errors
/// Those of [`Transition::follow`].
pub fn carry_out<T: Transition>(
    store: &mut dyn Store,
    actor: &Actor,
    step: &T,
    passage: Passage<T>,
) -> Result<T::Outcome, Refusal> {
    if let Some((signing, signature)) = &passage.signed {
        signing.keep(store, actor, signature)?;
    }
    step.follow(store, actor, passage)
}

/// Moves a record on, or keeps the first of the signatures that it takes.
///
/// # Errors
/// Those of [`prepare`] and [`carry_out`].
pub fn transit<T: Transition>(
    store: &mut dyn Store,
    actor: &Actor,
    step: &T,
) -> Result<T::Outcome, Refusal> {
    let passage = prepare(store, actor, step)?;
    carry_out(store, actor, step, passage)
}

/// Where an event leads that the system fires, because something else has happened.
///
/// # Errors
/// That of an internal fault: whoever fires it has looked before.
pub fn by_system<S: Machine>(state: S, event: S::Event, facts: &S::Facts) -> Result<S, Refusal> {
    let fired = state.step(event, &[Signature::SYSTEM], facts);
    fired.map_err(|refusal| Refusal::Internal(refusal.to_string()))
}

/// The actions as a refusal names them.
pub fn names<V: TextEnum>(verbs: Vec<V>) -> Vec<&'static str> {
    verbs.into_iter().map(V::as_str).collect()
}

/// What a formula refuses, at its place in the input.
pub fn fault(pointer: impl Into<String>, error: &DomainError) -> Violation {
    Violation::new(pointer, error.code.as_str()).with("value", &error.detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::problem::Language;
    use domain::state::{Named, calibration_session, cycle, goal, review};

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
        ];
        assert_eq!(unsaid.concat(), Vec::<&str>::new());
    }

    /// Nothing but a machine, asked for nothing.
    struct Nothing<S>(std::marker::PhantomData<S>);

    impl<S: Machine> Transition for Nothing<S> {
        type State = S;
        type Opened = ();
        type Found = ();
        type Outcome = ();

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

        fn offered(&self, _: &Actor, (): &()) -> Vec<&'static str> {
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

    /// Whether others must sign as well, or the codes of all that is told.
    fn judged<S: Machine>(
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
        // All that a launch demands.
        assert_eq!(told.expect_err("nothing holds").len(), 8);

        let mut findings = Findings::new(review::Facts::default(), ());
        findings.say_instead(review::Guard::EvidencePresent, vec![Violation::new("/a", "one")]);
        findings.say_instead(review::Guard::EvidencePresent, vec![Violation::new("/b", "two")]);
        // With nothing to say in its place, a guard is told itself.
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
