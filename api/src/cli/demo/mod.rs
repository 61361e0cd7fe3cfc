//! `evenhand demo`: serves the API with a fictional company, on this machine only.

mod story;

use super::account::{Access, Wanted, wanted_role};
use super::{nowhere, open_app, serve};
use crate::people::bulk::people::People;
use crate::people::bulk::terms::{PeopleTerms, References};
use crate::people::bulk::units::Units;
use crate::people::positions::{NewPosition, create_position};
use crate::platform::app::{App, new_id, seed};
use crate::platform::auth::password;
use crate::platform::caller::{Actor, system_context};
use crate::platform::config::Settings;
use crate::platform::files::decode::decode;
use crate::platform::files::format::Format;
use crate::platform::files::table::Reading;
use crate::platform::imports::{Import, ImportOf, Noun, Options};
use crate::platform::problem::Language;
use crate::platform::refusal::Refusal;
use chrono::Datelike;
use chrono_tz::Tz;
use domain::access::tenant::Tenant;
use domain::core::change::{Change, Record};
use domain::core::id::{AccountId, TenantId};
use domain::policy::Role;
use domain::policy::{Grant, Principal, Subject};
use persistence::Store;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use uuid::Uuid;

const TENANT: &str = "elmwind";
const ZONE: Tz = Tz::Asia__Shanghai;
/// The password may be public, because the demo listens on this machine only.
const PASSWORD: &str = "elmwind-demo";
const ORG_UNITS: &[u8] = include_bytes!("../../../demo/org_units.csv");
const POSITIONS: &[u8] = include_bytes!("../../../demo/positions.csv");
const EMPLOYEES: &[u8] = include_bytes!("../../../demo/employees.csv");
const PERSONAS: &[u8] = include_bytes!("../../../demo/personas.csv");

/// A person the visitor can sign in as.
#[derive(Clone, Debug, Deserialize)]
struct Persona {
    login: String,
    employee_number: String,
    /// Roles separated by `;`, each `role` or `role:unit`.
    roles: String,
}

/// An employee, with what the story needs.
#[derive(Clone, Debug, Deserialize)]
struct Employee {
    employee_number: String,
    org_unit_code: String,
    manager_employee_number: Option<String>,
}

/// Serves the demo company; creates it first if it does not exist.
pub async fn run(settings: Settings) -> Result<(), Box<dyn Error>> {
    if !settings.host.is_loopback() {
        return Err("the demo has public passwords, so it listens on this machine only".into());
    }
    let app = open_app(settings).await?;
    let found = app.db.read(nowhere(), |store| store.tenant_by_slug(TENANT)).await?;
    if found.is_none() {
        make_company(&app).await?;
    }
    println!(
        "Elmwind Cycles, a fictional company of 123 people. Sign in at POST /v1/auth/token with"
    );
    println!("tenant `{TENANT}`, password `{PASSWORD}`, and one of these logins:");
    for Persona { login, employee_number, roles } in rows::<Persona>(PERSONAS)? {
        println!("  {login:<12} {employee_number}  {roles}");
    }
    serve(app, |address| println!("\nopen http://{address}/docs/ to look around")).await
}

fn rows<T: for<'de> Deserialize<'de>>(csv: &[u8]) -> Result<Vec<T>, csv::Error> {
    csv::Reader::from_reader(csv).deserialize().collect()
}

async fn make_company(app: &App) -> Result<(), Box<dyn Error>> {
    let tenant = TenantId::from(new_id());
    let now = app.clock.now();
    let actor = founder(tenant, now);
    let hash = password::hash(PASSWORD, seed())?;
    let positions: Vec<NewPosition> = rows(POSITIONS)?;
    let personas: Vec<Persona> = rows(PERSONAS)?;
    let staff: Vec<Employee> = rows(EMPLOYEES)?;
    let units = import::<Units>(&actor, ORG_UNITS)?;
    let people = import::<People>(&actor, EMPLOYEES)?;
    let make = move |store: &mut dyn Store| -> Result<(), Refusal> {
        create_tenant(store, &actor)?;
        Units::import(store, &actor, &units, &|_| {})?;
        for position in &positions {
            create_position(store, &actor, new_id().into(), position.clone())?;
        }
        People::import(store, &actor, &people, &|_| {})?;
        let mut accounts = BTreeMap::new();
        for persona in &personas {
            let account = invite(store, &actor, persona, &hash)?;
            accounts.insert(persona.employee_number.clone(), account);
        }
        story::tell(store, &actor, &staff, &accounts)
    };
    Ok(app.db.write_bulk(system_context(tenant, now), make).await?)
}

/// An actor with the rights of the first HR administrator.
fn founder(tenant: TenantId, now: domain::core::time::Timestamp) -> Actor {
    let grant = Grant { role: Role::HrAdmin, org_unit_id: None };
    let subject = Subject {
        tenant,
        principal: Principal::Person(AccountId::from(Uuid::nil())),
        employee_id: None,
        behind: Vec::new(),
        led_by: Vec::new(),
        grants: vec![grant],
    };
    Actor {
        subject: Arc::new(subject),
        now,
        today: now.with_timezone(&ZONE).date_naive(),
        zone: ZONE,
    }
}

fn import<N: Noun<More = PeopleTerms>>(actor: &Actor, csv: &[u8]) -> Result<ImportOf<N>, Refusal> {
    let year = chrono::NaiveDate::from_ymd_opt(actor.today.year(), 1, 1);
    let options = Options {
        dry_run: false,
        atomic: true,
        language: Language::En,
        more: PeopleTerms {
            effective_from: year.unwrap_or(actor.today),
            allow_mass_deactivation: false,
            allow_mass_creation: false,
            allow_mass_clearing: false,
            references: References::default(),
        },
    };
    let read = decode::<N::Sent>(Format::Table(None), &Reading::default(), csv)?;
    Ok(Import::new(new_id(), options, read))
}

fn create_tenant(store: &mut dyn Store, actor: &Actor) -> Result<(), Refusal> {
    let tenant = Tenant {
        id: actor.subject.tenant,
        slug: TENANT.to_owned(),
        name: "榆风骑行 Elmwind Cycles".to_owned(),
        locale: "zh-CN".to_owned(),
        time_zone: ZONE.name().to_owned(),
        version: 1,
        created_at: actor.now,
        updated_at: actor.now,
    };
    let record =
        Record::new("tenant.created", tenant.id, "operator").field("slug", None::<String>, TENANT);
    Ok(store.create_tenant(Change::new(tenant, record))?)
}

/// Gives a persona an account with the demo's password, and roles.
fn invite(
    store: &mut dyn Store,
    actor: &Actor,
    persona: &Persona,
    hash: &str,
) -> Result<AccountId, Refusal> {
    let roles = persona.roles.split(';').filter(|role| !role.is_empty());
    let roles: Result<_, _> = roles.map(wanted_role).collect();
    let wanted = Wanted {
        id: new_id().into(),
        login: persona.login.clone(),
        employee_number: Some(persona.employee_number.clone()),
        roles: roles.map_err(|error| Refusal::Internal(format!("demo company: {error}")))?,
        access: Access::Password(hash.to_owned()),
        now: actor.now,
    };
    wanted.issue(store)
}
