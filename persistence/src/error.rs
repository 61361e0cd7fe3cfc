//! Errors of the database.

/// An error of the database. Its text goes to the log, never to a client.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A unique key exists already.
    #[error("{table}.{column} is taken already")]
    Duplicate {
        /// Table of the key.
        table: String,
        /// Last column of the key, which names what is unique; `pkey` for a primary key on
        /// PostgreSQL.
        column: String,
    },
    /// A row refers to a row that does not exist, or is still referred to.
    #[error("a reference does not hold: {0}")]
    Reference(String),
    /// The row exists, but its version is not the one the caller read.
    #[error("the row has changed since it was read")]
    Stale,
    /// The row does not exist.
    #[error("the row does not exist")]
    Missing,
    /// No connection was free in time.
    #[error("all connections are busy")]
    Busy,
    /// The database cannot be reached or refuses to write.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// Another transaction was faster; running the unit of work again may succeed.
    #[error("lost a race with another transaction: {0}")]
    Race(String),
    /// A stored value is not what the schema promises.
    #[error("a stored value is corrupt: {0}")]
    Corrupt(String),
    /// The use case panicked; nothing it did was kept.
    #[error("the unit of work panicked: {0}")]
    Panicked(String),
    /// Anything else the engine refused.
    #[error("the engine refused: {0}")]
    Engine(String),
}

impl DbError {
    /// Whether running the whole unit of work again, on another connection, may succeed.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, DbError::Race(_) | DbError::Unavailable(_))
    }
}

/// An error of a use case, which may hold a [`DbError`].
pub trait Failure: From<DbError> + Send + 'static {
    /// The database error behind this error, if it has one.
    fn database(&self) -> Option<&DbError>;
}

impl Failure for DbError {
    fn database(&self) -> Option<&DbError> {
        Some(self)
    }
}

impl From<diesel::result::Error> for DbError {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind as Kind, Error};
        match error {
            Error::NotFound => DbError::Missing,
            Error::DatabaseError(kind, info) => match kind {
                Kind::UniqueViolation => duplicate(info.as_ref()),
                Kind::ForeignKeyViolation => DbError::Reference(info.message().to_owned()),
                Kind::SerializationFailure => DbError::Race(info.message().to_owned()),
                Kind::ClosedConnection | Kind::UnableToSendCommand => {
                    DbError::Unavailable(info.message().to_owned())
                }
                _ => by_message(info.message()),
            },
            Error::BrokenTransactionManager => DbError::Unavailable(error.to_string()),
            other => DbError::Engine(other.to_string()),
        }
    }
}

/// SQLite names the key in the text `UNIQUE constraint failed: table.first, table.last`. PostgreSQL
/// names table and constraint but hides the columns where row-level security is on. So the column
/// is read from the constraint's name, `table_tenant_id_column_key`, or from the name of an index,
/// `table_column`.
fn duplicate(info: &dyn diesel::result::DatabaseErrorInformation) -> DbError {
    let (table, column) = match (info.table_name(), info.constraint_name()) {
        (Some(table), Some(constraint)) => {
            let key = constraint.strip_prefix(table).unwrap_or(constraint).trim_start_matches('_');
            let key = key.strip_prefix("tenant_id_").unwrap_or(key);
            (table, key.strip_suffix("_key").unwrap_or(key))
        }
        _ => {
            let last = info.message().rsplit([' ', ',']).next().unwrap_or_default();
            last.split_once('.').unwrap_or((last, ""))
        }
    };
    DbError::Duplicate { table: table.to_owned(), column: column.to_owned() }
}

/// Classifies failures by their text, for which the drivers have no kind of error.
pub(crate) fn by_message(message: &str) -> DbError {
    const RACE: &[&str] = &["deadlock detected", "could not serialize", "lock timeout"];
    const UNAVAILABLE: &[&str] = &[
        "database is locked",
        "disk I/O error",
        "database or disk is full",
        "attempt to write a readonly database",
        "unable to open database file",
        "terminating connection",
        "server closed the connection",
        "no connection to the server",
        "connection not open",
        "the database system is",
        "cannot execute",
        "could not extend file",
        "SSL connection has been closed",
    ];
    let any = |list: &[&str]| list.iter().any(|part| message.contains(part));
    if any(RACE) {
        DbError::Race(message.to_owned())
    } else if any(UNAVAILABLE) {
        DbError::Unavailable(message.to_owned())
    } else {
        DbError::Engine(message.to_owned())
    }
}
