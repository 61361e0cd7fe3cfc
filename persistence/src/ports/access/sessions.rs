//! Sign-in sessions.

use crate::ports::Result;
use domain::access::account::Session;
use domain::core::change::{Change, Record};
use domain::core::id::{AccountId, SessionId};
use domain::core::time::Timestamp;

/// Sign-in sessions and their refresh tokens.
pub trait Sessions {
    /// One session, locked until the unit of work ends.
    fn session(&mut self, id: SessionId) -> Result<Option<Session>>;
    /// Adds a session and deletes the expired ones of the account.
    fn create_session(&mut self, change: Change<Session>) -> Result<()>;
    /// Replaces the refresh token of a session by the next one, guarded by the generation of the
    /// replaced token.
    fn rotate_session(&mut self, session: &Session) -> Result<()>;
    /// Ends one session.
    fn revoke_session(&mut self, change: Change<Session>) -> Result<()>;
    /// Records an attempt to sign in that failed.
    fn refuse_session(&mut self, record: Record) -> Result<()>;
    /// Ends every session of an account.
    fn revoke_sessions(&mut self, account: AccountId, at: Timestamp) -> Result<()>;
}
