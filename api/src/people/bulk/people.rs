//! Import of employees: load the affected records, plan the changes, save them.

use super::terms::{ImportMapping, PeopleQuery, PeopleTerms, References, terms};
use crate::people::employees::audit_details;
use crate::people::employees::powers::follow_employment;
use crate::platform::app::new_id;
use crate::platform::caller::{Actor, Caller};
use crate::platform::files::decode::SentRow;
use crate::platform::files::stretches::in_stretches;
use crate::platform::imports::{
    BulkBody, ImportOf, ImportQuery, ImportResult, Noun, accept, authority, conclude, record,
};
use crate::platform::jobs::{self, SYNCHRONOUS_ROWS};
use crate::platform::parameters::Queries;
use crate::platform::patch::nullable;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, post};
use chrono::NaiveDate;
use domain::core::change::Record;
use domain::core::id::EmployeeId;
use domain::core::import::{Fault, Plan, Planned};
use domain::core::text::TextEnum;
use domain::everyday::job::JobKind;
use domain::people::import::{
    Acquaintance, Clearing, ManagerBy, Namesake, OrgUnitBy, PersonRow, Staff, is_mass_creation,
    is_mass_deactivation, managers_by_number, plan_people, units_by_code,
};
use domain::people::org::{Employee, ExternalId};
use domain::policy::Action;
use persistence::Store;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, SchemaType, Type};
use uuid::Uuid;

/// A row of an import of employees. An absent property stays as it is, null clears it. A new employee
/// needs a name and a hire date.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmployeeRow {
    /// Employee number given by the company; identifies the person.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^\S(.*\S)?$",
        format = "key",
        example = "E-0043"
    )]
    pub employee_number: String,
    /// Full name of the person.
    #[serde(default)]
    #[schema(
        value_type = String,
        required = false,
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        format = "name",
        example = "Li Na"
    )]
    pub name: Option<String>,
    /// Work e-mail address.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(
        value_type = Option<String>,
        min_length = 3,
        max_length = 254,
        format = "idn-email",
        example = "li.na@example.com"
    )]
    pub email: Option<Option<String>>,
    /// Code of the unit the person works in, or its name with `org_unit_by=name`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200, example = "SALES-EU")]
    pub org_unit_code: Option<Option<String>>,
    /// Code of the person's position.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, example = "SALES-REP")]
    pub position_code: Option<Option<String>>,
    /// Job title.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(
        value_type = Option<String>,
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        example = "Sales Representative"
    )]
    pub job_title: Option<Option<String>>,
    /// Employee number of the line manager, who exists already or is in the same request; what else
    /// `manager_by` says.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 254, example = "E-0007")]
    pub manager_employee_number: Option<Option<String>>,
    /// First working day. The first assignment of a new employee begins on this day.
    #[serde(default)]
    #[schema(value_type = NaiveDate, required = false, example = "2024-03-01")]
    pub hire_date: Option<NaiveDate>,
    /// Last working day; 9999-12-31 stands for none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<NaiveDate>, example = "2027-06-30")]
    pub termination_date: Option<Option<NaiveDate>>,
    /// Ids in other systems, by system. null removes the id of that system; systems that are not
    /// named stay as they are. In CSV, one column `external_ids.<system>` for each system.
    #[serde(default)]
    #[schema(schema_with = external_ids_schema)]
    pub external_ids: BTreeMap<String, Option<String>>,
}

fn external_ids_schema() -> Object {
    let value = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .min_length(Some(1))
        .max_length(Some(200));
    let name =
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[a-z0-9_-]{1,40}$")).build();
    ObjectBuilder::new()
        .description(Some(
            "Ids in other systems, by system. null removes the id of that system; systems that are \
             not named stay as they are. In CSV, one column `external_ids.<system>` for each system.",
        ))
        .property_names(Some(name))
        .additional_properties(Some(AdditionalProperties::RefOr(value.build().into())))
        .max_properties(Some(20))
        .examples([serde_json::json!({ "workday": "21-0043" })])
        .build()
}

impl SentRow for EmployeeRow {
    type Row = PersonRow;
    const KEYS: &'static [&'static str] =
        &["employee_number", "manager_employee_number", "org_unit_code", "position_code"];

    fn at(self, row: usize, unread: Vec<String>) -> PersonRow {
        PersonRow {
            row,
            employee_number: self.employee_number,
            name: self.name,
            email: self.email,
            org_unit_code: self.org_unit_code,
            position_code: self.position_code,
            job_title: self.job_title,
            manager_employee_number: self.manager_employee_number,
            hire_date: self.hire_date,
            termination_date: self.termination_date,
            external_ids: self.external_ids,
            unread,
        }
    }
}

/// Import employees
///
/// Creates and changes employees by `employee_number`: up to 50,000 rows as a JSON array, NDJSON, CSV or
/// XLSX. A table may use commas, semicolons or tabs (or begin with `sep=;`), in any encoding that
/// `charset=` declares; a byte order mark counts more, and what is not declared is found out, with a
/// warning. Headings are compared without regard to case, blanks at the ends of cells do not count, an
/// empty cell clears the value, and a missing column leaves it as it is. `mapping` reads the file of any
/// other system as it is: headings, days, managers and units by name. Of a workbook the first visible
/// sheet is read, with the last values of formulas. An exported file can be imported as it is. Managers
/// may be anywhere in the request; loops are refused and named. A hire date after the last working day
/// of a known person is a new employment. A person who has left is not moved to another unit, job or
/// manager; such a row gets a warning, as does a leaver who still manages others. A refusal names every
/// fault of every row, with its line and key. The whole import is refused if more than ten people and
/// more than one in twenty would leave, more than one in five would be new, or a column seems to have
/// come empty, unless `allow_mass_deactivation`, `allow_mass_creation` or `allow_mass_clearing` is set.
/// Up to 1,000 rows are imported at once and the answer is the result; more rows become a job, which
/// `Location` names, with a report on every row.
#[utoipa::path(tag = "employees", operation_id = "importEmployees", params(ImportQuery, PeopleQuery),
    request_body(content(
        (Vec<EmployeeRow> = "application/json"),
        (String = "application/x-ndjson", example = json!("{\"employee_number\":\"E-0043\",\"name\":\"Li Na\",\"hire_date\":\"2024-03-01\"}\n")),
        (String = "text/csv", example = json!("employee_number,name,hire_date\nE-0043,Li Na,2024-03-01\n")),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("a workbook")),
    )),
    responses(
        (status = 200, description = "The result of each row", body = ImportResult),
        (status = 202, description = "The job that imports the rows", body = jobs::JobView),
    ),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[post("/employees/bulk")]
pub(super) async fn import_employees(
    caller: Caller,
    query: Queries<ImportQuery, PeopleQuery>,
    body: BulkBody,
) -> Result<HttpResponse, Refusal> {
    let Queries(file, people) = query;
    accept::<People>(caller, file, |mapping, today| people.terms(mapping, today), body).await
}

/// Import of employees.
pub struct People;

impl Noun for People {
    type Sent = EmployeeRow;
    type Mapping = ImportMapping;
    type More = PeopleTerms;
    const JOB: JobKind = JobKind::EmployeeImport;

    fn admit(actor: &Actor) -> Result<&'static str, Refusal> {
        Ok(authority(actor, Action::EmployeeImport)?.rule())
    }

    fn import(
        store: &mut dyn Store,
        actor: &Actor,
        import: &ImportOf<Self>,
        progress: &dyn Fn(usize),
    ) -> Result<ImportResult, Refusal> {
        let authority = authority(actor, Action::EmployeeImport)?;
        let (options, more) = (&import.options, &import.options.more);
        store.begin_import()?;
        let (rows, unresolved) = with_keys(store, &import.rows, &more.references)?;
        let staff = load_staff(store, &rows, more.effective_from)?;
        let terms = terms(actor, &authority, options);
        let mut plan = plan_people(staff, &rows, &terms, &mut new_id);
        plan.faults.extend(unresolved);
        let leavers = plan.leavers(terms.from);
        if !leavers.is_empty() {
            let reports =
                store.reports_of(&leavers.keys().copied().collect::<Vec<_>>(), terms.from)?;
            plan.warn_of_leavers(&leavers, &reports, terms.from);
        }
        let suspicion = suspicion(store, actor, more, &plan)?;
        let key = |row: &PersonRow| Some((row.row, row.key()?.to_owned()));
        let (result, changes) = conclude(import, plan, key, |person: &Employee| person.id.uuid())?;
        if let Some(suspicion) = suspicion {
            return Err(suspicion);
        }
        if !options.dry_run {
            // The writing thread is busy enough, so the records are made on other threads.
            let of_some = |_, some: &[Planned<Employee>]| {
                let record = |it| of_person(it, actor, authority.rule(), import.id);
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
            follow_employment(store, actor, authority.rule(), known())?;
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
    more: &PeopleTerms,
    plan: &Plan<Employee>,
) -> Result<Option<Refusal>, Refusal> {
    let terminated = plan.terminations(actor.today);
    let created = plan.creations();
    let count = |code, count: usize, active: usize| {
        vec![Violation::new("", code).with("count", count).with("active", active)]
    };
    if terminated > 0 || created > 0 {
        let active = store.active_employees(actor.today)?;
        if !more.allow_mass_deactivation && is_mass_deactivation(terminated, active) {
            let said = count("mass_deactivation", terminated, active);
            return Ok(Some(Refusal::MassDeactivation(said)));
        }
        if !more.allow_mass_creation && is_mass_creation(created, active) {
            return Ok(Some(Refusal::MassCreation(count("mass_creation", created, active))));
        }
    }
    let cleared = if more.allow_mass_clearing { Vec::new() } else { plan.mass_clearings() };
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
