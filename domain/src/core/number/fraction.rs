//! A fraction in two machine words while it fits, in big integers otherwise.

use core::cmp::Ordering;
use num_bigint::BigInt;
use num_integer::gcd;
use num_rational::BigRational;
use num_traits::ToPrimitive;

/// A reduced fraction with a positive denominator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fraction {
    /// The usual form: it holds nearly every score, weight and amount.
    Small {
        /// Numerator; carries the sign.
        numerator: i64,
        /// Denominator; always positive.
        denominator: i64,
    },
    /// Only for values that do not fit `Small`, so that each value has exactly one form.
    Big(Box<BigRational>),
}

impl Fraction {
    /// Reduces a fraction; the denominator must not be 0.
    ///
    /// Products of two `Small` parts and their sums fit `i128`, so arithmetic on `Small` cannot
    /// overflow before it gets here.
    pub fn reduced(numerator: i128, denominator: i128) -> Fraction {
        let divisor = match (u64::try_from(numerator.unsigned_abs()), u64::try_from(denominator)) {
            (_, Ok(1)) => 1,
            (Ok(numerator), Ok(denominator)) => gcd(numerator, denominator).into(),
            _ => gcd(numerator, denominator),
        };
        let divisor = if denominator < 0 { -divisor } else { divisor };
        let (numerator, denominator) = (numerator / divisor, denominator / divisor);
        match (i64::try_from(numerator), i64::try_from(denominator)) {
            (Ok(numerator), Ok(denominator)) => Fraction::Small { numerator, denominator },
            _ => {
                let big = BigRational::new_raw(numerator.into(), denominator.into());
                Fraction::Big(Box::new(big))
            }
        }
    }

    /// `mantissa / 10^scale`.
    pub fn from_decimal(mantissa: impl ToPrimitive + Into<BigInt>, scale: u32) -> Fraction {
        match (mantissa.to_i128(), 10_i128.checked_pow(scale)) {
            (Some(mantissa), Some(power)) => Fraction::reduced(mantissa, power),
            _ => BigRational::new(mantissa.into(), BigInt::from(10).pow(scale)).into(),
        }
    }

    pub fn to_big(&self) -> BigRational {
        match self {
            Fraction::Small { numerator, denominator } => {
                BigRational::new_raw((*numerator).into(), (*denominator).into())
            }
            Fraction::Big(big) => big.as_ref().clone(),
        }
    }

    pub fn add(&self, other: &Fraction) -> Fraction {
        self.combine(other, |a, b, c, d| (a * d + c * b, b * d), |x, y| x + y)
    }

    pub fn sub(&self, other: &Fraction) -> Fraction {
        self.combine(other, |a, b, c, d| (a * d - c * b, b * d), |x, y| x - y)
    }

    pub fn mul(&self, other: &Fraction) -> Fraction {
        self.combine(other, |a, b, c, d| (a * c, b * d), |x, y| x * y)
    }

    /// The quotient; the divisor must not be 0.
    pub fn div(&self, divisor: &Fraction) -> Fraction {
        self.combine(divisor, |a, b, c, d| (a * d, b * c), |x, y| x / y)
    }

    /// Combines a/b and c/d with one operation, in machine words where both are small.
    fn combine(
        &self,
        other: &Fraction,
        small: impl Fn(i128, i128, i128, i128) -> (i128, i128),
        big: impl Fn(BigRational, BigRational) -> BigRational,
    ) -> Fraction {
        match (self, other) {
            (
                Fraction::Small { numerator: a, denominator: b },
                Fraction::Small { numerator: c, denominator: d },
            ) => {
                let (numerator, denominator) =
                    small((*a).into(), (*b).into(), (*c).into(), (*d).into());
                Fraction::reduced(numerator, denominator)
            }
            _ => big(self.to_big(), other.to_big()).into(),
        }
    }

    pub fn floor(&self) -> Fraction {
        match self {
            Fraction::Small { numerator, denominator } => {
                Fraction::Small { numerator: numerator.div_euclid(*denominator), denominator: 1 }
            }
            Fraction::Big(big) => big.floor().into(),
        }
    }

    /// The value as an integer, if it is one and fits `i128`.
    pub fn to_i128(&self) -> Option<i128> {
        match self {
            Fraction::Small { numerator, denominator: 1 } => Some((*numerator).into()),
            Fraction::Small { .. } => None,
            Fraction::Big(big) => big.is_integer().then(|| big.numer().to_i128()).flatten(),
        }
    }

    /// Compares with 0.
    pub fn sign(&self) -> Ordering {
        match self {
            Fraction::Small { numerator, .. } => numerator.cmp(&0),
            Fraction::Big(big) => big.numer().cmp(&BigInt::ZERO),
        }
    }
}

impl From<BigRational> for Fraction {
    fn from(big: BigRational) -> Fraction {
        match (big.numer().to_i64(), big.denom().to_i64()) {
            (Some(numerator), Some(denominator)) => Fraction::Small { numerator, denominator },
            _ => Fraction::Big(Box::new(big)),
        }
    }
}

impl Default for Fraction {
    fn default() -> Fraction {
        Fraction::Small { numerator: 0, denominator: 1 }
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Fraction) -> Ordering {
        match (self, other) {
            (
                Fraction::Small { numerator: a, denominator: b },
                Fraction::Small { numerator: c, denominator: d },
            ) => {
                let cross = |x: &i64, y: &i64| i128::from(*x) * i128::from(*y);
                cross(a, d).cmp(&cross(c, b))
            }
            _ => self.to_big().cmp(&other.to_big()),
        }
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Fraction) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Small values, the limits of a machine word, and values beyond it.
    fn fraction() -> impl Strategy<Value = Fraction> {
        let part = || {
            prop_oneof![
                -100..100_i128,
                any::<i64>().prop_map(i128::from),
                Just(i64::MIN.into()),
                Just(i64::MAX.into()),
                any::<i128>().prop_map(|wide| wide >> 8),
            ]
        };
        let denominator = part().prop_filter("a denominator is not 0", |part| *part != 0);
        (part(), denominator).prop_map(|(numerator, other)| Fraction::reduced(numerator, other))
    }

    proptest! {
        #[test]
        fn arithmetic_agrees_with_big_integers(x in fraction(), y in fraction()) {
            let (a, b) = (x.to_big(), y.to_big());
            prop_assert_eq!(x.add(&y), Fraction::from(&a + &b));
            prop_assert_eq!(x.sub(&y), Fraction::from(&a - &b));
            prop_assert_eq!(x.mul(&y), Fraction::from(&a * &b));
            if y.sign() != Ordering::Equal {
                prop_assert_eq!(x.div(&y), Fraction::from(&a / &b));
            }
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(x.floor(), Fraction::from(a.floor()));
        }

        #[test]
        fn a_value_has_one_form(x in fraction()) {
            let rebuilt = BigRational::new(x.to_big().numer().clone(), x.to_big().denom().clone());
            prop_assert_eq!(Fraction::from(rebuilt), x);
        }
    }
}
