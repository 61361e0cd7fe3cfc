//! Which grade counts for pay, promotion and PIPs. Implements the rule of K2 on rank alone.

use crate::reviews::calibration::Reason;
use crate::scoring::scale::Grade;
use crate::scoring::settings::DistributionMode;
use std::collections::BTreeSet;

/// A grade as its consequences see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountingGrade {
    /// The grade that counts in H.1, H.3 and H.5.
    pub grade: Grade,
    /// Whether the distribution is shown to the person as a reason.
    pub distribution_shown: bool,
}

/// The grade that counts. A low rank is no reason: a grade lowered with the reason `distribution`
/// alone counts as the computed grade. In `forced` mode this reason is shown as such.
pub fn counting_grade(
    computed: Grade,
    final_grade: Grade,
    reasons: &BTreeSet<Reason>,
    mode: DistributionMode,
) -> CountingGrade {
    let by_rank_alone = final_grade < computed && reasons.iter().eq([&Reason::Distribution]);
    CountingGrade {
        grade: if by_rank_alone { computed } else { final_grade },
        distribution_shown: mode == DistributionMode::Forced
            && reasons.contains(&Reason::Distribution),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Grade::{A, B, C};
    use Reason::{DataError, Distribution};

    #[test]
    fn only_a_fall_by_rank_alone_does_not_count() {
        let counts = |computed, given, reasons: &[Reason], mode| {
            let reasons = reasons.iter().copied().collect();
            let found = counting_grade(computed, given, &reasons, mode);
            (found.grade, found.distribution_shown)
        };
        use DistributionMode::{Forced, Guideline};
        assert_eq!(counts(B, C, &[Distribution], Forced), (B, true));
        assert_eq!(counts(B, C, &[Distribution], Guideline), (B, false));
        assert_eq!(counts(B, C, &[Distribution, DataError], Forced), (C, true));
        assert_eq!(counts(B, C, &[DataError], Forced), (C, false));
        assert_eq!(counts(B, A, &[Distribution], Forced), (A, true));
        assert_eq!(counts(B, B, &[], Forced), (B, false));
    }
}
