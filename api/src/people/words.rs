//! Enums of the contract that belong to this area.

use crate::platform::words::words;

words! {
    OrgUnitKind of domain::people::org::OrgUnitKind;
    OrgUnitAction of domain::people::org::OrgUnitAction;
    PositionAction of domain::people::org::PositionAction;
    OrgUnitBy of domain::people::import::OrgUnitBy;
    EmployeeStatus of domain::people::employment::EmploymentStatus;
    EmployeeAction of domain::people::org::EmployeeAction;
    EmployeeSort of persistence::EmployeeOrder;
    DutyKind of domain::people::duty::DutyKind;
}
