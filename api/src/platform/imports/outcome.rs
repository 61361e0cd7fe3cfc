//! What came of the rows of an import.

use super::rows::Import;
use crate::platform::jobs::SYNCHRONOUS_ROWS;
use crate::platform::jobs::report::Report;
use crate::platform::problem::{Language, ProblemError, Violation};
use crate::platform::refusal::Refusal;
use crate::platform::words;
use domain::core::import::{Fault, Plan, Planned, RowOutcome};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;
use uuid::Uuid;

/// Result of one row.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RowResult {
    /// Index of the row in the request, from 0.
    #[schema(example = 17)]
    pub row: usize,
    /// Line of the row in the file, from 1; null in a JSON array.
    #[serde(default)]
    #[schema(required = true, example = 19)]
    pub line: Option<usize>,
    /// Key of the row; null if it could not be read.
    #[schema(example = "E-0043")]
    pub key: Option<String>,
    /// Result of the row.
    #[schema(value_type = words::RowOutcome)]
    pub outcome: RowOutcome,
    /// Id of the record; null if the row failed, and for new records in a dry run.
    pub id: Option<Uuid>,
    /// Reasons for a failure: up to 20 faults and, if there are more, their number (`more_faults`).
    pub errors: Vec<ProblemError>,
    /// Things to check although the row was accepted: a manager who is no longer employed, people
    /// whose manager leaves, an assignment that was ignored because the person leaves, a new person
    /// with the e-mail address of another one.
    #[serde(default)]
    #[schema(required = true)]
    pub warnings: Vec<ProblemError>,
}

/// Result of an import or of a dry run.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ImportResult {
    /// true for a dry run: nothing was saved, and the result shows what would happen.
    pub dry_run: bool,
    /// Number of rows that created a record.
    #[schema(example = 12)]
    pub created: usize,
    /// Number of rows that changed a record.
    #[schema(example = 3)]
    pub updated: usize,
    /// Number of rows that changed nothing.
    #[schema(example = 275)]
    pub unchanged: usize,
    /// Number of rows that failed.
    #[schema(example = 0)]
    pub failed: usize,
    /// Number of rows with warnings.
    #[serde(default)]
    #[schema(required = true, example = 1)]
    pub warned: usize,
    /// Things to check about the file as a whole: an encoding or a form of days that had to be guessed,
    /// columns without heading, formulas, sheets that were left out. The pointers name columns.
    #[serde(default)]
    #[schema(required = true)]
    pub warnings: Vec<ProblemError>,
    /// Every row of a request of up to 1,000 rows. For larger requests, the first 1,000 rows that
    /// failed, followed by rows with warnings; the report of the job has all rows. The counts always
    /// cover all rows.
    pub rows: Vec<RowResult>,
}

/// The result of a plan and the changes to save, or the refusal of an atomic import.
pub fn conclude<R, M, T>(
    import: &Import<R, M>,
    plan: Plan<T>,
    key: impl Fn(&R) -> Option<(usize, String)>,
    id: impl Fn(&T) -> Uuid,
) -> Result<(ImportResult, Vec<Planned<T>>), Refusal> {
    let options = &import.options;
    let told = |faults: Vec<Fault>| faults.into_iter().map(|fault| (fault.row, violation(fault)));
    let planned: Vec<(usize, Violation)> = told(plan.faults).collect();
    let warnings: Vec<(usize, Violation)> = told(plan.warnings).collect();
    let keys: HashMap<usize, String> = import.rows.iter().filter_map(key).collect();
    let id = |row: &Planned<T>| {
        let made_up = options.dry_run && row.before.is_none();
        (!made_up).then(|| id(&row.after))
    };
    if import.is_long() {
        let mut rows: Vec<_> = plan.rows.iter().collect();
        rows.sort_by_key(|planned| planned.row);
        let mut rows = rows.into_iter().peekable();
        let mut report = Report::default();
        for row in 0..import.total {
            let stands = rows.next_if(|planned| planned.row == row);
            let outcome = stands.map_or(RowOutcome::Failed, Planned::outcome);
            let key = keys.get(&row).cloned();
            report.add(import.lines.of(row), key, outcome, stands.and_then(id));
        }
        for (row, faults) in &import.refused {
            faults.iter().for_each(|fault| report.find(*row, fault.clone()));
        }
        for (row, found) in planned.iter().chain(&warnings) {
            report.find(*row, found.clone());
        }
        *import.report() = Some(report);
    }
    if options.atomic && (import.is_refused() || !planned.is_empty()) {
        let mut faults = import.faults.clone();
        faults.extend(planned);
        faults.sort_by_key(|(row, _)| *row);
        return Err(import.refuse(faults, &keys));
    }
    let mut warnings = by_row(warnings.into_iter(), options.language);
    let row_of = |row: usize, outcome, id, errors, warnings| RowResult {
        row,
        line: import.lines.of(row),
        key: keys.get(&row).cloned(),
        outcome,
        id,
        errors,
        warnings,
    };
    let mut result = ImportResult {
        dry_run: options.dry_run,
        created: 0,
        updated: 0,
        unchanged: 0,
        failed: import.total - plan.rows.len(),
        warned: warnings.len(),
        warnings: import.warnings.clone(),
        rows: Vec::new(),
    };
    let mut failed = BTreeMap::<usize, Vec<ProblemError>>::new();
    for (row, faults) in &import.refused {
        failed.insert(*row, faults.iter().map(|fault| fault.view(options.language)).collect());
    }
    for (row, errors) in by_row(planned.into_iter(), options.language) {
        failed.entry(row).or_default().extend(errors);
    }
    let all_failed = failed.into_iter();
    result.rows.extend(
        all_failed.map(|(row, errors)| row_of(row, RowOutcome::Failed, None, errors, Vec::new())),
    );
    for row in &plan.rows {
        let outcome = row.outcome();
        match outcome {
            RowOutcome::Created => result.created += 1,
            RowOutcome::Updated => result.updated += 1,
            _ => result.unchanged += 1,
        }
        let warnings = warnings.remove(&row.row).unwrap_or_default();
        if !import.is_long() || !warnings.is_empty() {
            result.rows.push(row_of(row.row, outcome, id(row), Vec::new(), warnings));
        }
    }
    // If there is not room for all rows, failed ones come first.
    let is_long = import.is_long();
    result.rows.sort_by_key(|row| (is_long && row.outcome != RowOutcome::Failed, row.row));
    result.rows.truncate(SYNCHRONOUS_ROWS);
    Ok((result, plan.rows.into_iter().filter(Planned::is_change).collect()))
}

fn violation(fault: Fault) -> Violation {
    let row = fault.row;
    let mut violation = Violation::of(fault);
    violation.put_within(&row.to_string());
    violation
}

/// Faults or warnings by row, in the reader's language.
fn by_row(
    said: impl Iterator<Item = (usize, Violation)>,
    language: Language,
) -> BTreeMap<usize, Vec<ProblemError>> {
    let mut rows = BTreeMap::<usize, Vec<_>>::new();
    for (row, violation) in said {
        rows.entry(row).or_default().push(violation.view(language));
    }
    rows
}
