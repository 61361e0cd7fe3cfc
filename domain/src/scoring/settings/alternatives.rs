//! The alternatives of each setting; the first alternative is the default.

use super::register::{Text, Word};
use serde::{Deserialize, Serialize};

/// Declares an enum of published alternatives: each with its word, its meaning in English as the
/// comment, and its meaning in Chinese. The first one is the default.
macro_rules! alternatives {
    ($($(#[$meaning:meta])* $name:ident {
        $(#[doc = $first_en:literal])+ $first:ident = $first_word:literal, $first_zh:literal;
        $($(#[doc = $en:literal])+ $other:ident = $word:literal, $zh:literal;)*
    })*) => {$(
        $(#[$meaning])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $(#[doc = $first_en])+ #[default] #[serde(rename = $first_word)] $first,
            $($(#[doc = $en])+ #[serde(rename = $word)] $other,)*
        }

        impl $name {
            /// The words of the alternatives and what they mean, the default first.
            pub const WORDS: &'static [Word] = &[
                Word::new($first_word, Text::new(concat!($($first_en),+), $first_zh)),
                $(Word::new($word, Text::new(concat!($($en),+), $zh)),)*
            ];
        }
    )*};
}

/// The alternatives of `score.rounding`.
pub(super) const ROUNDING: &[Word] = &[
    Word::new("half_up", Text::new("A half goes away from zero.", "四舍五入")),
    Word::new("half_even", Text::new("A half goes to the even neighbour.", "四舍六入五成双")),
];

/// The alternatives of `score.preset`.
pub(super) const PRESET: &[Word] = &[
    Word::new(
        "target_100",
        Text::new("100 is \"target met\"; scores reach 120.", "100 分为达成目标，最高 120 分"),
    ),
    Word::new(
        "hundred_point",
        Text::new("Percent marks; scores reach 100.", "百分制，最高 100 分"),
    ),
];

/// The grades.
pub(super) const GRADES: &[Word] = &[
    Word::new("S", Text::new("Outstanding.", "卓越")),
    Word::new("A", Text::new("Exceeds expectations.", "优秀")),
    Word::new("B", Text::new("Meets expectations.", "达标")),
    Word::new("C", Text::new("Needs improvement.", "待改进")),
    Word::new("D", Text::new("Unsatisfactory.", "不合格")),
];

alternatives! {
    /// Which numbers are rounded (`score.round_stage`).
    RoundStage {
        /// Each indicator, each dimension and the total, so that the printed form adds up.
        ItemAndTotal = "item_and_total", "各指标、各维度和总分均舍入，使打印的考核表能加总核对";
        /// Only the total.
        TotalOnly = "total_only", "仅总分舍入";
    }
    /// How a negative target is scored (`kpi.negative_target`).
    NegativeTarget {
        /// By the deviation from the target, relative to the target's absolute value.
        Deviation = "deviation", "按实际值与目标值之差除以目标绝对值计分";
        /// As `deviation`, but a reduction of a loss counts half.
        DeviationHalf = "deviation_half", "同上，但减亏部分折半计算";
        /// Negative targets are refused.
        Reject = "reject", "不接受负目标值";
    }
    /// How the ratio method scores an indicator for which lower is better (`kpi.reverse_variant`).
    ReverseVariant {
        /// A straight line that reaches 0 at twice the target.
        Linear = "linear", "线性递减，实际值达到目标的两倍时得 0 分";
        /// Target divided by actual; never reaches 0.
        Inverse = "inverse", "目标值除以实际值，不会降到 0 分";
    }
    /// Score of values below the first point, the threshold (`kpi.threshold_below`).
    ThresholdBelow {
        /// A score of 0.
        Zero = "zero", "得 0 分";
        /// The score of the threshold.
        ThresholdScore = "threshold_score", "得门槛分";
    }
    /// How an incomplete step counts (`kpi.step_partial`).
    StepPartial {
        /// Not at all, whether points are added or deducted.
        Floor = "floor", "不足一档不加分也不扣分";
        /// As a whole step when points are deducted.
        CeilDeduct = "ceil_deduct", "扣分时不足一档按一档扣";
        /// In proportion to its size.
        Proportional = "proportional", "按比例计算";
    }
    /// What happens when an indicator has no actual value (`kpi.missing_actual`).
    MissingActual {
        /// There is no total.
        Block = "block", "不计算总分，须先补齐实际值";
        /// The indicator scores 0.
        Zero = "zero", "该指标计 0 分";
        /// The indicator is left out and the other weights are renormalised; this needs an approval
        /// by HR.
        Exclude = "exclude", "不计该指标，其余权重按比例放大（须人力资源审批）";
    }
    /// What a confirmed veto does (`kpi.veto_effect`).
    VetoEffect {
        /// It caps the grade.
        CapGrade = "cap_grade", "限制最高等级";
        /// It caps the score.
        CapScore = "cap_score", "限制最高得分";
        /// It sets one item to 0.
        ItemZero = "item_zero", "相关指标计 0 分";
        /// It sets the total to 0.
        TotalZero = "total_zero", "总分计 0 分";
    }
    /// Which target counts if it changed during the period (`kpi.target_change`).
    TargetChange {
        /// The latest approved target.
        LatestApproved = "latest_approved", "以最近一次批准的目标值为准";
        /// Each target, weighted by the days it was in force.
        TimeWeighted = "time_weighted", "各目标值按生效天数加权";
    }
    /// What a failed check does (`smart.enforce` and other settings).
    Enforce {
        /// It shows a warning.
        Warn = "warn", "仅提示";
        /// It refuses the submission.
        Block = "block", "不允许提交";
    }
    /// Which progress a parent objective shows (`okr.rollup`).
    Rollup {
        /// That of its own key results.
        Own = "own", "取自身关键结果的进度";
        /// That of its children.
        Children = "children", "取下级目标的进度";
        /// A weighted mean of both.
        Blend = "blend", "两者加权平均";
    }
    /// How progress of a maintain key result (保持型) is computed (`okr.maintain`).
    Maintain {
        /// As the share of check-ins that comply.
        ShareOfPeriods = "share_of_periods", "按达标的进展汇报所占比例计算";
        /// From the last check-in only.
        LatestOnly = "latest_only", "仅看最近一次进展汇报";
    }
    /// Whether OKR progress becomes a score (`okr.in_review`).
    OkrInReview {
        /// It does not.
        Off = "off", "不计入";
        /// It is mapped to a score.
        Mapped = "mapped", "换算为得分计入";
    }
    /// What happens to anonymous rater types with too few ratings (`review.small_category`).
    SmallCategory {
        /// They are left out.
        Exclude = "exclude", "不计入";
        /// They are pooled.
        MergeOther = "merge_other", "合并后计入";
    }
    /// How extreme ratings within one rater type are treated (`review.trim`).
    Trim {
        /// The highest and the lowest rating are dropped.
        DropExtremes = "drop_extremes", "去掉一个最高分和一个最低分";
        /// All ratings count.
        None = "none", "全部计入";
        /// Only the median counts.
        Median = "median", "取中位数";
    }
    /// What missing records of the process do (`review.process_records`).
    ProcessRecords {
        /// They give a warning.
        Warn = "warn", "仅提示";
        /// Nobody looks for them.
        Off = "off", "不检查";
        /// They refuse the rating.
        Block = "block", "不允许提交评价";
    }
    /// How quotas limit the distribution of grades (`dist.mode`).
    DistributionMode {
        /// Deviations from the quotas give a warning and need a reason.
        Guideline = "guideline", "指导分布：超出容差时提示并须说明理由";
        /// There are no quotas.
        None = "none", "不设名额";
        /// Quotas are upper limits for S and for S and A together.
        CapTop = "cap_top", "仅限制 S 以及 S 与 A 合计的上限";
        /// Quotas are exact.
        Forced = "forced", "强制分布：须与名额完全一致";
    }
    /// What happens to people who are tied across a grade boundary (`dist.tie`).
    DistributionTie {
        /// The session must decide.
        Flag = "flag", "标记并由校准会决定";
        /// All get the better grade, if the tolerance allows it.
        AllUp = "all_up", "容差允许时全部取较高等级";
        /// All get the lower grade.
        AllDown = "all_down", "全部取较低等级";
    }
    /// On which figure leniency of raters is measured (`fair.basis`).
    FairBasis {
        /// Rating score minus KPI total, if enough people have a KPI total.
        KpiResidual = "kpi_residual", "评分减去 KPI 总分（有 KPI 总分的人数足够时）";
        /// The rating score alone.
        Raw = "raw", "仅用评分";
    }
    /// How a bonus pool is paid (`bonus.mode`).
    BonusMode {
        /// Computed bonuses are paid, and reduced only if they exceed the pool.
        CapOnly = "cap_only", "按计算额发放，仅在超出奖金池时缩减";
        /// The whole pool is always paid.
        DistributeAll = "distribute_all", "奖金池全部分配";
    }
    /// What a person gets who is not rated (`bonus.not_rated`).
    BonusNotRated {
        /// The bonus of grade B for the eligible part of the period.
        ProratedB = "prorated_b", "按 B 级和在岗天数折算发放";
        /// Nothing.
        None = "none", "不发放";
    }
    /// On how many levels a bonus pool is split (`bonus.allocation`).
    BonusAllocation {
        /// Directly among people.
        SingleLevel = "single_level", "直接分配到个人";
        /// First among departments, then among their people.
        TwoLevel = "two_level", "先分到部门，再分到个人（奖金池二次分配）";
    }
}
