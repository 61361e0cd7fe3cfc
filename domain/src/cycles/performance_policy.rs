//! The performance policy (绩效管理制度): what is evaluated, by whom and with which weight.
//!
//! A policy is kept version by version. A draft may change; a published version never does, so
//! that a cycle which refers to it cannot change under its participants (R02).

use crate::core::change::versioned;
use crate::core::error::{Code, DomainError, Result};
use crate::core::id::PolicyId;
use crate::core::number::{Exact, percent};
use crate::core::time::Timestamp;
use crate::policy::{Protected, Stage, Target};
use crate::scoring::apportion::largest_remainder;
use crate::scoring::review::rater::{DEFAULT_DIMENSIONS, RaterType, default_rater_weights};
use crate::scoring::settings::{OkrInReview, SettingFault, Settings};
use crate::scoring::weights;
use crate::text_enum;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

text_enum! {
    /// Whether a policy version may still change.
    pub enum PolicyState {
        /// Being written.
        Draft = "draft",
        /// Published: cycles may apply it, and it never changes again.
        Published = "published",
    }
}

/// One version of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerformancePolicy {
    /// Id of this version; each version has its own.
    pub id: PolicyId,
    /// External key, the same for all versions of the policy.
    pub code: String,
    /// Name shown to people.
    pub name: String,
    /// Number of the version, from 1; unique with the code.
    pub number: i32,
    /// Whether this version may still change.
    pub state: PolicyState,
    /// Content of this version.
    pub rules: PolicyRules,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// Version of the record, from 1: counts its changes.
    pub version: i32,
    /// When the record was created.
    pub created_at: Timestamp,
    /// When the record was last changed.
    pub updated_at: Timestamp,
}

text_enum! {
    /// What can be done to a policy version; paths of the API use these names.
    pub enum PolicyAction {
        /// Change the draft.
        Update = "update",
        /// Publish the version; it never changes again.
        Publication = "publication",
    }
}

impl PerformancePolicy {
    /// What can be done to the version in its state.
    pub fn possible_actions(&self) -> &'static [PolicyAction] {
        match self.state {
            PolicyState::Draft => &[PolicyAction::Update, PolicyAction::Publication],
            PolicyState::Published => &[],
        }
    }
}

versioned!(PerformancePolicy);

impl Protected for PerformancePolicy {
    fn target(&self, _: NaiveDate) -> Target {
        Target { id: self.id.uuid(), stage: Some(stage(self.state)), ..Target::default() }
    }
}

/// The stage of a policy version in this state, as the access policy knows it.
pub fn stage(state: PolicyState) -> Stage {
    match state {
        PolicyState::Draft => Stage::Draft,
        PolicyState::Published => Stage::Released,
    }
}

/// The content of a policy version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRules {
    /// Settings that differ from their defaults, by their names in part I.
    pub settings: BTreeMap<String, Value>,
    /// Groups of people and the dimensions in which they are evaluated. A person belongs to the
    /// first population that includes them.
    pub populations: Vec<Population>,
}

/// A group of people who are evaluated by the same rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// Code of the population.
    pub code: String,
    /// Whether it includes only people with a team of their own (`true`) or only people without one
    /// (`false`); `None` includes both.
    pub managers: Option<bool>,
    /// Codes of the positions whose holders it includes; empty includes all positions.
    pub position_codes: Vec<String>,
    /// The dimensions that are evaluated; their weights sum to 100.00.
    pub dimensions: Vec<DimensionRule>,
}

/// A dimension of the review and who rates it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DimensionRule {
    /// Code of the dimension, such as `competency`; [`PERFORMANCE`] is computed from goals.
    pub code: String,
    /// Weight of the dimension in percent.
    #[serde(serialize_with = "percent::serialize")]
    pub weight: Exact,
    /// Weight of each rater type in percent, summing to 100.00; empty for [`PERFORMANCE`].
    #[serde(serialize_with = "percent::each")]
    pub raters: BTreeMap<RaterType, Exact>,
}

/// The dimension that is computed from goals (parts B and C), not rated.
pub const PERFORMANCE: &str = "performance";

/// A dimension in which nobody could be rated, because too few of its raters can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfReach<'a> {
    /// Place of its raters in the rules, as a JSON Pointer.
    pub place: String,
    /// The population to which the dimension belongs.
    pub population: &'a Population,
    /// The dimension that is out of reach.
    pub rule: &'a DimensionRule,
    /// Weight of all raters who can be asked, in percent.
    pub reach: Exact,
    /// Weight that is needed, in percent (`review.min_weight_share`).
    pub needed: Exact,
}

text_enum! {
    /// A limitation of every cycle under a policy: a warning, never a refusal.
    pub enum PolicyWarning {
        /// Some rater types have a weight but are never asked: their weight goes to the others.
        RatersNotCollected = "raters_not_collected",
        /// The policy gives objectives no score: a person who has only objectives cannot be rated.
        ObjectivesNotScored = "objectives_not_scored",
    }
}

/// The raters of a suggested dimension who can be asked, with weights scaled to sum to 100.00.
fn collected(suggested: &[(RaterType, u32)]) -> BTreeMap<RaterType, Exact> {
    let asked: Vec<_> = suggested.iter().filter(|(rater, _)| rater.is_collected()).collect();
    let claims = (0..).zip(&asked).map(|(place, (_, weight))| (Exact::from(*weight), place));
    let hundredths = largest_remainder(&Exact::from(10_000), claims.collect()).unwrap_or_default();
    let percents = hundredths.into_iter().map(|part| part * Exact::scaled(1, 2));
    asked.iter().map(|(rater, _)| *rater).zip(percents).collect()
}

/// The facts that decide to which population a person belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership<'a> {
    /// Whether anyone reports to the person.
    pub is_manager: bool,
    /// Code of the person's position.
    pub position_code: Option<&'a str>,
}

impl Population {
    /// Whether the population includes a person.
    pub fn includes(&self, person: Membership<'_>) -> bool {
        let position_fits = self.position_codes.is_empty()
            || person
                .position_code
                .is_some_and(|code| self.position_codes.iter().any(|known| known == code));
        self.managers.is_none_or(|wanted| wanted == person.is_manager) && position_fits
    }
}

impl PolicyRules {
    /// The settings, dimensions and weights that D.1 and part I suggest, with only those raters who
    /// can be asked, so that reviews can be completed.
    pub fn standard() -> PolicyRules {
        let suggested = |(code, weight): (&str, u32)| DimensionRule {
            code: code.to_owned(),
            weight: Exact::from(weight),
            raters: collected(default_rater_weights(code)),
        };
        PolicyRules {
            settings: BTreeMap::new(),
            populations: vec![Population {
                code: "everyone".to_owned(),
                managers: None,
                position_codes: Vec::new(),
                dimensions: DEFAULT_DIMENSIONS.map(suggested).to_vec(),
            }],
        }
    }

    /// The settings of the policy: the defaults, except where the policy differs.
    ///
    /// # Errors
    /// `SETTING_INVALID` for an unknown name or a value of the wrong kind.
    pub fn settings(&self) -> Result<Settings> {
        Settings::from_entries(&self.settings)
    }

    /// The population to which a person belongs; `None` if no population includes the person.
    pub fn population_of(&self, person: Membership<'_>) -> Option<&Population> {
        self.populations.iter().find(|population| population.includes(person))
    }

    /// The population with this code.
    pub fn population(&self, code: &str) -> Option<&Population> {
        self.populations.iter().find(|population| population.code == code)
    }

    /// The first population's sum of dimension weights that is not 100.00; `None` if all are.
    pub fn weights_off_100(&self) -> Option<Exact> {
        let sums = self
            .populations
            .iter()
            .map(|population| population.dimensions.iter().map(|rule| &rule.weight).sum::<Exact>());
        let hundred = Exact::from(100);
        sums.into_iter().find(|sum| *sum != hundred)
    }

    /// The dimensions in which nobody could be rated, because the weight of all raters who can be
    /// asked is 0 or below `review.min_weight_share` (D.3).
    ///
    /// # Errors
    /// The errors of [`PolicyRules::settings`].
    pub fn out_of_reach(&self) -> Result<Vec<OutOfReach<'_>>> {
        let needed = self.settings()?.review.min_weight_share;
        let mut found = Vec::new();
        for (at, population) in self.populations.iter().enumerate() {
            for (dimension, rule) in population.dimensions.iter().enumerate() {
                let reach = rule.reach();
                let is_short = reach < needed || !reach.is_positive();
                if !rule.is_performance() && is_short {
                    let place = format!("/populations/{at}/dimensions/{dimension}/raters");
                    let needed = needed.clone();
                    found.push(OutOfReach { place, population, rule, reach, needed });
                }
            }
        }
        Ok(found)
    }

    /// The limitations of every cycle under these rules.
    ///
    /// # Errors
    /// The errors of [`PolicyRules::settings`].
    pub fn warnings(&self) -> Result<Vec<PolicyWarning>> {
        let settings = self.settings()?;
        let rules = || self.populations.iter().flat_map(|population| &population.dimensions);
        let counts =
            |(rater, weight): (&RaterType, &Exact)| !rater.is_collected() && weight.is_positive();
        let uncollected = rules().any(|rule| rule.raters.iter().any(counts));
        let unscored = settings.okr.in_review == OkrInReview::Off
            && rules().any(DimensionRule::is_performance);
        let found = [
            (PolicyWarning::RatersNotCollected, uncollected),
            (PolicyWarning::ObjectivesNotScored, unscored),
        ];
        Ok(found.into_iter().filter_map(|(warning, found)| found.then_some(warning)).collect())
    }

    /// All faults of the settings.
    pub fn setting_faults(&self) -> Vec<SettingFault> {
        Settings::checked(&self.settings).err().unwrap_or_default()
    }

    /// All faults of the populations, each with its place as a JSON Pointer into the rules.
    pub fn faults(&self) -> Vec<(String, DomainError)> {
        let mut faults = Vec::new();
        if self.populations.is_empty() {
            let error = Code::EmptyInput.because("a policy needs at least one population");
            faults.push(("/populations".to_owned(), error));
        }
        for (at, population) in self.populations.iter().enumerate() {
            let place = format!("/populations/{at}");
            let twin = self.populations[..at].iter().any(|other| other.code == population.code);
            if twin {
                let error =
                    Code::SettingInvalid.because(format!("{} occurs twice", population.code));
                faults.push((format!("{place}/code"), error));
            }
            faults.extend(
                population
                    .faults()
                    .into_iter()
                    .map(|(within, error)| (place.clone() + &within, error)),
            );
        }
        faults
    }
}

impl Population {
    /// The dimensions that people rate.
    pub fn rated(&self) -> impl Iterator<Item = &DimensionRule> {
        self.dimensions.iter().filter(|rule| !rule.is_performance())
    }

    fn faults(&self) -> Vec<(String, DomainError)> {
        let mut faults = Vec::new();
        if let Err(error) = weights::check_sum(self.dimensions.iter().map(|rule| &rule.weight)) {
            faults.push(("/dimensions".to_owned(), error));
        }
        for (at, rule) in self.dimensions.iter().enumerate() {
            let place = format!("/dimensions/{at}");
            if self.dimensions[..at].iter().any(|other| other.code == rule.code) {
                let error = Code::SettingInvalid.because(format!("{} occurs twice", rule.code));
                faults.push((format!("{place}/code"), error));
            }
            faults.extend(rule.rater_fault().map(|error| (format!("{place}/raters"), error)));
        }
        faults
    }
}

impl DimensionRule {
    /// Whether the dimension is computed from goals.
    pub fn is_performance(&self) -> bool {
        self.code == PERFORMANCE
    }

    /// Weight of all raters who can be asked, in percent.
    pub fn reach(&self) -> Exact {
        let asked = self.raters.iter().filter(|(rater, _)| rater.is_collected());
        asked.map(|(_, weight)| weight).sum()
    }

    fn rater_fault(&self) -> Option<DomainError> {
        if self.is_performance() {
            let named = !self.raters.is_empty();
            return named
                .then(|| Code::SettingInvalid.because("performance is computed, not rated"));
        }
        weights::check_sum(self.raters.values()).err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(rules: &PolicyRules) -> Vec<String> {
        rules.faults().into_iter().map(|(place, error)| format!("{place} {}", error.code)).collect()
    }

    #[test]
    fn the_standard_can_be_published_and_completed() {
        let standard = PolicyRules::standard();
        assert!(places(&standard).is_empty());
        assert_eq!(standard.out_of_reach().unwrap(), []);
        assert_eq!(standard.warnings().unwrap(), [PolicyWarning::ObjectivesNotScored]);
    }

    #[test]
    fn suggested_raters_share_the_weight_of_those_who_are_not_asked() {
        use RaterType::{CrossDept, Manager, Oneself, Peer};
        let weights = |suggested: &[(RaterType, u32)]| -> Vec<_> {
            collected(suggested).into_values().map(|weight| weight.to_string()).collect()
        };
        assert_eq!(weights(&[(Manager, 20), (CrossDept, 80)]), ["100"]);
        assert_eq!(weights(&[(Oneself, 10), (Manager, 20), (Peer, 70)]), ["33.33", "66.67"]);
        assert!(weights(&[(Peer, 100)]).is_empty());
    }

    #[test]
    fn a_dimension_needs_its_minimum_share_of_raters_who_are_asked() {
        use RaterType::{CrossDept, Manager, Oneself, Peer};
        let mut rules = PolicyRules::standard();
        let short = |rules: &PolicyRules| -> Vec<String> {
            let told = |it: OutOfReach<'_>| {
                format!("{} {} {} {}", it.place, it.rule.code, it.reach, it.needed)
            };
            rules.out_of_reach().unwrap().into_iter().map(told).collect()
        };
        let raters = |weights: &[(RaterType, i32)]| {
            weights.iter().map(|(rater, weight)| (*rater, Exact::from(*weight))).collect()
        };
        rules.populations[0].dimensions[2].raters = raters(&[(Manager, 50), (Peer, 50)]);
        assert!(short(&rules).is_empty());
        assert_eq!(rules.warnings().unwrap()[0], PolicyWarning::RatersNotCollected);
        rules.populations[0].dimensions[3].raters =
            raters(&[(Oneself, 10), (Manager, 20), (CrossDept, 70)]);
        let place = "/populations/0/dimensions/3/raters collaboration";
        assert_eq!(short(&rules), [format!("{place} 30 50")]);
        rules.settings.insert("review.min_weight_share".to_owned(), "30".into());
        assert!(short(&rules).is_empty());
        rules.settings.insert("okr.in_review".to_owned(), "mapped".into());
        assert_eq!(rules.warnings().unwrap(), [PolicyWarning::RatersNotCollected]);
    }

    #[test]
    fn every_fault_is_named_with_its_place() {
        let mut rules = PolicyRules::standard();
        rules.settings.insert("kpi.caps".to_owned(), "1".into());
        assert_eq!(rules.setting_faults().len(), 1);
        let mut twin = rules.populations[0].clone();
        twin.dimensions[0].weight = Exact::from(61);
        twin.dimensions[0].raters = twin.dimensions[1].raters.clone();
        twin.dimensions[2].code = "competency".to_owned();
        twin.dimensions[3].raters.clear();
        rules.populations.push(twin);
        assert_eq!(
            places(&rules),
            [
                "/populations/1/code SETTING_INVALID",
                "/populations/1/dimensions WEIGHTS_NOT_100",
                "/populations/1/dimensions/0/raters SETTING_INVALID",
                "/populations/1/dimensions/2/code SETTING_INVALID",
                "/populations/1/dimensions/3/raters WEIGHTS_NOT_100",
            ]
        );
        rules.populations.clear();
        assert_eq!(places(&rules), ["/populations EMPTY_INPUT"]);
    }

    #[test]
    fn the_first_population_that_fits_counts() {
        let mut rules = PolicyRules::standard();
        let population = |code: &str, managers, positions: &[&str]| Population {
            code: code.to_owned(),
            managers,
            position_codes: positions.iter().map(|code| (*code).to_owned()).collect(),
            dimensions: Vec::new(),
        };
        rules.populations.insert(0, population("managers", Some(true), &[]));
        rules.populations.insert(1, population("sales", None, &["REP"]));
        let of = |is_manager, position_code| {
            let person = Membership { is_manager, position_code };
            rules.population_of(person).map(|population| population.code.as_str())
        };
        assert_eq!(of(true, Some("REP")), Some("managers"));
        assert_eq!(of(false, Some("REP")), Some("sales"));
        assert_eq!(of(false, None), Some("everyone"));
        rules.populations.pop();
        let nobody = Membership { is_manager: false, position_code: None };
        assert_eq!(rules.population_of(nobody), None);
    }
}
