//! Performance improvement plans (绩效改进计划). Implements D.6 PIP.

use chrono::NaiveDate;

use super::{By, Machine, Row, Seat, to};

named_enum! {
    /// States of a PIP.
    pub enum State {
        /// Suggested by the rules of H.5 or by the manager.
        Suggested = "suggested",
        /// Written by the manager.
        Drafted = "drafted",
        /// Approved by HR.
        Approved = "approved",
        /// Acknowledged by the employee.
        Acknowledged = "acknowledged",
        /// The employee has refused to sign, and the refusal is recorded.
        RefusalRecorded = "refusal_recorded",
        /// Running.
        Active = "active",
        /// All targets are met.
        Succeeded = "succeeded",
        /// Not all targets are met.
        Failed = "failed",
        /// HR has decided the outcome.
        Closed = "closed",
        /// Cancelled by HR.
        Cancelled = "cancelled",
    }
}

named_enum! {
    /// Events of a PIP.
    pub enum Event {
        /// The manager writes the plan.
        Draft = "draft",
        /// HR approves the plan.
        Approve = "approve",
        /// The employee acknowledges the plan.
        Acknowledge = "acknowledge",
        /// The employee refuses to sign, in front of a witness.
        RecordRefusal = "record_refusal",
        /// The plan begins.
        Activate = "activate",
        /// Manager and employee review progress, at least every 14 days.
        Checkpoint = "checkpoint",
        /// HR moves the end, once only.
        Extend = "extend",
        /// All targets are met.
        Succeed = "succeed",
        /// Not all targets are met.
        Fail = "fail",
        /// HR decides the outcome: normal, retrain, transfer or other.
        Close = "close",
        /// HR cancels the plan.
        Cancel = "cancel",
    }
}

named_enum! {
    /// Guards of the transitions of a PIP.
    pub enum Guard {
        /// The plan has at least 1 measurable target.
        MeasurableTarget = "measurable_target",
        /// The plan has at least 1 support item.
        SupportItem = "support_item",
        /// The plan has dates and lasts 30 to 90 days.
        Duration = "duration",
        /// Nobody decides on their own plan.
        NotOwnPlan = "not_own_plan",
        /// The plan has not been extended before.
        FirstExtension = "first_extension",
        /// The extension is 1 to 30 days.
        ExtensionLength = "extension_length",
        /// Every target has evidence.
        EvidenceOfEveryTarget = "evidence_of_every_target",
        /// HR names the outcome.
        OutcomeNamed = "outcome_named",
        /// Training, support and checkpoints are on record (H.6).
        StepsOnRecord = "steps_on_record",
    }
}

named_enum! {
    /// The outcome of a PIP.
    pub enum Outcome {
        /// The person continues as before.
        Normal = "normal",
        /// The person is trained further.
        Retrain = "retrain",
        /// The person moves to another position.
        Transfer = "transfer",
        /// Any other outcome that people decide.
        Other = "other",
    }
}

/// The facts that the guards of a PIP check.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Number of measurable targets in the plan.
    pub measurable_targets: u32,
    /// Number of support items in the plan.
    pub support_items: u32,
    /// First and last day of the plan.
    pub dates: Option<(NaiveDate, NaiveDate)>,
    /// The person who decides is not the person concerned.
    pub decided_by_another: bool,
    /// How often the plan has been extended; `None` if unknown.
    pub extensions: Option<u32>,
    /// By how many days the end is to move.
    pub extension_days: u32,
    /// Number of targets without evidence; `None` if unknown.
    pub targets_without_evidence: Option<u32>,
    /// The outcome named by HR.
    pub outcome: Option<Outcome>,
    /// The records that H.6 requires exist.
    pub steps_on_record: bool,
}

impl Facts {
    fn duration_days(&self) -> Option<i64> {
        self.dates.map(|(start, end)| (end - start).num_days() + 1)
    }
}

impl Machine for State {
    type Event = Event;
    type Guard = Guard;
    type Facts = Facts;

    const NAME: &'static str = "improvement plan";

    fn opening() -> Row<Self> {
        Row { to: Self::Suggested, by: By::OneOf(&[Seat::System, Seat::Manager]), guards: &[] }
    }

    fn row(self, event: Event) -> Option<Row<Self>> {
        use {By::*, Event::*, Guard::*, Seat::*, State::*};
        match (self, event) {
            (Suggested, Draft) => to(
                Drafted,
                OneOf(&[Manager]),
                &[NotOwnPlan, MeasurableTarget, SupportItem, Duration],
            ),
            (Drafted, Approve) => to(Approved, OneOf(&[Hr]), &[NotOwnPlan]),
            (Approved, Acknowledge) => to(Acknowledged, OneOf(&[Employee]), &[]),
            (Approved, RecordRefusal) => {
                to(RefusalRecorded, Together(&[Hr, Witness]), &[NotOwnPlan])
            }
            (Acknowledged | RefusalRecorded, Activate) => to(Active, OneOf(&[Hr, System]), &[]),
            (Active, Checkpoint) => to(Active, Together(&[Manager, Employee]), &[]),
            (Active, Extend) => {
                to(Active, OneOf(&[Hr]), &[NotOwnPlan, FirstExtension, ExtensionLength])
            }
            (Active, Succeed) => {
                to(Succeeded, Together(&[Manager, Hr]), &[NotOwnPlan, EvidenceOfEveryTarget])
            }
            (Active, Fail) => {
                to(Failed, Together(&[Manager, Hr]), &[NotOwnPlan, EvidenceOfEveryTarget])
            }
            (Succeeded | Failed, Close) => {
                to(Closed, OneOf(&[Hr]), &[NotOwnPlan, OutcomeNamed, StepsOnRecord])
            }
            (Suggested | Drafted | Approved | Acknowledged | RefusalRecorded | Active, Cancel) => {
                to(Cancelled, OneOf(&[Hr]), &[NotOwnPlan])
            }
            (
                Suggested | Drafted | Approved | Acknowledged | RefusalRecorded | Active
                | Succeeded | Failed | Closed | Cancelled,
                Draft | Approve | Acknowledge | RecordRefusal | Activate | Checkpoint | Extend
                | Succeed | Fail | Close | Cancel,
            ) => None,
        }
    }

    fn holds(guard: Guard, facts: &Facts) -> bool {
        match guard {
            Guard::MeasurableTarget => facts.measurable_targets >= 1,
            Guard::SupportItem => facts.support_items >= 1,
            Guard::Duration => facts.duration_days().is_some_and(|days| (30..=90).contains(&days)),
            Guard::NotOwnPlan => facts.decided_by_another,
            Guard::FirstExtension => facts.extensions == Some(0),
            Guard::ExtensionLength => (1..=30).contains(&facts.extension_days),
            Guard::EvidenceOfEveryTarget => facts.targets_without_evidence == Some(0),
            Guard::OutcomeNamed => facts.outcome.is_some(),
            Guard::StepsOnRecord => facts.steps_on_record,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_runs_30_to_90_days_both_ends_included() {
        let start = NaiveDate::default();
        for (days, allowed) in [(29, false), (30, true), (90, true), (91, false), (0, false)] {
            let end = start + chrono::TimeDelta::days(days - 1);
            let facts = Facts { dates: Some((start, end)), ..Facts::default() };
            assert_eq!(State::holds(Guard::Duration, &facts), allowed, "{days} days");
        }
    }

    #[test]
    fn one_extension_of_at_most_30_days() {
        let extend = |before, days| {
            let facts =
                Facts { extensions: Some(before), extension_days: days, ..Facts::default() };
            State::holds(Guard::FirstExtension, &facts)
                && State::holds(Guard::ExtensionLength, &facts)
        };
        assert!(extend(0, 30));
        assert!(!extend(0, 31));
        assert!(!extend(0, 0));
        assert!(!extend(1, 10));
    }
}
