//! Checks every answer that the tests receive against the contract.

use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// An operation of the contract.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The `operationId`.
    pub id: &'static str,
    /// Method in upper case.
    pub method: String,
    /// Path template.
    pub path: &'static str,
    /// The operation object of the contract.
    pub object: &'static Value,
}

impl Operation {
    /// Whether the operation needs credentials.
    pub fn is_secured(&self) -> bool {
        self.object["security"].as_array().is_some_and(|list| !list.is_empty())
    }

    /// Whether an API key may call the operation.
    pub fn takes_keys(&self) -> bool {
        let mut schemes = self.object["security"].as_array().into_iter().flatten();
        schemes.any(|scheme| scheme.get("api_key").is_some())
    }

    /// Whether the path names one resource.
    pub fn is_on_one(&self) -> bool {
        self.path.contains('{')
    }

    /// Whether the operation requires `If-Match`.
    pub fn is_guarded(&self) -> bool {
        self.has_parameter("If-Match")
    }

    /// Whether the operation has a parameter of this name.
    pub fn has_parameter(&self, name: &str) -> bool {
        let mut parameters = self.object["parameters"].as_array().into_iter().flatten();
        parameters.any(|parameter| parameter["name"] == name)
    }

    fn is_at(&self, path: &str) -> bool {
        let path = path.split('?').next().unwrap_or_default();
        let (template, path) = (self.path.split('/'), path.split('/'));
        template.clone().count() == path.clone().count()
            && template.zip(path).all(|(part, given)| part == given || part.starts_with('{'))
    }
}

static OPERATIONS: LazyLock<BTreeMap<&'static str, Operation>> = LazyLock::new(|| {
    let all = api::contract::operations().map(|operation| {
        let id = operation.object["operationId"].as_str().expect("every operation has an id");
        let method = operation.method.to_uppercase();
        (id, Operation { id, method, path: operation.path, object: operation.object })
    });
    all.collect()
});

/// Every operation, by its id.
pub fn operations() -> &'static BTreeMap<&'static str, Operation> {
    &OPERATIONS
}

/// An operation by its id.
///
/// # Panics
/// If the contract has no such operation.
pub fn operation(id: &str) -> &'static Operation {
    OPERATIONS.get(id).unwrap_or_else(|| panic!("the contract has no operation {id}"))
}

/// The operation of a request. A path without parameters takes precedence over one with parameters.
pub fn at(method: &str, path: &str) -> Option<&'static Operation> {
    let found = OPERATIONS.values().filter(|known| known.method == method && known.is_at(path));
    found.min_by_key(|known| known.path.matches('{').count())
}

/// Why an answer breaks the contract; none if it does not.
pub fn fault(operation: &Operation, status: u16, media_type: &str, body: &[u8]) -> Option<String> {
    let key = status.to_string();
    let responses = &operation.object["responses"];
    let Some(documented) = responses.get(&key) else {
        return Some(format!("{status} is not documented"));
    };
    let documented = match documented["$ref"].as_str() {
        Some(reference) => api::contract::document()
            .pointer(reference.trim_start_matches('#'))
            .expect("the contract's references hold"),
        None => documented,
    };
    let Some(content) = documented["content"].as_object() else {
        return (!body.is_empty()).then(|| format!("{status} has no documented body"));
    };
    let Some(shape) = content.get(media_type) else {
        return Some(format!("{status} as `{media_type}` is not documented"));
    };
    if media_type != "application/json" && !media_type.ends_with("+json")
        || shape.get("schema").is_none()
    {
        return None;
    }
    let value = match serde_json::from_slice::<Value>(body) {
        Ok(value) => value,
        Err(error) => return Some(format!("{status} is not JSON: {error}")),
    };
    let faults: Vec<String> = validator(&shape["schema"])
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    (!faults.is_empty()).then(|| format!("{status} breaks its schema: {}", faults.join("; ")))
}

/// The compiled validator of a schema of the contract; each schema is compiled once.
fn validator(schema: &Value) -> Arc<Validator> {
    static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> =
        LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let made = compiled.entry(schema.to_string()).or_insert_with(|| {
        let document = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [schema],
            "components": { "schemas": api::contract::document()["components"]["schemas"] },
        });
        let checker = jsonschema::options().should_validate_formats(true).build(&document);
        Arc::new(checker.expect("the contract's schemas are JSON Schema"))
    });
    Arc::clone(made)
}
