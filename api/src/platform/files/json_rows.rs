//! Rows in JSON: an array, or an object per line.

use super::decode::{MAX_ROW, Put, Rows, SentRow, Sink, hex, malformed, too_long};
use super::encodings::decoded;
use super::stretches::in_stretches;
use crate::platform::faults::Faults;
use crate::platform::json::{self, check_depth};
use crate::platform::refusal::Refusal;
use encoding_rs::UTF_8;
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

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

/// Reads an array.
///
/// # Errors
/// It is no array, or has too many rows.
pub fn read_json(bytes: &[u8], sink: &mut dyn Put) -> Result<(), Refusal> {
    struct Array<'s>(&'s mut dyn Put);

    impl<'de> Visitor<'de> for Array<'_> {
        type Value = Result<(), Refusal>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an array of rows")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Self::Value, A::Error> {
            while let Some(row) = rows.next_element::<&RawValue>()? {
                let read = &mut |faults: &mut Faults| object(row.get(), faults);
                if let Err(refusal) = self.0.put(None, read) {
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

    let (text, _) = decoded(Some(UTF_8), bytes)?;
    check_depth(text.as_bytes())?;
    let mut reader = serde_json::Deserializer::from_str(&text);
    let read = Array(sink).deserialize(&mut reader).and_then(|read| reader.end().map(|()| read));
    read.unwrap_or_else(|error| {
        log::debug!("body cannot be read: {error}");
        Err(Refusal::Malformed(vec![malformed()]))
    })
}

/// The last line of an NDJSON export. The lines before it are complete if both values agree.
#[derive(Serialize, Deserialize)]
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
///
/// # Errors
/// There are too many rows, or the text is nested too deeply.
pub fn read_ndjson<T: SentRow>(bytes: &[u8]) -> Result<Rows<T::Row>, Refusal> {
    let (text, _) = decoded(Some(UTF_8), bytes)?;
    let (mut lines, mut read) = (Vec::new(), 0);
    let mut broken = None;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let row = line.trim();
        let last = text.len() == read + line.len();
        if let Some(trailer) = last.then(|| serde_json::from_str::<Trailer>(row).ok()).flatten() {
            let digest = hex(&Sha256::digest(&text.as_bytes()[..read]));
            let is_whole = trailer.rows == lines.len() && trailer.sha256 == digest;
            broken = (!is_whole).then_some(number);
        } else if !row.is_empty() {
            lines.push((number, row));
        }
        if lines.len() > T::MAX_ROWS {
            return Err(Refusal::TooManyRows);
        }
        read += line.len();
    }
    let read = |place, lines: &[(usize, &str)]| read_lines::<T>(place, lines);
    let mut sink = Sink::at(0);
    for next in in_stretches(&lines, STRETCH, read) {
        sink.append(next?);
    }
    for (place, (number, _)) in lines.iter().enumerate() {
        sink.rows.lines.push(place, *number);
    }
    if broken.is_some() {
        sink.put(broken, &mut unread)?;
    }
    Ok(sink.rows)
}

fn read_lines<T: SentRow>(place: usize, lines: &[(usize, &str)]) -> Result<Sink<T>, Refusal> {
    let mut sink = Sink::at(place);
    for (_, line) in lines {
        check_depth(line.as_bytes())?;
        sink.put(None, &mut |faults| object(line, faults))?;
    }
    Ok(sink)
}
