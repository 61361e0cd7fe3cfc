//! Part G of the vectors: warnings.

use crate::arguments::{Arguments, date, list, number, period, text, tuple, typed};
use crate::okr::confidence;
use domain::Result;
use domain::scoring::risk::burn::{BurnState, burn_risk};
use domain::scoring::risk::dependency::{Dependency, Task, dependency_risk};
use domain::scoring::risk::progress::{GoalState, goal_risk};
use domain::scoring::risk::schedule::{Moment, Plan};
use domain::scoring::risk::staleness::{staleness, task_level};
use domain::scoring::risk::warning::{Evaluation, follow};
use domain::scoring::risk::{Level, Recipient};
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
        "dependency_risk" => dependencies(arguments),
        "warnings" => warnings(arguments),
        "risk_with_confidence" => with_confidence(arguments),
        _ => return None,
    })
}

fn moment(arguments: Arguments) -> Result<Moment> {
    let period = period(arguments.required("start")?, arguments.required("end")?)?;
    Ok(Moment { period, today: arguments.required_date("today")? })
}

fn goal(arguments: Arguments) -> Result<Value> {
    let mut settings = RiskSettings::default();
    settings.recent_days = arguments.count("window")?.unwrap_or(settings.recent_days);
    let point = |value: &Value| {
        let [day, share] = tuple(value)?;
        Ok((date(day)?, number(share)?))
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
    let (due, today) = (arguments.required_date("due")?, arguments.required_date("today")?);
    let done = arguments.required_as("done")?;
    Ok(json!(task_level(due, today, done, &RiskSettings::default())))
}

fn dependencies(arguments: Arguments) -> Result<Value> {
    let today = arguments.required_date("today")?;
    let tasks = arguments.list_of("items", |item| {
        let [id, due, done, forecast] = tuple(item)?;
        let forecast = (!forecast.is_null()).then(|| date(forecast)).transpose()?;
        Ok(Task { id: text(id)?, due: date(due)?, done: typed(done)?, forecast })
    })?;
    let links = arguments.list_of("links", |link| {
        let [upstream, downstream, needed] = tuple(link)?;
        let (upstream, downstream) = (text(upstream)?, text(downstream)?);
        Ok(Dependency { upstream, downstream, needed: date(needed)? })
    })?;
    let found = dependency_risk(&tasks, &links, today)?;
    let slack = links.iter().zip(found.slack_days);
    let slack: Vec<_> =
        slack.map(|(link, days)| json!([link.upstream, link.downstream, days])).collect();
    Ok(json!({"slack": slack, "at_risk": found.at_risk}))
}

fn warnings(arguments: Arguments) -> Result<Value> {
    let evaluations = arguments.list_of("evaluations", |evaluation| {
        let [on, components, event] = tuple(evaluation)?;
        let components = list(components)?.iter().map(typed).collect::<Result<_>>()?;
        Ok(Evaluation { on: date(on)?, components, confidence_event: typed(event)? })
    })?;
    let told = follow(&evaluations, &RiskSettings::default())?;
    let label = |recipient: &Recipient| match recipient {
        Recipient::Owner => "OWNER",
        Recipient::Manager => "MGR",
        Recipient::DepartmentHead => "HEAD",
        Recipient::Hrbp => "HRBP",
    };
    let row = |it: domain::scoring::risk::warning::Told| {
        json!([it.level, it.recipients.iter().map(label).collect::<Vec<_>>()])
    };
    Ok(told.into_iter().map(row).collect())
}

fn with_confidence(arguments: Arguments) -> Result<Value> {
    let level: Level = arguments.required_as("level")?;
    Ok(json!(level.after_check_ins(&confidence(arguments)?)))
}
