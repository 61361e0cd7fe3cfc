//! Part G of the vectors: warnings.

use crate::arguments::{Arguments, number, tuple, typed};
use domain::Result;
use domain::core::calendar::Period;
use domain::scoring::risk::burn::{BurnState, burn_risk};
use domain::scoring::risk::progress::{GoalState, goal_risk};
use domain::scoring::risk::schedule::{Moment, Plan};
use domain::scoring::risk::staleness::{staleness, task_level};
use domain::scoring::settings::RiskSettings;
use serde_json::{Value, json};

/// Computes the functions of part G.
pub fn call(function: &str, input: &Value) -> Option<Result<Value>> {
    let arguments = Arguments(input);
    Some(match function {
        "burn_risk" => burn(arguments),
        "goal_risk" => goal(arguments),
        "stale" => stale(arguments),
        "task_level" => task(arguments),
        _ => return None,
    })
}

fn moment(arguments: Arguments) -> Result<Moment> {
    let (start, end) = (arguments.required_as("start")?, arguments.required_as("end")?);
    Ok(Moment { period: Period::new(start, end)?, today: arguments.required_as("today")? })
}

fn goal(arguments: Arguments) -> Result<Value> {
    let mut settings = RiskSettings::default();
    settings.recent_days = arguments.count("window")?.unwrap_or(settings.recent_days);
    let point = |value: &Value| {
        let [date, share] = tuple(value)?;
        Ok((typed(date)?, number(share)?))
    };
    let plan = match arguments.get("plan") {
        None => None,
        Some(_) => {
            let points = arguments.list("plan")?.iter().map(point).collect::<Result<_>>()?;
            Some(Plan::new(points)?)
        }
    };
    let state = GoalState {
        moment: moment(arguments)?,
        progress: arguments.required_number("progress")?,
        recent: arguments.number("recent")?,
        plan,
    };
    let risk = goal_risk(&state, &settings)?;
    Ok(json!([
        risk.expected,
        risk.spi,
        risk.pace,
        risk.required_pace,
        risk.projected,
        risk.projected_date,
        risk.delay_days,
        risk.level,
    ]))
}

fn burn(arguments: Arguments) -> Result<Value> {
    let state = BurnState {
        moment: moment(arguments)?,
        actual: arguments.required_number("actual")?,
        target: arguments.required_number("target")?,
    };
    let risk = burn_risk(&state, &RiskSettings::default())?;
    Ok(json!([risk.expected, risk.used, risk.spi, risk.projected, risk.level]))
}

fn stale(arguments: Arguments) -> Result<Value> {
    let days_since = arguments.required_count("days_since")?;
    Ok(json!(staleness(days_since, arguments.required_count("cadence")?)?))
}

fn task(arguments: Arguments) -> Result<Value> {
    let (due, today) = (arguments.required_as("due")?, arguments.required_as("today")?);
    let done = arguments.required_as("done")?;
    Ok(json!(task_level(due, today, done, &RiskSettings::default())))
}
