//! Streams files in the format that the client requests, from one snapshot, in constant memory.

use super::decode::hex;
use super::json_rows::Trailer;
use super::text::neutralised;
use super::xlsx::{self, Cell, Workbook};
use crate::platform::app::seed;
use crate::platform::caller::Caller;
use crate::platform::extract::{MIN_BYTES_PER_SECOND, accepted};
use crate::platform::places::Place;
use crate::platform::refusal::Refusal;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use domain::access::look::Look;
use domain::core::change::Record;
use domain::core::id::{EmployeeId, ReviewId};
use futures_util::{StreamExt, stream};
use persistence::{Context, Store};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::cell;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Number of lines in one part of the file.
const PART: usize = 1000;
/// Number of parts that may wait for a slow client.
const WAITING: usize = 4;
/// How long a client may keep a file waiting in total, plus one second for every 64 KiB it has
/// taken. The snapshot occupies a connection meanwhile.
const PATIENCE: Duration = Duration::from_secs(15);

/// Format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `text/csv`, in UTF-8.
    Csv,
    /// `application/x-ndjson`: an object per line.
    Ndjson,
    /// A workbook.
    Xlsx,
    /// `application/json`: an array of objects. Of files that are made before they are sent.
    Json,
}

impl Format {
    /// The format that the client prefers; CSV if it has no preference.
    pub fn of(request: &HttpRequest) -> Result<Self, Refusal> {
        let offers = [
            ("text/csv", Self::Csv),
            ("application/x-ndjson", Self::Ndjson),
            (xlsx::MEDIA_TYPE, Self::Xlsx),
        ];
        accepted(request, &offers)
    }

    /// The format that the client prefers of a file that is made before it is sent.
    pub fn of_whole(request: &HttpRequest) -> Result<Self, Refusal> {
        let offers = [
            ("text/csv", Self::Csv),
            ("application/json", Self::Json),
            ("application/x-ndjson", Self::Ndjson),
            (xlsx::MEDIA_TYPE, Self::Xlsx),
        ];
        accepted(request, &offers)
    }

    /// The media type, with its parameters.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
            Self::Xlsx => xlsx::MEDIA_TYPE,
            Self::Json => "application/json",
        }
    }

    /// What the names of such files end on.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Xlsx => "xlsx",
            Self::Json => "json",
        }
    }
}

/// A line of a file: an object in JSON, cells in a table.
pub trait Line: Serialize {
    /// The cells, in the order of the columns.
    fn cells(&self) -> Vec<Cell<'_>>;
}

/// Receives the lines of a file and passes them on, part by part.
pub struct Sink<'s> {
    format: Format,
    workbook: Option<Workbook>,
    part: Vec<u8>,
    digest: Sha256,
    rows: usize,
    withheld: Option<usize>,
    look: Look,
    send: &'s dyn Fn(Vec<u8>, usize, Look) -> Result<(), Refusal>,
}

impl<'s> Sink<'s> {
    /// Begins a file.
    fn begin(
        format: Format,
        bom: bool,
        look: Look,
        send: &'s dyn Fn(Vec<u8>, usize, Look) -> Result<(), Refusal>,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            format,
            workbook: (format == Format::Xlsx).then(Workbook::begin).transpose()?,
            part: if bom { b"\xEF\xBB\xBF".to_vec() } else { Vec::new() },
            digest: Sha256::new(),
            rows: 0,
            withheld: None,
            look,
            send,
        })
    }

    /// Writes the header of a table; call it before the first line.
    pub fn columns<'c>(&mut self, names: impl Iterator<Item = &'c str>) -> Result<(), Refusal> {
        match &mut self.workbook {
            Some(workbook) => workbook.row(names.map(Cell::Text)),
            None if self.format == Format::Csv => {
                write_record(&mut self.part, names.map(|name| neutralised(name).into()))
            }
            None => Ok(()),
        }
    }

    /// Adds a line.
    pub fn line(&mut self, line: &impl Line) -> Result<(), Refusal> {
        match (&mut self.workbook, self.format) {
            (Some(workbook), _) => workbook.row(line.cells().into_iter())?,
            (None, Format::Csv) => {
                write_record(&mut self.part, line.cells().into_iter().map(printed))?;
            }
            (None, Format::Json) => {
                self.part.push(if self.rows == 0 { b'[' } else { b',' });
                write_object(&mut self.part, line)?;
            }
            (None, _) => write_object(&mut self.part, line)?,
        }
        self.rows += 1;
        if self.rows.is_multiple_of(PART) {
            let part = self.take();
            self.digest.update(&part);
            (self.send)(part, self.rows, self.look.take())?;
        }
        Ok(())
    }

    /// Records that the next line shows a review, so that the log of reads has it before the line
    /// is sent.
    pub fn shows(&mut self, review: ReviewId, person: EmployeeId) {
        self.look.add(review, person);
    }

    /// Makes the last line report how many lines are left out because the reader may not see them.
    pub fn withhold(&mut self, count: usize) {
        self.withheld = Some(count);
    }

    fn take(&mut self) -> Vec<u8> {
        let workbook = self.workbook.as_mut().map(Workbook::take);
        workbook.unwrap_or_else(|| std::mem::take(&mut self.part))
    }

    /// Ends the file. Returns its last part, which must still be sent, the look it contains, and
    /// the number of lines.
    fn end(mut self) -> Result<(Vec<u8>, Look, usize), Refusal> {
        if let Some(workbook) = self.workbook.take() {
            return Ok((workbook.end()?, self.look, self.rows));
        }
        if self.format == Format::Ndjson {
            self.digest.update(&self.part);
            let trailer = Trailer {
                rows: self.rows,
                withheld: self.withheld,
                sha256: hex(&self.digest.finalize()),
            };
            write_object(&mut self.part, &trailer)?;
        }
        if self.format == Format::Json {
            self.part.extend(if self.rows == 0 { &b"[]"[..] } else { b"]" });
        }
        Ok((self.part, self.look, self.rows))
    }
}

fn internal(error: impl std::fmt::Display) -> Refusal {
    Refusal::Internal(error.to_string())
}

/// Adds a line of CSV. A spreadsheet whose lists are separated by semicolons or tabs splits a line at
/// these wherever it is not quoted, and would compute what follows one.
fn write_record(part: &mut Vec<u8>, cells: impl Iterator<Item = String>) -> Result<(), Refusal> {
    let cells: Vec<_> = cells.collect();
    let may_split = cells.iter().any(|cell| cell.contains([';', '\t']));
    let style = if may_split { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
    let mut writer = csv::WriterBuilder::new().quote_style(style).from_writer(part);
    writer.write_record(cells).map_err(internal)?;
    writer.flush().map_err(internal)
}

/// A cell as text; content that a spreadsheet would treat as a formula is made text.
fn printed(cell: Cell<'_>) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => neutralised(text).into(),
        Cell::Decimal(value) => value.to_owned(),
        Cell::Whole(value) => value.to_string(),
        Cell::Day(day) => day.to_string(),
    }
}

fn write_object(part: &mut Vec<u8>, object: &impl Serialize) -> Result<(), Refusal> {
    serde_json::to_writer(&mut *part, object).map_err(internal)?;
    part.push(b'\n');
    Ok(())
}

/// A file in memory, for what is small enough. `look` is what has been shown before it.
pub fn whole(
    format: Format,
    bom: bool,
    look: Look,
    write: impl FnOnce(&mut Sink<'_>) -> Result<(), Refusal>,
) -> Result<Vec<u8>, Refusal> {
    let file = cell::RefCell::new(Vec::new());
    let keep = |part: Vec<u8>, _, _| {
        file.borrow_mut().extend(part);
        Ok(())
    };
    let mut sink = Sink::begin(format, bom, look, &keep)?;
    write(&mut sink)?;
    let (last, ..) = sink.end()?;
    let mut file = file.into_inner();
    file.extend(last);
    Ok(file)
}

/// A requested file.
pub struct Export {
    /// Format of the file.
    pub format: Format,
    /// Whether a CSV file begins with a byte order mark.
    pub bom: bool,
    /// Operation id of the request.
    pub operation: &'static str,
    /// Name of the file without its extension.
    pub name: String,
    /// The audit record of the export; format and number of lines are added.
    pub record: Record,
}

/// A part of a file to be sent.
enum Part {
    /// A part that others follow.
    More(Bytes),
    /// The end of the file, or the reason why it failed.
    Last(Result<Bytes, Refusal>),
}

/// Streams the file that `write` fills. The last part is sent only after the audit log records who
/// exported how many lines; a file that the client did not read to its end is recorded too. No part
/// is sent before the log of reads records the reviews it shows.
pub async fn deliver<W>(caller: &Caller, export: Export, write: W) -> Result<HttpResponse, Refusal>
where
    W: Fn(&mut dyn Store, &mut Sink<'_>) -> Result<(), Refusal> + Send + 'static,
{
    let format = export.format;
    let disposition = format!("attachment; filename=\"{}.{}\"", export.name, format.extension());
    let wait = Duration::from_secs(caller.app.settings.database_wait);
    let place = caller.app.exports.take(caller.actor.subject.tenant, 1, wait).await?;
    let mut parts = start(caller, export, write, place);
    // Until the first part, a failure can still be answered as a refusal.
    let (first, rest) = match parts.recv().await {
        Some(Part::More(first)) => (first, Some(parts)),
        Some(Part::Last(last)) => (last?, None),
        None => return Err(Refusal::Internal("an export wrote nothing".into())),
    };
    let rest = stream::unfold(rest, |parts| async {
        let mut parts = parts?;
        Some(match parts.recv().await {
            Some(Part::More(part)) => (Ok(part), Some(parts)),
            Some(Part::Last(last)) => (last, None),
            // An incomplete file must not look complete, so the connection is broken.
            None => (Err(Refusal::Internal("a file was cut off".into())), None),
        })
    });
    let file = stream::once(ready(Ok(first))).chain(rest);
    Ok(HttpResponse::Ok()
        .content_type(format.media_type())
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .streaming(file))
}

/// Starts reading. The reader waits for a slow client, but not for one that is stuck, and keeps its
/// place among the exports while it reads.
fn start<W>(caller: &Caller, export: Export, write: W, place: Place) -> mpsc::Receiver<Part>
where
    W: Fn(&mut dyn Store, &mut Sink<'_>) -> Result<(), Refusal> + Send + 'static,
{
    let (parts, receiver) = mpsc::channel(WAITING);
    let Export { format, bom, operation, record, .. } = export;
    let (app, context) = (caller.app.clone(), caller.context());
    let look = Look::new(operation, &caller.actor.subject);
    actix_web::rt::spawn(async move {
        let (sender, runtime) = (parts.clone(), Handle::current());
        let sent = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&sent);
        let (log, reader, nothing) = (app.clone(), context.clone(), look.clone());
        let read = app.db.snapshot(context.tenant, move |store| {
            // A lost snapshot can be opened again, but a file that has begun cannot be restarted.
            if counted.load(Ordering::Relaxed) > 0 {
                return Err(Refusal::Internal("an export lost its snapshot".into()));
            }
            let patience = cell::Cell::new(PATIENCE);
            let send = |bytes: Vec<u8>, rows: usize, look: Look| {
                if !look.subjects.is_empty() {
                    let reader = Context { seed: seed(), ..reader.clone() };
                    let noting = log.db.write(reader, move |store| store.note_look(look.clone()));
                    runtime.block_on(noting).map_err(Refusal::LookNotLogged)?;
                }
                counted.store(rows, Ordering::Relaxed);
                let earned = Duration::from_secs_f64(bytes.len() as f64 / MIN_BYTES_PER_SECOND);
                let (asked, part) = (Instant::now(), Part::More(bytes.into()));
                // The timeout needs the clock of the runtime, which a reader's thread does not
                // have.
                let sending =
                    async { tokio::time::timeout(patience.get(), sender.send(part)).await };
                let sent = runtime.block_on(sending);
                patience.set(patience.get().saturating_sub(asked.elapsed()) + earned);
                match sent {
                    Ok(Ok(())) => Ok(()),
                    _ => Err(Refusal::Internal("the client of an export went away".into())),
                }
            };
            let mut sink = Sink::begin(format, bom, look.clone(), &send)?;
            write(store, &mut sink)?;
            sink.end()
        });
        let written = read.await;
        drop(place);
        let rows = match &written {
            Ok((_, _, rows)) => *rows,
            Err(_) => sent.load(Ordering::Relaxed),
        };
        let last = match written {
            // Nothing has been sent.
            Err(refusal) if rows == 0 => Err(refusal),
            written => {
                let record = record.field("format", None::<&str>, format.extension()).field(
                    "rows",
                    None::<usize>,
                    rows,
                );
                let look = written.as_ref().map(|(_, look, _)| look.clone()).unwrap_or(nothing);
                let looked = !look.subjects.is_empty();
                let noting = app.db.write(context, move |store| {
                    if !look.subjects.is_empty() {
                        store.note_look(look.clone())?;
                    }
                    Ok(store.note(record.clone())?)
                });
                let noted = noting.await.map_err(|refused| match refused {
                    Refusal::Database(error) if looked => Refusal::LookNotLogged(error),
                    other => other,
                });
                noted.and(written).map(|(last, ..)| Bytes::from(last))
            }
        };
        let _ = tokio::time::timeout(PATIENCE, parts.send(Part::Last(last))).await;
    });
    receiver
}
