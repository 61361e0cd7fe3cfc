//! Schemas of goal definitions: kinds of goals, of key results and of scoring methods. Each kind is
//! a closed object, distinguished by one property. The domain reads and writes the values; this
//! file describes their form.

use crate::goals::words::{Aggregation, Ambition, Direction, Frequency, Sources, StepUnit};
use crate::platform::words::{described, described_or_null};
use domain::goals::goal::GoalKind;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::borrow::Cow;
use utoipa::openapi::schema::{
    AdditionalProperties, Array, ArrayBuilder, Discriminator, Object, ObjectBuilder, OneOfBuilder,
    RefBuilder, Schema, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// Greatest number of steps of a key result.
pub(super) const MAX_STEPS: usize = 50;
/// A plain decimal: longer than any business figure, short enough to be computed quickly.
const DECIMAL: &str = r"^-?\d{1,18}(\.\d{1,10})?$";
/// Percent with at most 2 places, 0 to 100.
pub(super) const PERCENT: &str = r"^(100(\.0{1,2})?|\d{1,2}(\.\d{1,2})?)$";
/// Text that neither begins nor ends with a blank.
const TRIMMED: &str = r"^\S(.*\S)?$";

/// Definition of a goal: an objective or an indicator.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct GoalDefinition(pub GoalKind);

/// Definition of a new goal; key results without an id are new.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct NewGoalDefinition(pub GoalKind);

/// Implements the schema of a goal definition and the components it is made of.
macro_rules! defined {
    ($name:ident, $objective:literal, $key_result:literal, $required:literal) => {
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let description = "What is to be achieved: an objective or an indicator.";
                one_of(description, "kind", &definitions($objective, $key_result))
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                schemas.push(($key_result.to_owned(), key_result($required)));
                let measure = "How the progress of a key result is measured.";
                let scoring = "How the actual of an indicator becomes a score.";
                for (name, description, tag, kinds) in [
                    ("Measure", measure, "kind", measures()),
                    ("Scoring", scoring, "method", scorings()),
                ] {
                    schemas.push((name.to_owned(), one_of(description, tag, &kinds)));
                    schemas.extend(components(tag, kinds));
                }
                schemas.extend(components("kind", definitions($objective, $key_result)));
            }
        }
    };
}

defined!(GoalDefinition, "Objective", "KeyResult", true);
defined!(NewGoalDefinition, "NewObjective", "NewKeyResult", false);

/// One of several kinds that a discriminator property distinguishes.
struct Kind {
    /// Name of the component.
    name: &'static str,
    /// Value of the discriminator property.
    value: &'static str,
    description: &'static str,
    properties: Vec<Property>,
}

/// A property of a closed object, and whether it is required.
struct Property(&'static str, RefOr<Schema>, bool);

fn must(name: &'static str, schema: impl Into<RefOr<Schema>>) -> Property {
    Property(name, schema.into(), true)
}

fn may(name: &'static str, schema: impl Into<RefOr<Schema>>) -> Property {
    Property(name, schema.into(), false)
}

fn closed(description: &str, properties: impl IntoIterator<Item = Property>) -> RefOr<Schema> {
    let object = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(description))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)));
    let object = properties.into_iter().fold(object, |object, Property(name, schema, required)| {
        let object = object.property(name, schema);
        if required { object.required(name) } else { object }
    });
    object.into()
}

fn one_of(description: &str, tag: &'static str, kinds: &[Kind]) -> RefOr<Schema> {
    let path = |kind: &Kind| format!("#/components/schemas/{}", kind.name);
    let mapping = kinds.iter().map(|kind| (kind.value, path(kind)));
    let any = OneOfBuilder::new()
        .description(Some(description))
        .discriminator(Some(Discriminator::with_mapping(tag, mapping)));
    kinds.iter().fold(any, |any, kind| any.item(named(kind.name))).into()
}

fn components(
    tag: &'static str,
    kinds: Vec<Kind>,
) -> impl Iterator<Item = (String, RefOr<Schema>)> {
    kinds.into_iter().map(move |Kind { name, value, description, properties }| {
        let tag = must(tag, only(description, value));
        (name.to_owned(), closed(description, [tag].into_iter().chain(properties)))
    })
}

fn named(component: &str) -> Ref {
    Ref::from_schema_name(component)
}

/// A reference to a component, with what it means in this place.
fn about(description: &str, component: &str) -> Ref {
    RefBuilder::new()
        .ref_location_from_schema_name(component)
        .description(Some(description))
        .build()
}

fn string(description: &str, pattern: &str, example: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .pattern(Some(pattern))
        .examples([json!(example)])
}

fn decimal(description: &str, example: &str) -> ObjectBuilder {
    string(description, DECIMAL, example)
}

fn percent(description: &str, example: &str) -> ObjectBuilder {
    string(description, PERCENT, example)
}

fn text(description: &str, longest: usize, example: &str) -> ObjectBuilder {
    string(description, TRIMMED, example).max_length(Some(longest))
}

fn or_null(schema: ObjectBuilder) -> Object {
    schema.schema_type(SchemaType::from_iter([Type::String, Type::Null])).build()
}

fn list(description: &str, items: impl Into<RefOr<Schema>>, most: usize) -> Array {
    ArrayBuilder::new()
        .description(Some(description))
        .items(items.into())
        .max_items(Some(most))
        .build()
}

/// The only value that a property may have.
fn only(description: &str, value: &'static str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .enum_values(Some([value]))
}

fn target() -> Property {
    must("target", decimal("Value at which the target is met.", "1200000"))
}

fn direction() -> Property {
    may("direction", described::<Direction>("Whether more or less is better; `up` if absent."))
}

fn unit() -> Property {
    must("unit", text("Unit of the values.", 40, "CNY"))
}

fn definitions(objective: &'static str, key_result: &'static str) -> Vec<Kind> {
    let ambition = "Expected in full (`committed`) or to about 0.7 (`aspirational`).";
    let key_results = "Measurable results; their weights must sum to 100.00 at submission.";
    vec![
        Kind {
            name: objective,
            value: "objective",
            description: "An objective with its key results.",
            properties: vec![
                must("ambition", described::<Ambition>(ambition)),
                must("key_results", list(key_results, named(key_result), 20)),
            ],
        },
        Kind {
            name: "Indicator",
            value: "indicator",
            description: "An indicator whose actual is scored.",
            properties: vec![
                unit(),
                may("source", or_null(text("Source of the actual values.", 200, "CRM"))),
                may("frequency", described_or_null::<Frequency>("How often actuals are reported.")),
                may("baseline", or_null(decimal("Value at the start of the period.", "1000000"))),
                must(
                    "aggregation",
                    described::<Aggregation>(
                        "How the values of several periods become the actual of the cycle.",
                    ),
                ),
                may(
                    "sources",
                    described::<Sources>(
                        "Which sources count if several report a period: `one` (the `source` \
                         named here, otherwise the first to report) or `all`.",
                    ),
                ),
                must("scoring", about("How the actual becomes a score.", "Scoring")),
            ],
        },
    ]
}

fn key_result(required: bool) -> RefOr<Schema> {
    let id = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("Id of the key result, the same in all revisions."))
        .format(Some(utoipa::openapi::SchemaFormat::Custom("uuid".to_owned())));
    closed(
        "A key result of an objective.",
        [
            Property("id", id.into(), required),
            must("title", text("Title: what is to be achieved.", 200, "Ten new key accounts")),
            must("weight", percent("Weight in percent.", "50")),
            must("measure", about("How progress is measured.", "Measure")),
        ],
    )
}

fn measures() -> Vec<Kind> {
    let level = OneOfBuilder::new()
        .description(Some("The level."))
        .item(closed("At least this.", [must("above", decimal("Lowest value.", "99.5"))]))
        .item(closed("At most this.", [must("below", decimal("Highest value.", "2"))]))
        .item(closed(
            "Between the first and the second value.",
            [must(
                "between",
                ArrayBuilder::new()
                    .description(Some("The bounds."))
                    .items(decimal("Lowest, then highest value.", "20"))
                    .min_items(Some(2))
                    .max_items(Some(2)),
            )],
        ));
    let step = closed(
        "A step.",
        [
            must("title", text("Title of the step: what is done.", 200, "Contract signed")),
            must("weight", percent("Weight of the step in percent.", "25")),
        ],
    );
    vec![
        Kind {
            name: "MetricMeasure",
            value: "metric",
            description: "A figure that moves from a start to a target value, up or down.",
            properties: vec![must("start", decimal("Value at the start.", "0")), target(), unit()],
        },
        Kind {
            name: "BooleanMeasure",
            value: "boolean",
            description: "Done or not done, with nothing between.",
            properties: Vec::new(),
        },
        Kind {
            name: "MilestoneMeasure",
            value: "milestone",
            description: "Weighted steps.",
            properties: vec![must(
                "steps",
                list("The steps; weights sum to 100.", step, MAX_STEPS),
            )],
        },
        Kind {
            name: "MaintainMeasure",
            value: "maintain",
            description: "A level to keep.",
            properties: vec![must("level", level), unit()],
        },
    ]
}

fn scorings() -> Vec<Kind> {
    let ratio = || [target(), direction()];
    let on = OneOfBuilder::new()
        .description(Some("What the bounds stand for; actual values if absent."))
        .item(only("Bounds are actual values.", "actual"))
        .item(closed(
            "Bounds are achievements in percent.",
            [must("achievement", closed("How achievement is computed.", ratio()))],
        ));
    let point = closed(
        "A value and its score.",
        [
            must("value", decimal("The value.", "900000")),
            must("score", decimal("Score at this value.", "60")),
        ],
    );
    let days_late = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .description(Some("Days after the due date; negative before it."))
        .minimum(Some(-36_500))
        .maximum(Some(36_500))
        .examples([json!(0)]);
    let done = closed("Done.", [must("days_late", days_late)]);
    let open = closed("Not done.", [must("percent", percent("How much is done.", "0"))]);
    let outcome = OneOfBuilder::new()
        .description(Some("State at evaluation; not begun if absent."))
        .item(closed("It is done.", [must("done", done)]))
        .item(closed("It is not done.", [must("open", open)]));
    let milestone = closed(
        "A milestone.",
        [must("weight", percent("Weight in percent.", "50")), may("outcome", outcome)],
    );
    vec![
        Kind {
            name: "RatioScoring",
            value: "ratio",
            description: "Achievement relative to the target.",
            properties: ratio().into(),
        },
        Kind {
            name: "BaselineScoring",
            value: "baseline",
            description: "Share of the way from a baseline to the target.",
            properties: vec![must("baseline", decimal("Value worth 0.", "80")), target()],
        },
        Kind {
            name: "OccurrenceScoring",
            value: "occurrence",
            description: "A base score less a penalty for each occurrence.",
            properties: vec![
                must("base", decimal("Score without any occurrence.", "100")),
                must("penalty", decimal("Points deducted for each occurrence.", "20")),
            ],
        },
        Kind {
            name: "IntervalScoring",
            value: "interval",
            description: "Full marks inside an interval, fewer with the distance from it.",
            properties: vec![
                must("low", decimal("Lowest value with full marks.", "95")),
                must("high", decimal("Highest value with full marks.", "105")),
                must("tolerance", decimal("Distance at which the score is 0.", "10")),
            ],
        },
        Kind {
            name: "PointsScoring",
            value: "points",
            description: "Straight lines between points such as threshold, target and stretch.",
            properties: vec![must("points", list("From worst to best, at least two.", point, 20))],
        },
        Kind {
            name: "BandedScoring",
            value: "banded",
            description: "A score for each band of values; a lower bound belongs to its band.",
            properties: vec![
                must(
                    "bounds",
                    list("Bounds between bands, ascending.", decimal("A bound.", "90"), 50),
                ),
                must("scores", list("One score for each band.", decimal("A score.", "100"), 51)),
                may("on", on),
            ],
        },
        Kind {
            name: "StepsScoring",
            value: "steps",
            description: "Points added or deducted for each step away from the target. The base is \
                          the weight of the goal.",
            properties: vec![
                target(),
                direction(),
                must("base", decimal("Points for meeting the target exactly.", "30")),
                may(
                    "unit",
                    described::<StepUnit>("Unit of a step; `percent` of the target if absent."),
                ),
                must("step", decimal("Size of a step.", "3")),
                must("add", decimal("Points added for each step above.", "1")),
                must("deduct", decimal("Points deducted for each step below.", "1")),
                must("max_add", decimal("Most points added.", "6")),
                must("max_deduct", decimal("Most points deducted.", "6")),
            ],
        },
        Kind {
            name: "MilestonesScoring",
            value: "milestones",
            description: "Credit for milestones; outcomes are recorded by changing the goal.",
            properties: vec![must("milestones", list("Weights sum to 100.", milestone, 50))],
        },
        Kind {
            name: "RatingScoring",
            value: "rating",
            description: "A rating of 1 to 5, converted by the policy's scale.",
            properties: Vec::new(),
        },
    ]
}
