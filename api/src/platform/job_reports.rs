//! The report of a job as a file, in the language and the format of whoever downloads it.

use crate::platform::areas::Noun;
use crate::platform::caller::Caller;
use crate::platform::extract::PathId;
use crate::platform::files::download::File;
use crate::platform::files::export::{Format, Line, Sink, whole};
use crate::platform::files::xlsx::Cell;
use crate::platform::jobs::report::{Report, ReportedRow, kept};
use crate::platform::parameters::Query;
use crate::platform::problem::{KeptFault, Language};
use crate::platform::refusal::Refusal;
use crate::platform::words;
use actix_web::{HttpResponse, get};
use domain::access::look::Look;
use domain::core::import::RowOutcome;
use domain::core::text::TextEnum;
use persistence::Store;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// Columns of the file; new ones are only added at the end.
const COLUMNS: [&str; 8] = ["line", "key", "outcome", "field", "code", "detail", "row", "id"];

/// The report as a file.
fn file(
    report: &Report,
    format: Format,
    bom: bool,
    language: Language,
    look: Look,
) -> Result<Vec<u8>, Refusal> {
    whole(format, bom, look, |file: &mut Sink<'_>| {
        file.columns(COLUMNS.into_iter())?;
        for (place, row) in report.rows.iter().enumerate() {
            if row.findings.is_empty() {
                file.line(&JobReportRow::new(place, row, None, language))?;
            }
            for finding in &row.findings {
                file.line(&JobReportRow::new(place, row, Some(finding), language))?;
            }
        }
        Ok(())
    })
}

/// A finding about a row of a job, or a row without findings.
#[derive(Serialize, ToSchema)]
struct JobReportRow {
    /// Line of the row in the file, from 1; null in a JSON array.
    #[schema(example = 19)]
    line: Option<usize>,
    /// Key of the row; null if it could not be read.
    #[schema(example = "E-0043")]
    key: Option<String>,
    /// Result of the row.
    #[schema(value_type = words::RowOutcome)]
    outcome: RowOutcome,
    /// The property that the finding is about; null if it is about the whole row, or there is none.
    #[schema(example = "hire_date")]
    field: Option<String>,
    /// Stable code of the reason why the row failed, or of what is to be checked about it; null if there
    /// is no finding.
    #[schema(example = "required")]
    code: Option<String>,
    /// The finding in the reader's language.
    #[schema(example = "A value is required.")]
    detail: Option<String>,
    /// Index of the row in the request, from 0.
    #[schema(example = 17)]
    row: usize,
    /// Id of the record; null if the row failed, and for new records that were not saved.
    id: Option<Uuid>,
    /// The same as text, for tables.
    #[serde(skip)]
    #[schema(ignore)]
    printed: Option<String>,
}

impl JobReportRow {
    fn new(
        place: usize,
        row: &ReportedRow,
        finding: Option<&KeptFault>,
        language: Language,
    ) -> Self {
        Self {
            line: row.line,
            key: row.key.clone(),
            outcome: row.outcome,
            field: finding.and_then(|finding| field(&finding.pointer)),
            code: finding.map(|finding| finding.code.clone()),
            detail: finding.map(|finding| finding.text(language)),
            row: place,
            id: row.id,
            printed: row.id.map(|id| id.to_string()),
        }
    }
}

/// The property that a pointer into a row is about, as tables name it.
fn field(pointer: &str) -> Option<String> {
    let (_, field) = pointer.strip_prefix('/')?.split_once('/')?;
    Some(field.replace('/', ".").replace("~1", "/").replace("~0", "~"))
}

/// A number of lines as a cell; there are fewer than two thousand million.
fn whole_number(number: usize) -> Cell<'static> {
    i32::try_from(number).map_or(Cell::Empty, Cell::Whole)
}

impl Line for JobReportRow {
    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            self.line.map_or(Cell::Empty, whole_number),
            Cell::text(self.key.as_deref()),
            Cell::Text(self.outcome.as_str()),
            Cell::text(self.field.as_deref()),
            Cell::text(self.code.as_deref()),
            Cell::text(self.detail.as_deref()),
            whole_number(self.row),
            Cell::text(self.printed.as_deref()),
        ]
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReportQuery {
    /// true: begin a CSV file with a byte order mark, which some spreadsheets need to read Chinese.
    #[param(default = false)]
    bom: Option<bool>,
}

/// Read the report of a job
///
/// Every row of an import of more than 1,000 rows, in the order of the file, with what came of it and
/// everything found about it: as CSV (UTF-8), NDJSON, JSON or XLSX according to `Accept`, with texts in
/// the language of `Accept-Language`. A row with several findings has a line for each. Where the import
/// failed, the report tells what there is to mend: faulty rows are `failed`, the others `skipped`. Cells
/// and the last line of NDJSON are as in the export of employees. The answer has a digest of the whole
/// file (`Repr-Digest`), and `Range` with `If-Range` continues a download that broke off; whoever asks
/// for several ranges, or one beyond the end, gets the whole file. The report is there for 30 days, for
/// those who may follow the job and might import such rows now.
#[utoipa::path(tag = "jobs", operation_id = "getJobReport",
    params(
        ("id" = Uuid, Path, description = "Id of the job"),
        ReportQuery,
        ("Range" = Option<String>, Header, description = "The stretch of the file to be sent, in bytes.", example = "bytes=1048576-"),
        ("If-Range" = Option<String>, Header, description = "ETag of the file that `Range` is a stretch of; the whole file is sent if it is another one.", example = "\"3-7d4c0c7a11e0b3f2\""),
    ),
    responses(
        (status = 200, description = "The file", content(
            (String = "text/csv", example = json!("line,key,outcome,field,code,detail,row,id\n2,E-0043,failed,hire_date,required,A value is required.,0,\n")),
            (String = "application/x-ndjson", example = json!("{\"line\":2,\"key\":\"E-0043\",\"outcome\":\"failed\",\"field\":\"hire_date\",\"code\":\"required\",\"detail\":\"A value is required.\",\"row\":0,\"id\":null}\n{\"rows\":1,\"sha256\":\"9f86d081884c7d65\"}\n")),
            (Vec<JobReportRow> = "application/json"),
            (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("a workbook of one sheet")),
        ), headers(
            ("Repr-Digest" = String, description = "SHA-256 of the whole file, RFC 9530."),
        )),
        (status = 206, description = "The stretch of the file that `Range` asks for", content(
            (String = "text/csv", example = json!("line,key,outcome")),
            (String = "application/x-ndjson", example = json!("{\"line\":2,")),
            (String = "application/json", example = json!("[{\"line\":2,")),
            (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("a part of a workbook")),
        ), headers(
            ("Repr-Digest" = String, description = "SHA-256 of the whole file, RFC 9530."),
            ("Content-Range" = String, description = "Which bytes of how many these are."),
        )),
    ),
    security(("bearer" = []), ("api_key" = [])))]
#[get("/jobs/{id}/report")]
async fn read_report(
    caller: Caller,
    id: PathId,
    query: Query<ReportQuery>,
) -> Result<HttpResponse, Refusal> {
    let id = id.0.into();
    let request = caller.request();
    let (format, language) = (Format::of_whole(request)?, Language::asked(request));
    let bom = format == Format::Csv && query.0.bom.unwrap_or(false);
    let wait = Duration::from_secs(caller.app.settings.database_wait);
    let place = caller.app.exports.take(caller.actor.subject.tenant, 1, wait).await?;
    let work = caller.app.areas.work;
    let made = caller.read(move |store: &mut dyn Store, actor| {
        let (version, report) = kept(store, actor, work, id)?;
        let look = Look::new("getJobReport", &actor.subject);
        Ok((version, file(&report, format, bom, language, look)?))
    });
    let (version, bytes) = made.await?;
    drop(place);
    let name = format!("report-{id}");
    Ok(File { name, format, language, version, bytes }.answer(request))
}

/// The noun.
pub const NOUN: Noun = Noun::of(routes);

fn routes(config: &mut ServiceConfig) {
    config.service(read_report);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_has_the_name_that_its_column_has() {
        assert_eq!(field("/17/external_ids/hris"), Some("external_ids.hris".to_owned()));
        assert_eq!(field("/17/a~1b~0"), Some("a/b~".to_owned()));
        assert_eq!(field("/17"), None);
        assert_eq!(field(""), None);
    }
}
