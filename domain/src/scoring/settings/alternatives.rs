//! The alternatives of each setting; the first alternative is the default.

use crate::core::text::TextEnum;
use serde::{Deserialize, Serialize};

/// Declares an enum of published alternatives; the first one is the default.
macro_rules! alternatives {
    ($($(#[$meaning:meta])* $name:ident {
        $(#[$first_meaning:meta])* $first:ident,
        $($(#[$other_meaning:meta])* $other:ident,)*
    })*) => {$(
        $(#[$meaning])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $(#[$first_meaning])* #[default] $first,
            $($(#[$other_meaning])* $other,)*
        }
    )*};
}

alternatives! {
    /// Which numbers are rounded (`score.round_stage`).
    RoundStage {
        /// Each indicator, each dimension and the total, so that the printed form adds up.
        ItemAndTotal,
        /// Only the total.
        TotalOnly,
    }
    /// How a negative target is scored (`kpi.negative_target`).
    NegativeTarget {
        /// By the deviation from the target, relative to the target's absolute value.
        Deviation,
        /// As `Deviation`, but a reduction of a loss counts half (减亏部分折半计算).
        DeviationHalf,
        /// Negative targets are refused.
        Reject,
    }
    /// How the ratio method scores an indicator for which lower is better (`kpi.reverse_variant`).
    ReverseVariant {
        /// A straight line that reaches 0 at twice the target.
        Linear,
        /// Target divided by actual; never reaches 0.
        Inverse,
    }
    /// Score of values below the first point, the threshold (`kpi.threshold_below`).
    ThresholdBelow {
        /// A score of 0.
        Zero,
        /// The score of the threshold.
        ThresholdScore,
    }
    /// How an incomplete step counts (`kpi.step_partial`).
    StepPartial {
        /// Not at all, whether points are added or deducted.
        Floor,
        /// As a whole step when points are deducted (不足一档按一档扣).
        CeilDeduct,
        /// In proportion to its size.
        Proportional,
    }
    /// What happens when an indicator has no actual value (`kpi.missing_actual`).
    MissingActual {
        /// There is no total.
        Block,
        /// The indicator scores 0.
        Zero,
        /// The indicator is left out and the other weights are renormalised; this needs an approval
        /// by HR.
        Exclude,
    }
    /// What a confirmed veto does (`kpi.veto_effect`).
    VetoEffect {
        /// It caps the grade.
        CapGrade,
        /// It caps the score.
        CapScore,
        /// It sets one item to 0.
        ItemZero,
        /// It sets the total to 0.
        TotalZero,
    }
    /// Which target counts if it changed during the period (`kpi.target_change`).
    TargetChange {
        /// The latest approved target.
        LatestApproved,
        /// Each target, weighted by the days it was in force.
        TimeWeighted,
    }
    /// What a failed check does (`smart.enforce` and other settings).
    Enforce {
        /// It shows a warning.
        Warn,
        /// It refuses the submission.
        Block,
    }
    /// Which progress a parent objective shows (`okr.rollup`).
    Rollup {
        /// That of its own key results.
        Own,
        /// That of its children.
        Children,
        /// A weighted mean of both.
        Blend,
    }
    /// How progress of a maintain key result (保持型) is computed (`okr.maintain`).
    Maintain {
        /// As the share of check-ins that comply.
        ShareOfPeriods,
        /// From the last check-in only.
        LatestOnly,
    }
    /// Whether OKR progress becomes a score (`okr.in_review`).
    OkrInReview {
        /// It does not.
        Off,
        /// It is mapped to a score.
        Mapped,
    }
    /// What happens to anonymous rater types with too few ratings (`review.small_category`).
    SmallCategory {
        /// They are left out.
        Exclude,
        /// They are pooled.
        MergeOther,
    }
    /// How extreme ratings within one rater type are treated (`review.trim`).
    Trim {
        /// The highest and the lowest rating are dropped.
        DropExtremes,
        /// All ratings count.
        None,
        /// Only the median counts.
        Median,
    }
    /// How quotas limit the distribution of grades (`dist.mode`).
    DistributionMode {
        /// Deviations from the quotas give a warning and need a reason.
        Guideline,
        /// There are no quotas.
        None,
        /// Quotas are upper limits for S and for S and A together.
        CapTop,
        /// Quotas are exact.
        Forced,
    }
    /// What happens to people who are tied across a grade boundary (`dist.tie`).
    DistributionTie {
        /// The session must decide.
        Flag,
        /// All get the better grade, if the tolerance allows it.
        AllUp,
        /// All get the lower grade.
        AllDown,
    }
    /// On which figure leniency of raters is measured (`fair.basis`).
    FairBasis {
        /// Rating score minus KPI total, if enough people have a KPI total.
        KpiResidual,
        /// The rating score alone.
        Raw,
    }
    /// How a bonus pool is paid (`bonus.mode`).
    BonusMode {
        /// Computed bonuses are paid, and reduced only if they exceed the pool.
        CapOnly,
        /// The whole pool is always paid.
        DistributeAll,
    }
    /// What a person gets who is not rated (`bonus.not_rated`).
    BonusNotRated {
        /// The bonus of grade B for the eligible part of the period.
        ProratedB,
        /// Nothing.
        None,
    }
    /// What missing records of the process do (`review.process_records`).
    ProcessRecords {
        /// They give a warning.
        Warn,
        /// Nobody looks for them.
        Off,
        /// They refuse the rating.
        Block,
    }
    /// On how many levels a bonus pool is split (`bonus.allocation`).
    BonusAllocation {
        /// Directly among people.
        SingleLevel,
        /// First among departments, then among their people (奖金池二次分配).
        TwoLevel,
    }
}

impl TextEnum for Enforce {
    const ALL: &'static [Self] = &[Self::Warn, Self::Block];

    fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}
