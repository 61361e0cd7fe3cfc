//! Sessions.

use crate::ports::Result;
use domain::access::account::Session;
use domain::core::change::{Change, Record};
use domain::core::id::{AccountId, SessionId};
use domain::core::time::Timestamp;

/// Sign-ins and their refresh tokens.
pub trait Sessions {
    /// One session, locked until the end of the unit.
    fn session(&mut self, id: SessionId) -> Result<Option<Session>>;
    /// Adds a session, and forgets those of the account that have run out.
    fn create_session(&mut self, change: Change<Session>) -> Result<()>;
    /// Moves a session on to its next refresh token, guarded by the generation before.
    fn rotate_session(&mut self, session: &Session) -> Result<()>;
    /// Ends one session.
    fn revoke_session(&mut self, change: Change<Session>) -> Result<()>;
    /// Records that no session was opened.
    fn refuse_session(&mut self, record: Record) -> Result<()>;
    /// Ends every session of an account.
    fn revoke_sessions(&mut self, account: AccountId, at: Timestamp) -> Result<()>;
}
