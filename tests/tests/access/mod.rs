//! Who comes in, what they sign, and the logs.

mod accounts;
mod audit_chain;
mod ledger;
mod reads;
mod sign_in;
mod two_persons;
