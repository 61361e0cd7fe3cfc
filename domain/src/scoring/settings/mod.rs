//! The settings register of a policy version.
//!
//! Implements part I. The name of a setting is its path: `kpi.cap` is the field `cap` of
//! [`Settings::kpi`]. Every setting has a default, so a policy stores only the settings it changes.

mod alternatives;
mod faults;
mod register;
mod sections;

pub use alternatives::*;
pub use faults::*;
pub use register::*;
pub use sections::*;

use crate::core::error::{Code, Result};
use crate::scoring::scale::Scale;
use core::cmp::Ordering;
use core::str::FromStr;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The setting whose default is that of the scale in force.
const CAP: &str = "kpi.cap";

static REGISTER: LazyLock<Vec<Setting>> = LazyLock::new(|| {
    let mut defaults = Settings::default().entries();
    let described =
        |entry: Entry| Setting::new(entry, defaults.remove(entry.name).unwrap_or_default());
    Settings::declared().map(described).collect()
});

/// The register: every setting there is, section by section.
pub fn register() -> &'static [Setting] {
    &REGISTER
}

impl Settings {
    /// The grade scale in force: the policy's own scale or else the preset.
    pub fn scale(&self) -> Scale {
        self.score.scale.clone().unwrap_or_else(|| Scale::preset(self.score.preset))
    }

    /// Reads stored settings by their published names, for example `kpi.cap`. Settings that are not
    /// given keep their defaults; `kpi.cap` then takes the cap of the scale. Limits are not looked
    /// at: what was published stays in force when limits change. What clients send is read by
    /// [`Settings::checked`].
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
        if !entries.contains_key(CAP) {
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
    use crate::scoring::scale::PerGrade;
    use serde_json::json;
    use std::collections::BTreeSet;

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
            ("review.process_records", json!("warn")),
        ] {
            assert_eq!(entries.get(name), Some(&value), "{name}");
        }
        let named: BTreeSet<_> = register().iter().map(|setting| setting.name).collect();
        assert_eq!(entries.keys().map(String::as_str).collect::<BTreeSet<_>>(), named);
        assert_eq!(Settings::checked(&entries), Ok(Settings::default()));
    }

    #[test]
    fn every_setting_has_both_texts_and_a_default_that_fits() {
        let is_han = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        for setting in register() {
            let Setting { name, default, title, meaning, .. } = setting;
            let words = setting.allowed().iter().map(|word| &word.meaning);
            for text in [title, meaning].into_iter().chain(words) {
                assert!(!text.en.is_empty() && !is_han(text.en), "{name}: {text:?}");
                assert!(is_han(text.zh) && text.zh.trim() == text.zh, "{name}: {text:?}");
            }
            assert!(meaning.en.ends_with('.') && meaning.zh.ends_with('。'), "{name}");
            assert_eq!(setting.misfit(default), None, "{name}");
            assert_eq!(setting.is_optional(), setting.misfit(&Value::Null).is_none(), "{name}");
            for word in setting.allowed() {
                assert!(read(json!({ *name: word.value })).is_ok(), "{name}: {}", word.value);
            }
            let limits = setting.limits().map(|(min, max)| {
                let end = |text: &str| Exact::parse(text).unwrap();
                end(&min) < end(&max)
            });
            assert_ne!(limits, Some(false), "{name}");
        }
        let titles: BTreeSet<_> = register().iter().map(|setting| setting.title.zh).collect();
        assert_eq!(titles.len(), register().len(), "two settings have the same title");
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

    /// The faults of settings, each as its name and what is wrong.
    fn faults(entries: Value) -> Vec<(String, String)> {
        let told = |fault: SettingFault| {
            let kind = match fault.kind {
                SettingFaultKind::Unknown => "unknown".to_owned(),
                SettingFaultKind::Misfit(Misfit::OutOfRange { min, max }) => {
                    format!("not within {min} to {max}")
                }
                SettingFaultKind::Misfit(misfit) => format!("{misfit:?}"),
                SettingFaultKind::Contradiction(error) => error.to_string(),
            };
            (fault.name, kind)
        };
        let entries = serde_json::from_value(entries).unwrap();
        let found = Settings::checked(&entries).map(drop).unwrap_err();
        found.into_iter().map(told).collect()
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let found = faults(json!({
            "dist.shares": {"S": "10", "A": "20", "B": "50", "C": "15", "D": "6"},
            "goal.count": "8..3",
            "kpi.cap": "0",
            "kpi.caps": "1",
            "kpi.floor": 0,
            "money": true,
            "pip.days": 91,
            "review.anonymity_min": 2,
            "review.second_review": "yes",
            "risk.spi_yellow": "0.95",
            "score.rounding": "down",
            "smart.vague_verbs": ["more", ""],
        }));
        let found: Vec<_> = found.iter().map(|(name, kind)| (&name[..], &kind[..])).collect();
        assert_eq!(
            found,
            [
                ("dist.shares", "SumNot100"),
                ("goal.count", "NotAllowed"),
                ("kpi.caps", "unknown"),
                ("kpi.floor", "WrongType"),
                ("money", "unknown"),
                ("pip.days", "not within 30 to 90"),
                ("review.anonymity_min", "not within 3 to 100"),
                ("review.second_review", "WrongType"),
                ("score.rounding", "NotAllowed"),
                ("smart.vague_verbs", "NotAllowed"),
                // The lowest score is at fault by itself, so nothing is compared with it.
                ("kpi.cap", "SETTING_INVALID: kpi.veto_score (60) > kpi.cap (0)"),
                (
                    "risk.spi_yellow",
                    "SETTING_INVALID: risk.spi_yellow (0.95) > risk.spi_green (0.9)"
                ),
            ]
        );
    }

    #[test]
    fn what_contradicts_another_setting_is_named_where_the_policy_says_it() {
        for (entries, name, contradiction) in [
            (json!({"kpi.floor": "120"}), "kpi.floor", "kpi.floor (120) = kpi.cap (120)"),
            (json!({"kpi.floor": "61"}), "kpi.floor", "kpi.floor (61) > kpi.veto_score (60)"),
            (
                json!({"kpi.veto_score": "121"}),
                "kpi.veto_score",
                "kpi.veto_score (121) > kpi.cap (120)",
            ),
            (
                json!({"risk.pf_orange": "0.80"}),
                "risk.pf_orange",
                "risk.pf_orange (0.8) = risk.pf_yellow (0.8)",
            ),
            (
                json!({"risk.task_yellow_days": 8}),
                "risk.task_yellow_days",
                "risk.task_yellow_days (8) > risk.task_orange_days (7)",
            ),
        ] {
            let found = faults(entries);
            let told = format!("SETTING_INVALID: {contradiction}");
            assert!(found.contains(&(name.to_owned(), told)), "{found:?}");
        }
        let mut scale = Scale::default();
        scale.bands.a = Exact::from(116);
        let found = faults(json!({ "score.scale": scale }));
        assert_eq!(found[0].0, "score.scale");
        assert!(found[0].1.starts_with("SCALE_INVALID"), "{found:?}");
        assert_eq!(faults(json!({ "kpi.floor": "71" }))[1].0, "kpi.floor", "bands begin below it");
    }

    #[test]
    fn every_limit_is_checked() {
        for setting in register() {
            let Some((min, max)) = setting.limits() else { continue };
            let beyond = |end: &str, step: i64| {
                let number = Exact::parse(end).unwrap() + Exact::from(step);
                match setting.kind {
                    Kind::Integer(..) => json!(number.to_i128().unwrap() as i64),
                    Kind::Counts(..) | Kind::Decimals(_) => json!(format!("{number}..{number}")),
                    Kind::PerGrade(_) | Kind::Shares => {
                        json!(PerGrade::new([(); 5].map(|()| number.clone())))
                    }
                    _ => json!(number.to_string()),
                }
            };
            for value in [beyond(&min, -1), beyond(&max, 1)] {
                let misfit = setting.misfit(&value);
                let outside = matches!(misfit, Some(Misfit::OutOfRange { .. }));
                // A count below 0 is no count.
                let counts =
                    matches!(setting.kind, Kind::Counts(..)) && misfit == Some(Misfit::WrongType);
                assert!(outside || counts, "{}: {value} is {misfit:?}", setting.name);
            }
            for end in [&min, &max] {
                let misfit = setting.misfit(&beyond(end, 0));
                let fits = misfit.is_none() || setting.kind == Kind::Shares;
                assert!(fits, "{}: {end} is {misfit:?}", setting.name);
            }
        }
    }

    #[test]
    fn values_of_another_kind_fit_nowhere() {
        let odd = [json!(1.5), json!([1]), json!({ "S": 1 }), json!("a lot"), json!(-1)];
        for setting in register() {
            for value in &odd {
                assert!(setting.misfit(value).is_some(), "{}: {value}", setting.name);
            }
        }
        let fits = |name: &str, value: Value| {
            let setting = register().iter().find(|setting| setting.name == name).unwrap();
            setting.misfit(&value)
        };
        assert_eq!(fits("kpi.cap", json!("1e2")), Some(Misfit::WrongType));
        assert_eq!(fits("kpi.cap", json!("0120.00")), None);
        assert!(fits("pip.days", json!(u64::MAX)).is_some());
        assert_eq!(fits("goal.count", json!("3..x")), Some(Misfit::WrongType));
        assert_eq!(fits("goal.weight", json!("2.5..40")), None);
        assert_eq!(fits("leave.protected", json!(["maternity", "陪产假"])), None);
        let many = json!(vec!["x"; 51]);
        assert!(matches!(fits("leave.protected", many), Some(Misfit::OutOfRange { .. })));
    }

    /// What was stored under other limits is still read.
    #[test]
    fn stored_settings_are_read_without_limits() {
        let settings = read(json!({ "pip.days": 400, "kpi.cap": "0" })).unwrap();
        assert_eq!((settings.pip.days, settings.kpi.cap), (400, Exact::from(0)));
    }

    #[test]
    fn a_span_includes_its_ends() {
        let span = Span { min: 3, max: 8 };
        assert!([3, 8].iter().all(|value| span.contains(value)));
        assert!(![2, 9].iter().any(|value| span.contains(value)));
    }
}
