//! Runs test vectors against the domain: `cargo run -p domain --example vectors -- FILE`.
//!
//! A vector names a function, its arguments and the expected answer. Text and labels must match
//! exactly, numbers within a tolerance, and `ERR:CODE` expects a refusal. Every mismatch is
//! printed; a mismatch, an unknown function or an unreadable file makes the run fail.

#![forbid(unsafe_code)]

mod application;
mod arguments;
mod distribution;
mod fairness;
mod kpi;
mod okr;
mod review;
mod risk;

use serde::Deserialize;
use serde_json::Value;
use std::process::ExitCode;
use std::{env, fs, io};

/// Tolerance for numbers in vectors that do not state their own.
const DEFAULT_TOLERANCE: f64 = 1e-6;

/// One vector.
#[derive(Deserialize)]
struct Vector {
    id: String,
    #[serde(rename = "fn")]
    function: String,
    input: Value,
    expected: Value,
    tolerance: Option<f64>,
}

fn main() -> ExitCode {
    let Some(path) = env::args().nth(1) else {
        eprintln!("usage: vectors FILE");
        return ExitCode::FAILURE;
    };
    let vectors = match read(&path) {
        Ok(vectors) => vectors,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mismatches: Vec<String> = vectors.iter().filter_map(mismatch).collect();
    for mismatch in &mismatches {
        println!("{mismatch}");
    }
    println!("{} passed, {} failed", vectors.len() - mismatches.len(), mismatches.len());
    if mismatches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read(path: &str) -> io::Result<Vec<Vector>> {
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}

/// The answer to a call; `None` when no part of the domain knows the function.
fn call(function: &str, input: &Value) -> Option<domain::Result<Value>> {
    let parts = [
        application::call,
        distribution::call,
        fairness::call,
        kpi::call,
        okr::call,
        review::call,
        risk::call,
    ];
    parts.into_iter().find_map(|part| part(function, input))
}

/// What is wrong with the answer to a vector; `None` if it is right.
fn mismatch(vector: &Vector) -> Option<String> {
    let Vector { id, function, input, expected, tolerance } = vector;
    let got = match call(function, input) {
        None => return Some(format!("{id} {function}: unknown function")),
        Some(Ok(answer)) if agrees(expected, &answer, tolerance.unwrap_or(DEFAULT_TOLERANCE)) => {
            return None;
        }
        Some(Ok(answer)) => answer.to_string(),
        Some(Err(error)) if *expected == format!("ERR:{}", error.code) => return None,
        Some(Err(error)) => format!("ERR:{error}"),
    };
    Some(format!("{id} {function}: expected {expected}, got {got}"))
}

/// Whether an answer is the expected one; numbers are compared within the tolerance.
fn agrees(expected: &Value, got: &Value, tolerance: f64) -> bool {
    match (expected, got) {
        (Value::Number(expected), Value::Number(got)) => expected
            .as_f64()
            .zip(got.as_f64())
            .is_some_and(|(expected, got)| (expected - got).abs() <= tolerance),
        (Value::Array(expected), Value::Array(got)) => {
            expected.len() == got.len()
                && expected.iter().zip(got).all(|(expected, got)| agrees(expected, got, tolerance))
        }
        (Value::Object(expected), Value::Object(got)) => {
            expected.len() == got.len()
                && expected.iter().all(|(key, expected)| {
                    got.get(key).is_some_and(|got| agrees(expected, got, tolerance))
                })
        }
        _ => expected == got,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/vectors.json");

    #[test]
    fn published_vectors_pass() {
        let vectors = read(PUBLISHED).unwrap();
        let mismatches: Vec<String> = vectors.iter().filter_map(mismatch).collect();
        assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
    }

    #[test]
    fn every_planted_fault_is_found() {
        let vector = |function: &str, target: Value, expected: Value| Vector {
            id: "planted".into(),
            function: function.into(),
            input: json!({"actual": "1080", "target": target}),
            expected,
            tolerance: None,
        };
        assert!(mismatch(&vector("kpi_ratio", json!("1000"), json!("108.00"))).is_none());
        assert!(mismatch(&vector("kpi_ratio", json!("0"), json!("ERR:KPI_TARGET_ZERO"))).is_none());
        for planted in [
            vector("kpi_ratio", json!("1000"), json!("108.01")),
            vector("kpi_ratio", json!("1000"), json!("108.0")),
            vector("kpi_ratio", json!("1000"), json!(108)),
            vector("kpi_ratio", json!("1000"), json!("ERR:KPI_TARGET_ZERO")),
            vector("kpi_ratio", json!("0"), json!("ERR:KPI_ACTUAL_MISSING")),
            vector("kpi_ratio", json!("0"), json!("0.00")),
            vector("kpi_ratio", json!("x"), json!(null)),
            vector("no_such_function", json!("1000"), json!("108.00")),
        ] {
            assert!(mismatch(&planted).is_some(), "expected {} was accepted", planted.expected);
        }
    }

    #[test]
    fn numbers_agree_within_the_tolerance_and_shapes_exactly() {
        assert!(agrees(&json!({"a": [1, 0.5]}), &json!({"a": [1.0, 0.500_000_9]}), 1e-6));
        for (expected, got) in [
            (json!(0.5), json!(0.500_01)),
            (json!([1]), json!([1, 2])),
            (json!({"a": 1}), json!({"a": 1, "b": 2})),
            (json!({"a": 1}), json!({"b": 1})),
            (json!(null), json!(0)),
            (json!(1), json!("1")),
        ] {
            assert!(!agrees(&expected, &got, 1e-6), "{expected} {got}");
        }
    }

    /// The places of all values inside a value, as JSON Pointers.
    fn places(value: &Value, at: &str) -> Vec<String> {
        let inner: Vec<(String, &Value)> = match value {
            Value::Array(items) => {
                items.iter().enumerate().map(|(n, item)| (n.to_string(), item)).collect()
            }
            Value::Object(fields) => fields.iter().map(|(k, v)| (k.clone(), v)).collect(),
            _ => Vec::new(),
        };
        let beneath = inner.iter().flat_map(|(name, value)| {
            let place = format!("{at}/{name}");
            let deeper = places(value, &place);
            core::iter::once(place).chain(deeper)
        });
        beneath.collect()
    }

    #[test]
    fn every_edge_at_every_place_is_answered_or_refused() {
        let edges = [
            json!(null),
            json!("0"),
            json!("-1"),
            json!("9999999999999999999999999999"),
            json!("-0.0000000000000000000000000001"),
            json!("x"),
            json!("9999-12-31"),
            json!(0),
            json!(-1),
            json!(0.5),
            json!(1e300),
            json!(true),
            json!([]),
            json!({}),
        ];
        for vector in read(PUBLISHED).unwrap() {
            for place in places(&vector.input, "") {
                for edge in &edges {
                    let mut input = vector.input.clone();
                    *input.pointer_mut(&place).unwrap() = edge.clone();
                    assert!(call(&vector.function, &input).is_some(), "{}", vector.function);
                }
            }
        }
    }
}
