//! Import of org units.

use super::terms::{ImportMapping, PeopleQuery, PeopleTerms, terms};
use crate::people::words;
use crate::platform::app::new_id;
use crate::platform::caller::{Actor, Caller};
use crate::platform::files::decode::SentRow;
use crate::platform::imports::{
    BulkBody, ImportOf, ImportQuery, ImportResult, Noun, accept, authority, conclude, record,
};
use crate::platform::jobs;
use crate::platform::parameters::Queries;
use crate::platform::patch::nullable;
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, post};
use domain::core::change::Record;
use domain::core::id::OrgUnitId;
use domain::core::import::Planned;
use domain::core::text::TextEnum;
use domain::everyday::job::JobKind;
use domain::people::import::{Unit, UnitRow, plan_units};
use domain::people::org::{OrgUnit, OrgUnitKind};
use domain::policy::Action;
use persistence::Store;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A row of an import of org units. An absent property stays as it is, null clears it. A new unit needs
/// a name and a kind.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrgUnitRow {
    /// Code of the unit; identifies it.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^\S(.*\S)?$",
        format = "key",
        example = "SALES-EU"
    )]
    pub code: String,
    /// Name of the unit.
    #[serde(default)]
    #[schema(
        value_type = String,
        required = false,
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        format = "name",
        example = "Sales Europe"
    )]
    pub name: Option<String>,
    /// Kind of the unit.
    #[serde(default)]
    #[schema(value_type = words::OrgUnitKind, required = false)]
    pub kind: Option<OrgUnitKind>,
    /// Code of the parent unit, which exists already or is in the same request.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, example = "SALES")]
    pub parent_code: Option<Option<String>>,
}

impl SentRow for OrgUnitRow {
    type Row = UnitRow;
    const KEYS: &'static [&'static str] = &["code", "parent_code"];

    fn at(self, row: usize, unread: Vec<String>) -> UnitRow {
        let Self { code, name, kind, parent_code } = self;
        UnitRow { row, code, name, kind, parent_code, unread }
    }
}

/// Import org units
///
/// Creates and changes org units by `code`. Formats and rules are those of the import of employees.
#[utoipa::path(tag = "org-units", operation_id = "importOrgUnits", params(ImportQuery, PeopleQuery),
    request_body(content(
        (Vec<OrgUnitRow> = "application/json"),
        (String = "application/x-ndjson", example = json!("{\"code\":\"SALES\",\"name\":\"Sales\",\"kind\":\"division\",\"parent_code\":\"CO\"}\n")),
        (String = "text/csv", example = json!("code,name,kind,parent_code\nSALES,Sales,division,CO\n")),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("a workbook")),
    )),
    responses(
        (status = 200, description = "The result of each row", body = ImportResult),
        (status = 202, description = "The job that imports the rows", body = jobs::JobView),
    ),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[post("/org-units/bulk")]
pub(super) async fn import_org_units(
    caller: Caller,
    query: Queries<ImportQuery, PeopleQuery>,
    body: BulkBody,
) -> Result<HttpResponse, Refusal> {
    let Queries(file, people) = query;
    accept::<Units>(caller, file, |mapping, today| people.terms(mapping, today), body).await
}

/// Import of org units.
pub struct Units;

impl Noun for Units {
    type Sent = OrgUnitRow;
    type Mapping = ImportMapping;
    type More = PeopleTerms;
    const JOB: JobKind = JobKind::OrgUnitImport;

    fn admit(actor: &Actor) -> Result<&'static str, Refusal> {
        Ok(authority(actor, Action::OrgUnitWrite)?.rule())
    }

    fn import(
        store: &mut dyn Store,
        actor: &Actor,
        import: &ImportOf<Self>,
        progress: &dyn Fn(usize),
    ) -> Result<ImportResult, Refusal> {
        let authority = authority(actor, Action::OrgUnitWrite)?;
        let (options, rows) = (&import.options, &import.rows);
        store.begin_import()?;
        let tree = store.org_tree(options.more.effective_from)?;
        let plan = plan_units(tree, rows, &terms(actor, &authority, options), &mut new_id);
        let key = |row: &UnitRow| Some((row.row, row.key()?.to_owned()));
        let id = |unit: &Unit| OrgUnitId::uuid(unit.unit.id);
        let (result, changes) = conclude(import, plan, key, id)?;
        if !options.dry_run {
            let records =
                changes.iter().map(|it| of_unit(it, authority.rule(), import.id)).collect();
            store.save_units(&changes, records)?;
            progress(import.total);
        }
        Ok(result)
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
