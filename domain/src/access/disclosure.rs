//! What audit entries and events show, and to whom.
//!
//! An entry shows of a record what the policy shows of it to the reader at this moment. It shows
//! values only to readers to whom the policy opens the whole record. Of records about the reader it
//! shows no more than the reader may see, so that nobody learns their own result before it is
//! released.

use crate::policy::{Action, Mask, Principal, Subject, nouns};
use crate::text_enum;
use uuid::Uuid;

text_enum! {
    /// How a record belongs to a person.
    pub enum Belonging {
        /// The reader's own account, or its role assignments, keys or sign-ins. The reader may see
        /// what is done to them.
        Account = "account",
        /// The account, role assignments, keys or sign-ins of somebody else who may act through the
        /// reader's account. The reader sees no more because of them.
        Behind = "behind",
        /// The review of the person.
        Review = "review",
        /// A calibration session that compares the person's grade.
        Session = "session",
        /// A move of the person's grade.
        Move = "move",
        /// A goal of the person.
        Goal = "goal",
    }
}

/// A record that belongs to the reader, or to somebody who may act through the reader's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnRecord {
    /// How it belongs to the person.
    pub belonging: Belonging,
    /// Id of the record.
    pub id: Uuid,
    /// Whether the result of which the record is part has been released to the person.
    pub released: bool,
}

/// The actions on a reader's own review that the reader sees before its release: steps that people
/// take on it, and what the reader wrote. All other actions stay hidden until the release,
/// including those added to the code later.
const TOLD_OF_OWN_REVIEW: &[&str] = &[
    "review.self_review_saved",
    "review.self_review_submitted",
    "review.self_review_skipped",
    "review.self_review_returned",
    "review.raters_closed",
    "review.rating_submitted",
    "review.rating_confirmed",
    "review.rating_returned",
    "review.rating_reopened",
    "review.published",
    "review.acknowledged",
    "review.disagreed",
    "review.concluded",
];

/// Actions that reveal the score of a goal.
const OF_SCORES: &[&str] = &["goal.scored", "goal.reopened"];

/// Actions that reveal that a move took effect in a session.
const OF_MOVES: &[&str] = &["calibration_session.override_ended"];

/// Actions that reveal results before their release, or drafts. Programs never see them: a program
/// sees only released reviews.
const OF_RESULTS: &[&str] = &[
    "review.self_review_saved",
    "review.rating_saved",
    "review.result_computed",
    "review.grade_moved",
    "review.grade_settled",
    "review.grade_reopened",
    "goal.scored",
    "goal.reopened",
    "calibration_session.override_ended",
];

/// A set of actions, named as in audit entries and events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actions {
    /// Every action.
    All,
    /// Every action on records of this noun.
    On(&'static str),
    /// Only these actions.
    These(&'static [&'static str]),
    /// Every action except these.
    But(&'static [&'static str]),
}

/// Entries and events that a reader does not see: some actions on some records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// Ids of the records concerned; `None` means all records.
    pub ids: Option<Vec<Uuid>>,
    /// The actions that are hidden.
    pub actions: Actions,
}

/// What audit log and events hide from `subject`; `own` are the records that belong to the subject.
pub fn withheld(subject: &Subject, own: &[OwnRecord]) -> Vec<Withheld> {
    let ids = |belonging, released: bool| -> Vec<Uuid> {
        let of = own.iter().filter(|record| record.belonging == belonging);
        of.filter(|record| released || !record.released).map(|record| record.id).collect()
    };
    let own = [
        (ids(Belonging::Review, false), Actions::But(TOLD_OF_OWN_REVIEW)),
        (ids(Belonging::Goal, false), Actions::These(OF_SCORES)),
        (ids(Belonging::Session, false), Actions::These(OF_MOVES)),
        // Who proposed which move stays confidential, also after the release.
        (ids(Belonging::Move, true), Actions::All),
    ];
    let own = own
        .into_iter()
        .filter(|(ids, _)| !ids.is_empty())
        .map(|(ids, actions)| Withheld { ids: Some(ids), actions });
    let from_programs = match subject.principal {
        Principal::Person(_) => &[][..],
        Principal::Service { .. } => &[Actions::On("move"), Actions::These(OF_RESULTS)],
    };
    let from_programs = from_programs.iter().map(|&actions| Withheld { ids: None, actions });
    own.chain(from_programs).collect()
}

/// The action that the policy must permit in full on a record before an entry about that record
/// shows values and reason; `None` where nobody sees them.
pub fn opened_by(action: &str) -> Option<Action> {
    let (noun, _) = action.split_once('.')?;
    let mut records = nouns().flat_map(|noun| noun.records);
    records.find(|(name, _)| *name == noun).map(|(_, action)| *action)
}

/// Whether a reader with this mask on a record also sees the values in entries about it. For
/// employees [`Mask::Metadata`] is enough, since it already shows every field that changes.
pub fn shows_values(action: &str, mask: Mask) -> bool {
    match opened_by(action) {
        Some(Action::EmployeeRead) => mask >= Mask::Metadata,
        _ => mask == Mask::Full,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(principal: Principal) -> Subject {
        Subject {
            tenant: Uuid::nil().into(),
            principal,
            employee_id: None,
            behind: Vec::new(),
            led_by: Vec::new(),
            grants: Vec::new(),
        }
    }

    fn own(belonging: Belonging, id: u128, released: bool) -> OwnRecord {
        OwnRecord { belonging, id: Uuid::from_u128(id), released }
    }

    #[test]
    fn an_own_result_is_withheld_until_its_release_and_a_move_for_ever() {
        let person = subject(Principal::Person(Uuid::nil().into()));
        let records = [
            own(Belonging::Account, 1, false),
            own(Belonging::Review, 2, false),
            own(Belonging::Review, 3, true),
            own(Belonging::Goal, 4, true),
            own(Belonging::Move, 5, true),
        ];
        let part = |id, actions| Withheld { ids: Some(vec![Uuid::from_u128(id)]), actions };
        let expected = [part(2, Actions::But(TOLD_OF_OWN_REVIEW)), part(5, Actions::All)];
        assert_eq!(withheld(&person, &records), expected);
        assert_eq!(withheld(&person, &[]), []);
    }

    #[test]
    fn programs_hear_of_no_results() {
        let (key, scopes) = (Uuid::nil().into(), Vec::new());
        let program = subject(Principal::Service { key, scopes, unit: None });
        let actions: Vec<_> = withheld(&program, &[]).iter().map(|part| part.actions).collect();
        assert_eq!(actions, [Actions::On("move"), Actions::These(OF_RESULTS)]);
        // What a person sees only after the release, no program sees at all.
        let told = OF_SCORES.iter().chain(OF_MOVES);
        assert!(told.clone().all(|action| OF_RESULTS.contains(action)));
    }

    #[test]
    fn what_nobody_has_thought_of_is_opened_to_nobody() {
        assert_eq!(opened_by("diary.written"), None);
        assert_eq!(opened_by("nonsense"), None);
        assert_eq!(opened_by("review.grade_moved"), Some(Action::RatingRead));
        assert!(shows_values("employee.updated", Mask::Metadata));
        assert!(!shows_values("employee.updated", Mask::Directory));
        assert!(!shows_values("review.grade_moved", Mask::Metadata));
    }
}
