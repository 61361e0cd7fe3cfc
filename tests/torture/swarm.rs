//! Clients that are too many, too slow, or send too much.

use crate::Verdict;
use crate::clients::{health_during, timed};
use crate::program::{Program, within};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tests::Engine;
use tests::app;
use tests::client::Credentials;
use tests::world::Persona::{HrAdmin, OtherHrAdmin};
use tests::world::World;

const UPLOADS: usize = 8;
const MOST_MEMORY: u64 = 512;
const A_SECOND: Duration = Duration::from_secs(1);

pub fn big_bodies() -> Verdict {
    upload("text/csv", "x".repeat(63 << 20))
}

pub fn wide_bodies() -> Verdict {
    let row: String = (0..100).map(|number| format!("\"p{number}\":1,")).collect();
    let row = format!("{{{}}},", row.trim_end_matches(','));
    let rows = row.repeat(50_000);
    upload("application/json", format!("[{}]", rows.trim_end_matches(',')))
}

fn upload(kind: &str, body: String) -> Verdict {
    let (database, world) = app::prepared(Engine::Sqlite);
    let program = Program::serve(&database.url);
    let hr = program.client(world.credentials(HrAdmin));
    std::thread::scope(|scope| {
        let send = || {
            let request = hr.request("POST", "/v1/employees/bulk").body(kind, body.as_bytes());
            request.try_send().ok().map(|answer| (answer.status, answer.body.len()))
        };
        let uploads: Vec<_> = (0..UPLOADS).map(|_| scope.spawn(send)).collect();
        let at_it = || uploads.iter().any(|upload| !upload.is_finished());
        let (longest, well) = health_during(&program, at_it);
        let answers: Vec<_> =
            uploads.into_iter().map(|upload| upload.join().expect("no panic")).collect();
        let resident = program.most_resident();
        let refused = |answer: &Option<(u16, usize)>| {
            answer.is_some_and(|(status, size)| matches!(status, 400..500 | 503) && size < 1 << 20)
        };
        let statuses: Vec<_> = answers.iter().map(|answer| answer.map(|(it, _)| it)).collect();
        Verdict::new(
            well && longest < A_SECOND && resident <= MOST_MEMORY && answers.iter().all(refused),
            format!("health {longest:.0?}, {resident} MB, answers {statuses:?}"),
        )
    })
}

/// Whether a new client is served while others hold connections.
fn somebody_new(program: &Program, world: &World) -> (Duration, bool) {
    let (health, first) = timed(&program.client(Credentials::None), "/healthz");
    let (work, second) = timed(&program.client(world.credentials(HrAdmin)), "/v1/positions");
    (health.max(work), first == Some(200) && second == Some(200))
}

pub fn idle_connections() -> Verdict {
    let (database, world) = app::prepared(Engine::Sqlite);
    let program = Program::serve(&database.url);
    let connections: Vec<_> = (0..4_100)
        .map_while(|_| {
            let mut stream = TcpStream::connect(program.address).ok()?;
            let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
            Some(stream)
        })
        .collect();
    let (longest, served) = somebody_new(&program, &world);
    Verdict::new(
        served && longest < A_SECOND && connections.len() == 4_100,
        format!("{} connections, answered after {longest:.0?}", connections.len()),
    )
}

pub fn dripping() -> Verdict {
    let (database, world) = app::prepared(Engine::Sqlite);
    let program = Program::serve(&database.url);
    let head = "POST /v1/auth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let mut connections: Vec<_> = (0..1_500)
        .map_while(|number| {
            let mut stream = TcpStream::connect(program.address).ok()?;
            let _ = stream.write_all(head.as_bytes());
            if number % 2 == 0 {
                let _ = stream.write_all(b"Content-Length: 60000\r\n\r\n{");
            }
            Some(stream)
        })
        .collect();
    let (mut longest, mut served) = (Duration::ZERO, true);
    for _ in 0..10 {
        for stream in &mut connections {
            let _ = stream.write_all(b" ");
        }
        let (took, well) = somebody_new(&program, &world);
        longest = longest.max(took);
        served &= well;
        std::thread::sleep(Duration::from_millis(500));
    }
    Verdict::new(
        served && longest < A_SECOND && connections.len() == 1_500,
        format!("{} clients, others answered after {longest:.0?}", connections.len()),
    )
}

pub fn slow_readers() -> Verdict {
    let (database, world) = app::prepared(Engine::Sqlite);
    let program = Program::serve(&database.url);
    fill(&program, &world);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| read_slowly(&program, &world, &stop));
        }
        std::thread::sleep(Duration::from_secs(3));
        let export = "/v1/employees/export";
        let (other, status) = timed(&program.client(world.credentials(OtherHrAdmin)), export);
        let own = program.client(world.credentials(HrAdmin));
        let back = within(Duration::from_secs(60), || {
            let head = own.request("HEAD", export).try_send();
            head.is_ok_and(|answer| answer.status == 200)
        });
        stop.store(true, Ordering::Relaxed);
        Verdict::new(
            status == Some(200) && other < Duration::from_secs(3) && back.is_some(),
            format!("the other company's {status:?} after {other:.0?}, own again after {back:.0?}"),
        )
    })
}

/// Gives the company so many people with such long names that no buffer on the way can hold its
/// export.
fn fill(program: &Program, world: &World) {
    let hr = program.client(world.credentials(HrAdmin));
    let name = "\u{540d}".repeat(190);
    let mut rows = String::from("employee_number,name,hire_date\n");
    for number in 0..40_000 {
        let _ = writeln!(rows, "N{number},{name}{number},2024-01-01");
    }
    let job = hr.request("POST", "/v1/employees/bulk").body("text/csv", rows).send().expect(202);
    let path = job.header("Location").expect("where to follow it").to_owned();
    let done = || hr.get(&path).expect(200).json()["state"] == "succeeded";
    within(Duration::from_secs(300), done).expect("the import ends");
}

fn read_slowly(program: &Program, world: &World, stop: &AtomicBool) {
    let Credentials::Token(token) = world.credentials(HrAdmin) else { return };
    let Ok(mut stream) = TcpStream::connect(program.address) else { return };
    let head = format!(
        "GET /v1/employees/export HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.set_read_timeout(Some(A_SECOND));
    let mut buffer = [0; 4096];
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let _ = stream.read(&mut buffer);
        std::thread::sleep(A_SECOND.saturating_sub(began.elapsed()));
    }
}
