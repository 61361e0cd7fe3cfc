//! Words of the contract: every enum has a name and labels, and every type of event is known.

use domain::core::text::TextEnum;
use domain::policy::Action;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use tests::world::Persona::{Anonymous, Employee, EventReader, HrAdmin};
use tests::{TestApp, contract, golden, on_each_engine};

on_each_engine![
    everybody_who_is_signed_in_reads_the_labels,
    labels_are_sent_once,
    unknown_types_of_events_are_refused_by_name,
    a_filter_that_nothing_passes_moves_on,
    refusals_use_the_labels,
    browsers_get_refusals_as_pages,
];

/// Every object of a document, each with the way to it. Examples are values, not schemas.
fn objects<'d>(value: &'d Value, path: &str, found: &mut Vec<(String, &'d Value)>) {
    match value {
        Value::Object(properties) => {
            found.push((path.to_owned(), value));
            for (name, value) in properties {
                if !matches!(&name[..], "example" | "examples" | "default") {
                    objects(value, &format!("{path}/{name}"), found);
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                objects(item, &format!("{path}/{at}"), found);
            }
        }
        _ => {}
    }
}

fn all_objects(document: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    objects(document, "", &mut found);
    found
}

/// The places of enums without a name of their own. One value is a tag, not an enum; the words of a setting
/// are named by the setting, and labelled with it.
fn inline_enums(document: &Value) -> Vec<String> {
    let is_named = |path: &str| {
        path.strip_prefix("/components/schemas/").is_some_and(|rest| {
            !rest.contains('/') || rest.starts_with("PolicySettings/properties/")
        })
    };
    let found = all_objects(document).into_iter().filter(|(path, object)| {
        object["enum"].as_array().is_some_and(|values| values.len() > 1) && !is_named(path)
    });
    found.map(|(path, _)| path).collect()
}

#[test]
fn every_enum_has_a_name() {
    assert_eq!(inline_enums(api::contract::document()), [""; 0]);
    let planted = json!({
        "components": { "schemas": {
            "Colour": { "enum": ["red", "blue"] },
            "Paint": { "properties": {
                "tag": { "enum": ["paint"] },
                "colour": { "enum": ["red", "blue"] },
            } },
        } },
    });
    assert_eq!(inline_enums(&planted), ["/components/schemas/Paint/properties/colour"]);
}

/// Schemas and properties of which the contract does not say what they are.
fn undescribed(document: &Value) -> Vec<String> {
    let is_said =
        |schema: &Value| schema["description"].as_str().is_some_and(|text| !text.trim().is_empty());
    let (schemas, mut silent) = (&document["components"]["schemas"], Vec::new());
    for (name, schema) in schemas.as_object().into_iter().flatten() {
        if !is_said(schema) {
            silent.push(name.clone());
        }
    }
    for (path, object) in all_objects(schemas) {
        // A property may itself be called `properties`.
        if path.ends_with("/properties/properties") {
            continue;
        }
        for (name, property) in object["properties"].as_object().into_iter().flatten() {
            if !is_said(property) {
                silent.push(format!("{path}/{name}"));
            }
        }
    }
    for operation in contract::operations().values() {
        let parameters = operation.object["parameters"].as_array().into_iter().flatten();
        let silently = parameters.filter(|parameter| !is_said(parameter));
        silent.extend(silently.map(|it| format!("{} {}", operation.id, it["name"])));
    }
    silent
}

#[test]
fn every_schema_and_property_is_described() {
    assert_eq!(undescribed(api::contract::document()), [""; 0]);
    let planted = json!({ "components": { "schemas": {
        "Paint": { "properties": {
            "colour": { "type": "string", "description": " " },
            "shade": { "description": "How dark it is.", "properties": { "depth": {} } },
        } },
    } } });
    assert_eq!(undescribed(&planted), ["Paint", "/Paint/colour", "/Paint/properties/shade/depth"]);
}

/// The enums of the contract, and those that have labels, are the same, value by value.
#[test]
fn every_enum_of_the_contract_has_labels() {
    let schemas = api::contract::document()["components"]["schemas"].as_object();
    let enums = schemas.into_iter().flatten().filter_map(|(name, schema)| {
        let values = schema["enum"].as_array()?.iter().filter_map(Value::as_str);
        Some((&name[..], values.collect::<Vec<_>>()))
    });
    let enums: BTreeMap<_, _> = enums.collect();
    let labelled = api::platform::labels::groups().iter().map(|group| {
        (&group.name[..], group.values.iter().map(|label| &label.value[..]).collect::<Vec<_>>())
    });
    assert_eq!(enums, labelled.collect::<BTreeMap<_, _>>());
    assert!(enums.len() > 60, "{} enums", enums.len());
}

/// The names of events in a source: what stands in quotes and has the form `noun.participle`, where
/// the noun is one that events are about.
fn events_in(source: &str, nouns: &BTreeSet<&str>) -> BTreeSet<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let quoted = code.flat_map(|line| line.split('"').skip(1).step_by(2));
    let is_word =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let is_event = |text: &&str| {
        let Some((noun, done)) = text.split_once('.') else { return false };
        let is_column = done == "id" || done.ends_with("_id") || done.ends_with("_by");
        let is_action = Action::ALL.iter().any(|action| action.as_str() == *text);
        nouns.contains(noun) && is_word(done) && !is_column && !is_action
    };
    quoted.filter(is_event).map(str::to_owned).collect()
}

#[test]
fn every_type_of_event_is_known() {
    let known = api::platform::labels::EVENT_TYPES.iter().map(|label| label.value.clone());
    let known: BTreeSet<_> = known.collect();
    let nouns: BTreeSet<_> = known.iter().filter_map(|it| Some(it.split_once('.')?.0)).collect();
    let mut recorded = BTreeSet::new();
    for folder in ["api/src", "persistence/src"] {
        for file in golden::sources(&golden::root().join(folder)) {
            let source = fs::read_to_string(&file).expect("a source");
            let settings = ["review.second_review"];
            recorded.extend(events_in(&source, &nouns));
            recorded.retain(|word| !settings.contains(&&word[..]));
        }
    }
    let unknown: Vec<_> = recorded.difference(&known).collect();
    assert_eq!(unknown, [""; 0], "they are not in api/labels/events.json");
    let never: Vec<_> = known.difference(&recorded).collect();
    assert_eq!(never, [""; 0], "nothing records them");

    let planted = "Record::new(\"goal.burnt\", id, rule); // \"goal.drowned\"\n \"goal.owner_id\" \
                   \"goal.read\" \"styles.xml\" \"goal.signed\"\n#[cfg(test)]\n\"goal.lost\"";
    let planted: Vec<_> = events_in(planted, &nouns).into_iter().collect();
    assert_eq!(planted, ["goal.burnt", "goal.drowned", "goal.signed"]);
}

fn everybody_who_is_signed_in_reads_the_labels(app: &TestApp) {
    for persona in [HrAdmin, Employee, EventReader] {
        let answer = app.as_(persona).get("/v1/labels?locale=zh-CN").expect(200);
        let labels = answer.json();
        assert_eq!(labels["locale"], "zh-CN");
        assert_eq!(answer.header("Content-Language"), Some("zh-CN"));
        let state = &labels["enums"]["ReviewState"];
        assert_eq!(state["label"], "考核表的状态");
        assert_eq!(state["values"][0], json!({ "value": "pending_self", "label": "待自评" }));
        let has = |part: &str, name: &str, value: &str| {
            let mut items = labels[part].as_array().into_iter().flatten();
            items.any(|item| item[name] == value)
        };
        assert!(has("dimensions", "value", "competency"));
        assert!(has("codes", "code", "too_long"));
        assert!(has("problems", "type", "/problems/not-found"));
        assert!(has("event_types", "value", "goal.approved"));
        assert!(has("actions", "value", "goal.approve"));
        let mut texts = labels["codes"].as_array().into_iter().flatten();
        let is_plain = |item: &Value| {
            item["text"]
                .as_str()
                .is_some_and(|text| !text.contains("{value:") && !text.contains(":*}"))
        };
        assert!(texts.all(is_plain), "placeholders are names alone");
    }
    app.as_(Anonymous).get("/v1/labels").refused("unauthenticated");
    let fault = app.as_(Employee).get("/v1/labels?locale=fr").refused("malformed-request");
    fault.faults(&[("/query/locale", "not_allowed")]);
}

fn labels_are_sent_once(app: &TestApp) {
    let lin = app.as_(Employee);
    let ask = |language: &str, tag: Option<&str>| {
        let request = lin.request("GET", "/v1/labels").header("Accept-Language", language);
        match tag {
            Some(tag) => request.header("If-None-Match", tag).send(),
            None => request.send(),
        }
    };
    let (english, chinese) = (ask("en", None).expect(200), ask("zh-CN,en;q=0.5", None).expect(200));
    assert_eq!(english.json()["locale"], "en");
    assert_eq!(chinese.json()["locale"], "zh-CN");
    let vary = english.header("Vary").unwrap_or_default();
    assert!(vary.contains("Accept-Language") && vary.contains("Authorization"), "{vary}");
    assert_ne!(english.etag(), chinese.etag());
    assert!(!english.etag().starts_with("W/"));
    let known = ask("en", Some(&english.etag())).expect(304);
    assert!(known.body.is_empty());
    assert_eq!(known.etag(), english.etag());
    ask("zh", Some(&english.etag())).expect(200);
    let chosen = lin.request("GET", "/v1/labels?locale=en").header("Accept-Language", "zh").send();
    assert_eq!(chosen.expect(200).body, english.body);
}

fn unknown_types_of_events_are_refused_by_name(app: &TestApp) {
    let reader = app.as_(EventReader);
    let types = "types=goal.burnt,employee.created,goal.drowned";
    let answer = reader.get(format!("/v1/events?{types}")).refused("malformed-request");
    let fault = ("/query/types", "unknown_event_type");
    let answer = answer.faults(&[fault, fault]);
    let details: Vec<_> = [0, 1].map(|at| answer.json()["errors"][at]["detail"].to_string()).into();
    assert!(details[0].contains("goal.burnt") && details[1].contains("goal.drowned"));
    reader.get("/v1/events?types=").refused("malformed-request");
    reader.get("/v1/events?types=employee.created").expect(200);
}

/// Whoever filters the feed does not read the same events again and again; a position that only
/// events of others have moved stays unknown to them.
fn a_filter_that_nothing_passes_moves_on(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let cursor = |path: &str| hr.get(path).expect(200).json()["next_cursor"].clone();
    let end = {
        let mut at = json!("0");
        loop {
            let next = cursor(&format!("/v1/events?limit=200&after={}", at.as_str().unwrap_or("")));
            if next == at {
                break at;
            }
            at = next;
        }
    };
    let nothing = hr.get("/v1/events?types=audit_entry.erased").expect(200).json();
    assert_eq!(nothing["items"], json!([]));
    assert_eq!(nothing["next_cursor"], end, "everything has been read");
    let some = cursor("/v1/events?limit=1&types=employee.created");
    assert_ne!(some, end, "there are more of them");
    let after = end.as_str().unwrap_or_default();
    assert_eq!(cursor(&format!("/v1/events?types=audit_entry.erased&after={after}")), end);
}

fn refusals_use_the_labels(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let ask = |path: &str, language: &str| {
        let answer = hr.request("GET", path).header("Accept-Language", language).send();
        answer.refused("malformed-request").json()["errors"][0]["detail"].clone()
    };
    let path = "/v1/role-assignments?role=king";
    let english = "This value is not allowed here. Allowed: HR administrator (hr_admin), \
                   HR business partner (hrbp), Executive (executive), Auditor (auditor), \
                   Compensation officer (comp), Finance (finance), \
                   Performance committee (committee).";
    assert_eq!(ask(path, "en"), english);
    let chinese = ask("/v1/org-units?kind=shop", "zh");
    let expected = "此处不允许使用该值。可用的值：公司（company）、事业部（division）、\
                    部门（department）、小组（team）。";
    assert_eq!(chinese, expected);
}

fn browsers_get_refusals_as_pages(app: &TestApp) {
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let ask = |path: &str, accept: &str| {
        let request = app.as_(HrAdmin).request("GET", path).header("Accept", accept);
        let request = request.header("Accept-Language", "zh-CN");
        // The contract lists no pages.
        request.try_send().expect("an answer")
    };
    let planted = "/v1/positions?%3Cscript%3Ealert(1)%3C/script%3E=1";
    let page = ask(planted, browser).expect(400);
    assert_eq!(page.header("Content-Type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("Content-Language"), Some("zh-CN"));
    assert_eq!(page.header("Vary"), Some("Accept, Accept-Language"));
    let text = String::from_utf8_lossy(&page.body);
    assert!(text.contains("&lt;script&gt;alert(1)") && !text.contains("<script"), "{text}");
    assert!(text.contains("href=\"/problems/malformed-request\""), "{text}");
    assert!(text.contains(page.header("X-Request-Id").unwrap_or("?")), "{text}");
    for accept in ["*/*", "application/json", "application/json, text/html;q=0.9"] {
        ask(planted, accept).refused("malformed-request");
    }

    let kind = ask("/problems/not-found", browser).expect(200);
    assert_eq!(kind.media_type(), "text/html");
    let title = &api::platform::problem::KINDS["not-found"].title_zh;
    assert!(String::from_utf8_lossy(&kind.body).contains(title));
    let list = ask("/problems", browser).expect(200);
    for slug in api::platform::problem::KINDS.keys() {
        let link = format!("href=\"/problems/{slug}\"");
        assert!(String::from_utf8_lossy(&list.body).contains(&link), "{slug}");
    }
    assert_eq!(ask("/problems", "*/*").expect(200).media_type(), "application/json");
    ask("/problems", "image/png").refused("not-acceptable");
}
