//! PostgreSQL: for installations that need more than one machine.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

/// The backend against which all shared code is compiled here.
pub type Db = diesel::pg::Pg;
/// The connection on which all shared code runs here.
pub type Conn = diesel::PgConnection;

#[path = "../engine/mod.rs"]
pub mod engine;
#[path = "../repository/mod.rs"]
mod repository;

/// All deliberate differences from SQLite.
pub mod dialect {
    use super::*;
    use crate::column::{Id, Key, push, statement};
    use crate::error::DbError;
    use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
    use diesel::sql_types::{Array, Bool};
    use domain::core::id::TenantId;

    /// Migrations of this engine.
    pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/postgres");
    /// Begins a unit of work.
    pub const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
    /// Begins a consistent snapshot.
    pub const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    /// Lanes per process, each with one writing connection; a tenant always uses the same lane.
    pub const LANES: usize = 4;
    /// A lane looks for few rows by their keys. Plans are kept, and without this setting one made
    /// while a table was nearly empty would still read the whole table after it has grown.
    pub const LANE_PLANS: Option<&str> = Some("SET enable_seqscan = off");
    /// Bulk units have a lane of their own, so that they delay nobody.
    pub const SEPARATE_BULK_WRITER: bool = true;

    /// Readers that are woken at once: all, since a reader only waits for the server.
    pub fn brisk_readers(all: usize) -> usize {
        all
    }

    /// Opens a connection with the settings durability and plain names depend on.
    pub fn connect(url: &str) -> Result<Conn, DbError> {
        let mut conn = Conn::establish(url).map_err(|error| unavailable(&error.to_string()))?;
        // Walks of a tree are planned as if they met many rows; compiling them would take longer
        // than running them.
        conn.batch_execute(
            "SET synchronous_commit = on; SET jit = off; SET TIME ZONE 'UTC'; SET lock_timeout = '10s';
             SET idle_in_transaction_session_timeout = '120s'; SET client_min_messages = warning;",
        )?;
        Ok(conn)
    }

    /// The error for a failed connection; says so if the reason is a build without TLS.
    fn unavailable(error: &str) -> DbError {
        DbError::Unavailable(if error.contains("SSL support is not compiled in") {
            format!(
                "{error}: this build has no TLS to PostgreSQL; build it with the cargo feature \
                 `postgres-tls`, as `make release` does"
            )
        } else {
            error.to_owned()
        })
    }

    /// Not needed here: the server reads a database that takes no writes like any other.
    pub enum Still {}

    impl Still {
        /// Cannot be called, since there is no value.
        pub fn holds(&self) -> bool {
            match *self {}
        }
    }

    /// Opens a connection, whether or not the server takes writes on it.
    pub fn connect_or_look(url: &str) -> Result<(Conn, Option<Still>), DbError> {
        Ok((connect(url)?, None))
    }

    /// Opens a connection that writes nothing.
    pub fn connect_to_look(url: &str) -> Result<(Conn, Option<Still>), DbError> {
        let mut conn = connect(url)?;
        conn.batch_execute("SET default_transaction_read_only = on")?;
        Ok((conn, None))
    }

    statement! {
        /// Names the tenant whose rows row-level security lets this session see.
        struct EnterTenant { tenant: String }
        "SELECT set_config('evenhand.tenant', " tenant ", false)"
    }

    /// Limits the session to this tenant's rows by row-level security.
    pub fn enter_tenant(conn: &mut Conn, tenant: TenantId) -> Result<(), DbError> {
        EnterTenant { tenant: tenant.to_string() }.execute(conn)?;
        Ok(())
    }

    /// Runs `migrate` while no other process migrates. A second connection locks a table; the lock
    /// ends with that connection.
    pub fn exclusively<R>(
        url: &str,
        migrate: impl FnOnce(&mut Conn) -> Result<R, DbError>,
    ) -> Result<R, DbError> {
        let mut guard = connect(url)?;
        guard.batch_execute("SET lock_timeout = 0")?;
        // Two first starts may create the table at the same time; the second attempt finds it
        // there.
        let made = guard.batch_execute("CREATE TABLE IF NOT EXISTS migration_lock ()");
        if made.is_err() {
            guard.batch_execute("CREATE TABLE IF NOT EXISTS migration_lock ()")?;
        }
        guard.batch_execute("BEGIN; LOCK TABLE migration_lock IN EXCLUSIVE MODE")?;
        migrate(&mut connect(url)?)
    }

    statement! {
        /// What a role can do by itself, through PUBLIC, or as a role it is a member of: act as the
        /// session's role; bypass row-level security; act as the owner of the log tables; change
        /// those tables. Without a name: the session's role.
        struct Powers { role: Option<String> } -> (Bool, Bool, Bool, Bool);
        "SELECT pg_has_role(r.oid, current_user, 'MEMBER'), bool_or(o.rolsuper OR o.rolbypassrls), \
                COALESCE(bool_or(c.relowner = o.oid), false), \
                COALESCE(bool_or(has_any_column_privilege(o.oid, c.oid, 'UPDATE') \
                              OR has_table_privilege(o.oid, c.oid, 'DELETE, TRUNCATE')), false) \
           FROM pg_roles r JOIN pg_roles o ON pg_has_role(r.oid, o.oid, 'MEMBER') \
           LEFT JOIN pg_class c ON c.oid IN (to_regclass('audit_entry'), \
                to_regclass('audit_detail'), to_regclass('audit_head'), \
                to_regclass('read_entry'), to_regclass('read_subject')) \
          WHERE r.rolname = COALESCE(" role ", current_user) GROUP BY r.oid"
    }

    /// The four answers of [`Powers`], in its order.
    type Held = (bool, bool, bool, bool);

    statement! {
        /// Whether others can read what this connection carries.
        struct IsOpenToReaders {} -> (diesel::sql_types::Bool,);
        "SELECT NOT (ssl OR inet_client_addr() IS NULL \
                     OR inet_client_addr() <<= '127.0.0.0/8' OR inet_client_addr() <<= '::1') \
           FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    }

    statement! {
        /// Whether transactions can only read: on a standby, or because of a setting.
        struct OnlyReads {} -> (diesel::sql_types::Bool,);
        "SELECT current_setting('transaction_read_only')::boolean"
    }

    /// Logs a warning if the program's role has rights it should not have, if it can only read, or
    /// if records leave this machine unencrypted.
    pub fn check_role(conn: &mut Conn) -> Result<(), DbError> {
        let (only_reads,): (bool,) = OnlyReads {}.get_result(conn)?;
        if only_reads {
            log::error!(
                "the database takes no writes, so reading is all there is until it does: \
                 transactions are read-only"
            );
        }
        let (is_open,): (bool,) = IsOpenToReaders {}.get_result(conn)?;
        if is_open {
            log::warn!(
                "the connection to PostgreSQL is not encrypted: set `sslmode=verify-full`, or \
                 `require`, in the database URL"
            );
        }
        let (_, passes, owns, rewrites): Held = Powers { role: None }.get_result(conn)?;
        if passes {
            log::warn!(
                "the database role is, or can act as, a superuser or a role with BYPASSRLS: \
                 row-level security is off"
            );
        }
        if owns || rewrites {
            log::warn!(
                "the database role may change or delete what is logged, as owner of the tables, \
                 by a right of its own, through PUBLIC or as a role that it belongs to: migrate as \
                 another role, with `evenhand migrate --grant-to`, and serve as one that owns \
                 nothing"
            );
        }
        Ok(())
    }

    /// Tables to which the program only adds rows.
    const APPEND_ONLY: &str = "audit_entry, audit_detail, audit_head, read_entry, read_subject";
    /// Tables that say which migrations have run.
    const OF_MIGRATIONS: &str = "__diesel_schema_migrations, migration_lock";

    /// Grants a role what the program needs to serve: to read and write all records, to add to the
    /// logs but not to change them, and nothing on the schema. Refuses a role whose other rights
    /// cannot be taken away.
    pub fn grant(conn: &mut Conn, role: &str) -> Result<(), DbError> {
        let held: Option<Held> =
            Powers { role: Some(role.to_owned()) }.get_result(conn).optional()?;
        // A superuser is a member of every role, so this check comes first.
        let fault = match held {
            None => Some("does not exist"),
            Some((_, true, ..)) => Some("is, or can act as, a superuser or a role with BYPASSRLS"),
            Some((true, ..)) => Some("is the one that migrates, or a member of it"),
            Some((_, _, true, _)) => Some("owns the tables, or is a member of the role that does"),
            // The grants below take away what it may do to the logs.
            Some(_) => None,
        };
        if let Some(fault) = fault {
            return Err(DbError::Engine(format!(
                "the role {role} {fault}: what serves needs one of its own that owns nothing"
            )));
        }
        let role = format!("\"{}\"", role.replace('"', "\"\""));
        conn.batch_execute(&format!(
            "BEGIN;
             GRANT USAGE ON SCHEMA public TO {role};
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
             REVOKE UPDATE, DELETE, TRUNCATE ON {APPEND_ONLY} FROM {role};
             REVOKE ALL ON {OF_MIGRATIONS} FROM {role};
             GRANT SELECT ON __diesel_schema_migrations TO {role};
             COMMIT"
        ))?;
        Ok(())
    }

    /// Keeps autovacuum from analysing the tables of an import until it ends. Analysed half way,
    /// the checks of composite references may get a plan that is hundreds of times slower.
    pub fn lock_statistics(conn: &mut Conn) -> Result<(), DbError> {
        conn.batch_execute(
            "LOCK TABLE org_unit, org_unit_placement, employee, assignment, employee_external_id
             IN SHARE UPDATE EXCLUSIVE MODE",
        )?;
        Ok(())
    }

    /// Loads a result row by row, not as a whole.
    pub type Streaming = diesel::pg::PgRowByRowLoadingMode;

    /// Updates the planner's statistics after a large import. Without this, reads by a set of keys
    /// scan all rows of the tenant until autovacuum has run.
    pub fn refresh_statistics(conn: &mut Conn) -> Result<(), DbError> {
        conn.batch_execute(
            "ANALYZE org_unit, org_unit_placement, employee, assignment, employee_external_id, \
             employee_search",
        )?;
        Ok(())
    }

    /// The server keeps the data.
    pub fn leave(_url: &str) -> Result<(), DbError> {
        Ok(())
    }

    /// The server keeps statistics by itself.
    pub fn settle_plans(_conn: &mut Conn) -> Result<(), DbError> {
        Ok(())
    }

    /// Most rows in one statement.
    pub const BATCH: usize = 500;

    /// Passes rows as one array per column, so that the statement is prepared once for any number. A
    /// single row is passed as it is: arrays are planned as if they were long, and a plan for a short
    /// one would be made on each call.
    macro_rules! push_rows {
        ($out:ident, $rows:ident, $($field:ident : $rust:ty),*) => {
            let is_one = [$($rows.$field.len()),*].iter().all(|length| *length == 1);
            let mut lead = if is_one { "SELECT " } else { "SELECT * FROM unnest(" };
            $(
                $out.push_sql(std::mem::replace(&mut lead, ", "));
                if is_one {
                    crate::column::push(&mut $out, &$rows.$field[0])?;
                } else {
                    $out.push_bind_param::<
                        diesel::sql_types::Array<<$rust as crate::column::Bind>::Sql>,
                        Vec<$rust>,
                    >(&$rows.$field)?;
                }
            )*
            let _ = lead;
            if !is_one {
                $out.push_sql(")");
            }
        };
    }
    pub(crate) use push_rows;

    /// Most keys that are listed one by one. PostgreSQL plans an array as if it held about as many, so that
    /// a plan for fewer would be made on each call.
    const LISTED: usize = 16;

    /// Fills a short list of keys up to the next power of two, so that few lengths have to be
    /// prepared. A long one is an array, which may have any length.
    pub fn list_of(mut keys: Vec<Key>) -> Vec<Key> {
        if let Some(last) = keys.last().copied().filter(|_| keys.len() <= LISTED) {
            keys.resize(keys.len().next_power_of_two(), last);
        }
        keys
    }

    /// Writes ` =` and the only key, ` IN` and a short list, or a condition on a long one as one bind.
    pub fn push_list<'b>(out: &mut AstPass<'_, 'b, Db>, keys: &'b Vec<Key>) -> QueryResult<()> {
        if keys.is_empty() || keys.len() > LISTED {
            out.push_sql(" = ANY(");
            out.push_bind_param::<Array<Id>, Vec<Key>>(keys)?;
        } else {
            for (number, key) in keys.iter().enumerate() {
                out.push_sql(if number == 0 { " IN (" } else { ", " });
                push(out, key)?;
            }
        }
        out.push_sql(")");
        Ok(())
    }

    /// Locks rows until the end of the unit of work; others can still refer to them.
    macro_rules! for_update {
        ($query:expr) => {
            $query.for_no_key_update()
        };
    }
    pub(crate) use for_update;

    /// Keeps rows from changing until the end of the unit of work; several units can hold them at
    /// once.
    macro_rules! for_share {
        ($query:expr) => {
            $query.for_share()
        };
    }
    pub(crate) use for_share;

    /// Locks a review until the end of the unit of work and keeps its participant and its cycle
    /// from changing. The cycle is locked first, as everywhere.
    #[derive(QueryId)]
    pub struct HeldReview<Q>(pub Q);

    impl<Q: QueryFragment<Db>> QueryFragment<Db> for HeldReview<Q> {
        fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
            self.0.walk_ast(out.reborrow())?;
            out.push_sql(" FOR SHARE OF cycle, participant FOR NO KEY UPDATE OF review");
            Ok(())
        }
    }

    impl<Q: Query> Query for HeldReview<Q> {
        type SqlType = Q::SqlType;
    }

    impl<Q> RunQueryDsl<Conn> for HeldReview<Q> {}

    /// Locks the review of a query.
    macro_rules! hold_review {
        ($query:expr) => {
            dialect::HeldReview($query)
        };
    }
    pub(crate) use hold_review;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_tls_says_how_to_get_it() {
        let refused = dialect::connect("postgres://nobody@127.0.0.1:1/x?sslmode=require");
        let said = refused.err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(said.contains("`postgres-tls`"), !cfg!(feature = "postgres-tls"), "{said}");
    }
}
