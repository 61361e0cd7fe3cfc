//! Reads people and ratings for export files.

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
    /// Id of the person.
    pub id: Uuid,
    /// Employee number 工号, given by the company.
    pub employee_number: String,
    /// Name of the person.
    pub name: String,
    /// Work e-mail address.
    pub email: Option<String>,
    /// Code of the org unit.
    pub org_unit_code: Option<String>,
    /// Code of the position.
    pub position_code: Option<String>,
    /// Job title 职务.
    pub job_title: Option<String>,
    /// Employee number of the line manager.
    pub manager_employee_number: Option<String>,
    /// First working day of the employment.
    pub hire_date: NaiveDate,
    /// Last working day; none while no end is known.
    pub termination_date: Option<NaiveDate>,
    /// Ids in other systems, by system.
    pub external_ids: BTreeMap<String, String>,
}

/// Conditions on ratings; all of them must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RatingFilter {
    /// Only those of this cycle.
    pub cycle_id: Option<CycleId>,
    /// Only people whose grades count in the distribution of this department.
    pub department_id: Option<OrgUnitId>,
}

/// The rating of one person in one cycle as exports show it, with external keys in place of ids.
/// Department, manager, population and policy are those of the launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatingRow {
    /// The review without what was written in it.
    pub review: ReviewResults,
    /// Employee number of the person.
    pub employee_number: String,
    /// Name of the person.
    pub name: String,
    /// Code of the department.
    pub department_code: Option<String>,
    /// Employee number of the manager who answers for the review.
    pub manager_employee_number: Option<String>,
    /// Code of the cycle.
    pub cycle_code: String,
    /// Code of the policy.
    pub policy_code: String,
    /// Version of the policy.
    pub policy_version: i32,
    /// Population of the policy that the person belongs to.
    pub population: Option<String>,
    /// When the person acknowledged the result or disagreed with it.
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

/// Reads people and ratings for export files. Each file is one statement whose rows are handed on
/// as the engine finds them, so memory does not grow with the file. No policy rule grants exports
/// by reporting line, so these do not look at reporting lines.
pub trait Exports {
    /// The systems in which anybody has an external id, sorted.
    fn external_systems(&mut self) -> Result<Vec<String>>;
    /// The units whose people a list may show on the day of `visibility`, with all units below
    /// them.
    fn visible_units(&mut self, visibility: &Visibility) -> Result<Vec<OrgUnitId>>;
    /// Calls `each` for every person the list may show, ordered by employee number, until `each`
    /// breaks. Each person has the assignment that holds on `day`, or the first later one. The day
    /// of `visibility` decides who is shown, whatever `day` is; `units` comes from
    /// [`Exports::visible_units`]. Returns how many people were left out because of a conflict of
    /// interest.
    fn export(
        &mut self,
        visibility: &Visibility,
        units: &[OrgUnitId],
        day: NaiveDate,
        each: &mut dyn FnMut(ExportRow) -> ControlFlow<()>,
    ) -> Result<usize>;
    /// Calls `each` for every rating, ordered by employee number and then by cycle, until `each`
    /// breaks. The flag says whether the person works in one of `units` today. Ratings hidden by a
    /// conflict of interest are passed too, so that the caller can count them.
    fn export_ratings(
        &mut self,
        filter: &RatingFilter,
        visibility: &Visibility,
        units: &[OrgUnitId],
        each: &mut dyn FnMut(Sealed<RatingRow>, bool) -> ControlFlow<()>,
    ) -> Result<()>;
}
