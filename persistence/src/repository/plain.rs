//! The plain nouns, kept and listed in the one way.

use super::Db;
use super::engine::Unit;
use crate::column::Key;
use crate::page::{Page, keyset};
use crate::ports::{Lists, Named, Result};
use crate::record::{creates, finds, updates};
use crate::schema::*;
use diesel::dsl::{exists, select};
use diesel::prelude::*;
use domain::core::change::Change;
use domain::policy::Sealed;

macro_rules! kept {
    ($($row:ident of $table:ident by $id:ty, $record:ty, named by $($other:ident.$column:ident),+;)*) => {$(
        finds!($row of $table by $id, $record, if deleted_at.is_null());
        creates!($row of $table, $record);
        updates!($row of $table, $record);

        impl Lists<$record> for Unit<'_> {
            fn list(&mut self, page: &Page) -> Result<Vec<$record>> {
                let mut query = $table::table
                    .filter($table::tenant_id.eq(self.scope()))
                    .select($row::as_select())
                    .limit(page.limit)
                    .into_boxed::<Db>();
                if page.updated_since.is_none() {
                    query = query.filter($table::deleted_at.is_null());
                }
                let rows = keyset!(query, $table, page).load(self.conn)?;
                rows.into_iter().map($row::record).collect()
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
