//! From the bytes of a bulk request to rows: JSON array, NDJSON or CSV.
//!
//! Whatever the format, a row becomes one JSON object, which is checked against the schema that
//! the contract publishes for it.

use super::text::unneutralised;
use crate::extract::{check_depth, media_type};
use crate::problem::Violation;
use crate::refusal::Refusal;
use crate::schema;
use actix_web::HttpRequest;
use actix_web::http::header;
use encoding_rs::{Encoding, GB18030, GBK, UTF_8};
use jsonschema::Validator;
use serde::de::{DeserializeOwned, DeserializeSeed, SeqAccess, Visitor};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::Arc;
use utoipa::{PartialSchema, ToSchema};

/// Most rows of one request.
pub const MAX_ROWS: usize = 50_000;

/// How the body of a bulk request is written.
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
    /// Reads the `Content-Type`; of encodings, `utf-8`, `gb18030` and `gbk` are known.
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
    /// The row at its place in the request, from 0.
    fn at(self, place: usize) -> Self::Row;
}

/// The rows of a request: those that can be read, and what is wrong with the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows<T> {
    /// The rows that can be read.
    pub rows: Vec<T>,
    /// Faults with the places of their rows.
    pub faults: Vec<(usize, Violation)>,
    /// How many rows the request has.
    pub total: usize,
}

/// Reads the rows of a request, each as a `T` with its place from 0. `columns` renames CSV columns:
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

/// Takes rows one by one, so that only what they come to is kept.
struct Sink<T: SentRow> {
    validator: Arc<Validator>,
    rows: Rows<T::Row>,
    sent: PhantomData<fn() -> T>,
}

/// Where the readers of the formats put their rows.
trait Put {
    /// Takes the next row; none if it cannot be read.
    fn put(&mut self, row: Option<Value>) -> Result<(), Refusal>;
}

impl<T: SentRow> Put for Sink<T> {
    fn put(&mut self, row: Option<Value>) -> Result<(), Refusal> {
        let place = self.rows.total;
        if place == MAX_ROWS {
            return Err(Refusal::TooManyRows);
        }
        self.rows.total += 1;
        let Some(value) = row else {
            self.fault(place, Violation::new("", "row_malformed"));
            return Ok(());
        };
        let faults = schema::faults(&self.validator, &value);
        if faults.is_empty() {
            match serde_json::from_value::<T>(value) {
                Ok(row) => self.rows.rows.push(row.at(place)),
                Err(error) => {
                    log::debug!("row passes its schema but cannot be read: {error}");
                    self.fault(place, Violation::new("", "row_malformed"));
                }
            }
        }
        faults.into_iter().for_each(|fault| self.fault(place, fault));
        Ok(())
    }
}

impl<T: SentRow> Sink<T> {
    /// Takes rows from this place in the request on.
    fn at(place: usize) -> Self {
        Self {
            validator: schema::validator::<T>(),
            rows: Rows { rows: Vec::new(), faults: Vec::new(), total: place },
            sent: PhantomData,
        }
    }

    fn read_lines(mut self, lines: &[&str]) -> Result<Self, Refusal> {
        for line in lines {
            check_depth(line.as_bytes())?;
            self.put(serde_json::from_str(line).ok())?;
        }
        Ok(self)
    }

    /// Takes what was taken from the next place on.
    fn append(&mut self, mut next: Self) {
        self.rows.rows.append(&mut next.rows.rows);
        self.rows.faults.append(&mut next.rows.faults);
        self.rows.total = next.rows.total;
    }

    fn fault(&mut self, place: usize, mut violation: Violation) {
        violation.pointer.insert_str(0, &format!("/{place}"));
        self.rows.faults.push((place, violation));
    }
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
            while let Some(row) = rows.next_element::<Value>()? {
                if let Err(refusal) = self.0.put(Some(row)) {
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
        Err(Refusal::Malformed(vec![Violation::new("", "row_malformed")]))
    })
}

/// The last line of an export: what came before it is complete if these agree.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trailer {
    /// Rows before.
    pub rows: usize,
    /// Rows that belong here but may not be shown to whoever asked, at least not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<usize>,
    /// SHA-256 of every byte before, in hexadecimal.
    pub sha256: String,
}

/// Lines that are worth a thread to read them.
const STRETCH: usize = 5_000;

/// Reads lines, each by itself, on as many threads as there are processors.
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
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let stretch = lines.len().div_ceil(threads).max(STRETCH);
    let (first, others) = lines.split_at(stretch.min(lines.len()));
    let mut sink = std::thread::scope(|scope| {
        let others: Vec<_> = others
            .chunks(stretch)
            .enumerate()
            .map(|(number, lines)| (stretch * (number + 1), lines))
            .map(|(place, lines)| scope.spawn(move || Sink::<T>::at(place).read_lines(lines)))
            .collect();
        let mut sink = Sink::at(0).read_lines(first)?;
        for other in others {
            sink.append(other.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Ok::<_, Refusal>(sink)
    })?;
    if broken {
        sink.put(None)?;
    }
    Ok(sink.rows)
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The columns a table may have, and how those of a file are called here.
struct Columns<'q> {
    known: BTreeSet<String>,
    maps: BTreeSet<String>,
    required: BTreeSet<String>,
    renamed: BTreeMap<&'q str, &'q str>,
}

impl<'q> Columns<'q> {
    /// The properties of the schema; one that is a map has a column `name.key` for each key.
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

    /// What each column of a file is, none for those left out.
    fn settle(&self, header: &csv::StringRecord) -> Result<Vec<Option<String>>, Refusal> {
        let mut faults = Vec::new();
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
        if faults.is_empty() { Ok(found) } else { Err(Refusal::Invalid(faults)) }
    }
}

fn read_csv(text: &str, columns: &Columns<'_>, sink: &mut dyn Put) -> Result<(), Refusal> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .flexible(true)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|_| Refusal::EncodingInvalid)?;
    let found = columns.settle(header)?;
    for record in reader.records() {
        let record = record.map_err(|_| Refusal::EncodingInvalid)?;
        let row = (record.len() == found.len()).then(|| {
            let mut row = Map::with_capacity(found.len());
            for (cell, column) in record.iter().zip(&found) {
                let Some(column) = column else { continue };
                let value = match cell {
                    "" if columns.required.contains(column) => continue,
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
        });
        sink.put(row)?;
    }
    Ok(())
}

/// The separator of a table: of comma, semicolon and tab the one its first line has most of.
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
    // Of equals the last one wins, and in doubt that shall be the comma.
    counts.iter().rev().max_by_key(|(_, count)| count).map_or(b',', |(mark, _)| *mark)
}
