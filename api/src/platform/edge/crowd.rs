//! The open connections, and which of them are closed when there are too many.
//!
//! When all places are taken, a new connection replaces the one that has been idle longest, so idle
//! connections keep nobody out. If none is idle, a small reserve of connections is accepted
//! nevertheless: they are told that the server is busy, and can ask for its health.

use super::peer::network;
use std::collections::HashMap;
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Number of connections beyond the bound that are accepted in order to be refused with an answer.
pub const RESERVE: usize = 64;

/// The open connections of a server.
pub struct Crowd {
    most: usize,
    most_per_address: usize,
    lines: Mutex<HashMap<u64, Arc<Line>>>,
    next: AtomicU64,
}

/// An open connection.
pub struct Line {
    id: u64,
    socket: TcpStream,
    source: IpAddr,
    /// Whether it is in the reserve, beyond the bound.
    pub is_surplus: bool,
    use_: Mutex<Use>,
}

/// The present use of a connection.
struct Use {
    being_served: usize,
    /// When it will be closed unless something happens before; none while its request is being
    /// processed.
    ends: Option<Instant>,
}

impl Crowd {
    /// Room for `most` connections in all, and `most_per_address` from one address.
    pub fn new(most: usize, most_per_address: usize) -> Self {
        Self { most, most_per_address, lines: Mutex::default(), next: AtomicU64::default() }
    }

    /// Accepts a new connection, whose first request must come within `patience`; none if it must
    /// be closed at once.
    pub fn enter(
        &self,
        socket: TcpStream,
        source: IpAddr,
        patience: Duration,
    ) -> Option<Arc<Line>> {
        let source = network(source);
        let mut lines = self.lock();
        // Connections of the reserve do not count as places, and closing one does not free a place.
        let has_place = |line: &Line| !line.is_surplus;
        let places = lines.values().filter(|line| has_place(line)).count();
        let neighbours = lines.values().filter(|line| has_place(line) && line.source == source);
        let is_surplus = if neighbours.count() >= self.most_per_address {
            !evict(&mut lines, |line| has_place(line) && line.source == source)
        } else {
            places >= self.most && !evict(&mut lines, has_place)
        };
        let reserve = lines.len() - places.min(lines.len());
        if is_surplus && reserve >= RESERVE && !evict(&mut lines, |line| line.is_surplus) {
            let _ = socket.shutdown(Shutdown::Both);
            return None;
        }
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let use_ = Mutex::new(Use { being_served: 0, ends: Some(Instant::now() + patience) });
        let line = Arc::new(Line { id, socket, source, is_surplus, use_ });
        lines.insert(id, Arc::clone(&line));
        Some(line)
    }

    /// Removes a connection that has ended.
    pub fn leave(&self, line: &Line) {
        self.lock().remove(&line.id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Line>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes the connection that has been idle longest among those that `some` selects; false if none
/// is idle.
fn evict(lines: &mut HashMap<u64, Arc<Line>>, some: impl Fn(&Line) -> bool) -> bool {
    let idle = lines.values().filter(|line| some(line));
    let idle = idle.filter_map(|line| Some((line.idle_until()?, line.id)));
    let Some(line) = idle.min().and_then(|(_, id)| lines.remove(&id)) else { return false };
    line.close();
    true
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, Use> {
        self.use_.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When it will be closed if no request comes; none while a request is served.
    fn idle_until(&self) -> Option<Instant> {
        let now = self.lock();
        if now.being_served == 0 { now.ends } else { None }
    }

    /// A request begins to be processed.
    pub fn begin(&self) {
        let mut now = self.lock();
        now.being_served += 1;
        now.ends = None;
    }

    /// A request was answered; the next one must come within `patience`.
    pub fn finish(&self, patience: Duration) {
        let mut now = self.lock();
        now.being_served -= 1;
        if now.being_served == 0 {
            now.ends = Some(Instant::now() + patience);
        }
    }

    /// The client must take a part of an answer within `patience`; no limit if there is nothing to
    /// take.
    pub fn wait_for_reader(&self, patience: Option<Duration>) {
        self.lock().ends = patience.map(|patience| Instant::now() + patience);
    }

    /// When it will be closed, as things stand.
    pub fn ends(&self) -> Option<Instant> {
        self.lock().ends
    }

    /// Closes the connection; does no harm if it has already ended.
    pub fn close(&self) {
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::{Ipv4Addr, TcpListener};

    const PATIENCE: Duration = Duration::from_secs(9);

    struct Door {
        listener: TcpListener,
        crowd: Crowd,
    }

    impl Door {
        fn new(most: usize, most_per_address: usize) -> Self {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            Self { listener, crowd: Crowd::new(most, most_per_address) }
        }

        /// A client connects from an address that ends in `from`.
        fn enter(&self, from: u8) -> (TcpStream, Option<Arc<Line>>) {
            let client = TcpStream::connect(self.listener.local_addr().unwrap()).unwrap();
            let (socket, _) = self.listener.accept().unwrap();
            let line = self.crowd.enter(socket, Ipv4Addr::new(192, 0, 2, from).into(), PATIENCE);
            (client, line)
        }
    }

    fn is_closed(client: &mut TcpStream) -> bool {
        client.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        matches!(client.read(&mut [0]), Ok(0))
    }

    #[test]
    fn the_longest_idle_makes_room() {
        let door = Door::new(2, 9);
        let mut clients: Vec<_> = (0..2).map(|from| door.enter(from)).collect();
        clients[0].1.as_ref().unwrap().begin();
        clients.push(door.enter(2));
        let closed: Vec<_> = clients.iter_mut().map(|(client, _)| is_closed(client)).collect();
        assert_eq!(closed, [false, true, false], "the first is busy, the second idle for longest");
        assert!(!clients[2].1.as_ref().unwrap().is_surplus);
    }

    #[test]
    fn one_address_makes_room_for_itself() {
        let door = Door::new(9, 2);
        let mut stranger = door.enter(1);
        let mut clients: Vec<_> = (0..3).map(|_| door.enter(2)).collect();
        let closed: Vec<_> = clients.iter_mut().map(|(client, _)| is_closed(client)).collect();
        assert_eq!(closed, [true, false, false]);
        assert!(!is_closed(&mut stranger.0));
    }

    #[test]
    fn the_reserve_gives_nobody_a_place() {
        let door = Door::new(9, 2);
        let busy: Vec<_> = (0..2).map(|_| door.enter(2)).collect();
        busy.iter().for_each(|(_, line)| line.as_ref().unwrap().begin());
        let mut surplus: Vec<_> = (0..6).map(|_| door.enter(2)).collect();
        assert!(surplus.iter().all(|(_, line)| line.as_ref().unwrap().is_surplus));
        assert!(!surplus.iter_mut().any(|(client, _)| is_closed(client)), "there is room for them");
    }

    #[test]
    fn where_all_are_busy_a_few_are_told() {
        let door = Door::new(1, 9);
        let busy = door.enter(1);
        busy.1.as_ref().unwrap().begin();
        let enter = || {
            let (client, line) = door.enter(2);
            line.as_ref().unwrap().begin();
            (client, line.unwrap())
        };
        let surplus: Vec<_> = (0..RESERVE).map(|_| enter()).collect();
        assert!(surplus.iter().all(|(_, line)| line.is_surplus));
        assert!(door.enter(3).1.is_none(), "the reserve has an end");
    }
}
