//! The rows of a workbook (Office Open XML, ECMA-376).
//!
//! An archive is checked before anything in it is read: how many parts it has, and how large each of
//! them becomes, counted while it is inflated and not as the archive says. Its sheet is then read cell
//! by cell, so that a sheet of a million empty rows takes no memory.

use super::decode::{MAX_ROW, Put, too_long};
use super::table::{Content, Lines, Properties, read_table};
use super::xlsx::Column as Letters;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use calamine::{
    DataRef, Dimensions, ExcelDateTime, Reader as _, SheetType, SheetVisible, Xlsx, XlsxCellReader,
};
use std::fmt::Write as _;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use zip::ZipArchive;

/// Maximum number of parts of a workbook.
const MAX_PARTS: usize = 1000;
/// Maximum number of bytes of a sheet.
const MAX_SHEET: u64 = 256 << 20;
/// Maximum number of bytes of any other part, such as the texts that the cells share.
const MAX_PART: u64 = 64 << 20;
/// Maximum number of bytes of all parts.
const MAX_ALL: u64 = 512 << 20;
/// How many times larger than the archive its parts may be where they are large. What people enter
/// is compressed to a tenth.
const MAX_RATIO: u64 = 200;
/// Parts up to this size may be compressed however well: a small empty sheet is.
const SMALL: u64 = 64 << 20;
/// Maximum number of bytes of the cells of a sheet. Cells share texts, so that a small file could
/// show much more.
const MAX_CELLS: usize = 64 << 20;
/// Number of columns of a sheet.
const MAX_COLUMNS: u32 = 16_384;

/// The attribute by which a workbook says how many texts its cells share.
const COUNT: &[u8] = b"uniqueCount";
/// Number of bytes in which that attribute has to end.
const COUNT_ENDS: usize = 128;

type Book<'b> = Xlsx<Cursor<&'b [u8]>>;

/// Reads the rows of a sheet: the one that is named, otherwise the first visible one.
///
/// # Errors
/// The workbook is too large or damaged, or has no such sheet.
pub fn read(
    bytes: &[u8],
    sheet: Option<&str>,
    properties: &Properties<'_>,
    sink: &mut dyn Put,
) -> Result<(), Refusal> {
    check(bytes)?;
    // The parser is the work of others and meets files that nobody has foreseen.
    let read = catch_unwind(AssertUnwindSafe(|| read_checked(bytes, sheet, properties, sink)));
    read.unwrap_or_else(|_| Err(unreadable("the parser panicked")))
}

fn read_checked(
    bytes: &[u8],
    sheet: Option<&str>,
    properties: &Properties<'_>,
    sink: &mut dyn Put,
) -> Result<(), Refusal> {
    let mut book = Book::new(Cursor::new(bytes)).map_err(unreadable)?;
    let name = chosen(&book, sheet, sink)?;
    let merged = book.merge_cells_by_sheet_name(&name).map_err(unreadable)?;
    if !merged.is_empty() {
        let warning = Violation::new("", "merged_cells").with("count", merged.len());
        sink.warn(warning.with("sheet", &name));
    }
    let cells = book.worksheet_cells_reader(&name).map_err(unreadable)?;
    let mut lines = SheetLines {
        cells,
        next: None,
        has_ended: false,
        line: Line::default(),
        merged,
        total: 0,
        headings: None,
    };
    read_table(&mut lines, properties, sink)
}

fn refused(code: &'static str) -> Refusal {
    Refusal::Invalid(vec![Violation::new("", code)])
}

fn unreadable(error: impl std::fmt::Display) -> Refusal {
    log::debug!("a workbook cannot be read: {error}");
    refused("workbook_unreadable")
}

/// The sheet to read. Says which sheets are left out.
fn chosen(book: &Book<'_>, wanted: Option<&str>, sink: &mut dyn Put) -> Result<String, Refusal> {
    let sheets: Vec<_> =
        book.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet).collect();
    let visible = |visible: bool| {
        let some = sheets.iter().filter(move |it| (it.visible == SheetVisible::Visible) == visible);
        some.map(|sheet| sheet.name.as_str())
    };
    let name = match wanted {
        Some(wanted) => {
            let is_wanted = |name: &str| name.trim().to_lowercase() == wanted.trim().to_lowercase();
            sheets.iter().map(|sheet| sheet.name.as_str()).find(|name| is_wanted(name))
        }
        None => visible(true).next(),
    };
    let Some(name) = name else {
        let known = visible(true).collect::<Vec<_>>().join(", ");
        let pointer = if wanted.is_some() { "/query/sheet" } else { "" };
        let fault = Violation::new(pointer, "sheet_unknown").with("known", known);
        return Err(Refusal::Invalid(vec![fault.with("value", wanted.unwrap_or_default())]));
    };
    for (others, code) in [(true, "other_sheets"), (false, "hidden_sheets")] {
        let others: Vec<_> = visible(others).filter(|other| *other != name).collect();
        if !others.is_empty() {
            let warning = Violation::new("", code).with("value", others.join(", "));
            sink.warn(warning.with("sheet", name));
        }
    }
    Ok(name.to_owned())
}

/// Refuses an archive that is damaged, or whose parts are more or larger than any list of people.
fn check(bytes: &[u8]) -> Result<(), Refusal> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(unreadable)?;
    if archive.len() > MAX_PARTS {
        return Err(refused("workbook_too_large"));
    }
    let compressed = bytes.len() as u64;
    let mut all = 0;
    for number in 0..archive.len() {
        let mut part = archive.by_index(number).map_err(unreadable)?;
        let name = part.name().map_err(unreadable)?.replace('\\', "/").to_lowercase();
        let last = name.rsplit('/').next().unwrap_or_default();
        let has_count = last == "sharedstrings.xml";
        let most = if name.contains("/worksheets/sheet") { MAX_SHEET } else { MAX_PART };
        all += inflate(&mut part, most.min(MAX_ALL - all), has_count)?;
        if all > SMALL && all / MAX_RATIO > compressed {
            return Err(refused("workbook_too_large"));
        }
    }
    Ok(())
}

/// Inflates a part of at most `most` bytes and throws it away. Returns its size.
fn inflate(part: &mut impl std::io::Read, most: u64, has_count: bool) -> Result<u64, Refusal> {
    let mut size = 0;
    let mut buffer = vec![0; 64 << 10];
    let mut count = Count::default();
    loop {
        let read = part.read(&mut buffer).map_err(unreadable)?;
        size += read as u64;
        if size > most {
            return Err(refused("workbook_too_large"));
        }
        if has_count {
            count.look(&buffer[..read], read == 0)?;
        }
        if read == 0 {
            break;
        }
    }
    // The parser sets memory aside for as many texts as the part says that it has.
    if count.most > size { Err(unreadable("more texts than bytes")) } else { Ok(size) }
}

/// Looks for the number of texts that a part says it has.
#[derive(Default)]
struct Count {
    /// The end of what was seen before, in which the attribute may have begun.
    rest: Vec<u8>,
    /// The largest number so far.
    most: u64,
}

impl Count {
    fn look(&mut self, bytes: &[u8], is_last: bool) -> Result<(), Refusal> {
        // XML has neither, but they would hide the attribute in an encoding that is not like ASCII.
        if bytes.contains(&0) || bytes.contains(&0x1b) {
            return Err(unreadable("texts that are not like ASCII"));
        }
        self.rest.extend_from_slice(bytes);
        let end = if is_last { 0 } else { COUNT_ENDS };
        let seen = self.rest.len().saturating_sub(end);
        for at in 0..seen {
            if self.rest[at..].starts_with(COUNT) {
                let behind = &self.rest[at + COUNT.len()..];
                let behind = &behind[..behind.len().min(COUNT_ENDS - COUNT.len())];
                let number = number(behind).ok_or_else(|| unreadable("no count of texts"))?;
                self.most = self.most.max(number);
            }
        }
        self.rest.drain(..seen);
        Ok(())
    }
}

/// The number in `="17"`.
fn number(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, text) = text.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
    let end = text.iter().position(|byte| byte == quote)?;
    std::str::from_utf8(&text[..end]).ok()?.trim().parse().ok()
}

/// A cell of a sheet as text.
#[derive(Clone, Debug, Default)]
struct Text {
    text: String,
    is_computed: bool,
    has_value: bool,
}

/// A line of a sheet.
#[derive(Default)]
struct Line {
    /// Its number, from 0.
    row: u32,
    cells: Vec<Text>,
    width: usize,
    /// Number of bytes of its texts.
    size: usize,
}

/// The lines of a sheet that have cells.
struct SheetLines<'a, 'b> {
    cells: XlsxCellReader<'a, Cursor<&'b [u8]>>,
    /// The first cell of the next line.
    next: Option<(u32, u32, Text)>,
    /// Whether the last cell has been read; the parser cannot be asked again.
    has_ended: bool,
    line: Line,
    /// The cells that are merged.
    merged: Vec<Dimensions>,
    /// Number of bytes of all texts so far.
    total: usize,
    /// Number of headings.
    headings: Option<usize>,
}

impl SheetLines<'_, '_> {
    fn next_cell(&mut self) -> Result<Option<(u32, u32, Text)>, Refusal> {
        if let Some(next) = self.next.take() {
            return Ok(Some(next));
        }
        if self.has_ended {
            return Ok(None);
        }
        let cell = self.cells.next_cell_with_formula_metadata().map_err(unreadable)?;
        self.has_ended = cell.is_none();
        Ok(cell.map(|cell| {
            let (row, column) = cell.pos;
            let is_computed = cell.formula.is_some();
            let has_value = cell.value != DataRef::Empty;
            (row, column, Text { text: shown(&cell.value), is_computed, has_value })
        }))
    }

    /// Refuses headings of which several share one cell: the others would have none.
    fn check_headings(&self) -> Result<(), Refusal> {
        let row = self.line.row;
        let merged = self.merged.iter().find(|it| it.start.0 <= row && row <= it.end.0);
        let Some(Dimensions { start, end }) = merged else { return Ok(()) };
        let name = |(row, column): (u32, u32)| format!("{}{}", Letters(column as usize), row + 1);
        let fault = Violation::new("", "merged_headings");
        let range = format!("{}:{}", name(*start), name(*end));
        Err(Refusal::Invalid(vec![fault.with("value", range)]))
    }
}

impl Lines for SheetLines<'_, '_> {
    fn advance(&mut self, place: Option<usize>) -> Result<bool, Refusal> {
        let Some((row, mut column, mut text)) = self.next_cell()? else { return Ok(false) };
        self.line.row = row;
        self.line.size = 0;
        self.line.cells.clear();
        loop {
            if column >= MAX_COLUMNS {
                return Err(unreadable("a column beyond the last"));
            }
            self.line.size += text.text.len();
            self.total += text.text.len();
            if self.line.size > MAX_ROW {
                let pointer = place.map(|place| format!("/{place}")).unwrap_or_default();
                return Err(Refusal::Invalid(vec![too_long(pointer)]));
            }
            if self.total > MAX_CELLS {
                return Err(refused("workbook_too_large"));
            }
            let at = column as usize;
            if self.line.cells.len() <= at {
                self.line.cells.resize(at + 1, Text::default());
            }
            self.line.cells[at] = text;
            match self.next_cell()? {
                None => break,
                Some((next, to, what)) if next == row => (column, text) = (to, what),
                other => {
                    self.next = other;
                    break;
                }
            }
        }
        if place.is_none() && self.line.cells.iter().any(|cell| !cell.text.trim().is_empty()) {
            self.headings = Some(self.line.cells.len());
            self.check_headings()?;
        }
        // Empty cells at the end of a row are left out of a sheet.
        self.line.width = self.line.cells.len().max(self.headings.unwrap_or_default());
        Ok(true)
    }

    fn number(&self) -> usize {
        self.line.row as usize + 1
    }

    fn width(&self) -> usize {
        self.line.width
    }

    fn cell(&self, column: usize) -> Content<'_> {
        match self.line.cells.get(column) {
            None => Content::Given(""),
            Some(cell) if cell.is_computed && !cell.has_value => Content::Uncomputed,
            Some(cell) if cell.is_computed => Content::Computed(&cell.text),
            Some(cell) => Content::Given(&cell.text),
        }
    }
}

/// A value as text: numbers in full, days as the contract writes them.
fn shown(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.clone()
        }
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => decimal(*number),
        DataRef::Bool(is) => is.to_string(),
        DataRef::DateTime(instant) => day(instant),
        DataRef::Error(error) => error.to_string(),
    }
}

/// A number in full. One with more digits than a sheet keeps is shown as rounded.
fn decimal(number: f64) -> String {
    if number.abs() >= 1e15 {
        return format!("{number:E}").replace('E', "E+");
    }
    number.to_string()
}

fn day(instant: &ExcelDateTime) -> String {
    if instant.is_duration() {
        return decimal(instant.as_f64());
    }
    let (year, month, day, hour, minute, second, millisecond) = instant.to_ymd_hms_milli();
    let mut text = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second, millisecond) != (0, 0, 0, 0) {
        let _ = write!(text, " {hour:02}:{minute:02}:{second:02}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::decode::{Rows, SentRow, decode};
    use super::super::fixtures::FixtureRow;
    use super::super::format::Format;
    use super::super::table::Reading;
    use super::super::xlsx::{Cell, Workbook};
    use super::*;
    use chrono::NaiveDate;
    use std::io::Write;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

    /// A workbook of sheets: name, state, and what is in it.
    fn book(sheets: &[(&str, &str, &str)], more: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let mut part = |name: &str, bytes: &[u8]| {
            archive.start_file(name, SimpleFileOptions::default()).expect("a part");
            archive.write_all(bytes).expect("bytes");
        };
        let relation = |id: &str, kind: &str, target: &str| {
            format!(r#"<Relationship Id="{id}" Type="{RELATIONS}/{kind}" Target="{target}"/>"#)
        };
        let relations = |all: String| {
            let of = "http://schemas.openxmlformats.org/package/2006/relationships";
            format!(r#"<Relationships xmlns="{of}">{all}</Relationships>"#)
        };
        let package = relations(relation("r", "officeDocument", "xl/workbook.xml"));
        part("_rels/.rels", package.as_bytes());
        let (mut list, mut targets) = (String::new(), String::new());
        for (number, (name, state, rows)) in (1..).zip(sheets) {
            list += &format!(
                r#"<sheet name="{name}" sheetId="{number}" state="{state}" r:id="r{number}"/>"#
            );
            let target = format!("worksheets/sheet{number}.xml");
            targets += &relation(&format!("r{number}"), "worksheet", &target);
            let sheet = format!(r#"<worksheet xmlns="{MAIN}">{rows}</worksheet>"#);
            part(&format!("xl/{target}"), sheet.as_bytes());
        }
        let workbook = format!(
            r#"<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{list}</sheets></workbook>"#
        );
        part("xl/workbook.xml", workbook.as_bytes());
        part("xl/_rels/workbook.xml.rels", relations(targets).as_bytes());
        more.iter().for_each(|(name, bytes)| part(name, bytes));
        archive.finish().expect("an archive").into_inner()
    }

    fn text(place: &str, text: &str) -> String {
        format!(r#"<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>"#)
    }

    fn row(number: usize, cells: &[String]) -> String {
        format!(r#"<row r="{number}">{}</row>"#, cells.concat())
    }

    fn data(rows: &[String]) -> String {
        format!("<sheetData>{}</sheetData>", rows.concat())
    }

    type Read = Result<Rows<<FixtureRow as SentRow>::Row>, Vec<Violation>>;

    fn read_by(reading: &Reading, bytes: &[u8]) -> Read {
        decode::<FixtureRow>(Format::Workbook, reading, bytes).map_err(|refusal| match refusal {
            Refusal::Invalid(faults) => faults,
            other => panic!("{other:?}"),
        })
    }

    fn read(bytes: &[u8]) -> Read {
        read_by(&Reading::default(), bytes)
    }

    fn refused(bytes: &[u8]) -> &'static str {
        read(bytes).expect_err("it cannot be read")[0].code
    }

    fn numbers(read: &Read) -> Vec<&str> {
        let rows = read.as_ref().expect("rows").rows.iter();
        rows.map(|(_, row, _)| row.number.as_str()).collect()
    }

    fn warnings(read: &Read) -> Vec<&'static str> {
        read.as_ref().expect("rows").warnings.iter().map(|it| it.code).collect()
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut workbook = Workbook::begin().expect("a workbook");
        let names = ["number", "name", "hired", "level", "ids.hr"];
        workbook.row(names.into_iter().map(Cell::Text)).expect("headings");
        let day = NaiveDate::from_ymd_opt(2024, 3, 1).expect("a day");
        let cells = [
            Cell::Text("00125"),
            Cell::Text("=1_x000A_2"),
            Cell::Day(day),
            Cell::Whole(7),
            Cell::Empty,
        ];
        workbook.row(cells.into_iter()).expect("a row");
        let read = read(&workbook.end().expect("bytes"));
        let rows = read.expect("rows");
        let expected = FixtureRow {
            number: "00125".to_owned(),
            name: Some("=1_x000A_2".to_owned()),
            hired: Some(day),
            level: Some(7),
            boss: None,
            ids: [("hr".to_owned(), None)].into(),
        };
        assert_eq!(rows.rows, [(0, expected, vec![])]);
        assert_eq!((rows.warnings, rows.lines.of(0)), (vec![], Some(2)));
    }

    #[test]
    fn numbers_are_read_in_full_and_formulas_by_their_last_value() {
        let headings = row(1, &[text("A1", "number"), text("B1", "boss"), text("C1", "name")]);
        let rows = [
            headings,
            r#"<row r="3"><c r="A3"><v>10026</v></c><c r="B3"><f>A3+1</f><v>10027</v></c>
               <c r="C3" t="e"><v>#N/A</v></c></row>"#
                .to_owned(),
            r#"<row r="4"><c r="A4"><v>123456789012345678</v></c><c r="B4"><f>A3</f></c></row>"#
                .to_owned(),
        ];
        let read = read(&book(&[("People", "visible", &data(&rows))], &[]));
        assert_eq!(numbers(&read), ["10026", ""]);
        assert_eq!(warnings(&read), ["formula_value"]);
        let rows = read.expect("rows");
        assert_eq!(rows.rows[0].1.boss.as_deref(), Some("10027"));
        let faults = rows.faulty.iter().flat_map(|(_, faults)| faults.first());
        let faults: Vec<_> = faults.map(|it| (it.pointer.as_str(), it.code)).collect();
        let expected = [
            ("/0/name", "error_cell"),
            ("/1/number", "number_cut"),
            ("/1/boss", "formula_without_value"),
        ];
        assert_eq!(faults, expected);
        assert_eq!((rows.lines.of(0), rows.lines.of(1)), (Some(3), Some(4)));
    }

    #[test]
    fn the_first_visible_sheet_is_read_or_the_one_that_is_named() {
        let people =
            |number: &str| data(&[row(1, &[text("A1", "number")]), row(2, &[text("A2", number)])]);
        let (old, now, more) = (people("OLD"), people("NOW"), people("MORE"));
        let sheets = [
            ("Old", "hidden", old.as_str()),
            ("Now", "visible", &now),
            ("More", "visible", &more),
            ("Lists", "veryHidden", &old),
        ];
        let bytes = book(&sheets, &[]);
        let first = read(&bytes);
        assert_eq!(
            (numbers(&first), warnings(&first)),
            (vec!["NOW"], vec!["other_sheets", "hidden_sheets"])
        );
        let named = |sheet: &str| {
            let reading = Reading { sheet: Some(sheet.to_owned()), ..Reading::default() };
            read_by(&reading, &bytes)
        };
        assert_eq!(numbers(&named(" old ")), ["OLD"]);
        let faults = named("Gone").expect_err("there is none");
        assert_eq!((&faults[0].pointer[..], faults[0].code), ("/query/sheet", "sheet_unknown"));
        assert!(faults[0].values.contains(&("known", "Now, More".to_owned())));
        assert_eq!(refused(&book(&sheets[..1], &[])), "sheet_unknown");
    }

    #[test]
    fn merged_headings_are_refused_and_other_merged_cells_said() {
        let rows = data(&[row(1, &[text("A1", "number")]), row(2, &[text("A2", "E1")])]);
        let merged = |range: &str| {
            let cells = format!(r#"{rows}<mergeCells><mergeCell ref="{range}"/></mergeCells>"#);
            read(&book(&[("People", "visible", &cells)], &[]))
        };
        let faults = merged("A1:C1").expect_err("two headings are missing");
        assert_eq!(faults[0].code, "merged_headings");
        assert_eq!(faults[0].values, [("value", "A1:C1".to_owned())]);
        let below = merged("B2:B3");
        assert_eq!((numbers(&below), warnings(&below)), (vec!["E1"], vec!["merged_cells"]));
    }

    #[test]
    fn a_million_empty_rows_are_passed_over() {
        let mut rows = row(1, &[text("A1", "number"), text("B1", "name")]);
        for number in 2..1_000_000 {
            let _ = write!(rows, r#"<row r="{number}"><c r="A{number}" s="1"/></row>"#);
        }
        rows += &row(1_000_000, &[text("A1000000", "LAST")]);
        let read = read(&book(&[("People", "visible", &data(&[rows]))], &[]));
        assert_eq!((numbers(&read), warnings(&read)), (vec!["LAST"], vec!["blank_rows"]));
        assert_eq!(read.expect("rows").lines.of(0), Some(1_000_000));
    }

    #[test]
    fn what_would_fill_the_memory_is_refused_unread() {
        let sheet = data(&[row(1, &[text("A1", "number")])]);
        let with =
            |name: &str, bytes: &[u8]| book(&[("People", "visible", &sheet)], &[(name, bytes)]);
        let zeros = vec![0; usize::try_from(MAX_PART).expect("it fits") + 1];
        assert_eq!(refused(&with("xl/media/bomb.bin", &zeros)), "workbook_too_large");
        let many: Vec<_> = (0..=MAX_PARTS).map(|number| format!("x{number}")).collect();
        let many: Vec<_> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
        assert_eq!(refused(&book(&[("People", "visible", &sheet)], &many)), "workbook_too_large");
        for count in ["99999999999999", "x", &format!("{}7", " ".repeat(200))] {
            let strings = format!(r#"<sst xmlns="{MAIN}" uniqueCount="{count}"></sst>"#);
            let bytes = with("xl/sharedStrings.xml", strings.as_bytes());
            assert_eq!(refused(&bytes), "workbook_unreadable", "{count}");
            let wide: Vec<u8> = strings.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let wide = [&b"\xff\xfe"[..], &wide].concat();
            assert_eq!(refused(&with("xl/sharedStrings.xml", &wide)), "workbook_unreadable");
        }
        let strings = format!(r#"<sst xmlns="{MAIN}" uniqueCount="1"><si><t>E1</t></si></sst>"#);
        numbers(&read(&with("xl/sharedStrings.xml", strings.as_bytes())));
    }

    #[test]
    fn cells_that_share_one_long_text_end_somewhere() {
        let long = "x".repeat(MAX_ROW - 1);
        let strings =
            format!(r#"<sst xmlns="{MAIN}" uniqueCount="1"><si><t>{long}</t></si></sst>"#);
        let mut rows = row(1, &[text("A1", "number"), text("B1", "name")]);
        for number in 2..2_000 {
            let _ = write!(rows, r#"<row r="{number}"><c r="B{number}" t="s"><v>0</v></c></row>"#);
        }
        let sheet = data(&[rows]);
        let more: &[(&str, &[u8])] = &[("xl/sharedStrings.xml", strings.as_bytes())];
        assert_eq!(refused(&book(&[("People", "visible", &sheet)], more)), "workbook_too_large");
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let whole = book(&[("People", "visible", &data(&[row(1, &[text("A1", "number")])]))], &[]);
        assert_eq!(numbers(&read(&whole)), Vec::<&str>::new());
        for length in [0, 10, whole.len() / 2, whole.len() - 1] {
            assert_eq!(refused(&whole[..length]), "workbook_unreadable", "{length} bytes");
        }
        for cell in
            [r#"<c r="AAAAAAAAAAA1"><v>1</v></c>"#, r#"<c r="A99999999999"><v>1</v></c>"#, "<c"]
        {
            let rows = format!(r#"<sheetData><row r="1">{cell}</row></sheetData>"#);
            let read = read(&book(&[("People", "visible", &rows)], &[]));
            assert!(read.is_err(), "{cell}");
        }
    }
}
