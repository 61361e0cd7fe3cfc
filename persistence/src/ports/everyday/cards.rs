//! What is shown of records beside their ids.

use crate::ports::Result;
use chrono::NaiveDate;
use domain::policy::Visibility;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Ids that an answer names, by the noun that they may be of.
pub type Mentioned = BTreeMap<&'static str, BTreeSet<Uuid>>;

/// The little that is shown of a record, whatever its noun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCard {
    /// The noun.
    pub noun: String,
    /// Id of the record.
    pub id: Uuid,
    /// Name or title; of a record that stands for a person the name of the person.
    pub name: String,
    /// Code; of an employee the number.
    pub code: Option<String>,
    /// The person for whom the record stands.
    pub employee_id: Option<Uuid>,
    /// State.
    pub state: Option<String>,
    /// First and last day.
    pub period: Option<(NaiveDate, NaiveDate)>,
}

/// Cards.
pub trait Cards {
    /// The cards of records that exist, deleted ones included, in one statement. Names of people only
    /// where `people` shows the person, and none without it. Goals are left out: who may read the
    /// title of a goal depends on the goal.
    fn cards(
        &mut self,
        mentioned: &Mentioned,
        people: Option<&Visibility>,
    ) -> Result<Vec<FoundCard>>;
}
