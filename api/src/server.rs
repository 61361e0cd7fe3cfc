//! The server: binds, serves, and goes down without breaking a request off.

use crate::app::App;
use actix_web::dev::Server;
use actix_web::web::Data;
use actix_web::{App as Actix, HttpServer};
use std::net::SocketAddr;
use utoipa_actix_web::AppExt;

/// Starts the server; answers with it and the addresses it listens on.
pub fn start(app: Data<App>) -> std::io::Result<(Server, Vec<SocketAddr>)> {
    let settings = app.settings.clone();
    let factory = move || {
        let (actix, _) = Actix::new()
            .app_data(app.clone())
            .into_utoipa_app()
            .configure(crate::routes::routes)
            .split_for_parts();
        actix
    };
    let mut server = HttpServer::new(factory).shutdown_timeout(settings.shutdown_seconds);
    if settings.workers > 0 {
        server = server.workers(settings.workers);
    }
    let server = server.bind((settings.host, settings.port))?;
    let addresses = server.addrs();
    Ok((server.run(), addresses))
}
