//! Part B of the vectors: indicator scores and their total.

use crate::arguments::{Arguments, count, number, optional_number, tuple, unreadable};
use domain::core::number;
use domain::scoring::kpi::{
    self, Adjustments, BandOn, Banded, Baseline, Extra, Interval, Item, Mark, Method, Milestone,
    Milestones, Occurrence, Outcome, Point, Points, Ratio, Segment, StepUnit, Steps, Veto,
};
use domain::scoring::settings::Settings;
use domain::{Exact, Grade, Result};
use serde_json::{Value, json};
use uuid::Uuid;

/// Computes the functions of part B.
pub fn call(function: &str, input: &Value) -> Option<Result<Value>> {
    let arguments = Arguments(input);
    Some(match function {
        "kpi_ratio" => ratio(arguments),
        "kpi_baseline" => baseline(arguments),
        "kpi_occurrence" => occurrence(arguments),
        "kpi_range" => interval(arguments),
        "kpi_points" => points(arguments),
        "kpi_band" => banded(arguments),
        "kpi_step" => steps(arguments),
        "kpi_milestone" => milestones(arguments),
        "rating_score" => rating(arguments),
        "kpi_total" => total(arguments),
        "time_weighted" => time_weighted(arguments),
        "grade" => grade(arguments),
        _ => return None,
    })
}

/// Scores the argument called `actual` and shows the score with 2 places.
fn score(method: Method, actual: &str, arguments: Arguments, settings: &Settings) -> Result<Value> {
    let actual = arguments.number(actual)?;
    two_places(&method.score(actual.as_ref(), settings)?)
}

fn two_places(score: &Exact) -> Result<Value> {
    Ok(json!(number::fixed(score.round(2, Default::default())?, 2)))
}

/// The settings with the overrides that several functions share.
fn settings(arguments: Arguments) -> Result<Settings> {
    let mut settings = Settings::default();
    arguments.override_number("floor", &mut settings.kpi.floor)?;
    arguments.override_number("cap", &mut settings.kpi.cap)?;
    Ok(settings)
}

fn ratio(arguments: Arguments) -> Result<Value> {
    let mut settings = settings(arguments)?;
    arguments.override_with("variant", &mut settings.kpi.reverse_variant)?;
    arguments.override_number("over_rate", &mut settings.kpi.over_rate)?;
    settings.kpi.min_achievement = arguments.number("min_achievement")?;
    arguments.override_with("rounding", &mut settings.score.rounding)?;
    arguments.override_with("negative_target", &mut settings.kpi.negative_target)?;
    let mut ratio =
        Ratio { target: arguments.required_number("target")?, direction: Default::default() };
    arguments.override_with("direction", &mut ratio.direction)?;
    score(Method::Ratio(ratio), "actual", arguments, &settings)
}

fn baseline(arguments: Arguments) -> Result<Value> {
    let baseline = Baseline {
        baseline: arguments.required_number("baseline")?,
        target: arguments.required_number("target")?,
    };
    score(Method::Baseline(baseline), "actual", arguments, &settings(arguments)?)
}

fn occurrence(arguments: Arguments) -> Result<Value> {
    let mut occurrence =
        Occurrence { base: 100.into(), penalty: arguments.required_number("penalty")? };
    arguments.override_number("base", &mut occurrence.base)?;
    score(Method::Occurrence(occurrence), "count", arguments, &settings(arguments)?)
}

fn interval(arguments: Arguments) -> Result<Value> {
    let interval = Interval {
        low: arguments.required_number("low")?,
        high: arguments.required_number("high")?,
        tolerance: arguments.required_number("tolerance")?,
    };
    score(Method::Interval(interval), "actual", arguments, &Settings::default())
}

fn points(arguments: Arguments) -> Result<Value> {
    let mut settings = Settings::default();
    arguments.override_with("below", &mut settings.kpi.threshold_below)?;
    let point = |point: &Value| {
        let [value, score] = tuple(point)?;
        Ok(Point { value: number(value)?, score: number(score)? })
    };
    let points = arguments.list("points")?.iter().map(point).collect::<Result<_>>()?;
    score(Method::Points(Points { points }), "actual", arguments, &settings)
}

fn banded(arguments: Arguments) -> Result<Value> {
    let banded = Banded {
        bounds: arguments.numbers("bounds")?,
        scores: arguments.numbers("scores")?,
        on: BandOn::Actual,
    };
    score(Method::Banded(banded), "actual", arguments, &Settings::default())
}

fn steps(arguments: Arguments) -> Result<Value> {
    let mut settings = Settings::default();
    arguments.override_with("partial", &mut settings.kpi.step_partial)?;
    let mut steps = Steps::of(
        arguments.required_number("target")?,
        arguments.required_number("base")?,
        arguments.required_number("step")?,
    );
    arguments.override_with("direction", &mut steps.direction)?;
    arguments.override_number("add", &mut steps.add)?;
    arguments.override_number("deduct", &mut steps.deduct)?;
    arguments.override_number("max_add", &mut steps.max_add)?;
    arguments.override_number("max_deduct", &mut steps.max_deduct)?;
    if arguments.get("unit").is_some_and(|unit| unit != "percent") {
        steps.unit = StepUnit::Absolute;
    }
    score(Method::Steps(Box::new(steps)), "actual", arguments, &settings)
}

fn milestones(arguments: Arguments) -> Result<Value> {
    let mut settings = Settings::default();
    arguments.override_number("late_per_day", &mut settings.kpi.late_per_day)?;
    arguments.override_number("late_floor", &mut settings.kpi.late_floor)?;
    let milestone = |item: &Value| {
        let [weight, days_late] = tuple(item)?;
        let outcome = match days_late {
            Value::Null => Outcome::Open { percent: 0.into() },
            days_late => {
                let days = number(days_late)?.to_i128().and_then(|days| i64::try_from(days).ok());
                Outcome::Done { days_late: days.ok_or_else(|| unreadable(days_late))? }
            }
        };
        Ok(Milestone { weight: number(weight)?, outcome })
    };
    let milestones = arguments.list("items")?.iter().map(milestone).collect::<Result<_>>()?;
    two_places(&Method::Milestones(Milestones { milestones }).score(None, &settings)?)
}

fn rating(arguments: Arguments) -> Result<Value> {
    let mut settings = Settings::default();
    arguments.override_with("preset", &mut settings.score.preset)?;
    score(Method::Rating, "rating", arguments, &settings)
}

fn total(arguments: Arguments) -> Result<Value> {
    let mut settings = settings(arguments)?;
    arguments.override_number("max_bonus", &mut settings.kpi.bonus_max)?;
    arguments.override_number("max_deduct", &mut settings.kpi.deduct_max)?;
    arguments.override_with("missing", &mut settings.kpi.missing_actual)?;
    let item = |item: &Value| {
        let [weight, score] = tuple(item)?;
        let mark = optional_number(score)?.map(Mark::Score);
        Ok(Item { weight: number(weight)?, mark })
    };
    let items = arguments.list("items")?.iter().map(item).collect::<Result<Vec<_>>>()?;
    let adjustments = Adjustments {
        bonuses: extras(arguments, "bonus")?,
        deductions: extras(arguments, "deduct")?,
        exclusion_approval: Some(Uuid::nil()),
        veto: arguments.get("veto").map(veto).transpose()?,
    };
    let total = kpi::total(&items, &adjustments, &settings)?;
    Ok(json!([number::fixed(total.score, 2), total.grade]))
}

/// Items without weight: vectors give only their points; evidence and approval are filled in.
fn extras(arguments: Arguments, name: &str) -> Result<Vec<Extra>> {
    let extra = |points| Extra { points, evidence: vec![Uuid::nil()], approver: Some(Uuid::nil()) };
    Ok(arguments.numbers(name)?.into_iter().map(extra).collect())
}

/// A veto, written as its effect and, after a colon, the value that the effect needs:
/// `cap_score:80`.
fn veto(value: &Value) -> Result<Veto> {
    let text = value.as_str().ok_or_else(|| unreadable(value))?;
    let (effect, detail) = text.split_once(':').unwrap_or((text, ""));
    match effect {
        "cap_grade" if detail.is_empty() => Ok(Veto::CapGrade(Grade::D)),
        "cap_grade" => Ok(Veto::CapGrade(detail.parse()?)),
        "cap_score" => Ok(Veto::CapScore(detail.parse()?)),
        "item_zero" => Ok(Veto::ItemZero(detail.parse().map_err(|_| unreadable(value))?)),
        "total_zero" => Ok(Veto::TotalZero),
        _ => Err(unreadable(value)),
    }
}

fn time_weighted(arguments: Arguments) -> Result<Value> {
    let segment = |segment: &Value| {
        let [days, score] = tuple(segment)?;
        Ok(Segment { days: count(days)?, score: number(score)? })
    };
    let segments = arguments.list("segments")?.iter().map(segment).collect::<Result<Vec<_>>>()?;
    two_places(&kpi::time_weighted(&segments, Settings::default().kpi.min_segment_days)?)
}

fn grade(arguments: Arguments) -> Result<Value> {
    let Settings { score, .. } = Settings::default();
    let total = arguments.required_number("score")?;
    Ok(json!(Settings::default().scale().grade(&total, score.rounding)))
}
