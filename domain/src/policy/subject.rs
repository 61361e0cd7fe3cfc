//! The subject of a decision: who asks.

use super::{Role, Scope};
use crate::core::id::{AccountId, ApiKeyId, EmployeeId, OrgUnitId, TenantId};
use uuid::Uuid;

/// Who asks. It is derived from the token and the present records, never from the token alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The tenant of the token.
    pub tenant: TenantId,
    /// The signed-in person or program.
    pub principal: Principal,
    /// The employee who the person is or, for a program, who is responsible for it.
    pub employee_id: Option<EmployeeId>,
    /// Other employees who may be acting through the account: whoever issued its present
    /// credential, until somebody else issues a new one; for an API key, whoever has known its
    /// secret. The subject has no power over records about them, as they have none themselves.
    pub behind: Vec<EmployeeId>,
    /// The managers who are responsible for the review of one of these persons in a cycle that is
    /// not published. A manager's result is computed partly from the results of the team, so nobody
    /// in the team may see it before its release.
    pub led_by: Vec<EmployeeId>,
    /// Roles held today; always empty for a program.
    pub grants: Vec<Grant>,
}

/// The account of a person or the key of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A signed-in person.
    Person(AccountId),
    /// A program with a key.
    Service {
        /// Id of the key.
        key: ApiKeyId,
        /// What the key may be used for.
        scopes: Vec<Scope>,
        /// Limits the key to the people of this unit and of the units below; `None` for no limit.
        unit: Option<OrgUnitId>,
    },
}

impl Principal {
    /// Id of the account or key.
    pub fn id(&self) -> Uuid {
        match self {
            Principal::Person(account) => account.uuid(),
            Principal::Service { key, .. } => key.uuid(),
        }
    }

    /// Kind of the principal as written in the audit log: `account` or `api_key`.
    pub fn kind(&self) -> &'static str {
        match self {
            Principal::Person(_) => "account",
            Principal::Service { .. } => "api_key",
        }
    }
}

/// A role held today, for a unit or for the whole tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The unit for which it is held; `None` means the whole tenant.
    pub org_unit_id: Option<OrgUnitId>,
}

impl Subject {
    /// All employees who the subject is or may be.
    pub fn persons(&self) -> impl Iterator<Item = EmployeeId> + '_ {
        self.employee_id.into_iter().chain(self.behind.iter().copied())
    }

    /// Whether the subject is, or may be, this person.
    pub fn may_be(&self, person: EmployeeId) -> bool {
        self.persons().any(|one| one == person)
    }

    /// All employees whose unreleased result the subject may not see: who the subject is or may be,
    /// and the managers of these people.
    pub fn closed(&self) -> impl Iterator<Item = EmployeeId> + '_ {
        self.persons().chain(self.led_by.iter().copied())
    }

    /// Whether the subject holds `role` for the whole tenant.
    pub fn holds(&self, role: Role) -> bool {
        self.grants.iter().any(|grant| grant.role == role && role != Role::Hrbp)
    }

    /// The units of which the subject is HR business partner.
    pub fn hrbp_units(&self) -> impl Iterator<Item = OrgUnitId> + '_ {
        self.grants.iter().filter(|g| g.role == Role::Hrbp).filter_map(|g| g.org_unit_id)
    }

    /// The units for which a decision must know whether a person belongs to them.
    pub fn units_of_interest(&self) -> Vec<OrgUnitId> {
        match &self.principal {
            Principal::Service { unit, .. } => unit.iter().copied().collect(),
            Principal::Person(_) => self.hrbp_units().collect(),
        }
    }
}

/// The scopes that a key has now: those it was made with, as long as its owner is an HR
/// administrator; otherwise none.
pub fn scopes_in_force(scopes: Vec<Scope>, owner: &[Grant]) -> Vec<Scope> {
    let may_make_keys = owner.iter().any(|grant| grant.role == Role::HrAdmin);
    if may_make_keys { scopes } else { Vec::new() }
}
