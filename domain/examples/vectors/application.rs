//! Part H of the vectors: bonus, merit, promotion, training and PIPs.

use crate::arguments::{Arguments, date, list, number, text, tuple, typed, unreadable};
use domain::consequences::bonus::{
    self, Department, check_release, department_factor, distribute, pay_appeal,
};
use domain::consequences::grade::counting_grade;
use domain::consequences::merit::{self, Capped, Matrix, compa, increases, range_cap};
use domain::consequences::not_rated::{Presence, bonus_not_rated};
use domain::consequences::pip::{History, Suggestion, suggest};
use domain::consequences::promotion::{Candidate, Competency, Failure, Gate, gate};
use domain::consequences::training::{
    Assessment, Completion, Course, Importance, gaps, match_courses,
};
use domain::core::number::fixed;
use domain::scoring::settings::{BonusAllocation, BonusSettings, DistributionMode};
use domain::{Exact, Grade, Result, Rounding};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

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
        "appeal_pay" => answer_appeal_pay,
        "bonus_by_dept" => answer_bonus_by_department,
        "promotion_checks" => answer_promotion_checks,
        "course_match" => answer_courses,
        "pip_check" => answer_pip_check,
        "not_rated" => answer_not_rated,
        "consequence_grade" => answer_counting_grade,
        "bonus_release" => answer_release,
        _ => return None,
    };
    Some(answer(Arguments(input)))
}

fn answer_bonus(arguments: Arguments) -> Result<Value> {
    // In a vector each person carries the factor of the department, so each person forms a
    // department.
    let alone = |value: &Value| {
        let [name, base, grade, k_org, proration] = tuple(value)?;
        let person = bonus_person([name, base, grade, proration])?;
        Ok(Department { name: String::new(), k_org: number(k_org)?, people: vec![person] })
    };
    paid_people(arguments, arguments.list_of("people", alone)?)
}

fn answer_bonus_by_department(arguments: Arguments) -> Result<Value> {
    let grades = arguments
        .object("dept_grades")?
        .iter()
        .map(|(department, grade)| Ok((department.as_str(), typed(grade)?)))
        .collect::<Result<BTreeMap<&str, Grade>>>()?;
    let settings = BonusSettings::default();
    let alone = |value: &Value| {
        let [name, base, grade, department, proration] = tuple(value)?;
        let person = bonus_person([name, base, grade, proration])?;
        let k_org = department_factor(grades.get(text(department)?).copied(), &settings);
        Ok(Department { name: String::new(), k_org, people: vec![person] })
    };
    paid_people(arguments, arguments.list_of("people", alone)?)
}

/// Pays people from a pool, where each person forms a department.
fn paid_people(arguments: Arguments, departments: Vec<Department>) -> Result<Value> {
    let mut settings = BonusSettings::default();
    arguments.override_with("mode", &mut settings.mode)?;
    arguments.override_number("reserve", &mut settings.reserve_pct)?;
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
    Ok(json!(gate(&candidate(arguments)?).to_string()))
}

fn answer_promotion_checks(arguments: Arguments) -> Result<Value> {
    let mut candidate = candidate(arguments)?;
    let mut manager = false;
    arguments.override_with("manager", &mut manager)?;
    let team = arguments.number("team")?;
    if manager {
        candidate = candidate.managing(team)?;
    }
    let gate = gate(&candidate);
    let failed: Vec<String> = match &gate {
        Gate::Failed(failures) => failures.iter().map(Failure::to_string).collect(),
        Gate::AssessCompetencies | Gate::Nominate => Vec::new(),
    };
    Ok(json!({"next": gate.to_string(), "failed": failed}))
}

fn candidate(arguments: Arguments) -> Result<Candidate> {
    let mut candidate = Candidate {
        grades: grades(arguments)?,
        months_in_level: arguments.required_count("months_in_level")?,
        ..Candidate::default()
    };
    arguments.override_with("active_pip", &mut candidate.active_pip)?;
    arguments.override_with("veto_12m", &mut candidate.veto_in_12_months)?;
    candidate.competencies = arguments.optional_list("competencies", competency)?;
    Ok(candidate)
}

fn competency(value: &Value) -> Result<Competency> {
    let [required, assessed, critical] = tuple(value)?;
    Ok(Competency {
        required: number(required)?,
        assessed: number(assessed)?,
        critical: typed(critical)?,
    })
}

/// The least gap and the number of gaps that an input asks for.
fn wanted_gaps(arguments: Arguments) -> Result<(Exact, usize)> {
    let mut threshold = Exact::scaled(5, 1);
    arguments.override_number("threshold", &mut threshold)?;
    Ok((threshold, arguments.count("top")?.unwrap_or(3) as usize))
}

fn answer_courses(arguments: Arguments) -> Result<Value> {
    let assessments = arguments.list_of("gaps", assessment)?;
    let courses = arguments.list_of("courses", |course| {
        let [code, competency, from_level, to_level] = tuple(course)?;
        Ok(Course {
            code: text(code)?.into(),
            competency: text(competency)?.into(),
            from_level: number(from_level)?,
            to_level: number(to_level)?,
        })
    })?;
    let completed = arguments.list_of("completed", |completion| {
        let [code, day] = tuple(completion)?;
        Ok(Completion { code: text(code)?.into(), on: date(day)? })
    })?;
    let today = arguments.required_date("today")?;
    let (threshold, top) = wanted_gaps(arguments)?;
    let gaps = gaps(&assessments, &threshold, top)?;
    Ok(json!(match_courses(&gaps, &courses, &completed, today)?))
}

fn answer_training(arguments: Arguments) -> Result<Value> {
    let assessments = arguments.list_of("gaps", assessment)?;
    let (threshold, top) = wanted_gaps(arguments)?;
    let shown = |figure: &Exact| Ok(fixed(figure.round(2, Rounding::HalfUp)?, 2));
    gaps(&assessments, &threshold, top)?
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

/// The suggestion of a PIP. A low rank is no reason, so `rank_last` is not read.
fn suggestion(arguments: Arguments) -> Result<Suggestion> {
    let mut history = History {
        grades: grades(arguments)?,
        kpi_totals: arguments.numbers("kpi")?,
        tenure_months: arguments.count("tenure_months")?.unwrap_or(24),
        present_share: Exact::from(1),
        exploratory: false,
    };
    arguments.override_number("present_share", &mut history.present_share)?;
    arguments.override_with("exploratory", &mut history.exploratory)?;
    suggest(&history)
}

fn answer_pip(arguments: Arguments) -> Result<Value> {
    Ok(json!(suggestion(arguments)?.to_string()))
}

fn answer_pip_check(arguments: Arguments) -> Result<Value> {
    let (result, triggers, exemptions) = match suggestion(arguments)? {
        Suggestion::None => ("NONE", Vec::new(), Vec::new()),
        Suggestion::Suggested(triggers) => ("SUGGEST", triggers, Vec::new()),
        Suggestion::Exempt { triggers, exemptions } => ("EXEMPT", triggers, exemptions),
    };
    let triggers: Vec<String> = triggers.iter().map(ToString::to_string).collect();
    let exempt: Vec<String> = exemptions.iter().map(ToString::to_string).collect();
    Ok(json!({"result": result, "triggers": triggers, "exempt": exempt}))
}

fn answer_appeal_pay(arguments: Arguments) -> Result<Value> {
    let mut approved = false;
    arguments.override_with("extra_approved", &mut approved)?;
    let paid = pay_appeal(
        &arguments.named_numbers("published")?,
        text(arguments.required("appellant")?)?,
        &arguments.required_number("new_amount")?,
        &arguments.required_number("reserve")?,
        approved,
    )?;
    let amounts = amounts(paid.amounts.keys().map(String::as_str), paid.amounts.values());
    Ok(json!({
        "status": paid.status,
        "paid": money(paid.paid),
        "from_reserve": money(paid.from_reserve),
        "extra": money(paid.extra),
        "reserve_left": money(paid.reserve_left),
        "amounts": amounts,
    }))
}

fn answer_not_rated(arguments: Arguments) -> Result<Value> {
    let presence = Presence {
        tenure_months: arguments.required_number("tenure_months")?,
        present_share: arguments.required_number("present_share")?,
        hr_reason: arguments.get("hr_reason").map(typed).transpose()?,
    };
    let [mut base, mut k_org, mut proration] = [0, 1, 1].map(Exact::from);
    arguments.override_number("base", &mut base)?;
    arguments.override_number("k_org", &mut k_org)?;
    arguments.override_number("proration", &mut proration)?;
    let mut settings = BonusSettings::default();
    arguments.override_with("bonus_not_rated", &mut settings.not_rated)?;
    let reasons = presence.reasons()?;
    let bonus = bonus_not_rated(&base, &k_org, &proration, &settings)?;
    let bonus = (!reasons.is_empty()).then(|| money(bonus));
    Ok(json!({"not_rated": !reasons.is_empty(), "reasons": reasons, "bonus": bonus}))
}

fn answer_counting_grade(arguments: Arguments) -> Result<Value> {
    let mut mode = DistributionMode::default();
    arguments.override_with("mode", &mut mode)?;
    let reasons = arguments.optional_list("reasons", typed)?.into_iter().collect();
    let computed = arguments.required_as("computed")?;
    let found = counting_grade(computed, arguments.required_as("final_grade")?, &reasons, mode);
    Ok(json!([found.grade, found.distribution_shown]))
}

fn answer_release(arguments: Arguments) -> Result<Value> {
    let open = arguments.required_count("open_appeals")?;
    check_release(open, &arguments.required_number("reserve")?)?;
    Ok(json!("OK"))
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
