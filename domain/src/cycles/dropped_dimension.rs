//! Dimensions that are left out of results where too few raters are there (D.3).
//!
//! HR proposes, with a reason, what another person approves. A dimension is left out only of results
//! in which the weight of those who have rated stays below `review.min_weight_share`; whoever has
//! enough raters is measured in it like before. The manager's rating is never dispensed with.

use crate::core::id::{AccountId, DroppedDimensionId};
use crate::core::time::Timestamp;
use crate::cycles::cycle::Cycle;
use crate::cycles::performance_policy::{DimensionRule, PolicyRules};
use serde::{Deserialize, Serialize};

/// A dimension that may be left out of the results of a population in one cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DroppedDimension {
    /// Its id, by which results name the approval.
    pub id: DroppedDimensionId,
    /// The population of the policy.
    pub population: String,
    /// The dimension.
    pub dimension: String,
    /// Why.
    pub reason: String,
    /// Who proposed it.
    pub proposed_by: AccountId,
    /// When.
    pub proposed_at: Timestamp,
    /// Who approved it; none while it has no effect.
    pub approved_by: Option<AccountId>,
    /// When.
    pub approved_at: Option<Timestamp>,
}

/// What keeps a dimension from being proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropFault {
    /// The policy has no such population.
    UnknownPopulation,
    /// Nobody rates such a dimension in it.
    UnknownDimension,
}

impl DroppedDimension {
    /// Whether it is about this dimension.
    pub fn is_about(&self, population: &str, dimension: &str) -> bool {
        self.population == population && self.dimension == dimension
    }

    /// What keeps it from being proposed under a policy.
    pub fn fault(&self, rules: &PolicyRules) -> Option<DropFault> {
        let Some(population) = rules.population(&self.population) else {
            return Some(DropFault::UnknownPopulation);
        };
        let rated = population.rated().any(|rule| rule.code == self.dimension);
        (!rated).then_some(DropFault::UnknownDimension)
    }
}

/// The approval to leave a dimension out of the results of a population.
pub fn approved<'a>(
    dropped: &'a [DroppedDimension],
    population: &str,
    dimension: &str,
) -> Option<&'a DroppedDimension> {
    let mut about = dropped.iter().filter(|it| it.is_about(population, dimension));
    about.find(|it| it.approved_at.is_some())
}

impl Cycle {
    /// The cycle with a proposal, in place of one about the same dimension that nobody has approved; none
    /// where the dimension is dropped already.
    pub fn with_proposal(mut self, proposal: DroppedDimension) -> Option<Cycle> {
        let DroppedDimension { population, dimension, .. } = &proposal;
        if approved(&self.dropped, population, dimension).is_some() {
            return None;
        }
        self.dropped.retain(|it| !it.is_about(population, dimension));
        self.dropped.push(proposal);
        Some(self)
    }

    /// The populations in which nobody can be rated: a dimension is out of the reach of its raters,
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
