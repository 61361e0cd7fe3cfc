//! `evenhand admin`: creates companies and their first administrators. There is no default
//! password.

use super::account::{OPERATOR, Owner, Wanted, hand_over, told};
use super::{nowhere, open};
use crate::platform::app::new_id;
use crate::platform::caller::system_context;
use crate::platform::clock::Clock;
use crate::platform::config::Settings;
use crate::platform::refusal::Refusal;
use domain::access::tenant::Tenant;
use domain::core::change::{Change, Record};
use domain::core::id::TenantId;
use domain::core::time::Timestamp;
use domain::policy::Role;
use persistence::Store;
use std::error::Error;

/// Commands for administrators.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Create an HR administrator, and the company if it does not exist. If the account exists,
    /// renew its credential: use this when no administrator can sign in any more.
    Create(Create),
}

/// The administrator to create.
#[derive(Clone, clap::Args)]
pub struct Create {
    /// Short name of the company: 2 to 40 lower-case letters, digits and hyphens.
    #[arg(long, value_parser = slug)]
    tenant: String,
    /// Name of a new company; by default its short name.
    #[arg(long)]
    tenant_name: Option<String>,
    /// IANA time zone of a new company.
    #[arg(long, default_value = "UTC", value_parser = time_zone)]
    time_zone: String,
    /// Language of a new company.
    #[arg(long, default_value = "en", value_parser = ["en", "zh-CN"])]
    locale: String,
    #[command(flatten)]
    owner: Owner,
    #[command(flatten)]
    settings: Settings,
}

fn slug(text: &str) -> Result<String, String> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (2..=40).contains(&text.len()) && text.chars().all(legal) {
        Ok(text.to_owned())
    } else {
        Err("2 to 40 lower-case letters, digits and hyphens".to_owned())
    }
}

fn time_zone(text: &str) -> Result<String, String> {
    let zone: Result<chrono_tz::Tz, _> = text.parse();
    zone.map(|_| text.to_owned()).map_err(|_| "an IANA time zone, such as Asia/Shanghai".to_owned())
}

/// Runs the command.
pub async fn run(command: Command) -> Result<(), Box<dyn Error>> {
    let Command::Create(create) = command;
    let now = Clock::default().now();
    let db = open(&create.settings)?;
    let slug = create.tenant.clone();
    let tenant = db.read(nowhere(), move |store| store.tenant_by_slug(&slug)).await?;
    let tenant = tenant.unwrap_or_else(|| new_id().into());
    let roles = vec![(Role::HrAdmin, None)];
    let (wanted, token) = Wanted::new(tenant, &create.owner, roles, now)?;
    let asked = create.clone();
    let made = db.write(system_context(tenant, now), move |store| {
        if store.tenant()?.is_none() {
            create_tenant(store, &asked, tenant, now)?;
        }
        let account = wanted.issue(store)?;
        let is_bound = store.signer(account, &[], now.date_naive())?;
        Ok::<_, Refusal>(is_bound.is_some_and(|signer| signer.employee.is_some()))
    });
    let is_bound = made.await.map_err(told)?;
    println!("{} is HR administrator of {}", create.owner.login, create.tenant);
    hand_over(token.as_deref());
    if !is_bound {
        println!(
            "the account has no employee yet, so it cannot sign actions that take two people:"
        );
        println!(
            "bind it with `evenhand account issue --employee-number` once there are employees"
        );
    }
    Ok(())
}

fn create_tenant(
    store: &mut dyn Store,
    asked: &Create,
    id: TenantId,
    now: Timestamp,
) -> Result<(), Refusal> {
    let name = asked.tenant_name.as_ref().unwrap_or(&asked.tenant);
    let tenant = Tenant {
        id,
        slug: asked.tenant.clone(),
        name: name.clone(),
        locale: asked.locale.clone(),
        time_zone: asked.time_zone.clone(),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let record = Record::new("tenant.created", id, OPERATOR)
        .field("slug", None::<String>, asked.tenant.clone())
        .field("name", None::<String>, name.clone());
    Ok(store.create_tenant(Change::new(tenant, record))?)
}
