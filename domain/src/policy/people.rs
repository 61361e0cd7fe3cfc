//! Access rules for units, positions and employees.

use super::Scope;
use super::action::Action as A;
use super::rule::{Mask, Noun, Who, by_key, to};

/// The nouns of the area.
pub(super) const NOUNS: &[Noun] = &[ORG_UNIT, POSITION, EMPLOYEE];

/// Units.
const ORG_UNIT: Noun = Noun {
    reading: A::OrgUnitRead,
    records: &[("org_unit", A::OrgUnitRead)],
    actions: &[
        (
            A::OrgUnitRead,
            &[
                to("hr-admin", Who::HrAdmin, Mask::Full),
                to("colleague", Who::Colleague, Mask::Full),
                by_key("scope-people-read", Scope::PeopleRead, Who::Service, Mask::Full),
                by_key("scope-people-write", Scope::PeopleWrite, Who::Service, Mask::Full),
            ],
        ),
        (
            A::OrgUnitWrite,
            &[
                to("hr-admin", Who::HrAdmin, Mask::Full),
                // Whoever moves units decides who belongs to them, so a key with a unit limit does
                // not suffice.
                by_key(
                    "scope-people-write-all",
                    Scope::PeopleWrite,
                    Who::CompanyService,
                    Mask::Full,
                ),
            ],
        ),
    ],
};

/// Positions.
const POSITION: Noun = Noun {
    reading: A::PositionRead,
    records: &[("position", A::PositionRead)],
    actions: &[
        (
            A::PositionRead,
            &[
                to("hr-admin", Who::HrAdmin, Mask::Full),
                to("colleague", Who::Colleague, Mask::Full),
                by_key("scope-people-read", Scope::PeopleRead, Who::Service, Mask::Full),
                by_key("scope-people-write", Scope::PeopleWrite, Who::Service, Mask::Full),
            ],
        ),
        (
            A::PositionWrite,
            &[
                to("hr-admin", Who::HrAdmin, Mask::Full),
                by_key(
                    "scope-people-write-all",
                    Scope::PeopleWrite,
                    Who::CompanyService,
                    Mask::Full,
                ),
            ],
        ),
    ],
};

/// Employees.
const EMPLOYEE: Noun = Noun {
    reading: A::EmployeeRead,
    records: &[("employee", A::EmployeeRead)],
    actions: &[
        (
            A::EmployeeRead,
            &[
                to("hr-admin", Who::HrAdmin, Mask::Full),
                to("own-record", Who::Myself, Mask::Full),
                to("direct-manager", Who::DirectManager, Mask::Full),
                to("chain-manager", Who::ChainManager, Mask::Full),
                to("hrbp-own-units", Who::Hrbp, Mask::Full),
                to("executive", Who::Executive, Mask::Metadata),
                to("comp", Who::Comp, Mask::Metadata),
                to("auditor-people", Who::Auditor, Mask::Metadata),
                to("directory", Who::Colleague, Mask::Directory),
                by_key("scope-people-read", Scope::PeopleRead, Who::Service, Mask::Full),
                by_key("scope-people-write", Scope::PeopleWrite, Who::Service, Mask::Full),
            ],
        ),
        (
            A::EmployeeHistory,
            &[
                to("hr-admin", Who::HrAdmin, Mask::Full),
                to("own-record", Who::Myself, Mask::Full),
                to("direct-manager", Who::DirectManager, Mask::Full),
                to("chain-manager", Who::ChainManager, Mask::Full),
                to("hrbp-own-units", Who::Hrbp, Mask::Full),
                to("auditor-people", Who::Auditor, Mask::Metadata),
                by_key("scope-people-read", Scope::PeopleRead, Who::Service, Mask::Full),
            ],
        ),
        (
            A::EmployeeWrite,
            &[
                to("hr-admin", Who::HrAdmin, Mask::Full),
                by_key("scope-people-write", Scope::PeopleWrite, Who::Service, Mask::Full),
            ],
        ),
        (A::EmployeeDuties, &[to("hr-admin", Who::HrAdmin, Mask::Full)]),
        (
            A::EmployeeImport,
            &[
                to("hr-admin", Who::HrAdmin, Mask::Full),
                // An import may concern everybody, so a key with a unit limit does not suffice.
                by_key(
                    "scope-people-write-all",
                    Scope::PeopleWrite,
                    Who::CompanyService,
                    Mask::Full,
                ),
            ],
        ),
        (
            A::EmployeeExport,
            &[
                to("hr-admin", Who::HrAdmin, Mask::Full),
                to("own-record", Who::Myself, Mask::Full),
                to("hrbp-own-units", Who::Hrbp, Mask::Full),
                to("auditor-people", Who::Auditor, Mask::Metadata),
                by_key("scope-people-read", Scope::PeopleRead, Who::Service, Mask::Full),
            ],
        ),
    ],
};
