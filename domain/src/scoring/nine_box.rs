//! Performance against potential (九宫格). Implements E.6.

use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::scale::Grade;

/// A third of one axis of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// The lowest third.
    Low = 1,
    /// The middle third.
    Middle,
    /// The highest third.
    High,
}

/// A box of the nine-box grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NineBox {
    /// From the final grade: C and D are low, B is middle, A and S are high.
    pub performance: Band,
    /// From the potential rating: below 2.5 is low, below 4 is middle, 4 and above is high.
    pub potential: Band,
}

/// The usual names of boxes 1 to 9; a policy may use others.
pub const LABELS: [&str; 9] = [
    "under-performer",
    "effective",
    "trusted professional",
    "inconsistent",
    "core player",
    "high performer",
    "potential gem",
    "high potential",
    "star",
];

impl NineBox {
    /// Places a person by final grade and a potential rating of 1 to 5.
    ///
    /// # Errors
    /// `RATING_OUT_OF_RANGE` for a potential rating outside 1 to 5.
    pub fn place(grade: Grade, potential: &Exact) -> Result<NineBox> {
        if *potential < Exact::from(1) || *potential > Exact::from(5) {
            return Err(Code::RatingOutOfRange.because(format!("{potential} is not within 1 to 5")));
        }
        let performance = match grade {
            Grade::D | Grade::C => Band::Low,
            Grade::B => Band::Middle,
            Grade::A | Grade::S => Band::High,
        };
        let potential = if *potential < Exact::scaled(25, 1) {
            Band::Low
        } else if *potential < Exact::from(4) {
            Band::Middle
        } else {
            Band::High
        };
        Ok(NineBox { performance, potential })
    }

    /// The usual name of the box.
    pub const fn label(self) -> &'static str {
        LABELS[self.number() as usize - 1]
    }

    /// Number of the box, 1 to 9: (potential - 1) * 3 + performance.
    pub const fn number(self) -> u8 {
        (self.potential as u8 - 1) * 3 + self.performance as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(grade: Grade, potential: &str) -> u8 {
        NineBox::place(grade, &potential.parse().unwrap()).unwrap().number()
    }

    #[test]
    fn bands_include_their_lower_bounds() {
        for (potential, numbers) in
            [("1", [3, 3, 2, 1, 1]), ("2.5", [6, 6, 5, 4, 4]), ("4", [9, 9, 8, 7, 7])]
        {
            assert_eq!(Grade::ALL.map(|grade| number(grade, potential)), numbers);
        }
        assert_eq!(number(Grade::D, "2.4999"), 1);
        assert_eq!(number(Grade::D, "3.9999"), 4);
        assert_eq!(number(Grade::S, "5"), 9);
        let label = |potential: i32| NineBox::place(Grade::B, &potential.into()).unwrap().label();
        assert_eq!([1, 3, 5].map(label), ["effective", "core player", "high potential"]);
    }

    #[test]
    fn potential_is_a_rating() {
        for potential in ["0.99", "5.01"] {
            let error = NineBox::place(Grade::B, &potential.parse().unwrap()).unwrap_err();
            assert_eq!(error.code, Code::RatingOutOfRange);
        }
    }
}
