//! The person or program behind a token or key, read from the database and cached for half a
//! second, and while it is read anew a little longer, so that a revoked role, account or key has no
//! effect after a second.

use super::token::Claims;
use super::{Auth, secret};
use crate::platform::app::App;
use crate::platform::caller::system_context;
use crate::platform::refusal::Refusal;
use chrono::{NaiveDate, SubsecRound, TimeDelta};
use chrono_tz::Tz;
use domain::access::account::AccountStatus;
use domain::core::id::{AccountId, SessionId, TenantId};
use domain::core::time::Timestamp;
use domain::policy::{self, Subject};
use persistence::{Authority, KeyHolder, SignedIn, Standing};
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// How long a principal is cached.
const TTL: Duration = Duration::from_millis(500);
/// How long it is believed while somebody asks for it anew. Otherwise all the requests of a busy
/// caller would ask at once.
const GRACE: Duration = Duration::from_millis(900);
/// Maximum number of cached principals.
const CAPACITY: usize = 10_000;

/// The caller, on a business day.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The subject of policy decisions.
    pub subject: Arc<Subject>,
    /// Today in the tenant's time zone.
    pub today: NaiveDate,
    /// The tenant's time zone.
    pub zone: Tz,
}

impl Principal {
    /// Whether an instant lies on the same business day; rights can end with the day.
    fn is_of(&self, now: Timestamp) -> bool {
        now.with_timezone(&self.zone).date_naive() == self.today
    }
}

/// Cached principals, each with what its credentials must match.
#[derive(Default)]
pub struct Principals {
    sessions: Cache<(TenantId, AccountId, SessionId), (Principal, i32)>,
    keys: Cache<(TenantId, String), (Principal, Vec<u8>)>,
}

/// The account an access token was issued for, if the session epoch is still that of the token.
pub async fn of_session(app: &App, claims: &Claims, now: Timestamp) -> Result<Principal, Refusal> {
    let (tenant, account, session) = (claims.tid, claims.sub, claims.sid);
    let Auth { principals, .. } = &app.auth;
    let entry = (tenant, account, session);
    let asked = Instant::now();
    let known = principals.sessions.get(&entry, asked).filter(|(known, _)| known.is_of(now));
    let (principal, epoch) = match known {
        Some(known) => known,
        None => {
            let found = app.db.read(tenant, move |store| store.signed_in(account, session)).await;
            let known = found.map_err(Refusal::from).and_then(|found| {
                let found = found.ok_or(Refusal::Unauthenticated("no such session"))?;
                Ok((signed_in(tenant, account, &found, now)?, found.session_epoch))
            });
            principals.sessions.keep(entry, known, asked)?
        }
    };
    if epoch == claims.epoch {
        Ok(principal)
    } else {
        Err(Refusal::Unauthenticated("another session epoch"))
    }
}

/// The principal of an open session, whose account may act.
pub fn signed_in(
    tenant: TenantId,
    account: AccountId,
    found: &SignedIn,
    now: Timestamp,
) -> Result<Principal, Refusal> {
    if found.revoked_at.is_some() || found.expires_at <= now {
        return Err(Refusal::Unauthenticated("the session has ended"));
    }
    acting(tenant, policy::Principal::Person(account), &found.standing, now)
}

/// The principal of an API key, by its secret.
pub async fn of_api_key(app: &App, text: &str, now: Timestamp) -> Result<Principal, Refusal> {
    const INVALID: Refusal = Refusal::Unauthenticated("no valid API key");
    let (tenant, prefix) = secret::api_key_parts(text).ok_or(INVALID)?;
    let keys = &app.auth.principals.keys;
    let entry = (tenant, prefix.to_owned());
    let asked = Instant::now();
    let known = keys.get(&entry, asked).filter(|(known, _)| known.is_of(now));
    let (principal, hash) = match known {
        Some(known) => known,
        None => {
            let prefix = entry.1.clone();
            let found = app.db.read(tenant, move |store| store.key_holder(&prefix)).await;
            let known = found.map_err(Refusal::from).and_then(|found| {
                let found = found.ok_or(INVALID)?;
                if found.expires_at.is_some_and(|end| end <= now) {
                    return Err(Refusal::Unauthenticated("the API key has expired"));
                }
                let (key, scopes, unit) = (found.id, found.scopes.clone(), found.unit);
                let service = policy::Principal::Service { key, scopes, unit };
                let principal = acting(tenant, service, &found.standing, now)?;
                if found.secret_hash == secret::hash(text) {
                    note_use(app, tenant, &found, now);
                }
                Ok((principal, found.secret_hash))
            });
            keys.keep(entry, known, asked)?
        }
    };
    if hash == secret::hash(text) { Ok(principal) } else { Err(INVALID) }
}

/// The author of an earlier request, with the rights of this moment.
pub fn of_authority(
    tenant: TenantId,
    authority: &Authority,
    now: Timestamp,
) -> Result<Principal, Refusal> {
    if authority.expires_at.is_some_and(|end| end <= now) {
        return Err(Refusal::Unauthenticated("the API key has expired"));
    }
    acting(tenant, authority.principal.clone(), &authority.standing, now)
}

/// The principal of an account that may act on this day: a person with the roles of the day, or a
/// program with those scopes that the owner's roles allow.
fn acting(
    tenant: TenantId,
    principal: policy::Principal,
    standing: &Standing,
    now: Timestamp,
) -> Result<Principal, Refusal> {
    let (today, zone) = admit(standing, now)?;
    let held = standing.grants.iter().filter(|(_, days)| days.contains(today));
    let held: Vec<_> = held.map(|(grant, _)| *grant).collect();
    let (principal, grants) = match principal {
        policy::Principal::Person(_) => (principal, held),
        policy::Principal::Service { key, scopes, unit } => {
            let scopes = policy::scopes_in_force(scopes, &held);
            (policy::Principal::Service { key, scopes, unit }, Vec::new())
        }
    };
    let Standing { employee_id, behind, led_by, .. } = standing.clone();
    let subject = Subject { tenant, principal, employee_id, behind, led_by, grants };
    Ok(Principal { subject: Arc::new(subject), today, zone })
}

/// A time zone by its name.
pub fn zone(name: &str) -> Result<Tz, Refusal> {
    name.parse().map_err(|_| Refusal::Internal(format!("unknown time zone `{name}`")))
}

/// The business day and the time zone, for an account that may act on that day.
///
/// # Errors
/// 401 if the account is not active or its owner is not employed on that day.
pub fn admit(standing: &Standing, now: Timestamp) -> Result<(NaiveDate, Tz), Refusal> {
    if standing.status != AccountStatus::Active {
        return Err(Refusal::Unauthenticated("the account is not active"));
    }
    business_day(standing, now)
}

/// The business day and the time zone, for an account whose owner is employed on that day.
///
/// # Errors
/// 401 if its owner is not employed on that day.
pub fn business_day(standing: &Standing, now: Timestamp) -> Result<(NaiveDate, Tz), Refusal> {
    let zone = zone(&standing.time_zone)?;
    let today = now.with_timezone(&zone).date_naive();
    if !standing.is_employed(today) {
        return Err(Refusal::Unauthenticated("the employee does not work here today"));
    }
    Ok((today, zone))
}

/// Records the use of a key, to the minute, in the background.
fn note_use(app: &App, tenant: TenantId, key: &KeyHolder, now: Timestamp) {
    let minute = now.trunc_subsecs(0) - TimeDelta::seconds(now.timestamp().rem_euclid(60));
    if key.last_used_at.is_some_and(|last| last >= minute) {
        return;
    }
    let (db, id) = (app.db.clone(), key.id);
    actix_web::rt::spawn(async move {
        let context = system_context(tenant, now);
        let noted = db.write(context, move |store| store.touch_api_key(id, minute)).await;
        if let Err(error) = noted {
            log::warn!("the use of an API key was not recorded: {error}");
        }
    });
}

/// A cache that keeps values for half a second, and while one caller renews a value a little longer
/// for the others.
pub struct Cache<K, V>(RwLock<HashMap<K, Entry<V>>>);

struct Entry<V> {
    asked: Instant,
    value: V,
    is_renewed: AtomicBool,
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// The cached value of `key`, if it is not too old. Whoever gets none asks, and keeps the answer.
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q, now: Instant) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(key)?;
        let age = now.duration_since(entry.asked);
        let is_believed =
            age < TTL || age < GRACE && entry.is_renewed.swap(true, Ordering::Relaxed);
        is_believed.then(|| entry.value.clone())
    }

    /// Passes an answer on and caches it, or forgets what was believed before if there is none.
    pub fn keep<E>(&self, key: K, answer: Result<V, E>, asked: Instant) -> Result<V, E> {
        match &answer {
            Ok(value) => self.put(key, value.clone(), asked),
            Err(_) => {
                self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&key);
            }
        }
        answer
    }

    /// Caches the answer to a question asked at `asked`.
    pub fn put(&self, key: K, value: V, asked: Instant) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= CAPACITY && !entries.contains_key(&key) {
            entries.retain(|_, entry| asked.duration_since(entry.asked) < TTL);
            if entries.len() >= CAPACITY {
                entries.clear();
            }
        }
        entries.insert(key, Entry { asked, value, is_renewed: AtomicBool::default() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::core::time::Period;
    use domain::policy::Grant;
    use domain::policy::Role;
    use uuid::Uuid;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn found() -> SignedIn {
        let now: Timestamp = "2026-11-20T16:30:00Z".parse().unwrap();
        let held = |from, to| Period { start: day(from), end: Some(day(to)) };
        let grant = |role| Grant { role, org_unit_id: None };
        SignedIn {
            standing: Standing {
                status: AccountStatus::Active,
                employee_id: Some(Uuid::nil().into()),
                employments: vec![held("2026-01-01", "2026-11-21")],
                time_zone: "Asia/Shanghai".to_owned(),
                grants: vec![
                    (grant(Role::Auditor), held("2026-11-01", "2026-11-20")),
                    (grant(Role::Executive), held("2026-11-21", "2026-11-21")),
                ],
                behind: Vec::new(),
                led_by: Vec::new(),
            },
            session_epoch: 1,
            expires_at: now + TimeDelta::days(2),
            revoked_at: None,
        }
    }

    fn at(found: &SignedIn, now: &str) -> Result<Principal, Refusal> {
        let id = Uuid::nil();
        signed_in(id.into(), id.into(), found, now.parse().unwrap())
    }

    #[test]
    fn roles_and_employment_are_judged_by_the_day_in_the_tenants_zone() {
        let principal = at(&found(), "2026-11-20T16:30:00Z").unwrap();
        assert_eq!(principal.today, day("2026-11-21"), "it is past midnight in Shanghai");
        let roles: Vec<_> = principal.subject.grants.iter().map(|grant| grant.role).collect();
        assert_eq!(roles, [Role::Executive]);
        assert!(at(&found(), "2026-11-21T16:30:00Z").is_err(), "the last working day has passed");
    }

    #[test]
    fn ended_sessions_and_shut_accounts_do_not_act() {
        let now = "2026-11-20T16:30:00Z";
        assert!(at(&found(), now).is_ok());
        assert!(at(&SignedIn { revoked_at: Some(Timestamp::UNIX_EPOCH), ..found() }, now).is_err());
        assert!(at(&SignedIn { expires_at: now.parse().unwrap(), ..found() }, now).is_err());
        for status in [AccountStatus::Invited, AccountStatus::Deactivated] {
            let standing = Standing { status, ..found().standing };
            assert!(at(&SignedIn { standing, ..found() }, now).is_err(), "{status}");
        }
    }

    #[test]
    fn a_principal_is_of_one_day() {
        let known = at(&found(), "2026-11-20T15:59:59Z").unwrap();
        assert!(known.is_of("2026-11-19T16:00:00Z".parse().unwrap()));
        assert!(!known.is_of("2026-11-20T16:00:00Z".parse().unwrap()), "midnight in Shanghai");
    }

    #[test]
    fn a_cached_value_is_believed_for_half_a_second_and_the_cache_is_bounded() {
        let (cache, start) = (Cache::default(), Instant::now());
        cache.put(0, "value", start);
        assert_eq!(cache.get(&0, start + TTL / 2), Some("value"));
        assert_eq!(cache.get(&0, start + TTL), None, "the first one asks");
        assert_eq!(cache.get(&0, start + TTL), Some("value"), "the others need not ask as well");
        assert_eq!(cache.get(&0, start + GRACE), None, "no answer has come");
        cache.put(0, "another", start + TTL);
        assert_eq!(cache.get(&0, start + GRACE), Some("another"));
        assert_eq!(cache.keep(0, Err("revoked"), start + GRACE), Err("revoked"));
        assert_eq!(cache.get(&0, start + GRACE), None, "nobody believes it any longer");
        for key in 1..=2 * CAPACITY {
            cache.put(key, "value", start);
        }
        assert!(cache.0.read().unwrap().len() <= CAPACITY);
    }
}
