//! JSON that clients send: of bounded depth, no key twice in an object, whole numbers as such.

use crate::platform::faults::Faults;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Value};

/// Maximum nesting depth.
pub const MAX_DEPTH: usize = 64;

/// Up to here every whole number has a floating-point number of its own.
const MOST_EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads JSON. A key that stands twice in an object is a fault, because readers differ in which value
/// they take. A whole number is an integer however it is written, as it is for JSON Schema: `19.0`
/// is 19.
///
/// # Errors
/// It is no JSON.
pub fn read(text: &[u8], faults: &mut Faults) -> serde_json::Result<Value> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Part(faults).deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// A value within the text that is read.
struct Part<'f>(&'f mut Faults);

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, it: bool) -> Result<Value, E> {
        Ok(it.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        let is_whole = number.fract() == 0.0 && number.abs() <= MOST_EXACT;
        Ok(if is_whole { Value::from(number as i64) } else { number.into() })
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        loop {
            let place = array.len().to_string();
            match self.0.within(&place, |faults| items.next_element_seed(Part(faults)))? {
                Some(item) => array.push(item),
                None => return Ok(array.into()),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut properties: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = properties.next_key::<String>()? {
            let value = self.0.within(&key, |faults| {
                if object.contains_key(&key) {
                    faults.push(Violation::new("", "duplicate_key"));
                }
                properties.next_value_seed(Part(faults))
            })?;
            if let Entry::Vacant(place) = object.entry(key) {
                place.insert(value);
            }
        }
        Ok(object.into())
    }
}

/// Refuses JSON nested deeper than [`MAX_DEPTH`], before a parser would recurse into it.
pub fn check_depth(text: &[u8]) -> Result<(), Refusal> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Refusal::JsonTooDeep);
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_key_that_comes_again_is_named() {
        let mut faults = Faults::default();
        let text = br#"{"a": 1, "b": [{"c": 1, "c": {"d": 1, "d": 2}}], "a": 2, "a/b": 3}"#;
        let value = read(text, &mut faults).expect("it is JSON");
        assert_eq!(value, json!({ "a": 1, "b": [{ "c": 1 }], "a/b": 3 }));
        let faults = Vec::<Violation>::from(faults);
        let named: Vec<_> = faults.iter().map(|it| (&*it.pointer, it.code)).collect();
        let twice = ["/b/0/c", "/b/0/c/d", "/a"].map(|pointer| (pointer, "duplicate_key"));
        assert_eq!(named, twice);
    }

    #[test]
    fn a_whole_number_is_an_integer() {
        let read = |text: &str| read(text.as_bytes(), &mut Faults::default()).expect("it is JSON");
        let text = "[19.0, -3e2, 1e400, 0.5, -0.0, 18446744073709551615, 9007199254740994.0]";
        assert!(serde_json::from_str::<Value>(text).is_err(), "no reader takes what is no number");
        let numbers = read("[19.0, -3e2, 0.5, -0.0, 18446744073709551615, 9007199254740994.0]");
        let expected = json!([19, -300, 0.5, 0, 18446744073709551615_u64, 9007199254740994.0]);
        assert_eq!(numbers, expected);
    }

    #[test]
    fn what_follows_the_value_is_refused() {
        assert!(read(b"{} {}", &mut Faults::default()).is_err());
        assert!(read(b"", &mut Faults::default()).is_err());
    }

    fn nested(depth: usize) -> String {
        "[".repeat(depth) + &"]".repeat(depth)
    }

    #[test]
    fn nesting_is_bounded_before_parsing() {
        assert!(check_depth(nested(MAX_DEPTH).as_bytes()).is_ok());
        let deep = check_depth(nested(5000).as_bytes());
        assert!(matches!(deep, Err(Refusal::JsonTooDeep)));
        let flat = format!("{{\"a\": \"{}\\\"{}\"}}", "[".repeat(99), "{".repeat(99));
        assert!(check_depth(flat.as_bytes()).is_ok(), "brackets in text do not nest");
        assert!(check_depth("[],".repeat(99).as_bytes()).is_ok(), "neighbours do not nest");
        assert!(check_depth(b"]]]]").is_ok(), "what was never opened cannot be closed");
    }
}
