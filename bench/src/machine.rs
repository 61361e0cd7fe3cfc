//! The machine of a run.

use crate::Result;
use std::fs::{self, File};
use std::io::Write;
use std::time::{Duration, Instant};

/// Number of flushes that are timed.
const FLUSHES: usize = 200;

/// The machine as one line of Markdown.
pub fn describe() -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let processor = fs::read_to_string("/proc/cpuinfo")?;
    let processor = value(&processor, "model name").unwrap_or("unknown processor");
    let memory = fs::read_to_string("/proc/meminfo")?;
    let kib: f64 = value(&memory, "MemTotal")
        .and_then(|text| text.trim_end_matches("kB").trim().parse().ok())
        .unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split_whitespace().next().unwrap_or_default();
    let flush = flush()?;
    Ok(format!(
        "{cores} cores ({processor}), {:.0} GiB of memory, Linux {}; flushing 4 KiB to the disk takes \
         {:.2} ms (median of {FLUSHES}); load average at the start {load}.",
        kib / 1024.0 / 1024.0,
        kernel.trim(),
        flush.as_secs_f64() * 1000.0,
    ))
}

fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start_matches([' ', '\t', ':']))
}

/// The median time in which the disk stores 4 KiB durably.
fn flush() -> Result<Duration> {
    let path = std::env::temp_dir().join(format!("evenhand-flush-{}", std::process::id()));
    let mut file = File::create(&path)?;
    let mut times = Vec::with_capacity(FLUSHES);
    for _ in 0..FLUSHES {
        let start = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    fs::remove_file(path)?;
    times.sort_unstable();
    Ok(times[FLUSHES / 2])
}
