//! Who may see and do what: the only such place.
//!
//! Each noun has one table: action, then who may do it, in which stage, with which mask. [`decide`]
//! reads the rules of an action from top to bottom, and documents render the same tables as the
//! access matrix, so what people review is what the program does.
//!
//! - The tenant is settled before anything else: a subject meets resources of its own tenant only.
//! - A conflict of interest beats every grant: towards a record about oneself every relationship
//!   but [`Who::Myself`] vanishes.
//! - A record is loaded [`Sealed`] and opened with the [`Permit`] of a decision about it; whoever sees
//!   only a part of it gets it as [`Shown`], from which the mask cannot be taken away.
//! - A list is narrowed by a [`Visibility`], which only [`visibility`] can make.

mod access;
mod action;
mod cycles;
mod everyday;
mod goals;
mod people;
mod rendering;
mod reviews;
mod role;
mod rule;
mod sealed;
mod subject;
mod visibility;

pub use action::Action;
pub use rendering::render_matrix;
pub use role::{Role, Scope};
pub use rule::{Mask, Noun, Rule, Stage, Who};
pub use sealed::{Protected, Sealed, Shown};
pub use subject::{Grant, Principal, Subject, scopes_in_force};
pub use visibility::{Visibility, visibility};

use crate::core::id::{AccountId, CalibrationSessionId, EmployeeId};
use uuid::Uuid;

/// Every noun of the policy.
pub fn nouns() -> impl Iterator<Item = &'static Noun> {
    let areas = [
        access::NOUNS,
        people::NOUNS,
        cycles::NOUNS,
        goals::NOUNS,
        reviews::NOUNS,
        everyday::NOUNS,
    ];
    areas.into_iter().flatten()
}

/// The noun of an action, with the rules that allow the action.
fn noun_of(action: Action) -> Option<(&'static Noun, &'static [Rule])> {
    nouns().find_map(|noun| {
        let (_, rules) = noun.actions.iter().find(|(own, _)| *own == action)?;
        Some((noun, *rules))
    })
}

/// The rules that allow an action.
fn rules_of(action: Action) -> &'static [Rule] {
    noun_of(action).map_or(&[], |(_, rules)| rules)
}

/// How the subject stands to the person a record is about, as of a business date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relations {
    /// Is that person's line manager.
    pub direct_manager: bool,
    /// Is one of the managers above.
    pub chain_manager: bool,
    /// The person belongs to one of [`Subject::units_of_interest`] or a unit below.
    pub in_units: bool,
    /// Is a member of the session that compares the person's grade.
    pub calibrator: bool,
}

/// What the subject wants to touch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The record; nil for a whole kind of records (create, list).
    pub id: Uuid,
    /// The person the record is about.
    pub about: Option<EmployeeId>,
    /// The account the record is about.
    pub account: Option<AccountId>,
    /// The account or key that made the record.
    pub author: Option<Uuid>,
    /// The person the record is about does not work here, any more or yet: colleagues do not see it.
    pub departed: bool,
    /// The manager who answers for the person's review, frozen when the cycle was launched.
    pub responsible: Option<EmployeeId>,
    /// The person from whom the record asks something, if it is about somebody else.
    pub partner: Option<EmployeeId>,
    /// The session that compares the person's grade.
    pub session: Option<CalibrationSessionId>,
    /// How far the record is; none for records without stages.
    pub stage: Option<Stage>,
    /// How the subject stands to the person.
    pub relations: Relations,
}

impl Target {
    /// A record that is about nobody.
    pub fn of(id: Uuid) -> Self {
        Self { id, ..Self::default() }
    }
}

/// The outcome of [`decide`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The permit, if allowed.
    pub permit: Option<Permit>,
    /// The rule that allowed, or the one that refused.
    pub rule: &'static str,
    /// The relationship by which the deciding rule applied.
    pub by: Option<Who>,
}

/// Proof of a positive decision about one target; only [`decide`] makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    target: Uuid,
    mask: Mask,
    rule: &'static str,
}

impl Permit {
    /// The fields it opens.
    pub fn mask(&self) -> Mask {
        self.mask
    }

    /// The rule that allowed.
    pub fn rule(&self) -> &'static str {
        self.rule
    }
}

/// Why a subject is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// It may not even know that the resource exists.
    Hidden,
    /// It may see the resource but not do this.
    Forbidden {
        /// The rule that refused.
        rule: &'static str,
    },
}

/// The rule named when nothing allows an action.
pub const NO_RULE: &str = "no-rule-allows";
/// The rule named when only the conflict of interest stands in the way.
pub const CONFLICT_OF_INTEREST: &str = "conflict-of-interest";
/// The rule named when a filter or order asks for a field that the caller does not see.
pub const FIELD_MASKED: &str = "field-masked";
/// The rule named when a transition needs somebody else, or somebody else as well.
pub const SEPARATION_OF_DUTIES: &str = "separation-of-duties";
/// The rule named when a credential is for its owner alone.
pub const CREDENTIALS_TO_OWNER: &str = "credentials-to-owner";
/// The rule named when a key lacks the scope.
pub const SCOPE_MISSING: &str = "scope-missing";

/// Decides whether `subject` may do `action` to `target`.
pub fn decide(subject: &Subject, action: Action, target: &Target) -> Decision {
    let conflicted = is_conflicted(subject, target) || tells_own(subject, action, target);
    let by_owner = conflicted && may_own(subject, action, target);
    let applying = |despite_conflict: bool| {
        rules_of(action)
            .iter()
            .filter(|rule| stands(subject, rule, target))
            .filter(|rule| despite_conflict || !conflicted || by_owner || is_own(rule.who))
            .reduce(|best, rule| if rule.mask > best.mask { rule } else { best })
    };
    match applying(false) {
        Some(rule) => Decision {
            permit: Some(Permit { target: target.id, mask: rule.mask, rule: rule.id }),
            rule: rule.id,
            by: Some(rule.who),
        },
        None => {
            let rule = match &subject.principal {
                _ if conflicted && applying(true).is_some() => CONFLICT_OF_INTEREST,
                Principal::Service { .. } => SCOPE_MISSING,
                Principal::Person(_) => NO_RULE,
            };
            Decision { permit: None, rule, by: None }
        }
    }
}

/// Whether it is a relationship to a record about oneself.
fn is_own(who: Who) -> bool {
    matches!(who, Who::Myself | Who::OwnAuthor)
}

/// [`decide`], with a refusal told apart: what the subject may not read is hidden.
pub fn authorise(subject: &Subject, action: Action, target: &Target) -> Result<Permit, Denial> {
    let decision = decide(subject, action, target);
    match decision.permit {
        Some(permit) => Ok(permit),
        None if target.id.is_nil() => Err(Denial::Forbidden { rule: decision.rule }),
        None if action.reading() != action
            && decide(subject, action.reading(), target).permit.is_some() =>
        {
            Err(Denial::Forbidden { rule: decision.rule })
        }
        None => Err(Denial::Hidden),
    }
}

/// Whether the record is about somebody who the subject is or may be, or about the person who
/// answers for the program.
fn is_conflicted(subject: &Subject, target: &Target) -> bool {
    target.about.is_some_and(|person| subject.may_be(person)) || is_myself(subject, target)
}

/// Whether the record is the unreleased result of somebody who leads the subject: the subject's own
/// result can be computed from it and those of the others in the team.
fn tells_own(subject: &Subject, action: Action, target: &Target) -> bool {
    let results = [
        Action::RatingRead,
        Action::RatingPreview,
        Action::RatingExport,
        Action::MoveRead,
        Action::MovePropose,
    ];
    results.contains(&action)
        && target.stage.is_some_and(|stage| stage != Stage::Released)
        && target.about.is_some_and(|person| subject.led_by.contains(&person))
}

/// Whether the record is about the subject itself.
fn is_myself(subject: &Subject, target: &Target) -> bool {
    let same_person = target.about.is_some() && target.about == subject.employee_id;
    match &subject.principal {
        Principal::Person(account) => same_person || target.account == Some(*account),
        Principal::Service { .. } => false,
    }
}

/// Whether the record is about the person who answers for the program, who may do this in person:
/// then the program may as well.
fn may_own(subject: &Subject, action: Action, target: &Target) -> bool {
    matches!(subject.principal, Principal::Service { .. })
        && target.about.is_some()
        && target.about == subject.employee_id
        && rules_of(action)
            .iter()
            .any(|rule| rule.who == Who::Myself && rule.holds_in(target.stage))
}

/// Whether the subject stands in the relationship the rule asks for.
fn stands(subject: &Subject, rule: &Rule, target: &Target) -> bool {
    let person = matches!(subject.principal, Principal::Person(_));
    if !rule.holds_in(target.stage) {
        return false;
    }
    match rule.who {
        Who::Myself => is_myself(subject, target),
        Who::DirectManager => person && target.relations.direct_manager,
        Who::ChainManager => person && target.relations.chain_manager,
        Who::SkipLevel => {
            person && target.relations.chain_manager && !target.relations.direct_manager
        }
        Who::Hrbp if target.about.is_none() => subject.hrbp_units().next().is_some(),
        Who::Hrbp => person && target.relations.in_units && subject.hrbp_units().next().is_some(),
        Who::HrAdmin => subject.holds(Role::HrAdmin),
        Who::Comp => subject.holds(Role::Comp),
        Who::Executive => subject.holds(Role::Executive),
        Who::Auditor => subject.holds(Role::Auditor),
        Who::ResponsibleManager => {
            person && target.responsible.is_some() && target.responsible == subject.employee_id
        }
        Who::Partner => person && target.partner.is_some() && target.partner == subject.employee_id,
        Who::Calibrator => person && target.relations.calibrator,
        Who::Author => target.author == Some(subject.principal.id()),
        Who::OwnAuthor => {
            is_myself(subject, target) && target.author == Some(subject.principal.id())
        }
        Who::Colleague => person && !target.departed,
        Who::Service | Who::CompanyService => match &subject.principal {
            Principal::Service { scopes, unit, .. } => {
                let within = rule.who == Who::Service
                    && (target.id.is_nil() || about_nobody_or_inside(target));
                rule.scope.is_some_and(|scope| scopes.contains(&scope))
                    && (unit.is_none() || within)
            }
            Principal::Person(_) => false,
        },
    }
}

fn about_nobody_or_inside(target: &Target) -> bool {
    target.about.is_none() || target.relations.in_units
}

/// Whether [`decide`] can come out differently for different [`Relations`]: if not, they need
/// not be loaded.
pub fn relations_matter(subject: &Subject, action: Action, target: &Target) -> bool {
    let with = |relations| decide(subject, action, &Target { relations, ..*target }).permit;
    let none = with(Relations::default()).map(|permit| permit.mask);
    // The line manager is in the chain above, but does not stand in it like those further up.
    [true, false].into_iter().any(|direct_manager| {
        let all = Relations {
            direct_manager,
            chain_manager: true,
            in_units: true,
            calibrator: target.session.is_some(),
        };
        with(all).map(|permit| permit.mask) != none
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::id::OrgUnitId;
    use crate::core::text::TextEnum;
    use crate::policy::Scope;

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

    fn key(unit: Option<OrgUnitId>) -> Subject {
        let scopes = vec![Scope::PeopleRead, Scope::PeopleWrite, Scope::EventsRead];
        subject(Principal::Service { key: Uuid::from_u128(1).into(), scopes, unit })
    }

    fn person() -> Target {
        let id = Uuid::from_u128(3);
        Target { id, about: Some(id.into()), ..Target::default() }
    }

    fn is_allowed(subject: &Subject, action: Action, target: &Target) -> bool {
        decide(subject, action, target).permit.is_some()
    }

    #[test]
    fn every_action_stands_in_the_table_of_one_noun() {
        for &action in Action::ALL {
            let tables = nouns().filter(|noun| noun.actions.iter().any(|(own, _)| *own == action));
            assert_eq!(tables.count(), 1, "{action}");
            assert_eq!(action.reading().reading(), action.reading(), "{action}");
        }
    }

    #[test]
    fn a_key_of_one_unit_changes_and_follows_nothing_that_concerns_others() {
        let (limited, unlimited) = (key(Some(Uuid::from_u128(2).into())), key(None));
        let thing = Target { about: None, ..person() };
        for action in
            [Action::OrgUnitWrite, Action::PositionWrite, Action::EmployeeImport, Action::EventRead]
        {
            for target in [Target::default(), thing] {
                assert!(!is_allowed(&limited, action, &target), "{action}");
                assert!(is_allowed(&unlimited, action, &target), "{action}");
            }
        }
        assert!(is_allowed(&limited, Action::OrgUnitRead, &thing));
        let in_units = Relations { in_units: true, ..Relations::default() };
        let inside = Target { relations: in_units, ..person() };
        assert!(is_allowed(&limited, Action::EmployeeWrite, &inside));
        assert!(!is_allowed(&limited, Action::EmployeeWrite, &person()));
    }

    #[test]
    fn colleagues_learn_nothing_of_who_has_left() {
        let colleague = subject(Principal::Person(Uuid::from_u128(1).into()));
        let gone = Target { departed: true, ..person() };
        for action in [Action::EmployeeRead, Action::EmployeeHistory, Action::EmployeeWrite] {
            assert_eq!(authorise(&colleague, action, &gone), Err(Denial::Hidden), "{action}");
        }
        assert!(is_allowed(&colleague, Action::EmployeeRead, &person()));
        let refused = authorise(&colleague, Action::EmployeeWrite, &person());
        assert_eq!(refused, Err(Denial::Forbidden { rule: NO_RULE }));
    }
}
