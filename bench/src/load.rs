//! The load: a fixed number of clients that ask again as soon as they are answered.

use crate::Result;
use crate::http::{Connection, request};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Clients at once.
pub const CONNECTIONS: usize = 32;
/// Most requests of one client, whatever the time allows.
const MOST: usize = 1_000_000;
/// Load before anything is counted.
const WARM_UP: Duration = Duration::from_millis(300);
/// People whom one client changes, one after the other.
const OWN: usize = 8;

/// What the clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Read one employee, any of them.
    Read,
    /// List 50 employees, page by page.
    List,
    /// Change one employee's name, guarded by its version.
    Patch,
}

/// Where they do it.
#[derive(Clone)]
pub struct Target {
    /// The server.
    pub address: SocketAddr,
    /// Path of its employees.
    pub employees: &'static str,
    /// What the clients sign in with.
    pub authorization: Option<String>,
}

impl Target {
    /// The bytes of a request to this server.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Vec<u8> {
        let mut all: Vec<_> =
            self.authorization.iter().map(|value| ("authorization", &value[..])).collect();
        all.extend_from_slice(headers);
        request(method, path, &all, body)
    }
}

/// What was measured in one window.
#[derive(Default)]
pub struct Sample {
    /// Answers in a second.
    pub per_second: f64,
    /// How long each took.
    pub latencies: Vec<Duration>,
    /// All answers, also those outside of the window.
    pub answered: usize,
}

/// Loads a server for `window`; every answer must be a success.
pub async fn drive(
    target: &Target,
    work: Work,
    people: &[Uuid],
    window: Duration,
) -> Result<Sample> {
    let start = Instant::now() + WARM_UP;
    let mut clients = JoinSet::new();
    for number in 0..CONNECTIONS {
        let own: Vec<Uuid> = match work {
            Work::Read => people.to_vec(),
            Work::List => Vec::new(),
            Work::Patch => {
                people.iter().skip(number).step_by(CONNECTIONS).take(OWN).copied().collect()
            }
        };
        clients.spawn(client(target.clone(), work, own, number, start, start + window));
    }
    let mut sample = Sample::default();
    while let Some(done) = clients.join_next().await {
        let (latencies, answered) = done??;
        sample.latencies.extend(latencies);
        sample.answered += answered;
    }
    sample.per_second = sample.latencies.len() as f64 / window.as_secs_f64();
    Ok(sample)
}

async fn client(
    target: Target,
    work: Work,
    people: Vec<Uuid>,
    number: usize,
    start: Instant,
    end: Instant,
) -> Result<(Vec<Duration>, usize)> {
    let mut connection = Connection::open(target.address).await?;
    let mut script = Script::new(work, people, number);
    if work == Work::Patch {
        script.learn(&target, &mut connection).await?;
    }
    let (mut latencies, mut answered) = (Vec::new(), 0);
    while answered < MOST {
        let request = script.next(&target);
        let asked = Instant::now();
        if asked >= end {
            break;
        }
        let status = connection.exchange(&request, |_| {}).await?;
        let done = Instant::now();
        if status != 200 {
            return Err(format!("{work:?} was answered {status}").into());
        }
        if asked >= start && done <= end {
            latencies.push(done - asked);
        }
        answered += 1;
        script.note(&connection);
    }
    Ok((latencies, answered))
}

/// What one client asks next.
struct Script {
    work: Work,
    people: Vec<Uuid>,
    /// ETags of the people, as last seen.
    etags: Vec<String>,
    /// The page behind the last one.
    next: Option<String>,
    turn: usize,
}

impl Script {
    fn new(work: Work, people: Vec<Uuid>, number: usize) -> Self {
        Self { work, people, etags: Vec::new(), next: None, turn: number }
    }

    async fn learn(&mut self, target: &Target, connection: &mut Connection) -> Result<()> {
        for id in &self.people {
            let request = target.request("GET", &format!("{}/{id}", target.employees), &[], b"");
            connection.exchange(&request, |_| {}).await?;
            self.etags
                .push(connection.header("etag").ok_or("an employee without ETag")?.to_owned());
        }
        Ok(())
    }

    fn next(&mut self, target: &Target) -> Vec<u8> {
        let employees = target.employees;
        match self.work {
            Work::Read => {
                // A walk that visits all people in no order that a cache could follow.
                self.turn = (self.turn * 1_664_525 + 1_013_904_223) % (1 << 32);
                let id = self.people[self.turn % self.people.len()];
                target.request("GET", &format!("{employees}/{id}"), &[], b"")
            }
            Work::List => {
                let first = || format!("{employees}?limit=50");
                target.request("GET", &self.next.take().unwrap_or_else(first), &[], b"")
            }
            Work::Patch => {
                self.turn += 1;
                let own = self.turn % self.people.len();
                let headers = [
                    ("if-match", &self.etags[own][..]),
                    ("content-type", "application/merge-patch+json"),
                ];
                let body = format!(r#"{{"name":"Name {}"}}"#, self.turn);
                let path = format!("{employees}/{}", self.people[own]);
                target.request("PATCH", &path, &headers, body.as_bytes())
            }
        }
    }

    /// Takes from an answer what the next request needs.
    fn note(&mut self, connection: &Connection) {
        match self.work {
            Work::Read => {}
            Work::List => {
                let link = connection.header("link").and_then(|link| link.strip_prefix('<'));
                self.next =
                    link.and_then(|link| link.split_once('>')).map(|(next, _)| next.to_owned());
            }
            Work::Patch => {
                let own = self.turn % self.people.len();
                self.etags[own] = connection.header("etag").unwrap_or_default().to_owned();
            }
        }
    }
}
