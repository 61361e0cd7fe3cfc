//! Compares the probability functions with an independent implementation.

use domain::Exact;
use domain::scoring::statistics::{
    binomial_upper_tail, chi_square_upper_tail, fisher_two_sided, multinomial_exact,
};
use proptest::prelude::*;
use statrs::distribution::{
    Binomial, ChiSquared, ContinuousCDF, Discrete, DiscreteCDF, Hypergeometric,
};

/// Whether two probabilities agree to nine digits, or are both almost 0.
fn agree(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-9 * right.abs() + 1e-15
}

#[test]
fn chi_square_agrees_over_a_wide_grid() {
    for df in [1, 2, 3, 4, 5, 7, 10, 29, 30, 99, 1_000] {
        let reference = ChiSquared::new(f64::from(df)).unwrap();
        for step in 1..200 {
            let x = f64::from(df) * f64::from(step) / 50.0;
            let (own, expected) = (chi_square_upper_tail(x, df), reference.sf(x));
            assert!(agree(own, expected), "df {df}, x {x}: {own} {expected}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_binomial_tail_agrees(trials in 1..400_u64, rank in 0.0..1.0_f64, chance in 0.001..0.999_f64) {
        let successes = (rank * trials as f64) as u64;
        let reference = Binomial::new(chance, trials).unwrap();
        let expected = if successes == 0 { 1.0 } else { reference.sf(successes - 1) };
        let own = binomial_upper_tail(successes as usize, trials as usize, chance);
        prop_assert!(agree(own, expected) || (own - expected).abs() < 1e-12, "{own} {expected}");
    }

    #[test]
    fn fisher_agrees_with_the_sum_of_hypergeometric_tables(
        a in 0..60_u32, b in 0..60_u32, c in 0..60_u32, d in 0..60_u32,
    ) {
        let [people, selected, group] = [a + b + c + d, a + c, a + b].map(u64::from);
        let reference = Hypergeometric::new(people, selected, group).unwrap();
        let limit = reference.pmf(u64::from(a)) * (1.0 + 1e-7);
        let expected: f64 = (0..=group.min(selected))
            .map(|table| reference.pmf(table))
            .filter(|probability| *probability <= limit)
            .sum();
        let own = fisher_two_sided(a, b, c, d);
        prop_assert!((own - expected).abs() < 1e-9, "{own} {expected}");
        prop_assert!((0.0..=1.0).contains(&own));
        prop_assert_eq!(own, fisher_two_sided(c, d, a, b));
        prop_assert_eq!(own, fisher_two_sided(b, a, d, c));
        prop_assert_eq!(own, fisher_two_sided(a, c, b, d));
    }

    #[test]
    fn every_tail_falls_as_the_statistic_grows(x in 0.0..200.0_f64, more in 0.0..50.0_f64, df in 1..40_u32) {
        prop_assert!(chi_square_upper_tail(x + more, df) <= chi_square_upper_tail(x, df) + 1e-15);
    }

    #[test]
    fn two_categories_are_a_two_sided_binomial_test(n in 1..80_u32, rank in 0.0..1.0_f64, percent in 1..100_i64) {
        let observed = (rank * f64::from(n + 1)) as u32;
        let reference = Binomial::new(percent as f64 / 100.0, u64::from(n)).unwrap();
        let limit = reference.pmf(u64::from(observed)) * (1.0 + 1e-9);
        let expected: f64 = (0..=u64::from(n))
            .map(|count| reference.pmf(count))
            .filter(|probability| *probability <= limit)
            .sum();
        let shares = [percent, 100 - percent].map(Exact::from);
        let own = multinomial_exact(&[observed, n - observed], &shares).unwrap();
        prop_assert!((own - expected).abs() < 1e-9, "{own} {expected}");
    }

    #[test]
    fn the_multinomial_test_ignores_the_order_of_categories(
        mut cells in prop::collection::vec((0..6_u32, 1..60_i64), 1..5),
    ) {
        let p = |cells: &[(u32, i64)]| {
            let (counts, shares): (Vec<u32>, Vec<Exact>) =
                cells.iter().map(|(count, share)| (*count, Exact::from(*share))).unzip();
            multinomial_exact(&counts, &shares).unwrap()
        };
        let before = p(&cells);
        prop_assert!((0.0..=1.0).contains(&before));
        cells.reverse();
        prop_assert!((p(&cells) - before).abs() < 1e-12);
    }
}
