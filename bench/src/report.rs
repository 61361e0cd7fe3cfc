//! The results as Markdown.

use crate::cycle::Course;
use std::fmt::Write;
use std::time::Duration;

/// What is promised of a ratio.
#[derive(Clone, Copy)]
pub enum Bar {
    /// Of work per second.
    AtLeast(f64),
    /// Of time or of bytes.
    AtMost(f64),
}

/// For reads and single writes beside the bare server.
pub const REQUESTS: Bar = Bar::AtLeast(0.60);
/// For bulk work beside the raw path of the engine.
pub const BULK: Bar = Bar::AtLeast(0.40);
/// For steps that record something for everybody, beside the engine copying the same rows.
pub const RECORDED: Bar = Bar::AtLeast(0.25);
/// For a check-in on a goal with a long history beside one with a short history.
pub const HISTORY: Bar = Bar::AtLeast(0.90);
/// For the 99th percentile of a search beside that of a read of one person.
pub const SEARCH: Bar = Bar::AtMost(5.0);
/// For a compressed list beside the same list as it is.
pub const COMPRESSED: Bar = Bar::AtLeast(0.50);
/// For the bytes of a compressed list beside those of the same list as it is.
pub const SMALLER: Bar = Bar::AtMost(0.20);
/// For the time of a workbook beside that of the same rows as CSV.
pub const WORKBOOK: Bar = Bar::AtMost(3.0);
/// Most time that a cycle with ten times the people may take, as a multiple.
const GROWTH: f64 = 12.0;
/// Most time of the 99th percentile of answers, as a multiple of the median.
const TAIL: f64 = 8.0;

/// Evenhand and something else doing the same work, round by round.
pub struct Comparison {
    /// The work.
    pub what: &'static str,
    /// What is counted.
    pub unit: &'static str,
    /// Evenhand's figures.
    pub ours: Vec<f64>,
    /// Name of what Evenhand is compared with.
    pub beside: String,
    /// The figures of the other side, of the same rounds.
    pub theirs: Vec<f64>,
    /// What is promised, if anything is.
    pub bar: Option<Bar>,
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

impl Bar {
    fn verdict(self, ratio: f64) -> String {
        match self {
            Self::AtLeast(least) => format!("{least:.2} {}", verdict(ratio >= least)),
            Self::AtMost(most) => format!("at most {most:.2} {}", verdict(ratio <= most)),
        }
    }
}

impl Comparison {
    fn row(&self) -> String {
        let pairs = self.ours.iter().zip(&self.theirs);
        let ratios: Vec<f64> = pairs.map(|(ours, theirs)| ours / theirs).collect();
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let most = ratios.iter().copied().fold(0.0, f64::max);
        let ratio = median(&ratios);
        let bar = self.bar.map_or_else(String::new, |bar| bar.verdict(ratio));
        format!(
            "| {} | {} {} | {} | {} | {ratio:.2} ({least:.2}–{most:.2}) | {bar} |",
            self.what,
            figure(median(&self.ours)),
            self.unit,
            self.beside,
            figure(median(&self.theirs)),
        )
    }
}

/// The share of the answers that the 99th percentile does not exclude.
pub const P99: f64 = 0.99;

/// The latency that a share of the answers does not exceed, in seconds.
pub fn at(latencies: &[Duration], share: f64) -> f64 {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    sorted[((sorted.len() - 1) as f64 * share) as usize].as_secs_f64()
}

impl Answers {
    fn row(&self) -> String {
        let (middle, tail) = (at(&self.latencies, 0.50), at(&self.latencies, P99));
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

/// A number with as many digits as say something.
fn figure(number: f64) -> String {
    if number < 100.0 { format!("{number:.2}") } else { grouped(number) }
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
