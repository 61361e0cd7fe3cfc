//! Faults of an input, with bounds on how many are listed and how much of the input they repeat.

use crate::platform::problem::Violation;

/// Maximum number of faults that an answer lists; of the others it gives only the number.
pub const MAX_FAULTS: usize = 1000;

/// Maximum number of characters of the input that a fault repeats.
pub const MAX_VALUE: usize = 200;

/// Maximum number of characters of a pointer into the input; longer than any in the contract.
pub const MAX_POINTER: usize = 500;

/// Code of the fault that gives the total number of faults.
pub const MORE: &str = "more_faults";

/// The first faults that were found, and the total number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    first: Vec<Violation>,
    most: usize,
    total: usize,
}

impl Default for Faults {
    fn default() -> Self {
        Self::at_most(MAX_FAULTS)
    }
}

impl Faults {
    /// Keeps at most this many faults and counts the others.
    pub fn at_most(most: usize) -> Self {
        Self { first: Vec::new(), most, total: 0 }
    }

    /// Adds a fault.
    pub fn push(&mut self, fault: Violation) {
        self.total += 1;
        if self.first.len() < self.most {
            self.first.push(fault);
        }
    }

    /// Adds the faults that `find` finds in the property or row `name`; their pointers begin with
    /// that name.
    pub fn within<R>(&mut self, name: &str, find: impl FnOnce(&mut Self) -> R) -> R {
        let before = self.first.len();
        let found = find(self);
        for fault in &mut self.first[before..] {
            fault.put_within(name);
        }
        found
    }

    /// Keeps no more than this many; the others are only counted.
    pub fn cut_to(&mut self, most: usize) {
        self.first.truncate(most);
        self.first.shrink_to_fit();
        self.most = most;
    }

    /// Counts faults that are not kept.
    pub fn count(&mut self, unkept: usize) {
        self.total += unkept;
    }

    /// The faults that are kept.
    pub fn first(&self) -> &[Violation] {
        &self.first
    }

    /// The faults that were kept.
    pub fn into_first(self) -> Vec<Violation> {
        self.first
    }

    /// The total number of faults.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Whether there are no faults.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }
}

/// The faults that were kept, and one that gives the total number if there are more.
impl From<Faults> for Vec<Violation> {
    fn from(faults: Faults) -> Self {
        let Faults { mut first, total, .. } = faults;
        if total > first.len() {
            first.push(Violation::more(total));
        }
        first
    }
}

/// The beginning of a text, with a mark if it was cut.
pub fn cut(mut text: String, most: usize) -> String {
    // A text has at most as many characters as bytes.
    if text.len() > most
        && let Some((end, _)) = text.char_indices().nth(most)
    {
        text.truncate(end);
        text.shrink_to_fit();
        text.push('\u{2026}');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(cut("四个字吗".to_owned(), 4), "四个字吗");
        assert_eq!(cut("四个字吗".to_owned(), 3), "四个字\u{2026}");
        assert_eq!(cut(String::new(), 0), "");
    }

    #[test]
    fn what_is_not_kept_is_counted() {
        let mut faults = Faults::at_most(2);
        faults.within("rows", |faults| {
            for place in ["/0", "/1", "/2"] {
                faults.push(Violation::new(place, "required"));
            }
        });
        assert_eq!(faults.total(), 3);
        let told = Vec::from(faults);
        let places: Vec<_> = told.iter().map(|fault| (&fault.pointer[..], fault.code)).collect();
        assert_eq!(places, [("/rows/0", "required"), ("/rows/1", "required"), ("", MORE)]);
    }
}
