//! The contract agrees with the code, and the server serves all of it.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use tests::client::Credentials;
use tests::world::Persona::Anonymous;
use tests::{Client, TestApp, contract, golden, on_each_engine};

on_each_engine![every_operation_is_routed, every_problem_type_is_documented];

#[test]
fn the_committed_file_is_what_the_code_generates() {
    let file = golden::root().join("openapi/openapi.json");
    let committed = std::fs::read_to_string(file).expect("read the contract");
    assert!(committed == api::contract::text(), "run `make openapi` and review what changed");
}

/// The bounds of `limit` in the contract are the only ones.
#[test]
fn every_page_is_bounded() {
    let mut seen = 0;
    for operation in contract::operations().values() {
        let parameters = operation.object["parameters"].as_array().into_iter().flatten();
        for limit in parameters.filter(|it| it["name"] == "limit") {
            let bounds = (&limit["schema"]["minimum"], &limit["schema"]["maximum"]);
            assert_eq!(bounds, (&json!(1), &json!(200)), "{}", operation.path);
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} lists have a limit");
}

/// A number without bounds would pass the contract and fail where it is read, at no place that has a name.
#[test]
fn every_whole_number_that_is_sent_has_an_end() {
    let document = api::contract::document();
    let mut open: Vec<(String, &Value)> = Vec::new();
    for operation in contract::operations().values() {
        let id = operation.object["operationId"].as_str().unwrap_or_default();
        for part in ["requestBody", "parameters"] {
            open.push((format!("{id}/{part}"), &operation.object[part]));
        }
    }
    let (mut seen, mut endless, mut ended) = (BTreeSet::new(), Vec::new(), 0);
    while let Some((place, part)) = open.pop() {
        if let Some(name) = part["$ref"].as_str()
            && seen.insert(name)
        {
            let schema = name.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
            open.push((name.to_owned(), schema.expect("a schema of the contract")));
        }
        let kind = &part["type"];
        let is_whole = kind == "integer"
            || kind.as_array().is_some_and(|kinds| kinds.contains(&json!("integer")));
        match part["maximum"].is_number() {
            true => ended += usize::from(is_whole),
            false if is_whole => endless.push(place.clone()),
            false => {}
        }
        let within = part.as_object().into_iter().flatten();
        let within = within.filter(|(name, _)| !name.starts_with("example") && *name != "default");
        open.extend(within.map(|(name, part)| (format!("{place}/{name}"), part)));
        open.extend(part.as_array().into_iter().flatten().map(|part| (place.clone(), part)));
    }
    assert_eq!(endless, [""; 0]);
    assert!(ended > 20, "{ended} whole numbers have an end");
}

/// If two types had the same name, the contract would show only one of them.
#[test]
fn no_two_types_share_a_name() {
    let mut found = Vec::new();
    collect(&golden::root().join("api/src"), &mut found);
    assert_eq!(shared(&found), [""; 0]);
    let known: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
    let document = api::contract::document();
    for name in document["components"]["schemas"].as_object().expect("schemas").keys() {
        assert!(known.contains(&name.as_str()), "{name} is found in no source");
    }

    let one = "#[derive(Debug, ToSchema)]\n#[schema(as = Move)]\npub struct MoveView {\n";
    let other = "#[derive(\n    ToSchema,\n)]\n#[serde(x)]\nenum Move {}\nstruct Other;\n";
    let page =
        "page_of! {\n    /// Moves.\n    pub struct Move\n    /// Each.\n    of MoveView\n}\n";
    let plain = "resource! {\n    /// As it is.\n    pub struct View as Move of SessionMove;\n";
    let view =
        "view! {\n    pub struct Seen as Move of (it: SessionMove);\n    pub struct Move;\n}\n";
    let words = "use x;\n\nwords! {\n    Move of SessionMove;\n}\n";
    let planted = [
        (one, "a.rs"),
        (other, "b.rs"),
        (page, "c.rs"),
        (plain, "d.rs"),
        (view, "e.rs"),
        (words, "f.rs"),
    ];
    let planted = planted.map(|(text, file)| schemas(text, file)).concat();
    let places = "Move: MoveView in a.rs, Move in b.rs, Move in c.rs, View in d.rs, Seen in e.rs, \
                  Move in e.rs, Move in f.rs";
    assert_eq!(shared(&planted), [places]);
}

/// Collects the schemas that the sources in a folder declare, each with its type and file.
fn collect(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("read a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = fs::read_to_string(&path).expect("read a source");
            found.extend(schemas(&text, &path.display().to_string()));
        }
    }
}

/// The schemas that a source declares: types that derive `ToSchema`, under their own name or
/// another one, and types named in a macro of the source.
fn schemas(text: &str, file: &str) -> Vec<(String, String)> {
    let word = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let (mut derived, mut renamed, mut in_list) = (false, None, false);
    let mut found = Vec::new();
    if text.contains("impl ToSchema for $") {
        let named = text.split('"').skip(1).step_by(2).chain(text.split("defined!(").skip(1));
        let names: BTreeSet<_> = named.map(word).filter(|name| is_type(name)).collect();
        found.extend(names.into_iter().map(|name| (name.clone(), format!("{name} in {file}"))));
    }
    if let Some((_, list)) = text.split_once("\nwords! {") {
        let names =
            list.split('}').next().unwrap_or_default().lines().filter(|it| it.contains(" of "));
        found.extend(names.map(word).map(|name| (name.clone(), format!("{name} in {file}"))));
    }
    for line in text.lines().map(str::trim) {
        let deriving = line.starts_with("#[derive(") || line.starts_with("ToSchema");
        derived |= deriving && line.contains("ToSchema") || line.starts_with("page_of!");
        in_list = line != "}" && (in_list || ["resource! {", "view! {"].contains(&line));
        let written = line.strip_prefix("impl ToSchema for ").map(word);
        if let Some(name) = written.filter(|name| is_type(name)) {
            found.push((name.clone(), format!("{name} in {file}")));
        }
        let is_declared = in_list && line.starts_with("pub struct");
        let renaming = if is_declared { " as " } else { "schema(as = " };
        if let Some((_, name)) = line.split_once(renaming).filter(|_| !line.starts_with('/')) {
            renamed = Some(word(name));
        }
        let item = line.strip_prefix("pub(super) ").or(line.strip_prefix("pub ")).unwrap_or(line);
        let item = item.strip_prefix("struct ").or(item.strip_prefix("enum "));
        // A macro has a variable for the name.
        if let Some(name) = item.map(word).filter(|name| !name.is_empty()) {
            if std::mem::take(&mut derived) || is_declared {
                let shown = renamed.take().unwrap_or_else(|| name.clone());
                found.push((shown, format!("{name} in {file}")));
            }
            renamed = None;
        }
    }
    found
}

/// Whether a word is written like the name of a type.
fn is_type(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase()) && word.contains(|c: char| c.is_lowercase())
}

/// Names that belong to several types.
fn shared(found: &[(String, String)]) -> Vec<String> {
    let mut types = BTreeMap::<&str, Vec<&str>>::new();
    for (name, place) in found {
        types.entry(name).or_default().push(place);
    }
    let several = types.into_iter().filter(|(_, places)| places.len() > 1);
    several.map(|(name, places)| format!("{name}: {}", places.join(", "))).collect()
}

/// The checks that the client makes of every answer must notice planted faults.
#[test]
fn the_checker_finds_planted_faults() {
    let operation = contract::operation("getPosition");
    let good = json!({
        "id": "0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11", "code": "C", "title": "T", "level": 1,
        "allowed_actions": ["update"], "version": 1, "created_at": "2026-11-20T08:30:00Z", "updated_at": "2026-11-20T08:30:00Z",
    });
    let fault = |status, kind: &str, body: &Value| {
        contract::fault(operation, status, kind, body.to_string().as_bytes())
    };
    assert_eq!(fault(200, "application/json", &good), None);
    assert!(fault(202, "application/json", &good).is_some(), "a status nobody documented");
    assert!(fault(200, "text/plain", &good).is_some(), "another media type");
    assert!(fault(304, "application/json", &good).is_some(), "a body where there is none");
    for (name, planted) in [("level", json!("1")), ("id", json!("x")), ("created_at", json!("now"))]
    {
        let mut bad = good.clone();
        bad[name] = planted;
        assert!(fault(200, "application/json", &bad).is_some(), "{name}");
    }
    let mut bad = good;
    bad.as_object_mut().expect("an object").remove("code");
    assert!(fault(200, "application/json", &bad).is_some(), "a property is missing");
}

/// A path of the contract with ids that do not exist.
fn somewhere(path: &str) -> String {
    path.replace("{id}", "0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11").replace("{slug}", "not-found")
}

fn every_operation_is_routed(app: &TestApp) {
    let nobody = app.as_(Anonymous);
    for operation in contract::operations().values() {
        let answer = nobody.request(&operation.method, somewhere(operation.path)).send();
        let problem = answer.problem();
        assert!(problem != Some("route-not-found") && problem != Some("method-not-allowed"));
        if operation.is_secured() {
            answer.refused("unauthenticated");
        }
    }
    let served = nobody.get("/openapi.json").expect(200);
    assert!(served.body == api::contract::text().as_bytes(), "the server serves the same document");
}

fn every_problem_type_is_documented(app: &TestApp) {
    let nobody: Client = app.as_(Anonymous).with(Credentials::None);
    for slug in api::platform::problem::KINDS.keys() {
        let page = nobody.get(format!("/problems/{slug}")).expect(200);
        let text = String::from_utf8_lossy(&page.body);
        assert!(text.contains(&api::platform::problem::KINDS[slug].title_en), "{slug}");
    }
    nobody.get("/problems/no-such-thing").expect(404);
}
