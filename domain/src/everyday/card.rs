//! Cards: the little that is shown of a record wherever another record names it by its id.

use crate::text_enum;

text_enum! {
    /// What a card is of.
    pub enum CardKind {
        /// An account; its card is of the person whose it is.
        Account = "account",
        /// A cycle.
        Cycle = "cycle",
        /// An employee.
        Employee = "employee",
        /// A goal.
        Goal = "goal",
        /// A unit.
        OrgUnit = "org_unit",
        /// A participant; the card is of the person who takes part.
        Participant = "participant",
        /// A version of a policy.
        Policy = "policy",
        /// A position.
        Position = "position",
    }
}

use CardKind::{Account, Cycle, Employee, Goal, OrgUnit, Participant, Policy, Position};

impl CardKind {
    /// What the ids in a property of this name may be of: one property name means the same
    /// everywhere, but for the record above another and for who did something, which may be of two
    /// kinds. Empty for a property of anything else.
    pub fn named_by(property: &str) -> &'static [CardKind] {
        match property {
            "employee_id"
            | "manager_id"
            | "owner_id"
            | "downstream_owner_id"
            | "upstream_owner_id" => &[Employee],
            "department_id" | "department_ids" | "org_unit_id" | "org_unit_ids" => &[OrgUnit],
            "account_id" | "owner_account_id" => &[Account],
            "actor_id" | "author_id" | "reader_id" => &[Account, Employee],
            "cycle_id" => &[Cycle],
            "goal_id" | "downstream_goal_id" | "upstream_goal_id" => &[Goal],
            "parent_id" => &[Goal, OrgUnit],
            "participant_id" | "participant_ids" => &[Participant],
            "policy_id" => &[Policy],
            "position_id" => &[Position],
            _ if property.ends_with("_by") => &[Account, Employee],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_tells_by_its_name_what_it_names() {
        assert_eq!(CardKind::named_by("manager_id"), [Employee]);
        assert_eq!(CardKind::named_by("decided_by"), [Account, Employee]);
        for other in ["id", "review_id", "external_ids", "request_id", "name"] {
            assert!(CardKind::named_by(other).is_empty(), "{other}");
        }
    }
}
