//! Performance policies, version by version.

use serde_json::{Value, json};
use tests::cycles::{behind, literal, rules, step};
use tests::world::Persona::{Auditor, Colleague, Employee, Executive, HrAdmin, OtherHrAdmin};
use tests::{TestApp, on_each_engine};

on_each_engine![
    a_version_is_drafted_changed_and_published,
    a_published_version_never_changes,
    every_fault_is_named_before_publication,
    drafts_are_for_those_who_write_them,
    bodies_are_checked,
    settings_are_refused_by_name_and_all_at_once,
    settings_are_kept_as_they_were_sent,
];

/// Proves R02 through `createPolicy`, `updatePolicy`, `publishPolicy`.
fn a_version_is_drafted_changed_and_published(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let made = hr.post("/v1/policies", &json!({ "code": "SALES", "name": "Sales" })).expect(201);
    let shown = made.json();
    assert_eq!((&shown["number"], &shown["state"]), (&json!(1), &json!("draft")));
    assert_eq!(shown["allowed_actions"], json!(["update", "publication"]));
    let dimensions = &shown["rules"]["populations"][0]["dimensions"];
    // Of the raters of D.1 only those who can be asked, so that everybody can be rated.
    for dimension in [1, 2, 3] {
        assert_eq!(dimensions[dimension]["raters"], json!({ "manager": "100.00" }));
    }

    let path = format!("/v1/policies/{}", made.id());
    let read = hr.get(&path).expect(200);
    let changed = hr.patch(&read, &json!({ "name": "Sales force", "rules": rules() })).expect(200);
    assert_eq!(changed.json()["rules"]["populations"], {
        let mut populations = rules()["populations"].clone();
        populations[0]["managers"] = Value::Null;
        populations[0]["position_codes"] = json!([]);
        populations
    });
    hr.patch(&read, &json!({ "name": "Late" })).refused("version-stale");
    let published = step(&hr, &path, "publication", None).expect(200).json();
    assert_eq!(
        (&published["state"], &published["allowed_actions"]),
        (&json!("published"), &json!([]))
    );
    assert!(published["published_at"].is_string());

    let next = hr.post("/v1/policies", &json!({ "code": "SALES", "name": "Sales" })).expect(201);
    assert_eq!(next.json()["number"], 2);
    let versions = hr.all("/v1/policies?code=SALES&limit=1");
    assert_eq!(versions.iter().map(|it| it["number"].clone()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(hr.all("/v1/policies?code=SALES&state=draft").len(), 1);
}

/// Proves R02 through `updatePolicy`, `publishPolicy`.
fn a_published_version_never_changes(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let path = format!("/v1/policies/{}", app.id("policy"));
    let read = hr.get(&path).expect(200);
    app.unchanged(|| {
        let refused = hr.patch(&read, &json!({ "name": "Other" })).refused("state-conflict");
        assert_eq!(refused.json()["current_state"], "published");
        step(&hr, &path, "publication", None).refused("state-conflict");
    });
    assert_eq!(hr.get(&path).expect(200).body, read.body);
}

fn every_fault_is_named_before_publication(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let mut faulty = rules();
    faulty["populations"][0]["dimensions"][0]["weight"] = json!("61");
    faulty["populations"][0]["dimensions"][0]["raters"] = json!({ "peer": "100" });
    faulty["populations"][0]["dimensions"][1]["raters"] = json!({ "manager": "60.01" });
    let twin = faulty["populations"][0].clone();
    faulty["populations"].as_array_mut().expect("a list").push(twin);
    let body = json!({ "code": "FAULTY", "name": "Faulty", "rules": faulty });
    let id = hr.post("/v1/policies", &body).expect(201).id();
    // Limits may change after a draft was stored.
    let stored = literal(app, id);
    let (sound, faulty) =
        (r#"{"dist.min_group":9}"#, r#"{"kpi.floor":"120","weights.max_pp":"101"}"#);
    let old = format!("replace(rules, '{sound}', '{faulty}')");
    behind(app, &format!("UPDATE policy SET rules = {old} WHERE id = {stored}"));
    let path = format!("/v1/policies/{id}");
    app.unchanged(|| {
        step(&hr, &path, "publication", None).refused("guard-failed").faults(&[
            ("/rules/settings/kpi.floor", "SCALE_INVALID"),
            ("/rules/settings/kpi.floor", "SETTING_INVALID"),
            ("/rules/settings/kpi.floor", "SETTING_INVALID"),
            ("/rules/settings/weights.max_pp", "out_of_range"),
            ("/rules/populations/0/dimensions", "WEIGHTS_NOT_100"),
            ("/rules/populations/0/dimensions/0/raters", "SETTING_INVALID"),
            ("/rules/populations/0/dimensions/1/raters", "WEIGHTS_NOT_100"),
            ("/rules/populations/1/code", "SETTING_INVALID"),
            ("/rules/populations/1/dimensions", "WEIGHTS_NOT_100"),
            ("/rules/populations/1/dimensions/0/raters", "SETTING_INVALID"),
            ("/rules/populations/1/dimensions/1/raters", "WEIGHTS_NOT_100"),
        ]);
    });
    assert_eq!(hr.get(&path).json()["state"], "draft");
}

fn drafts_are_for_those_who_write_them(app: &TestApp) {
    let (draft, published) = (app.id("draft.policy"), app.id("policy"));
    let (draft, published) = (format!("/v1/policies/{draft}"), format!("/v1/policies/{published}"));
    let lin = app.as_(Employee);
    assert!(lin.get(&published).expect(200).json()["rules"].is_object());
    lin.get(&draft).refused("not-found");
    assert_eq!(lin.all("/v1/policies").len(), 1);
    assert!(lin.all("/v1/policies?state=draft").is_empty());
    assert_eq!(app.as_(Executive).all("/v1/policies").len(), 2);
    let seen = app.as_(Auditor).get(&draft).expect(200).json();
    assert!(seen.get("rules").is_none(), "{seen}");
    app.unchanged(|| {
        let read = lin.get(&published);
        lin.patch(&read, &json!({ "name": "Mine" })).refused("forbidden");
        lin.post("/v1/policies", &json!({ "code": "X", "name": "X" })).refused("forbidden");
        step(&app.as_(Executive), &draft, "publication", None).refused("forbidden");
        app.as_(OtherHrAdmin).get(&published).refused("not-found");
        app.as_(Colleague).get(&draft).refused("not-found");
    });
}

fn bodies_are_checked(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    app.unchanged(|| {
        let mut body = json!({ "code": " X", "name": "", "rules": rules() });
        body["rules"]["settings"] = json!({ "Nonsense": 1 });
        let dimension = &mut body["rules"]["populations"][0]["dimensions"][1];
        dimension["weight"] = json!("20.001");
        dimension["raters"] = json!({ "boss": "100" });
        hr.post("/v1/policies", &body).refused("validation-failed");
        let body = json!({ "code": "X", "name": "X", "rules": { "populations": [], "extra": 1 } });
        hr.post("/v1/policies", &body)
            .refused("validation-failed")
            .faults(&[("/rules/extra", "unknown_property")]);
    });
}

/// Proves R02 through `createPolicy`, `updatePolicy`.
fn settings_are_refused_by_name_and_all_at_once(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let mut faulty = rules();
    faulty["settings"] = json!({
        "a/b": 1,
        "dist.shares": { "S": "10", "A": "20", "B": "50", "C": "15", "D": "6" },
        "kpi.cap": 120,
        "kpi.caps": "1",
        "pip.days": 91,
        "review.process_records": "hope",
        "review.second_review": "yes",
        "risk.spi_yellow": "0.95",
        "weights.max_pp": "100.01",
    });
    let expected = [
        ("/name", "too_long"),
        ("/rules/settings/a~1b", "unknown_property"),
        ("/rules/settings/dist.shares", "WEIGHTS_NOT_100"),
        ("/rules/settings/kpi.cap", "wrong_type"),
        ("/rules/settings/kpi.caps", "unknown_property"),
        ("/rules/settings/pip.days", "out_of_range"),
        ("/rules/settings/review.process_records", "not_allowed"),
        ("/rules/settings/review.second_review", "wrong_type"),
        ("/rules/settings/risk.spi_yellow", "SETTING_INVALID"),
        ("/rules/settings/weights.max_pp", "out_of_range"),
    ];
    let name = "n".repeat(201);
    let draft = hr.get(format!("/v1/policies/{}", app.id("draft.policy"))).expect(200);
    app.unchanged(|| {
        let body = json!({ "code": "FAULTY", "name": name, "rules": faulty });
        let refused = hr.post("/v1/policies", &body).refused("validation-failed");
        refused.faults(&expected);
        let body = json!({ "name": name, "rules": faulty });
        let refused = hr.patch(&draft, &body).refused("validation-failed").faults(&expected);
        let said = |code: &str| {
            let errors = refused.json()["errors"].clone();
            let found = errors.as_array().into_iter().flatten().find(|it| it["code"] == code);
            found.map(|it| it["detail"].as_str().unwrap_or_default().to_owned())
        };
        let contradiction = "risk.spi_yellow (0.95) > risk.spi_green (0.9)";
        assert!(said("SETTING_INVALID").is_some_and(|text| text.contains(contradiction)));
        assert!(
            said("out_of_range").is_some_and(|text| text.contains("30") && text.contains("90"))
        );
        let body = json!({ "rules": { "settings": [], "populations": [] } });
        let refused = hr.patch(&draft, &body).refused("validation-failed");
        refused.faults(&[("/rules/settings", "wrong_type")]);
    });
}

/// Proves R02 through `createPolicy`, `publishPolicy`.
fn settings_are_kept_as_they_were_sent(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let mut rules = rules();
    rules["settings"] = json!({
        "bonus.k_org": { "S": "1.2", "A": "1.10", "B": "1", "C": "0.9", "D": "0.8" },
        "goal.count": "2..9",
        "kpi.min_achievement": null,
        "kpi.veto_grade": "C",
        "leave.protected": ["maternity", "陪产假"],
        "manager.team_lambda": "0.25",
        "review.process_months": 2.0,
        "score.scale": {
            "cap": "100",
            "bands": { "s": "95", "a": "85", "b": "75", "c": "60" },
            "conversion": { "proportional": "20" },
            "labels": {
                "S": { "letter": "S", "zh": "卓越", "en": "outstanding" },
                "A": { "letter": "A", "zh": "优秀", "en": "exceeds" },
                "B": { "letter": "B", "zh": "达标", "en": "meets" },
                "C": { "letter": "C", "zh": "待改进", "en": "needs improvement" },
                "D": { "letter": "D", "zh": "不合格", "en": "unsatisfactory" },
            },
        },
    });
    let body = json!({ "code": "KEPT", "name": "Kept", "rules": rules });
    let path = format!("/v1/policies/{}", hr.post("/v1/policies", &body).expect(201).id());
    let published = step(&hr, &path, "publication", None).expect(200).json();
    rules["settings"]["review.process_months"] = json!(2);
    assert_eq!(published["rules"]["settings"], rules["settings"]);
}
