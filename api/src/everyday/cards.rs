//! What is shown of records beside their ids, and to whom.

use crate::goals;
use crate::platform::caller::Actor;
use crate::platform::period::PeriodView;
use crate::platform::refusal::Refusal;
use crate::platform::schema::words;
use domain::core::text::TextEnum;
use domain::everyday::card::CardKind;
use domain::policy::{Action, visibility};
use domain::state::cycle;
use persistence::{FoundCard, Mentioned, OpenCycle, Store};
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
    #[schema(schema_with = words::<cycle::State>)]
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

/// An employee, in short.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EmployeeCard {
    /// Id of the employee.
    pub id: Uuid,
    /// Name of the person.
    #[schema(example = "Lin Xia")]
    pub name: String,
    /// Number of the employee, which tells people of one name apart.
    #[schema(required = true, example = "E0042")]
    pub employee_number: Option<String>,
}

/// A record that has a name and a code.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NamedCard {
    /// Id of the record.
    pub id: Uuid,
    /// Name, or title.
    #[schema(example = "Sales North")]
    pub name: String,
    /// Code.
    #[schema(required = true, example = "SALES-N")]
    pub code: Option<String>,
}

/// A record that stands for a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HolderCard {
    /// Id of the record.
    pub id: Uuid,
    /// Name of the person.
    #[schema(example = "Lin Xia")]
    pub name: String,
    /// Id of the person as employee.
    #[schema(required = true)]
    pub employee_id: Option<Uuid>,
}

/// A goal, in short.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GoalCard {
    /// Id of the goal.
    pub id: Uuid,
    /// What the goal is called.
    #[schema(example = "Win the north")]
    pub title: String,
}

/// The records that an answer names by their ids, by kind and id, as far as the caller may know
/// them. A kind of which there is nothing is left out.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(default)]
pub struct Included {
    /// Accounts, by the people whose they are.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub accounts: BTreeMap<Uuid, HolderCard>,
    /// Cycles.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub cycles: BTreeMap<Uuid, CycleCard>,
    /// Employees.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub employees: BTreeMap<Uuid, EmployeeCard>,
    /// Goals that the caller may read.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub goals: BTreeMap<Uuid, GoalCard>,
    /// Units.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub org_units: BTreeMap<Uuid, NamedCard>,
    /// Participants, by the people who take part.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub participants: BTreeMap<Uuid, HolderCard>,
    /// Versions of policies.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub policies: BTreeMap<Uuid, NamedCard>,
    /// Positions.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub positions: BTreeMap<Uuid, NamedCard>,
}

/// The cards of what an answer names, in two statements at most: names of people as the directory
/// shows them, of other records to whoever may read them. A person whom a record names has a name
/// after leaving as well.
pub fn beside(
    store: &mut dyn Store,
    actor: &Actor,
    named: &Mentioned,
) -> Result<Option<Vec<u8>>, Refusal> {
    let people = visibility(&actor.subject, Action::EmployeeRead, actor.today).ok();
    let may_read = |kind: CardKind| match kind {
        CardKind::Cycle => actor.may(Action::CycleRead).is_ok(),
        CardKind::OrgUnit => actor.may(Action::OrgUnitRead).is_ok(),
        CardKind::Policy => actor.may(Action::PolicyRead).is_ok(),
        CardKind::Position => actor.may(Action::PositionRead).is_ok(),
        CardKind::Account | CardKind::Employee | CardKind::Goal | CardKind::Participant => true,
    };
    let mut allowed = named.clone();
    allowed.retain(|kind, _| may_read(*kind));
    let mut included = Included::default();
    let mut count = 0;
    for card in store.cards(&allowed, people.as_ref())? {
        included.add(card);
        count += 1;
    }
    for (id, title) in titles(store, actor, &allowed)? {
        included.goals.insert(id, GoalCard { id, title });
        count += 1;
    }
    let text = (count > 0).then(|| serde_json::to_vec(&included)).transpose();
    text.map_err(|error| Refusal::Internal(format!("JSON: {error}")))
}

/// The goals among what is named whose content the caller may read, with their titles.
fn titles(
    store: &mut dyn Store,
    actor: &Actor,
    named: &Mentioned,
) -> Result<Vec<(Uuid, String)>, Refusal> {
    match named.get(&CardKind::Goal) {
        Some(ids) => goals::titles(store, actor, ids.iter().map(|id| (*id).into()).collect()),
        None => Ok(Vec::new()),
    }
}

impl Included {
    fn add(&mut self, card: FoundCard) {
        let FoundCard { kind, id, name, code, employee_id, period } = card;
        match kind {
            CardKind::Account => {
                self.accounts.insert(id, HolderCard { id, name, employee_id });
            }
            CardKind::Participant => {
                self.participants.insert(id, HolderCard { id, name, employee_id });
            }
            CardKind::Employee => {
                let card = EmployeeCard { id, name, employee_number: code };
                self.employees.insert(id, card);
            }
            CardKind::OrgUnit => {
                self.org_units.insert(id, NamedCard { id, name, code });
            }
            CardKind::Policy => {
                self.policies.insert(id, NamedCard { id, name, code });
            }
            CardKind::Position => {
                self.positions.insert(id, NamedCard { id, name, code });
            }
            CardKind::Cycle => {
                let state = code.as_deref().and_then(|state| cycle::State::parse(state).ok());
                if let (Some(state), Some((start, end))) = (state, period) {
                    let period = PeriodView { start, end };
                    self.cycles.insert(id, CycleCard { id, name, state, period });
                }
            }
            CardKind::Goal => {}
        }
    }
}
