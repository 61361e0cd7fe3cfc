//! Closes connections on which nothing moves.
//!
//! actix limits the time for the first head on a connection and the pause between two requests. It
//! limits neither a later head that begins and then stops, nor a client that does not read its
//! answer. Either could hold a connection for ever, so a watchdog closes it.

use super::crowd::{Crowd, Line};
use crate::platform::extract::MIN_BYTES_PER_SECOND;
use actix_web::HttpRequest;
use actix_web::dev::{Extensions, ServiceRequest};
use actix_web::rt;
use std::any::Any;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// How long a client may read nothing of its answer, in addition to the time that the last bytes
/// given take at the slowest accepted speed.
const READING: Duration = Duration::from_secs(15);
/// Interval between checks of a connection.
const TICK: Duration = Duration::from_secs(1);

/// The use of a connection; lives as long as the connection.
struct Pace {
    crowd: Arc<Crowd>,
    line: Arc<Line>,
    patience: Duration,
    watchdog: JoinHandle<()>,
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.watchdog.abort();
        self.crowd.leave(&self.line);
    }
}

/// Accepts a new connection and watches it; it may be idle for up to `patience`.
pub fn watch(crowd: &Arc<Crowd>, connection: &dyn Any, data: &mut Extensions, patience: Duration) {
    let Some(stream) = connection.downcast_ref::<rt::net::TcpStream>() else { return };
    let (Ok(socket), Ok(peer)) = (stream.as_fd().try_clone_to_owned(), stream.peer_addr()) else {
        return;
    };
    let Some(line) = crowd.enter(socket.into(), peer.ip(), patience) else { return };
    let watchdog = rt::spawn(close_when_stuck(Arc::downgrade(&line)));
    data.insert(Rc::new(Pace { crowd: Arc::clone(crowd), line, patience, watchdog }));
}

async fn close_when_stuck(line: Weak<Line>) {
    loop {
        tokio::time::sleep(TICK).await;
        let Some(line) = line.upgrade() else { return };
        if line.ends().is_some_and(|end| end <= Instant::now()) {
            return line.close();
        }
    }
}

/// Whether a request came on a connection of the reserve.
pub fn is_surplus(request: &HttpRequest) -> bool {
    request.conn_data::<Rc<Pace>>().is_some_and(|pace| pace.line.is_surplus)
}

/// A request being served: its connection is not idle while this value lives.
pub struct Busy(Rc<Pace>);

impl Busy {
    /// Marks the connection of a request as busy, if it is watched.
    pub fn of(request: &ServiceRequest) -> Option<Self> {
        let pace = Rc::clone(request.conn_data::<Rc<Pace>>()?);
        pace.line.begin();
        Some(Self(pace))
    }

    /// The client was given this many bytes of its answer and must now read them.
    pub fn given(&self, bytes: usize) {
        let slowest = Duration::from_secs_f64(bytes as f64 / MIN_BYTES_PER_SECOND);
        self.0.line.wait_for_reader(Some(READING + slowest));
    }

    /// There is nothing for the client to read at the moment.
    pub fn has_nothing_to_give(&self) {
        self.0.line.wait_for_reader(None);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.line.finish(self.0.patience);
    }
}
