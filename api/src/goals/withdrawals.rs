//! Withdrawal of check-ins and measurements that were reported by mistake.

use super::cases::{Opened, open_in_full, open_to_change};
use crate::platform::caller::Actor;
use crate::platform::refusal::Refusal;
use crate::platform::resource::view;
use crate::platform::seen::Seen;
use crate::platform::words::Told;
use chrono::{DateTime, Utc};
use domain::core::change::Record;
use domain::goals::goal::{Goal, Report, ReportAction, Reported, Withdrawal, target_of};
use domain::policy::{Action, Sealed, Target, authorise};
use domain::reviews::form::Review;
use persistence::{DbError, Store};
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

view! {
    /// Withdrawal of a check-in or measurement, which then no longer counts.
    pub struct WithdrawalView as Withdrawal of (withdrawal: Withdrawal);
    /// When it was withdrawn.
    at: DateTime<Utc>;
    /// Account or API key that withdrew it.
    by: Uuid;
    /// Reason for the withdrawal.
    #[schema(example = "A digit too many")]
    reason: String;
}

/// Reason for withdrawing a check-in or measurement.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalReason {
    /// Reason; it is shown with the withdrawn record.
    #[schema(min_length = 1, max_length = 2000, pattern = r"\S", example = "A digit too many")]
    pub reason: String,
}

/// Opens a check-in or measurement that the caller may withdraw and has read in its current
/// version, with its goal. Nobody else can change the goal until the unit of work ends.
pub(super) fn begin<R: Report>(
    store: &mut dyn Store,
    actor: &Actor,
    load: impl Fn(&mut dyn Store) -> Result<Option<Sealed<Reported<R>>>, DbError>,
    seen: &Seen,
) -> Result<(Opened, R), Refusal> {
    let sealed = load(store)?;
    let (found, target) = open_in_full(store, actor, sealed)?;
    let permit = authorise(&actor.subject, Action::ReportWithdraw, &target)?;
    let goal = open_to_change(store, actor, Action::GoalRead, found.goal.id)?;
    let opened = Opened { permit, ..goal };
    let sealed = load(store)?;
    let (Reported { report, .. }, _) = open_in_full(store, actor, sealed)?;
    seen.check(report.version())?;
    if report.withdrawal().is_some() {
        return Err(Refusal::settled(Told::bare("withdrawn")));
    }
    if !opened.goal.takes_withdrawals() {
        return Err(opened.conflict(actor));
    }
    Ok((opened, report))
}

/// What the caller may do to a report on a goal that stands to the caller as `target` says.
pub(super) fn offered(
    actor: &Actor,
    goal: &Goal,
    target: &Target,
    report: &impl Report,
) -> Vec<ReportAction> {
    if report.withdrawal().is_some() || !goal.takes_withdrawals() {
        return Vec::new();
    }
    actor.offers(Action::ReportWithdraw, &target_of(report, target))
}

/// A withdrawal by the caller, now.
pub(super) fn by(actor: &Actor, reason: String) -> Withdrawal {
    Withdrawal { at: actor.now, by: actor.subject.principal.id(), reason }
}

/// The audit record of a withdrawal.
pub(super) fn record(
    action: &'static str,
    id: impl Into<Uuid>,
    opened: &Opened,
    reason: &str,
) -> Record {
    Record::new(action, id, opened.permit.rule()).because(reason).field(
        "goal_id",
        None::<String>,
        opened.goal.id.to_string(),
    )
}

/// Saves the goal after a withdrawal and recomputes the owner's result.
pub(super) fn finish(
    store: &mut dyn Store,
    actor: &Actor,
    opened: &Opened,
    after: Goal,
    review: Option<Review>,
) -> Result<(), Refusal> {
    let before = &opened.goal;
    if after != *before {
        let text = |progress: Option<Decimal>| progress.map(|progress| progress.to_string());
        let record = Record::new("goal.report_withdrawn", before.id, opened.permit.rule())
            .field("progress", text(before.progress), text(after.progress))
            .field("confidence", before.confidence, after.confidence);
        opened.save(store, actor, after, record)?;
    }
    opened.follow(store, actor, review)
}
