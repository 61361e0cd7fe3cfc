//! Accounts, sessions, roles and API keys: who may sign in, and with which rights.

use crate::core::change::versioned;
use crate::core::id::{AccountId, ApiKeyId, EmployeeId, OrgUnitId, RoleAssignmentId, SessionId};
use crate::core::text::fold;
use crate::core::time::{Period, Timestamp};
use crate::policy::{Protected, Role, Scope, Target};
use crate::text_enum;
use chrono::{NaiveDate, TimeDelta};

text_enum! {
    /// What can be done to a role that somebody holds.
    pub enum RoleAssignmentAction {
        /// Revoke it.
        Deletion = "deletion",
    }
}

text_enum! {
    /// What can be done to an API key.
    pub enum ApiKeyAction {
        /// Become responsible for it.
        Takeover = "takeover",
        /// Revoke it.
        Deletion = "deletion",
    }
}

text_enum! {
    /// Whether an account may sign in.
    pub enum AccountStatus {
        /// Created; the person has not chosen a password yet.
        Invited = "invited",
        /// May sign in.
        Active = "active",
        /// May not sign in; its sessions have ended.
        Deactivated = "deactivated",
    }
}

text_enum! {
    /// What an administrator may do to an account.
    pub enum AccountTransition {
        /// Let a deactivated account sign in again.
        Activation = "activation",
        /// Keep the account from signing in.
        Deactivation = "deactivation",
        /// Take the password away, so that the person must choose another.
        PasswordReset = "password_reset",
    }
}

impl AccountStatus {
    /// The status after a transition; `None` if the present status does not allow it.
    pub fn after(self, transition: AccountTransition) -> Option<AccountStatus> {
        use AccountStatus::{Active, Deactivated, Invited};
        use AccountTransition::{Activation, Deactivation, PasswordReset};
        match (self, transition) {
            (Deactivated, Activation) => Some(Active),
            (Invited | Active, Deactivation) => Some(Deactivated),
            (Invited | Active, PasswordReset) => Some(Invited),
            (Invited | Active, Activation) | (Deactivated, Deactivation | PasswordReset) => None,
        }
    }
}

/// The form in which logins are compared: without regard to case and width of letters.
pub fn login_key(login: &str) -> String {
    fold(login).into_owned()
}

/// The login of a person. Secrets are stored elsewhere and never loaded with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Id of the account.
    pub id: AccountId,
    /// What the person types to sign in; unique in the tenant, compared without regard to case.
    pub login: String,
    /// The employee to whom the account belongs; `None` for the account of an operator.
    pub employee_id: Option<EmployeeId>,
    /// Whether the account may sign in.
    pub status: AccountStatus,
    /// Number that is raised to end all sessions and tokens of the account at once.
    pub session_epoch: i32,
    /// Who issued the present credential and may therefore know it; `None` if the command line did.
    /// It stays the same after the owner has chosen a password.
    pub credential_by: Option<AccountId>,
    /// When that credential was issued.
    pub credential_at: Timestamp,
    /// Version of the record, from 1: counts its changes.
    pub version: i32,
    /// When the record was created.
    pub created_at: Timestamp,
    /// When the record was last changed.
    pub updated_at: Timestamp,
}

impl Account {
    /// The same account with a credential issued now, by `by` or, if `None`, by the command line.
    pub fn issued(self, by: Option<AccountId>, now: Timestamp) -> Self {
        Self { credential_by: by, credential_at: now, ..self }
    }
}

/// One sign-in on one device: a chain of refresh tokens of which only the last one is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Id of the session.
    pub id: SessionId,
    /// Account that signed in.
    pub account_id: AccountId,
    /// Number of the valid refresh token, from 1.
    pub generation: i32,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When the valid refresh token was made.
    pub rotated_at: Timestamp,
    /// When the session ends unless it is used before.
    pub expires_at: Timestamp,
    /// When somebody ended the session early.
    pub revoked_at: Option<Timestamp>,
}

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lasting {
    /// How long a session lasts without use.
    pub idle: TimeDelta,
    /// How long a session lasts at most from the sign-in, however much it is used.
    pub longest: TimeDelta,
}

impl Lasting {
    /// When a session ends that is used now and not again.
    pub fn end(self, signed_in_at: Timestamp, now: Timestamp) -> Timestamp {
        (now + self.idle).min(signed_in_at + self.longest)
    }
}

/// What the server does with a refresh token that a client presents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// The valid token: it is exchanged for its successor.
    Current,
    /// The token before the valid one, shortly after the exchange: the answer was lost on the way,
    /// so the client gets the same successor again.
    Repeated,
    /// An older token: somebody else holds a copy, so the session must end.
    Reused,
}

impl Session {
    /// How long after an exchange a client may ask for a lost answer again.
    pub const RETRY: TimeDelta = TimeDelta::seconds(10);

    /// Whether the session has neither been ended nor expired.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }

    /// How the refresh token with number `generation` is treated at `now`. Also when `now` lies
    /// before the last exchange, because a clock was set back, a used token is accepted only within
    /// [`Session::RETRY`].
    pub fn presented(&self, generation: i32, now: Timestamp) -> Presented {
        let since = (now - self.rotated_at).abs();
        if generation == self.generation {
            Presented::Current
        } else if generation == self.generation - 1 && since <= Self::RETRY {
            Presented::Repeated
        } else {
            Presented::Reused
        }
    }
}

/// A role given to an account for a period, for one unit or for the whole tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleAssignment {
    /// Id of the role assignment.
    pub id: RoleAssignmentId,
    /// Account that holds the role.
    pub account_id: AccountId,
    /// The role.
    pub role: Role,
    /// The unit for which the role is held, with all units below; required for `hrbp`, else `None`.
    pub org_unit_id: Option<OrgUnitId>,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day; `None` while it has no end.
    pub valid_to: Option<NaiveDate>,
    /// Who gave the role; `None` if the command line did.
    pub given_by: Option<AccountId>,
    /// Version of the record, from 1: counts its changes.
    pub version: i32,
    /// When the record was created.
    pub created_at: Timestamp,
    /// When the record was last changed.
    pub updated_at: Timestamp,
    /// When it was revoked; `None` unless it was.
    pub deleted_at: Option<Timestamp>,
}

impl RoleAssignment {
    /// The days on which the role is held.
    pub fn days(&self) -> Period {
        Period { start: self.valid_from, end: self.valid_to }
    }
}

/// A secret with which a program signs in; the secret itself is kept as a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Id of the key.
    pub id: ApiKeyId,
    /// What the key is for, in the words of its maker.
    pub name: String,
    /// The part of the key that may be shown, to tell keys apart.
    pub prefix: String,
    /// What the key may be used for.
    pub scopes: Vec<Scope>,
    /// Limits the key to the people of this unit and of all units below.
    pub org_unit_id: Option<OrgUnitId>,
    /// The person responsible for the key: a conflict of interest of this person is one of the key.
    pub owner_account_id: AccountId,
    /// Who made the key and saw its secret first.
    pub made_by: Option<AccountId>,
    /// The key is refused from this instant on.
    pub expires_at: Option<Timestamp>,
    /// Last use, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Version of the record, from 1: counts its changes.
    pub version: i32,
    /// When the record was created.
    pub created_at: Timestamp,
    /// When the record was last changed.
    pub updated_at: Timestamp,
    /// When it was revoked; `None` unless it was.
    pub deleted_at: Option<Timestamp>,
}

/// The account responsible for API keys, as far as it decides whether they work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Status of the account.
    pub status: AccountStatus,
    /// The periods in which its employee works here; `None` where it belongs to no employee.
    pub employments: Option<Vec<Period>>,
    /// The days on which the account holds the role that may make keys.
    pub powers: Vec<Period>,
}

impl Owner {
    /// Whether the keys of this owner work on a day.
    pub fn lets_work(&self, day: NaiveDate) -> bool {
        self.status == AccountStatus::Active
            && self.employments.as_ref().is_none_or(|days| days.iter().any(|it| it.contains(day)))
            && self.powers.iter().any(|days| days.contains(day))
    }

    /// The last day on which the keys work; `None` if they do not work on `today` or no end is
    /// known.
    pub fn stops_on(&self, today: NaiveDate) -> Option<NaiveDate> {
        if !self.lets_work(today) {
            return None;
        }
        let employments = self.employments.iter().flatten();
        let last_day = employments.filter(|days| days.contains(today)).find_map(|days| days.end);
        let mut last = today;
        // Role assignments that follow each other without a gap, or overlap, are one stretch.
        while let Some(days) = self.powers.iter().find(|days| {
            Some(days.start) <= last.succ_opt() && days.end.is_none_or(|end| last < end)
        }) {
            match days.end {
                Some(end) => last = end,
                None => return last_day,
            }
        }
        Some(last_day.map_or(last, |leaves| leaves.min(last)))
    }
}

versioned!(Account, ApiKey, RoleAssignment);

impl Protected for Account {
    fn target(&self, _: NaiveDate) -> Target {
        Target {
            id: self.id.uuid(),
            about: self.employee_id,
            account: Some(self.id),
            ..Target::default()
        }
    }
}

impl Protected for RoleAssignment {
    fn target(&self, _: NaiveDate) -> Target {
        Target { id: self.id.uuid(), account: Some(self.account_id), ..Target::default() }
    }
}

impl Protected for ApiKey {
    fn target(&self, _: NaiveDate) -> Target {
        Target::of(self.id.uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::text::TextEnum;
    use uuid::Uuid;

    #[test]
    fn a_refresh_token_is_good_once_and_forgiven_for_ten_seconds() {
        let start = Timestamp::UNIX_EPOCH;
        let session = Session {
            id: Uuid::nil().into(),
            account_id: Uuid::nil().into(),
            generation: 3,
            created_at: start,
            rotated_at: start,
            expires_at: start + TimeDelta::days(30),
            revoked_at: None,
        };
        let late = start + Session::RETRY + TimeDelta::microseconds(1);
        assert_eq!(session.presented(3, late), Presented::Current);
        assert_eq!(session.presented(2, start + Session::RETRY), Presented::Repeated);
        assert_eq!(session.presented(2, late), Presented::Reused);
        assert_eq!(session.presented(2, start - TimeDelta::hours(1)), Presented::Reused);
        assert_eq!(session.presented(1, start), Presented::Reused);
        assert_eq!(session.presented(4, start), Presented::Reused);
        assert!(session.is_open(late) && !session.is_open(session.expires_at));
        assert!(!Session { revoked_at: Some(start), ..session }.is_open(start));
    }

    #[test]
    fn a_session_never_outlasts_its_longest() {
        let start = Timestamp::UNIX_EPOCH;
        let lasting = Lasting { idle: TimeDelta::days(7), longest: TimeDelta::days(30) };
        let end = |day| (lasting.end(start, start + TimeDelta::days(day)) - start).num_days();
        assert_eq!([0, 10, 22, 23, 29].map(end), [7, 17, 29, 30, 30]);
    }

    #[test]
    fn keys_stop_with_the_role_or_the_employment_of_their_owner() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 1, day).expect("a day of January");
        let days = |first, last: Option<u32>| Period { start: day(first), end: last.map(day) };
        let owner = |last_day: Option<u32>, powers: &[Period]| Owner {
            status: AccountStatus::Active,
            employments: Some(vec![days(1, last_day)]),
            powers: powers.to_vec(),
        };
        let stops = |owner: &Owner| (owner.lets_work(day(5)), owner.stops_on(day(5)));
        assert_eq!(stops(&owner(None, &[days(1, None)])), (true, None));
        assert_eq!(stops(&owner(Some(20), &[days(1, None)])), (true, Some(day(20))));
        let two = [days(11, Some(15)), days(1, Some(10))];
        assert_eq!(stops(&owner(None, &two)), (true, Some(day(15))));
        assert_eq!(stops(&owner(Some(12), &two)), (true, Some(day(12))));
        let gap = [days(1, Some(10)), days(12, None)];
        assert_eq!(stops(&owner(None, &gap)), (true, Some(day(10))));
        assert_eq!(stops(&owner(None, &[days(6, None)])), (false, None));
        assert_eq!(stops(&owner(Some(4), &[days(1, None)])), (false, None));
        let shut = Owner { status: AccountStatus::Deactivated, ..owner(None, &[days(1, None)]) };
        assert_eq!(stops(&shut), (false, None));
    }

    #[test]
    fn every_status_allows_what_it_should() {
        let allowed = |status: AccountStatus| -> Vec<_> {
            let all = AccountTransition::ALL.iter();
            all.filter_map(|&step| Some((step, status.after(step)?))).collect()
        };
        use AccountStatus::{Active, Deactivated, Invited};
        use AccountTransition::{Activation, Deactivation, PasswordReset};
        for status in [Invited, Active] {
            assert_eq!(allowed(status), [(Deactivation, Deactivated), (PasswordReset, Invited)]);
        }
        assert_eq!(allowed(Deactivated), [(Activation, Active)]);
    }
}
