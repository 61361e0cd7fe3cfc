//! A row of an import of goals: what is sent, and what it defines.

use crate::goals::schemas::NewGoalDefinition;
use crate::goals::views::hundredths;
use crate::goals::words;
use crate::platform::files::decode::SentRow;
use crate::platform::patch::nullable;
use chrono::NaiveDate;
use domain::goals::drafts::{DefinitionKind, GoalRow as Row};
use domain::goals::goal::{Aggregation, Frequency, GoalKind, GoalLevel};
use domain::scoring::kpi::Direction;
use domain::scoring::okr::objective::Ambition;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, SchemaType, Type};

/// A row of an import of goals: a draft for its owner, known by owner, cycle and title. An absent
/// property stays as it is; a new draft needs a weight and a definition, either as `definition` or as
/// properties of their own, which tables have.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalRow {
    /// Employee number of the owner, who takes part in the cycle.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^\S(.*\S)?$",
        format = "key",
        example = "E-0043"
    )]
    employee_number: String,
    /// Code of the cycle, which must be in goal setting.
    #[schema(min_length = 1, max_length = 64, pattern = r"^\S(.*\S)?$", example = "2026")]
    cycle: String,
    /// Title: what the owner is to achieve.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        example = "Win the north"
    )]
    title: String,
    /// Further description; null removes it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 4000, pattern = r"\S", example = "Ten key accounts")]
    description: Option<Option<String>>,
    /// Weight among the owner's goals in percent.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = r"^(100(\.0{1,2})?|\d{1,2}(\.\d{1,2})?)$", example = "40")]
    weight: Option<Decimal>,
    /// Organisational level; `person` if a new draft names none.
    #[serde(default)]
    #[schema(value_type = Option<words::GoalLevel>)]
    level: Option<GoalLevel>,
    /// First day of work on the goal; that of the cycle if a new draft names none.
    #[serde(default)]
    #[schema(example = "2026-01-01")]
    period_start: Option<NaiveDate>,
    /// Last day of work on the goal; that of the cycle if a new draft names none.
    #[serde(default)]
    #[schema(example = "2026-12-31")]
    period_end: Option<NaiveDate>,
    /// Strategic theme that the goal serves; null removes it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200, pattern = r"^\S(.*\S)?$", example = "Growth")]
    theme: Option<Option<String>>,
    /// True for an exploratory goal, where failure is acceptable. In JSON only.
    #[serde(default)]
    exploratory: Option<bool>,
    /// Objective or indicator, with how it is measured. In JSON only, and in place of all that follows.
    #[serde(default)]
    #[schema(value_type = NewGoalDefinition, required = false)]
    definition: Option<NewGoalDefinition>,
    /// What the following properties define; what they are properties of if absent.
    #[serde(default)]
    #[schema(value_type = Option<words::GoalDefinitionKind>)]
    kind: Option<DefinitionKind>,
    /// Unit of the values of an indicator.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40, pattern = r"^\S(.*\S)?$", example = "CNY")]
    unit: Option<String>,
    /// Value at which the target of an indicator is met; it is scored by its ratio to the target.
    #[serde(default)]
    #[schema(pattern = r"^-?\d{1,18}(\.\d{1,10})?$", example = "1200000")]
    target: Option<String>,
    /// Whether more or less of an indicator is better; `up` if absent.
    #[serde(default)]
    #[schema(value_type = Option<words::Direction>)]
    direction: Option<Direction>,
    /// Value of an indicator at the start of the period.
    #[serde(default)]
    #[schema(pattern = r"^-?\d{1,18}(\.\d{1,10})?$", example = "1000000")]
    baseline: Option<String>,
    /// Source of the actual values of an indicator.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, pattern = r"^\S(.*\S)?$", example = "CRM")]
    source: Option<String>,
    /// How often actuals of an indicator are reported.
    #[serde(default)]
    #[schema(value_type = Option<words::Frequency>)]
    frequency: Option<Frequency>,
    /// How the values of several periods become the actual of an indicator.
    #[serde(default)]
    #[schema(value_type = Option<words::Aggregation>)]
    aggregation: Option<Aggregation>,
    /// Whether an objective is expected in full (`committed`, which it is if absent) or to about 0.7.
    #[serde(default)]
    #[schema(value_type = Option<words::Ambition>)]
    ambition: Option<Ambition>,
    /// Key results of an objective that are figures, numbered from 1.
    #[serde(default)]
    #[schema(schema_with = key_results_schema)]
    kr: BTreeMap<String, Option<String>>,
}

const KEY_RESULTS: &str = "Key results of an objective that are figures, numbered from 1: `1_title`, \
     `1_weight` in percent, `1_start` (0 if absent), `1_target`, `1_unit`. In tables, columns `kr.1_title` \
     and so on.";

fn key_results_schema() -> Object {
    let value = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .min_length(Some(1))
        .max_length(Some(200));
    let name = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[1-9]_(title|weight|start|target|unit)$"));
    ObjectBuilder::new()
        .description(Some(KEY_RESULTS))
        .property_names(Some(name.build()))
        .additional_properties(Some(AdditionalProperties::RefOr(value.build().into())))
        .max_properties(Some(45))
        .examples([json!({
            "1_title": "Ten new key accounts", "1_weight": "100", "1_target": "10", "1_unit": "accounts",
        })])
        .build()
}

/// What the properties of a row define.
#[derive(Default)]
struct Defined {
    kind: Option<GoalKind>,
    lacking: Vec<String>,
    unfit: Vec<String>,
}

impl GoalRow {
    /// Names of the properties of an indicator and of an objective that the row has.
    fn flat(&self) -> [Vec<String>; 2] {
        let names = |given: &[(&str, bool)]| -> Vec<String> {
            given.iter().filter(|(_, is)| *is).map(|(name, _)| (*name).to_owned()).collect()
        };
        let indicator = names(&[
            ("unit", self.unit.is_some()),
            ("target", self.target.is_some()),
            ("direction", self.direction.is_some()),
            ("baseline", self.baseline.is_some()),
            ("source", self.source.is_some()),
            ("frequency", self.frequency.is_some()),
            ("aggregation", self.aggregation.is_some()),
        ]);
        let mut objective = names(&[("ambition", self.ambition.is_some())]);
        let named = self.kr.iter().filter(|(_, value)| value.is_some());
        objective.extend(named.map(|(name, _)| format!("kr/{name}")));
        [indicator, objective]
    }

    fn define(&self) -> Defined {
        let [indicator, objective] = self.flat();
        if let Some(definition) = &self.definition {
            let kind = self.kind.map(|_| "kind".to_owned());
            let unfit = kind.into_iter().chain(indicator).chain(objective).collect();
            return Defined { kind: Some(definition.0.clone()), unfit, ..Defined::default() };
        }
        let kind = self.kind.or(match (&indicator[..], &objective[..]) {
            ([], []) => None,
            ([], _) => Some(DefinitionKind::Objective),
            _ => Some(DefinitionKind::Indicator),
        });
        match kind {
            None => Defined::default(),
            Some(DefinitionKind::Indicator) => Defined { unfit: objective, ..self.indicator() },
            Some(DefinitionKind::Objective) => {
                let mut defined = self.objective();
                defined.unfit.extend(indicator);
                defined
            }
        }
    }

    fn indicator(&self) -> Defined {
        let needed = [
            ("unit", self.unit.is_none()),
            ("target", self.target.is_none()),
            ("aggregation", self.aggregation.is_none()),
        ];
        let definition = json!({
            "kind": "indicator",
            "unit": self.unit,
            "source": self.source,
            "frequency": self.frequency,
            "baseline": self.baseline,
            "aggregation": self.aggregation,
            "scoring": {
                "method": "ratio",
                "target": self.target,
                "direction": self.direction.unwrap_or_default(),
            },
        });
        let lacking = needed.into_iter().filter(|(_, is)| *is);
        Defined::of(definition, lacking.map(|(name, _)| name.to_owned()).collect(), Vec::new())
    }

    fn objective(&self) -> Defined {
        let (mut key_results, mut lacking, mut unfit) = (Vec::new(), Vec::new(), Vec::new());
        let given = |number: char, part: &str| self.kr.get(&format!("{number}_{part}"))?.as_deref();
        for number in '1'..='9' {
            let is_given = |part: &&str| given(number, part).is_some();
            if number != '1' && !["title", "weight", "start", "target", "unit"].iter().any(is_given)
            {
                continue;
            }
            for part in ["title", "weight", "target", "unit"] {
                if given(number, part).is_none() {
                    lacking.push(format!("kr/{number}_{part}"));
                }
            }
            for (part, fits) in [
                ("weight", is_percent as fn(&str) -> bool),
                ("start", is_decimal),
                ("target", is_decimal),
                ("unit", |unit| unit.chars().count() <= 40),
            ] {
                if given(number, part).is_some_and(|text| !fits(text)) {
                    unfit.push(format!("kr/{number}_{part}"));
                }
            }
            key_results.push(json!({
                "title": given(number, "title"),
                "weight": given(number, "weight"),
                "measure": {
                    "kind": "metric",
                    "start": given(number, "start").unwrap_or("0"),
                    "target": given(number, "target"),
                    "unit": given(number, "unit"),
                },
            }));
        }
        let ambition = self.ambition.unwrap_or(Ambition::Committed);
        let definition =
            json!({ "kind": "objective", "ambition": ambition, "key_results": key_results });
        Defined::of(definition, lacking, unfit)
    }
}

impl Defined {
    fn of(definition: Value, lacking: Vec<String>, unfit: Vec<String>) -> Self {
        let is_whole = lacking.is_empty() && unfit.is_empty();
        let kind = is_whole.then(|| serde_json::from_value(definition).ok()).flatten();
        Self { kind, lacking, unfit }
    }
}

/// Whether a text is a decimal as the schemas of goals describe it.
fn is_decimal(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, places) = text.split_once('.').map_or((text, None), |(a, b)| (a, Some(b)));
    let digits = |text: &str, most| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    digits(whole, 18) && places.is_none_or(|places| digits(places, 10))
}

/// Whether a text is a percentage as the schemas of goals describe it.
fn is_percent(text: &str) -> bool {
    let value = text.parse::<Decimal>().ok().filter(|_| is_decimal(text));
    value.is_some_and(|value| {
        value.scale() <= 2 && !value.is_sign_negative() && value <= Decimal::ONE_HUNDRED
    })
}

impl SentRow for GoalRow {
    type Row = Row;
    const KEYS: &'static [&'static str] = &["employee_number", "cycle", "title"];

    fn at(self, row: usize, unread: Vec<String>) -> Row {
        let Defined { kind, mut lacking, unfit } = self.define();
        lacking.retain(|name| {
            let property = name.split('/').next().unwrap_or_default();
            !unread.iter().any(|unread| unread == property)
        });
        Row {
            row,
            employee_number: self.employee_number,
            cycle: self.cycle,
            title: self.title,
            description: self.description,
            weight: self.weight.map(hundredths),
            level: self.level,
            period_start: self.period_start,
            period_end: self.period_end,
            theme: self.theme,
            exploratory: self.exploratory,
            definition: kind,
            lacking,
            unfit,
            unread,
        }
    }
}
