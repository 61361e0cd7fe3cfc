//! Many rows by their keys.

use crate::error::DbError;
use crate::ports::Result;
use diesel::prelude::*;
use std::iter::Peekable;

/// Keys of one statement.
pub(super) const KEYS: usize = 1024;

/// Turns the row count of a guarded statement, or a key taken in between, into a lost race: the
/// plan was made from what is no longer so, and is made again.
pub(super) fn all_saved(saved: QueryResult<usize>, expected: usize) -> Result<()> {
    match saved.map_err(DbError::from) {
        Ok(saved) if saved == expected => Ok(()),
        Ok(_) => Err(DbError::Race("a row has changed since the import was planned".into())),
        Err(DbError::Duplicate { table, column }) => {
            Err(DbError::Race(format!("{table}.{column} was taken since the import was planned")))
        }
        Err(error) => Err(error),
    }
}

/// The next ones that belong to `key` of what is in the order of keys; what belongs to earlier ones
/// is passed over.
pub(super) fn of_key<'r, R: Iterator, K: Ord + Copy + 'r>(
    rows: &'r mut Peekable<R>,
    key: K,
    of: impl Fn(&R::Item) -> K + 'r,
) -> impl Iterator<Item = R::Item> + 'r {
    while rows.next_if(|row| of(row) < key).is_some() {}
    std::iter::from_fn(move || rows.next_if(|row| of(row) == key))
}
