//! The load: a fixed number of clients, each of which sends its next request as soon as it is
//! answered.

use crate::Result;
use crate::http::{Connection, request};
use crate::people::{encoded, sought};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Number of concurrent clients.
pub const CONNECTIONS: usize = 32;
/// Most requests of one client in one window.
const MOST: usize = 1_000_000;
/// Duration of the load before anything is counted.
const WARM_UP: Duration = Duration::from_millis(300);
/// Number of people whom a search shows at once.
pub const FOUND: usize = 10;
/// What browsers accept.
pub const ACCEPTED: (&str, &str) = ("accept-encoding", "gzip, deflate, br, zstd");
/// Number of people whom one client changes, one after the other.
const OWN: usize = 8;

/// The work of the clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Read one employee, any of them.
    Read,
    /// List 50 employees, page by page.
    List,
    /// The same, compressed as browsers ask for it.
    Compressed,
    /// Search among the employees.
    Search,
    /// Change one employee's name, guarded by its version.
    Patch,
    /// Read the dashboard of a team of 50 in a cycle.
    Team,
    /// List the reviews of a team of 50 in a cycle.
    Reviews,
    /// Submit one rating, guarded by the version of the review. Each rating is submitted once.
    Submit,
}

/// The first page of the employees.
pub fn listed(base: &str) -> String {
    format!("{base}/employees?limit=50")
}

/// The first employees whom a search for a text finds.
pub fn searched(base: &str, text: &str) -> String {
    format!("{base}/employees?q={}&limit={FOUND}", encoded(text))
}

/// The server under load.
#[derive(Clone)]
pub struct Target {
    /// Address of the server.
    pub address: SocketAddr,
    /// Prefix of the paths.
    pub base: &'static str,
    /// The `Authorization` header of the clients, if the server needs one.
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
    /// Answers per second.
    pub per_second: f64,
    /// The latency of each answer.
    pub latencies: Vec<Duration>,
    /// Number of all answers, also those outside the window.
    pub answered: usize,
    /// Bytes of the bodies of all answers, as they were sent.
    pub bytes: usize,
}

impl Sample {
    fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.answered += other.answered;
        self.bytes += other.bytes;
    }
}

/// Clients that have read what they are to change. `ids` are people or reviews or, for a team, a
/// manager and a cycle.
pub async fn ready(target: &Target, work: Work, ids: &[Uuid]) -> Result<Vec<Client>> {
    let mut clients = JoinSet::new();
    for number in 0..CONNECTIONS {
        let share = ids.iter().skip(number).step_by(CONNECTIONS).copied();
        let own = match work {
            Work::Read | Work::List | Work::Compressed | Work::Search => ids.to_vec(),
            Work::Team | Work::Reviews => ids.to_vec(),
            Work::Patch => share.take(OWN).collect(),
            Work::Submit => share.collect(),
        };
        clients.spawn(Client::ready(target.clone(), work, own, number));
    }
    clients.join_all().await.into_iter().collect()
}

/// Loads a server for `window`; fails if an answer is no success.
pub async fn drive(clients: Vec<Client>, window: Duration) -> Result<Sample> {
    let start = Instant::now() + WARM_UP;
    let mut running = JoinSet::new();
    for client in clients {
        running.spawn(client.run(start, start + window));
    }
    let mut sample = Sample::default();
    while let Some(done) = running.join_next().await {
        sample.add(done??);
    }
    sample.per_second = sample.latencies.len() as f64 / window.as_secs_f64();
    Ok(sample)
}

/// One client: its connection and the state from which its next request follows.
pub struct Client {
    connection: Connection,
    target: Target,
    work: Work,
    ids: Vec<Uuid>,
    /// The last known ETag of each record that is changed.
    etags: Vec<String>,
    /// The cursor of the next page.
    next: Option<String>,
    turn: usize,
}

impl Client {
    /// A client that has read what it is to change.
    async fn ready(target: Target, work: Work, ids: Vec<Uuid>, number: usize) -> Result<Self> {
        let connection = Connection::open(target.address).await?;
        let (etags, next) = (Vec::new(), None);
        let mut client = Self { connection, target, work, ids, etags, next, turn: number };
        match work {
            Work::Read | Work::List | Work::Compressed | Work::Search => {}
            Work::Team | Work::Reviews => {}
            Work::Patch => client.learn("employees").await?,
            Work::Submit => {
                client.turn = 0;
                client.learn("reviews").await?;
            }
        }
        Ok(client)
    }

    async fn learn(&mut self, noun: &str) -> Result<()> {
        for id in &self.ids {
            let path = format!("{}/{noun}/{id}", self.target.base);
            let request = self.target.request("GET", &path, &[], b"");
            self.connection.exchange(&request, |_| {}).await?;
            let etag = self.connection.header("etag").ok_or_else(|| format!("{path}: no ETag"))?;
            self.etags.push(etag.to_owned());
        }
        Ok(())
    }

    async fn run(mut self, start: Instant, end: Instant) -> Result<Sample> {
        let mut sample = Sample::default();
        while sample.answered < MOST {
            let request = self.next()?;
            let asked = Instant::now();
            if asked >= end {
                break;
            }
            let count = |part: &[u8]| sample.bytes += part.len();
            let status = self.connection.exchange(&request, count).await?;
            let done = Instant::now();
            if status != 200 {
                return Err(format!("{:?} was answered {status}", self.work).into());
            }
            if asked >= start && done <= end {
                sample.latencies.push(done - asked);
            }
            sample.answered += 1;
            self.note();
        }
        Ok(sample)
    }

    fn next(&mut self) -> Result<Vec<u8>> {
        let base = self.target.base;
        let get = |path: &str| self.target.request("GET", path, &[], b"");
        Ok(match self.work {
            Work::Read => {
                // Visits all people, in an order that no cache can follow.
                self.turn = (self.turn * 1_664_525 + 1_013_904_223) % (1 << 32);
                let id = self.ids[self.turn % self.ids.len()];
                get(&format!("{base}/employees/{id}"))
            }
            Work::List | Work::Compressed => {
                let page = self.next.take().unwrap_or_else(|| listed(base));
                let accepted = if self.work == Work::List { &[][..] } else { &[ACCEPTED] };
                self.target.request("GET", &page, accepted, b"")
            }
            Work::Search => {
                // No two clients look for the same.
                self.turn += CONNECTIONS + 1;
                get(&searched(base, &sought(self.turn, self.ids.len()).0))
            }
            Work::Patch => {
                self.turn += 1;
                let own = self.turn % self.ids.len();
                let headers = [
                    ("if-match", &self.etags[own][..]),
                    ("content-type", "application/merge-patch+json"),
                ];
                let body = format!(r#"{{"name":"Name {}"}}"#, self.turn);
                let path = format!("{base}/employees/{}", self.ids[own]);
                self.target.request("PATCH", &path, &headers, body.as_bytes())
            }
            Work::Team => {
                let [manager, cycle] = self.ids[..] else { return Err("no team".into()) };
                // Evenhand identifies the manager by the token.
                let who = match self.target.authorization {
                    Some(_) => String::new(),
                    None => format!("&manager_id={manager}"),
                };
                get(&format!("{base}/dashboards/manager?cycle_id={cycle}{who}"))
            }
            Work::Reviews => {
                let [manager, cycle] = self.ids[..] else { return Err("no team".into()) };
                get(&format!("{base}/reviews?manager_id={manager}&cycle_id={cycle}&limit=50"))
            }
            Work::Submit => {
                let id = self.ids.get(self.turn).ok_or("too few reviews for this window")?;
                let key = id.to_string();
                let headers = [("if-match", &self.etags[self.turn][..]), ("idempotency-key", &key)];
                self.turn += 1;
                let path = format!("{base}/reviews/{id}/manager-review/submission");
                self.target.request("POST", &path, &headers, b"")
            }
        })
    }

    /// Stores what the next request needs from an answer.
    fn note(&mut self) {
        match self.work {
            Work::Read | Work::Search | Work::Team | Work::Reviews | Work::Submit => {}
            Work::List | Work::Compressed => {
                let link = self.connection.header("link").and_then(|link| link.strip_prefix('<'));
                self.next =
                    link.and_then(|link| link.split_once('>')).map(|(next, _)| next.to_owned());
            }
            Work::Patch => {
                let own = self.turn % self.ids.len();
                self.etags[own] = self.connection.header("etag").unwrap_or_default().to_owned();
            }
        }
    }
}
