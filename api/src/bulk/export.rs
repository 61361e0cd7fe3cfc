//! Export of employees: one file from one snapshot, in constant memory.

use super::decode::{Trailer, hex};
use super::text::neutralised;
use crate::caller::Caller;
use crate::extract::Query;
use crate::refusal::Refusal;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::NaiveDate;
use domain::policy::{Action, Mask, Visibility, visibility};
use futures_util::stream;
use persistence::{ExportRow, Store};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use utoipa::IntoParams;

/// People in one part of the file.
const PART: usize = 1000;
/// Parts of the file that may wait for a slow client.
const WAITING: usize = 4;
/// How long a client may take nothing: its snapshot holds a connection.
const STALLED: Duration = Duration::from_secs(30);
/// Columns of the file before those of external ids; new ones are only added behind.
const COLUMNS: [&str; 9] = [
    "employee_number",
    "name",
    "email",
    "org_unit_code",
    "position_code",
    "job_title",
    "manager_employee_number",
    "hire_date",
    "termination_date",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    Ndjson,
}

impl Format {
    /// The format a client prefers; CSV where it does not matter.
    fn of(request: &HttpRequest) -> Result<Self, Refusal> {
        let accept = request.headers().get(header::ACCEPT);
        let Some(accept) = accept.and_then(|value| value.to_str().ok()) else {
            return Ok(Self::Csv);
        };
        let wanted = accept.split(',').filter_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let format = match parts.next()? {
                "text/csv" | "text/*" | "*/*" => Self::Csv,
                "application/x-ndjson" | "application/*" => Self::Ndjson,
                _ => return None,
            };
            let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
            let quality = quality.unwrap_or(1.0);
            (quality > 0.0).then_some((format, quality))
        });
        let best = wanted.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map(|(format, _)| format).ok_or(Refusal::NotAcceptable)
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// The day whose units, jobs and managers are shown; today if absent. Of those who begin
    /// later, what holds when they begin.
    as_of: Option<NaiveDate>,
    /// Begin a CSV file with a byte order mark, which some spreadsheets need to read Chinese.
    #[param(default = false)]
    bom: Option<bool>,
}

/// Export employees
///
/// Everyone the caller may export, in the order of numbers, as CSV (UTF-8) or NDJSON by `Accept`,
/// from one consistent snapshot. The columns are those of the import, one `external_ids.<system>`
/// for each system in use, and the file reads back through the import without a change. CSV cells
/// that a spreadsheet would compute begin with an apostrophe. NDJSON ends with a line
/// `{"rows":...,"sha256":"..."}` over every byte before it, so that a cut file is noticed.
#[utoipa::path(tag = "employees", operation_id = "exportEmployees", params(ExportQuery),
    responses((status = 200, description = "The file", content(
        (String = "text/csv", example = json!("employee_number,name,email,org_unit_code,position_code,job_title,manager_employee_number,hire_date,termination_date\nE-0043,Li Na,li.na@example.com,SALES-EU,SALES-REP,,E-0007,2024-03-01,\n")),
        (String = "application/x-ndjson", example = json!("{\"employee_number\":\"E-0043\",\"name\":\"Li Na\"}\n{\"rows\":1,\"sha256\":\"9f86d081884c7d65\"}\n")),
    ))),
    security(("bearer" = []), ("api_key" = ["people:read"])))]
#[get("/employees/export")]
pub async fn export_employees(
    caller: Caller,
    query: Query<ExportQuery>,
) -> Result<HttpResponse, Refusal> {
    let format = Format::of(caller.request())?;
    let today = caller.actor.today;
    let day = query.0.as_of.unwrap_or(today);
    // Who may be exported is settled by the units of today, whatever day is shown.
    let shown = visibility(&caller.actor.subject, Action::EmployeeExport, today)?;
    let bom = format == Format::Csv && query.0.bom.unwrap_or(false);
    let wait = Duration::from_secs(caller.app.settings.database_wait);
    let place = Arc::clone(&caller.app.exports).acquire_owned();
    let Ok(Ok(place)) = tokio::time::timeout(wait, place).await else {
        return Err(Refusal::Overloaded);
    };
    let mut parts = start(&caller, shown, day, format, bom, place);
    // What goes wrong before the first part is still an answer of its own.
    let first = match parts.recv().await {
        Some(Ok(first)) => first,
        Some(Err(refusal)) => return Err(refusal),
        None => return Err(Refusal::Internal("an export wrote nothing".into())),
    };
    let file = stream::unfold((Some(first), parts), |(first, mut parts)| async {
        let part = match first {
            Some(first) => Ok(first),
            None => parts.recv().await?,
        };
        Some((part, (None, parts)))
    });
    Ok(HttpResponse::Ok()
        .content_type(format.media_type())
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"employees-{day}.{}\"", format.extension()),
        ))
        .streaming(file))
}

type Part = Result<Bytes, Refusal>;

/// Starts reading. The reader waits while the client is slow, and ends when it goes away; until
/// then it keeps its place among the exports.
fn start(
    caller: &Caller,
    shown: Visibility,
    day: NaiveDate,
    format: Format,
    bom: bool,
    place: OwnedSemaphorePermit,
) -> mpsc::Receiver<Part> {
    let (parts, receiver) = mpsc::channel(WAITING);
    let started = AtomicBool::new(false);
    let (app, tenant) = (caller.app.clone(), caller.actor.subject.tenant);
    actix_web::rt::spawn(async move {
        let _place = place;
        let (sender, runtime) = (parts.clone(), Handle::current());
        let read = app.db.snapshot(tenant, move |store| {
            // A snapshot that is lost may be opened again, but a file cannot be begun again.
            if started.load(Ordering::Relaxed) {
                return Err(Refusal::Internal("an export lost its snapshot".into()));
            }
            let send = |bytes: Vec<u8>| {
                started.store(true, Ordering::Relaxed);
                // A reader is no thread of the runtime, whose clock the timeout needs.
                let sending =
                    async { tokio::time::timeout(STALLED, sender.send(Ok(bytes.into()))).await };
                match runtime.block_on(sending) {
                    Ok(Ok(())) => Ok(()),
                    _ => Err(Refusal::Internal("the client of an export went away".into())),
                }
            };
            write_file(store, &shown, day, format, bom, &send)
        });
        if let Err(refusal) = read.await {
            let _ = parts.send(Err(refusal)).await;
        }
    });
    receiver
}

/// A row of the file in NDJSON, with the properties of an import.
#[derive(Serialize)]
struct Line<'r> {
    employee_number: &'r str,
    name: &'r str,
    email: Option<&'r str>,
    org_unit_code: Option<&'r str>,
    position_code: Option<&'r str>,
    job_title: Option<&'r str>,
    manager_employee_number: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hire_date: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    termination_date: Option<Option<NaiveDate>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_ids: Option<&'r BTreeMap<String, String>>,
}

/// Writes the whole file, part by part.
fn write_file(
    store: &mut dyn Store,
    shown: &Visibility,
    day: NaiveDate,
    format: Format,
    bom: bool,
    send: &dyn Fn(Vec<u8>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let units = store.visible_units(shown)?;
    // Who is shown by a unit is shown in full; the mask narrows only what is shown of everyone.
    let wide = shown.everyone().is_none_or(|mask| mask >= Mask::Metadata);
    let systems = if wide { store.external_systems()? } else { Vec::new() };
    let mut part = Vec::new();
    if format == Format::Csv {
        part.extend_from_slice(if bom { b"\xEF\xBB\xBF" } else { b"" });
        let external = systems.iter().map(|system| format!("external_ids.{system}"));
        write_record(&mut part, COLUMNS.iter().map(|&name| name.to_owned()).chain(external))?;
    }
    let (mut rows, mut digest) = (0, Sha256::new());
    let mut write = |row: ExportRow| {
        match format {
            Format::Csv => write_record(&mut part, cells(&row, &systems, wide))?,
            Format::Ndjson => write_line(&mut part, &row, wide)?,
        }
        rows += 1;
        if rows % PART > 0 {
            return Ok(());
        }
        digest.update(&part);
        send(std::mem::take(&mut part))
    };
    let mut written = Ok(());
    store.export(shown, units.as_deref(), day, &mut |row| match write(row) {
        Ok(()) => ControlFlow::Continue(()),
        Err(refusal) => {
            written = Err(refusal);
            ControlFlow::Break(())
        }
    })?;
    written?;
    digest.update(&part);
    if format == Format::Ndjson {
        let sha256 = hex(&digest.finalize());
        serde_json::to_writer(&mut part, &Trailer { rows, sha256 }).map_err(internal)?;
        part.push(b'\n');
    }
    if part.is_empty() { Ok(()) } else { send(part) }
}

fn internal(error: impl std::fmt::Display) -> Refusal {
    Refusal::Internal(error.to_string())
}

fn write_record(part: &mut Vec<u8>, cells: impl Iterator<Item = String>) -> Result<(), Refusal> {
    let mut writer = csv::WriterBuilder::new().from_writer(part);
    writer.write_record(cells.map(String::into_bytes)).map_err(internal)?;
    writer.flush().map_err(internal)
}

fn cells(row: &ExportRow, systems: &[String], wide: bool) -> impl Iterator<Item = String> {
    let text = |cell: &Option<String>| neutralised(cell.as_deref().unwrap_or_default()).into();
    let date = |day: Option<NaiveDate>| {
        day.filter(|_| wide).map(|day| day.to_string()).unwrap_or_default()
    };
    let mut cells: Vec<String> = vec![
        neutralised(&row.employee_number).into(),
        neutralised(&row.name).into(),
        text(&row.email),
        text(&row.org_unit_code),
        text(&row.position_code),
        text(&row.job_title),
        text(&row.manager_employee_number),
        date(Some(row.hire_date)),
        date(row.termination_date),
    ];
    cells.extend(systems.iter().map(|system| text(&row.external_ids.get(system).cloned())));
    cells.into_iter()
}

fn write_line(part: &mut Vec<u8>, row: &ExportRow, wide: bool) -> Result<(), Refusal> {
    let line = Line {
        employee_number: &row.employee_number,
        name: &row.name,
        email: row.email.as_deref(),
        org_unit_code: row.org_unit_code.as_deref(),
        position_code: row.position_code.as_deref(),
        job_title: row.job_title.as_deref(),
        manager_employee_number: row.manager_employee_number.as_deref(),
        hire_date: wide.then_some(row.hire_date),
        termination_date: wide.then_some(row.termination_date),
        external_ids: wide.then_some(&row.external_ids),
    };
    serde_json::to_writer(&mut *part, &line).map_err(internal)?;
    part.push(b'\n');
    Ok(())
}
