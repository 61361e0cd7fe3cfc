//! `evenhand admin`: companies and their first administrators. There is no default password.

use super::{nowhere, open};
use crate::accounts::{expect_password, invite_again};
use crate::app::{new_id, seed};
use crate::auth::password;
use crate::auth::secret::Secret;
use crate::auth::sign_in::set_password;
use crate::caller::system_context;
use crate::clock::Clock;
use crate::config::Settings;
use crate::refusal::Refusal;
use chrono::TimeDelta;
use domain::account::{Account, AccountStatus, Role, RoleAssignment};
use domain::change::{Change, Record};
use domain::id::{AccountId, RoleAssignmentId, TenantId};
use domain::tenant::Tenant;
use domain::text::TextEnum;
use domain::time::Timestamp;
use persistence::{Claim, Page, RoleFilter, Store};
use std::error::Error;

/// What is recorded as the rule: whoever runs the program may.
const OPERATOR: &str = "operator";

/// What can be done for administrators.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Make an HR administrator, and the company if there is none of that name. Of an account that
    /// exists it resets the password: the way back in when nobody else can help.
    Create(Create),
}

/// The administrator to make.
#[derive(Clone, clap::Args)]
pub struct Create {
    /// Short name of the company: 2 to 40 lower-case letters, digits and hyphens.
    #[arg(long, value_parser = slug)]
    tenant: String,
    /// Name of a new company; its short name if not given.
    #[arg(long)]
    tenant_name: Option<String>,
    /// IANA time zone of a new company.
    #[arg(long, default_value = "UTC", value_parser = time_zone)]
    time_zone: String,
    /// Language of a new company.
    #[arg(long, default_value = "en", value_parser = ["en", "zh-CN"])]
    locale: String,
    /// Login of the administrator.
    #[arg(long, value_parser = login)]
    login: String,
    /// Read the password from the first line of standard input instead of printing a setup token.
    #[arg(long)]
    password_stdin: bool,
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

fn login(text: &str) -> Result<String, String> {
    if (1..=254).contains(&text.chars().count()) && !text.contains(char::is_whitespace) {
        Ok(text.to_owned())
    } else {
        Err("1 to 254 characters without spaces".to_owned())
    }
}

/// Runs the command.
pub async fn run(command: Command) -> Result<(), Box<dyn Error>> {
    let Command::Create(create) = command;
    let now = Clock::default().now();
    let password = if create.password_stdin { Some(read_password(&create.login)?) } else { None };
    let db = open(&create.settings)?;
    let slug = create.tenant.clone();
    let tenant = db.read(nowhere(), move |store| store.tenant_by_slug(&slug)).await?;
    let tenant = tenant.unwrap_or_else(|| new_id().into());
    let setup = Secret::setup_token(tenant, seed());
    let token = setup.text.clone();
    let access = match password {
        Some(password) => Access::Password(password::hash(&password, seed())?),
        None => Access::SetupToken(setup),
    };
    let made_here = matches!(access, Access::Password(_));
    let plan = Plan { tenant, account: new_id().into(), role: new_id().into(), access, now };
    let asked = create.clone();
    db.write(system_context(tenant, now), move |store| plan.carry_out(store, &asked)).await?;
    println!("{} is HR administrator of {}", create.login, create.tenant);
    if !made_here {
        println!(
            "choose a password within 7 days with POST /v1/auth/password-setup and this token,"
        );
        println!("which is shown only now:");
        println!("{token}");
    }
    Ok(())
}

fn read_password(login: &str) -> Result<String, Box<dyn Error>> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    password::check("", password, login).map_err(|_| {
        "the password is too easy to guess: 12 to 128 characters, not a common one, without the login"
    })?;
    Ok(password.to_owned())
}

/// How the administrator will sign in.
enum Access {
    /// With this password, here as its hash.
    Password(String),
    /// With a password still to be chosen.
    SetupToken(Secret),
}

/// What is made, with ids for what is not there yet.
struct Plan {
    tenant: TenantId,
    account: AccountId,
    role: RoleAssignmentId,
    access: Access,
    now: Timestamp,
}

impl Plan {
    fn carry_out(&self, store: &mut dyn Store, asked: &Create) -> Result<(), Refusal> {
        if store.tenant()?.is_none() {
            self.create_tenant(store, asked)?;
        }
        let known = store.credentials(Claim::Login(&asked.login))?.map(|known| known.account);
        let account = match known.clone() {
            Some(account) => account,
            None => self.create_account(store, asked)?,
        };
        self.give_role(store, account.id)?;
        match &self.access {
            Access::Password(hash) => set_password(store, account, hash, OPERATOR, self.now),
            Access::SetupToken(setup) => {
                if let Some(before) = known {
                    invite_again(store, before, OPERATOR, self.now)?;
                }
                expect_password(store, account.id, setup, self.now)
            }
        }
    }

    fn create_tenant(&self, store: &mut dyn Store, asked: &Create) -> Result<(), Refusal> {
        let name = asked.tenant_name.as_ref().unwrap_or(&asked.tenant);
        let tenant = Tenant {
            id: self.tenant,
            slug: asked.tenant.clone(),
            name: name.clone(),
            locale: asked.locale.clone(),
            time_zone: asked.time_zone.clone(),
            version: 1,
            created_at: self.now,
            updated_at: self.now,
        };
        let record = Record::new("tenant.created", self.tenant, OPERATOR)
            .field("slug", None::<String>, asked.tenant.clone())
            .field("name", None::<String>, name.clone());
        Ok(store.create_tenant(Change::new(tenant, record))?)
    }

    fn create_account(&self, store: &mut dyn Store, asked: &Create) -> Result<Account, Refusal> {
        let account = Account {
            id: self.account,
            login: asked.login.clone(),
            employee_id: None,
            status: AccountStatus::Invited,
            session_epoch: 1,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
        };
        let record = Record::new("account.created", self.account, OPERATOR).field(
            "login",
            None::<String>,
            asked.login.clone(),
        );
        store.create_account(Change::new(account.clone(), record))?;
        Ok(account)
    }

    /// Makes the account HR administrator without end, unless it is already.
    fn give_role(&self, store: &mut dyn Store, account_id: AccountId) -> Result<(), Refusal> {
        // Yesterday in UTC has begun in every time zone.
        let valid_from = (self.now - TimeDelta::days(1)).date_naive();
        let filter = RoleFilter { account_id: Some(account_id), role: Some(Role::HrAdmin) };
        let page = Page { limit: 200, after: None, updated_since: None };
        let held = store.role_assignments(filter, &page)?;
        if held.iter().any(|held| held.valid_from <= valid_from && held.valid_to.is_none()) {
            return Ok(());
        }
        let assignment = RoleAssignment {
            id: self.role,
            account_id,
            role: Role::HrAdmin,
            org_unit_id: None,
            valid_from,
            valid_to: None,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
            deleted_at: None,
        };
        let record = Record::new("role_assignment.created", self.role, OPERATOR)
            .field("account_id", None::<String>, account_id.to_string())
            .field("role", None::<String>, Role::HrAdmin.as_str());
        Ok(store.create_role_assignment(Change::new(assignment, record))?)
    }
}
