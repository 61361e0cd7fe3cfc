//! Short description of a person, to be shown in other records.

use domain::core::id::EmployeeId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Short description of a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PersonCard {
    /// Id of the employee.
    pub id: Uuid,
    /// Name of the person.
    #[schema(example = "Lin Xia")]
    pub name: String,
}

impl From<(EmployeeId, String)> for PersonCard {
    fn from((id, name): (EmployeeId, String)) -> Self {
        Self { id: id.uuid(), name }
    }
}
