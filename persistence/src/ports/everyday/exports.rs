//! Reading people and ratings for a file.

use crate::ports::{Result, ReviewResults};
use chrono::NaiveDate;
use domain::core::id::{CycleId, OrgUnitId};
use domain::core::time::Timestamp;
use domain::policy::{Protected, Sealed, Target, Visibility};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use uuid::Uuid;

/// One person as exports show it, with external keys in place of ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportRow {
    /// The person.
    pub id: Uuid,
    /// Number given by the company.
    pub employee_number: String,
    /// Name.
    pub name: String,
    /// Work address.
    pub email: Option<String>,
    /// Code of the unit.
    pub org_unit_code: Option<String>,
    /// Code of the position.
    pub position_code: Option<String>,
    /// Title on the door.
    pub job_title: Option<String>,
    /// Number of the line manager.
    pub manager_employee_number: Option<String>,
    /// First working day.
    pub hire_date: NaiveDate,
    /// Last working day.
    pub termination_date: Option<NaiveDate>,
    /// Ids in other systems.
    pub external_ids: BTreeMap<String, String>,
}

/// Which ratings are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RatingFilter {
    /// Of this cycle.
    pub cycle_id: Option<CycleId>,
    /// Of people whose grades were distributed in this department.
    pub department_id: Option<OrgUnitId>,
}

/// The rating of one person in one cycle as exports show it, with external keys in place of ids.
/// Department, manager, population and policy are those of the launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatingRow {
    /// The review.
    pub review: ReviewResults,
    /// Number given by the company.
    pub employee_number: String,
    /// Name.
    pub name: String,
    /// Code of the department.
    pub department_code: Option<String>,
    /// Number of the manager who answers for the review.
    pub manager_employee_number: Option<String>,
    /// Code of the cycle.
    pub cycle_code: String,
    /// Code of the policy.
    pub policy_code: String,
    /// Version of the policy.
    pub policy_version: i32,
    /// Population of the policy.
    pub population: Option<String>,
    /// When the person took note or disagreed.
    pub acknowledged_at: Option<Timestamp>,
}

impl Protected for RatingRow {
    fn target(&self, _: NaiveDate) -> Target {
        let ReviewResults { id, employee_id, manager_id, session_id, state, .. } = self.review;
        Target {
            id: id.uuid(),
            about: Some(employee_id),
            responsible: manager_id,
            session: session_id,
            stage: Some(state.rating_stage()),
            ..Target::default()
        }
    }
}

/// Reading people and ratings for a file. Each file is one statement, read as the engine finds its
/// rows: memory does not grow with it. No rule opens exports by reporting line, so none is followed.
pub trait Exports {
    /// The systems in which anyone has an id, in order.
    fn external_systems(&mut self) -> Result<Vec<String>>;
    /// The units whose people a list shows, with all units below them on its day.
    fn visible_units(&mut self, visibility: &Visibility) -> Result<Vec<OrgUnitId>>;
    /// Hands people over in the order of numbers, each with the assignment that holds on `day` or
    /// the first one after it, until `each` breaks. Who is among them is settled by the day of
    /// `visibility`, whatever day is shown; `units` comes from [`Exports::visible_units`]. How many
    /// a conflict of interest leaves out.
    fn export(
        &mut self,
        visibility: &Visibility,
        units: &[OrgUnitId],
        day: NaiveDate,
        each: &mut dyn FnMut(ExportRow) -> ControlFlow<()>,
    ) -> Result<usize>;
    /// Hands ratings over in the order of employee numbers, then of cycles, until `each` breaks,
    /// each with whether its person works in one of `units` today. Those a conflict of interest
    /// hides are among them, to be counted.
    fn export_ratings(
        &mut self,
        filter: &RatingFilter,
        visibility: &Visibility,
        units: &[OrgUnitId],
        each: &mut dyn FnMut(Sealed<RatingRow>, bool) -> ControlFlow<()>,
    ) -> Result<()>;
}
