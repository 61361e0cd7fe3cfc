//! Dependencies: what one goal needs from another, until when, and how much time is left.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::calls::id_of;
use tests::client::Credentials;
use tests::cycles::step;
use tests::goals::{self, activate, dependency, goal, indicator, path};
use tests::reviews::{measure, open};
use tests::world::Persona::{
    self, Auditor, Colleague, Comp, DirectManager, Employee, Executive, Finance, FormerManager,
    HrAdmin, Hrbp, OtherHrAdmin, SecondHrAdmin, SkipLevelManager,
};
use tests::{Answer, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    a_promise_is_kept_in_time,
    a_promise_can_be_tight_or_too_late_at_once,
    a_refusal_is_reasoned,
    goals_that_cannot_wait_for_each_other_are_refused,
    goals_never_wait_for_each_other_in_a_loop,
    only_owners_ask_answer_and_deliver,
    nobody_answers_what_they_have_not_seen,
    a_later_day_is_told_to_everybody_who_waits,
    evaluation_opens_with_what_is_known_that_day,
    a_goal_that_is_over_is_told_to_whoever_waits,
    a_cancelled_cycle_has_no_new_dependencies,
    a_dependency_is_for_those_it_concerns,
];

/// The last day of Kai's goal, a Monday, and the Friday after.
const KAIS: (&str, &str) = ("2098-03-03", "2098-03-07");
/// The last day of Lin's goal, a Monday, and the Friday after.
const LINS: (&str, &str) = ("2098-06-02", "2098-06-06");
/// The last day of Fan's goal, a Monday, and the Friday after.
const FANS: (&str, &str) = ("2098-01-06", "2098-01-10");

/// The active goals of a cycle whose middle is far away. Kai works in labs and reports to Sun in
/// this cycle; all others work in sales.
struct Plan {
    cycle: Uuid,
    fan: Uuid,
    kai: Uuid,
    lin: Uuid,
    mei: Uuid,
}

impl Plan {
    fn of(app: &TestApp) -> Self {
        let cycle = goals::cycle(app, &json!({}));
        let hr = app.as_(HrAdmin);
        let query = format!("/v1/participants?cycle_id={cycle}&employee_id={}", app.id("kai"));
        let kai = hr.all(&query)[0]["id"].as_str().unwrap_or_default().to_owned();
        let order = json!({ "manager_id": app.id("sun"), "reason": "Works with sales" });
        step(&hr, &format!("/v1/participants/{kai}"), "handover", Some(order)).expect(200);
        Self {
            cycle,
            fan: active(app, cycle, (FormerManager, SkipLevelManager), "100", FANS.0),
            kai: active(app, cycle, (Colleague, SkipLevelManager), "100", KAIS.0),
            lin: active(app, cycle, (Employee, DirectManager), "100", LINS.0),
            mei: active(app, cycle, (DirectManager, SkipLevelManager), "100", "2098-12-31"),
        }
    }
}

/// The content of a goal that ends on a day.
fn until(weight: &str, end: &str) -> Value {
    let mut content = indicator("Revenue", weight);
    content["period"]["end"] = end.into();
    content
}

/// An active goal of somebody with this manager.
fn active(
    app: &TestApp,
    cycle: Uuid,
    (owner, manager): (Persona, Persona),
    weight: &str,
    end: &str,
) -> Uuid {
    let (owner, manager) = (app.as_(owner), app.as_(manager));
    let made = owner.post("/v1/goals", &goal(cycle, &until(weight, end))).expect(201);
    activate(&owner, &manager, &path(&made));
    made.id()
}

/// Lets somebody ask for the result of a goal, for a goal of their own, by a day.
fn ask(app: &TestApp, owner: Persona, upstream: Uuid, downstream: Uuid, day: &str) -> Answer {
    app.as_(owner).post("/v1/dependencies", &dependency(upstream, downstream, day))
}

/// The path of a new dependency that the partner has not answered.
fn asked(app: &TestApp, owner: Persona, upstream: Uuid, downstream: Uuid, day: &str) -> String {
    let made = ask(app, owner, upstream, downstream, day).expect(201);
    let path = format!("/v1/dependencies/{}", made.id());
    assert_eq!(made.header("Location"), Some(path.as_str()));
    path
}

/// Takes a step with the body it needs.
fn act(app: &TestApp, persona: Persona, path: &str, noun: &str) -> Answer {
    let body = (noun == "rejection").then(|| json!({ "reason": "Not this year" }));
    step(&app.as_(persona), path, noun, body)
}

/// State and slack.
fn stand(app: &TestApp, path: &str) -> (Value, Value) {
    let shown = app.as_(HrAdmin).get(path).expect(200).json();
    (shown["state"].clone(), shown["slack"].clone())
}

/// How often a new slack of a dependency was told.
fn told(app: &TestApp, path: &str) -> usize {
    let events = app.events_about(id_of(path));
    events.iter().filter(|kind| *kind == "dependency.slack_changed").count()
}

/// Proves R35 through `createDependency`, `acceptDependency`, `deliverDependency`,
/// `getDependency`, `listDependencies`.
fn a_promise_is_kept_in_time(app: &TestApp) {
    let plan = Plan::of(app);
    let (lin, kai) = (app.as_(Employee), app.as_(Colleague));
    let path = asked(app, Employee, plan.kai, plan.lin, KAIS.1);
    let shown = lin.get(&path).expect(200).json();
    assert_eq!((&shown["state"], &shown["slack"]), (&json!("proposed"), &Value::Null));
    assert_eq!((&shown["cycle_id"], &shown["version"]), (&json!(plan.cycle), &json!(1)));
    let goals = (&shown["upstream_goal_id"], &shown["downstream_goal_id"]);
    assert_eq!(goals, (&json!(plan.kai), &json!(plan.lin)));
    let owners = (&shown["upstream_owner_id"], &shown["downstream_owner_id"]);
    assert_eq!(owners, (&json!(app.id("kai")), &json!(app.id("lin"))));
    assert_eq!((&shown["need_date"], &shown["decision_reason"]), (&json!(KAIS.1), &Value::Null));
    assert_eq!(shown["description"], "The price list, before the branch opens");
    assert_eq!(shown["allowed_actions"], json!([]));
    let partner = kai.get(&path).expect(200).json()["allowed_actions"].take();
    assert_eq!(partner, json!(["acceptance", "rejection"]));

    let accepted = act(app, Colleague, &path, "acceptance").expect(200).json();
    assert_eq!((&accepted["state"], &accepted["slack"]), (&json!("on_track"), &json!(4)));
    assert_eq!(accepted["allowed_actions"], json!(["delivery"]));
    let again = app.unchanged(|| act(app, Colleague, &path, "acceptance"));
    let again = again.refused("state-conflict").json();
    assert_eq!(again["current_state"], "on_track");
    assert_eq!(again["allowed_actions"], json!(["delivery"]));
    assert_eq!(lin.get(&path).expect(200).json()["allowed_actions"], json!(["delivery"]));
    // Whoever waits takes the result over, or whoever promised it hands it over.
    let done = act(app, Employee, &path, "delivery").expect(200).json();
    assert_eq!((&done["state"], &done["slack"]), (&json!("delivered"), &Value::Null));
    assert_eq!(done["allowed_actions"], json!([]));
    let next = asked(app, DirectManager, plan.lin, plan.mei, LINS.1);
    act(app, Employee, &next, "acceptance").expect(200);
    act(app, Employee, &next, "delivery").expect(200);
    app.unchanged(|| drop(act(app, DirectManager, &next, "delivery").refused("state-conflict")));

    asked(app, Employee, plan.kai, plan.lin, KAIS.1);
    let found = |query: &str| lin.all(&format!("/v1/dependencies?limit=1{query}")).len();
    assert_eq!(found(""), 3);
    assert_eq!(found(&format!("&cycle_id={}", plan.cycle)), 3);
    assert_eq!(found(&format!("&cycle_id={}", app.id("cycle"))), 0);
    assert_eq!(found(&format!("&goal_id={}", plan.lin)), 3, "on either side");
    assert_eq!(found(&format!("&goal_id={}", plan.kai)), 2);
    assert_eq!(found(&format!("&goal_id={}", plan.mei)), 1);
    assert_eq!(found("&state=delivered"), 2);
    assert_eq!(found("&state=proposed"), 1);
}

/// Proves R35 through `acceptDependency`.
fn a_promise_can_be_tight_or_too_late_at_once(app: &TestApp) {
    let plan = Plan::of(app);
    // The Friday before the Monday on which Kai will be done.
    let tight = asked(app, Employee, plan.kai, plan.lin, "2098-02-28");
    let accepted = act(app, Colleague, &tight, "acceptance").expect(200).json();
    assert_eq!((&accepted["state"], &accepted["slack"]), (&json!("at_risk"), &json!(-1)));
    let late = asked(app, DirectManager, plan.kai, plan.mei, "2026-01-05");
    let accepted = act(app, Colleague, &late, "acceptance").expect(200).json();
    assert_eq!(accepted["state"], "late");
    assert!(accepted["slack"].as_i64().is_some_and(|slack| slack < 0), "{accepted}");
    // Both can still be delivered.
    act(app, Colleague, &tight, "delivery").expect(200);
    act(app, DirectManager, &late, "delivery").expect(200);
}

/// Proves R35 through `rejectDependency`.
fn a_refusal_is_reasoned(app: &TestApp) {
    let plan = Plan::of(app);
    let path = asked(app, Employee, plan.kai, plan.lin, KAIS.1);
    app.unchanged(|| {
        for body in [json!({}), json!({ "reason": "" }), json!({ "reason": " " })] {
            let refused = step(&app.as_(Colleague), &path, "rejection", Some(body)).expect(422);
            assert!(refused.json()["errors"].to_string().contains("reason"), "{refused:?}");
        }
    });
    let declined = act(app, Colleague, &path, "rejection").expect(200).json();
    assert_eq!((&declined["state"], &declined["slack"]), (&json!("declined"), &Value::Null));
    assert_eq!(declined["decision_reason"], "Not this year");
    assert_eq!(declined["allowed_actions"], json!([]));
    app.unchanged(|| {
        for (persona, noun) in [(Colleague, "acceptance"), (Employee, "delivery")] {
            let refused = act(app, persona, &path, noun).refused("state-conflict").json();
            assert_eq!(refused["current_state"], "declined");
        }
    });
    // One may ask again, but not twice at once.
    asked(app, Employee, plan.kai, plan.lin, KAIS.1);
    app.unchanged(|| {
        let twice = ask(app, Employee, plan.kai, plan.lin, KAIS.1).refused("duplicate");
        twice.faults(&[("/upstream_goal_id", "duplicate")]);
    });
}

/// Proves R35 through `createDependency`.
fn goals_that_cannot_wait_for_each_other_are_refused(app: &TestApp) {
    let plan = Plan::of(app);
    let refuse = |upstream: Uuid, downstream: Uuid, day: &str| {
        app.unchanged(|| ask(app, Employee, upstream, downstream, day)).expect(422)
    };
    let day = KAIS.1;
    for nothing in [Uuid::from_u128(7), app.world.other.id("goal")] {
        refuse(nothing, plan.lin, day).faults(&[("/upstream_goal_id", "unknown_reference")]);
        refuse(plan.kai, nothing, day).faults(&[("/downstream_goal_id", "unknown_reference")]);
    }
    let both = refuse(Uuid::from_u128(7), Uuid::from_u128(8), day);
    both.faults(&[
        ("/downstream_goal_id", "unknown_reference"),
        ("/upstream_goal_id", "unknown_reference"),
    ]);
    let outside = refuse(Uuid::from_u128(7), plan.lin, "2100-01-01");
    outside.faults(&[("/need_date", "DATE_INVALID"), ("/upstream_goal_id", "unknown_reference")]);
    // Lin's goal in another cycle.
    let elsewhere = refuse(plan.kai, app.id("goal"), "2026-06-30");
    assert_eq!(elsewhere.codes(), ["unknown_reference"]);

    let second = active(app, plan.cycle, (Employee, DirectManager), "0", "2098-01-31");
    refuse(second, plan.lin, day).faults(&[("/upstream_goal_id", "not_allowed")]);
    let itself = refuse(plan.lin, plan.lin, day).codes();
    assert!(itself.contains(&"not_allowed".to_owned()), "{itself:?}");

    let draft = |persona: Persona| {
        let body = goal(plan.cycle, &until("0", KAIS.0));
        app.as_(persona).post("/v1/goals", &body).expect(201)
    };
    let (kais, lins) = (draft(Colleague), draft(Employee));
    refuse(kais.id(), lins.id(), day).faults(&[
        ("/downstream_goal_id", "goal_not_active"),
        ("/upstream_goal_id", "goal_not_active"),
    ]);
    step(&app.as_(Colleague), &path(&kais), "submission", None).expect(200);
    refuse(kais.id(), plan.lin, day).faults(&[("/upstream_goal_id", "goal_not_active")]);

    for outside in ["2025-12-31", "2100-01-01"] {
        let refused = refuse(plan.kai, plan.lin, outside);
        assert_eq!(refused.codes(), ["DATE_INVALID"], "{outside}");
    }
}

/// Proves R35 through `createDependency`.
fn goals_never_wait_for_each_other_in_a_loop(app: &TestApp) {
    let plan = Plan::of(app);
    asked(app, Employee, plan.kai, plan.lin, KAIS.1);
    let lins = asked(app, DirectManager, plan.lin, plan.mei, LINS.1);
    let loops = |upstream: Uuid| {
        let refused = app.unchanged(|| ask(app, Colleague, upstream, plan.kai, KAIS.1));
        assert_eq!(refused.expect(422).codes(), ["ALIGN_CYCLE"]);
    };
    loops(plan.lin);
    loops(plan.mei);
    // Without the middle there is no loop.
    act(app, Employee, &lins, "rejection").expect(200);
    loops(plan.lin);
    asked(app, Colleague, plan.mei, plan.kai, KAIS.1);
}

fn only_owners_ask_answer_and_deliver(app: &TestApp) {
    let plan = Plan::of(app);
    app.unchanged(|| {
        // Mei sees Lin's goal, and HR sees both.
        for persona in [DirectManager, SkipLevelManager, HrAdmin] {
            ask(app, persona, plan.kai, plan.lin, KAIS.1).refused("forbidden");
        }
        let answer = ask(app, Colleague, plan.fan, plan.lin, KAIS.1);
        assert!(matches!(answer.status, 403 | 404 | 422), "{answer:?}");
    });
    let path = asked(app, Employee, plan.kai, plan.lin, KAIS.1);
    let refuse = |persona: Persona, noun: &str| {
        let shown = app.as_(persona).get(&path).expect(200).json();
        assert_eq!(shown["allowed_actions"], json!([]), "{}", persona.name());
        app.unchanged(|| act(app, persona, &path, noun)).refused("forbidden");
    };
    for noun in ["acceptance", "rejection"] {
        for persona in [Employee, DirectManager, SkipLevelManager, HrAdmin, Hrbp] {
            refuse(persona, noun);
        }
    }
    let etag = app.as_(Employee).get(&path).expect(200).etag();
    let fan = app.as_(FormerManager);
    app.unchanged(|| {
        for noun in ["acceptance", "rejection", "delivery"] {
            let request = fan.request("POST", format!("{path}/{noun}")).if_match(&etag);
            let request = match noun {
                "rejection" => request.json(&json!({ "reason": "Mine" })),
                _ => request,
            };
            request.send().refused("not-found");
        }
    });
    act(app, Colleague, &path, "acceptance").expect(200);
    for persona in [DirectManager, SkipLevelManager, HrAdmin, Hrbp] {
        refuse(persona, "delivery");
    }
    act(app, Colleague, &path, "delivery").expect(200);
}

fn nobody_answers_what_they_have_not_seen(app: &TestApp) {
    let plan = Plan::of(app);
    let path = asked(app, Employee, plan.kai, plan.lin, KAIS.1);
    let kai = app.as_(Colleague);
    let old = kai.get(&path).expect(200).etag();
    let attempt = |noun: &str| kai.request("POST", format!("{path}/{noun}"));
    app.unchanged(|| {
        attempt("acceptance").send().refused("precondition-required");
        let bare = attempt("rejection").json(&json!({ "reason": "Not this year" }));
        bare.send().refused("precondition-required");
    });
    act(app, Colleague, &path, "acceptance").expect(200);
    app.unchanged(|| {
        attempt("delivery").send().refused("precondition-required");
        for noun in ["acceptance", "delivery"] {
            attempt(noun).if_match(&old).send().refused("version-stale");
        }
    });
}

/// Proves R35 through `approveGoalChange`, `getDependency`.
fn a_later_day_is_told_to_everybody_who_waits(app: &TestApp) {
    let plan = Plan::of(app);
    let promised = |owner: Persona, partner: Persona, goals: [Uuid; 2], day: &str| {
        let path = asked(app, owner, goals[0], goals[1], day);
        act(app, partner, &path, "acceptance").expect(200);
        assert_eq!(stand(app, &path), (json!("on_track"), json!(4)));
        path
    };
    let above = promised(Colleague, FormerManager, [plan.fan, plan.kai], FANS.1);
    let first = promised(Employee, Colleague, [plan.kai, plan.lin], KAIS.1);
    let second = promised(DirectManager, Employee, [plan.lin, plan.mei], LINS.1);
    let all = [&above, &first, &second];
    let before = all.map(|path| told(app, path));

    // Kai will be done on the Friday after the day on which Lin needs it.
    let (kai, sun) = (app.as_(Colleague), app.as_(SkipLevelManager));
    let body = json!({
        "content": until("100", "2098-03-14"), "reason": "The supplier is late",
        "evidence": ["Letter of 3 March"], "effective_from": "2026-07-01",
    });
    let goal = format!("/v1/goals/{}", plan.kai);
    let change = step(&kai, &goal, "changes", Some(body)).expect(201).id();
    assert_eq!(all.map(|path| told(app, path)), before, "nothing is decided yet");
    assert_eq!(stand(app, &first), (json!("on_track"), json!(4)));
    step(&sun, &format!("/v1/goal-changes/{change}"), "approval", None).expect(200);

    // Lin waits five working days too long, and her goal ends a week later.
    assert_eq!(stand(app, &first), (json!("at_risk"), json!(-5)));
    assert_eq!(stand(app, &second), (json!("at_risk"), json!(-1)));
    assert_eq!(stand(app, &above), (json!("on_track"), json!(4)));
    let news = [before[0], before[1] + 1, before[2] + 1];
    assert_eq!(all.map(|path| told(app, path)), news);

    // Earlier again.
    let body = json!({
        "content": until("100", KAIS.0), "reason": "Another supplier",
        "evidence": ["The contract"], "effective_from": "2026-07-02",
    });
    let change = step(&kai, &goal, "changes", Some(body)).expect(201).id();
    step(&sun, &format!("/v1/goal-changes/{change}"), "approval", None).expect(200);
    assert_eq!(stand(app, &first), (json!("on_track"), json!(4)));
    assert_eq!(stand(app, &second), (json!("on_track"), json!(4)));
    assert_eq!(all.map(|path| told(app, path)), [before[0], before[1] + 2, before[2] + 2]);
}

/// Proves R35 through `openCycleEvaluation`, `getDependency`.
fn evaluation_opens_with_what_is_known_that_day(app: &TestApp) {
    let plan = Plan::of(app);
    // A goal whose last day has passed is not done before today.
    let over = active(app, plan.cycle, (Colleague, SkipLevelManager), "0", "2026-01-31");
    let day = (app.clock().now().date_naive() + TimeDelta::days(30)).to_string();
    let path = asked(app, Employee, over, plan.lin, &day);
    act(app, Colleague, &path, "acceptance").expect(200);
    let (state, slack) = stand(app, &path);
    assert_eq!(state, "on_track");
    assert!(slack.as_i64().is_some_and(|slack| slack > 15), "{slack}");
    let before = told(app, &path);
    app.clock().advance(TimeDelta::days(40));
    open(app, plan.cycle);
    let (state, slack) = stand(app, &path);
    assert_eq!(state, "late");
    assert!(slack.as_i64().is_some_and(|slack| (-9..0).contains(&slack)), "{slack}");
    assert_eq!(told(app, &path), before + 1);
}

/// Proves R35 through `completeGoal`, `cancelGoal`, `acceptDependency`.
fn a_goal_that_is_over_is_told_to_whoever_waits(app: &TestApp) {
    let plan = Plan::of(app);
    let kai = (Colleague, SkipLevelManager);
    let [done, dropped, gone] = ["2098-06-30", "2098-07-31", "2098-08-31"]
        .map(|end| active(app, plan.cycle, kai, "0", end));
    let day = KAIS.1;
    let [first, second, third] =
        [done, dropped, gone].map(|goal| asked(app, Employee, goal, plan.lin, day));
    for path in [&first, &second] {
        act(app, Colleague, path, "acceptance").expect(200);
        let (state, slack) = stand(app, path);
        assert_eq!(state, "at_risk");
        assert!(slack.as_i64().is_some_and(|slack| slack < -50), "{slack}");
    }
    let both = |goal: Uuid, noun: &str, signers: [Persona; 2], body: Option<Value>| {
        for persona in signers {
            step(&app.as_(persona), &format!("/v1/goals/{goal}"), noun, body.clone()).expect(200);
        }
    };
    let cancel = |goal: Uuid| {
        let reason = Some(json!({ "reason": "As agreed" }));
        both(goal, "cancellation", [SkipLevelManager, HrAdmin], reason);
    };
    measure(&app.as_(Colleague), &format!("/v1/goals/{done}"), "1000");
    both(done, "completion", [Colleague, SkipLevelManager], None);
    let (state, slack) = stand(app, &first);
    assert_eq!(state, "on_track");
    assert!(slack.as_i64().is_some_and(|slack| slack > 50), "{slack}");
    cancel(dropped);
    assert_eq!(stand(app, &second), (json!("at_risk"), Value::Null));
    assert_eq!([told(app, &first), told(app, &second)], [1, 1]);
    cancel(gone);
    let refused = app.unchanged(|| act(app, Colleague, &third, "acceptance"));
    refused.refused("guard-failed").faults(&[("", "goal_not_active")]);
    act(app, Colleague, &third, "rejection").expect(200);
}

/// Proves R35 through `createDependency`.
fn a_cancelled_cycle_has_no_new_dependencies(app: &TestApp) {
    let plan = Plan::of(app);
    for persona in [HrAdmin, Executive] {
        let reason = Some(json!({ "reason": "Not needed" }));
        let cycle = format!("/v1/cycles/{}", plan.cycle);
        step(&app.as_(persona), &cycle, "cancellation", reason).expect(200);
    }
    let refused = app.unchanged(|| ask(app, Employee, plan.kai, plan.lin, KAIS.1));
    refused.expect(422).faults(&[("/downstream_goal_id", "goal_not_active")]);
}

/// Proves R35 through `getDependency`, `listDependencies`.
fn a_dependency_is_for_those_it_concerns(app: &TestApp) {
    let plan = Plan::of(app);
    let path = asked(app, Employee, plan.kai, plan.lin, KAIS.1);
    act(app, Colleague, &path, "rejection").expect(200);
    let shown = app.as_(Employee).get(&path).expect(200).json();
    let readers =
        [Employee, Colleague, DirectManager, SkipLevelManager, HrAdmin, SecondHrAdmin, Hrbp];
    for persona in readers {
        let caller = app.as_(persona);
        assert_eq!(caller.get(&path).expect(200).json(), shown, "{}", persona.name());
        assert_eq!(caller.all("/v1/dependencies").len(), 1, "{}", persona.name());
    }
    let body = json!({ "name": "Reader", "scopes": ["performance:read"] });
    let made = app.as_(HrAdmin).post("/v1/api-keys", &body).expect(201).json();
    let secret = made["secret"].as_str().unwrap_or_default().to_owned();
    let program = app.as_(HrAdmin).with(Credentials::Key(secret));
    assert_eq!(program.get(&path).expect(200).json(), shown);
    let etag = program.get(&path).expect(200).etag();
    let acting = program.request("POST", format!("{path}/delivery")).if_match(&etag);
    let acting = app.unchanged(|| acting.send());
    assert!(matches!(acting.status, 401 | 403), "{acting:?}");

    let seen = app.as_(Auditor).get(&path).expect(200).json();
    assert_eq!(seen["state"], "declined");
    assert!(seen.get("description").is_none() && seen.get("decision_reason").is_none(), "{seen}");
    for persona in [FormerManager, Executive, Comp, Finance, OtherHrAdmin] {
        let caller = app.as_(persona);
        caller.finds_nothing(&path);
        assert!(caller.all("/v1/dependencies").is_empty(), "{}", persona.name());
    }
}
