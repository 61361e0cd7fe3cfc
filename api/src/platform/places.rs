//! A limited number of places. Nobody can take more than half of them, so that others always find
//! one.

use crate::platform::refusal::Refusal;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places, and the share of each holder.
pub struct Places<K> {
    all: Arc<Semaphore>,
    share: usize,
    shares: Mutex<HashMap<K, Weak<Semaphore>>>,
}

/// Places that are taken as long as this value lives.
pub struct Place {
    _share: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl<K: Eq + Hash> Places<K> {
    /// This many places, at least one.
    pub fn new(count: usize) -> Self {
        let count = count.max(1);
        Self {
            all: Arc::new(Semaphore::new(count)),
            share: count.div_ceil(2),
            shares: Mutex::default(),
        }
    }

    /// Takes `count` places for a holder, but at most the holder's share, first come, first served.
    ///
    /// # Errors
    /// [`Refusal::Overloaded`] if they are not free within `wait`.
    pub async fn take(&self, whose: K, count: usize, wait: Duration) -> Result<Place, Refusal> {
        let count = u32::try_from(count.min(self.share)).unwrap_or(u32::MAX);
        let share = self.share_of(whose);
        let taken = tokio::time::timeout(wait, async {
            // Waiting for one's own share must not hold up others.
            let share = share.acquire_many_owned(count).await.ok()?;
            let place = Arc::clone(&self.all).acquire_many_owned(count).await.ok()?;
            Some(Place { _share: share, _place: place })
        });
        taken.await.ok().flatten().ok_or(Refusal::Overloaded)
    }

    fn share_of(&self, whose: K) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(&whose).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(self.share));
        shares.insert(whose, Arc::downgrade(&share));
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(5);

    #[actix_web::test]
    async fn nobody_takes_the_places_of_all() {
        let places = Places::new(4);
        let greedy = places.take("greedy", 9, SOON).await.unwrap();
        assert!(places.take("greedy", 1, SOON).await.is_err());
        let other = places.take("other", 1, SOON).await.unwrap();
        let third = places.take("third", 1, SOON).await.unwrap();
        assert!(places.take("third", 1, SOON).await.is_err(), "all are taken");
        drop(greedy);
        assert!(places.take("greedy", 2, SOON).await.is_ok());
        drop((other, third));
        let _one = places.take("greedy", 1, SOON).await.unwrap();
        assert_eq!(places.shares.lock().unwrap().len(), 1, "who has none is forgotten");
    }
}
