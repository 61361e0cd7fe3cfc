//! Who may see and do what: the only such place.
//!
//! [`decide`] reads one table, [`RULES`], from top to bottom. Documents render the same table
//! as the access matrix, so what people review is what the program does.
//!
//! - The tenant is settled before anything else: a subject meets resources of its own tenant only.
//! - A conflict of interest beats every grant: towards a record about oneself every relationship
//!   but [`Who::Myself`] vanishes.
//! - A record is loaded [`Sealed`] and opened with the [`Permit`] of a decision about it.
//! - A list is narrowed by a [`Visibility`], which only this module can make.

use crate::account::{Role, Scope};
use crate::id::{AccountId, ApiKeyId, CalibrationSessionId, EmployeeId, OrgUnitId, TenantId};
use crate::text::TextEnum;
use crate::text_enum;
use chrono::NaiveDate;
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

text_enum! {
    /// A relationship a rule asks for.
    pub enum Who {
        /// The person the record is about.
        Myself = "self",
        /// Line manager as of the date asked for.
        DirectManager = "direct_manager",
        /// Any manager above, as of the date asked for.
        ChainManager = "chain_manager",
        /// Any manager above the line manager, as of the date asked for.
        SkipLevel = "skip_level",
        /// HR business partner of the person's unit or of one above it.
        Hrbp = "hrbp",
        /// HR administrator.
        HrAdmin = "hr_admin",
        /// Compensation officer.
        Comp = "comp",
        /// Senior management.
        Executive = "executive",
        /// Auditor.
        Auditor = "auditor",
        /// The account or key that made the record.
        Author = "author",
        /// The person the record is about, who made it.
        OwnAuthor = "own_author",
        /// The manager who answers for the person's review in this cycle, frozen at its launch.
        ResponsibleManager = "responsible_manager",
        /// Member of the calibration session that compares the person's grade.
        Calibrator = "calibrator",
        /// A program whose key has the scope of the rule, within its resource limit.
        Service = "service",
        /// A program whose key has the scope of the rule and no resource limit.
        CompanyService = "company_service",
        /// Any signed-in person of the tenant, towards whoever works here.
        Colleague = "colleague",
    }
}

text_enum! {
    /// What can be done, one value per noun and verb.
    pub enum Action {
        /// Read the tenant's own settings.
        TenantRead = "tenant.read",
        /// Change the tenant's name, locale or time zone.
        TenantUpdate = "tenant.update",
        /// Read org units and their tree.
        OrgUnitRead = "org_unit.read",
        /// Create, change, move and delete org units, one by one or in bulk.
        OrgUnitWrite = "org_unit.write",
        /// Read the catalogue of positions.
        PositionRead = "position.read",
        /// Create, change and delete positions.
        PositionWrite = "position.write",
        /// Read an employee.
        EmployeeRead = "employee.read",
        /// Read the history of an employee's unit, job and manager.
        EmployeeHistory = "employee.history",
        /// Hire, change, move, terminate and reinstate an employee.
        EmployeeWrite = "employee.write",
        /// See an employee's open duties, and hand them over.
        EmployeeDuties = "employee.duties",
        /// Create and change many employees at once.
        EmployeeImport = "employee.import",
        /// Export employees as a file.
        EmployeeExport = "employee.export",
        /// Read accounts.
        AccountRead = "account.read",
        /// Invite, deactivate, activate an account, reset its password, end its sessions.
        AccountWrite = "account.write",
        /// Choose one's own password and end one's own sessions.
        AccountOwn = "account.own",
        /// Read role assignments.
        RoleAssignmentRead = "role_assignment.read",
        /// Give and revoke roles.
        RoleAssignmentWrite = "role_assignment.write",
        /// Read API keys (never their secrets).
        ApiKeyRead = "api_key.read",
        /// Make and revoke API keys.
        ApiKeyWrite = "api_key.write",
        /// Read the audit log.
        AuditEntryRead = "audit_entry.read",
        /// Read the signed heads of the audit log.
        AuditHeadRead = "audit_head.read",
        /// Read who has looked at one's own released records.
        ReadEntryRead = "read_entry.read",
        /// Read the events feed.
        EventRead = "event.read",
        /// Follow a job.
        JobRead = "job.read",
        /// Ask why somebody may or may not do something.
        AccessExplain = "access.explain",
        /// Read a version of the performance policy.
        PolicyRead = "policy.read",
        /// Write a draft of the performance policy and publish it.
        PolicyWrite = "policy.write",
        /// Read a cycle.
        CycleRead = "cycle.read",
        /// Design a cycle and move it from stage to stage.
        CycleWrite = "cycle.write",
        /// Propose the release of a cycle's results.
        CyclePropose = "cycle.propose",
        /// Approve the release of a cycle's results, or its cancellation.
        CycleApprove = "cycle.approve",
        /// Read who takes part in a cycle, and who answers for whom.
        ParticipantRead = "participant.read",
        /// Hand a participant over to another responsible manager, or take one out.
        ParticipantWrite = "participant.write",
        /// Read a goal with its check-ins, measurements and changes.
        GoalRead = "goal.read",
        /// Write a draft of a goal, ask for a change, report that it is complete.
        GoalWrite = "goal.write",
        /// Sign a goal and hand it in.
        GoalSubmit = "goal.submit",
        /// Approve or return a goal, confirm that it is complete.
        GoalApprove = "goal.approve",
        /// Decide on a change after mid-cycle or of a weight, and give up a goal.
        GoalDecide = "goal.decide",
        /// Check in on a goal.
        CheckInWrite = "check_in.write",
        /// Report an actual value of an indicator.
        MeasurementWrite = "measurement.write",
        /// Withdraw a check-in or a measurement, with a reason.
        ReportWithdraw = "report.withdraw",
        /// Know that a review exists, where it is and who answers for it.
        ReviewRead = "review.read",
        /// Read a self-review.
        SelfReviewRead = "self_review.read",
        /// Write a self-review.
        SelfReviewWrite = "self_review.write",
        /// Read a manager's rating, the scores and the grade.
        RatingRead = "rating.read",
        /// Rate, return a self-review, hand the rating in.
        RatingWrite = "rating.write",
        /// Give the second look, or return the rating.
        RatingConfirm = "rating.confirm",
        /// Skip an overdue self-review, close the raters' window, compute results.
        ReviewSteer = "review.steer",
        /// Take note of a released result, or disagree with it.
        ReviewAnswer = "review.answer",
        /// See the distribution of grades of a cycle.
        DistributionRead = "distribution.read",
        /// Read a calibration session with its moves and notes.
        CalibrationSessionRead = "calibration_session.read",
        /// Prepare, open and finalise a calibration session.
        CalibrationSessionWrite = "calibration_session.write",
        /// Override the distribution check, or take a finalised session up again.
        CalibrationSessionOverride = "calibration_session.override",
        /// Read the moves of a session, and whether one waits.
        MoveRead = "move.read",
        /// Propose a move in a session.
        MovePropose = "move.propose",
        /// Approve and reject a move.
        MoveWrite = "move.write",
        /// Export ratings as a file.
        RatingExport = "rating.export",
        /// See what waits for oneself, and the dashboards of one's own work and team.
        DashboardOwn = "dashboard.own",
        /// See how far the people of a cycle are, unit by unit.
        DashboardHr = "dashboard.hr",
        /// See how far the goals of the company and its departments are.
        DashboardExecutive = "dashboard.executive",
    }
}

impl Action {
    /// The action that shows the same resource: what a refused writer may at least see decides
    /// between "forbidden" and "not found".
    pub fn reading(self) -> Action {
        match self {
            Action::TenantRead | Action::TenantUpdate => Action::TenantRead,
            Action::OrgUnitRead | Action::OrgUnitWrite => Action::OrgUnitRead,
            Action::PositionRead | Action::PositionWrite => Action::PositionRead,
            Action::EmployeeRead
            | Action::EmployeeHistory
            | Action::EmployeeWrite
            | Action::EmployeeDuties
            | Action::EmployeeImport
            | Action::EmployeeExport => Action::EmployeeRead,
            Action::AccountRead | Action::AccountWrite | Action::AccountOwn => Action::AccountRead,
            Action::RoleAssignmentRead | Action::RoleAssignmentWrite => Action::RoleAssignmentRead,
            Action::ApiKeyRead | Action::ApiKeyWrite => Action::ApiKeyRead,
            Action::AuditEntryRead => Action::AuditEntryRead,
            Action::AuditHeadRead => Action::AuditHeadRead,
            Action::ReadEntryRead => Action::ReadEntryRead,
            Action::EventRead => Action::EventRead,
            Action::JobRead => Action::JobRead,
            Action::AccessExplain => Action::AccessExplain,
            Action::PolicyRead | Action::PolicyWrite => Action::PolicyRead,
            Action::CycleRead
            | Action::CycleWrite
            | Action::CyclePropose
            | Action::CycleApprove
            | Action::DistributionRead => Action::CycleRead,
            Action::ParticipantRead | Action::ParticipantWrite => Action::ParticipantRead,
            Action::GoalRead
            | Action::GoalWrite
            | Action::GoalSubmit
            | Action::GoalApprove
            | Action::GoalDecide
            | Action::CheckInWrite
            | Action::MeasurementWrite
            | Action::ReportWithdraw => Action::GoalRead,
            Action::ReviewRead
            | Action::SelfReviewRead
            | Action::SelfReviewWrite
            | Action::RatingRead
            | Action::RatingWrite
            | Action::RatingConfirm
            | Action::ReviewSteer
            | Action::ReviewAnswer
            | Action::RatingExport => Action::ReviewRead,
            Action::CalibrationSessionRead
            | Action::CalibrationSessionWrite
            | Action::CalibrationSessionOverride
            | Action::MovePropose => Action::CalibrationSessionRead,
            Action::MoveRead | Action::MoveWrite => Action::MoveRead,
            Action::DashboardOwn => Action::DashboardOwn,
            Action::DashboardHr => Action::DashboardHr,
            Action::DashboardExecutive => Action::DashboardExecutive,
        }
    }
}

text_enum! {
    /// How far a record is that is shown to ever more people as it goes on.
    pub enum Stage {
        /// Being written.
        Draft = "draft",
        /// Handed in.
        Submitted = "submitted",
        /// In calibration, or calibrated and not yet released.
        Calibration = "calibration",
        /// Released to the person.
        Released = "released",
    }
}

/// The fields a decision opens. A wider mask holds every narrower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mask {
    /// What any colleague may know: of a person number, name, address, unit, job and manager, of a
    /// cycle its standards.
    Directory,
    /// Directory, and of a person dates of employment, status and ids in other systems. Of what
    /// happens: who did what when, without values.
    Metadata,
    /// Everything the resource holds.
    Full,
}

impl Mask {
    /// As the access matrix shows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Mask::Directory => "directory",
            Mask::Metadata => "metadata",
            Mask::Full => "full",
        }
    }
}

/// One line of the policy: this relationship may do these actions and sees these fields.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Stable name, shown in refusals, explanations and audit entries.
    pub id: &'static str,
    /// What it allows.
    pub actions: &'static [Action],
    /// To whom.
    pub who: Who,
    /// The scope a program's key must have.
    pub scope: Option<Scope>,
    /// The fields it opens.
    pub mask: Mask,
    /// The stages in which it holds; empty for all, and for records without stages.
    pub stages: &'static [Stage],
}

impl Rule {
    /// The same rule, in these stages only.
    const fn during(self, stages: &'static [Stage]) -> Rule {
        Rule { stages, ..self }
    }

    /// Whether it holds for a record this far; a record without stages is no obstacle.
    fn holds_in(&self, stage: Option<Stage>) -> bool {
        self.stages.is_empty() || stage.is_none_or(|stage| self.stages.contains(&stage))
    }
}

/// From handing in on ("S+").
const SUBMITTED_ON: &[Stage] = &[Stage::Submitted, Stage::Calibration, Stage::Released];
/// From release on ("R+").
const RELEASED: &[Stage] = &[Stage::Released];
/// While calibrated ("C").
const CALIBRATION: &[Stage] = &[Stage::Calibration];
/// Only while written ("D").
const DRAFT: &[Stage] = &[Stage::Draft];

const fn allow(id: &'static str, who: Who, mask: Mask, actions: &'static [Action]) -> Rule {
    Rule { id, actions, who, scope: None, mask, stages: &[] }
}

const fn scope(
    id: &'static str,
    scope: Scope,
    who: Who,
    mask: Mask,
    actions: &'static [Action],
) -> Rule {
    Rule { id, actions, who, scope: Some(scope), mask, stages: &[] }
}

use Action as A;

/// The whole policy. Of the rules that apply, the widest mask wins, then the first line.
pub const RULES: &[Rule] = &[
    allow(
        "hr-admin",
        Who::HrAdmin,
        Mask::Full,
        &[
            A::TenantRead,
            A::TenantUpdate,
            A::OrgUnitRead,
            A::OrgUnitWrite,
            A::PositionRead,
            A::PositionWrite,
            A::EmployeeRead,
            A::EmployeeHistory,
            A::EmployeeWrite,
            A::EmployeeDuties,
            A::EmployeeImport,
            A::EmployeeExport,
            A::AccountRead,
            A::AccountWrite,
            A::RoleAssignmentRead,
            A::RoleAssignmentWrite,
            A::ApiKeyRead,
            A::ApiKeyWrite,
            A::AuditHeadRead,
            A::EventRead,
            A::JobRead,
            A::AccessExplain,
        ],
    ),
    allow("hr-admin-audit", Who::HrAdmin, Mask::Metadata, &[A::AuditEntryRead]),
    allow(
        "own-record",
        Who::Myself,
        Mask::Full,
        &[
            A::EmployeeRead,
            A::EmployeeHistory,
            A::EmployeeExport,
            A::AccountRead,
            A::AccountOwn,
            A::RoleAssignmentRead,
            A::AccessExplain,
        ],
    ),
    allow("own-accesses", Who::Myself, Mask::Metadata, &[A::AuditEntryRead]),
    allow("own-job", Who::Author, Mask::Full, &[A::JobRead]),
    allow("direct-manager", Who::DirectManager, Mask::Full, &[A::EmployeeRead, A::EmployeeHistory]),
    allow("chain-manager", Who::ChainManager, Mask::Full, &[A::EmployeeRead, A::EmployeeHistory]),
    allow(
        "hrbp-own-units",
        Who::Hrbp,
        Mask::Full,
        &[A::EmployeeRead, A::EmployeeHistory, A::EmployeeExport],
    ),
    allow("executive", Who::Executive, Mask::Metadata, &[A::EmployeeRead]),
    allow("comp", Who::Comp, Mask::Metadata, &[A::EmployeeRead]),
    allow(
        "auditor",
        Who::Auditor,
        Mask::Full,
        &[
            A::AuditEntryRead,
            A::AccountRead,
            A::RoleAssignmentRead,
            A::ApiKeyRead,
            A::AuditHeadRead,
            A::EventRead,
            A::AccessExplain,
        ],
    ),
    allow(
        "auditor-people",
        Who::Auditor,
        Mask::Metadata,
        &[A::EmployeeRead, A::EmployeeHistory, A::EmployeeExport],
    ),
    allow("auditor-jobs", Who::Auditor, Mask::Metadata, &[A::JobRead]),
    allow(
        "colleague",
        Who::Colleague,
        Mask::Full,
        &[A::TenantRead, A::OrgUnitRead, A::PositionRead],
    ),
    allow("directory", Who::Colleague, Mask::Directory, &[A::EmployeeRead]),
    scope(
        "scope-people-read",
        Scope::PeopleRead,
        Who::Service,
        Mask::Full,
        &[
            A::TenantRead,
            A::OrgUnitRead,
            A::PositionRead,
            A::EmployeeRead,
            A::EmployeeHistory,
            A::EmployeeExport,
        ],
    ),
    scope(
        "scope-people-write",
        Scope::PeopleWrite,
        Who::Service,
        Mask::Full,
        &[A::OrgUnitRead, A::PositionRead, A::EmployeeRead, A::EmployeeWrite],
    ),
    // Who moves units decides who is in them, and imports and events are about everyone.
    scope(
        "scope-people-write-all",
        Scope::PeopleWrite,
        Who::CompanyService,
        Mask::Full,
        &[A::OrgUnitWrite, A::PositionWrite, A::EmployeeImport],
    ),
    scope("scope-events-read", Scope::EventsRead, Who::CompanyService, Mask::Full, &[A::EventRead]),
    // The rules of the cycle: standards are open to all, drafts and results are not.
    allow(
        "hr-admin-cycle",
        Who::HrAdmin,
        Mask::Full,
        &[
            A::PolicyRead,
            A::PolicyWrite,
            A::CycleRead,
            A::CycleWrite,
            A::CyclePropose,
            A::CycleApprove,
            A::ParticipantRead,
            A::ParticipantWrite,
            A::GoalRead,
            A::GoalDecide,
            A::MeasurementWrite,
            A::ReportWithdraw,
            A::ReviewRead,
            A::ReviewSteer,
            A::DistributionRead,
            A::CalibrationSessionRead,
            A::CalibrationSessionWrite,
            A::MoveRead,
            A::DashboardHr,
        ],
    ),
    allow(
        "executive-cycle",
        Who::Executive,
        Mask::Full,
        &[
            A::PolicyRead,
            A::CycleRead,
            A::CycleApprove,
            A::ParticipantRead,
            A::ReviewRead,
            A::DistributionRead,
            A::CalibrationSessionRead,
            A::CalibrationSessionOverride,
            A::DashboardExecutive,
        ],
    ),
    allow("executive-results", Who::Executive, Mask::Full, &[A::SelfReviewRead, A::RatingRead])
        .during(RELEASED),
    allow(
        "hrbp-cycle",
        Who::Hrbp,
        Mask::Full,
        &[
            A::CyclePropose,
            A::ParticipantRead,
            A::GoalRead,
            A::ReviewRead,
            A::DistributionRead,
            A::DashboardHr,
        ],
    ),
    allow(
        "auditor-cycle",
        Who::Auditor,
        Mask::Metadata,
        &[
            A::PolicyRead,
            A::CycleRead,
            A::ParticipantRead,
            A::GoalRead,
            A::ReviewRead,
            A::CalibrationSessionRead,
            A::MoveRead,
            A::RatingExport,
        ],
    ),
    allow("own-work", Who::Colleague, Mask::Full, &[A::DashboardOwn, A::ReadEntryRead]),
    allow("standards", Who::Colleague, Mask::Full, &[A::PolicyRead]).during(RELEASED),
    allow("cycles", Who::Colleague, Mask::Directory, &[A::CycleRead]).during(SUBMITTED_ON),
    allow("hrbp-cycles", Who::Hrbp, Mask::Full, &[A::CycleRead]).during(SUBMITTED_ON),
    allow(
        "own-goals",
        Who::Myself,
        Mask::Full,
        &[
            A::ParticipantRead,
            A::GoalRead,
            A::GoalWrite,
            A::GoalSubmit,
            A::CheckInWrite,
            A::MeasurementWrite,
            A::ReviewRead,
            A::SelfReviewRead,
            A::ReviewAnswer,
        ],
    ),
    allow("own-report", Who::OwnAuthor, Mask::Full, &[A::ReportWithdraw]),
    allow("reported", Who::Author, Mask::Full, &[A::ReportWithdraw]),
    allow("own-self-review", Who::Myself, Mask::Full, &[A::SelfReviewWrite]).during(DRAFT),
    allow("own-result", Who::Myself, Mask::Full, &[A::RatingRead, A::RatingExport])
        .during(RELEASED),
    allow(
        "responsible-manager",
        Who::ResponsibleManager,
        Mask::Full,
        &[
            A::ParticipantRead,
            A::GoalRead,
            A::GoalWrite,
            A::GoalApprove,
            A::CheckInWrite,
            A::MeasurementWrite,
            A::ReportWithdraw,
            A::ReviewRead,
            A::RatingRead,
        ],
    ),
    allow("responsible-manager-rates", Who::ResponsibleManager, Mask::Full, &[A::RatingWrite])
        .during(DRAFT),
    allow("self-review-handed-in", Who::ResponsibleManager, Mask::Full, &[A::SelfReviewRead])
        .during(SUBMITTED_ON),
    allow(
        "line-manager-goals",
        Who::DirectManager,
        Mask::Full,
        &[A::ParticipantRead, A::GoalRead, A::GoalWrite, A::GoalApprove, A::ReviewRead],
    ),
    allow(
        "chain-goals",
        Who::ChainManager,
        Mask::Full,
        &[A::ParticipantRead, A::GoalRead, A::ReviewRead],
    ),
    allow(
        "line-manager-results",
        Who::DirectManager,
        Mask::Full,
        &[A::SelfReviewRead, A::RatingRead],
    )
    .during(RELEASED),
    allow("second-level", Who::SkipLevel, Mask::Full, &[A::SelfReviewRead, A::RatingRead])
        .during(SUBMITTED_ON),
    allow("second-level-confirms", Who::SkipLevel, Mask::Full, &[A::RatingConfirm])
        .during(&[Stage::Submitted]),
    allow("handed-in-reviews", Who::HrAdmin, Mask::Full, &[A::SelfReviewRead, A::RatingRead])
        .during(SUBMITTED_ON),
    allow("handed-in-reviews-hrbp", Who::Hrbp, Mask::Full, &[A::SelfReviewRead, A::RatingRead])
        .during(SUBMITTED_ON),
    // A file shows of each review what reading it would: of a draft that it is one.
    allow("ratings-file", Who::HrAdmin, Mask::Full, &[A::RatingExport]).during(SUBMITTED_ON),
    allow("ratings-file-hrbp", Who::Hrbp, Mask::Full, &[A::RatingExport]).during(SUBMITTED_ON),
    allow("drafts-file", Who::HrAdmin, Mask::Metadata, &[A::RatingExport]).during(DRAFT),
    allow("drafts-file-hrbp", Who::Hrbp, Mask::Metadata, &[A::RatingExport]).during(DRAFT),
    allow(
        "calibrator",
        Who::Calibrator,
        Mask::Full,
        &[
            A::GoalRead,
            A::ReviewRead,
            A::SelfReviewRead,
            A::RatingRead,
            A::CalibrationSessionRead,
            A::MoveRead,
            A::MovePropose,
            A::MoveWrite,
        ],
    )
    .during(CALIBRATION),
    scope(
        "scope-performance-read",
        Scope::PerformanceRead,
        Who::Service,
        Mask::Full,
        &[A::PolicyRead, A::CycleRead, A::ParticipantRead, A::GoalRead, A::ReviewRead],
    ),
    scope(
        "scope-performance-read-results",
        Scope::PerformanceRead,
        Who::Service,
        Mask::Full,
        &[A::SelfReviewRead, A::RatingRead],
    )
    .during(RELEASED),
    scope(
        "scope-performance-write",
        Scope::PerformanceWrite,
        Who::Service,
        Mask::Full,
        &[A::GoalRead, A::GoalWrite, A::MeasurementWrite],
    ),
    scope(
        "scope-ratings-export",
        Scope::RatingsExport,
        Who::Service,
        Mask::Full,
        &[A::RatingExport],
    )
    .during(RELEASED),
];

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
    /// The session that compares the person's grade.
    pub session: Option<CalibrationSessionId>,
    /// How far the record is; none for records without stages.
    pub stage: Option<Stage>,
    /// How the subject stands to the person.
    pub relations: Relations,
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

/// What a key may be used for at this moment: what it was made for, cut by what its owner may do
/// now. Keys are made by the power of an HR administrator, and nothing of it is left without.
pub fn scopes_in_force(scopes: Vec<Scope>, owner: &[Grant]) -> Vec<Scope> {
    let may_make_keys = owner.iter().any(|grant| grant.role == Role::HrAdmin);
    if may_make_keys { scopes } else { Vec::new() }
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
        RULES
            .iter()
            .filter(|rule| rule.actions.contains(&action))
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
    let results = [Action::RatingRead, Action::RatingExport, Action::MoveRead, Action::MovePropose];
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
        && RULES.iter().any(|rule| {
            rule.who == Who::Myself && rule.actions.contains(&action) && rule.holds_in(target.stage)
        })
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

/// A record that has been loaded but not yet permitted.
#[derive(Clone, Debug)]
pub struct Sealed<T>(T);

/// A record the policy guards.
pub trait Protected {
    /// What the policy must know to decide on a day, relations left empty.
    fn target(&self, today: NaiveDate) -> Target;
}

impl<T: Protected> Sealed<T> {
    /// Seals a loaded record.
    pub fn new(record: T) -> Self {
        Self(record)
    }

    /// What the policy must know to decide on a day, relations left empty.
    pub fn target(&self, today: NaiveDate) -> Target {
        self.0.target(today)
    }

    /// Opens the record with a permit made for it; a permit for another record opens nothing.
    pub fn open(self, permit: &Permit) -> Result<T, Denial> {
        let id = self.0.target(NaiveDate::MIN).id;
        if permit.target == id { Ok(self.0) } else { Err(Denial::Hidden) }
    }
}

/// The part of the tenant's people a list may show, and with which fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visibility {
    everyone: Option<Mask>,
    myself: Option<EmployeeId>,
    subtree_of: Option<EmployeeId>,
    responsible: Option<EmployeeId>,
    units: Vec<OrgUnitId>,
    hidden: Vec<EmployeeId>,
    as_of: NaiveDate,
    rule: &'static str,
}

impl Visibility {
    /// The fields shown of everyone, or none if only named groups are shown.
    pub fn everyone(&self) -> Option<Mask> {
        self.everyone
    }

    /// The person shown in full because it is the subject.
    pub fn myself(&self) -> Option<EmployeeId> {
        self.myself
    }

    /// The manager whose people, direct and indirect, are shown in full.
    pub fn subtree_of(&self) -> Option<EmployeeId> {
        self.subtree_of
    }

    /// The manager whose participants are shown in full, of records that have a responsible manager.
    pub fn responsible(&self) -> Option<EmployeeId> {
        self.responsible
    }

    /// The units whose people, and those of units below, are shown in full.
    pub fn units(&self) -> &[OrgUnitId] {
        &self.units
    }

    /// The people left out because of a conflict of interest.
    pub fn hidden(&self) -> &[EmployeeId] {
        &self.hidden
    }

    /// The date on which lines and units are read.
    pub fn as_of(&self) -> NaiveDate {
        self.as_of
    }

    /// The rule that shows most people.
    pub fn rule(&self) -> &'static str {
        self.rule
    }
}

/// Which people `subject` may list for `action` as of a date, or the rule that refuses the list.
pub fn visibility(
    subject: &Subject,
    action: Action,
    as_of: NaiveDate,
) -> Result<Visibility, Denial> {
    let anyone = Target { id: Uuid::max(), about: Some(Uuid::max().into()), ..Target::default() };
    let with = |relations| decide(subject, action, &Target { relations, ..anyone }).permit;
    let everyone = with(Relations::default());
    // Groups count only where they show more than everyone is shown.
    let wider = |permit: Option<Permit>| {
        let mask = everyone.as_ref().map(Permit::mask);
        permit.filter(|permit| mask.is_none_or(|mask| permit.mask > mask))
    };
    let inside = wider(with(Relations { in_units: true, ..Relations::default() }));
    let below = subject
        .employee_id
        .and_then(|_| wider(with(Relations { chain_manager: true, ..Relations::default() })));
    let answering = subject.employee_id.and_then(|me| {
        let target = Target { responsible: Some(me), ..anyone };
        wider(decide(subject, action, &target).permit)
    });
    let about = |person: EmployeeId, in_units| {
        let relations = Relations { in_units, ..Relations::default() };
        let target =
            Target { id: person.uuid(), about: Some(person), relations, ..Target::default() };
        decide(subject, action, &target).permit
    };
    let own = subject.employee_id.map(|me| (me, about(me, false)));
    let person = matches!(subject.principal, Principal::Person(_));
    let widest = everyone
        .as_ref()
        .or(inside.as_ref())
        .or(below.as_ref())
        .or(answering.as_ref())
        .or(own.as_ref().and_then(|(_, permit)| permit.as_ref()));
    let Some(widest) = widest else {
        return Err(Denial::Forbidden { rule: decide(subject, action, &anyone).rule });
    };
    Ok(Visibility {
        everyone: everyone.as_ref().map(Permit::mask),
        myself: own.as_ref().filter(|(_, permit)| person && permit.is_some()).map(|(me, _)| *me),
        subtree_of: below.as_ref().and(subject.employee_id),
        responsible: answering.as_ref().and(subject.employee_id),
        units: inside.as_ref().map(|_| subject.units_of_interest()).unwrap_or_default(),
        hidden: subject.persons().filter(|person| about(*person, true).is_none()).collect(),
        as_of,
        rule: widest.rule,
    })
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

mod protected {
    use super::{Protected, Target};
    use crate::account::{Account, ApiKey, RoleAssignment};
    use crate::employment::EmploymentStatus;
    use crate::org::{Employee, OrgUnit, Position};
    use crate::tenant::Tenant;
    use chrono::NaiveDate;

    impl Protected for Employee {
        fn target(&self, today: NaiveDate) -> Target {
            Target {
                id: self.id.uuid(),
                about: Some(self.id),
                departed: self.status(today) != EmploymentStatus::Active,
                ..Target::default()
            }
        }
    }

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

    macro_rules! about_nobody {
        ($($noun:ty),*) => {$(
            impl Protected for $noun {
                fn target(&self, _: NaiveDate) -> Target {
                    Target { id: self.id.uuid(), ..Target::default() }
                }
            }
        )*};
    }

    about_nobody!(OrgUnit, Position, Tenant, ApiKey);
}

/// The access matrix as a Markdown table: actions down, relationships across.
pub fn render_matrix() -> String {
    use core::fmt::Write;
    let mut out = String::from("| action |");
    for who in Who::ALL {
        let _ = write!(out, " {who} |");
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(Who::ALL.len()));
    out.push('\n');
    for &action in Action::ALL {
        let _ = write!(out, "| {action} |");
        for &who in Who::ALL {
            let cell = RULES
                .iter()
                .filter(|rule| rule.who == who && rule.actions.contains(&action))
                .map(|rule| {
                    let scope = rule.scope.map(|scope| format!(" ({scope})")).unwrap_or_default();
                    let stages: Vec<_> = rule.stages.iter().map(|stage| stage.as_str()).collect();
                    let within = if stages.is_empty() { "" } else { ": " };
                    format!("{}{scope}{within}{}", rule.mask.as_str(), stages.join(" "))
                })
                .collect::<Vec<_>>()
                .join(", ");
            let _ = write!(out, " {} |", if cell.is_empty() { "-" } else { &cell });
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

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
