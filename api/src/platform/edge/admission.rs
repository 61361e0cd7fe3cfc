//! Admission: a bound on the requests served at once, first come, first served.

use crate::platform::refusal::Refusal;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long a request waits for its turn: long enough for a burst to pass, shorter than a client's
/// patience.
const PATIENCE: Duration = Duration::from_millis(500);

/// The places there are.
pub struct Admission {
    places: Semaphore,
}

impl Admission {
    /// With so many places.
    pub fn new(places: usize) -> Self {
        Self { places: Semaphore::new(places) }
    }

    /// Takes a place, waiting a moment for it.
    pub async fn enter(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        if let Ok(place) = self.places.try_acquire() {
            return Ok(place);
        }
        match tokio::time::timeout(PATIENCE, self.places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) => Err(Refusal::ShuttingDown),
            Err(_) => Err(Refusal::Overloaded),
        }
    }

    /// Admits nobody any more; those who wait are told so at once.
    pub fn close(&self) {
        self.places.close();
    }
}
