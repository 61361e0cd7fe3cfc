//! Settings of what follows from a result: appeals, interviews, improvement plans, bonuses, leave.

use super::super::alternatives::*;
use super::super::register::{Entry, Kind, Text};
use super::{FACTOR, PERCENT, decimal, section, whole};
use crate::core::number::Exact;
use crate::scoring::scale::PerGrade;

section! {
    /// `appeal.*`: appeals (D.6). Times in working days.
    AppealSettings as "appeal" {
        /// Time to appeal after publication, in working days.
        window_workdays: u32 = 7;
            Kind::Integer(1, 250), "Time to appeal", "申诉期", "结果公布后可提出申诉的工作日数。";
        /// Time to appeal after an interview that was held in time, if that ends later, in working
        /// days.
        after_interview_workdays: u32 = 5;
            Kind::Integer(1, 250), "Time to appeal after the interview", "面谈后申诉期",
            "面谈如期举行的，面谈后仍可提出申诉的工作日数，以较晚者为准。", no effect yet;
        /// Time to reply to an appeal, in working days.
        reply_workdays: u32 = 5;
            Kind::Integer(1, 250), "Time to reply", "答复期限", "答复申诉的工作日数。", no effect yet;
        /// Time to appeal against the decision, to the second instance, in working days.
        second_window_workdays: u32 = 5;
            Kind::Integer(1, 250), "Time for the second instance", "复议申请期限",
            "对申诉决定申请复议的工作日数。", no effect yet;
        /// Time for the committee to decide, in working days.
        committee_workdays: u32 = 10;
            Kind::Integer(1, 250), "Time for the committee", "委员会决定期限",
            "绩效管理委员会作出决定的工作日数。", no effect yet;
        /// Whether an appeal can never make a result worse.
        no_reformatio: bool = true;
            Kind::Boolean, "Never worse", "申诉不加重", "申诉结果是否不得比原结果更差。", no effect yet;
    }
}

section! {
    /// `interview.*`: performance interviews (D.6).
    InterviewSettings as "interview" {
        /// Working days after publication within which the interview is due.
        due_workdays: u32 = 10;
            Kind::Integer(1, 250), "Interview due", "面谈期限", "结果公布后应完成绩效面谈的工作日数。",
            no effect yet;
    }
}

section! {
    /// `pip.*`: PIPs (绩效改进计划; D.6, H.5).
    PipSettings as "pip" {
        /// Length of a PIP in days, 30 to 90.
        days: u32 = 60;
            Kind::Integer(30, 90), "Length of a PIP", "绩效改进计划天数", "绩效改进计划的天数，30 至 90。",
            no effect yet;
    }
}

section! {
    /// `bonus.*`: bonuses (H.1).
    BonusSettings as "bonus" {
        /// How the pool is paid.
        mode: BonusMode = BonusMode::CapOnly;
            Kind::Word(BonusMode::WORDS), "Payment of the pool", "奖金池发放方式", "奖金池如何发放。",
            no effect yet;
        /// On how many levels the pool is split.
        allocation: BonusAllocation = BonusAllocation::SingleLevel;
            Kind::Word(BonusAllocation::WORDS), "Split of the pool", "奖金池分配层级", "奖金池分几级分配。",
            no effect yet;
        /// Share of the pool kept for open appeals, in percent.
        reserve_pct: Exact = whole(0);
            Kind::Decimal(PERCENT), "Reserve", "预留比例", "为未结申诉预留的奖金池百分比。", no effect yet;
        /// What a person gets who is not rated.
        not_rated: BonusNotRated = BonusNotRated::ProratedB;
            Kind::Word(BonusNotRated::WORDS), "Not rated", "未评定人员", "未评定等级的人员如何发放奖金。",
            no effect yet;
        /// Factor by the grade of the person.
        k_grade: PerGrade<Exact> =
            PerGrade::new([decimal(15, 1), decimal(12, 1), whole(1), decimal(6, 1), whole(0)]);
            Kind::PerGrade(FACTOR), "Factor of the person", "个人等级系数", "按个人等级确定的奖金系数。",
            no effect yet;
        /// Factor by the grade of the department.
        k_org: PerGrade<Exact> = PerGrade::new([12, 11, 10, 9, 8].map(|k| decimal(k, 1)));
            Kind::PerGrade(FACTOR), "Factor of the department", "部门等级系数", "按部门等级确定的奖金系数。",
            no effect yet;
    }
}

section! {
    /// `leave.*`: what leave does to targets (K2).
    LeaveSettings as "leave" {
        /// Kinds of leave that prorate targets and never lower a grade.
        protected: Vec<String> = vec!["maternity".into()];
            Kind::Words(50, 40), "Protected leave", "受保护的假期",
            "按比例折算目标且不得因此降低等级的假期类型。", no effect yet;
    }
}
