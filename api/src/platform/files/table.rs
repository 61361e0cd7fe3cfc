//! Tables: headings become properties, cells become values.
//!
//! Whatever a table comes in, its lines are read here alike: blanks at the ends do not count, headings
//! are compared without regard to case, empty lines are passed over, and what a spreadsheet program
//! has made of a value is undone, refused or said.

use super::dates::{self, DateFormat, Unread};
use super::decode::{Put, SentRow};
use super::text::unneutralised;
use super::xlsx::Column as Letters;
use crate::platform::faults::Faults;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use encoding_rs::Encoding;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What spreadsheet programs show in place of a value that could not be computed.
const ERRORS: &[&str] =
    &["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"];

/// How the table of a request is to be read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The property of a column, by its heading; none leaves the column out.
    pub columns: Vec<(String, Option<String>)>,
    /// Whether columns that are no property are left out.
    pub ignore_others: bool,
    /// How days are written.
    pub date_format: Option<DateFormat>,
    /// The encoding of a table as text, whatever its `Content-Type` declares.
    pub encoding: Option<&'static Encoding>,
    /// The sheet of a workbook; the first visible one if none is named.
    pub sheet: Option<String>,
    /// What the cells of a property stand for; none for an empty cell.
    pub values: BTreeMap<String, BTreeMap<String, Option<String>>>,
}

/// Reads new names for columns, as `theirs:ours,theirs:ours`; `theirs:` leaves a column out. A heading
/// with a comma stands in quotes: `"Name, first:name"`.
///
/// # Errors
/// The fault at `pointer` that they are written otherwise.
pub fn renamed_columns(
    pointer: &str,
    list: &str,
) -> Result<Vec<(String, Option<String>)>, Violation> {
    let fault = || Violation::new(pointer, "pattern").with("value", "theirs:ours,theirs:");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(list.as_bytes());
    let mut record = csv::StringRecord::new();
    if !matches!(reader.read_record(&mut record), Ok(true)) {
        return Err(fault());
    }
    let pair = |pair: &str| {
        let (theirs, ours) = pair.rsplit_once(':')?;
        Some((theirs.to_owned(), Some(ours.to_owned()).filter(|ours| !ours.is_empty())))
    };
    record.iter().map(pair).collect::<Option<_>>().ok_or_else(fault)
}

/// What is in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'c> {
    /// A text that somebody has written.
    Given(&'c str),
    /// The last result of a formula.
    Computed(&'c str),
    /// A formula that no program has computed yet.
    Uncomputed,
}

/// The lines of a table, one after the other.
pub trait Lines {
    /// Goes to the next line; false after the last one. `place` is the index of the row that the line
    /// would be, and none for the headings.
    ///
    /// # Errors
    /// The line cannot be read.
    fn advance(&mut self, place: Option<usize>) -> Result<bool, Refusal>;
    /// Number of the present line in the file, from 1.
    fn number(&self) -> usize;
    /// Number of its cells.
    fn width(&self) -> usize;
    /// A cell, by its column from 0.
    fn cell(&self, column: usize) -> Content<'_>;
}

/// What is in the cells of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    /// A text that identifies a record.
    Key,
    Day,
    Whole,
}

/// A property that a column may hold.
#[derive(Clone, Copy, Debug)]
struct Property {
    kind: Kind,
    /// Whether an empty cell clears the property.
    may_be_empty: bool,
}

/// The properties of a row.
pub struct Properties<'r> {
    known: BTreeMap<String, Property>,
    /// Properties that are maps, with a column `name.key` for each key.
    maps: BTreeSet<String>,
    key: &'static str,
    reading: &'r Reading,
}

impl<'r> Properties<'r> {
    /// The properties of the schema of `T`.
    pub fn of<T: SentRow>(reading: &'r Reading) -> Self {
        let schema = serde_json::to_value(T::schema()).unwrap_or_default();
        let (mut known, mut maps) = (BTreeMap::new(), BTreeSet::new());
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if property.get("additionalProperties").is_some() {
                maps.insert(name.clone());
                continue;
            }
            let types = match &property["type"] {
                Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
                one => Vec::from_iter(one.as_str()),
            };
            let kind = match property["format"].as_str() {
                _ if T::KEYS.contains(&name.as_str()) => Kind::Key,
                _ if types.contains(&"integer") => Kind::Whole,
                Some("date") => Kind::Day,
                _ => Kind::Text,
            };
            let mut choices = property["oneOf"].as_array().into_iter().flatten();
            let may_be_empty = types.contains(&"null") || choices.any(|it| it["type"] == "null");
            known.insert(name.clone(), Property { kind, may_be_empty });
        }
        Self { known, maps, key: T::KEYS[0], reading }
    }

    /// The property of a name, without regard to case.
    fn named(&self, name: &str) -> Option<(String, Property)> {
        let name = name.trim().to_lowercase();
        if let Some(property) = self.known.get(&name) {
            return Some((name, *property));
        }
        let (map, key) = name.split_once('.')?;
        let is_known = self.maps.contains(map) && !key.is_empty();
        is_known.then_some((name, Property { kind: Kind::Text, may_be_empty: true }))
    }

    /// The property of each column, by its heading; none for a column that is left out.
    fn settle(
        &self,
        headings: &[String],
        sink: &mut dyn Put,
    ) -> Result<Vec<Option<Column<'r>>>, Refusal> {
        let renamed = self.reading.columns.iter();
        let renamed: HashMap<String, &Option<String>> =
            renamed.map(|(theirs, ours)| (folded(theirs), ours)).collect();
        let mut faults = Faults::default();
        let mut columns = Vec::with_capacity(headings.len());
        let mut places = HashMap::<String, Vec<usize>>::new();
        for (place, heading) in headings.iter().enumerate() {
            let name = match renamed.get(&folded(heading)) {
                Some(None) => None,
                Some(Some(ours)) => Some(ours.as_str()),
                None if heading.is_empty() => None,
                None => Some(heading.as_str()),
            };
            let found = name.map(|name| self.named(name));
            columns.push(match found {
                None => None,
                Some(None) => {
                    if !self.reading.ignore_others || renamed.contains_key(&folded(heading)) {
                        faults.push(Violation::new("", "column_unknown").with("value", heading));
                    }
                    None
                }
                Some(Some((name, property))) => {
                    places.entry(name.clone()).or_default().push(place);
                    let values = self.reading.values.get(&name);
                    Some(Column { name, heading: heading.clone(), property, values })
                }
            });
        }
        let mut twice: Vec<_> = places.iter().filter(|(_, places)| places.len() > 1).collect();
        twice.sort_unstable();
        for (name, places) in twice {
            let letters: Vec<_> = places.iter().map(|place| Letters(*place).to_string()).collect();
            let fault = Violation::new("", "duplicate_heading").with("value", name);
            let fault = fault.with("columns", letters.join(", "));
            faults.push(of_column(&headings[places[0]], fault));
        }
        if !places.contains_key(self.key) {
            faults.push(Violation::new("", "columns_missing").with("value", self.key));
        }
        if !faults.is_empty() {
            return Err(Refusal::Invalid(faults.into()));
        }
        let present: BTreeSet<_> = headings.iter().map(|heading| folded(heading)).collect();
        let absent = self
            .reading
            .columns
            .iter()
            .filter(|(theirs, ours)| ours.is_some() && !present.contains(&folded(theirs)));
        for (theirs, _) in absent {
            let warning = Violation::new("", "column_absent").with("value", theirs);
            sink.warn(of_column(theirs, warning));
        }
        Ok(columns)
    }
}

/// A column of the file that holds a property.
struct Column<'r> {
    name: String,
    heading: String,
    property: Property,
    values: Option<&'r BTreeMap<String, Option<String>>>,
}

/// How headings are compared: without regard to case, and to how many blanks stand where.
fn folded(heading: &str) -> String {
    let words: Vec<_> = heading.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// What is to be said of the column with a heading.
fn of_column(heading: &str, mut said: Violation) -> Violation {
    said.put_within(heading);
    said.put_within("columns");
    said
}

/// Reads the rows of a table.
///
/// # Errors
/// The headings cannot be understood, or there are too many rows.
pub fn read_table(
    lines: &mut dyn Lines,
    properties: &Properties<'_>,
    sink: &mut dyn Put,
) -> Result<(), Refusal> {
    let mut headings = Vec::new();
    while lines.advance(None)? {
        if !is_blank(lines) {
            headings = (0..lines.width()).map(|at| text_of(lines.cell(at)).to_owned()).collect();
            break;
        }
    }
    let columns = properties.settle(&headings, sink)?;
    let date_format = properties.reading.date_format;
    let mut table = Table { columns, headings, date_format, notes: BTreeMap::new() };
    let (mut place, mut blank, mut blanks) = (0, 0, 0);
    while lines.advance(Some(place))? {
        if is_blank(lines) {
            blank += 1;
            continue;
        }
        // Those behind the last row are what a spreadsheet program leaves there, and mean nothing.
        blanks += std::mem::take(&mut blank);
        sink.put(Some(lines.number()), &mut |faults| table.row(lines, faults))?;
        place += 1;
    }
    if blanks > 0 {
        sink.warn(Violation::new("", "blank_rows").with("count", blanks));
    }
    table.tell(sink);
    Ok(())
}

fn text_of(content: Content<'_>) -> &str {
    match content {
        Content::Given(text) | Content::Computed(text) => text.trim(),
        Content::Uncomputed => "",
    }
}

fn is_blank(lines: &dyn Lines) -> bool {
    (0..lines.width()).all(|at| match lines.cell(at) {
        Content::Given(text) | Content::Computed(text) => text.trim().is_empty(),
        Content::Uncomputed => false,
    })
}

/// A table while it is read.
struct Table<'r> {
    columns: Vec<Option<Column<'r>>>,
    headings: Vec<String>,
    date_format: Option<DateFormat>,
    /// How many cells of a column gave reason to a warning; of the whole table where there is no
    /// column.
    notes: BTreeMap<(Option<usize>, &'static str), usize>,
}

impl Table<'_> {
    fn note(&mut self, column: Option<usize>, code: &'static str) {
        *self.notes.entry((column, code)).or_default() += 1;
    }

    /// A line as an object.
    fn row(&mut self, lines: &dyn Lines, faults: &mut Faults) -> Option<Value> {
        let width = self.columns.len();
        if (width..lines.width()).any(|at| !text_of(lines.cell(at)).is_empty()) {
            faults.push(Violation::new("", "cells_beyond_headings").with("count", width));
            return None;
        }
        if lines.width() < width {
            self.note(None, "short_rows");
        }
        let mut row = Map::with_capacity(width);
        for at in 0..width {
            let content = if at < lines.width() { lines.cell(at) } else { Content::Given("") };
            let Some(column) = &self.columns[at] else {
                if self.headings[at].is_empty() && !text_of(content).is_empty() {
                    self.note(Some(at), "column_without_heading");
                }
                continue;
            };
            let (map, key) = match column.name.split_once('.') {
                None => (None, column.name.as_str()),
                Some((map, key)) => (Some(map), key),
            };
            match column.read(content, self.date_format) {
                Ok((value, note)) => {
                    match map {
                        None => row.insert(key.to_owned(), value),
                        Some(map) => {
                            let map = row.entry(map).or_insert_with(|| Map::new().into());
                            map.as_object_mut().and_then(|map| map.insert(key.to_owned(), value))
                        }
                    };
                    if let Some(code) = note {
                        self.note(Some(at), code);
                    }
                }
                Err(mut fault) => {
                    fault.put_within(key);
                    map.into_iter().for_each(|map| fault.put_within(map));
                    faults.push(fault);
                }
            }
        }
        Some(Value::Object(row))
    }

    /// Warns of what was found in cells, once for each column.
    fn tell(self, sink: &mut dyn Put) {
        for ((column, code), count) in self.notes {
            let warning = Violation::new("", code).with("count", count);
            let Some(at) = column else {
                sink.warn(warning);
                continue;
            };
            let letters = Letters(at).to_string();
            let warning = warning.with("value", &letters);
            let heading = Some(&self.headings[at]).filter(|heading| !heading.is_empty());
            sink.warn(of_column(heading.unwrap_or(&letters), warning));
        }
    }
}

impl Column<'_> {
    /// The value of a cell, and the code of what is to be said of it.
    fn read(
        &self,
        content: Content<'_>,
        date_format: Option<DateFormat>,
    ) -> Result<(Value, Option<&'static str>), Violation> {
        let (cell, mut note) = match content {
            Content::Given(text) => (text.trim(), None),
            Content::Computed(text) => (text.trim(), Some("formula_value")),
            Content::Uncomputed => return Err(Violation::new("", "formula_without_value")),
        };
        let cell = match unwrapped(cell) {
            Some(text) => {
                note = Some("formula_unwrapped");
                text
            }
            None => Cow::Borrowed(unneutralised(cell)),
        };
        let cell = cell.trim();
        if ERRORS.iter().any(|error| cell.eq_ignore_ascii_case(error)) {
            return Err(self.fault("error_cell", cell));
        }
        let cell = match self.values.and_then(|values| values.get(cell)) {
            Some(stands_for) => stands_for.as_deref().unwrap_or_default(),
            None => cell,
        };
        if cell.is_empty() {
            return match self.property.may_be_empty {
                true => Ok((Value::Null, note)),
                false => Err(Violation::new("", "required")),
            };
        }
        match self.property.kind {
            Kind::Text => Ok((cell.into(), note)),
            Kind::Key if is_cut(cell) => Err(self.fault("number_cut", cell)),
            Kind::Key => Ok((cell.into(), note)),
            Kind::Whole => {
                Ok((cell.parse::<i64>().map_or_else(|_| cell.into(), Value::from), note))
            }
            Kind::Day => match dates::read(cell, date_format) {
                Ok((day, is_guess)) => {
                    Ok((day.to_string().into(), is_guess.then_some("date_detected").or(note)))
                }
                Err(Unread::Ambiguous) => Err(self.fault("date_ambiguous", cell)),
                Err(Unread::Unlike) => Err(match date_format {
                    Some(format) => self.fault("date_unlike", cell).with("format", format),
                    None => Violation::new("", "not_a_date"),
                }),
            },
        }
    }

    fn fault(&self, code: &'static str, cell: &str) -> Violation {
        Violation::new("", code).with("value", cell).with("heading", &self.heading)
    }
}

/// The text in a formula `="00125"`, by which spreadsheet programs are kept from reading a number.
fn unwrapped(cell: &str) -> Option<Cow<'_, str>> {
    let text = cell.strip_prefix("=\"")?.strip_suffix('"')?;
    Some(if text.contains('"') { text.replace("\"\"", "\"").into() } else { text.into() })
}

/// Whether a spreadsheet program has rounded a long number, as in `1.23E+05`.
fn is_cut(cell: &str) -> bool {
    let Some((mantissa, exponent)) = cell.split_once(['E', 'e']) else { return false };
    let Some(exponent) = exponent.strip_prefix('+') else { return false };
    let (whole, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    whole.len() == 1 && exponent.len() >= 2 && [whole, rest, exponent].into_iter().all(digits)
}

#[cfg(test)]
mod tests {
    use super::super::csv_lines::CsvLines;
    use super::super::fixtures::FixtureRow;
    use super::*;
    use serde_json::json;

    /// The rows of a table, its faults, and its warnings.
    #[derive(Default)]
    struct Seen {
        rows: Vec<Value>,
        faults: Vec<(String, &'static str)>,
        warnings: Vec<(String, &'static str)>,
        lines: Vec<usize>,
    }

    impl Put for Seen {
        fn put(
            &mut self,
            line: Option<usize>,
            read: &mut dyn FnMut(&mut Faults) -> Option<Value>,
        ) -> Result<(), Refusal> {
            let mut faults = Faults::default();
            self.rows.extend(read(&mut faults));
            self.faults.extend(Vec::from(faults).into_iter().map(|it| (it.pointer, it.code)));
            self.lines.extend(line);
            Ok(())
        }

        fn warn(&mut self, warning: Violation) {
            self.warnings.push((warning.pointer, warning.code));
        }
    }

    fn read(text: &str, reading: &Reading) -> Result<Seen, Vec<(String, &'static str)>> {
        let mut seen = Seen::default();
        let table =
            read_table(&mut CsvLines::new(text), &Properties::of::<FixtureRow>(reading), &mut seen);
        match table {
            Ok(()) => Ok(seen),
            Err(Refusal::Invalid(faults)) => {
                Err(faults.into_iter().map(|it| (it.pointer, it.code)).collect())
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    fn plain(text: &str) -> Seen {
        read(text, &Reading::default()).expect("a table")
    }

    fn named(names: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
        names.iter().map(|(pointer, code)| ((*pointer).to_owned(), *code)).collect()
    }

    #[test]
    fn blanks_and_case_do_not_count() {
        let seen =
            plain(" NUMBER ,Name\u{a0},Hired,IDS.Hr\n\u{3000}E1 , Li  Na ,2024-03-01 , x \n");
        let expected = json!({
            "number": "E1", "name": "Li  Na", "hired": "2024-03-01", "ids": { "hr": "x" },
        });
        assert_eq!((seen.rows, seen.faults, seen.warnings), (vec![expected], vec![], vec![]));
    }

    #[test]
    fn headings_that_come_again_are_named_with_their_places() {
        let faults = read("number,name,NAME ,number\n", &Reading::default()).err();
        let twice =
            [("/columns/name", "duplicate_heading"), ("/columns/number", "duplicate_heading")];
        assert_eq!(faults, Some(named(&twice)));
        let Err(Refusal::Invalid(faults)) = read_table(
            &mut CsvLines::new("number,name,Name\n"),
            &Properties::of::<FixtureRow>(&Reading::default()),
            &mut Seen::default(),
        ) else {
            panic!("one is too many")
        };
        assert!(faults[0].values.contains(&("columns", "B, C".to_owned())), "{faults:?}");
    }

    #[test]
    fn what_spreadsheets_leave_behind_is_passed_over() {
        let seen = plain("number,name,,\nE1,A,,\n,,,\n\nE2,B,,x\n,,,\n\u{a0},,,\n");
        assert_eq!(seen.rows.len(), 2);
        assert_eq!(seen.lines, [2, 5]);
        let told = [("", "blank_rows"), ("/columns/D", "column_without_heading")];
        assert_eq!(seen.warnings, named(&told));
    }

    #[test]
    fn a_short_row_ends_in_empty_cells_and_a_long_one_is_refused() {
        let seen = plain("number,name,level\nE1\nE2,B,3\nE3,C,4,,\nE4,D,5,6\n");
        let first = json!({ "number": "E1", "name": null, "level": null });
        assert_eq!(seen.rows[0], first);
        assert_eq!(seen.rows[1]["level"], 3);
        assert_eq!(seen.rows.len(), 3);
        assert_eq!(seen.warnings, named(&[("", "short_rows")]));
        assert_eq!(seen.faults, named(&[("", "cells_beyond_headings")]));
    }

    #[test]
    fn what_a_spreadsheet_made_of_a_value_is_undone_or_refused() {
        let text = "number,name,ids.hr\n=\"00125\",'=1+1,\"=\"\"a\"\"\"\"b\"\"\"\n\
                    1.23E+05,#N/A,#ref!\n12E5,1.23E+05,E+05\n";
        let seen = plain(text);
        let first = json!({ "number": "00125", "name": "=1+1", "ids": { "hr": "a\"b" } });
        assert_eq!(seen.rows[0], first);
        assert_eq!(seen.rows[2]["number"], "12E5", "a code may look like this");
        assert_eq!(seen.rows[2]["name"], "1.23E+05", "only keys must be as they were");
        let faults =
            [("/number", "number_cut"), ("/name", "error_cell"), ("/ids/hr", "error_cell")];
        assert_eq!(seen.faults, named(&faults));
        let column = |name: &str| (format!("/columns/{name}"), "formula_unwrapped");
        assert_eq!(seen.warnings, [column("number"), column("ids.hr")]);
    }

    #[test]
    fn days_are_declared_or_guessed_where_that_is_safe() {
        let text = "number,hired\nE1,2024/3/1\nE2,03/04/2020\nE3,soon\nE4,\n";
        let seen = plain(text);
        assert_eq!(seen.rows[0]["hired"], "2024-03-01");
        let faults =
            [("/hired", "date_ambiguous"), ("/hired", "not_a_date"), ("/hired", "required")];
        assert_eq!(seen.faults, named(&faults));
        assert_eq!(seen.warnings, named(&[("/columns/hired", "date_detected")]));
        let declared = Reading { date_format: Some(DateFormat::MonthFirst), ..Reading::default() };
        let seen = read(text, &declared).expect("a table");
        assert_eq!(seen.rows[1]["hired"], "2020-03-04");
        assert_eq!(seen.faults[0], ("/hired".to_owned(), "date_unlike"));
        assert_eq!(seen.warnings, []);
    }

    #[test]
    fn a_mapping_names_columns_and_values() {
        let mut reading = Reading {
            columns: vec![
                ("Emp. no".to_owned(), Some("number".to_owned())),
                ("Hire, date:".to_owned(), Some("hired".to_owned())),
                ("Boss".to_owned(), None),
                ("Grade".to_owned(), Some("level".to_owned())),
            ],
            values: [("name".to_owned(), [("-".to_owned(), None)].into())].into(),
            ..Reading::default()
        };
        let text = "EMP.  NO,\"Hire, Date:\",Boss,Name,Shoe size\nE1,2024-03-01,X,-,42\n";
        assert_eq!(read(text, &reading).err(), Some(named(&[("", "column_unknown")])));
        reading.ignore_others = true;
        let seen = read(text, &reading).expect("a table");
        assert_eq!(seen.rows, [json!({ "number": "E1", "hired": "2024-03-01", "name": null })]);
        assert_eq!(seen.warnings, named(&[("/columns/Grade", "column_absent")]));
        reading.columns[2].1 = Some("height".to_owned());
        let faults = read(text, &reading).err();
        assert_eq!(faults, Some(named(&[("", "column_unknown")])), "others, not what was named");
    }

    #[test]
    fn new_names_are_read_with_commas_and_colons_in_headings() {
        let read = |list: &str| renamed_columns("/query/columns", list).ok();
        let pair = |theirs: &str, ours: Option<&str>| (theirs.to_owned(), ours.map(str::to_owned));
        assert_eq!(read("a:b,c:"), Some(vec![pair("a", Some("b")), pair("c", None)]));
        let quoted = Some(vec![pair("Name, first:", Some("name")), pair("x", Some("y"))]);
        assert_eq!(read("\"Name, first::name\",x:y"), quoted);
        assert_eq!((read(""), read("a"), read("a:b,c")), (None, None, None));
    }
}
