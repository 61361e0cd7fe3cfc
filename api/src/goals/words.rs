//! Enums of the contract that belong to this area.

use crate::platform::words::words;

words! {
    GoalState of domain::state::goal::State;
    GoalLevel of domain::goals::goal::GoalLevel;
    GoalAction of domain::goals::goal::GoalAction;
    GoalChangeState of domain::goals::goal::GoalChangeState;
    GoalChangeAction of domain::goals::goal::GoalChangeAction;
    GoalDefinitionKind of domain::goals::drafts::DefinitionKind;
    GoalWarning of domain::goals::goal::GoalWarning;
    SmartFault of domain::scoring::okr::smart::Failure;
    Ambition of domain::scoring::okr::objective::Ambition;
    Direction of domain::scoring::kpi::Direction;
    StepUnit of domain::scoring::kpi::StepUnit;
    Frequency of domain::goals::goal::Frequency;
    Aggregation of domain::goals::goal::Aggregation;
    Sources of domain::goals::goal::Sources;
    ReportAction of domain::goals::goal::ReportAction;
    DependencyState of domain::state::dependency::State;
    RiskLevel of domain::scoring::risk::Level;
    DependencyAction of domain::goals::dependency::DependencyAction;
}
