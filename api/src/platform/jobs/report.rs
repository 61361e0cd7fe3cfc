//! The report of a job: what came of each of its rows. It is kept without texts, and made into a file
//! in the language and the format of whoever downloads it.

use super::{Kind, StoredOutcome, pack, unpack};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::PathId;
use crate::platform::files::download::File;
use crate::platform::files::export::{Format, Line, Sink, whole};
use crate::platform::files::xlsx::Cell;
use crate::platform::parameters::Query;
use crate::platform::problem::{KeptFault, Language};
use crate::platform::refusal::Refusal;
use crate::platform::words;
use actix_web::{HttpResponse, get};
use chrono::TimeDelta;
use domain::access::look::Look;
use domain::core::text::TextEnum;
use domain::everyday::job::Job;
use domain::policy::{Action, Mask, Shown};
use domain::text_enum;
use persistence::Store;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How long reports are kept. They name people, and whoever needs one for longer has the file.
pub const KEPT: TimeDelta = TimeDelta::days(30);

/// Number of findings in a report from which on it keeps only one for each row, so that a file whose
/// every row is wrong in every cell stays one that a spreadsheet opens.
const MANY: usize = 200_000;

/// Columns of the file; new ones are only added at the end.
const COLUMNS: [&str; 8] = ["line", "key", "outcome", "field", "code", "detail", "row", "id"];

text_enum! {
    /// Result of a row.
    pub enum RowOutcome {
        /// The row created a record.
        Created = "created",
        /// The row changed a record.
        Updated = "updated",
        /// The row changed nothing.
        Unchanged = "unchanged",
        /// The row has faults, or depends on a row that has.
        Failed = "failed",
        /// The row has no faults, but the job failed and saved nothing.
        Skipped = "skipped",
    }
}

/// What came of one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedRow {
    /// Line in the file, from 1; none in a format without lines.
    pub line: Option<usize>,
    /// Key of the row; none if it could not be read.
    pub key: Option<String>,
    /// What came of it.
    pub outcome: RowOutcome,
    /// Id of the record; none if the row failed, and for new records that were not saved.
    pub id: Option<Uuid>,
    /// Why the row failed; otherwise what is to be checked about it. Pointers begin with the row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    findings: Vec<KeptFault>,
}

/// What came of the rows of a job, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    rows: Vec<ReportedRow>,
    #[serde(skip)]
    findings: usize,
}

impl Report {
    /// Adds the next row, of which there are no findings yet.
    pub fn add(
        &mut self,
        line: Option<usize>,
        key: Option<String>,
        outcome: RowOutcome,
        id: Option<Uuid>,
    ) {
        self.rows.push(ReportedRow { line, key, outcome, id, findings: Vec::new() });
    }

    /// Notes why a row that was added failed, or what is to be checked about it.
    pub fn find(&mut self, row: usize, finding: impl Into<KeptFault>) {
        let Some(row) = self.rows.get_mut(row) else { return };
        if row.findings.is_empty() || self.findings < MANY {
            self.findings += 1;
            row.findings.push(finding.into());
        }
    }

    /// The report of a job that failed after all and saved nothing.
    pub(super) fn undone(mut self) -> Self {
        for row in self.rows.iter_mut().filter(|row| row.outcome != RowOutcome::Failed) {
            row.id = row.id.filter(|_| row.outcome != RowOutcome::Created);
            row.outcome = RowOutcome::Skipped;
        }
        self
    }

    /// The report as it is stored.
    pub(super) fn packed(&self) -> Result<Vec<u8>, Refusal> {
        pack(self)
    }

    /// The report as a file.
    fn file(
        &self,
        format: Format,
        bom: bool,
        language: Language,
        look: Look,
    ) -> Result<Vec<u8>, Refusal> {
        whole(format, bom, look, |file: &mut Sink<'_>| {
            file.columns(COLUMNS.into_iter())?;
            for (place, row) in self.rows.iter().enumerate() {
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

/// Whether there is a report of the job that `actor`, who may follow it, may have now: what it says of
/// its rows is for those who might do what the job did.
pub(super) fn is_there(
    kind: Kind,
    actor: &Actor,
    shown: &Shown<Job>,
    outcome: &StoredOutcome,
) -> bool {
    outcome.report
        && actor.now < shown.outline().updated_at + KEPT
        && shown.at(Mask::Full).is_some()
        && (kind.admits)(actor)
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReportQuery {
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
    params(("id" = Uuid, Path, description = "Id of the job"), ReportQuery),
    responses(
        (status = 200, description = "The file", content(
            (String = "text/csv", example = json!("line,key,outcome,field,code,detail,row,id\n2,E-0043,failed,hire_date,required,A value is required.,0,\n")),
            (String = "application/x-ndjson", example = json!("{\"line\":2,\"key\":\"E-0043\",\"outcome\":\"failed\",\"field\":\"hire_date\",\"code\":\"required\",\"detail\":\"A value is required.\",\"row\":0,\"id\":null}\n{\"rows\":1,\"sha256\":\"9f86d081884c7d65\"}\n")),
            (Vec<JobReportRow> = "application/json"),
            (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("a workbook of one sheet")),
        )),
        (status = 206, description = "The stretch of the file that `Range` asks for", content(
            (String = "text/csv", example = json!("line,key,outcome")),
            (String = "application/x-ndjson", example = json!("{\"line\":2,")),
            (String = "application/json", example = json!("[{\"line\":2,")),
            (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("a part of a workbook")),
        )),
    ),
    security(("bearer" = []), ("api_key" = [])))]
#[get("/{id}/report")]
pub(super) async fn read_report(
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
        let sealed = store.job(id)?;
        let (shown, _) = actor.show(store, Action::JobRead, sealed)?;
        let job = shown.outline();
        let outcome = StoredOutcome::of(&shown);
        let kept = match is_there(work(job.kind), actor, &shown, &outcome) {
            true => store.job_report(id)?,
            false => None,
        };
        let report: Report = unpack(&kept.ok_or(Refusal::NotFound)?)?;
        let look = Look::new("getJobReport", &actor.subject);
        Ok((job.version, report.file(format, bom, language, look)?))
    });
    let (version, bytes) = made.await?;
    drop(place);
    let name = format!("report-{id}");
    Ok(File { name, format, language, version, bytes }.answer(request))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::problem::Violation;

    #[test]
    fn a_report_of_many_findings_keeps_one_for_each_row() {
        let mut report = Report { findings: MANY - 1, ..Report::default() };
        for row in 0..3 {
            report.add(None, None, RowOutcome::Failed, None);
            (0..3).for_each(|_| report.find(row, Violation::new("/0/name", "required")));
        }
        let kept: Vec<_> = report.rows.iter().map(|row| row.findings.len()).collect();
        assert_eq!(kept, [1, 1, 1]);
    }

    #[test]
    fn a_field_has_the_name_that_its_column_has() {
        assert_eq!(field("/17/external_ids/hris"), Some("external_ids.hris".to_owned()));
        assert_eq!(field("/17/a~1b~0"), Some("a/b~".to_owned()));
        assert_eq!(field("/17"), None);
        assert_eq!(field(""), None);
    }
}
