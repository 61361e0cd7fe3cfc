//! PostgreSQL: for whoever outgrows one machine.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

/// The backend all shared code compiles against here.
pub type Db = diesel::pg::Pg;
/// The connection all shared code runs on here.
pub type Conn = diesel::PgConnection;

#[path = "../engine/mod.rs"]
pub mod engine;
#[path = "../repository/mod.rs"]
mod repository;

/// The whole list of deliberate differences from SQLite.
pub mod dialect {
    use super::*;
    use crate::column::{Id, Key, push, statement};
    use crate::error::DbError;
    use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
    use diesel::sql_types::{Array, Bool};
    use domain::core::id::TenantId;

    /// Migrations of this engine.
    pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/postgres");
    /// Opens a unit of work.
    pub const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
    /// Opens a consistent snapshot.
    pub const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    /// Writers per process; a tenant always uses the same one.
    pub const LANES: usize = 4;
    /// What a lane does looks for few rows by their keys, and a plan made when a table was nearly
    /// empty, which is kept, must not read all of it when it is no longer.
    pub const LANE_PLANS: Option<&str> = Some("SET enable_seqscan = off");
    /// A bulk unit has a connection of its own, so that it holds nobody up.
    pub const SEPARATE_BULK_WRITER: bool = true;

    /// Readers that are woken at once: reading is waiting for the server, so all.
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

    /// Why there is no connection; what a build without TLS cannot do is called by its name.
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

    /// The server reads a database that takes no writes as it does every other.
    pub enum Still {}

    impl Still {
        /// There is none to ask.
        pub fn holds(&self) -> bool {
            match *self {}
        }
    }

    /// Opens a connection, whether or not writes are taken on it.
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

    /// Sets the second wall: row-level security shows this tenant's rows only.
    pub fn enter_tenant(conn: &mut Conn, tenant: TenantId) -> Result<(), DbError> {
        EnterTenant { tenant: tenant.to_string() }.execute(conn)?;
        Ok(())
    }

    /// Runs `migrate` with no other process migrating: a second connection holds a table locked,
    /// and lets go of it whatever happens.
    pub fn exclusively<R>(
        url: &str,
        migrate: impl FnOnce(&mut Conn) -> Result<R, DbError>,
    ) -> Result<R, DbError> {
        let mut guard = connect(url)?;
        guard.batch_execute("SET lock_timeout = 0")?;
        // Two first starts may race to make the table; the loser finds it made.
        let made = guard.batch_execute("CREATE TABLE IF NOT EXISTS migration_lock ()");
        if made.is_err() {
            guard.batch_execute("CREATE TABLE IF NOT EXISTS migration_lock ()")?;
        }
        guard.batch_execute("BEGIN; LOCK TABLE migration_lock IN EXCLUSIVE MODE")?;
        migrate(&mut connect(url)?)
    }

    statement! {
        /// What a role can do by itself, through PUBLIC, or as any role that it belongs to: act as
        /// the session's role, pass row-level security by, act as who owns what is logged, and
        /// change it. Without a name it is the session's role.
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

    /// The answer to [`Powers`], in the same order.
    type Held = (bool, bool, bool, bool);

    statement! {
        /// Whether what goes over this connection can be read on the way.
        struct IsOpenToReaders {} -> (diesel::sql_types::Bool,);
        "SELECT NOT (ssl OR inet_client_addr() IS NULL \
                     OR inet_client_addr() <<= '127.0.0.0/8' OR inet_client_addr() <<= '::1') \
           FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    }

    statement! {
        /// Whether transactions may read alone: on a standby, or because that was set.
        struct OnlyReads {} -> (diesel::sql_types::Bool,);
        "SELECT current_setting('transaction_read_only')::boolean"
    }

    /// Warns of what the role the program runs as should not be able to do, when it can do nothing but
    /// read, and when records leave this machine in plain text.
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

    /// Tables to which rows are added and nothing else is done.
    const APPEND_ONLY: &str = "audit_entry, audit_detail, audit_head, read_entry, read_subject";
    /// Tables that tell how far the schema is.
    const OF_MIGRATIONS: &str = "__diesel_schema_migrations, migration_lock";

    /// Grants a role what serving needs: all of the records, adding to the logs alone, and nothing of
    /// the schema. A role from which the rest cannot be withheld is refused.
    pub fn grant(conn: &mut Conn, role: &str) -> Result<(), DbError> {
        let held: Option<Held> =
            Powers { role: Some(role.to_owned()) }.get_result(conn).optional()?;
        // A superuser is a member of every role, so that comes first.
        let fault = match held {
            None => Some("does not exist"),
            Some((_, true, ..)) => Some("is, or can act as, a superuser or a role with BYPASSRLS"),
            Some((true, ..)) => Some("is the one that migrates, or a member of it"),
            Some((_, _, true, _)) => Some("owns the tables, or is a member of the role that does"),
            // Whatever it may do to the logs is taken from it below.
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

    /// Keeps statistics of the tables an import fills as they are until it ends: when autovacuum
    /// analyses them half way, the checks of composite references may change to a plan that is
    /// hundreds of times slower.
    pub fn lock_statistics(conn: &mut Conn) -> Result<(), DbError> {
        conn.batch_execute(
            "LOCK TABLE org_unit, org_unit_placement, employee, assignment, employee_external_id
             IN SHARE UPDATE EXCLUSIVE MODE",
        )?;
        Ok(())
    }

    /// Reads a result row by row, without holding all of it.
    pub type Streaming = diesel::pg::PgRowByRowLoadingMode;

    /// Has the planner know what a large import has filled before anybody reads it: without, reads
    /// by a set of keys scan whatever else begins with the tenant until autovacuum comes by.
    pub fn refresh_statistics(conn: &mut Conn) -> Result<(), DbError> {
        conn.batch_execute(
            "ANALYZE org_unit, org_unit_placement, employee, assignment, employee_external_id",
        )?;
        Ok(())
    }

    /// The server watches its tables itself.
    pub fn settle_plans(_conn: &mut Conn) -> Result<(), DbError> {
        Ok(())
    }

    /// Rows of one statement that writes many.
    pub const BATCH: usize = 500;

    /// Rows of one statement are arrays, whatever their number: the statement is prepared once.
    pub const ROWS_ARE_ONE_BIND: bool = true;

    /// Hands rows over as one array per column.
    macro_rules! push_rows {
        ($out:ident, $rows:ident, $($field:ident : $rust:ty),*) => {
            let mut lead = "SELECT * FROM unnest(";
            $(
                $out.push_sql(std::mem::replace(&mut lead, ", "));
                $out.push_bind_param::<
                    diesel::sql_types::Array<<$rust as crate::column::Bind>::Sql>,
                    Vec<$rust>,
                >(&$rows.$field)?;
            )*
            let _ = lead;
            $out.push_sql(")");
        };
    }
    pub(crate) use push_rows;

    /// The keys of a list: an array, whatever their number.
    pub fn list_of(keys: Vec<Key>) -> Vec<Key> {
        keys
    }

    /// In a list, as one bind. A list of one is none: arrays are planned as if they were long, and
    /// a plan for a short one would be made anew each time.
    pub fn push_list<'b>(out: &mut AstPass<'_, 'b, Db>, keys: &'b Vec<Key>) -> QueryResult<()> {
        if let [key] = &keys[..] {
            out.push_sql(" = ");
            return push(out, key);
        }
        out.push_sql(" = ANY(");
        out.push_bind_param::<Array<Id>, Vec<Key>>(keys)?;
        out.push_sql(")");
        Ok(())
    }

    /// Keeps rows locked until the end of the unit of work; whoever only refers to them goes on.
    macro_rules! for_update {
        ($query:expr) => {
            $query.for_no_key_update()
        };
    }
    pub(crate) use for_update;

    /// Keeps rows as they are until the end of the unit of work, together with others.
    macro_rules! for_share {
        ($query:expr) => {
            $query.for_share()
        };
    }
    pub(crate) use for_share;

    /// A review, found with its participant and its cycle, that is locked until the end of the unit
    /// of work; the other two stay as they are. The cycle comes first, as wherever one is locked.
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
