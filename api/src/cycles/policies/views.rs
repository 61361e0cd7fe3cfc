//! What clients see and send about performance policies.

use super::settings::{PolicySettings, faults_of};
use crate::cycles::words;
use crate::platform::caller::Actor;
use crate::platform::extract::Ruled;
use crate::platform::faults::Faults;
use crate::platform::page::page_of;
use chrono::{DateTime, Utc};
use domain::core::number::{Exact, percent};
use domain::cycles::performance_policy::{
    DimensionRule, PerformancePolicy, PolicyAction, PolicyRules, PolicyState, Population,
};
use domain::policy::{Action, Mask, Protected, Shown, decide};
use domain::scoring::review::rater::RaterType;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::{AdditionalProperties, AllOfBuilder, Object, ObjectBuilder, Type};
use uuid::Uuid;

/// One dimension of the review, with its weight and its raters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DimensionRule)]
#[serde(deny_unknown_fields)]
pub struct DimensionRuleView {
    /// Name of the dimension; `performance` is computed from goals.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,39}$", example = "competency")]
    pub code: String,
    /// Weight in percent. The weights of a population sum to 100.00.
    #[schema(value_type = String, pattern = r"^\d{1,3}(\.\d{1,2})?$", example = "20.00")]
    #[serde(serialize_with = "percent::serialize")]
    pub weight: Exact,
    /// Weight of each rater type in percent, summing to 100.00; empty for `performance`.
    #[schema(schema_with = rater_weights)]
    #[serde(serialize_with = "percent::each")]
    pub raters: BTreeMap<RaterType, Exact>,
}

fn rater_weights() -> Object {
    let weight = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(r"^\d{1,3}(\.\d{1,2})?$"))
        .build();
    let name = AllOfBuilder::new().item(Ref::from_schema_name(words::RaterType::name()));
    ObjectBuilder::new()
        .description(Some(
            "Weight of each rater type in percent, summing to 100.00; empty for `performance`.",
        ))
        .property_names(Some(name))
        .additional_properties(Some(AdditionalProperties::RefOr(weight.into())))
        .examples([json!({ "manager": "60", "peer": "40" })])
        .build()
}

/// A group of people who are evaluated in the same dimensions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Population)]
#[serde(deny_unknown_fields)]
pub struct PopulationView {
    /// Name of the population.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,39}$", example = "managers")]
    pub code: String,
    /// true: only people who manage a team; false: only people who do not; null: both.
    #[serde(default)]
    #[schema(required = false, example = true)]
    pub managers: Option<bool>,
    /// Only holders of positions with these codes; empty means all positions.
    #[serde(default)]
    #[schema(max_items = 500, example = json!(["SALES-REP"]))]
    pub position_codes: Vec<String>,
    /// Dimensions of the evaluation.
    #[schema(max_items = 20)]
    pub dimensions: Vec<DimensionRuleView>,
}

/// The rules of a policy version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PolicyRules)]
#[serde(deny_unknown_fields)]
pub struct PolicyRulesView {
    /// Settings that differ from their defaults, by name.
    #[serde(default)]
    #[schema(required = false)]
    pub settings: PolicySettings,
    /// Populations in order of precedence: the first one that fits a person applies.
    #[schema(max_items = 50)]
    pub populations: Vec<PopulationView>,
}

impl From<PolicyRules> for PolicyRulesView {
    fn from(rules: PolicyRules) -> Self {
        let PolicyRules { settings, populations } = rules;
        let populations = populations.into_iter().map(PopulationView::from).collect();
        Self { settings: PolicySettings(settings), populations }
    }
}

impl From<PolicyRulesView> for PolicyRules {
    fn from(rules: PolicyRulesView) -> Self {
        let PolicyRulesView { settings: PolicySettings(settings), populations } = rules;
        let populations = populations.into_iter().map(Population::from).collect();
        Self { settings, populations }
    }
}

impl From<Population> for PopulationView {
    fn from(population: Population) -> Self {
        let Population { code, managers, position_codes, dimensions } = population;
        let dimensions = dimensions.into_iter().map(DimensionRuleView::from).collect();
        Self { code, managers, position_codes, dimensions }
    }
}

impl From<PopulationView> for Population {
    fn from(population: PopulationView) -> Self {
        let PopulationView { code, managers, position_codes, dimensions } = population;
        let dimensions = dimensions.into_iter().map(DimensionRule::from).collect();
        Self { code, managers, position_codes, dimensions }
    }
}

impl From<DimensionRule> for DimensionRuleView {
    fn from(DimensionRule { code, weight, raters }: DimensionRule) -> Self {
        Self { code, weight, raters }
    }
}

impl From<DimensionRuleView> for DimensionRule {
    fn from(DimensionRuleView { code, weight, raters }: DimensionRuleView) -> Self {
        Self { code, weight, raters }
    }
}

/// One version of a performance policy.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Policy)]
pub struct PolicyView {
    /// Id of the version.
    pub id: Uuid,
    /// External key of the policy, the same for all versions.
    #[schema(example = "STANDARD")]
    pub code: String,
    /// Name of the policy, as shown to people.
    #[schema(example = "Performance policy")]
    pub name: String,
    /// Version number among the versions with this code, from 1.
    #[schema(example = 1)]
    pub number: i32,
    /// State of the version; only a draft can change.
    #[schema(value_type = words::PolicyState)]
    pub state: PolicyState,
    /// Rules of the version; absent for auditors until it is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rules: Option<PolicyRulesView>,
    /// When the version was published; null for a draft.
    pub published_at: Option<DateTime<Utc>>,
    /// Actions the caller may take on the record now.
    #[schema(value_type = HashSet<words::PolicyAction>)]
    pub allowed_actions: Vec<PolicyAction>,
    /// Version of the record: starts at 1 and grows by 1 with each change.
    #[schema(example = 1)]
    pub version: i32,
    /// When the record was created.
    pub created_at: DateTime<Utc>,
    /// When the record was last changed.
    pub updated_at: DateTime<Utc>,
}

impl PolicyView {
    /// The version as far as `actor` sees it.
    pub(super) fn new(actor: &Actor, shown: &Shown<PerformancePolicy>) -> Self {
        let policy = shown.outline();
        let target = policy.target(actor.today);
        let writable = decide(&actor.subject, Action::PolicyWrite, &target).permit.is_some();
        let allowed_actions =
            if writable { policy.possible_actions().to_vec() } else { Vec::new() };
        Self {
            id: policy.id.uuid(),
            code: policy.code.clone(),
            name: policy.name.clone(),
            number: policy.number,
            state: policy.state,
            rules: shown.at(Mask::Full).map(|policy| policy.rules.clone().into()),
            published_at: policy.published_at,
            allowed_actions,
            version: policy.version,
            created_at: policy.created_at,
            updated_at: policy.updated_at,
        }
    }
}

page_of! {
    /// A page of versions.
    pub struct PolicyPage
    /// The versions, in the order of creation; with `updated_since`, in the order of change.
    of PolicyView, created by Action::PolicyWrite
}

/// A new draft of a policy.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPolicy {
    /// External key of the policy. A known code creates the next version.
    #[schema(min_length = 1, max_length = 64, pattern = r"^\S(.*\S)?$", example = "STANDARD")]
    pub code: String,
    /// Name of the policy, as shown to people.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        example = "Performance policy"
    )]
    pub name: String,
    /// Rules of the version; if absent, the suggested dimensions and weights.
    #[schema(nullable = false)]
    pub rules: Option<PolicyRulesView>,
}

/// A merge patch of a draft: an absent property stays as it is. Rules are replaced as a whole.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyPatch {
    /// Name of the policy, as shown to people.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        nullable = false,
        example = "Performance policy 2027"
    )]
    pub name: Option<String>,
    /// Rules of the version.
    #[schema(nullable = false)]
    pub rules: Option<PolicyRulesView>,
}

/// The settings of a body are checked by the register, from which their schema is made.
macro_rules! ruled {
    ($($body:ident)*) => {$(
        impl Ruled for $body {
            const WHOLE: &'static [&'static str] = PolicySettings::SCHEMAS;

            fn rules(body: &Value, faults: &mut Faults) {
                faults_of(body.pointer("/rules/settings"), faults);
            }
        }
    )*};
}

ruled! { NewPolicy PolicyPatch }
