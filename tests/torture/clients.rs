//! Clients that ask while something goes wrong.

use crate::program::Program;
use std::time::{Duration, Instant};
use tests::client::{Client, Credentials};

/// Asks for the health of a program again and again while `others` returns true. Returns the
/// longest time that an answer took, and whether each status was 200.
pub fn health_during(program: &Program, others: impl Fn() -> bool) -> (Duration, bool) {
    let (mut longest, mut well) = (Duration::ZERO, true);
    let doctor = program.client(Credentials::None);
    while others() {
        let (took, status) = timed(&doctor, "/healthz");
        longest = longest.max(took);
        well &= status == Some(200);
        std::thread::sleep(Duration::from_millis(20));
    }
    (longest, well)
}

/// Sends a GET. Returns how long it took and the status, if there was an answer.
pub fn timed(client: &Client, path: &str) -> (Duration, Option<u16>) {
    let asked = Instant::now();
    let answer = client.request("GET", path).try_send();
    (asked.elapsed(), answer.ok().map(|answer| answer.status))
}
