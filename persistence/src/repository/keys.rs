//! Many rows, found by their keys.

use crate::error::DbError;
use crate::ports::Result;
use diesel::prelude::*;
use std::iter::Peekable;

/// Most keys in one statement.
pub(super) const KEYS: usize = 1024;

/// Checks the row count of a guarded statement of an import. A wrong count, or a key that was taken
/// meanwhile, is a race: the unit of work runs again and plans the import anew.
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

/// The next rows that belong to `key`, from rows ordered by key; skips rows of earlier keys.
pub(super) fn of_key<'r, R: Iterator, K: Ord + Copy + 'r>(
    rows: &'r mut Peekable<R>,
    key: K,
    of: impl Fn(&R::Item) -> K + 'r,
) -> impl Iterator<Item = R::Item> + 'r {
    while rows.next_if(|row| of(row) < key).is_some() {}
    std::iter::from_fn(move || rows.next_if(|row| of(row) == key))
}
