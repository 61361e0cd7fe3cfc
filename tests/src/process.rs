//! The program as a process of its own. The test binary is the program too: started with
//! [`ARGUMENTS`] it runs `evenhand` instead of the tests, so that no other binary has to be built
//! and found.

use crate::app::key_file;
use api::cli::{self, Cli};
use clap::Parser;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// Holds the command line, one argument a line.
const ARGUMENTS: &str = "EVENHAND_TEST_ARGUMENTS";
/// The ignored test that is the program.
const TEST: &str = "process::evenhand";

/// What the ignored test does. A server ends with the process that started it.
///
/// # Panics
/// When the program fails.
pub fn evenhand() {
    let Some(arguments) = crate::variable(ARGUMENTS) else { return };
    let cli = Cli::parse_from(["evenhand"].into_iter().chain(arguments.lines()));
    if arguments.starts_with("serve") {
        std::thread::spawn(|| {
            let _ = std::io::stdin().read(&mut [0]);
            std::process::exit(0);
        });
    }
    println!();
    actix_web::rt::System::new().block_on(cli::run(cli)).expect("evenhand");
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a path to this program"));
    let url = arguments.iter().skip_while(|argument| **argument != "--database-url").nth(1);
    if let Some(file) = url.and_then(|url| key_file(url)) {
        command.env("EVENHAND_KEY_FILE", file);
    }
    command
        .args(["--exact", TEST, "--ignored", "--nocapture"])
        .env(ARGUMENTS, arguments.join("\n"))
        .env("RUST_LOG", "error")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// Runs the program to its end; whether it succeeded, and what it printed.
///
/// # Panics
/// When it cannot be run.
pub fn run(arguments: &[&str], input: &str) -> (bool, String) {
    let mut child =
        command(arguments).stderr(Stdio::null()).spawn().expect("start this program again");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A program that needs no input may be gone before it is written.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("wait for the program");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// `evenhand serve` as a process.
pub struct ServerProcess {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl ServerProcess {
    /// Starts it, and returns when it listens.
    ///
    /// # Panics
    /// When it does not.
    pub fn start(url: &str) -> Self {
        let arguments = ["serve", "--database-url", url, "--port", "0", "--workers", "2"];
        let more = ["--rate-per-minute", "1000000"];
        let mut process =
            command(&[&arguments[..], &more[..]].concat()).spawn().expect("start the server");
        let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let address = lines.map_while(Result::ok).find_map(|line| {
            line.split_once("http://").and_then(|(_, address)| address.trim().parse().ok())
        });
        Self { process, address: address.expect("the server says where it listens") }
    }

    /// Kills it as nothing but a crash would: no signal it could answer.
    pub fn kill(mut self) {
        self.process.kill().expect("kill -9");
        self.process.wait().expect("it is dead");
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
