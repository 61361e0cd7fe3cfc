//! Accounts, sign-in, signatures and logs.

mod accounts;
mod audit_chain;
mod ledger;
mod reads;
mod sign_in;
mod two_persons;
