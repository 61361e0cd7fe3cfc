//! The lines of a table as text, separated by commas, semicolons or tabs.

use super::decode::{MAX_ROW, too_long};
use super::table::{Content, Lines};
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use std::cell::Cell;
use std::io::{self, Chain, Read};
use std::rc::Rc;

/// What is read behind the text. It is a line of its own unless a quote is still open there.
const END: &str = "\n\0";

/// Reads a text and then [`END`], and fails if a line is too long: an unclosed quote could make one
/// cell of the rest of the file.
struct Metered<'t> {
    text: Chain<&'t [u8], &'static [u8]>,
    /// Bytes read since the last line.
    read: Rc<Cell<usize>>,
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read.get() > MAX_ROW {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let count = self.text.read(buffer)?;
        self.read.update(|read| read + count);
        Ok(count)
    }
}

/// The lines of a table as text.
pub struct CsvLines<'t> {
    text: &'t str,
    reader: csv::Reader<Metered<'t>>,
    record: csv::StringRecord,
    read: Rc<Cell<usize>>,
    /// Number of lines before the text.
    before: usize,
}

impl<'t> CsvLines<'t> {
    /// The lines of a text. A first line `sep=;` says what separates cells, as spreadsheet programs
    /// write and read it; otherwise the first line shows it.
    pub fn new(text: &'t str) -> Self {
        let (separator, text, before) = match separator_line(text) {
            Some((separator, rest)) => (separator, rest, 1),
            None => (separator(text), text, 0),
        };
        let read = Rc::<Cell<usize>>::default();
        let metered =
            Metered { text: text.as_bytes().chain(END.as_bytes()), read: Rc::clone(&read) };
        let reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .has_headers(false)
            .from_reader(metered);
        Self { text, reader, record: csv::StringRecord::new(), read, before }
    }
}

impl Lines for CsvLines<'_> {
    fn advance(&mut self, place: Option<usize>) -> Result<bool, Refusal> {
        let pointer = || place.map(|place| format!("/{place}")).unwrap_or_default();
        self.reader.read_record(&mut self.record).map_err(|error| match error.kind() {
            csv::ErrorKind::Io(_) => Refusal::Invalid(vec![too_long(pointer())]),
            _ => Refusal::EncodingInvalid(Vec::new()),
        })?;
        self.read.set(0);
        let whole = u64::try_from(self.text.len() + END.len()).unwrap_or(u64::MAX);
        if self.reader.position().byte() < whole {
            return Ok(true);
        }
        if self.record.iter().eq(["\0"]) {
            return Ok(false);
        }
        let line = self.number();
        let open = Violation::new(pointer(), "quote_unclosed").with("line", line);
        Err(Refusal::Invalid(vec![open.in_row(Some(line), None)]))
    }

    fn number(&self) -> usize {
        let Some(start) = self.record.position() else { return self.before + 1 };
        // The reader passes over empty lines, but begins its record before them.
        let from = usize::try_from(start.byte()).unwrap_or(usize::MAX);
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        let empty = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
        let empty = empty.filter(|byte| **byte == b'\n').count();
        self.before + usize::try_from(start.line()).unwrap_or_default() + empty
    }

    fn width(&self) -> usize {
        self.record.len()
    }

    fn cell(&self, column: usize) -> Content<'_> {
        Content::Given(self.record.get(column).unwrap_or_default())
    }
}

/// What a first line `sep=;` names, and the text behind it.
fn separator_line(text: &str) -> Option<(u8, &str)> {
    let (line, rest) = text.split_once('\n')?;
    let line = line.trim_end_matches('\r').trim_matches('"');
    let (name, separator) = line.split_at_checked(4)?;
    let [separator] = separator.as_bytes() else { return None };
    name.eq_ignore_ascii_case("sep=").then_some((*separator, rest))
}

/// The separator of a table: whichever of comma, semicolon and tab is most frequent in its first
/// line.
fn separator(text: &str) -> u8 {
    let header = text.lines().find(|line| !line.is_empty()).unwrap_or_default();
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in header.bytes() {
        quoted ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(mark, _)| !quoted && *mark == byte) {
            *count += 1;
        }
    }
    // Of equal counts the last one wins; in doubt, that must be the comma.
    counts.iter().rev().max_by_key(|(_, count)| count).map_or(b',', |(mark, _)| *mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(usize, Vec<String>)> {
        let mut lines = CsvLines::new(text);
        let mut all = Vec::new();
        while lines.advance(None).expect("a table") {
            let cells = (0..lines.width()).map(|column| match lines.cell(column) {
                Content::Given(text) => text.to_owned(),
                other => panic!("{other:?}"),
            });
            all.push((lines.number(), cells.collect()));
        }
        all
    }

    #[test]
    fn lines_keep_their_numbers() {
        let text = "a,b\r\n\r\n\"1\n2\",3\n\n\n4,5";
        let numbers: Vec<_> = read(text).into_iter().map(|(number, _)| number).collect();
        assert_eq!(numbers, [1, 3, 7]);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told() {
        for open in ["\"", "a\n\n1\n2,\"x\n3,y\n", "a\n\n1\n\"\"\"", "a\n\n1\n2,\"x\"\"\n\n"] {
            let mut lines = CsvLines::new(open);
            let refused = loop {
                match lines.advance(Some(7)) {
                    Ok(more) => assert!(more, "{open:?}"),
                    Err(refused) => break refused,
                }
            };
            let Refusal::Invalid(faults) = refused else { panic!("{refused:?}") };
            let line = if open.len() > 1 { 4 } else { 1 };
            let fault = Violation::new("/7", "quote_unclosed").with("line", line);
            assert_eq!(faults, [fault.in_row(Some(line), None)], "{open:?}");
        }
        for closed in ["", "a", "a\n", "a\r\n\r\n", "\"a\"", "\"a\"\n", "5\"", "\"a\n\0\"", "a\n\0"]
        {
            let count = closed.lines().filter(|line| !line.is_empty()).count();
            let count = if closed.contains("\"a\n") { 1 } else { count };
            assert_eq!(read(closed).len(), count, "{closed:?}");
        }
    }

    #[test]
    fn a_line_of_its_own_names_the_separator() {
        for first in ["sep=;\r\n", "SEP=;\n", "\"sep=;\"\n"] {
            let lines = read(&format!("{first}a,b;c\n1,5;2\n"));
            assert_eq!(lines[0], (2, vec!["a,b".to_owned(), "c".to_owned()]), "{first}");
            assert_eq!(lines[1], (3, vec!["1,5".to_owned(), "2".to_owned()]), "{first}");
        }
        assert_eq!(read("sep=\n")[0].1, ["sep="], "a heading that only begins alike");
    }

    #[test]
    fn otherwise_the_most_frequent_mark_separates() {
        for text in ["a,b\n", "a;b\n", "a\tb\n", "\n\"a,c,d\";b\n"] {
            assert_eq!(read(text)[0].1.len(), 2, "{text}");
        }
    }
}
