//! Evenhand as its operator and its clients see it: a program, and requests to it.

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

/// Path of the bulk upsert of employees.
pub const EMPLOYEES: &str = "/v1/employees/bulk";
/// Path of everything.
const BASE: &str = "/v1";
const TENANT: &str = "bench";
/// Login of the administrator.
pub const LOGIN: &str = "admin@bench.example";
const PASSWORD: &str = "only for measuring, this once";
/// Between two looks at a job.
const POLL: Duration = Duration::from_millis(20);
/// Requests in a minute that the load never reaches.
const RATE: &str = "1000000000";

/// A running Evenhand, and an administrator signed in to it.
pub struct Product {
    /// The process.
    pub server: Server,
    /// Resident memory once it was ready, before the first request, in MiB.
    pub idle: f64,
    target: Target,
}

/// The key file of this run, one for all databases and their copies.
pub fn key_file() -> PathBuf {
    std::env::temp_dir().join(format!("evenhand-bench-{}.key", std::process::id()))
}

/// The program, as cargo built it beside this one; with none of this environment's settings.
fn evenhand() -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?.with_file_name("evenhand"));
    command.env_clear().env("EVENHAND_KEY_FILE", key_file());
    Ok(command)
}

/// Makes the schema, the tenant and its administrator.
pub fn found(url: &str) -> Result<()> {
    issue(url, &["admin", "create", "--login", LOGIN])
}

/// Runs a command that issues an account with the password of everybody.
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

/// Sends a request that must be answered with one of `statuses`; the body of the answer.
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
    /// Serves a database as `evenhand serve` does by default, and signs in.
    pub async fn serve(url: &str) -> Result<Self> {
        let mut serve = evenhand()?;
        serve.args(["serve", "--port", "0", "--database-url", url, "--rate-per-minute", RATE]);
        // A line for each request is written all the same.
        let server = Server::start(serve.stderr(Stdio::null()))?;
        let idle = server.resident()?;
        let target = Target { address: server.address, base: BASE, authorization: None };
        let target = sign_in(target, LOGIN).await?;
        Ok(Self { server, idle, target })
    }

    /// The same server, asked by somebody else.
    pub async fn seen_by(&self, login: &str) -> Result<Target> {
        sign_in(self.target.clone(), login).await
    }

    /// Gives somebody an account.
    pub async fn invite(&self, login: &str, employee: Uuid) -> Result<()> {
        let body = json!({ "login": login, "employee_id": employee });
        let account = create(&self.target, "/v1/accounts", &body).await?;
        let body = json!({ "setup_token": account["setup_token"], "password": PASSWORD });
        create(&self.target, "/v1/auth/password-setup", &body).await?;
        Ok(())
    }

    /// Two persons who sign together: the operator says which employee the administrator is, who signs
    /// in again, and makes the account of a member of senior management, who does too. Neither takes
    /// part in a cycle that has been launched.
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

    /// Reads something as JSON, as the administrator.
    pub async fn read(&self, path: &str) -> Result<Value> {
        let mut connection = Connection::open(self.target.address).await?;
        let request = self.target.request("GET", path, &[], b"");
        Ok(serde_json::from_slice(&expect(&mut connection, &request, &[200]).await?)?)
    }

    /// Upserts units or employees and waits until that is done; `rows` must all come out as
    /// `outcome`.
    pub async fn import(
        &self,
        path: &str,
        ndjson: &[u8],
        outcome: &str,
        rows: usize,
    ) -> Result<()> {
        let request = post(&self.target, path, &[], "application/x-ndjson", ndjson);
        let answer = finished(&self.target, &request).await?;
        let report = answer.get("result").unwrap_or(&answer);
        if report[outcome] != rows {
            let text: String = answer.to_string().chars().take(2_000).collect();
            return Err(format!("{path}: not {rows} rows {outcome}: {text}").into());
        }
        Ok(())
    }

    /// Exports something as CSV; how many lines came.
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

/// Asks for something new; the answer.
pub async fn create(target: &Target, path: &str, body: &Value) -> Result<Value> {
    ask(target, path, None, body).await
}

/// Checks in on a goal so many times, over one connection.
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

/// Asks for a transition of what `path` shows, in the version it has, and waits until it is made.
pub async fn step(target: &Target, path: &str, noun: &str, body: &Value) -> Result<Value> {
    let mut connection = Connection::open(target.address).await?;
    expect(&mut connection, &target.request("GET", path, &[], b""), &[200]).await?;
    let etag = connection.header("etag").ok_or("a resource without ETag")?;
    ask(target, &format!("{path}/{noun}"), Some(etag), body).await
}

/// Sends JSON, or nothing for null; the answer, once it is whole.
async fn ask(target: &Target, path: &str, if_match: Option<&str>, body: &Value) -> Result<Value> {
    let headers: Vec<_> = if_match.iter().map(|etag| ("if-match", *etag)).collect();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    finished(target, &post(target, path, &headers, "application/json", body)).await
}

/// Sends a request, and waits for the end of the job that it may have begun. The last answer.
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
