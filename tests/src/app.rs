//! The program, run inside the test process on a private copy of a prepared database.

use crate::Engine;
use crate::client::{Client, Credentials};
use crate::postgres::Cluster;
use crate::sql;
use crate::world::{self, Persona, World};
use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use actix_web::web::Data;
use api::areas::AREAS;
use api::platform::app::App;
use api::platform::clock::Clock;
use api::platform::config::Settings;
use clap::Parser;
use persistence::{AuditEntry, AuditFilter, Database, EventFilter, Page, Store};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, OnceLock, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Runs a test on an engine, unless this run leaves the engine out.
pub fn run(engine: Engine, test: fn(&TestApp)) {
    if engine.is_tested() {
        test(&TestApp::start(engine, &[]));
    }
}

/// The runtime on which the tests wait.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: LazyLock<Runtime> =
        LazyLock::new(|| Runtime::new().expect("the operating system starts threads"));
    &RUNTIME
}

/// Waits until `holds` returns true.
///
/// # Panics
/// If it does not hold within a minute.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    settings: Settings,
}

/// Path of the key file of the program under test, if it is not beside the database.
pub fn key_file(url: &str) -> Option<String> {
    let beside = Database::file(url).is_some();
    (!beside).then(|| Cluster::shared().key_file().display().to_string())
}

/// Settings of a server under test: a free port, one worker, and tokens that outlive the run.
pub fn settings(url: &str, more: &[&str]) -> Settings {
    let few = "--port 0 --workers 1 --readers 4 --access-minutes 1440 --rate-per-minute 1000000";
    let mut all = vec!["tests", "--database-url", url];
    let key_file = key_file(url);
    if let Some(file) = &key_file {
        all.extend(["--key-file", file]);
    }
    // A setting given twice is refused, so `more` replaces the usual value.
    let usual: Vec<&str> = few.split(' ').collect();
    all.extend(usual.chunks(2).filter(|pair| !more.contains(&pair[0])).flatten());
    all.extend(more);
    Arguments::parse_from(all).settings
}

/// A private database; dropping it deletes it.
pub struct TestDatabase {
    /// The database engine.
    pub engine: Engine,
    /// Address of the database.
    pub url: String,
    name: String,
}

impl TestDatabase {
    /// An empty database without a schema.
    pub fn empty(engine: Engine) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("evenhand-suite-{}-{number}", std::process::id());
        match engine {
            Engine::Sqlite => {
                fs::create_dir_all(Self::folder(&name)).expect("make a folder");
                let file = Self::folder(&name).join("evenhand.sqlite");
                Self { engine, url: format!("sqlite://{}", file.display()), name }
            }
            Engine::Postgres => {
                let cluster = Cluster::shared();
                cluster.create_database(&name, None);
                Self { engine, url: cluster.url(&name), name }
            }
        }
    }

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(name)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        match self.engine {
            Engine::Sqlite => {
                let _ = fs::remove_dir_all(Self::folder(&self.name));
            }
            Engine::Postgres => Cluster::shared().drop_database(&self.name),
        }
    }
}

/// The prepared database that every test copies: a company with people in every role, all signed
/// in.
struct Template {
    source: Source,
    world: Arc<World>,
}

enum Source {
    /// The contents of the database file and of the key file beside it.
    File([Vec<u8>; 2]),
    /// A database nobody is connected to.
    Database(TestDatabase),
}

impl Template {
    fn of(engine: Engine) -> &'static Self {
        static TEMPLATES: [OnceLock<Template>; 2] = [const { OnceLock::new() }; 2];
        TEMPLATES[engine as usize].get_or_init(|| Self::prepare(engine))
    }

    fn prepare(engine: Engine) -> Self {
        let database = TestDatabase::empty(engine);
        Database::migrate(&database.url).expect("migrate");
        world::found(&database.url);
        // However far a test moves its clock, these people stay signed in.
        let ages = "--access-minutes 52560000 --session-days 36500 --session-max-days 36500";
        let ages: Vec<&str> = ages.split(' ').collect();
        let server = Server::start(settings(&database.url, &ages));
        let world = Arc::new(World::build(&server));
        server.stop();
        let source = match engine {
            Engine::Sqlite => {
                let file = database.url.trim_start_matches("sqlite://");
                let log = PathBuf::from(format!("{file}-wal"));
                // If two connections close at once, neither may be the last one; this connection
                // is.
                eventually("the last connection merges the log and goes", || {
                    sql::lines(engine, &database.url, "SELECT slug AS line FROM tenant");
                    !log.exists()
                });
                Source::File(both(file).map(|file| fs::read(file).expect("read the file")))
            }
            Engine::Postgres => Source::Database(database),
        };
        Self { source, world }
    }

    fn copy(&self) -> TestDatabase {
        match &self.source {
            Source::File(bytes) => {
                let copy = TestDatabase::empty(Engine::Sqlite);
                let files = both(copy.url.trim_start_matches("sqlite://"));
                for (file, bytes) in files.iter().zip(bytes) {
                    fs::write(file, bytes).expect("write the file");
                }
                copy
            }
            Source::Database(database) => TestDatabase::copy_of(database),
        }
    }
}

/// Paths of a database file and of the key file beside it.
fn both(file: &str) -> [String; 2] {
    [file.to_owned(), format!("{file}.key")]
}

/// A copy of the prepared database, and the world that is in it.
pub fn prepared(engine: Engine) -> (TestDatabase, Arc<World>) {
    let template = Template::of(engine);
    (template.copy(), Arc::clone(&template.world))
}

impl TestDatabase {
    fn copy_of(template: &Self) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-copy-{number}", template.name);
        let cluster = Cluster::shared();
        cluster.create_database(&name, Some(&template.name));
        Self { engine: Engine::Postgres, url: cluster.url(&name), name }
    }
}

/// A running server.
pub struct Server {
    /// The program behind it.
    pub app: Data<App>,
    /// Address the server listens on.
    pub address: SocketAddr,
    handle: ServerHandle,
    thread: JoinHandle<()>,
}

impl Server {
    /// Starts a server on a database whose schema is up to date.
    ///
    /// # Panics
    /// If the server does not start.
    pub fn start(settings: Settings) -> Self {
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            System::new().block_on(async move {
                let app =
                    App::open(settings, Clock::default(), &AREAS).await.expect("open the database");
                let app = Data::new(app);
                let (server, addresses) =
                    api::platform::server::start(app.clone()).expect("listen");
                actix_web::rt::spawn(api::platform::jobs::runner::run(app.clone()));
                let _ = tell.send((app, addresses[0], server.handle()));
                server.await.expect("serve");
            });
        });
        let (app, address, handle) = told.recv().expect("the server starts");
        Self { app, address, handle, thread }
    }

    /// A client without credentials.
    pub fn client(&self) -> Client {
        Client::new(self.address, Credentials::None)
    }

    /// Stops the server and waits until its thread has ended.
    pub fn stop(self) {
        runtime().block_on(self.handle.stop(false));
        let _ = self.thread.join();
    }
}

/// The running program on a private database with a company in it.
pub struct TestApp {
    /// The database engine.
    pub engine: Engine,
    /// The people and records in the database.
    pub world: Arc<World>,
    server: Option<Server>,
    database: TestDatabase,
}

impl TestApp {
    /// Starts the program on a copy of the prepared database; `more` adds settings.
    pub fn start(engine: Engine, more: &[&str]) -> Self {
        let (database, world) = prepared(engine);
        let server = Some(Server::start(settings(&database.url, more)));
        Self { engine, world, server, database }
    }

    /// Stops the server and starts another one on the same database.
    pub fn restart(&mut self, more: &[&str]) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
        self.server = Some(Server::start(settings(&self.database.url, more)));
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("the server runs")
    }

    /// The state of the program, for tests that look past the API.
    pub fn app(&self) -> &App {
        &self.server().app
    }

    /// Address of the database.
    pub fn url(&self) -> &str {
        &self.database.url
    }

    /// The program's clock.
    pub fn clock(&self) -> &Clock {
        &self.app().clock
    }

    /// A client of the API, signed in as a persona.
    pub fn as_(&self, persona: Persona) -> Client {
        Client::new(self.server().address, self.world.credentials(persona))
    }

    /// The id of a person or record of the company, by its name in the world.
    pub fn id(&self, name: &str) -> Uuid {
        self.world.own.id(name)
    }

    /// Reads from the database, past the API.
    pub fn read<R: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut dyn Store) -> Result<R, persistence::DbError> + Send + 'static,
    ) -> R {
        let tenant = self.world.own.tenant.into();
        let read = self.app().db.read(tenant, move |store| work(store));
        runtime().block_on(read).expect("read the database")
    }

    /// Number of the company's audit entries and events.
    pub fn traces(&self) -> (i64, i64) {
        self.read(|store| {
            let entries = store.ends()?.map_or(0, |ends| ends.audit.position);
            let mut events = 0;
            let behind = |after| EventFilter { after, ..EventFilter::default() };
            while let Some(last) = store.events(&behind(events), 1000)?.last() {
                events = last.position;
            }
            Ok((entries, events))
        })
    }

    /// The types of all events about a record, whatever the policy would show.
    pub fn events_about(&self, record: Uuid) -> Vec<String> {
        self.read(move |store| {
            let (mut after, mut told) = (0, Vec::new());
            loop {
                let filter = EventFilter { after, ..EventFilter::default() };
                let events = store.events(&filter, 1000)?;
                let Some(last) = events.last() else { return Ok(told) };
                after = last.position;
                let about = events.into_iter().filter(|event| event.resource_id == record);
                told.extend(about.map(|event| event.kind));
            }
        })
    }

    /// All audit entries of an action, with values and reasons, whatever the policy would show.
    pub fn recorded(&self, action: &'static str) -> Vec<AuditEntry> {
        self.read(move |store| {
            let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
            store.audit_entries(&filter, &Page::ALL)
        })
    }

    /// Fails if `attempt` adds an audit entry or an event.
    ///
    /// # Panics
    /// If it adds one.
    #[track_caller]
    pub fn unchanged<R>(&self, attempt: impl FnOnce() -> R) -> R {
        let before = self.traces();
        let result = attempt();
        let after = self.traces();
        assert!(before == after, "nothing should have changed: {before:?} -> {after:?}");
        result
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}
