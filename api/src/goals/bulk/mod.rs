//! Import of goals: drafts for many people at once, which both sides sign afterwards.

mod row;

use super::cases::{note_change, note_new};
use crate::platform::app::new_id;
use crate::platform::caller::{Actor, Caller};
use crate::platform::imports::{
    BulkBody, ImportOf, ImportQuery, ImportResult, Nothing, Noun, accept, conclude, record,
};
use crate::platform::jobs;
use crate::platform::parameters::Query;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Answered;
use actix_web::post;
use domain::core::id::{CycleId, EmployeeId};
use domain::core::import::Planned;
use domain::everyday::job::JobKind;
use domain::goals::drafts::{Form, GoalRow as Row, Known, plan_goals};
use domain::goals::goal::Goal;
use domain::policy::{Action, Target, Visibility, decide, visibility};
use persistence::Store;
use row::GoalRow;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Import goals
///
/// Drafts goals for their owners: up to 50,000 rows, in the formats and with the options of the import
/// of employees. A row is about the goal that its owner has in the cycle under this title; a new draft
/// if there is none. HR drafts for everybody, a manager for those whose reviews the manager answers for
/// or who report to the manager; anybody else is as unknown as somebody who does not exist. Nothing is
/// signed by an import: the owner submits each draft, and the manager approves it. Goals that have been
/// submitted, and the places of goals in the tree, stay as they are. A table defines an indicator that
/// is scored by its ratio to the target, or an objective whose key results are figures; JSON defines
/// every kind of goal. Up to 1,000 rows are imported at once and the answer is the result; more rows
/// become a job, which `Location` names, with a report on every row.
#[utoipa::path(tag = "goals", operation_id = "importGoals", params(ImportQuery),
    request_body(content(
        (Vec<GoalRow> = "application/json"),
        (String = "application/x-ndjson", example = json!("{\"employee_number\":\"E-0043\",\"cycle\":\"2026\",\"title\":\"Win the north\",\"weight\":\"40\",\"unit\":\"CNY\",\"target\":\"1200000\",\"aggregation\":\"sum\"}\n")),
        (String = "text/csv", example = json!("employee_number,cycle,title,weight,unit,target,aggregation,kr.1_title,kr.1_weight,kr.1_target,kr.1_unit\nE-0043,2026,Revenue,60,CNY,1200000,sum,,,,\nE-0043,2026,Win the north,40,,,,Ten new key accounts,100,10,accounts\n")),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("a workbook")),
    )),
    responses(
        (status = 200, description = "The result of each row", body = ImportResult),
        (status = 202, description = "The job that imports the rows", body = jobs::JobView),
    ),
    security(("bearer" = []), ("api_key" = ["performance:write"])))]
#[post("/bulk")]
pub(super) async fn import_goals(
    caller: Caller,
    query: Query<ImportQuery>,
    body: BulkBody,
) -> Answered {
    accept::<GoalDrafts>(caller, query.0, |nothing, _| nothing, body).await
}

/// Import of goals.
pub struct GoalDrafts;

impl Noun for GoalDrafts {
    type Sent = GoalRow;
    type Mapping = Nothing;
    type More = Nothing;
    const JOB: JobKind = JobKind::GoalImport;

    fn admit(actor: &Actor) -> Result<&'static str, Refusal> {
        Ok(reach(actor)?.rule())
    }

    fn import(
        store: &mut dyn Store,
        actor: &Actor,
        import: &ImportOf<Self>,
        progress: &dyn Fn(usize),
    ) -> Result<ImportResult, Refusal> {
        let known = known(store, actor, &reach(actor)?, &import.rows)?;
        let plan = plan_goals(&known, &import.rows, actor.now, &mut new_id);
        let key = |row: &Row| Some((row.row, row.key()?));
        let (result, changes) = conclude(import, plan, key, |goal: &Goal| goal.id.uuid())?;
        if !import.options.dry_run {
            let noted = |change: &Planned<Goal>| {
                let after = &change.after;
                let rule = known.forms[&(after.cycle_id, after.owner_id)].rule;
                let record = |action| record(action, after.id.uuid(), rule, import.id);
                match &change.before {
                    Some(before) => note_change(record("goal.updated"), before, after),
                    None => note_new(record("goal.created"), after),
                }
            };
            let records = changes.iter().map(noted).collect();
            store.save_goal_drafts(&changes, records)?;
            progress(import.total);
        }
        Ok(result)
    }
}

/// Whom the caller may draft goals for.
fn reach(actor: &Actor) -> Result<Visibility, Refusal> {
    Ok(visibility(&actor.subject, Action::GoalImport, actor.today)?)
}

/// Loads what the rows name and locks the forms of those for whom the caller may draft.
fn known(
    store: &mut dyn Store,
    actor: &Actor,
    reach: &Visibility,
    rows: &[Row],
) -> Result<Known, Refusal> {
    let mut named = BTreeMap::<&str, Vec<&str>>::new();
    for row in rows {
        named.entry(&row.cycle).or_default().push(&row.employee_number);
    }
    let mut numbers: Vec<&str> = rows.iter().map(|row| &row.employee_number[..]).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let codes: Vec<&str> = named.keys().copied().collect();
    let mut known = Known {
        cycles: store.cycles_coded(&codes)?,
        people: store.employees_numbered(&numbers)?,
        ..Known::default()
    };
    // Locked in one order, as everywhere.
    let mut cycles: Vec<(CycleId, &Vec<&str>)> =
        named.iter().filter_map(|(code, named)| Some((*known.cycles.get(*code)?, named))).collect();
    cycles.sort_unstable_by_key(|(cycle, _)| *cycle);
    for (cycle, named) in cycles {
        store.hold_cycle(cycle)?;
        let nobody = EmployeeId::from(Uuid::nil());
        let Some(frame) = store.goal_frame(cycle, nobody)? else { continue };
        known.frames.insert(cycle, frame);
        let owners = named.iter().filter_map(|number| known.people.get(*number).copied());
        let mut owners: Vec<EmployeeId> = owners.collect();
        owners.sort_unstable();
        owners.dedup();
        let mut drafted = Vec::with_capacity(owners.len());
        store.lock_forms(cycle, &owners)?;
        for (owner, manager_id, relations) in store.forms_of(cycle, &owners, reach)? {
            let target = Target {
                about: Some(owner),
                responsible: manager_id,
                relations,
                ..Target::default()
            };
            let permit = decide(&actor.subject, Action::GoalImport, &target).permit;
            if let Some(permit) = permit {
                let form = Form { manager_id, rule: permit.rule() };
                known.forms.insert((cycle, owner), form);
                drafted.push(owner);
            }
        }
        known.goals.extend(store.goals_on_forms(cycle, &drafted)?);
    }
    let ids: Vec<_> = known.goals.iter().map(|goal| goal.id).collect();
    known.parents = store.goals_with_others_under(&ids)?;
    Ok(known)
}
