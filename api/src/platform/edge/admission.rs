//! Admission: bounds the number of requests served at once, first come, first served.

use crate::platform::refusal::Refusal;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long a request waits for its turn: long enough for a burst to pass, shorter than a client is
/// willing to wait.
const PATIENCE: Duration = Duration::from_millis(500);

/// The places for requests being served.
pub struct Admission {
    places: Semaphore,
}

impl Admission {
    /// Admission with a number of places.
    pub fn new(places: usize) -> Self {
        Self { places: Semaphore::new(places) }
    }

    /// Takes a place; waits a moment if none is free.
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

    /// Stops admitting requests; those that wait are refused at once.
    pub fn close(&self) {
        self.places.close();
    }
}
