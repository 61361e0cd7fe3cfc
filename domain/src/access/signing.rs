//! Signatures for decisions that need two people: whether two signatures come from two people.
//!
//! An account is not a person. Whoever issued its credential may know it; whoever changed its
//! e-mail address may have a new credential sent there; whoever gave it the role by which it signs
//! may have made the account for that purpose. So a signature counts for everybody who may be
//! acting through the account. Two signatures by role are valid only if these groups have no person
//! in common. Where a relationship entitles, as owner and manager of a goal or as members of a
//! session, the rule is weaker: neither signer may stand behind the other, because whoever invites
//! all the people of a company stands behind all of them.

use crate::core::id::{AccountId, EmployeeId};
use crate::text_enum;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

text_enum! {
    /// A decision that needs the signatures of two people.
    pub enum Act {
        /// The release of a cycle's results.
        Publication = "publication",
        /// Cancelling a cycle or a goal.
        Cancellation = "cancellation",
        /// Confirming that a goal has been reached.
        Completion = "completion",
        /// Moving a grade in a calibration session.
        Move = "move",
        /// Accepting the grades of a calibration session.
        Finalisation = "finalisation",
        /// Leaving a dimension out of results.
        DimensionDrop = "dimension_drop",
        /// Own weights of a department.
        WeightAdjustment = "weight_adjustment",
    }
}

/// A person, as far as the records can tell: an employee, or an account that belongs to no employee
/// and counts as a person of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Person(pub Uuid);

impl From<EmployeeId> for Person {
    fn from(employee: EmployeeId) -> Self {
        Self(employee.uuid())
    }
}

/// A set of people.
pub type Persons = BTreeSet<Person>;

/// Who stands behind an account at the moment it signs. For each act this is whoever did it and,
/// since others may act through that account in turn, everybody behind the credential of that
/// account; nobody if the command line did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Id of the account.
    pub account: AccountId,
    /// The employee it belongs to.
    pub employee: Option<EmployeeId>,
    /// Who stands behind the issue of the present credential.
    pub credential: Persons,
    /// Who stands behind the last change of the e-mail address since that issue.
    pub email: Persons,
    /// Who stands behind each current assignment of a role by which the account signs, newest
    /// first; empty where no role is needed.
    pub roles: Vec<Persons>,
}

/// A signature as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The account that has signed.
    pub account: AccountId,
    /// The employee it belongs to.
    pub employee: EmployeeId,
    /// Everybody who may have acted through the account, including its employee.
    pub behind: Persons,
}

text_enum! {
    /// Why a signature does not count as that of a second person.
    pub enum Fault {
        /// The account belongs to no employee.
        NoEmployee = "signer_without_employee",
        /// The same account, or the same employee, has signed already.
        SamePerson = "signer_same_person",
        /// The signer stands behind the other signature.
        StandsBehind = "signer_behind_other",
        /// Whoever issued the credential stands behind the other signature too.
        Credential = "signer_credential",
        /// Whoever changed the e-mail stands behind the other signature too.
        Email = "signer_email",
        /// Whoever gave the role stands behind the other signature too.
        Role = "signer_role",
    }
}

impl Standing {
    /// The signature of this account, checked against the signatures in `kept`. If the account
    /// holds its role by several assignments, the most favourable one counts: an assignment given
    /// again by another administrator takes the place of the suspect one.
    ///
    /// # Errors
    /// The first reason why the signature does not count as that of a second person.
    pub fn sign(self, kept: &[Signature]) -> Result<Signature, Fault> {
        let employee = self.employee.ok_or(Fault::NoEmployee)?;
        let own = Person::from(employee);
        if kept.iter().any(|other| other.account == self.account || other.employee == employee) {
            return Err(Fault::SamePerson);
        }
        if kept.iter().any(|other| other.behind.contains(&own)) {
            return Err(Fault::StandsBehind);
        }
        let by_role = !self.roles.is_empty();
        let is_apart = |persons: &Persons| {
            kept.iter().all(|other| match by_role {
                true => other.behind.is_disjoint(persons),
                false => !persons.contains(&other.employee.into()),
            })
        };
        let apart = |persons: &Persons, fault| if is_apart(persons) { Ok(()) } else { Err(fault) };
        apart(&self.credential, Fault::Credential)?;
        apart(&self.email, Fault::Email)?;
        let given = self.roles.iter().filter(|given| is_apart(given));
        // An assignment by the command line involves nobody, so it is preferred; otherwise the
        // newest.
        let role = match given.min_by_key(|given| !given.is_empty()) {
            Some(given) => given.clone(),
            None if self.roles.is_empty() => Persons::new(),
            None => return Err(Fault::Role),
        };
        let behind = [Persons::from([own]), self.credential, self.email, role];
        let behind = behind.into_iter().flatten().collect();
        Ok(Signature { account: self.account, employee, behind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn persons(ids: &[u128]) -> Persons {
        ids.iter().map(|id| Person(Uuid::from_u128(*id))).collect()
    }

    /// The account of an employee who got credential and role from the command line.
    fn clean(id: u128) -> Standing {
        Standing {
            account: Uuid::from_u128(100 + id).into(),
            employee: Some(Uuid::from_u128(id).into()),
            credential: Persons::new(),
            email: Persons::new(),
            roles: vec![Persons::new()],
        }
    }

    fn both(one: Standing, other: Standing) -> Result<(), Fault> {
        let first = one.sign(&[])?;
        other.sign(&[first]).map(|_| ())
    }

    #[test]
    fn two_employees_are_two_persons() {
        assert_eq!(both(clean(1), clean(2)), Ok(()));
        let without_role = |id| Standing { roles: Vec::new(), ..clean(id) };
        assert_eq!(both(without_role(1), without_role(2)), Ok(()));
    }

    #[test]
    fn an_account_of_nobody_signs_nothing() {
        let nobody = Standing { employee: None, ..clean(1) };
        assert_eq!(nobody.sign(&[]), Err(Fault::NoEmployee));
    }

    #[test]
    fn one_person_signs_once() {
        assert_eq!(both(clean(1), clean(1)), Err(Fault::SamePerson));
        let second = Standing { account: Uuid::from_u128(300).into(), ..clean(1) };
        assert_eq!(both(clean(1), second), Err(Fault::SamePerson));
    }

    #[test]
    fn whoever_made_the_other_is_no_second_person() {
        let issued = || Standing { credential: persons(&[1]), ..clean(2) };
        assert_eq!(both(clean(1), issued()), Err(Fault::Credential));
        assert_eq!(both(issued(), clean(1)), Err(Fault::StandsBehind));
        let mailed = || Standing { email: persons(&[1]), ..clean(2) };
        assert_eq!(both(clean(1), mailed()), Err(Fault::Email));
        assert_eq!(both(mailed(), clean(1)), Err(Fault::StandsBehind));
        let raised = || Standing { roles: vec![persons(&[1])], ..clean(2) };
        assert_eq!(both(clean(1), raised()), Err(Fault::Role));
        assert_eq!(both(raised(), clean(1)), Err(Fault::StandsBehind));
    }

    #[test]
    fn where_relationships_entitle_whoever_invited_both_is_no_hindrance() {
        let invited =
            |id, by: &[u128]| Standing { credential: persons(by), roles: Vec::new(), ..clean(id) };
        assert_eq!(both(invited(1, &[9]), invited(2, &[9])), Ok(()));
        assert_eq!(both(invited(1, &[9]), invited(2, &[1])), Err(Fault::Credential));
        assert_eq!(both(invited(1, &[2]), invited(2, &[9])), Err(Fault::StandsBehind));
    }

    #[test]
    fn two_puppets_of_one_person_are_one() {
        let puppet = |id| Standing { credential: persons(&[9]), ..clean(id) };
        assert_eq!(both(puppet(1), puppet(2)), Err(Fault::Credential));
        let raised = |id| Standing { roles: vec![persons(&[9])], ..clean(id) };
        assert_eq!(both(raised(1), raised(2)), Err(Fault::Role));
        assert_eq!(both(puppet(1), raised(2)), Err(Fault::Role));
    }

    #[test]
    fn a_role_given_again_by_somebody_else_counts() {
        let renewed =
            |by: &[u128]| Standing { roles: vec![persons(by), persons(&[1])], ..clean(2) };
        for by in [&[3][..], &[]] {
            assert_eq!(both(clean(1), renewed(by)), Ok(()), "{by:?}");
            assert_eq!(both(renewed(by), clean(1)), Ok(()), "{by:?}");
        }
        let older = Standing { roles: vec![persons(&[1]), Persons::new()], ..clean(2) };
        assert_eq!(both(older, clean(1)), Ok(()));
    }

    prop_compose! {
        fn standing()(
            id in 0..6_u128,
            has_employee in prop::bool::weighted(0.9),
            credential in prop::collection::vec(0..6_u128, 0..3),
            email in prop::collection::vec(0..6_u128, 0..2),
            roles in prop::collection::vec(prop::collection::vec(0..6_u128, 0..2), 0..3),
        ) -> Standing {
            Standing {
                employee: clean(id).employee.filter(|_| has_employee),
                credential: persons(&credential),
                email: persons(&email),
                roles: roles.iter().map(|given| persons(given)).collect(),
                ..clean(id)
            }
        }
    }

    proptest! {
        #[test]
        fn kept_signatures_by_role_have_nobody_in_common(
            all in prop::collection::vec(standing(), 0..6),
        ) {
            let all = all.into_iter().filter(|standing| !standing.roles.is_empty());
            let mut kept: Vec<Signature> = Vec::new();
            for standing in all {
                if let Ok(signature) = standing.sign(&kept) {
                    kept.push(signature);
                }
            }
            let persons: Persons = kept.iter().flat_map(|it| it.behind.iter().copied()).collect();
            let separate: usize = kept.iter().map(|it| it.behind.len()).sum();
            prop_assert_eq!(persons.len(), separate);
            for signature in &kept {
                prop_assert!(signature.behind.contains(&signature.employee.into()));
            }
        }

        #[test]
        fn nobody_is_refused_without_somebody_in_common(one in standing(), other in standing()) {
            if let Ok(first) = one.sign(&[])
                && let Err(fault) = other.clone().sign(std::slice::from_ref(&first))
                && !matches!(fault, Fault::NoEmployee | Fault::SamePerson)
            {
                let own = other.employee.map(Person::from);
                let all = own.iter().chain(&other.credential).chain(&other.email);
                let all: Persons = all.chain(other.roles.iter().flatten()).copied().collect();
                prop_assert!(!first.behind.is_disjoint(&all));
            }
        }
    }
}
