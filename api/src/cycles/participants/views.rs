//! What clients see and send of participants.

use crate::platform::caller::Actor;
use crate::platform::page::page_of;
use crate::platform::schema::{word_list, word_or_null};
use chrono::{DateTime, Utc};
use domain::cycles::participant::{ExclusionReason, Participant, ParticipantAction};
use domain::policy::{Action, Mask, Protected, Shown, decide};
use domain::state::cycle;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// One person in one cycle, as frozen when the cycle was launched. An auditor sees that somebody takes
/// part, and nothing of how.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Participant)]
pub struct ParticipantView {
    /// Its id.
    pub id: Uuid,
    /// The cycle.
    pub cycle_id: Uuid,
    /// The person.
    pub employee_id: Uuid,
    /// The unit the person worked in; absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub org_unit_id: Option<Option<Uuid>>,
    /// The nearest department at or above that unit, else division or company: the group in which
    /// grades are distributed; absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub department_id: Option<Option<Uuid>>,
    /// Who answers for the review; changes only by a handover. Absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub manager_id: Option<Option<Uuid>>,
    /// The population of the policy, which settles what is evaluated; null where none includes the
    /// person, absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "everyone")]
    pub population: Option<Option<String>>,
    /// Why the person is not evaluated; null for who is, absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, schema_with = word_or_null::<ExclusionReason>)]
    pub exclusion: Option<Option<ExclusionReason>>,
    /// Whether the person counts towards the quotas of the distribution; absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub counts_for_quota: Option<bool>,
    /// What the caller may do to it now.
    #[schema(schema_with = word_list::<ParticipantAction>)]
    pub allowed_actions: Vec<ParticipantAction>,
    /// Counts changes, from 1.
    #[schema(example = 1)]
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl ParticipantView {
    /// The participant as far as `actor` sees it; its cycle is in the state `cycle`.
    pub(super) fn new(
        actor: &Actor,
        shown: &Shown<Participant>,
        cycle: Option<cycle::State>,
    ) -> Self {
        let (participant, whole) = (shown.outline(), shown.at(Mask::Full));
        let target = participant.target(actor.today);
        let writable = decide(&actor.subject, Action::ParticipantWrite, &target).permit.is_some();
        let possible = cycle.map(|state| participant.possible_actions(state)).unwrap_or_default();
        Self {
            id: participant.id.uuid(),
            cycle_id: participant.cycle_id.uuid(),
            employee_id: participant.employee_id.uuid(),
            org_unit_id: whole.map(|it| it.org_unit_id.map(Uuid::from)),
            department_id: whole.map(|it| it.department_id.map(Uuid::from)),
            manager_id: whole.map(|it| it.manager_id.map(Uuid::from)),
            population: whole.map(|it| it.population.clone()),
            exclusion: whole.map(|it| it.exclusion),
            counts_for_quota: whole.map(|it| it.counts_for_quota),
            allowed_actions: if writable { possible } else { Vec::new() },
            version: participant.version,
            created_at: participant.created_at,
            updated_at: participant.updated_at,
        }
    }
}

page_of! {
    /// A page of participants.
    pub struct ParticipantPage
    /// The participants, in the order of creation; with `updated_since`, in the order of change.
    of ParticipantView
}

/// Who shall answer for a participant from now on.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Handover {
    /// The manager, who works here and is not the person.
    pub manager_id: Uuid,
    /// Hand over to somebody for whom the person answers in the same cycle, so that they rate each
    /// other; without it that is refused.
    #[serde(default)]
    #[schema(default = false)]
    pub allow_mutual: bool,
    /// Why.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "Her manager has moved to another department"
    )]
    pub reason: String,
}

/// Why somebody is taken out of the evaluation, or in again.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExclusionOrder {
    /// Why.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "On leave for most of the year"
    )]
    pub reason: String,
}
