//! What clients see and send about participants.

use crate::cycles::words;
use crate::platform::caller::Actor;
use crate::platform::page::page_of;
use chrono::{DateTime, Utc};
use domain::cycles::participant::{ExclusionReason, Participant, ParticipantAction};
use domain::policy::{Action, Mask, Protected, Shown, decide};
use domain::state::cycle;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// One person in one cycle, as fixed at the launch. Auditors see that the person takes part, but no
/// details.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Participant)]
pub struct ParticipantView {
    /// Id of the participant.
    pub id: Uuid,
    /// Id of the cycle.
    pub cycle_id: Uuid,
    /// Id of the person.
    pub employee_id: Uuid,
    /// Unit the person worked in at the launch; absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub org_unit_id: Option<Option<Uuid>>,
    /// Nearest department at or above that unit, otherwise the division or company. Grades are
    /// distributed within this group. Absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub department_id: Option<Option<Uuid>>,
    /// Manager responsible for the review; changes only by a handover. Absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub manager_id: Option<Option<Uuid>>,
    /// Population of the policy that decides which dimensions are evaluated; null if the person
    /// belongs to none. Absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "everyone")]
    pub population: Option<Option<String>>,
    /// Reason why the person is not evaluated; null if the person is evaluated. Absent for
    /// auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = Option<words::ExclusionReason>)]
    pub exclusion: Option<Option<ExclusionReason>>,
    /// Whether the person counts towards the quotas of the grade distribution; absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub counts_for_quota: Option<bool>,
    /// Actions the caller may take on the record now.
    #[schema(value_type = HashSet<words::ParticipantAction>)]
    pub allowed_actions: Vec<ParticipantAction>,
    /// Version of the record: starts at 1 and grows by 1 with each change.
    #[schema(example = 1)]
    pub version: i32,
    /// When the record was created.
    pub created_at: DateTime<Utc>,
    /// When the record was last changed.
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
    of ParticipantView, counted
}

/// The manager who becomes responsible for a participant.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Handover {
    /// Employee id of the new manager, who must be employed and must not be the participant.
    pub manager_id: Uuid,
    /// Allow a new manager whose own review the participant is responsible for in the same cycle,
    /// so that the two rate each other. Without it, such a handover is refused.
    #[serde(default)]
    #[schema(default = false)]
    pub allow_mutual: bool,
    /// Reason for the handover.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "Her manager has moved to another department"
    )]
    pub reason: String,
}

/// Reason for excluding or including a participant.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExclusionOrder {
    /// Reason.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "On leave for most of the year"
    )]
    pub reason: String,
}
