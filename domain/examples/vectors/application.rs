//! Part H of the vectors: bonus, merit, promotion, training and PIPs.

use crate::arguments::{Arguments, list, number, text, tuple, typed, unreadable};
use domain::consequences::bonus::{self, Department, distribute};
use domain::consequences::merit::{self, Capped, Matrix, compa, increases, range_cap};
use domain::consequences::pip::{History, suggest};
use domain::consequences::promotion::{Candidate, Competency, gate};
use domain::consequences::training::{Assessment, Importance, gaps};
use domain::core::number::fixed;
use domain::scoring::settings::{BonusAllocation, BonusSettings};
use domain::{Exact, Grade, Result, Rounding};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

/// Computes the functions of part H.
pub fn call(function: &str, input: &Value) -> Option<Result<Value>> {
    let answer = match function {
        "bonus" => answer_bonus,
        "bonus_two_level" => answer_bonus_two_level,
        "compa" => answer_compa,
        "merit" => answer_merit,
        "pip_trigger" => answer_pip,
        "promotion_gate" => answer_promotion,
        "range_cap" => answer_range_cap,
        "training" => answer_training,
        _ => return None,
    };
    Some(answer(Arguments(input)))
}

fn answer_bonus(arguments: Arguments) -> Result<Value> {
    let mut settings = BonusSettings::default();
    arguments.override_with("mode", &mut settings.mode)?;
    arguments.override_number("reserve", &mut settings.reserve_pct)?;
    // In a vector each person carries the factor of the department, so each person forms a
    // department.
    let alone = |value: &Value| {
        let [name, base, grade, k_org, proration] = tuple(value)?;
        let person = bonus_person([name, base, grade, proration])?;
        Ok(Department { name: String::new(), k_org: number(k_org)?, people: vec![person] })
    };
    let departments = arguments.list("people")?.iter().map(alone).collect::<Result<Vec<_>>>()?;
    let paid = distribute(&departments, &arguments.required_number("pool")?, &settings)?;
    let people = departments.iter().flat_map(|department| &department.people);
    let mut answer = amounts(people.map(|p| p.number.as_str()), paid.payments.iter().flatten());
    answer.insert("_total".into(), money(paid.total));
    answer.insert("_unallocated".into(), money(paid.unallocated));
    Ok(answer.into())
}

fn answer_bonus_two_level(arguments: Arguments) -> Result<Value> {
    let settings =
        BonusSettings { allocation: BonusAllocation::TwoLevel, ..BonusSettings::default() };
    let department = |value: &Value| {
        let [name, k_org, people] = tuple(value)?;
        let people = list(people)?.iter().map(|person| bonus_person(tuple(person)?.each_ref()));
        Ok(Department {
            name: text(name)?.into(),
            k_org: number(k_org)?,
            people: people.collect::<Result<_>>()?,
        })
    };
    let departments =
        arguments.list("depts")?.iter().map(department).collect::<Result<Vec<_>>>()?;
    let paid = distribute(&departments, &arguments.required_number("pool")?, &settings)?;
    let mut answer = Map::new();
    for (department, payments) in departments.iter().zip(&paid.payments) {
        answer.insert(department.name.clone(), money(payments.iter().sum()));
        let numbers = department.people.iter().map(|person| person.number.as_str());
        answer.extend(amounts(numbers, payments));
    }
    answer.insert("_unallocated".into(), money(paid.unallocated));
    Ok(answer.into())
}

fn bonus_person([name, base, grade, proration]: [&Value; 4]) -> Result<bonus::Person> {
    Ok(bonus::Person {
        number: text(name)?.into(),
        base: number(base)?,
        grade: typed(grade)?,
        proration: number(proration)?,
    })
}

fn answer_compa(arguments: Arguments) -> Result<Value> {
    let exact = compa(&arguments.required_number("salary")?, &arguments.required_number("mid")?)?;
    Ok(json!(fixed(exact.round(4, Rounding::HalfUp)?, 4)))
}

fn answer_merit(arguments: Arguments) -> Result<Value> {
    let person = |value: &Value| {
        let [name, salary, midpoint, grade] = tuple(value)?;
        Ok(merit::Person {
            number: text(name)?.into(),
            salary: number(salary)?,
            midpoint: number(midpoint)?,
            grade: typed(grade)?,
        })
    };
    let people = arguments.list("people")?.iter().map(person).collect::<Result<Vec<_>>>()?;
    let paid = increases(&people, &arguments.required_number("budget")?, &Matrix::default())?;
    let mut answer = amounts(people.iter().map(|person| person.number.as_str()), &paid);
    answer.insert("_total".into(), money(paid.iter().sum()));
    Ok(answer.into())
}

fn answer_range_cap(arguments: Arguments) -> Result<Value> {
    let [salary, increase, range_max] =
        ["salary", "increase", "range_max"].map(|name| arguments.required_number(name));
    let Capped { salary, lump_sum } = range_cap(&salary?, &increase?, &range_max?)?;
    Ok(json!([money(salary), money(lump_sum)]))
}

fn answer_promotion(arguments: Arguments) -> Result<Value> {
    let mut candidate = Candidate {
        grades: grades(arguments)?,
        months_in_level: arguments.required_count("months_in_level")?,
        ..Candidate::default()
    };
    arguments.override_with("active_pip", &mut candidate.active_pip)?;
    arguments.override_with("veto_12m", &mut candidate.veto_in_12_months)?;
    if let Some(competencies) = arguments.get("competencies") {
        candidate.competencies =
            list(competencies)?.iter().map(competency).collect::<Result<_>>()?;
    }
    Ok(json!(gate(&candidate).to_string()))
}

fn competency(value: &Value) -> Result<Competency> {
    let [required, assessed, critical] = tuple(value)?;
    Ok(Competency {
        required: number(required)?,
        assessed: number(assessed)?,
        critical: typed(critical)?,
    })
}

fn answer_training(arguments: Arguments) -> Result<Value> {
    let assessments = arguments.list("gaps")?.iter().map(assessment).collect::<Result<Vec<_>>>()?;
    let mut threshold = Exact::scaled(5, 1);
    arguments.override_number("threshold", &mut threshold)?;
    let top = arguments.count("top")?.unwrap_or(3);
    let shown = |figure: &Exact| Ok(fixed(figure.round(2, Rounding::HalfUp)?, 2));
    gaps(&assessments, &threshold, top as usize)?
        .iter()
        .map(|gap| {
            let name = &gap.assessment.competency;
            Ok(json!([name, shown(&gap.size)?, shown(&gap.priority)?]))
        })
        .collect()
}

fn assessment(value: &Value) -> Result<Assessment> {
    let [name, required, assessed, importance] = tuple(value)?;
    let importance = match number(importance)?.to_i128() {
        Some(1) => Importance::Low,
        Some(2) => Importance::Medium,
        Some(3) => Importance::High,
        _ => return Err(unreadable(importance)),
    };
    Ok(Assessment {
        competency: text(name)?.into(),
        required: number(required)?,
        assessed: number(assessed)?,
        importance,
    })
}

fn answer_pip(arguments: Arguments) -> Result<Value> {
    // A low rank is no reason, so `rank_last` is not read.
    let mut present_share = Exact::from(1);
    arguments.override_number("present_share", &mut present_share)?;
    let suggestion = suggest(&History {
        grades: grades(arguments)?,
        kpi_totals: arguments.numbers("kpi")?,
        tenure_months: arguments.count("tenure_months")?.unwrap_or(24),
        present_share,
        exploratory: false,
    });
    Ok(json!(suggestion.to_string()))
}

/// Grades given as a row of letters, oldest first.
fn grades(arguments: Arguments) -> Result<Vec<Grade>> {
    let letters: String = arguments.required_as("grades")?;
    letters.chars().map(|letter| letter.to_string().parse()).collect()
}

fn amounts<'a>(
    names: impl Iterator<Item = &'a str>,
    paid: impl IntoIterator<Item = &'a Decimal>,
) -> Map<String, Value> {
    names.zip(paid).map(|(name, amount)| (name.to_owned(), money(*amount))).collect()
}

fn money(amount: Decimal) -> Value {
    json!(fixed(amount, 2))
}
