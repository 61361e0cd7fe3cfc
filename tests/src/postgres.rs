//! A throwaway PostgreSQL cluster, created for a test run and deleted after it.
//!
//! It lives in one folder under the system's temporary directory and listens only on a socket in
//! that folder, so that clusters of several test runs never meet and nothing outside can connect.
//! Its defaults are unfavourable on purpose, to show that both engines behave alike: text sorts by
//! the rules of a language unless a column says otherwise, the session's time zone is far from UTC,
//! and the role that owns the databases can neither bypass row-level security nor act as a
//! superuser.
//!
//! Needs PostgreSQL 15 or later, built with ICU as every distribution does.

use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The owner of the cluster inside PostgreSQL and, when the tests run as root, of its processes.
const SUPERUSER: &str = "postgres";

/// The owner of the databases, and the role as which everything under test connects.
const ROLE: &str = "evenhand";

/// Waits until the tests end, however they end, and then removes everything. Its standard input is
/// a pipe that the operating system closes when the test process ends.
const WATCHDOG: &str = r#"
cat
if server=$(head -n 1 "$1/data/postmaster.pid"); then
    kill -QUIT "$server"
    while [ -e "$1/data/postmaster.pid" ] && kill -0 "$server"; do sleep 0.02; done
fi
rm -rf "$1"
"#;

/// When a commit is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Once the operating system has it: survives a crash of the server, not of the machine.
    Relaxed,
    /// Once it is on disk, as in production.
    Full,
}

impl Durability {
    fn settings(self) -> &'static str {
        match self {
            Self::Relaxed => "fsync = off\nfull_page_writes = off\n",
            Self::Full => "fsync = on\nfull_page_writes = on\n",
        }
    }
}

/// A running cluster. Dropping it stops the server and removes its folder.
#[derive(Debug)]
pub struct Cluster {
    bin: PathBuf,
    home: PathBuf,
    /// User and group of the server, if they are not our own.
    account: Option<(u32, u32)>,
    watchdog: Child,
}

impl Cluster {
    /// Makes a cluster with the server programs in `bin` and starts it.
    ///
    /// # Panics
    /// If a program fails; the message holds its output. The same is true of all functions here.
    pub fn start(bin: &Path, durability: Durability) -> Self {
        let home = create_home();
        let watchdog = watch(&home);
        let account = (owner_of(&home) == 0).then(|| account_of(SUPERUSER));
        if let Some((user, group)) = account {
            chown(&home, Some(user), Some(group)).expect("give the folder to the server's user");
        }

        let cluster = Self { bin: bin.to_owned(), home, account, watchdog };
        cluster.initialize(durability);
        cluster.restart();
        cluster
            .sql(SUPERUSER, &format!("CREATE ROLE {ROLE} LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS"));
        cluster
    }

    /// The cluster that all tests of this process share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| {
            let bin = Self::programs().expect("a folder with initdb and pg_ctl");
            Self::start(&bin, Durability::Relaxed)
        })
    }

    /// The folder with PostgreSQL's server programs: the one that `EVENHAND_TEST_POSTGRES_BIN`
    /// names, which `make` sets, or else the newest in Debian's place for them.
    pub fn programs() -> Option<PathBuf> {
        if let Some(named) = crate::variable("EVENHAND_TEST_POSTGRES_BIN") {
            return Some(named.into());
        }
        let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
        let newest = versions.filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let bin = entry.path().join("bin");
            bin.join("initdb").exists().then_some((version, bin))
        });
        newest.max().map(|(_, bin)| bin)
    }

    /// Creates a database, empty or as a copy of `template`; nobody may be connected to the
    /// template.
    pub fn create_database(&self, name: &str, template: Option<&str>) {
        let template = template.unwrap_or("template1");
        self.sql(ROLE, &format!("CREATE DATABASE {} TEMPLATE {}", quoted(name), quoted(template)));
    }

    /// Removes a database even if somebody is connected. Only the superuser may end PostgreSQL's
    /// own background connections.
    pub fn drop_database(&self, name: &str) {
        self.sql(SUPERUSER, &format!("DROP DATABASE {} WITH (FORCE)", quoted(name)));
    }

    /// The address of a database.
    pub fn url(&self, name: &str) -> String {
        format!("postgres://{ROLE}@localhost/{name}?host={}", self.home.display())
    }

    /// Creates a role that may sign in and owns nothing, unless it exists.
    pub fn create_role(&self, name: &str) {
        let role = quoted(name);
        let make = format!(
            "DO $$ BEGIN CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS; \
             EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        );
        self.sql(SUPERUSER, &make);
    }

    /// The address of the database at `url`, for another role.
    pub fn url_as(url: &str, role: &str) -> String {
        url.replacen(&format!("//{ROLE}@"), &format!("//{role}@"), 1)
    }

    /// Path of the key file of the program under test, for all databases of the cluster.
    pub fn key_file(&self) -> PathBuf {
        self.home.join("evenhand.key")
    }

    /// Stops the server as a crash would: no checkpoint, connections cut, recovery at the next start.
    pub fn kill_immediate(&self) {
        run(self.pg_ctl("stop").args(["--mode", "immediate"]));
    }

    /// Starts the server after [`Cluster::kill_immediate`]; returns when it takes connections.
    pub fn restart(&self) {
        run(self.pg_ctl("start").arg("--log").arg(self.home.join("log")));
    }

    /// Pauses every process of the server, like a machine that hangs, or lets them go on.
    pub fn freeze(&self, freeze: bool) {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).expect("it runs");
        let server = file.lines().next().expect("a process id").to_owned();
        let children = Command::new("ps").args(["-o", "pid=", "--ppid", &server]).output();
        let children = children.expect("list the server's processes").stdout;
        let children = String::from_utf8_lossy(&children).into_owned();
        let signal = if freeze { "-STOP" } else { "-CONT" };
        let all = children.split_whitespace().chain([server.as_str()]);
        // It does not matter if a process has ended meanwhile.
        let _ = Command::new("kill").arg(signal).args(all).stderr(Stdio::null()).status();
    }

    fn initialize(&self, durability: Durability) {
        run(self
            .program("initdb")
            .args(["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8"])
            .args(["--locale", "C", "--locale-provider", "icu", "--icu-locale", "und"])
            .args(["--no-sync", "--no-instructions", "--pgdata"])
            .arg(self.data()));
        let settings = format!(
            "listen_addresses = ''\nunix_socket_directories = '{}'\nmax_connections = 200\n\
             timezone = 'Asia/Shanghai'\nsynchronous_commit = on\n{}",
            self.home.display(),
            durability.settings()
        );
        fs::OpenOptions::new()
            .append(true)
            .open(self.data().join("postgresql.conf"))
            .and_then(|mut file| file.write_all(settings.as_bytes()))
            .expect("write the server's settings");
    }

    fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    fn sql(&self, role: &str, statement: &str) {
        run(self
            .program("psql")
            .args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"])
            .args(["--username", role, "--dbname", "postgres", "--command", statement])
            .arg("--host")
            .arg(&self.home));
    }

    fn pg_ctl(&self, action: &str) -> Command {
        let mut command = self.program("pg_ctl");
        command
            .args([action, "--wait", "--timeout", "120", "--silent", "--pgdata"])
            .arg(self.data());
        command
    }

    /// A command that runs a PostgreSQL program as the server's user. It gets no environment
    /// variables, so that no `PGHOST`, `PGOPTIONS` or `LANG` of a developer's machine changes it.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command.env_clear().current_dir("/").stdin(Stdio::null());
        if let Some((user, group)) = self.account {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Waiting closes the watchdog's standard input first, which tells it to clean up.
        let _ = self.watchdog.wait();
    }
}

/// A new folder of our own.
fn create_home() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("evenhand-postgres-{}-{count}", std::process::id());
        let home = std::env::temp_dir().join(name);
        match DirBuilder::new().mode(0o700).create(&home) {
            Ok(()) => return home,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => panic!("create {}: {error}", home.display()),
        }
    }
}

/// Starts the watchdog in its own process group, so that an interrupt from the keyboard reaches
/// only the tests.
fn watch(home: &Path) -> Child {
    Command::new("sh")
        .args(["-c", WATCHDOG, "watchdog"])
        .arg(home)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("start sh")
}

fn owner_of(path: &Path) -> u32 {
    fs::metadata(path).expect("read the owner of the folder").uid()
}

/// User and group id of an account of this machine. PostgreSQL refuses to run as root.
fn account_of(name: &str) -> (u32, u32) {
    let id = |flag| {
        let text = run(Command::new("id").args([flag, name]));
        text.trim().parse().expect("id prints a number")
    };
    (id("-u"), id("-g"))
}

/// The name of a database as an SQL identifier.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Runs a program to its end and returns what it printed.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{printed}{complaint}", output.status);
    printed
}
