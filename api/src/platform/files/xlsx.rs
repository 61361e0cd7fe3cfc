//! A workbook of one sheet, written row by row (Office Open XML, ECMA-376).
//!
//! A sheet is compressed while it grows, so that neither the rows nor the archive are ever held
//! completely in memory. Text is written into the cells as text, which a spreadsheet never
//! computes.

use crate::platform::refusal::Refusal;
use crate::platform::xml::Escaped;
use chrono::NaiveDate;
use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::rc::Rc;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The media type.
pub const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Maximum number of rows that a spreadsheet reads.
const MAX_ROWS: u32 = 1_048_576;

/// Cell formats, by their position in `STYLES`.
const DECIMAL: u8 = 1;
const DAY: u8 = 2;

const CONTENT_TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"#;
const PACKAGE: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const WORKBOOK: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Export" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const RELATIONSHIPS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#;
const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/></numFmts><fonts count="1"><font/></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf/><xf numFmtId="2" applyNumberFormat="1"/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs></styleSheet>"#;
const SHEET: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#;

/// Output of the archive that has not been taken yet.
#[derive(Clone, Default)]
struct Written(Rc<RefCell<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Content of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'c> {
    /// An empty cell.
    Empty,
    /// Text, never computed.
    Text(&'c str),
    /// A decimal with two decimal places.
    Decimal(&'c str),
    /// A whole number.
    Whole(i32),
    /// A day.
    Day(NaiveDate),
}

impl<'c> Cell<'c> {
    /// A text, or an empty cell.
    pub fn text(text: Option<&'c str>) -> Self {
        text.map_or(Self::Empty, Self::Text)
    }

    /// A day, or an empty cell.
    pub fn day(day: Option<NaiveDate>) -> Self {
        day.map_or(Self::Empty, Self::Day)
    }
}

/// A workbook being written.
pub struct Workbook {
    archive: ZipWriter<StreamWriter<Written>>,
    written: Written,
    row: String,
    rows: u32,
}

impl Workbook {
    /// Begins a workbook.
    pub fn begin() -> Result<Self, Refusal> {
        let written = Written::default();
        let mut archive = ZipWriter::new_stream(written.clone());
        // The file contains no time of creation, so the same rows give the same bytes.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default());
        for (name, text) in [
            ("[Content_Types].xml", CONTENT_TYPES),
            ("_rels/.rels", PACKAGE),
            ("xl/workbook.xml", WORKBOOK),
            ("xl/_rels/workbook.xml.rels", RELATIONSHIPS),
            ("xl/styles.xml", STYLES),
            ("xl/worksheets/sheet1.xml", SHEET),
        ] {
            archive.start_file(name, options).map_err(internal)?;
            archive.write_all(text.as_bytes()).map_err(internal)?;
        }
        Ok(Self { archive, written, row: String::new(), rows: 0 })
    }

    /// Adds a row.
    pub fn row<'c>(&mut self, cells: impl Iterator<Item = Cell<'c>>) -> Result<(), Refusal> {
        self.rows += 1;
        if self.rows > MAX_ROWS {
            return Err(internal("a sheet holds no more rows"));
        }
        self.row.clear();
        self.write_row(cells).map_err(internal)?;
        self.archive.write_all(self.row.as_bytes()).map_err(internal)
    }

    fn write_row<'c>(&mut self, cells: impl Iterator<Item = Cell<'c>>) -> std::fmt::Result {
        let Self { row, rows, .. } = self;
        write!(row, r#"<row r="{rows}">"#)?;
        for (number, cell) in cells.enumerate() {
            let place = Column(number);
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => write!(
                    row,
                    r#"<c r="{place}{rows}" t="inlineStr"><is><t xml:space="preserve">{}</t></is></c>"#,
                    Escaped(&literal(text))
                )?,
                Cell::Decimal(value) => {
                    write!(row, r#"<c r="{place}{rows}" s="{DECIMAL}"><v>{value}</v></c>"#)?;
                }
                Cell::Whole(value) => write!(row, r#"<c r="{place}{rows}"><v>{value}</v></c>"#)?,
                Cell::Day(day) => match serial(day) {
                    Some(serial) => {
                        write!(row, r#"<c r="{place}{rows}" s="{DAY}"><v>{serial}</v></c>"#)?;
                    }
                    None => write!(
                        row,
                        r#"<c r="{place}{rows}" t="inlineStr"><is><t>{day}</t></is></c>"#
                    )?,
                },
            }
        }
        row.push_str("</row>");
        Ok(())
    }

    /// The output since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.written.0.borrow_mut())
    }

    /// Ends the workbook and returns the output not taken yet.
    pub fn end(mut self) -> Result<Vec<u8>, Refusal> {
        self.archive.write_all(b"</sheetData></worksheet>").map_err(internal)?;
        self.archive.finish().map_err(internal)?;
        Ok(self.written.0.take())
    }
}

fn internal(error: impl std::fmt::Display) -> Refusal {
    Refusal::Internal(format!("a workbook: {error}"))
}

/// The letters of a column, counted from 0, as spreadsheet programs show them.
pub struct Column(pub usize);

impl std::fmt::Display for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(before) = (self.0 / 26).checked_sub(1) {
            Self(before).fmt(f)?;
        }
        f.write_char(char::from(b'A' + (self.0 % 26) as u8))
    }
}

/// A text in which sequences such as `_x000A_`, which spreadsheets read as one character, are kept
/// literally.
fn literal(text: &str) -> Cow<'_, str> {
    let is_code = |at: usize| {
        let digits = text.as_bytes().get(at + 2..at + 7);
        text[at..].starts_with("_x")
            && digits.is_some_and(|digits| {
                digits[4] == b'_' && digits[..4].iter().all(u8::is_ascii_hexdigit)
            })
    };
    let codes: Vec<usize> =
        text.match_indices('_').map(|(at, _)| at).filter(|at| is_code(*at)).collect();
    if codes.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = text.to_owned();
    for at in codes.into_iter().rev() {
        out.replace_range(at..=at, "_x005F_");
    }
    Cow::Owned(out)
}

/// The serial number of a day in spreadsheets. None before March 1900, because spreadsheets count a
/// day that did not exist.
fn serial(day: NaiveDate) -> Option<i64> {
    let eve = NaiveDate::from_ymd_opt(1899, 12, 30)?;
    Some((day - eve).num_days()).filter(|days| *days > 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_letters() {
        for (column, letters) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!(Column(column).to_string(), letters);
        }
    }

    #[test]
    fn what_looks_like_a_code_is_kept_as_it_is() {
        assert_eq!(literal("a_x0041_b _x41_ _x00g1_"), "a_x005F_x0041_b _x41_ _x00g1_");
        assert_eq!(literal("研_x0041_"), "研_x005F_x0041_");
        assert_eq!(literal("_x004"), "_x004");
    }

    #[test]
    fn days_are_counted_as_spreadsheets_do() {
        let serial = |text: &str| serial(text.parse().unwrap());
        assert_eq!(serial("1900-03-01"), Some(61));
        assert_eq!(serial("2024-02-29"), Some(45351));
        assert_eq!(serial("1900-02-28"), None);
    }

    #[test]
    fn the_same_rows_are_the_same_bytes_in_whatever_parts_they_are_taken() {
        let file = |parts: bool| {
            let mut book = Workbook::begin().unwrap();
            let mut bytes = Vec::new();
            for number in 0..3 {
                book.row([Cell::Text("=1+1"), Cell::Empty, Cell::Whole(number)].into_iter())
                    .unwrap();
                if parts {
                    bytes.extend(book.take());
                }
            }
            bytes.extend(book.end().unwrap());
            bytes
        };
        assert_eq!(file(false), file(true));
    }
}
