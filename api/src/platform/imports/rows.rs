//! An import whose rows have been read, as a job keeps it.

use crate::platform::faults::{Faults, MAX_FAULTS};
use crate::platform::files::decode::{LineNumbers, Rows};
use crate::platform::jobs::SYNCHRONOUS_ROWS;
use crate::platform::jobs::report::Report;
use crate::platform::problem::{KeptFault, Language, ProblemError, Violation};
use crate::platform::refusal::Refusal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Options of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options<M> {
    /// Check only; save nothing.
    pub dry_run: bool,
    /// Save all rows or none.
    pub atomic: bool,
    /// Language of the result.
    pub language: Language,
    /// What else the importer says of the noun.
    #[serde(flatten)]
    pub more: M,
}

/// An import whose rows have been read and checked one by one. A job stores it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(deserialize = "R: DeserializeOwned, M: DeserializeOwned"))]
pub struct Import<R, M> {
    /// Id of the import, which audit entries name.
    pub id: Uuid,
    /// Options of the import.
    pub options: Options<M>,
    /// The rows, as far as they could be read.
    pub rows: Vec<R>,
    /// Number of rows in the request.
    pub total: usize,
    /// The line of each row in the file.
    #[serde(default)]
    pub lines: LineNumbers,
    /// What is to be said of the file as a whole.
    #[serde(default)]
    pub warnings: Vec<ProblemError>,
    /// Faults of the first rows that could not be read completely, for an atomic import.
    #[serde(skip)]
    pub faults: Vec<(usize, Violation)>,
    /// Number of faults of further rows, which are only counted.
    #[serde(skip)]
    pub more_faults: usize,
    /// Faults of the rows that could not be read completely, for an import that is not atomic.
    pub refused: Vec<(usize, Vec<KeptFault>)>,
    /// What came of each row in the last run as a job. It stands here because it must outlive the unit of
    /// work, which is undone if the import is refused.
    #[serde(skip)]
    report: Arc<Mutex<Option<Report>>>,
}

impl<R, M> Import<R, M> {
    /// An import of the rows that were read.
    pub fn new(id: Uuid, options: Options<M>, read: Rows<R>) -> Self {
        let Rows { rows, faulty, faults: found, total, lines, warnings } = read;
        let (mut faults, mut refused, mut more_faults) = (Vec::new(), Vec::new(), 0);
        if options.atomic {
            let of_row = |(row, faults): (_, Faults)| {
                faults.into_first().into_iter().map(move |fault| (row, fault))
            };
            faults = faulty.into_iter().take(MAX_FAULTS).flat_map(of_row).collect();
            more_faults = found - faults.len();
        } else {
            let kept =
                |faults: Faults| Vec::from(faults).into_iter().map(KeptFault::from).collect();
            refused = faulty.into_iter().map(|(row, faults)| (row, kept(faults))).collect();
        }
        let warnings = warnings.iter().map(|it| it.view(options.language)).collect();
        let report = Arc::default();
        Self { id, options, rows, total, lines, warnings, faults, more_faults, refused, report }
    }

    /// Whether the import becomes a job, and so has a report.
    pub fn is_long(&self) -> bool {
        self.total > SYNCHRONOUS_ROWS
    }

    /// The place of the report.
    pub(super) fn report(&self) -> MutexGuard<'_, Option<Report>> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the import is atomic and a row could not be read completely.
    pub fn is_refused(&self) -> bool {
        !self.faults.is_empty()
    }

    /// The refusal of the whole import for these faults and those that were only counted.
    pub(super) fn refuse(
        &self,
        faults: Vec<(usize, Violation)>,
        keys: &HashMap<usize, String>,
    ) -> Refusal {
        let mut all = Faults::default();
        for (row, fault) in faults {
            let key = keys.get(&row).map(String::as_str);
            all.push(fault.in_row(self.lines.of(row), key));
        }
        all.count(self.more_faults);
        Refusal::Invalid(all.into())
    }
}
