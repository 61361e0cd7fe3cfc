//! Part B of the vectors: indicator scores and their total.

use crate::arguments::{
    Arguments, count, number, optional_number, text, tuple, typed, unreadable, whole,
};
use domain::core::number;
use domain::scoring::kpi::{
    self, Adjustments, BandOn, Banded, Baseline, ClaimedVeto, Extra, FormWarning, Interval, Item,
    Leave, Mark, Method, MilestoneRecord, Milestones, Occurrence, Point, Points, Ratio, Segment,
    StepUnit, Steps, TargetSegment, Veto,
};
use domain::scoring::review::composite::{ItemisedDimension, score_total};
use domain::scoring::scale::{DraftBand, ScaleFault, scale_faults};
use domain::scoring::settings::{Settings, VetoEffect};
use domain::{Code, Exact, Grade, Result, Rounding};
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
        "preset_grade" => preset_grade(arguments),
        "score_total" => form_total(arguments),
        "rounded_score" => rounded_score(arguments),
        "scale_check" => scale_check(arguments),
        "kpi_band_on" => band_on(arguments),
        "kpi_milestone_partial" => partial_milestones(arguments),
        "veto_result" => veto_result(arguments),
        "form_warnings" => form_warnings(arguments),
        "target_change" => target_change(arguments),
        "leave_target" => leave_target(arguments),
        _ => return None,
    })
}

/// Scores the argument called `actual` and shows the score with 2 places.
fn score(method: Method, actual: &str, arguments: Arguments, settings: &Settings) -> Result<Value> {
    let actual = arguments.number(actual)?;
    two_places(&method.score(actual.as_ref(), settings)?, settings)
}

fn two_places(score: &Exact, settings: &Settings) -> Result<Value> {
    Ok(json!(number::fixed(score.round(2, settings.score.rounding)?, 2)))
}

/// The settings with the overrides that several functions share.
fn settings(arguments: Arguments) -> Result<Settings> {
    let mut settings = arguments.settings()?;
    arguments.override_number("floor", &mut settings.kpi.floor)?;
    arguments.override_number("cap", &mut settings.kpi.cap)?;
    Ok(settings)
}

fn ratio(arguments: Arguments) -> Result<Value> {
    let mut settings = settings(arguments)?;
    arguments.override_with("variant", &mut settings.kpi.reverse_variant)?;
    arguments.override_number("over_rate", &mut settings.kpi.over_rate)?;
    settings.kpi.min_achievement = arguments.number("min_achievement")?;
    arguments.override_with("negative_target", &mut settings.kpi.negative_target)?;
    score(Method::Ratio(ratio_target(arguments)?), "actual", arguments, &settings)
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
    score(Method::Interval(interval), "actual", arguments, &arguments.settings()?)
}

fn points(arguments: Arguments) -> Result<Value> {
    let mut settings = arguments.settings()?;
    arguments.override_with("below", &mut settings.kpi.threshold_below)?;
    let point = |point: &Value| {
        let [value, score] = tuple(point)?;
        Ok(Point { value: number(value)?, score: number(score)? })
    };
    let points = arguments.list("points")?.iter().map(point).collect::<Result<_>>()?;
    score(Method::Points(Points { points }), "actual", arguments, &settings)
}

fn banded(arguments: Arguments) -> Result<Value> {
    banded_score(arguments, BandOn::Actual, &arguments.settings()?)
}

fn banded_score(arguments: Arguments, on: BandOn, settings: &Settings) -> Result<Value> {
    let banded =
        Banded { bounds: arguments.numbers("bounds")?, scores: arguments.numbers("scores")?, on };
    score(Method::Banded(banded), "actual", arguments, settings)
}

fn band_on(arguments: Arguments) -> Result<Value> {
    let mut settings = arguments.settings()?;
    arguments.override_with("variant", &mut settings.kpi.reverse_variant)?;
    let on = match arguments.get("band_on").map(text).transpose()? {
        None | Some("actual") => BandOn::Actual,
        Some("rate") => BandOn::Achievement(ratio_target(arguments)?),
        Some(_) => return Err(Code::InputInvalid.because("bands are on actual or rate")),
    };
    banded_score(arguments, on, &settings)
}

fn ratio_target(arguments: Arguments) -> Result<Ratio> {
    let mut ratio =
        Ratio { target: arguments.required_number("target")?, direction: Default::default() };
    arguments.override_with("direction", &mut ratio.direction)?;
    Ok(ratio)
}

fn steps(arguments: Arguments) -> Result<Value> {
    let mut settings = arguments.settings()?;
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
    let records = arguments.list_of("items", |item| {
        let [weight, days_late] = tuple(item)?;
        milestone(weight, days_late, &Value::Null)
    })?;
    milestone_score(arguments, records, false)
}

fn partial_milestones(arguments: Arguments) -> Result<Value> {
    let mut partial = true;
    arguments.override_with("milestone_partial", &mut partial)?;
    let records = arguments.list_of("items", |item| {
        let [weight, days_late, percent] = tuple(item)?;
        milestone(weight, days_late, percent)
    })?;
    milestone_score(arguments, records, partial)
}

fn milestone(weight: &Value, days_late: &Value, percent: &Value) -> Result<MilestoneRecord> {
    let days_late = (!days_late.is_null()).then(|| whole(days_late)).transpose()?;
    let percent = optional_number(percent)?;
    Ok(MilestoneRecord { weight: number(weight)?, days_late, percent })
}

fn milestone_score(
    arguments: Arguments,
    records: Vec<MilestoneRecord>,
    partial: bool,
) -> Result<Value> {
    let mut settings = arguments.settings()?;
    settings.kpi.milestone_partial = partial;
    arguments.override_number("late_per_day", &mut settings.kpi.late_per_day)?;
    arguments.override_number("late_floor", &mut settings.kpi.late_floor)?;
    let milestones = Method::Milestones(Milestones::recorded(records)?);
    two_places(&milestones.score(None, &settings)?, &settings)
}

fn rating(arguments: Arguments) -> Result<Value> {
    let mut settings = arguments.settings()?;
    arguments.override_with("preset", &mut settings.score.preset)?;
    score(Method::Rating, "rating", arguments, &settings)
}

fn total(arguments: Arguments) -> Result<Value> {
    let mut settings = settings(arguments)?;
    arguments.override_number("max_bonus", &mut settings.kpi.bonus_max)?;
    arguments.override_number("max_deduct", &mut settings.kpi.deduct_max)?;
    arguments.override_with("missing", &mut settings.kpi.missing_actual)?;
    let items = arguments.list_of("items", item)?;
    let adjustments = Adjustments {
        bonuses: extras(arguments, "bonus")?,
        deductions: extras(arguments, "deduct")?,
        exclusion_approval: Some(Uuid::nil()),
        veto: arguments.get("veto").map(veto).transpose()?,
    };
    let total = kpi::total(&items, &adjustments, &settings)?;
    Ok(json!([number::fixed(total.score, 2), total.grade]))
}

fn item(value: &Value) -> Result<Item> {
    let [weight, score] = tuple(value)?;
    Ok(Item { weight: number(weight)?, mark: optional_number(score)?.map(Mark::Score) })
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
    let settings = arguments.settings()?;
    two_places(&kpi::time_weighted(&segments, settings.kpi.min_segment_days)?, &settings)
}

fn target_change(arguments: Arguments) -> Result<Value> {
    let mut settings = arguments.settings()?;
    arguments.override_with("target_change", &mut settings.kpi.target_change)?;
    if let Some(days) = arguments.count("min_segment_days")? {
        settings.kpi.min_segment_days = days;
    }
    let segments = arguments.list_of("segments", |segment| {
        let [days, score, approved] = tuple(segment)?;
        Ok(TargetSegment { days: count(days)?, score: number(score)?, approved: typed(approved)? })
    })?;
    two_places(&kpi::target_change(&segments, &settings.kpi)?, &settings)
}

fn leave_target(arguments: Arguments) -> Result<Value> {
    let mut settings = Settings::default().leave;
    arguments.override_with("protected", &mut settings.protected)?;
    let target = arguments.required_number("target")?;
    let period_days = arguments.required_count("period_days")?;
    let leave = arguments.list_of("leave", |leave| {
        let [kind, days] = tuple(leave)?;
        Ok(Leave { kind: text(kind)?.into(), days: count(days)? })
    })?;
    Ok(json!(kpi::target_after_leave(&target, period_days, &leave, &settings)?))
}

fn grade(arguments: Arguments) -> Result<Value> {
    let Settings { score, .. } = Settings::default();
    let total = arguments.required_number("score")?;
    Ok(json!(Settings::default().scale().grade(&total, score.rounding)))
}

fn preset_grade(arguments: Arguments) -> Result<Value> {
    let mut settings = arguments.settings()?;
    arguments.override_with("preset", &mut settings.score.preset)?;
    let score = arguments.required_number("score")?;
    let (score, grade) = settings.scale().graded(&score, settings.score.rounding)?;
    Ok(json!([number::fixed(score, 2), grade]))
}

fn form_total(arguments: Arguments) -> Result<Value> {
    let mut settings = arguments.settings()?;
    arguments.override_with("round_stage", &mut settings.score.round_stage)?;
    arguments.override_with("preset", &mut settings.score.preset)?;
    settings.kpi.cap = settings.scale().cap;
    let named = arguments.object("dimensions")?;
    let dimension = |value: &Value| {
        let [weight, items] = tuple(value)?;
        let item = |item: &Value| {
            let [weight, score] = tuple(item)?;
            Ok((number(weight)?, number(score)?))
        };
        let items = crate::arguments::list(items)?.iter().map(item).collect::<Result<_>>()?;
        Ok(ItemisedDimension { weight: number(weight)?, items })
    };
    let dimensions = named.values().map(dimension).collect::<Result<Vec<_>>>()?;
    let total = score_total(&dimensions, &settings)?;
    let shown = total.dimensions.iter().map(|score| json!(number::fixed(*score, 2)));
    let scores: serde_json::Map<_, _> = named.keys().cloned().zip(shown).collect();
    Ok(json!({
        "total": number::fixed(total.composite.score, 2),
        "grade": total.composite.grade,
        "dimensions": scores,
    }))
}

/// The functions that `rounded_score` can call.
const ROUNDED: [&str; 14] = [
    "kpi_ratio",
    "kpi_baseline",
    "kpi_occurrence",
    "kpi_range",
    "kpi_points",
    "kpi_band",
    "kpi_step",
    "kpi_milestone",
    "rating_score",
    "kpi_total",
    "time_weighted",
    "okr_to_score",
    "composite",
    "manager_rating",
];

/// Calls another function under a rounding.
fn rounded_score(arguments: Arguments) -> Result<Value> {
    let method = text(arguments.required("method")?)?;
    let mut rounding = Rounding::HalfEven;
    arguments.override_with("rounding", &mut rounding)?;
    let mut inner = arguments.object("args")?.clone();
    inner.insert("rounding".into(), json!(rounding));
    let unknown = || Code::InputInvalid.because(format!("{method:.40} is not a method"));
    let known = ROUNDED.contains(&method).then(|| crate::call(method, &inner.into()));
    known.flatten().ok_or_else(unknown)?
}

fn scale_check(arguments: Arguments) -> Result<Value> {
    let [mut floor, mut cap] = [0, 120].map(Exact::from);
    arguments.override_number("floor", &mut floor)?;
    arguments.override_number("cap", &mut cap)?;
    let bands = arguments.list_of("bands", |band| {
        let [letter, lowest, anchor] = tuple(band)?;
        let letter = text(letter)?.to_owned();
        Ok(DraftBand { letter, lowest: optional_number(lowest)?, anchor: optional_number(anchor)? })
    })?;
    let faults = scale_faults(&bands, &floor, &cap)?;
    Ok(faults.iter().map(ScaleFault::to_string).collect())
}

fn veto_result(arguments: Arguments) -> Result<Value> {
    let settings = settings(arguments)?;
    let items = arguments.list_of("items", item)?;
    let mut grade_cap = Grade::D;
    arguments.override_with("grade_cap", &mut grade_cap)?;
    let mut effect = VetoEffect::default();
    arguments.override_with("veto_effect", &mut effect)?;
    let effect = match effect {
        VetoEffect::CapGrade => Veto::CapGrade(grade_cap),
        VetoEffect::CapScore => Veto::CapScore(arguments.required_number("score_cap")?),
        VetoEffect::ItemZero => {
            let item = arguments.required_count("item")?;
            Veto::ItemZero(item as usize)
        }
        VetoEffect::TotalZero => Veto::TotalZero,
    };
    let mut confirmed = true;
    arguments.override_with("confirmed", &mut confirmed)?;
    let evidence = arguments.count("evidence")?.unwrap_or(1);
    kpi::check_form(&items)?;
    let veto = ClaimedVeto { effect, confirmed, evidence }.in_force(&items, &settings.kpi)?;
    let adjustments = Adjustments { veto, ..Adjustments::default() };
    let total = kpi::total(&items, &adjustments, &settings)?;
    let calibrated = arguments.get("calibrated").map(typed).transpose()?;
    let grade = kpi::final_grade(&total, calibrated, adjustments.veto.as_ref());
    Ok(json!([number::fixed(total.score, 2), grade]))
}

fn form_warnings(arguments: Arguments) -> Result<Value> {
    let mut goal = Settings::default().goal;
    goal.count.min = arguments.count("count_min")?.unwrap_or(goal.count.min);
    goal.count.max = arguments.count("count_max")?.unwrap_or(goal.count.max);
    arguments.override_number("weight_min", &mut goal.weight.min)?;
    arguments.override_number("weight_max", &mut goal.weight.max)?;
    let (names, items): (Vec<&str>, Vec<Item>) = arguments
        .list_of("items", |item| {
            let [name, weight] = tuple(item)?;
            Ok((text(name)?, Item { weight: number(weight)?, mark: None }))
        })?
        .into_iter()
        .unzip();
    kpi::check_form(&items)?;
    let label = |warning| match warning {
        FormWarning::CountLow(_) => json!("COUNT_LOW"),
        FormWarning::CountHigh(_) => json!("COUNT_HIGH"),
        FormWarning::WeightLow(at) => json!(format!("WEIGHT_LOW:{}", names[at])),
        FormWarning::WeightHigh(at) => json!(format!("WEIGHT_HIGH:{}", names[at])),
    };
    Ok(kpi::form_warnings(&items, &goal).into_iter().map(label).collect())
}
