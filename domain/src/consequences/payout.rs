//! Splits a limited amount of money to the cent. Implements what H.1 and H.2 share.

use crate::core::error::{Code, Result};
use crate::core::number::{Exact, Rounding};
use crate::scoring::apportion::largest_remainder;
use core::cmp::Reverse;
use rust_decimal::Decimal;

/// What a person (or department) would get if there were enough money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<'a> {
    /// Employee number or department name; decides ties.
    pub number: &'a str,
    /// Amount before rounding; not negative.
    pub amount: Exact,
}

/// Pays every claim, rounded half-up to the cent, if the sum stays within the limit. Otherwise
/// splits the limit or the sum of the claims, whichever is smaller, in proportion to the claims.
/// Amounts are in the order of the claims.
///
/// # Errors
/// `NUMBER_OVERFLOW` for amounts that a decimal cannot hold.
pub fn pay_within(limit: &Exact, claims: &[Claim<'_>]) -> Result<Vec<Decimal>> {
    let rounded: Vec<Exact> =
        claims.iter().map(|claim| claim.amount.rounded(2, Rounding::HalfUp)).collect();
    if rounded.iter().sum::<Exact>() <= *limit {
        return to_cents(&rounded);
    }
    let claimed: Exact = claims.iter().map(|claim| &claim.amount).sum();
    split(&claimed.min(limit.clone()), claims)
}

/// Splits an amount, rounded down to the cent, in proportion to the claims by largest remainder.
/// Ties go to the larger claim, then to the lower employee number. If no claim is above 0, all
/// payments are 0.
///
/// # Errors
/// `NUMBER_OVERFLOW` for amounts that a decimal cannot hold.
pub fn split(amount: &Exact, claims: &[Claim<'_>]) -> Result<Vec<Decimal>> {
    let cents = (amount * Exact::from(100)).floor();
    let weighted = claims
        .iter()
        .map(|claim| {
            let key = (Reverse(claim.amount.clone()), EmployeeNumber::of(claim.number));
            (claim.amount.clone(), key)
        })
        .collect();
    let Some(parts) = largest_remainder(&cents, weighted) else {
        return Ok(vec![Decimal::new(0, 2); claims.len()]);
    };
    let cent = Exact::scaled(1, 2);
    to_cents(&parts.iter().map(|part| part * &cent).collect::<Vec<_>>())
}

fn to_cents(amounts: &[Exact]) -> Result<Vec<Decimal>> {
    amounts.iter().map(|amount| amount.round(2, Rounding::HalfUp)).collect()
}

/// Refuses a negative amount.
///
/// # Errors
/// `AMOUNT_INVALID`; the detail begins with `what`.
pub(crate) fn not_negative(what: &str, amount: &Exact) -> Result<()> {
    if amount.is_negative() {
        return Err(Code::AmountInvalid.because(format!("{what} is negative: {amount}")));
    }
    Ok(())
}

/// An employee number in the order that decides ties (K2): numbers of digits alone come first, by
/// value and then by length; all others follow by code point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum EmployeeNumber<'a> {
    /// Digits alone: the number of digits without leading zeros, those digits, and the length.
    Digits(usize, &'a str, usize),
    /// Anything else.
    Text(&'a str),
}

impl EmployeeNumber<'_> {
    fn of(number: &str) -> EmployeeNumber<'_> {
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return EmployeeNumber::Text(number);
        }
        let digits = number.trim_start_matches('0');
        EmployeeNumber::Digits(digits.len(), digits, number.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claims<'a>(amounts: &[(&'a str, &str)]) -> Vec<Claim<'a>> {
        amounts
            .iter()
            .map(|(number, amount)| Claim { number, amount: amount.parse().unwrap() })
            .collect()
    }

    fn shown(paid: Result<Vec<Decimal>>) -> Vec<String> {
        paid.unwrap().iter().map(Decimal::to_string).collect()
    }

    #[test]
    fn enough_money_pays_rounded_claims() {
        let claims = claims(&[("1", "10.005"), ("2", "3.333")]);
        assert_eq!(shown(pay_within(&"13.34".parse().unwrap(), &claims)), ["10.01", "3.33"]);
    }

    #[test]
    fn rounding_up_never_exceeds_the_limit() {
        let claims = claims(&[("b", "10.005"), ("a", "10.005")]);
        assert_eq!(shown(pay_within(&"20.01".parse().unwrap(), &claims)), ["10.00", "10.01"]);
    }

    #[test]
    fn a_larger_claim_wins_a_tie() {
        // Exact shares of 2 cents are 0.5 and 1.5: equal remainders.
        let claims = claims(&[("1", "2"), ("2", "6")]);
        assert_eq!(shown(split(&"0.02".parse().unwrap(), &claims)), ["0.00", "0.02"]);
    }

    #[test]
    fn without_claims_nothing_is_paid() {
        let pool = Exact::from(100);
        assert_eq!(shown(split(&pool, &claims(&[("1", "0")]))), ["0.00"]);
        assert!(pay_within(&pool, &[]).unwrap().is_empty());
    }

    #[test]
    fn amounts_beyond_a_decimal_are_refused() {
        let huge = "9".repeat(40);
        let claims = claims(&[("1", &huge)]);
        let error = split(&huge.parse().unwrap(), &claims).unwrap_err();
        assert_eq!(error.code, Code::NumberOverflow);
    }

    #[test]
    fn numbers_of_digits_come_first_by_value_and_length() {
        let mut numbers = ["e10", "5x", "e9", "10", "007", "7", "9", "", "0", "00"];
        numbers.sort_by_key(|number| EmployeeNumber::of(number));
        assert_eq!(numbers, ["0", "00", "7", "007", "9", "10", "", "5x", "e10", "e9"]);
    }

    proptest! {
        #[test]
        fn payments_never_exceed_the_limit(
            limit in 0..10_000_000_i64,
            amounts in prop::collection::vec(0..100_000_000_i64, 0..20),
        ) {
            let numbers: Vec<String> = (0..amounts.len()).map(|n| n.to_string()).collect();
            let claims: Vec<Claim> = numbers
                .iter()
                .zip(&amounts)
                .map(|(number, amount)| Claim { number, amount: Exact::scaled(*amount, 4) })
                .collect();
            let limit = Exact::scaled(limit, 3);
            let total = |paid: &[Decimal]| paid.iter().map(|d| Exact::from(*d)).sum::<Exact>();
            let within = pay_within(&limit, &claims).unwrap();
            prop_assert!(total(&within) <= limit);

            let all = split(&limit, &claims).unwrap();
            let whole_cents = (&limit * Exact::from(100)).floor() * Exact::scaled(1, 2);
            let expected = if amounts.iter().any(|a| *a > 0) { whole_cents } else { Exact::default() };
            prop_assert_eq!(total(&all), expected);

            // A larger claim is never paid less.
            for (left, paid) in amounts.iter().zip(&all) {
                for (right, other) in amounts.iter().zip(&all) {
                    prop_assert!(left < right || paid >= other);
                }
            }
        }
    }
}
