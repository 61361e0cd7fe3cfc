//! The audit log, the events feed, and the explanation of why somebody may do something.

use domain::core::text::TextEnum;
use domain::policy::Action;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::app::eventually;
use tests::calls::feed;
use tests::cycles::{behind, drive, rated};
use tests::reviews::{evaluated, hand_in};
use tests::sessions::{compared, propose, session_in, sound};
use tests::world::Persona::{
    self, Auditor, Colleague, DirectManager, Employee, EventReader, HrAdmin, Hrbp, OtherHrAdmin,
    SecondHrAdmin, SkipLevelManager,
};
use tests::world::{sign_in, token};
use tests::{Answer, Client, TestApp, cycles, goals, on_each_engine};
use uuid::Uuid;

on_each_engine![
    an_entry_says_who_did_what_and_why,
    auditors_see_values_others_what_concerns_them,
    an_auditor_sees_values_where_the_record_is_open,
    roles_keys_and_sign_ins_are_ones_own,
    nobody_learns_of_their_own_result,
    a_move_of_ones_own_grade_is_never_told,
    programs_hear_of_nothing_unreleased,
    entries_are_numbered_for_nobody_who_could_be_in_them,
    entries_are_found_by_what_they_are_about,
    events_follow_each_other_without_gaps,
    events_name_fields_but_no_values,
    access_is_explained,
    every_kind_of_record_is_explained,
    many_questions_are_answered_at_once,
    an_explanation_confirms_nothing_hidden,
    a_company_reads_and_changes_itself,
];

fn rename(app: &TestApp, name: &str) -> Answer {
    let hr = app.as_(HrAdmin);
    let lin = hr.get(format!("/v1/employees/{}", app.id("lin"))).expect(200);
    hr.patch(&lin, &json!({ "name": name })).expect(200)
}

fn last(app: &TestApp, persona: tests::world::Persona) -> Value {
    let lin = app.id("lin");
    let entries = app.as_(persona).all(&format!("/v1/audit-entries?resource_id={lin}"));
    entries.last().cloned().expect("an entry")
}

fn an_entry_says_who_did_what_and_why(app: &TestApp) {
    let answer = rename(app, "Lin Lin");
    let entry = last(app, Auditor);
    let kept = app.recorded("employee.updated");
    assert_eq!(kept[0].details.as_deref(), Some(r#"{"name":["lin","Lin Lin"]}"#));
    assert_eq!(entry["action"], "employee.updated");
    assert_eq!(
        (&entry["resource"], &entry["resource_id"]),
        (&json!("employee"), &json!(app.id("lin")))
    );
    assert_eq!(entry["actor_id"], json!(app.id("hua.account")));
    assert_eq!((&entry["actor_kind"], &entry["rule"]), (&json!("account"), &json!("hr-admin")));
    assert_eq!(entry["request_id"].as_str(), answer.header("X-Request-Id"));
    // An auditor sees the changed values of people, because they are metadata, but not the reason.
    assert_eq!(entry["details"], json!({ "name": ["lin", "Lin Lin"] }));
    assert!(entry.get("reason").is_none());
    let path = format!("/v1/audit-entries/{}", entry["id"].as_str().unwrap_or_default());
    assert_eq!(app.as_(Auditor).get(&path).expect(200).json(), entry);
    app.as_(OtherHrAdmin).get(&path).refused("not-found");
    app.as_(Colleague).get(&path).refused("not-found");
}

fn auditors_see_values_others_what_concerns_them(app: &TestApp) {
    rename(app, "Lin Lin");
    let about = |persona, id: Uuid| {
        app.as_(persona).all(&format!("/v1/audit-entries?resource_id={id}")).pop().expect("one")
    };
    let position = app.id("position");
    assert_eq!(about(Auditor, position)["details"]["code"], json!([null, "REP"]));
    assert!(about(HrAdmin, position).get("details").is_none());
    assert!(last(app, Employee).get("details").is_none());
    let own = app.as_(Employee).all("/v1/audit-entries");
    let nouns: BTreeSet<_> = own.iter().filter_map(|entry| entry["resource"].as_str()).collect();
    assert_eq!(nouns, BTreeSet::from(["account", "employee", "session"]));
    let mine = [json!(app.id("lin")), json!(app.id("lin.account"))];
    let others = own.iter().filter(|entry| entry["resource"] != "session");
    assert!(others.clone().all(|entry| mine.contains(&entry["resource_id"])), "{own:?}");
    let theirs = app.id("mei");
    assert!(app.as_(Employee).all(&format!("/v1/audit-entries?resource_id={theirs}")).is_empty());
}

fn an_auditor_sees_values_where_the_record_is_open(app: &TestApp) {
    drive(app, &app.world.own, app.id("cycle"), "executing");
    let ada = app.as_(Auditor);
    let entries = ada.all("/v1/audit-entries?limit=200");
    let opened = |entry: &&Value| entry.get("details").is_some() || entry.get("reason").is_some();
    let nouns: BTreeSet<_> =
        entries.iter().filter(opened).filter_map(|entry| entry["resource"].as_str()).collect();
    let open =
        ["org_unit", "position", "employee", "account", "role_assignment", "api_key", "tenant"];
    for noun in open {
        assert!(nouns.contains(noun), "{noun}: {nouns:?}");
    }
    for noun in ["cycle", "participant", "goal", "review", "measurement", "job"] {
        assert!(!nouns.contains(noun), "{noun}: {nouns:?}");
    }
    let about = |name: &str| {
        let list = format!("/v1/audit-entries?resource_id={}", app.id(name));
        ada.all(&list)
    };
    assert!(about("policy").iter().any(|entry| opened(&entry)), "a published version");
    assert!(!about("draft.policy").iter().any(|entry| opened(&entry)), "a draft");
    assert!(!about("ada.role").iter().any(|entry| opened(&entry)), "about oneself");

    // A reader of ratings finds them in the log from submission on.
    let review = evaluated(app, &json!({}));
    let role = json!({ "account_id": app.id("ada.account"), "role": "hr_admin" });
    app.as_(HrAdmin).post("/v1/role-assignments", &role).expect(201);
    let id = review.rsplit('/').next().unwrap_or_default().to_owned();
    let returned = || {
        let list = ada.all(&format!("/v1/audit-entries?resource_id={id}"));
        list.iter().filter(|entry| entry["reason"] == "Say more").count()
    };
    hand_in(&app.as_(Employee), &review, "self-review", "3");
    let order = json!({ "to": "self", "reason": "Say more" });
    cycles::step(&app.as_(DirectManager), &review, "return", Some(order)).expect(200);
    eventually("Ada is an administrator", || ada.get(&review).status == 200);
    assert_eq!(returned(), 0, "the rating is a draft");
    hand_in(&app.as_(Employee), &review, "self-review", "3");
    hand_in(&app.as_(DirectManager), &review, "manager-review", "3");
    eventually("the rating is handed in", || returned() == 1);
}

fn roles_keys_and_sign_ins_are_ones_own(app: &TestApp) {
    let list = |persona| app.as_(persona).all("/v1/audit-entries?limit=200");
    let ids = |entries: Vec<Value>| -> Vec<Value> {
        entries.iter().map(|entry| entry["resource_id"].clone()).collect()
    };
    let bo = ids(list(Hrbp));
    assert!(bo.contains(&json!(app.id("bo.role"))));
    assert!(!bo.contains(&json!(app.id("bai.role"))));
    let signed_in = list(Colleague);
    assert!(signed_in.iter().any(|entry| entry["action"] == "session.created"));
    let reader = app.id("reader.key");
    let entry = app.as_(Auditor).all(&format!("/v1/audit-entries?resource_id={reader}"));
    assert!(entry[0].get("details").is_some(), "somebody else's key");
    let role = json!({ "account_id": app.id("hua.account"), "role": "auditor" });
    app.as_(SecondHrAdmin).post("/v1/role-assignments", &role).expect(201);
    let position = app.id("position");
    let hua = app.as_(HrAdmin);
    let first = |id: Uuid| hua.all(&format!("/v1/audit-entries?resource_id={id}"))[0].clone();
    eventually("Hua is an auditor", || first(position).get("details").is_some());
    assert!(first(reader).get("details").is_none(), "of one's own key nobody sees values");
}

/// The actions that a client can read about a record, from the audit log and from the feed.
fn told(client: &Client, id: &str) -> (Vec<String>, Vec<String>) {
    let names = |rows: Vec<Value>, name: &str| -> Vec<String> {
        let of = rows.into_iter().filter(|row| row["resource_id"] == *id);
        of.map(|row| row[name].as_str().unwrap_or_default().to_owned()).collect()
    };
    let entries = client.all(&format!("/v1/audit-entries?limit=3&resource_id={id}"));
    (names(entries, "action"), names(feed(client), "type"))
}

fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn has(told: &(Vec<String>, Vec<String>), action: &str) -> [bool; 2] {
    [&told.0, &told.1].map(|names| names.iter().any(|name| name == action))
}

fn nobody_learns_of_their_own_result(app: &TestApp) {
    let (lin, hua) = (app.as_(Employee), app.as_(HrAdmin));
    let review = evaluated(app, &json!({}));
    let cycle = hua.get(&review).expect(200).json()["cycle_id"].as_str().unwrap_or("").to_owned();
    let goal = lin.all(&format!("/v1/goals?cycle_id={cycle}"))[0]["id"].clone();
    let goal = goal.as_str().unwrap_or_default();
    let role = json!({ "account_id": app.id("lin.account"), "role": "hr_admin" });
    hua.post("/v1/role-assignments", &role).expect(201);
    eventually("Lin is an administrator", || lin.get("/v1/events").status == 200);
    let results = format!("/v1/cycles/{cycle}/results");
    let compute = || hua.request("POST", &results).send().expect(200);
    compute();
    hand_in(&lin, &review, "self-review", "3");
    hand_in(&app.as_(DirectManager), &review, "manager-review", "4");

    let of_review = told(&lin, id_of(&review));
    let withheld = ["review.result_computed", "review.rating_saved"];
    for action in withheld {
        assert_eq!(has(&of_review, action), [false; 2], "{action}");
        assert_eq!(has(&told(&hua, id_of(&review)), action), [true; 2], "{action}");
    }
    let steps =
        ["review.self_review_saved", "review.self_review_submitted", "review.rating_submitted"];
    for action in steps {
        assert_eq!(has(&of_review, action), [true; 2], "{action}");
    }
    let of_goal = told(&lin, goal);
    assert_eq!(has(&of_goal, "goal.scored"), [false; 2]);
    assert_eq!(has(&told(&hua, goal), "goal.scored"), [true; 2]);
    assert_eq!(has(&of_goal, "goal.approved"), [true; 2]);

    // A hidden entry behaves as if it did not exist: no id opens it, and no page has fewer rows
    // because of it.
    let hidden = hua.all(&format!("/v1/audit-entries?action=goal.scored&resource_id={goal}"));
    let path = format!("/v1/audit-entries/{}", hidden[0]["id"].as_str().unwrap_or_default());
    hua.get(&path).expect(200);
    lin.get(&path).refused("not-found");
    let list = format!("/v1/audit-entries?resource_id={}", id_of(&review));
    let whole = lin.all(&list);
    for limit in 1..whole.len() {
        let page = lin.get(format!("{list}&limit={limit}")).expect(200).json();
        assert_eq!(page["items"], json!(whole[..limit]), "a full page");
    }

    drive(app, &app.world.own, cycle.parse().expect("an id"), "published");
    for action in withheld {
        assert_eq!(has(&told(&lin, id_of(&review)), action), [true; 2], "{action}");
    }
    assert_eq!(has(&told(&lin, goal), "goal.scored"), [true; 2]);
    lin.get(&path).expect(200);
}

fn a_move_of_ones_own_grade_is_never_told(app: &TestApp) {
    let (sun, mei, hao) =
        (app.as_(SkipLevelManager), app.as_(DirectManager), app.as_(SecondHrAdmin));
    let cycle = rated(app, &app.world.own, "calibrating", &[]);
    let session = session_in(app, &app.world.own, cycle, "open");
    let review = compared(&app.as_(HrAdmin), session, "HAO")["review_id"].clone();
    let before = (hao.all("/v1/audit-entries?limit=200").len(), feed(&hao).len());
    let moved = propose(&sun, session, &sound(&review, "B", "A")).expect(201);
    let path = format!("/v1/moves/{}", moved.id());
    cycles::step(&mei, &path, "approval", None).expect(200);
    let (review, moved) = (review.as_str().unwrap_or_default(), moved.id().to_string());
    let grade = "review.grade_moved";
    let proposed = ["move.proposed", "move.approved"];
    assert_eq!(has(&told(&app.as_(HrAdmin), review), grade), [true; 2]);
    assert_eq!(told(&app.as_(HrAdmin), &moved).0, proposed);
    assert_eq!(told(&hao, review), Default::default());
    assert_eq!(told(&hao, &moved), Default::default());
    let after = (hao.all("/v1/audit-entries?limit=200").len(), feed(&hao).len());
    assert_eq!(after, before, "nothing has happened");
    // An auditor sees that there was a move, but no details.
    let seen = app.as_(Auditor).all(&format!("/v1/audit-entries?resource_id={moved}"));
    assert!(seen.iter().all(|entry| entry.get("details").is_none()) && seen.len() == 2, "{seen:?}");
    let seen = app.as_(Auditor).all(&format!("/v1/audit-entries?resource_id={review}"));
    assert!(seen.iter().all(|entry| entry.get("details").is_none()) && !seen.is_empty());

    behind(app, "UPDATE review SET state = 'published', final_grade = 'A'");
    assert_eq!(has(&told(&hao, review), grade), [true; 2], "the result is released");
    assert_eq!(told(&hao, &moved), Default::default(), "who proposed it stays in the room");
}

fn programs_hear_of_nothing_unreleased(app: &TestApp) {
    let review = evaluated(app, &json!({}));
    hand_in(&app.as_(Employee), &review, "self-review", "3");
    hand_in(&app.as_(DirectManager), &review, "manager-review", "4");
    let cycle = rated(app, &app.world.own, "calibrating", &[]);
    let session = session_in(app, &app.world.own, cycle, "open");
    let lin = compared(&app.as_(HrAdmin), session, "LIN")["review_id"].clone();
    let moved = propose(&app.as_(SkipLevelManager), session, &sound(&lin, "B", "A")).expect(201);
    let path = format!("/v1/moves/{}", moved.id());
    cycles::step(&app.as_(DirectManager), &path, "approval", None).expect(200);
    let kinds = |persona: Persona| -> BTreeSet<String> {
        let events = feed(&app.as_(persona)).into_iter();
        events.map(|event| event["type"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let (hua, program) = (kinds(HrAdmin), kinds(EventReader));
    let withheld: Vec<_> = hua.difference(&program).map(String::as_str).collect();
    let results = [
        "goal.scored",
        "move.approved",
        "move.proposed",
        "review.grade_moved",
        "review.rating_saved",
        "review.self_review_saved",
    ];
    assert_eq!(withheld, results);
    assert!(program.contains("review.rating_submitted"), "{program:?}");
}

fn entries_are_numbered_for_nobody_who_could_be_in_them(app: &TestApp) {
    for persona in [HrAdmin, Auditor, Employee] {
        for entry in app.as_(persona).all("/v1/audit-entries?limit=200") {
            assert!(entry.get("position").is_none() && entry.get("hash").is_none(), "{entry}");
        }
    }
    // The founder's account belongs to no employee.
    let pair = sign_in(&app.as_(HrAdmin), app.world.own.slug, "founder").expect(200);
    let founder = app.as_(HrAdmin).with(token(&pair));
    let entries = founder.all("/v1/audit-entries?limit=200");
    let positions: Vec<_> = entries.iter().map(|entry| entry["position"].as_i64()).collect();
    assert_eq!(positions, (1..).take(entries.len()).map(Some).collect::<Vec<_>>());
    assert!(entries.iter().all(|entry| entry["hash"].as_str().is_some_and(|it| it.len() == 64)));
}

fn entries_are_found_by_what_they_are_about(app: &TestApp) {
    let before = last(app, Auditor)["at"].as_str().unwrap_or_default().to_owned();
    rename(app, "Lin Lin");
    let after = last(app, Auditor)["at"].as_str().unwrap_or_default().to_owned();
    let ada = app.as_(Auditor);
    let found = |query: &str| ada.all(&format!("/v1/audit-entries?limit=7&{query}"));
    let whole = found("");
    let select = |name: &str, value: Value| -> Vec<Value> {
        whole.iter().filter(|entry| entry[name] == value).cloned().collect()
    };
    assert_eq!(found("action=employee.created"), select("action", json!("employee.created")));
    let hua = json!(app.id("hua.account"));
    assert_eq!(found(&format!("actor_id={}", app.id("hua.account"))), select("actor_id", hua));
    assert_eq!(found(&format!("from={after}&resource_id={}", app.id("lin"))).len(), 1);
    assert!(found(&format!("from={before}&until={after}")).iter().all(|entry| {
        let at = entry["at"].as_str().unwrap_or_default();
        before.as_str() <= at && at < after.as_str()
    }));
}

fn events_follow_each_other_without_gaps(app: &TestApp) {
    let follower = app.as_(EventReader);
    let read = |after: &str, more: &str| {
        follower.get(format!("/v1/events?limit=10{after}{more}")).expect(200).json()
    };
    let (mut events, mut after) = (Vec::new(), String::new());
    loop {
        let page = read(&after, "");
        let items = page["items"].as_array().cloned().unwrap_or_default();
        after = format!("&after={}", page["next_cursor"].as_str().unwrap_or_default());
        if items.is_empty() {
            break;
        }
        events.extend(items);
    }
    assert_eq!(events.len() as i64, app.traces().1);
    rename(app, "Lin Lin");
    let news = read(&after, "");
    assert_eq!(news["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(news["items"][0]["type"], "employee.updated");
    let only = read("", "&types=employee.assigned,employee.terminated");
    let kinds: Vec<_> =
        only["items"].as_array().into_iter().flatten().map(|event| &event["type"]).collect();
    assert_eq!(kinds, ["employee.assigned", "employee.terminated"]);
    let again = read("", "");
    assert_eq!(again["items"], json!(events[..10]), "the feed can be replayed");
    app.as_(Employee).get("/v1/events").refused("forbidden");
}

fn events_name_fields_but_no_values(app: &TestApp) {
    rename(app, "Values Stay Home");
    let feed = app.as_(EventReader).get("/v1/events?limit=200&types=employee.updated").expect(200);
    assert_eq!(feed.json()["items"][0]["data"], json!({ "fields": ["name"] }));
    assert!(!String::from_utf8_lossy(&feed.body).contains("Values Stay Home"));
}

fn ask(app: &TestApp, persona: Persona, questions: &[Value]) -> Answer {
    app.as_(persona).post("/v1/access/explanation", &json!({ "questions": questions }))
}

fn explain(app: &TestApp, persona: Persona, question: &Value) -> Value {
    ask(app, persona, std::slice::from_ref(question)).expect(200).json()["answers"][0].take()
}

fn access_is_explained(app: &TestApp) {
    let about = |action: &str| json!({ "action": action, "resource_id": app.id("lin") });
    let mei = explain(app, DirectManager, &about("employee.read"));
    assert_eq!((&mei["allowed"], &mei["rule"]), (&json!(true), &json!("direct-manager")));
    assert_eq!((&mei["by"], &mei["fields"]), (&json!("direct_manager"), &json!("full")));
    let write = explain(app, DirectManager, &about("employee.write"));
    assert_eq!((&write["allowed"], &write["rule"]), (&json!(false), &json!("no-rule-allows")));
    let own = explain(app, Employee, &about("employee.read"));
    assert_eq!(own["rule"], "own-record");
    let bo = explain(app, Hrbp, &about("employee.history"));
    assert_eq!(bo["rule"], "hrbp-own-units");

    let mut of_mei = about("employee.read");
    of_mei["account_id"] = json!(app.id("mei.account"));
    assert_eq!(explain(app, Auditor, &of_mei)["rule"], "direct-manager");
    ask(app, Colleague, &[of_mei]).refused("forbidden");
    let conflict = json!({ "action": "employee.write", "resource_id": app.id("hua") });
    assert_eq!(explain(app, HrAdmin, &conflict)["rule"], "conflict-of-interest");
}

fn an_explanation_confirms_nothing_hidden(app: &TestApp) {
    let ask_about = |persona, action: &str, id: uuid::Uuid| {
        explain(app, persona, &json!({ "action": action, "resource_id": id }))
    };
    let nothing = ask_about(HrAdmin, "employee.read", uuid::Uuid::from_u128(1));
    assert_eq!(ask_about(HrAdmin, "employee.read", app.world.other.id("lin")), nothing);
    assert_eq!(ask_about(Employee, "account.read", app.id("mei.account")), nothing);
    assert_eq!(ask_about(Employee, "api_key.read", app.id("reader.key")), nothing);
    let theirs = json!({
        "action": "employee.read", "resource_id": app.id("lin"),
        "account_id": app.world.other.id("lin.account"),
    });
    ask(app, HrAdmin, &[theirs])
        .refused("validation-failed")
        .faults(&[("/questions/0/account_id", "unknown_reference")]);
}

/// Every kind of record can be named in a question. For no action is the answer that the record
/// does not exist.
fn every_kind_of_record_is_explained(app: &TestApp) {
    let cycle = rated(app, &app.world.own, "calibrating", &[]);
    let session = session_in(app, &app.world.own, cycle, "open");
    let review = compared(&app.as_(HrAdmin), session, "LIN")["review_id"].clone();
    let moved = propose(&app.as_(SkipLevelManager), session, &sound(&review, "B", "A")).expect(201);
    let review: Uuid = review.as_str().and_then(|id| id.parse().ok()).expect("an id");
    let entry = app.as_(HrAdmin).get("/v1/audit-entries?limit=1").expect(200).json();
    let entry = entry["items"][0]["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let own = &app.world.own;
    let adjustment = cycles::adjustment_in(app, own, own.id("cycle"), "submitted");
    let dependency = goals::proposed(app, own);
    for &action in Action::ALL {
        let id = match action {
            Action::TenantRead | Action::TenantUpdate => own.tenant,
            Action::OrgUnitRead | Action::OrgUnitWrite => own.id("east"),
            Action::PositionRead | Action::PositionWrite => own.id("position"),
            Action::EmployeeRead
            | Action::EmployeeHistory
            | Action::EmployeeWrite
            | Action::EmployeeDuties
            | Action::EmployeeImport
            | Action::EmployeeExport => own.id("lin"),
            Action::AccountRead
            | Action::AccountWrite
            | Action::AccountOwn
            | Action::AccessExplain => own.id("lin.account"),
            Action::RoleAssignmentRead | Action::RoleAssignmentWrite => own.id("bo.role"),
            Action::ApiKeyRead | Action::ApiKeyWrite => own.id("reader.key"),
            Action::AuditEntryRead => entry,
            Action::JobRead => own.id("job"),
            Action::PolicyRead | Action::PolicyWrite => own.id("policy"),
            Action::CycleRead
            | Action::CycleWrite
            | Action::CyclePropose
            | Action::CycleApprove
            | Action::DistributionRead
            | Action::DashboardOwn
            | Action::DashboardHr
            | Action::DashboardExecutive => cycle,
            Action::ParticipantRead | Action::ParticipantWrite => own.id("lin.participant"),
            Action::GoalRead
            | Action::GoalWrite
            | Action::GoalImport
            | Action::GoalSubmit
            | Action::GoalApprove
            | Action::GoalDecide
            | Action::CheckInWrite
            | Action::MeasurementWrite
            | Action::ReportWithdraw => own.id("goal"),
            Action::WeightAdjustmentRead
            | Action::WeightAdjustmentWrite
            | Action::WeightAdjustmentReview => adjustment,
            Action::DependencyRead | Action::DependencyWrite | Action::DependencyAnswer => {
                dependency
            }
            Action::ReviewRead
            | Action::SelfReviewRead
            | Action::SelfReviewWrite
            | Action::RatingRead
            | Action::RatingWrite
            | Action::RatingPreview
            | Action::RatingConfirm
            | Action::ReviewSteer
            | Action::ReviewAnswer
            | Action::RatingExport => review,
            Action::CalibrationSessionRead
            | Action::CalibrationSessionDistribution
            | Action::CalibrationSessionWrite
            | Action::CalibrationSessionOverride
            | Action::MovePropose => session,
            Action::MoveRead | Action::MoveWrite => moved.id(),
            Action::EventRead | Action::AuditHeadRead | Action::ReadEntryRead => {
                let question = json!({ "action": action.as_str(), "resource_id": entry });
                let refused = ask(app, HrAdmin, &[question]).refused("validation-failed");
                refused.faults(&[("/questions/0/resource_id", "not_allowed")]);
                continue;
            }
        };
        let answer = |resource_id: Uuid| {
            let question = json!({ "action": action.as_str(), "resource_id": resource_id });
            explain(app, HrAdmin, &question)
        };
        let (found, missing) = (answer(id), answer(Uuid::from_u128(7)));
        let says = found["allowed"] == true
            || found.get("stage").is_some()
            || found["rule"] != missing["rule"]
            || NOT_FOR_HR.contains(&action);
        assert!(says, "{action}: {found}");
        assert_eq!(missing["allowed"], false, "{action}");
    }
    let rating = json!({ "action": "rating.read", "resource_id": review });
    let rating = explain(app, HrAdmin, &rating);
    assert_eq!(
        (&rating["rule"], &rating["stage"]),
        (&json!("handed-in-reviews"), &json!("calibration"))
    );
    let sun = explain(
        app,
        SkipLevelManager,
        &json!({ "action": "move.read", "resource_id": moved.id() }),
    );
    assert_eq!((&sun["allowed"], &sun["by"]), (&json!(true), &json!("calibrator")));
    assert_eq!(sun["relationships"], json!(["chain_manager", "calibrator"]));
    // Nobody learns from an answer that their own grade was moved.
    let hao = compared(&app.as_(HrAdmin), session, "HAO")["review_id"].clone();
    let own = propose(&app.as_(SkipLevelManager), session, &sound(&hao, "B", "A")).expect(201).id();
    let asks = |id: Uuid| {
        let of = |account: &str| {
            json!({
                "action": "move.read", "resource_id": id, "account_id": app.id(account),
            })
        };
        ask(app, SecondHrAdmin, &[of("hao.account"), of("sun.account")]).expect(200).json()
    };
    assert_eq!(asks(own), asks(Uuid::from_u128(7)));
    let entries = app.as_(HrAdmin).all(&format!("/v1/audit-entries?resource_id={own}"));
    let entry = json!({ "action": "audit_entry.read", "resource_id": entries[0]["id"] });
    assert_eq!(explain(app, HrAdmin, &entry)["rule"], "hr-admin-audit");
    assert_eq!(explain(app, SecondHrAdmin, &entry)["allowed"], false);
}

/// Actions that HR may do to none of the records above, and actions that depend on no record.
const NOT_FOR_HR: &[Action] = &[
    Action::AccountOwn,
    Action::GoalWrite,
    Action::GoalSubmit,
    Action::GoalApprove,
    Action::CheckInWrite,
    Action::DashboardExecutive,
    Action::WeightAdjustmentWrite,
    Action::DependencyWrite,
    Action::DependencyAnswer,
];

fn many_questions_are_answered_at_once(app: &TestApp) {
    let of = |action: &str, account: &str| {
        json!({
            "action": action, "resource_id": app.id("lin"), "account_id": app.id(account),
        })
    };
    let questions = [
        of("employee.read", "mei.account"),
        of("employee.write", "kai.account"),
        of("employee.read", "lin.account"),
    ];
    let answers = ask(app, HrAdmin, &questions).expect(200).json();
    let rules: Vec<_> =
        answers["answers"].as_array().into_iter().flatten().map(|it| it["rule"].clone()).collect();
    assert_eq!(rules, ["direct-manager", "no-rule-allows", "own-record"]);
    let mut wrong = questions.to_vec();
    wrong[1]["account_id"] = json!(Uuid::from_u128(7));
    wrong.push(json!({ "action": "event.read", "resource_id": Uuid::from_u128(7) }));
    ask(app, HrAdmin, &wrong).refused("validation-failed").faults(&[
        ("/questions/1/account_id", "unknown_reference"),
        ("/questions/3/resource_id", "not_allowed"),
    ]);
    assert_eq!(ask(app, HrAdmin, &[]).expect(200).json(), json!({ "answers": [] }));
    let many = vec![json!({ "action": "employee.read" }); 101];
    ask(app, HrAdmin, &many).refused("validation-failed").faults(&[("/questions", "too_many")]);
    assert_eq!(ask(app, HrAdmin, &many[1..]).expect(200).json()["answers"][99]["allowed"], true);
}

fn a_company_reads_and_changes_itself(app: &TestApp) {
    let read = app.as_(Employee).get("/v1/tenant").expect(200);
    assert_eq!(read.json()["slug"], "acme");
    let hr = app.as_(HrAdmin);
    let patch = json!({ "name": "Acme 有限公司", "time_zone": "Europe/Zurich", "locale": "zh-CN" });
    let changed = hr.patch(&read, &patch).expect(200);
    assert_eq!(changed.json()["name"], "Acme 有限公司");
    app.unchanged(|| {
        let now = hr.get("/v1/tenant");
        hr.patch(&now, &json!({ "time_zone": "Mars/Olympus" }))
            .refused("validation-failed")
            .faults(&[("/time_zone", "not_allowed")]);
        hr.patch(&now, &json!({ "slug": "other" }))
            .refused("validation-failed")
            .faults(&[("/slug", "unknown_property")]);
        hr.patch(&read, &json!({ "name": "Late" })).refused("version-stale");
        app.as_(Employee).patch(&now, &json!({ "name": "Mine" })).refused("forbidden");
    });
    assert_ne!(app.as_(OtherHrAdmin).get("/v1/tenant").json()["name"], "Acme 有限公司");
}
