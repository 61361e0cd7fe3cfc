//! What is wrong with a goal: faults of its content, SMART criteria it fails, and violated rules of
//! the owner's form and of the goal tree.

use super::{Goal, GoalContent, GoalFrame, GoalKind, Indicator, KeyResult, Measure};
use crate::core::error::{Code, DomainError};
use crate::core::id::{GoalId, KeyResultId};
use crate::core::number::Exact;
use crate::scoring::kpi::{self, FormWarning};
use crate::scoring::okr::alignment::{self, Alignment, EdgeKind, MAX_DEPTH};
use crate::scoring::okr::shape::shape_warnings;
use crate::scoring::okr::smart::{self, Failure};
use crate::scoring::settings::{Enforce, Settings};
use crate::scoring::weights;
use crate::text_enum;
use rust_decimal::Decimal;

/// Unit of an objective in the SMART check: percent of the whole, reported by check-ins.
const OBJECTIVE_UNIT: &str = "%";
const OBJECTIVE_SOURCE: &str = "check-ins";

impl GoalContent {
    /// Everything that prevents agreement on this content, each fault with its place as a JSON
    /// Pointer into the content.
    pub fn faults(&self, settings: &Settings) -> Vec<(String, DomainError)> {
        match &self.kind {
            GoalKind::Objective { key_results, .. } => {
                let faults = key_results.iter().enumerate().filter_map(|(at, key_result)| {
                    let (within, error) = key_result.fault()?;
                    Some((format!("/definition/key_results/{at}/measure{within}"), error))
                });
                faults.collect()
            }
            GoalKind::Indicator(indicator) => {
                let fault = indicator.method.validate(settings).err();
                fault.map(|error| ("/definition/scoring".to_owned(), error)).into_iter().collect()
            }
        }
    }

    /// Sum of the weights of an objective's key results, in percent; 100 for an indicator, which
    /// has none.
    pub fn key_result_weight(&self) -> Exact {
        match &self.kind {
            GoalKind::Objective { key_results, .. } => {
                key_results.iter().map(|key_result| &key_result.weight).sum()
            }
            GoalKind::Indicator(_) => 100.into(),
        }
    }

    /// The fields that an indicator lacks before it can become active (R18), as JSON Pointers.
    pub fn untold(&self) -> Vec<&'static str> {
        let GoalKind::Indicator(indicator) = &self.kind else { return Vec::new() };
        let told = |text: &Option<String>| text.as_ref().is_some_and(|it| !it.trim().is_empty());
        let source = (!told(&indicator.source)).then_some("/definition/source");
        let frequency = indicator.frequency.is_none().then_some("/definition/frequency");
        source.into_iter().chain(frequency).collect()
    }

    /// Gives each key result without an id the next id of `new`. Returns JSON Pointers to ids that
    /// are not in `before` or that occur twice.
    pub fn name_key_results(
        &mut self,
        before: Option<&GoalContent>,
        new: impl IntoIterator<Item = KeyResultId>,
    ) -> Vec<String> {
        let GoalKind::Objective { key_results, .. } = &mut self.kind else { return Vec::new() };
        let mut known: Vec<_> = before.into_iter().flat_map(GoalContent::key_results).collect();
        let mut new = new.into_iter();
        let mut faults = Vec::new();
        for (at, key_result) in key_results.iter_mut().enumerate() {
            if key_result.id.uuid().is_nil() {
                key_result.id = new.next().unwrap_or(key_result.id);
            } else if let Some(found) = known.iter().position(|it| it.id == key_result.id) {
                known.swap_remove(found);
            } else {
                faults.push(format!("/definition/key_results/{at}/id"));
            }
        }
        faults
    }

    /// The key results of an objective; empty for an indicator.
    pub fn key_results(&self) -> &[KeyResult] {
        match &self.kind {
            GoalKind::Objective { key_results, .. } => key_results,
            GoalKind::Indicator(_) => &[],
        }
    }

    fn smart_draft(&self, parent: Option<GoalId>, frame: &GoalFrame) -> smart::Draft {
        let draft = match &self.kind {
            GoalKind::Objective { key_results, .. } if key_results.is_empty() => {
                smart::Draft::default()
            }
            GoalKind::Objective { .. } => smart::Draft {
                target: Some(100.into()),
                unit: Some(OBJECTIVE_UNIT.to_owned()),
                source: Some(OBJECTIVE_SOURCE.to_owned()),
                ..smart::Draft::default()
            },
            GoalKind::Indicator(indicator) => indicator.smart_draft(),
        };
        smart::Draft {
            title: self.title.clone(),
            parent: parent.map(|id| id.to_string()),
            theme: self.theme.clone(),
            start: Some(self.period.start()),
            due: Some(self.period.end()),
            cycle: Some(frame.period),
            ..draft
        }
    }
}

impl KeyResult {
    /// Why the key result cannot be measured, with the place as a JSON Pointer into the measure.
    fn fault(&self) -> Option<(&'static str, DomainError)> {
        match &self.measure {
            Measure::Metric { start, target, .. } if start == target => {
                Some(("/target", Code::KrStartEqTarget.because(format!("both are {start}"))))
            }
            Measure::Milestone { steps } if steps.is_empty() => {
                Some(("/steps", Code::EmptyInput.because("there are no steps")))
            }
            Measure::Milestone { steps } => {
                let sum = weights::check_sum(steps.iter().map(|step| &step.weight));
                sum.err().map(|error| ("/steps", error))
            }
            Measure::Maintain { level, .. } => {
                level.validate().err().map(|error| ("/level", error))
            }
            Measure::Metric { .. } | Measure::Boolean => None,
        }
    }
}

impl Indicator {
    fn smart_draft(&self) -> smart::Draft {
        let aim = self.method.aim();
        let direction = aim.as_ref().and_then(|aim| aim.direction);
        smart::Draft {
            target: aim.map(|aim| aim.target),
            unit: Some(self.unit.clone()),
            source: self.source.clone(),
            // Without a direction no target is more ambitious than another, so the baseline is left
            // out.
            baseline: direction.and(self.baseline.clone()),
            direction: direction.unwrap_or_default(),
            ..smart::Draft::default()
        }
    }
}

/// A goal on its owner's form; cancelled goals are not on the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormItem {
    /// Id of the goal.
    pub id: GoalId,
    /// Weight in percent.
    pub weight: Decimal,
}

text_enum! {
    /// What is unusual about a goal: a warning, never a refusal.
    pub enum GoalWarning {
        /// The owner has fewer or more goals than `goal.count` allows.
        GoalCount = "goal_count",
        /// The weight of the goal is outside `goal.weight`.
        GoalWeight = "goal_weight",
        /// An objective has fewer than 2 or more than 5 key results.
        KeyResultCount = "key_result_count",
        /// The goal has no parent goal.
        ParentMissing = "parent_missing",
    }
}

impl Goal {
    /// The SMART criteria that the goal fails, in the order S, M, A, R, T.
    pub fn smart_failures(&self, frame: &GoalFrame) -> Vec<Failure> {
        smart::failures(&self.content.smart_draft(self.parent_id, frame), &frame.settings.smart)
    }

    /// What is unusual about the goal; `form` holds all goals on the owner's form.
    pub fn warnings(&self, frame: &GoalFrame, form: &[FormItem]) -> Vec<GoalWarning> {
        let settings = &frame.settings.goal;
        let items: Vec<_> =
            form.iter().map(|item| kpi::Item { weight: item.weight.into(), mark: None }).collect();
        let place = form.iter().position(|item| item.id == self.id);
        let on_form = kpi::form_warnings(&items, settings);
        let on_form = on_form.into_iter().filter_map(|warning| match warning {
            FormWarning::CountLow(_) | FormWarning::CountHigh(_) => Some(GoalWarning::GoalCount),
            FormWarning::WeightLow(at) | FormWarning::WeightHigh(at) => {
                (place == Some(at)).then_some(GoalWarning::GoalWeight)
            }
        });
        let key_results = match &self.content.kind {
            GoalKind::Objective { key_results, .. } => shape_warnings(&[key_results.len()]),
            GoalKind::Indicator(_) => Vec::new(),
        };
        let key_results = (!key_results.is_empty()).then_some(GoalWarning::KeyResultCount);
        let alone = self.is_unaligned().then_some(GoalWarning::ParentMissing);
        on_form.chain(key_results).chain(alone).collect()
    }

    /// Whether the policy refuses the goal because it has no parent goal.
    pub fn must_be_aligned(&self, frame: &GoalFrame) -> bool {
        frame.settings.goal.align_required == Enforce::Block && self.is_unaligned()
    }

    fn is_unaligned(&self) -> bool {
        self.parent_id.is_none() && self.level != super::GoalLevel::Company
    }

    /// All faults of the link to the parent goal (C.4). `above` holds the parent and the goals
    /// above it, from the bottom up; `below` holds the links under this goal as (child, parent).
    pub fn alignment_faults(&self, above: &[Goal], below: &[(GoalId, GoalId)]) -> Vec<DomainError> {
        let Some(parent) = self.parent_id else { return Vec::new() };
        let node = |goal: &Goal| {
            let node = alignment::Goal {
                level: goal.level.into(),
                period: goal.content.period,
                // Other organisations are out of reach here, so all goals get the same one.
                organisation: self.id,
                archived: goal.is_archived(),
            };
            (goal.id, node)
        };
        let own = node(self);
        let descendants = below.iter().map(|(child, _)| (*child, own.1.clone()));
        let ancestors = above.iter().map(node).filter(|(id, _)| *id != self.id);
        // A goal both above and below this one closes a loop; the entry from above knows its level.
        let mut graph = Alignment::new(descendants.chain([own.clone()]).chain(ancestors));
        let upward = above.iter().filter_map(|goal| Some((goal.id, goal.parent_id?)));
        let stored = upward.filter(|(child, _)| *child != self.id).chain(below.iter().copied());
        for (child, parent) in stored {
            // A path that is too long arrives cut off, so a goal beyond it is unknown: its link is
            // left out.
            let _ = graph.restore(child, parent, EdgeKind::Cascade);
        }
        graph.faults(self.id, parent, EdgeKind::Cascade, MAX_DEPTH)
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::{frame, goal, indicator, key_result, objective};
    use super::super::{GoalLevel, Step};
    use super::*;
    use crate::scoring::kpi::{Method, Ratio};
    use crate::scoring::okr::progress::Level;
    use crate::scoring::settings::Settings;

    fn places(content: &GoalContent) -> Vec<String> {
        let faults = content.faults(&Settings::default()).into_iter();
        faults.map(|(place, error)| format!("{place} {}", error.code)).collect()
    }

    #[test]
    fn a_fault_is_named_with_its_place() {
        let metric = |start: i32, target: i32| Measure::Metric {
            start: start.into(),
            target: target.into(),
            unit: "x".to_owned(),
        };
        let step = Step { title: "Half".to_owned(), weight: 50.into() };
        let content = objective(vec![
            key_result(1, 50, metric(0, 1)),
            key_result(2, 50, metric(1, 1)),
            key_result(3, 0, Measure::Milestone { steps: vec![step] }),
            key_result(4, 0, Measure::Milestone { steps: Vec::new() }),
            key_result(
                5,
                0,
                Measure::Maintain {
                    level: Level::Between(2.into(), 1.into()),
                    unit: "x".to_owned(),
                },
            ),
        ]);
        let at = |number: u32, within: &str, code: &str| {
            format!("/definition/key_results/{number}/measure{within} {code}")
        };
        assert_eq!(
            places(&content),
            [
                at(1, "/target", "KR_START_EQ_TARGET"),
                at(2, "/steps", "WEIGHTS_NOT_100"),
                at(3, "/steps", "EMPTY_INPUT"),
                at(4, "/level", "KPI_RANGE_INVALID"),
            ]
        );
        assert_eq!(content.key_result_weight(), Exact::from(100));
        let zero = Method::Ratio(Ratio { target: 0.into(), direction: Default::default() });
        assert_eq!(places(&indicator(zero)), ["/definition/scoring KPI_TARGET_ZERO"]);
    }

    #[test]
    fn an_indicator_tells_where_its_data_come_from_and_how_often() {
        let mut content = indicator(Method::Rating);
        assert_eq!(content.untold(), [""; 0]);
        if let GoalKind::Indicator(indicator) = &mut content.kind {
            indicator.source = Some(" ".to_owned());
            indicator.frequency = None;
        }
        assert_eq!(content.untold(), ["/definition/source", "/definition/frequency"]);
        assert_eq!(objective(Vec::new()).untold(), [""; 0]);
    }

    #[test]
    fn key_results_keep_their_ids_and_new_ones_get_one() {
        let ids = |content: &GoalContent| -> Vec<u128> {
            content.key_results().iter().map(|it| it.id.uuid().as_u128()).collect()
        };
        let new = || [8, 9].map(|id| uuid::Uuid::from_u128(id).into());
        let before = objective(vec![key_result(1, 50, Measure::Boolean)]);
        let mut after =
            objective([0, 1, 0].map(|id| key_result(id, 50, Measure::Boolean)).to_vec());
        assert!(after.name_key_results(Some(&before), new()).is_empty());
        assert_eq!(ids(&after), [8, 1, 9]);
        let mut odd = objective([1, 1, 2].map(|id| key_result(id, 50, Measure::Boolean)).to_vec());
        let places = ["/definition/key_results/1/id", "/definition/key_results/2/id"];
        assert_eq!(odd.name_key_results(Some(&before), new()), places);
        assert!(indicator(Method::Rating).name_key_results(None, new()).is_empty());
    }

    #[test]
    fn the_letters_of_smart_follow_from_the_definition() {
        let failures = |content| goal(1, GoalLevel::Person, None, content).smart_failures(&frame());
        let whole = objective(vec![key_result(1, 100, Measure::Boolean)]);
        assert_eq!(failures(whole), []);
        assert_eq!(failures(objective(Vec::new())), [Failure::NotMeasurable]);
        assert_eq!(failures(indicator(Method::Rating)), [Failure::NotMeasurable]);
        let ratio = |target: i32| {
            let ratio = Ratio { target: target.into(), direction: Default::default() };
            failures(indicator(Method::Ratio(ratio)))
        };
        // The baseline is 100.
        assert_eq!(ratio(150), []);
        assert_eq!(ratio(100), [Failure::NotChallenging]);
        assert_eq!(ratio(201), [Failure::Unrealistic]);
    }

    #[test]
    fn what_is_unusual_is_told_of_this_goal_only() {
        let own = goal(1, GoalLevel::Person, None, indicator(Method::Rating));
        let form = |weights: &[(u128, i64)]| -> Vec<FormItem> {
            weights
                .iter()
                .map(|&(id, weight)| FormItem {
                    id: uuid::Uuid::from_u128(id).into(),
                    weight: Decimal::from(weight),
                })
                .collect()
        };
        let warnings = |weights: &[(u128, i64)]| own.warnings(&frame(), &form(weights));
        use GoalWarning::{GoalCount, GoalWeight, ParentMissing};
        assert_eq!(warnings(&[(1, 40), (2, 58), (3, 2)]), [ParentMissing]);
        assert_eq!(warnings(&[(1, 61), (2, 39)]), [GoalCount, GoalWeight, ParentMissing]);
        let lone = goal(1, GoalLevel::Company, None, objective(Vec::new()));
        let told = lone.warnings(&frame(), &form(&[(1, 40), (2, 40), (3, 20)]));
        assert_eq!(told, [GoalWarning::KeyResultCount]);
        assert!(!own.must_be_aligned(&frame()));
        let mut strict = frame();
        strict.settings.goal.align_required = Enforce::Block;
        assert!(own.must_be_aligned(&strict) && !lone.must_be_aligned(&strict));
    }

    #[test]
    fn the_tree_is_judged_from_what_stands_above_and_below() {
        use GoalLevel::{Company, Person, Team};
        let placed = |id, level, parent| goal(id, level, parent, indicator(Method::Rating));
        let codes = |goal: &Goal, above: &[Goal], below: &[(u128, u128)]| -> Vec<Code> {
            let id = |number| uuid::Uuid::from_u128(number).into();
            let below: Vec<_> = below.iter().map(|&(c, p)| (id(c), id(p))).collect();
            goal.alignment_faults(above, &below).into_iter().map(|error| error.code).collect()
        };
        let company = placed(1, Company, None);
        let team = placed(2, Team, Some(1));
        let person = placed(3, Person, Some(2));
        assert_eq!(codes(&person, &[team.clone(), company.clone()], &[]), []);
        assert_eq!(codes(&company, &[], &[]), []);
        assert_eq!(
            codes(&placed(3, Team, Some(2)), std::slice::from_ref(&team), &[]),
            [Code::AlignLevel]
        );
        assert_eq!(
            codes(&placed(2, Team, Some(2)), std::slice::from_ref(&team), &[]),
            [Code::AlignSelf]
        );
        assert_eq!(codes(&person, &[], &[]), [Code::NotFound]);
        let round = placed(1, Company, Some(3));
        let above = [person.clone(), team.clone(), company.clone()];
        assert_eq!(codes(&round, &above, &[(2, 1), (3, 2)]), [Code::AlignLevel, Code::AlignCycle]);
        let gone = Goal { state: crate::state::goal::State::Cancelled, ..team };
        assert_eq!(codes(&person, &[gone, company], &[]), [Code::GuardFailed]);
    }
}
