//! Enums of the contract that belong to this area.

use crate::platform::words::words;

words! {
    ToDoKind of domain::everyday::to_do::ToDoKind;
    ToDoResource of domain::everyday::to_do::ToDoResource;
}
