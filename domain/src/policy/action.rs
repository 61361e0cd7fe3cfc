//! Actions that the access policy decides on.

use super::noun_of;
use crate::text_enum;

text_enum! {
    /// What a subject can do; one value per noun and verb.
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
        /// Read who has looked at the reader's own released records.
        ReadEntryRead = "read_entry.read",
        /// Read the events feed.
        EventRead = "event.read",
        /// Follow a job.
        JobRead = "job.read",
        /// Ask why somebody is or is not allowed to do something.
        AccessExplain = "access.explain",
        /// Read a version of the performance policy.
        PolicyRead = "policy.read",
        /// Write a draft of the performance policy and publish it.
        PolicyWrite = "policy.write",
        /// Read a cycle.
        CycleRead = "cycle.read",
        /// Design a cycle and move it from stage to stage.
        CycleWrite = "cycle.write",
        /// Propose to publish a cycle's results.
        CyclePropose = "cycle.propose",
        /// Approve to publish a cycle's results, or to cancel the cycle.
        CycleApprove = "cycle.approve",
        /// Read who takes part in a cycle, and who is responsible for whose review.
        ParticipantRead = "participant.read",
        /// Hand a participant over to another responsible manager, or exclude one.
        ParticipantWrite = "participant.write",
        /// Read a department's request for its own weights.
        WeightAdjustmentRead = "weight_adjustment.read",
        /// Write a request for one's department and hand it in.
        WeightAdjustmentWrite = "weight_adjustment.write",
        /// Decide on a request, file it and revoke it.
        WeightAdjustmentReview = "weight_adjustment.review",
        /// Read a goal with its check-ins, measurements and changes.
        GoalRead = "goal.read",
        /// Write a draft of a goal, request a change, or report that the goal is complete.
        GoalWrite = "goal.write",
        /// Draft goals for many people at once.
        GoalImport = "goal.import",
        /// Sign a goal and hand it in.
        GoalSubmit = "goal.submit",
        /// Approve or return a goal, or confirm that it is complete.
        GoalApprove = "goal.approve",
        /// Decide on a change after mid-cycle or of a weight, and cancel a goal.
        GoalDecide = "goal.decide",
        /// Check in on a goal.
        CheckInWrite = "check_in.write",
        /// Report an actual value of an indicator.
        MeasurementWrite = "measurement.write",
        /// Withdraw a check-in or a measurement, with a reason.
        ReportWithdraw = "report.withdraw",
        /// Read what goals need from each other.
        DependencyRead = "dependency.read",
        /// Ask somebody for what one's own goal needs, and take it over.
        DependencyWrite = "dependency.write",
        /// Promise what is needed, refuse it, or hand it over.
        DependencyAnswer = "dependency.answer",
        /// Read that a review exists, its state and who is responsible for it.
        ReviewRead = "review.read",
        /// Read a self-review.
        SelfReviewRead = "self_review.read",
        /// Write a self-review.
        SelfReviewWrite = "self_review.write",
        /// Read a manager's rating, the scores and the grade.
        RatingRead = "rating.read",
        /// Rate, return a self-review, or hand the rating in.
        RatingWrite = "rating.write",
        /// See the score that a rating would give now, before it is handed in.
        RatingPreview = "rating.preview",
        /// Confirm or return a rating as the second reviewer.
        RatingConfirm = "rating.confirm",
        /// Skip an overdue self-review, close the raters' window, compute results.
        ReviewSteer = "review.steer",
        /// Acknowledge a released result, or disagree with it.
        ReviewAnswer = "review.answer",
        /// See the distribution of grades of a cycle.
        DistributionRead = "distribution.read",
        /// Read a calibration session with its moves and notes.
        CalibrationSessionRead = "calibration_session.read",
        /// See the distribution of the grades that a calibration session compares.
        CalibrationSessionDistribution = "calibration_session.distribution",
        /// Prepare, open and finalise a calibration session.
        CalibrationSessionWrite = "calibration_session.write",
        /// Override the distribution check, or reopen a finalised session.
        CalibrationSessionOverride = "calibration_session.override",
        /// Read the moves of a session, including pending ones.
        MoveRead = "move.read",
        /// Propose a move in a session, or try it.
        MovePropose = "move.propose",
        /// Approve and reject a move.
        MoveWrite = "move.write",
        /// Export ratings as a file.
        RatingExport = "rating.export",
        /// See one's own to-dos, and the dashboards of one's own work and team.
        DashboardOwn = "dashboard.own",
        /// See the progress of the people of a cycle, unit by unit.
        DashboardHr = "dashboard.hr",
        /// See the progress of the goals of the company and its departments.
        DashboardExecutive = "dashboard.executive",
    }
}

impl Action {
    /// The action that reads the same kind of record. A refused writer who may not read the record
    /// gets "not found" instead of "forbidden".
    pub fn reading(self) -> Action {
        noun_of(self).map_or(self, |(noun, _)| noun.reading)
    }
}
