//! Signatures of what takes two persons.

use crate::ports::Result;
use chrono::NaiveDate;
use domain::access::signing::{self, Act, Signature};
use domain::core::id::AccountId;
use domain::core::time::Timestamp;
use domain::policy::Role;
use uuid::Uuid;

/// What takes the signatures of two persons.
pub trait Signatures {
    /// Who stands behind an account that signs by one of these roles, if it needs any.
    fn signer(
        &mut self,
        account: AccountId,
        roles: &[Role],
        day: NaiveDate,
    ) -> Result<Option<signing::Standing>>;
    /// The signatures kept for an act.
    fn signatures(&mut self, resource: Uuid, act: Act) -> Result<Vec<Signature>>;
    /// Keeps a signature.
    fn keep_signature(
        &mut self,
        resource: Uuid,
        act: Act,
        signature: &Signature,
        at: Timestamp,
    ) -> Result<()>;
    /// Forgets every signature on a resource: what was signed is done, or has changed since.
    fn forget_signatures(&mut self, resource: Uuid) -> Result<()>;
}
