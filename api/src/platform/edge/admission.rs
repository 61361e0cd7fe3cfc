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

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::pin::pin;

    #[actix_web::test]
    async fn who_waits_gets_the_place_that_becomes_free() {
        let admission = Admission::new(1);
        let place = admission.enter().await.unwrap();
        let mut waiting = pin!(admission.enter());
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(place);
        assert!(waiting.await.is_ok());
    }

    #[actix_web::test]
    async fn who_waits_too_long_is_refused() {
        let admission = Admission::new(1);
        let _place = admission.enter().await.unwrap();
        assert!(matches!(admission.enter().await, Err(Refusal::Overloaded)));
    }

    #[actix_web::test]
    async fn who_waits_at_shutdown_is_told_so() {
        let admission = Admission::new(1);
        let _place = admission.enter().await.unwrap();
        let mut waiting = pin!(admission.enter());
        assert!(waiting.as_mut().now_or_never().is_none());
        admission.close();
        assert!(matches!(waiting.await, Err(Refusal::ShuttingDown)));
    }
}
