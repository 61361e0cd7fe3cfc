//! The single steps of a calculation.

use crate::core::number::Exact;
use serde::{Deserialize, Serialize};

/// Records the steps of a calculation while it runs, so that the explanation shows exactly what was
/// computed.
pub(crate) trait Record {
    /// Records the value of a rule and returns it.
    fn step(&mut self, rule: Rule, value: Exact) -> Exact;
}

/// Records nothing; for callers that need only the score.
impl Record for () {
    fn step(&mut self, _: Rule, value: Exact) -> Exact {
        value
    }
}

impl Record for Vec<Step> {
    fn step(&mut self, rule: Rule, value: Exact) -> Exact {
        self.push(Step { rule, value: value.clone() });
        value
    }
}

/// A value, and the rule that gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The rule that was applied.
    pub rule: Rule,
    /// The exact value that it gave.
    pub value: Exact,
}

/// Declares [`Rule`] once: variant, section of the specification, Chinese and English text.
macro_rules! rules {
    ($($(#[$meaning:meta])* $variant:ident = $section:literal, $zh:literal, $en:literal;)*) => {
        /// A rule of the specification, as it appears in an explanation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Rule {
            $($(#[$meaning])* $variant,)*
        }

        impl Rule {
            /// The section of the specification that states the rule.
            pub const fn section(self) -> &'static str {
                match self { $(Rule::$variant => $section,)* }
            }

            /// The rule in Chinese and English.
            pub(super) const fn texts(self) -> (&'static str, &'static str) {
                match self { $(Rule::$variant => ($zh, $en),)* }
            }
        }
    };
}

rules! {
    /// Achievement: deviation from the target, relative to the target's absolute value.
    RatioDeviation = "B.1", "达成率 = 100 + 100 × 优于目标的差额 ÷ |目标|",
        "achievement = 100 + 100 × gain over target / |target|";
    /// Achievement, where half of a reduction of a loss counts.
    RatioHalved = "B.1", "达成率（减亏部分折半）", "achievement, a reduced loss counted half";
    /// Achievement: target divided by actual.
    RatioInverse = "B.2", "达成率 = 100 × 目标 ÷ 实际值", "achievement = 100 × target / actual";
    /// The actual value is not above 0: the cap counts.
    RatioBeyond = "B.2", "实际值不大于零，取上限", "actual not above zero, so the cap";
    /// The part above 100, at the over-achievement rate.
    OverRate = "B.1", "超额部分按超额系数计", "the part above 100 at the over-achievement rate";
    /// The score is below the start point, so it is 0.
    MinAchievement = "B.1", "低于起算点，计 0 分", "below the start point, so 0";
    /// Share of the way from baseline to target.
    Baseline = "B.2", "100 ×（实际值 − 基期值）÷（目标 − 基期值）",
        "100 × (actual - baseline) / (target - baseline)";
    /// Base score minus penalties.
    Occurrence = "B.2", "基础分 − 次数 × 每次扣分", "base - count × penalty";
    /// Score by the distance from the interval.
    Interval = "B.3", "100 − 100 × 偏离距离 ÷ 容差", "100 - 100 × distance / tolerance";
    /// The value is below the first point.
    BelowThreshold = "B.4", "未达门槛", "below the threshold";
    /// Linear interpolation between two points.
    Interpolated = "B.4", "门槛、目标、挑战之间线性插值", "on the line between threshold, target and stretch";
    /// Score of the band.
    Band = "B.5", "所在区间的分值", "the score of the band";
    /// Number of steps that count.
    StepCount = "B.6", "计入的档数", "steps counted";
    /// Base plus or minus the points of the steps.
    StepPoints = "B.6", "基础分加减档分", "base plus or minus the points of the steps";
    /// Credit of one milestone.
    MilestoneCredit = "B.7", "里程碑得分比例", "share of its weight that the milestone earns";
    /// Sum of credits.
    MilestoneSum = "B.7", "权重 × 比例之和", "sum of weight × share";
    /// A rating, converted to a score.
    RatingScore = "B.8", "评分换算为分数", "rating converted to a score";
    /// Weighted mean of the items that count.
    WeightedMean = "B.9", "计入项目的加权平均", "weighted mean of the items that count";
    /// Mean, weighted by days.
    TimeWeighted = "B.9", "按天数加权平均（过短的时段并入相邻时段）",
        "mean weighted by days, short stretches joined to a neighbour";
    /// Bonus points.
    Bonus = "B.9", "加分（不超过上限）", "bonus points, at most the limit";
    /// Deducted points.
    Deduction = "B.9", "扣分（不超过上限）", "deducted points, at most the limit";
    /// A confirmed veto.
    Veto = "B.9", "一票否决", "veto";
    /// Progress of one key result.
    KeyResultProgress = "C.1", "关键结果进度", "progress of a key result";
    /// Weighted progress of key results.
    ObjectiveProgress = "C.2", "关键结果进度的加权平均", "weighted mean of the key results' progress";
    /// Progress, rounded to 4 places.
    RoundedProgress = "0.2", "进度保留四位小数（四舍五入）", "progress rounded to 4 places";
    /// Grade of an objective.
    ObjectiveGrade = "C.2", "目标评分：进度保留一位小数（四舍五入）", "grade: progress rounded to 1 place";
    /// Score of an objective.
    ObjectiveScore = "C.2", "目标进度换算为分数", "progress converted to a score";
    /// Mean rating of one rater type.
    RaterMean = "D.2", "同类评价者的平均分", "mean rating of one type of rater";
    /// Weighted mean of rater types.
    RaterWeighted = "D.3", "各类评价者的加权平均", "weighted mean of the types of rater that count";
    /// Weighted mean of dimensions.
    DimensionWeighted = "D.4", "各维度的加权平均", "weighted mean of the dimensions";
    /// Own score blended with the team's mean.
    TeamBlend = "D.4", "(1 − λ) × 本人得分 + λ × 团队指标总分均值",
        "(1 - lambda) × own score + lambda × mean KPI total of the team";
    /// Score limited to floor and cap.
    Limits = "B", "限制在下限与上限之间", "limited to floor and cap";
    /// Rounded to 2 places.
    Rounded = "0.2", "保留两位小数", "rounded to 2 places";
}
