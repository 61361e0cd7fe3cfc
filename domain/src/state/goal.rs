//! Goals (目标): objectives with key results, and indicators, of one owner. Implements D.6 Goal.

use super::{By, Machine, Row, Seat, to};

named_enum! {
    /// States of a goal.
    pub enum State {
        /// The owner writes it.
        Draft = "draft",
        /// The owner has signed; the manager has not.
        Submitted = "submitted",
        /// Both sides have signed; progress counts.
        Active = "active",
        /// A request to change the active goal waits for a decision.
        ChangePending = "change_pending",
        /// Completed before evaluation.
        Completed = "completed",
        /// Cancelled with approval.
        Cancelled = "cancelled",
        /// Scored for the review.
        Scored = "scored",
        /// Final; only an appeal can correct the result, by a new revision.
        Locked = "locked",
    }
}

named_enum! {
    /// Events of a goal.
    pub enum Event {
        /// The owner signs.
        Submit = "submit",
        /// The manager returns the goal for another draft.
        Return = "return",
        /// The manager signs.
        Approve = "approve",
        /// Somebody requests a change of target, weight or date.
        RequestChange = "request_change",
        /// The requested content becomes the next revision of the goal.
        ApproveChange = "approve_change",
        /// The request is rejected; the goal stays as it is.
        RejectChange = "reject_change",
        /// The owner reports completion and the manager confirms it.
        Complete = "complete",
        /// The goal is cancelled and its weight redistributed.
        Cancel = "cancel",
        /// The score is computed.
        Score = "score",
        /// The rating is reopened: an active goal loses its score.
        Reopen = "reopen",
        /// The rating is reopened: a completed goal loses its score.
        ReopenCompleted = "reopen_completed",
        /// The results are confirmed before the request was decided: the goal stays as it is.
        Lapse = "lapse",
        /// The score becomes final.
        Lock = "lock",
    }
}

named_enum! {
    /// Guards of the transitions of a goal.
    pub enum Guard {
        /// The SMART check passes, or the policy only warns.
        SmartChecked = "smart_checked",
        /// The weights sum to 100.00.
        WeightsSumTo100 = "weights_sum_to_100",
        /// A reason is given.
        ReasonGiven = "reason_given",
        /// The links to other goals are valid.
        AlignmentValid = "alignment_valid",
        /// Nobody decides on their own request.
        NotOwnRequest = "not_own_request",
        /// Evidence is attached.
        EvidenceAttached = "evidence_attached",
        /// HR decides after mid-cycle or if a weight changes, otherwise the manager.
        RightDecider = "right_decider",
        /// The data of the period have been reported.
        DataPresent = "data_present",
        /// The weight of the goal has been redistributed.
        WeightsRedistributed = "weights_redistributed",
        /// The owner's result is not final yet.
        ResultOpen = "result_open",
        /// Evaluation is open.
        EvaluationOpen = "evaluation_open",
        /// The owner's rating has been reopened.
        RatingReopened = "rating_reopened",
        /// The cycle is confirmed.
        CycleConfirmed = "cycle_confirmed",
    }
}

/// The facts that the guards of a goal check.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// No SMART criterion fails, or `smart.enforce` is `warn`.
    pub smart_checked: bool,
    /// The weights of the owner's goals (or of the key results) sum to 100.00.
    pub weights_sum_to_100: bool,
    /// A reason is given.
    pub reason_given: bool,
    /// The links to other goals satisfy C.4.
    pub alignment_valid: bool,
    /// The person who decides did not make the request.
    pub decided_by_another: bool,
    /// At least one item of evidence is attached.
    pub evidence_attached: bool,
    /// The facts that decide who decides on a change; `None` if unknown.
    pub change: Option<Change>,
    /// The data of the period have been reported.
    pub data_present: bool,
    /// The weights of the remaining goals again sum to 100.00.
    pub weights_redistributed: bool,
    /// The owner's result is not final yet.
    pub result_open: bool,
    /// The cycle is in evaluation.
    pub evaluation_open: bool,
    /// The owner's rating has been reopened.
    pub rating_reopened: bool,
    /// The cycle is confirmed.
    pub cycle_confirmed: bool,
}

/// The facts that decide who decides on a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The middle of the cycle has passed.
    pub after_mid_cycle: bool,
    /// The change concerns a weight.
    pub weight: bool,
    /// HR decides, and not the manager.
    pub decided_by_hr: bool,
}

impl Change {
    /// A change that a person decides who holds these seats; a person who holds both decides from the
    /// one that the change requires.
    pub fn decided_from(seats: &[Seat], after_mid_cycle: bool, weight: bool) -> Self {
        let decided_by_hr = if after_mid_cycle || weight {
            seats.contains(&Seat::Hr)
        } else {
            !seats.contains(&Seat::Manager)
        };
        Self { after_mid_cycle, weight, decided_by_hr }
    }
}

impl Machine for State {
    type Event = Event;
    type Guard = Guard;
    type Facts = Facts;

    const NAME: &'static str = "goal";

    fn opening() -> Row<Self> {
        Row { to: Self::Draft, by: By::OneOf(&[Seat::Owner, Seat::Manager]), guards: &[] }
    }

    fn row(self, event: Event) -> Option<Row<Self>> {
        use {By::*, Event::*, Guard::*, Seat::*, State::*};
        match (self, event) {
            (Draft, Submit) => to(Submitted, OneOf(&[Owner]), &[SmartChecked, WeightsSumTo100]),
            (Submitted, Return) => to(Draft, OneOf(&[Manager]), &[ReasonGiven]),
            (Submitted, Approve) => to(Active, OneOf(&[Manager]), &[AlignmentValid, NotOwnRequest]),
            (Active, RequestChange) => {
                to(ChangePending, OneOf(&[Owner, Manager]), &[ReasonGiven, EvidenceAttached])
            }
            (ChangePending, ApproveChange) => {
                to(Active, OneOf(&[Manager, Hr]), &[RightDecider, NotOwnRequest, ResultOpen])
            }
            (ChangePending, RejectChange) => {
                to(Active, OneOf(&[Manager, Hr]), &[RightDecider, ReasonGiven])
            }
            (Active, Complete) => to(Completed, Together(&[Owner, Manager]), &[DataPresent]),
            (Active, Cancel) => {
                to(Cancelled, Together(&[Manager, Hr]), &[ReasonGiven, WeightsRedistributed])
            }
            (Active | Completed, Score) => to(Scored, OneOf(&[System]), &[EvaluationOpen]),
            (Scored, Reopen) => to(Active, OneOf(&[System]), &[RatingReopened]),
            (Scored, ReopenCompleted) => to(Completed, OneOf(&[System]), &[RatingReopened]),
            (ChangePending, Lapse) => to(Active, OneOf(&[System]), &[CycleConfirmed]),
            (Scored, Lock) => to(Locked, OneOf(&[System]), &[CycleConfirmed]),
            (
                Draft | Submitted | Active | ChangePending | Completed | Cancelled | Scored
                | Locked,
                Submit | Return | Approve | RequestChange | ApproveChange | RejectChange | Complete
                | Cancel | Score | Reopen | ReopenCompleted | Lapse | Lock,
            ) => None,
        }
    }

    fn holds(guard: Guard, facts: &Facts) -> bool {
        match guard {
            Guard::SmartChecked => facts.smart_checked,
            Guard::WeightsSumTo100 => facts.weights_sum_to_100,
            Guard::ReasonGiven => facts.reason_given,
            Guard::AlignmentValid => facts.alignment_valid,
            Guard::NotOwnRequest => facts.decided_by_another,
            Guard::EvidenceAttached => facts.evidence_attached,
            Guard::RightDecider => {
                facts.change.is_some_and(|c| c.decided_by_hr == (c.after_mid_cycle || c.weight))
            }
            Guard::DataPresent => facts.data_present,
            Guard::WeightsRedistributed => facts.weights_redistributed,
            Guard::ResultOpen => facts.result_open,
            Guard::RatingReopened => facts.rating_reopened,
            Guard::EvaluationOpen => facts.evaluation_open,
            Guard::CycleConfirmed => facts.cycle_confirmed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_changes_and_weights_are_for_hr() {
        for (after_mid_cycle, weight) in [(false, false), (false, true), (true, false)] {
            for decided_by_hr in [false, true] {
                let change = Some(Change { after_mid_cycle, weight, decided_by_hr });
                let facts = Facts { change, ..Facts::default() };
                let expected = decided_by_hr == (after_mid_cycle || weight);
                assert_eq!(State::holds(Guard::RightDecider, &facts), expected, "{change:?}");
            }
        }
    }
}
