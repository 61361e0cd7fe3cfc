//! A performance cycle (绩效周期): one policy version applied to a population for a period.
//!
//! [`crate::state::cycle`] says how a cycle moves from state to state. This module says what a
//! cycle holds and what prevents its launch (D.6, R01, R02).

use crate::core::calendar::Period;
use crate::core::change::versioned;
use crate::core::id::{AccountId, CycleId, OrgUnitId, PolicyId};
use crate::core::text::TextEnum;
use crate::core::time::Timestamp;
use crate::cycles::dropped_dimension::DroppedDimension;
use crate::cycles::performance_policy::{PerformancePolicy, PolicyState};
use crate::cycles::weight_adjustment::DepartmentWeights;
use crate::policy::{Protected, Stage, Target};
use crate::state::cycle::{Event, Facts, State};
use crate::state::{Moving, Seat};
use crate::text_enum;
use chrono::NaiveDate;
use core::ops::RangeInclusive;
use serde::{Deserialize, Serialize};

text_enum! {
    /// How long a cycle is meant to be.
    pub enum CycleKind {
        /// A month.
        Month = "month",
        /// A quarter.
        Quarter = "quarter",
        /// Half a year.
        Half = "half",
        /// A year.
        Year = "year",
    }
}

impl CycleKind {
    /// How many days a cycle of this kind may have. The ranges are whole weeks, so that calendar
    /// months and calendars of whole weeks (4-4-5) both fit; no length fits two kinds.
    pub const fn days(self) -> RangeInclusive<i64> {
        let (fewest, most) = match self {
            CycleKind::Month => (4, 5),
            CycleKind::Quarter => (12, 14),
            CycleKind::Half => (24, 28),
            CycleKind::Year => (50, 54),
        };
        fewest * 7..=most * 7
    }

    /// Whether a cycle of this kind may have a period of this length.
    pub fn fits(self, period: Period) -> bool {
        self.days().contains(&period.days())
    }
}

text_enum! {
    /// A stage of a cycle for which one role is responsible (责任清晰).
    pub enum CycleStage {
        /// Goals are written and agreed.
        GoalSetting = "goal_setting",
        /// People work on their goals and report progress.
        Execution = "execution",
        /// People, raters and managers write reviews.
        Evaluation = "evaluation",
        /// Calibration sessions compare grades across teams.
        Calibration = "calibration",
        /// Results are published and discussed.
        Publication = "publication",
    }
}

text_enum! {
    /// A role of 0.1 that can be responsible for a stage.
    pub enum Duty {
        /// Senior management.
        Executive = "executive",
        /// HR performance administrator or HR business partner.
        Hr = "hr",
        /// Compensation officer.
        Comp = "comp",
        /// Finance.
        Finance = "finance",
        /// Department head.
        DepartmentHead = "department_head",
        /// Line manager.
        Manager = "manager",
        /// Employee.
        Employee = "employee",
        /// Performance committee.
        Committee = "committee",
    }
}

/// The RACI of one stage: which roles are accountable, responsible, consulted and informed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageDuties {
    /// The stage.
    pub stage: CycleStage,
    /// The role that is accountable. Required.
    pub accountable: Option<Duty>,
    /// The roles that do the work; at least one.
    pub responsible: Vec<Duty>,
    /// The roles whose opinion is asked.
    #[serde(default)]
    pub consulted: Vec<Duty>,
    /// The roles that are informed.
    #[serde(default)]
    pub informed: Vec<Duty>,
}

/// The days on which stages begin and their work is due. Each stage must begin on or after the day
/// on which the stage before it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// First day of goal setting.
    pub goal_setting: NaiveDate,
    /// Day by which goals must be active.
    pub execution: NaiveDate,
    /// First day on which evaluation may begin.
    pub evaluation: NaiveDate,
    /// Day by which self-reviews are due.
    pub self_review_due: NaiveDate,
    /// Last day on which raters other than the manager may answer.
    pub rater_due: NaiveDate,
    /// Day by which managers' reviews are due.
    pub manager_review_due: NaiveDate,
    /// First day of calibration.
    pub calibration: NaiveDate,
    /// Day on which results are to be published.
    pub publication: NaiveDate,
    /// First day on which the cycle may be archived.
    pub retention: NaiveDate,
}

impl Schedule {
    /// Every day with its name, in the order in which the days must follow each other.
    pub fn days(&self) -> [(&'static str, NaiveDate); 9] {
        [
            ("goal_setting", self.goal_setting),
            ("execution", self.execution),
            ("evaluation", self.evaluation),
            ("self_review_due", self.self_review_due),
            ("rater_due", self.rater_due),
            ("manager_review_due", self.manager_review_due),
            ("calibration", self.calibration),
            ("publication", self.publication),
            ("retention", self.retention),
        ]
    }

    /// Names of the days that are earlier than the day before them in that order.
    pub fn out_of_order(&self) -> Vec<&'static str> {
        let days = self.days();
        days.windows(2).filter(|pair| pair[1].1 < pair[0].1).map(|pair| pair[1].0).collect()
    }
}

/// A performance cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// Id of the cycle.
    pub id: CycleId,
    /// External key, unique in the tenant.
    pub code: String,
    /// Name shown to people.
    pub name: String,
    /// How long the cycle is meant to be.
    pub kind: CycleKind,
    /// The policy version that applies.
    pub policy_id: PolicyId,
    /// State of the cycle.
    pub state: State,
    /// The period that is evaluated.
    pub period: Period,
    /// The days on which stages begin and work is due.
    pub schedule: Schedule,
    /// The roles responsible for each stage.
    pub raci: Vec<StageDuties>,
    /// The units whose people take part, with all units below; an empty list means everybody.
    pub org_unit_ids: Vec<OrgUnitId>,
    /// Dimensions to be left out of results that have too few raters, proposed or approved.
    pub dropped: Vec<DroppedDimension>,
    /// Weights of departments that are in effect in place of the framework's.
    pub department_weights: Vec<DepartmentWeights>,
    /// When the cycle was launched.
    pub launched_at: Option<Timestamp>,
    /// When the results were published; the time for appeals runs from then.
    pub published_at: Option<Timestamp>,
    /// Version of the record, from 1: counts its changes.
    pub version: i32,
    /// When the record was created.
    pub created_at: Timestamp,
    /// When the record was last changed.
    pub updated_at: Timestamp,
}

text_enum! {
    /// What can be done to a cycle; paths of the API use these names.
    pub enum CycleAction {
        /// Change the draft.
        Update = "update",
        /// Fix who takes part and begin goal setting.
        Launch = "launch",
        /// Begin execution.
        Start = "start",
        /// Begin evaluation.
        Evaluation = "evaluation",
        /// Begin calibration.
        Calibration = "calibration",
        /// Propose to leave a dimension out of results that have too few raters.
        DimensionDrop = "dimension_drop",
        /// End calibration and make the grades final.
        Confirmation = "confirmation",
        /// Release the results.
        Publication = "publication",
        /// End the cycle.
        Closure = "closure",
        /// Keep the cycle for the record only.
        Archival = "archival",
        /// Cancel the cycle.
        Cancellation = "cancellation",
    }
}

impl CycleAction {
    /// Whether the action needs the approval of two people.
    pub fn takes_two(self) -> bool {
        matches!(self, CycleAction::Publication | CycleAction::Cancellation)
    }
}

impl Moving for Cycle {
    type State = State;
    type Verb = CycleAction;

    fn state(&self) -> State {
        self.state
    }

    fn events(action: CycleAction) -> &'static [Event] {
        match action {
            CycleAction::Update | CycleAction::DimensionDrop => &[],
            CycleAction::Launch => &[Event::Launch],
            CycleAction::Start => &[Event::Start],
            CycleAction::Evaluation => &[Event::OpenEvaluation],
            CycleAction::Calibration => &[Event::OpenCalibration],
            CycleAction::Confirmation => &[Event::Confirm],
            CycleAction::Publication => &[Event::Publish],
            CycleAction::Closure => &[Event::Close],
            CycleAction::Archival => &[Event::Archive],
            CycleAction::Cancellation => &[Event::Cancel],
        }
    }

    fn lets(&self, action: CycleAction) -> bool {
        match action {
            CycleAction::Update => self.state == State::Draft,
            CycleAction::DimensionDrop => self.is_open_to_drops(),
            step => self.is_in_table(step),
        }
    }
}

impl Cycle {
    /// Whether dimensions may still be left out of results.
    pub fn is_open_to_drops(&self) -> bool {
        self.state.is_under_way()
    }

    /// The facts that the guards of a launch check; `population` is the number of people who would
    /// take part.
    pub fn launch_facts(&self, policy: &PerformancePolicy, population: u64) -> Facts {
        Facts {
            policy_published: policy.state == PolicyState::Published,
            raci_complete: unassigned_stages(&self.raci).is_empty(),
            weights_sum_to_100: policy.rules.weights_off_100().is_none(),
            dates_ordered: self.schedule.out_of_order().is_empty(),
            kind_fits: self.kind.fits(self.period),
            raters_within_reach: policy.rules.out_of_reach().is_ok_and(|found| found.is_empty()),
            population,
            ..Facts::default()
        }
    }
}

/// One of the two approvals that a transition by two people needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CycleApproval {
    /// What is approved: [`Event::Publish`] or [`Event::Cancel`].
    pub event: Event,
    /// Account that approved.
    pub account_id: AccountId,
    /// The seat of the approver: HR or senior management.
    pub seat: Seat,
    /// When the approval was given.
    pub at: Timestamp,
}

versioned!(Cycle);

impl Protected for Cycle {
    fn target(&self, _: NaiveDate) -> Target {
        Target { id: self.id.uuid(), stage: Some(stage(self.state)), ..Target::default() }
    }
}

/// The stage of a cycle in this state, as the access policy knows it.
pub fn stage(state: State) -> Stage {
    match state {
        State::Draft | State::Cancelled => Stage::Draft,
        State::GoalSetting | State::Executing | State::Evaluating => Stage::Submitted,
        State::Calibrating | State::Confirmed => Stage::Calibration,
        State::Published | State::Closed | State::Archived => Stage::Released,
    }
}

/// The stages that lack an accountable role or a responsible one, or are listed twice (R01).
pub fn unassigned_stages(raci: &[StageDuties]) -> Vec<CycleStage> {
    let assigned = |stage: &CycleStage| {
        let mut duties = raci.iter().filter(|duties| duties.stage == *stage);
        let complete =
            |duties: &StageDuties| duties.accountable.is_some() && !duties.responsible.is_empty();
        duties.next().is_some_and(complete) && duties.next().is_none()
    };
    CycleStage::ALL.iter().copied().filter(|stage| !assigned(stage)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duties(stage: CycleStage) -> StageDuties {
        StageDuties {
            stage,
            accountable: Some(Duty::Hr),
            responsible: vec![Duty::Manager],
            consulted: Vec::new(),
            informed: Vec::new(),
        }
    }

    #[test]
    fn each_stage_needs_one_who_answers_and_somebody_who_works() {
        let mut raci: Vec<_> = CycleStage::ALL.iter().copied().map(duties).collect();
        assert!(unassigned_stages(&raci).is_empty());
        raci[1].accountable = None;
        raci[2].responsible.clear();
        raci.push(duties(CycleStage::Calibration));
        raci.remove(0);
        assert_eq!(
            unassigned_stages(&raci),
            [
                CycleStage::GoalSetting,
                CycleStage::Execution,
                CycleStage::Evaluation,
                CycleStage::Calibration
            ]
        );
    }

    #[test]
    fn a_cycle_is_as_long_as_its_kind_says() {
        let kind_of = |start: &str, end: &str| {
            let period = Period::new(start.parse().unwrap(), end.parse().unwrap()).unwrap();
            let mut fitting = CycleKind::ALL.iter().filter(|kind| kind.fits(period));
            (fitting.next().copied(), fitting.next())
        };
        for (start, end, kind) in [
            ("2026-02-01", "2026-02-28", Some(CycleKind::Month)),
            ("2026-03-01", "2026-03-31", Some(CycleKind::Month)),
            ("2026-02-01", "2026-04-30", Some(CycleKind::Quarter)),
            ("2026-01-01", "2026-06-30", Some(CycleKind::Half)),
            ("2026-01-01", "2026-12-31", Some(CycleKind::Year)),
            ("2028-01-01", "2028-12-31", Some(CycleKind::Year)),
            ("2026-01-05", "2027-01-10", Some(CycleKind::Year)),
            ("2026-01-01", "2026-01-07", None),
            ("2026-01-01", "2026-04-30", None),
            ("2026-01-01", "2027-12-31", None),
        ] {
            assert_eq!(kind_of(start, end), (kind, None), "{start} to {end}");
        }
    }

    #[test]
    fn days_may_coincide_but_not_turn_back() {
        let day = NaiveDate::default();
        let mut schedule = Schedule {
            goal_setting: day,
            execution: day,
            evaluation: day,
            self_review_due: day,
            rater_due: day,
            manager_review_due: day,
            calibration: day,
            publication: day,
            retention: day,
        };
        assert!(schedule.out_of_order().is_empty());
        schedule.evaluation = day.succ_opt().unwrap_or(day);
        assert_eq!(schedule.out_of_order(), ["self_review_due"]);
    }
}
