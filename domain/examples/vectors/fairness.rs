//! Part F of the vectors: fairness and bias analytics.
//!
//! Statistics are rounded half-up to 4 digits, p-values to 6.

use crate::arguments::{Arguments, count, list, number, optional_number};
use domain::core::number::{self, fixed};
use domain::scoring::fairness::adverse_impact::{Selection, four_fifths};
use domain::scoring::fairness::central_tendency::central_tendency;
use domain::scoring::fairness::halo::halo;
use domain::scoring::fairness::leniency::{RaterEffect, rater_effects};
use domain::scoring::fairness::mismatch::{DepartmentMeans, Member, gaps, link, mismatch};
use domain::scoring::fairness::recency::recency;
use domain::scoring::fairness::{Figure, Withheld, agreement, survey};
use domain::scoring::settings::FairSettings;
use domain::scoring::statistics::fisher_two_sided;
use domain::{Code, Exact, Result, Rounding};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Computes the functions of part F.
pub fn call(function: &str, input: &Value) -> Option<Result<Value>> {
    let answer = match function {
        "central_tendency" => answer_central_tendency,
        "dept_gap" => answer_gaps,
        "dept_mismatch" => answer_mismatch,
        "enps" => answer_enps,
        "favourable" => answer_favourable,
        "fisher6" => answer_fisher,
        "four_fifths" => answer_four_fifths,
        "halo" => answer_halo,
        "icc" => answer_icc,
        "kendall_tau_b" => answer_link,
        "kripp" => answer_alpha,
        "rater_effects" => answer_rater_effects,
        "recency" => answer_recency,
        _ => return None,
    };
    Some(answer(Arguments(input)))
}

fn answer_rater_effects(arguments: Arguments) -> Result<Value> {
    let groups: BTreeMap<String, Vec<Exact>> = arguments
        .object("groups")?
        .iter()
        .map(|(rater, ratings)| Ok((rater.clone(), numbers(ratings)?)))
        .collect::<Result<_>>()?;
    let effects = match rater_effects(&groups, &FairSettings::default()) {
        Ok(effects) => effects,
        Err(reason) => return Ok(json!(reason)),
    };
    let rater = |(name, own): (String, RaterEffect)| {
        let RaterEffect { count, mean, z, shrunk, effect, flag } = own;
        let (z, effect) = (rounded(z.to_f64(), 4), rounded(effect.to_f64(), 4));
        Ok((name, json!([count, shown(&mean)?, z, shown(&shrunk)?, effect, flag])))
    };
    let mut answer: BTreeMap<String, Value> =
        effects.raters.into_iter().map(rater).collect::<Result<_>>()?;
    let analysis = json!({
        "mu": shown(&effects.mean)?,
        "msw": shown(&effects.within)?,
        "msb": shown(&effects.between)?,
        "n0": shown(&effects.typical_count)?,
        "tau2": shown(&effects.level_variance)?,
    });
    answer.insert("_".into(), analysis);
    Ok(json!(answer))
}

fn answer_central_tendency(arguments: Arguments) -> Result<Value> {
    let ratings = arguments.numbers("ratings")?;
    let pooled = arguments.required_number("pooled_sd")?;
    let midpoint = arguments.number("mid")?.unwrap_or_else(|| Exact::from(3));
    let settings = FairSettings::default();
    labelled(central_tendency(&ratings, &(&pooled * &pooled), &midpoint, &settings), |found| {
        let label = if found.flagged { "CENTRAL" } else { "NONE" };
        let (spread, relative) = (found.spread.to_f64(), found.relative_spread.to_f64());
        let share = shown(&found.midpoint_share)?;
        Ok(json!([share, rounded(spread, 4), rounded(relative, 4), label]))
    })
}

fn answer_halo(arguments: Arguments) -> Result<Value> {
    labelled(halo(&rows(arguments, "matrix")?, &FairSettings::default()), |found| {
        let label = if found.flagged { "HALO" } else { "NONE" };
        let correlation = found.mean_correlation.map(|r| rounded(r, 4));
        Ok(json!([shown(&found.uniform_share)?, rounded(found.mean_spread, 4), correlation, label]))
    })
}

fn answer_recency(arguments: Arguments) -> Result<Value> {
    let days: Vec<u32> =
        arguments.list("days_from_end")?.iter().map(count).collect::<Result<_>>()?;
    let period = arguments.required_count("period_days")?;
    let mut settings = FairSettings::default();
    arguments.override_number("tail", &mut settings.recency_tail)?;
    labelled(recency(&days, period, &settings), |found| {
        let label = if found.flagged { "RECENCY" } else { "NONE" };
        Ok(json!([found.recent, shown(&found.share)?, rounded(found.p, 6), label]))
    })
}

fn answer_mismatch(arguments: Arguments) -> Result<Value> {
    let mut settings = FairSettings::default();
    arguments.override_number("meets", &mut settings.meets)?;
    let grades: String = arguments.required_as("grades")?;
    let grades = grades.chars().map(|grade| grade.to_string().parse());
    let members: Vec<Member> = paired(arguments.numbers("kpi")?, grades.collect::<Result<_>>()?)?
        .into_iter()
        .map(|(kpi_total, grade)| Member { kpi_total, grade })
        .collect();
    labelled(mismatch(&members, &settings), |found| {
        let [mean, low, top, bottom] =
            [found.mean_kpi, found.low, found.top, found.bottom].map(|figure| shown(&figure));
        Ok(json!([mean?, low?, top?, bottom?, found.verdict]))
    })
}

fn answer_gaps(arguments: Arguments) -> Result<Value> {
    let means = paired(arguments.numbers("kpi_means")?, arguments.numbers("grade_means")?)?;
    let departments: Vec<DepartmentMeans> = means
        .into_iter()
        .map(|(kpi, grade_points)| DepartmentMeans { kpi, grade_points })
        .collect();
    labelled_or_null(gaps(&departments, &FairSettings::default()), |found| {
        Ok(found.iter().map(|department| rounded(department.gap, 4)).collect())
    })
}

fn answer_link(arguments: Arguments) -> Result<Value> {
    let pairs = paired(arguments.numbers("x")?, arguments.numbers("y")?)?;
    labelled_or_null(link(&pairs, &FairSettings::default()), |found| {
        Ok(rounded(found.tau.to_f64(), 4))
    })
}

fn answer_four_fifths(arguments: Arguments) -> Result<Value> {
    let group = |selected, people| {
        Selection::new(arguments.required_count(selected)?, arguments.required_count(people)?)
    };
    let (first, second) = (group("sel1", "n1")?, group("sel2", "n2")?);
    labelled(four_fifths(first, second, &FairSettings::default()), |found| {
        Ok(json!([shown(&found.ratio)?, rounded(found.p, 6), found.impact]))
    })
}

fn answer_fisher(arguments: Arguments) -> Result<Value> {
    let [a, b, c, e] = ["a", "b", "c", "e"].map(|cell| arguments.required_count(cell));
    Ok(rounded(fisher_two_sided(a?, b?, c?, e?), 6))
}

fn answer_icc(arguments: Arguments) -> Result<Value> {
    labelled_or_null(agreement::icc(&rows(arguments, "m")?), |found| {
        let figure = |figure: &Option<Exact>| figure.as_ref().map(shown).transpose();
        Ok(json!({
            "icc1_1": figure(&found.icc1_1)?,
            "icc2_1": figure(&found.icc2_1)?,
            "icc2_k": figure(&found.icc2_k)?,
            "icc3_1": figure(&found.icc3_1)?,
            "icc3_k": figure(&found.icc3_k)?,
        }))
    })
}

fn answer_alpha(arguments: Arguments) -> Result<Value> {
    let mut metric = agreement::Metric::Interval;
    arguments.override_with("metric", &mut metric)?;
    let ratings: Vec<Vec<Option<Exact>>> = arguments
        .list("data")?
        .iter()
        .map(|rater| list(rater)?.iter().map(optional_number).collect())
        .collect::<Result<_>>()?;
    // The figure is null both where nothing can be paired and where nothing varies.
    agreement::alpha(&ratings, metric).map_or(Ok(Value::Null), |alpha| shown(&alpha))
}

fn answer_enps(arguments: Arguments) -> Result<Value> {
    labelled(survey::enps(&answers(arguments)?, &FairSettings::default())?, percent)
}

fn answer_favourable(arguments: Arguments) -> Result<Value> {
    labelled(survey::favourable(&answers(arguments)?, &FairSettings::default())?, percent)
}

/// The value of a figure, or the label that says why there is none.
fn labelled<T>(figure: Figure<T>, answer: impl FnOnce(T) -> Result<Value>) -> Result<Value> {
    figure.map_or_else(|reason| Ok(json!(reason)), answer)
}

/// Like [`labelled`], but null where nothing varies.
fn labelled_or_null<T>(
    figure: Figure<T>,
    answer: impl FnOnce(T) -> Result<Value>,
) -> Result<Value> {
    match figure {
        Err(Withheld::NoVariance) => Ok(Value::Null),
        figure => labelled(figure, answer),
    }
}

/// An exact figure with 4 digits.
fn shown(figure: &Exact) -> Result<Value> {
    Ok(rounded(figure.rounded(4, Rounding::HalfUp).to_f64(), 4))
}

/// A float rounded half-up.
fn rounded(figure: f64, digits: u32) -> Value {
    json!(number::shown(figure, digits))
}

/// Percent as text with 1 digit.
fn percent(figure: Exact) -> Result<Value> {
    Ok(json!(fixed(figure.round(1, Rounding::HalfUp)?, 1)))
}

/// Survey answers. A value that is not a small whole number counts as outside the scale.
fn answers(arguments: Arguments) -> Result<Vec<u8>> {
    let answer = |value: &Value| {
        let whole = number(value)?.to_i128().and_then(|whole| u8::try_from(whole).ok());
        whole.ok_or_else(|| Code::RatingOutOfRange.because(format!("{value:.20} is no answer")))
    };
    arguments.list("xs")?.iter().map(answer).collect()
}

fn numbers(values: &Value) -> Result<Vec<Exact>> {
    list(values)?.iter().map(number).collect()
}

/// A table of numbers, row by row.
fn rows(arguments: Arguments, name: &str) -> Result<Vec<Vec<Exact>>> {
    arguments.list(name)?.iter().map(numbers).collect()
}

/// Two lists of equal length as one list of pairs.
fn paired<A, B>(left: Vec<A>, right: Vec<B>) -> Result<Vec<(A, B)>> {
    if left.len() != right.len() {
        let detail = format!("{} values on one side, {} on the other", left.len(), right.len());
        return Err(Code::CountInvalid.because(detail));
    }
    Ok(left.into_iter().zip(right).collect())
}
