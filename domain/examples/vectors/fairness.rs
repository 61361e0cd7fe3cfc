//! Part F of the vectors: fairness and bias analytics.
//!
//! Statistics are rounded half-up to 4 digits, p-values to 6.

use crate::arguments::{Arguments, count, date, list, number, optional_number, period, tuple};
use domain::core::number::{self, fixed};
use domain::scoring::fairness::adverse_impact::{Selection, four_fifths};
use domain::scoring::fairness::central_tendency::central_tendency;
use domain::scoring::fairness::department::{Appeals, Table, appeal_table, survey_table};
use domain::scoring::fairness::halo::halo;
use domain::scoring::fairness::leniency::{
    RatedScore, RatedScores, RaterEffect, RaterEffects, compare_raters, rater_effects,
};
use domain::scoring::fairness::mismatch::{
    DepartmentMeans, Member, Verdict, gaps, link, mismatch, proposals,
};
use domain::scoring::fairness::recency::{months_without_evidence, recency};
use domain::scoring::fairness::{Figure, Withheld, agreement, survey};
use domain::scoring::review::rater::check_ratings;
use domain::scoring::settings::FairSettings;
use domain::scoring::statistics::fisher_two_sided;
use domain::{Code, Exact, Grade, Result, Rounding};
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
        "rater_effects_by" => answer_rater_comparison,
        "halo_text" => answer_halo_text,
        "evidence_months" => answer_evidence_months,
        "dept_link" => answer_department_link,
        "dept_gap_flags" => answer_gap_flags,
        "agreement" => answer_agreement,
        "suppress" => answer_suppressed,
        "survey_table" => answer_survey_table,
        "appeal_table" => answer_appeal_table,
        "mismatch_proposals" => answer_proposals,
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
    labelled(rater_effects(&groups, &FairSettings::default()), effects_of_raters)
}

fn answer_rater_comparison(arguments: Arguments) -> Result<Value> {
    let rating = |rating: &Value| {
        let [score, total] = tuple(rating)?;
        Ok(RatedScore { score: number(score)?, kpi_total: optional_number(total)? })
    };
    let groups: RatedScores<String> = arguments
        .object("groups")?
        .iter()
        .map(|(rater, own)| {
            Ok((rater.clone(), list(own)?.iter().map(rating).collect::<Result<_>>()?))
        })
        .collect::<Result<_>>()?;
    let mut settings = FairSettings::default();
    arguments.override_with("basis", &mut settings.basis)?;
    let compared = compare_raters(&groups, &settings)?;
    let effects = labelled(compared.effects, effects_of_raters)?;
    Ok(json!({"basis": compared.basis, "effects": effects}))
}

fn effects_of_raters(effects: RaterEffects<String>) -> Result<Value> {
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

fn answer_proposals(arguments: Arguments) -> Result<Value> {
    let mut open = false;
    arguments.override_with("evaluation_open", &mut open)?;
    Ok(json!(proposals(arguments.required_as("flag")?, open)))
}

fn answer_halo(arguments: Arguments) -> Result<Value> {
    labelled(halo(&rows(arguments, "matrix")?, &FairSettings::default()), |found| {
        let label = if found.flagged { "HALO" } else { "NONE" };
        let correlation = found.mean_correlation.map(|r| rounded(r, 4));
        Ok(json!([shown(&found.uniform_share)?, rounded(found.mean_spread, 4), correlation, label]))
    })
}

fn answer_halo_text(arguments: Arguments) -> Result<Value> {
    let ratings = rows(arguments, "matrix")?;
    check_ratings(ratings.iter().flatten())?;
    labelled(halo(&ratings, &FairSettings::default()), |found| {
        let label = if found.flagged { "HALO" } else { "NONE" };
        Ok(json!([label, found.mean_correlation.map(|r| rounded(r, 4)), found.quote()]))
    })
}

fn answer_evidence_months(arguments: Arguments) -> Result<Value> {
    let period = period(arguments.required("start")?, arguments.required("end")?)?;
    let months = months_without_evidence(period, &arguments.list_of("dates", date)?);
    Ok(months.iter().map(|month| json!(month.format("%Y-%m").to_string())).collect())
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
    let members: Vec<Member> = paired(arguments.numbers("kpi")?, letters(arguments)?)?
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

/// Grades given as a row of letters.
fn letters(arguments: Arguments) -> Result<Vec<Grade>> {
    let letters: String = arguments.required_as("grades")?;
    letters.chars().map(|letter| letter.to_string().parse()).collect()
}

fn answer_gap_flags(arguments: Arguments) -> Result<Value> {
    let departments = arguments.object("depts")?;
    let means = |means: &Value| {
        let [kpi, grade_points] = tuple(means)?;
        Ok(DepartmentMeans { kpi: number(kpi)?, grade_points: number(grade_points)? })
    };
    let means = departments.values().map(means).collect::<Result<Vec<_>>>()?;
    labelled(gaps(&means, &FairSettings::default()), |found| {
        let row = |(name, found): (&String, &domain::scoring::fairness::mismatch::Gap)| {
            let flag = match found.verdict {
                Verdict::LenientDept => "LENIENT",
                Verdict::SevereDept => "SEVERE",
                Verdict::None => "NONE",
            };
            (name.clone(), json!([rounded(found.gap, 4), flag]))
        };
        Ok(Value::Object(departments.keys().zip(&found).map(row).collect()))
    })
}

fn answer_department_link(arguments: Arguments) -> Result<Value> {
    let grades =
        letters(arguments)?.into_iter().map(|grade| Exact::from(u32::from(grade.points())));
    let pairs = paired(arguments.numbers("kpi")?, grades.collect())
        .map_err(|error| Code::InputInvalid.because(error.detail))?;
    match link(&pairs, &FairSettings::default()) {
        Err(Withheld::NoVariance) => Ok(json!([null, Withheld::NoVariance])),
        figure => labelled(figure, |found| {
            let flag = if found.weak { "WEAK_LINK" } else { "NONE" };
            Ok(json!([rounded(found.tau.to_f64(), 4), flag]))
        }),
    }
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
    let ratings = arguments.list_of("data", gapped)?;
    // The figure is null both where nothing can be paired and where nothing varies.
    agreement::alpha(&ratings, metric).map_or(Ok(Value::Null), |alpha| shown(&alpha))
}

/// A row of numbers in which null is a gap.
fn gapped(row: &Value) -> Result<Vec<Option<Exact>>> {
    list(row)?.iter().map(optional_number).collect()
}

fn answer_agreement(arguments: Arguments) -> Result<Value> {
    let mut scale = agreement::RatingScale::default();
    arguments.override_with("scale", &mut scale)?;
    let mut metric = agreement::Metric::default();
    arguments.override_with("metric", &mut metric)?;
    let ratings = arguments.list_of("ratings", gapped)?;
    labelled(agreement::agreement(&ratings, scale, metric)?, |found| {
        let figure = |figure: &Option<Exact>| figure.as_ref().map(shown).transpose();
        let band = found.reliability.map_or(json!(Withheld::NoVariance), |band| json!(band));
        Ok(json!({
            "method": found.method,
            "value": figure(&found.value)?,
            "average": figure(&found.average)?,
            "band": band,
        }))
    })
}

fn minimum(arguments: Arguments) -> Result<u32> {
    Ok(arguments.count("minimum")?.unwrap_or(FairSettings::default().min_n))
}

fn answer_suppressed(arguments: Arguments) -> Result<Value> {
    let groups = arguments.object("groups")?.iter();
    let groups =
        groups.map(|(name, people)| Ok((name.clone(), count(people)?))).collect::<Result<_>>()?;
    Ok(json!(survey::suppressed(&groups, minimum(arguments)?)?))
}

fn answer_survey_table(arguments: Arguments) -> Result<Value> {
    let departments = arguments.object("answers")?.iter();
    let departments = departments
        .map(|(name, own)| {
            Ok((name.clone(), list(own)?.iter().map(survey_answer).collect::<Result<_>>()?))
        })
        .collect::<Result<_>>()?;
    table(survey_table(&departments, minimum(arguments)?, &FairSettings::default())?, "LOW")
}

fn answer_appeal_table(arguments: Arguments) -> Result<Value> {
    let departments = arguments.object("depts")?.iter();
    let departments = departments
        .map(|(name, counts)| {
            let [people, appeals] = tuple(counts)?;
            Ok((name.clone(), Appeals { people: count(people)?, appeals: count(appeals)? }))
        })
        .collect::<Result<_>>()?;
    table(appeal_table(&departments, minimum(arguments)?, &FairSettings::default())?, "HIGH")
}

fn table(table: Table, flag: &str) -> Result<Value> {
    let rows: BTreeMap<String, Option<Value>> = table
        .rows
        .into_iter()
        .map(|(name, cell)| {
            let cell = cell.map(|cell| {
                let flag = if cell.flagged { flag } else { "NONE" };
                Ok(json!([percent(cell.percent)?, flag]))
            });
            Ok((name, cell.transpose()?))
        })
        .collect::<Result<_>>()?;
    Ok(json!({"total": table.total.map(percent).transpose()?, "rows": rows}))
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
    arguments.list_of("xs", survey_answer)
}

fn survey_answer(value: &Value) -> Result<u8> {
    let whole = number(value)?.to_i128().and_then(|whole| u8::try_from(whole).ok());
    whole.ok_or_else(|| Code::RatingOutOfRange.because(format!("{value:.20} is no answer")))
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
