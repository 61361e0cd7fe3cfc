//! Signatures on acts that need two persons.

use crate::ports::Result;
use chrono::NaiveDate;
use domain::access::signing::{self, Act, Signature};
use domain::core::id::AccountId;
use domain::core::time::Timestamp;
use domain::policy::Role;
use uuid::Uuid;

/// Signatures on acts that need two persons.
pub trait Signatures {
    /// Everybody who may be acting through an account when it signs on `day`, including whoever
    /// gave it one of these roles (no roles: a relationship entitles it). None if there is no such
    /// account.
    fn signer(
        &mut self,
        account: AccountId,
        roles: &[Role],
        day: NaiveDate,
    ) -> Result<Option<signing::Standing>>;
    /// The signatures kept so far for an act on a resource.
    fn signatures(&mut self, resource: Uuid, act: Act) -> Result<Vec<Signature>>;
    /// Keeps a signature.
    fn keep_signature(
        &mut self,
        resource: Uuid,
        act: Act,
        signature: &Signature,
        at: Timestamp,
    ) -> Result<()>;
    /// Deletes every signature on a resource, because the act is done or what was signed has
    /// changed.
    fn forget_signatures(&mut self, resource: Uuid) -> Result<()>;
}
