//! Connections on which nothing moves.
//!
//! actix times the first head on a connection and the pause between two requests. It times neither a
//! head that begins after the first request and then stops, nor a client that takes nothing of its
//! answer: both would hold their connection for good. A watchdog closes it.

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

/// How long a client may take nothing of its answer, beside the time that what it was given last
/// takes at the slowest speed there is.
const READING: Duration = Duration::from_secs(15);
/// How often a connection is looked at.
const TICK: Duration = Duration::from_secs(1);

/// How a connection is used. Lives as long as the connection.
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

/// Takes a new connection in and watches it; it may be idle for as long as `patience`.
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

/// Whether a request came on a connection that is one too many.
pub fn is_surplus(request: &HttpRequest) -> bool {
    request.conn_data::<Rc<Pace>>().is_some_and(|pace| pace.line.is_surplus)
}

/// A request that is being served: its connection is not idle while this lives.
pub struct Busy(Rc<Pace>);

impl Busy {
    /// Marks the connection of a request, if it is watched.
    pub fn of(request: &ServiceRequest) -> Option<Self> {
        let pace = Rc::clone(request.conn_data::<Rc<Pace>>()?);
        pace.line.begin();
        Some(Self(pace))
    }

    /// The client was given so many bytes of its answer, and is to take them.
    pub fn given(&self, bytes: usize) {
        let slowest = Duration::from_secs_f64(bytes as f64 / MIN_BYTES_PER_SECOND);
        self.0.line.wait_for_reader(Some(READING + slowest));
    }

    /// There is nothing to give to the client at this moment.
    pub fn has_nothing_to_give(&self) {
        self.0.line.wait_for_reader(None);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.line.finish(self.0.patience);
    }
}
