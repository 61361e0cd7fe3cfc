//! The program as a process of its own. The test binary can act as the program: with [`ARGUMENTS`]
//! set it runs `evenhand` instead of the tests, so that no other binary has to be built and found.

use crate::app::key_file;
use api::cli::{self, Cli};
use clap::Parser;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The variable with the command line, one argument per line.
const ARGUMENTS: &str = "EVENHAND_TEST_ARGUMENTS";
/// The ignored test that runs the program.
const TEST: &str = "platform::process::evenhand";

/// Body of the ignored test: runs `evenhand` if [`ARGUMENTS`] is set, and returns whether it was. A
/// server ends with the process that started it.
///
/// # Panics
/// If the program fails.
pub fn evenhand() -> bool {
    let Some(arguments) = crate::variable(ARGUMENTS) else { return false };
    let cli = Cli::parse_from(["evenhand"].into_iter().chain(arguments.lines()));
    if arguments.starts_with("serve") || arguments.starts_with("demo") {
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

/// The command that runs this binary as `evenhand`, completed from `command`.
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

/// Runs the program to its end; returns whether it succeeded, and what it printed.
///
/// # Panics
/// If the program cannot be run.
pub fn run(arguments: &[&str], input: &str) -> (bool, String) {
    let mut child =
        command(arguments).stderr(Stdio::null()).spawn().expect("start this program again");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A program that needs no input may end before it is written.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("wait for the program");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The arguments that serve a database on a free port.
fn serve<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let usual = ["serve", "--database-url", url, "--port", "0", "--workers", "2"];
    [&usual[..], &["--rate-per-minute", "1000000"], more].concat()
}

/// `evenhand serve` as a process.
pub struct ServerProcess {
    process: Child,
    /// Address the server listens on.
    pub address: SocketAddr,
}

impl ServerProcess {
    /// Starts the server and returns once it listens.
    ///
    /// # Panics
    /// If the server does not start.
    pub fn start(url: &str) -> Self {
        Self::started(command(&serve(url, &[])))
    }

    /// Makes the fictional company in an empty database and serves it.
    ///
    /// # Panics
    /// If the server does not start.
    pub fn demo(url: &str) -> Self {
        Self::started(command(&["demo", "--database-url", url, "--port", "0"]))
    }

    /// Starts the server with more arguments, and captures its warnings.
    ///
    /// # Panics
    /// If the server does not start.
    pub fn start_heard(url: &str, more: &[&str]) -> Self {
        let mut heard = command(&serve(url, more));
        heard.env("RUST_LOG", "warn").stderr(Stdio::piped());
        Self::started(heard)
    }

    fn started(mut command: Command) -> Self {
        let mut process = command.spawn().expect("start the server");
        let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let address = lines.map_while(Result::ok).find_map(|line| {
            let (_, address) = line.split_once("http://")?;
            address.split('/').next()?.trim().parse().ok()
        });
        Self { process, address: address.expect("the server says where it listens") }
    }

    /// Kills the server; returns its captured warnings.
    ///
    /// # Panics
    /// If it cannot be killed.
    pub fn warnings(mut self) -> String {
        self.process.kill().expect("kill -9");
        let mut said = String::new();
        if let Some(errors) = &mut self.process.stderr {
            errors.read_to_string(&mut said).expect("warnings are text");
        }
        said
    }

    /// Kills the server as a crash would, with a signal that it cannot handle.
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
    /// Starts the server where no file can grow, as on a full disk, and captures its warnings.
    ///
    /// # Panics
    /// If the server does not start.
    pub fn start_without_room(url: &str) -> Self {
        let mut shell = Command::new("sh");
        // Sets only the soft limit, which can be raised again.
        shell.args(["-c", "trap '' XFSZ; ulimit -S -f 0; exec \"$@\"", "sh"]).arg(this_program());
        let mut heard = command_of(shell, &serve(url, &[]));
        heard.env("RUST_LOG", "warn").stderr(Stdio::piped());
        Self::started(heard)
    }

    /// Lets files grow again; returns false on a machine without `prlimit`.
    pub fn make_room(&self) -> bool {
        let process = self.process.id().to_string();
        let arguments = ["--fsize=unlimited:", "--pid", &process];
        Command::new("prlimit").args(arguments).status().is_ok_and(|status| status.success())
    }
}
