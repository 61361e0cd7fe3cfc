//! Import of measurements: finds the goals that rows mean, plans the values goal by goal, saves them.

use crate::platform::app::new_id;
use crate::platform::caller::{Actor, Caller};
use crate::platform::files::decode::SentRow;
use crate::platform::files::stretches::in_stretches;
use crate::platform::imports::{
    BulkBody, ImportOf, ImportQuery, ImportResult, Nothing, Noun, accept, conclude, record,
};
use crate::platform::jobs::{self, SYNCHRONOUS_ROWS};
use crate::platform::parameters::Query;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Answered;
use crate::reviews::recomputation;
use actix_web::post;
use chrono::NaiveDate;
use domain::core::change::{Change, Record};
use domain::core::id::{CycleId, EmployeeId, GoalId};
use domain::core::import::Fault;
use domain::core::number::Exact;
use domain::everyday::job::JobKind;
use domain::goals::goal::{Goal, Measurement};
use domain::goals::import::{Measurable, MeasuredRow, Remeasured, Reporter, plan_measurements};
use domain::policy::{Action, Target, Visibility, decide, visibility};
use domain::reviews::form::Review;
use persistence::{DbError, GoalFilter, GoalPlace, Page, Store};
use rust_decimal::Decimal;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use utoipa::ToSchema;
use uuid::Uuid;

/// Number of goals that are read at once.
const GOALS: usize = 1000;

/// A row of an import of measurements. `goal_id` says which goal is meant; without it `employee_number`,
/// `cycle_code` and `goal_title` do together. Period, source and external id identify the value.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasurementRow {
    /// Id of the goal.
    #[serde(default)]
    #[schema(example = "0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11")]
    pub goal_id: Option<Uuid>,
    /// Employee number of the goal's owner; not read where there is a `goal_id`.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64, example = "E-0043")]
    pub employee_number: Option<String>,
    /// Code of the goal's cycle; not read where there is a `goal_id`.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64, example = "FY2026")]
    pub cycle_code: Option<String>,
    /// Title of the goal, exactly; not read where there is a `goal_id`.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, example = "Revenue of the north")]
    pub goal_title: Option<String>,
    /// First day of the measured period. It lies within the goal's period and is not in the future.
    #[serde(default)]
    #[schema(value_type = NaiveDate, required = true, example = "2026-03-01")]
    pub period_start: Option<NaiveDate>,
    /// System or person that the value comes from.
    #[serde(default)]
    #[schema(
        value_type = String,
        required = true,
        min_length = 1,
        max_length = 64,
        pattern = r"^\S(.*\S)?$",
        example = "crm"
    )]
    pub source: Option<String>,
    /// Key of the value in its source.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        example = "revenue-2026-03"
    )]
    pub external_id: String,
    /// The value, in the indicator's unit.
    #[serde(default)]
    #[schema(
        value_type = String,
        required = true,
        pattern = r"^-?\d{1,18}(\.\d{1,10})?$",
        example = "98500.50"
    )]
    pub value: Option<Exact>,
}

impl SentRow for MeasurementRow {
    type Row = MeasuredRow;
    const KEYS: &'static [&'static str] = &["external_id", "employee_number", "cycle_code"];
    const MAX_ROWS: usize = 100_000;

    fn at(self, row: usize, unread: Vec<String>) -> MeasuredRow {
        MeasuredRow {
            row,
            goal_id: self.goal_id.map(GoalId::from),
            employee_number: self.employee_number,
            cycle_code: self.cycle_code,
            goal_title: self.goal_title,
            period_start: self.period_start,
            source: self.source,
            external_id: self.external_id,
            value: self.value,
            unread,
        }
    }
}

/// Import measurements
///
/// Reports many actual values of indicators, as reporting each of them would: up to 100,000 rows as a
/// JSON array, NDJSON, CSV or XLSX, read as in the import of employees. Each row means a goal by `goal_id`,
/// or by `employee_number`, `cycle_code` and `goal_title`. A value that is known already changes nothing,
/// a different one with the same period, source and external id becomes a new revision; the same twice
/// in one request is refused. Each goal must be one whose values the caller may report, and in a state
/// that takes them. The progress of each goal is computed once, and so is each result that depends on
/// it; if one of those cannot be computed, nothing is saved. Each goal that changes leaves one audit
/// entry and one event, `goal.measured`, which name the import. A refusal names every fault of every row,
/// with its line and key, which is the external id. Up to 1,000 rows are imported at once and the answer
/// is the result; more rows become a job, which `Location` names, with a report on every row.
#[utoipa::path(tag = "measurements", operation_id = "importMeasurements", params(ImportQuery),
    request_body(content(
        (Vec<MeasurementRow> = "application/json"),
        (String = "application/x-ndjson", example = json!("{\"goal_id\":\"0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11\",\"period_start\":\"2026-03-01\",\"source\":\"crm\",\"external_id\":\"revenue-2026-03\",\"value\":\"98500.50\"}\n")),
        (String = "text/csv", example = json!("employee_number,cycle_code,goal_title,period_start,source,external_id,value\nE-0043,FY2026,Revenue of the north,2026-03-01,crm,revenue-2026-03,98500.50\n")),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("a workbook")),
    )),
    responses(
        (status = 200, description = "The result of each row", body = ImportResult),
        (status = 202, description = "The job that imports the rows", body = jobs::JobView),
    ),
    security(("bearer" = []), ("api_key" = ["performance:write"])))]
#[post("/bulk")]
pub(super) async fn import_measurements(
    caller: Caller,
    query: Query<ImportQuery>,
    body: BulkBody,
) -> Answered {
    accept::<Measurements>(caller, query.0, |nothing, _| nothing, body).await
}

/// Import of measurements.
pub struct Measurements;

impl Noun for Measurements {
    type Sent = MeasurementRow;
    type Mapping = Nothing;
    type More = Nothing;
    const JOB: JobKind = JobKind::MeasurementImport;

    /// Whoever may report the values of any goal; each goal is decided about when it is read.
    fn admit(actor: &Actor) -> Result<&'static str, Refusal> {
        Ok(visibility(&actor.subject, Action::MeasurementWrite, actor.today)?.rule())
    }

    fn import(
        store: &mut dyn Store,
        actor: &Actor,
        import: &ImportOf<Self>,
        progress: &dyn Fn(usize),
    ) -> Result<ImportResult, Refusal> {
        Self::admit(actor)?;
        let visible = visibility(&actor.subject, Action::GoalRead, actor.today)?;
        let rows = &import.rows;
        let Meant { mut goals, places, mut faults } = meant(store, rows, &visible)?;
        let files = open(store, actor, places, &visible)?;
        refuse_foreign(rows, &mut goals, &files, &mut faults);
        let cycles: BTreeSet<CycleId> = files.goals.values().map(|it| it.goal.cycle_id).collect();
        let settings = store.goal_settings(&cycles.into_iter().collect::<Vec<_>>())?;
        let reporter = Reporter {
            author_id: actor.subject.principal.id(),
            now: actor.now,
            today: actor.today,
        };
        let Files { goals: measurable, rules, reviews } = files;
        let (plan, changed) =
            plan_measurements(rows, &goals, measurable, &settings, reporter, faults, &mut new_id);
        let key = |row: &MeasuredRow| Some((row.row, row.key()?.to_owned()));
        let (result, mut changes) = conclude(import, plan, key, |it: &Measurement| it.id.uuid())?;
        if import.options.dry_run {
            return Ok(result);
        }
        // Ids were made goal by goal, and rows are added fastest in the order of their keys.
        changes.sort_unstable_by_key(|it| it.after.id);
        store.add_measurements(&changes, progress)?;
        // The writing thread is busy enough, so the records are made on other threads.
        let of_some = |_, some: &[Remeasured]| {
            let change = |it: &Remeasured| (it.goal.version, after(it, actor, &rules, import.id));
            some.iter().map(change).collect::<Vec<_>>()
        };
        let goals = in_stretches(&changed, SYNCHRONOUS_ROWS, of_some).into_iter().flatten();
        store.measure_goals(goals.collect())?;
        progress(import.total);
        for goal in changed.iter().map(|it| &it.goal) {
            if let Some(review) = reviews.get(&(goal.cycle_id, goal.owner_id)) {
                follow(store, actor, goal, review, rules[&goal.id])?;
            }
        }
        Ok(result)
    }
}

/// The goal of each row, and the places of these goals.
struct Meant {
    goals: Vec<Option<GoalId>>,
    places: Vec<GoalPlace>,
    faults: Vec<Fault>,
}

/// Finds out which goal each row means, among those that the caller may see.
fn meant(
    store: &mut dyn Store,
    rows: &[MeasuredRow],
    visible: &Visibility,
) -> Result<Meant, Refusal> {
    let by_id: BTreeSet<GoalId> = rows.iter().filter_map(|row| row.goal_id).collect();
    let mut places = store.goal_places(&by_id.into_iter().collect::<Vec<_>>(), visible)?;
    let known: BTreeSet<GoalId> = places.iter().map(|place| place.id).collect();
    let named = named(store, rows, visible, &mut places)?;
    let mut faults = Vec::new();
    let goals = rows.iter().map(|row| match (row.goal_id, name_of(row)) {
        (Some(id), _) if known.contains(&id) => Some(id),
        (Some(id), _) => {
            faults.push(row.fault("goal_id", "unknown_reference").with("value", id));
            None
        }
        (None, Ok((owner, cycle, title))) => {
            let found = named.of(owner, cycle, title);
            if let [id] = found {
                return Some(*id);
            }
            let code = if found.is_empty() { "unknown_reference" } else { "ambiguous_reference" };
            let (field, value) = named.unknown(owner, cycle).unwrap_or(("goal_title", title));
            faults.push(row.fault(field, code).with("value", value));
            None
        }
        (None, Err(missing)) => {
            let is_absent = |field: &&&str| !row.unread.iter().any(|unread| unread == **field);
            // A goal whose id could not be read needs no other name.
            let missing = missing.iter().filter(|_| is_absent(&&"goal_id")).filter(is_absent);
            faults.extend(missing.map(|field| row.fault(field, "required")));
            None
        }
    });
    let goals = goals.collect();
    Ok(Meant { goals, places, faults })
}

/// Owner, cycle and title by which a row names its goal, or which of them it lacks.
fn name_of(row: &MeasuredRow) -> Result<(&str, &str, &str), Vec<&'static str>> {
    let (owner, cycle, title) = (&row.employee_number, &row.cycle_code, &row.goal_title);
    if let (Some(owner), Some(cycle), Some(title)) = (owner, cycle, title) {
        return Ok((owner, cycle, title));
    }
    let parts =
        [("employee_number", owner), ("cycle_code", cycle), ("goal_title", title)].into_iter();
    Err(parts.filter(|(_, part)| part.is_none()).map(|(field, _)| field).collect())
}

/// Goals by what they are named.
#[derive(Default)]
struct Named {
    owners: HashMap<String, EmployeeId>,
    cycles: HashMap<String, CycleId>,
    goals: HashMap<(CycleId, EmployeeId), HashMap<String, Vec<GoalId>>>,
}

impl Named {
    fn of(&self, owner: &str, cycle: &str, title: &str) -> &[GoalId] {
        let place = self.cycles.get(cycle).copied().zip(self.owners.get(owner).copied());
        let titles = place.and_then(|place| self.goals.get(&place));
        titles.and_then(|titles| titles.get(title)).map_or(&[], Vec::as_slice)
    }

    /// The first part of the name that means nothing.
    fn unknown<'r>(&self, owner: &'r str, cycle: &'r str) -> Option<(&'static str, &'r str)> {
        if !self.owners.contains_key(owner) {
            return Some(("employee_number", owner));
        }
        (!self.cycles.contains_key(cycle)).then_some(("cycle_code", cycle))
    }
}

/// Loads the goals that rows may name, and adds the places of those that they do name.
fn named(
    store: &mut dyn Store,
    rows: &[MeasuredRow],
    visible: &Visibility,
    places: &mut Vec<GoalPlace>,
) -> Result<Named, Refusal> {
    let names =
        || rows.iter().filter(|row| row.goal_id.is_none()).filter_map(|row| name_of(row).ok());
    let numbers: BTreeSet<&str> = names().map(|(owner, _, _)| owner).collect();
    if numbers.is_empty() {
        return Ok(Named::default());
    }
    let codes: BTreeSet<&str> = names().map(|(_, cycle, _)| cycle).collect();
    let numbers: Vec<&str> = numbers.into_iter().collect();
    let owners = store.employees_numbered(&numbers)?;
    let cycles = store.cycles_coded(&codes.into_iter().collect::<Vec<_>>())?;
    let mut wanted = BTreeMap::<CycleId, BTreeSet<EmployeeId>>::new();
    for (owner, cycle, _) in names() {
        if let (Some(owner), Some(cycle)) = (owners.get(owner), cycles.get(cycle)) {
            wanted.entry(*cycle).or_default().insert(*owner);
        }
    }
    let mut named = Named { owners, cycles, goals: HashMap::new() };
    let mut found = HashMap::new();
    for (cycle, owners) in wanted {
        for place in store.places_in(cycle, &owners.into_iter().collect::<Vec<_>>(), visible)? {
            let titles = named.goals.entry((cycle, place.owner_id)).or_default();
            titles.entry(place.title.clone()).or_default().push(place.id);
            found.insert(place.id, place);
        }
    }
    if visible.everyone().is_none() {
        // Who does not see everything is not told what exists beyond.
        let seen_owners: BTreeSet<_> = named.goals.keys().map(|(_, owner)| *owner).collect();
        let seen_cycles: BTreeSet<_> = named.goals.keys().map(|(cycle, _)| *cycle).collect();
        named.owners.retain(|_, owner| seen_owners.contains(owner));
        named.cycles.retain(|_, cycle| seen_cycles.contains(cycle));
    }
    for place in places.iter() {
        found.remove(&place.id);
    }
    for (owner, cycle, title) in names() {
        if let [id] = named.of(owner, cycle, title) {
            places.extend(found.remove(id));
        }
    }
    Ok(named)
}

/// Goals opened for their values to be reported. Until the unit of work ends, nobody else can change any
/// goal of their owners.
struct Files {
    goals: HashMap<GoalId, Measurable>,
    /// The rule that lets the caller report the values of each goal.
    rules: HashMap<GoalId, &'static str>,
    /// The reviews with a submitted rating, whose results follow.
    reviews: HashMap<(CycleId, EmployeeId), Review>,
}

/// Locks what changes of goals depend on, their cycles and the goals of their owners, and loads the goals
/// whose values the caller may report.
fn open(
    store: &mut dyn Store,
    actor: &Actor,
    places: Vec<GoalPlace>,
    visible: &Visibility,
) -> Result<Files, Refusal> {
    let mut forms = BTreeMap::<CycleId, BTreeSet<EmployeeId>>::new();
    for place in &places {
        forms.entry(place.cycle_id).or_default().insert(place.owner_id);
    }
    for (cycle, owners) in forms {
        store.hold_cycle(cycle)?;
        store.lock_forms(cycle, &owners.into_iter().collect::<Vec<_>>())?;
    }
    let ids: Vec<GoalId> = places.into_iter().map(|place| place.id).collect();
    let mut opened = Vec::with_capacity(ids.len());
    for ids in ids.chunks(GOALS) {
        let filter = GoalFilter { ids: ids.to_vec(), ..GoalFilter::default() };
        for (sealed, relations) in store.goals(&filter, visible, &Page::ALL)? {
            let target = Target { relations, ..sealed.target(actor.today) };
            let decision = decide(&actor.subject, Action::MeasurementWrite, &target);
            if let Some(permit) = decision.permit {
                opened.push((sealed.open(&permit)?, permit.rule()));
            }
        }
    }
    let mut reviews = HashMap::new();
    for (goal, _) in &mut opened {
        if !goal.review_state.is_some_and(|state| state.is_rated()) {
            continue;
        }
        let place = (goal.cycle_id, goal.owner_id);
        if !reviews.contains_key(&place) {
            let held = store.hold_review(goal.cycle_id, goal.owner_id)?;
            reviews.extend(held.map(|review| (place, review)));
        }
        // The state as it is now that nobody else changes it.
        goal.review_state = reviews.get(&place).map(|review| review.state);
    }
    let opened_ids: Vec<GoalId> = opened.iter().map(|(goal, _)| goal.id).collect();
    let mut known = store.measurements_of(&opened_ids)?;
    let rules = opened.iter().map(|(goal, rule)| (goal.id, *rule)).collect();
    let measurable = |(goal, _): (Goal, _)| {
        let known = known.remove(&goal.id).unwrap_or_default();
        (goal.id, Measurable { goal, known })
    };
    Ok(Files { goals: opened.into_iter().map(measurable).collect(), rules, reviews })
}

/// Faults of rows that mean goals whose values the caller may see, but not report.
fn refuse_foreign(
    rows: &[MeasuredRow],
    goals: &mut [Option<GoalId>],
    files: &Files,
    faults: &mut Vec<Fault>,
) {
    for (row, goal) in rows.iter().zip(goals) {
        if goal.is_some_and(|id| !files.goals.contains_key(&id)) {
            faults.push(row.fault(row.goal_field(), "not_reportable"));
            *goal = None;
        }
    }
}

/// The goal after the import with its record. The version moves only with the progress.
fn after(
    measured: &Remeasured,
    actor: &Actor,
    rules: &HashMap<GoalId, &'static str>,
    import: Uuid,
) -> Change<Goal> {
    let Remeasured { goal: before, progress, created, corrected } = measured;
    let text = |progress: Option<Decimal>| progress.map(|progress| progress.to_string());
    let record: Record = record("goal.measured", before.id.uuid(), rules[&before.id], import)
        .field("progress", text(before.progress), text(*progress))
        .field("measurements_created", 0, created)
        .field("measurements_corrected", 0, corrected);
    let mut goal = before.clone();
    if goal.progress != *progress {
        goal.progress = *progress;
        goal.version += 1;
        goal.updated_at = actor.now;
    }
    Change::new(goal, record)
}

/// Recomputes the result of a rated review whose goal has new values.
fn follow(
    store: &mut dyn Store,
    actor: &Actor,
    goal: &Goal,
    review: &Review,
    rule: &'static str,
) -> Result<(), Refusal> {
    let frame = store.goal_frame(goal.cycle_id, goal.owner_id)?.ok_or(DbError::Missing)?;
    recomputation::follow(store, actor, &frame, review, rule)
}
