//! Counts over the people of a cycle.

use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::id::{CalibrationSessionId, CycleId, EmployeeId, OrgUnitId};
use domain::policy::{Subject, Visibility};
use domain::reviews::aggregate::{GradeRecord, History, ShownGrade};
use domain::reviews::form::Results;
use domain::state::review;
use std::collections::HashSet;

/// How many people of a department agree in everything that is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    /// The department at the launch, with its name.
    pub department: Option<(OrgUnitId, String)>,
    /// Whether these people are evaluated.
    pub evaluated: bool,
    /// Whether they count towards the quotas now.
    pub counts_for_quota: bool,
    /// State of their reviews; none for people without a review.
    pub state: Option<review::State>,
    /// Their grades; none while the rating is a draft. The scores in it are not filled.
    pub results: Results,
    /// Number of people.
    pub people: i64,
}

/// Counts the people of a cycle, each in one statement.
pub trait Aggregates {
    /// The people who, on `day`, may read the grades of everybody they are compared with before
    /// release, or who are senior management. They count towards no quota (rule 13, E.1).
    fn overseers(&mut self, cycle: CycleId, day: NaiveDate) -> Result<HashSet<EmployeeId>>;
    /// Pairs of a manager and a person, both compared by the session, where the manager could read
    /// the person's rating on `day` because they answer for the review or are above in the
    /// reporting line.
    fn leaders(
        &mut self,
        session: CalibrationSessionId,
        day: NaiveDate,
    ) -> Result<HashSet<(EmployeeId, EmployeeId)>>;
    /// Counts the people of a cycle that a list may show. People in `hidden` count only once their
    /// result is released.
    fn alike(
        &mut self,
        cycle: CycleId,
        visible: &Visibility,
        hidden: &[EmployeeId],
        overseers: &HashSet<EmployeeId>,
    ) -> Result<Vec<Alike>>;
    /// The grades of a cycle one by one, each with how `subject` relates to the person on a day.
    fn grade_records(
        &mut self,
        cycle: CycleId,
        subject: &Subject,
        day: NaiveDate,
        overseers: &HashSet<EmployeeId>,
    ) -> Result<Vec<GradeRecord>>;
    /// What readers who see only counts have been shown of a cycle so far.
    fn shown_grades(&mut self, cycle: CycleId) -> Result<History>;
    /// Adds to what these readers have been shown.
    fn show_grades(&mut self, cycle: CycleId, shown: &[ShownGrade]) -> Result<()>;
}
