//! Reads the rows of a bulk request: a JSON array, NDJSON, a table as text or a workbook.
//!
//! In every format a row becomes one JSON object, which is checked against the schema that the
//! contract publishes for it. A row with faults is still read as far as it can be, so that all that is
//! wrong with it can be told at once.

use super::csv_lines::CsvLines;
use super::encodings::decoded;
use super::format::Format;
use super::json_rows::{read_json, read_ndjson};
use super::sheet;
use super::table::{Properties, Reading, read_table};
use crate::platform::faults::{Faults, MAX_FAULTS};
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::schema;
use jsonschema::Validator;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::marker::PhantomData;
use std::sync::Arc;
use utoipa::ToSchema;

/// Maximum number of rows of one request, unless the noun says otherwise.
const MAX_ROWS: usize = 50_000;
/// Maximum number of bytes of one row, and so of one cell; more than any valid row has.
pub const MAX_ROW: usize = 64 << 10;
/// Maximum number of faults listed for one row.
const MAX_ROW_FAULTS: usize = 20;

/// A row as it is sent.
pub trait SentRow: DeserializeOwned + ToSchema + 'static {
    /// The row as it is planned.
    type Row: Send;
    /// The properties that identify records; the first is the key of the row, and a text.
    const KEYS: &'static [&'static str];
    /// Maximum number of rows of one request.
    const MAX_ROWS: usize = MAX_ROWS;
    /// The row, with its index in the request, from 0, and the properties that could not be read. They
    /// are absent from it, and an unread key is empty.
    fn at(self, place: usize, unread: Vec<String>) -> Self::Row;
}

/// The rows of a request, and the faults of those that could not be read completely.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows<T> {
    /// The rows, as far as they could be read.
    pub rows: Vec<T>,
    /// The rows that could not be read completely, by index, with their faults: the first ones with all
    /// of them, later ones with one.
    pub faulty: Vec<(usize, Faults)>,
    /// Number of all faults of rows that could not be read completely.
    pub faults: usize,
    /// Number of rows in the request.
    pub total: usize,
    /// The line of each row in the file.
    pub lines: LineNumbers,
    /// What is to be said of the file as a whole.
    pub warnings: Vec<Violation>,
}

/// The line of each row in its file: of the first row, and of each that does not stand in the line
/// after the one before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineNumbers(Vec<(usize, usize)>);

impl LineNumbers {
    /// Adds the line of the next row.
    pub fn push(&mut self, place: usize, line: usize) {
        let follows = self.0.last().is_some_and(|(first, at)| at + (place - first) == line);
        if !follows {
            self.0.push((place, line));
        }
    }

    /// The line of a row, from 1; none in a format without lines.
    pub fn of(&self, place: usize) -> Option<usize> {
        let next = self.0.partition_point(|(first, _)| *first <= place);
        let (first, line) = self.0[..next].last()?;
        Some(line + (place - first))
    }
}

/// Reads the rows of a request, each as a `T` with its index from 0.
pub fn decode<T: SentRow>(
    format: Format,
    reading: &Reading,
    bytes: &[u8],
) -> Result<Rows<T::Row>, Refusal> {
    let mut sink = Sink::<T>::at(0);
    let properties = Properties::of::<T>(reading);
    match format.beginning_with(bytes)? {
        Format::Json => read_json(bytes, &mut sink)?,
        Format::Ndjson => return read_ndjson::<T>(bytes),
        Format::Table(declared) | Format::Spreadsheet(declared) => {
            let (text, warning) = decoded(reading.encoding.or(declared), bytes)?;
            warning.into_iter().for_each(|warning| sink.warn(warning));
            read_table(&mut CsvLines::new(&text), &properties, &mut sink)?;
        }
        Format::Workbook => sheet::read(bytes, reading.sheet.as_deref(), &properties, &mut sink)?,
    }
    Ok(sink.rows)
}

/// Takes rows one by one, so that only their results are kept.
pub struct Sink<T: SentRow> {
    validator: Arc<Validator>,
    /// The rows so far.
    pub rows: Rows<T::Row>,
    sent: PhantomData<fn() -> T>,
}

/// Receives rows from the readers of the formats.
pub trait Put {
    /// Takes the next row, which `read` reads as JSON unless it finds why that is impossible. `line` is
    /// its line in the file.
    ///
    /// # Errors
    /// There are too many rows.
    fn put(
        &mut self,
        line: Option<usize>,
        read: &mut dyn FnMut(&mut Faults) -> Option<Value>,
    ) -> Result<(), Refusal>;

    /// Takes what is to be said of the file as a whole.
    fn warn(&mut self, warning: Violation);
}

impl<T: SentRow> Put for Sink<T> {
    fn put(
        &mut self,
        line: Option<usize>,
        read: &mut dyn FnMut(&mut Faults) -> Option<Value>,
    ) -> Result<(), Refusal> {
        let place = self.rows.total;
        if place == T::MAX_ROWS {
            return Err(Refusal::TooManyRows);
        }
        self.rows.total += 1;
        if let Some(line) = line {
            self.rows.lines.push(place, line);
        }
        let mut faults = Faults::at_most(MAX_ROW_FAULTS);
        faults.within(&place.to_string(), |faults| {
            if let Some(row) = read(faults) {
                self.read(place, row, faults);
            }
        });
        if !faults.is_empty() {
            self.rows.faults += faults.total();
            if self.rows.faulty.len() >= MAX_FAULTS {
                faults.cut_to(1);
            }
            self.rows.faulty.push((place, faults));
        }
        Ok(())
    }

    fn warn(&mut self, warning: Violation) {
        if self.rows.warnings.len() < MAX_FAULTS {
            self.rows.warnings.push(warning);
        }
    }
}

impl<T: SentRow> Sink<T> {
    /// Takes rows from this index in the request on.
    pub fn at(place: usize) -> Self {
        let none = Rows {
            rows: vec![],
            faulty: vec![],
            faults: 0,
            total: place,
            lines: LineNumbers::default(),
            warnings: vec![],
        };
        Self { validator: schema::validator::<T>(), rows: none, sent: PhantomData }
    }

    fn read(&mut self, place: usize, mut row: Value, faults: &mut Faults) {
        let mut found = Faults::at_most(MAX_ROW_FAULTS);
        schema::check(&self.validator, &row, &mut found);
        if faults.is_empty() && found.is_empty() {
            match serde_json::from_value::<T>(row) {
                Ok(row) => self.rows.rows.push(row.at(place, Vec::new())),
                Err(error) => {
                    log::debug!("row passes its schema but cannot be read: {error}");
                    faults.push(malformed());
                }
            }
            return;
        }
        // A value that was not taken from its cell is not missing as well.
        let untaken: Vec<_> = faults.first().iter().map(|fault| property(&fault.pointer)).collect();
        faults.count(found.total() - found.first().len());
        for fault in found.into_first() {
            if !untaken.contains(&property(&fault.pointer)) {
                faults.push(fault);
            }
        }
        let unread: Option<Vec<_>> =
            faults.first().iter().map(|fault| property(&fault.pointer)).collect();
        let (Some(mut unread), Some(values)) = (unread, row.as_object_mut()) else { return };
        unread.sort_unstable();
        unread.dedup();
        unread.iter().for_each(|name| drop(values.remove(name)));
        if unread.iter().any(|name| name == T::KEYS[0]) {
            if self.rows.faulty.len() >= MAX_FAULTS {
                // Nobody refers to it, and its faults are only counted.
                return;
            }
            values.insert(T::KEYS[0].to_owned(), "".into());
        }
        if let Ok(row) = serde_json::from_value::<T>(row) {
            self.rows.rows.push(row.at(place, unread));
        }
    }

    /// Appends the rows of a sink that began at the next index.
    pub fn append(&mut self, next: Self) {
        let next = next.rows;
        self.rows.rows.extend(next.rows);
        self.rows.faulty.extend(next.faulty);
        let beyond = self.rows.faulty.iter_mut().skip(MAX_FAULTS);
        beyond.for_each(|(_, faults)| faults.cut_to(1));
        self.rows.faults += next.faults;
        self.rows.total = next.total;
    }
}

/// The property of a row that a fault is in; none if it is in the row as a whole.
fn property(pointer: &str) -> Option<String> {
    let name = pointer.strip_prefix('/')?.split('/').next()?;
    Some(name.replace("~1", "/").replace("~0", "~"))
}

/// The fault of a row that cannot be read.
pub fn malformed() -> Violation {
    Violation::new("", "row_malformed")
}

/// The fault of a row that is longer than [`MAX_ROW`].
pub fn too_long(pointer: String) -> Violation {
    Violation::new(pointer, "row_too_long").with("max", MAX_ROW)
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::FixtureRow;
    use super::*;
    use serde_json::json;

    fn codes<T>(rows: &Rows<T>) -> Vec<(String, &'static str)> {
        let faults = rows.faulty.iter().flat_map(|(_, faults)| faults.first());
        faults.map(|fault| (fault.pointer.clone(), fault.code)).collect()
    }

    #[test]
    fn a_row_with_faults_is_read_as_far_as_it_can_be() {
        let bytes = json!([
            { "number": "A", "name": "longer than any name", "boss": "B", "height": 3, "level": "x" },
            { "number": "B" },
            { "name": "C", "boss": "A" },
            7,
        ])
        .to_string();
        let rows = decode::<FixtureRow>(Format::Json, &Reading::default(), bytes.as_bytes());
        let rows = rows.expect("JSON");
        let text = |text: &str| Some(text.to_owned());
        let row = |number: &str| FixtureRow { number: number.to_owned(), ..FixtureRow::default() };
        let unread = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let name = text("longer than any name");
        assert_eq!(
            rows.rows,
            [
                (0, FixtureRow { boss: text("B"), name, ..row("A") }, unread(&["height", "level"])),
                (1, row("B"), vec![]),
                (
                    2,
                    FixtureRow { name: text("C"), boss: text("A"), ..row("") },
                    unread(&["number"])
                ),
            ]
        );
        assert_eq!((rows.faulty.len(), rows.faults, rows.total), (3, 4, 4));
    }

    #[test]
    fn a_cell_with_a_fault_has_no_second_one() {
        let table = "number,name,boss\n1.5E+05,#N/A,B\n,a name that is too long,1.5E+05\n";
        let rows = decode::<FixtureRow>(Format::Table(None), &Reading::default(), table.as_bytes());
        let rows = rows.expect("text");
        let expected = [
            ("/0/number", "number_cut"),
            ("/0/name", "error_cell"),
            ("/1/number", "required"),
            ("/1/boss", "number_cut"),
            ("/1/name", "too_long"),
        ];
        assert_eq!(codes(&rows), expected.map(|(at, code)| (at.to_owned(), code)));
        assert_eq!((rows.lines.of(0), rows.lines.of(1)), (Some(2), Some(3)));
    }

    #[test]
    fn lines_are_kept_where_they_do_not_follow_each_other() {
        let mut lines = LineNumbers::default();
        assert_eq!(lines.of(0), None);
        for (place, line) in [(0, 2), (1, 3), (2, 4), (3, 9), (4, 10)] {
            lines.push(place, line);
        }
        assert_eq!(lines, LineNumbers(vec![(0, 2), (3, 9)]));
        assert_eq!([0, 2, 3, 4].map(|place| lines.of(place)), [2, 4, 9, 10].map(Some));
    }
}
