//! Signatures for actions that take two people. A use case can record a second signature only here.

use crate::platform::auth::principal::admit;
use crate::platform::caller::Actor;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use domain::access::signing::{Act, Fault, Signature};
use domain::core::id::AccountId;
use domain::core::text::TextEnum;
use domain::policy::Role;
use domain::policy::SEPARATION_OF_DUTIES;
use persistence::Store;
use uuid::Uuid;

/// What the caller signs. The use case must have locked the record.
#[derive(Clone, Copy, Debug)]
pub struct Signing<'r> {
    /// Id of the cycle, goal, move or session.
    pub resource: Uuid,
    /// The action that is signed.
    pub act: Act,
    /// The roles that entitle the caller to sign; empty if a relationship does.
    pub roles: &'r [Role],
    /// Whether this is the first signature; earlier ones then no longer count.
    pub is_first: bool,
}

impl Signing<'_> {
    /// The caller's signature, if it comes from another person than the earlier ones.
    ///
    /// # Errors
    /// 403 by `separation-of-duties`, with the reason, which says what must be renewed.
    pub fn check(&self, store: &mut dyn Store, actor: &Actor) -> Result<Signature, Refusal> {
        let refused = |fault: Fault| {
            Refusal::ForbiddenBecause(SEPARATION_OF_DUTIES, Violation::new("", fault.as_str()))
        };
        let account = actor.subject.principal.id().into();
        let signer = store.signer(account, self.roles, actor.today)?;
        let signer = signer.ok_or_else(|| refused(Fault::NoEmployee))?;
        let kept = match self.is_first {
            true => Vec::new(),
            false => store.signatures(self.resource, self.act)?,
        };
        signer.sign(&kept).map_err(refused)
    }

    /// Stores a checked signature.
    pub fn keep(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        signature: &Signature,
    ) -> Result<(), Refusal> {
        if self.is_first {
            store.forget_signatures(self.resource)?;
        }
        Ok(store.keep_signature(self.resource, self.act, signature, actor.now)?)
    }

    /// Checks and stores the signature.
    ///
    /// # Errors
    /// Those of [`Signing::check`].
    pub fn sign(&self, store: &mut dyn Store, actor: &Actor) -> Result<(), Refusal> {
        let signature = self.check(store, actor)?;
        self.keep(store, actor, &signature)
    }
}

/// Whether an account could still sign with one of the roles. A signature counts only as long as
/// its author holds the role.
///
/// # Errors
/// Those of the store.
pub fn still_holds(
    store: &mut dyn Store,
    actor: &Actor,
    account: AccountId,
    roles: &[Role],
) -> Result<bool, Refusal> {
    let standing = store.standing(account)?;
    let standing = standing.filter(|standing| admit(standing, actor.now).is_ok());
    Ok(standing.is_some_and(|standing| {
        let mut held = standing.grants.iter();
        held.any(|(grant, days)| roles.contains(&grant.role) && days.contains(actor.today))
    }))
}
