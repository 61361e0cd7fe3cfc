//! Who makes a request: an account in a session, or a key.

use crate::ports::Result;
use chrono::NaiveDate;
use domain::access::account::AccountStatus;
use domain::core::id::{AccountId, ApiKeyId, EmployeeId, OrgUnitId, SessionId};
use domain::core::time::{Period, Timestamp};
use domain::policy::{Grant, Principal, Scope};

/// The state of an account in its tenant, as far as decisions about access need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Status of the account.
    pub status: AccountStatus,
    /// The employee the account belongs to; none for an account without one.
    pub employee_id: Option<EmployeeId>,
    /// The employments of that employee.
    pub employments: Vec<Period>,
    /// Time zone of the tenant; days begin and end in it.
    pub time_zone: String,
    /// Roles that are not revoked, each with the days on which it is held.
    pub grants: Vec<(Grant, Period)>,
    /// Other people who may be acting through this account, since they know or knew its credential:
    /// whoever issued it, whoever issued the credential of that person, and so on; for a key also
    /// whoever created it.
    pub behind: Vec<EmployeeId>,
    /// The managers who answer, or answered before, for the review of the account's employee or of
    /// one of the people in `behind`, in cycles that are not published.
    pub led_by: Vec<EmployeeId>,
}

impl Standing {
    /// Whether the account's employee is employed on `day`; true for an account without an
    /// employee.
    pub fn is_employed(&self, day: NaiveDate) -> bool {
        self.employee_id.is_none() || self.employments.iter().any(|days| days.contains(day))
    }
}

/// What decides whether a session may act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// State of the account.
    pub standing: Standing,
    /// Current epoch of the account; tokens of any other epoch are refused.
    pub session_epoch: i32,
    /// When the session ends if it is not used.
    pub expires_at: Timestamp,
    /// When somebody ended the session before that.
    pub revoked_at: Option<Timestamp>,
}

/// What decides whether a key may act.
#[derive(Clone)]
pub struct KeyHolder {
    /// The key.
    pub id: ApiKeyId,
    /// The most that the key may be used for.
    pub scopes: Vec<Scope>,
    /// The key sees only people of this unit and of units below it; none means all units.
    pub unit: Option<OrgUnitId>,
    /// The key is refused from this instant on.
    pub expires_at: Option<Timestamp>,
    /// Last use, rounded to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Hash of the secret.
    pub secret_hash: Vec<u8>,
    /// State of the account that owns the key.
    pub standing: Standing,
}

/// What the caller reads about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Short name of the tenant.
    pub tenant_slug: String,
    /// Name of the tenant.
    pub tenant_name: String,
    /// Locale of the tenant.
    pub locale: String,
    /// Time zone of the tenant.
    pub time_zone: String,
    /// Login of the account; none for a key.
    pub login: Option<String>,
    /// Name of the account's employee or of the key; none for an account without an employee.
    pub name: Option<String>,
    /// When the account's credential was issued.
    pub credential_at: Option<Timestamp>,
    /// Who issued it; none if the command line did.
    pub credential_by: Option<AccountId>,
}

/// How a person stands to others on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StandingToOthers {
    /// Whether somebody reports to the person.
    pub has_team: bool,
    /// Whether somebody reports to one of those who report to the person.
    pub leads_managers: bool,
    /// Whether the person answers for a review in a cycle that is not over.
    pub reviews_team: bool,
    /// Whether the person is evaluated in a cycle that is not over.
    pub takes_part: bool,
    /// Whether the person has a seat in a calibration session that is not finalised.
    pub calibrates: bool,
}

/// Everything about a caller in one statement, because every request asks for it.
pub trait Principals {
    /// An account and one of its sessions.
    fn signed_in(&mut self, account: AccountId, session: SessionId) -> Result<Option<SignedIn>>;
    /// The key whose text begins with `prefix` and that is not revoked.
    fn key_holder(&mut self, prefix: &str) -> Result<Option<KeyHolder>>;
    /// State of an account, without a session.
    fn standing(&mut self, account: AccountId) -> Result<Option<Standing>>;
    /// What a caller reads about itself; this needs no permission.
    fn profile(&mut self, principal: &Principal) -> Result<Option<Profile>>;
    /// How a person stands to others on a day. One statement.
    fn standing_to_others(&mut self, me: EmployeeId, day: NaiveDate) -> Result<StandingToOthers>;
}
