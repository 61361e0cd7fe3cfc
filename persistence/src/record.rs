//! A table and the records it keeps, declared together: every column is named once.

use crate::column::{json, to_json, word};
use crate::error::DbError;
use domain::core::text::TextEnum;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// What a column keeps.
pub trait Kind {
    /// The type of the column in a row.
    type Row;
}

/// A kind of column that keeps values of the domain's type `V`.
pub trait Keeps<V>: Kind {
    /// The value as it is kept.
    fn keep(value: V) -> Result<Self::Row, DbError>;
    /// The value as it was.
    fn value(kept: Self::Row) -> Result<V, DbError>;
}

impl<K: Kind> Kind for Option<K> {
    type Row = Option<K::Row>;
}

impl<V, K: Keeps<V>> Keeps<Option<V>> for Option<K> {
    fn keep(value: Option<V>) -> Result<Self::Row, DbError> {
        value.map(K::keep).transpose()
    }

    fn value(kept: Self::Row) -> Result<Option<V>, DbError> {
        kept.map(K::value).transpose()
    }
}

/// The kinds of columns, by the names that [`record!`] knows. [`sql`] has the same names.
pub mod kind {
    use super::{DbError, DeserializeOwned, Keeps, Kind, Serialize, TextEnum, Uuid};
    use super::{json, to_json, word};

    macro_rules! kinds {
        ($($(#[$doc:meta])* $kind:ident $row:ty [$($value:tt)*] $keep:expr, $read:expr;)*) => {$(
            $(#[$doc])*
            pub enum $kind {}

            impl Kind for $kind {
                type Row = $row;
            }

            kinds!(@keeps $kind [$($value)*] $keep, $read);
        )*};
        (@keeps $kind:ident [$value:ty] $keep:expr, $read:expr) => {
            impl Keeps<$value> for $kind {
                kinds!(@ways $value, $keep, $read);
            }
        };
        (@keeps $kind:ident [V: $($bound:path),+] $keep:expr, $read:expr) => {
            impl<V: $($bound +)+> Keeps<V> for $kind {
                kinds!(@ways V, $keep, $read);
            }
        };
        (@ways $value:ty, $keep:expr, $read:expr) => {
            fn keep(value: $value) -> Result<Self::Row, DbError> {
                ($keep)(value)
            }

            fn value(kept: Self::Row) -> Result<$value, DbError> {
                ($read)(kept)
            }
        };
    }

    kinds! {
        /// An id.
        Key crate::column::Key [V: From<Uuid>, Into<Uuid>]
            |id: V| Ok(crate::column::Key(id.into())), |key: Self::Row| Ok(key.0.into());
        /// An instant.
        At crate::column::At [chrono::DateTime<chrono::Utc>]
            |at| Ok(crate::column::At(at)), |at: Self::Row| Ok(at.0);
        /// A day.
        Day chrono::NaiveDate [chrono::NaiveDate] Ok, Ok;
        /// A text.
        Text String [String] Ok, Ok;
        /// A value of one of the domain's enums.
        Word String [V: TextEnum] |it: V| Ok(it.as_str().to_owned()), |text: String| word(&text);
        /// A value of the domain as JSON.
        Json String [V: Serialize, DeserializeOwned]
            |value: V| to_json(&value), |text: String| json(&text);
        /// A number.
        Int i32 [i32] Ok, Ok;
        /// Yes or no.
        Flag bool [bool] Ok, Ok;
    }
}

/// The SQL types of the kinds of columns.
#[allow(missing_docs, reason = "named as in `kind`")]
pub mod sql {
    pub use crate::column::{Id as Key, Instant as At};
    pub use diesel::sql_types::{
        Bool as Flag, Date as Day, Integer as Int, Nullable as Option, Text, Text as Word,
        Text as Json,
    };
}

/// The statement that saves a changed row over the version before it.
pub struct Save<R>(pub R);

impl<R, C> diesel::RunQueryDsl<C> for Save<R> {}

/// Declares a table of records with the type of its rows, the way from a record to its row and back,
/// and the statement that saves a changed row.
///
/// `PositionRow of position keeps Position { id: Key, mut code: Text, ... }` has a line for each
/// column behind `tenant_id`, with its [kind]. `mut` columns are those that a change may write;
/// `version` and `updated_at` go with them. `from_grade as from: Word` says how the record calls a
/// column that has another name. What the record holds of other tables is named in front,
/// `with { employee_id: EmployeeId }`, and handed to `record`. A table without versions has records
/// that change once: `once decided_at` is a `mut` column that is null until then.
macro_rules! record {
    (
        $(#[$doc:meta])*
        $row:ident of $table:ident keeps $record:ident
        $(with { $($with:ident : $with_type:ty),* $(,)? })?
        { $($columns:tt)* }
    ) => {
        $crate::record::record!(
            @columns [[$(#[$doc])*] $row $table $record [$($($with : $with_type),*)?]]
            [] [] $($columns)*
        );
    };
    (
        @columns $head:tt [$($all:tt)*] $changed:tt
        $column:ident : $kind:ty, $($rest:tt)*
    ) => {
        $crate::record::record!(
            @columns $head [$($all)* { $column $column : $kind }] $changed $($rest)*
        );
    };
    (
        @columns $head:tt [$($all:tt)*] $changed:tt
        $column:ident as $field:ident : $kind:ty, $($rest:tt)*
    ) => {
        $crate::record::record!(
            @columns $head [$($all)* { $column $field : $kind }] $changed $($rest)*
        );
    };
    (@columns $head:tt $all:tt [$($changed:ident)*] mut $column:ident $($rest:tt)*) => {
        $crate::record::record!(
            @columns $head $all [$($changed)* $column] $column $($rest)*
        );
    };
    (@columns $head:tt $all:tt [$($changed:ident)*] once $column:ident $($rest:tt)*) => {
        $crate::record::record!(
            @columns $head $all [once $column $($changed)*] $column $($rest)*
        );
    };
    (
        @columns
        [[$($doc:tt)*] $row:ident $table:ident $record:ident [$($with:ident : $with_type:ty),*]]
        [$({ $column:ident $field:ident : $kind:ty })*] [$($changed:ident)*]
    ) => {
        diesel::table! {
            use crate::record::sql::*;

            $($doc)*
            $table (tenant_id, id) {
                tenant_id -> Key,
                $($column -> $kind,)*
            }
        }

        #[doc = concat!("A row of the table `", stringify!($table), "`.")]
        #[derive(diesel::Queryable, diesel::Selectable, diesel::Insertable)]
        #[diesel(table_name = $table, treat_none_as_default_value = false)]
        pub struct $row {
            tenant_id: $crate::column::Key,
            $(pub $column: <$kind as $crate::record::Kind>::Row,)*
        }

        impl $row {
            /// The row that keeps a record of a tenant.
            pub fn of(
                tenant: $crate::column::Key,
                record: $record,
            ) -> Result<Self, $crate::error::DbError> {
                Ok(Self {
                    tenant_id: tenant,
                    $($column: <$kind as $crate::record::Keeps<_>>::keep(record.$field)?,)*
                })
            }

            /// The record that the row keeps.
            pub fn record(self, $($with: $with_type),*) -> Result<$record, $crate::error::DbError> {
                Ok($record {
                    $($with,)*
                    $($field: <$kind as $crate::record::Keeps<_>>::value(self.$column)?,)*
                })
            }
        }

        $crate::record::save!($row $table $($changed)*);
    };
}
pub(crate) use record;

macro_rules! save {
    ($row:ident $table:ident) => {};
    ($row:ident $table:ident $($changed:ident)+) => {
        $crate::record::save!(diesel::pg::Pg, $row $table $($changed)*);
        $crate::record::save!(diesel::sqlite::Sqlite, $row $table $($changed)*);

        impl diesel::query_builder::QueryId for $crate::record::Save<$row> {
            type QueryId = Self;
            const HAS_STATIC_QUERY_ID: bool = true;
        }
    };
    ($db:ty, $row:ident $table:ident $($changed:ident)*) => {
        impl diesel::query_builder::QueryFragment<$db> for $crate::record::Save<$row> {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, $db>,
            ) -> diesel::QueryResult<()> {
                $crate::column::push_guarded!(out, self.0, $table $($changed)*)
            }
        }
    };
}
pub(crate) use save;

/// Has units of work find records of a kind by their ids: `PositionRow of position by PositionId keeps
/// Position, if deleted_at.is_null()`. What the record holds of other tables comes from a function of
/// the unit and a column, `with goal_of(goal_id)`; without it there is no such record.
macro_rules! finds {
    ($row:ident of $table:ident by $id:ty, $record:ty, with $other:ident($column:ident)) => {
        impl $crate::ports::Finds<$id, $record> for Unit<'_> {
            fn find(&mut self, id: $id) -> Result<Option<Sealed<$record>>> {
                let found = $crate::record::by_id!(self, id, $row of $table);
                let found = found.get_result::<$row>(self.conn);
                $crate::record::sealed_with!(self, found, $other($column))
            }

            fn lock(&mut self, id: $id) -> Result<Option<Sealed<$record>>> {
                let found = $crate::record::by_id!(self, id, $row of $table);
                let found = super::dialect::for_update!(found).get_result::<$row>(self.conn);
                $crate::record::sealed_with!(self, found, $other($column))
            }
        }
    };
    ($row:ident of $table:ident by $id:ty, $record:ty $(, if $column:ident . $condition:ident())?) => {
        impl $crate::ports::Finds<$id, $record> for Unit<'_> {
            fn find(&mut self, id: $id) -> Result<Option<Sealed<$record>>> {
                let found = $crate::record::by_id!(self, id, $row of $table $(, $column.$condition())?);
                $crate::record::sealed!(found.get_result(self.conn))
            }

            fn lock(&mut self, id: $id) -> Result<Option<Sealed<$record>>> {
                let found = $crate::record::by_id!(self, id, $row of $table $(, $column.$condition())?);
                $crate::record::sealed!(super::dialect::for_update!(found).get_result(self.conn))
            }
        }
    };
}
pub(crate) use finds;

macro_rules! by_id {
    ($unit:ident, $id:ident, $row:ident of $table:ident $(, $column:ident . $condition:ident())?) => {
        $table::table
            .find(($unit.scope(), $crate::column::Key($id.uuid())))
            $(.filter($table::$column.$condition()))?
            .select($row::as_select())
    };
}
pub(crate) use by_id;

macro_rules! sealed {
    ($found:expr) => {
        $found.optional()?.map(|row| row.record().map(Sealed::new)).transpose()
    };
}
pub(crate) use sealed;

macro_rules! sealed_with {
    ($unit:ident, $found:ident, $other:ident($column:ident)) => {{
        let Some(row) = $found.optional()? else { return Ok(None) };
        let other = $unit.$other(row.$column)?;
        other.map(|other| row.record(other).map(Sealed::new)).transpose()
    }};
}
pub(crate) use sealed_with;

/// Has units of work add records of a kind, each with what was done.
macro_rules! creates {
    ($row:ident of $table:ident, $record:ty) => {
        impl $crate::ports::Creates<$record> for Unit<'_> {
            fn create(&mut self, change: Change<$record>) -> Result<()> {
                let row = $row::of(self.scope(), change.entity)?;
                diesel::insert_into($table::table).values(row).execute(self.conn)?;
                self.record(change.record);
                Ok(())
            }
        }
    };
}
pub(crate) use creates;

/// Has units of work save records of a kind, each with what was done.
macro_rules! updates {
    ($row:ident of $table:ident, $record:ty) => {
        impl $crate::ports::Updates<$record> for Unit<'_> {
            fn update(&mut self, change: Change<$record>) -> Result<()> {
                let row = $row::of(self.scope(), change.entity)?;
                let saved = $crate::record::Save(row).execute(self.conn)?;
                self.guard(saved)?;
                self.record(change.record);
                Ok(())
            }
        }
    };
}
pub(crate) use updates;
