//! The tenant: one company on an installation.

use crate::core::change::versioned;
use crate::core::id::TenantId;
use crate::core::time::Timestamp;
use crate::policy::{Protected, Target};
use crate::text_enum;
use chrono::NaiveDate;

/// A company whose data is separate from that of every other company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Id of the tenant; the first part of every key.
    pub id: TenantId,
    /// The short name that people sign in with: 2 to 40 lower-case letters, digits and hyphens.
    pub slug: String,
    /// Name of the company, 1 to 200 characters.
    pub name: String,
    /// Language (BCP 47) of texts that no request asks for: `zh-CN` or `en`.
    pub locale: String,
    /// IANA time zone in which business dates are counted.
    pub time_zone: String,
    /// Version of the record, from 1: counts its changes.
    pub version: i32,
    /// When the record was created.
    pub created_at: Timestamp,
    /// When the record was last changed.
    pub updated_at: Timestamp,
}

versioned!(Tenant);

text_enum! {
    /// What can be done to a company.
    pub enum TenantAction {
        /// Change its name, locale or time zone.
        Update = "update",
    }
}

impl Protected for Tenant {
    fn target(&self, _: NaiveDate) -> Target {
        Target::of(self.id.uuid())
    }
}
