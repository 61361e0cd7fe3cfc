//! Part D of the vectors: from ratings to a result; also working days.

use crate::arguments::{
    Arguments, count, date, list, number, optional_number, period, text, tuple, typed,
};
use domain::core::calendar::WorkCalendar;
use domain::core::number::fixed;
use domain::core::text::TextEnum;
use domain::reviews::appeal_window::appeal_deadline;
use domain::reviews::process_records::record_gaps;
use domain::scoring::review::composite::{
    WeightSets, WeightedScore, composite, manager_outcome, manager_result, weights_of,
};
use domain::scoring::review::dimension::{Dimension, DimensionResult, Raters};
use domain::scoring::review::disclosure::Submitted;
use domain::scoring::review::evidence::{Evidence, Finding, Judgement, examine};
use domain::scoring::review::rater::{RaterType, mean_rating};
use domain::scoring::review::self_other::{Reading, self_other_gap};
use domain::scoring::settings::{ProcessRecords, ReviewSettings, Settings};
use domain::{Exact, Grade, Result, Rounding};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Computes the functions of part D.
pub fn call(function: &str, input: &Value) -> Option<Result<Value>> {
    let arguments = Arguments(input);
    Some(match function {
        "add_workdays" => add_workdays(arguments),
        "category_mean" => category_mean(arguments),
        "composite" => composite_of(arguments),
        "dimension" => dimension(arguments),
        "manager_rating" => manager_rating(arguments),
        "population_composite" => population_composite(arguments),
        "category_value" => category_value(arguments),
        "dimension_by" => dimension_by(arguments),
        "self_other_gap" => gap(arguments),
        "evidence_check" => evidence_check(arguments),
        "disclosure" => disclosure(arguments),
        "manager_result" => manager_result_of(arguments),
        "appeal_deadline" => deadline(arguments),
        "process_records" => process_records(arguments),
        _ => return None,
    })
}

fn category_mean(arguments: Arguments) -> Result<Value> {
    let mean = mean_rating(&arguments.numbers("xs")?, &ReviewSettings::default())?;
    Ok(json!(mean.round(4, Rounding::HalfUp)?))
}

fn category_value(arguments: Arguments) -> Result<Value> {
    let mut settings = ReviewSettings::default();
    review_counts(arguments, &mut settings)?;
    let mean = mean_rating(&arguments.numbers("xs")?, &settings)?;
    Ok(json!(fixed(mean.round(4, Rounding::HalfUp)?, 4)))
}

fn dimension(arguments: Arguments) -> Result<Value> {
    let mut settings = Settings::default();
    arguments.override_with("anonymity", &mut settings.review.anonymity_min)?;
    arguments.override_with("policy", &mut settings.review.small_category)?;
    arguments.override_number("min_share", &mut settings.review.min_weight_share)?;
    let mut dimension = ratings(arguments)?;
    arguments.override_with("mandatory", &mut dimension.mandatory)?;
    let result = dimension.result(&settings)?;
    let score = result.score.round(2, Rounding::HalfUp)?;
    Ok(json!([result.rating, score, used(&result)]))
}

fn dimension_by(arguments: Arguments) -> Result<Value> {
    let mut settings = Settings::default();
    let review = &mut settings.review;
    arguments.override_with("small_category", &mut review.small_category)?;
    arguments.override_number("min_share", &mut review.min_weight_share)?;
    review_counts(arguments, review)?;
    let mut dimension = ratings(arguments)?;
    let anonymous = anonymous(arguments)?;
    dimension.anonymous_customers = anonymous.contains(&RaterType::Customer);
    dimension.named =
        RaterType::ALL.iter().copied().filter(|rater| !anonymous.contains(rater)).collect();
    let result = dimension.result(&settings)?;
    let hidden = dimension.hidden(&settings.review);
    let hidden: BTreeSet<&str> = hidden.into_iter().map(RaterType::as_str).collect();
    Ok(json!({
        "rating": result.rating,
        "score": fixed(result.score.round(2, Rounding::HalfUp)?, 2),
        "used": used(&result),
        "hidden": hidden,
    }))
}

/// The settings of D.2 and D.3 that an input names.
fn review_counts(arguments: Arguments, review: &mut ReviewSettings) -> Result<()> {
    arguments.override_with("trim", &mut review.trim)?;
    review.trim_min_n = arguments.count("trim_min_n")?.unwrap_or(review.trim_min_n);
    review.anonymity_min = arguments.count("anonymity")?.unwrap_or(review.anonymity_min);
    Ok(())
}

/// The anonymous types: those that the input names, or those of D.3.
fn anonymous(arguments: Arguments) -> Result<BTreeSet<RaterType>> {
    let mut anonymous =
        BTreeSet::from([RaterType::Peer, RaterType::CrossDept, RaterType::Subordinate]);
    arguments.override_with("anonymous", &mut anonymous)?;
    Ok(anonymous)
}

fn used(result: &DimensionResult) -> BTreeSet<&str> {
    result.groups.iter().map(|used| used.group.as_str()).collect()
}

fn ratings(arguments: Arguments) -> Result<Dimension> {
    let mut raters: BTreeMap<RaterType, Raters> = BTreeMap::new();
    for (name, weight) in arguments.object("weights")? {
        raters.entry(rater_type(name)?).or_default().weight = number(weight)?;
    }
    for (name, ratings) in arguments.object("ratings")? {
        let ratings = list(ratings)?.iter().map(number).collect::<Result<_>>()?;
        raters.entry(rater_type(name)?).or_default().ratings = ratings;
    }
    let mandatory = vec![RaterType::Manager];
    Ok(Dimension { raters, mandatory, anonymous_customers: false, named: BTreeSet::new() })
}

fn rater_type(name: &str) -> Result<RaterType> {
    typed(json!(name))
}

fn composite_of(arguments: Arguments) -> Result<Value> {
    let dimensions = scored(&arguments.named_numbers("weights")?, arguments)?;
    let result = composite(&dimensions, &arguments.settings()?)?;
    Ok(json!([result.score, result.grade]))
}

fn manager_rating(arguments: Arguments) -> Result<Value> {
    let mut settings = arguments.settings()?;
    arguments.override_number("lam", &mut settings.manager.team_lambda)?;
    let own = arguments.required_number("own")?;
    Ok(json!(manager_result(&own, &arguments.numbers("team_kpi")?, &settings)?))
}

fn work_calendar(arguments: Arguments) -> Result<WorkCalendar> {
    let mut calendar = WorkCalendar::default();
    calendar.holidays.extend(arguments.optional_list("holidays", date)?);
    calendar.makeup_workdays.extend(arguments.optional_list("makeup", date)?);
    Ok(calendar)
}

fn deadline(arguments: Arguments) -> Result<Value> {
    let Settings { mut appeal, mut interview, .. } = Settings::default();
    for (name, setting) in [
        ("window_workdays", &mut appeal.window_workdays),
        ("after_interview_workdays", &mut appeal.after_interview_workdays),
        ("interview_due_workdays", &mut interview.due_workdays),
    ] {
        *setting = arguments.count(name)?.unwrap_or(*setting);
    }
    let published = arguments.required_date("published")?;
    let held = arguments.get("interview").map(date).transpose()?;
    let calendar = work_calendar(arguments)?;
    Ok(json!(appeal_deadline(published, held, &calendar, &appeal, &interview)?))
}

fn process_records(arguments: Arguments) -> Result<Value> {
    let period = period(arguments.required("start")?, arguments.required("end")?)?;
    let entered = arguments.list_of("entered", date)?;
    let needed = arguments.count("process_months")?;
    let needed = needed.unwrap_or(ReviewSettings::default().process_months);
    let mut setting = ProcessRecords::default();
    arguments.override_with("process_records", &mut setting)?;
    let found = record_gaps(period, &entered, needed, setting)?;
    let months: Vec<_> = found.months.iter().map(|it| it.format("%Y-%m").to_string()).collect();
    Ok(json!([found.verdict, months]))
}

fn add_workdays(arguments: Arguments) -> Result<Value> {
    let calendar = work_calendar(arguments)?;
    let start = arguments.required_date("start")?;
    Ok(json!(calendar.add_workdays(start, arguments.required_count("n")?)?))
}

/// Weights with the scores that the input gives for them.
fn scored(weights: &BTreeMap<String, Exact>, arguments: Arguments) -> Result<Vec<WeightedScore>> {
    let scores = Arguments(arguments.required("scores")?);
    let dimension = |(name, weight): (&String, &Exact)| {
        let score = scores.get(name).map_or(Ok(None), optional_number)?;
        Ok(WeightedScore { weight: weight.clone(), score })
    };
    weights.iter().map(dimension).collect()
}

fn population_composite(arguments: Arguments) -> Result<Value> {
    let sets = Arguments(arguments.required("sets")?);
    let sets: WeightSets = arguments
        .object("sets")?
        .keys()
        .map(|name| Ok((name.clone(), sets.named_numbers(name)?)))
        .collect::<Result<_>>()?;
    let populations: Vec<String> = arguments.required_as("populations")?;
    let (set, weights) = weights_of(&sets, &populations)?;
    let result = composite(&scored(weights, arguments)?, &Settings::default())?;
    Ok(json!([fixed(result.score, 2), result.grade, set]))
}

fn gap(arguments: Arguments) -> Result<Value> {
    let own = arguments.required_number("self_rating")?;
    Ok(match self_other_gap(&own, &arguments.numbers("others")?)? {
        Ok(gap) => {
            let reading = match gap.reading {
                Some(Reading::BlindSpot) => "BLIND_SPOT",
                Some(Reading::HiddenStrength) => "HIDDEN_STRENGTH",
                None => "NONE",
            };
            json!([fixed(gap.points, 4), reading])
        }
        Err(reason) => json!(reason),
    })
}

fn evidence_check(arguments: Arguments) -> Result<Value> {
    let period = period(arguments.required("start")?, arguments.required("end")?)?;
    let grade = |name| arguments.get(name).map(typed::<Grade>).transpose();
    let moved = grade("computed_grade")?.zip(grade("moved_to")?);
    let judgements: Vec<Judgement> = [
        arguments.number("rating")?.map(Judgement::Rating),
        grade("final_grade")?.map(Judgement::FinalGrade),
        moved.map(|(computed, given)| Judgement::Move { computed, given }),
    ]
    .into_iter()
    .flatten()
    .collect();
    let evidence = arguments.optional_list("evidence", |item| {
        let [kind, day] = tuple(item)?;
        Ok(Evidence { kind: typed(kind)?, date: date(day)? })
    })?;
    let comment = arguments.get("comment").map_or(Ok(""), text)?;
    Ok(json!(match examine(&judgements, &evidence, comment, period)? {
        Finding::NotNeeded => "NOT_NEEDED",
        Finding::Sufficient => "OK",
    }))
}

fn disclosure(arguments: Arguments) -> Result<Value> {
    let ratings = arguments
        .object("submitted")?
        .iter()
        .map(|(name, ratings)| Ok((name.as_str(), count(ratings)?)))
        .collect::<Result<_>>()?;
    let totals =
        arguments.optional_list("totals", |total| list(total)?.iter().map(text).collect())?;
    let anonymous = anonymous(arguments)?.into_iter().map(RaterType::as_str).collect();
    let mut submitted = Submitted { ratings, anonymous, minimum: 3, closed: true };
    submitted.minimum = arguments.count("minimum")?.unwrap_or(submitted.minimum);
    arguments.override_with("closed", &mut submitted.closed)?;
    let shown = submitted.shown(&totals)?;
    Ok(json!({"types": shown.types, "totals": shown.totals}))
}

fn manager_result_of(arguments: Arguments) -> Result<Value> {
    let mut settings = arguments.settings()?;
    arguments.override_number("team_lambda", &mut settings.manager.team_lambda)?;
    let own = arguments.required_number("own")?;
    let members = arguments.list_of("members", |member| {
        // A grade that the manager gave must be one, but plays no part.
        let [total, grade] = tuple(member)?;
        (!grade.is_null()).then(|| typed::<Grade>(grade)).transpose()?;
        optional_number(total)
    })?;
    let outcome = manager_outcome(&own, &members, &settings)?;
    Ok(json!([fixed(outcome.score, 2), outcome.grade, fixed(outcome.team, 2)]))
}
