//! Checks request bodies against the schemas of the published contract, so that documentation and
//! behaviour cannot differ, and a refusal lists every fault.

use crate::platform::faults::Faults;
use crate::platform::labels;
use crate::platform::problem::Violation;
use domain::core::text;
use jsonschema::JsonType;
use jsonschema::Validator;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::{Value, json};
use std::any::TypeId;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use utoipa::ToSchema;
use validator::ValidateEmail;

/// What is made of each type once.
pub struct Once<V>(RwLock<Option<HashMap<TypeId, Arc<V>>>>);

impl<V> Once<V> {
    /// Nothing so far.
    pub const fn empty() -> Self {
        Self(RwLock::new(None))
    }

    /// What `make` makes of the type `T`.
    pub fn of<T: 'static>(&self, make: impl FnOnce() -> V) -> Arc<V> {
        let id = TypeId::of::<T>();
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.as_ref().and_then(|map| map.get(&id)) {
            return Arc::clone(found);
        }
        drop(known);
        let made = Arc::new(make());
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        map.get_or_insert_default().insert(id, Arc::clone(&made));
        made
    }
}

static VALIDATORS: Once<Validator> = Once::empty();

/// The validator of a body type; compiled once.
pub fn validator<T: ToSchema + 'static>() -> Arc<Validator> {
    VALIDATORS.of::<T>(|| described::<T>(&[]))
}

static OPEN_VALIDATORS: Once<Validator> = Once::empty();

/// The validator of a body type, compiled once, which takes any object for the schemas `whole`.
pub fn validator_but<T: ToSchema + 'static>(whole: &[&str]) -> Arc<Validator> {
    OPEN_VALIDATORS.of::<T>(|| described::<T>(whole))
}

fn described<T: ToSchema>(whole: &[&str]) -> Validator {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    let opened = |(name, schema): (String, _)| {
        let is_any = whole.contains(&&name[..]);
        (name, if is_any { json!({ "type": "object" }) } else { json!(schema) })
    };
    let mut all = labels::schemas();
    all.extend(schemas.into_iter().map(opened));
    build(&json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": format!("#/components/schemas/{}", T::name()),
        "components": { "schemas": all },
    }))
}

/// The format of a text that identifies a record: everything in it can be seen.
const KEY: &str = "key";
/// The format of a name: something in it can be seen.
const NAME: &str = "name";

/// Whether a text is the address of one mailbox. Its owner's name may be of any script.
fn is_email(text: &str) -> bool {
    let Some((owner, host)) = text.rsplit_once('@') else { return false };
    let latin = |c: char| if !c.is_ascii() && c.is_alphanumeric() { 'x' } else { c };
    let owner: String = owner.chars().map(latin).collect();
    format!("{owner}@{host}").validate_email()
}

/// The validator of a schema that utoipa has written.
pub fn build(schema: &Value) -> Validator {
    let options = jsonschema::options()
        .should_validate_formats(true)
        .with_format("idn-email", is_email)
        .with_format(KEY, text::is_plain)
        .with_format(NAME, text::is_visible);
    options.build(schema).expect("utoipa writes valid JSON Schema")
}

/// Adds every fault of `value` that the schema finds, in the order of the document, then every text
/// with control characters.
pub fn check(validator: &Validator, value: &Value, faults: &mut Faults) {
    // A check without details is several times faster, and there are usually no faults.
    if !validator.is_valid(value) {
        validator.iter_errors(value).for_each(|error| tell(&error, faults));
    }
    control_characters(value, faults);
}

/// Whether a text contains control characters other than line breaks and tabs. One database cannot
/// store all of them, and no reader of an export expects them.
pub fn has_control_characters(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// Finds control characters; pointers are built only if there are any.
fn control_characters(value: &Value, faults: &mut Faults) {
    match value {
        Value::String(text) if has_control_characters(text) => {
            faults.push(Violation::new("", "control_character"));
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                faults.within(&place.to_string(), |faults| control_characters(item, faults));
            }
        }
        Value::Object(properties) => {
            for (name, item) in properties {
                faults.within(name, |faults| control_characters(item, faults));
            }
        }
        _ => {}
    }
}

/// The pointer to the property `name` of the object at `at`.
pub fn child(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The faults of the alternative that the client meant: the one whose kind is named, if a property
/// distinguishes the alternatives, otherwise the one that fits best. A nullable reference is "null
/// or the schema"; the schema fits better.
fn meant<'c, 'i>(
    context: &'c [Vec<jsonschema::ValidationError<'i>>],
) -> Option<&'c [jsonschema::ValidationError<'i>]> {
    let fit = |errors: &Vec<jsonschema::ValidationError<'i>>| {
        let depth = errors.iter().map(|error| error.instance_path().as_str().len()).max();
        let names_another = errors.iter().any(names_another_kind);
        (!names_another, depth, Reverse(errors.len()), !errors.iter().any(wants_null))
    };
    let best = context.iter().max_by_key(|errors| fit(errors))?;
    // If the named kind does not exist, only that name is at fault.
    let unknown = best.iter().position(names_another_kind);
    Some(unknown.map_or(best.as_slice(), |at| &best[at..=at]))
}

/// Whether only null would do, which is not what was meant by a value that is not null.
fn wants_null(error: &jsonschema::ValidationError<'_>) -> bool {
    matches!(error.kind(), Kind::Type { kind: TypeKind::Single(JsonType::Null) })
}

/// Whether the property that distinguishes kinds names another kind.
fn names_another_kind(error: &jsonschema::ValidationError<'_>) -> bool {
    matches!(error.kind(), Kind::Enum { options }
        if options.as_array().is_some_and(|options| options.len() == 1))
}

/// Adds the fault for an error of the schema.
fn tell(error: &jsonschema::ValidationError<'_>, faults: &mut Faults) {
    let at = error.instance_path().as_str().to_owned();
    let child = |name: &str| child(&at, name);
    let fault = match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            for name in unexpected {
                faults.push(Violation::new(child(name), "unknown_property"));
            }
            return;
        }
        Kind::OneOfNotValid { context } | Kind::AnyOf { context } => {
            match meant(context).unwrap_or_default() {
                [] => faults.push(Violation::new(at, "wrong_type")),
                errors => errors.iter().for_each(|error| tell(error, faults)),
            }
            return;
        }
        Kind::Required { property } => {
            Violation::new(child(property.as_str().unwrap_or_default()), "required")
        }
        Kind::Type { .. } => Violation::new(at, "wrong_type"),
        Kind::Enum { options } => {
            let options: Vec<_> = options.as_array().into_iter().flatten().collect();
            let words: Vec<_> = options.iter().filter_map(|option| option.as_str()).collect();
            Violation::new(at, "not_allowed").allowing(&words)
        }
        Kind::MinLength { limit } => Violation::new(at, "too_short").with("min", limit),
        Kind::MaxLength { limit } => Violation::new(at, "too_long").with("max", limit),
        Kind::MaxItems { limit } => Violation::new(at, "too_many").with("max", limit),
        Kind::Minimum { limit } | Kind::ExclusiveMinimum { limit } => {
            Violation::new(at, "too_small").with("min", limit)
        }
        Kind::Maximum { limit } | Kind::ExclusiveMaximum { limit } => {
            Violation::new(at, "too_large").with("max", limit)
        }
        Kind::Pattern { pattern } => Violation::new(at, "pattern").with("value", pattern),
        Kind::Format { format } => Violation::new(
            at,
            match format.as_str() {
                "date" | "date-time" => "not_a_date",
                "uuid" => "not_a_uuid",
                "email" | "idn-email" => "not_an_email",
                KEY => "invisible_character",
                NAME => "blank",
                _ => "pattern",
            },
        ),
        _ => Violation::new(at, "not_allowed"),
    };
    faults.push(fault);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_that_of_one_mailbox() {
        for address in
            ["li.na@example.com", "O'Neil+x@acme.example", "李娜@例子.公司", "a@localhost"]
        {
            assert!(is_email(address), "{address}");
        }
        for none in [
            "not an address",
            "n/a",
            "x@example.com; y@example.com",
            "x@example.com,y@example.com",
            "Li Na <li.na@example.com>",
            "li.na@",
            "@example.com",
            "li.na@exa mple.com",
            "li\u{200b}na@example.com",
        ] {
            assert!(!is_email(none), "{none}");
        }
    }
}
