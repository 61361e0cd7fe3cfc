//! Who is asking.

use super::{Role, Scope};
use crate::core::id::{AccountId, ApiKeyId, EmployeeId, OrgUnitId, TenantId};
use uuid::Uuid;

/// Who is asking: settled from the token and the records of this moment, never from the token alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The tenant of the token.
    pub tenant: TenantId,
    /// The person or the program.
    pub principal: Principal,
    /// The employee the person is, or for a program the employee who answers for it.
    pub employee_id: Option<EmployeeId>,
    /// Who else may be acting through the account: whoever issued the credential it has now, until
    /// somebody else has renewed it, and of a key whoever has known its secret. Towards records
    /// about them the subject has no power, as they have none themselves.
    pub behind: Vec<EmployeeId>,
    /// Who answers for the review of one of these persons in a cycle that is not published. The
    /// result of a leader is blended from those of the team, one's own among them, so that it is
    /// shown to nobody in the team before it is released.
    pub led_by: Vec<EmployeeId>,
    /// Roles held today; always empty for a program.
    pub grants: Vec<Grant>,
}

/// A person's account or a program's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A signed-in person.
    Person(AccountId),
    /// A program with a key.
    Service {
        /// Its key.
        key: ApiKeyId,
        /// What the key may be used for.
        scopes: Vec<Scope>,
        /// The unit whose people it is limited to.
        unit: Option<OrgUnitId>,
    },
}

impl Principal {
    /// The id of the account or key.
    pub fn id(&self) -> Uuid {
        match self {
            Principal::Person(account) => account.uuid(),
            Principal::Service { key, .. } => key.uuid(),
        }
    }

    /// `account` or `api_key`, as the audit log names it.
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
    /// The unit it is held for; none is the whole tenant.
    pub org_unit_id: Option<OrgUnitId>,
}

impl Subject {
    /// Everybody who the subject is or may be.
    pub fn persons(&self) -> impl Iterator<Item = EmployeeId> + '_ {
        self.employee_id.into_iter().chain(self.behind.iter().copied())
    }

    /// Whether the subject is, or may be, this person.
    pub fn may_be(&self, person: EmployeeId) -> bool {
        self.persons().any(|one| one == person)
    }

    /// Everybody whose unreleased result is closed to the subject: who it is or may be, and who leads
    /// one of them.
    pub fn closed(&self) -> impl Iterator<Item = EmployeeId> + '_ {
        self.persons().chain(self.led_by.iter().copied())
    }

    /// Whether the subject holds `role` for the whole tenant.
    pub fn holds(&self, role: Role) -> bool {
        self.grants.iter().any(|grant| grant.role == role && role != Role::Hrbp)
    }

    /// The units the subject is HR business partner of.
    pub fn hrbp_units(&self) -> impl Iterator<Item = OrgUnitId> + '_ {
        self.grants.iter().filter(|g| g.role == Role::Hrbp).filter_map(|g| g.org_unit_id)
    }

    /// The units of which it must be known whether a person belongs to them.
    pub fn units_of_interest(&self) -> Vec<OrgUnitId> {
        match &self.principal {
            Principal::Service { unit, .. } => unit.iter().copied().collect(),
            Principal::Person(_) => self.hrbp_units().collect(),
        }
    }
}

/// What a key may be used for at this moment: what it was made for, cut by what its owner may do
/// now. Keys are made by the power of an HR administrator, and nothing of it is left without.
pub fn scopes_in_force(scopes: Vec<Scope>, owner: &[Grant]) -> Vec<Scope> {
    let may_make_keys = owner.iter().any(|grant| grant.role == Role::HrAdmin);
    if may_make_keys { scopes } else { Vec::new() }
}
