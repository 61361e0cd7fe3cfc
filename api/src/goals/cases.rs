//! Use cases of goals: who sees which goal, and work on drafts.

use super::present::present;
use super::views::{GoalContentPatch, GoalPatch, GoalView, NewGoal};
use crate::platform::caller::Actor;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::seen::Seen;
use crate::platform::transition::fault;
use crate::platform::words::Told;
use crate::reviews::recomputation;
use chrono::{DateTime, Utc};
use domain::Code;
use domain::core::change::{Change, Record};
use domain::core::id::{CycleId, EmployeeId, GoalId, KeyResultId, ReviewId};
use domain::core::text::TextEnum;
use domain::cycles::cycle;
use domain::goals::goal::{
    FirstSignature, Goal, GoalAction, GoalContent, GoalFrame, KeyResultReport, Measurement,
};
use domain::policy::{
    Action, Mask, Permit, Principal, Protected, Relations, Sealed, Shown, Stage, Target, authorise,
    decide, visibility,
};
use domain::reviews::form::Review;
use domain::state::goal::{Event, State};
use domain::state::{Machine, Moving, Seat, Seating, Signature};
use persistence::{DbError, GoalFilter, Page, Store};
use rust_decimal::Decimal;
use serde_json::Value;
use std::slice;
use uuid::Uuid;

/// The seats from which a person acts on a goal, each with the action that the policy must permit.
const SEATS: [(Action, Seat); 3] = [
    (Action::GoalSubmit, Seat::Owner),
    (Action::GoalApprove, Seat::Manager),
    (Action::GoalDecide, Seat::Hr),
];

/// The seats that the caller holds for a goal, and the signatures given so far.
pub(super) fn seating(actor: &Actor, goal: &Goal, target: &Target) -> Seating<Event> {
    let holds = |action| decide(&actor.subject, action, target).permit.is_some();
    let held = SEATS.iter().filter(|(action, _)| holds(*action));
    let signed = goal.first_signature.iter().map(|first| {
        let FirstSignature { event, seat, account_id, .. } = *first;
        (event, Signature { person: account_id.uuid(), seat })
    });
    Seating {
        person: actor.subject.principal.id(),
        seats: held.map(|(_, seat)| *seat).collect(),
        given: signed.collect(),
    }
}

/// Actions that the caller may take on a goal in its current state.
pub(super) fn allowed_actions(actor: &Actor, goal: &Goal, target: &Target) -> Vec<GoalAction> {
    let may = |action| decide(&actor.subject, action, target).permit.is_some();
    goal.offered(&seating(actor, goal, target), |action| match action {
        GoalAction::CheckIn => may(Action::CheckInWrite),
        GoalAction::Measurement => may(Action::MeasurementWrite),
        _ => may(Action::GoalWrite),
    })
}

/// A goal opened for a change. Until the unit of work ends, nobody else can change any goal of its
/// owner.
pub struct Opened {
    pub goal: Goal,
    pub permit: Permit,
    pub target: Target,
    pub frame: GoalFrame,
}

impl Opened {
    /// The refusal when the state of the goal or of its cycle does not allow an action.
    pub fn conflict(&self, actor: &Actor) -> Refusal {
        Refusal::StateConflict {
            current_state: Told::new(self.goal.state),
            allowed_actions: Told::all(allowed_actions(actor, &self.goal, &self.target)),
        }
    }

    /// Refuses the action if the state of the goal does not allow it.
    pub fn expect(&self, actor: &Actor, action: GoalAction) -> Result<(), Refusal> {
        let lets = self.goal.lets(action);
        if lets { Ok(()) } else { Err(self.conflict(actor)) }
    }

    /// If the owner's review has been rated, locks and returns it, because its result must be
    /// recomputed.
    pub fn rated_review(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
    ) -> Result<Option<Review>, Refusal> {
        if !self.goal.review_state.is_some_and(|state| state.is_rated()) {
            return Ok(None);
        }
        let review = store.hold_review(self.goal.cycle_id, self.goal.owner_id)?;
        if review.as_ref().is_some_and(|review| review.state.is_finalised()) {
            return Err(self.conflict(actor));
        }
        Ok(review)
    }

    /// Recomputes the owner's result after a change; `review` comes from
    /// [`rated_review`](Self::rated_review).
    pub fn follow(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        review: Option<Review>,
    ) -> Result<(), Refusal> {
        match review {
            Some(review) => {
                recomputation::follow(store, actor, &self.frame, &review, self.permit.rule())
            }
            None => Ok(()),
        }
    }

    /// Another content for the goal, as [`written`].
    pub fn rewritten(
        &self,
        content: Result<GoalContent, Violation>,
        key_results: &[KeyResultId],
    ) -> Result<(GoalContent, Vec<Violation>), Refusal> {
        written(content, Some(&self.goal.content), key_results, &self.frame)
    }

    /// Progress of a content by what is reported of it.
    pub fn progress(
        &self,
        content: &GoalContent,
        reports: &[Vec<KeyResultReport>],
        measurements: &[Measurement],
    ) -> Result<Option<Decimal>, Refusal> {
        let progress = content.progress(reports, measurements, &self.frame.settings);
        progress.map_err(|error| Refusal::GuardFailed(vec![fault("", &error)]))
    }

    /// Saves the goal after a change.
    pub fn save(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        after: Goal,
        record: Record,
    ) -> Result<Reply<GoalView>, Refusal> {
        let after = Goal { version: self.goal.version + 1, updated_at: actor.now, ..after };
        store.update_goal(Change::new(after.clone(), record))?;
        let version = after.version;
        Ok(Reply::changed(self.view(actor, after), version))
    }

    /// The goal after a change, as the caller sees it.
    pub fn view(&self, actor: &Actor, after: Goal) -> GoalView {
        let shown = Shown::to(&actor.subject, Action::GoalRead, after, &self.target);
        GoalView::new(actor, &shown, &self.target)
    }
}

/// Opens a goal for a change and locks what the change depends on: the cycle and the owner's other
/// goals.
pub(super) fn open_to_change(
    store: &mut dyn Store,
    actor: &Actor,
    action: Action,
    id: GoalId,
) -> Result<Opened, Refusal> {
    let sealed = store.goal(id)?;
    let (seen, permit, target) = actor.open_related(store, action, sealed, actor.today)?;
    hold(store, seen.cycle_id, seen.owner_id)?;
    let goal = store.goal(id)?.ok_or(Refusal::NotFound)?.open(&permit)?;
    let frame = store.goal_frame(goal.cycle_id, goal.owner_id)?.ok_or(DbError::Missing)?;
    Ok(Opened { goal, permit, target, frame })
}

fn hold(store: &mut dyn Store, cycle: CycleId, owner: EmployeeId) -> Result<(), Refusal> {
    store.hold_cycle(cycle)?;
    Ok(store.lock_form(cycle, owner)?)
}

/// Opens a goal or what belongs to one, and tells how the caller stands to it; refuses callers who may
/// not see all fields of the goal.
pub(super) fn open_in_full<T: Protected>(
    store: &mut dyn Store,
    actor: &Actor,
    sealed: Option<Sealed<T>>,
) -> Result<(T, Target), Refusal> {
    let (record, _, target) = actor.open_related(store, Action::GoalRead, sealed, actor.today)?;
    Ok((record, target))
}

/// A goal in a list.
pub(super) struct ListedGoal {
    /// The goal as the caller sees it.
    pub view: GoalView,
    /// When the record was last changed.
    pub changed: DateTime<Utc>,
    /// The owner's review, once there is one.
    pub review: Option<ReviewId>,
}

/// One page of goals that the caller may see.
pub(super) fn list_goals(
    store: &mut dyn Store,
    actor: &Actor,
    filter: &GoalFilter,
    page: &Page,
    is_counted: bool,
) -> Result<(Vec<ListedGoal>, Option<i64>), Refusal> {
    let visible = visibility(&actor.subject, Action::GoalRead, actor.today)?;
    let show = |(sealed, relations): (Sealed<Goal>, Relations)| {
        let target = Target { relations, ..sealed.target(actor.today) };
        let permit = authorise(&actor.subject, Action::GoalRead, &target)?;
        Ok((sealed.show(&permit)?, target))
    };
    let rows = store.goals(filter, &visible, page)?.into_iter().map(show);
    let rows = rows.collect::<Result<Vec<_>, Refusal>>()?;
    let whole: Vec<&Goal> = rows.iter().filter_map(|(shown, _)| shown.at(Mask::Full)).collect();
    let mut present = present(store, &whole)?;
    let view = |(shown, target): &(Shown<Goal>, Target)| {
        let goal = shown.outline();
        let present = present.remove(&goal.id);
        let view = GoalView { present, ..GoalView::new(actor, shown, target) };
        ListedGoal { view, changed: goal.updated_at, review: goal.review_id }
    };
    let views = rows.iter().map(view).collect();
    let count = || store.count_goals(filter, &visible, page.updated_since);
    let total = is_counted.then(count).transpose()?;
    Ok((views, total))
}

/// One goal with its present values, as far as the caller sees it, and the owner's review.
pub(super) fn read_goal(
    store: &mut dyn Store,
    actor: &Actor,
    id: GoalId,
) -> Result<(GoalView, Option<ReviewId>), Refusal> {
    let sealed = store.goal(id)?;
    let (shown, target) = actor.show(store, Action::GoalRead, sealed)?;
    let whole: Vec<&Goal> = shown.at(Mask::Full).into_iter().collect();
    let present = present(store, &whole)?.remove(&id);
    let view = GoalView { present, ..GoalView::new(actor, &shown, &target) };
    Ok((view, shown.outline().review_id))
}

/// The goals among some whose content the caller may read, with their titles.
pub fn titles(
    store: &mut dyn Store,
    actor: &Actor,
    ids: Vec<GoalId>,
) -> Result<Vec<(Uuid, String)>, Refusal> {
    let filter = GoalFilter { ids, ..GoalFilter::default() };
    let Ok(visible) = visibility(&actor.subject, Action::GoalRead, actor.today) else {
        return Ok(Vec::new());
    };
    let rows = store.goals(&filter, &visible, &Page::ALL)?;
    let title = |(sealed, relations): (Sealed<Goal>, Relations)| {
        let target = Target { relations, ..sealed.target(actor.today) };
        let permit = decide(&actor.subject, Action::GoalRead, &target).permit?;
        let shown = sealed.show(&permit).ok()?;
        shown.at(Mask::Full).map(|goal| (goal.id.uuid(), goal.content.title.clone()))
    };
    Ok(rows.into_iter().filter_map(title).collect())
}

/// Creates a draft. `key_results` are fresh ids for its key results.
pub fn create_goal(
    store: &mut dyn Store,
    actor: &Actor,
    id: GoalId,
    key_results: &[KeyResultId],
    new: NewGoal,
) -> Result<Reply<GoalView>, Refusal> {
    let me = match &actor.subject.principal {
        Principal::Person(_) => actor.subject.employee_id,
        // An API key has no goals of its own; the person who answers for it does not become the
        // owner.
        Principal::Service { .. } => None,
    };
    let owner = new.owner_id.map(EmployeeId::from).or(me);
    let owner = owner.ok_or_else(|| Refusal::invalid("/owner_id", "required"))?;
    let cycle_id = CycleId::from(new.cycle_id);
    let unknown_cycle = || Refusal::unknown("/cycle_id", new.cycle_id);
    hold(store, cycle_id, owner)?;
    let frame = store.goal_frame(cycle_id, owner)?;
    let manager_id = frame.as_ref().and_then(|frame| frame.manager_id);
    // Checked like an existing goal: a key limited to one unit writes only for the people of that
    // unit.
    let mut target =
        Target { id: id.uuid(), about: Some(owner), responsible: manager_id, ..Target::default() };
    actor.relate(store, Action::GoalWrite, &mut target, actor.today)?;
    let decision = decide(&actor.subject, Action::GoalWrite, &target);
    let permit = decision.permit.ok_or(Refusal::Forbidden(decision.rule))?;
    // Nobody takes part in a cycle before its launch, so its existence need not be disclosed.
    let launched = |frame: &GoalFrame| cycle::stage(frame.cycle_state) != Stage::Draft;
    let frame = frame.filter(launched).ok_or_else(unknown_cycle)?;
    if !frame.participates {
        return Err(Refusal::unknown("/owner_id", owner.uuid()));
    }
    if !frame.is_open_to_drafts() {
        return Err(Refusal::settled(Told::new(frame.cycle_state)));
    }
    let (content, faults) = written(new.content.read(), None, key_results, &frame)?;
    let goal = Goal {
        id,
        cycle_id,
        owner_id: owner,
        manager_id,
        level: new.level,
        parent_id: new.parent_id.map(GoalId::from),
        state: State::opening().to,
        revision: 1,
        content,
        progress: None,
        confidence: None,
        checked_in_at: None,
        score: None,
        scored_from: None,
        return_reason: None,
        cycle_state: frame.cycle_state,
        review_state: None,
        review_id: None,
        first_signature: None,
        version: 1,
        created_at: actor.now,
        updated_at: actor.now,
        deleted_at: None,
    };
    refuse_faults(faults)?;
    refuse_faults(parent_faults(store, &goal, "/parent_id")?)?;
    let record = note_new(Record::new("goal.created", id, permit.rule()), &goal);
    store.create_goal(Change::new(goal.clone(), record))?;
    let opened = Opened { goal, permit, target, frame };
    let view = assessed(store, actor, &opened, opened.goal.clone())?;
    Ok(Reply::created(view, 1, format!("/v1/goals/{id}")))
}

/// The audit record of a new draft.
pub(super) fn note_new(record: Record, goal: &Goal) -> Record {
    record
        .field("cycle_id", None::<String>, goal.cycle_id.to_string())
        .field("owner_id", None::<String>, goal.owner_id.to_string())
        .field("level", None::<String>, goal.level.as_str())
        .field("parent_id", None::<String>, goal.parent_id.map(|id| id.to_string()))
        .field("content", Value::Null, &goal.content)
}

/// The audit record of a changed draft.
pub(super) fn note_change(record: Record, before: &Goal, after: &Goal) -> Record {
    let parent = |goal: &Goal| goal.parent_id.map(|id| id.to_string());
    record
        .field("level", before.level.as_str(), after.level.as_str())
        .field("parent_id", parent(before), parent(after))
        .field("content", &before.content, &after.content)
}

/// Changes a draft if the caller has read its current version.
pub(super) fn update_goal(
    store: &mut dyn Store,
    actor: &Actor,
    id: GoalId,
    seen: &Seen,
    key_results: &[KeyResultId],
    patch: GoalPatch,
) -> Result<Reply<GoalView>, Refusal> {
    let opened = open_to_change(store, actor, Action::GoalWrite, id)?;
    seen.check(opened.goal.version)?;
    opened.expect(actor, GoalAction::Update)?;
    let before = &opened.goal;
    let patched = |patch: GoalContentPatch| patch.apply(&before.content);
    let content = patch.content.map_or_else(|| Ok(before.content.clone()), patched);
    let (content, faults) = opened.rewritten(content, key_results)?;
    let after = Goal {
        level: patch.level.unwrap_or(before.level),
        parent_id: patch.parent_id.map_or(before.parent_id, |parent| parent.map(GoalId::from)),
        content,
        ..before.clone()
    };
    refuse_faults(faults)?;
    refuse_faults(tree_faults(store, before, &after)?)?;
    let record = Record::new("goal.updated", id, opened.permit.rule());
    let record = note_change(record, before, &after);
    let after = Goal { version: before.version + 1, updated_at: actor.now, ..after };
    store.update_goal(Change::new(after.clone(), record))?;
    let version = after.version;
    Ok(Reply::changed(assessed(store, actor, &opened, after)?, version))
}

/// Deletes a draft, unless other goals are aligned under it.
pub(super) fn delete_goal(
    store: &mut dyn Store,
    actor: &Actor,
    id: GoalId,
    seen: &Seen,
) -> Result<Reply<GoalView>, Refusal> {
    let opened = open_to_change(store, actor, Action::GoalWrite, id)?;
    seen.check(opened.goal.version)?;
    opened.expect(actor, GoalAction::Deletion)?;
    if !store.goals_under(id)?.is_empty() {
        return Err(Refusal::InUse(vec![Violation::new("", "not_allowed")]));
    }
    let record = Record::new("goal.deleted", id, opened.permit.rule());
    let after = Goal { deleted_at: Some(actor.now), ..opened.goal.clone() };
    opened.save(store, actor, after, record)?;
    Ok(Reply::empty())
}

/// The goal as the caller sees it, with the SMART criteria it fails and warnings.
pub(super) fn assessed(
    store: &mut dyn Store,
    actor: &Actor,
    opened: &Opened,
    goal: Goal,
) -> Result<GoalView, Refusal> {
    let form = store.goal_form(goal.cycle_id, goal.owner_id)?;
    let smart = goal.smart_failures(&opened.frame);
    let warnings = goal.warnings(&opened.frame, &form);
    let view = opened.view(actor, goal);
    Ok(GoalView { smart: Some(smart), warnings: Some(warnings), ..view })
}

/// A content as a client has written it, over the one `before` it, with ids for its new key results;
/// and its faults that prevent both sides from signing it.
fn written(
    content: Result<GoalContent, Violation>,
    before: Option<&GoalContent>,
    key_results: &[KeyResultId],
    frame: &GoalFrame,
) -> Result<(GoalContent, Vec<Violation>), Refusal> {
    let mut content = content.map_err(|fault| Refusal::Invalid(vec![fault]))?;
    let strangers = content.name_key_results(before, key_results.iter().copied());
    let strangers = strangers.into_iter().map(|place| {
        Violation::new(format!("/content{place}"), "unknown_reference").with("value", &place)
    });
    let faults = content.faults(&frame.settings).into_iter();
    let faults = faults.map(|(place, error)| fault(format!("/content{place}"), &error));
    let faults = strangers.chain(faults).collect();
    Ok((content, faults))
}

/// Faults of aligning a goal under its parent, reported at `pointer`. Locks the goals of the
/// parent's owner, so that the parent cannot change meanwhile.
pub(super) fn parent_faults(
    store: &mut dyn Store,
    goal: &Goal,
    pointer: &str,
) -> Result<Vec<Violation>, Refusal> {
    let Some(parent) = goal.parent_id else { return Ok(Vec::new()) };
    let unknown = || Violation::new(pointer, "unknown_reference").with("value", parent);
    let Some(seen) = store.goals_above(parent)?.into_iter().next() else {
        return Ok(vec![unknown()]);
    };
    store.lock_form(seen.cycle_id, seen.owner_id)?;
    let above = store.goals_above(parent)?;
    if above.first().is_none_or(|parent| parent.deleted_at.is_some()) {
        return Ok(vec![unknown()]);
    }
    let below = store.edges_below(goal.id)?;
    let faults = goal.alignment_faults(&above, &below);
    Ok(faults.iter().map(|error| fault(pointer, error)).collect())
}

/// Faults of the goal's place in the tree after a change, towards its parent and its children.
pub(super) fn tree_faults(
    store: &mut dyn Store,
    before: &Goal,
    after: &Goal,
) -> Result<Vec<Violation>, Refusal> {
    let moved = before.level != after.level || before.content.period != after.content.period;
    if !moved && before.parent_id == after.parent_id {
        return Ok(Vec::new());
    }
    let mut faults = parent_faults(store, after, "/parent_id")?;
    for child in store.goals_under(after.id)?.into_iter().filter(|child| !child.is_archived()) {
        let broken = child.alignment_faults(slice::from_ref(after), &[]);
        faults.extend(broken.iter().map(|error| match error.code {
            Code::AlignLevel => fault("/level", error),
            _ => fault("/content/period", error),
        }));
    }
    Ok(faults)
}

pub(super) fn refuse_faults(faults: Vec<Violation>) -> Result<(), Refusal> {
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
}
