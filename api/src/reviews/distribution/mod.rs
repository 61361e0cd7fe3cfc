//! The distribution of grades in a cycle: compared with quotas and with chance, by department.

mod chart;
pub mod disclosed;
pub mod views;

use crate::platform::auth::principal::zone;
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{PathId, accepted};
use crate::platform::parameters::Query;
use crate::platform::problem::Language;
use crate::platform::refusal::Refusal;
use crate::platform::reply;
use actix_web::http::header;
use actix_web::{HttpResponse, get};
use disclosed::{DisclosedGrades, Graded};
use domain::core::id::{CycleId, OrgUnitId};
use domain::cycles::cycle::Cycle;
use domain::cycles::participant::day_of_record;
use domain::policy::Action;
use domain::reviews::aggregate::Disclosure;
use domain::reviews::distribution::{Table, table};
use domain::scoring::settings::DistributionSettings;
use persistence::Store;
use serde::Deserialize;
use std::collections::HashMap;
use utoipa::IntoParams;
use uuid::Uuid;
use views::{DepartmentDistribution, Distribution, DistributionPool};

/// Query parameters of the distribution.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DistributionQuery {
    /// Only this department and the group whose quotas it shares; the total stays that of
    /// everybody.
    department_id: Option<Uuid>,
}

/// Read the distribution of a cycle
///
/// Counts computed and present grades against the quotas of the policy: in total, for each
/// department, and for each group in which quotas apply. Small departments share quotas along the
/// tree of units as it was at the launch. The test shows whether the total differs from the target
/// by more than chance; that is a reason to look closer, never a reason to change a grade. HR
/// business partners see the people of their units. The caller's own review is not counted before
/// release, because the counts would disclose it. People who may read all other reviews do not
/// count towards the quotas. Callers who may not read single grades before release see groups of at
/// least five people, as of the last renewal: a group is renewed when five of its grades have
/// changed, and withheld while a single grade could be inferred from it. With `Accept:
/// image/svg+xml` the answer is a chart of the same figures.
#[utoipa::path(tag = "cycles", operation_id = "getDistribution",
    params(("id" = Uuid, Path, description = "Id of the cycle"), DistributionQuery),
    responses((status = 200, description = "The distribution", content(
        (Distribution = "application/json"),
        (String = "image/svg+xml", example = json!("<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>")),
    ))),
    security(("bearer" = [])))]
#[get("/{id}/distribution")]
pub async fn read(
    caller: Caller,
    id: PathId,
    query: Query<DistributionQuery>,
) -> Result<HttpResponse, Refusal> {
    let form = Form::wanted(&caller)?;
    let (id, department) = (id.0.into(), query.0.department_id.map(OrgUnitId::from));
    let read =
        move |store: &mut dyn Store, actor: &Actor| distribution_of(store, actor, id, department);
    let (mut distribution, mut code, due) = caller.snapshot(read).await?;
    if let Some(graded) = due {
        disclosed::renew(&caller, graded).await;
        (distribution, code, _) = caller.snapshot(read).await?;
    }
    match form {
        Form::Figures => caller.listed(&distribution, None),
        Form::Chart => Ok(chart(&caller, &distribution, &code)),
    }
}

/// The forms in which a distribution is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As JSON.
    Figures,
    /// As an SVG chart.
    Chart,
}

impl Form {
    /// The form that `Accept` asks for.
    pub(super) fn wanted(caller: &Caller) -> Result<Self, Refusal> {
        let offers = [("application/json", Self::Figures), ("image/svg+xml", Self::Chart)];
        accepted(caller.request(), &offers)
    }
}

/// The answer with the chart of a distribution; `name` says what it is of.
pub(super) fn chart(caller: &Caller, distribution: &Distribution, name: &str) -> HttpResponse {
    let language = Language::asked(caller.request());
    let picture = HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header((header::VARY, reply::READERS))
        .body(chart::svg(distribution, name, language));
    language.spoken(picture)
}

/// The distribution of a cycle as the caller may see it, the code of the cycle, and the counts to
/// renew before it is shown.
fn distribution_of(
    store: &mut dyn Store,
    actor: &Actor,
    id: CycleId,
    department: Option<OrgUnitId>,
) -> Result<(Distribution, String, Option<Graded>), Refusal> {
    let sealed = store.cycle(id)?;
    let (cycle, _) = actor.open(store, Action::DistributionRead, sealed)?;
    let settings = settings_of(store, actor, &cycle)?;
    let graded = Graded { cycle: id, state: cycle.state, min_shown: settings.min_shown };
    let DisclosedGrades { disclosure, in_counts_alone, due } =
        disclosed::grades(store, actor, Action::DistributionRead, &graded)?;
    let mut distribution = laid_out(store, actor, &cycle, &settings, disclosure, department)?;
    if in_counts_alone {
        distribution.leave_computed_out();
    }
    Ok((distribution, cycle.code, due.map(|_| graded)))
}

/// The distribution of these counts, with quotas along the tree of units of the launch.
pub(super) fn laid_out(
    store: &mut dyn Store,
    actor: &Actor,
    cycle: &Cycle,
    settings: &DistributionSettings,
    disclosure: Disclosure,
    department: Option<OrgUnitId>,
) -> Result<Distribution, Refusal> {
    let units = units_of(store, actor, cycle)?;
    let tree: Vec<_> = units.iter().map(|unit| (Some(unit.id), unit.parent_id.map(Some))).collect();
    let found =
        table(disclosure, &tree, settings).map_err(|error| Refusal::Internal(error.to_string()))?;
    Ok(view(cycle, settings, &units, &found, department))
}

/// The distribution settings in the policy of a cycle.
pub(crate) fn settings_of(
    store: &mut dyn Store,
    actor: &Actor,
    cycle: &Cycle,
) -> Result<DistributionSettings, Refusal> {
    let policy = store.find(cycle.policy_id)?.ok_or(Refusal::NotFound)?;
    let (policy, _) = actor.open(store, Action::PolicyRead, Some(policy))?;
    let settings = policy.rules.settings();
    Ok(settings.map_err(|error| Refusal::Internal(error.to_string()))?.dist)
}

/// All units on the day of record of a cycle's launch, sorted by code.
fn units_of(
    store: &mut dyn Store,
    actor: &Actor,
    cycle: &Cycle,
) -> Result<Vec<domain::people::org::OrgUnit>, Refusal> {
    let profile = store.profile(&actor.subject.principal)?.ok_or(Refusal::NotFound)?;
    let launched = cycle.launched_at.unwrap_or(actor.now);
    let launched = launched.with_timezone(&zone(&profile.time_zone)?).date_naive();
    let tree = store.org_tree(day_of_record(cycle.period, launched))?;
    let mut units: Vec<_> = tree.units.into_values().map(|placed| placed.unit).collect();
    units.sort_unstable_by(|left, right| left.code.cmp(&right.code));
    Ok(units)
}

fn view(
    cycle: &Cycle,
    settings: &DistributionSettings,
    units: &[domain::people::org::OrgUnit],
    found: &Table,
    department: Option<OrgUnitId>,
) -> Distribution {
    let named: HashMap<OrgUnitId, _> = units.iter().map(|unit| (unit.id, unit)).collect();
    let wanted = |id: &Option<OrgUnitId>| department.is_none() || *id == department;
    let unit = |id: &Option<OrgUnitId>| id.and_then(|id| named.get(&id));
    let mut departments: Vec<_> = found
        .departments
        .iter()
        .filter(|(id, _)| wanted(id))
        .map(|(id, line)| DepartmentDistribution {
            department_id: id.map(Uuid::from),
            code: unit(id).map(|unit| unit.code.clone()),
            name: unit(id).map(|unit| unit.name.clone()),
            line: line.as_ref().into(),
        })
        .collect();
    departments.sort_by(|left, right| left.code.cmp(&right.code));
    let pools = found.pools.iter().filter(|(members, _)| members.iter().any(wanted));
    Distribution {
        cycle_id: cycle.id.uuid(),
        mode: settings.mode.into(),
        shares: (&settings.shares).into(),
        min_group: settings.min_group,
        total: found.total.as_ref().into(),
        departments,
        pools: pools
            .map(|(members, line)| DistributionPool {
                department_ids: members.iter().map(|id| id.map(Uuid::from)).collect(),
                line: line.as_ref().into(),
            })
            .collect(),
    }
}
