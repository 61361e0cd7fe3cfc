//! People, units, positions and the reporting lines between them.

use crate::core::change::versioned;
use crate::core::id::{AssignmentId, EmployeeId, OrgUnitId, PositionId};
use crate::core::time::{Period, Timestamp};
use crate::people::employment::{EmploymentStatus, Employments};
use crate::policy::{Protected, Target};
use crate::text_enum;
use chrono::NaiveDate;
use serde::Serialize;

text_enum! {
    /// What can be done to a unit.
    pub enum OrgUnitAction {
        /// Change its code or name.
        Update = "update",
        /// Put it under another unit.
        Move = "move",
        /// Delete it.
        Deletion = "deletion",
    }
}

text_enum! {
    /// What can be done to a position.
    pub enum PositionAction {
        /// Change its code, title or level.
        Update = "update",
        /// Delete it.
        Deletion = "deletion",
    }
}

text_enum! {
    /// Kind of an org unit, from the whole company down to a team.
    pub enum OrgUnitKind {
        /// The whole company; the only kind without a parent.
        Company = "company",
        /// A division (事业部).
        Division = "division",
        /// A department (部门).
        Department = "department",
        /// A team (小组).
        Team = "team",
    }
}

impl OrgUnitKind {
    /// Whether a unit of this kind may be directly under `parent`. Levels may be skipped; teams may
    /// contain teams, and departments may contain departments.
    pub fn may_sit_under(self, parent: OrgUnitKind) -> bool {
        match self {
            OrgUnitKind::Company => false,
            OrgUnitKind::Division => parent == OrgUnitKind::Company,
            OrgUnitKind::Department | OrgUnitKind::Team => parent <= self,
        }
    }
}

/// A company, division, department or team, as of one business date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgUnit {
    /// Id of the unit.
    pub id: OrgUnitId,
    /// External key, unique in the tenant.
    pub code: String,
    /// Name shown to people.
    pub name: String,
    /// Kind of the unit.
    pub kind: OrgUnitKind,
    /// The unit above; `None` for the top of the tree.
    pub parent_id: Option<OrgUnitId>,
    /// First day on which `parent_id` is valid; `None` while the unit has no place in the tree.
    pub effective_from: Option<NaiveDate>,
    /// Version of the record, from 1: counts its changes.
    pub version: i32,
    /// When the record was created.
    pub created_at: Timestamp,
    /// When the record was last changed.
    pub updated_at: Timestamp,
    /// When it was deleted; lists show deleted units only as tombstones.
    pub deleted_at: Option<Timestamp>,
}

/// One stretch of time during which a unit has the same place in the tree; the next one ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The unit whose place it is.
    pub org_unit_id: OrgUnitId,
    /// First and last day.
    pub period: Period,
    /// The unit above; `None` for the top of the tree.
    pub parent_id: Option<OrgUnitId>,
}

/// A job in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Position {
    /// Id of the position.
    pub id: PositionId,
    /// External key, unique in the tenant.
    pub code: String,
    /// Name of the job.
    pub title: String,
    /// Job level, from 1 (entry) to 30 (top).
    pub level: i32,
    /// Version of the record, from 1: counts its changes.
    pub version: i32,
    /// When the record was created.
    pub created_at: Timestamp,
    /// When the record was last changed.
    pub updated_at: Timestamp,
    /// When it was deleted; lists show deleted positions only as tombstones.
    pub deleted_at: Option<Timestamp>,
}

/// A person, with unit, job and manager as of one business date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Employee {
    /// Id of the employee.
    pub id: EmployeeId,
    /// Number given by the company, unique in the tenant; imports find employees by it.
    pub employee_number: String,
    /// Name shown to people.
    pub name: String,
    /// E-mail address at work.
    pub email: Option<String>,
    /// The periods in which the person works here.
    pub employments: Employments,
    /// Unit, job and manager on the date asked for; `None` before the first assignment.
    pub assignment: Option<Assignment>,
    /// Ids in other systems, by system name.
    pub external_ids: Vec<ExternalId>,
    /// Version of the record, from 1: counts its changes.
    pub version: i32,
    /// When the record was created.
    pub created_at: Timestamp,
    /// When the record was last changed.
    pub updated_at: Timestamp,
}

impl Employee {
    /// Whether the person works here on `day`.
    pub fn status(&self, day: NaiveDate) -> EmploymentStatus {
        self.employments.status(day)
    }

    /// What can be done to the person, given their status on `today`.
    pub fn possible_actions(&self, today: NaiveDate) -> Vec<EmployeeAction> {
        use EmployeeAction::{Assignment, Employment, Reinstatement, Termination, Update};
        let (at_hand, latest) = (self.employments.at_hand(today), self.employments.latest());
        let ends = at_hand.last_day().is_some();
        let possible = [
            (Update, true),
            (Assignment, true),
            (Termination, !at_hand.is_over(today)),
            (Reinstatement, ends && at_hand == latest),
            (Employment, latest.last_day().is_some()),
        ];
        possible.into_iter().filter_map(|(action, is)| is.then_some(action)).collect()
    }
}

text_enum! {
    /// What can be done to an employee, depending on their status.
    pub enum EmployeeAction {
        /// Change name, number, e-mail address, hire date or external ids.
        Update = "update",
        /// Assign another unit, job or manager from a day on.
        Assignment = "assignment",
        /// Set the last working day.
        Termination = "termination",
        /// Remove the last working day again.
        Reinstatement = "reinstatement",
        /// Hire the person again, once the last working day is known.
        Employment = "employment",
    }
}

/// One stretch of an employee's unit, job and manager; the next one ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Id of the assignment.
    pub id: AssignmentId,
    /// The employee it belongs to.
    pub employee_id: EmployeeId,
    /// First and last day.
    pub period: Period,
    /// Unit the person works in.
    pub org_unit_id: Option<OrgUnitId>,
    /// Job of the catalogue.
    pub position_id: Option<PositionId>,
    /// Job title, free text.
    pub job_title: Option<String>,
    /// Line manager.
    pub manager_id: Option<EmployeeId>,
}

/// An id in another system, such as an HRIS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExternalId {
    /// Name of the system: 1 to 40 lower-case letters, digits, `_` and `-`.
    pub system: String,
    /// The id in that system, 1 to 200 characters.
    pub value: String,
}

versioned!(Employee, OrgUnit, Position);

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

impl Protected for OrgUnit {
    fn target(&self, _: NaiveDate) -> Target {
        Target::of(self.id.uuid())
    }
}

impl Protected for Position {
    fn target(&self, _: NaiveDate) -> Target {
        Target::of(self.id.uuid())
    }
}
