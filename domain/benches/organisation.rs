//! How long the domain takes for a whole organisation, and how the time grows with its size: `cargo
//! bench -p domain`.
//!
//! divan prints times and throughput. The Markdown table after its output compares each job at a
//! tenth of the size and at full size: linear work takes about ten times as long.

mod jobs;

use divan::Bencher;
use divan::counter::ItemsCount;
use jobs::Prepare;
use std::time::{Duration, Instant};

const TENTH: usize = 10;

/// How many times longer ten times the size may take.
const BAR: f64 = 12.0;

/// Number of rounds; the fastest one is the least disturbed.
const ROUNDS: usize = 3;

fn main() {
    divan::main();
    if std::env::args().any(|argument| argument == "--bench") {
        print_growth();
    }
}

#[divan::bench(args = [jobs::INDICATORS / TENTH, jobs::INDICATORS], sample_count = 3)]
fn score_indicators(bencher: Bencher, size: usize) {
    run(bencher, size, jobs::score_indicators);
}

#[divan::bench(args = [jobs::PEOPLE / TENTH, jobs::PEOPLE], sample_count = 5)]
fn composite_and_grade(bencher: Bencher, size: usize) {
    run(bencher, size, jobs::composite_and_grade);
}

#[divan::bench(args = [jobs::DEPARTMENTS / TENTH, jobs::DEPARTMENTS], sample_count = 5)]
fn quotas_and_exact_test(bencher: Bencher, size: usize) {
    run(bencher, size, jobs::quotas_and_exact_test);
}

#[divan::bench(args = [jobs::GOALS / TENTH, jobs::GOALS], sample_count = 5)]
fn roll_up_tree(bencher: Bencher, size: usize) {
    run(bencher, size, jobs::roll_up_tree);
}

#[divan::bench(args = [jobs::PEOPLE / TENTH, jobs::PEOPLE], sample_count = 5)]
fn fairness_of_departments(bencher: Bencher, size: usize) {
    run(bencher, size, jobs::fairness_of_departments);
}

fn run(bencher: Bencher, size: usize, prepare: Prepare) {
    let job = prepare(size);
    bencher.counter(ItemsCount::new(size)).bench_local(job);
}

/// Prints how many times longer each job takes at full size than at a tenth of the size.
fn print_growth() {
    let growing: [(&str, usize, Prepare); 5] = [
        ("score indicators", jobs::INDICATORS, jobs::score_indicators),
        ("composite and grade", jobs::PEOPLE, jobs::composite_and_grade),
        ("quotas and exact test", jobs::DEPARTMENTS, jobs::quotas_and_exact_test),
        ("roll up tree", jobs::GOALS, jobs::roll_up_tree),
        ("fairness of departments", jobs::PEOPLE, jobs::fairness_of_departments),
    ];
    println!(
        "\n## The domain\n\nBest of {ROUNDS} rounds; work that grows with the size of the organisation has the ratio 10.\n"
    );
    println!("| job | size | a tenth | full | ratio | bar |\n|---|---:|---:|---:|---:|---|");
    for (name, size, prepare) in growing {
        let (small, large) = (prepare(size / TENTH), prepare(size));
        // Ten small runs alternate with one large run, so that both meet the same conditions.
        let rounds = (0..ROUNDS).map(|_| {
            let ten_small = timed(|| (0..TENTH).for_each(|_| small()));
            (ten_small / TENTH as u32, timed(&large))
        });
        let (small, large) = rounds.fold((Duration::MAX, Duration::MAX), |best, round| {
            (best.0.min(round.0), best.1.min(round.1))
        });
        let ratio = large.as_secs_f64() / small.as_secs_f64();
        let met = if ratio <= BAR { "met" } else { "**missed**" };
        println!("| {name} | {size} | {small:.2?} | {large:.2?} | {ratio:.1} | {BAR} {met} |");
    }
}

fn timed(job: impl Fn()) -> Duration {
    let start = Instant::now();
    job();
    start.elapsed()
}
