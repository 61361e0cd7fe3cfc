//! Transitions: what a state machine or a formula refuses, as the problem a client reads.

use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use domain::DomainError;
use domain::policy::SEPARATION_OF_DUTIES;
use domain::state::{self, Machine, Signature};

/// Fires an event, with the signatures that were given. `allowed` are the actions the caller is shown for the present state, and `detail`
/// gives a guard that does not hold the value its text speaks of.
///
/// # Errors
/// 409 when the state has no such event, 403 when more signatures are needed, 422 with every guard
/// that does not hold.
pub fn fire<S: Machine>(
    state: S,
    event: S::Event,
    signed: &[Signature],
    facts: &S::Facts,
    allowed: &[&'static str],
    detail: impl Fn(&'static str) -> Option<String>,
) -> Result<S, Refusal> {
    state.step(event, signed, facts).map_err(|refusal| refused(state, refusal, allowed, detail))
}

/// Where an event will lead once everybody it takes has signed.
///
/// # Errors
/// Those of [`fire`] but for missing signatures.
pub fn foresee<S: Machine>(
    state: S,
    event: S::Event,
    facts: &S::Facts,
    detail: impl Fn(&'static str) -> Option<String>,
) -> Result<S, Refusal> {
    state.foresee(event, facts).map_err(|refusal| refused(state, refusal, &[], detail))
}

/// What a machine refuses, in the words of HTTP.
fn refused<S: Machine>(
    state: S,
    refusal: state::Refusal,
    allowed: &[&'static str],
    detail: impl Fn(&'static str) -> Option<String>,
) -> Refusal {
    match refusal {
        state::Refusal::Stale { .. } => Refusal::Stale,
        state::Refusal::NotInTable { .. } => Refusal::StateConflict {
            current_state: state.as_str(),
            allowed_actions: allowed.to_vec(),
        },
        state::Refusal::NotEntitled { .. } => Refusal::Forbidden(SEPARATION_OF_DUTIES),
        state::Refusal::Guarded { violations, .. } => Refusal::GuardFailed(
            violations
                .into_iter()
                .map(|violation| {
                    let fault = Violation::new("", violation.guard);
                    match detail(violation.guard) {
                        Some(value) => fault.with("value", value),
                        None => fault,
                    }
                })
                .collect(),
        ),
    }
}

/// What [`fire`] has found, together with faults that no guard speaks of.
///
/// # Errors
/// That of `fired`; 422 with guards and faults alike.
pub fn also<S>(fired: Result<S, Refusal>, faults: Vec<Violation>) -> Result<S, Refusal> {
    match fired {
        Err(Refusal::GuardFailed(guards)) => {
            Err(Refusal::GuardFailed(guards.into_iter().chain(faults).collect()))
        }
        Ok(_) if !faults.is_empty() => Err(Refusal::GuardFailed(faults)),
        fired => fired,
    }
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

    #[test]
    fn a_machine_refuses_in_the_words_of_http() {
        let fire = |event, facts: &cycle::Facts, seat| {
            let signed = [Signature { person: uuid::Uuid::nil(), actor: seat }];
            fire(cycle::State::Draft, event, &signed, facts, &["launch"], |_| None)
        };
        let empty = cycle::Facts::default();
        let refused = fire(cycle::Event::Publish, &empty, state::Actor::Hr);
        assert!(matches!(refused, Err(Refusal::StateConflict { current_state: "draft", .. })));
        let refused = fire(cycle::Event::Launch, &empty, state::Actor::Employee);
        assert!(matches!(refused, Err(Refusal::Forbidden(SEPARATION_OF_DUTIES))));
        match fire(cycle::Event::Launch, &empty, state::Actor::Hr) {
            // All that a launch demands.
            Err(Refusal::GuardFailed(violations)) => assert_eq!(violations.len(), 8),
            other => panic!("{other:?}"),
        }
    }
}
