//! Settings of scores: the grade scale and indicators.

use super::super::alternatives::*;
use super::super::register::{Entry, Kind, Text};
use super::{FACTOR, POINTS, SHARE, decimal, section, whole};
use crate::core::number::{Exact, Rounding};
use crate::scoring::scale::{Grade, Preset, Scale};

section! {
    /// `score.*`: rounding and the grade scale (0.2, 0.3).
    ScoreSettings as "score" {
        /// How halves are rounded.
        rounding: Rounding = Rounding::HalfUp;
            Kind::Word(ROUNDING), "Rounding", "舍入方式", "恰为一半时如何舍入。";
        /// Which numbers are rounded.
        round_stage: RoundStage = RoundStage::ItemAndTotal;
            Kind::Word(RoundStage::WORDS), "Rounding stage", "舍入环节", "对哪些得分进行舍入。";
        /// The preset grade scale.
        preset: Preset = Preset::Target100;
            Kind::Word(PRESET), "Preset scale", "预设等级量表", "采用哪一套预设的等级量表。";
        /// A grade scale of the policy itself, which replaces the preset.
        scale: Option<Scale> = None;
            Kind::Scale, "Own scale", "自定义等级量表", "制度自行规定的等级量表，替代预设量表。";
    }
}

section! {
    /// `kpi.*`: indicator scores and their total (part B). Scores are in points.
    KpiSettings as "kpi" {
        /// Lowest score, in points.
        floor: Exact = whole(0);
            Kind::Decimal(POINTS), "Lowest score", "最低分", "指标得分的下限，单位为分。";
        /// Highest score, in points; the cap of the scale limits scores as well. If it is not set,
        /// it is the cap of the scale.
        cap: Exact = whole(120);
            Kind::Decimal(POINTS), "Highest score", "最高分",
            "指标得分的上限，单位为分；量表的最高分同样有效。未设置时即量表的最高分。";
        /// Factor for the part of a ratio score above 100.
        over_rate: Exact = whole(1);
            Kind::Decimal(FACTOR), "Over-achievement factor", "超额系数",
            "达成率法得分超过 100 分的部分所乘的系数。";
        /// Ratio scores below it become 0; off when null.
        min_achievement: Option<Exact> = None;
            Kind::OptionalDecimal(POINTS), "Start point", "起算点",
            "达成率法得分低于此值时计 0 分；为 null 时不启用。";
        /// How a negative target is scored.
        negative_target: NegativeTarget = NegativeTarget::Deviation;
            Kind::Word(NegativeTarget::WORDS), "Negative targets", "负目标值", "目标值为负时如何计分。";
        /// How the ratio method scores an indicator for which lower is better.
        reverse_variant: ReverseVariant = ReverseVariant::Linear;
            Kind::Word(ReverseVariant::WORDS), "Reverse indicators", "反向指标算法",
            "对越低越好的指标，达成率法如何计分。";
        /// Score of values below the threshold, the first point.
        threshold_below: ThresholdBelow = ThresholdBelow::Zero;
            Kind::Word(ThresholdBelow::WORDS), "Below the threshold", "低于门槛值",
            "实际值低于门槛（首个分段点）时的得分。";
        /// How an incomplete step counts.
        step_partial: StepPartial = StepPartial::Floor;
            Kind::Word(StepPartial::WORDS), "Incomplete steps", "不足一档的处理",
            "加减分法中不足一档的部分如何计算。";
        /// Share of its credit that a milestone loses per day late, 0 to 1.
        late_per_day: Exact = decimal(2, 2);
            Kind::Decimal(SHARE), "Loss per day late", "里程碑逾期扣减",
            "里程碑每逾期一天扣减的比例，0 至 1。";
        /// Least credit of a late milestone, 0 to 1.
        late_floor: Exact = decimal(5, 1);
            Kind::Decimal(SHARE), "Least credit when late", "逾期里程碑最低计分比例",
            "逾期完成的里程碑至少保留的计分比例，0 至 1。";
        /// Whether an unfinished milestone may earn credit for its percentage.
        milestone_partial: bool = false;
            Kind::Boolean, "Partial milestones", "里程碑部分计分",
            "未完成的里程碑是否可按完成百分比计分。";
        /// What happens when an indicator has no actual value.
        missing_actual: MissingActual = MissingActual::Block;
            Kind::Word(MissingActual::WORDS), "Missing actual value", "缺少实际值", "指标没有实际值时如何处理。";
        /// Most points that bonus items may add to a total.
        bonus_max: Exact = whole(10);
            Kind::Decimal(POINTS), "Most bonus points", "加分上限", "加分项最多可为总分增加的分数。",
            no effect yet;
        /// Most points that deduction items may take from a total.
        deduct_max: Exact = whole(10);
            Kind::Decimal(POINTS), "Most deducted points", "扣分上限", "扣分项最多可从总分扣除的分数。",
            no effect yet;
        /// What a confirmed veto does.
        veto_effect: VetoEffect = VetoEffect::CapGrade;
            Kind::Word(VetoEffect::WORDS), "Effect of a veto", "一票否决的后果", "一票否决经确认后产生的后果。",
            no effect yet;
        /// The best grade that a veto with `cap_grade` allows.
        veto_grade: Grade = Grade::D;
            Kind::Word(GRADES), "Grade after a veto", "否决后的最高等级",
            "一票否决后果为 `cap_grade` 时允许的最高等级。", no effect yet;
        /// The highest score that a veto with `cap_score` allows, in points.
        veto_score: Exact = whole(60);
            Kind::Decimal(POINTS), "Score after a veto", "否决后的最高分",
            "一票否决后果为 `cap_score` 时允许的最高分。", no effect yet;
        /// Which target counts if it changed during the period.
        target_change: TargetChange = TargetChange::LatestApproved;
            Kind::Word(TargetChange::WORDS), "Changed targets", "目标值变更", "目标值在考核期内变更时以哪个为准。";
        /// A segment of fewer days joins a neighbouring segment.
        min_segment_days: u32 = 30;
            Kind::Integer(0, 366), "Shortest segment", "最短区间",
            "少于此天数的任职或目标区间并入相邻区间。";
    }
}
