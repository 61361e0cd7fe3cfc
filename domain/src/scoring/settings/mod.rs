//! The settings register of a policy version.
//!
//! Implements part I. The name of a setting is its path: `kpi.cap` is the field `cap` of
//! [`Settings::kpi`]. Every setting has a default, so a policy stores only the settings it changes.

mod alternatives;
mod limits;
mod sections;

pub use alternatives::*;
pub use sections::*;

use crate::core::error::{Code, Result};
use crate::scoring::scale::Scale;
use core::cmp::Ordering;
use core::str::FromStr;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

impl Settings {
    /// The grade scale in force: the policy's own scale or else the preset.
    pub fn scale(&self) -> Scale {
        self.score.scale.clone().unwrap_or_else(|| Scale::preset(self.score.preset))
    }

    /// Reads settings by their published names, for example `kpi.cap`. Settings that are not given
    /// keep their defaults; `kpi.cap` then takes the cap of the scale.
    ///
    /// # Errors
    /// `SETTING_INVALID` for an unknown name or a value of the wrong kind.
    pub fn from_entries(entries: &BTreeMap<String, Value>) -> Result<Settings> {
        let mut sections = Map::new();
        for (name, value) in entries {
            let unknown = || Code::SettingInvalid.because(format!("{name:.60?} is not a setting"));
            let (section, field) = name.split_once('.').ok_or_else(unknown)?;
            let fields = sections.entry(section).or_insert_with(|| Value::Object(Map::new()));
            fields.as_object_mut().ok_or_else(unknown)?.insert(field.into(), value.clone());
        }
        let mut settings: Settings = serde_json::from_value(Value::Object(sections))
            .map_err(|error| Code::SettingInvalid.because(error.to_string()))?;
        if !entries.contains_key("kpi.cap") {
            settings.kpi.cap = settings.scale().cap;
        }
        Ok(settings)
    }

    /// Every setting by its published name.
    pub fn entries(&self) -> BTreeMap<String, Value> {
        let Ok(Value::Object(sections)) = serde_json::to_value(self) else {
            return BTreeMap::new();
        };
        let flatten = |(section, fields): (String, Value)| {
            let Value::Object(fields) = fields else { return Vec::new() };
            fields.into_iter().map(|(field, value)| (format!("{section}.{field}"), value)).collect()
        };
        sections.into_iter().flat_map(flatten).collect()
    }
}

/// A closed range, written as text `3..8`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span<T> {
    /// Lowest value of the range.
    pub min: T,
    /// Highest value of the range.
    pub max: T,
}

impl<T: PartialOrd> Span<T> {
    /// Whether the value lies in the range, both ends included.
    pub fn contains(&self, value: &T) -> bool {
        *value >= self.min && *value <= self.max
    }

    /// On which side of the range the value lies: `Less` below it, `Equal` inside.
    pub fn side(&self, value: &T) -> Ordering {
        if *value < self.min {
            Ordering::Less
        } else if *value > self.max {
            Ordering::Greater
        } else {
            Ordering::Equal
        }
    }
}

impl<T: core::fmt::Display> Serialize for Span<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> core::result::Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}..{}", self.min, self.max))
    }
}

impl<'de, T: FromStr<Err: core::fmt::Display>> Deserialize<'de> for Span<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> core::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (min, max) = text.split_once("..").ok_or_else(|| D::Error::custom("expected a..b"))?;
        let read = |end: &str| end.parse().map_err(D::Error::custom);
        Ok(Span { min: read(min)?, max: read(max)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::number::Exact;
    use serde_json::json;

    fn read(entries: Value) -> Result<Settings> {
        Settings::from_entries(&serde_json::from_value(entries).unwrap())
    }

    #[test]
    fn defaults_are_those_of_the_register() {
        let entries = Settings::default().entries();
        for (name, value) in [
            ("score.rounding", json!("half_up")),
            ("score.round_stage", json!("item_and_total")),
            ("score.preset", json!("target_100")),
            ("kpi.floor", json!("0")),
            ("kpi.cap", json!("120")),
            ("kpi.over_rate", json!("1")),
            ("kpi.min_achievement", json!(null)),
            ("kpi.negative_target", json!("deviation")),
            ("kpi.reverse_variant", json!("linear")),
            ("kpi.threshold_below", json!("zero")),
            ("kpi.step_partial", json!("floor")),
            ("kpi.late_per_day", json!("0.02")),
            ("kpi.late_floor", json!("0.5")),
            ("kpi.milestone_partial", json!(false)),
            ("kpi.missing_actual", json!("block")),
            ("kpi.bonus_max", json!("10")),
            ("kpi.deduct_max", json!("10")),
            ("kpi.veto_effect", json!("cap_grade")),
            ("kpi.veto_grade", json!("D")),
            ("kpi.target_change", json!("latest_approved")),
            ("kpi.min_segment_days", json!(30)),
            ("goal.count", json!("3..8")),
            ("goal.weight", json!("5..60")),
            ("goal.coverage_min", json!("100")),
            ("smart.enforce", json!("warn")),
            ("okr.rollup", json!("own")),
            ("okr.blend_alpha", json!("0.5")),
            ("okr.maintain", json!("share_of_periods")),
            ("okr.in_review", json!("off")),
            ("weights.max_pp", json!("10")),
            ("review.anonymity_min", json!(3)),
            ("review.small_category", json!("exclude")),
            ("review.trim", json!("drop_extremes")),
            ("review.trim_min_n", json!(5)),
            ("review.min_weight_share", json!("50")),
            ("review.second_review", json!(false)),
            ("manager.team_lambda", json!("0.2")),
            ("dist.mode", json!("guideline")),
            ("dist.shares", json!({"S": "10", "A": "20", "B": "50", "C": "15", "D": "5"})),
            ("dist.min_group", json!(10)),
            ("dist.tolerance_pp", json!("5")),
            ("dist.link_dept_grade", json!(false)),
            ("dist.tie", json!("flag")),
            ("dist.min_shown", json!(5)),
            ("fair.basis", json!("kpi_residual")),
            ("fair.min_n", json!(5)),
            ("appeal.window_workdays", json!(7)),
            ("appeal.after_interview_workdays", json!(5)),
            ("appeal.reply_workdays", json!(5)),
            ("appeal.second_window_workdays", json!(5)),
            ("appeal.committee_workdays", json!(10)),
            ("appeal.no_reformatio", json!(true)),
            ("interview.due_workdays", json!(10)),
            ("pip.days", json!(60)),
            ("bonus.mode", json!("cap_only")),
            ("bonus.allocation", json!("single_level")),
            ("bonus.reserve_pct", json!("0")),
            ("bonus.not_rated", json!("prorated_b")),
            ("leave.protected", json!(["maternity"])),
            ("review.cross_dept_anonymous", json!(true)),
            ("review.process_months", json!(1)),
        ] {
            assert_eq!(entries.get(name), Some(&value), "{name}");
        }
        assert!(Settings::default().faults().is_empty());
    }

    #[test]
    fn entries_round_trip() {
        let mut settings = Settings::default();
        settings.goal.count = Span { min: 2, max: 9 };
        settings.score.scale = Some(settings.scale());
        settings.kpi.min_achievement = Some(Exact::from(60));
        assert_eq!(Settings::from_entries(&settings.entries()).unwrap(), settings);
        assert_eq!(read(json!({})).unwrap(), Settings::default());
    }

    #[test]
    fn the_cap_follows_the_scale_unless_it_is_set() {
        let cap = |entries| read(entries).unwrap().kpi.cap;
        assert_eq!(cap(json!({"score.preset": "hundred_point"})), Exact::from(100));
        assert_eq!(
            cap(json!({"score.preset": "hundred_point", "kpi.cap": "110"})),
            Exact::from(110)
        );
    }

    #[test]
    fn unknown_names_and_values_are_refused() {
        for entries in [
            json!({"kpi": {}}),
            json!({"kpi.caps": "120"}),
            json!({"money.max": "1"}),
            json!({"kpi.cap": 120}),
            json!({"kpi.cap": "a lot"}),
            json!({"score.rounding": "down"}),
            json!({"goal.count": "3"}),
            json!({"goal.count": "3..x"}),
        ] {
            assert_eq!(read(entries).unwrap_err().code, Code::SettingInvalid);
        }
    }

    #[test]
    fn every_fault_is_reported() {
        let settings = read(json!({
            "kpi.cap": "0",
            "review.anonymity_min": 2,
            "dist.shares": {"S": "10", "A": "20", "B": "50", "C": "15", "D": "6"},
            "pip.days": 91,
            "goal.count": "8..3",
        }))
        .unwrap();
        let faults: Vec<_> = settings.faults().into_iter().map(|fault| fault.to_string()).collect();
        assert_eq!(
            faults,
            [
                "SETTING_INVALID: kpi.cap must be above kpi.floor",
                "SETTING_INVALID: kpi.veto_score must be within kpi.floor to kpi.cap",
                "SETTING_INVALID: goal.count must rise",
                "SETTING_INVALID: review.anonymity_min must be at least 3",
                "SETTING_INVALID: dist.shares must sum to 100",
                "SETTING_INVALID: pip.days must be within 30 to 90",
            ]
        );
        let mut scale = Scale::default();
        scale.bands.a = Exact::from(116);
        let settings = Settings {
            score: ScoreSettings { scale: Some(scale), ..Default::default() },
            ..Default::default()
        };
        let codes: Vec<_> = settings.faults().into_iter().map(|fault| fault.code).collect();
        assert_eq!(codes, [Code::ScaleInvalid]);
    }

    #[test]
    fn every_limit_is_checked() {
        for (name, value) in [
            ("kpi.over_rate", json!("-0.1")),
            ("kpi.min_achievement", json!("-1")),
            ("kpi.late_per_day", json!("1.01")),
            ("kpi.late_floor", json!("-0.01")),
            ("kpi.bonus_max", json!("-1")),
            ("kpi.deduct_max", json!("-1")),
            ("kpi.veto_score", json!("120.01")),
            ("goal.weight", json!("5..101")),
            ("goal.weight", json!("-1..60")),
            ("goal.coverage_min", json!("-1")),
            ("smart.hard", json!("0")),
            ("okr.blend_alpha", json!("1.1")),
            ("okr.blend_alpha", json!("-0.1")),
            ("feasibility.availability", json!("0")),
            ("feasibility.availability", json!("1.1")),
            ("feasibility.tight_pct", json!("101")),
            ("weights.max_pp", json!("101")),
            ("review.trim_min_n", json!(2)),
            ("review.min_weight_share", json!("100.01")),
            ("manager.team_lambda", json!("1.1")),
            ("dist.shares", json!({"S": "-10", "A": "40", "B": "50", "C": "15", "D": "5"})),
            ("dist.min_group", json!(0)),
            ("dist.tolerance_pp", json!("-1")),
            ("dist.min_shown", json!(2)),
            ("fair.basis_share", json!("1.1")),
            ("fair.min_n", json!(0)),
            ("fair.recency_tail", json!("-0.1")),
            ("risk.spi_yellow", json!("0.90")),
            ("risk.spi_orange", json!("0.75")),
            ("risk.pf_green", json!("0.80")),
            ("risk.grace_pct", json!("101")),
            ("risk.pace_after_pct", json!("-1")),
            ("risk.recent_days", json!(0)),
            ("risk.okr_cadence_days", json!(0)),
            ("risk.better_evaluations", json!(0)),
            ("risk.task_yellow_days", json!(8)),
            ("appeal.window_workdays", json!(0)),
            ("appeal.after_interview_workdays", json!(0)),
            ("review.process_months", json!(3)),
            ("appeal.reply_workdays", json!(0)),
            ("appeal.second_window_workdays", json!(0)),
            ("appeal.committee_workdays", json!(0)),
            ("interview.due_workdays", json!(0)),
            ("pip.days", json!(29)),
            ("bonus.reserve_pct", json!("100.01")),
            ("bonus.k_grade", json!({"S": "1", "A": "1", "B": "1", "C": "1", "D": "-1"})),
            ("bonus.k_org", json!({"S": "1", "A": "1", "B": "1", "C": "1", "D": "-1"})),
        ] {
            let faults = read(json!({name: value.clone()})).unwrap().faults();
            assert_eq!(faults.len(), 1, "{name}={value}: {faults:?}");
            assert_eq!(faults[0].code, Code::SettingInvalid);
        }
    }

    #[test]
    fn a_span_includes_its_ends() {
        let span = Span { min: 3, max: 8 };
        assert!([3, 8].iter().all(|value| span.contains(value)));
        assert!(![2, 9].iter().any(|value| span.contains(value)));
    }
}
