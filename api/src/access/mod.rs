//! Accounts, sign-in, roles and API keys; the audit log, the log of reads and the feed of events.

pub mod accounts;
pub mod api_keys;
pub mod audit_entries;
pub mod audit_heads;
pub mod events;
pub mod explanation;
pub mod me;
pub mod reads;
pub mod role_assignments;
pub mod sign_in;
pub mod tenant;
pub mod words;

use crate::platform::areas::Noun;

/// The nouns of the area, in the order in which documents show them.
pub const NOUNS: &[Noun] = &[
    accounts::NOUN,
    role_assignments::NOUN,
    api_keys::NOUN,
    audit_entries::NOUN,
    audit_heads::NOUN,
    events::NOUN,
];
