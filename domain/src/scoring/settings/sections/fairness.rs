//! Settings of fairness analytics.

use super::super::alternatives::*;
use super::super::register::{Entry, Kind, Range, Text};
use super::{FACTOR, PERCENT, POINTS, SHARE, decimal, section, whole};
use crate::core::number::Exact;

/// A number of standard deviations or errors.
const DEVIATIONS: Range = Range::new("0", "10");
/// A coefficient of correlation.
const CORRELATION: Range = Range::new("-1", "1");

section! {
    /// `fair.*`: fairness analytics (part F).
    FairSettings as "fair" {
        /// On which figure leniency of raters is measured.
        basis: FairBasis = FairBasis::KpiResidual;
            Kind::Word(FairBasis::WORDS), "Basis of leniency", "宽严度依据", "依据哪一数值衡量评价者的宽严程度。",
            no effect yet;
        /// Least share of ratees with a KPI total for using `kpi_residual`, 0 to 1.
        basis_share: Exact = decimal(8, 1);
            Kind::Decimal(SHARE), "Share with a KPI total", "有 KPI 总分者比例",
            "采用 `kpi_residual` 所需的有 KPI 总分者的最低比例，0 至 1。", no effect yet;
        /// Least number of ratings of a rater, or of people in a group, for a figure to be
        /// computed.
        min_n: u32 = 5;
            Kind::Integer(1, 1000), "Smallest sample", "最小样本数",
            "计算某项数值所需的评分数或群体人数下限。", no effect yet;
        /// Distance from the grand mean, in standard errors, from which a rater is lenient or
        /// severe.
        rater_z: Exact = whole(2);
            Kind::Decimal(DEVIATIONS), "Distance of a rater", "评价者偏离程度",
            "与总均值相差达到此倍数的标准误即视为偏宽或偏严。", no effect yet;
        /// Least size of a rater's effect for a flag, in standard deviations within raters.
        rater_effect: Exact = decimal(5, 1);
            Kind::Decimal(DEVIATIONS), "Effect of a rater", "评价者效应下限",
            "评价者效应达到此值才提示，以评价者内标准差计。", no effect yet;
        /// Share of ratings on the midpoint from which a rater shows central tendency, 0 to 1.
        central_share: Exact = decimal(75, 2);
            Kind::Decimal(SHARE), "Share on the midpoint", "趋中比例",
            "居中评分达到此比例即视为趋中，0 至 1。", no effect yet;
        /// Standard deviation relative to that of all raters up to which a rater shows central
        /// tendency.
        central_spread: Exact = decimal(5, 1);
            Kind::Decimal(FACTOR), "Spread of central tendency", "趋中离散度",
            "标准差相对全体评价者不超过此倍数即视为趋中。", no effect yet;
        /// Share of ratees with equal ratings in all dimensions from which a halo is flagged, 0 to
        /// 1.
        halo_share: Exact = decimal(6, 1);
            Kind::Decimal(SHARE), "Share of equal ratings", "晕轮比例",
            "各维度评分完全相同的被评价者达到此比例即提示晕轮效应，0 至 1。", no effect yet;
        /// Mean standard deviation within a ratee's ratings below which a halo is flagged.
        halo_spread: Exact = decimal(25, 2);
            Kind::Decimal(DEVIATIONS), "Spread of a halo", "晕轮离散度",
            "被评价者各维度评分的平均标准差低于此值即提示晕轮效应。", no effect yet;
        /// Last part of the period in which evidence counts as recent, as a share of the period.
        recency_tail: Exact = decimal(2, 1);
            Kind::Decimal(SHARE), "Recent part", "近期区间", "考核期末尾视为近期的部分占整个考核期的比例。",
            no effect yet;
        /// Share of recent evidence from which recency is flagged, 0 to 1.
        recency_share: Exact = decimal(5, 1);
            Kind::Decimal(SHARE), "Share of recent evidence", "近期依据比例",
            "近期依据达到此比例即提示近因效应，0 至 1。", no effect yet;
        /// p below which recency is flagged.
        recency_p: Exact = decimal(1, 2);
            Kind::Decimal(SHARE), "p of recency", "近因显著性水平", "p 值低于此值才提示近因效应。",
            no effect yet;
        /// KPI total from which the target is met, in points.
        meets: Exact = whole(90);
            Kind::Decimal(POINTS), "Target met", "达标线", "KPI 总分达到此值即视为达标，单位为分。",
            no effect yet;
        /// Least share of people below target for a department to be lenient, 0 to 1.
        lenient_low: Exact = decimal(5, 1);
            Kind::Decimal(SHARE), "Lenient: below target", "偏宽部门未达标比例",
            "部门未达标人数至少达到此比例才可能视为偏宽，0 至 1。", no effect yet;
        /// Least share of grades S and A for such a department to be lenient, 0 to 1.
        lenient_top: Exact = decimal(5, 1);
            Kind::Decimal(SHARE), "Lenient: S and A", "偏宽部门 S、A 比例",
            "上述部门的 S、A 等级至少达到此比例即视为偏宽，0 至 1。", no effect yet;
        /// Largest share of people below target for a department to be severe, 0 to 1.
        severe_low: Exact = decimal(3, 1);
            Kind::Decimal(SHARE), "Severe: below target", "偏严部门未达标比例",
            "部门未达标人数不超过此比例才可能视为偏严，0 至 1。", no effect yet;
        /// Largest share of grades S and A for such a department to be severe, 0 to 1.
        severe_top: Exact = decimal(5, 2);
            Kind::Decimal(SHARE), "Severe: S and A", "偏严部门 S、A 比例",
            "上述部门的 S、A 等级不超过此比例才可能视为偏严，0 至 1。", no effect yet;
        /// Least share of grades C and D for such a department to be severe, 0 to 1.
        severe_bottom: Exact = decimal(5, 1);
            Kind::Decimal(SHARE), "Severe: C and D", "偏严部门 C、D 比例",
            "上述部门的 C、D 等级至少达到此比例即视为偏严，0 至 1。", no effect yet;
        /// Difference between a department's z in grades and its z in KPI totals that is flagged.
        gap_z: Exact = decimal(15, 1);
            Kind::Decimal(DEVIATIONS), "Gap of a department", "部门偏差",
            "部门等级的 z 值与 KPI 总分的 z 值之差达到此值即提示。", no effect yet;
        /// tau-b of KPI total and grade below which their link is weak.
        weak_link: Exact = decimal(3, 1);
            Kind::Decimal(CORRELATION), "Weak link", "弱相关界限",
            "KPI 总分与等级的 tau-b 低于此值即视为相关性弱。", no effect yet;
        /// Percentage points below the organisation from which a survey result is flagged.
        survey_pp: Exact = whole(15);
            Kind::Decimal(PERCENT), "Survey difference", "调查差距",
            "调查结果比全组织低此百分点数即提示。", no effect yet;
        /// Multiple of the organisation's appeal rate from which a department is flagged.
        appeal_ratio: Exact = whole(2);
            Kind::Decimal(FACTOR), "Appeal rate", "申诉率倍数",
            "部门申诉率达到全组织的此倍数即提示。", no effect yet;
        /// Least number of appeals for an appeal rate to be flagged.
        appeal_min: u32 = 3;
            Kind::Integer(1, 1000), "Fewest appeals", "申诉最低件数",
            "申诉件数达到此值才就申诉率作出提示。", no effect yet;
    }
}
