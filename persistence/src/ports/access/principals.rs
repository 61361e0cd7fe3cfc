//! Who comes in.

use crate::ports::Result;
use chrono::NaiveDate;
use domain::access::account::AccountStatus;
use domain::core::id::{AccountId, ApiKeyId, EmployeeId, OrgUnitId, SessionId};
use domain::core::time::{Period, Timestamp};
use domain::policy::{Grant, Principal, Scope};

/// How an account stands with the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Status of the account.
    pub status: AccountStatus,
    /// The employee it belongs to.
    pub employee_id: Option<EmployeeId>,
    /// When that employee works here.
    pub employments: Vec<Period>,
    /// Time zone of the tenant, in which days begin.
    pub time_zone: String,
    /// Roles not revoked, each with the days on which it is held.
    pub grants: Vec<(Grant, Period)>,
    /// Who else may be acting through the account: whoever issued its credential, or that of whoever
    /// did, and of a key whoever made it.
    pub behind: Vec<EmployeeId>,
    /// Who answers for the review of one of these persons in a cycle that is not published.
    pub led_by: Vec<EmployeeId>,
}

impl Standing {
    /// Whether the account's employee works here on a day; who is none is not asked for.
    pub fn is_employed(&self, day: NaiveDate) -> bool {
        self.employee_id.is_none() || self.employments.iter().any(|days| days.contains(day))
    }
}

/// What must be known to let a session act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// How the account stands.
    pub standing: Standing,
    /// Tokens of another epoch have ended.
    pub session_epoch: i32,
    /// When the session ends if it is not used.
    pub expires_at: Timestamp,
    /// When it was ended before that.
    pub revoked_at: Option<Timestamp>,
}

/// What must be known to let a key act.
#[derive(Clone)]
pub struct KeyHolder {
    /// The key.
    pub id: ApiKeyId,
    /// What it may be used for at most.
    pub scopes: Vec<Scope>,
    /// Limits it to the people of this unit and of all units below.
    pub unit: Option<OrgUnitId>,
    /// From then on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Last use, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Hash of its secret.
    pub secret_hash: Vec<u8>,
    /// How the account that answers for it stands.
    pub standing: Standing,
}

/// What a principal is told about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Short name of the tenant.
    pub tenant_slug: String,
    /// Name of the tenant.
    pub tenant_name: String,
    /// Time zone of the tenant.
    pub time_zone: String,
    /// Login of a person.
    pub login: Option<String>,
    /// Name of the person, if an employee, or of the key.
    pub name: Option<String>,
    /// When the credential of the account was issued.
    pub credential_at: Option<Timestamp>,
    /// Who issued it; none if the command line did.
    pub credential_by: Option<AccountId>,
}

/// Who acts: everything about a principal in one statement, since every request asks.
pub trait Principals {
    /// An account acting in one of its sessions.
    fn signed_in(&mut self, account: AccountId, session: SessionId) -> Result<Option<SignedIn>>;
    /// The key that begins with `prefix` and is not revoked.
    fn key_holder(&mut self, prefix: &str) -> Result<Option<KeyHolder>>;
    /// How an account stands, whoever asks.
    fn standing(&mut self, account: AccountId) -> Result<Option<Standing>>;
    /// What a principal is told about itself, which needs no permission.
    fn profile(&mut self, principal: &Principal) -> Result<Option<Profile>>;
}
