//! The released program: the binary that cargo has built from the same sources.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tests::app;
use tests::client::{Client, Credentials};

/// A process of `evenhand serve`, killed when dropped.
pub struct Program {
    process: Child,
    /// Address the server listens on.
    pub address: SocketAddr,
}

impl Program {
    /// Serves a database.
    pub fn serve(url: &str) -> Self {
        Self::start(url, &mut Command::new(binary()))
    }

    /// Serves a database where no file may grow beyond this many blocks of 512 bytes, as on a full
    /// disk.
    pub fn serve_within(url: &str, blocks: u64) -> Self {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, "sh"]).arg(binary());
        Self::start(url, &mut command)
    }

    fn start(url: &str, command: &mut Command) -> Self {
        command.args(["serve", "--port", "0", "--rate-per-minute", "100000000"]);
        command.args(["--database-url", url]);
        if let Some(file) = app::key_file(url) {
            command.env("EVENHAND_KEY_FILE", file);
        }
        let silent = command.env("RUST_LOG", "off").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = silent.spawn().expect("start evenhand; is it built for release?");
        let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let address = lines.map_while(Result::ok).find_map(|line| {
            line.split_once("http://").and_then(|(_, address)| address.trim().parse().ok())
        });
        Self { process, address: address.expect("evenhand says where it listens") }
    }

    /// A client of the program.
    pub fn client(&self, credentials: Credentials) -> Client {
        Client::new(self.address, credentials)
    }

    /// Peak of the resident memory, in MiB.
    pub fn most_resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.expect("the kernel tells of the process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kibibytes.expect("a number") >> 10
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn binary() -> std::path::PathBuf {
    let own = std::env::current_exe().expect("a path to this program");
    own.ancestors().nth(2).expect("a folder of builds").join("release/evenhand")
}

/// Waits until `holds` returns true, at most `longest`; returns how long it took, or none.
pub fn within(longest: Duration, mut holds: impl FnMut() -> bool) -> Option<Duration> {
    let started = std::time::Instant::now();
    while started.elapsed() < longest {
        if holds() {
            return Some(started.elapsed());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}
