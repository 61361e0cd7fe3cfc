//! The results as Markdown.

use crate::cycle::Course;
use std::fmt::Write;
use std::time::Duration;

/// Least ratio for reads and single writes beside the bare server.
pub const REQUESTS: f64 = 0.60;
/// Least ratio for bulk work beside the raw path of the engine.
pub const BULK: f64 = 0.40;
/// Least ratio for steps that record something for everybody, beside the engine copying the same
/// rows.
pub const RECORDED: f64 = 0.25;
/// Least ratio for a check-in on a goal with a long history beside one with a short history.
pub const HISTORY: f64 = 0.90;
/// Most time that a cycle with ten times the people may take, as a multiple.
const GROWTH: f64 = 12.0;
/// Most time of the 99th percentile of answers, as a multiple of the median.
const TAIL: f64 = 8.0;

/// Most time of the 99th percentile of a search, as a multiple of that of a read of one person.
const SEARCH: f64 = 5.0;
/// The read of one person.
pub const READ_ONE: &str = "read one employee";
/// The search among all people.
pub const FIND: &str = "search among all employees";

/// Evenhand and something else doing the same work, round by round.
pub struct Comparison {
    /// The work.
    pub what: &'static str,
    /// What is counted per second.
    pub unit: &'static str,
    /// Evenhand's figures.
    pub ours: Vec<f64>,
    /// Name of what Evenhand is compared with.
    pub beside: String,
    /// The figures of the other side, of the same rounds.
    pub theirs: Vec<f64>,
    /// Least ratio, if one is promised.
    pub bar: Option<f64>,
}

/// The latencies of one server.
pub struct Answers {
    /// The work.
    pub what: &'static str,
    /// The server.
    pub whose: String,
    /// Latency of each answer, of all rounds.
    pub latencies: Vec<Duration>,
    /// Processor time of the server's process per answer.
    pub processor: Duration,
    /// Whether the limit for the 99th percentile applies.
    pub barred: bool,
}

/// The results of one engine.
#[derive(Default)]
pub struct Section {
    /// The engine and its version.
    pub engine: String,
    /// Throughput.
    pub comparisons: Vec<Comparison>,
    /// Latency.
    pub answers: Vec<Answers>,
    /// Two cycles; the second one has ten times the people.
    pub courses: Vec<Course>,
    /// Resident memory of Evenhand before the first request, in MiB.
    pub idle: Option<f64>,
    /// Peak of Evenhand's resident memory at work, in MiB.
    pub memory: Vec<(&'static str, f64)>,
}

/// The median.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn verdict(good: bool) -> &'static str {
    if good { "met" } else { "**missed**" }
}

impl Comparison {
    fn row(&self) -> String {
        let pairs = self.ours.iter().zip(&self.theirs);
        let ratios: Vec<f64> = pairs.map(|(ours, theirs)| ours / theirs).collect();
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let most = ratios.iter().copied().fold(0.0, f64::max);
        let ratio = median(&ratios);
        let bar = match self.bar {
            Some(bar) => format!("{bar:.2} {}", verdict(ratio >= bar)),
            None => String::new(),
        };
        format!(
            "| {} | {} {} | {} | {} | {ratio:.2} ({least:.2}–{most:.2}) | {bar} |",
            self.what,
            grouped(median(&self.ours)),
            self.unit,
            self.beside,
            grouped(median(&self.theirs)),
        )
    }
}

impl Answers {
    /// The latency that a share of the answers does not exceed, in seconds.
    fn at(&self, share: f64) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        sorted[((sorted.len() - 1) as f64 * share) as usize].as_secs_f64()
    }

    fn row(&self) -> String {
        let (middle, tail) = (self.at(0.50), self.at(0.99));
        let bar = match self.barred {
            true => format!("{TAIL:.0} {}", verdict(tail <= TAIL * middle)),
            false => String::new(),
        };
        format!(
            "| {} | {} | {:.2} ms | {:.2} ms | {:.1} | {bar} | {} µs |",
            self.what,
            self.whose,
            middle * 1000.0,
            tail * 1000.0,
            tail / middle,
            self.processor.as_micros(),
        )
    }
}

impl Section {
    /// This section of the page, as Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n", self.engine);
        text += "| work | Evenhand | beside | that | ratio: median (least–most) | bar |\n";
        text += "|---|---:|---|---:|---:|---|\n";
        for comparison in &self.comparisons {
            text += &(comparison.row() + "\n");
        }
        text += "\n| work | server | p50 | p99 | p99/p50 | bar | processor per answer |\n";
        text += "|---|---|---:|---:|---:|---|---:|\n";
        for answers in &self.answers {
            text += &(answers.row() + "\n");
        }
        let tail = |what| {
            let ours = self.answers.iter().find(|answers| answers.what == what && answers.barred);
            ours.map(|answers| answers.at(0.99))
        };
        if let (Some(search), Some(read)) = (tail(FIND), tail(READ_ONE)) {
            let (ratio, met) = (search / read, verdict(search <= SEARCH * read));
            text += "\n| p99 of Evenhand | beside that of | ratio | bar |\n|---|---|---:|---|\n";
            let _ = writeln!(text, "| {FIND} | {READ_ONE} | {ratio:.1} | {SEARCH:.0} {met} |");
        }
        if let [small, large] = &self.courses[..] {
            text += &growth(small, large);
        }
        text += "\n| resident memory of Evenhand | MiB |\n|---|---:|\n";
        let idle = self.idle.map(|idle| ("idle, before the first request", idle));
        for (when, mebibytes) in idle.iter().chain(&self.memory) {
            let _ = writeln!(text, "| {when} | {mebibytes:.0} |");
        }
        text
    }
}

/// How the cost of a cycle grows with the number of people.
fn growth(small: &Course, large: &Course) -> String {
    let heads = [small, large].map(|course| format!("{} people", grouped(course.people as f64)));
    let [tenth, whole] = heads;
    let mut text = format!("\n| step of a cycle | {tenth} | {whole} | growth | bar |\n");
    text += "|---|---:|---:|---:|---|\n";
    for ((what, before), (_, after)) in small.steps.iter().zip(&large.steps) {
        let (growth, met) = (after / before, verdict(*after <= GROWTH * before));
        let _ = writeln!(
            text,
            "| {what} | {before:.2} s | {after:.2} s | {growth:.1} | {GROWTH:.0} {met} |"
        );
    }
    let (before, after) = (small.peak, large.peak);
    let growth = after / before;
    let _ = writeln!(
        text,
        "| most resident memory | {before:.0} MiB | {after:.0} MiB | {growth:.1} |  |"
    );
    text
}

/// A number with its thousands separated.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
