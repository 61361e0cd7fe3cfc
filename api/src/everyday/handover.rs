//! Handover of all open duties of an employee, in one unit of work.

use crate::access::api_keys::take_over_api_key;
use crate::cycles::participants::cases::hand_over;
use crate::cycles::participants::views::Handover;
use crate::people::employees::audit_details;
use crate::people::employees::cases::{check_leader, must_work_here, reassign};
use crate::people::employees::duties::DutyCounts;
use crate::platform::app::new_id;
use crate::platform::areas::Noun;
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{Body, PathId};
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::seen::Seen;
use actix_web::{HttpResponse, post};
use domain::core::change::{Change, Record};
use domain::core::history::insert_stretch;
use domain::core::id::{CycleId, EmployeeId};
use domain::people::duty::{DutyKind, OpenDuty};
use domain::people::org::{Assignment, Employee};
use domain::policy::Action;
use domain::reviews::calibration_session::{CalibrationSession, SessionMember};
use persistence::{Page, Store};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// The result of a handover.
#[derive(Debug, Serialize, ToSchema)]
pub struct DutyHandover {
    /// Number of duties that were handed over or have ended.
    pub handed_over: DutyCounts,
    /// Number of duties still open. Jobs end by themselves. Duties about the caller, and seats that
    /// the new person may not take, must be settled separately or by somebody else.
    pub remaining: DutyCounts,
}

/// Hand all open duties of an employee over
///
/// Transfers all open duties to another person from today on: people who report to the employee,
/// reviews the employee is responsible for with everything that waits in them, and seats in
/// calibration sessions. The caller becomes responsible for the API keys. If the new person reports
/// to the employee or is reviewed by the employee, the employee's own manager takes over that part.
/// The whole request is refused if it would create a reporting loop, or if two people would rate
/// each other, unless `allow_mutual` is set.
#[utoipa::path(tag = "employees", operation_id = "handOverDuties",
    params(("id" = Uuid, Path, description = "Id of the employee")), request_body = Handover,
    responses((status = 200, description = "What was handed over, and what is still open",
        body = DutyHandover)),
    security(("bearer" = [])))]
#[post("/employees/{id}/handover")]
async fn hand_over_all(
    caller: Caller,
    id: PathId,
    body: Body<Handover>,
) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            hand_over_duties(store, actor, id, &seen, value.clone())
        })
        .await
}

/// The noun.
pub const NOUN: Noun = Noun::of(routes);

fn routes(config: &mut ServiceConfig) {
    config.service(hand_over_all);
}

/// Transfers all open duties of a person to another person.
pub fn hand_over_duties(
    store: &mut dyn Store,
    actor: &Actor,
    id: EmployeeId,
    seen: &Seen,
    order: Handover,
) -> Result<Reply<DutyHandover>, Refusal> {
    store.lock_lines()?;
    let sealed = store.employee(id, actor.today)?;
    let (person, permit) = actor.open_seen(store, Action::EmployeeDuties, sealed, seen)?;
    let heir = heir(store, actor, id, &order)?;
    let mut duties = store.open_duties(id, actor.today, actor.now, &Page::ALL)?;
    // Move the heir first: while the heir reports to the person, nobody else can report to the
    // heir. Seats come after the reviews, because a member must be responsible for a review.
    duties.sort_by_key(|duty| {
        let later = match duty.kind {
            DutyKind::Report => 0,
            DutyKind::Review => 1,
            _ => 2,
        };
        (later, duty.about.as_ref().is_none_or(|(about, _)| *about != heir))
    });
    let above = person.assignment.as_ref().and_then(|place| place.manager_id);
    let left = store.not_employed(&above.into_iter().collect::<Vec<_>>(), actor.today)?;
    let handing = Handing {
        person: id,
        heir,
        above: above.filter(|above| !left.contains(above) && *above != heir),
        leaders: store.answerable(id)?,
        order: &order,
    };
    for duty in &duties {
        handing.hand(store, actor, duty)?;
    }
    let (before, after) = (&duties, store.open_duties(id, actor.today, actor.now, &Page::ALL)?);
    let gone: Vec<_> = before.iter().filter(|duty| !after.contains(duty)).cloned().collect();
    let record = Record::new("employee.duties_handed_over", id, permit.rule())
        .because(order.reason)
        .field("manager_id", None::<String>, heir.to_string())
        .field("duties", before.len(), after.len());
    store.note(record)?;
    let (handed_over, remaining) = (DutyCounts::of(&gone), DutyCounts::of(&after));
    Ok(Reply::done(DutyHandover { handed_over, remaining }))
}

/// The person who takes over: must be employed, and not the person who hands over.
fn heir(
    store: &mut dyn Store,
    actor: &Actor,
    id: EmployeeId,
    order: &Handover,
) -> Result<EmployeeId, Refusal> {
    let heir = EmployeeId::from(order.manager_id);
    if heir == id {
        return Err(Refusal::invalid("/manager_id", "not_allowed"));
    }
    if store.employee(heir, actor.today)?.is_none() {
        return Err(Refusal::unknown("/manager_id", order.manager_id));
    }
    must_work_here(store, heir, actor.today)?;
    Ok(heir)
}

/// A handover: from whom, and to whom.
struct Handing<'a> {
    person: EmployeeId,
    heir: EmployeeId,
    /// The person's own manager, if employed. Takes over what concerns the heir.
    above: Option<EmployeeId>,
    /// The manager responsible for the person's review in each cycle.
    leaders: HashMap<CycleId, EmployeeId>,
    order: &'a Handover,
}

impl Handing<'_> {
    /// Hands one duty over. Skips duties about the caller and duties that end by themselves.
    fn hand(&self, store: &mut dyn Store, actor: &Actor, duty: &OpenDuty) -> Result<(), Refusal> {
        let id = duty.resource_id;
        let handed = match duty.kind {
            DutyKind::Report => self.report(store, actor, id.into()),
            DutyKind::Review => self.review(store, actor, duty),
            DutyKind::CalibrationSession => self.session(store, actor, id),
            DutyKind::ApiKey => key(store, actor, id),
            // Goals follow the reviews; jobs end by themselves.
            DutyKind::Goal | DutyKind::Job => Ok(()),
        };
        match handed {
            Err(Refusal::Forbidden(_) | Refusal::NotFound) => Ok(()),
            other => other,
        }
    }

    /// Makes one report of the person report to the heir, in every assignment from today on.
    fn report(&self, store: &mut dyn Store, actor: &Actor, id: EmployeeId) -> Result<(), Refusal> {
        let sealed = store.employee(id, actor.today)?;
        let (before, permit) = actor.open(store, Action::EmployeeWrite, sealed)?;
        let manager_id = if id == self.heir { self.above } else { Some(self.heir) };
        let history = store.assignments(id, &Page::ALL)?;
        let mut starts: Vec<_> = history.iter().map(|held| held.period.start).collect();
        let mut record = Record::new("employee.assigned", id, permit.rule());
        let led = history.iter().filter(|held| {
            held.manager_id == Some(self.person)
                && held.period.end.is_none_or(|end| actor.today <= end)
        });
        for held in led {
            let start = held.period.start.max(actor.today);
            let insertion = insert_stretch(starts.iter().copied(), start);
            let assignment = Assignment {
                id: if insertion.replaced { held.id } else { new_id().into() },
                period: insertion.period,
                manager_id,
                ..held.clone()
            };
            check_leader(store, actor, &assignment)?;
            reassign(store, &before, &assignment, &insertion)?;
            record = audit_details::assigned(record, Some(held), &assignment);
            starts.push(start);
        }
        let (version, updated_at) = (before.version + 1, actor.now);
        let after = Employee { version, updated_at, ..before.clone() };
        let record = record.because(&self.order.reason);
        Ok(store.update_employee(&before, Change::new(after, record))?)
    }

    /// Makes the heir responsible for a review. The heir's own review goes to the manager
    /// responsible for the person's review, otherwise to the person's manager.
    fn review(&self, store: &mut dyn Store, actor: &Actor, duty: &OpenDuty) -> Result<(), Refusal> {
        let is_own = duty.about.as_ref().is_some_and(|(about, _)| *about == self.heir);
        let leader = duty.cycle_id.and_then(|cycle| self.leaders.get(&cycle)).copied();
        let leader = match (is_own, leader.filter(|leader| *leader != self.heir).or(self.above)) {
            (false, _) => self.heir,
            (true, Some(above)) => above,
            (true, None) => return Ok(()),
        };
        let order = Handover { manager_id: leader.uuid(), ..self.order.clone() };
        hand_over(store, actor, duty.resource_id.into(), None, order).map(|_| ())
    }

    /// Gives the person's seat to the heir, if the heir may take it and the session does not
    /// compare the heir's own grade.
    fn session(&self, store: &mut dyn Store, actor: &Actor, id: Uuid) -> Result<(), Refusal> {
        let sealed = store.lock_calibration_session(id.into())?;
        let (before, permit) = actor.open(store, Action::CalibrationSessionWrite, sealed)?;
        let Some(seat) = before.seat_of(self.person) else { return Ok(()) };
        let seats = store.seats(before.cycle_id, &[self.heir], actor.today)?;
        let member = SessionMember { employee_id: self.heir, seat, present: false };
        if !seats.fit(&member) || store.sessions_about(&[self.heir])?.contains(&before.id) {
            return Ok(());
        }
        let mut members = before.members.clone();
        if before.seat_of(self.heir).is_some() {
            members.retain(|member| member.employee_id != self.person);
        }
        // The heir was not present when the session was opened.
        for held in members.iter_mut().filter(|held| held.employee_id == self.person) {
            *held = member;
        }
        let list = |members| serde_json::to_value(members).unwrap_or_default();
        let record = Record::new("calibration_session.updated", id, permit.rule())
            .because(&self.order.reason)
            .field("members", list(&before.members), list(&members));
        let (version, updated_at) = (before.version + 1, actor.now);
        let after = CalibrationSession { members, version, updated_at, ..before };
        Ok(store.update_calibration_session(Change::new(after, record))?)
    }
}

/// Makes the caller responsible for a key.
fn key(store: &mut dyn Store, actor: &Actor, id: Uuid) -> Result<(), Refusal> {
    let sealed = store.api_key(id.into())?;
    let (key, _) = actor.open(store, Action::ApiKeyRead, sealed)?;
    take_over_api_key(store, actor, key.id, &Seen::version(key.version)).map(|_| ())
}
