//! Confidence reported at check-ins (信心指数). Implements C.5.

use crate::core::error::{Code, DomainError, Result};
use serde::{Deserialize, Serialize};

/// Confidence that the goal will be reached, 1 to 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Confidence(u8);

/// The meaning of a confidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outlook {
    /// 8 to 10.
    OnTrack,
    /// 4 to 7.
    HasIssues,
    /// 1 to 3.
    AtRisk,
}

impl TryFrom<u8> for Confidence {
    type Error = DomainError;
    /// `RATING_OUT_OF_RANGE` for a value outside 1 to 10.
    fn try_from(value: u8) -> Result<Confidence> {
        if !(1..=10).contains(&value) {
            return Err(Code::RatingOutOfRange.because(format!("{value} is not within 1 to 10")));
        }
        Ok(Confidence(value))
    }
}

impl From<Confidence> for u8 {
    fn from(confidence: Confidence) -> u8 {
        confidence.0
    }
}

impl Confidence {
    /// What the value means.
    pub const fn outlook(self) -> Outlook {
        match self.0 {
            8.. => Outlook::OnTrack,
            4..=7 => Outlook::HasIssues,
            _ => Outlook::AtRisk,
        }
    }
}

/// What the newest check-in raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConfidenceEvent {
    /// Confidence fell by 3 or more since the check-in before.
    Drop,
    /// Confidence fell at each of the last two check-ins.
    TwoFalls,
}

/// The events that the newest of these check-ins, given oldest first, raises.
pub fn events(history: &[Confidence]) -> Vec<ConfidenceEvent> {
    let plunged = matches!(history, [.., before, now] if before.0.saturating_sub(now.0) >= 3);
    let sank = matches!(history, [.., third, second, newest] if third > second && second > newest);
    let found = [(plunged, ConfidenceEvent::Drop), (sank, ConfidenceEvent::TwoFalls)];
    found.into_iter().filter_map(|(raised, event)| raised.then_some(event)).collect()
}

/// Whether the newest of these check-ins, given oldest first, raises an event.
pub fn drop_raises_event(history: &[Confidence]) -> bool {
    !events(history).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_runs_from_one_to_ten() {
        for (value, outlook) in [
            (1, Outlook::AtRisk),
            (3, Outlook::AtRisk),
            (4, Outlook::HasIssues),
            (7, Outlook::HasIssues),
            (8, Outlook::OnTrack),
            (10, Outlook::OnTrack),
        ] {
            assert_eq!(Confidence::try_from(value).unwrap().outlook(), outlook);
        }
        for value in [0, 11, 255] {
            let error = Confidence::try_from(value).unwrap_err();
            assert_eq!(error.code, Code::RatingOutOfRange);
        }
        assert!(serde_json::from_str::<Confidence>("0").is_err());
    }

    #[test]
    fn a_plunge_or_two_falls_raise_an_event() {
        let raises = |history: &[u8]| {
            let history: Vec<_> =
                history.iter().map(|&value| Confidence::try_from(value).unwrap()).collect();
            drop_raises_event(&history)
        };
        let both = [10, 9, 4].map(|value| Confidence::try_from(value).unwrap());
        assert_eq!(events(&both), [ConfidenceEvent::Drop, ConfidenceEvent::TwoFalls]);
        assert!(raises(&[8, 5]) && raises(&[9, 9, 6]) && raises(&[8, 7, 6]));
        assert!(!raises(&[]) && !raises(&[2]) && !raises(&[8, 6]));
        assert!(!raises(&[8, 7, 7]) && !raises(&[7, 8, 7]) && !raises(&[9, 3, 4]));
    }
}
