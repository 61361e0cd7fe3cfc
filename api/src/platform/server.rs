//! The server: binds, serves, and shuts down without interrupting a request.

use crate::platform::app::App;
use crate::platform::edge;
use crate::platform::edge::crowd::{Crowd, RESERVE};
use crate::platform::keys::Keys;
use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App as Actix, HttpServer};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use utoipa_actix_web::AppExt;

/// How long a client that is still sending may read the refusal before its connection is closed.
const LINGER: Duration = Duration::from_secs(1);

/// File descriptors reserved for each connection: two of its own, and one for everything else.
const DESCRIPTORS: usize = 3;

/// Starts the server; returns it and the addresses it listens on.
pub fn start(app: Data<App>) -> std::io::Result<(Server, Vec<SocketAddr>)> {
    let routes = app.areas.routes;
    let settings = app.settings.clone();
    actix_web::rt::spawn(Keys::stay_fresh(app.clone()));
    let factory = move || {
        let (actix, _) = Actix::new()
            .app_data(app.clone())
            .configure(|config| edge::fallback::guard_names(config, (app.areas.contract)()))
            .into_utoipa_app()
            .configure(routes)
            .split_for_parts();
        actix.default_service(web::to(edge::fallback::answer)).wrap(from_fn(edge::serve))
    };
    let workers = match settings.workers {
        0 => std::thread::available_parallelism().map_or(1, NonZero::get),
        workers => workers,
    };
    let keep_alive = Duration::from_secs(settings.keep_alive_seconds);
    let head = Duration::from_secs(settings.head_seconds);
    let most = settings.max_connections.min(descriptors() / DESCRIPTORS);
    let most_per_address = match settings.proxies {
        0 => settings.max_connections_per_address,
        // All connections come from the address of the proxy.
        _ => most,
    };
    let crowd = Arc::new(Crowd::new(most, most_per_address));
    let server = HttpServer::new(factory)
        .on_connect(move |connection, data| {
            edge::pace::watch(&crowd, connection, data, keep_alive + head);
        })
        .workers(workers)
        // The crowd enforces the bound; each worker has room for all connections.
        .max_connections(most + 2 * RESERVE)
        .keep_alive(keep_alive)
        .client_request_timeout(head)
        .client_disconnect_timeout(LINGER)
        .shutdown_timeout(settings.shutdown_seconds)
        .disable_signals()
        .bind((settings.host, settings.port))?;
    let addresses = server.addrs();
    Ok((server.run(), addresses))
}

/// Number of files and sockets the process may open, after raising the limit as far as allowed.
fn descriptors() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wider = Rlimit { current: maximum, maximum };
    let current = if setrlimit(Resource::Nofile, wider).is_ok() { maximum } else { current };
    current.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX))
}

/// Serves until the process is told to stop. Then nothing new is accepted, and running requests
/// have the configured time to finish.
pub async fn run_until_signalled(app: Data<App>, server: Server) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let handle = server.handle();
    actix_web::rt::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        log::info!("going down");
        app.edge.admission.close();
        handle.stop(true).await;
    });
    server.await
}
