//! Logins, roles and keys: who may sign in, and as what.

use crate::id::{AccountId, ApiKeyId, EmployeeId, OrgUnitId, RoleAssignmentId};
use crate::text_enum;
use crate::time::Timestamp;
use chrono::NaiveDate;

text_enum! {
    /// Whether an account may sign in.
    pub enum AccountStatus {
        /// Made, no password chosen yet.
        Invited = "invited",
        /// May sign in.
        Active = "active",
        /// May not sign in; its sessions have ended.
        Deactivated = "deactivated",
    }
}

/// The login of a person. Secrets are kept elsewhere and never loaded with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// What the person types to sign in, unique in the tenant, compared without case.
    pub login: String,
    /// The employee this person is; none for an operator's account.
    pub employee_id: Option<EmployeeId>,
    /// Whether it may sign in.
    pub status: AccountStatus,
    /// Raised to end every session and token at once.
    pub session_epoch: i32,
    /// Counts changes, from 1.
    pub version: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

text_enum! {
    /// A role given to an account by a role assignment.
    pub enum Role {
        /// HR performance administrator (人力资源管理员).
        HrAdmin = "hr_admin",
        /// HR business partner of named units and what is below them.
        Hrbp = "hrbp",
        /// Senior management (高层管理者).
        Executive = "executive",
        /// Read-only view of everything but pay, with the audit log.
        Auditor = "auditor",
        /// Compensation officer (薪酬).
        Comp = "comp",
        /// Finance (财务).
        Finance = "finance",
        /// Member of the performance committee (绩效管理委员会).
        Committee = "committee",
    }
}

/// A role given to an account, for some units or for the whole tenant, for some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleAssignment {
    /// Its id.
    pub id: RoleAssignmentId,
    /// Who holds the role.
    pub account_id: AccountId,
    /// The role.
    pub role: Role,
    /// The unit it is held for, with all units below; required for `hrbp`, else none.
    pub org_unit_id: Option<OrgUnitId>,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day, or until revoked.
    pub valid_to: Option<NaiveDate>,
    /// Counts changes, from 1.
    pub version: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was revoked.
    pub deleted_at: Option<Timestamp>,
}

text_enum! {
    /// What an API key may be used for.
    pub enum Scope {
        /// Read units, positions and employees.
        PeopleRead = "people:read",
        /// Create and change units, positions and employees.
        PeopleWrite = "people:write",
        /// Read the events feed.
        EventsRead = "events:read",
    }
}

/// A secret with which a program signs in; the secret itself is kept as a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is for, in the words of its maker.
    pub name: String,
    /// The part of the key that may be shown, to tell keys apart.
    pub prefix: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// Limits the key to the people of this unit and of all units below.
    pub org_unit_id: Option<OrgUnitId>,
    /// The person who answers for it: a conflict of interest of theirs is one of the key.
    pub owner_account_id: AccountId,
    /// From then on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Last use, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Counts changes, from 1.
    pub version: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was revoked.
    pub deleted_at: Option<Timestamp>,
}
