//! Use cases of bulk import: load the affected records, plan the changes, save them.

use super::mapping::References;
use super::{EmployeeRow, ImportResult, OrgUnitRow, RowResult};
use crate::people::employees::audit_details;
use crate::people::employees::powers::follow_employment;
use crate::platform::app::new_id;
use crate::platform::caller::Actor;
use crate::platform::faults::{Faults, MAX_FAULTS};
use crate::platform::files::decode::{LineNumbers, Rows, SentRow};
use crate::platform::files::stretches::in_stretches;
use crate::platform::jobs::report::{Report, RowOutcome};
use crate::platform::jobs::{SYNCHRONOUS_ROWS, Work};
use crate::platform::problem::{KeptFault, Language, ProblemError, Violation};
use crate::platform::refusal::Refusal;
use chrono::NaiveDate;
use domain::core::change::Record;
use domain::core::id::{EmployeeId, OrgUnitId};
use domain::core::text::TextEnum;
use domain::everyday::job::JobKind;
use domain::people::import::{
    Acquaintance, Clearing, Fault, ManagerBy, Namesake, OrgUnitBy, PersonRow, Plan, Planned, Staff,
    Terms, Unit, UnitRow, is_mass_creation, is_mass_deactivation, managers_by_number, plan_people,
    plan_units, units_by_code,
};
use domain::people::org::{Employee, ExternalId, OrgUnit};
use domain::policy::{Action, NO_RULE, visibility};
use persistence::Store;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Options of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Check only; save nothing.
    pub dry_run: bool,
    /// Save all rows or none.
    pub atomic: bool,
    /// First day of the new units, jobs and managers.
    pub effective_from: NaiveDate,
    /// Allow any number of people to leave.
    pub allow_mass_deactivation: bool,
    /// Allow any number of people to be new.
    #[serde(default)]
    pub allow_mass_creation: bool,
    /// Allow properties of any number of people to be cleared.
    #[serde(default)]
    pub allow_mass_clearing: bool,
    /// What the rows have in place of keys.
    #[serde(default)]
    pub references: References,
    /// Language of the result.
    pub language: Language,
}

/// An import whose rows have been read and checked one by one. A job stores it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(deserialize = "R: DeserializeOwned"))]
pub struct Import<R> {
    /// Id of the import, which audit entries name.
    pub id: Uuid,
    /// Options of the import.
    pub options: Options,
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

impl<R> Import<R> {
    /// An import of the rows that were read.
    pub fn new(id: Uuid, options: Options, read: Rows<R>) -> Self {
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
        Self {
            id,
            options,
            rows,
            total,
            lines,
            warnings,
            faults,
            more_faults,
            refused,
            report: Arc::default(),
        }
    }

    /// Whether the import becomes a job, and so has a report.
    fn is_long(&self) -> bool {
        self.total > SYNCHRONOUS_ROWS
    }

    /// The place of the report.
    fn report(&self) -> MutexGuard<'_, Option<Report>> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the import is atomic and a row could not be read completely.
    pub fn is_refused(&self) -> bool {
        !self.faults.is_empty()
    }

    /// The refusal of the whole import for these faults and those that were only counted.
    fn refuse(&self, faults: Vec<(usize, Violation)>, keys: &HashMap<usize, String>) -> Refusal {
        let mut all = Faults::default();
        for (row, fault) in faults {
            let key = keys.get(&row).map(String::as_str);
            all.push(fault.in_row(self.lines.of(row), key));
        }
        all.count(self.more_faults);
        Refusal::Invalid(all.into())
    }
}

/// A row of a noun, as it is planned.
pub type RowOf<N> = <<N as Noun>::Sent as SentRow>::Row;

/// A noun that can be imported.
pub trait Noun: Sized + 'static {
    /// A row as it is sent, which defines how it is planned.
    type Sent: SentRow<Row: Serialize + DeserializeOwned + Send + Sync + 'static>;
    /// Kind of the jobs that import it.
    const JOB: JobKind;
    /// The action that the importer must be permitted.
    const ACTION: Action;

    /// Imports in one unit of work. `progress` receives the number of rows already done.
    fn import(
        store: &mut dyn Store,
        actor: &Actor,
        import: &Import<RowOf<Self>>,
        progress: &dyn Fn(usize),
    ) -> Result<ImportResult, Refusal>;
}

impl<N: Noun> Work for N {
    const KIND: JobKind = N::JOB;
    type Input = Import<RowOf<N>>;
    type Output = ImportResult;

    fn run(
        store: &mut dyn Store,
        actor: &Actor,
        input: &Import<RowOf<N>>,
        progress: &dyn Fn(usize),
    ) -> Result<ImportResult, Refusal> {
        N::import(store, actor, input, progress)
    }

    fn report(input: &Self::Input) -> Option<Report> {
        input.report().take()
    }

    fn admits(actor: &Actor) -> bool {
        authority(actor, N::ACTION).is_ok()
    }
}

/// The permission for an import, and the people it must not touch.
pub struct Authority {
    rule: &'static str,
    closed: Vec<EmployeeId>,
}

impl Authority {
    /// The rule that permits the import.
    pub fn rule(&self) -> &'static str {
        self.rule
    }
}

/// Decides on an import. It may touch anyone, so it needs permission for everyone, which a key
/// limited to a unit does not have.
pub fn authority(actor: &Actor, action: Action) -> Result<Authority, Refusal> {
    let permit = actor.may(action)?;
    let reach = visibility(&actor.subject, action, actor.today)?;
    if reach.everyone().is_none() {
        return Err(Refusal::Forbidden(NO_RULE));
    }
    Ok(Authority { rule: permit.rule(), closed: reach.hidden().to_vec() })
}

/// Import of employees.
pub struct People;

impl Noun for People {
    type Sent = EmployeeRow;
    const JOB: JobKind = JobKind::EmployeeImport;
    const ACTION: Action = Action::EmployeeImport;

    fn import(
        store: &mut dyn Store,
        actor: &Actor,
        import: &Import<PersonRow>,
        progress: &dyn Fn(usize),
    ) -> Result<ImportResult, Refusal> {
        let authority = authority(actor, Self::ACTION)?;
        let options = &import.options;
        store.begin_import()?;
        let (rows, unresolved) = with_keys(store, &import.rows, &options.references)?;
        let staff = load_staff(store, &rows, options.effective_from)?;
        let terms = terms(actor, &authority, options);
        let mut plan = plan_people(staff, &rows, &terms, &mut new_id);
        plan.faults.extend(unresolved);
        let leavers = plan.leavers(terms.from);
        if !leavers.is_empty() {
            let reports =
                store.reports_of(&leavers.keys().copied().collect::<Vec<_>>(), terms.from)?;
            plan.warn_of_leavers(&leavers, &reports, terms.from);
        }
        let suspicion = suspicion(store, actor, options, &plan)?;
        let key = |row: &PersonRow| Some((row.row, row.key()?.to_owned()));
        let (result, changes) = conclude(import, plan, key, |person: &Employee| person.id.uuid())?;
        if let Some(suspicion) = suspicion {
            return Err(suspicion);
        }
        if !options.dry_run {
            // The writing thread is busy enough, so the records are made on other threads.
            let of_some = |_, some: &[Planned<Employee>]| {
                let record = |it| of_person(it, actor, authority.rule, import.id);
                some.iter().map(record).collect::<Vec<_>>()
            };
            let records = in_stretches(&changes, SYNCHRONOUS_ROWS, of_some);
            let records = records.into_iter().flatten().collect();
            store.save_people(&changes, records, progress)?;
            let known =
                || changes.iter().filter_map(|it| Some((it.before.as_deref()?, &*it.after)));
            let readdressed = known().filter(|(before, after)| before.email != after.email);
            let readdressed: Vec<_> = readdressed.map(|(_, after)| after.id).collect();
            if !readdressed.is_empty() {
                store.note_email_change(&readdressed, actor.subject.principal.id())?;
            }
            follow_employment(store, actor, authority.rule, known())?;
        }
        Ok(result)
    }
}

/// The rows with keys in place of what they name managers and units by, and the faults of those that
/// name nobody or several.
fn with_keys<'r>(
    store: &mut dyn Store,
    rows: &'r [PersonRow],
    references: &References,
) -> Result<(Cow<'r, [PersonRow]>, Vec<Fault>), Refusal> {
    let (mut rows, mut faults) = (Cow::Borrowed(rows), Vec::new());
    let by = &references.manager_by;
    if *by != ManagerBy::Number {
        let known = match by {
            ManagerBy::Number => Vec::new(),
            ManagerBy::Name => store.names_of_people()?,
            ManagerBy::ExternalId(system) => store.ids_of_people(system)?,
            ManagerBy::Email => {
                let named = |it: Acquaintance| Some(Namesake { name: it.email?, key: it.number });
                store.everyone()?.into_iter().filter_map(named).collect()
            }
        };
        faults.extend(managers_by_number(rows.to_mut(), by, &known));
    }
    if references.org_unit_by == OrgUnitBy::Name {
        faults.extend(units_by_code(rows.to_mut(), &store.names_of_units()?));
    }
    Ok((rows, faults))
}

/// The refusal of an import that changes so much at once that the file is more likely broken.
fn suspicion(
    store: &mut dyn Store,
    actor: &Actor,
    options: &Options,
    plan: &Plan<Employee>,
) -> Result<Option<Refusal>, Refusal> {
    let terminated = plan.terminations(actor.today);
    let created = plan.creations();
    let count = |code, count: usize, active: usize| {
        vec![Violation::new("", code).with("count", count).with("active", active)]
    };
    if terminated > 0 || created > 0 {
        let active = store.active_employees(actor.today)?;
        if !options.allow_mass_deactivation && is_mass_deactivation(terminated, active) {
            let said = count("mass_deactivation", terminated, active);
            return Ok(Some(Refusal::MassDeactivation(said)));
        }
        if !options.allow_mass_creation && is_mass_creation(created, active) {
            return Ok(Some(Refusal::MassCreation(count("mass_creation", created, active))));
        }
    }
    let cleared = if options.allow_mass_clearing { Vec::new() } else { plan.mass_clearings() };
    let said = |it: Clearing| {
        let fault = Violation::new("", "mass_clearing").with("property", it.property);
        fault.with("count", it.cleared).with("held", it.held)
    };
    let cleared: Vec<_> = cleared.into_iter().map(said).collect();
    Ok((!cleared.is_empty()).then_some(Refusal::MassClearing(cleared)))
}

fn load_staff(
    store: &mut dyn Store,
    rows: &[PersonRow],
    from: NaiveDate,
) -> Result<Staff, Refusal> {
    let numbers = store.employees_numbered(&numbers_in(rows))?;
    let named: Vec<EmployeeId> =
        rows.iter().filter_map(|row| numbers.get(row.key()?).copied()).collect();
    let mut external_ids: Vec<ExternalId> = Vec::new();
    for (system, value) in rows.iter().flat_map(|row| &row.external_ids) {
        if let Some(value) = value {
            external_ids.push(ExternalId { system: system.clone(), value: value.clone() });
        }
    }
    let mut staff = Staff {
        numbers,
        people: store.people(&named, from)?,
        units: store.org_unit_codes()?,
        positions: store.position_codes()?,
        external_ids: store.external_id_holders(&external_ids)?,
        ..Staff::default()
    };
    staff.managers = store.employments_by(&staff.managers_in(rows))?;
    let moves = staff.moves(rows);
    if moves {
        staff.lines = store.manager_lines(from)?;
    }
    if moves || staff.has_new(rows) {
        staff.take_everyone(rows, store.everyone()?);
    }
    Ok(staff)
}

/// Employee numbers of the rows and of their managers, ascending.
fn numbers_in(rows: &[PersonRow]) -> Vec<&str> {
    let mut numbers: Vec<&str> = rows.iter().filter_map(PersonRow::key).collect();
    let mut managers: Vec<&str> =
        rows.iter().filter_map(|row| row.manager_employee_number.as_ref()?.as_deref()).collect();
    // Neighbouring rows often have the same manager.
    managers.dedup();
    numbers.extend(managers);
    numbers.sort();
    numbers.dedup();
    numbers
}

/// Import of org units.
pub struct Units;

impl Noun for Units {
    type Sent = OrgUnitRow;
    const JOB: JobKind = JobKind::OrgUnitImport;
    const ACTION: Action = Action::OrgUnitWrite;

    fn import(
        store: &mut dyn Store,
        actor: &Actor,
        import: &Import<UnitRow>,
        progress: &dyn Fn(usize),
    ) -> Result<ImportResult, Refusal> {
        let authority = authority(actor, Self::ACTION)?;
        let Import { options, rows, .. } = import;
        store.begin_import()?;
        let tree = store.org_tree(options.effective_from)?;
        let plan = plan_units(tree, rows, &terms(actor, &authority, options), &mut new_id);
        let key = |row: &UnitRow| Some((row.row, row.key()?.to_owned()));
        let id = |unit: &Unit| OrgUnitId::uuid(unit.unit.id);
        let (result, changes) = conclude(import, plan, key, id)?;
        if !options.dry_run {
            let records = changes.iter().map(|it| of_unit(it, authority.rule, import.id)).collect();
            store.save_units(&changes, records)?;
            progress(import.total);
        }
        Ok(result)
    }
}

fn terms(actor: &Actor, authority: &Authority, options: &Options) -> Terms {
    Terms {
        from: options.effective_from,
        now: actor.now,
        atomic: options.atomic,
        closed: authority.closed.clone(),
    }
}

/// The result of a plan and the changes to save, or the refusal of an atomic import.
fn conclude<R, T>(
    import: &Import<R>,
    plan: Plan<T>,
    key: impl Fn(&R) -> Option<(usize, String)>,
    id: impl Fn(&T) -> Uuid,
) -> Result<(ImportResult, Vec<Planned<T>>), Refusal> {
    let options = &import.options;
    let told = |faults: Vec<Fault>| faults.into_iter().map(|fault| (fault.row, violation(fault)));
    let planned: Vec<(usize, Violation)> = told(plan.faults).collect();
    let warnings: Vec<(usize, Violation)> = told(plan.warnings).collect();
    let keys: HashMap<usize, String> = import.rows.iter().filter_map(key).collect();
    let found = |row: &Planned<T>| {
        let outcome = match (&row.before, row.is_change()) {
            (None, _) => RowOutcome::Created,
            (Some(_), true) => RowOutcome::Updated,
            (Some(_), false) => RowOutcome::Unchanged,
        };
        let made_up = options.dry_run && row.before.is_none();
        (outcome, (!made_up).then(|| id(&row.after)))
    };
    if import.is_long() {
        let mut rows = plan.rows.iter().peekable();
        let mut report = Report::default();
        for row in 0..import.total {
            let stands = rows.next_if(|planned| planned.row == row).map(found);
            let (outcome, id) = stands.unwrap_or((RowOutcome::Failed, None));
            report.add(import.lines.of(row), keys.get(&row).cloned(), outcome, id);
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
        let (outcome, id) = found(row);
        match outcome {
            RowOutcome::Created => result.created += 1,
            RowOutcome::Updated => result.updated += 1,
            _ => result.unchanged += 1,
        }
        let warnings = warnings.remove(&row.row).unwrap_or_default();
        if !import.is_long() || !warnings.is_empty() {
            result.rows.push(row_of(row.row, outcome, id, Vec::new(), warnings));
        }
    }
    // If there is not room for all rows, failed ones come first.
    let is_long = import.is_long();
    result.rows.sort_by_key(|row| (is_long && row.outcome != RowOutcome::Failed, row.row));
    result.rows.truncate(SYNCHRONOUS_ROWS);
    Ok((result, plan.rows.into_iter().filter(Planned::is_change).collect()))
}

fn violation(fault: Fault) -> Violation {
    let violation = Violation::new(format!("/{}/{}", fault.row, fault.field), fault.code);
    match fault.value {
        Some((name, value)) => violation.with(name, value),
        None => violation,
    }
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

/// The audit record of a change by an import; it names the import.
fn record(action: &'static str, id: Uuid, rule: &'static str, import: Uuid) -> Record {
    let mut record = Record::new(action, id, rule);
    let import = Value::from(import.to_string());
    record.details.insert("import_id".into(), import.clone());
    record.event.insert("import_id".into(), import);
    record
}

/// The audit record of an imported person.
fn of_person(
    change: &Planned<Employee>,
    actor: &Actor,
    rule: &'static str,
    import: Uuid,
) -> Record {
    let Planned { before, after, .. } = change;
    let action = if before.is_some() { "employee.updated" } else { "employee.created" };
    let record = record(action, after.id.uuid(), rule, import);
    let mut record = audit_details::person(record, before.as_deref(), after);
    let state = |person: &Employee| person.status(actor.today).as_str();
    let (from, to) = (before.as_deref().map(state), state(after));
    if let Some(from) = from.filter(|from| *from != to) {
        record = record.transition(from, to);
    }
    let was = before.as_ref().and_then(|before| before.assignment.as_ref());
    match &after.assignment {
        Some(now) if was != Some(now) => audit_details::assigned(record, was, now),
        _ => record,
    }
}

/// The audit record of an imported unit.
fn of_unit(change: &Planned<Unit>, rule: &'static str, import: Uuid) -> Record {
    let before = change.before.as_ref().map(|before| &before.unit);
    let after = &change.after.unit;
    let action = if before.is_some() { "org_unit.updated" } else { "org_unit.created" };
    let parent = |unit: &OrgUnit| unit.parent_id.map(|id| id.to_string());
    record(action, after.id.uuid(), rule, import)
        .field("code", before.map(|before| before.code.clone()), after.code.clone())
        .field("name", before.map(|before| before.name.clone()), after.name.clone())
        .field("kind", before.map(|before| before.kind.as_str()), after.kind.as_str())
        .field("parent_id", before.and_then(parent), parent(after))
}
