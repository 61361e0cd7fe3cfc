//! Part C of the vectors: objectives, the goal tree, goal checks and weights.

use crate::arguments::{Arguments, number, optional_number, text, tuple, typed};
use domain::core::calendar::Period;
use domain::scoring::okr::alignment::{Alignment, EdgeKind, Goal, Level, MAX_DEPTH};
use domain::scoring::okr::coverage::{Aggregation, ChildTarget, coverage};
use domain::scoring::okr::feasibility::{Plan, feasibility};
use domain::scoring::okr::objective::{Ambition, WeightedProgress, mapped_score, objective};
use domain::scoring::okr::progress::{KeyResult, Milestone, progress};
use domain::scoring::okr::rollup::roll_up;
use domain::scoring::okr::smart::{Draft, failures};
use domain::scoring::settings::{Maintain, Settings};
use domain::scoring::weights;
use domain::{Code, Result};
use serde_json::{Value, json};

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
    Ok(json!(mapped_score(&progress, ambition, &Settings::default())?))
}

fn rollup(arguments: Arguments) -> Result<Value> {
    let mut settings = Settings::default().okr;
    arguments.override_with("mode", &mut settings.rollup)?;
    arguments.override_number("alpha", &mut settings.blend_alpha)?;
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

/// Returns the code of the first fault as the answer instead of failing with it.
fn edge_ok(arguments: Arguments) -> Result<Value> {
    let all_year = typed(json!({"start": "2025-01-01", "end": "2025-12-31"}))?;
    let mut goals = Vec::new();
    for (id, level) in arguments.object("levels")? {
        let level: Level = typed(level)?;
        let goal = Goal { level, period: all_year, organisation: "", archived: false };
        goals.push((id.as_str(), goal));
    }
    let mut graph = Alignment::new(goals);
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
    let date = |name| arguments.get(name).map(typed).transpose();
    let words = |name| arguments.get(name).map(typed).transpose();
    let cycle = |value| {
        let [start, end] = tuple(value)?;
        Period::new(typed(start)?, typed(end)?)
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
        start: date("start")?,
        due: date("due")?,
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
        Err(refusal) => json!(refusal.code),
    })
}
