//! Open duties of an employee: what must be handed over before they leave.

use crate::people::PersonCard;
use crate::people::org_units::HistoryQuery;
use crate::people::words;
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::PathId;
use crate::platform::page::page_of;
use crate::platform::parameters::Query;
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, get};
use domain::core::id::{CycleId, EmployeeId};
use domain::core::text::TextEnum;
use domain::people::duty::{DutyKind, OpenDuty};
use domain::policy::Action;
use persistence::{After, Page, Store};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A duty of an employee that must be handed over before they leave.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OpenDuty)]
pub struct OpenDutyView {
    /// Kind of duty.
    #[schema(value_type = words::DutyKind)]
    pub kind: DutyKind,
    /// Id of the record: API key, calibration session, goal or job; for `report` the employee, for
    /// `review` the participant.
    pub resource_id: Uuid,
    /// Cycle the duty belongs to; null if none.
    pub cycle_id: Option<Uuid>,
    /// Person the duty is about; null if it is about nobody.
    pub about: Option<PersonCard>,
    /// Name of the key or session, or kind of the job; null otherwise.
    #[schema(example = "Payroll export")]
    pub name: Option<String>,
}

impl From<OpenDuty> for OpenDutyView {
    fn from(duty: OpenDuty) -> Self {
        Self {
            kind: duty.kind,
            resource_id: duty.resource_id,
            cycle_id: duty.cycle_id.map(CycleId::uuid),
            about: duty.about.map(PersonCard::from),
            name: duty.name,
        }
    }
}

page_of! {
    /// A page of a person's open duties.
    pub struct OpenDutyPage
    /// The duties, sorted by kind and record.
    of OpenDutyView
}

/// Number of open duties of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct DutyCounts {
    /// People who report to the person.
    #[schema(example = 13)]
    pub reports: usize,
    /// Reviews the person is responsible for.
    #[schema(example = 13)]
    pub reviews: usize,
    /// Goals that wait for the person's approval.
    #[schema(example = 2)]
    pub goals: usize,
    /// Seats in calibration sessions.
    #[schema(example = 1)]
    pub calibration_sessions: usize,
    /// API keys the person is responsible for.
    #[schema(example = 0)]
    pub api_keys: usize,
    /// Jobs that have not ended.
    #[schema(example = 0)]
    pub jobs: usize,
}

impl DutyCounts {
    /// Counts the open duties by kind.
    pub fn of(duties: &[OpenDuty]) -> Self {
        let count = |kind| duties.iter().filter(|duty| duty.kind == kind).count();
        Self {
            reports: count(DutyKind::Report),
            reviews: count(DutyKind::Review),
            goals: count(DutyKind::Goal),
            calibration_sessions: count(DutyKind::CalibrationSession),
            api_keys: count(DutyKind::ApiKey),
            jobs: count(DutyKind::Job),
        }
    }

    /// The counts of a person's open duties; none if there are no open duties.
    pub fn open(
        store: &mut dyn Store,
        actor: &Actor,
        id: EmployeeId,
    ) -> Result<Option<Self>, Refusal> {
        let counts = Self::of(&store.open_duties(id, actor.today, actor.now, &Page::ALL)?);
        Ok(Some(counts).filter(|counts| *counts != Self::default()))
    }
}

/// List the open duties of an employee
///
/// Lists what must be handed over before the person leaves: people who report to them, reviews they
/// are responsible for, goals that wait for their approval, seats in calibration sessions, API
/// keys, and jobs.
#[utoipa::path(tag = "employees", operation_id = "listOpenDuties",
    params(("id" = Uuid, Path, description = "Id of the employee"), HistoryQuery),
    responses((status = 200, description = "A page of open duties", body = OpenDutyPage)),
    security(("bearer" = [])))]
#[get("/{id}/open-duties")]
pub(super) async fn open_duties(
    caller: Caller,
    id: PathId,
    query: Query<HistoryQuery>,
) -> Result<HttpResponse, Refusal> {
    let (id, query) = (id.0.into(), query.0);
    let request = caller.page(query.limit, query.cursor.as_deref(), None)?;
    let page = request.page.clone();
    let rows = caller
        .snapshot(move |store, actor| {
            let sealed = store.employee(id, actor.today)?;
            actor.open(store, Action::EmployeeDuties, sealed)?;
            Ok(store.open_duties(id, actor.today, actor.now, &page)?)
        })
        .await?;
    caller.answer::<OpenDutyPage, _>(
        &request,
        rows,
        |last| After::Text(last.kind.as_str().to_owned(), last.resource_id),
        OpenDutyView::from,
    )
}
