//! Reads the first sheet of a workbook, as strictly as a spreadsheet program does.

use roxmltree::{Document, Node};
use std::io::{Cursor, Read};
use zip::ZipArchive;

/// A cell: its type, its format and its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// `inlineStr` for text; empty for a number.
    pub kind: String,
    /// The number of the cell's format.
    pub format: String,
    /// The cell's text.
    pub text: String,
}

/// The rows of the first sheet; each has as many cells as the first row.
///
/// # Panics
/// If the bytes are no workbook.
pub fn rows(bytes: &[u8]) -> Vec<Vec<Cell>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    let mut part = |name: &str| {
        let mut text = String::new();
        archive.by_name(name).expect(name).read_to_string(&mut text).expect("text");
        text
    };
    for name in ["[Content_Types].xml", "_rels/.rels", "xl/styles.xml"] {
        Document::parse(&part(name)).expect("well-formed XML");
    }
    let (workbook, relations) = (part("xl/workbook.xml"), part("xl/_rels/workbook.xml.rels"));
    let workbook = Document::parse(&workbook).expect("well-formed XML");
    let id = first(&workbook, "sheet").attributes().find(|it| it.name() == "id").expect("an id");
    let relations = Document::parse(&relations).expect("well-formed XML");
    let target = relations
        .descendants()
        .find(|node| node.attribute("Id") == Some(id.value()))
        .and_then(|node| node.attribute("Target"))
        .expect("the workbook says where its sheet is");
    let sheet = part(&format!("xl/{target}"));
    let sheet = Document::parse(&sheet).expect("well-formed XML");
    let mut rows = Vec::<Vec<Cell>>::new();
    for row in sheet.descendants().filter(|node| node.tag_name().name() == "row") {
        let number = rows.len() + 1;
        assert_eq!(row.attribute("r"), Some(number.to_string().as_str()));
        let width = rows.first().map_or(0, Vec::len);
        let mut cells = vec![Cell::default(); width];
        for cell in row.children() {
            let place = column(cell.attribute("r").expect("a place"), number);
            cells.resize(cells.len().max(place + 1), Cell::default());
            cells[place] = Cell {
                kind: cell.attribute("t").unwrap_or_default().to_owned(),
                format: cell.attribute("s").unwrap_or_default().to_owned(),
                text: cell
                    .descendants()
                    .filter(Node::is_text)
                    .filter_map(|node| node.text())
                    .collect(),
            };
        }
        assert!(width == 0 || cells.len() == width, "no row is wider than the first one");
        rows.push(cells);
    }
    rows
}

fn first<'a>(document: &'a Document<'a>, name: &str) -> Node<'a, 'a> {
    document.descendants().find(|node| node.tag_name().name() == name).expect("an element")
}

/// The column of a cell reference such as `AB7`, counted from 0.
fn column(place: &str, row: usize) -> usize {
    let letters = place.strip_suffix(&row.to_string()).expect("a place in its row");
    letters.bytes().fold(0, |column, letter| column * 26 + usize::from(letter - b'A') + 1) - 1
}
