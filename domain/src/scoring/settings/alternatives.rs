//! The alternatives a setting chooses from; the first one is the default.

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
    /// Where scores are rounded (`score.round_stage`).
    RoundStage {
        /// Each indicator, each dimension and the total, so that the printed form adds up.
        ItemAndTotal,
        /// Only the total.
        TotalOnly,
    }
    /// How a negative target is scored (`kpi.negative_target`).
    NegativeTarget {
        /// By deviation from the target, relative to its size.
        Deviation,
        /// As `Deviation`, but a reduced loss counts half (减亏部分折半计算).
        DeviationHalf,
        /// Not at all.
        Reject,
    }
    /// How "lower is better" is turned into a score (`kpi.reverse_variant`).
    ReverseVariant {
        /// A straight line that reaches 0 at twice the target.
        Linear,
        /// Target over actual; never reaches 0.
        Inverse,
    }
    /// What lies below the threshold of a piecewise score (`kpi.threshold_below`).
    ThresholdBelow {
        /// Nothing.
        Zero,
        /// The score of the threshold.
        ThresholdScore,
    }
    /// What an incomplete step counts (`kpi.step_partial`).
    StepPartial {
        /// Nothing, in either direction.
        Floor,
        /// A whole step when points are deducted (不足一档按一档扣).
        CeilDeduct,
        /// Its share of a step.
        Proportional,
    }
    /// What a missing actual means for the total (`kpi.missing_actual`).
    MissingActual {
        /// No total.
        Block,
        /// A score of 0.
        Zero,
        /// The item is left out and the others are renormalised; needs an HR approval.
        Exclude,
    }
    /// What a confirmed veto does (`kpi.veto_effect`).
    VetoEffect {
        /// Caps the grade.
        CapGrade,
        /// Caps the score.
        CapScore,
        /// Sets one item to 0.
        ItemZero,
        /// Sets the total to 0.
        TotalZero,
    }
    /// Which target counts when it changed during the period (`kpi.target_change`).
    TargetChange {
        /// The latest approved one.
        LatestApproved,
        /// Each, for the days it was in force.
        TimeWeighted,
    }
    /// Whether a failed check stops a submission (`smart.enforce`).
    Enforce {
        /// It is shown.
        Warn,
        /// It refuses.
        Block,
    }
    /// Whose progress a parent objective shows (`okr.rollup`).
    Rollup {
        /// Its own key results decide.
        Own,
        /// Its children decide.
        Children,
        /// A blend of both.
        Blend,
    }
    /// How a key result that keeps a level is judged (`okr.maintain`).
    Maintain {
        /// By the share of compliant check-ins.
        ShareOfPeriods,
        /// By the last check-in.
        LatestOnly,
    }
    /// Whether OKR progress becomes a score (`okr.in_review`).
    OkrInReview {
        /// It does not.
        Off,
        /// It is mapped to one.
        Mapped,
    }
    /// What happens to rater types with too few ratings (`review.small_category`).
    SmallCategory {
        /// They are left out.
        Exclude,
        /// They are pooled with each other.
        MergeOther,
    }
    /// How extreme ratings inside a rater type are treated (`review.trim`).
    Trim {
        /// One highest and one lowest are dropped.
        DropExtremes,
        /// All count.
        None,
        /// The median counts.
        Median,
    }
    /// How a distribution of grades is steered (`dist.mode`).
    DistributionMode {
        /// Deviations warn and need a reason.
        Guideline,
        /// Not at all.
        None,
        /// The top has upper limits.
        CapTop,
        /// Quotas are exact.
        Forced,
    }
    /// What a tie across a grade boundary becomes (`dist.tie`).
    DistributionTie {
        /// A question to the session.
        Flag,
        /// The better grade for all, within tolerance.
        AllUp,
        /// The lower grade for all.
        AllDown,
    }
    /// What rater leniency is measured on (`fair.basis`).
    FairBasis {
        /// Rating score less KPI total, when enough people have one.
        KpiResidual,
        /// Rating score.
        Raw,
    }
    /// How a bonus pool is paid (`bonus.mode`).
    BonusMode {
        /// Computed bonuses, reduced only when they exceed the pool.
        CapOnly,
        /// The whole pool.
        DistributeAll,
    }
    /// Through how many levels a bonus pool is split (`bonus.allocation`).
    BonusAllocation {
        /// Straight to people.
        SingleLevel,
        /// To departments, then to people (奖金池二次分配).
        TwoLevel,
    }
}
