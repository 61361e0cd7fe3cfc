//! Work on many items, in parallel.

use std::num::NonZero;
use std::panic::resume_unwind;

/// Applies a function to each stretch of items and the index where it begins, and returns the
/// results in order. A stretch has at least `least` items. The first one is processed on this
/// thread, the others in parallel.
pub fn in_stretches<T: Sync, R: Send>(
    things: &[T],
    least: usize,
    make: impl Fn(usize, &[T]) -> R + Sync,
) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let stretch = things.len().div_ceil(threads).max(least);
    let (first, others) = things.split_at(stretch.min(things.len()));
    let make = &make;
    std::thread::scope(|scope| {
        let others: Vec<_> = others
            .chunks(stretch)
            .enumerate()
            .map(|(number, some)| (stretch * (number + 1), some))
            .map(|(place, some)| scope.spawn(move || make(place, some)))
            .collect();
        let mut made = vec![make(0, first)];
        made.extend(
            others.into_iter().map(|other| other.join().unwrap_or_else(|it| resume_unwind(it))),
        );
        made
    })
}
