//! Dimensions that are left out of results which have too few raters (D.3).
//!
//! HR proposes it with a reason, and another person approves. The dimension is left out only of
//! results in which the weight of the raters who have rated stays below `review.min_weight_share`;
//! a person with enough raters is still evaluated in it. The manager's rating is always required.

use crate::core::id::{AccountId, DroppedDimensionId};
use crate::core::time::Timestamp;
use crate::cycles::cycle::Cycle;
use crate::cycles::performance_policy::{DimensionRule, PolicyRules};
use serde::{Deserialize, Serialize};

/// A proposal or approval to leave a dimension out of the results of one population of a cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DroppedDimension {
    /// Id of the proposal; results name it as their approval.
    pub id: DroppedDimensionId,
    /// Code of the population in the policy.
    pub population: String,
    /// Code of the dimension.
    pub dimension: String,
    /// Why the dimension is left out.
    pub reason: String,
    /// Who proposed it.
    pub proposed_by: AccountId,
    /// When it was proposed.
    pub proposed_at: Timestamp,
    /// Who approved it; `None` until then, and without effect.
    pub approved_by: Option<AccountId>,
    /// When it was approved.
    pub approved_at: Option<Timestamp>,
}

/// Why a dimension cannot be proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropFault {
    /// The policy has no such population.
    UnknownPopulation,
    /// The dimension does not exist in the population, or people do not rate it.
    UnknownDimension,
}

impl DroppedDimension {
    /// Whether the proposal concerns this dimension of this population.
    pub fn is_about(&self, population: &str, dimension: &str) -> bool {
        self.population == population && self.dimension == dimension
    }

    /// What is wrong with the proposal under a policy; `None` if nothing is.
    pub fn fault(&self, rules: &PolicyRules) -> Option<DropFault> {
        let Some(population) = rules.population(&self.population) else {
            return Some(DropFault::UnknownPopulation);
        };
        let rated = population.rated().any(|rule| rule.code == self.dimension);
        (!rated).then_some(DropFault::UnknownDimension)
    }
}

/// The approved proposal to leave a dimension out of the results of a population, if any.
pub fn approved<'a>(
    dropped: &'a [DroppedDimension],
    population: &str,
    dimension: &str,
) -> Option<&'a DroppedDimension> {
    let mut about = dropped.iter().filter(|it| it.is_about(population, dimension));
    about.find(|it| it.approved_at.is_some())
}

impl Cycle {
    /// The cycle with a new proposal, which replaces an unapproved one about the same dimension.
    /// `None` where leaving the dimension out is already approved.
    pub fn with_proposal(mut self, proposal: DroppedDimension) -> Option<Cycle> {
        let DroppedDimension { population, dimension, .. } = &proposal;
        if approved(&self.dropped, population, dimension).is_some() {
            return None;
        }
        self.dropped.retain(|it| !it.is_about(population, dimension));
        self.dropped.push(proposal);
        Some(self)
    }

    /// The populations in which nobody can be rated: too few raters can be asked about a dimension,
    /// and nobody has approved to leave it out.
    pub fn stuck_populations(&self, rules: &PolicyRules) -> crate::Result<Vec<String>> {
        let mut stuck: Vec<String> = Vec::new();
        for found in rules.out_of_reach()? {
            let (population, DimensionRule { code, .. }) = (&found.population.code, found.rule);
            let dropped = approved(&self.dropped, population, code).is_some();
            if !dropped && !stuck.contains(population) {
                stuck.push(population.clone());
            }
        }
        Ok(stuck)
    }
}
