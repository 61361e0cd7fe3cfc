//! An HTTP client for the tests, which checks every answer against the contract.

use crate::contract;
use serde_json::Value;
use std::fmt;
use std::io::Read;
use std::net::SocketAddr;
use std::time::Duration;
use ureq::http;
use uuid::Uuid;

/// What a client authenticates with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// No credentials.
    None,
    /// The access token of an account.
    Token(String),
    /// The API key of a program.
    Key(String),
}

/// A client of the API.
#[derive(Clone, Debug)]
pub struct Client {
    agent: ureq::Agent,
    address: SocketAddr,
    credentials: Credentials,
}

impl Client {
    /// A client of the server at `address`.
    pub fn new(address: SocketAddr, credentials: Credentials) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections_per_host(1)
            .timeout_global(Some(Duration::from_secs(120)))
            .build();
        Self { agent: config.into(), address, credentials }
    }

    /// The same client with other credentials.
    pub fn with(&self, credentials: Credentials) -> Self {
        Self { credentials, ..self.clone() }
    }

    /// Address of the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A request of any method.
    pub fn request(&self, method: &str, path: impl Into<String>) -> Request {
        let mut request = Request {
            client: self.clone(),
            method: method.to_owned(),
            path: path.into(),
            headers: Vec::new(),
            body: None,
        };
        match &self.credentials {
            Credentials::None => {}
            Credentials::Token(token) => {
                request = request.header("Authorization", &format!("Bearer {token}"));
            }
            Credentials::Key(key) => request = request.header("X-Api-Key", key),
        }
        request
    }

    /// Sends a GET.
    pub fn get(&self, path: impl Into<String>) -> Answer {
        self.request("GET", path).send()
    }

    /// Fails unless a GET of the record at `path` is answered like that of one that does not exist.
    ///
    /// # Panics
    /// If the answer tells the two apart.
    #[track_caller]
    pub fn finds_nothing(&self, path: &str) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let [hidden, missing] =
            [path.to_owned(), format!("{folder}/{}", Uuid::from_u128(7))].map(|path| {
                let mut told = self.get(path).refused("not-found").json();
                for varying in ["instance", "request_id"] {
                    told[varying].take();
                }
                told
            });
        assert_eq!(hidden, missing);
    }

    /// Sends a POST: creates a record or asks for a transition.
    pub fn post(&self, path: impl Into<String>, body: &Value) -> Answer {
        self.request("POST", path).json(body).send()
    }

    /// Sends a PATCH guarded by the version that `read` shows.
    pub fn patch(&self, read: &Answer, body: &Value) -> Answer {
        self.request("PATCH", read.path.clone()).if_match(&read.etag()).json(body).send()
    }

    /// Reads every page of a list, following the cursors.
    ///
    /// # Panics
    /// If a page is refused, or the list does not end.
    pub fn all(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut next = path.to_owned();
        for _ in 0..10_000 {
            let page = self.get(&next).expect(200).json();
            items.extend(page["items"].as_array().expect("a page has items").iter().cloned());
            let Some(cursor) = page["next_cursor"].as_str() else { return items };
            let joint = if path.contains('?') { '&' } else { '?' };
            next = format!("{path}{joint}cursor={cursor}");
        }
        panic!("{path} has no last page");
    }
}

/// A request that has not been sent.
#[derive(Clone, Debug)]
#[must_use]
pub struct Request {
    client: Client,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds `If-Match`: the request is refused unless the resource has this ETag.
    pub fn if_match(self, etag: &str) -> Self {
        self.header("If-Match", etag)
    }

    /// Removes a header.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(given, _)| given != name);
        self
    }

    /// Adds an `Idempotency-Key`.
    pub fn key(self, key: &str) -> Self {
        self.header("Idempotency-Key", key)
    }

    /// Adds a JSON body; for PATCH its type is merge patch.
    pub fn json(self, body: &Value) -> Self {
        let kind = match self.method.as_str() {
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        self.body(kind, body.to_string())
    }

    /// Adds a body of any media type.
    pub fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("Content-Type", media_type)
    }

    /// Sends the request and checks the answer against the contract.
    ///
    /// # Panics
    /// If the connection breaks, or the answer breaks the contract.
    pub fn send(self) -> Answer {
        let answer = self.try_send().unwrap_or_else(|error| panic!("no answer: {error}"));
        answer.check();
        answer
    }

    /// Sends the request without checking the answer; fails if the server is gone.
    pub fn try_send(self) -> Result<Answer, ureq::Error> {
        let Self { client, method, path, headers, body } = self;
        let mut request = http::Request::builder()
            .method(method.as_str())
            .uri(format!("http://{}{path}", client.address));
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        let sent = match body {
            Some(body) => client.agent.run(request.body(body)?),
            None => client.agent.run(request.body(())?),
        };
        let mut response = sent?;
        let sent = response.body_mut().with_config().limit(1 << 30).read_to_vec()?;
        let (parts, _) = response.into_parts();
        let (status, headers, sent_bytes) = (parts.status.as_u16(), parts.headers, sent.len());
        let coding = headers.get("Content-Encoding").map(|coding| coding.as_bytes());
        let body = decoded(coding.unwrap_or_default(), sent)?;
        Ok(Answer { method, path, status, headers, body, sent_bytes })
    }
}

/// A complete answer.
#[derive(Clone)]
pub struct Answer {
    /// Method of the request.
    pub method: String,
    /// Path and query of the request.
    pub path: String,
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: http::HeaderMap,
    /// Body, decompressed.
    pub body: Vec<u8>,
    /// Bytes of the body as it was sent.
    pub sent_bytes: usize,
}

/// A body as it was before the server compressed it.
///
/// # Errors
/// The body is not in this coding.
pub fn decoded(coding: &[u8], sent: Vec<u8>) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    match coding {
        b"zstd" => body = zstd::decode_all(sent.as_slice())?,
        b"br" => brotli::BrotliDecompress(&mut sent.as_slice(), &mut body)?,
        b"gzip" => {
            flate2::read::GzDecoder::new(sent.as_slice()).read_to_end(&mut body)?;
        }
        _ => body = sent,
    }
    Ok(body)
}

impl Answer {
    /// Fails unless the status is this one.
    ///
    /// # Panics
    /// If the status is another one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert!(self.status == status, "{status} expected: {self:?}");
        self
    }

    /// Fails unless the answer is a refusal with this problem type.
    ///
    /// # Panics
    /// If it is anything else.
    #[track_caller]
    pub fn refused(self, slug: &str) -> Self {
        assert!(self.problem() == Some(slug), "{slug} expected: {self:?}");
        self
    }

    /// Fails unless the answer refuses the input for exactly these faults, in any order.
    ///
    /// # Panics
    /// If the faults are others.
    #[track_caller]
    pub fn faults(self, expected: &[(&str, &str)]) -> Self {
        let body = self.json();
        let mut found: Vec<(&str, &str)> = body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|error| {
                let text = |name: &str| error[name].as_str().unwrap_or_default();
                (text("pointer"), text("code"))
            })
            .collect();
        found.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert!(found == expected, "the faults {expected:?} expected: {self:?}");
        self
    }

    /// The codes of all faults of the input, sorted.
    pub fn codes(&self) -> Vec<String> {
        let body = self.json();
        let faults = body["errors"].as_array().into_iter().flatten();
        let mut codes: Vec<_> =
            faults.map(|fault| fault["code"].as_str().unwrap_or_default().to_owned()).collect();
        codes.sort_unstable();
        codes
    }

    /// The problem type; none if the answer is no refusal.
    pub fn problem(&self) -> Option<&'static str> {
        if self.media_type() != api::platform::problem::MEDIA_TYPE {
            return None;
        }
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        let slug = body["type"].as_str()?.strip_prefix("/problems/")?;
        api::platform::problem::KINDS.get(slug).map(|kind| kind.slug.as_str())
    }

    /// The body as JSON, without the cards of what it names and without the tags of listed items.
    ///
    /// # Panics
    /// If the body is no JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        let mut body = self.whole();
        if let Some(object) = body.as_object_mut() {
            object.remove("included");
        }
        let items = body.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten();
        for item in items.filter_map(Value::as_object_mut) {
            item.remove("etag");
        }
        body
    }

    /// The tag of each listed item; empty where one has none.
    ///
    /// # Panics
    /// If the body is no list.
    #[track_caller]
    pub fn tags(&self) -> Vec<String> {
        let body = self.whole();
        let items = body["items"].as_array().unwrap_or_else(|| panic!("a list expected: {self:?}"));
        items.iter().map(|item| item["etag"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The cards of what the body names, by kind and id; null if there are none.
    ///
    /// # Panics
    /// If the body is no JSON.
    #[track_caller]
    pub fn included(&self) -> Value {
        self.whole()["included"].take()
    }

    #[track_caller]
    fn whole(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The id of the resource in the body.
    ///
    /// # Panics
    /// If the body has no id.
    #[track_caller]
    pub fn id(&self) -> Uuid {
        let id = self.json()["id"].as_str().and_then(|id| id.parse().ok());
        id.unwrap_or_else(|| panic!("an id expected: {self:?}"))
    }

    /// The ETag.
    ///
    /// # Panics
    /// If there is no ETag.
    #[track_caller]
    pub fn etag(&self) -> String {
        self.header("ETag").unwrap_or_else(|| panic!("an ETag expected: {self:?}")).to_owned()
    }

    /// A header; none if it is missing or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The media type, without parameters.
    pub fn media_type(&self) -> &str {
        let header = self.header("Content-Type").unwrap_or_default();
        header.split(';').next().unwrap_or_default()
    }

    /// Checks the answer against the contract.
    fn check(&self) {
        assert!(self.header("X-Request-Id").is_some(), "a request id expected: {self:?}");
        assert!(self.status < 500, "a failure of the server: {self:?}");
        let Some(operation) = contract::at(&self.method, &self.path) else { return };
        if let Some(fault) = contract::fault(operation, self.status, self.media_type(), &self.body)
        {
            panic!("{}: {fault}: {self:?}", operation.id);
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body: String = String::from_utf8_lossy(&self.body).chars().take(2000).collect();
        write!(f, "{} {} -> {} {body}", self.method, self.path, self.status)
    }
}
