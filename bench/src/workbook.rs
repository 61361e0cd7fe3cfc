//! A workbook as spreadsheet programs save it: the texts stand apart, and the cells refer to them.

use crate::Result;
use chrono::NaiveDate;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const MEDIA: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";
/// The media type of a workbook.
pub const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The content of a cell.
pub enum Cell<'c> {
    Text(Cow<'c, str>),
    Day(NaiveDate),
}

/// A workbook of one sheet: headings, and rows of as many cells.
pub fn workbook<'c, const COLUMNS: usize>(
    headings: &[&'c str; COLUMNS],
    rows: impl Iterator<Item = [Cell<'c>; COLUMNS]>,
) -> Result<Vec<u8>> {
    let mut places = HashMap::new();
    let (mut texts, mut sheet) = (String::new(), String::new());
    let headings = headings.map(|heading| Cell::Text(heading.into()));
    for (row, cells) in (1..).zip(std::iter::once(headings).chain(rows)) {
        write!(sheet, r#"<row r="{row}">"#)?;
        for (column, cell) in ('A'..).zip(cells) {
            match cell {
                Cell::Text(text) if text.is_empty() => {}
                Cell::Text(text) => {
                    let next = places.len();
                    let place = *places.entry(text).or_insert_with_key(|text| {
                        let text = text.replace('&', "&amp;").replace('<', "&lt;");
                        texts += &format!("<si><t>{text}</t></si>");
                        next
                    });
                    write!(sheet, r#"<c r="{column}{row}" t="s"><v>{place}</v></c>"#)?;
                }
                Cell::Day(day) => {
                    let eve = NaiveDate::from_ymd_opt(1899, 12, 30).ok_or("no such day")?;
                    let serial = (day - eve).num_days();
                    write!(sheet, r#"<c r="{column}{row}" s="1"><v>{serial}</v></c>"#)?;
                }
            }
        }
        sheet += "</row>";
    }
    let count = places.len();
    let relation = |id, kind, target| {
        format!(r#"<Relationship Id="{id}" Type="{OFFICE}/{kind}" Target="{target}"/>"#)
    };
    let relations = |all: String| {
        format!(r#"<Relationships xmlns="{PACKAGE}/relationships">{all}</Relationships>"#)
    };
    let part = |name, kind| {
        format!(r#"<Override PartName="/xl/{name}" ContentType="{MEDIA}.{kind}+xml"/>"#)
    };
    let parts = part("workbook.xml", "sheet.main")
        + &part("styles.xml", "styles")
        + &part("sharedStrings.xml", "sharedStrings")
        + &part("worksheets/sheet1.xml", "worksheet");
    let xml = r#"<Default Extension="xml" ContentType="application/xml"/>"#;
    let rels = "application/vnd.openxmlformats-package.relationships+xml";
    let rels = format!(r#"<Default Extension="rels" ContentType="{rels}"/>"#);
    let styles = r#"<fonts count="1"><font/></fonts><fills count="1"><fill/></fills>
        <borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>
        <cellXfs count="2"><xf/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>"#;
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [
        (
            "[Content_Types].xml",
            format!(r#"<Types xmlns="{PACKAGE}/content-types">{rels}{xml}{parts}</Types>"#),
        ),
        ("_rels/.rels", relations(relation("r1", "officeDocument", "xl/workbook.xml"))),
        (
            "xl/workbook.xml",
            format!(
                r#"<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>
                <sheet name="People" sheetId="1" r:id="r1"/></sheets></workbook>"#
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            relations(
                relation("r1", "worksheet", "worksheets/sheet1.xml")
                    + &relation("r2", "styles", "styles.xml")
                    + &relation("r3", "sharedStrings", "sharedStrings.xml"),
            ),
        ),
        ("xl/styles.xml", format!(r#"<styleSheet xmlns="{MAIN}">{styles}</styleSheet>"#)),
        (
            "xl/sharedStrings.xml",
            format!(r#"<sst xmlns="{MAIN}" uniqueCount="{count}">{texts}</sst>"#),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!(r#"<worksheet xmlns="{MAIN}"><sheetData>{sheet}</sheetData></worksheet>"#),
        ),
    ] {
        archive.start_file(name, SimpleFileOptions::default())?;
        archive.write_all(br#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#)?;
        archive.write_all(text.as_bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}
