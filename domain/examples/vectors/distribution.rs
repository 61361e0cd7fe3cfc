//! Part E of the vectors: distribution and the nine-box grid.

use crate::arguments::{
    Arguments, count, list, number, optional_text, text, tuple, typed, unreadable,
};
use domain::core::number::shown;
use domain::reviews::move_check::{MoveCheck, MoveFault};
use domain::scoring::distribution::{
    ChiSquare, Counts, Merits, Method, Placement, Standing, check, chi_square, compare, exact_p,
    forbidden, pool_units, pools, quota, rank, target_shares, tolerance,
};
use domain::scoring::nine_box::NineBox;
use domain::scoring::scale::PerGrade;
use domain::scoring::settings::{DistributionMode, DistributionSettings};
use domain::{Code, Exact, Grade, Result, Rounding};
use serde_json::{Map, Value, json};

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
        "pools_tree" => answer_unit_pools,
        "quota_people" => answer_quota_people,
        "linked_quota" => answer_linked_quota,
        "rank_ties" => answer_rank,
        "dist_test" => answer_test,
        "move_check" => answer_move,
        "nine_box_label" => answer_nine_box_label,
        _ => return None,
    };
    Some(answer(Arguments(input)))
}

fn settings(arguments: Arguments) -> Result<DistributionSettings> {
    let mut settings = DistributionSettings::default();
    arguments.override_with("mode", &mut settings.mode)?;
    arguments.override_with("tie", &mut settings.tie)?;
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
    Ok(json!(counts.as_ref().map(row)))
}

/// Counts in the order of the grades, best first.
fn row(counts: &Counts) -> Vec<u32> {
    counts.iter().copied().collect()
}

fn answer_linked_quota(arguments: Arguments) -> Result<Value> {
    let people = arguments.required_count("n")?;
    let department = arguments.get("dept_grade").map(typed).transpose()?;
    let mut settings = DistributionSettings { link_dept_grade: true, ..settings(arguments)? };
    arguments.override_with("link_dept_grade", &mut settings.link_dept_grade)?;
    let shares = target_shares(&settings, department);
    let counts = quota(people, &shares, settings.min_group)?;
    Ok(json!([shares.iter().collect::<Vec<_>>(), counts.as_ref().map(row)]))
}

fn answer_quota_people(arguments: Arguments) -> Result<Value> {
    let DistributionSettings { shares, min_group, .. } = settings(arguments)?;
    let people = arguments.list_of("people", |person| {
        let [id, tenure, leave, role] = tuple(person)?;
        let standing = Standing {
            tenure_months: number(tenure)?,
            leave_share: number(leave)?,
            executive: text(role)? == "EXEC",
        };
        Ok((text(id)?, standing.exclusions()?))
    })?;
    if people.is_empty() {
        return Err(Code::EmptyInput.because("there are no people"));
    }
    let excluded = people.iter().filter(|(_, reasons)| !reasons.is_empty());
    let excluded: Map<String, Value> =
        excluded.map(|(id, reasons)| ((*id).to_owned(), json!(reasons))).collect();
    let counted = people.iter().filter(|(_, reasons)| reasons.is_empty()).count() as u32;
    let counts = quota(counted, &shares, min_group)?;
    Ok(json!({"excluded": excluded, "n": counted, "quota": counts.as_ref().map(row)}))
}

fn answer_unit_pools(arguments: Arguments) -> Result<Value> {
    let units = arguments.list_of("units", |unit| {
        let [code, parent, people] = tuple(unit)?;
        Ok((text(code)?, optional_text(parent)?, count(people)?))
    })?;
    let found = pool_units(&units, settings(arguments)?.min_group)?;
    Ok(json!({"pools": found.pools, "without_quota": found.without_quota}))
}

fn answer_test(arguments: Arguments) -> Result<Value> {
    let counts: Vec<u32> = arguments.list_of("observed", count)?;
    let counts: [u32; 5] =
        counts.try_into().map_err(|_| Code::InputInvalid.because("there are five grades"))?;
    let (observed, shares) = (PerGrade::new(counts), settings(arguments)?.shares);
    let tested = compare(&observed, &shares)?;
    let letters = |grades: Vec<Grade>| grades.into_iter().map(Grade::as_str).collect::<String>();
    let (test, fit) = match tested.as_ref().map(|found| &found.method) {
        Ok(Method::ChiSquare(fit)) => (Some("chi2"), Some(fit)),
        Ok(Method::MergedChiSquare(fit)) => (Some("chi2_merged"), Some(fit)),
        Ok(Method::ExactMultinomial) => (Some("exact"), None),
        Err(_) => (None, None),
    };
    let flag = match &tested {
        Ok(found) if found.differs() => json!("DIST_DIFFERS"),
        Ok(_) => json!("NONE"),
        Err(reason) => json!(reason),
    };
    Ok(json!({
        "test": test,
        "x": fit.map(|fit| shown_statistic(&fit.statistic)),
        "df": fit.map(|fit| fit.df),
        "p": tested.as_ref().ok().map(|found| six_digits(found.p)),
        "flag": flag,
        "violation": letters(forbidden(&observed, &shares)),
    }))
}

fn answer_move(arguments: Arguments) -> Result<Value> {
    let given = |name| arguments.get(name).map_or(Ok(""), text);
    let mut mode = DistributionMode::default();
    arguments.override_with("mode", &mut mode)?;
    let check = MoveCheck {
        ratee: text(arguments.required("ratee")?)?,
        computed: arguments.required_as("computed")?,
        from: arguments.required_as("from_grade")?,
        to: arguments.required_as("to_grade")?,
        reasons: arguments.list_of("reasons", text)?,
        text: given("text")?,
        evidence: arguments.count("evidence")?.unwrap_or_default(),
        proposer: arguments.get("proposer").map(text).transpose()?,
        approvers: arguments.optional_list("approvers", text)?,
        mode,
        veto_cap: arguments.get("veto_cap").map(typed).transpose()?,
        sentence: given("sentence")?,
    };
    Ok(check.faults().iter().map(MoveFault::to_string).collect())
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
    let placements = rank(&merits, &quotas, &settings(arguments)?)?;
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
            json!([shown_statistic(&statistic), df, six_digits(p)])
        }
        Err(reason) => json!(reason),
    })
}

fn answer_multinomial(arguments: Arguments) -> Result<Value> {
    let (observed, shares) = counts_and_shares(arguments)?;
    Ok(exact_p(&observed, &shares)?.map_or_else(|reason| json!(reason), |p| json!(six_digits(p))))
}

fn answer_nine_box(arguments: Arguments) -> Result<Value> {
    Ok(json!(nine_box(arguments)?.number()))
}

fn answer_nine_box_label(arguments: Arguments) -> Result<Value> {
    let place = nine_box(arguments)?;
    Ok(json!([place.number(), place.label()]))
}

fn nine_box(arguments: Arguments) -> Result<NineBox> {
    let grade = arguments.required_as("final_grade")?;
    NineBox::place(grade, &arguments.required_number("potential")?)
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

/// An exact statistic with 4 digits.
fn shown_statistic(statistic: &Exact) -> f64 {
    statistic.rounded(4, Rounding::HalfUp).to_f64()
}

/// A p-value, rounded to 6 digits.
fn six_digits(p: f64) -> f64 {
    shown(p, 6)
}
