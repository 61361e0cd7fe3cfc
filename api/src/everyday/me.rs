//! The caller: who it is, how it stands to others, what it may do and what waits for it.

use crate::access::accounts::roles_of;
use crate::access::me::{Doer, change_password, revoke_sessions};
use crate::access::reads::list_reads;
use crate::everyday::to_dos::Desk;
use crate::platform::areas::Noun;
use crate::platform::caller::{Actor, Caller};
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use domain::core::id::AccountId;
use domain::core::text::TextEnum;
use domain::policy::{Action, Principal, Role, Scope, Target, decide};
use persistence::{Page, StandingToOthers, Store};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub struct MeView {
    /// Kind of caller: `account` for a person, `api_key` for a program.
    #[schema(value_type = crate::access::words::PrincipalKind)]
    pub kind: &'static str,
    /// Id of the person's account or of the program's key.
    pub id: Uuid,
    /// Login of the person; null for a program.
    #[schema(example = "li.na@example.com")]
    pub login: Option<String>,
    /// Name of the employee or of the key; null if there is none.
    #[schema(example = "Li Na")]
    pub name: Option<String>,
    /// Employee of the person, or of the person responsible for the key; null if there is none.
    pub employee_id: Option<Uuid>,
    /// True if the person holds a role that decides about others, but the account has no employee.
    /// The account can then give none of the two signatures that an action needs, until the command
    /// line binds it to an employee (`evenhand account issue --employee-number`).
    #[schema(example = false)]
    pub binding_needed: bool,
    /// Present credential of a person's account; null for a program.
    pub credential: Option<MyCredential>,
    /// Roles held today.
    pub roles: Vec<HeldRole>,
    /// Keys that the person is responsible for.
    pub keys: Vec<MyKey>,
    /// Scopes of the key that its owner's rights cover today.
    #[schema(value_type = HashSet<crate::access::words::Scope>)]
    pub scopes: Vec<Scope>,
    /// How the person stands to others today; all false for a program.
    pub relationships: MyRelationships,
    /// What the caller may do that needs no record: what lists, screens and buttons there are. What may
    /// be done to a record stands in the record.
    #[schema(value_type = HashSet<crate::access::words::Action>)]
    pub actions: Vec<Action>,
    /// What waits for the person.
    pub badges: MyBadges,
    /// Language of the company's people, as in `Accept-Language`.
    #[schema(example = "zh-CN")]
    pub locale: String,
    /// IANA time zone that decides business days.
    #[schema(example = "Asia/Shanghai")]
    pub time_zone: String,
    /// The company of the caller.
    pub tenant: MyTenant,
}

/// How the caller stands to others today.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyRelationships {
    /// Whether somebody reports to the person.
    pub has_team: bool,
    /// Whether somebody reports to one of those who report to the person.
    pub leads_managers: bool,
    /// Whether the person answers for a review in a cycle that is not over.
    pub reviews_team: bool,
    /// Whether the person is evaluated in a cycle that is not over.
    pub takes_part: bool,
    /// Whether the person has a seat in a calibration session that is not finalised.
    pub calibrates: bool,
    /// Whether the person holds a role for units.
    pub has_units: bool,
    /// Whether the person is responsible for keys.
    pub has_keys: bool,
}

/// Numbers of what waits for the caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyBadges {
    /// Number of to-dos.
    #[schema(minimum = 0, example = 3)]
    pub to_dos: usize,
    /// Number of to-dos whose due date has passed.
    #[schema(minimum = 0, example = 1)]
    pub overdue: usize,
}

/// A role held today.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldRole {
    /// The role.
    #[schema(value_type = crate::access::words::Role)]
    pub role: Role,
    /// Unit the role is held for; null for the whole company.
    pub org_unit_id: Option<Uuid>,
    /// Who gave the role; null if the command line did.
    pub given_by: Option<Doer>,
}

/// The credential of the caller's account.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyCredential {
    /// When it was issued. Choosing a new password does not change this.
    pub issued_at: DateTime<Utc>,
    /// Who issued it; null if the command line did.
    pub issued_by: Option<Doer>,
}

/// A key the caller is responsible for.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyKey {
    /// Id of the key.
    pub id: Uuid,
    /// Purpose of the key.
    #[schema(example = "HRIS sync")]
    pub name: String,
    /// Who created the key and has seen its secret.
    pub made_by: Option<Doer>,
}

/// The company of the caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyTenant {
    /// Short name of the company.
    #[schema(example = "acme")]
    pub slug: String,
    /// Name of the company.
    #[schema(example = "Acme Ltd.")]
    pub name: String,
}

/// The caller, with who gave credential, roles and keys.
fn describe(store: &mut dyn Store, actor: &Actor) -> Result<MeView, Refusal> {
    let subject = &actor.subject;
    let profile = store.profile(&subject.principal)?.ok_or(Refusal::NotFound)?;
    let (scopes, held, keys) = match &subject.principal {
        Principal::Person(id) => {
            let keys = store.api_keys(Some(*id), &Page::ALL)?;
            (Vec::new(), roles_of(store, *id)?, keys)
        }
        Principal::Service { scopes, .. } => (scopes.clone(), Vec::new(), Vec::new()),
    };
    let held: Vec<_> = held.into_iter().filter(|role| role.days().contains(actor.today)).collect();
    let by = held.iter().filter_map(|role| role.given_by).chain(profile.credential_by);
    let by: Vec<_> = by.chain(keys.iter().filter_map(|key| key.made_by)).collect();
    let names = store.account_names(&by)?;
    let stands = match (&subject.principal, subject.employee_id) {
        (Principal::Person(_), Some(me)) => store.standing_to_others(me, actor.today)?,
        _ => StandingToOthers::default(),
    };
    let desk = Desk::of(store, actor)?;
    let nothing_loaded = Target::default();
    let may = |action: &Action| decide(subject, *action, &nothing_loaded).permit.is_some();
    let doer = |id: Option<AccountId>| {
        id.and_then(|id| Some(Doer { account_id: id.uuid(), name: names.get(&id)?.clone() }))
    };
    let relationships = MyRelationships {
        has_team: stands.has_team,
        leads_managers: stands.leads_managers,
        reviews_team: stands.reviews_team,
        takes_part: stands.takes_part,
        calibrates: stands.calibrates,
        has_units: held.iter().any(|role| role.org_unit_id.is_some()),
        has_keys: !keys.is_empty(),
    };
    Ok(MeView {
        kind: subject.principal.kind(),
        id: subject.principal.id(),
        login: profile.login,
        name: profile.name,
        employee_id: subject.employee_id.map(Uuid::from),
        binding_needed: subject.employee_id.is_none() && held.iter().any(|it| it.role.decides()),
        credential: profile
            .credential_at
            .map(|issued_at| MyCredential { issued_at, issued_by: doer(profile.credential_by) }),
        roles: held
            .into_iter()
            .map(|held| HeldRole {
                role: held.role,
                org_unit_id: held.org_unit_id.map(Uuid::from),
                given_by: doer(held.given_by),
            })
            .collect(),
        keys: keys
            .into_iter()
            .map(|key| MyKey { id: key.id.uuid(), made_by: doer(key.made_by), name: key.name })
            .collect(),
        scopes,
        relationships,
        actions: Action::ALL.iter().copied().filter(may).collect(),
        badges: MyBadges {
            to_dos: desk.to_dos.len(),
            overdue: desk.to_dos.iter().filter(|to_do| to_do.is_overdue(actor.today)).count(),
        },
        locale: profile.locale,
        time_zone: profile.time_zone,
        tenant: MyTenant { slug: profile.tenant_slug, name: profile.tenant_name },
    })
}

/// Read the caller
///
/// Shows account or key, roles, scopes and company of the caller, what the caller may do that needs no
/// record, and what waits. For a person it also shows who issued the credential and when, who gave each
/// role, the keys the person is responsible for, and how the person stands to others.
#[utoipa::path(tag = "me", operation_id = "getMe",
    responses((status = 200, description = "The caller", body = MeView)),
    security(("bearer" = []), ("api_key" = [])))]
#[get("")]
async fn read(caller: Caller) -> Result<HttpResponse, Refusal> {
    let me = caller.read(describe).await?;
    caller.listed(&me, None)
}

/// The noun.
pub const NOUN: Noun =
    Noun { tags: &[("me", "The caller: account, roles and sessions.")], ..Noun::of(routes) };

fn routes(config: &mut ServiceConfig) {
    let me = scope("/me").service(read).service(change_password).service(revoke_sessions);
    config.service(me.service(list_reads));
}
