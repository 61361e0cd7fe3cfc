//! The settings of a policy, as clients see and send them. Their schema is made from the register,
//! which also checks what is sent; so the contract documents what is accepted.

use crate::platform::faults::Faults;
use crate::platform::problem::Violation;
use crate::platform::schema::child;
use crate::platform::transition::fault;
use domain::core::error::Code;
use domain::scoring::scale::Grade;
use domain::scoring::settings::{
    Kind, Misfit, Setting, SettingFault, SettingFaultKind, Settings, Word, register,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Schema, SchemaType,
    Type,
};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// Where bodies have settings.
const PLACE: &str = "/rules/settings";
/// A plain decimal.
const DECIMAL: &str = r"^[+-]?[0-9]+(\.[0-9]+)?$";
/// A range of whole numbers.
const COUNTS: &str = r"^[0-9]+\.\.[0-9]+$";
/// A range of decimals.
const DECIMALS: &str = r"^[+-]?[0-9]+(\.[0-9]+)?\.\.[+-]?[0-9]+(\.[0-9]+)?$";
/// Text that neither begins nor ends with a blank.
const TRIMMED: &str = r"^\S(.*\S)?$";
/// Longest text of a decimal.
const LONGEST_DECIMAL: usize = 96;

/// Settings that differ from their defaults, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PolicySettings(pub BTreeMap<String, Value>);

impl PolicySettings {
    /// The schemas whose values the register checks.
    pub(super) const SCHEMAS: &'static [&'static str] = &["PolicySettings"];
}

impl PartialSchema for PolicySettings {
    fn schema() -> RefOr<Schema> {
        let closed = ObjectBuilder::new()
            .description(Some(
                "Settings of a policy that differ from their defaults, by name. What they take, their \
                 defaults and limits are those of their properties; limits of decimals, which are \
                 texts, stand in `x-minimum` and `x-maximum`. Settings that contradict each other are \
                 refused.",
            ))
            .additional_properties(Some(AdditionalProperties::FreeForm(false)))
            .examples([json!({ "review.second_review": true, "kpi.cap": "120" })]);
        let all = register().iter();
        all.fold(closed, |all, setting| all.property(setting.name, property(setting))).into()
    }
}

impl ToSchema for PolicySettings {
    fn name() -> Cow<'static, str> {
        "PolicySettings".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((GradeScale::name().into_owned(), GradeScale::schema()));
    }
}

/// The schema of a grade scale of the policy itself.
struct GradeScale;

impl ToSchema for GradeScale {
    fn name() -> Cow<'static, str> {
        "GradeScale".into()
    }
}

/// Adds every fault of the settings of a body, if it has any settings.
pub(super) fn faults_of(given: Option<&Value>, faults: &mut Faults) {
    let Some(given) = given.and_then(Value::as_object) else { return };
    let found = Settings::checked(&given.clone().into_iter().collect()).err();
    found.into_iter().flatten().for_each(|found| faults.push(violation(found)));
}

/// A fault of the settings of a policy, as a client reads it.
pub(super) fn violation(SettingFault { name, kind }: SettingFault) -> Violation {
    let place = child(PLACE, &name);
    match kind {
        SettingFaultKind::Unknown => Violation::new(place, "unknown_property"),
        SettingFaultKind::Misfit(Misfit::WrongType) => Violation::new(place, "wrong_type"),
        SettingFaultKind::Misfit(Misfit::NotAllowed) => Violation::new(place, "not_allowed"),
        SettingFaultKind::Misfit(Misfit::OutOfRange { min, max }) => {
            Violation::new(place, "out_of_range").with("min", min).with("max", max)
        }
        SettingFaultKind::Misfit(Misfit::SumNot100) => {
            Violation::new(place, Code::WeightsNot100.as_str())
        }
        SettingFaultKind::Contradiction(error) => fault(place, &error),
    }
}

/// The default that the contract shows of a setting; its description has every one in words.
fn default_of(setting: &Setting) -> Option<Value> {
    // A client that fills in defaults must not fix what follows the scale, and generators of
    // clients write a default that is an object wrongly.
    let shown = !setting.follows_the_scale() && !setting.default.is_object();
    shown.then(|| setting.default.clone())
}

/// The schema of one setting.
fn property(setting: &Setting) -> RefOr<Schema> {
    let default = default_of(setting);
    let described = |schema: ObjectBuilder| {
        schema.description(Some(description(setting))).default(default.clone())
    };
    match setting.kind {
        Kind::Decimal(_) => described(limited(setting, decimal())).into(),
        Kind::OptionalDecimal(_) => {
            let or_null = SchemaType::from_iter([Type::String, Type::Null]);
            described(limited(setting, decimal().schema_type(or_null))).into()
        }
        Kind::Integer(min, max) => {
            described(of_type(Type::Integer)).minimum(Some(min)).maximum(Some(max)).into()
        }
        Kind::Boolean => described(of_type(Type::Boolean)).into(),
        Kind::Word(words) => described(of_type(Type::String))
            .enum_values(Some(words.iter().map(|word| word.value)))
            .into(),
        Kind::Words(most, longest) => ArrayBuilder::new()
            .items(text(longest))
            .max_items(Some(most))
            .description(Some(description(setting)))
            .default(default)
            .into(),
        Kind::Counts(..) => described(limited(setting, text_like(COUNTS))).into(),
        Kind::Decimals(_) => described(limited(setting, text_like(DECIMALS))).into(),
        Kind::PerGrade(_) | Kind::Shares => {
            let of = |grade: Grade| {
                limited(setting, decimal()).description(Some(format!("That of grade {grade}.")))
            };
            described(per_grade(|grade| of(grade).into())).into()
        }
        Kind::Scale => OneOfBuilder::new()
            .item(Object::with_type(Type::Null))
            .item(Ref::from_schema_name(GradeScale::name()))
            .description(Some(description(setting)))
            .default(default)
            .into(),
    }
}

/// What a setting means, in both languages, with its words and limits.
fn description(setting: &Setting) -> String {
    let Setting { title, meaning, .. } = setting;
    let words = setting.allowed().iter();
    let words = words.map(|Word { value, meaning }| format!(" `{value}`: {}", meaning.en));
    let limits = setting.limits().map(|(min, max)| format!(" From {min} to {max}."));
    let idle = (!setting.in_use).then_some(" It has no effect yet.");
    format!(
        "{}: {}{}{}{}\n\n{}：{}{}",
        title.en,
        meaning.en,
        words.collect::<String>(),
        limits.unwrap_or_default(),
        idle.unwrap_or_default(),
        title.zh,
        meaning.zh,
        if setting.in_use { "" } else { "目前尚不起作用。" },
    )
}

fn of_type(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(kind)
}

fn text_like(pattern: &str) -> ObjectBuilder {
    of_type(Type::String).pattern(Some(pattern))
}

fn text(longest: usize) -> ObjectBuilder {
    text_like(TRIMMED).min_length(Some(1)).max_length(Some(longest))
}

fn decimal() -> ObjectBuilder {
    text_like(DECIMAL).max_length(Some(LONGEST_DECIMAL))
}

/// The limits of numbers that are texts.
fn limited(setting: &Setting, schema: ObjectBuilder) -> ObjectBuilder {
    let Some((min, max)) = setting.limits() else { return schema };
    let limits = Extensions::builder().add("x-minimum", min).add("x-maximum", max).build();
    schema.extensions(Some(limits))
}

/// A closed object of required properties, each with its description.
fn closed(properties: impl IntoIterator<Item = (&'static str, RefOr<Schema>)>) -> ObjectBuilder {
    let none =
        ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(false)));
    properties
        .into_iter()
        .fold(none, |all, (name, schema)| all.property(name, schema).required(name))
}

fn per_grade(each: impl Fn(Grade) -> RefOr<Schema>) -> ObjectBuilder {
    closed(Grade::ALL.map(|grade| (grade.as_str(), each(grade))))
}

impl PartialSchema for GradeScale {
    fn schema() -> RefOr<Schema> {
        let number = |description: &str| decimal().description(Some(description));
        let label = |_| {
            closed(
                [
                    ("letter", "Letter shown to people."),
                    ("zh", "Name in Chinese."),
                    ("en", "Name in English."),
                ]
                .map(|(name, description)| (name, text(40).description(Some(description)).into())),
            )
            .description(Some("The name of a grade."))
            .into()
        };
        let lowest = |grade: &'static str| (grade, number("Lowest score of the grade.").into());
        let anchors =
            per_grade(|_| number("Score of the rating that stands for the grade.").into())
                .description(Some("Scores of the ratings 5 (grade S) to 1 (grade D)."));
        let conversion = OneOfBuilder::new()
            .item(closed([("anchors", anchors.into())]))
            .item(closed([("proportional", number("Points per rating point.").into())]))
            .description(Some("How a rating from 1 to 5 becomes a score."));
        closed([
            ("cap", number("Highest score.").into()),
            (
                "bands",
                closed(["s", "a", "b", "c"].map(lowest))
                    .description(Some("Lowest scores of the grades; below that of C is a D."))
                    .into(),
            ),
            ("conversion", conversion.into()),
            ("labels", per_grade(label).description(Some("Names of the grades.")).into()),
        ])
        .description(Some(
            "A grade scale: which score earns which grade, and what a rating is worth.",
        ))
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::schema::{check, validator};
    use domain::scoring::scale::{Preset, Scale};

    #[derive(ToSchema)]
    struct Holder {
        #[expect(dead_code, reason = "only its schema is looked at")]
        settings: PolicySettings,
    }

    /// Whether the published schema and the register take these settings.
    fn taken(name: &str, value: &Value) -> (bool, bool) {
        let settings = json!({ name: value });
        let mut faults = Faults::default();
        check(&validator::<Holder>(), &json!({ "settings": settings }), &mut faults);
        let known = register().iter().find(|setting| setting.name == name);
        let fits = known.is_some_and(|setting| setting.misfit(value).is_none());
        (faults.is_empty(), fits)
    }

    #[test]
    fn the_published_schema_takes_what_the_register_takes() {
        let scale = json!(Scale::preset(Preset::Target100));
        let mut fractional = scale.clone();
        fractional["cap"] = json!("361/3");
        let mut nameless = scale.clone();
        nameless["labels"]["S"]["zh"] = json!("");
        let values = [
            json!(null),
            json!(true),
            json!(-1),
            json!(0),
            json!(2),
            json!(3),
            json!(30),
            json!(91),
            json!(1.5),
            json!("0"),
            json!("1"),
            json!("+0.5"),
            json!("1e2"),
            json!(".5"),
            json!("5."),
            json!("1/3"),
            json!(""),
            json!("a lot"),
            json!("warn"),
            json!("half_even"),
            json!("D"),
            json!("3..8"),
            json!("+3..8"),
            json!("2.5..40"),
            json!("3.."),
            json!([]),
            json!(["maternity"]),
            json!([" x"]),
            json!([1]),
            json!({}),
            json!({ "S": "10", "A": "20", "B": "50", "C": "15", "D": "5" }),
            json!({ "S": "10", "A": "20", "B": "50", "C": "15" }),
            json!({ "S": 10, "A": "20", "B": "50", "C": "15", "D": "5" }),
            scale,
            json!(Scale::preset(Preset::HundredPoint)),
            fractional,
            nameless,
        ];
        let mut both = 0;
        for setting in register() {
            for value in &values {
                let (published, checked) = taken(setting.name, value);
                // A schema cannot limit numbers that are texts.
                let is_beyond = matches!(
                    setting.misfit(value),
                    Some(Misfit::OutOfRange { .. } | Misfit::SumNot100)
                );
                assert_eq!(
                    published,
                    checked || is_beyond && published,
                    "{} {value}",
                    setting.name
                );
                both += usize::from(published && checked);
            }
        }
        assert!(both > register().len(), "{both}");
        assert_eq!(taken("kpi.caps", &json!("1")), (false, false));
    }

    #[test]
    fn every_setting_is_described_in_both_languages_with_its_default() {
        let schema = json!(PolicySettings::schema());
        assert_eq!(schema["additionalProperties"], false);
        let properties = schema["properties"].as_object().expect("properties");
        assert_eq!(properties.len(), register().len());
        for setting in register() {
            let shown = &properties[setting.name];
            let text = shown["description"].as_str().unwrap_or_default();
            for part in [setting.title.en, setting.meaning.en, setting.title.zh, setting.meaning.zh]
            {
                assert!(text.contains(part), "{}: {text}", setting.name);
            }
            let default = shown.get("default");
            let is_shown = !(setting.default.is_object() || setting.follows_the_scale());
            assert_eq!(default, is_shown.then_some(&setting.default), "{}", setting.name);
        }
    }

    #[test]
    fn a_name_is_escaped_in_its_pointer() {
        let mut faults = Faults::default();
        faults_of(Some(&json!({ "a/b~c": 1, "kpi.cap": 7 })), &mut faults);
        let found: Vec<_> =
            faults.into_first().into_iter().map(|fault| (fault.pointer, fault.code)).collect();
        assert_eq!(
            found,
            [
                ("/rules/settings/a~1b~0c".to_owned(), "unknown_property"),
                ("/rules/settings/kpi.cap".to_owned(), "wrong_type"),
            ]
        );
    }
}
