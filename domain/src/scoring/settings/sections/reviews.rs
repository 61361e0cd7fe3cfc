//! Settings of reviews: ratings, managers and the distribution of grades.

use super::super::alternatives::*;
use super::super::register::{Entry, Kind, Text};
use super::{PERCENT, SHARE, decimal, section, whole};
use crate::core::number::Exact;
use crate::scoring::scale::PerGrade;

section! {
    /// `review.*`: the composite score of a review (part D).
    ReviewSettings as "review" {
        /// Least number of ratings of an anonymous rater type; with fewer it is neither shown nor
        /// used. At least 3.
        anonymity_min: u32 = 3;
            Kind::Integer(3, 100), "Anonymity minimum", "匿名最低人数",
            "匿名评价者类型至少须有的评分数；不足时既不显示也不计入。不得小于 3。";
        /// What happens to anonymous rater types with fewer ratings.
        small_category: SmallCategory = SmallCategory::Exclude;
            Kind::Word(SmallCategory::WORDS), "Too few ratings", "人数不足的类型",
            "评分数不足的匿名评价者类型如何处理。";
        /// How extreme ratings within one rater type are treated.
        trim: Trim = Trim::DropExtremes;
            Kind::Word(Trim::WORDS), "Extreme ratings", "极端评分", "同类评价者的极端评分如何处理。";
        /// Least number of ratings for dropping extremes.
        trim_min_n: u32 = 5;
            Kind::Integer(3, 100), "Ratings for dropping extremes", "去极值最低人数",
            "评分数达到此值才去掉最高分和最低分。";
        /// Least weight of the raters who rated, for a dimension to count, in percent.
        min_weight_share: Exact = whole(50);
            Kind::Decimal(PERCENT), "Least rater weight", "最低评价权重",
            "已评分者的权重至少达到此值，该维度才计入，单位为百分比。";
        /// Whether the manager's manager must confirm the rating.
        second_review: bool = false;
            Kind::Boolean, "Second review", "二级复核", "评价是否须经上级主管的主管复核。";
        /// Whether ratings of partners in other departments are anonymous; named ones need no
        /// minimum.
        cross_dept_anonymous: bool = true;
            Kind::Boolean, "Anonymous partners", "跨部门评价匿名",
            "跨部门协作伙伴的评分是否匿名；实名评分没有最低人数要求。";
        /// What missing records of the process do: a rating needs check-ins that were entered during
        /// the period, month by month.
        process_records: ProcessRecords = ProcessRecords::Warn;
            Kind::Word(ProcessRecords::WORDS), "Missing process records", "缺少过程记录",
            "考核期内逐月的过程记录（进展汇报）缺失时，提交评价如何处理。";
        /// In how many of every two months records of the process are needed, 1 or 2.
        process_months: u32 = 1;
            Kind::Integer(1, 2), "Months with process records", "须有过程记录的月数",
            "每两个月中须有过程记录的月数，1 或 2。";
    }
}

section! {
    /// `manager.*`: the result of people with a team (D.4).
    ManagerSettings as "manager" {
        /// Weight of the team's mean KPI total in the manager's result, 0 to 1.
        team_lambda: Exact = decimal(2, 1);
            Kind::Decimal(SHARE), "Weight of the team", "团队权重",
            "团队成员 KPI 总分的平均值在管理者结果中所占权重，0 至 1。";
    }
}

section! {
    /// `dist.*`: the distribution of grades (E.1-E.3).
    DistributionSettings as "dist" {
        /// How quotas limit the distribution.
        mode: DistributionMode = DistributionMode::Guideline;
            Kind::Word(DistributionMode::WORDS), "Distribution mode", "分布模式", "名额如何约束等级分布。";
        /// Target share of each grade in percent; they sum to 100.
        shares: PerGrade<Exact> = PerGrade::new([10, 20, 50, 15, 5].map(Exact::from));
            Kind::Shares, "Target shares", "目标比例", "各等级的目标比例，单位为百分比，合计为 100。";
        /// Least number of people for a group to have quotas of its own.
        min_group: u32 = 10;
            Kind::Integer(1, 100_000), "Smallest group", "独立名额最低人数", "人数达到此值的群体才单独设名额。";
        /// Allowed deviation of a grade from its quota, in percent of the people of the group.
        tolerance_pp: Exact = whole(5);
            Kind::Decimal(PERCENT), "Tolerance", "容差",
            "各等级人数与名额之间允许的偏差，以群体人数的百分比计。";
        /// Whether shares depend on the grade of the department.
        link_dept_grade: bool = false;
            Kind::Boolean, "Linked to the department", "与部门等级挂钩", "目标比例是否随部门等级变化。",
            no effect yet;
        /// What happens to people who are tied across a grade boundary.
        tie: DistributionTie = DistributionTie::Flag;
            Kind::Word(DistributionTie::WORDS), "Ties", "并列处理", "跨等级边界并列的人员如何处理。";
        /// Least number of records in a count shown to readers who may not read the records
        /// themselves; at least 3.
        min_shown: u32 = 5;
            Kind::Integer(3, 1000), "Smallest count shown", "统计最低人数",
            "向无权查看个人记录者显示统计时至少须有的人数；不得小于 3。";
    }
}
