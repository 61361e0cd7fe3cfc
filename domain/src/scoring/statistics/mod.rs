//! Probabilities and correlations used by distribution tests (E.4) and fairness analytics (part F).
//!
//! P-values are floats; each function returns a finite value for every input. Moments are exact,
//! and their roots compare exactly, so that no flag depends on the rounding of a float.

mod binomial;
mod correlation;
mod gamma;
mod hypergeometric;
mod moments;
mod multinomial;
mod root;

pub use binomial::binomial_upper_tail;
pub use correlation::{kendall_tau_b, pearson};
pub use gamma::chi_square_upper_tail;
pub use hypergeometric::fisher_two_sided;
pub use moments::{Moments, columns};
pub use multinomial::multinomial_exact;
pub use root::Root;
