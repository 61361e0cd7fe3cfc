//! Handles cells that a spreadsheet would run as formulas.

use std::borrow::Cow;

/// First characters that make a spreadsheet compute a cell, in half and full width.
const FORMULA: &[char] = &['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// Whether a spreadsheet would compute the cell, ignoring apostrophes before it.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(FORMULA)
}

/// A cell as it is written to a file: an apostrophe before a formula makes it text.
pub fn neutralised(cell: &str) -> Cow<'_, str> {
    if is_formula(cell) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// The inverse of [`neutralised`].
pub fn unneutralised(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|_| is_formula(cell)).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neutralised_cell_reads_back_as_it_was() {
        for cell in ["=1+1", "'=1", "''-x", "@cmd", "+86", "O'Neil", "'quoted'", "", "＝1", "a=b"]
        {
            let written = neutralised(cell);
            assert!(!written.starts_with(FORMULA), "{written}");
            assert_eq!(unneutralised(&written), cell);
        }
    }
}
