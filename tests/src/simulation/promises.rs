//! What must hold in a cycle at any moment. It is read over HTTP and checked independently of the
//! program.

use crate::client::Answer;
use crate::world::Persona::{self, Auditor, SecondHrAdmin};
use crate::{Client, TestApp};
use domain::core::number::{Exact, Rounding};
use domain::core::text::TextEnum;
use domain::scoring::scale::Scale;
use domain::state::{Machine, Seat, calibration_session, cycle, goal, review};
use persistence::audit::{Signature, verify};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// States of a review in which the reviewee may know the result.
const RELEASED: [&str; 4] = ["published", "acknowledged", "disagreed", "final"];
/// States of a cycle in which its results are released.
pub const PUBLISHED: [&str; 3] = ["published", "closed", "archived"];

/// Everything a cycle shows to HR, and what one of its people sees of their own result.
/// # Panics
/// If an answer is not a success.
pub fn look(app: &TestApp, cycle: Uuid, curious: Persona) -> Value {
    let hr = app.as_(SecondHrAdmin);
    let list = |noun: &str| hr.all(&format!("/v1/{noun}?limit=200&cycle_id={cycle}"));
    let path = |review: &Value| format!("/v1/reviews/{}", text(&review["id"]));
    let listed = list("reviews");
    let reviews: Vec<_> = listed.iter().map(|it| hr.get(path(it)).expect(200).json()).collect();
    let shown = hr.get(format!("/v1/cycles/{cycle}")).expect(200).json();
    let published = PUBLISHED.contains(&text(&shown["state"]));
    let (file, entries) =
        if published { (file(&hr, cycle), entries(app, cycle)) } else { Default::default() };
    json!({
        "cycle": shown,
        "participants": list("participants"),
        "goals": list("goals"),
        "reviews": reviews,
        "sessions": list("calibration-sessions"),
        "distribution": hr.get(format!("/v1/cycles/{cycle}/distribution")).expect(200).json(),
        "own": own(&app.as_(curious), &listed),
        "file": file,
        "entries": entries,
    })
}

/// For the person's own review among these: its state, and which parts of the result the person
/// can read.
fn own(person: &Client, reviews: &[Value]) -> Vec<Value> {
    let me = person.get("/v1/me").expect(200).json()["employee_id"].take();
    let mine = reviews.iter().filter(|review| review["employee_id"] == me);
    mine.map(|review| {
        let id = text(&review["id"]);
        let shown = person.get(format!("/v1/reviews/{id}")).expect(200).json();
        let result = person.get(format!("/v1/results/{id}"));
        let missing = person.get("/v1/results/0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11");
        let parts = ["manager_review", "results", "disagreement", "acknowledged_at"];
        json!({
            "state": shown["state"],
            "parts": parts.into_iter().filter(|part| shown.get(part).is_some()).collect::<Vec<_>>(),
            "like_missing": (bare(&result), result.status) == (bare(&missing), missing.status),
        })
    })
    .collect()
}

/// The body of an answer, without what differs from request to request.
fn bare(answer: &Answer) -> Value {
    let mut body = answer.json();
    if let Some(body) = body.as_object_mut() {
        body.retain(|name, _| name != "instance" && name != "request_id");
    }
    body
}

/// The lines of the export of ratings.
fn file(hr: &Client, cycle: Uuid) -> Value {
    let request = hr.request("GET", format!("/v1/ratings/export?cycle_id={cycle}"));
    let file = request.header("Accept", "application/x-ndjson").send().expect(200);
    let lines = String::from_utf8(file.body).expect("UTF-8");
    let mut lines: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    lines.pop();
    lines.into()
}

/// What the audit log says about the cycle and about moved grades, in order.
fn entries(app: &TestApp, cycle: Uuid) -> Value {
    let auditor = app.as_(Auditor);
    let mut entries = auditor.all(&format!("/v1/audit-entries?limit=200&resource_id={cycle}"));
    entries.extend(auditor.all("/v1/audit-entries?limit=200&action=review.grade_moved"));
    entries.sort_by_key(|entry| entry["at"].to_string());
    entries.into()
}

/// Verifies the audit chain as `evenhand audit verify` does.
///
/// # Panics
/// If the chain is broken.
pub fn chain(app: &TestApp) {
    let tenant = app.world.own.tenant.into();
    let report = app.read(move |store| verify(store, tenant, &[], &|_, _, _| Signature::Ours));
    assert!(report.found.is_empty(), "the chains are broken: {:?}", report.found);
}

/// The promises that are broken by the present state, or by the way from the state before.
pub fn faults(before: &Value, now: &Value) -> Vec<String> {
    let one = |look: &Value| vec![look["cycle"].clone()];
    let mut faults = moved::<cycle::State>(&one(before), &one(now));
    faults.extend(moved::<goal::State>(rows(before, "goals"), rows(now, "goals")));
    faults.extend(moved::<review::State>(rows(before, "reviews"), rows(now, "reviews")));
    let sessions = [before, now].map(|look| rows(look, "sessions"));
    faults.extend(moved::<calibration_session::State>(sessions[0], sessions[1]));
    faults.extend(members(now));
    faults.extend(weights(now));
    faults.extend(rows(now, "reviews").iter().flat_map(grades));
    faults.extend(secrets(now));
    faults.extend(distribution(now));
    if is_published(now) {
        faults.extend(publication(before, now));
    }
    faults
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn rows<'a>(look: &'a Value, noun: &str) -> &'a [Value] {
    look[noun].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn is_published(look: &Value) -> bool {
    PUBLISHED.contains(&text(&look["cycle"]["state"]))
}

/// Records that have disappeared, have lost versions, or are in a state that cannot be reached in
/// the number of versions they have gained.
fn moved<S: Machine>(before: &[Value], now: &[Value]) -> Vec<String> {
    let by_id = |rows: &[Value]| -> BTreeMap<String, (String, i64)> {
        let versioned = |row: &Value| (text(&row["state"]).to_owned(), row["version"].as_i64());
        let entry = |row: &Value| {
            let (state, version) = versioned(row);
            Some((row["id"].as_str()?.to_owned(), (state, version.unwrap_or_default())))
        };
        rows.iter().filter_map(entry).collect()
    };
    let later = by_id(now);
    let fault = |(id, (from, old)): (String, (String, i64))| {
        let Some((to, new)) = later.get(&id) else {
            return (from != "draft").then(|| format!("the {} {id} has gone", S::NAME));
        };
        let states = S::parse(&from).and_then(|from| Ok((from, S::parse(to)?)));
        let least = states.ok().and_then(|(from, to)| distance(from, to));
        let lost = new < &old || least.is_none_or(|least| least > new - old);
        lost.then(|| format!("the {} {id} moved from {from} v{old} to {to} v{new}", S::NAME))
    };
    by_id(before).into_iter().filter_map(fault).collect()
}

/// The least number of transitions from one state to another. Transitions that follow automatically
/// do not count, because they make no version of their own.
fn distance<S: Machine>(from: S, to: S) -> Option<i64> {
    let mut reached = vec![(from, 0)];
    let mut at = 0;
    while let Some((state, far)) = reached.get(at).copied() {
        at += 1;
        for row in S::Event::ALL.iter().filter_map(|event| state.row(*event)) {
            let far = far + i64::from(!row.by.seats().contains(&Seat::System));
            if !reached.iter().any(|(known, near)| *known == row.to && *near <= far) {
                reached.push((row.to, far));
            }
        }
    }
    reached.into_iter().filter(|(state, _)| *state == to).map(|(_, far)| far).min()
}

/// Nobody takes part twice, and everybody who is reviewed takes part.
fn members(now: &Value) -> Vec<String> {
    let distinct = |noun: &str, name: &str| {
        let all: BTreeSet<_> = rows(now, noun).iter().map(|row| text(&row[name])).collect();
        let twice = all.len() != rows(now, noun).len();
        (all, twice.then(|| format!("two {noun} have the same {name}")))
    };
    let (people, twice) = distinct("participants", "employee_id");
    let (reviewed, again) = distinct("reviews", "employee_id");
    let strange = !reviewed.is_subset(&people);
    let strange = strange.then(|| "somebody is reviewed who does not take part".to_owned());
    [twice, again, strange].into_iter().flatten().collect()
}

/// Nobody's agreed weights exceed 100.
fn weights(now: &Value) -> Vec<String> {
    let mut weights = BTreeMap::<&str, Vec<Exact>>::new();
    let agreed =
        |goal: &&Value| !["draft", "submitted", "cancelled"].contains(&text(&goal["state"]));
    for goal in rows(now, "goals").iter().filter(agreed) {
        let weight = text(&goal["content"]["weight"]).parse().expect("HR sees what is agreed");
        weights.entry(text(&goal["owner_id"])).or_default().push(weight);
    }
    let sums = weights.into_iter().map(|(owner, weights)| (owner, weights.iter().sum::<Exact>()));
    sums.filter(|(_, sum)| *sum > Exact::from(100))
        .map(|(owner, sum)| format!("the agreed goals of {owner} weigh {sum}"))
        .collect()
}

/// Computed, calibrated and final grade are kept apart and agree with the state.
fn grades(review: &Value) -> Vec<String> {
    let Some(results) = review.get("results") else { return Vec::new() };
    let [computed, calibrated, last] =
        ["computed_grade", "calibrated_grade", "final_grade"].map(|name| &results[name]);
    let composite = text(&results["composite"]).parse::<Exact>().ok();
    let scale = Scale::default();
    let due = composite.map(|score| scale.grade(&score, Rounding::HalfUp).as_str());
    let standing = if calibrated.is_null() { computed } else { calibrated };
    let state = text(&review["state"]);
    // A session that is reopened removes the final grades.
    let is_final = match RELEASED.contains(&state) {
        true => last == standing,
        false => last.is_null() || state == "calibrated" && last == standing,
    };
    [
        (*computed == json!(due), "the computed grade is not that of the score"),
        (is_final, "the final grade is not the one that stands"),
        (calibrated.is_null() || !computed.is_null(), "a grade was moved that was never computed"),
    ]
    .into_iter()
    .filter(|(holds, _)| !holds)
    .map(|(_, fault)| format!("{fault}: {state}, {results}"))
    .collect()
}

/// Nobody can read their own result before it is released.
fn secrets(now: &Value) -> Vec<String> {
    let own = rows(now, "own").iter();
    let hidden = own.filter(|own| !RELEASED.contains(&text(&own["state"])));
    let told = hidden.filter(|own| own["parts"] != json!([]) || own["like_missing"] != true);
    told.map(|own| format!("somebody learns of the own result too early: {own}")).collect()
}

/// The distribution counts the present grades.
fn distribution(now: &Value) -> Vec<String> {
    let evaluated = rows(now, "participants").iter().filter(|it| it["exclusion"].is_null());
    let counts: BTreeMap<_, _> =
        evaluated.map(|it| (text(&it["employee_id"]), &it["counts_for_quota"])).collect();
    let mut letters: BTreeMap<&str, u64> = ["S", "A", "B", "C", "D"].map(|it| (it, 0)).into();
    let (mut uncounted, mut ungraded) = (0, 0);
    for review in rows(now, "reviews") {
        let Some(counted) = counts.get(text(&review["employee_id"])) else { continue };
        let results = &review["results"];
        let grades = ["calibrated_grade", "computed_grade"].map(|name| results[name].as_str());
        match grades.into_iter().flatten().next() {
            Some(grade) if **counted == true => *letters.entry(grade).or_default() += 1,
            Some(_) => uncounted += 1,
            None => ungraded += 1,
        }
    }
    let total = &now["distribution"]["total"];
    let found = json!([total["present"]["counts"], total["uncounted"], total["ungraded"]]);
    let expected = json!([letters, uncounted, ungraded]);
    let differs = found != expected;
    differs.then(|| format!("the distribution is {found} of {expected}")).into_iter().collect()
}

/// Two people have released the results, nothing has changed since, and the export holds what was
/// released.
fn publication(before: &Value, now: &Value) -> Vec<String> {
    let results = |look| -> Map<String, Value> {
        let reviews = rows(look, "reviews").iter();
        reviews.map(|it| (text(&it["id"]).to_owned(), it["results"].clone())).collect()
    };
    let same = !is_published(before) || results(before) == results(now);
    let names = ["computed_grade", "calibrated_grade", "final_grade", "composite"];
    let line = |state: &Value, results: &Value| {
        let cells = names.map(|name| results[name].to_string());
        format!("{state} {}", cells.join(" "))
    };
    let sorted = |mut lines: Vec<String>| {
        lines.sort_unstable();
        lines
    };
    let written = rows(now, "file").iter().map(|row| line(&row["state"], row)).collect();
    let reviews = rows(now, "reviews").iter().map(|it| line(&it["state"], &it["results"]));
    let told: Vec<_> = rows(now, "entries").iter().collect();
    let at = |action: &str| told.iter().rposition(|entry| entry["action"] == action);
    let signed = match (at("cycle.approved"), at("cycle.published")) {
        (Some(first), Some(second)) if first < second => {
            let moved = |entry: &&Value| entry["action"] == "review.grade_moved";
            told[first]["actor_id"] != told[second]["actor_id"]
                && !told[first..second].iter().any(moved)
        }
        _ => false,
    };
    [
        (same, "a result changed after it was released"),
        (sorted(written) == sorted(reviews.collect()), "the file differs from the reviews"),
        (signed, "two people have not released these results"),
    ]
    .into_iter()
    .filter(|(holds, _)| !holds)
    .map(|(_, fault)| fault.to_owned())
    .collect()
}

/// What is wrong with the goals that one person has just submitted.
pub(super) fn form(goals: &[Value]) -> Option<String> {
    let weight = |goal: &Value| text(&goal["content"]["weight"]).parse::<Exact>().ok();
    let counted = goals.iter().filter(|goal| goal["state"] != "cancelled");
    let sum: Exact = counted.filter_map(weight).sum();
    (sum != Exact::from(100)).then(|| format!("goals were handed in that weigh {sum}"))
}
