//! The limits that settings must keep before a policy can be published.

use super::Settings;
use crate::core::error::{Code, DomainError};
use crate::core::number::Exact;

impl Settings {
    /// Every setting that contradicts another or lies outside its limits; empty when the settings
    /// may be published. Each fault has the code `SETTING_INVALID` or, for the scale,
    /// `SCALE_INVALID`.
    pub fn faults(&self) -> Vec<DomainError> {
        let Settings {
            score: _,
            kpi,
            goal,
            smart,
            okr,
            feasibility,
            weights,
            review,
            manager,
            dist,
            fair,
            risk,
            appeal,
            interview,
            pip,
            bonus,
            leave: _,
        } = self;
        let (zero, one, hundred) = (Exact::from(0), Exact::from(1), Exact::from(100));
        let share = |value: &Exact| (&zero..=&one).contains(&value);
        let percent = |value: &Exact| (&zero..=&hundred).contains(&value);
        let not_negative = |value: &Exact| !value.is_negative();
        let falling = |bounds: [&Exact; 3]| bounds.is_sorted_by(|high, low| high > low);
        const NOT_NEGATIVE: &str = "must not be negative";
        const SHARE: &str = "must be within 0 to 1";
        const PERCENT: &str = "must be within 0 to 100";
        const POSITIVE: &str = "must be at least 1";
        const FALLING: &str = "must fall from green to orange";
        let rules = [
            ("kpi.cap", kpi.floor < kpi.cap, "must be above kpi.floor"),
            ("kpi.over_rate", not_negative(&kpi.over_rate), NOT_NEGATIVE),
            (
                "kpi.min_achievement",
                kpi.min_achievement.as_ref().is_none_or(not_negative),
                NOT_NEGATIVE,
            ),
            ("kpi.late_per_day", share(&kpi.late_per_day), SHARE),
            ("kpi.late_floor", share(&kpi.late_floor), SHARE),
            ("kpi.bonus_max", not_negative(&kpi.bonus_max), NOT_NEGATIVE),
            ("kpi.deduct_max", not_negative(&kpi.deduct_max), NOT_NEGATIVE),
            (
                "kpi.veto_score",
                (&kpi.floor..=&kpi.cap).contains(&&kpi.veto_score),
                "must be within kpi.floor to kpi.cap",
            ),
            ("goal.count", goal.count.min <= goal.count.max, "must rise"),
            ("goal.weight", goal.weight.min <= goal.weight.max, "must rise"),
            ("goal.weight", percent(&goal.weight.min) && percent(&goal.weight.max), PERCENT),
            ("goal.coverage_min", not_negative(&goal.coverage_min), NOT_NEGATIVE),
            ("smart.hard", smart.hard.is_positive(), "must be above 0"),
            ("okr.blend_alpha", share(&okr.blend_alpha), SHARE),
            (
                "feasibility.availability",
                share(&feasibility.availability) && feasibility.availability.is_positive(),
                "must be above 0 and at most 1",
            ),
            ("feasibility.tight_pct", percent(&feasibility.tight_pct), PERCENT),
            ("weights.max_pp", percent(&weights.max_pp), PERCENT),
            ("review.anonymity_min", review.anonymity_min >= 3, "must be at least 3"),
            ("review.process_months", (1..=2).contains(&review.process_months), "must be 1 or 2"),
            ("review.trim_min_n", review.trim_min_n >= 3, "must be at least 3"),
            ("review.min_weight_share", percent(&review.min_weight_share), PERCENT),
            ("manager.team_lambda", share(&manager.team_lambda), SHARE),
            ("dist.shares", dist.shares.iter().all(percent), PERCENT),
            ("dist.shares", dist.shares.iter().sum::<Exact>() == hundred, "must sum to 100"),
            ("dist.min_group", dist.min_group >= 1, POSITIVE),
            ("dist.tolerance_pp", percent(&dist.tolerance_pp), PERCENT),
            ("dist.min_shown", dist.min_shown >= 3, "must be at least 3"),
            ("fair.basis_share", share(&fair.basis_share), SHARE),
            ("fair.min_n", fair.min_n >= 1, POSITIVE),
            ("fair.recency_tail", share(&fair.recency_tail), SHARE),
            (
                "risk.spi_green",
                falling([&risk.spi_green, &risk.spi_yellow, &risk.spi_orange]),
                FALLING,
            ),
            ("risk.pf_green", falling([&risk.pf_green, &risk.pf_yellow, &risk.pf_orange]), FALLING),
            ("risk.grace_pct", percent(&risk.grace_pct), PERCENT),
            ("risk.pace_after_pct", percent(&risk.pace_after_pct), PERCENT),
            ("risk.recent_days", risk.recent_days >= 1, POSITIVE),
            ("risk.okr_cadence_days", risk.okr_cadence_days >= 1, POSITIVE),
            ("risk.better_evaluations", risk.better_evaluations >= 1, POSITIVE),
            (
                "risk.task_orange_days",
                risk.task_yellow_days <= risk.task_orange_days,
                "must not be below risk.task_yellow_days",
            ),
            ("appeal.window_workdays", appeal.window_workdays >= 1, POSITIVE),
            ("appeal.after_interview_workdays", appeal.after_interview_workdays >= 1, POSITIVE),
            ("appeal.reply_workdays", appeal.reply_workdays >= 1, POSITIVE),
            ("appeal.second_window_workdays", appeal.second_window_workdays >= 1, POSITIVE),
            ("appeal.committee_workdays", appeal.committee_workdays >= 1, POSITIVE),
            ("interview.due_workdays", interview.due_workdays >= 1, POSITIVE),
            ("pip.days", (30..=90).contains(&pip.days), "must be within 30 to 90"),
            ("bonus.reserve_pct", percent(&bonus.reserve_pct), PERCENT),
            ("bonus.k_grade", bonus.k_grade.iter().all(not_negative), NOT_NEGATIVE),
            ("bonus.k_org", bonus.k_org.iter().all(not_negative), NOT_NEGATIVE),
        ];
        let broken = rules.into_iter().filter(|(_, holds, _)| !holds);
        let faults =
            broken.map(|(name, _, limit)| Code::SettingInvalid.because(format!("{name} {limit}")));
        faults.chain(self.scale().validate(&kpi.floor).err()).collect()
    }
}
