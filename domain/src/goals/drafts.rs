//! Drafts of goals for many people at once: works out what each row of a file makes of them before
//! anything is saved.
//!
//! A row is about the goal of this title that its owner has in the cycle; a new draft if there is none.
//! Both sides sign afterwards, each for themselves, so an import writes drafts and nothing else.

use super::goal::{Goal, GoalContent, GoalFrame, GoalKind, GoalLevel};
use crate::core::calendar::Period;
use crate::core::id::{CycleId, EmployeeId, GoalId, KeyResultId};
use crate::core::import::{Fault, Plan, Planned};
use crate::core::time::Timestamp;
use crate::cycles::cycle;
use crate::policy::Stage;
use crate::state::Machine;
use crate::state::goal::State;
use crate::text_enum;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

text_enum! {
    /// What a row defines.
    pub enum DefinitionKind {
        /// An objective with its key results.
        Objective = "objective",
        /// An indicator.
        Indicator = "indicator",
    }
}

/// A row of an import. What is absent stays as it is; a new draft needs a weight and a definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalRow {
    /// Position of the row in the request, from 0.
    pub row: usize,
    /// Employee number of the owner.
    pub employee_number: String,
    /// Code of the cycle.
    pub cycle: String,
    /// Title, by which the owner's goal in the cycle is known.
    pub title: String,
    /// Further description; `Some(None)` removes it.
    #[serde(deserialize_with = "given")]
    pub description: Option<Option<String>>,
    /// Weight in percent, 2 places.
    pub weight: Option<Decimal>,
    /// Level in the organisation; that of a person if a new draft names none.
    pub level: Option<GoalLevel>,
    /// First day of work; that of the cycle if a new draft names none.
    pub period_start: Option<NaiveDate>,
    /// Last day of work; that of the cycle if a new draft names none.
    pub period_end: Option<NaiveDate>,
    /// Strategic theme; `Some(None)` removes it.
    #[serde(deserialize_with = "given")]
    pub theme: Option<Option<String>>,
    /// Whether the goal is exploratory.
    pub exploratory: Option<bool>,
    /// Objective or indicator.
    pub definition: Option<GoalKind>,
    /// Properties of the definition that the row lacks.
    pub lacking: Vec<String>,
    /// Properties that do not fit the definition.
    pub unfit: Vec<String>,
    /// Properties that could not be read.
    pub unread: Vec<String>,
}

fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from)
}

impl GoalRow {
    /// Owner and title, by which people know the row; none if one of them could not be read.
    pub fn key(&self) -> Option<String> {
        let is_whole = !self.employee_number.is_empty() && !self.title.is_empty();
        is_whole.then(|| format!("{}/{}", self.employee_number, self.title))
    }
}

/// A person's form in a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// The manager who answers for the person's review.
    pub manager_id: Option<EmployeeId>,
    /// The rule that lets the importer draft goals for the person.
    pub rule: &'static str,
}

/// What is known of that which the rows name.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The cycles, by code.
    pub cycles: HashMap<String, CycleId>,
    /// What the cycles set for goals.
    pub frames: HashMap<CycleId, GoalFrame>,
    /// The people, by number.
    pub people: HashMap<String, EmployeeId>,
    /// The forms for which the importer may draft.
    pub forms: HashMap<(CycleId, EmployeeId), Form>,
    /// The goals on those forms that are neither cancelled nor deleted.
    pub goals: Vec<Goal>,
    /// Those of them with goals aligned under them.
    pub parents: HashSet<GoalId>,
}

/// A row that has a place: the form of one person in a cycle that takes drafts.
struct Place<'k> {
    cycle: CycleId,
    owner: EmployeeId,
    frame: &'k GoalFrame,
    form: Form,
}

/// Plans the rows. `new_id` makes the ids of new goals and key results.
pub fn plan_goals(
    known: &Known,
    rows: &[GoalRow],
    now: Timestamp,
    new_id: &mut dyn FnMut() -> Uuid,
) -> Plan<Goal> {
    let mut by_title = HashMap::<(CycleId, EmployeeId, &str), Vec<&Goal>>::new();
    for goal in &known.goals {
        let key = (goal.cycle_id, goal.owner_id, &goal.content.title[..]);
        by_title.entry(key).or_default().push(goal);
    }
    let mut times = HashMap::<(&str, &str, &str), usize>::new();
    for row in rows {
        *times.entry((&row.cycle, &row.employee_number, &row.title)).or_default() += 1;
    }
    let mut plan = Plan { rows: Vec::new(), faults: Vec::new(), warnings: Vec::new() };
    for row in rows {
        let mut faults = Vec::new();
        let mut fault = |field: &str, code| faults.push(Fault::new(row.row, field, code));
        row.lacking.iter().for_each(|field| fault(field, "required"));
        row.unfit.iter().for_each(|field| fault(field, "not_allowed"));
        let is_keyed = row.key().is_some() && !row.cycle.is_empty();
        if is_keyed && times[&(&row.cycle[..], &row.employee_number[..], &row.title[..])] > 1 {
            let twice = Fault::new(row.row, "title", "duplicate_in_request");
            faults.push(twice.with("value", &row.title));
        }
        let place = known.place(row, &mut faults);
        let goal = place.and_then(|place| {
            let key = (place.cycle, place.owner, &row.title[..]);
            let same = by_title.get(&key).map_or(&[][..], |goals| goals);
            let before = match same {
                [] => None,
                [goal] => Some(*goal),
                _ => {
                    let several = Fault::new(row.row, "title", "ambiguous_reference");
                    faults.push(several.with("value", &row.title));
                    return None;
                }
            };
            let after = known.drafted(row, &place, before, now, new_id, &mut faults)?;
            Some((before, after))
        });
        let stands = faults.is_empty() && row.unread.is_empty();
        plan.faults.extend(faults);
        let Some((before, after)) = goal.filter(|_| stands) else { continue };
        let fields = before.map_or_else(Vec::new, |before| changed(before, &after));
        let before = before.cloned().map(Arc::new);
        let after = match &before {
            Some(before) if fields.is_empty() => Arc::clone(before),
            _ => Arc::new(after),
        };
        plan.rows.push(Planned { row: row.row, before, after, fields });
    }
    plan
}

/// Names of the properties in which a draft differs.
fn changed(before: &Goal, after: &Goal) -> Vec<&'static str> {
    let level = (before.level != after.level).then_some("level");
    let content = (before.content != after.content).then_some("content");
    level.into_iter().chain(content).collect()
}

impl Known {
    /// Where a row belongs. Whoever the importer may not draft for is as unknown as somebody who does
    /// not exist, and so is a cycle before its launch.
    fn place(&self, row: &GoalRow, faults: &mut Vec<Fault>) -> Option<Place<'_>> {
        let found = self.cycles.get(&row.cycle);
        let found = found.and_then(|cycle| Some((*cycle, self.frames.get(cycle)?)));
        let launched = found.filter(|(_, frame)| cycle::stage(frame.cycle_state) != Stage::Draft);
        let unknown = |field, value: &String| {
            Fault::new(row.row, field, "unknown_reference").with("value", value)
        };
        if launched.is_none() && !row.cycle.is_empty() {
            faults.push(unknown("cycle", &row.cycle));
        }
        let (cycle, frame) = launched?;
        let owner = self.people.get(&row.employee_number).copied();
        let form = owner.and_then(|owner| Some((owner, *self.forms.get(&(cycle, owner))?)));
        if form.is_none() && !row.employee_number.is_empty() {
            faults.push(unknown("employee_number", &row.employee_number));
        }
        let (owner, form) = form?;
        if !frame.is_open_to_drafts() {
            faults
                .push(Fault::new(row.row, "cycle", "goal_setting_over").with("value", &row.cycle));
        }
        Some(Place { cycle, owner, frame, form })
    }

    /// The draft that a row makes, of the goal `before` it or as a new one.
    fn drafted(
        &self,
        row: &GoalRow,
        place: &Place<'_>,
        before: Option<&Goal>,
        now: Timestamp,
        new_id: &mut dyn FnMut() -> Uuid,
        faults: &mut Vec<Fault>,
    ) -> Option<Goal> {
        let mut fault = |field: &str, code| faults.push(Fault::new(row.row, field, code));
        let period = before.map_or(place.frame.period, |goal| goal.content.period);
        let (start, end) =
            (row.period_start.unwrap_or(period.start()), row.period_end.unwrap_or(period.end()));
        let period =
            Period::new(start, end).map_err(|_| fault("period_end", "period_invalid")).ok();
        let absent = |field: &str| !row.unread.iter().any(|unread| unread == field);
        let weight = row.weight.or(before.map(|goal| goal.content.weight));
        if weight.is_none() && absent("weight") {
            fault("weight", "required");
        }
        let kind = row.definition.clone().or_else(|| before.map(|goal| goal.content.kind.clone()));
        let says = row.lacking.is_empty() && row.unfit.is_empty();
        if kind.is_none() && says && absent("kind") && absent("definition") {
            fault("kind", "required");
        }
        let (period, weight, kind) = (period?, weight?, kind?);
        let or_before = |given: &Option<Option<String>>,
                         of: fn(&GoalContent) -> &Option<String>| {
            let kept = || before.and_then(|goal| of(&goal.content).clone());
            given.clone().unwrap_or_else(kept)
        };
        let mut content = GoalContent {
            title: row.title.clone(),
            description: or_before(&row.description, |content| &content.description),
            weight,
            period,
            theme: or_before(&row.theme, |content| &content.theme),
            exploratory: row
                .exploratory
                .unwrap_or(before.is_some_and(|goal| goal.content.exploratory)),
            kind,
        };
        let known = before.map(|goal| &goal.content);
        recognise(&mut content, known);
        let new: Vec<KeyResultId> = content.key_results().iter().map(|_| new_id().into()).collect();
        let strangers = content.name_key_results(known, new);
        for place in strangers {
            let stranger = Fault::new(row.row, &place[1..], "unknown_reference");
            faults.push(stranger.with("value", &place));
        }
        for (place, error) in content.faults(&place.frame.settings) {
            let fault = Fault::new(row.row, &place[1..], error.code.as_str());
            faults.push(fault.with("value", &error.detail));
        }
        let level = row.level.or(before.map(|goal| goal.level)).unwrap_or(GoalLevel::Person);
        let Some(before) = before else {
            return Some(Goal {
                id: new_id().into(),
                cycle_id: place.cycle,
                owner_id: place.owner,
                manager_id: place.form.manager_id,
                level,
                parent_id: None,
                state: State::opening().to,
                revision: 1,
                content,
                progress: None,
                confidence: None,
                checked_in_at: None,
                score: None,
                scored_from: None,
                return_reason: None,
                cycle_state: place.frame.cycle_state,
                review_state: None,
                review_id: None,
                first_signature: None,
                version: 1,
                created_at: now,
                updated_at: now,
                deleted_at: None,
            });
        };
        let after =
            Goal { level, content, version: before.version + 1, updated_at: now, ..before.clone() };
        let mut fault = |field: &str, code| faults.push(Fault::new(row.row, field, code));
        if !changed(before, &after).is_empty() && before.state != State::Draft {
            fault("title", "goal_not_draft");
        }
        // What depends on the goals above and below is changed one by one, where they are all seen.
        if before.parent_id.is_some() || self.parents.contains(&before.id) {
            if before.level != after.level {
                fault("level", "goal_aligned");
            }
            if before.content.period != after.content.period {
                fault("period_end", "goal_aligned");
            }
        }
        Some(after)
    }
}

/// Gives key results without an id the ids of those with the same titles before, so that a file that is
/// imported again changes nothing.
fn recognise(content: &mut GoalContent, before: Option<&GoalContent>) {
    let GoalKind::Objective { key_results, .. } = &mut content.kind else { return };
    let mut known: Vec<_> = before.into_iter().flat_map(GoalContent::key_results).collect();
    known.retain(|old| key_results.iter().all(|new| new.id != old.id));
    for key_result in key_results.iter_mut().filter(|it| it.id.uuid().is_nil()) {
        if let Some(found) = known.iter().position(|old| old.title == key_result.title) {
            key_result.id = known.swap_remove(found).id;
        }
    }
}
