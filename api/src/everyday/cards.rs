//! What is shown of records beside their ids, and to whom.

use crate::goals;
use crate::platform::caller::Actor;
use crate::platform::period::PeriodView;
use crate::platform::refusal::Refusal;
use domain::core::text::TextEnum;
use domain::policy::{Action, visibility};
use domain::state::cycle;
use persistence::{FoundCard, GOAL, Mentioned, OpenCycle, PastCycle, Store};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// A cycle, in short.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CycleCard {
    /// Id of the cycle.
    pub id: Uuid,
    /// Name of the cycle, as shown to people.
    #[schema(example = "2026 H1")]
    pub name: String,
    /// State of the cycle.
    #[schema(value_type = crate::cycles::words::CycleState)]
    pub state: cycle::State,
    /// The evaluated period.
    pub period: PeriodView,
}

impl From<&OpenCycle> for CycleCard {
    fn from(cycle: &OpenCycle) -> Self {
        Self {
            id: cycle.id.uuid(),
            name: cycle.name.clone(),
            state: cycle.state,
            period: PeriodView { start: cycle.period_start, end: cycle.period_end },
        }
    }
}

impl From<&PastCycle> for CycleCard {
    fn from(cycle: &PastCycle) -> Self {
        Self {
            id: cycle.id.uuid(),
            name: cycle.name.clone(),
            state: cycle.state,
            period: PeriodView { start: cycle.period_start, end: cycle.period_end },
        }
    }
}

/// A record that an answer names, in short.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Card {
    /// Id of the record.
    pub id: Uuid,
    /// Name or title; of an account or a participant the name of the person.
    #[schema(example = "Lin Xia")]
    pub name: String,
    /// Code; of an employee the number. Absent where the record has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "E0042")]
    pub code: Option<String>,
    /// The employee whose account or part it is. Absent for other records.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>, nullable = false)]
    pub employee_id: Option<Uuid>,
    /// State of a cycle. Absent for other records.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "executing")]
    pub state: Option<String>,
    /// The period of a cycle. Absent for other records.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub period: Option<PeriodView>,
}

impl From<FoundCard> for Card {
    fn from(card: FoundCard) -> Self {
        let FoundCard { noun: _, id, name, code, employee_id, state, period } = card;
        let period = period.map(|(start, end)| PeriodView { start, end });
        Self { id, name, code, employee_id, state, period }
    }
}

/// The records that an answer names by their ids, as far as the caller may know them: by kind
/// (`employees`, `org_units`, `positions`, `cycles`, `goals`, `policies`, `participants`, `accounts`) and by id. A
/// kind of which there is nothing is left out.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Included(pub BTreeMap<String, BTreeMap<Uuid, Card>>);

impl Included {
    fn add(&mut self, noun: &str, card: Card) {
        let kind = match noun.strip_suffix('y') {
            Some(stem) => format!("{stem}ies"),
            None => format!("{noun}s"),
        };
        self.0.entry(kind).or_default().insert(card.id, card);
    }
}

/// The cards of what an answer names, in two statements at most: names of people as the directory
/// shows them, of other records to whoever may read them. A person whom a record names has a name
/// after leaving as well.
pub fn beside(
    store: &mut dyn Store,
    actor: &Actor,
    mentioned: &Mentioned,
) -> Result<Option<Vec<u8>>, Refusal> {
    let people = visibility(&actor.subject, Action::EmployeeRead, actor.today).ok();
    // What stands for a person is decided by the person, and goals one by one.
    let is_open = |noun: &str| match Action::parse(&format!("{noun}.read")) {
        Ok(_) if PERSONAL.contains(&noun) => true,
        Ok(action) => actor.may(action).is_ok(),
        Err(_) => false,
    };
    let mut open = mentioned.clone();
    open.retain(|noun, _| is_open(noun));
    let mut included = Included::default();
    for card in store.cards(&open, people.as_ref())? {
        included.add(&card.noun.clone(), card.into());
    }
    if let Some(ids) = open.get(GOAL) {
        let ids = ids.iter().map(|id| (*id).into()).collect();
        for (id, name) in goals::titles(store, actor, ids)? {
            let card = Card { id, name, code: None, employee_id: None, state: None, period: None };
            included.add(GOAL, card);
        }
    }
    let text = (!included.0.is_empty()).then(|| serde_json::to_vec(&included)).transpose();
    text.map_err(|error| Refusal::Internal(format!("JSON: {error}")))
}

/// Nouns of which each card is decided by itself.
const PERSONAL: &[&str] = &["account", "employee", "goal", "participant"];
