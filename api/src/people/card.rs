//! People in few words, beside what is about them.

use domain::core::id::EmployeeId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A person, in few words.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PersonCard {
    /// The employee.
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
