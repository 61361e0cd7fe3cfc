//! How the file of an import is to be read: what the query says of it, and the body itself.

use crate::platform::extract::{self, parse, read_body};
use crate::platform::files::dates::DateFormat;
use crate::platform::files::format::{Format, encoding};
use crate::platform::files::table::{Reading, renamed_columns};
use crate::platform::places::Place;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::words;
use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use domain::core::id::TenantId;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::{Ready, ready};
use std::time::Duration;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

/// Query parameters of every import.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Check and report everything, but save nothing.
    #[param(default = false)]
    pub(super) dry_run: Option<bool>,
    /// true: save all rows or none. false: save every valid row; rows that depend on a failed one
    /// fail with it.
    #[param(default = true)]
    pub(super) atomic: Option<bool>,
    /// New names for the columns of a table, as `theirs:ours,theirs:ours`; `theirs:` leaves a column
    /// out, and a heading with a comma stands in quotes.
    #[param(example = "login:name,department_code:org_unit_code,gender:")]
    columns: Option<String>,
    /// Leave out the columns of a table that are no property.
    #[param(default = false)]
    ignore_unknown_columns: Option<bool>,
    /// How the days of a table are written. Without it, `YYYY-MM-DD` and other forms that begin with the
    /// year are read.
    #[param(value_type = Option<words::DateFormat>)]
    date_format: Option<DateFormat>,
    /// The encoding of a table, whatever `Content-Type` declares: a label of the WHATWG Encoding
    /// Standard.
    #[param(max_length = 40, example = "gb18030")]
    encoding: Option<String>,
    /// The sheet of a workbook; the first visible one if absent.
    #[param(max_length = 100, example = "People")]
    sheet: Option<String>,
    /// All of this as one JSON object: `columns` (heading to property; null leaves out),
    /// `ignore_others`, `date_format`, `encoding`, `sheet`, `values` (by property, what a cell stands
    /// for; null for an empty cell) and, of people and units, `manager_by` and `org_unit_by`. A
    /// parameter of its own counts more.
    #[param(
        example = r#"{"columns":{"EmpID":"employee_number","Hire, date:":"hire_date"},"ignore_others":true,"date_format":"MM/DD/YYYY","manager_by":"name"}"#
    )]
    mapping: Option<String>,
}

/// How a file is to be read, as JSON in one parameter.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
struct FileMapping {
    /// The property of each column, by its heading; null leaves the column out.
    #[serde(default)]
    columns: BTreeMap<String, Option<String>>,
    /// Whether columns that are not named and are no property are left out.
    ignore_others: Option<bool>,
    /// How days are written.
    #[schema(value_type = Option<words::DateFormat>)]
    date_format: Option<DateFormat>,
    /// The encoding of a text file.
    encoding: Option<String>,
    /// The sheet of a workbook.
    sheet: Option<String>,
    /// What cells stand for, by property; null for an empty cell.
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, Option<String>>>,
}

/// Nothing beside what every import can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, Deserialize, ToSchema)]
pub struct Nothing {}

/// How a file is to be read, with what else may be said of the noun in the same object.
#[derive(Default, Deserialize)]
struct Mapping<M> {
    #[serde(flatten)]
    file: FileMapping,
    #[serde(flatten)]
    more: M,
}

impl<M: ToSchema> PartialSchema for Mapping<M> {
    fn schema() -> RefOr<Schema> {
        let mut schema = FileMapping::schema();
        if let (RefOr::T(Schema::Object(file)), RefOr::T(Schema::Object(more))) =
            (&mut schema, M::schema())
        {
            file.properties.extend(more.properties);
            file.required.extend(more.required);
            file.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
        schema
    }
}

impl<M: ToSchema> ToSchema for Mapping<M> {
    fn name() -> Cow<'static, str> {
        "Mapping".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        FileMapping::schemas(schemas);
        M::schemas(schemas);
    }
}

impl ImportQuery {
    /// What the query says of the file, and what its mapping says of the noun. A parameter of its own
    /// counts more than the same in `mapping`.
    ///
    /// # Errors
    /// The mapping cannot be read; every fault is named.
    pub(super) fn reading<M>(&self) -> Result<(Reading, M), Refusal>
    where
        M: DeserializeOwned + ToSchema + Default + 'static,
    {
        let mapping = self.mapping.as_deref().map_or_else(|| Ok(Mapping::default()), read)?;
        let Mapping { file, more } = mapping;
        let mut faults = Vec::new();
        let mut columns: Vec<_> = file.columns.into_iter().collect();
        let renamed = self.columns.as_deref().map(|list| renamed_columns("/query/columns", list));
        match renamed.transpose() {
            Ok(renamed) => columns.extend(renamed.into_iter().flatten()),
            Err(fault) => faults.push(fault),
        }
        let encoding = match (&self.encoding, &file.encoding) {
            (Some(label), _) => Some(encoding("/query/encoding", label)),
            (None, Some(label)) => Some(encoding("/query/mapping/encoding", label)),
            (None, None) => None,
        };
        let encoding = encoding.transpose().map_err(|fault| faults.push(fault));
        let (Ok(encoding), true) = (encoding, faults.is_empty()) else {
            return Err(Refusal::Malformed(faults));
        };
        let ignore_others = self.ignore_unknown_columns.or(file.ignore_others);
        let reading = Reading {
            columns,
            ignore_others: ignore_others.unwrap_or(false),
            date_format: self.date_format.or(file.date_format),
            encoding,
            sheet: self.sheet.clone().or(file.sheet),
            values: file.values,
        };
        Ok((reading, more))
    }
}

fn read<M>(text: &str) -> Result<Mapping<M>, Refusal>
where
    M: DeserializeOwned + ToSchema + 'static,
{
    let within = |mut fault: Violation| {
        fault.put_within("mapping");
        fault.put_within("query");
        fault
    };
    parse(text.as_bytes()).map_err(|refusal| match refusal {
        Refusal::Invalid(faults) | Refusal::Malformed(faults) => {
            Refusal::Malformed(faults.into_iter().map(within).collect())
        }
        other => other,
    })
}

/// The body of a bulk request. It is read only after the caller's permission is checked.
pub struct BulkBody {
    request: HttpRequest,
    payload: Payload,
}

impl FromRequest for BulkBody {
    type Error = Refusal;
    type Future = Ready<Result<Self, Refusal>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self { request: request.clone(), payload: payload.take() }))
    }
}

impl BulkBody {
    /// Reads the body. It has its own size limit, and waits until enough of the memory set aside
    /// for bulk bodies is free.
    pub(super) async fn receive(mut self, tenant: TenantId) -> Result<Received, Refusal> {
        let format = Format::of(&self.request)?;
        let app = extract::app(&self.request)?;
        let limit = app.settings.bulk_limit;
        let mebibytes = extract::announced_length(&self.request).unwrap_or(limit).div_ceil(1 << 20);
        let wait = Duration::from_secs(app.settings.database_wait);
        let largest = limit.div_ceil(1 << 20);
        let needed = (mebibytes.max(1) * format.weight()).min(largest.max(1));
        let place = app.bulk_bodies.take(tenant, needed, wait).await?;
        let bytes = read_body(&self.request, &mut self.payload, limit).await?;
        Ok(Received { bytes, format, _place: place })
    }
}

/// The body of a bulk request in memory, with the memory reserved for it.
pub(super) struct Received {
    pub bytes: Bytes,
    pub format: Format,
    _place: Place,
}
