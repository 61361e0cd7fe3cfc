//! What every request shares.

use crate::auth::Auth;
use crate::clock::Clock;
use crate::config::Settings;
use crate::edge::Edge;
use crate::jobs::Desk;
use crate::key_file::KeyFile;
use crate::keys::Keys;
use persistence::Database;
use std::collections::HashSet;
use std::error::Error;
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Bulk requests read at once: what bounds the memory they take.
const BULK_BODIES: usize = 4;

/// The running program: database, clock, keys and settings.
pub struct App {
    /// The database.
    pub db: Database,
    /// The clock.
    pub clock: Clock,
    /// Every setting.
    pub settings: Settings,
    /// The secret of the installation.
    pub key_file: KeyFile,
    /// Keys that sign tokens and cursors.
    pub keys: Keys,
    /// What signing in shares between requests.
    pub auth: Auth,
    /// Idempotency keys being served at this moment, by principal.
    pub in_flight: Mutex<HashSet<(Uuid, String)>>,
    /// What the edge keeps between requests.
    pub edge: Edge,
    /// Jobs of this process.
    pub jobs: Desk,
    /// Bulk bodies that may be held in memory at once.
    pub bulk_bodies: Arc<Semaphore>,
    /// Exports that may stream at once: half of the readers, so that the others stay free for
    /// everyone else.
    pub exports: Arc<Semaphore>,
}

impl App {
    /// Opens the key file and the database; migrations have run.
    ///
    /// # Errors
    /// Either cannot be opened.
    pub async fn open(settings: Settings, clock: Clock) -> Result<Self, Box<dyn Error>> {
        let key_file = KeyFile::open_or_create(&settings.key_file())?;
        let db = Database::open(&settings.database())?;
        let keys = Keys::load(&db, clock.now()).await?;
        let edge = Edge::new(&settings);
        let exports = Arc::new(Semaphore::new((settings.readers as usize / 2).max(1)));
        Ok(Self {
            db,
            clock,
            settings,
            key_file,
            keys,
            edge,
            auth: Auth::default(),
            in_flight: Mutex::default(),
            jobs: Desk::default(),
            bulk_bodies: Arc::new(Semaphore::new(BULK_BODIES)),
            exports,
        })
    }
}

/// A new time-ordered id.
#[expect(clippy::disallowed_methods, reason = "the one source of ids")]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// Fresh randomness for the ids and salts of one unit of work.
#[expect(clippy::disallowed_methods, reason = "the one source of randomness")]
pub fn seed() -> [u8; 32] {
    rand::random()
}
