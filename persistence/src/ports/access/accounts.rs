//! Login accounts and the credentials people sign in with.

use crate::page::Page;
use crate::ports::Result;
use domain::access::account::Account;
use domain::core::change::Change;
use domain::core::id::{AccountId, EmployeeId};
use domain::core::time::Timestamp;
use domain::policy::Sealed;
use std::collections::HashMap;
use uuid::Uuid;

/// How a person who signs in names the account.
#[derive(Clone, Copy, Debug)]
pub enum Claim<'c> {
    /// The login, compared without case.
    Login(&'c str),
    /// The id of the account.
    Account(AccountId),
    /// The hash of a setup token, and the instant at which the token must not have expired.
    SetupToken(&'c [u8], Timestamp),
}

/// An account with its password hash. It is not sealed: signing in needs it before there is a
/// subject the policy could judge.
#[derive(Clone)]
pub struct Credentials {
    /// The account.
    pub account: Account,
    /// Hash of the password; none until the person has chosen one.
    pub password_hash: Option<String>,
}

/// Logins of people. Password hashes and setup tokens are stored apart from the account and are
/// never loaded with it.
pub trait Accounts {
    /// One account.
    fn account(&mut self, id: AccountId) -> Result<Option<Sealed<Account>>>;
    /// A page of accounts, ordered by id, or by last change.
    fn accounts(&mut self, page: &Page) -> Result<Vec<Account>>;
    /// The account that a claim names, with its password hash.
    fn credentials(&mut self, claim: Claim<'_>) -> Result<Option<Credentials>>;
    /// Adds an account.
    fn create_account(&mut self, change: Change<Account>) -> Result<()>;
    /// Saves an account, guarded by its version.
    fn update_account(&mut self, change: Change<Account>) -> Result<()>;
    /// The display name of each account: the name of its employee, else its login.
    fn account_names(&mut self, ids: &[AccountId]) -> Result<HashMap<AccountId, String>>;
    /// Ids of all role assignments of an account and of all keys it owns, revoked ones included.
    fn own_access_resources(&mut self, id: AccountId) -> Result<Vec<Uuid>>;
    /// Stores who last changed the e-mail address of these people: the account `by`, or the owner
    /// of the key `by`.
    fn note_email_change(&mut self, people: &[EmployeeId], by: Uuid) -> Result<()>;
    /// Ends every session and token of these people's accounts and returns those accounts.
    fn end_sessions_of(&mut self, people: &[EmployeeId], at: Timestamp) -> Result<Vec<AccountId>>;
    /// Sets or removes the password and invalidates all setup tokens.
    fn set_password_hash(&mut self, id: AccountId, hash: Option<&str>) -> Result<()>;
    /// Invalidates all setup tokens of an account.
    fn void_setup_tokens(&mut self, id: AccountId) -> Result<()>;
    /// Adds a setup token that is valid until `expires`; only its hash is stored.
    fn create_setup_token(&mut self, id: AccountId, hash: &[u8], expires: Timestamp) -> Result<()>;
}
