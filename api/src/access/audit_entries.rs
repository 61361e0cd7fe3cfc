//! Audit entries: who did what, when, and by which rule of the access policy.

use crate::access::words;
use crate::platform::areas::Noun;
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::PathId;
use crate::platform::files::decode::hex;
use crate::platform::page::page_of;
use crate::platform::parameters::Query;
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use domain::access::disclosure::{self, Belonging, Withheld};
use domain::policy::{Action, Decision, Mask, Principal, Target, authorise, decide};
use persistence::{After, AuditEntry, AuditFilter, Page, Store};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// One entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditEntryView {
    /// Id of the entry.
    pub id: Uuid,
    /// Position in the tenant's hash chain, from 1 without gaps. Present only for readers without
    /// an employee: for others, a gap would disclose an entry about themselves that is not shown
    /// yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 42)]
    pub position: Option<i64>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Kind of actor: `account`, `api_key` or `system`.
    #[schema(value_type = words::ActorKind)]
    pub actor_kind: String,
    /// Id of the account or key; absent for the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<Uuid>,
    /// Account whose authority was used, if it is not the actor's own; otherwise absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<Uuid>,
    /// Noun and participle; also the type of the event.
    #[schema(example = "position.updated")]
    pub action: String,
    /// Noun of the changed record.
    #[schema(example = "position")]
    pub resource: String,
    /// Id of the changed record.
    pub resource_id: Uuid,
    /// State before; absent if the state did not change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "active")]
    pub from: Option<String>,
    /// State after; absent if the state did not change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "deactivated")]
    pub to: Option<String>,
    /// Reason in the actor's words; absent unless an auditor who may see the whole record reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Left the company")]
    pub reason: Option<String>,
    /// Rule of the access policy that permitted the action.
    #[schema(example = "hr-admin")]
    pub rule: String,
    /// Id of the request.
    #[schema(example = "0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11")]
    pub request_id: String,
    /// Values before and after, by field; only for auditors who may see the whole record or the
    /// record of a person. Absent once erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!({ "title": ["Clerk", "Senior Clerk"] }))]
    pub details: Option<BTreeMap<String, serde_json::Value>>,
    /// SHA-256 over this entry and the previous hash, in hexadecimal; present if `position` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub hash: Option<String>,
}

impl AuditEntryView {
    /// The entry with the values and reason that the `mask` of its record allows, and with its
    /// position in the chain if `numbered`.
    fn new(entry: AuditEntry, mask: Option<Mask>, numbered: bool) -> Self {
        let has_values = mask.is_some_and(|mask| disclosure::shows_values(&entry.action, mask));
        let details = entry.details.filter(|_| has_values);
        Self {
            id: entry.id,
            position: numbered.then_some(entry.position),
            at: entry.at,
            actor_kind: entry.actor_kind,
            actor_id: entry.actor_id,
            on_behalf_of: entry.on_behalf_of,
            action: entry.action,
            resource: entry.resource,
            resource_id: entry.resource_id,
            from: entry.from_state,
            to: entry.to_state,
            reason: entry.reason.filter(|_| mask == Some(Mask::Full)),
            rule: entry.rule,
            request_id: entry.request_id,
            details: details.and_then(|text| serde_json::from_str(&text).ok()),
            hash: numbered.then(|| hex(&entry.hash)),
        }
    }
}

page_of! {
    /// A page of audit entries.
    pub struct AuditEntryPage
    /// The entries, oldest first.
    of AuditEntryView
}

/// Query parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditEntryQuery {
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only entries of this actor (account or key).
    actor_id: Option<Uuid>,
    /// Only entries about this record.
    resource_id: Option<Uuid>,
    /// Only entries with this action, such as `position.updated`.
    action: Option<String>,
    /// Only entries at or after this instant.
    from: Option<DateTime<Utc>>,
    /// Only entries before this instant.
    until: Option<DateTime<Utc>>,
}

/// An entry as it is shown to the reader.
struct ShownEntry {
    position: i64,
    /// If the entry shows values of a review: the review and the person it is about.
    told: Option<(Uuid, Uuid)>,
    view: AuditEntryView,
}

/// What the caller may see of the log.
struct LogAccess {
    mask: Mask,
    /// Ids of the reader's own records.
    own: HashSet<Uuid>,
    /// Ids of the records of people who the reader may be; their values are hidden as well.
    behind: HashSet<Uuid>,
    only_own: bool,
    withheld: Vec<Withheld>,
    numbered: bool,
}

impl LogAccess {
    /// Readers with the right to the log see all of it, others only entries about their own
    /// records. Nobody sees values or reasons of entries about themselves.
    fn of(store: &mut dyn Store, actor: &Actor) -> Result<Self, Refusal> {
        let (mask, only_own) = Self::scope(actor)?;
        let subject = &actor.subject;
        let people: Vec<_> = subject.persons().collect();
        let records = store.own_records(subject.principal.id(), &people)?;
        let of = |belonging| {
            let of = records.iter().filter(move |record| record.belonging == belonging);
            of.map(|record| record.id)
        };
        let oneself = subject.employee_id.map(|person| person.uuid());
        let behind = subject.behind.iter().map(|person| person.uuid());
        Ok(Self {
            mask,
            own: oneself.into_iter().chain(of(Belonging::Account)).collect(),
            behind: behind.chain(of(Belonging::Behind)).collect(),
            only_own,
            withheld: disclosure::withheld(subject, &records),
            numbered: people.is_empty(),
        })
    }

    /// The fields shown, and whether the reader sees only entries about their own records.
    fn scope(actor: &Actor) -> Result<(Mask, bool), Refusal> {
        let refused = match actor.may(Action::AuditEntryRead) {
            Ok(permit) => return Ok((permit.mask(), false)),
            Err(refused) => refused,
        };
        let mine = authorise(&actor.subject, Action::AuditEntryRead, &oneself(actor));
        let permit = mine.map_err(|_| refused)?;
        Ok((permit.mask(), true))
    }

    /// Limits `filter` to the entries the reader may see.
    fn narrow(&self, mut filter: AuditFilter) -> AuditFilter {
        if self.only_own {
            let asked = filter.resource_ids.take();
            let visible = |id: &Uuid| asked.as_ref().is_none_or(|asked| asked.contains(id));
            filter.resource_ids = Some(self.own.iter().copied().filter(visible).collect());
        }
        filter.withheld.clone_from(&self.withheld);
        filter
    }

    /// The entries of `filter`, each as it is shown.
    fn entries(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        filter: AuditFilter,
        page: &Page,
    ) -> Result<Vec<ShownEntry>, Refusal> {
        let entries = store.audit_entries(&self.narrow(filter), page)?;
        let targets = self.targets(store, &entries)?;
        let opened = |entry: &AuditEntry| {
            let target = targets.get(&entry.resource_id)?;
            Some((target, self.opens(actor, entry, target)?))
        };
        let moves =
            entries.iter().filter(|entry| entry.resource == "move" && opened(entry).is_some());
        let moves: Vec<_> = moves.map(|entry| entry.resource_id).collect();
        let moved = match moves.is_empty() {
            true => Vec::new(),
            false => store.reviews_moved(&moves)?,
        };
        let told = |entry: &AuditEntry, target: &Target| match entry.resource.as_str() {
            "review" => Some((target.id, target.about?.uuid())),
            "move" => {
                let of = moved.iter().find(|(id, ..)| *id == entry.resource_id);
                of.map(|(_, review, person)| (review.uuid(), person.uuid()))
            }
            _ => None,
        };
        let shown = |entry: AuditEntry| {
            let (target, mask) = opened(&entry).unzip();
            ShownEntry {
                position: entry.position,
                told: target.and_then(|target| told(&entry, target)),
                view: AuditEntryView::new(entry, mask, self.numbered),
            }
        };
        Ok(entries.into_iter().map(shown).collect())
    }

    /// What the policy needs to know about the records of these entries, with one statement per
    /// noun. Empty if no values may be shown anyway.
    fn targets(
        &self,
        store: &mut dyn Store,
        entries: &[AuditEntry],
    ) -> Result<HashMap<Uuid, Target>, Refusal> {
        let mut told = BTreeMap::<&str, BTreeSet<Uuid>>::new();
        for entry in entries.iter().filter(|_| self.mask == Mask::Full) {
            told.entry(&entry.resource).or_default().insert(entry.resource_id);
        }
        let mut targets = HashMap::new();
        for (noun, ids) in told {
            let ids: Vec<_> = ids.into_iter().collect();
            let found = store.targets(noun, &ids)?;
            targets.extend(found.into_iter().map(|target| (target.id, target)));
        }
        Ok(targets)
    }

    /// The mask of the record that an entry's values are shown with; none if no values are shown.
    /// It depends on the reader's roles only, not on reporting lines or units.
    fn opens(&self, actor: &Actor, entry: &AuditEntry, target: &Target) -> Option<Mask> {
        let subject = &actor.subject;
        let about_oneself =
            [&self.own, &self.behind].iter().any(|of| of.contains(&entry.resource_id))
                || target.about.is_some_and(|person| subject.may_be(person));
        let permit = disclosure::opened_by(&entry.action)
            .and_then(|action| decide(subject, action, target).permit);
        let mask = permit.map(|permit| permit.mask()).filter(|_| !about_oneself);
        mask.filter(|mask| disclosure::shows_values(&entry.action, *mask))
    }
}

/// The reader, as a record that entries are about.
fn oneself(actor: &Actor) -> Target {
    let subject = &actor.subject;
    let account = match subject.principal {
        Principal::Person(account) => Some(account),
        Principal::Service { .. } => None,
    };
    let id = subject.principal.id();
    Target { id, about: subject.employee_id, account, ..Target::default() }
}

/// List audit entries
///
/// Lists the tenant's log, oldest first. HR administrators see who did what and when; auditors also
/// see values and reasons, as far as they may see the record; everybody else sees what was done to
/// their own record, account, roles, keys and sign-ins. Nobody sees values of entries about
/// themselves, and entries that would disclose the reader's own result appear only after its
/// release; pages are filled up nevertheless.
#[utoipa::path(tag = "audit-entries", operation_id = "listAuditEntries", params(AuditEntryQuery),
    responses((status = 200, description = "A page of audit entries", body = AuditEntryPage)),
    security(("bearer" = [])))]
#[get("")]
async fn list(caller: Caller, query: Query<AuditEntryQuery>) -> Result<HttpResponse, Refusal> {
    let Query(query) = query;
    let request = caller.page(query.limit, query.cursor.as_deref(), None)?;
    let page = request.page.clone();
    let filter = AuditFilter {
        actor_id: query.actor_id,
        resource_ids: query.resource_id.map(|id| vec![id]),
        action: query.action,
        from: query.from,
        until: query.until,
        ..AuditFilter::default()
    };
    let rows = caller
        .snapshot(move |store, actor| {
            LogAccess::of(store, actor)?.entries(store, actor, filter.clone(), &page)
        })
        .await?;
    let part = request.cut(&caller.app, rows, |last| After::Position(last.position));
    caller.shown("listAuditEntries", part.rows.iter().filter_map(|row| row.told)).await?;
    caller.answer_part::<AuditEntryPage, _>(part, |row| row.view)
}

/// Read an audit entry
///
/// Shows one entry of the log, as in the list.
#[utoipa::path(tag = "audit-entries", operation_id = "getAuditEntry",
    params(("id" = Uuid, Path, description = "Id of the audit entry")),
    responses((status = 200, description = "The audit entry", body = AuditEntryView)),
    security(("bearer" = [])))]
#[get("/{id}")]
async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let entry = caller.snapshot(move |store, actor| read_entry(store, actor, id.0)).await?;
    caller.shown("getAuditEntry", entry.told).await?;
    caller.found(1, &entry.view)
}

/// An audit entry as the caller may see it.
fn read_entry(store: &mut dyn Store, actor: &Actor, id: Uuid) -> Result<ShownEntry, Refusal> {
    let sight = LogAccess::of(store, actor).map_err(|refused| match refused {
        Refusal::Forbidden(_) => Refusal::NotFound,
        other => other,
    })?;
    let filter = AuditFilter { id: Some(id), ..AuditFilter::default() };
    let found = sight.entries(store, actor, filter, &Page::ALL)?;
    found.into_iter().next().ok_or(Refusal::NotFound)
}

/// The policy decision by which the log shows an entry to the caller; none if it does not.
pub fn decision(
    store: &mut dyn Store,
    actor: &Actor,
    id: Uuid,
) -> Result<Option<Decision>, Refusal> {
    let entry = match read_entry(store, actor, id) {
        Err(Refusal::NotFound) => return Ok(None),
        entry => entry?,
    };
    let sight = LogAccess::of(store, actor)?;
    let target = match sight.own.contains(&entry.view.resource_id) {
        true => oneself(actor),
        false => Target { id, ..Target::default() },
    };
    Ok(Some(decide(&actor.subject, Action::AuditEntryRead, &target)))
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("audit-entries", "Who did what, when, and by which rule.")],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(scope("/audit-entries").service(list).service(read));
}
