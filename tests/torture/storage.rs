//! A database that is gone, does not answer, or accepts no writes.

use crate::Verdict;
use crate::clients::timed;
use crate::program::{Program, within};
use serde_json::json;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tests::app;
use tests::client::{Client, Credentials};
use tests::postgres::Cluster;
use tests::world::Persona::HrAdmin;
use tests::{Engine, sql};

const LONGEST: Duration = Duration::from_secs(60);

/// Writes a position. Returns how long it took and the status, if there was an answer.
fn write(hr: &Client, code: &str) -> (Duration, Option<u16>) {
    let asked = Instant::now();
    let body = json!({ "code": code, "title": "Written under fire", "level": 1 });
    let answer = hr.request("POST", "/v1/positions").key(code).json(&body).try_send();
    (asked.elapsed(), answer.ok().map(|answer| answer.status))
}

/// Number of acknowledged codes that are missing.
fn lost(hr: &Client, acknowledged: &[String]) -> usize {
    let kept = hr.all("/v1/positions?limit=200");
    let is_kept = |code: &&String| kept.iter().any(|row| row["code"] == code.as_str());
    acknowledged.len() - acknowledged.iter().filter(is_kept).count()
}

pub fn postgres_killed() -> Verdict {
    let (database, world) = app::prepared(Engine::Postgres);
    let program = Program::serve(&database.url);
    let hr = program.client(world.credentials(HrAdmin));
    let cluster = Cluster::shared();
    let (stop, count) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|scope| {
        let work = || {
            let (mut acknowledged, mut slowest) = (Vec::new(), Duration::ZERO);
            while !stop.load(Ordering::Relaxed) {
                let code = format!("K{}", count.fetch_add(1, Ordering::Relaxed));
                let (took, status) = write(&hr, &code);
                match status {
                    Some(201) => acknowledged.push(code),
                    _ => slowest = slowest.max(took),
                }
            }
            (acknowledged, slowest)
        };
        let writers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        std::thread::sleep(Duration::from_secs(1));
        cluster.kill_immediate();
        std::thread::sleep(Duration::from_secs(5));
        let (refusal, refused) = timed(&hr, "/v1/positions");
        cluster.restart();
        let ready = program.client(Credentials::None);
        let back = within(LONGEST, || {
            timed(&ready, "/readyz").1 == Some(200) && write(&hr, "BACK").1 == Some(201)
        });
        stop.store(true, Ordering::Relaxed);
        let written: Vec<_> =
            writers.into_iter().map(|writer| writer.join().expect("no panic")).collect();
        let slowest = written.iter().map(|(_, slowest)| *slowest).max().unwrap_or_default();
        let acknowledged: Vec<_> = written.into_iter().flat_map(|(codes, _)| codes).collect();
        let lost = lost(&hr, &acknowledged);
        let in_time = Duration::from_millis(2_500);
        Verdict::new(
            refused == Some(503)
                && refusal.max(slowest) < in_time
                && back.is_some_and(|took| took < Duration::from_secs(5))
                && lost == 0,
            format!(
                "{refused:?} after {refusal:.0?}, writes refused after {slowest:.0?}, back after \
                 {back:.0?}, {lost} of {} lost",
                acknowledged.len()
            ),
        )
    })
}

pub fn postgres_frozen() -> Verdict {
    let (database, world) = app::prepared(Engine::Postgres);
    let program = Program::serve(&database.url);
    let ready = program.client(Credentials::None);
    let hr = program.client(world.credentials(HrAdmin));
    assert_eq!(timed(&ready, "/readyz").1, Some(200), "it is ready before");
    let cluster = Cluster::shared();
    cluster.freeze(true);
    let (took, status) = timed(&ready, "/readyz");
    let (alive, health) = timed(&ready, "/healthz");
    let (last, work) = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..16).map(|_| scope.spawn(|| timed(&hr, "/v1/positions"))).collect();
        let answers = asked.into_iter().map(|it| it.join().expect("no panic"));
        answers.max_by_key(|(took, _)| *took).expect("sixteen answers")
    });
    cluster.freeze(false);
    let back = within(LONGEST, || {
        timed(&ready, "/readyz").1 == Some(200) && timed(&hr, "/v1/positions").1 == Some(200)
    });
    let two = Duration::from_secs(2);
    Verdict::new(
        status == Some(503)
            && took < two
            && health == Some(200)
            && alive < two
            && work == Some(503)
            && back.is_some_and(|took| took < Duration::from_secs(5)),
        format!(
            "readiness {status:?} after {took:.0?}, liveness {health:?}, the last of 16 reads \
             {work:?} after {last:.0?}, back after {back:.0?}"
        ),
    )
}

pub fn postgres_read_only() -> Verdict {
    let (database, world) = app::prepared(Engine::Postgres);
    let name = sql::lines(Engine::Postgres, &database.url, "SELECT current_database() AS line");
    let statement =
        format!("ALTER DATABASE \"{}\" SET default_transaction_read_only = on", name[0]);
    sql::execute(Engine::Postgres, &database.url, &statement);
    let program = Program::serve(&database.url);
    takes_no_writes(&program, &program.client(world.credentials(HrAdmin)))
}

/// Whether a program that cannot write says so within the limit, and still reads.
fn takes_no_writes(program: &Program, hr: &Client) -> Verdict {
    let nobody = program.client(Credentials::None);
    let number = AtomicU32::new(0);
    let code = || format!("NOT-KEPT-{}", number.fetch_add(1, Ordering::Relaxed));
    // The rest of the disk may hold a few more writes.
    let _ = within(LONGEST, || write(hr, &code()).1 == Some(503));
    let ready = || timed(&nobody, "/readyz").1;
    let _ = within(Duration::from_secs(10), || ready() == Some(503));
    let (ready, written) = (ready(), write(hr, &code()).1);
    let (_, alive) = timed(&nobody, "/healthz");
    let (_, read) = timed(hr, "/v1/positions");
    Verdict::new(
        (ready, alive, read, written) == (Some(503), Some(200), Some(200), Some(503)),
        format!("ready {ready:?}, alive {alive:?}, read {read:?}, written {written:?}"),
    )
}

pub fn disk_full() -> Verdict {
    let (database, world) = app::prepared(Engine::Sqlite);
    let file = database.url.trim_start_matches("sqlite://");
    let size = fs::metadata(file).expect("the file is there").len();
    let hr = |program: &Program| program.client(world.credentials(HrAdmin));
    // The log beside the file may grow for a while, then no file may.
    let program = Program::serve_within(&database.url, size.div_ceil(512) + 64);
    let mut acknowledged = Vec::new();
    let full = (0..20_000).map(|number| format!("F{number}")).find_map(|code| {
        match write(&hr(&program), &code).1 {
            Some(201) => acknowledged.push(code),
            status => return Some(status),
        }
        None
    });
    let running = takes_no_writes(&program, &hr(&program));
    drop(program);
    // Leaves room only for the index of the log.
    let program = Program::serve_within(&database.url, 128);
    let started = takes_no_writes(&program, &hr(&program));
    drop(program);
    let program = Program::serve(&database.url);
    let lost = lost(&hr(&program), &acknowledged);
    let again = write(&hr(&program), "AGAIN").1;
    Verdict::new(
        full == Some(Some(503)) && running.held && started.held && lost == 0 && again == Some(201),
        format!(
            "refused with {full:?}; running: {}; started: {}; {lost} of {} lost; then {again:?}",
            running.result,
            started.result,
            acknowledged.len()
        ),
    )
}
