//! Does to the program what an operator fears. Each fault has a limit, and prints a line that says
//! whether the limit held. Run by `make torture`; names of faults as arguments select these.

mod clients;
mod program;
mod storage;
mod swarm;

use std::process::ExitCode;
use tests::Engine;

/// A fault and what must hold while it lasts.
struct Fault {
    name: &'static str,
    engine: Engine,
    bar: &'static str,
    inflict: fn() -> Verdict,
}

/// The result of a fault.
struct Verdict {
    held: bool,
    result: String,
}

impl Verdict {
    fn new(held: bool, result: String) -> Self {
        Self { held, result }
    }
}

const FAULTS: &[Fault] = &[
    Fault {
        name: "big-bodies",
        engine: Engine::Sqlite,
        bar: "8 uploads of 63 MB in one line: health < 1 s, <= 512 MB resident, 4xx or 503",
        inflict: swarm::big_bodies,
    },
    Fault {
        name: "wide-bodies",
        engine: Engine::Sqlite,
        bar: "8 uploads of 50,000 rows full of faults: health < 1 s, <= 512 MB resident",
        inflict: swarm::wide_bodies,
    },
    Fault {
        name: "idle-connections",
        engine: Engine::Sqlite,
        bar: "4,100 idle connections of one address: health and work < 1 s",
        inflict: swarm::idle_connections,
    },
    Fault {
        name: "dripping-heads",
        engine: Engine::Sqlite,
        bar: "1,500 clients that drip heads and bodies: health and work < 1 s",
        inflict: swarm::dripping,
    },
    Fault {
        name: "slow-readers",
        engine: Engine::Sqlite,
        bar: "exports read at 4 KB/s: another company's export < 3 s, places back in 60 s",
        inflict: swarm::slow_readers,
    },
    Fault {
        name: "postgres-killed",
        engine: Engine::Postgres,
        bar: "503 within 2.5 s, back within 5 s, nothing acknowledged is lost",
        inflict: storage::postgres_killed,
    },
    Fault {
        name: "postgres-frozen",
        engine: Engine::Postgres,
        bar: "readiness 503 within 2 s, liveness 200, back within 5 s",
        inflict: storage::postgres_frozen,
    },
    Fault {
        name: "postgres-read-only",
        engine: Engine::Postgres,
        bar: "starts, reads 200, writes and readiness 503",
        inflict: storage::postgres_read_only,
    },
    Fault {
        name: "disk-full",
        engine: Engine::Sqlite,
        bar: "writes and readiness 503, reads 200, starts, nothing acknowledged is lost",
        inflict: storage::disk_full,
    },
];

fn main() -> ExitCode {
    // The company under test is created by the program, and this binary can act as the program.
    if tests::process::evenhand() {
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let Some(name) = wanted.iter().find(|it| FAULTS.iter().all(|fault| fault.name != *it)) {
        eprintln!("there is no fault {name}");
        return ExitCode::FAILURE;
    }
    let is_wanted = |fault: &&Fault| wanted.is_empty() || wanted.iter().any(|it| it == fault.name);
    let mut lost = 0;
    println!("| fault | bar | result | held |\n|---|---|---|---|");
    for fault in FAULTS.iter().filter(is_wanted).filter(|fault| fault.engine.is_tested()) {
        let Verdict { held, result } = (fault.inflict)();
        println!(
            "| {} | {} | {result} | {} |",
            fault.name,
            fault.bar,
            if held { "yes" } else { "NO" }
        );
        lost += u32::from(!held);
    }
    if lost == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
