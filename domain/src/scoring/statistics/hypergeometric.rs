//! The hypergeometric distribution, computed in integers where these stay short.

use num_bigint::{BigInt, BigUint};
use num_rational::BigRational;
use num_traits::{One, ToPrimitive};

/// Largest number of people for whom ways are counted as integers.
const MAX_COUNTED: u64 = 20_000;

/// Tables whose probabilities differ by less than this factor count as equally probable.
const SLACK: f64 = 1e-9;

/// Fisher's exact two-sided p of the table
///
/// | group | selected | not selected |
/// |---|---|---|
/// | first | `a` | `b` |
/// | second | `c` | `d` |
///
/// With fixed sums of rows and columns, p is the share of all ways to draw a table that is not more
/// probable than the observed one. Up to 20,000 people, ways are counted and compared as integers,
/// so tables of equal probability count as equal; above that, as floats with a relative slack of
/// 1e-9. If a row or column is empty, only one table is possible and p is 1.
///
/// Implements the p-value of F.6.
pub fn fisher_two_sided(a: u32, b: u32, c: u32, d: u32) -> f64 {
    let table = [a, b, c, d].map(u64::from);
    if table.iter().sum::<u64>() <= MAX_COUNTED { counted(table) } else { measured(table) }
}

/// The p of a table in integers.
fn counted([a, b, c, d]: [u64; 4]) -> f64 {
    let observed = choose(a + b, a) * choose(c + d, c);
    let total = choose(a + b + c + d, a + c);
    // Along the possible tables the number of ways rises to one peak and falls again. So the more
    // probable tables lie between the observed one and its mirror image: sum them, and p is the
    // rest.
    let more_probable = if b * c > a * d {
        ways_above(&observed, [a, b, c, d])
    } else {
        // Exchanging the groups reverses the direction.
        ways_above(&observed, [c, d, a, b])
    };
    let rest = BigInt::from(&total - more_probable);
    BigRational::new(rest, BigInt::from(total)).to_f64().unwrap_or(1.0)
}

/// The p of a table in floats: the ways of each table relative to those of the most probable one,
/// walking from it in both directions until they vanish.
fn measured([a, b, c, d]: [u64; 4]) -> f64 {
    let (first, second, selected) = (a + b, c + d, a + c);
    let cells = |a: u64| [a, first - a, selected - a, second + a - selected];
    let (least, most) = (selected.saturating_sub(second), first.min(selected));
    let mode = ((u128::from(selected) + 1) * (u128::from(first) + 1)
        / (u128::from(first + second) + 2)) as u64;
    let mode = mode.clamp(least, most);
    // The ways of the next table: a and d grow by 1, b and c shrink by 1.
    let step = |[a, b, c, d]: [u64; 4]| b as f64 / (a + 1) as f64 * (c as f64 / (d + 1) as f64);
    let upward = walk((mode..most).map(|at| step(cells(at))));
    let downward = walk((least..mode).rev().map(|at| 1.0 / step(cells(at))));
    let observed = if a >= mode {
        upward.get((a - mode) as usize).copied()
    } else {
        downward.get((mode - a) as usize).copied()
    };
    let limit = observed.unwrap_or_default() * (1.0 + SLACK);
    let all = || upward.iter().chain(downward.iter().skip(1));
    let rest: f64 = all().filter(|ways| **ways <= limit).sum();
    (rest / all().sum::<f64>()).min(1.0)
}

/// The products of the first ratios, beginning with 1, until they vanish.
fn walk(ratios: impl Iterator<Item = f64>) -> Vec<f64> {
    let multiplied = ratios.scan(1.0, |ways, ratio| {
        *ways *= ratio;
        (*ways > 0.0).then_some(*ways)
    });
    core::iter::once(1.0).chain(multiplied).collect()
}

/// The number of ways of all tables that have a larger first cell and more ways than `observed`.
fn ways_above(observed: &BigUint, [mut a, mut b, mut c, mut d]: [u64; 4]) -> BigUint {
    let mut ways = observed.clone();
    let mut sum = BigUint::ZERO;
    while b > 0 && c > 0 {
        (a, d) = (a + 1, d + 1);
        ways = ways * b * c / a / d;
        (b, c) = (b - 1, c - 1);
        if ways <= *observed {
            break;
        }
        sum += &ways;
    }
    sum
}

/// The number of ways to choose `k` of `n`, for `k <= n`.
fn choose(n: u64, k: u64) -> BigUint {
    (0..k.min(n - k)).fold(BigUint::one(), |ways, i| ways * (n - i) / (i + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same p, computed by summing every table with the given margins.
    fn by_enumeration(a: u32, b: u32, c: u32, d: u32) -> f64 {
        let [first, second, selected] = [a + b, c + d, a + c].map(u64::from);
        let ways = |x: u64| choose(first, x) * choose(second, selected - x);
        let observed = ways(u64::from(a));
        let rest: BigUint = (selected.saturating_sub(second)..=first.min(selected))
            .map(ways)
            .filter(|ways| *ways <= observed)
            .sum();
        let total = choose(first + second, selected);
        BigRational::new(rest.into(), total.into()).to_f64().expect("a small ratio")
    }

    #[test]
    fn agrees_with_complete_enumeration() {
        for a in 0..7 {
            for b in 0..7 {
                for c in 0..7 {
                    for d in 0..7 {
                        let (p, expected) =
                            (fisher_two_sided(a, b, c, d), by_enumeration(a, b, c, d));
                        assert!((p - expected).abs() < 1e-14, "{a} {b} {c} {d}: {p} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn is_the_two_sided_p_and_not_the_point_probability() {
        assert!((fisher_two_sided(1, 9, 11, 3) - 0.002_759).abs() < 5e-7);
    }

    #[test]
    fn one_possible_table_is_certain() {
        assert_eq!(fisher_two_sided(0, 0, 0, 0), 1.0);
        assert_eq!(fisher_two_sided(0, 9, 0, 4), 1.0);
        assert_eq!(fisher_two_sided(5, 0, 3, 0), 1.0);
    }

    #[test]
    fn floats_agree_with_integers() {
        for table in [[1, 9, 11, 3], [8, 2, 1, 5], [0, 9, 0, 4], [5, 0, 3, 0], [50, 50, 48, 52]] {
            let difference = (measured(table) - counted(table)).abs();
            assert!(difference < 1e-12, "{table:?}: {difference}");
        }
        let large = [5_000, 5_000, 4_800, 5_200];
        assert!((measured(large) - counted(large)).abs() < 1e-9);
    }

    #[test]
    fn a_million_people_are_compared_at_once() {
        let p = fisher_two_sided(250_000, 250_000, 249_000, 251_000);
        assert!(p > 0.045 && p < 0.046, "{p}");
        assert_eq!(fisher_two_sided(250_000, 250_000, 250_000, 250_000), 1.0);
        let apart = fisher_two_sided(400_000, 100_000, 100_000, 400_000);
        assert!(apart < 1e-100, "{apart}");
        assert!(fisher_two_sided(u32::MAX, 0, u32::MAX, 0) == 1.0);
    }

    #[test]
    fn stays_exact_for_a_large_organisation() {
        let p = fisher_two_sided(5_000, 5_000, 4_800, 5_200);
        assert!(p > 0.0045 && p < 0.0050, "{p}");
    }
}
