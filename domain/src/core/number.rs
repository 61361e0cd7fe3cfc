//! Exact numbers: no number that decides a grade or money is ever a float.
//!
//! Implements 0.2: values come in as decimals, are computed as exact fractions and
//! are rounded only where the specification says so.

mod fraction;

use crate::core::error::{Code, DomainError, Result};
use core::cmp::Ordering;
use core::fmt;
use core::iter::Sum;
use core::ops::{Add, Mul, Neg, Sub};
use core::str::FromStr;
use fraction::Fraction;
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Longest number text that is accepted: room for far more than 28 digits, yet short enough that
/// parsing it cannot stall a request.
const MAX_CHARACTERS: usize = 96;

/// How a half is rounded (`score.rounding`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// A half goes away from zero (四舍五入).
    #[default]
    HalfUp,
    /// A half goes to the even neighbour (banker's rounding).
    HalfEven,
}

/// An exact rational number.
///
/// Sums, differences and products cannot fail; [`checked_div`](Exact::checked_div) divides.
/// Serialised as text: a plain decimal where one exists (`"0.125"`), else a fraction (`"1/3"`).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exact(Fraction);

impl Exact {
    /// `mantissa / 10^scale`: `Exact::scaled(2, 2)` is 0.02.
    pub fn scaled(mantissa: i64, scale: u32) -> Exact {
        Exact(Fraction::from_decimal(mantissa, scale))
    }

    /// Reads a plain decimal such as `-12.50`: sign, digits, optional fraction.
    ///
    /// # Errors
    /// `NUMBER_INVALID` for anything else, including exponents and texts longer than 96 characters.
    pub fn parse(text: &str) -> Result<Exact> {
        let invalid = || Code::NumberInvalid.because(format!("{text:.40?} is not a decimal"));
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let is_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if text.len() > MAX_CHARACTERS || !is_digits(whole) || !is_digits(fraction) {
            return Err(invalid());
        }
        let digits: BigInt = format!("{whole}{fraction}").parse().map_err(|_| invalid())?;
        let mantissa = if text.starts_with('-') { -digits } else { digits };
        let scale = u32::try_from(fraction.len()).map_err(|_| invalid())?;
        Ok(Exact(Fraction::from_decimal(mantissa, scale)))
    }

    /// Rounds to `places` digits after the point; the result is still an exact number.
    pub fn rounded(&self, places: u32, rounding: Rounding) -> Exact {
        self.units(places, rounding) * Exact::scaled(1, places)
    }

    /// Rounds to a decimal with exactly `places` digits after the point.
    ///
    /// # Errors
    /// `NUMBER_OVERFLOW` when the digits do not fit 96 bits or `places` exceeds 28.
    pub fn round(&self, places: u32, rounding: Rounding) -> Result<Decimal> {
        let overflow =
            || Code::NumberOverflow.because("the result has more digits than a decimal can hold");
        let units = self.units(places, rounding).to_i128().ok_or_else(overflow)?;
        Decimal::try_from_i128_with_scale(units, places).map_err(|_| overflow())
    }

    /// The value in units of `10^-places`, rounded to a whole number.
    fn units(&self, places: u32, rounding: Rounding) -> Exact {
        let scaled = Exact(self.0.div(&Fraction::from_decimal(1, places)));
        let below = scaled.floor();
        let half = Exact::scaled(5, 1);
        let up = match (scaled - &below).cmp(&half) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => match rounding {
                Rounding::HalfUp => !self.is_negative(),
                Rounding::HalfEven => (&below * half).to_i128().is_none(),
            },
        };
        if up { below + Exact::from(1) } else { below }
    }

    /// The quotient, or `None` when the divisor is 0.
    pub fn checked_div(&self, divisor: &Exact) -> Option<Exact> {
        (!divisor.is_zero()).then(|| Exact(self.0.div(&divisor.0)))
    }

    /// The distance from 0.
    pub fn abs(&self) -> Exact {
        if self.is_negative() { -self.clone() } else { self.clone() }
    }

    /// Whether the value is 0.
    pub fn is_zero(&self) -> bool {
        self.0.sign() == Ordering::Equal
    }

    /// Whether the value is above 0.
    pub fn is_positive(&self) -> bool {
        self.0.sign() == Ordering::Greater
    }

    /// Whether the value is below 0.
    pub fn is_negative(&self) -> bool {
        self.0.sign() == Ordering::Less
    }

    /// The largest whole number that is not above the value.
    pub fn floor(&self) -> Exact {
        Exact(self.0.floor())
    }

    /// The smallest whole number that is not below the value.
    pub fn ceil(&self) -> Exact {
        -(-self.clone()).floor()
    }

    /// The value as an integer, or `None` when it has a fraction or does not fit `i128`.
    pub fn to_i128(&self) -> Option<i128> {
        self.0.to_i128()
    }

    /// The nearest float, for statistics only.
    pub fn to_f64(&self) -> f64 {
        self.0.to_big().to_f64().unwrap_or(f64::NAN)
    }
}

/// Most digits after the point of a figure that people read.
const LEGIBLE_PLACES: u32 = 6;

/// A figure as people read it: a decimal and, where that had to be rounded, the exact value beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Legible {
    /// The decimal, rounded half-up to at most 6 digits after the point.
    pub decimal: String,
    /// The exact value as a fraction, or as a longer decimal; `None` where the decimal is exact.
    pub exact: Option<String>,
}

impl Exact {
    /// The figure for people.
    pub fn legible(&self) -> Legible {
        let near = self.rounded(LEGIBLE_PLACES, Rounding::HalfUp);
        let exact = (near != *self).then(|| self.to_string());
        Legible { decimal: near.to_string(), exact }
    }
}

impl fmt::Display for Legible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.decimal)?;
        self.exact.iter().try_for_each(|exact| write!(f, " ({exact})"))
    }
}

/// A decimal as text with exactly `places` digits after the point, for example `108.00`.
pub fn fixed(value: Decimal, places: u32) -> String {
    let mut shown = value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    shown.rescale(places);
    shown.to_string()
}

/// A statistic as shown to people: its shortest decimal, rounded half-up to `places` digits after
/// the point (parts K and K2). Without slack: 0.23154999995 has 4 digits as 0.2315.
pub fn shown(figure: f64, places: u32) -> f64 {
    let tenth_of_a_unit = 0.1_f64.powi(places as i32 + 1);
    if figure.abs() < tenth_of_a_unit {
        return 0.0;
    }
    // A float too large for the text of a number has no digits after the point.
    Exact::parse(&figure.to_string())
        .map_or(figure, |decimal| decimal.rounded(places, Rounding::HalfUp).to_f64())
}

impl From<Decimal> for Exact {
    fn from(value: Decimal) -> Exact {
        Exact(Fraction::from_decimal(value.mantissa(), value.scale()))
    }
}

macro_rules! from_whole {
    ($($whole:ty),*) => {$(
        impl From<$whole> for Exact {
            fn from(value: $whole) -> Exact {
                Exact(Fraction::from_decimal(value, 0))
            }
        }
    )*};
}
from_whole!(i32, u32, i64, u64, i128, usize);

/// Implements one operator for every mix of owned and borrowed operands.
macro_rules! operator {
    ($operator:ident, $method:ident) => {
        impl $operator<&Exact> for &Exact {
            type Output = Exact;
            fn $method(self, other: &Exact) -> Exact {
                Exact(self.0.$method(&other.0))
            }
        }
        impl $operator<Exact> for &Exact {
            type Output = Exact;
            fn $method(self, other: Exact) -> Exact {
                self.$method(&other)
            }
        }
        impl $operator<&Exact> for Exact {
            type Output = Exact;
            fn $method(self, other: &Exact) -> Exact {
                (&self).$method(other)
            }
        }
        impl $operator<Exact> for Exact {
            type Output = Exact;
            fn $method(self, other: Exact) -> Exact {
                (&self).$method(&other)
            }
        }
    };
}
operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);

impl Neg for Exact {
    type Output = Exact;
    fn neg(self) -> Exact {
        Exact::default() - self
    }
}

impl Sum for Exact {
    fn sum<I: Iterator<Item = Exact>>(values: I) -> Exact {
        values.fold(Exact::default(), |total, value| total + value)
    }
}

impl<'a> Sum<&'a Exact> for Exact {
    fn sum<I: Iterator<Item = &'a Exact>>(values: I) -> Exact {
        values.fold(Exact::default(), |total, value| total + value)
    }
}

impl FromStr for Exact {
    type Err = DomainError;
    fn from_str(text: &str) -> Result<Exact> {
        Exact::parse(text)
    }
}

/// As a decimal, or as a fraction where no decimal is exact. The precision is the least number of
/// places of a decimal: `{:.2}` shows 40 as 40.00 and 0.125 as it is.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0.to_big();
        let Some(places) = decimal_places(value.denom()) else {
            return write!(f, "{}/{}", value.numer(), value.denom());
        };
        let least = f.precision().and_then(|places| u32::try_from(places).ok());
        let places = places.max(least.unwrap_or_default());
        let units = (value * BigInt::from(10).pow(places)).to_integer();
        let width = places as usize + 1;
        let digits = format!("{:0>width$}", units.abs());
        let (whole, fraction) = digits.split_at(digits.len() - places as usize);
        let sign = if units.is_negative() { "-" } else { "" };
        let point = if places == 0 { "" } else { "." };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

/// How many decimal places a fraction with this denominator needs; `None` if it never ends.
fn decimal_places(denominator: &BigInt) -> Option<u32> {
    let strip = |mut rest: BigInt, prime: u32| {
        let mut count = 0;
        while (&rest % prime).is_zero() {
            rest /= prime;
            count += 1;
        }
        (rest, count)
    };
    let (rest, twos) = strip(denominator.clone(), 2);
    let (rest, fives) = strip(rest, 5);
    (rest == BigInt::from(1)).then_some(u32::max(twos, fives))
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> core::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How weights in percent are written everywhere: with two places.
pub mod percent {
    use super::Exact;
    use serde::Serialize;
    use serde::Serializer;
    use std::collections::BTreeMap;

    /// Writes a weight.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(weight: &Exact, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{weight:.2}"))
    }

    /// Writes the weight of each of several things.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn each<K: Serialize, S: Serializer>(
        weights: &BTreeMap<K, Exact>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(weights.iter().map(|(key, weight)| (key, format!("{weight:.2}"))))
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> core::result::Result<Exact, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (numerator, denominator) = text.split_once('/').unwrap_or((&text, "1"));
        let read = |part: &str| Exact::parse(part).map_err(de::Error::custom);
        read(numerator)?
            .checked_div(&read(denominator)?)
            .ok_or_else(|| de::Error::custom("a fraction has the denominator 0"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exact(text: &str) -> Exact {
        Exact::parse(text).unwrap()
    }

    #[test]
    fn reads_plain_decimals_only() {
        assert_eq!(exact("-12.50"), Exact::scaled(-125, 1));
        assert_eq!(exact("+3"), Exact::from(3));
        assert_eq!(
            exact("0.1234567890123456789012345678").to_string(),
            "0.1234567890123456789012345678"
        );
        assert!(Exact::parse(&"9".repeat(MAX_CHARACTERS)).is_ok());
        let long = "9".repeat(MAX_CHARACTERS + 1);
        for text in ["", "-", ".", "1.", ".5", "--1", "1e3", "NaN", "inf", "1,0", " 1", "１", &long]
        {
            assert_eq!(Exact::parse(text).unwrap_err().code, Code::NumberInvalid, "{text}");
        }
    }

    #[test]
    fn people_read_decimals_with_the_exact_value_beside() {
        let third = exact("11441").checked_div(&exact("120")).unwrap();
        assert_eq!(third.legible().to_string(), "95.341667 (11441/120)");
        assert_eq!((-third).legible().to_string(), "-95.341667 (-11441/120)");
        assert_eq!(exact("86.50").legible().to_string(), "86.5");
        assert_eq!(exact("0.1234565").legible().to_string(), "0.123457 (0.1234565)");
    }

    #[test]
    fn ties_follow_the_rounding() {
        for (value, up, even) in [
            ("86.665", "86.67", "86.66"),
            ("86.675", "86.68", "86.68"),
            ("-0.005", "-0.01", "0.00"),
            ("-86.665", "-86.67", "-86.66"),
            ("2.0049999", "2.00", "2.00"),
        ] {
            let value = exact(value);
            assert_eq!(value.round(2, Rounding::HalfUp).unwrap().to_string(), up);
            assert_eq!(value.round(2, Rounding::HalfEven).unwrap().to_string(), even);
        }
    }

    #[test]
    fn a_result_that_does_not_fit_is_an_error() {
        let huge = exact(&"9".repeat(40));
        assert_eq!(huge.round(2, Rounding::HalfUp).unwrap_err().code, Code::NumberOverflow);
        assert_eq!(exact("1").round(29, Rounding::HalfUp).unwrap_err().code, Code::NumberOverflow);
    }

    #[test]
    fn shows_decimals_and_fractions() {
        let third = Exact::from(1).checked_div(&Exact::from(3)).unwrap();
        assert_eq!(third.to_string(), "1/3");
        assert_eq!((-third).to_string(), "-1/3");
        assert_eq!(exact("-0.050").to_string(), "-0.05");
        assert_eq!(exact("1200").to_string(), "1200");
        assert_eq!(Exact::from(1).checked_div(&Exact::default()), None);
        assert!(serde_json::from_str::<Exact>("\"1/0\"").is_err());
    }

    #[test]
    fn fixed_pads_and_rounds() {
        assert_eq!(fixed(Decimal::new(108, 0), 2), "108.00");
        assert_eq!(fixed(Decimal::new(12345, 3), 2), "12.35");
    }

    #[test]
    fn statistics_are_shown_half_up() {
        for (figure, places, expected) in [
            (0.054_687_5, 6, 0.054_688),
            (0.054_687_499_999_999_99, 6, 0.054_687),
            (0.231_549_999_95, 4, 0.231_5),
            (0.054_687_49, 6, 0.054_687),
            (-1.000_05, 4, -1.000_1),
            (2.0, 4, 2.0),
            (1e300, 4, 1e300),
            (1e-300, 4, 0.0),
        ] {
            assert_eq!(shown(figure, places), expected, "{figure}");
        }
        assert!(shown(-0.000_01, 4).is_sign_positive());
    }

    proptest! {
        #[test]
        fn text_and_json_round_trip(numerator in any::<i64>(), denominator in 1..10_000_i64) {
            let value = Exact::from(numerator).checked_div(&Exact::from(denominator)).unwrap();
            let json = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(serde_json::from_str::<Exact>(&json).unwrap(), value);
        }

        #[test]
        fn rounding_agrees_with_rust_decimal(mantissa in any::<i64>(), scale in 0..10_u32, places in 0..6_u32) {
            let value = Decimal::new(mantissa, scale);
            for (rounding, strategy) in [
                (Rounding::HalfUp, RoundingStrategy::MidpointAwayFromZero),
                (Rounding::HalfEven, RoundingStrategy::MidpointNearestEven),
            ] {
                prop_assert_eq!(
                    Exact::from(value).round(places, rounding).unwrap(),
                    value.round_dp_with_strategy(places, strategy)
                );
            }
        }
    }
}
