//! What the columns and cells of a company's file mean.

use super::ImportQuery;
use crate::people::words;
use crate::platform::extract::parse;
use crate::platform::files::dates::DateFormat;
use crate::platform::files::format::encoding;
use crate::platform::files::table::{Reading, renamed_columns};
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use domain::people::import::{ManagerBy, OrgUnitBy};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// How a file is to be read, as JSON in one parameter.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportMapping {
    /// The property of each column, by its heading; null leaves the column out.
    #[serde(default)]
    pub columns: BTreeMap<String, Option<String>>,
    /// Whether columns that are not named and are no property are left out.
    pub ignore_others: Option<bool>,
    /// How days are written.
    #[schema(value_type = Option<words::DateFormat>)]
    pub date_format: Option<DateFormat>,
    /// The encoding of a text file.
    pub encoding: Option<String>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// What `manager_employee_number` holds.
    #[schema(pattern = r"^(employee_number|email|name|external_ids\.[a-z0-9_-]{1,40})$")]
    pub manager_by: Option<String>,
    /// What `org_unit_code` holds.
    #[schema(value_type = Option<words::OrgUnitBy>)]
    pub org_unit_by: Option<OrgUnitBy>,
    /// What cells stand for, by property; null for an empty cell.
    #[serde(default)]
    pub values: BTreeMap<String, BTreeMap<String, Option<String>>>,
}

/// What the rows have in place of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct References {
    /// What they have in place of the employee numbers of managers.
    #[serde(default)]
    pub manager_by: ManagerBy,
    /// What they have in place of the codes of units.
    #[serde(default)]
    pub org_unit_by: OrgUnitBy,
}

impl ImportMapping {
    /// What the query says of the file. A parameter of its own counts more than the same in `mapping`.
    ///
    /// # Errors
    /// The mapping cannot be read; every fault is named.
    pub fn of(query: &ImportQuery) -> Result<(Reading, References), Refusal> {
        let mapping = query.mapping.as_deref().map_or(Ok(Self::default()), Self::read)?;
        let mut faults = Vec::new();
        let mut columns: Vec<_> = mapping.columns.into_iter().collect();
        let renamed = query.columns.as_deref().map(|list| renamed_columns("/query/columns", list));
        match renamed.transpose() {
            Ok(renamed) => columns.extend(renamed.into_iter().flatten()),
            Err(fault) => faults.push(fault),
        }
        let encoding = match (&query.encoding, &mapping.encoding) {
            (Some(label), _) => Some(encoding("/query/encoding", label)),
            (None, Some(label)) => Some(encoding("/query/mapping/encoding", label)),
            (None, None) => None,
        };
        let encoding = encoding.transpose().map_err(|fault| faults.push(fault));
        let (Ok(encoding), true) = (encoding, faults.is_empty()) else {
            return Err(Refusal::Malformed(faults));
        };
        let manager_by = query.manager_by.as_ref().or(mapping.manager_by.as_ref());
        let references = References {
            manager_by: manager_by.and_then(|it| ManagerBy::parse(it)).unwrap_or_default(),
            org_unit_by: query.org_unit_by.or(mapping.org_unit_by).unwrap_or_default(),
        };
        let ignore_others = query.ignore_unknown_columns.or(mapping.ignore_others);
        let reading = Reading {
            columns,
            ignore_others: ignore_others.unwrap_or(false),
            date_format: query.date_format.or(mapping.date_format),
            encoding,
            sheet: query.sheet.clone().or(mapping.sheet),
            values: mapping.values,
        };
        Ok((reading, references))
    }

    fn read(text: &str) -> Result<Self, Refusal> {
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
}
