//! Settings of goals: form, check, key results, plan and weights.

use super::super::Span;
use super::super::alternatives::*;
use super::super::register::{Entry, Kind, Range, Text};
use super::{PERCENT, SHARE, decimal, section, whole};
use crate::core::number::Exact;

/// A ratio above 0: a plan of no capacity and a target without change cannot be judged.
const RATIO: Range = Range::new("0.01", "100");
/// A share above 0.
const PART: Range = Range::new("0.01", "1");

section! {
    /// `goal.*`: number, weight and alignment of goals (B.9, C.4).
    GoalSettings as "goal" {
        /// Number of goals on one form.
        count: Span<u32> = Span { min: 3, max: 8 };
            Kind::Counts(0, 100), "Number of goals", "目标数量", "每人考核表上的目标数量范围。";
        /// Weight of one goal in percent.
        weight: Span<Exact> = Span { min: whole(5), max: whole(60) };
            Kind::Decimals(PERCENT), "Weight of a goal", "单个目标权重", "单个目标的权重范围，单位为百分比。";
        /// Least coverage of a parent's target by its children, in percent.
        coverage_min: Exact = whole(100);
            Kind::Decimal(Range::new("0", "1000")), "Least coverage", "最低覆盖率",
            "下级目标之和对上级目标值的最低覆盖率，单位为百分比。";
        /// What happens to a goal without a parent goal.
        align_required: Enforce = Enforce::Warn;
            Kind::Word(Enforce::WORDS), "Alignment", "目标对齐要求", "没有上级目标的目标如何处理。";
    }
}

section! {
    /// `smart.*`: the SMART check of a goal (C.6).
    SmartSettings as "smart" {
        /// What a failed check does.
        enforce: Enforce = Enforce::Warn;
            Kind::Word(Enforce::WORDS), "SMART check", "SMART 检查", "未通过 SMART 检查时如何处理。";
        /// Verbs that are too vague without a target.
        vague_verbs: Vec<String> = [
            "提高", "加强", "优化", "改善", "improve", "enhance", "better",
        ].map(String::from).to_vec();
            Kind::Words(200, 40), "Vague verbs", "模糊动词", "没有目标值时视为过于含糊的动词。";
        /// Relative change from the baseline above which a target is unrealistic; 1 means 100 %.
        hard: Exact = whole(1);
            Kind::Decimal(RATIO), "Unrealistic change", "不切实际的幅度",
            "相对基线值的变化超过此比例即视为不切实际；1 表示 100%。";
    }
}

section! {
    /// `okr.*`: objectives and key results (part C).
    OkrSettings as "okr" {
        /// Which progress a parent objective shows.
        rollup: Rollup = Rollup::Own;
            Kind::Word(Rollup::WORDS), "Progress of a parent", "上级目标进度", "上级目标显示哪一种进度。";
        /// Weight of a goal's own progress in `blend`, 0 to 1.
        blend_alpha: Exact = decimal(5, 1);
            Kind::Decimal(SHARE), "Own weight in a blend", "自身进度权重",
            "采用 `blend` 时自身进度所占的权重，0 至 1。";
        /// How progress of a maintain key result is computed.
        maintain: Maintain = Maintain::ShareOfPeriods;
            Kind::Word(Maintain::WORDS), "Maintain key results", "保持型关键结果", "保持型关键结果的进度如何计算。";
        /// Whether OKR progress becomes a score.
        in_review: OkrInReview = OkrInReview::Off;
            Kind::Word(OkrInReview::WORDS), "OKR in the review", "OKR 计入考核", "OKR 进度是否换算为考核得分。";
    }
}

section! {
    /// `feasibility.*`: the capacity check of a plan (C.7).
    FeasibilitySettings as "feasibility" {
        /// Share of working time that is available for the plan, 0 to 1.
        availability: Exact = decimal(8, 1);
            Kind::Decimal(PART), "Available time", "可用工时比例", "可用于计划的工作时间比例，0 至 1。",
            no effect yet;
        /// Utilisation above which a plan is tight, in percent.
        tight_pct: Exact = whole(85);
            Kind::Decimal(PERCENT), "Tight plan", "紧张线", "产能利用率超过此值即视为紧张，单位为百分比。",
            no effect yet;
    }
}

section! {
    /// `weights.*`: dimension weights of a department (C.8).
    WeightSettings as "weights" {
        /// Largest allowed difference from the framework, in percentage points.
        max_pp: Exact = whole(10);
            Kind::Decimal(PERCENT), "Largest difference", "权重最大调整幅度",
            "部门维度权重与政策框架相比允许的最大差异，单位为百分点。";
    }
}
