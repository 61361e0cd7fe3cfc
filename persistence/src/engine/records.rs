//! The records of a unit of work, until they are chained.

use domain::core::change::Record;
use uuid::Uuid;

/// Records in the order in which they were made. A record that is the same for many resources is
/// stored once with their ids, so that an operation on a whole company takes a few bytes per
/// person.
#[derive(Debug, Default)]
pub struct Records(Vec<Entry>);

#[derive(Debug)]
enum Entry {
    /// What happened to one resource.
    One(Box<Record>),
    /// What happened to each of these resources; the id in the record is not used.
    Each(Box<Record>, Vec<Uuid>),
}

impl Records {
    /// Adds what happened to one resource.
    pub fn push(&mut self, record: Record) {
        self.0.push(Entry::One(Box::new(record)));
    }

    /// Adds the same record for each of these resources.
    pub fn push_each(&mut self, record: Record, ids: Vec<Uuid>) {
        if !ids.is_empty() {
            self.0.push(Entry::Each(Box::new(record), ids));
        }
    }

    /// Number of entries to chain.
    pub fn len(&self) -> usize {
        let of = |entry: &Entry| match entry {
            Entry::One(_) => 1,
            Entry::Each(_, ids) => ids.len(),
        };
        self.0.iter().map(of).sum()
    }

    /// Whether there is no entry to chain.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Calls `chain` for every record, in order.
    ///
    /// # Errors
    /// The first error of `chain`; the records after it are not passed.
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
