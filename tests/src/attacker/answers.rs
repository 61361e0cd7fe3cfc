//! The attack on a running server: every persona reads everything it can about a cycle that is not
//! released, and combines it.

use super::solver::{Knowledge, Unknown};
use super::{GRADES, counted, number};
use crate::client::Answer;
use crate::world::Persona::{
    self, Auditor, Colleague, Comp, DirectManager, Employee, EventReader, Executive, FormerManager,
    HrAdmin, Hrbp, OtherHrbp, PeopleReader, SecondHrAdmin, SkipLevelManager,
};
use crate::{Client, TestApp};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The personas that attack, with their names in the company.
pub const ATTACKERS: [(Persona, &str); 15] = [
    (HrAdmin, "hua"),
    (SecondHrAdmin, "hao"),
    (Executive, "ella"),
    (Hrbp, "bo"),
    (OtherHrbp, "bai"),
    (Auditor, "ada"),
    (Comp, "cai"),
    (SkipLevelManager, "sun"),
    (DirectManager, "mei"),
    (FormerManager, "fan"),
    (Employee, "lin"),
    (Colleague, "kai"),
    (Persona::Finance, "fen"),
    (PeopleReader, "hua"),
    (EventReader, "hua"),
];

/// Names of the people who have a seat in a session and count towards quotas elsewhere.
const SEATED: [&str; 2] = ["sun", "mei"];

/// Whether the access model lets a persona read the grade of `name` before release. Written here a
/// second time, independently of the program under attack.
fn may_know(persona: Persona, own: &str, calibrates: bool, name: &str) -> bool {
    let team: &[&str] = match persona {
        HrAdmin | SecondHrAdmin => return name != own,
        Hrbp => &["sun", "mei", "fan", "lin"],
        OtherHrbp => &["kai"],
        SkipLevelManager => &["mei", "fan", "lin"],
        DirectManager => &["lin"],
        _ => &[],
    };
    let compared = calibrates && matches!(persona, SkipLevelManager | DirectManager);
    (team.contains(&name) || compared) && name != own
}

/// Names of properties that hold somebody's grade or score.
const SECRETS: [&str; 8] = [
    "computed_grade",
    "calibrated_grade",
    "final_grade",
    "grade",
    "composite",
    "performance",
    "collaboration",
    "score",
];

/// A grade or score that an answer shows about a person, review, goal or move.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shown {
    /// The record or person that has the value.
    pub of: String,
    /// The property.
    pub property: String,
    /// The value.
    pub value: String,
}

/// Every grade and score in an answer, with the record or person that has it.
pub fn secrets(answer: &Value) -> BTreeSet<Shown> {
    let mut found = BTreeSet::new();
    search(answer, "", &mut found);
    found
}

fn search(value: &Value, of: &str, found: &mut BTreeSet<Shown>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| search(item, of, found)),
        Value::Object(object) => {
            let of = subject_of(object).unwrap_or_else(|| of.to_owned());
            for (name, value) in object {
                let told = match value {
                    // The audit log shows the values before and after.
                    Value::Array(pair) if pair.iter().any(Value::is_string) => pair.last(),
                    Value::String(_) => Some(value),
                    _ => None,
                };
                if let Some(told) = told.and_then(Value::as_str)
                    && SECRETS.contains(&name.as_str())
                {
                    let (property, value) = (name.clone(), told.to_owned());
                    found.insert(Shown { of: of.clone(), property, value });
                }
                // The content of a goal holds no score of the person, and the solver judges counts.
                if !["content", "counts", "grades", "shares", "quota"].contains(&name.as_str()) {
                    search(value, &of, found);
                }
            }
        }
        _ => {}
    }
}

/// The record or person that an object is about.
fn subject_of(object: &Map<String, Value>) -> Option<String> {
    let by = ["employee_number", "employee_id", "owner_id", "review_id", "resource_id", "id"];
    let direct = by.iter().find_map(|name| object.get(*name)?.as_str());
    let card = object.get("employee").and_then(|card| card["id"].as_str());
    card.or(direct).map(str::to_owned)
}

/// A cycle under attack.
pub struct Attack<'a> {
    /// The running server.
    pub app: &'a TestApp,
    /// The cycle.
    pub cycle: Uuid,
    /// The sessions of the cycle.
    pub sessions: Vec<Uuid>,
    /// Whether Sun and Mei sit in an open session that compares everybody but themselves.
    pub calibrates: bool,
    /// The real grade of everybody at each look, by name.
    pub grades: Vec<BTreeMap<String, String>>,
    /// The department of each person who counts towards the quotas, by name.
    pub departments: BTreeMap<String, String>,
    /// Names by everything that identifies a person: number, person, review, goal.
    names: BTreeMap<String, String>,
    reviews: BTreeMap<String, String>,
    since: String,
}

impl<'a> Attack<'a> {
    /// Starts an attack on a cycle in which everybody is rated.
    ///
    /// # Panics
    /// If HR cannot read the cycle.
    pub fn begin(app: &'a TestApp, cycle: Uuid) -> Self {
        let hr = app.as_(HrAdmin);
        let (mut names, mut reviews) = (BTreeMap::new(), BTreeMap::new());
        let mut departments = BTreeMap::new();
        for participant in hr.all(&format!("/v1/participants?cycle_id={cycle}&limit=200")) {
            let person = text(&participant["employee_id"]);
            let shown = hr.get(format!("/v1/employees/{person}")).expect(200).json();
            let name = text(&shown["name"]);
            names.insert(text(&shown["employee_number"]), name.clone());
            names.insert(person, name.clone());
            departments.insert(name, text(&participant["department_id"]));
        }
        for review in hr.all(&format!("/v1/reviews?cycle_id={cycle}&limit=200")) {
            let name = names[&text(&review["employee_id"])].clone();
            names.insert(text(&review["id"]), name.clone());
            reviews.insert(name, text(&review["id"]));
        }
        Self {
            app,
            cycle,
            sessions: Vec::new(),
            calibrates: false,
            grades: Vec::new(),
            departments,
            names,
            reviews,
            since: app.clock().now().to_rfc3339(),
        }
    }

    /// Everything that a persona can read about the cycle, by path.
    pub fn read(&self, persona: Persona) -> BTreeMap<String, Answer> {
        let client = self.app.as_(persona);
        let cycle = self.cycle;
        let mut paths = vec![
            format!("/v1/cycles/{cycle}"),
            format!("/v1/cycles/{cycle}/distribution"),
            format!("/v1/cycles/{cycle}/readiness?limit=200"),
            format!("/v1/participants?cycle_id={cycle}&limit=200"),
            format!("/v1/reviews?cycle_id={cycle}&limit=200"),
            format!("/v1/goals?cycle_id={cycle}&limit=200"),
            format!("/v1/calibration-sessions?cycle_id={cycle}&limit=200"),
            "/v1/to-dos?limit=200".to_owned(),
            "/v1/dashboards/employee".to_owned(),
            format!("/v1/audit-entries?limit=200&from={}", self.since.replace('+', "%2B")),
        ];
        for role in ["hr", "executive", "manager"] {
            paths.push(format!("/v1/dashboards/{role}?cycle_id={cycle}"));
        }
        for review in self.reviews.values() {
            paths.extend(["reviews", "results"].map(|noun| format!("/v1/{noun}/{review}")));
            paths.push(format!("/v1/results/{review}/explanation"));
            paths.push(format!("/v1/reviews/{review}/preview"));
            paths.push(format!("/v1/audit-entries?limit=200&resource_id={review}"));
        }
        for session in &self.sessions {
            let path = format!("/v1/calibration-sessions/{session}");
            paths.extend([format!("{path}/reviews?limit=200"), format!("{path}/moves?limit=200")]);
            paths.push(format!("{path}/distribution"));
            paths.push(path);
        }
        let mut read: BTreeMap<_, _> =
            paths.into_iter().map(|path| (path.clone(), client.get(path))).collect();
        let export = format!("/v1/ratings/export?cycle_id={cycle}");
        let file = client.request("GET", export.clone()).header("Accept", "application/x-ndjson");
        read.insert(export, file.send());
        for session in &self.sessions {
            for review in self.reviews.values() {
                let tried = self.try_move(&client, *session, review);
                read.insert(format!("a trial of {review} in {session}"), tried);
            }
        }
        read
    }

    /// Tries to move one grade, which tells what it is where the review is not hidden.
    fn try_move(&self, client: &Client, session: Uuid, review: &str) -> Answer {
        let body = json!({ "moves": [{ "review_id": review, "to": "A" }] });
        client.post(format!("/v1/calibration-sessions/{session}/move-trials"), &body)
    }

    /// Grades and scores that a persona reads although it may not.
    pub fn leaks(&self, persona: Persona, own: &str) -> Vec<Shown> {
        let mut leaks = Vec::new();
        for (path, answer) in self.read(persona) {
            let lines = answer.body.split(|byte| *byte == b'\n');
            let bodies = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
            for shown in bodies.flat_map(|body| secrets(&body)) {
                let name = self.names.get(&shown.of).or_else(|| {
                    // The explanation of a result, and the problem document about it, name the
                    // review only by the path.
                    self.names.iter().find(|(id, _)| path.contains(*id)).map(|(_, name)| name)
                });
                let known = name.is_some_and(|name| may_know(persona, own, self.calibrates, name));
                if !known {
                    leaks.push(Shown { of: format!("{path}: {}", shown.of), ..shown });
                }
            }
        }
        leaks
    }

    /// Everything that could tell a persona something about their own record. It must stay the same
    /// when only the grade changes.
    pub fn traces(&self, persona: Persona, name: &str) -> Vec<(String, String)> {
        let client = self.app.as_(persona);
        let (cycle, person) = (self.cycle, self.app.id(name));
        let review = &self.reviews[name];
        let own = |list: &str| format!("/v1/{list}?cycle_id={cycle}&limit=200");
        let mut paths = vec![
            format!("/v1/reviews/{review}"),
            format!("/v1/results/{review}"),
            own("reviews") + &format!("&employee_id={person}"),
            own("participants") + &format!("&employee_id={person}"),
            own("goals") + &format!("&owner_id={person}"),
            own("reviews")
                + &format!("&updated_since={}", self.since.replace('+', "%2B"))
                + &format!("&employee_id={person}"),
            format!("/v1/audit-entries?limit=200&resource_id={review}"),
            "/v1/dashboards/employee".to_owned(),
            "/v1/to-dos?limit=200".to_owned(),
            format!("/v1/cycles/{cycle}"),
        ];
        for session in &self.sessions {
            let path = format!("/v1/calibration-sessions/{session}");
            paths.extend([format!("{path}/reviews?limit=200"), format!("{path}/moves?limit=200")]);
            paths.push(format!("{path}/distribution"));
            paths.push(path);
        }
        paths.push(format!("/v1/reviews/{review}/preview"));
        paths.push(format!("/v1/cycles/{cycle}/distribution"));
        paths.push(format!("/v1/cycles/{cycle}/readiness?limit=200"));
        let roles = ["hr", "executive", "manager"];
        paths.extend(roles.map(|role| format!("/v1/dashboards/{role}?cycle_id={cycle}")));
        let tell = |path: String| {
            let answer = client.get(&path);
            let etag = answer.header("ETag").unwrap_or_default().to_owned();
            let mut body = answer.json();
            if let Some(body) = body.as_object_mut() {
                body.remove("request_id");
                body.remove("next_cursor");
            }
            (path, format!("{} {etag} {body}", answer.status))
        };
        let mut told: Vec<_> = paths.into_iter().map(tell).collect();
        told.push(("/v1/events".to_owned(), self.events(&client, review)));
        for session in &self.sessions {
            let tried = self.try_move(&client, *session, review);
            let mut body = tried.json();
            body.as_object_mut().map(|body| body.remove("request_id"));
            told.push((format!("a trial in {session}"), format!("{} {body}", tried.status)));
        }
        told
    }

    /// The types of the events about a review.
    fn events(&self, client: &Client, review: &str) -> String {
        let (mut after, mut told) = (String::from("0"), Vec::new());
        loop {
            let page = client.get(format!("/v1/events?limit=200&after={after}"));
            let page = page.json();
            let items = page["items"].as_array().cloned().unwrap_or_default();
            if items.is_empty() {
                return format!("{told:?}");
            }
            let about = items.iter().filter(|event| event["resource_id"] == review);
            told.extend(about.map(|event| text(&event["type"])));
            after = text(&page["next_cursor"]);
        }
    }

    /// The grades that follow with certainty for a persona from the counts shown at every look, as
    /// name and number of the look.
    ///
    /// # Panics
    /// If a count fits the grades at no look.
    pub fn solve(&self, persona: Persona, own: &str, seen: &[Counts]) -> Vec<(String, usize)> {
        let mut knowledge = Knowledge::new(GRADES.len());
        let mut unknowns = BTreeMap::<(String, usize), Unknown>::new();
        for (look, grades) in self.grades.iter().enumerate() {
            for (name, grade) in grades {
                let before = look.checked_sub(1).map(|look| &self.grades[look][name]);
                if before == Some(grade) {
                    let unknown = unknowns[&(name.clone(), look - 1)];
                    unknowns.insert((name.clone(), look), unknown);
                    continue;
                }
                let unknown = knowledge.unknown(number(grade));
                unknowns.insert((name.clone(), look), unknown);
                if may_know(persona, own, self.calibrates, name) {
                    knowledge.is(unknown, number(grade));
                }
            }
        }
        for counts in seen {
            // Groups that are counted together may be as of different looks. So the counts without
            // one of the groups are tried as well.
            let told = [counts.clone()].into_iter().chain(without_a_part(counts, seen));
            let found =
                told.into_iter().find_map(|told| self.as_of(&told).map(|look| (told, look)));
            let (told, look) = found.unwrap_or_else(|| panic!("{counts:?} fits no look"));
            let group = told.people.iter().map(|name| unknowns[&(name.clone(), look)]);
            counted(&mut knowledge, &group.collect::<Vec<_>>(), told.counts);
        }
        let certain = knowledge.certain().certain;
        let found = unknowns.into_iter().filter(|((name, _), unknown)| {
            !may_know(persona, own, self.calibrates, name) && certain.contains_key(unknown)
        });
        found.map(|(held, _)| held).collect()
    }

    /// The last look, up to that of the counts, at which people had these grades. What is shown may
    /// be as of an earlier look.
    fn as_of(&self, counts: &Counts) -> Option<usize> {
        (0..=counts.look).rev().find(|look| {
            let mut sums = [0; 5];
            for name in &counts.people {
                sums[number(&self.grades[*look][name])] += 1;
            }
            sums == counts.counts
        })
    }

    /// The counts that a persona is shown now, at the look with the number `look`. People in
    /// `apart` count towards no quota.
    pub fn counts(&self, persona: Persona, own: &str, look: usize, apart: &[&str]) -> Vec<Counts> {
        let client = self.app.as_(persona);
        let cycle = self.cycle;
        let mut found = Vec::new();
        let inside = |department: &Value, all: bool| -> Vec<String> {
            let department = department.as_str().unwrap_or_default();
            let members = self.departments.iter().filter(|(name, of)| {
                (all || of.as_str() == department)
                    && name.as_str() != own
                    && !apart.contains(&name.as_str())
            });
            members.map(|(name, _)| name.clone()).collect()
        };
        let mut note = |people: Vec<String>, counts: Option<[usize; 5]>| {
            found.extend(counts.map(|counts| Counts { people, counts, look }));
        };
        let shown = client.get(format!("/v1/cycles/{cycle}/distribution"));
        if shown.status == 200 {
            let shown = shown.json();
            let rows = shown["departments"].as_array().cloned().unwrap_or_default();
            let mut visible = Vec::new();
            for row in &rows {
                let people = inside(&row["department_id"], false);
                let counts = by_letter(&row["present"]["counts"]);
                visible.extend(people.clone());
                note(people.clone(), counts);
                note(people, by_letter(&row["computed"]).filter(|_| !self.calibrates));
            }
            let total = by_letter(&shown["total"]["present"]["counts"]);
            let people = visible.len();
            note(visible, total.filter(|total| total.iter().sum::<usize>() == people));
        }
        // A session never compares its own members.
        let compared = |department: &Value, all: bool| {
            let mut people = inside(department, all);
            people.retain(|name| !SEATED.contains(&name.as_str()));
            people
        };
        for session in &self.sessions {
            let shown = client.get(format!("/v1/calibration-sessions/{session}/distribution"));
            if shown.status == 200 {
                let shown = shown.json();
                let rows = shown["departments"].as_array().into_iter().flatten();
                for row in rows.filter(|row| row["withheld"] == false) {
                    let people = compared(&row["department_id"], false);
                    note(people, by_letter(&row["present"]["counts"]));
                }
                let total = by_letter(&shown["total"]["present"]["counts"]);
                note(compared(&Value::Null, true), total);
            }
            let tried = self.try_move(&client, *session, &self.reviews["lin"]);
            if tried.status == 200 {
                let before = tried.json()["effect"]["before"].take();
                note(compared(&Value::Null, true), by_letter(&before["overall"]["counts"]));
            }
        }
        if persona == Executive {
            let path = format!("/v1/dashboards/executive?cycle_id={cycle}");
            let shown = client.get(path).expect(200).json();
            for row in shown["departments"].as_array().into_iter().flatten() {
                note(inside(&row["id"], false), by_row(&row["grades"]));
            }
        }
        found
    }
}

/// Counts of the grades of some people, as shown at a look.
#[derive(Clone, Debug)]
pub struct Counts {
    /// The people whose grades are counted, by name.
    pub people: Vec<String>,
    /// Number of people with each grade, best grade first.
    pub counts: [usize; 5],
    /// Number of the look.
    pub look: usize,
}

fn by_letter(counts: &Value) -> Option<[usize; 5]> {
    let of = |grade: &str| counts[grade].as_u64().and_then(|count| count.try_into().ok());
    let counts = GRADES.map(of);
    counts.iter().all(Option::is_some).then(|| counts.map(Option::unwrap_or_default))
}

fn by_row(rows: &Value) -> Option<[usize; 5]> {
    let rows = rows.as_array()?;
    let mut counts = [0; 5];
    for row in rows {
        let people = row["people"].as_u64()?;
        counts[number(row["grade"].as_str()?)] = people.try_into().ok()?;
    }
    Some(counts)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// For each part of the same people that was counted at the same look: the counts of the others.
fn without_a_part(whole: &Counts, seen: &[Counts]) -> Vec<Counts> {
    let rest = |part: &Counts| {
        let inside = part.people.iter().all(|one| whole.people.contains(one));
        if !inside || part.people.len() == whole.people.len() || part.look != whole.look {
            return None;
        }
        let mut counts = whole.counts;
        for (count, taken) in counts.iter_mut().zip(part.counts) {
            *count = count.checked_sub(taken)?;
        }
        let people = whole.people.iter().filter(|one| !part.people.contains(one));
        Some(Counts { people: people.cloned().collect(), counts, look: whole.look })
    };
    seen.iter().filter_map(rest).collect()
}
