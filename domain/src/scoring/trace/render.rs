//! A trace as text for people.

use super::{Applied, Calculation, Explanation, Part, Rule, Step, Stretch, Trace};
use crate::core::number::{Exact, Legible, Rounding, fixed};
use crate::core::text::TextEnum;
use crate::scoring::kpi::{BandOn, Direction, Division, Method, Outcome};
use crate::scoring::okr::objective::Ambition;
use crate::scoring::settings::TargetChange;
use core::fmt::Write;
use serde::{Deserialize, Serialize};

/// A language of explanations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Locale {
    /// Simplified Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

impl Locale {
    const fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Locale::Zh => zh,
            Locale::En => en,
        }
    }
}

impl Trace {
    /// The trace as text: one line per input and step, with parts indented.
    ///
    /// It never shows single ratings, only means of groups that are large enough to be used (D.3).
    pub fn render(&self, locale: Locale) -> String {
        let version = locale.pick("公式版本", "formula version");
        let mut page = Page { locale, settings: &self.settings, text: String::new() };
        page.calculation("", &self.calculation, &self.explanation, 0);
        page.line(0, format_args!("{version} {}", self.formula_version));
        page.text
    }
}

/// The text while it is being written.
struct Page<'a> {
    locale: Locale,
    settings: &'a Applied,
    text: String,
}

impl Page<'_> {
    fn line(&mut self, depth: usize, line: core::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{:indent$}{line}", "", indent = 2 * depth);
    }

    fn calculation(
        &mut self,
        name: &str,
        calculation: &Calculation,
        explanation: &Explanation,
        depth: usize,
    ) {
        let Explanation { parts, steps, outcome } = explanation;
        let title = self.title(calculation);
        let rounding = self.settings.score.rounding;
        let score = match &outcome.score {
            Some(value) => score(value, rounding),
            None => self.locale.pick("无数据", "no data").into(),
        };
        let grade = outcome.grade.map(|grade| format!(" {grade}")).unwrap_or_default();
        let space = if name.is_empty() { "" } else { " " };
        self.line(depth, format_args!("{name}{space}{title}: {score}{grade}"));
        self.inputs(calculation, depth + 1);
        match calculation {
            Calculation::Performance { items: inner, .. }
            | Calculation::Composite { dimensions: inner } => {
                for (part, explanation) in inner.iter().zip(parts) {
                    self.part(part, explanation, depth + 1);
                }
            }
            Calculation::TimeWeighted { division, stretches } => {
                let unit = self.locale.pick("天", "days");
                let counted = division.counted(stretches, &self.settings.kpi);
                for (Stretch { days, calculation }, explanation) in counted.iter().zip(parts) {
                    let name = format!("[{days} {unit}]");
                    self.calculation(&name, calculation, explanation, depth + 1);
                }
            }
            Calculation::Manager { own, .. } => {
                for explanation in parts {
                    self.calculation("", own, explanation, depth + 1);
                }
            }
            Calculation::Indicator { .. }
            | Calculation::Objective { .. }
            | Calculation::Dimension(_) => {}
        }
        for step in steps {
            self.step(step, depth + 1);
        }
    }

    fn part(&mut self, part: &Part, explanation: &Explanation, depth: usize) {
        let Part { name, weight, calculation, approval, filing } = part;
        let filed = filing.as_ref().map(|number| {
            let (comma, filed) =
                (self.locale.pick("，", ", "), self.locale.pick("备案号", "filed as"));
            format!("{comma}{filed} {number}")
        });
        let weight = format!("{}{}", percent(weight), filed.unwrap_or_default());
        match calculation {
            Some(calculation) => {
                let name = format!("[{weight}] {name}");
                self.calculation(&name, calculation, explanation, depth);
            }
            None => {
                let dropped = self.locale.pick("已批准不计入", "left out with approval");
                let by = approval.map(|id| format!(" {id}")).unwrap_or_default();
                self.line(depth, format_args!("[{weight}] {name}: {dropped}{by}"));
            }
        }
    }

    fn title(&self, calculation: &Calculation) -> &'static str {
        match calculation {
            Calculation::Indicator { .. } => self.locale.pick("指标得分", "indicator score"),
            Calculation::Objective { .. } => self.locale.pick("目标得分", "objective score"),
            Calculation::TimeWeighted { .. } => self.locale.pick("分段得分", "score over time"),
            Calculation::Performance { .. } => self.locale.pick("业绩总分", "performance total"),
            Calculation::Dimension(_) => self.locale.pick("维度得分", "dimension score"),
            Calculation::Composite { .. } => self.locale.pick("综合得分", "composite score"),
            Calculation::Manager { .. } => self.locale.pick("管理者得分", "manager's result"),
        }
    }

    /// Writes the inputs other than parts; of raters only types and weights.
    fn inputs(&mut self, calculation: &Calculation, depth: usize) {
        let locale = self.locale;
        match calculation {
            Calculation::Indicator { method, actual, .. } => {
                let actual = actual.as_ref().map(|actual| ("实际值", "actual", told(actual)));
                for (zh, en, value) in actual.into_iter().chain(agreed(method, locale)) {
                    self.line(depth, format_args!("{} {value}", locale.pick(zh, en)));
                }
            }
            Calculation::Objective { key_results, ambition } => {
                let promised = match ambition {
                    Ambition::Committed => locale.pick("承诺型", "committed"),
                    Ambition::Aspirational => locale.pick("挑战型", "aspirational"),
                };
                let weights = joined(key_results.iter().map(|key_result| &key_result.weight));
                let term = locale.pick("关键结果权重", "weights of the key results");
                self.line(depth, format_args!("{promised}"));
                self.line(depth, format_args!("{term} {weights}"));
            }
            Calculation::Dimension(dimension) => {
                for (rater_type, raters) in &dimension.raters {
                    let weight = percent(&raters.weight);
                    self.line(depth, format_args!("{} {weight}", rater_type.as_str()));
                }
            }
            Calculation::Manager { team_kpi, .. } => {
                let members = locale.pick("团队人数", "members of the team");
                self.line(depth, format_args!("{members} {}", team_kpi.len()));
            }
            Calculation::TimeWeighted { division, .. } => {
                let reason = match (division, self.settings.kpi.target_change) {
                    (Division::Assignment, _) => {
                        locale.pick("按任职时段分段", "divided by assignment")
                    }
                    (Division::TargetChange, TargetChange::LatestApproved) => locale.pick(
                        "目标有变更，以最近批准的目标为准",
                        "the target changed, the latest approved one counts",
                    ),
                    (Division::TargetChange, TargetChange::TimeWeighted) => locale.pick(
                        "目标有变更，各目标按天数计",
                        "the target changed, each one counts for its days",
                    ),
                };
                self.line(depth, format_args!("{reason}"));
            }
            Calculation::Performance { .. } | Calculation::Composite { .. } => {}
        }
    }

    fn step(&mut self, step: &Step, depth: usize) {
        let Step { rule, value } = step;
        let (zh, en) = rule.texts();
        let text = self.locale.pick(zh, en);
        let setting = self.setting(*rule).map(|used| format!(" ({used})")).unwrap_or_default();
        let section = rule.section();
        self.line(depth, format_args!("{section} {text}{setting} {}", shown(value)));
    }

    /// The name and value of the setting that a rule used, if it used one.
    fn setting(&self, rule: Rule) -> Option<String> {
        let Applied { score, kpi, manager, .. } = self.settings;
        match rule {
            Rule::OverRate => Some(kpi.over_rate.to_string()),
            Rule::MinAchievement => kpi.min_achievement.as_ref().map(Exact::to_string),
            Rule::Bonus => Some(format!("<= {}", kpi.bonus_max)),
            Rule::Deduction => Some(format!("<= {}", kpi.deduct_max)),
            Rule::Limits => Some(format!("{}..{}", kpi.floor, kpi.cap)),
            Rule::TeamBlend => Some(manager.team_lambda.to_string()),
            Rule::Rounded => Some(match score.rounding {
                Rounding::HalfUp => self.locale.pick("四舍五入", "half up").into(),
                Rounding::HalfEven => self.locale.pick("四舍六入五成双", "half even").into(),
            }),
            _ => None,
        }
    }
}

/// The values agreed when the target was set: each with its term in Chinese and English.
fn agreed(method: &Method, locale: Locale) -> Vec<(&'static str, &'static str, String)> {
    let target = |target: &Exact| ("目标", "target", told(target));
    let direction = |direction: Direction| {
        let better = match direction {
            Direction::Up => locale.pick("越高越好", "higher is better"),
            Direction::Down => locale.pick("越低越好", "lower is better"),
        };
        ("方向", "direction", better.to_string())
    };
    match method {
        Method::Ratio(ratio) => vec![target(&ratio.target), direction(ratio.direction)],
        Method::Baseline(way) => {
            vec![target(&way.target), ("基期值", "baseline", told(&way.baseline))]
        }
        Method::Occurrence(occurrence) => vec![
            ("基础分", "base", occurrence.base.to_string()),
            ("每次扣分", "penalty", occurrence.penalty.to_string()),
        ],
        Method::Interval(interval) => vec![
            ("区间", "interval", format!("{}..{}", interval.low, interval.high)),
            ("容差", "tolerance", interval.tolerance.to_string()),
        ],
        Method::Points(points) => {
            let pairs =
                points.points.iter().map(|point| format!("{}→{}", point.value, point.score));
            vec![("分段点", "points", pairs.collect::<Vec<_>>().join(" "))]
        }
        Method::Banded(banded) => {
            let mut lines = vec![
                ("分界", "bounds", joined(&banded.bounds)),
                ("各档分值", "scores", joined(&banded.scores)),
            ];
            if let BandOn::Achievement(ratio) = &banded.on {
                lines.extend([target(&ratio.target), direction(ratio.direction)]);
            }
            lines
        }
        Method::Steps(steps) => vec![
            target(&steps.target),
            direction(steps.direction),
            ("基础分", "base", steps.base.to_string()),
            ("每档", "step", steps.step.to_string()),
            ("每档加减分", "points of a step", format!("+{} -{}", steps.add, steps.deduct)),
            ("加减分上限", "limits", format!("+{} -{}", steps.max_add, steps.max_deduct)),
        ],
        Method::Milestones(milestones) => {
            let outcome = |outcome: &Outcome| match outcome {
                Outcome::Done { days_late: ..=0 } => locale.pick("按时", "in time").to_string(),
                Outcome::Done { days_late } => {
                    format!(
                        "{}{days_late}{}",
                        locale.pick("晚", ""),
                        locale.pick("天", " days late")
                    )
                }
                Outcome::Open { percent } => {
                    format!("{} {percent}%", locale.pick("未完成", "open"))
                }
            };
            let one = |(weight, what): (&Exact, String)| {
                ("里程碑", "milestone", format!("{weight}% {what}"))
            };
            let all = milestones.milestones.iter();
            all.map(|milestone| one((&milestone.weight, outcome(&milestone.outcome)))).collect()
        }
        Method::Rating => Vec::new(),
    }
}

fn joined<'a>(values: impl IntoIterator<Item = &'a Exact>) -> String {
    values.into_iter().map(told).collect::<Vec<_>>().join(" ")
}

/// A value for human readers.
fn told(value: &Exact) -> String {
    value.legible().to_string()
}

/// A share for human readers.
fn percent(value: &Exact) -> String {
    let Legible { decimal, exact } = value.legible();
    let exact = exact.map(|exact| format!(" ({exact})")).unwrap_or_default();
    format!("{decimal}%{exact}")
}

/// A value for human readers, with its relation: `= 57`, or `≈ 86.666667 (260/3)` if it has more
/// digits.
fn shown(value: &Exact) -> String {
    let value = value.legible();
    let relation = if value.exact.is_some() { '≈' } else { '=' };
    format!("{relation} {value}")
}

/// A score with 2 places, as it is printed.
fn score(value: &Exact, rounding: Rounding) -> String {
    value.round(2, rounding).map_or_else(|_| value.to_string(), |score| fixed(score, 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::kpi::{
        Banded, Interval, Milestone, Milestones, Occurrence, Points, Ratio, Steps,
    };
    use crate::scoring::settings::Settings;
    use crate::scoring::trace::tests::person;

    fn indicator(method: Method) -> Calculation {
        let actual = Some(Exact::from(13));
        Calculation::Indicator { method: Box::new(method), actual, revisions: Vec::new() }
    }

    fn ratio() -> Ratio {
        Ratio { target: 15.into(), direction: Direction::Up }
    }

    fn text(calculation: Calculation, locale: Locale) -> String {
        calculation.explain(&Settings::default()).unwrap().render(locale)
    }

    #[test]
    fn an_indicator_in_chinese_and_english() {
        assert_eq!(
            text(indicator(Method::Ratio(ratio())), Locale::Zh),
            "\
指标得分: 86.67
  实际值 13
  目标 15
  方向 越高越好
  B.1 达成率 = 100 + 100 × 优于目标的差额 ÷ |目标| ≈ 86.666667 (260/3)
  B 限制在下限与上限之间 (0..120) ≈ 86.666667 (260/3)
  0.2 保留两位小数 (四舍五入) = 86.67
公式版本 1
"
        );
        assert_eq!(
            text(indicator(Method::Ratio(ratio())), Locale::En),
            "\
indicator score: 86.67
  actual 13
  target 15
  direction higher is better
  B.1 achievement = 100 + 100 × gain over target / |target| ≈ 86.666667 (260/3)
  B limited to floor and cap (0..120) ≈ 86.666667 (260/3)
  0.2 rounded to 2 places (half up) = 86.67
formula version 1
"
        );
    }

    #[test]
    fn every_method_shows_what_was_agreed() {
        let milestone = Milestone { weight: 100.into(), outcome: Outcome::Done { days_late: 5 } };
        let exact = |values: &[i32]| values.iter().copied().map(Exact::from).collect();
        for (method, agreed) in [
            (Method::Occurrence(Occurrence { base: 100.into(), penalty: 4.into() }), "penalty 4"),
            (
                Method::Interval(Interval { low: 9.into(), high: 12.into(), tolerance: 4.into() }),
                "interval 9..12",
            ),
            (
                Method::Points(Points::at([9.into(), 12.into(), 15.into()])),
                "points 9→60 12→100 15→120",
            ),
            (
                Method::Banded(Banded {
                    bounds: exact(&[80, 100]),
                    scores: exact(&[0, 70, 100]),
                    on: BandOn::Achievement(ratio()),
                }),
                "bounds 80 100",
            ),
            (
                Method::Steps(Box::new(Steps::of(15.into(), 30.into(), 3.into()))),
                "points of a step +1 -1",
            ),
            (
                Method::Milestones(Milestones { milestones: vec![milestone] }),
                "milestone 100% 5 days late",
            ),
        ] {
            let text = text(indicator(method), Locale::En);
            assert!(text.contains(&format!("\n  {agreed}\n")), "{agreed} is not in\n{text}");
        }
    }

    #[test]
    fn stretches_show_their_days() {
        let stretches =
            [30, 60].map(|days| Stretch { days, calculation: indicator(Method::Ratio(ratio())) });
        let text = |division| {
            let calculation = Calculation::TimeWeighted { division, stretches: stretches.to_vec() };
            text(calculation, Locale::En)
        };
        let places = text(Division::Assignment);
        assert!(places.starts_with(
            "score over time: 86.67\n  divided by assignment\n  [30 days] indicator score: 86.67\n"
        ));
        assert!(places.contains("\n  [60 days] indicator score: 86.67\n    actual 13\n"));
        let targets = text(Division::TargetChange);
        assert!(targets.contains("the latest approved one counts\n  [60 days] indicator score"));
    }

    #[test]
    fn a_person_is_shown_from_composite_to_indicator_without_single_ratings() {
        let text = text(person(), Locale::En);
        assert!(text.starts_with(
            "composite score: 100.68 B\n  [60%] performance performance total: 96.90 B\n"
        ));
        assert!(text.contains("\n    [30%] collection indicator score: 86.67\n"));
        // Peers rated 5, 4, 4, 3 and 1.
        let ratings = text.lines().filter(|line| line.ends_with("= 5") || line.ends_with("= 1"));
        assert_eq!(ratings.count(), 1, "only the credit of a milestone");
    }
}
