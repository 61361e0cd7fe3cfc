//! What a use case sees of the records: one object-safe trait per noun, no Diesel types.

mod aggregates;
mod calibration;
mod chains;
mod cycles;
mod dashboards;
mod duties;
mod exports;
mod goals;
mod participants;
mod passages;
mod policies;
mod readiness;
mod reviews;
mod to_dos;

pub use aggregates::{Aggregates, Alike};
pub use calibration::{CalibrationSessions, MoveFilter, Moves, Seats, SessionFilter};
pub use chains::{Chains, ReadLog, SeenEntry};
pub use cycles::{CycleFilter, Cycles, Framed, Headcount};
pub use dashboards::{
    CompanyGoal, Dashboards, DepartmentGoals, GoalFigures, OwnGoal, Participation, ReviewCount,
    TeamMember,
};
pub use duties::Duties;
pub use exports::{ExportRow, Exports, RatingFilter, RatingRow};
pub use goals::{GoalChanges, GoalEvaluation, GoalFile, GoalFilter, GoalReports, Goals};
pub use participants::{ParticipantFilter, Participants};
pub use passages::{Passages, Settled};
pub use policies::{Policies, PolicyFilter};
pub use readiness::{Demands, Readiness};
pub use reviews::{ResultTrace, ReviewFilter, ReviewResults, ReviewSet, ReviewSets, Reviews};
pub use to_dos::{OpenCycle, ToDos, Waiting};

use crate::audit::AuditEntry;
use crate::error::DbError;
use crate::page::Page;
use chrono::NaiveDate;
use domain::account::{
    Account, AccountStatus, ApiKey, Owner, Role, RoleAssignment, Scope, Session,
};
use domain::change::{Change, Record};
use domain::disclosure::{OwnRecord, Withheld};
use domain::employment::{Employment, EmploymentStatus, Employments};
use domain::id::{
    AccountId, ApiKeyId, CalibrationSessionId, EmployeeId, JobId, OrgUnitId, PositionId,
    RoleAssignmentId, SessionId, TenantId,
};
use domain::import::{Line, Planned, Tree};
use domain::job::Job;
use domain::org::{
    Assignment, Employee, ExternalId, Height, Insertion, OrgUnit, OrgUnitKind, Placement, Position,
    Reach,
};
use domain::policy::{Grant, Principal, Relations, Sealed, Target, Visibility};
use domain::signing::{self, Act, Signature};
use domain::tenant::Tenant;
use domain::text_enum;
use domain::time::{Period, Timestamp};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// Result of a port.
pub type Result<T> = std::result::Result<T, DbError>;

/// Everything a use case may reach, within one tenant.
pub trait Store:
    Tenants
    + SigningKeys
    + Pulse
    + Positions
    + ReportingLines
    + Ledger
    + Chains
    + ReadLog
    + Idempotency
    + OrgUnits
    + Employees
    + Accounts
    + Sessions
    + RoleAssignments
    + ApiKeys
    + Signatures
    + Principals
    + Imports
    + Exports
    + Jobs
    + Policies
    + Cycles
    + Participants
    + Passages
    + Readiness
    + ToDos
    + Dashboards
    + Aggregates
    + Goals
    + GoalChanges
    + GoalReports
    + GoalEvaluation
    + Reviews
    + ReviewSets
    + CalibrationSessions
    + Moves
    + Duties
{
}

impl<T> Store for T where
    T: Tenants
        + SigningKeys
        + Pulse
        + Positions
        + ReportingLines
        + Ledger
        + Chains
        + ReadLog
        + Idempotency
        + OrgUnits
        + Employees
        + Accounts
        + Sessions
        + RoleAssignments
        + ApiKeys
        + Signatures
        + Principals
        + Imports
        + Exports
        + Jobs
        + Policies
        + Cycles
        + Participants
        + Passages
        + Readiness
        + ToDos
        + Dashboards
        + Aggregates
        + Goals
        + GoalChanges
        + GoalReports
        + GoalEvaluation
        + Reviews
        + ReviewSets
        + CalibrationSessions
        + Moves
        + Duties
{
}

/// Tenants. Only these few look beyond the unit's own tenant.
pub trait Tenants {
    /// The unit's own tenant.
    fn tenant(&mut self) -> Result<Option<Sealed<Tenant>>>;
    /// The id behind the name people sign in with.
    fn tenant_by_slug(&mut self, slug: &str) -> Result<Option<TenantId>>;
    /// Every tenant of the installation, by slug.
    fn tenants(&mut self) -> Result<Vec<Tenant>>;
    /// Makes the unit's tenant, with an empty ledger.
    fn create_tenant(&mut self, change: Change<Tenant>) -> Result<()>;
    /// Saves the unit's tenant, guarded by its version.
    fn update_tenant(&mut self, change: Change<Tenant>) -> Result<()>;
}

/// A key that signs tokens and cursors, shared by all replicas.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Its name, carried by what it signs.
    pub kid: String,
    /// The secret, 32 random bytes.
    pub secret: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From then on it verifies nothing.
    pub retired_at: Option<Timestamp>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Signing keys: the installation's, not a tenant's.
pub trait SigningKeys {
    /// The keys that are not retired, oldest first.
    fn signing_keys(&mut self) -> Result<Vec<SigningKey>>;
    /// The same, for whoever is about to add one: until the unit of work ends nobody else is answered,
    /// and then with what it has added.
    fn hold_signing_keys(&mut self) -> Result<Vec<SigningKey>>;
    /// Adds a key.
    fn create_signing_key(&mut self, key: &SigningKey) -> Result<()>;
    /// Keeps the secret of a key as it is given.
    fn wrap_signing_key(&mut self, key: &SigningKey) -> Result<()>;
    /// Retires a key; whether there was one to retire.
    fn retire_signing_key(&mut self, kid: &str, at: Timestamp) -> Result<bool>;
}

/// Whether the database takes what is written.
pub trait Pulse {
    /// Writes something that belongs to nobody.
    fn beat(&mut self, at: Timestamp) -> Result<()>;
}

/// Who stands how to whom.
pub trait ReportingLines {
    /// How `subject` stands to the person `about` as of a date, and whether that person belongs to
    /// one of `units` or a unit below. One statement, chains of at most
    /// [`domain::org::MAX_DEPTH`].
    fn relations(
        &mut self,
        subject: Option<EmployeeId>,
        about: EmployeeId,
        units: &[OrgUnitId],
        as_of: NaiveDate,
    ) -> Result<Relations>;
    /// Whether a person takes part in a calibration session.
    fn is_calibrator(&mut self, session: CalibrationSessionId, person: EmployeeId) -> Result<bool>;
    /// Lets nobody else change assignments or the tree of units until this unit of work ends, so
    /// that no two changes, each harmless, close a loop together, and nothing is deleted while it
    /// is being assigned. Every unit of work that adds a line, or deletes what an assignment may
    /// name, takes this before it checks.
    fn lock_lines(&mut self) -> Result<()>;
    /// The line up from `manager`, itself first, on the days of a period, as far as `until` and at
    /// most one step beyond [`domain::org::MAX_DEPTH`]; for [`domain::org::check_line`].
    fn managers_above(
        &mut self,
        manager: EmployeeId,
        until: Option<EmployeeId>,
        days: Period,
    ) -> Result<Vec<Reach<EmployeeId>>>;
    /// How many levels of people there are from `manager` down.
    fn levels_of_people(&mut self, manager: EmployeeId, days: Period) -> Result<Vec<Height>>;
    /// The units from `unit` up, as [`ReportingLines::managers_above`].
    fn units_above(
        &mut self,
        unit: OrgUnitId,
        until: Option<OrgUnitId>,
        days: Period,
    ) -> Result<Vec<Reach<OrgUnitId>>>;
    /// How many levels of units there are from `unit` down.
    fn levels_of_units(&mut self, unit: OrgUnitId, days: Period) -> Result<Vec<Height>>;
}

/// The catalogue of positions.
pub trait Positions {
    /// One position that is not deleted.
    fn position(&mut self, id: PositionId) -> Result<Option<Sealed<Position>>>;
    /// A page of positions, in the order of ids, or of change with tombstones.
    fn positions(&mut self, page: &Page) -> Result<Vec<Position>>;
    /// Adds a position.
    fn create_position(&mut self, change: Change<Position>) -> Result<()>;
    /// Saves a position, guarded by its version; deletion is a change like any other.
    fn update_position(&mut self, change: Change<Position>) -> Result<()>;
    /// Whether an assignment still names the position.
    fn position_in_use(&mut self, id: PositionId) -> Result<bool>;
}

/// One fact of the events feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Place in the tenant's feed, from 1 without gaps.
    pub position: i64,
    /// Its id.
    pub id: Uuid,
    /// Noun and participle, such as `employee.created`.
    pub kind: String,
    /// The noun.
    pub resource: String,
    /// Which one.
    pub resource_id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// Ids and names of changed fields, as JSON.
    pub data: String,
}

/// Which audit entries are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// With this id.
    pub id: Option<Uuid>,
    /// Done by this account or key.
    pub actor_id: Option<Uuid>,
    /// Done to one of these resources.
    pub resource_ids: Option<Vec<Uuid>>,
    /// Of this action.
    pub action: Option<String>,
    /// At or after.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// But not these.
    pub withheld: Vec<Withheld>,
}

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Behind this position.
    pub after: i64,
    /// Of these types; empty is all.
    pub kinds: Vec<String>,
    /// But not these.
    pub withheld: Vec<Withheld>,
}

/// The audit log and the events feed; both are written only by saving changes.
pub trait Ledger {
    /// The instant at which everything in this unit of work happens: that of its context or, when
    /// the clock has been set back since, that of the tenant's last change. Whoever mirrors a list by
    /// instants misses nothing.
    fn instant(&self) -> Timestamp;
    /// Records what happened beside the changes of this unit of work, such as that a file was taken
    /// away.
    fn note(&mut self, record: Record) -> Result<()>;
    /// A page of audit entries, in the order of their positions.
    fn audit_entries(&mut self, filter: &AuditFilter, page: &Page) -> Result<Vec<AuditEntry>>;
    /// A page of events, in the order in which they were committed.
    fn events(&mut self, filter: &EventFilter, limit: i64) -> Result<Vec<Event>>;
    /// What belongs to an account and to these people. One statement.
    fn own_records(&mut self, account: Uuid, people: &[EmployeeId]) -> Result<Vec<OwnRecord>>;
    /// What the policy must know of the records of one noun that entries tell of, relations left
    /// empty; of those that are there. One statement at most.
    fn targets(&mut self, noun: &str, ids: &[Uuid]) -> Result<Vec<Target>>;
}

/// What was answered to a request that carried an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReply {
    /// SHA-256 of method, path and body of the request.
    pub request_digest: Vec<u8>,
    /// Status of the response.
    pub status: i32,
    /// Headers of the response that belong to it, as JSON.
    pub headers: String,
    /// Body of the response.
    pub body: Vec<u8>,
}

/// Replies kept for retries.
pub trait Idempotency {
    /// Takes a key of the principal for this unit of work, or finds the reply kept under it. While
    /// another unit holds the key, also one of another process, this waits for its end: of requests
    /// at once under one key only one does any work.
    fn take_key(&mut self, principal: Uuid, key: &str) -> Result<Option<StoredReply>>;
    /// Keeps a reply under a key taken before, in the same transaction as what it tells of.
    fn store_reply(&mut self, principal: Uuid, key: &str, reply: &StoredReply) -> Result<()>;
    /// Forgets replies kept before an instant; returns how many.
    fn forget_replies(&mut self, before: Timestamp) -> Result<usize>;
}

/// Which org units are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrgUnitFilter {
    /// Directly under this unit.
    pub parent_id: Option<OrgUnitId>,
    /// Of this kind.
    pub kind: Option<OrgUnitKind>,
    /// With this code.
    pub code: Option<String>,
}

/// What stands in the way of deleting a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitUse {
    /// People who have not left work in it, or will.
    pub people: bool,
    /// Units that are not deleted sit directly under it, or will.
    pub units: bool,
}

/// Org units and their places in the tree.
///
/// What holds whenever a unit of work ends: each unit has one placement or more, each ends on the
/// day before the next begins and the last one is open; on no day is there a loop, a chain longer
/// than [`domain::org::MAX_DEPTH`] or a kind under a kind that may not hold it; at most one unit
/// that is not deleted is the company, and it alone has no parent.
pub trait OrgUnits {
    /// One unit that is not deleted, with its place on `day`.
    fn org_unit(&mut self, id: OrgUnitId, day: NaiveDate) -> Result<Option<Sealed<OrgUnit>>>;
    /// A page of units, in the order of ids, or of change with tombstones.
    fn org_units(
        &mut self,
        filter: &OrgUnitFilter,
        day: NaiveDate,
        page: &Page,
    ) -> Result<Vec<OrgUnit>>;
    /// Whether there is a company that is not deleted.
    fn has_company(&mut self) -> Result<bool>;
    /// Adds a unit with its first place, which its `effective_from` and `parent_id` tell.
    fn create_org_unit(&mut self, change: Change<OrgUnit>) -> Result<()>;
    /// Saves a unit but for its place, guarded by its version; deletion is a change like any other.
    fn update_org_unit(&mut self, change: Change<OrgUnit>) -> Result<()>;
    /// Gives a unit another place for some days; the unit itself is saved with
    /// [`OrgUnits::update_org_unit`].
    fn place_org_unit(
        &mut self,
        id: OrgUnitId,
        parent: Option<OrgUnitId>,
        insertion: &Insertion,
    ) -> Result<()>;
    /// A page of a unit's places, in the order of their first days.
    fn placements(&mut self, id: OrgUnitId, page: &Page) -> Result<Vec<Placement>>;
    /// What stands in the way of deleting a unit on `day`.
    fn org_unit_use(&mut self, id: OrgUnitId, day: NaiveDate) -> Result<UnitUse>;
}

text_enum! {
    /// The order of a list of employees.
    pub enum EmployeeOrder {
        /// In the order of creation.
        Id = "id",
        /// By the number given by the company.
        EmployeeNumber = "employee_number",
        /// By name, in the order of code points.
        Name = "name",
    }
}

/// Which employees are wanted, in which order; with `updated_since` the order is that of change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmployeeFilter {
    /// The day whose units, jobs and managers are shown and asked for.
    pub as_of: NaiveDate,
    /// Who work in this very unit.
    pub org_unit_id: Option<OrgUnitId>,
    /// Who work in this unit or in one below.
    pub within_org_unit_id: Option<OrgUnitId>,
    /// Who report directly to this person.
    pub manager_id: Option<EmployeeId>,
    /// In this state.
    pub status: Option<EmploymentStatus>,
    /// With this number.
    pub employee_number: Option<String>,
    /// With this id in another system.
    pub external_id: Option<ExternalId>,
    /// The order.
    pub order: EmployeeOrder,
}

/// Which of the things an assignment names exist and are not deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The unit.
    pub org_unit: bool,
    /// The position.
    pub position: bool,
    /// The manager.
    pub manager: bool,
}

/// Employees and their assignments.
///
/// What holds whenever a unit of work ends: each employee has one assignment or more, each ends on
/// the day before the next begins and the last one is open; on no day is there a loop of managers
/// or a chain longer than [`domain::org::MAX_DEPTH`]. Whatever changes an assignment or an
/// external id raises the employee's version.
pub trait Employees {
    /// One employee, with the assignment of `day`. Two reads by key.
    fn employee(&mut self, id: EmployeeId, day: NaiveDate) -> Result<Option<Sealed<Employee>>>;
    /// A page of the people that may be seen, each with how the subject stands to them on the day
    /// of `visible`. Two statements.
    fn employees(
        &mut self,
        filter: &EmployeeFilter,
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<(Sealed<Employee>, Relations)>>;
    /// Which of the things an assignment names exist.
    fn known(&mut self, assignment: &Assignment) -> Result<Known>;
    /// Adds an employee with the employments, assignment and external ids it holds.
    fn create_employee(&mut self, change: Change<Employee>) -> Result<()>;
    /// Saves an employee but for employments, assignment and external ids, guarded by its version.
    fn update_employee(&mut self, change: Change<Employee>) -> Result<()>;
    /// Puts the employments that an employee holds in place of those kept.
    fn save_employments(&mut self, employee: &Employee) -> Result<()>;
    /// Who of these people does not work here on a day. Who is not known does not.
    fn not_employed(
        &mut self,
        people: &[EmployeeId],
        day: NaiveDate,
    ) -> Result<HashSet<EmployeeId>>;
    /// A page of an employee's employments, in the order of their first days.
    fn employments(&mut self, id: EmployeeId, page: &Page) -> Result<Vec<Employment>>;
    /// Replaces all external ids of an employee.
    fn replace_external_ids(&mut self, id: EmployeeId, ids: &[ExternalId]) -> Result<()>;
    /// Puts an assignment into its employee's history; one of the same first day is replaced.
    fn assign(&mut self, assignment: &Assignment, insertion: &Insertion) -> Result<()>;
    /// A page of an employee's assignments, in the order of their first days.
    fn assignments(&mut self, id: EmployeeId, page: &Page) -> Result<Vec<Assignment>>;
}

/// What somebody brings along to show which account is theirs.
#[derive(Clone, Copy, Debug)]
pub enum Claim<'c> {
    /// The login, compared without case.
    Login(&'c str),
    /// The account itself.
    Account(AccountId),
    /// The hash of a setup token that has not expired at the instant.
    SetupToken(&'c [u8], Timestamp),
}

/// An account with its password hash, for settling who somebody is: before that, no policy can be
/// asked.
#[derive(Clone)]
pub struct Credentials {
    /// The account.
    pub account: Account,
    /// Hash of the password, if one was chosen.
    pub password_hash: Option<String>,
}

/// Logins of people. Passwords and setup tokens are kept apart and never loaded with an account.
pub trait Accounts {
    /// One account.
    fn account(&mut self, id: AccountId) -> Result<Option<Sealed<Account>>>;
    /// A page of accounts, in the order of ids, or of change.
    fn accounts(&mut self, page: &Page) -> Result<Vec<Account>>;
    /// The account somebody claims, with its password hash.
    fn credentials(&mut self, claim: Claim<'_>) -> Result<Option<Credentials>>;
    /// Adds an account.
    fn create_account(&mut self, change: Change<Account>) -> Result<()>;
    /// Saves an account, guarded by its version.
    fn update_account(&mut self, change: Change<Account>) -> Result<()>;
    /// What accounts are called: the names of their employees, else their logins.
    fn account_names(&mut self, ids: &[AccountId]) -> Result<HashMap<AccountId, String>>;
    /// The role assignments of an account and the keys it answers for, those of the past included:
    /// what its owner is told of.
    fn own_access_resources(&mut self, id: AccountId) -> Result<Vec<Uuid>>;
    /// Notes that an account, or the owner of a key, has changed the addresses of these people.
    fn note_email_change(&mut self, people: &[EmployeeId], by: Uuid) -> Result<()>;
    /// Ends every session and token of these people's accounts, and tells which these are.
    fn end_sessions_of(&mut self, people: &[EmployeeId], at: Timestamp) -> Result<Vec<AccountId>>;
    /// Sets the password, or takes it away; no setup token is good any more.
    fn set_password_hash(&mut self, id: AccountId, hash: Option<&str>) -> Result<()>;
    /// Lets no setup token of an account be good any more.
    fn void_setup_tokens(&mut self, id: AccountId) -> Result<()>;
    /// Adds a setup token, kept as its hash.
    fn create_setup_token(&mut self, id: AccountId, hash: &[u8], expires: Timestamp) -> Result<()>;
}

/// Sign-ins and their refresh tokens.
pub trait Sessions {
    /// One session, locked until the end of the unit.
    fn session(&mut self, id: SessionId) -> Result<Option<Session>>;
    /// Adds a session, and forgets those of the account that have run out.
    fn create_session(&mut self, change: Change<Session>) -> Result<()>;
    /// Moves a session on to its next refresh token, guarded by the generation before.
    fn rotate_session(&mut self, session: &Session) -> Result<()>;
    /// Ends one session.
    fn revoke_session(&mut self, change: Change<Session>) -> Result<()>;
    /// Records that no session was opened.
    fn refuse_session(&mut self, record: Record) -> Result<()>;
    /// Ends every session of an account.
    fn revoke_sessions(&mut self, account: AccountId, at: Timestamp) -> Result<()>;
}

/// Which role assignments are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleFilter {
    /// Held by this account.
    pub account_id: Option<AccountId>,
    /// Of this role.
    pub role: Option<Role>,
}

/// Who holds which role.
pub trait RoleAssignments {
    /// One role assignment that is not revoked.
    fn role_assignment(&mut self, id: RoleAssignmentId) -> Result<Option<Sealed<RoleAssignment>>>;
    /// A page of role assignments, in the order of ids, or of change with tombstones.
    fn role_assignments(&mut self, filter: RoleFilter, page: &Page) -> Result<Vec<RoleAssignment>>;
    /// Whether somebody is HR administrator on a day without an end in sight: an active account, a
    /// role without a last day, an employee who is not to leave. Asked after a change, by everybody
    /// who might take the last one away; until the unit of work ends nobody else is answered.
    fn hr_admin_remains(&mut self, day: NaiveDate) -> Result<bool>;
    /// The roles that these people hold beyond the day given with each, with that day.
    fn roles_beyond(
        &mut self,
        last_days: &HashMap<EmployeeId, NaiveDate>,
    ) -> Result<Vec<(RoleAssignment, NaiveDate)>>;
    /// Adds a role assignment.
    fn create_role_assignment(&mut self, change: Change<RoleAssignment>) -> Result<()>;
    /// Saves last day and revocation of a role assignment, guarded by its version.
    fn update_role_assignment(&mut self, change: Change<RoleAssignment>) -> Result<()>;
}

/// Keys with which programs sign in.
pub trait ApiKeys {
    /// One key that is not revoked.
    fn api_key(&mut self, id: ApiKeyId) -> Result<Option<Sealed<ApiKey>>>;
    /// A page of keys, of one owner or of all, in the order of ids, or of change with tombstones.
    fn api_keys(&mut self, owner: Option<AccountId>, page: &Page) -> Result<Vec<ApiKey>>;
    /// How the accounts stand that answer for keys.
    fn key_owners(&mut self, ids: &[AccountId]) -> Result<HashMap<AccountId, Owner>>;
    /// Adds a key, its secret as a hash.
    fn create_api_key(&mut self, change: Change<ApiKey>, secret_hash: &[u8]) -> Result<()>;
    /// Saves owner and revocation of a key, guarded by its version.
    fn update_api_key(&mut self, change: Change<ApiKey>) -> Result<()>;
    /// Notes that a key was used: no change of the key, so neither audited nor versioned.
    fn touch_api_key(&mut self, id: ApiKeyId, at: Timestamp) -> Result<()>;
}

/// What takes the signatures of two persons.
pub trait Signatures {
    /// Who stands behind an account that signs by one of these roles, if it needs any.
    fn signer(
        &mut self,
        account: AccountId,
        roles: &[Role],
        day: NaiveDate,
    ) -> Result<Option<signing::Standing>>;
    /// The signatures kept for an act.
    fn signatures(&mut self, resource: Uuid, act: Act) -> Result<Vec<Signature>>;
    /// Keeps a signature.
    fn keep_signature(
        &mut self,
        resource: Uuid,
        act: Act,
        signature: &Signature,
        at: Timestamp,
    ) -> Result<()>;
    /// Forgets every signature on a resource: what was signed is done, or has changed since.
    fn forget_signatures(&mut self, resource: Uuid) -> Result<()>;
}

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

/// What imports read and write: whole sets with a statement for many rows, never row by row.
pub trait Imports {
    /// Does what [`ReportingLines::lock_lines`] does and keeps other imports out too. Comes first
    /// in an import.
    fn begin_import(&mut self) -> Result<()>;
    /// The number of everyone.
    fn employee_numbers(&mut self) -> Result<HashMap<String, EmployeeId>>;
    /// The ids of those who have one of these numbers, which ascend. There may be others among
    /// them.
    fn employees_numbered(&mut self, numbers: &[&str]) -> Result<HashMap<String, EmployeeId>>;
    /// How many people work here on a day.
    fn active_employees(&mut self, day: NaiveDate) -> Result<usize>;
    /// The named people, each with the assignment that holds on `day` or the first one after it.
    fn people(
        &mut self,
        ids: &[EmployeeId],
        day: NaiveDate,
    ) -> Result<HashMap<EmployeeId, Arc<Employee>>>;
    /// When these people work here.
    fn employments_by(&mut self, people: &[EmployeeId])
    -> Result<HashMap<EmployeeId, Employments>>;
    /// Who reports on a day to one of these managers, of those who work here then or later; person
    /// and manager.
    fn reports_of(
        &mut self,
        managers: &[EmployeeId],
        day: NaiveDate,
    ) -> Result<Vec<(EmployeeId, EmployeeId)>>;
    /// Who holds any of these ids in other systems.
    fn external_id_holders(
        &mut self,
        ids: &[ExternalId],
    ) -> Result<BTreeMap<ExternalId, EmployeeId>>;
    /// Everyone's lines to their managers that hold on `day` or later.
    fn manager_lines(&mut self, day: NaiveDate) -> Result<Vec<Line>>;
    /// Units by code.
    fn org_unit_codes(&mut self) -> Result<HashMap<String, OrgUnitId>>;
    /// Positions by code.
    fn position_codes(&mut self) -> Result<HashMap<String, PositionId>>;
    /// All units and their lines upward that hold on `day` or later.
    fn org_tree(&mut self, day: NaiveDate) -> Result<Tree>;
    /// Saves people; `progress` is told how many rows are written.
    fn save_people(
        &mut self,
        changes: &[Planned<Employee>],
        records: Vec<Record>,
        progress: &dyn Fn(usize),
    ) -> Result<()>;
    /// Saves units.
    fn save_units(
        &mut self,
        changes: &[Planned<domain::import::Unit>],
        records: Vec<Record>,
    ) -> Result<()>;
}

/// The present authority of whoever asked for a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Who asked, and for a program what its key may be used for.
    pub principal: Principal,
    /// From then on the key is refused.
    pub expires_at: Option<Timestamp>,
    /// How the account stands, or the one that answers for the key.
    pub standing: Standing,
}

/// Long work. A worker claims a job for a while and renews the claim as it goes; when the claim
/// runs out, another one may take the job up.
pub trait Jobs {
    /// Adds a job with what it works on.
    fn create_job(&mut self, change: Change<Job>, input: &[u8]) -> Result<()>;
    /// One job.
    fn job(&mut self, id: JobId) -> Result<Option<Sealed<Job>>>;
    /// A page of jobs, newest first; of one author, or of all.
    fn jobs(&mut self, author: Option<Uuid>, page: &Page) -> Result<Vec<Job>>;
    /// A job that waits, or whose worker's claim has run out.
    fn next_job(&mut self, now: Timestamp) -> Result<Option<JobId>>;
    /// Claims a job with a new attempt, unless another worker was faster.
    fn claim_job(&mut self, id: JobId, lease_until: Timestamp) -> Result<Option<Job>>;
    /// What the author of a job may do now; none if the account or key is gone.
    fn job_authority(&mut self, job: &Job) -> Result<Option<Authority>>;
    /// What a job works on.
    fn job_input(&mut self, id: JobId) -> Result<Vec<u8>>;
    /// Notes progress and renews the claim; whether the attempt still holds it.
    fn renew_job(
        &mut self,
        id: JobId,
        attempt: i32,
        done: i64,
        lease_until: Timestamp,
    ) -> Result<bool>;
    /// Keeps the end of a job and forgets its input, guarded by the attempt that held it.
    fn finish_job(&mut self, change: Change<Job>) -> Result<()>;
}
