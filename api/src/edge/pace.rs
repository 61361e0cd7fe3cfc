//! Connections on which the next request does not come.
//!
//! actix times the first head on a connection and the pause between two requests. A head that
//! begins after the first request and then stops is never timed, and would hold its connection
//! for good: a watchdog closes it.

use actix_web::dev::{Extensions, ServiceRequest};
use actix_web::rt;
use std::any::Any;
use std::cell::Cell;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// How a connection is used. Lives as long as the connection.
struct Pace {
    socket: TcpStream,
    being_served: Cell<usize>,
    idle_since: Cell<Instant>,
    watchdog: JoinHandle<()>,
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.watchdog.abort();
    }
}

/// Watches a new connection, which may be idle for as long as `patience`.
pub fn watch(connection: &dyn Any, data: &mut Extensions, patience: Duration) {
    let Some(stream) = connection.downcast_ref::<rt::net::TcpStream>() else { return };
    let Ok(socket) = stream.as_fd().try_clone_to_owned() else { return };
    data.insert(Rc::new_cyclic(|pace: &Weak<Pace>| Pace {
        socket: socket.into(),
        being_served: Cell::new(0),
        idle_since: Cell::new(Instant::now()),
        watchdog: rt::spawn(close_when_stuck(pace.clone(), patience)),
    }));
}

async fn close_when_stuck(pace: Weak<Pace>, patience: Duration) {
    loop {
        tokio::time::sleep(patience).await;
        let Some(pace) = pace.upgrade() else { return };
        if pace.being_served.get() == 0 && pace.idle_since.get().elapsed() >= patience {
            // It may be closed already, which is as good.
            let _ = pace.socket.shutdown(Shutdown::Both);
            return;
        }
    }
}

/// A request that is being served: its connection is not idle while this lives.
pub struct Busy(Rc<Pace>);

impl Busy {
    /// Marks the connection of a request, if it is watched.
    pub fn of(request: &ServiceRequest) -> Option<Self> {
        let pace = Rc::clone(request.conn_data::<Rc<Pace>>()?);
        pace.being_served.update(|count| count + 1);
        Some(Self(pace))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.being_served.update(|count| count - 1);
        self.0.idle_since.set(Instant::now());
    }
}
