//! The tenant: one company on an installation.

use crate::core::id::TenantId;
use crate::core::time::Timestamp;
use crate::policy::{Protected, Target};
use chrono::NaiveDate;

/// A company whose data is walled off from every other company's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id; first part of every key.
    pub id: TenantId,
    /// The short name people sign in with: lower-case letters, digits, hyphens, 2..=40.
    pub slug: String,
    /// The company's name, 1..=200 characters.
    pub name: String,
    /// Language of texts made without a request (BCP 47): `zh-CN` or `en`.
    pub locale: String,
    /// IANA time zone in which business dates are counted.
    pub time_zone: String,
    /// Counts changes, from 1.
    pub version: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Protected for Tenant {
    fn target(&self, _: NaiveDate) -> Target {
        Target::of(self.id.uuid())
    }
}
