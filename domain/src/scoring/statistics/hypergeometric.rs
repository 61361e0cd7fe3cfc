//! The hypergeometric distribution, computed in integers.

use num_bigint::{BigInt, BigUint};
use num_rational::BigRational;
use num_traits::{One, ToPrimitive};

/// Fisher's exact two-sided p of the table
///
/// | group | selected | not selected |
/// |---|---|---|
/// | first | `a` | `b` |
/// | second | `c` | `d` |
///
/// With fixed sums of rows and columns, p is the share of all ways to draw a table that is not more
/// probable than the observed one. Ways are counted and compared as integers, so tables of equal
/// probability count as equal. If a row or column is empty, only one table is possible and p is 1.
///
/// Implements the p-value of F.6.
pub fn fisher_two_sided(a: u32, b: u32, c: u32, d: u32) -> f64 {
    let [a, b, c, d] = [a, b, c, d].map(u64::from);
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
    fn stays_exact_for_a_large_organisation() {
        let p = fisher_two_sided(5_000, 5_000, 4_800, 5_200);
        assert!(p > 0.0045 && p < 0.0050, "{p}");
    }
}
