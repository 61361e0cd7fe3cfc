//! Salary increases by grade and position in the salary range (调薪矩阵). Implements H.2.

use crate::consequences::payout::{Claim, not_negative, pay_within};
use crate::core::error::{Code, Result};
use crate::core::number::{Exact, Rounding};
use crate::scoring::scale::{Grade, PerGrade};
use rust_decimal::Decimal;

/// Number of monthly amounts that one lump sum replaces.
const MONTHS: i64 = 12;

/// Increases in percent of the salary, by grade and compa-ratio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// The compa-ratio from which the second column applies.
    pub middle_from: Exact,
    /// The compa-ratio from which the third column applies.
    pub high_from: Exact,
    /// Percent for the three columns of each grade.
    pub percent: PerGrade<[Exact; 3]>,
}

impl Default for Matrix {
    fn default() -> Matrix {
        let percent = [[8, 6, 4], [6, 4, 3], [4, 3, 2], [1, 0, 0], [0, 0, 0]];
        Matrix {
            middle_from: Exact::scaled(90, 2),
            high_from: Exact::scaled(110, 2),
            percent: PerGrade::new(percent.map(|columns| columns.map(Exact::from))),
        }
    }
}

impl Matrix {
    fn percent(&self, grade: Grade, compa: &Exact) -> &Exact {
        let [low, middle, high] = self.percent.get(grade);
        if *compa < self.middle_from {
            low
        } else if *compa < self.high_from {
            middle
        } else {
            high
        }
    }
}

/// A person whose salary is reviewed. Salary and midpoint are for the same span, usually a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Employee number; decides ties.
    pub number: String,
    /// Present salary.
    pub salary: Exact,
    /// Midpoint of the salary range; must be above 0.
    pub midpoint: Exact,
    /// Final grade.
    pub grade: Grade,
}

/// The exact compa-ratio: salary divided by midpoint.
///
/// # Errors
/// `AMOUNT_INVALID` for a negative salary, `SALARY_MIDPOINT_INVALID` for a midpoint that is not
/// above 0.
pub fn compa(salary: &Exact, midpoint: &Exact) -> Result<Exact> {
    not_negative("the salary", salary)?;
    Some(midpoint)
        .filter(|midpoint| midpoint.is_positive())
        .and_then(|midpoint| salary.checked_div(midpoint))
        .ok_or_else(|| Code::SalaryMidpointInvalid.because(format!("the midpoint is {midpoint}")))
}

/// The increase of each person, in the order of the input, scaled down if the budget is too small.
/// Amounts have 2 decimal places, and their sum never exceeds the budget.
///
/// # Errors
/// `EMPTY_INPUT` for an empty list of people, `AMOUNT_INVALID` for a negative budget or salary,
/// `SALARY_MIDPOINT_INVALID` for a midpoint that is not above 0, `NUMBER_OVERFLOW` for amounts that
/// a decimal cannot hold.
pub fn increases(people: &[Person], budget: &Exact, matrix: &Matrix) -> Result<Vec<Decimal>> {
    if people.is_empty() {
        return Err(Code::EmptyInput.because("there is nobody to pay"));
    }
    not_negative("the budget", budget)?;
    let claims = people
        .iter()
        .map(|person| {
            let percent = matrix.percent(person.grade, &compa(&person.salary, &person.midpoint)?);
            let amount = &person.salary * percent * Exact::scaled(1, 2);
            Ok(Claim { number: &person.number, amount })
        })
        .collect::<Result<Vec<_>>>()?;
    pay_within(budget, &claims)
}

/// An increase, limited to the maximum of the salary range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capped {
    /// New monthly salary, 2 decimal places.
    pub salary: Decimal,
    /// The part of 12 monthly increases above the range, paid once, 2 decimal places.
    pub lump_sum: Decimal,
}

/// Raises a monthly salary up to the maximum of its range and pays the rest of the increase as a
/// lump sum. A salary already above the maximum is not lowered.
///
/// # Errors
/// `AMOUNT_INVALID` for a negative amount, `NUMBER_OVERFLOW` for amounts that a decimal cannot
/// hold.
pub fn range_cap(salary: &Exact, increase: &Exact, range_max: &Exact) -> Result<Capped> {
    not_negative("the salary", salary)?;
    not_negative("the increase", increase)?;
    not_negative("the maximum of the range", range_max)?;
    let raised = salary + increase;
    let base = raised.clone().min(range_max.max(salary).clone());
    let lump_sum = (raised - &base) * Exact::from(MONTHS);
    Ok(Capped {
        salary: base.round(2, Rounding::HalfUp)?,
        lump_sum: lump_sum.round(2, Rounding::HalfUp)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn person(number: &str, salary: i64, midpoint: i64, grade: Grade) -> Person {
        Person { number: number.into(), salary: salary.into(), midpoint: midpoint.into(), grade }
    }

    #[test]
    fn columns_include_their_lower_bounds() {
        let matrix = Matrix::default();
        for (compa, percents) in [
            ("0.8999", [8, 6, 4, 1, 0]),
            ("0.9", [6, 4, 3, 0, 0]),
            ("1.0999", [6, 4, 3, 0, 0]),
            ("1.1", [4, 3, 2, 0, 0]),
        ] {
            let compa = compa.parse().unwrap();
            let found = Grade::ALL.map(|grade| matrix.percent(grade, &compa).clone());
            assert_eq!(found, percents.map(Exact::from));
        }
    }

    #[test]
    fn an_increase_is_a_percentage_of_the_salary_within_the_budget() {
        let people = [
            person("m1", 10_000, 12_500, Grade::S),
            person("m2", 12_000, 12_000, Grade::A),
            person("m3", 15_000, 13_000, Grade::B),
        ];
        for (budget, expected) in
            [(2_000, ["800.00", "480.00", "300.00"]), (1_200, ["607.59", "364.56", "227.85"])]
        {
            let paid = increases(&people, &budget.into(), &Matrix::default()).unwrap();
            assert_eq!(paid.iter().map(Decimal::to_string).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn invalid_money_is_refused() {
        let code = |people: &[Person], budget: i64| {
            increases(people, &budget.into(), &Matrix::default()).unwrap_err().code
        };
        assert_eq!(code(&[], 1), Code::EmptyInput);
        assert_eq!(code(&[person("1", 1, 1, Grade::B)], -1), Code::AmountInvalid);
        assert_eq!(code(&[person("1", -1, 1, Grade::B)], 1), Code::AmountInvalid);
        for midpoint in [0, -1] {
            let people = [person("1", 1, midpoint, Grade::B)];
            assert_eq!(code(&people, 1), Code::SalaryMidpointInvalid);
        }
        let negative = range_cap(&1.into(), &(-1).into(), &1.into()).unwrap_err();
        assert_eq!(negative.code, Code::AmountInvalid);
    }

    #[test]
    fn a_salary_above_its_range_stays() {
        let capped = range_cap(&16_000.into(), &100.into(), &15_000.into()).unwrap();
        assert_eq!(
            (capped.salary.to_string(), capped.lump_sum.to_string()),
            ("16000.00".into(), "1200.00".into())
        );
        let below = range_cap(&14_000.into(), &100.into(), &15_000.into()).unwrap();
        assert_eq!(
            (below.salary.to_string(), below.lump_sum.to_string()),
            ("14100.00".into(), "0.00".into())
        );
    }

    proptest! {
        #[test]
        fn increases_never_exceed_the_budget(
            people in prop::collection::vec((0..50_000_i64, 1..50_000_i64, 0..5_usize), 1..15),
            budget in 0..20_000_i64,
        ) {
            let people: Vec<Person> = people
                .iter()
                .enumerate()
                .map(|(n, (salary, midpoint, grade))| {
                    person(&n.to_string(), *salary, *midpoint, Grade::ALL[*grade])
                })
                .collect();
            let paid = increases(&people, &budget.into(), &Matrix::default()).unwrap();
            prop_assert!(paid.iter().sum::<Decimal>() <= Decimal::from(budget));
            prop_assert!(paid.iter().all(|amount| !amount.is_sign_negative()));
        }
    }
}
