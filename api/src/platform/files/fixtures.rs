//! A row for the tests of the readers.

use super::decode::SentRow;
use chrono::NaiveDate;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa::openapi::Object;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder};

/// A row with every kind of property.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FixtureRow {
    pub number: String,
    #[schema(max_length = 20)]
    pub name: Option<String>,
    #[serde(default)]
    #[schema(value_type = NaiveDate)]
    pub hired: Option<NaiveDate>,
    pub level: Option<i32>,
    pub boss: Option<String>,
    #[serde(default)]
    #[schema(schema_with = ids)]
    pub ids: BTreeMap<String, Option<String>>,
}

fn ids() -> Object {
    ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(true))).build()
}

impl SentRow for FixtureRow {
    /// Its place, itself, and what could not be read.
    type Row = (usize, Self, Vec<String>);
    const KEYS: &'static [&'static str] = &["number", "boss"];

    fn at(self, place: usize, unread: Vec<String>) -> Self::Row {
        (place, self, unread)
    }
}
