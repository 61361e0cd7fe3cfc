//! Query parameters, checked against the contract that describes them: a refusal names every fault.

use crate::platform::faults::Faults;
use crate::platform::labels;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::schema::{self, Once};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use jsonschema::Validator;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::future::{Ready, ready};
use utoipa::IntoParams;
use utoipa::openapi::path::Parameter;

/// Query parameters; unknown ones are refused.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + IntoParams + 'static> FromRequest for Query<T> {
    type Error = Refusal;
    type Future = Ready<Result<Self, Refusal>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request.query_string()).map(Self))
    }
}

/// Query parameters that stand in two types, which leave each other's aside; unknown ones are refused.
pub struct Queries<A, B>(pub A, pub B);

impl<A, B> FromRequest for Queries<A, B>
where
    A: DeserializeOwned + IntoParams + 'static,
    B: DeserializeOwned + IntoParams + 'static,
{
    type Error = Refusal;
    type Future = Ready<Result<Self, Refusal>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = request.query_string();
        let both = checked::<(A, B)>(query, || {
            [A::into_params(|| None), B::into_params(|| None)].concat()
        });
        ready(both.and_then(|()| Ok(Self(typed(query)?, typed(query)?))))
    }
}

/// The parameters of an operation, as the contract describes them.
struct Described {
    /// Of an object with a property for each parameter.
    validator: Validator,
    /// The schema of each parameter.
    schemas: Map<String, Value>,
}

impl Described {
    fn new(parameters: Vec<Parameter>) -> Self {
        let (mut schemas, mut required) = (Map::new(), Vec::new());
        for parameter in parameters.into_iter().filter_map(|it| serde_json::to_value(it).ok()) {
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            if parameter["required"] == true {
                required.push(name.clone());
            }
            schemas.insert(name, parameter["schema"].clone());
        }
        let all = json!({
            "type": "object",
            "properties": schemas,
            "required": required,
            "additionalProperties": false,
            "components": { "schemas": labels::schemas() },
        });
        Self { validator: schema::build(&all), schemas }
    }

    /// The value that a text stands for in a parameter.
    fn value(&self, name: &str, text: &str) -> Value {
        let kind = self.schemas.get(name).map(|schema| &schema["type"]);
        let is = |wanted: &str| match kind {
            Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == wanted),
            kind => kind.is_some_and(|kind| kind == wanted),
        };
        let read = if is("integer") {
            text.parse::<i64>().ok().map(Value::from)
        } else if is("boolean") {
            text.parse::<bool>().ok().map(Value::from)
        } else {
            None
        };
        read.unwrap_or_else(|| text.into())
    }
}

static DESCRIBED: Once<Described> = Once::empty();

/// Reads the parameters of a query.
fn read<T: DeserializeOwned + IntoParams + 'static>(query: &str) -> Result<T, Refusal> {
    checked::<T>(query, || T::into_params(|| None))?;
    typed(query)
}

/// Refuses parameters that `T` does not have, or not like this.
fn checked<T: 'static>(
    query: &str,
    parameters: impl FnOnce() -> Vec<Parameter>,
) -> Result<(), Refusal> {
    let described = DESCRIBED.of::<T>(|| Described::new(parameters()));
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query);
    let pairs = pairs.map_or_else(|_| Vec::new(), web::Query::into_inner);
    let (mut given, mut faults) = (Map::new(), Faults::default());
    faults.within("query", |faults| {
        for (name, text) in &pairs {
            if given.insert(name.clone(), described.value(name, text)).is_some() {
                faults.within(name, |faults| faults.push(Violation::new("", "duplicate_key")));
            }
        }
        schema::check(&described.validator, &Value::Object(given), faults);
    });
    if !faults.is_empty() {
        return Err(Refusal::Malformed(faults.into()));
    }
    Ok(())
}

/// The parameters as a type.
fn typed<T: DeserializeOwned>(query: &str) -> Result<T, Refusal> {
    let query = web::Query::<T>::from_query(query);
    query.map(web::Query::into_inner).map_err(|error| {
        log::debug!("query passes its schema but cannot be read: {error}");
        Refusal::Malformed(vec![Violation::new("/query", "wrong_type")])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, NaiveDate, Utc};
    use serde::Deserialize;
    use uuid::Uuid;

    #[derive(Debug, PartialEq, Deserialize, IntoParams)]
    #[serde(deny_unknown_fields)]
    #[into_params(parameter_in = Query)]
    struct Asked {
        #[param(minimum = 1, maximum = 200)]
        limit: Option<i64>,
        of: Option<Uuid>,
        day: NaiveDate,
        since: Option<DateTime<Utc>>,
        deep: Option<bool>,
        name: Option<String>,
    }

    fn faults(query: &str) -> Vec<(String, String)> {
        match read::<Asked>(query) {
            Err(Refusal::Malformed(faults)) => {
                faults.into_iter().map(|it| (it.pointer.to_string(), it.code.to_owned())).collect()
            }
            other => panic!("{query}: {other:?}"),
        }
    }

    #[test]
    fn what_the_contract_allows_is_read() {
        let read = read::<Asked>("day=2026-12-01&limit=7&deep=true&name=%E6%9D%8E+Li");
        let expected = Asked {
            limit: Some(7),
            of: None,
            day: NaiveDate::from_ymd_opt(2026, 12, 1).expect("a day"),
            since: None,
            deep: Some(true),
            name: Some("李 Li".to_owned()),
        };
        assert_eq!(read.expect("it is allowed"), expected);
    }

    #[test]
    fn every_fault_is_named() {
        let query = "limit=many&of=7&since=yesterday&deep=yes&colour=red&colour=blue&name=%00";
        let mut found = faults(query);
        found.sort_unstable();
        let expected = [
            ("/query/colour", "duplicate_key"),
            ("/query/colour", "unknown_property"),
            ("/query/day", "required"),
            ("/query/deep", "wrong_type"),
            ("/query/limit", "wrong_type"),
            ("/query/name", "control_character"),
            ("/query/of", "not_a_uuid"),
            ("/query/since", "not_a_date"),
        ];
        let expected = expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned()));
        assert_eq!(found, expected);
        assert_eq!(faults("day=2026-12-01&limit=201")[0].1, "too_large");
    }

    #[test]
    fn years_are_written_with_four_digits() {
        for day in ["-10000-01-01", "%2B12026-01-01", "+-0001-01-01", "10000-01-01", ""] {
            assert_eq!(faults(&format!("day={day}"))[0].1, "not_a_date", "{day}");
        }
    }
}
