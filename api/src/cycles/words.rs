//! Enums of the contract that belong to this area.

use crate::platform::words::words;

words! {
    CycleState of domain::state::cycle::State;
    CycleKind of domain::cycles::cycle::CycleKind;
    CycleAction of domain::cycles::cycle::CycleAction;
    CycleStage of domain::cycles::cycle::CycleStage;
    Party of domain::cycles::cycle::Duty;
    ConditionCode of domain::state::cycle::Guard;
    CycleWarning of domain::cycles::performance_policy::PolicyWarning;
    PolicyState of domain::cycles::performance_policy::PolicyState;
    PolicyAction of domain::cycles::performance_policy::PolicyAction;
    RaterType of domain::scoring::review::rater::RaterType;
    ParticipantAction of domain::cycles::participant::ParticipantAction;
    ExclusionReason of domain::cycles::participant::ExclusionReason;
    MissingPart of domain::cycles::readiness::Missing;
    WeightAdjustmentState of domain::state::weight_adjustment::State;
    WeightAdjustmentAction of domain::cycles::weight_adjustment::WeightAdjustmentAction;
}
