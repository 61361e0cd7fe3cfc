//! Imports of many records at once, from a file of any format.
//!
//! How to declare a noun to import:
//!
//! 1. **The row**: `#[derive(Deserialize, ToSchema)] #[serde(deny_unknown_fields)] struct XRow`, the
//!    properties of a row as they are sent, which are also the columns of a table, and
//!    `impl SentRow for XRow`: the row as it is planned (with its index, and the properties that could not
//!    be read), and which properties are keys. `MAX_ROWS` says how many rows there may be.
//! 2. **The plan**: a function of the domain that makes of the records known and the rows a
//!    [`Plan`](domain::core::import::Plan), with every fault and warning at its row.
//! 3. **The noun**: a unit struct with [`Noun`]: the kind of its jobs ([`JobKind`], with a label in
//!    `api/labels`), who may import ([`authority`], or what the policy says of each record), and `import`:
//!    load what the rows name with one statement for many rows, plan, [`conclude`], and unless it is a dry
//!    run save `changes` together with their audit records, which [`record`] begins.
//! 4. **The operation**: a handler with `Query<ImportQuery>` (or `Queries<ImportQuery, More>`, where the
//!    noun has parameters of its own) and [`BulkBody`], which calls [`accept`].
//! 5. **The job**: a line in `work` of `api/src/areas.rs`, so that jobs of the kind can be run.
//!
//! An import leaves an audit entry and an event for each record that it changes, all of which name the
//! import; it is committed as a whole or not at all.

mod file;
mod outcome;
mod rows;

use crate::platform::app::new_id;
use crate::platform::caller::{Actor, Caller};
use crate::platform::files::decode::{Rows, SentRow, decode};
use crate::platform::files::table::Reading;
use crate::platform::jobs::report::Report;
use crate::platform::jobs::{self, Work};
use crate::platform::problem::Language;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use actix_web::HttpResponse;
use chrono::NaiveDate;
use domain::core::change::Record;
use domain::core::id::EmployeeId;
use domain::everyday::job::JobKind;
use domain::policy::{Action, NO_RULE, visibility};
use file::Received;
pub use file::{BulkBody, ImportQuery, Nothing};
pub use outcome::{ImportResult, RowResult, conclude};
use persistence::Store;
pub use rows::{Import, Options};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// A row of a noun, as it is planned.
pub type RowOf<N> = <<N as Noun>::Sent as SentRow>::Row;

/// An import of a noun.
pub type ImportOf<N> = Import<RowOf<N>, <N as Noun>::More>;

/// A noun that can be imported.
pub trait Noun: Sized + 'static {
    /// A row as it is sent, which defines how it is planned.
    type Sent: SentRow<Row: Serialize + DeserializeOwned + Send + Sync + 'static>;
    /// What else the mapping of a file may say of the noun.
    type Mapping: DeserializeOwned + ToSchema + Default + 'static;
    /// What else the importer says of the noun, which a job keeps.
    type More: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// Kind of the jobs that import it.
    const JOB: JobKind;

    /// The rule that lets the caller import anything at all.
    ///
    /// # Errors
    /// No rule does.
    fn admit(actor: &Actor) -> Result<&'static str, Refusal>;

    /// Imports in one unit of work. `progress` receives the number of rows already done.
    fn import(
        store: &mut dyn Store,
        actor: &Actor,
        import: &ImportOf<Self>,
        progress: &dyn Fn(usize),
    ) -> Result<ImportResult, Refusal>;
}

impl<N: Noun> Work for N {
    const KIND: JobKind = N::JOB;
    type Input = ImportOf<N>;
    type Output = ImportResult;

    fn run(
        store: &mut dyn Store,
        actor: &Actor,
        input: &ImportOf<N>,
        progress: &dyn Fn(usize),
    ) -> Result<ImportResult, Refusal> {
        N::import(store, actor, input, progress)
    }

    fn report(input: &Self::Input) -> Option<Report> {
        input.report().take()
    }

    fn admits(actor: &Actor) -> bool {
        N::admit(actor).is_ok()
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

    /// The people whom a conflict of interest closes to the importer.
    pub fn closed(&self) -> &[EmployeeId] {
        &self.closed
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

/// Imports the rows of a request at once, or makes a job of them. `more` makes of the noun's part of the
/// mapping, and the day of today, what else is said of the noun.
pub async fn accept<N: Noun>(
    caller: Caller,
    query: ImportQuery,
    more: impl FnOnce(N::Mapping, NaiveDate) -> N::More,
    body: BulkBody,
) -> Result<HttpResponse, Refusal> {
    N::admit(&caller.actor)?;
    let (reading, mapping) = query.reading::<N::Mapping>()?;
    let options = Options {
        dry_run: query.dry_run.unwrap_or(false),
        atomic: query.atomic.unwrap_or(true),
        language: Language::asked(caller.request()),
        more: more(mapping, caller.actor.today),
    };
    let tenant = caller.actor.subject.tenant;
    let (rows, digest) = read_rows::<N>(reading, body.receive(tenant).await?).await?;
    let import = Import::new(new_id(), options, rows);
    // What is refused for its form is planned at once, so that the answer names its other faults too.
    if !import.is_long() || import.is_refused() {
        let work = move |store: &mut dyn Store, actor: &Actor| {
            N::import(store, actor, &import, &|_| ()).map(Reply::done)
        };
        return caller.change_bulk(Some(digest), work).await;
    }
    let ticket = jobs::Ticket::with_id(&caller, import.id);
    let import = Arc::new(import);
    let (made, rows) = (ticket.clone(), Arc::clone(&import));
    let work = move |store: &mut dyn Store, actor: &Actor| {
        let rule = N::admit(actor)?;
        let view = made.submit::<N>(store, actor, rule, rows.total, &rows)?;
        Ok(Reply::accepted(view, 1, made.location()))
    };
    let response = caller.change(Some(digest), work).await?;
    ticket.hand_over::<N>(&response, import);
    Ok(response)
}

/// Reads rows on a separate thread, because it can take a while.
#[expect(clippy::disallowed_methods, reason = "the body's place bounds these threads")]
async fn read_rows<N: Noun>(
    reading: Reading,
    body: Received,
) -> Result<(Rows<RowOf<N>>, [u8; 32]), Refusal> {
    let reading = tokio::task::spawn_blocking(move || {
        let Received { bytes, format, .. } = &body;
        let rows = decode::<N::Sent>(*format, &reading, bytes)?;
        Ok((rows, Sha256::digest(bytes).into()))
    });
    reading.await.unwrap_or_else(|error| Err(Refusal::Internal(error.to_string())))
}

/// The audit record of a change by an import; it names the import.
pub fn record(action: &'static str, id: Uuid, rule: &'static str, import: Uuid) -> Record {
    let mut record = Record::new(action, id, rule);
    let import = Value::from(import.to_string());
    record.details.insert("import_id".into(), import.clone());
    record.event.insert("import_id".into(), import);
    record
}
