//! The binomial distribution.

use super::gamma::ln_factorial;

/// The upper tail of the binomial distribution: the probability of at least `successes` successes
/// in `trials` trials that each succeed with probability `chance` (limited to 0..1).
///
/// Implements the p-value of F.4.
pub fn binomial_upper_tail(successes: usize, trials: usize, chance: f64) -> f64 {
    if successes == 0 || chance >= 1.0 {
        return if successes <= trials { 1.0 } else { 0.0 };
    }
    if successes > trials || chance.is_nan() || chance <= 0.0 {
        return 0.0;
    }
    let failures = trials - successes;
    // Terms decrease from the mean on. When starting below the mean, the first term could be too
    // small for a float although the sum is close to 1: sum the tail of failures instead.
    if (successes as f64) < trials as f64 * chance {
        return 1.0 - binomial_upper_tail(failures + 1, trials, 1.0 - chance);
    }
    let first = ln_factorial(trials) - ln_factorial(successes) - ln_factorial(failures)
        + successes as f64 * chance.ln()
        + failures as f64 * (-chance).ln_1p();
    let odds = chance / (1.0 - chance);
    let mut term = first.exp();
    let mut sum = term;
    for k in successes..trials {
        term *= odds * (trials - k) as f64 / (k + 1) as f64;
        sum += term;
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_cases_match_hand_counts() {
        // Four coins: 5 of 16 outcomes have at least three heads.
        assert!((binomial_upper_tail(3, 4, 0.5) - 5.0 / 16.0).abs() < 1e-14);
        // The published vector of F.4.
        assert!((binomial_upper_tail(6, 10, 0.2) - 0.006_369_382_4).abs() < 1e-12);
    }

    #[test]
    fn a_term_too_small_for_a_float_does_not_lose_the_sum() {
        assert_eq!(binomial_upper_tail(1, 100_000, 0.5), 1.0);
        assert_eq!(binomial_upper_tail(100_000, 100_000, 0.5), 0.0);
        let half = binomial_upper_tail(50_001, 100_000, 0.5);
        let middle = binomial_upper_tail(50_000, 100_000, 0.5) - half;
        assert!((2.0 * half + middle - 1.0).abs() < 1e-9);
    }

    #[test]
    fn impossible_and_certain_cases() {
        assert_eq!(binomial_upper_tail(0, 0, 0.3), 1.0);
        assert_eq!(binomial_upper_tail(1, 0, 0.3), 0.0);
        assert_eq!(binomial_upper_tail(5, 4, 1.0), 0.0);
        assert_eq!(binomial_upper_tail(4, 4, 1.0), 1.0);
        assert_eq!(binomial_upper_tail(1, 4, 0.0), 0.0);
        assert_eq!(binomial_upper_tail(1, 4, f64::NAN), 0.0);
    }
}
