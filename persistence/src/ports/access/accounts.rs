//! Accounts and what they sign in with.

use crate::page::Page;
use crate::ports::Result;
use domain::access::account::Account;
use domain::core::change::Change;
use domain::core::id::{AccountId, EmployeeId};
use domain::core::time::Timestamp;
use domain::policy::Sealed;
use std::collections::HashMap;
use uuid::Uuid;

/// What somebody brings along to show which account is theirs.
#[derive(Clone, Copy, Debug)]
pub enum Claim<'c> {
    /// The login, compared without case.
    Login(&'c str),
    /// The account itself.
    Account(AccountId),
    /// The hash of a setup token that has not expired at the instant.
    SetupToken(&'c [u8], Timestamp),
}

/// An account with its password hash, for settling who somebody is: before that, no policy can be
/// asked.
#[derive(Clone)]
pub struct Credentials {
    /// The account.
    pub account: Account,
    /// Hash of the password, if one was chosen.
    pub password_hash: Option<String>,
}

/// Logins of people. Passwords and setup tokens are kept apart and never loaded with an account.
pub trait Accounts {
    /// One account.
    fn account(&mut self, id: AccountId) -> Result<Option<Sealed<Account>>>;
    /// A page of accounts, in the order of ids, or of change.
    fn accounts(&mut self, page: &Page) -> Result<Vec<Account>>;
    /// The account somebody claims, with its password hash.
    fn credentials(&mut self, claim: Claim<'_>) -> Result<Option<Credentials>>;
    /// Adds an account.
    fn create_account(&mut self, change: Change<Account>) -> Result<()>;
    /// Saves an account, guarded by its version.
    fn update_account(&mut self, change: Change<Account>) -> Result<()>;
    /// What accounts are called: the names of their employees, else their logins.
    fn account_names(&mut self, ids: &[AccountId]) -> Result<HashMap<AccountId, String>>;
    /// The role assignments of an account and the keys it answers for, those of the past included:
    /// what its owner is told of.
    fn own_access_resources(&mut self, id: AccountId) -> Result<Vec<Uuid>>;
    /// Notes that an account, or the owner of a key, has changed the addresses of these people.
    fn note_email_change(&mut self, people: &[EmployeeId], by: Uuid) -> Result<()>;
    /// Ends every session and token of these people's accounts, and tells which these are.
    fn end_sessions_of(&mut self, people: &[EmployeeId], at: Timestamp) -> Result<Vec<AccountId>>;
    /// Sets the password, or takes it away; no setup token is good any more.
    fn set_password_hash(&mut self, id: AccountId, hash: Option<&str>) -> Result<()>;
    /// Lets no setup token of an account be good any more.
    fn void_setup_tokens(&mut self, id: AccountId) -> Result<()>;
    /// Adds a setup token, kept as its hash.
    fn create_setup_token(&mut self, id: AccountId, hash: &[u8], expires: Timestamp) -> Result<()>;
}
