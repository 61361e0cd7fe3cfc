//! The plain nouns, kept and listed in the one way.

use super::Db;
use super::engine::Unit;
use crate::column::Key;
use crate::page::{Page, keyset, since};
use crate::ports::{Lists, Named, Result};
use crate::record::{creates, finds, updates};
use crate::schema::*;
use diesel::dsl::{count_star, exists, select};
use diesel::prelude::*;
use domain::core::change::Change;
use domain::core::time::Timestamp;
use domain::policy::Sealed;

/// Limits a query to the records of a list. One of changes shows deleted records too.
macro_rules! listed {
    ($query:expr, $table:ident, $unit:ident, $since:expr) => {{
        let query = $query.filter($table::tenant_id.eq($unit.scope())).into_boxed::<Db>();
        match $since {
            Some(_) => query,
            None => query.filter($table::deleted_at.is_null()),
        }
    }};
}

macro_rules! kept {
    ($($row:ident of $table:ident by $id:ty, $record:ty, named by $($other:ident.$column:ident),+;)*) => {$(
        finds!($row of $table by $id, $record, if deleted_at.is_null());
        creates!($row of $table, $record);
        updates!($row of $table, $record);

        impl Lists<$record> for Unit<'_> {
            fn list(&mut self, page: &Page) -> Result<Vec<$record>> {
                let query = $table::table.select($row::as_select()).limit(page.limit);
                let query = listed!(query, $table, self, page.updated_since);
                let rows = keyset!(query, $table, page).load(self.conn)?;
                rows.into_iter().map($row::record).collect()
            }

            fn count(&mut self, updated_since: Option<Timestamp>) -> Result<i64> {
                let query = $table::table.select(count_star());
                let query = listed!(query, $table, self, updated_since);
                Ok(since!(query, $table, updated_since).get_result(self.conn)?)
            }
        }

        impl Named<$id> for Unit<'_> {
            fn is_named(&mut self, id: $id) -> Result<bool> {
                Ok($({
                    let naming = $other::table
                        .filter($other::tenant_id.eq(self.scope()))
                        .filter($other::$column.eq(Key(id.uuid())));
                    select(exists(naming)).get_result::<bool>(self.conn)?
                })||+)
            }
        }
    )*};
}
plain_nouns!(kept);
