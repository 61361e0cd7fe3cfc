//! What an import of people or units is told beside the file.

use crate::people::words;
use crate::platform::caller::Actor;
use crate::platform::imports::{Authority, Options};
use chrono::NaiveDate;
use domain::people::import::{ManagerBy, OrgUnitBy, Terms};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Query parameters that only imports of people and units have.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeopleQuery {
    /// First day of the new units, jobs and managers; today if absent. Assignments planned for
    /// later days stay as they are.
    effective_from: Option<NaiveDate>,
    /// Allow more people to leave at once than the limit of ten and one in twenty.
    #[param(default = false)]
    allow_mass_deactivation: Option<bool>,
    /// Allow more new people at once than the limit of ten and one in five.
    #[param(default = false)]
    allow_mass_creation: Option<bool>,
    /// Allow a property to be cleared for more people at once than the limit of ten and one in twenty.
    #[param(default = false)]
    allow_mass_clearing: Option<bool>,
    /// What the rows have in place of the employee numbers of managers: `email`, `name` or
    /// `external_ids.<system>`. A name must mean only one person; `Last, First` is `First Last`.
    #[param(
        default = "employee_number",
        pattern = r"^(employee_number|email|name|external_ids\.[a-z0-9_-]{1,40})$"
    )]
    manager_by: Option<String>,
    /// What the rows have in place of the codes of units.
    #[param(value_type = Option<words::OrgUnitBy>)]
    org_unit_by: Option<OrgUnitBy>,
}

/// What the mapping of a file says of people and units.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct ImportMapping {
    /// What `manager_employee_number` holds.
    #[schema(pattern = r"^(employee_number|email|name|external_ids\.[a-z0-9_-]{1,40})$")]
    pub manager_by: Option<String>,
    /// What `org_unit_code` holds.
    #[schema(value_type = Option<words::OrgUnitBy>)]
    pub org_unit_by: Option<OrgUnitBy>,
}

/// What the importer says of people and units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeopleTerms {
    /// First day of the new units, jobs and managers.
    pub effective_from: NaiveDate,
    /// Allow any number of people to leave.
    pub allow_mass_deactivation: bool,
    /// Allow any number of people to be new.
    #[serde(default)]
    pub allow_mass_creation: bool,
    /// Allow properties of any number of people to be cleared.
    #[serde(default)]
    pub allow_mass_clearing: bool,
    /// What the rows have in place of keys.
    #[serde(default)]
    pub references: References,
}

/// What the rows have in place of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct References {
    /// What they have in place of the employee numbers of managers.
    #[serde(default)]
    pub manager_by: ManagerBy,
    /// What they have in place of the codes of units.
    #[serde(default)]
    pub org_unit_by: OrgUnitBy,
}

impl PeopleQuery {
    /// What the query and the mapping say. A parameter of its own counts more than the same in the
    /// mapping.
    pub fn terms(self, mapping: ImportMapping, today: NaiveDate) -> PeopleTerms {
        let manager_by = self.manager_by.or(mapping.manager_by);
        PeopleTerms {
            effective_from: self.effective_from.unwrap_or(today),
            allow_mass_deactivation: self.allow_mass_deactivation.unwrap_or(false),
            allow_mass_creation: self.allow_mass_creation.unwrap_or(false),
            allow_mass_clearing: self.allow_mass_clearing.unwrap_or(false),
            references: References {
                manager_by: manager_by.and_then(|it| ManagerBy::parse(&it)).unwrap_or_default(),
                org_unit_by: self.org_unit_by.or(mapping.org_unit_by).unwrap_or_default(),
            },
        }
    }
}

/// The conditions under which rows are planned.
pub fn terms(actor: &Actor, authority: &Authority, options: &Options<PeopleTerms>) -> Terms {
    Terms {
        from: options.more.effective_from,
        now: actor.now,
        atomic: options.atomic,
        closed: authority.closed().to_vec(),
    }
}
