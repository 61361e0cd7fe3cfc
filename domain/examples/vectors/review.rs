//! Part D of the vectors: from ratings to a result; also working days.

use crate::arguments::{Arguments, list, number, optional_number, typed};
use domain::core::calendar::WorkCalendar;
use domain::scoring::review::composite::{WeightedScore, composite, manager_result};
use domain::scoring::review::dimension::{Dimension, Raters};
use domain::scoring::review::rater::{RaterType, mean_rating};
use domain::scoring::settings::{ReviewSettings, Settings};
use domain::{Result, Rounding};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Computes the functions of part D.
pub fn call(function: &str, input: &Value) -> Option<Result<Value>> {
    let arguments = Arguments(input);
    Some(match function {
        "add_workdays" => add_workdays(arguments),
        "category_mean" => category_mean(arguments),
        "composite" => composite_of(arguments),
        "dimension" => dimension(arguments),
        "manager_rating" => manager_rating(arguments),
        _ => return None,
    })
}

fn category_mean(arguments: Arguments) -> Result<Value> {
    let mean = mean_rating(&arguments.numbers("xs")?, &ReviewSettings::default())?;
    Ok(json!(mean.round(4, Rounding::HalfUp)?))
}

fn dimension(arguments: Arguments) -> Result<Value> {
    let mut settings = Settings::default();
    arguments.override_with("anonymity", &mut settings.review.anonymity_min)?;
    arguments.override_with("policy", &mut settings.review.small_category)?;
    arguments.override_number("min_share", &mut settings.review.min_weight_share)?;
    let mut mandatory = vec![RaterType::Manager];
    arguments.override_with("mandatory", &mut mandatory)?;

    let mut raters: BTreeMap<RaterType, Raters> = BTreeMap::new();
    for (name, weight) in arguments.object("weights")? {
        raters.entry(rater_type(name)?).or_default().weight = number(weight)?;
    }
    for (name, ratings) in arguments.object("ratings")? {
        let ratings = list(ratings)?.iter().map(number).collect::<Result<_>>()?;
        raters.entry(rater_type(name)?).or_default().ratings = ratings;
    }
    let dimension = Dimension { raters, mandatory, anonymous_customers: false };
    let result = dimension.result(&settings)?;
    let mut used: Vec<&str> = result.groups.iter().map(|used| used.group.as_str()).collect();
    used.sort_unstable();
    Ok(json!([result.rating, result.score.round(2, Rounding::HalfUp)?, used]))
}

fn rater_type(name: &str) -> Result<RaterType> {
    typed(json!(name))
}

fn composite_of(arguments: Arguments) -> Result<Value> {
    let scores = Arguments(arguments.required("scores")?);
    let dimension = |(name, weight): (&String, &Value)| {
        let score = scores.get(name).map_or(Ok(None), optional_number)?;
        Ok(WeightedScore { weight: number(weight)?, score })
    };
    let dimensions: Vec<_> =
        arguments.object("weights")?.iter().map(dimension).collect::<Result<_>>()?;
    let result = composite(&dimensions, &arguments.settings()?)?;
    Ok(json!([result.score, result.grade]))
}

fn manager_rating(arguments: Arguments) -> Result<Value> {
    let mut settings = arguments.settings()?;
    arguments.override_number("lam", &mut settings.manager.team_lambda)?;
    let own = arguments.required_number("own")?;
    Ok(json!(manager_result(&own, &arguments.numbers("team_kpi")?, &settings)?))
}

fn add_workdays(arguments: Arguments) -> Result<Value> {
    let mut calendar = WorkCalendar::default();
    arguments.override_with("holidays", &mut calendar.holidays)?;
    arguments.override_with("makeup", &mut calendar.makeup_workdays)?;
    let start = arguments.required_as("start")?;
    Ok(json!(calendar.add_workdays(start, arguments.required_count("n")?)?))
}
