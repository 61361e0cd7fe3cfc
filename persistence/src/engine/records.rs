//! What a unit of work has recorded, until it is chained.

use domain::core::change::Record;
use uuid::Uuid;

/// Records in the order in which they were made. What happened to many resources alike is kept once,
/// with their ids: what a whole company leaves is some bytes for each of its people.
#[derive(Debug, Default)]
pub struct Records(Vec<Entry>);

#[derive(Debug)]
enum Entry {
    /// What happened to one resource.
    One(Box<Record>),
    /// What happened to each of these resources; the id in the record is of no account.
    Each(Box<Record>, Vec<Uuid>),
}

impl Records {
    /// Adds what happened to one resource.
    pub fn push(&mut self, record: Record) {
        self.0.push(Entry::One(Box::new(record)));
    }

    /// Adds the same for each of some resources.
    pub fn push_each(&mut self, record: Record, ids: Vec<Uuid>) {
        if !ids.is_empty() {
            self.0.push(Entry::Each(Box::new(record), ids));
        }
    }

    /// How many there are to chain.
    pub fn len(&self) -> usize {
        let of = |entry: &Entry| match entry {
            Entry::One(_) => 1,
            Entry::Each(_, ids) => ids.len(),
        };
        self.0.iter().map(of).sum()
    }

    /// Whether there is nothing to chain.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Hands over record by record, in order.
    ///
    /// # Errors
    /// The first one of `chain`, behind which nothing is handed over.
    pub fn try_for_each<E>(self, mut chain: impl FnMut(&Record) -> Result<(), E>) -> Result<(), E> {
        for entry in self.0 {
            match entry {
                Entry::One(record) => chain(&record)?,
                Entry::Each(mut record, ids) => {
                    for id in ids {
                        record.resource_id = id;
                        chain(&record)?;
                    }
                }
            }
        }
        Ok(())
    }
}
