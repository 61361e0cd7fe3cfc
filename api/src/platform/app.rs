//! State that all requests share.

use crate::platform::areas::Areas;
use crate::platform::auth::Auth;
use crate::platform::clock::Clock;
use crate::platform::config::Settings;
use crate::platform::edge::Edge;
use crate::platform::jobs::Desk;
use crate::platform::key_file::KeyFile;
use crate::platform::keys::Keys;
use crate::platform::places::Places;
use domain::core::id::TenantId;
use persistence::Database;
use std::collections::HashSet;
use std::error::Error;
use std::net::IpAddr;
use std::sync::Mutex;
use uuid::Uuid;

/// Number of bulk bodies of the largest size that may be in memory at once.
const BULK_BODIES: usize = 2;

/// Number of larger JSON bodies that may be in memory at once.
const LARGE_BODIES: usize = 64;

/// The running program: database, clock, keys and settings.
pub struct App {
    /// The database.
    pub db: Database,
    /// The clock.
    pub clock: Clock,
    /// All settings.
    pub settings: Settings,
    /// The key file: the secret of the installation.
    pub key_file: KeyFile,
    /// Keys that sign tokens and cursors.
    pub keys: Keys,
    /// State of signing in that requests share.
    pub auth: Auth,
    /// Idempotency keys of requests being served right now, by principal.
    pub in_flight: Mutex<HashSet<(Uuid, String)>>,
    /// State of the edge that requests share.
    pub edge: Edge,
    /// Routes, jobs and contract of the areas.
    pub areas: &'static Areas,
    /// Jobs of this process.
    pub jobs: Desk,
    /// Mebibytes of bulk bodies that may be in memory at once, divided among tenants.
    pub bulk_bodies: Places<TenantId>,
    /// Number of larger JSON bodies that may be in memory at once, divided among networks.
    pub large_bodies: Places<IpAddr>,
    /// Number of exports that may stream at once, divided among tenants. It is half of the readers,
    /// so that the others stay free.
    pub exports: Places<TenantId>,
}

impl App {
    /// Opens the database and its key file. Migrations must have run.
    ///
    /// # Errors
    /// One of them cannot be opened, or they do not belong together.
    pub async fn open(
        settings: Settings,
        clock: Clock,
        areas: &'static Areas,
    ) -> Result<Self, Box<dyn Error>> {
        let db = Database::open(&settings.database())?;
        let (key_file, keys) = Keys::open(&db, &settings.key_file(), clock.now()).await?;
        let edge = Edge::new(&settings, (areas.contract)());
        let exports = Places::new(settings.readers as usize / 2);
        let bulk_bodies = Places::new(BULK_BODIES * (settings.bulk_limit >> 20).max(1));
        Ok(Self {
            db,
            clock,
            settings,
            key_file,
            keys,
            edge,
            areas,
            auth: Auth::default(),
            in_flight: Mutex::default(),
            jobs: Desk::default(),
            bulk_bodies,
            large_bodies: Places::new(LARGE_BODIES),
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
