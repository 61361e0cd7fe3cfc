//! Probability and correlation behind the prompts of distribution (E.4) and fairness (part F).
//!
//! P-values are floats, and each function answers a finite one for every input. Moments
//! stay exact, and roots of them compare exactly, so that no flag hangs on a float.

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
