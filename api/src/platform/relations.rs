//! Rules about how the values of one body go together, stated with `validator` on its type. What shape
//! and limits each value has is stated by the schema alone.

use crate::platform::extract::Ruled;
use crate::platform::faults::Faults;
use crate::platform::problem::Violation;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::hash::Hash;
use utoipa::ToSchema;
use validator::{Validate, ValidationError, ValidationErrors, ValidationErrorsKind};

/// What an error against a rule names: places below the property or the object of the rule, each with
/// the value there if a text repeats it.
const PLACES: &str = "places";

/// Name under which `validator` keeps the errors of a whole object.
const WHOLE_OBJECT: &str = "__all__";

/// Whether a rule is kept; otherwise the places where it is broken.
pub type Kept = Result<(), ValidationError>;

/// A rule that is broken at these places, if there are any. Each is a pointer below the property or
/// the object that the rule is about, with the value there if the text of the code repeats it.
pub fn unbroken<V: ToString>(
    code: &'static str,
    places: impl IntoIterator<Item = (String, Option<V>)>,
) -> Kept {
    let text = |(place, value): (String, Option<V>)| (place, value.map(|it| it.to_string()));
    let places: Vec<_> = places.into_iter().map(text).collect();
    if places.is_empty() {
        return Ok(());
    }
    let mut error = ValidationError::new(code);
    error.add_param(Cow::Borrowed(PLACES), &places);
    Err(error)
}

/// Whether the property `name` differs in all items of a list; `of` reads it.
pub fn differs<T, K: Hash + Eq + ToString>(items: &[T], name: &str, of: impl Fn(&T) -> K) -> Kept {
    let mut seen = HashSet::new();
    let again = items.iter().map(of).enumerate().filter_map(|(at, key)| {
        let value = key.to_string();
        (!seen.insert(key)).then(|| (format!("/{at}/{name}"), Some(value)))
    });
    unbroken("duplicate_in_request", again.collect::<Vec<_>>())
}

/// A body whose type states rules is checked against them as soon as it can be read, whatever other
/// faults it has.
impl<T: Validate + ToSchema + for<'a> Deserialize<'a>> Ruled for T {
    const WHOLE: &'static [&'static str] = &[];

    fn rules(body: &Value, faults: &mut Faults) {
        if let Ok(read) = T::deserialize(body)
            && let Err(errors) = read.validate()
        {
            told(errors, "", faults);
        }
    }
}

/// Adds the faults in an object at `place`, in the order of their pointers.
fn told(errors: ValidationErrors, place: &str, faults: &mut Faults) {
    let fields: BTreeMap<_, _> = errors.into_errors().into_iter().collect();
    for (field, kind) in fields {
        let place = match &field[..] {
            WHOLE_OBJECT => place.to_owned(),
            name => format!("{place}/{name}"),
        };
        match kind {
            ValidationErrorsKind::Struct(inner) => told(*inner, &place, faults),
            ValidationErrorsKind::List(items) => {
                for (at, inner) in items {
                    told(*inner, &format!("{place}/{at}"), faults);
                }
            }
            ValidationErrorsKind::Field(errors) => {
                errors.into_iter().for_each(|error| one(error, &place, faults));
            }
        }
    }
}

#[derive(Deserialize, Serialize)]
struct Place(String, Option<String>);

/// An error that names no places is one of the whole property or object.
fn one(mut error: ValidationError, place: &str, faults: &mut Faults) {
    let code = match error.code {
        Cow::Borrowed(code) => code,
        Cow::Owned(_) => "not_allowed",
    };
    let places = error.params.remove(PLACES).unwrap_or_default();
    let places: Vec<Place> = serde_json::from_value(places).unwrap_or_default();
    if places.is_empty() {
        faults.push(Violation::new(place, code));
    }
    for Place(below, value) in places {
        let fault = Violation::new(format!("{place}{below}"), code);
        faults.push(match value {
            Some(value) => fault.with("value", value),
            None => fault,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, ToSchema, Validate)]
    struct Order {
        #[validate(custom(function = "each_once"))]
        lines: Vec<Line>,
        #[validate(nested)]
        paid: Paid,
    }

    #[derive(Serialize, Deserialize, ToSchema)]
    struct Line {
        article: String,
    }

    #[derive(Deserialize, ToSchema, Validate)]
    #[validate(schema(function = "in_order"))]
    struct Paid {
        #[validate(range(max = 100, code = "too_large"))]
        asked: u32,
        given: u32,
    }

    fn each_once(lines: &[Line]) -> Kept {
        differs(lines, "article", |line| line.article.clone())
    }

    fn in_order(paid: &Paid) -> Kept {
        let is_less = paid.given < paid.asked;
        unbroken("too_small", is_less.then(|| ("/given".to_owned(), None::<u32>)))
    }

    fn found(body: Value) -> Vec<(String, &'static str)> {
        let mut faults = Faults::default();
        Order::rules(&body, &mut faults);
        faults.into_first().into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    }

    #[test]
    fn every_place_that_breaks_a_rule_is_told() {
        let line = |article: &str| serde_json::json!({ "article": article });
        let lines = ["a", "b", "a", "a"].map(line);
        let paid = |given: u32| serde_json::json!({ "asked": 2, "given": given });
        let twice = |at: u32| (format!("/lines/{at}/article"), "duplicate_in_request");
        assert_eq!(
            found(serde_json::json!({ "lines": lines, "paid": paid(1) })),
            [twice(2), twice(3), ("/paid/given".to_owned(), "too_small")]
        );
        assert_eq!(found(serde_json::json!({ "lines": [line("a")], "paid": paid(2) })), []);
        let beyond = serde_json::json!({ "asked": 101, "given": 101 });
        assert_eq!(
            found(serde_json::json!({ "lines": [], "paid": beyond })),
            [("/paid/asked".to_owned(), "too_large")],
            "a rule that names no place is refused where it stands"
        );
        assert_eq!(found(serde_json::json!({ "lines": 1, "paid": paid(1) })), []);
    }
}
