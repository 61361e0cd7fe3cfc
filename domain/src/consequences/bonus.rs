//! Bonuses paid from a pool (绩效奖金). Implements H.1.

use crate::consequences::payout::{Claim, not_negative, pay_within, split};
use crate::core::error::{Code, Result};
use crate::core::number::{Exact, Rounding};
use crate::scoring::scale::{Grade, PerGrade};
use crate::scoring::settings::{BonusAllocation, BonusMode, BonusSettings};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A person who may get a bonus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Employee number; decides ties.
    pub number: String,
    /// Base amount, in the currency of the pool.
    pub base: Exact,
    /// Final grade.
    pub grade: Grade,
    /// Share of the period for which the person is eligible, 0 to 1; see [`proration`].
    pub proration: Exact,
}

impl Person {
    /// Base amount times the share of the period.
    fn prorated(&self) -> Exact {
        &self.base * &self.proration
    }
}

/// A department: people who share one factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Department {
    /// Name of the department; decides ties between departments.
    pub name: String,
    /// Factor of the department, by default 1; usually taken from its grade (`bonus.k_org`).
    pub k_org: Exact,
    /// The people of the department.
    pub people: Vec<Person>,
}

impl Department {
    /// What each person of the department would get from an unlimited pool, if the factor of the
    /// department were `factor`.
    fn claims(&self, k_grade: &PerGrade<Exact>, factor: &Exact) -> Vec<Claim<'_>> {
        let amount = |person: &Person| person.prorated() * k_grade.get(person.grade) * factor;
        self.people
            .iter()
            .map(|person| Claim { number: &person.number, amount: amount(person) })
            .collect()
    }

    /// The amount by which departments share a pool in `two_level`.
    fn weight(&self) -> Exact {
        self.people.iter().map(Person::prorated).sum::<Exact>() * &self.k_org
    }
}

/// The payments from a pool. Amounts have 2 decimal places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bonuses {
    /// One amount per person: a list for each department, in the order of the input.
    pub payments: Vec<Vec<Decimal>>,
    /// Sum of the payments; never more than the pool after the reserve.
    pub total: Decimal,
    /// What remains of the pool, cut down to the cent, including the reserve.
    pub unallocated: Decimal,
}

/// Share of the period for which a person is eligible: eligible days divided by days of the period.
/// The period includes both its first and its last day.
///
/// # Errors
/// `COUNT_INVALID` for a period of 0 days, or if more days are eligible than the period has.
pub fn proration(eligible_days: u32, period_days: u32) -> Result<Exact> {
    Exact::from(eligible_days)
        .checked_div(&Exact::from(period_days))
        .filter(|share| *share <= Exact::from(1))
        .ok_or_else(|| Code::CountInvalid.because(format!("{eligible_days} of {period_days} days")))
}

/// Distributes a pool by the bonus settings of the policy. The pool is first cut down to the cent,
/// then the reserve is taken from it; payments and remainder sum to that pool.
///
/// # Errors
/// `AMOUNT_INVALID` for a negative pool, base or factor or a reserve outside 0 to 100 percent,
/// `NUMBER_OVERFLOW` for amounts that a decimal cannot hold.
pub fn distribute(
    departments: &[Department],
    pool: &Exact,
    settings: &BonusSettings,
) -> Result<Bonuses> {
    validate(departments, pool, settings)?;
    let pool = (pool * Exact::from(100)).floor() * Exact::scaled(1, 2);
    let kept = Exact::from(100) - &settings.reserve_pct;
    let available = &pool * kept * Exact::scaled(1, 2);
    let payments = match settings.allocation {
        BonusAllocation::SingleLevel => single_level(departments, &available, settings)?,
        BonusAllocation::TwoLevel => two_level(departments, &available, settings)?,
    };
    let total: Exact = payments.iter().flatten().map(|paid| Exact::from(*paid)).sum();
    let unallocated = (pool - &total).round(2, Rounding::HalfUp)?;
    Ok(Bonuses { payments, total: total.round(2, Rounding::HalfUp)?, unallocated })
}

fn validate(departments: &[Department], pool: &Exact, settings: &BonusSettings) -> Result<()> {
    not_negative("the pool", pool)?;
    not_negative("the reserve", &settings.reserve_pct)?;
    not_negative("what the reserve leaves", &(Exact::from(100) - &settings.reserve_pct))?;
    for department in departments {
        not_negative("the factor of a department", &department.k_org)?;
        for person in &department.people {
            not_negative("a base", &person.base)?;
            not_negative("a proration", &person.proration)?;
        }
    }
    settings.k_grade.iter().try_for_each(|factor| not_negative("the factor of a grade", factor))
}

/// Splits the whole pool among all people at once.
fn single_level(
    departments: &[Department],
    available: &Exact,
    settings: &BonusSettings,
) -> Result<Vec<Vec<Decimal>>> {
    let claims: Vec<Claim> = departments
        .iter()
        .flat_map(|department| department.claims(&settings.k_grade, &department.k_org))
        .collect();
    let payments = match settings.mode {
        BonusMode::CapOnly => pay_within(available, &claims)?,
        BonusMode::DistributeAll => split(available, &claims)?,
    };
    let mut payments = payments.into_iter();
    let of = |department: &Department| payments.by_ref().take(department.people.len()).collect();
    Ok(departments.iter().map(of).collect())
}

/// Splits the pool among departments, then the share of each department among its people (奖金池二次分配).
fn two_level(
    departments: &[Department],
    available: &Exact,
    settings: &BonusSettings,
) -> Result<Vec<Vec<Decimal>>> {
    let one = Exact::from(1);
    let inside: Vec<Vec<Claim>> =
        departments.iter().map(|department| department.claims(&settings.k_grade, &one)).collect();
    let outside: Vec<Claim> = departments
        .iter()
        .zip(&inside)
        .map(|(department, claims)| {
            let payable = claims.iter().any(|claim| claim.amount.is_positive());
            let amount = if payable { department.weight() } else { Exact::default() };
            Claim { number: &department.name, amount }
        })
        .collect();
    let shares = split(available, &outside)?;
    let people = |(share, claims): (Decimal, Vec<Claim>)| split(&share.into(), &claims);
    shares.into_iter().zip(inside).map(people).collect()
}

/// What a corrected bonus costs after an appeal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Amount paid from the reserve.
    pub from_reserve: Decimal,
    /// Amount that is paid only once EXEC has approved extra budget.
    pub extra_budget: Decimal,
}

/// What a corrected bonus adds to the published one. Colleagues keep their published bonus, and so
/// does the appellant: a lower corrected bonus takes nothing back.
///
/// # Errors
/// `NUMBER_OVERFLOW` for amounts that a decimal cannot hold.
pub fn correction(published: Decimal, corrected: Decimal, reserve: Decimal) -> Result<Correction> {
    let zero = Exact::default();
    let due = (Exact::from(corrected) - Exact::from(published)).max(zero.clone());
    let from_reserve = due.clone().min(Exact::from(reserve).max(zero));
    let extra_budget = (due - &from_reserve).round(2, Rounding::HalfUp)?;
    Ok(Correction { from_reserve: from_reserve.round(2, Rounding::HalfUp)?, extra_budget })
}

/// Where a payment after an appeal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AppealStatus {
    /// The difference is paid.
    Paid,
    /// The new amount is not higher, so nothing changes.
    NoChange,
    /// The reserve does not suffice: nothing is paid before EXEC approves extra budget.
    ExtraBudgetRequired,
}

/// What is paid after an appeal. Amounts have 2 decimal places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppealPayment {
    /// Whether it is paid.
    pub status: AppealStatus,
    /// What the appellant gets in addition.
    pub paid: Decimal,
    /// The part of it that comes from the reserve.
    pub from_reserve: Decimal,
    /// What the reserve does not cover: extra budget that is spent or must be approved.
    pub extra: Decimal,
    /// What remains of the reserve.
    pub reserve_left: Decimal,
    /// The amount of everybody; nobody gets less than published.
    pub amounts: BTreeMap<String, Decimal>,
}

/// Pays the difference after an appeal: first from the reserve, the rest from extra budget, and
/// nothing at all before EXEC has approved extra budget that is needed. Implements the
/// recalculation of H.1.
///
/// # Errors
/// `AMOUNT_INVALID` for a negative amount, `NOT_FOUND` for an appellant without published bonus,
/// `NUMBER_OVERFLOW`.
pub fn pay_appeal(
    published: &BTreeMap<String, Exact>,
    appellant: &str,
    new_amount: &Exact,
    reserve: &Exact,
    extra_approved: bool,
) -> Result<AppealPayment> {
    let given = published.values().chain([new_amount, reserve]);
    given.into_iter().try_for_each(|amount| not_negative("an amount", amount))?;
    let cents = |amount: &Exact| amount.round(2, Rounding::HalfUp);
    let mut amounts = published
        .iter()
        .map(|(name, amount)| Ok((name.clone(), cents(amount)?)))
        .collect::<Result<BTreeMap<_, _>>>()?;
    let unknown = || Code::NotFound.because(format!("{appellant:.40} has no published bonus"));
    let own = amounts.get_mut(appellant).ok_or_else(unknown)?;
    let reserve = cents(reserve)?;
    let Correction { from_reserve, extra_budget } = correction(*own, cents(new_amount)?, reserve)?;
    let due = from_reserve + extra_budget;
    let unpaid = |status, extra| (status, Decimal::new(0, 2), Decimal::new(0, 2), extra);
    let (status, paid, from_reserve, extra) = if due.is_zero() {
        unpaid(AppealStatus::NoChange, Decimal::new(0, 2))
    } else if !extra_budget.is_zero() && !extra_approved {
        unpaid(AppealStatus::ExtraBudgetRequired, extra_budget)
    } else {
        (AppealStatus::Paid, due, from_reserve, extra_budget)
    };
    *own += paid;
    Ok(AppealPayment {
        status,
        paid,
        from_reserve,
        extra,
        reserve_left: reserve - from_reserve,
        amounts,
    })
}

/// The factor of a department by its grade (`bonus.k_org`); 1 for a department without one.
pub fn department_factor(grade: Option<Grade>, settings: &BonusSettings) -> Exact {
    grade.map_or_else(|| Exact::from(1), |grade| settings.k_org.get(grade).clone())
}

/// Checks that bonuses may be paid: no appeal is open, or something is held back for appeals (K2).
///
/// # Errors
/// `AMOUNT_INVALID` for a negative reserve, `GUARD_FAILED` otherwise.
pub fn check_release(open_appeals: u32, reserve: &Exact) -> Result<()> {
    not_negative("the reserve", reserve)?;
    if open_appeals > 0 && reserve.is_zero() {
        let detail = format!("{open_appeals} appeals are open and nothing is held back for them");
        return Err(Code::GuardFailed.because(detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn person(number: &str, base: i64, grade: Grade) -> Person {
        Person { number: number.into(), base: base.into(), grade, proration: 1.into() }
    }

    fn department(name: &str, people: Vec<Person>) -> Department {
        Department { name: name.into(), k_org: 1.into(), people }
    }

    fn paid(departments: &[Department], pool: i64, settings: &BonusSettings) -> Vec<String> {
        let bonuses = distribute(departments, &pool.into(), settings).unwrap();
        bonuses.payments.iter().flatten().map(Decimal::to_string).collect()
    }

    fn two_level() -> BonusSettings {
        BonusSettings { allocation: BonusAllocation::TwoLevel, ..BonusSettings::default() }
    }

    #[test]
    fn a_rich_pool_is_paid_out_only_when_told_so() {
        let people =
            [department("a", vec![person("1", 100, Grade::B), person("2", 100, Grade::C)])];
        assert_eq!(paid(&people, 1_000, &BonusSettings::default()), ["100.00", "60.00"]);
        let all = BonusSettings { mode: BonusMode::DistributeAll, ..BonusSettings::default() };
        assert_eq!(paid(&people, 1_000, &all), ["625.00", "375.00"]);
    }

    #[test]
    fn a_department_nobody_can_be_paid_in_takes_no_share() {
        let people = [
            department("a", vec![person("1", 900, Grade::D)]),
            department("b", vec![person("2", 100, Grade::B)]),
        ];
        assert_eq!(paid(&people, 500, &two_level()), ["0.00", "500.00"]);
    }

    #[test]
    fn departments_share_by_their_factor_and_people_inside_by_their_grade() {
        let people = [
            Department {
                k_org: Exact::scaled(12, 1),
                ..department(
                    "A",
                    vec![person("1", 10_000, Grade::S), person("2", 12_000, Grade::B)],
                )
            },
            Department {
                k_org: Exact::scaled(9, 1),
                ..department("B", vec![person("3", 8_000, Grade::A), person("4", 9_000, Grade::B)])
            },
        ];
        assert_eq!(
            paid(&people, 30_000, &two_level()),
            ["10551.56", "8441.25", "5681.13", "5326.06"]
        );
    }

    #[test]
    fn a_pool_is_cut_down_to_the_cent_before_it_is_shared() {
        let people = [department("a", vec![person("1", 100, Grade::B)])];
        for (settings, pool, paid, left) in [
            (BonusSettings::default(), "33.339", "33.33", "0.00"),
            (two_level(), "10.009", "10.00", "0.00"),
            (BonusSettings { reserve_pct: 50.into(), ..two_level() }, "0.029", "0.01", "0.01"),
        ] {
            let bonuses = distribute(&people, &pool.parse().unwrap(), &settings).unwrap();
            assert_eq!(
                [bonuses.total, bonuses.unallocated].map(|sum| sum.to_string()),
                [paid, left]
            );
        }
    }

    #[test]
    fn nobody_to_pay_returns_the_pool() {
        for settings in [BonusSettings::default(), two_level()] {
            for people in [vec![], vec![department("a", vec![person("1", 100, Grade::D)])]] {
                let bonuses = distribute(&people, &Exact::from(70), &settings).unwrap();
                assert_eq!(bonuses.total.to_string(), "0.00");
                assert_eq!(bonuses.unallocated.to_string(), "70.00");
            }
        }
    }

    #[test]
    fn negative_money_is_refused() {
        let settings = BonusSettings::default();
        let code = |people: &[Department], pool: i64, settings: &BonusSettings| {
            distribute(people, &pool.into(), settings).unwrap_err().code
        };
        assert_eq!(code(&[], -1, &settings), Code::AmountInvalid);
        let negative_base = [department("a", vec![person("1", -1, Grade::B)])];
        assert_eq!(code(&negative_base, 1, &settings), Code::AmountInvalid);
        let negative_factor = [Department { k_org: (-1).into(), ..department("a", vec![]) }];
        assert_eq!(code(&negative_factor, 1, &settings), Code::AmountInvalid);
        for reserve in [-1, 101] {
            let settings = BonusSettings { reserve_pct: reserve.into(), ..settings.clone() };
            assert_eq!(code(&[], 1, &settings), Code::AmountInvalid);
        }
    }

    #[test]
    fn proration_is_a_share_of_the_period() {
        assert_eq!(proration(1, 4).unwrap(), Exact::scaled(25, 2));
        assert_eq!(proration(0, 4).unwrap(), Exact::default());
        for (eligible, period) in [(5, 4), (0, 0), (1, 0)] {
            assert_eq!(proration(eligible, period).unwrap_err().code, Code::CountInvalid);
        }
    }

    #[test]
    fn after_an_appeal_nothing_is_paid_beyond_the_reserve_without_approval() {
        let published =
            BTreeMap::from([("a", 1_000), ("b", 800)].map(|(name, it)| (name.into(), it.into())));
        let pay = |amount: i64, reserve: i64, approved| {
            let paid = pay_appeal(&published, "b", &amount.into(), &reserve.into(), approved);
            let it = paid.unwrap();
            assert_eq!(it.amounts["a"].to_string(), "1000.00");
            let own = it.amounts["b"];
            let sums = [it.paid, it.from_reserve, it.extra, it.reserve_left, own];
            (it.status, sums.map(|sum| sum.to_string()).join(" "))
        };
        use AppealStatus::{ExtraBudgetRequired, NoChange, Paid};
        assert_eq!(pay(1_000, 500, false), (Paid, "200.00 200.00 0.00 300.00 1000.00".into()));
        assert_eq!(pay(1_000, 200, false), (Paid, "200.00 200.00 0.00 0.00 1000.00".into()));
        let waiting = pay(1_000, 150, false);
        assert_eq!(waiting, (ExtraBudgetRequired, "0.00 0.00 50.00 150.00 800.00".into()));
        assert_eq!(pay(1_000, 150, true), (Paid, "200.00 150.00 50.00 0.00 1000.00".into()));
        assert_eq!(pay(700, 150, true), (NoChange, "0.00 0.00 0.00 150.00 800.00".into()));
        let code = |who, amount: i64| {
            pay_appeal(&published, who, &amount.into(), &1.into(), true).unwrap_err().code
        };
        assert_eq!(code("c", 1), Code::NotFound);
        assert_eq!(code("b", -1), Code::AmountInvalid);
    }

    #[test]
    fn bonuses_wait_for_appeals_or_a_reserve() {
        let code = |open, reserve: i64| check_release(open, &reserve.into()).map_err(|it| it.code);
        assert_eq!(code(0, 0), Ok(()));
        assert_eq!(code(1, 1), Ok(()));
        assert_eq!(code(1, 0), Err(Code::GuardFailed));
        assert_eq!(code(0, -1), Err(Code::AmountInvalid));
    }

    #[test]
    fn a_department_without_a_grade_has_the_factor_one() {
        let factor = |grade| department_factor(grade, &BonusSettings::default()).to_string();
        assert_eq!([Some(Grade::S), Some(Grade::D), None].map(factor), ["1.2", "0.8", "1"]);
    }

    #[test]
    fn a_correction_pays_from_the_reserve_first_and_takes_nothing_back() {
        let correct = |published: i64, corrected: i64, reserve: i64| {
            let [published, corrected, reserve] =
                [published, corrected, reserve].map(Decimal::from);
            let Correction { from_reserve, extra_budget } =
                correction(published, corrected, reserve).unwrap();
            (from_reserve.to_string(), extra_budget.to_string())
        };
        assert_eq!(correct(100, 130, 50), ("30.00".into(), "0.00".into()));
        assert_eq!(correct(100, 130, 10), ("10.00".into(), "20.00".into()));
        assert_eq!(correct(100, 80, 50), ("0.00".into(), "0.00".into()));
    }

    proptest! {
        #[test]
        fn payments_never_exceed_the_pool_and_order_does_not_matter(
            people in prop::collection::vec((0..50_000_i64, 0..5_usize, 0..3_usize), 1..15),
            pool in 0..200_000_i64,
            reserve in 0..=100_i64,
            two_levels in any::<bool>(),
            all in any::<bool>(),
        ) {
            let settings = BonusSettings {
                allocation: if two_levels { BonusAllocation::TwoLevel } else { BonusAllocation::SingleLevel },
                mode: if all { BonusMode::DistributeAll } else { BonusMode::CapOnly },
                reserve_pct: reserve.into(),
                ..BonusSettings::default()
            };
            let mut departments = ["a", "b", "c"].map(|name| department(name, vec![]));
            for (place, (base, grade, of)) in people.iter().enumerate() {
                departments[*of].people.push(person(&place.to_string(), *base, Grade::ALL[*grade]));
            }
            let bonuses = distribute(&departments, &pool.into(), &settings).unwrap();
            let after_reserve = Exact::from(pool) * Exact::scaled(100 - reserve, 2);
            prop_assert!(Exact::from(bonuses.total) <= after_reserve);
            prop_assert_eq!(bonuses.total + bonuses.unallocated, Decimal::from(pool));

            departments.reverse();
            let mut reversed = distribute(&departments, &pool.into(), &settings).unwrap().payments;
            reversed.reverse();
            prop_assert_eq!(reversed, bonuses.payments);
        }
    }
}
