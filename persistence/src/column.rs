//! Column types that work on both engines, and the macros that declare them.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::{AstPass, QueryId};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Binary, HasSqlType, SqlType, Text, Timestamptz};
use diesel::sqlite::Sqlite;
use domain::core::text::TextEnum;
use std::io::Write;
use uuid::Uuid;

/// A UUID: `uuid` on PostgreSQL, 16 bytes on SQLite.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951))]
#[diesel(sqlite_type(name = "Binary"))]
pub struct Id;

/// An instant: `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185))]
#[diesel(sqlite_type(name = "Long"))]
pub struct Instant;

impl diesel::sql_types::SqlOrd for Instant {}
impl diesel::sql_types::SqlOrd for Id {}

/// Any of the domain's ids, as a column value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Id)]
pub struct Key(pub Uuid);

/// An instant, as a column value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Instant)]
pub struct At(pub DateTime<Utc>);

impl ToSql<Id, Pg> for Key {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<Id, Pg> for Key {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.as_bytes())?))
    }
}

impl ToSql<Id, Sqlite> for Key {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(&self.0.as_bytes()[..]);
        Ok(IsNull::No)
    }
}

impl FromSql<Id, Sqlite> for Key {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.read_blob())?))
    }
}

impl ToSql<Instant, Pg> for At {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Timestamptz, Pg>::to_sql(&self.0, &mut out.reborrow())
    }
}

impl FromSql<Instant, Pg> for At {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<Timestamptz, Pg>::from_sql(value).map(Self)
    }
}

impl ToSql<Instant, Sqlite> for At {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.timestamp_micros());
        Ok(IsNull::No)
    }
}

impl FromSql<Instant, Sqlite> for At {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<BigInt, Sqlite>>::from_sql(value)?;
        DateTime::from_timestamp_micros(micros)
            .map(Self)
            .ok_or_else(|| "instant out of range".into())
    }
}

/// An enum of the domain, stored in its text form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression)]
#[diesel(sql_type = Text)]
pub struct Word<T: TextEnum + std::fmt::Debug>(pub T);

impl<T: TextEnum + std::fmt::Debug, DB> ToSql<Text, DB> for Word<T>
where
    DB: Backend,
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.as_str().to_sql(out)
    }
}

/// Reads the text form of an enum. A CHECK of the schema already limits the text, so another text
/// means a corrupt database.
pub fn word<T: TextEnum>(text: &str) -> Result<T, crate::DbError> {
    T::parse(text).map_err(|unknown| crate::DbError::Corrupt(unknown.to_string()))
}

/// Reads a value that is stored as JSON.
pub fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, crate::DbError> {
    serde_json::from_str(text).map_err(|error| crate::DbError::Corrupt(error.to_string()))
}

/// The JSON under which a value is stored.
pub fn to_json<T: serde::Serialize>(value: &T) -> Result<String, crate::DbError> {
    serde_json::to_string(value).map_err(|error| crate::DbError::Corrupt(error.to_string()))
}

/// A decimal as an integer: the value times 10 to the power of `places`.
/// [`Decimal::new`](rust_decimal::Decimal::new) reads it back.
pub fn units(value: rust_decimal::Decimal, places: u32) -> Result<i64, crate::DbError> {
    let mut value = value;
    value.rescale(places);
    i64::try_from(value.mantissa()).map_err(|error| crate::DbError::Corrupt(error.to_string()))
}

/// A Rust type and the SQL type it is bound as in [`statement!`].
pub trait Bind {
    /// The SQL type.
    type Sql;
}

macro_rules! binds {
    ($($rust:ty => $sql:ty),* $(,)?) => {$(
        impl Bind for $rust { type Sql = $sql; }
        impl Bind for Option<$rust> { type Sql = diesel::sql_types::Nullable<$sql>; }
    )*};
}

binds! {
    Key => Id,
    At => Instant,
    i32 => diesel::sql_types::Integer,
    i64 => BigInt,
    bool => diesel::sql_types::Bool,
    String => Text,
    &str => Text,
    Vec<u8> => Binary,
    &[u8] => Binary,
    chrono::NaiveDate => diesel::sql_types::Date,
}

/// Adds a typed bind to a hand-written statement.
pub fn push<'b, DB, T>(out: &mut AstPass<'_, 'b, DB>, value: &'b T) -> QueryResult<()>
where
    DB: Backend + HasSqlType<T::Sql>,
    T: Bind + ToSql<T::Sql, DB>,
{
    out.push_bind_param::<T::Sql, T>(value)
}

/// Declares a hand-written statement, with typed binds written where they are used, for the engine
/// whose `Db` and `Conn` are in scope. Its query id is static, so each connection prepares it once;
/// `sql_query` and Diesel's own UPDATE and upsert are prepared on every call.
///
/// `struct Touch { at: At, id: Key } "UPDATE x SET at = " at " WHERE id = " id` is a command; with
/// `-> (SqlType, ...);` after the fields it is a query.
macro_rules! statement {
    (
        $(#[$doc:meta])*
        struct $name:ident { $($field:ident : $rust:ty),* $(,)? }
        $(-> $row:ty ;)?
        $($sql:literal $($bind:ident)?)*
    ) => {
        $(#[$doc])*
        struct $name { $($field: $rust),* }

        impl diesel::query_builder::QueryId for $name {
            type QueryId = $name;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl diesel::query_builder::QueryFragment<Db> for $name {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, Db>,
            ) -> diesel::QueryResult<()> {
                $(
                    out.push_sql($sql);
                    $($crate::column::push(&mut out, &self.$bind)?;)?
                )*
                Ok(())
            }
        }

        $(impl diesel::query_builder::Query for $name { type SqlType = $row; })?
        impl diesel::RunQueryDsl<Conn> for $name {}
    };
}
pub(crate) use statement;

/// Writes the statement that saves a row if the stored version is the one before, with version and
/// instant of the change.
///
/// Where `once` goes before the first column, the statement saves a row of a table without versions, if
/// that column is still null.
macro_rules! push_guarded {
    ($out:ident, $row:expr, $table:ident once $once:ident $($column:ident)*) => {{
        $crate::column::push_guarded!(@ $out, $row, $table $once $($column)*);
        $out.push_sql(concat!(" AND ", stringify!($once), " IS NULL"));
        Ok(())
    }};
    ($out:ident, $row:expr, $table:ident $($column:ident)*) => {{
        $crate::column::push_guarded!(@ $out, $row, $table version updated_at $($column)*);
        $out.push_sql(" AND version + 1 = ");
        $crate::column::push(&mut $out, &$row.version)
    }};
    (@ $out:ident, $row:expr, $table:ident $first:ident $($column:ident)*) => {
        $out.push_sql(concat!("UPDATE ", stringify!($table), " SET ", stringify!($first), " = "));
        $crate::column::push(&mut $out, &$row.$first)?;
        $(
            $out.push_sql(concat!(", ", stringify!($column), " = "));
            $crate::column::push(&mut $out, &$row.$column)?;
        )*
        $out.push_sql(" WHERE tenant_id = ");
        $crate::column::push(&mut $out, &$row.tenant_id)?;
        $out.push_sql(" AND id = ");
        $crate::column::push(&mut $out, &$row.id)?;
    };
}
pub(crate) use push_guarded;

/// Declares the statement that saves a `Row` if the stored version is the one before. Names each
/// column that may change once; version and instant of the change are saved with them.
macro_rules! guarded_update {
    ($(#[$doc:meta])* struct $name:ident of $table:ident { $($column:ident),* $(,)? }) => {
        $(#[$doc])*
        struct $name(Row);

        impl diesel::query_builder::QueryId for $name {
            type QueryId = $name;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl diesel::query_builder::QueryFragment<Db> for $name {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, Db>,
            ) -> diesel::QueryResult<()> {
                $crate::column::push_guarded!(out, self.0, $table $($column)*)
            }
        }

        impl diesel::RunQueryDsl<Conn> for $name {}
    };
}
pub(crate) use guarded_update;

/// Declares a hand-written statement that writes many rows at once: `head`, the rows, `tail`. The
/// struct holds one vector per column, all of the same length. Each engine passes the rows in its
/// own way.
macro_rules! rows_statement {
    (
        $(#[$doc:meta])*
        struct $name:ident { $($field:ident : $rust:ty),* $(,)? }
        $head:literal rows $tail:literal
    ) => {
        $(#[$doc])*
        #[derive(Default)]
        struct $name { $($field: Vec<$rust>),* }

        impl diesel::query_builder::QueryId for $name {
            type QueryId = $name;
            const HAS_STATIC_QUERY_ID: bool = false;
        }

        impl diesel::query_builder::QueryFragment<Db> for $name {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, Db>,
            ) -> diesel::QueryResult<()> {
                out.push_sql($head);
                super::dialect::push_rows!(out, self, $($field: $rust),*);
                out.push_sql($tail);
                Ok(())
            }
        }

        impl diesel::RunQueryDsl<Conn> for $name {}
    };
}
pub(crate) use rows_statement;

/// Condition: the row of a dated history is the one that holds on a day.
macro_rules! on_day {
    ($table:ident, $day:expr) => {
        $table::effective_from
            .le($day)
            .and($table::effective_to.is_null().or($table::effective_to.ge($day)))
    };
}
pub(crate) use on_day;
