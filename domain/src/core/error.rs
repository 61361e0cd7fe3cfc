//! The errors of the domain, each with a stable code.

use core::fmt;
use serde::{Deserialize, Serialize};

/// The result of a domain function.
pub type Result<T> = core::result::Result<T, DomainError>;

/// Declares [`Code`] once: variant, published text and meaning.
macro_rules! codes {
    ($($(#[$meaning:meta])* $variant:ident = $text:literal,)*) => {
        /// The reason for a refusal, as published to clients (section 0.4 and part K).
        ///
        /// A code is part of the contract: its text never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code {
            $($(#[$meaning])* #[serde(rename = $text)] $variant,)*
        }

        impl Code {
            /// Every code, in the order of declaration.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// The published text, for example `KPI_TARGET_ZERO`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }
        }
    };
}

codes! {
    /// A ratio or a percent step has the target 0.
    KpiTargetZero = "KPI_TARGET_ZERO",
    /// The target is negative, and the method or the policy refuses negative targets.
    KpiTargetNegative = "KPI_TARGET_NEGATIVE",
    /// No actual value was recorded.
    KpiActualMissing = "KPI_ACTUAL_MISSING",
    /// Baseline and target are equal.
    KpiBaselineEqTarget = "KPI_BASELINE_EQ_TARGET",
    /// The lower end of an interval is above the upper one, or a tolerance or step is not positive.
    KpiRangeInvalid = "KPI_RANGE_INVALID",
    /// A piecewise score has too few points, or its points are not strictly ordered.
    KpiPointsInvalid = "KPI_POINTS_INVALID",
    /// The bounds of a banded score are not strictly ordered, or their number does not fit the
    /// scores.
    KpiBandsInvalid = "KPI_BANDS_INVALID",
    /// Weights do not sum to exactly 100.00, or the weights of the counted items sum to 0.
    WeightsNot100 = "WEIGHTS_NOT_100",
    /// A rating lies outside 1 to 5.
    RatingOutOfRange = "RATING_OUT_OF_RANGE",
    /// Start and target of a key result are equal.
    KrStartEqTarget = "KR_START_EQ_TARGET",
    /// A goal would be aligned with itself.
    AlignSelf = "ALIGN_SELF",
    /// An alignment would close a loop.
    AlignCycle = "ALIGN_CYCLE",
    /// A cascade parent is not strictly above its child.
    AlignLevel = "ALIGN_LEVEL",
    /// A goal would get a second cascade parent.
    AlignSecondParent = "ALIGN_SECOND_PARENT",
    /// A path of alignments would become too deep.
    AlignDepth = "ALIGN_DEPTH",
    /// The same alignment exists already.
    AlignDuplicate = "ALIGN_DUPLICATE",
    /// A rater type that must rate has not rated.
    MandatoryRaterMissing = "MANDATORY_RATER_MISSING",
    /// Too little rater weight is left to compute a dimension.
    DimensionInsufficient = "DIMENSION_INSUFFICIENT",
    /// The dimensions differ from those of the framework.
    DimensionsDiffer = "DIMENSIONS_DIFFER",
    /// A group is too small for quotas.
    PoolRequired = "POOL_REQUIRED",
    /// Quotas do not sum to the number of people.
    QuotaInvalid = "QUOTA_INVALID",
    /// Evidence or its comment is missing.
    EvidenceRequired = "EVIDENCE_REQUIRED",
    /// A decision needs the id of an approval.
    ApprovalRequired = "APPROVAL_REQUIRED",
    /// The record changed since it was read.
    StateConflict = "STATE_CONFLICT",
    /// The table of states has no such event for the present state and this seat.
    ForbiddenTransition = "FORBIDDEN_TRANSITION",
    /// A guard of the transition is not satisfied.
    GuardFailed = "GUARD_FAILED",
    /// A list that must not be empty is empty.
    EmptyInput = "EMPTY_INPUT",
    /// A text is not a plain decimal number.
    NumberInvalid = "NUMBER_INVALID",
    /// A result does not fit the stored decimal type.
    NumberOverflow = "NUMBER_OVERFLOW",
    /// A count is negative or otherwise impossible.
    CountInvalid = "COUNT_INVALID",
    /// An amount of money is negative where it must not be.
    AmountInvalid = "AMOUNT_INVALID",
    /// A text is not a date, or dates are not in order.
    DateInvalid = "DATE_INVALID",
    /// The number of people, workdays or the availability is 0.
    CapacityZero = "CAPACITY_ZERO",
    /// The cadence of check-ins is 0.
    CadenceInvalid = "CADENCE_INVALID",
    /// The midpoint of a salary range is not positive.
    SalaryMidpointInvalid = "SALARY_MIDPOINT_INVALID",
    /// Bands or anchors of a grade scale contradict each other.
    ScaleInvalid = "SCALE_INVALID",
    /// A setting is unknown or outside its allowed values.
    SettingInvalid = "SETTING_INVALID",
    /// An argument is missing, has the wrong shape or an unknown value.
    InputInvalid = "INPUT_INVALID",
    /// No record has this id.
    NotFound = "NOT_FOUND",
}

impl Code {
    /// Builds an error with this code and an English sentence for people.
    pub fn because(self, detail: impl Into<String>) -> DomainError {
        DomainError { code: self, detail: detail.into() }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal: a stable [`Code`] for programs and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct DomainError {
    /// Why, as a code for programs.
    pub code: Code,
    /// Why, as an English sentence for people; it may change from release to release.
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn texts_are_distinct_and_survive_json() {
        let texts: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
        for &code in Code::ALL {
            let json = serde_json::to_string(&code).unwrap();
            assert_eq!(json, format!("\"{code}\""));
            assert_eq!(serde_json::from_str::<Code>(&json).unwrap(), code);
        }
    }

    #[test]
    fn an_error_shows_code_and_reason() {
        let error = Code::KpiTargetZero.because("the target is 0");
        assert_eq!(error.to_string(), "KPI_TARGET_ZERO: the target is 0");
    }
}
