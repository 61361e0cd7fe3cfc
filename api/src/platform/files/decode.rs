//! Reads the rows of a bulk request: JSON array, NDJSON or CSV.
//!
//! In every format a row becomes one JSON object, which is checked against the schema that the
//! contract publishes for it.

use super::stretches::in_stretches;
use super::text::unneutralised;
use crate::platform::extract::media_type;
use crate::platform::faults::{Faults, MAX_FAULTS};
use crate::platform::json::{self, check_depth};
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::schema;
use actix_web::HttpRequest;
use actix_web::http::header;
use encoding_rs::{Encoding, GB18030, GBK, UTF_8};
use jsonschema::Validator;
use serde::de::{DeserializeOwned, DeserializeSeed, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;
use utoipa::{PartialSchema, ToSchema};

/// Maximum number of rows of one request.
pub const MAX_ROWS: usize = 50_000;
/// Maximum number of bytes of one row, and so of one cell; more than any valid row has.
pub const MAX_ROW: usize = 64 << 10;
/// Maximum number of faults listed for one row.
const MAX_ROW_FAULTS: usize = 20;

/// Format of the body of a bulk request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `application/json`: an array of objects.
    Json,
    /// `application/x-ndjson`: an object per line.
    Ndjson,
    /// `text/csv` in a character encoding.
    Csv(&'static Encoding),
}

impl Format {
    /// Reads the `Content-Type`. Known character encodings are `utf-8`, `gb18030` and `gbk`.
    pub fn of(request: &HttpRequest) -> Result<Self, Refusal> {
        match media_type(request).as_str() {
            "application/json" => Ok(Self::Json),
            "application/x-ndjson" => Ok(Self::Ndjson),
            "text/csv" => {
                let header = request.headers().get(header::CONTENT_TYPE);
                let header = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
                let charset = header.split(';').find_map(|parameter| {
                    let (name, value) = parameter.split_once('=')?;
                    let named = name.trim().eq_ignore_ascii_case("charset");
                    named.then(|| value.trim().trim_matches('"').to_ascii_lowercase())
                });
                match charset.as_deref() {
                    None | Some("utf-8" | "utf8") => Ok(Self::Csv(UTF_8)),
                    Some("gb18030") => Ok(Self::Csv(GB18030)),
                    Some("gbk") => Ok(Self::Csv(GBK)),
                    Some(_) => Err(Refusal::UnsupportedMediaType),
                }
            }
            _ => Err(Refusal::UnsupportedMediaType),
        }
    }
}

/// A row as it is sent.
pub trait SentRow: DeserializeOwned + ToSchema + 'static {
    /// The row as it is planned.
    type Row: Send;
    /// The row, with its index in the request, from 0.
    fn at(self, place: usize) -> Self::Row;
}

/// The rows of a request: those that could be read, and the faults of the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows<T> {
    /// The rows that could be read.
    pub rows: Vec<T>,
    /// The first rows that could not be read, by index, with their faults.
    pub faulty: Vec<(usize, Faults)>,
    /// Number of rows that could not be read.
    pub unread: usize,
    /// Number of faults of these rows.
    pub faults: usize,
    /// Number of rows in the request.
    pub total: usize,
}

/// Reads the rows of a request, each as a `T` with its index from 0. `columns` renames CSV columns:
/// `theirs:ours,theirs:`, where an empty name leaves a column out.
pub fn decode<T: SentRow>(
    format: Format,
    columns: Option<&str>,
    bytes: &[u8],
) -> Result<Rows<T::Row>, Refusal> {
    let mut sink = Sink::<T>::at(0);
    match format {
        Format::Json => read_json(bytes, &mut sink)?,
        Format::Ndjson => return read_ndjson::<T>(bytes),
        Format::Csv(encoding) => {
            read_csv(&decoded(encoding, bytes)?, &Columns::of::<T>(columns)?, &mut sink)?;
        }
    }
    Ok(sink.rows)
}

/// Takes rows one by one, so that only their results are kept.
struct Sink<T: SentRow> {
    validator: Arc<Validator>,
    rows: Rows<T::Row>,
    sent: PhantomData<fn() -> T>,
}

/// Receives rows from the readers of the formats.
trait Put {
    /// Takes the next row, which `read` reads as JSON unless it finds why that is impossible.
    fn put(&mut self, read: &dyn Fn(&mut Faults) -> Option<Value>) -> Result<(), Refusal>;
}

impl<T: SentRow> Put for Sink<T> {
    fn put(&mut self, read: &dyn Fn(&mut Faults) -> Option<Value>) -> Result<(), Refusal> {
        let place = self.rows.total;
        if place == MAX_ROWS {
            return Err(Refusal::TooManyRows);
        }
        self.rows.total += 1;
        let mut faults = Faults::at_most(MAX_ROW_FAULTS);
        faults.within(&place.to_string(), |faults| {
            if let Some(row) = read(faults) {
                self.read(place, row, faults);
            }
        });
        if !faults.is_empty() {
            self.rows.unread += 1;
            self.rows.faults += faults.total();
            if self.rows.faulty.len() < MAX_FAULTS {
                self.rows.faulty.push((place, faults));
            }
        }
        Ok(())
    }
}

impl<T: SentRow> Sink<T> {
    /// Takes rows from this index in the request on.
    fn at(place: usize) -> Self {
        let none = Rows { rows: vec![], faulty: vec![], unread: 0, faults: 0, total: place };
        Self { validator: schema::validator::<T>(), rows: none, sent: PhantomData }
    }

    fn read(&mut self, place: usize, row: Value, faults: &mut Faults) {
        schema::check(&self.validator, &row, faults);
        if !faults.is_empty() {
            return;
        }
        match serde_json::from_value::<T>(row) {
            Ok(row) => self.rows.rows.push(row.at(place)),
            Err(error) => {
                log::debug!("row passes its schema but cannot be read: {error}");
                faults.push(malformed());
            }
        }
    }

    fn read_lines(mut self, lines: &[&str]) -> Result<Self, Refusal> {
        for line in lines {
            check_depth(line.as_bytes())?;
            self.put(&|faults| object(line, faults))?;
        }
        Ok(self)
    }

    /// Appends the rows of a sink that began at the next index.
    fn append(&mut self, next: Self) {
        let next = next.rows;
        self.rows.rows.extend(next.rows);
        self.rows.faulty.extend(next.faulty);
        self.rows.faulty.truncate(MAX_FAULTS);
        self.rows.unread += next.unread;
        self.rows.faults += next.faults;
        self.rows.total = next.total;
    }
}

fn malformed() -> Violation {
    Violation::new("", "row_malformed")
}

fn too_long(pointer: String) -> Violation {
    Violation::new(pointer, "row_too_long").with("max", MAX_ROW)
}

/// A row that cannot be read.
fn unread(faults: &mut Faults) -> Option<Value> {
    faults.push(malformed());
    None
}

/// A row written as JSON.
fn object(text: &str, faults: &mut Faults) -> Option<Value> {
    if text.len() > MAX_ROW {
        faults.push(too_long(String::new()));
        return None;
    }
    json::read(text.as_bytes(), faults).ok().or_else(|| unread(faults))
}

fn decoded<'b>(encoding: &'static Encoding, bytes: &'b [u8]) -> Result<Cow<'b, str>, Refusal> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or(Refusal::EncodingInvalid)
}

fn read_json(bytes: &[u8], sink: &mut dyn Put) -> Result<(), Refusal> {
    struct Array<'s>(&'s mut dyn Put);

    impl<'de> Visitor<'de> for Array<'_> {
        type Value = Result<(), Refusal>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an array of rows")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Self::Value, A::Error> {
            while let Some(row) = rows.next_element::<&RawValue>()? {
                if let Err(refusal) = self.0.put(&|faults| object(row.get(), faults)) {
                    while rows.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                    return Ok(Err(refusal));
                }
            }
            Ok(Ok(()))
        }
    }

    impl<'de> DeserializeSeed<'de> for Array<'_> {
        type Value = Result<(), Refusal>;

        fn deserialize<D: serde::Deserializer<'de>>(
            self,
            from: D,
        ) -> Result<Self::Value, D::Error> {
            from.deserialize_seq(self)
        }
    }

    let text = decoded(UTF_8, bytes)?;
    check_depth(text.as_bytes())?;
    let mut reader = serde_json::Deserializer::from_str(&text);
    let read = Array(sink).deserialize(&mut reader).and_then(|read| reader.end().map(|()| read));
    read.unwrap_or_else(|error| {
        log::debug!("body cannot be read: {error}");
        Err(Refusal::Malformed(vec![malformed()]))
    })
}

/// The last line of an NDJSON export. The lines before it are complete if both values agree.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trailer {
    /// Number of lines before this one.
    pub rows: usize,
    /// Number of lines left out because the reader may not see them, at least not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<usize>,
    /// SHA-256 of every byte before this line, in hexadecimal.
    pub sha256: String,
}

/// Number of lines that justify a separate thread.
const STRETCH: usize = 5_000;

/// Reads lines on as many threads as there are processors.
fn read_ndjson<T: SentRow>(bytes: &[u8]) -> Result<Rows<T::Row>, Refusal> {
    let text = decoded(UTF_8, bytes)?;
    let (mut lines, mut read) = (Vec::new(), 0);
    let mut broken = false;
    for line in text.split_inclusive('\n') {
        let row = line.trim();
        let last = text.len() == read + line.len();
        if let Some(trailer) = last.then(|| serde_json::from_str::<Trailer>(row).ok()).flatten() {
            let digest = hex(&Sha256::digest(&text.as_bytes()[..read]));
            broken = trailer.rows != lines.len() || trailer.sha256 != digest;
        } else if !row.is_empty() {
            lines.push(row);
        }
        if lines.len() > MAX_ROWS {
            return Err(Refusal::TooManyRows);
        }
        read += line.len();
    }
    let read = |place, lines: &[&str]| Sink::<T>::at(place).read_lines(lines);
    let mut sink = Sink::at(0);
    for next in in_stretches(&lines, STRETCH, read) {
        sink.append(next?);
    }
    if broken {
        sink.put(&unread)?;
    }
    Ok(sink.rows)
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The columns a table may have, and the new names for columns of the file.
struct Columns<'q> {
    known: BTreeSet<String>,
    maps: BTreeSet<String>,
    required: BTreeSet<String>,
    renamed: BTreeMap<&'q str, &'q str>,
}

impl<'q> Columns<'q> {
    /// The properties of the schema; a property that is a map has a column `name.key` for each key.
    fn of<T: PartialSchema>(renaming: Option<&'q str>) -> Result<Self, Refusal> {
        let schema = serde_json::to_value(T::schema()).unwrap_or_default();
        let (mut known, mut maps) = (BTreeSet::new(), BTreeSet::new());
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let is_map = property.get("additionalProperties").is_some();
            if is_map {
                maps.insert(name.clone())
            } else {
                known.insert(name.clone())
            };
        }
        let required = schema["required"].as_array().into_iter().flatten();
        let pairs = renaming.into_iter().flat_map(|list| list.split(','));
        let renamed: Option<BTreeMap<_, _>> = pairs.map(|pair| pair.split_once(':')).collect();
        let renamed = renamed
            .ok_or_else(|| Refusal::Malformed(vec![Violation::new("/query/columns", "pattern")]))?;
        Ok(Self {
            known,
            maps,
            required: required.filter_map(|name| name.as_str().map(str::to_owned)).collect(),
            renamed,
        })
    }

    /// The property of each column of a file; none for a column that is left out.
    fn settle(&self, header: &csv::StringRecord) -> Result<Vec<Option<String>>, Refusal> {
        let mut faults = Faults::default();
        let mut found = Vec::new();
        for theirs in header.iter().map(str::trim) {
            let name = self.renamed.get(theirs).copied().unwrap_or(theirs);
            if name.is_empty() && self.renamed.contains_key(theirs) {
                found.push(None);
                continue;
            }
            let map = name
                .split_once('.')
                .is_some_and(|(map, key)| self.maps.contains(map) && !key.is_empty());
            if !map && !self.known.contains(name) {
                faults.push(Violation::new("", "column_unknown").with("value", theirs));
            } else if found.iter().flatten().any(|other| other == name) {
                faults.push(Violation::new("", "duplicate_in_request").with("value", name));
            }
            found.push(Some(name.to_owned()));
        }
        let missing: Vec<&str> = self
            .required
            .iter()
            .filter(|&name| !found.iter().flatten().any(|column| column == name))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            faults.push(Violation::new("", "columns_missing").with("value", missing.join(", ")));
        }
        if faults.is_empty() { Ok(found) } else { Err(Refusal::Invalid(faults.into())) }
    }

    /// A row of the file as an object.
    fn row(&self, record: &csv::StringRecord, found: &[Option<String>]) -> Value {
        let mut row = Map::with_capacity(found.len());
        for (cell, column) in record.iter().zip(found) {
            let Some(column) = column else { continue };
            let value = match cell {
                "" if self.required.contains(column) => continue,
                "" => Value::Null,
                cell => unneutralised(cell).into(),
            };
            match column.split_once('.') {
                None => row.insert(column.clone(), value),
                Some((map, key)) => {
                    let map = row.entry(map).or_insert_with(|| Map::new().into());
                    map.as_object_mut().and_then(|map| map.insert(key.to_owned(), value))
                }
            };
        }
        Value::Object(row)
    }
}

/// Reads a text and fails if a row is too long: an unclosed quote could make one cell of the rest
/// of the file.
struct Metered<'t> {
    text: &'t [u8],
    /// Bytes read since the last row.
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

fn read_csv(text: &str, columns: &Columns<'_>, sink: &mut dyn Put) -> Result<(), Refusal> {
    let read = Rc::<Cell<usize>>::default();
    let metered = Metered { text: text.as_bytes(), read: Rc::clone(&read) };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter(text)).flexible(true).from_reader(metered);
    let unreadable = |error: csv::Error, pointer: String| match error.kind() {
        csv::ErrorKind::Io(_) => Refusal::Invalid(vec![too_long(pointer)]),
        _ => Refusal::EncodingInvalid,
    };
    let header = reader.headers().map_err(|error| unreadable(error, String::new()))?;
    let found = columns.settle(header)?;
    read.set(0);
    for (place, record) in reader.records().enumerate() {
        let record = record.map_err(|error| unreadable(error, format!("/{place}")))?;
        read.set(0);
        let is_whole = record.len() == found.len();
        sink.put(&|faults| match is_whole {
            true => Some(columns.row(&record, &found)),
            false => unread(faults),
        })?;
    }
    Ok(())
}

/// The separator of a table: whichever of comma, semicolon and tab is most frequent in its first
/// line.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
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
