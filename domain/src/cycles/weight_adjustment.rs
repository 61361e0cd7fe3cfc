//! A department's own dimension weights (备案). Implements C.8 and D.6 Weight adjustment.
//!
//! The head of a department asks for other weights than those of the policy's framework, HR reviews
//! the request and files it under a number, and from then on the results of the department's people
//! are computed with these weights. The framework itself stays as it is.

use crate::core::change::versioned;
use crate::core::id::{AccountId, CycleId, EmployeeId, OrgUnitId, WeightAdjustmentId};
use crate::core::number::{Exact, percent};
use crate::core::time::Timestamp;
use crate::cycles::performance_policy::{DimensionRule, Population};
use crate::policy::{Protected, Target};
use crate::scoring::weights::{WeightFault, weight_faults};
use crate::state::Moving;
use crate::state::weight_adjustment::{Event, State};
use crate::text_enum;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The request of a department for its own weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WeightAdjustment {
    /// Id of the request.
    pub id: WeightAdjustmentId,
    /// The cycle.
    pub cycle_id: CycleId,
    /// The department, as frozen at the launch of the cycle.
    pub department_id: OrgUnitId,
    /// Code of the population of the policy.
    pub population: String,
    /// The weight of each dimension of the population in percent; 2 places, sum 100.00.
    #[serde(serialize_with = "percent::each")]
    pub weights: BTreeMap<String, Exact>,
    /// Why the department needs other weights.
    pub reason: String,
    /// Where the request is.
    pub state: State,
    /// The department head who asks.
    pub requested_by: EmployeeId,
    /// The account of HR that decided last.
    pub decided_by: Option<AccountId>,
    /// Why HR rejected or revoked it.
    pub decision_reason: Option<String>,
    /// The number under which HR has filed it (备案号).
    pub filing_number: Option<String>,
    /// When the weights took effect.
    pub effective_at: Option<Timestamp>,
    /// Version of the record, from 1: counts its changes.
    pub version: i32,
    /// When the record was created.
    pub created_at: Timestamp,
    /// When the record was last changed.
    pub updated_at: Timestamp,
}

text_enum! {
    /// What can be done to a weight adjustment.
    pub enum WeightAdjustmentAction {
        /// Change weights and reason.
        Update = "update",
        /// Ask HR.
        Submission = "submission",
        /// HR agrees.
        Approval = "approval",
        /// HR refuses.
        Rejection = "rejection",
        /// HR enters the filing number.
        Filing = "filing",
        /// HR takes the weights back.
        Revocation = "revocation",
    }
}

impl Moving for WeightAdjustment {
    type State = State;
    type Verb = WeightAdjustmentAction;

    fn state(&self) -> State {
        self.state
    }

    fn events(action: WeightAdjustmentAction) -> &'static [Event] {
        match action {
            WeightAdjustmentAction::Update => &[],
            WeightAdjustmentAction::Submission => &[Event::Submit],
            WeightAdjustmentAction::Approval => &[Event::Approve],
            WeightAdjustmentAction::Rejection => &[Event::Reject],
            WeightAdjustmentAction::Filing => &[Event::File],
            WeightAdjustmentAction::Revocation => &[Event::Revoke],
        }
    }

    fn lets(&self, action: WeightAdjustmentAction) -> bool {
        match action {
            WeightAdjustmentAction::Update => self.state == State::Draft,
            step => self.is_in_table(step),
        }
    }
}

versioned!(WeightAdjustment);

impl Protected for WeightAdjustment {
    fn target(&self, _: NaiveDate) -> Target {
        Target { id: self.id.uuid(), about: Some(self.requested_by), ..Target::default() }
    }
}

impl WeightAdjustment {
    /// Every fault of the weights against the framework of a population (C.8); none if HR may be
    /// asked. Whether evaluation is open is a guard of the states and not looked at here.
    pub fn faults(&self, population: &Population, max_pp: &Exact) -> Vec<WeightFault> {
        let framework = population.dimensions.iter().map(weight).collect();
        let given = |(code, weight): (&String, &Exact)| (code.clone(), Some(weight.clone()));
        let proposed = self.weights.iter().map(given).collect();
        weight_faults(&framework, &proposed, max_pp, false)
    }

    /// The weights as results are computed with them, once they are filed.
    pub fn in_effect(&self) -> Option<DepartmentWeights> {
        let filing_number = self.filing_number.clone()?;
        (self.state == State::Effective).then(|| DepartmentWeights {
            department_id: self.department_id,
            population: self.population.clone(),
            weights: self.weights.clone(),
            filing_number,
        })
    }
}

fn weight(rule: &DimensionRule) -> (String, Exact) {
    (rule.code.clone(), rule.weight.clone())
}

/// Weights that hold for the people of a department and population in place of the framework's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepartmentWeights {
    /// The department.
    pub department_id: OrgUnitId,
    /// Code of the population.
    pub population: String,
    /// The weight of each dimension in percent.
    #[serde(serialize_with = "percent::each")]
    pub weights: BTreeMap<String, Exact>,
    /// The number under which they are filed; results name it.
    pub filing_number: String,
}

impl DepartmentWeights {
    /// The weights that hold for a department and population, if any are in effect.
    pub fn of<'a>(
        adjusted: &'a [DepartmentWeights],
        department: Option<OrgUnitId>,
        population: &str,
    ) -> Option<&'a DepartmentWeights> {
        let mut about = adjusted.iter().filter(|it| Some(it.department_id) == department);
        about.find(|it| it.population == population)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cycles::performance_policy::PolicyRules;
    use uuid::Uuid;

    /// Weights of the suggested policy, each moved by as many points.
    fn request(moved: &[(&str, i64)], population: &Population) -> WeightAdjustment {
        let mut weights: BTreeMap<_, _> = population.dimensions.iter().map(weight).collect();
        for (code, points) in moved {
            let kept = weights.entry((*code).to_owned()).or_default();
            *kept = &*kept + &Exact::scaled(*points, 2);
        }
        WeightAdjustment {
            id: Uuid::from_u128(1).into(),
            cycle_id: Uuid::from_u128(2).into(),
            department_id: Uuid::from_u128(3).into(),
            population: population.code.clone(),
            weights,
            reason: String::new(),
            state: State::Effective,
            requested_by: Uuid::from_u128(4).into(),
            decided_by: None,
            decision_reason: None,
            filing_number: Some("2026-017".to_owned()),
            effective_at: None,
            version: 1,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        }
    }

    #[test]
    fn every_fault_of_the_weights_is_named() {
        let rules = PolicyRules::standard();
        let population = &rules.populations[0];
        let faults =
            |moved: &[(&str, i64)]| request(moved, population).faults(population, &10.into());
        assert_eq!(faults(&[("performance", 1000), ("competency", -1000)]), []);
        let outside = WeightFault::OutOfRange(vec!["performance".to_owned()]);
        assert_eq!(faults(&[("performance", 1001)]), [WeightFault::NotOneHundred, outside]);
        assert_eq!(faults(&[("luck", 0)]), [WeightFault::DimensionsDiffer]);
    }

    #[test]
    fn only_filed_weights_hold_and_only_for_their_department() {
        let rules = PolicyRules::standard();
        let filed = request(&[], &rules.populations[0]);
        let weights = filed.in_effect().expect("in effect");
        let held = [weights.clone()];
        let of = |department| DepartmentWeights::of(&held, department, &filed.population);
        assert_eq!(of(Some(filed.department_id)), Some(&weights));
        assert_eq!(of(None), None);
        let approved = WeightAdjustment { state: State::HrApproved, ..filed };
        assert_eq!(approved.in_effect(), None);
    }
}
