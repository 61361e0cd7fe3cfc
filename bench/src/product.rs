//! Evenhand as its operator and its clients use it: a process, and requests to it.

use crate::Result;
use crate::http::Connection;
use crate::load::Target;
use crate::server::Server;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use uuid::Uuid;

/// Path and query of the bulk upsert of employees, by which the company grows by a half and more.
pub const EMPLOYEES: &str = "/v1/employees/bulk?allow_mass_creation=true";
/// Most people in one import.
pub const MOST_ROWS: usize = 50_000;
/// Prefix of all paths.
const BASE: &str = "/v1";
const TENANT: &str = "bench";
/// Login of the administrator.
pub const LOGIN: &str = "admin@bench.example";
const PASSWORD: &str = "only for measuring, this once";
/// Time between two reads of a job.
const POLL: Duration = Duration::from_millis(20);
/// Requests per minute that the load never reaches.
const RATE: &str = "1000000000";

/// A file of rows.
#[derive(Clone, Copy)]
pub struct File<'f> {
    /// How it is read.
    pub media_type: &'static str,
    /// What is in it.
    pub bytes: &'f [u8],
}

impl<'f> File<'f> {
    /// Rows of JSON.
    pub fn ndjson(bytes: &'f [u8]) -> Self {
        Self { media_type: "application/x-ndjson", bytes }
    }
}

/// A running Evenhand, and an administrator who is signed in.
pub struct Product {
    /// The process.
    pub server: Server,
    /// Resident memory when the server was ready, before the first request, in MiB.
    pub idle: f64,
    target: Target,
}

/// Path of the key file, one for all databases of a run and their copies.
pub fn key_file() -> PathBuf {
    std::env::temp_dir().join(format!("evenhand-bench-{}.key", std::process::id()))
}

/// The program that cargo built beside this one, without any settings from the environment.
fn evenhand() -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?.with_file_name("evenhand"));
    command.env_clear().env("EVENHAND_KEY_FILE", key_file());
    Ok(command)
}

/// Creates the schema, the tenant and its administrator.
pub fn found(url: &str) -> Result<()> {
    issue(url, &["admin", "create", "--login", LOGIN])
}

/// Runs a command that issues an account, with everybody's password.
fn issue(url: &str, command: &[&str]) -> Result<()> {
    let mut issue = evenhand()?;
    issue.args(command).args(["--database-url", url, "--tenant", TENANT, "--password-stdin"]);
    let mut child = issue.stdin(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    writeln!(stdin, "{PASSWORD}")?;
    drop(stdin);
    match child.wait()?.success() {
        true => Ok(()),
        false => Err(format!("evenhand {} failed", command.join(" ")).into()),
    }
}

fn post(
    target: &Target,
    path: &str,
    headers: &[(&str, &str)],
    content_type: &str,
    body: impl AsRef<[u8]>,
) -> Vec<u8> {
    let headers = [headers, &[("content-type", content_type)]].concat();
    target.request("POST", path, &headers, body.as_ref())
}

/// Sends a request; fails unless the status is one of `statuses`. Returns the body.
async fn expect(connection: &mut Connection, request: &[u8], statuses: &[u16]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    let status = connection.exchange(request, |part| body.extend_from_slice(part)).await?;
    if statuses.contains(&status) {
        return Ok(body);
    }
    let line =
        String::from_utf8_lossy(request.split(|&byte| byte == b'\r').next().unwrap_or_default());
    Err(format!("{line} was answered {status}: {}", String::from_utf8_lossy(&body)).into())
}

impl Product {
    /// Serves a database as `evenhand serve` does by default, and signs in as the administrator.
    pub async fn serve(url: &str) -> Result<Self> {
        let mut serve = evenhand()?;
        serve.args(["serve", "--port", "0", "--database-url", url, "--rate-per-minute", RATE]);
        // The server still writes a log line for each request.
        let server = Server::start(serve.stderr(Stdio::null()))?;
        let idle = server.resident()?;
        let target = Target { address: server.address, base: BASE, authorization: None };
        let target = sign_in(target, LOGIN).await?;
        Ok(Self { server, idle, target })
    }

    /// The same server for another client.
    pub async fn seen_by(&self, login: &str) -> Result<Target> {
        sign_in(self.target.clone(), login).await
    }

    /// Creates an account for an employee.
    pub async fn invite(&self, login: &str, employee: Uuid) -> Result<()> {
        let body = json!({ "login": login, "employee_id": employee });
        let account = create(&self.target, "/v1/accounts", &body).await?;
        let body = json!({ "setup_token": account["setup_token"], "password": PASSWORD });
        create(&self.target, "/v1/auth/password-setup", &body).await?;
        Ok(())
    }

    /// Prepares two people who sign together. The command line binds the administrator to an
    /// employee, who signs in again, and issues the account of a member of senior management, who
    /// signs in too. Neither takes part in a cycle that has been launched.
    pub async fn second_person(&mut self, url: &str, login: &str) -> Result<Target> {
        for number in ["ADMIN", "SENIOR"] {
            let person =
                json!({ "employee_number": number, "name": number, "hire_date": "2020-01-01" });
            create(&self.target, "/v1/employees", &person).await?;
        }
        let of = |login, number| ["--login", login, "--employee-number", number];
        issue(url, &[&["account", "issue"], &of(LOGIN, "ADMIN")[..]].concat())?;
        let senior = [&of(login, "SENIOR")[..], &["--role", "executive"]].concat();
        issue(url, &[&["account", "issue"], &senior[..]].concat())?;
        self.target = self.seen_by(LOGIN).await?;
        self.seen_by(login).await
    }

    /// Reads JSON as the administrator.
    pub async fn read(&self, path: &str) -> Result<Value> {
        let mut connection = Connection::open(self.target.address).await?;
        let request = self.target.request("GET", path, &[], b"");
        Ok(serde_json::from_slice(&expect(&mut connection, &request, &[200]).await?)?)
    }

    /// Upserts rows and waits until that is done; fails unless `outcome` is that of all `rows`.
    pub async fn import(
        &self,
        path: &str,
        File { media_type, bytes }: File<'_>,
        outcome: &str,
        rows: usize,
    ) -> Result<()> {
        let request = post(&self.target, path, &[], media_type, bytes);
        let answer = finished(&self.target, &request).await?;
        let report = answer.get("result").unwrap_or(&answer);
        if report[outcome] != rows {
            let text: String = answer.to_string().chars().take(2_000).collect();
            return Err(format!("{path}: not {rows} rows {outcome}: {text}").into());
        }
        Ok(())
    }

    /// Exports CSV; returns the number of lines.
    pub async fn export(&self, path: &str) -> Result<usize> {
        let mut connection = Connection::open(self.target.address).await?;
        let request = self.target.request("GET", path, &[("accept", "text/csv")], b"");
        let mut lines = 0;
        let count = |part: &[u8]| lines += part.iter().filter(|&&byte| byte == b'\n').count();
        match connection.exchange(&request, count).await? {
            200 => Ok(lines),
            status => Err(format!("{path} was answered {status}").into()),
        }
    }
}

/// Signs in.
async fn sign_in(target: Target, login: &str) -> Result<Target> {
    let target = Target { authorization: None, ..target };
    let body = json!({ "tenant": TENANT, "login": login, "password": PASSWORD });
    let tokens = create(&target, "/v1/auth/token", &body).await?;
    let token = tokens["access_token"].as_str().ok_or("an answer without token")?;
    Ok(Target { authorization: Some(format!("Bearer {token}")), ..target })
}

/// Creates a record; returns the answer.
pub async fn create(target: &Target, path: &str, body: &Value) -> Result<Value> {
    ask(target, path, None, body).await
}

/// Checks in on a goal this many times, over one connection.
pub async fn check_in(target: &Target, goal: Uuid, times: usize) -> Result<()> {
    let mut connection = Connection::open(target.address).await?;
    let body = r#"{"confidence":6,"reports":[]}"#;
    let path = format!("/v1/goals/{goal}/check-ins");
    let request = post(target, &path, &[], "application/json", body);
    for _ in 0..times {
        expect(&mut connection, &request, &[201]).await?;
    }
    Ok(())
}

/// Asks for a transition of the resource at `path`, guarded by its present version, and waits until
/// it is made.
pub async fn step(target: &Target, path: &str, noun: &str, body: &Value) -> Result<Value> {
    let mut connection = Connection::open(target.address).await?;
    expect(&mut connection, &target.request("GET", path, &[], b""), &[200]).await?;
    let etag = connection.header("etag").ok_or("a resource without ETag")?;
    ask(target, &format!("{path}/{noun}"), Some(etag), body).await
}

/// Sends JSON, or no body if it is null; returns the answer.
async fn ask(target: &Target, path: &str, if_match: Option<&str>, body: &Value) -> Result<Value> {
    let headers: Vec<_> = if_match.iter().map(|etag| ("if-match", *etag)).collect();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    finished(target, &post(target, path, &headers, "application/json", body)).await
}

/// Sends a request and waits for the end of the job that it may have started. Returns the last
/// answer.
async fn finished(target: &Target, request: &[u8]) -> Result<Value> {
    let mut connection = Connection::open(target.address).await?;
    let body = expect(&mut connection, request, &[200, 201, 202, 204]).await?;
    let job = connection.header("location").filter(|path| path.starts_with("/v1/jobs/"));
    let Some(job) = job.map(str::to_owned) else {
        return Ok(serde_json::from_slice(&body).unwrap_or_default());
    };
    let request = target.request("GET", &job, &[], b"");
    loop {
        let body = expect(&mut connection, &request, &[200]).await?;
        let answer: Value = serde_json::from_slice(&body)?;
        match answer["state"].as_str() {
            Some("succeeded") => return Ok(answer),
            Some("failed") => return Err(format!("{job} failed: {answer}").into()),
            _ => tokio::time::sleep(POLL).await,
        }
    }
}
