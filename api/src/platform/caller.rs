//! The caller of a request: who it is, and the only ways from a handler to the database.

use crate::platform::app::{App, new_id, seed};
use crate::platform::page::{self, Counted, ListAction, Listed, PageRequest, Part};
use crate::platform::problem::{RequestId, Violation};
use crate::platform::refusal::Refusal;
use crate::platform::reply::{self, Reply};
use crate::platform::seen::Seen;
use crate::platform::transition::{Transition, transit};
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use chrono::NaiveDate;
use domain::core::change::Versioned;
use domain::core::id::TenantId;
use domain::core::text::TextEnum;
use domain::core::time::Timestamp;
use domain::policy::{
    Action, Grant, Permit, Protected, Relations, Sealed, Shown, Subject, Target, authorise, decide,
    relations_matter,
};
use futures_util::future::LocalBoxFuture;
use persistence::{After, Context, Store, StoredReply};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use uuid::Uuid;

/// Greatest length of an `Idempotency-Key`.
pub const MAX_KEY: usize = 255;

/// Who acts, and when: what a use case knows of its caller.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Who is asking, with the roles of this moment.
    pub subject: Arc<Subject>,
    /// The instant at which everything in the request happens.
    pub now: Timestamp,
    /// The business date, in the tenant's time zone.
    pub today: NaiveDate,
    /// The tenant's time zone.
    pub zone: chrono_tz::Tz,
}

impl Actor {
    /// Decides about something that is not loaded: creating, listing.
    pub fn may(&self, action: Action) -> Result<Permit, Refusal> {
        self.may_about(action, &Target::default())
    }

    /// All that can be done to something, if the caller may take `action` on it, and nothing otherwise.
    pub fn offers<W: TextEnum>(&self, action: Action, target: &Target) -> Vec<W> {
        match decide(&self.subject, action, target).permit {
            Some(_) => W::ALL.to_vec(),
            None => Vec::new(),
        }
    }

    /// What can be done in a list to which `action` adds, before it is known what would be added: a record
    /// about nobody in particular, or one about the caller.
    pub fn creates(&self, action: Action) -> Vec<ListAction> {
        let own = Target { about: self.subject.employee_id, ..Target::default() };
        let offered = self.offers(action, &Target::default());
        if offered.is_empty() { self.offers(action, &own) } else { offered }
    }

    /// [`Actor::may`], about the person or account that `target` names.
    pub fn may_about(&self, action: Action, target: &Target) -> Result<Permit, Refusal> {
        let target = Target { id: Uuid::nil(), ..*target };
        Ok(authorise(&self.subject, action, &target)?)
    }

    /// The first of some actions that is permitted towards a target; the very first one if none is, so
    /// that its refusal is reported.
    pub fn permitted(&self, actions: &[Action], target: &Target) -> Action {
        let may = |action: &&Action| decide(&self.subject, **action, target).permit.is_some();
        actions.iter().find(may).copied().unwrap_or(actions[0])
    }

    /// Opens a loaded record as a whole, or refuses: hidden like a missing one, or forbidden by name,
    /// also where the caller sees a part of it.
    pub fn open<T: Protected>(
        &self,
        store: &mut dyn Store,
        action: Action,
        record: Option<Sealed<T>>,
    ) -> Result<(T, Permit), Refusal> {
        self.open_as_of(store, action, record, self.today)
    }

    /// [`Actor::open`] for a change by a caller who must have seen its present version.
    pub fn open_seen<T: Protected + Versioned>(
        &self,
        store: &mut dyn Store,
        action: Action,
        record: Option<Sealed<T>>,
        seen: &Seen,
    ) -> Result<(T, Permit), Refusal> {
        let (record, permit) = self.open(store, action, record)?;
        seen.check(record.version())?;
        Ok((record, permit))
    }

    /// [`Actor::open`] by the relationships of another date.
    pub fn open_as_of<T: Protected>(
        &self,
        store: &mut dyn Store,
        action: Action,
        record: Option<Sealed<T>>,
        as_of: NaiveDate,
    ) -> Result<(T, Permit), Refusal> {
        let (record, permit, _) = self.open_related(store, action, record, as_of)?;
        Ok((record, permit))
    }

    /// [`Actor::open_as_of`], which also tells how the caller stands to the record.
    pub fn open_related<T: Protected>(
        &self,
        store: &mut dyn Store,
        action: Action,
        record: Option<Sealed<T>>,
        as_of: NaiveDate,
    ) -> Result<(T, Permit, Target), Refusal> {
        let (record, permit, target) = self.admit(store, action, record, as_of)?;
        Ok((record.open(&permit)?, permit, target))
    }

    /// Opens a loaded record for reading, as far as the caller sees it, and tells how the caller
    /// stands to it.
    pub fn show<T: Protected>(
        &self,
        store: &mut dyn Store,
        action: Action,
        record: Option<Sealed<T>>,
    ) -> Result<(Shown<T>, Target), Refusal> {
        let (record, permit, target) = self.admit(store, action, record, self.today)?;
        Ok((record.show(&permit)?, target))
    }

    /// A record as the caller sees it who has just changed it, where no relationship to a person
    /// matters.
    pub fn shown<T: Protected>(&self, action: Action, record: T) -> Shown<T> {
        let target = record.target(self.today);
        Shown::to(&self.subject, action, record, &target)
    }

    /// A row of a list as the caller sees it, where no relationship to a person matters.
    pub fn show_row<T: Protected>(
        &self,
        action: Action,
        row: Sealed<T>,
    ) -> Result<Shown<T>, Refusal> {
        let permit = authorise(&self.subject, action, &row.target(self.today))?;
        Ok(row.show(&permit)?)
    }

    fn admit<T: Protected>(
        &self,
        store: &mut dyn Store,
        action: Action,
        record: Option<Sealed<T>>,
        as_of: NaiveDate,
    ) -> Result<(Sealed<T>, Permit, Target), Refusal> {
        let record = record.ok_or(Refusal::NotFound)?;
        let mut target = record.target(self.today);
        self.relate(store, action, &mut target, as_of)?;
        let permit = authorise(&self.subject, action, &target)?;
        Ok((record, permit, target))
    }

    /// Loads how the subject stands to the person concerned, if the decision depends on it.
    pub fn relate(
        &self,
        store: &mut dyn Store,
        action: Action,
        target: &mut Target,
        as_of: NaiveDate,
    ) -> Result<(), Refusal> {
        let reading = action.reading();
        let matter = relations_matter(&self.subject, action, target)
            || (reading != action && relations_matter(&self.subject, reading, target));
        if !matter {
            return Ok(());
        }
        target.relations = self.relations(store, target, as_of)?;
        Ok(())
    }

    /// How the subject stands to the person concerned, for whoever decides about several parts of
    /// one record.
    pub fn relations(
        &self,
        store: &mut dyn Store,
        target: &Target,
        as_of: NaiveDate,
    ) -> Result<Relations, Refusal> {
        let mut relations = target.relations;
        if let Some(about) = target.about {
            let units = self.subject.units_of_interest();
            relations = store.relations(self.subject.employee_id, about, &units, as_of)?;
        }
        if let (Some(session), Some(me)) = (target.session, self.subject.employee_id) {
            relations.calibrator = store.is_calibrator(session, me)?;
        }
        Ok(relations)
    }
}

/// A signed-in caller with the head of its request.
pub struct Caller {
    /// The program.
    pub app: Data<App>,
    /// Who acts, and when.
    pub actor: Actor,
    request: HttpRequest,
}

impl FromRequest for Caller {
    type Error = Refusal;
    type Future = LocalBoxFuture<'static, Result<Self, Refusal>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = crate::platform::extract::app(&request)?;
            let found = crate::platform::auth::authenticate(&app, &request).await;
            let actor = crate::platform::edge::rate::charge_caller(&app, &request, found)?;
            request.extensions_mut().insert(actor.clone());
            Ok(Self { app, actor, request })
        })
    }
}

impl Caller {
    /// What `If-Match`, which every change of something existing must carry, says that the caller has
    /// seen.
    pub fn seen(&self) -> Result<Seen, Refusal> {
        Seen::by(&self.request)
    }

    /// Reads `limit`, `cursor` and `updated_since` for the list this request asks for.
    pub fn page(
        &self,
        limit: Option<i64>,
        cursor: Option<&str>,
        updated_since: Option<Timestamp>,
    ) -> Result<PageRequest, Refusal> {
        let mut filters: Vec<&str> = self
            .request
            .query_string()
            .split('&')
            .filter(|pair| !["cursor=", "limit=", "count="].iter().any(|it| pair.starts_with(it)))
            .collect();
        filters.sort_unstable();
        let tenant = self.actor.subject.tenant;
        let binding = format!("{tenant}{}?{}", self.request.path(), filters.join("&"));
        page::request(&self.app, binding, limit, cursor, updated_since)
    }

    /// Reads; each statement sees the newest commit.
    pub async fn read<R, F>(&self, mut work: F) -> Result<R, Refusal>
    where
        F: FnMut(&mut dyn Store, &Actor) -> Result<R, Refusal> + Send + 'static,
        R: Send + 'static,
    {
        let actor = self.actor.clone();
        self.app.db.read(actor.subject.tenant, move |store| work(store, &actor)).await
    }

    /// Reads; all statements see one and the same commit.
    pub async fn snapshot<R, F>(&self, mut work: F) -> Result<R, Refusal>
    where
        F: FnMut(&mut dyn Store, &Actor) -> Result<R, Refusal> + Send + 'static,
        R: Send + 'static,
    {
        let actor = self.actor.clone();
        self.app.db.snapshot(actor.subject.tenant, move |store| work(store, &actor)).await
    }

    /// Reads the rows of a page and, if that is asked for, how many the whole list has; both from one and
    /// the same commit.
    pub async fn list<R, F>(
        &self,
        count: Option<bool>,
        mut work: F,
    ) -> Result<(R, Option<i64>), Refusal>
    where
        F: FnMut(&mut dyn Store, &Actor, bool) -> Result<(R, Option<i64>), Refusal>
            + Send
            + 'static,
        R: Send + 'static,
    {
        if count == Some(true) {
            self.snapshot(move |store, actor| work(store, actor, true)).await
        } else {
            self.read(move |store, actor| work(store, actor, false)).await
        }
    }

    /// Answers with a resource and its ETag.
    pub fn found<T: Serialize>(&self, version: i32, view: &T) -> Result<HttpResponse, Refusal> {
        reply::found(version, view)
    }

    /// Answers with a page of a list.
    pub fn listed<T: Serialize>(
        &self,
        page: &T,
        next_cursor: Option<&str>,
    ) -> Result<HttpResponse, Refusal> {
        reply::listed(&self.request, page, next_cursor)
    }

    /// Answers with the rows that were read for a page of a list, each as `view` shows it. `key` is the
    /// place of a row in the list.
    pub fn answer<P: Listed, R>(
        &self,
        request: &PageRequest,
        rows: Vec<R>,
        key: impl FnOnce(&R) -> After,
        view: impl FnMut(R) -> P::Item,
    ) -> Result<HttpResponse, Refusal> {
        self.answer_part::<P, R>(request.cut(&self.app, rows, key), view)
    }

    /// [`Caller::answer`] with rows that were cut to the page already.
    pub fn answer_part<P: Listed, R>(
        &self,
        part: Part<R>,
        view: impl FnMut(R) -> P::Item,
    ) -> Result<HttpResponse, Refusal> {
        self.answer_page(part, view, |page: P| page)
    }

    /// [`Caller::answer_part`] with the number of rows in the whole list, if that was asked for.
    pub fn answer_counted<P: Counted, R>(
        &self,
        part: Part<R>,
        total: Option<i64>,
        view: impl FnMut(R) -> P::Item,
    ) -> Result<HttpResponse, Refusal> {
        self.answer_page(part, view, |page: P| page.with_total(total))
    }

    fn answer_page<P: Listed, R>(
        &self,
        Part { rows, next_cursor }: Part<R>,
        view: impl FnMut(R) -> P::Item,
        complete: impl FnOnce(P) -> P,
    ) -> Result<HttpResponse, Refusal> {
        let creation = P::CREATION.map(|action| self.actor.creates(action)).unwrap_or_default();
        let page = complete(P::new(next_cursor.clone(), creation));
        let items: Vec<P::Item> = rows.into_iter().map(view).collect();
        reply::page(&self.request, &page, &items, next_cursor.as_deref())
    }

    /// Runs a use case as one unit of work and answers with its reply. With an `Idempotency-Key`
    /// the reply is kept in the same transaction, and a retry gets it again.
    pub async fn change<T, F>(
        &self,
        body_digest: Option<[u8; 32]>,
        work: F,
    ) -> Result<HttpResponse, Refusal>
    where
        F: FnMut(&mut dyn Store, &Actor) -> Result<Reply<T>, Refusal> + Send + 'static,
        T: Serialize + 'static,
    {
        self.commit(false, body_digest, work).await
    }

    /// [`Caller::change`] for a transition.
    pub async fn transit<T, V>(
        &self,
        body_digest: Option<[u8; 32]>,
        step: T,
    ) -> Result<HttpResponse, Refusal>
    where
        T: Transition<Output = Reply<V>> + Send + 'static,
        V: Serialize + 'static,
    {
        self.change(body_digest, move |store, actor| transit(store, actor, &step)).await
    }

    /// [`Caller::change`] for a use case that takes long.
    pub async fn change_bulk<T, F>(
        &self,
        body_digest: Option<[u8; 32]>,
        work: F,
    ) -> Result<HttpResponse, Refusal>
    where
        F: FnMut(&mut dyn Store, &Actor) -> Result<Reply<T>, Refusal> + Send + 'static,
        T: Serialize + 'static,
    {
        self.commit(true, body_digest, work).await
    }

    async fn commit<T, F>(
        &self,
        bulk: bool,
        body_digest: Option<[u8; 32]>,
        mut work: F,
    ) -> Result<HttpResponse, Refusal>
    where
        F: FnMut(&mut dyn Store, &Actor) -> Result<Reply<T>, Refusal> + Send + 'static,
        T: Serialize + 'static,
    {
        // A change happens when it is made, not when its request began to arrive: whoever mirrors a
        // list by the instants of changes misses what is kept long after its own.
        let context = Context { now: self.app.clock.now(), ..self.context() };
        let mut actor = self.actor.clone();
        let principal = actor.subject.principal.id();
        let key = self.idempotency_key()?;
        let in_flight = key.as_ref().map(|key| InFlight::enter(&self.app, principal, key));
        let _in_flight = in_flight.transpose()?;
        let digest = self.request_digest(body_digest);
        let unit = move |store: &mut dyn Store| {
            actor.now = store.instant();
            let Some(key) = &key else { return Ok((work(store, &actor)?.store()?, false)) };
            if let Some(stored) = store.take_key(principal, key)? {
                let same = stored.request_digest == digest;
                return if same { Ok((stored, true)) } else { Err(Refusal::IdempotencyKeyReused) };
            }
            let reply = work(store, &actor)?;
            let kept = StoredReply { request_digest: digest.clone(), ..reply.store_for_replay()? };
            store.store_reply(principal, key, kept)?;
            Ok((reply.store()?, false))
        };
        let db = &self.app.db;
        let (stored, replayed) = if bulk {
            db.write_bulk(context, unit).await?
        } else {
            db.write(context, unit).await?
        };
        reply::send(&stored, replayed)
    }

    /// On whose behalf the request's units of work run.
    pub fn context(&self) -> Context {
        let subject = &self.actor.subject;
        Context {
            tenant: subject.tenant,
            actor_kind: subject.principal.kind(),
            actor_id: Some(subject.principal.id()),
            on_behalf_of: None,
            request_id: RequestId::of(&self.request),
            now: self.actor.now,
            seed: seed(),
        }
    }

    /// The head of the request.
    pub fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// A key has characters that can be seen, and spaces between them, as the contract says.
    fn idempotency_key(&self) -> Result<Option<String>, Refusal> {
        let Some(header) = self.request.headers().get("Idempotency-Key") else { return Ok(None) };
        let fault = |code| Violation::new("/header/Idempotency-Key", code);
        Err(Refusal::Malformed(vec![match header.to_str() {
            Ok("") => fault("required"),
            Ok(key) if key.len() > MAX_KEY => fault("too_long").with("max", MAX_KEY),
            Ok(key) if !key.contains('\t') => return Ok(Some(key.to_owned())),
            _ => fault("pattern"),
        }]))
    }

    /// What a retry must have in common with the first request: also the roles, since whoever has
    /// lost one is not to be shown again what was answered when they had it.
    fn request_digest(&self, body: Option<[u8; 32]>) -> Vec<u8> {
        let mut hash = Sha256::new();
        let mut roles: Vec<_> = self.actor.subject.grants.iter().collect();
        roles.sort_unstable_by_key(|grant| (grant.role, grant.org_unit_id));
        for Grant { role, org_unit_id } in roles {
            hash.update(role.as_str());
            hash.update(org_unit_id.map_or(Uuid::nil(), Uuid::from));
        }
        hash.update(self.request.method().as_str());
        hash.update([0]);
        hash.update(self.request.uri().to_string());
        hash.update([0]);
        hash.update(body.unwrap_or_default());
        hash.finalize().to_vec()
    }
}

/// Holds an idempotency key while its request is served.
struct InFlight {
    app: Data<App>,
    key: (Uuid, String),
}

impl InFlight {
    fn enter(app: &Data<App>, principal: Uuid, key: &str) -> Result<Self, Refusal> {
        let key = (principal, key.to_owned());
        let mut held = app.in_flight.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if held.insert(key.clone()) {
            Ok(Self { app: app.clone(), key })
        } else {
            Err(Refusal::IdempotencyInFlight)
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut held = self.app.in_flight.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        held.remove(&self.key);
    }
}

/// The context of what the program does by itself.
pub fn system_context(tenant: TenantId, now: Timestamp) -> Context {
    Context {
        tenant,
        actor_kind: "system",
        actor_id: None,
        on_behalf_of: None,
        request_id: new_id().to_string(),
        now,
        seed: seed(),
    }
}
