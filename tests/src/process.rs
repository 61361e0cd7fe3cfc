//! The program as a process of its own. The test binary is the program too: started with
//! [`ARGUMENTS`] it runs `evenhand` instead of the tests, so that no other binary has to be built
//! and found.

use crate::app::key_file;
use api::cli::{self, Cli};
use clap::Parser;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Holds the command line, one argument a line.
const ARGUMENTS: &str = "EVENHAND_TEST_ARGUMENTS";
/// The ignored test that is the program.
const TEST: &str = "platform::process::evenhand";

/// What the ignored test does, and whether it was to. A server ends with the process that started it.
///
/// # Panics
/// When the program fails.
pub fn evenhand() -> bool {
    let Some(arguments) = crate::variable(ARGUMENTS) else { return false };
    let cli = Cli::parse_from(["evenhand"].into_iter().chain(arguments.lines()));
    if arguments.starts_with("serve") {
        std::thread::spawn(|| {
            let _ = std::io::stdin().read(&mut [0]);
            std::process::exit(0);
        });
    }
    println!();
    actix_web::rt::System::new().block_on(cli::run(cli)).expect("evenhand");
    true
}

fn command(arguments: &[&str]) -> Command {
    command_of(Command::new(this_program()), arguments)
}

fn this_program() -> PathBuf {
    std::env::current_exe().expect("a path to this program")
}

/// A command that ends in this program, given what makes it run `evenhand`.
fn command_of(mut command: Command, arguments: &[&str]) -> Command {
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

/// Arguments with which a database is served at a free port.
fn serve<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let usual = ["serve", "--database-url", url, "--port", "0", "--workers", "2"];
    [&usual[..], &["--rate-per-minute", "1000000"], more].concat()
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
        Self::started(command(&serve(url, &[])))
    }

    /// Starts it with these arguments beside the usual ones, and keeps what it warns of.
    ///
    /// # Panics
    /// When it does not.
    pub fn start_heard(url: &str, more: &[&str]) -> Self {
        let mut heard = command(&serve(url, more));
        heard.env("RUST_LOG", "warn").stderr(Stdio::piped());
        Self::started(heard)
    }

    fn started(mut command: Command) -> Self {
        let mut process = command.spawn().expect("start the server");
        let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let address = lines.map_while(Result::ok).find_map(|line| {
            line.split_once("http://").and_then(|(_, address)| address.trim().parse().ok())
        });
        Self { process, address: address.expect("the server says where it listens") }
    }

    /// Kills it; what it has warned of, if that was kept.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn warnings(mut self) -> String {
        self.process.kill().expect("kill -9");
        let mut said = String::new();
        if let Some(errors) = &mut self.process.stderr {
            errors.read_to_string(&mut said).expect("warnings are text");
        }
        said
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

impl ServerProcess {
    /// Starts it where no file can grow, as if the disk were full, and keeps what it warns of.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_without_room(url: &str) -> Self {
        let mut shell = Command::new("sh");
        // The soft limit alone, which may be raised again.
        shell.args(["-c", "trap '' XFSZ; ulimit -S -f 0; exec \"$@\"", "sh"]).arg(this_program());
        let mut heard = command_of(shell, &serve(url, &[]));
        heard.env("RUST_LOG", "warn").stderr(Stdio::piped());
        Self::started(heard)
    }

    /// Lets files grow again; false on a machine without the program that does this.
    pub fn make_room(&self) -> bool {
        let process = self.process.id().to_string();
        let arguments = ["--fsize=unlimited:", "--pid", &process];
        Command::new("prlimit").args(arguments).status().is_ok_and(|status| status.success())
    }
}
