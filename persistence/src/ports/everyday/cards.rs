//! What is shown of records beside their ids.

use crate::ports::Result;
use chrono::NaiveDate;
use domain::everyday::card::CardKind;
use domain::policy::Visibility;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Ids that an answer names, by what they may be of.
pub type Mentioned = BTreeMap<CardKind, BTreeSet<Uuid>>;

/// The little that is shown of a record, whatever its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCard {
    /// What it is of.
    pub kind: CardKind,
    /// Id of the record.
    pub id: Uuid,
    /// Name or title; of an account and a participant the name of the person.
    pub name: String,
    /// Code, or number of an employee, or state of a cycle; none of other records.
    pub code: Option<String>,
    /// The person of an account or participant.
    pub employee_id: Option<Uuid>,
    /// First and last day of a cycle.
    pub period: Option<(NaiveDate, NaiveDate)>,
}

/// Cards.
pub trait Cards {
    /// The cards of records that exist, deleted ones included, in one statement. Names of people only
    /// where `people` shows the person, and none without it. Goals are left out: who may read the
    /// title of a goal depends on the goal.
    fn cards(&mut self, named: &Mentioned, people: Option<&Visibility>) -> Result<Vec<FoundCard>>;
}
