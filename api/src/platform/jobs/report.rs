//! The report of a job: what came of each of its rows. It is kept without texts, so that whoever reads
//! it gets them in their own language.

use super::{Kind, StoredOutcome, pack, unpack};
use crate::platform::caller::Actor;
use crate::platform::problem::KeptFault;
use crate::platform::refusal::Refusal;
use chrono::TimeDelta;
use domain::core::id::JobId;
use domain::core::import::RowOutcome;
use domain::everyday::job::{Job, JobKind};
use domain::policy::{Action, Mask, Shown};
use persistence::Store;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long reports are kept. They name people, and whoever needs one for longer has the file.
pub const KEPT: TimeDelta = TimeDelta::days(30);

/// Number of findings in a report from which on it keeps only one for each row, so that a file whose
/// every row is wrong in every cell stays one that a spreadsheet opens.
const MANY: usize = 200_000;

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
    pub findings: Vec<KeptFault>,
}

/// What came of the rows of a job, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The rows.
    pub rows: Vec<ReportedRow>,
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

/// The report of a job that the caller may follow, with the version of the job.
///
/// # Errors
/// There is none, or none that the caller may have.
pub fn kept(
    store: &mut dyn Store,
    actor: &Actor,
    work: fn(JobKind) -> Kind,
    id: JobId,
) -> Result<(i32, Report), Refusal> {
    let sealed = store.job(id)?;
    let (shown, _) = actor.show(store, Action::JobRead, sealed)?;
    let job = shown.outline();
    let is_there = is_there(work(job.kind), actor, &shown, &StoredOutcome::of(&shown));
    let kept = if is_there { store.job_report(id)? } else { None };
    Ok((job.version, unpack(&kept.ok_or(Refusal::NotFound)?)?))
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
}
