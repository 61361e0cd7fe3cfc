//! What counts over the people of a cycle are made of.

use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::id::{CalibrationSessionId, CycleId, EmployeeId, OrgUnitId};
use domain::policy::{Subject, Visibility};
use domain::reviews::aggregate::{GradeRecord, History, ShownGrade};
use domain::reviews::form::Results;
use domain::state::review;
use std::collections::HashSet;

/// How many people of a department are alike in everything that is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    /// The department, as frozen at the launch, with its name.
    pub department: Option<(OrgUnitId, String)>,
    /// Whether they are evaluated.
    pub evaluated: bool,
    /// Whether they count towards the quotas now.
    pub counts_for_quota: bool,
    /// Where their reviews are; none while there is no review.
    pub state: Option<review::State>,
    /// Their grades; none while the rating is a draft. Scores are left out.
    pub results: Results,
    /// How many.
    pub people: i64,
}

/// Counting the people of a cycle, each in one statement.
pub trait Aggregates {
    /// Those who, on a day, may read the grades of all others they are compared with before release,
    /// or are senior management: they count towards no quota (rule 13, E.1).
    fn overseers(&mut self, cycle: CycleId, day: NaiveDate) -> Result<HashSet<EmployeeId>>;
    /// Of those whom a session compares, who could read whose rating as a manager on a day: pairs of
    /// the manager and the person.
    fn leaders(
        &mut self,
        session: CalibrationSessionId,
        day: NaiveDate,
    ) -> Result<HashSet<(EmployeeId, EmployeeId)>>;
    /// The people of a cycle whom a list may show, counted; those in `hidden` once their result is
    /// released.
    fn alike(
        &mut self,
        cycle: CycleId,
        visible: &Visibility,
        hidden: &[EmployeeId],
        overseers: &HashSet<EmployeeId>,
    ) -> Result<Vec<Alike>>;
    /// The grades of a cycle one by one, and how `subject` stands to each person on a day.
    fn grade_records(
        &mut self,
        cycle: CycleId,
        subject: &Subject,
        day: NaiveDate,
        overseers: &HashSet<EmployeeId>,
    ) -> Result<Vec<GradeRecord>>;
    /// What readers of counts alone have been shown of a cycle.
    fn shown_grades(&mut self, cycle: CycleId) -> Result<History>;
    /// Adds to what they are shown.
    fn show_grades(&mut self, cycle: CycleId, shown: &[ShownGrade]) -> Result<()>;
}
