//! Square roots that compare exactly.

use crate::core::number::Exact;

/// The signed square root of an exact number: a standard deviation, a z or a correlation.
///
/// It is stored as the signed square `x * |x|`, which grows with `x`. So comparisons are exact, and
/// only showing the figure turns it into a float.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Root(Exact);

impl Root {
    /// `numerator / sqrt(square)`; `None` unless `square` is positive.
    pub fn ratio(numerator: &Exact, square: &Exact) -> Option<Root> {
        let signed_square = (numerator * numerator.abs()).checked_div(square)?;
        square.is_positive().then_some(Root(signed_square))
    }

    /// The square root of `square`; a negative number has the negative root of its absolute value.
    pub fn of(square: Exact) -> Root {
        Root(square)
    }

    /// The nearest float, for display.
    pub fn to_f64(&self) -> f64 {
        let size = self.0.abs().to_f64().sqrt();
        if self.0.is_negative() { -size } else { size }
    }
}

impl From<&Exact> for Root {
    fn from(value: &Exact) -> Root {
        Root(value * value.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_where_floats_cannot() {
        // 3 * 0.1 / sqrt(0.09) is 1, which a float misses by an ulp.
        let one = Root::ratio(&Exact::scaled(3, 1), &Exact::scaled(9, 2)).unwrap();
        assert_eq!(one, Root::from(&Exact::from(1)));
        assert!(Root::of(Exact::from(2)) > Root::from(&Exact::scaled(14_142, 4)));
        assert!(Root::of(Exact::from(-2)) < Root::from(&Exact::scaled(-14_142, 4)));
    }

    #[test]
    fn shows_its_sign_and_refuses_what_has_no_root() {
        assert_eq!(Root::of(Exact::from(-4)).to_f64(), -2.0);
        assert_eq!(Root::ratio(&Exact::from(3), &Exact::from(4)).unwrap().to_f64(), 1.5);
        assert_eq!(Root::ratio(&Exact::from(3), &Exact::from(0)), None);
        assert_eq!(Root::ratio(&Exact::from(3), &Exact::from(-4)), None);
    }
}
