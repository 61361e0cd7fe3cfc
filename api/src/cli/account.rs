//! `evenhand account`: issues credentials that only their owner may know. A credential issued by
//! the command line has no issuer within the company.

use super::{nowhere, open};
use crate::access::accounts::{add_account, bound, expect_password, invite_again, roles_of};
use crate::access::role_assignments::add_role_assignment;
use crate::access::sign_in::set_password;
use crate::platform::app::{new_id, seed};
use crate::platform::auth::password;
use crate::platform::auth::secret::Secret;
use crate::platform::caller::system_context;
use crate::platform::clock::Clock;
use crate::platform::config::Settings;
use crate::platform::problem::{Language, Violation};
use crate::platform::refusal::Refusal;
use chrono::TimeDelta;
use domain::access::account::{Account, AccountStatus, RoleAssignment};
use domain::core::id::{AccountId, EmployeeId, OrgUnitId, TenantId};
use domain::core::text::TextEnum;
use domain::core::time::Timestamp;
use domain::policy::Role;
use persistence::{Claim, Store};
use std::error::Error;

/// Rule that the audit log records: whoever runs the program may do this.
pub(super) const OPERATOR: &str = "operator";

/// Commands for accounts.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Create an account or renew it: its credential, its employee and its roles. Meant for people
    /// who decide about others, whose credential no administrator may know.
    Issue(Issue),
}

/// The account to issue.
#[derive(Clone, clap::Args)]
pub struct Issue {
    /// Short name of the company.
    #[arg(long)]
    tenant: String,
    /// A role to give without end; `hrbp:UNIT` names the unit by its code. May be repeated.
    #[arg(long = "role", value_parser = wanted_role)]
    roles: Vec<WantedRole>,
    #[command(flatten)]
    owner: Owner,
    #[command(flatten)]
    settings: Settings,
}

/// The owner of the account.
#[derive(Clone, clap::Args)]
pub struct Owner {
    /// Login name for signing in.
    #[arg(long, value_parser = login)]
    pub login: String,
    /// Employee number of the person.
    #[arg(long)]
    pub employee_number: Option<String>,
    /// Read the password from the first line of standard input instead of printing a setup token.
    #[arg(long)]
    pub password_stdin: bool,
}

/// A role, with the code of the unit it is held for.
pub(super) type WantedRole = (Role, Option<String>);

pub(super) fn wanted_role(text: &str) -> Result<WantedRole, String> {
    let (role, unit) = text.split_once(':').map_or((text, None), |(role, unit)| (role, Some(unit)));
    let role = Role::parse(role).map_err(|unknown| unknown.to_string())?;
    if unit.is_some() == (role == Role::Hrbp) {
        Ok((role, unit.map(str::to_owned)))
    } else {
        Err("the role hrbp needs a unit, and no other role has one: hrbp:CODE".to_owned())
    }
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
    let Command::Issue(Issue { tenant: slug, roles, owner, settings }) = command;
    let now = Clock::default().now();
    let db = open(&settings)?;
    let named = slug.clone();
    let tenant = db.read(nowhere(), move |store| store.tenant_by_slug(&named)).await?;
    let tenant = tenant.ok_or("no such company; create it with `evenhand admin create`")?;
    let (wanted, token) = Wanted::new(tenant, &owner, roles, now)?;
    let issued = db.write(system_context(tenant, now), move |store| wanted.issue(store)).await;
    issued.map_err(told)?;
    println!("{} has an account of {slug}", owner.login);
    hand_over(token.as_deref());
    Ok(())
}

/// Prints how the owner of the account signs in for the first time.
pub(super) fn hand_over(token: Option<&str>) {
    if let Some(token) = token {
        println!(
            "choose a password within 7 days with POST /v1/auth/password-setup and this token"
        );
        println!("(it is shown only once):");
        println!("{token}");
    }
}

/// The reasons for a refusal, as text.
pub(super) fn told(refusal: Refusal) -> Box<dyn Error> {
    let facts = refusal.facts();
    let texts: Vec<_> = facts.violations.iter().map(|fault| fault.text(Language::En)).collect();
    if texts.is_empty() { refusal.into() } else { texts.join("\n").into() }
}

/// How the owner will sign in.
pub(super) enum Access {
    /// With a password; this is its hash.
    Password(String),
    /// With a setup token, by which the owner chooses a password.
    SetupToken(Secret),
}

/// An account as the operator requests it.
pub(super) struct Wanted {
    /// Id for the account if it is new.
    pub id: AccountId,
    pub login: String,
    pub employee_number: Option<String>,
    pub roles: Vec<WantedRole>,
    pub access: Access,
    pub now: Timestamp,
}

impl Wanted {
    /// The requested account, and the setup token to print once it is issued.
    pub fn new(
        tenant: TenantId,
        owner: &Owner,
        roles: Vec<WantedRole>,
        now: Timestamp,
    ) -> Result<(Self, Option<String>), Box<dyn Error>> {
        let (access, token) = if owner.password_stdin {
            let password = read_password(&owner.login)?;
            (Access::Password(password::hash(&password, seed())?), None)
        } else {
            let setup = Secret::setup_token(tenant, seed());
            let token = setup.text.clone();
            (Access::SetupToken(setup), Some(token))
        };
        let Owner { login, employee_number, .. } = owner.clone();
        Ok((Self { id: new_id().into(), login, employee_number, roles, access, now }, token))
    }

    /// Creates the account or renews it.
    ///
    /// # Errors
    /// 422 if the employee or unit does not exist, if the account belongs to another employee, or
    /// if a role requires an employee and none is given. Only the first administrator may lack one,
    /// because somebody must enter the employees.
    pub fn issue(&self, store: &mut dyn Store) -> Result<AccountId, Refusal> {
        let now = self.now;
        let known = store.credentials(Claim::Login(&self.login))?.map(|known| known.account);
        let is_new = known.is_none();
        let employee = self.employee(store)?;
        let account = match known {
            None => self.add(store, employee)?,
            Some(account) => bind(store, account, employee, now)?,
        };
        let id = account.id;
        for (role, unit) in &self.roles {
            if account.employee_id.is_none() && role.needs_employee() && *role != Role::HrAdmin {
                return Err(refused("employee_needed"));
            }
            self.give(store, id, *role, unit.as_deref())?;
        }
        let account = account.issued(None, now);
        match &self.access {
            Access::Password(hash) => set_password(store, account, hash, OPERATOR, now)?,
            Access::SetupToken(setup) => {
                if !is_new {
                    invite_again(store, account, OPERATOR, now)?;
                }
                expect_password(store, id, setup, now)?;
            }
        }
        Ok(id)
    }

    fn employee(&self, store: &mut dyn Store) -> Result<Option<EmployeeId>, Refusal> {
        let Some(number) = &self.employee_number else { return Ok(None) };
        let found = store.employees_numbered(&[number])?.remove(number);
        found.map(Some).ok_or_else(|| unknown(number))
    }

    fn add(
        &self,
        store: &mut dyn Store,
        employee_id: Option<EmployeeId>,
    ) -> Result<Account, Refusal> {
        let account = Account {
            id: self.id,
            login: self.login.clone(),
            employee_id,
            status: AccountStatus::Invited,
            session_epoch: 1,
            credential_by: None,
            credential_at: self.now,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
        };
        add_account(store, account.clone(), OPERATOR)?;
        Ok(account)
    }

    /// Gives a role without end, unless the operator has already given it.
    fn give(
        &self,
        store: &mut dyn Store,
        account_id: AccountId,
        role: Role,
        unit: Option<&str>,
    ) -> Result<(), Refusal> {
        // Yesterday in UTC has begun in every time zone.
        let valid_from = (self.now - TimeDelta::days(1)).date_naive();
        let org_unit_id: Option<OrgUnitId> = match unit {
            Some(code) => {
                let found = store.org_unit_codes()?.remove(code);
                Some(found.ok_or_else(|| unknown(code))?)
            }
            None => None,
        };
        let is_held = |held: &RoleAssignment| {
            held.role == role
                && held.org_unit_id == org_unit_id
                && held.given_by.is_none()
                && held.valid_from <= valid_from
                && held.valid_to.is_none()
        };
        if roles_of(store, account_id)?.iter().any(is_held) {
            return Ok(());
        }
        let assignment = RoleAssignment {
            id: new_id().into(),
            account_id,
            role,
            org_unit_id,
            valid_from,
            valid_to: None,
            given_by: None,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
            deleted_at: None,
        };
        add_role_assignment(store, assignment, OPERATOR)
    }
}

/// Links an account to an employee, if one is given.
fn bind(
    store: &mut dyn Store,
    account: Account,
    employee: Option<EmployeeId>,
    now: Timestamp,
) -> Result<Account, Refusal> {
    match (account.employee_id, employee) {
        (None, Some(employee)) => bound(store, account, employee, OPERATOR, now),
        (Some(one), Some(other)) if one != other => Err(refused("account_bound")),
        _ => Ok(account),
    }
}

fn unknown(reference: &str) -> Refusal {
    let fault = Violation::new("", "unknown_reference");
    Refusal::GuardFailed(vec![fault.with("value", reference)])
}

fn refused(code: &'static str) -> Refusal {
    Refusal::GuardFailed(vec![Violation::new("", code)])
}

fn read_password(login: &str) -> Result<String, Box<dyn Error>> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    password::check("", password, login).map_err(|_| {
        "the password is too easy to guess: 12 to 128 characters, not common, not like the login"
    })?;
    Ok(password.to_owned())
}
