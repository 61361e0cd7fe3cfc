//! A server as a process of its own, and what the kernel reports about it.

use crate::Result;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Clock ticks per second in `/proc` on Linux.
const TICKS: f64 = 100.0;
/// The longest time a server may take to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running server; dropping it stops it.
pub struct Server {
    child: Child,
    /// Address the server listens on.
    pub address: SocketAddr,
    /// Kept open, so that the server can still print.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts a program that prints `listening on http://<address>` when it serves.
    pub fn start(command: &mut Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on http://");
        let address =
            address.ok_or_else(|| format!("the server did not start: {line}"))?.parse()?;
        Ok(Self { child, address, _stdout: stdout })
    }

    /// Present resident memory, in MiB.
    pub fn resident(&self) -> Result<f64> {
        self.status("VmRSS:")
    }

    /// Peak of the resident memory since [`Server::forget_peak`], in MiB.
    pub fn peak(&self) -> Result<f64> {
        self.status("VmHWM:")
    }

    /// Resets the peak.
    pub fn forget_peak(&self) -> Result<()> {
        Ok(fs::write(self.proc("clear_refs"), "5")?)
    }

    /// Processor time used so far, in seconds.
    pub fn processor(&self) -> Result<f64> {
        let stat = fs::read_to_string(self.proc("stat"))?;
        let (_, fields) = stat.rsplit_once(')').ok_or("an odd /proc/stat")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
        Ok(ticks.sum::<std::result::Result<f64, _>>()? / TICKS)
    }

    fn proc(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.child.id())
    }

    fn status(&self, field: &str) -> Result<f64> {
        let status = fs::read_to_string(self.proc("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kib: f64 = line.ok_or("an odd /proc/status")?.trim_end_matches("kB").trim().parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if asked.elapsed() > PATIENCE {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
