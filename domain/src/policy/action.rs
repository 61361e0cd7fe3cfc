//! What can be done.

use super::noun_of;
use crate::text_enum;

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
        noun_of(self).map_or(self, |(noun, _)| noun.reading)
    }
}
