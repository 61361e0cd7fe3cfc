//! The gamma function, and the chi-square distribution that uses it.

use std::f64::consts::PI;

/// A further term of less than this relative size no longer changes a sum.
const NEGLIGIBLE: f64 = 1e-16;

/// Upper limit of the number of terms; any sum here needs only a few times `sqrt(a)` terms.
const MOST_TERMS: usize = 1_000_000;

/// From this value on, Stirling's series is exact to the last digit.
const STIRLING_FROM: f64 = 10.0;

/// The natural logarithm of `n!`.
pub fn ln_factorial(n: usize) -> f64 {
    ln_gamma(n as f64 + 1.0)
}

/// The upper tail of the chi-square distribution: the probability that a variable
/// with `df` degrees of freedom is at least `x`.
///
/// The probability is 1 for `x` of 0 or less. With 0 degrees of freedom the variable is always 0.
///
/// Implements the p-value of E.4.
pub fn chi_square_upper_tail(x: f64, df: u32) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return 1.0;
    }
    if df == 0 || x.is_infinite() {
        return 0.0;
    }
    upper_gamma(f64::from(df) / 2.0, x / 2.0).clamp(0.0, 1.0)
}

/// The natural logarithm of the gamma function for `x > 0`.
fn ln_gamma(x: f64) -> f64 {
    let mut shifted = x;
    let mut product = 1.0;
    while shifted < STIRLING_FROM {
        product *= shifted;
        shifted += 1.0;
    }
    let inverse = 1.0 / shifted;
    let square = inverse * inverse;
    // Bernoulli number B(2k) over 2k(2k-1), from the last term inwards.
    let correction = [-691.0 / 360_360.0, 1.0 / 1188.0, -1.0 / 1680.0, 1.0 / 1260.0]
        .into_iter()
        .chain([-1.0 / 360.0, 1.0 / 12.0])
        .fold(0.0, |sum, coefficient| sum * square + coefficient)
        * inverse;
    (shifted - 0.5) * shifted.ln() - shifted + 0.5 * (2.0 * PI).ln() + correction - product.ln()
}

/// The regularised upper incomplete gamma function Q(a, x) for `a, x > 0`.
///
/// Uses the power series left of the mean and the continued fraction right of it, where each
/// converges quickly.
fn upper_gamma(a: f64, x: f64) -> f64 {
    let scale = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 { 1.0 - scale * lower_series(a, x) } else { scale * upper_fraction(a, x) }
}

/// The sum of `x^n / (a (a+1) .. (a+n))` over n = 0, 1, ...
fn lower_series(a: f64, x: f64) -> f64 {
    let mut term = 1.0 / a;
    let mut sum = term;
    let mut divisor = a;
    for _ in 0..MOST_TERMS {
        divisor += 1.0;
        term *= x / divisor;
        sum += term;
        if term < sum * NEGLIGIBLE {
            break;
        }
    }
    sum
}

/// The continued fraction `1/(x+1-a- 1(1-a)/(x+3-a- 2(2-a)/(x+5-a- ...)))`, as the
/// ratio of successive convergents.
///
/// Right of the mean all partial denominators are positive, so no division by zero can occur.
fn upper_fraction(a: f64, x: f64) -> f64 {
    let mut denominator = x + 1.0 - a;
    let mut inverse = 1.0 / denominator;
    // The first convergent has no predecessor: its ratio counts as infinite.
    let mut ratio = f64::INFINITY;
    let mut value = inverse;
    for n in 1..MOST_TERMS {
        let n = n as f64;
        let numerator = n * (a - n);
        denominator += 2.0;
        inverse = 1.0 / (denominator + numerator * inverse);
        ratio = denominator + numerator / ratio;
        let change = ratio * inverse;
        value *= change;
        if (change - 1.0).abs() < 4.0 * f64::EPSILON {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() <= 1e-12 * right.abs()
    }

    #[test]
    fn factorials_match_their_definition() {
        let mut sum = 0.0;
        for n in 1..=200 {
            sum += (n as f64).ln();
            assert!((ln_factorial(n) - sum).abs() < 1e-14 * sum.max(10.0), "{n}");
        }
        assert!(ln_factorial(0).abs() < 1e-14);
    }

    #[test]
    fn two_degrees_of_freedom_have_a_closed_form() {
        for tenth in 1..400 {
            let x = f64::from(tenth) / 10.0;
            assert!(close(chi_square_upper_tail(x, 2), (-x / 2.0).exp()), "{x}");
        }
    }

    #[test]
    fn the_ends_are_certain() {
        assert_eq!(chi_square_upper_tail(0.0, 4), 1.0);
        assert_eq!(chi_square_upper_tail(-1.0, 4), 1.0);
        assert_eq!(chi_square_upper_tail(f64::NAN, 4), 1.0);
        assert_eq!(chi_square_upper_tail(f64::INFINITY, 4), 0.0);
        assert_eq!(chi_square_upper_tail(1.0, 0), 0.0);
        assert!(chi_square_upper_tail(1e9, 4).is_finite());
        assert!(close(chi_square_upper_tail(1e-12, 4), 1.0));
    }
}
