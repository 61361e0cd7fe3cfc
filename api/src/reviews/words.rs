//! Enums of the contract that belong to this area.

use crate::platform::words::words;

words! {
    Grade of domain::scoring::scale::Grade;
    ReviewState of domain::state::review::State;
    ReviewAction of domain::reviews::action::ReviewAction;
    ReviewWarning of domain::reviews::form::ReviewWarning;
    ReturnTarget of super::views::ReturnTo;
    EvidenceKind of domain::scoring::review::evidence::EvidenceKind;
    ExplanationPartKind of domain::scoring::trace::PartKind;
    DistributionMode of super::distribution::views::Mode;
    DistributionVerdict of super::distribution::views::Verdict;
    DistributionTestMethod of super::distribution::views::TestMethod;
    CalibrationSessionState of domain::state::calibration_session::State;
    CalibrationSessionAction of domain::reviews::calibration_session::SessionAction;
    SessionSeat of domain::reviews::calibration_session::SessionSeat;
    MoveState of domain::reviews::calibration_session::MoveState;
    MoveAction of domain::reviews::calibration_session::MoveAction;
    MoveReason of domain::reviews::calibration::Reason;
}
