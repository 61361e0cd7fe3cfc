//! Part E of the vectors: distribution and the nine-box grid.

use crate::arguments::{Arguments, count, list, number, text, tuple, unreadable};
use domain::core::number::shown;
use domain::scoring::distribution::{
    ChiSquare, Merits, Placement, check, chi_square, exact_p, pools, quota, rank, tolerance,
};
use domain::scoring::nine_box::NineBox;
use domain::scoring::scale::PerGrade;
use domain::scoring::settings::DistributionSettings;
use domain::{Code, Exact, Result, Rounding};
use serde_json::{Value, json};

/// Computes the functions of part E.
pub fn call(function: &str, input: &Value) -> Option<Result<Value>> {
    let answer = match function {
        "check_dist" => answer_check,
        "chi2_gof" => answer_chi_square,
        "multinomial_exact" => answer_multinomial,
        "nine_box" => answer_nine_box,
        "pools" => answer_pools,
        "quota" => answer_quota,
        "rank_grades" => answer_rank,
        "tolerance" => answer_tolerance,
        _ => return None,
    };
    Some(answer(Arguments(input)))
}

fn settings(arguments: Arguments) -> Result<DistributionSettings> {
    let mut settings = DistributionSettings::default();
    arguments.override_with("mode", &mut settings.mode)?;
    arguments.override_number("pp", &mut settings.tolerance_pp)?;
    if let Some(least) = arguments.count("min_group")? {
        settings.min_group = least;
    }
    if let Some(shares) = arguments.get("shares") {
        settings.shares = per_grade(shares, number)?;
    }
    Ok(settings)
}

fn answer_quota(arguments: Arguments) -> Result<Value> {
    let DistributionSettings { shares, min_group, .. } = settings(arguments)?;
    let counts = quota(arguments.required_count("n")?, &shares, min_group)?;
    Ok(json!(counts.map(|counts| counts.iter().copied().collect::<Vec<_>>())))
}

fn answer_tolerance(arguments: Arguments) -> Result<Value> {
    let people = arguments.required_count("n")?;
    let allowed = tolerance(people, &settings(arguments)?.tolerance_pp);
    Ok(json!(allowed.to_i128().map(|allowed| allowed as i64)))
}

fn answer_check(arguments: Arguments) -> Result<Value> {
    let observed = per_grade(arguments.required("observed")?, count)?;
    Ok(json!(check(&observed, &settings(arguments)?)?.to_string()))
}

fn answer_pools(arguments: Arguments) -> Result<Value> {
    let groups: Vec<(&str, u32)> = arguments
        .object("groups")?
        .iter()
        .map(|(name, people)| Ok((name.as_str(), count(people)?)))
        .collect::<Result<_>>()?;
    let pools = pools(&groups, settings(arguments)?.min_group)?;
    let named = pools.into_iter().map(|pool| {
        let parent = pool.joins_parent.then_some("^parent");
        parent.into_iter().chain(pool.members).collect::<Vec<_>>()
    });
    Ok(named.collect())
}

fn answer_rank(arguments: Arguments) -> Result<Value> {
    let quotas = per_grade(arguments.required("quotas")?, count)?;
    let people = arguments.list("people")?.iter().map(list).collect::<Result<Vec<_>>>()?;
    let merits = people.iter().map(|person| merits(person)).collect::<Result<Vec<_>>>()?;
    let placements = rank(&merits, &quotas, &DistributionSettings::default())?;
    let named = |(person, placement): (&&[Value], Placement)| {
        let name = person.first().map(text).transpose()?.unwrap_or_default();
        Ok((name.to_owned(), json!(placement.to_string())))
    };
    people.iter().zip(placements).map(named).collect()
}

/// Reads a person: name, composite, performance and, where there is one, collaboration.
fn merits(person: &[Value]) -> Result<Merits> {
    let (composite, performance, collaboration) = match person {
        [_, composite, performance] => (composite, performance, None),
        [_, composite, performance, collaboration] => (composite, performance, Some(collaboration)),
        other => return Err(unreadable(&json!(other))),
    };
    Ok(Merits {
        composite: number(composite)?,
        performance: number(performance)?,
        collaboration: collaboration.map(number).transpose()?,
    })
}

fn answer_chi_square(arguments: Arguments) -> Result<Value> {
    let (observed, shares) = counts_and_shares(arguments)?;
    Ok(match chi_square(&observed, &shares)? {
        Ok(ChiSquare { statistic, df, p }) => {
            let shown = statistic.round(4, Rounding::HalfUp)?;
            json!([shown.to_string().parse::<f64>().ok(), df, six_digits(p)])
        }
        Err(reason) => json!(reason),
    })
}

fn answer_multinomial(arguments: Arguments) -> Result<Value> {
    let (observed, shares) = counts_and_shares(arguments)?;
    Ok(exact_p(&observed, &shares)?.map_or_else(|reason| json!(reason), |p| json!(six_digits(p))))
}

fn answer_nine_box(arguments: Arguments) -> Result<Value> {
    let potential = arguments.required_number("potential")?;
    let grade = arguments.required_as("final_grade")?;
    Ok(json!(NineBox::place(grade, &potential)?.number()))
}

fn counts_and_shares(arguments: Arguments) -> Result<(Vec<u32>, Vec<Exact>)> {
    let observed = arguments.list("observed")?.iter().map(count).collect::<Result<_>>()?;
    Ok((observed, arguments.numbers("shares")?))
}

/// Five values in the order of the grades, best first.
fn per_grade<T>(value: &Value, read: impl Fn(&Value) -> Result<T>) -> Result<PerGrade<T>> {
    if list(value)?.is_empty() {
        return Err(Code::EmptyInput.because("there is no value for any grade"));
    }
    let [s, a, b, c, d] = tuple(value)?;
    Ok(PerGrade::new([read(s)?, read(a)?, read(b)?, read(c)?, read(d)?]))
}

/// A p-value, rounded to 6 digits.
fn six_digits(p: f64) -> f64 {
    shown(p, 6)
}
