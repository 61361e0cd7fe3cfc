//! Imports of many measurements: works out what they would change before anything is saved.
//!
//! The rules are those of a single measurement. Values are planned goal by goal, since the progress of
//! a goal follows from all of them.

use crate::core::id::{CycleId, GoalId};
use crate::core::import::{Fault, Plan, Planned};
use crate::core::number::Exact;
use crate::core::time::Timestamp;
use crate::goals::goal::{Goal, GoalAction, GoalKind, Measurement};
use crate::scoring::settings::Settings;
use crate::state::Moving;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// What a row says about an actual value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasuredRow {
    /// Position of the row in the request, from 0.
    pub row: usize,
    /// The goal, if the row names it by its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal_id: Option<GoalId>,
    /// Number of the goal's owner, where the row has no id of the goal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employee_number: Option<String>,
    /// Code of the goal's cycle, where the row has no id of the goal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycle_code: Option<String>,
    /// Title of the goal, where the row has no id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal_title: Option<String>,
    /// First day of the measured period.
    pub period_start: Option<NaiveDate>,
    /// Name of the source of the value.
    pub source: Option<String>,
    /// Key of the value in its source; the key of the row.
    pub external_id: String,
    /// The measured value.
    pub value: Option<Exact>,
    /// Properties that could not be read; the row fails, but is planned without them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

impl MeasuredRow {
    /// The key of the row, if it could be read.
    pub fn key(&self) -> Option<&str> {
        Some(self.external_id.as_str()).filter(|key| !key.is_empty())
    }

    /// A fault of the row.
    pub fn fault(&self, field: &str, code: &'static str) -> Fault {
        Fault::new(self.row, field, code)
    }

    /// The property that names the goal.
    pub fn goal_field(&self) -> &'static str {
        if self.goal_id.is_some() { "goal_id" } else { "goal_title" }
    }

    /// What identifies a value of a goal, if it could be read.
    fn identity(&self) -> Option<Identity<'_>> {
        Some((self.period_start?, self.source.as_deref()?, self.key()?))
    }
}

/// What identifies a value of a goal: period, source and external id.
type Identity<'a> = (NaiveDate, &'a str, &'a str);

/// A goal whose values are imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurable {
    /// The goal.
    pub goal: Goal,
    /// Its measurements so far, with all their revisions.
    pub known: Vec<Measurement>,
}

/// Who reports, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reporter {
    /// Account or key that reports.
    pub author_id: Uuid,
    /// The present instant.
    pub now: Timestamp,
    /// The business date.
    pub today: NaiveDate,
}

/// What an import does to a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remeasured {
    /// The goal as it was.
    pub goal: Goal,
    /// Its progress afterwards, from 0 to 1.
    pub progress: Option<Decimal>,
    /// Number of new values.
    pub created: usize,
    /// Number of values that were corrected, or reported again after a withdrawal.
    pub corrected: usize,
}

impl Goal {
    /// What is wrong with a value of a row, as far as it is known: the period lies outside the goal's
    /// or in the future, or the indicator's method cannot score the value.
    pub fn misfits(
        &self,
        row: usize,
        (period_start, value): (Option<NaiveDate>, Option<&Exact>),
        settings: &Settings,
        today: NaiveDate,
    ) -> Vec<Fault> {
        let mut faults = Vec::new();
        if let Some(day) = period_start {
            if !self.content.period.contains(day) {
                faults.push(Fault::new(row, "period_start", "period_invalid"));
            }
            if day > today {
                faults.push(Fault::new(row, "period_start", "in_future").with("value", day));
            }
        }
        if let (Some(_), GoalKind::Indicator(indicator)) = (value, &self.content.kind)
            && let Err(error) = indicator.method.score(value, settings)
        {
            let fault = Fault::new(row, "value", error.code.as_str());
            faults.push(fault.with("value", error.detail));
        }
        faults
    }
}

/// Plans an import. `meant` tells the goal of each row that names one which takes values from the
/// reporter, `faults` why other rows name none; `new_id` makes ids for new measurements. Beside the plan,
/// this tells what becomes of each goal that changes, ordered by id.
pub fn plan_measurements(
    rows: &[MeasuredRow],
    meant: &[Option<GoalId>],
    goals: HashMap<GoalId, Measurable>,
    settings: &HashMap<CycleId, Settings>,
    reporter: Reporter,
    faults: Vec<Fault>,
    new_id: &mut dyn FnMut() -> Uuid,
) -> (Plan<Measurement>, Vec<Remeasured>) {
    let mut of_goals = BTreeMap::<GoalId, Vec<&MeasuredRow>>::new();
    for (row, goal) in rows.iter().zip(meant) {
        if let Some(goal) = goal {
            of_goals.entry(*goal).or_default().push(row);
        }
    }
    let mut plan = Plan { rows: Vec::with_capacity(rows.len()), faults, warnings: Vec::new() };
    let (mut changed, mut goals) = (Vec::new(), goals);
    for (id, rows) in of_goals {
        let Some(Measurable { goal, known }) = goals.remove(&id) else { continue };
        let Some(settings) = settings.get(&goal.cycle_id) else { continue };
        if !goal.lets(GoalAction::Measurement) {
            let fault = |row: &&MeasuredRow| row.fault(row.goal_field(), "not_measurable");
            plan.faults.extend(rows.iter().map(fault));
            continue;
        }
        changed.extend(plan_goal(goal, known, &rows, settings, reporter, &mut plan, new_id));
    }
    plan.rows.sort_by_key(|planned| planned.row);
    plan.faults.sort_by_key(|fault| fault.row);
    (plan, changed)
}

/// Plans the rows of one goal.
fn plan_goal(
    goal: Goal,
    mut known: Vec<Measurement>,
    rows: &[&MeasuredRow],
    settings: &Settings,
    reporter: Reporter,
    plan: &mut Plan<Measurement>,
    new_id: &mut dyn FnMut() -> Uuid,
) -> Option<Remeasured> {
    let mut counts = HashMap::<Identity<'_>, usize>::with_capacity(rows.len());
    rows.iter().filter_map(|row| row.identity()).for_each(|it| *counts.entry(it).or_default() += 1);
    let mut latest = HashMap::<Identity<'_>, &Measurement>::with_capacity(known.len());
    for it in &known {
        let identity = (it.period_start, it.source.as_str(), it.external_id.as_str());
        let last = latest.entry(identity).or_insert(it);
        if last.revision < it.revision {
            *last = it;
        }
    }
    let mut planned = Vec::with_capacity(rows.len());
    for row in rows {
        let value = (row.period_start, row.value.as_ref());
        let mut faults = goal.misfits(row.row, value, settings, reporter.today);
        let identity = row.identity();
        if identity.is_some_and(|it| counts[&it] > 1) {
            let fault = row.fault("external_id", "duplicate_in_request");
            faults.push(fault.with("value", &row.external_id));
        }
        let is_whole = faults.is_empty() && row.unread.is_empty();
        plan.faults.extend(faults);
        let (Some(identity), Some(value), true) = (identity, &row.value, is_whole) else {
            continue;
        };
        let last = latest.get(&identity).copied();
        planned.push(plan_value(row.row, goal.id, identity, value, last, reporter, new_id));
    }
    drop(latest);
    let new = planned.iter().filter(|it| it.is_change());
    let before = known.len();
    known.extend(new.map(|it| Measurement::clone(&it.after)));
    if known.len() == before {
        plan.rows.extend(planned);
        return None;
    }
    match goal.content.progress(&[], &known, settings) {
        Ok(progress) => {
            let corrected = planned.iter().filter(|it| it.before.is_some() && it.is_change());
            let corrected = corrected.count();
            let created = known.len() - before - corrected;
            plan.rows.extend(planned);
            Some(Remeasured { goal, progress, created, corrected })
        }
        Err(error) => {
            let fault = |it: Planned<Measurement>| {
                let fault = Fault::new(it.row, "value", error.code.as_str());
                fault.with("value", &error.detail)
            };
            plan.faults.extend(planned.into_iter().map(fault));
            None
        }
    }
}

/// Plans one value: a new one, a repeated one, or a new revision of the `last` one.
fn plan_value(
    row: usize,
    goal_id: GoalId,
    (period_start, source, external_id): Identity<'_>,
    value: &Exact,
    last: Option<&Measurement>,
    reporter: Reporter,
    new_id: &mut dyn FnMut() -> Uuid,
) -> Planned<Measurement> {
    let before = last.map(|last| Arc::new(last.clone()));
    if let Some(same) = before.as_ref().filter(|it| it.withdrawal.is_none() && it.value == *value) {
        let after = Arc::clone(same);
        return Planned { row, before, after, fields: Vec::new() };
    }
    let after = Measurement {
        id: new_id().into(),
        goal_id,
        period_start,
        source: source.to_owned(),
        external_id: external_id.to_owned(),
        revision: last.map_or(1, |last| last.revision + 1),
        value: value.clone(),
        author_id: reporter.author_id,
        created_at: reporter.now,
        withdrawal: None,
    };
    let fields = if before.is_some() { vec!["value"] } else { Vec::new() };
    Planned { row, before, after: Arc::new(after), fields }
}
