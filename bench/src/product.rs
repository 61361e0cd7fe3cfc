//! Evenhand as its operator and its clients see it: a program, and requests to it.

use crate::Result;
use crate::http::Connection;
use crate::load::Target;
use crate::server::Server;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Path of the employees.
const EMPLOYEES: &str = "/v1/employees";
const TENANT: &str = "bench";
const LOGIN: &str = "admin@bench.example";
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

/// The program, as cargo built it beside this one; with none of this environment's settings.
fn evenhand() -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?.with_file_name("evenhand"));
    command.env_clear();
    Ok(command)
}

/// Makes the schema, the tenant and its administrator.
pub fn found(url: &str) -> Result<()> {
    let mut create = evenhand()?;
    create.args(["admin", "create", "--database-url", url, "--tenant", TENANT, "--login", LOGIN]);
    let mut child = create.arg("--password-stdin").stdin(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    writeln!(stdin, "{PASSWORD}")?;
    drop(stdin);
    match child.wait()?.success() {
        true => Ok(()),
        false => Err("evenhand admin create failed".into()),
    }
}

fn post(target: &Target, path: &str, content_type: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    target.request("POST", path, &[("content-type", content_type)], body.as_ref())
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
        let mut connection = Connection::open(server.address).await?;
        let mut target =
            Target { address: server.address, employees: EMPLOYEES, authorization: None };
        let body = json!({"tenant": TENANT, "login": LOGIN, "password": PASSWORD}).to_string();
        let request = post(&target, "/v1/auth/token", "application/json", body);
        let tokens: Value =
            serde_json::from_slice(&expect(&mut connection, &request, &[200]).await?)?;
        let token = tokens["access_token"].as_str().ok_or("an answer without token")?;
        target.authorization = Some(format!("Bearer {token}"));
        Ok(Self { server, idle, target })
    }

    /// Where the load goes.
    pub fn target(&self) -> &Target {
        &self.target
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
        let mut connection = Connection::open(self.target.address).await?;
        let request = post(&self.target, path, "application/x-ndjson", ndjson);
        let body = expect(&mut connection, &request, &[200, 202]).await?;
        let mut answer: Value = serde_json::from_slice(&body)?;
        if let Some(job) = connection.header("location").map(str::to_owned) {
            let request = self.target.request("GET", &job, &[], b"");
            while !matches!(answer["state"].as_str(), Some("succeeded" | "failed")) {
                tokio::time::sleep(POLL).await;
                answer = serde_json::from_slice(&expect(&mut connection, &request, &[200]).await?)?;
            }
        }
        let report = answer.get("result").unwrap_or(&answer);
        if report[outcome] != rows {
            let text: String = answer.to_string().chars().take(2_000).collect();
            return Err(format!("{path}: not {rows} rows {outcome}: {text}").into());
        }
        Ok(())
    }

    /// Exports all employees as CSV; how many lines came.
    pub async fn export(&self) -> Result<usize> {
        let mut connection = Connection::open(self.target.address).await?;
        let request =
            self.target.request("GET", "/v1/employees/export", &[("accept", "text/csv")], b"");
        let mut lines = 0;
        let count = |part: &[u8]| lines += part.iter().filter(|&&byte| byte == b'\n').count();
        match connection.exchange(&request, count).await? {
            200 => Ok(lines),
            status => Err(format!("the export was answered {status}").into()),
        }
    }
}
