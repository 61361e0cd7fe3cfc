//! Part C of the vectors: objectives, the goal tree, goal checks and weights.

use crate::arguments::{
    Arguments, date, list, number, optional_number, optional_text, period, text, tuple, typed,
    whole,
};
use domain::core::tree::Forest;
use domain::scoring::okr::alignment::{Alignment, EdgeKind, Goal, Level, MAX_DEPTH};
use domain::scoring::okr::confidence::{Confidence, events};
use domain::scoring::okr::conflict::{Capacity, Handover, PlannedGoal, Plans, TradeOff, conflicts};
use domain::scoring::okr::coverage::{Aggregation, ChildTarget, cascade, coverage};
use domain::scoring::okr::feasibility::{Plan, feasibility};
use domain::scoring::okr::objective::{
    Ambition, WeightedProgress, mapped_score, objective, portfolio,
};
use domain::scoring::okr::progress::{KeyResult, Level as Kept, Milestone, progress};
use domain::scoring::okr::rollup::{TreeGoal, roll_up, roll_up_tree};
use domain::scoring::okr::smart::{Draft, failures};
use domain::scoring::settings::{Maintain, OkrSettings, Settings};
use domain::scoring::weights::{self, WeightFault};
use domain::{Code, Exact, Result};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Computes the functions of part C.
pub fn call(function: &str, input: &Value) -> Option<Result<Value>> {
    let arguments = Arguments(input);
    Some(match function {
        "coverage" => coverage_of(arguments),
        "edge_ok" => edge_ok(arguments),
        "equal_weights" => equal_weights(arguments),
        "feasibility" => feasibility_of(arguments),
        "kr_progress" => kr_progress(arguments),
        "objective" => objective_of(arguments),
        "okr_to_score" => okr_to_score(arguments),
        "rollup" => rollup(arguments),
        "smart" => smart(arguments),
        "weight_adjust" => weight_adjust(arguments),
        "weight_faults" => weight_faults(arguments),
        "kr_maintain" => kr_maintain(arguments),
        "okr_portfolio" => okr_portfolio(arguments),
        "tree_rollup" => tree_rollup(arguments),
        "cascade_aggregate" => cascade_aggregate(arguments),
        "tree_check" => tree_check(arguments),
        "confidence_event" => confidence_event(arguments),
        "lca" => lowest_common_unit(arguments),
        "conflicts" => conflicts_of(arguments),
        _ => return None,
    })
}

fn kr_progress(arguments: Arguments) -> Result<Value> {
    let key_result = match arguments.required("kind")?.as_str() {
        Some("metric") => KeyResult::Metric {
            start: arguments.required_number("start")?,
            target: arguments.required_number("target")?,
            current: arguments.number("current")?,
        },
        Some("boolean") => {
            KeyResult::Boolean { done: arguments.get("done").map(typed).transpose()? }
        }
        Some("milestone") => KeyResult::Milestone {
            milestones: arguments
                .list("milestones")?
                .iter()
                .map(milestone)
                .collect::<Result<_>>()?,
        },
        Some("maintain") => KeyResult::Maintain { compliance: compliance(arguments)? },
        _ => return Err(Code::InputInvalid.because("unknown kind of key result")),
    };
    let Some(progress) = progress(&key_result, Maintain::default())? else {
        return Ok(Value::Null);
    };
    let mut clamped = true;
    arguments.override_with("clamp01", &mut clamped)?;
    Ok(json!(if clamped { progress.value } else { progress.raw }))
}

fn milestone(value: &Value) -> Result<Milestone> {
    let [weight, done] = tuple(value)?;
    Ok(Milestone { weight: number(weight)?, done: typed(done)? })
}

/// Check-ins with the given counts; their order does not matter here.
fn compliance(arguments: Arguments) -> Result<Vec<bool>> {
    let compliant = arguments.count("compliant")?.unwrap_or(0);
    let observed = arguments.count("observed")?.unwrap_or(0);
    if compliant > observed {
        return Err(Code::CountInvalid.because("more compliant check-ins than observed ones"));
    }
    Ok((0..observed).map(|check_in| check_in < compliant).collect())
}

fn objective_of(arguments: Arguments) -> Result<Value> {
    let key_result = |value: &Value| {
        let [weight, progress] = tuple(value)?;
        Ok(WeightedProgress { weight: number(weight)?, progress: optional_number(progress)? })
    };
    let key_results: Vec<_> =
        arguments.list("krs")?.iter().map(key_result).collect::<Result<_>>()?;
    let graded = objective(&key_results)?;
    Ok(graded.map_or(Value::Null, |graded| json!([graded.progress, graded.grade, graded.colour])))
}

fn okr_to_score(arguments: Arguments) -> Result<Value> {
    let ambition: Ambition = arguments.required_as("kind")?;
    let progress = arguments.required_number("progress")?;
    Ok(json!(mapped_score(&progress, ambition, &arguments.settings()?)?))
}

fn roll_up_settings(arguments: Arguments) -> Result<OkrSettings> {
    let mut settings = Settings::default().okr;
    arguments.override_with("mode", &mut settings.rollup)?;
    arguments.override_number("alpha", &mut settings.blend_alpha)?;
    Ok(settings)
}

fn rollup(arguments: Arguments) -> Result<Value> {
    let settings = roll_up_settings(arguments)?;
    let child = |value: &Value| {
        let [contribution, progress] = tuple(value)?;
        Ok((number(contribution)?, optional_number(progress)?))
    };
    let children: Vec<_> = arguments.list("children")?.iter().map(child).collect::<Result<_>>()?;
    let rolled_up = roll_up(arguments.number("own")?.as_ref(), &children, &settings)?;
    Ok(json!(rolled_up.progress))
}

fn coverage_of(arguments: Arguments) -> Result<Value> {
    let child = |target| ChildTarget { target, weight: 1.into() };
    let children: Vec<_> = arguments.numbers("children")?.into_iter().map(child).collect();
    let parent = arguments.required_number("parent")?;
    let minimum = Settings::default().goal.coverage_min;
    let covered = coverage(&parent, &children, Aggregation::default(), &minimum)?;
    Ok(json!(covered.map(|covered| covered.percent)))
}

/// Goals with the given levels; all of them share period and organisation.
fn goals_without_edges(arguments: Arguments<'_>) -> Result<Alignment<&str>> {
    let all_year = typed(json!({"start": "2025-01-01", "end": "2025-12-31"}))?;
    let mut goals = Vec::new();
    for (id, level) in arguments.object("levels")? {
        let level: Level = typed(level)?;
        let goal = Goal { level, period: all_year, organisation: "", archived: false };
        goals.push((id.as_str(), goal));
    }
    Ok(Alignment::new(goals))
}

/// Inserts edges one after the other; answers with the codes of the faults of each.
fn tree_check(arguments: Arguments) -> Result<Value> {
    let mut graph = goals_without_edges(arguments)?;
    let mut max_depth = MAX_DEPTH;
    arguments.override_with("max_depth", &mut max_depth)?;
    let edges = arguments.list_of("edges", |edge| {
        let [child, parent, kind] = tuple(edge)?;
        Ok((text(child)?, text(parent)?, typed(kind)?))
    })?;
    let mut insert = |(child, parent, kind)| {
        let faults = graph.link(child, parent, kind, max_depth).err().unwrap_or_default();
        let mut codes: Vec<_> = faults.into_iter().map(|fault| fault.code).collect();
        codes.dedup();
        json!(codes)
    };
    Ok(edges.into_iter().map(&mut insert).collect())
}

/// Returns the code of the first fault as the answer instead of failing with it.
fn edge_ok(arguments: Arguments) -> Result<Value> {
    let mut graph = goals_without_edges(arguments)?;
    for edge in arguments.list("edges")? {
        let [child, parent, kind] = tuple(edge)?;
        graph.restore(text(child)?, text(parent)?, typed(kind)?)?;
    }
    let (mut kind, mut max_depth) = (EdgeKind::Cascade, MAX_DEPTH);
    arguments.override_with("kind", &mut kind)?;
    arguments.override_with("max_depth", &mut max_depth)?;
    let child = text(arguments.required("child")?)?;
    let parent = text(arguments.required("parent")?)?;
    let faults = graph.faults(child, parent, kind, max_depth);
    Ok(faults.first().map_or(json!("OK"), |fault| json!(fault.code)))
}

fn smart(arguments: Arguments) -> Result<Value> {
    let mut settings = Settings::default().smart;
    arguments.override_number("hard", &mut settings.hard)?;
    let day = |name| arguments.get(name).map(date).transpose();
    let words = |name| arguments.get(name).map(typed).transpose();
    let cycle = |value| {
        let [start, end] = tuple(value)?;
        period(start, end)
    };
    let mut draft = Draft {
        title: arguments.required_as("title")?,
        target: arguments.number("target")?,
        unit: words("unit")?,
        source: words("source")?,
        baseline: arguments.number("baseline")?,
        direction: Default::default(),
        parent: words("parent")?,
        theme: words("theme")?,
        start: day("start")?,
        due: day("due")?,
        cycle: arguments.get("cycle").map(cycle).transpose()?,
    };
    arguments.override_with("direction", &mut draft.direction)?;
    Ok(json!(failures(&draft, &settings)))
}

fn feasibility_of(arguments: Arguments) -> Result<Value> {
    let mut settings = Settings::default().feasibility;
    arguments.override_number("availability", &mut settings.availability)?;
    let plan = Plan {
        effort: arguments.required_number("effort_pd")?,
        people: arguments.required_number("people")?,
        workdays: arguments.required_number("workdays")?,
    };
    let checked = feasibility(&plan, &settings)?;
    Ok(json!([checked.utilisation, checked.verdict]))
}

fn equal_weights(arguments: Arguments) -> Result<Value> {
    Ok(json!(weights::equal_weights(arguments.required_count("n")?)?))
}

/// Returns the code of a refused request as the answer instead of failing with it.
fn weight_adjust(arguments: Arguments) -> Result<Value> {
    let mut settings = Settings::default().weights;
    arguments.override_number("max_pp", &mut settings.max_pp)?;
    let framework = arguments.named_numbers("framework")?;
    let proposed = arguments.named_numbers("proposed")?;
    Ok(match weights::outside_framework(&framework, &proposed, &settings.max_pp) {
        Ok(outside) if outside.is_empty() => json!("OK"),
        Ok(outside) => json!(format!("OUT_OF_RANGE:{}", outside.join(","))),
        Err(refusal) if refusal.code == Code::NumberInvalid => return Err(refusal),
        Err(refusal) => json!(refusal.code),
    })
}

fn weight_faults(arguments: Arguments) -> Result<Value> {
    let mut settings = Settings::default().weights;
    arguments.override_number("max_pp", &mut settings.max_pp)?;
    let framework = arguments.named_numbers("framework")?;
    weights::check_sum(framework.values())?;
    let proposed: BTreeMap<String, Option<Exact>> = arguments
        .object("proposed")?
        .iter()
        .map(|(name, weight)| (name.clone(), number(weight).ok()))
        .collect();
    let mut open = false;
    arguments.override_with("evaluation_open", &mut open)?;
    let faults = weights::weight_faults(&framework, &proposed, &settings.max_pp, open);
    Ok(faults.iter().map(WeightFault::to_string).collect())
}

fn kr_maintain(arguments: Arguments) -> Result<Value> {
    let limit = |name| arguments.required_number(name);
    let level = match text(arguments.required("rule")?)? {
        "above" => Kept::Above(limit("low")?),
        "below" => Kept::Below(limit("high")?),
        "between" => Kept::Between(limit("low")?, limit("high")?),
        _ => return Err(Code::InputInvalid.because("unknown rule of a level")),
    };
    let mut maintain = Maintain::default();
    arguments.override_with("maintain", &mut maintain)?;
    let check_ins = arguments.list_of("checkins", optional_number)?;
    level.validate()?;
    let kept = KeyResult::Maintain { compliance: level.compliance(&check_ins) };
    Ok(json!(progress(&kept, maintain)?.map(|progress| progress.value)))
}

fn okr_portfolio(arguments: Arguments) -> Result<Value> {
    let cycle = |value| list(value)?.iter().map(optional_number).collect();
    let portfolio = portfolio(&arguments.list_of("cycles", cycle)?)?;
    Ok(json!({"mean": portfolio.mean, "flags": portfolio.warnings}))
}

fn tree_rollup(arguments: Arguments) -> Result<Value> {
    let settings = roll_up_settings(arguments)?;
    let nodes = arguments.list_of("nodes", |node| {
        let [id, parent, contribution, own] = tuple(node)?;
        let goal = (number(contribution)?, optional_number(own)?);
        Ok(((text(id)?, optional_text(parent)?), goal))
    })?;
    if nodes.is_empty() {
        return Err(Code::EmptyInput.because("there are no nodes"));
    }
    let (links, goals): (Vec<_>, Vec<_>) = nodes.into_iter().unzip();
    let forest = Forest::new(&links)?;
    let goals: Vec<TreeGoal> = goals
        .into_iter()
        .zip(forest.parents())
        .map(|((contribution, own), parent)| TreeGoal { parent: *parent, contribution, own })
        .collect();
    let rolled = roll_up_tree(&goals, &settings)?;
    let answer = |((id, _), rolled): (&(&str, _), domain::scoring::okr::rollup::RolledUp)| {
        ((*id).to_owned(), json!([rolled.progress, rolled.alignment_gap]))
    };
    Ok(Value::Object(links.iter().zip(rolled).map(answer).collect::<Map<_, _>>()))
}

fn cascade_aggregate(arguments: Arguments) -> Result<Value> {
    let parent = arguments.required_number("parent")?;
    let children = arguments.list_of("children", |child| {
        let [target, weight] = tuple(child)?;
        Ok(ChildTarget { target: number(target)?, weight: number(weight)? })
    })?;
    let mut aggregation = Aggregation::default();
    arguments.override_with("aggregation", &mut aggregation)?;
    let mut minimum = Settings::default().goal.coverage_min;
    arguments.override_number("coverage_min", &mut minimum)?;
    let combined = cascade(&parent, &children, aggregation, &minimum)?;
    let level =
        combined.coverage.map_or("NONE", |covered| if covered.short { "WARN" } else { "OK" });
    let coverage = combined.coverage.map(|covered| covered.percent);
    Ok(json!({"value": combined.value, "coverage": coverage, "level": level}))
}

/// Reads confidence on check-ins, oldest first; at least one.
pub fn confidence(arguments: Arguments) -> Result<Vec<Confidence>> {
    let values = arguments.list_of("values", |value| {
        let outside = |_| Code::RatingOutOfRange.because("confidence is within 1 to 10");
        Confidence::try_from(u8::try_from(whole(value)?).map_err(outside)?)
    })?;
    if values.is_empty() {
        return Err(Code::EmptyInput.because("there are no check-ins"));
    }
    Ok(values)
}

fn confidence_event(arguments: Arguments) -> Result<Value> {
    let history = confidence(arguments)?;
    Ok(json!([history.last().map(|newest| newest.outlook()), events(&history)]))
}

/// Reads units with their parents.
pub fn units(arguments: Arguments<'_>) -> Result<Vec<(&str, Option<&str>)>> {
    arguments.list_of("units", |unit| {
        let [code, parent] = tuple(unit)?;
        Ok((text(code)?, optional_text(parent)?))
    })
}

fn lowest_common_unit(arguments: Arguments) -> Result<Value> {
    let forest = Forest::new(&units(arguments)?)?;
    let [a, b] = ["a", "b"].map(|name| text(arguments.required(name)?));
    Ok(json!(forest.lowest_common([a?, b?])?))
}

fn conflicts_of(arguments: Arguments) -> Result<Value> {
    let plans = Plans {
        units: units(arguments)?,
        goals: arguments.list_of("goals", planned_goal)?,
        trade_offs: arguments.optional_list("pairs", |pair| {
            let [one, other] = tuple(pair)?;
            Ok(TradeOff(text(one)?, text(other)?))
        })?,
        handovers: arguments.optional_list("dependencies", |handover| {
            let [upstream, downstream, due, needed] = tuple(handover)?;
            let (upstream, downstream) = (text(upstream)?, text(downstream)?);
            Ok(Handover { upstream, downstream, due: date(due)?, needed: date(needed)? })
        })?,
        capacities: arguments.optional_list("capacities", |capacity| {
            let [_, used, goals] = tuple(capacity)?;
            let goals = list(goals)?.iter().map(text).collect::<Result<_>>()?;
            Ok(Capacity { used_percent: number(used)?, goals })
        })?,
    };
    let found = conflicts(&plans)?;
    Ok(found.into_iter().map(|it| json!([it.rule, it.goals, it.unit])).collect())
}

fn planned_goal(value: &Value) -> Result<PlannedGoal<&str>> {
    let [id, unit, indicator, direction, start, end, active] = tuple(value)?;
    Ok(PlannedGoal {
        id: text(id)?,
        unit: text(unit)?,
        indicator: text(indicator)?,
        direction: typed(direction)?,
        period: period(start, end)?,
        active: typed(active)?,
    })
}
