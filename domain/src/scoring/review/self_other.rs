//! How a self-rating differs from the ratings of others. Implements the self-other gap of D.4.

use super::rater::check_ratings;
use crate::core::error::Result;
use crate::core::number::{Exact, Rounding};
use crate::scoring::fairness::{Figure, Withheld};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The meaning of a large gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// The self-rating is at least 1 point above the mean of the others.
    BlindSpot,
    /// The self-rating is at least 1 point below the mean of the others.
    HiddenStrength,
}

/// Self-rating minus the mean of others, in points of the scale from 1 to 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The difference, 4 places.
    pub points: Decimal,
    /// The meaning of the exact difference, if it is large.
    pub reading: Option<Reading>,
}

/// Compares a self-rating with the ratings of others. Pass only ratings that the reviewee may see,
/// because the gap reveals their mean.
///
/// `INSUFFICIENT` where nobody else has rated.
///
/// # Errors
/// `RATING_OUT_OF_RANGE` for a rating outside 1 to 5.
pub fn self_other_gap(own: &Exact, others: &[Exact]) -> Result<Figure<Gap>> {
    check_ratings(others.iter().chain([own]))?;
    let mean = others.iter().sum::<Exact>().checked_div(&Exact::from(others.len()));
    let Some(mean) = mean else { return Ok(Err(Withheld::Insufficient)) };
    let gap = own - mean;
    let reading = if gap >= Exact::from(1) {
        Some(Reading::BlindSpot)
    } else if gap <= Exact::from(-1) {
        Some(Reading::HiddenStrength)
    } else {
        None
    };
    Ok(Ok(Gap { points: gap.round(4, Rounding::HalfUp)?, reading }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::error::Code;

    fn gap(own: &str, others: &[i32]) -> Result<Figure<(String, Option<Reading>)>> {
        let others: Vec<Exact> = others.iter().copied().map(Exact::from).collect();
        let gap = self_other_gap(&own.parse().unwrap(), &others)?;
        Ok(gap.map(|gap| (gap.points.to_string(), gap.reading)))
    }

    #[test]
    fn a_point_apart_is_worth_a_word() {
        let reading = |own, others: &[i32]| gap(own, others).unwrap().unwrap();
        assert_eq!(reading("4", &[3, 3]), ("1.0000".into(), Some(Reading::BlindSpot)));
        assert_eq!(reading("2.5", &[3, 4]), ("-1.0000".into(), Some(Reading::HiddenStrength)));
        assert_eq!(reading("3.99999", &[3]), ("1.0000".into(), None));
        assert_eq!(reading("4", &[4, 4, 3]), ("0.3333".into(), None));
        assert_eq!(gap("4", &[]), Ok(Err(Withheld::Insufficient)));
        assert_eq!(gap("6", &[]).unwrap_err().code, Code::RatingOutOfRange);
        assert_eq!(gap("4", &[0]).unwrap_err().code, Code::RatingOutOfRange);
    }
}
