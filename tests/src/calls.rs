//! One request per operation of the contract that HR may make. The access matrix, the audit
//! coverage and the count of statements are made of these; they fail for an operation that has
//! none.

use crate::TestApp;
use crate::client::{Answer, Client, Credentials, Request};
use crate::contract::{self, Operation};
use crate::cycles;
use crate::goals;
use crate::reviews;
use crate::sessions;
use crate::world::{self, Company, PASSWORD, Persona};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use uuid::Uuid;

/// The answer to a read of everything that it needs, by whoever of HR and senior management may read it.
///
/// # Panics
/// If nobody may.
pub fn shown(app: &TestApp, operation: &Operation) -> (Client, Answer) {
    let calls = Calls::own(app);
    let readers = [doer(operation), Persona::HrAdmin, Persona::Executive, Persona::Auditor];
    let mut answers = readers.map(|persona| app.as_(persona)).into_iter().map(|reader| {
        let answer = calls.request(operation, &reader).send();
        (reader, answer)
    });
    answers.find(|(_, answer)| answer.status == 200).expect(operation.id)
}

/// Operations that end the sessions of the caller.
pub const ENDS_SESSIONS: &[&str] = &["changeMyPassword", "revokeMySessions"];

/// All events that a client may see.
pub fn feed(client: &Client) -> Vec<Value> {
    let (mut events, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let page = client.get(format!("/v1/events?limit=200&after={after}")).expect(200).json();
        let items = page["items"].as_array().cloned().unwrap_or_default();
        if items.is_empty() {
            return events;
        }
        events.extend(items);
        after = page["next_cursor"].as_str().unwrap_or_default().to_owned();
    }
}

/// The id at the end of the path of a record.
///
/// # Panics
/// If the path ends with no id.
pub fn id_of(path: &str) -> Uuid {
    path.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id")
}

/// Makes requests about the records of one company.
pub struct Calls<'a> {
    app: &'a TestApp,
    company: &'a Company,
    /// HR administrator of the company, who brings records into the state that a request needs.
    hr: Client,
}

impl<'a> Calls<'a> {
    /// Requests about the records of the own company.
    pub fn own(app: &'a TestApp) -> Self {
        Self { app, company: &app.world.own, hr: app.as_(Persona::HrAdmin) }
    }

    /// Requests about the records of the other company.
    pub fn other(app: &'a TestApp) -> Self {
        Self { app, company: &app.world.other, hr: app.as_(Persona::OtherHrAdmin) }
    }

    /// The request of an operation, to be sent by `caller`.
    ///
    /// # Panics
    /// If no request has been written for the operation.
    pub fn request(&self, operation: &Operation, caller: &Client) -> Request {
        self.about(&self.target(operation), operation, caller)
    }

    /// The request of an operation about a prepared target.
    pub fn about(&self, target: &Target, operation: &Operation, caller: &Client) -> Request {
        let Target { id, query, .. } = target;
        let path = match id {
            Some(id) => operation.path.replace("{id}", &id.to_string()),
            None => operation.path.replace("{slug}", "not-found"),
        };
        let mut request = caller.request(&operation.method, format!("{path}{query}"));
        if operation.is_guarded() {
            let item = operation.path.split_inclusive("{id}").next().unwrap_or_default();
            let item = item.replace("{id}", &id.unwrap_or_default().to_string());
            // A caller who sees only some fields names the version of what they have seen. What HR
            // does not see either is a draft of the head of a department.
            let head = self.by(Persona::SkipLevelManager);
            let mut seen = [caller, &self.hr, &head].into_iter().map(|client| client.get(&item));
            let seen = seen.find(|seen| seen.status == 200).expect("somebody sees it");
            request = request.if_match(&seen.etag());
        }
        target.fill(request)
    }

    /// The same request for a record that does not exist.
    pub fn missing(&self, target: &Target, operation: &Operation, caller: &Client) -> Request {
        let query = &target.query;
        let path = operation.path.replace("{id}", "0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11");
        let mut request = caller.request(&operation.method, format!("{path}{query}"));
        if operation.is_guarded() {
            request = request.if_match("\"1-0\"");
        }
        target.fill(request)
    }

    /// Prepares what a request of an operation needs: a record in the right state, and a body.
    ///
    /// # Panics
    /// If no request has been written for the operation.
    pub fn target(&self, operation: &Operation) -> Target {
        self.made_for(operation.id)
    }

    /// The client that sends the request in place of `caller`: a new one if the operation ends the
    /// sessions of its caller.
    pub fn sender(&self, operation: &Operation, caller: Client) -> Client {
        if !ENDS_SESSIONS.contains(&operation.id) {
            return caller;
        }
        let login = unique("login");
        let account = self.hr.post("/v1/accounts", &json!({ "login": login })).expect(201);
        let setup_token = account.json()["setup_token"].take();
        let body = json!({ "setup_token": setup_token, "password": PASSWORD });
        self.hr.post("/v1/auth/password-setup", &body).expect(204);
        let pair = world::sign_in(&self.hr, self.company.slug, &login).expect(200);
        self.hr.with(world::token(&pair))
    }

    fn id(&self, name: &str) -> Target {
        Target { id: Some(self.company.id(name)), query: String::new(), body: Body::None }
    }

    /// A record made for this one request.
    fn fresh(&self, path: &str, body: &Value) -> Target {
        let id = self.hr.post(path, body).expect(201).id();
        Target { id: Some(id), query: String::new(), body: Body::None }
    }

    fn fresh_account(&self) -> Target {
        self.fresh("/v1/accounts", &json!({ "login": unique("login") }))
    }

    /// The account of a newly hired person.
    fn fresh_colleague(&self) -> Uuid {
        let person = self.hr.post("/v1/employees", &self.new_person()).expect(201).id();
        let body = json!({ "login": unique("login"), "employee_id": person });
        self.hr.post("/v1/accounts", &body).expect(201).id()
    }

    fn new_unit(&self) -> Value {
        let code = unique("UNIT");
        let parent = self.company.id("labs");
        json!({ "code": code, "name": "New unit", "kind": "team", "parent_id": parent })
    }

    fn new_person(&self) -> Value {
        json!({
            "employee_number": unique("E"), "name": "New person", "hire_date": "2024-02-29",
            "org_unit_id": self.company.id("east"), "manager_id": self.company.id("mei"),
        })
    }

    fn new_cycle(&self) -> Value {
        let mut cycle = cycles::design(&unique("C"), self.company.id("policy"));
        cycle["org_unit_ids"] = json!([self.company.id("labs")]);
        cycle
    }

    /// A key of another administrator. The other company has none; there any key will do, because
    /// the caller must not learn that it exists.
    fn foreign_key(&self) -> Target {
        let owner = match self.company.credentials(Persona::SecondHrAdmin) {
            Credentials::None => self.hr.clone(),
            _ => self.by(Persona::SecondHrAdmin),
        };
        let body = json!({ "name": unique("Key"), "scopes": ["people:read"] });
        let id = Some(owner.post("/v1/api-keys", &body).expect(201).id());
        Target { id, query: String::new(), body: Body::None }
    }

    /// A new cycle in a given state, for one unit.
    fn cycle_in(&self, state: &str) -> Target {
        let made = self.fresh("/v1/cycles", &self.new_cycle());
        cycles::drive(self.app, self.company, made.id.unwrap_or_default(), state);
        made
    }

    /// A new session in a given state.
    fn session_in(&self, state: &str) -> Target {
        let cycle = cycles::rated(self.app, self.company, "calibrating", &[]);
        let apart = ["sales", "labs"];
        let id = Some(sessions::session_for(self.app, self.company, cycle, state, &apart));
        Target { id, query: String::new(), body: Body::None }
    }

    /// An open session, and the body of a move that may be made in it.
    fn movable(&self) -> (Uuid, Value) {
        let session = self.session_in("open").id.unwrap_or_default();
        let lin = sessions::compared(&self.hr, session, "LIN");
        (session, sessions::sound(&lin["review_id"], "B", "A"))
    }

    /// A move that waits for approval, proposed by Sun.
    fn fresh_move(&self) -> Target {
        let (session, body) = self.movable();
        let sun = self.by(Persona::SkipLevelManager);
        let id = Some(sessions::propose(&sun, session, &body).expect(201).id());
        Target { id, query: String::new(), body: Body::None }
    }

    /// A new cycle of sales in goal setting.
    fn cycle_of_sales(&self) -> Uuid {
        let mut cycle = self.new_cycle();
        cycle["org_unit_ids"] = json!([self.company.id("sales")]);
        let cycle = self.hr.post("/v1/cycles", &cycle).expect(201).id();
        cycles::drive(self.app, self.company, cycle, "goal_setting");
        cycle
    }

    /// A weight adjustment of sales in a given state.
    fn adjustment_in(&self, state: &str) -> Target {
        let cycle = self.cycle_of_sales();
        let id = Some(cycles::adjustment_in(self.app, self.company, cycle, state));
        Target { id, query: String::new(), body: Body::None }
    }

    /// A dependency of a goal of Lin's on a goal of Mei's.
    fn proposed_dependency(&self) -> Target {
        let id = Some(goals::proposed(self.app, self.company));
        Target { id, query: String::new(), body: Body::None }
    }

    /// A client of the company, signed in as a persona.
    fn by(&self, persona: Persona) -> Client {
        self.hr.with(self.company.credentials(persona))
    }

    fn new_goal(&self) -> Value {
        let content = goals::indicator(&unique("Goal"), "0");
        let mut goal = goals::goal(self.company.id("cycle"), &content);
        goal["owner_id"] = json!(self.company.id("lin"));
        goal
    }

    /// A new goal of Lin's in a given state.
    fn goal_in(&self, state: &str) -> Target {
        let (lin, mei) = (self.by(Persona::Employee), self.by(Persona::DirectManager));
        let made = lin.post("/v1/goals", &self.new_goal()).expect(201);
        let path = goals::path(&made);
        match state {
            "submitted" => drop(cycles::step(&lin, &path, "submission", None).expect(200)),
            "active" => drop(goals::activate(&lin, &mei, &path)),
            _ => {}
        }
        Target { id: Some(made.id()), query: String::new(), body: Body::None }
    }

    /// A change of a goal that Lin has requested.
    fn pending_change(&self) -> Target {
        let goal = format!("/v1/goals/{}", self.goal_in("active").id.unwrap_or_default());
        let lin = self.by(Persona::Employee);
        let change = cycles::step(&lin, &goal, "changes", Some(new_change())).expect(201);
        Target { id: Some(change.id()), query: String::new(), body: Body::None }
    }

    /// A review of Lin's in a given state; an existing one if there is any. In the other company
    /// any state will do, because the caller must not learn that the review exists.
    fn review_in(&self, state: &str) -> Target {
        let lin = self.company.id("lin");
        let own = self.company.slug == self.app.world.own.slug;
        let known = if own { format!("&state={state}") } else { String::new() };
        let list = self.hr.get(format!("/v1/reviews?employee_id={lin}&limit=1{known}")).expect(200);
        let id = list.json()["items"][0]["id"].as_str().and_then(|id| id.parse().ok());
        let id = id.unwrap_or_else(|| {
            if own { reviews::in_state(self.app, state) } else { self.foreign_review(lin) }
        });
        Target { id: Some(id), query: String::new(), body: Body::None }
    }

    /// A review of Lin's in calibration whose grade has not been moved.
    fn unmoved_review(&self) -> Target {
        if self.company.slug != self.app.world.own.slug {
            return self.review_in("in_calibration");
        }
        let id = reviews::in_state(self.app, "in_calibration");
        Target { id: Some(id), query: String::new(), body: Body::None }
    }

    fn foreign_review(&self, lin: Uuid) -> Uuid {
        let cycle = self.cycle_of_sales();
        cycles::drive(self.app, self.company, cycle, "evaluating");
        let list = self.hr.get(format!("/v1/reviews?employee_id={lin}&limit=1")).expect(200);
        let id = list.json()["items"][0]["id"].as_str().and_then(|id| id.parse().ok());
        id.expect("a review of Lin's")
    }

    /// A review of Lin's with a draft on one side, in the state in which that side is submitted.
    fn drafted(&self, state: &str, side: &str, persona: Persona) -> Target {
        let review = self.review_in(state);
        let path = format!("/v1/reviews/{}", review.id.unwrap_or_default());
        if self.company.slug == self.app.world.own.slug {
            reviews::write(&self.by(persona), &path, side, &reviews::part("4")).expect(200);
        }
        review
    }

    /// A participant of a cycle made for this request.
    fn participant(&self) -> Target {
        let cycle = self.cycle_in("goal_setting").id.unwrap_or_default();
        let list = self.hr.get(format!("/v1/participants?cycle_id={cycle}&limit=1")).expect(200);
        let id = list.json()["items"][0]["id"].as_str().and_then(|id| id.parse().ok());
        Target { id, query: String::new(), body: Body::None }
    }

    /// A check-in or measurement that Lin has reported on an active goal.
    fn reported(&self, noun: &str, body: &Value, operation: &str) -> Target {
        let goal = self.goal_in("active").id.unwrap_or_default();
        let lin = self.by(Persona::Employee);
        let made = lin.post(format!("/v1/goals/{goal}/{noun}"), body).expect(201).id();
        let target = Target { id: Some(made), query: String::new(), body: Body::None };
        if operation.starts_with("withdraw") {
            return target.with(json!({ "reason": "A digit too many" }));
        }
        target
    }

    fn made_for(&self, operation: &str) -> Target {
        let nothing = Target { id: None, query: String::new(), body: Body::None };
        match operation {
            "getLiveness"
            | "getReadiness"
            | "getMetrics"
            | "getContract"
            | "getDocs"
            | "listProblemTypes"
            | "getProblemType"
            | "getMe"
            | "getLabels"
            | "getTenant"
            | "revokeMySessions"
            | "exportEmployees"
            | "getEmployeeDashboard"
            | "getManagerDashboard"
            | "getHrDashboard"
            | "getExecutiveDashboard" => nothing,
            "listPositions"
            | "listOrgUnits"
            | "listReviews"
            | "listEmployees"
            | "listAccounts"
            | "listRoleAssignments"
            | "listApiKeys"
            | "listAuditEntries"
            | "listAuditHeads"
            | "listReadsOfMe"
            | "listEvents"
            | "listJobs"
            | "listPolicies"
            | "listCycles"
            | "listParticipants"
            | "listGoals"
            | "listToDos" => Target { query: "?limit=200".to_owned(), ..nothing },
            "updateTenant" => nothing.with(json!({ "name": unique("Company") })),

            "createPosition" => {
                nothing.with(json!({ "code": unique("P"), "title": "New", "level": 1 }))
            }
            "getPosition" => self.id("position"),
            "updatePosition" => self.id("position").with(json!({ "title": unique("Title") })),
            "deletePosition" => {
                let body = json!({ "code": unique("P"), "title": "Old", "level": 1 });
                self.fresh("/v1/positions", &body)
            }

            "createOrgUnit" => nothing.with(self.new_unit()),
            "getOrgUnit" | "listPlacements" => self.id("east"),
            "updateOrgUnit" => self.id("east").with(json!({ "name": unique("East") })),
            "moveOrgUnit" => {
                let parent = self.company.id("sales");
                self.fresh("/v1/org-units", &self.new_unit()).with(json!({ "parent_id": parent }))
            }
            "deleteOrgUnit" => self.fresh("/v1/org-units", &self.new_unit()),

            "createEmployee" => nothing.with(self.new_person()),
            "getEmployee" | "listAssignments" | "listEmployments" | "listOpenDuties"
            | "getReportingLine" => self.id("lin"),
            "updateEmployee" => {
                self.id("lin").with(json!({ "email": format!("{}@acme.example", unique("lin")) }))
            }
            "assignEmployee" => self.id("lin").with(json!({
                "effective_from": "2025-01-01", "job_title": unique("Title"),
            })),
            "terminateEmployee" => self
                .id("lin")
                .with(json!({ "last_day": "2099-12-31", "reason": "End of contract" })),
            "reinstateEmployee" => {
                let made = self.fresh("/v1/employees", &self.new_person());
                let path = format!("/v1/employees/{}", made.id.unwrap_or_default());
                let read = self.hr.get(&path).expect(200);
                let end = json!({ "last_day": "2099-12-31", "reason": "End of contract" });
                let ending = self.hr.request("POST", format!("{path}/termination"));
                ending.if_match(&read.etag()).json(&end).send().expect(200);
                made.with(json!({ "reason": "Contract prolonged" }))
            }

            "rehireEmployee" => {
                let made = self.fresh("/v1/employees", &self.new_person());
                let path = format!("/v1/employees/{}", made.id.unwrap_or_default());
                let read = self.hr.get(&path).expect(200);
                let end = json!({ "last_day": "2025-06-30", "reason": "End of contract" });
                let ending = self.hr.request("POST", format!("{path}/termination"));
                ending.if_match(&read.etag()).json(&end).send().expect(200);
                made.with(json!({ "hire_date": "2025-09-01", "reason": "Came back" }))
            }
            "handOverDuties" => {
                let made = self.fresh("/v1/employees", &self.new_person());
                let order =
                    json!({ "manager_id": self.company.id("mei"), "reason": "Changes the team" });
                made.with(order)
            }

            "createAccount" => nothing.with(json!({ "login": unique("login") })),
            "getAccount" => self.id("lin.account"),
            "deactivateAccount" | "resetAccountPassword" => self.fresh_account(),
            "activateAccount" => {
                let made = self.fresh_account();
                let path = format!("/v1/accounts/{}", made.id.unwrap_or_default());
                let read = self.hr.get(&path).expect(200);
                let closing = self.hr.request("POST", format!("{path}/deactivation"));
                closing.if_match(&read.etag()).send().expect(200);
                made
            }

            "bindAccount" => {
                let person = self.hr.post("/v1/employees", &self.new_person()).expect(201).id();
                self.fresh_account().with(json!({ "employee_id": person }))
            }

            "createRoleAssignment" => {
                let account = self.fresh_colleague();
                nothing.with(json!({ "account_id": account, "role": "finance" }))
            }
            "getRoleAssignment" | "deleteRoleAssignment" => {
                let account = self.fresh_colleague();
                let body = json!({ "account_id": account, "role": "finance" });
                self.fresh("/v1/role-assignments", &body)
            }

            "createApiKey" => {
                nothing.with(json!({ "name": unique("Key"), "scopes": ["people:read"] }))
            }
            "getApiKey" => self.id("reader.key"),
            "takeOverApiKey" => self.foreign_key(),
            "deleteApiKey" => {
                let body = json!({ "name": unique("Key"), "scopes": ["people:read"] });
                self.fresh("/v1/api-keys", &body)
            }

            "getAuditEntry" => {
                let lin = self.company.id("lin");
                let list = self.hr.get(format!("/v1/audit-entries?resource_id={lin}&limit=1"));
                let id = list.json()["items"][0]["id"].as_str().and_then(|id| id.parse().ok());
                Target { id, ..nothing }
            }

            "changeMyPassword" => nothing.with(json!({
                "current_password": PASSWORD, "new_password": PASSWORD,
            })),

            "importEmployees" => nothing.with(json!([{
                "employee_number": unique("E"), "name": "Imported", "hire_date": "2024-02-29",
                "org_unit_code": "EAST", "manager_employee_number": "MEI",
            }])),
            "importOrgUnits" => nothing.with(json!([{
                "code": unique("U"), "name": "Imported", "kind": "team", "parent_code": "LABS",
            }])),
            "importPositions" => nothing.with(json!([{
                "code": unique("P"), "title": "Imported", "level": 3,
            }])),
            "importMeasurements" => {
                let mut row = new_measurement();
                row["goal_id"] = self.company.id("goal").to_string().into();
                nothing.with(json!([row]))
            }
            "getJob" | "getJobReport" => self.id("job"),
            "explainAccess" => nothing.with(json!({ "questions": [
                { "action": "employee.read", "resource_id": self.company.id("lin") },
            ] })),

            "createPolicy" => nothing.with(json!({ "code": unique("P"), "name": "Policy" })),
            "getPolicy" => self.id("policy"),
            "updatePolicy" => self.id("draft.policy").with(json!({ "name": unique("Policy") })),
            "publishPolicy" => {
                self.fresh("/v1/policies", &json!({ "code": unique("P"), "name": "Policy" }))
            }

            "createCycle" => nothing.with(self.new_cycle()),
            "getCycle" | "getCycleReadiness" => self.id("cycle"),
            "updateCycle" => self.id("draft.cycle").with(json!({ "name": unique("Cycle") })),
            "launchCycle" => self.cycle_in("draft"),
            "startCycle" => self.cycle_in("goal_setting").with(json!({ "reason": "No goals" })),
            "openCycleEvaluation" => self.cycle_in("executing"),
            "openCycleCalibration" => {
                let made = self.cycle_in("evaluating");
                let cycle = made.id.unwrap_or_default();
                made.with(cycles::exceptions(&self.hr, cycle))
            }
            "confirmCycle" => self.cycle_in("calibrating"),
            "publishCycle" => self.cycle_in("confirmed"),
            "closeCycle" => {
                let made = self.cycle_in("published");
                cycles::end_appeals(self.app, self.company, made.id.unwrap_or_default());
                made.with(json!({ "reason": "No interviews" }))
            }
            "archiveCycle" => self.cycle_in("closed"),
            "proposeDimensionDrop" => self.cycle_in("executing").with(json!({
                "population": "everyone", "dimension": "collaboration", "reason": "Nobody is asked",
            })),
            "approveDimensionDrop" => {
                let made = self.cycle_in("executing");
                let path = format!("/v1/cycles/{}", made.id.unwrap_or_default());
                let body = json!({
                    "population": "everyone", "dimension": "collaboration", "reason": "Nobody is asked",
                });
                let shown =
                    cycles::step(&self.hr, &path, "dimension-drops", Some(body)).expect(200);
                let drop = shown.json()["dropped_dimensions"][0]["id"].take();
                made.with(json!({ "drop_id": drop }))
            }
            "cancelCycle" => self.cycle_in("draft").with(json!({ "reason": "Not needed" })),

            "getParticipant" => self.id("lin.participant"),
            "handOverParticipant" => {
                let manager = self.company.id("hua");
                self.participant().with(json!({ "manager_id": manager, "reason": "Moved" }))
            }
            "excludeParticipant" => self.participant().with(json!({ "reason": "On long leave" })),
            "includeParticipant" => {
                let made = self.participant();
                let path = format!("/v1/participants/{}", made.id.unwrap_or_default());
                let body = json!({ "reason": "On long leave" });
                cycles::step(&self.hr, &path, "exclusion", Some(body)).expect(200);
                made.with(json!({ "reason": "Back from leave" }))
            }

            "createGoal" => nothing.with(self.new_goal()),
            "importGoals" => {
                let cycle = self.hr.get(format!("/v1/cycles/{}", self.company.id("cycle"))).json();
                nothing.with(json!([{
                    "employee_number": "LIN", "cycle": cycle["code"], "title": unique("Goal"),
                    "weight": "0", "unit": "CNY", "target": "1200", "aggregation": "sum",
                }]))
            }
            "getGoal" | "listGoalRevisions" | "listCheckIns" | "listMeasurements"
            | "listGoalChanges" => self.id("goal"),
            "getGoalAlignment" => self.id("goal.above"),
            "updateGoal" => {
                self.goal_in("draft").with(json!({ "content": { "title": unique("Title") } }))
            }
            "deleteGoal" | "submitGoal" => self.goal_in("draft"),
            "approveGoal" => self.goal_in("submitted"),
            "returnGoal" => self.goal_in("submitted").with(json!({ "reason": "Which one?" })),
            "completeGoal" => {
                let made = self.goal_in("active");
                let path = format!("/v1/goals/{}", made.id.unwrap_or_default());
                let lin = self.by(Persona::Employee);
                lin.post(format!("{path}/measurements"), &new_measurement()).expect(201);
                made
            }
            "cancelGoal" => self.goal_in("active").with(json!({ "reason": "Not needed" })),
            "createCheckIn" => self.id("goal").with(json!({ "confidence": 8 })),
            "createMeasurement" => self.id("goal").with(new_measurement()),
            "getCheckIn" | "withdrawCheckIn" => {
                self.reported("check-ins", &json!({ "confidence": 8 }), operation)
            }
            "getMeasurement" | "withdrawMeasurement" => {
                self.reported("measurements", &new_measurement(), operation)
            }
            "requestGoalChange" => self.goal_in("active").with(new_change()),
            "getGoalChange" | "approveGoalChange" => self.pending_change(),
            "rejectGoalChange" => self.pending_change().with(json!({ "reason": "Not now" })),

            "createDependency" => {
                let (upstream, downstream) = goals::pair(self.app, self.company);
                nothing.with(goals::dependency(upstream, downstream, "2026-12-31"))
            }
            "listDependencies" => {
                let (upstream, downstream) = goals::pair(self.app, self.company);
                let body = goals::dependency(upstream, downstream, "2026-12-31");
                self.by(Persona::Employee).post("/v1/dependencies", &body).expect(201);
                Target { query: format!("?limit=200&goal_id={downstream}"), ..nothing }
            }
            "getDependency" | "acceptDependency" => self.proposed_dependency(),
            "rejectDependency" => {
                self.proposed_dependency().with(json!({ "reason": "Not this year" }))
            }
            "deliverDependency" => {
                let made = self.proposed_dependency();
                let path = format!("/v1/dependencies/{}", made.id.unwrap_or_default());
                let mei = self.by(Persona::DirectManager);
                cycles::step(&mei, &path, "acceptance", None).expect(200);
                made
            }

            "createWeightAdjustment" => {
                nothing.with(cycles::adjustment(self.company, self.cycle_of_sales()))
            }
            "listWeightAdjustments" => {
                let cycle = self.cycle_of_sales();
                cycles::adjustment_in(self.app, self.company, cycle, "submitted");
                Target { query: format!("?limit=200&cycle_id={cycle}"), ..nothing }
            }
            "updateWeightAdjustment" => {
                self.adjustment_in("draft").with(json!({ "reason": unique("Reason") }))
            }
            "submitWeightAdjustment" => self.adjustment_in("draft"),
            "getWeightAdjustment" | "approveWeightAdjustment" => self.adjustment_in("submitted"),
            "rejectWeightAdjustment" => {
                self.adjustment_in("submitted").with(json!({ "reason": "Too many points" }))
            }
            "fileWeightAdjustment" => {
                self.adjustment_in("hr_approved").with(json!({ "filing_number": unique("BA") }))
            }
            "revokeWeightAdjustment" => {
                self.adjustment_in("effective").with(json!({ "reason": "Sales was split" }))
            }

            "getDistribution" => {
                let cycle = cycles::rated(self.app, self.company, "calibrating", &[]);
                Target { id: Some(cycle), ..nothing }
            }
            "createCalibrationSession" => {
                let cycle = cycles::rated(self.app, self.company, "calibrating", &[]);
                nothing.with(json!({
                    "cycle_id": cycle, "name": unique("Session"),
                    "members": sessions::members(self.company),
                }))
            }
            "listCalibrationSessions" => {
                self.session_in("draft");
                Target { query: "?limit=200".to_owned(), ..nothing }
            }
            "getCalibrationSession" | "getSessionDistribution" => self.session_in("open"),
            "updateCalibrationSession" => {
                self.session_in("draft").with(json!({ "name": unique("Session") }))
            }
            "scheduleCalibrationSession" => {
                self.session_in("draft").with(json!({ "scheduled_on": "2026-04-02" }))
            }
            "openCalibrationSession" => {
                let present = ["sun", "mei", "hua"].map(|name| self.company.id(name));
                self.session_in("scheduled").with(json!({ "present": present }))
            }
            "finaliseCalibrationSession" => {
                self.session_in("open").with(json!({ "reason": "As it should be" }))
            }
            "overrideCalibrationSession" => {
                self.session_in("open").with(json!({ "reason": "Two teams of specialists" }))
            }
            "reopenCalibrationSession" => {
                self.session_in("finalised").with(json!({ "reason": "A figure was wrong" }))
            }
            "listComparedReviews" => {
                Target { query: "?limit=200".to_owned(), ..self.session_in("open") }
            }
            "listMoves" => {
                let made = self.fresh_move().id.unwrap_or_default();
                let read = self.hr.get(format!("/v1/moves/{made}")).expect(200).json();
                let id = read["session_id"].as_str().and_then(|id| id.parse().ok());
                Target { id, query: "?limit=200".to_owned(), ..nothing }
            }
            "proposeMove" => {
                let (session, body) = self.movable();
                Target { id: Some(session), ..nothing }.with(body)
            }
            "tryMoves" => {
                let (session, body) = self.movable();
                let tried = json!({ "review_id": body["review_id"], "to": body["to"] });
                Target { id: Some(session), ..nothing }.with(json!({ "moves": [tried] }))
            }
            "getMove" | "approveMove" => self.fresh_move(),
            "rejectMove" => self.fresh_move().with(json!({ "reason": "Not convincing" })),

            "exportRatings" => {
                let cycle = cycles::rated(self.app, self.company, "published", &[]);
                Target { query: format!("?cycle_id={cycle}"), ..nothing }
            }
            "getReview" | "getResult" | "explainResult" => self.review_in("second_review"),
            "updateSelfReview" => self.review_in("pending_self").with(reviews::part("3")),
            "submitSelfReview" => self.drafted("pending_self", "self-review", Persona::Employee),
            "skipSelfReview" => self.review_in("pending_self"),
            "closeReviewRaters" => self.review_in("pending_raters"),
            "updateManagerReview" => self.review_in("pending_manager").with(reviews::part("3")),
            "previewReview" | "submitManagerReview" => {
                self.drafted("pending_manager", "manager-review", Persona::DirectManager)
            }
            "returnReview" => {
                let body = json!({ "to": "self", "reason": "Say more" });
                self.review_in("pending_manager").with(body)
            }
            "confirmReview" => self.review_in("second_review"),
            "reopenReview" => self.unmoved_review().with(json!({ "reason": "Wrong" })),
            "acknowledgeReview" => self.review_in("published"),
            "disagreeWithReview" => {
                self.review_in("published").with(json!({ "text": "The tender is missing" }))
            }
            "computeResults" => self.cycle_in("evaluating"),

            "signIn" => nothing.with(json!({
                "tenant": self.company.slug, "login": "lin", "password": PASSWORD,
            })),
            "refreshTokens" | "signOut" => {
                let pair = world::sign_in(&self.hr, self.company.slug, "lin").expect(200).json();
                nothing.with(json!({ "refresh_token": pair["refresh_token"] }))
            }
            "setUpPassword" => {
                let body = json!({ "login": unique("login") });
                let made = self.hr.post("/v1/accounts", &body).expect(201).json();
                nothing.with(json!({ "setup_token": made["setup_token"], "password": PASSWORD }))
            }
            other => panic!("say in calls.rs how {other} is called"),
        }
    }
}

/// What a request is about: a record, a query and a body.
pub struct Target {
    id: Option<Uuid>,
    query: String,
    body: Body,
}

enum Body {
    None,
    Json(Value),
}

impl Target {
    fn fill(&self, request: Request) -> Request {
        match &self.body {
            Body::None => request,
            Body::Json(value) => request.json(value),
        }
    }

    fn with(self, body: Value) -> Self {
        Self { body: Body::Json(body), ..self }
    }
}

fn new_measurement() -> Value {
    json!({
        "period_start": "2026-03-01", "source": "crm", "external_id": unique("m"), "value": "5",
    })
}

fn new_change() -> Value {
    json!({
        "content": goals::indicator(&unique("Goal"), "0"), "reason": "The market has changed",
        "evidence": ["Minutes of 3 March"], "effective_from": "2026-06-01",
    })
}

/// The persona who may send an operation: HR, except for operations that people do for themselves.
pub fn doer(operation: &Operation) -> Persona {
    match operation.id {
        "createGoal" | "updateGoal" | "deleteGoal" | "submitGoal" | "completeGoal"
        | "createCheckIn" | "requestGoalChange" | "createDependency" | "deliverDependency"
        | "updateSelfReview" | "submitSelfReview" | "acknowledgeReview" | "disagreeWithReview" => {
            Persona::Employee
        }
        "approveGoal"
        | "returnGoal"
        | "updateManagerReview"
        | "previewReview"
        | "submitManagerReview"
        | "returnReview"
        | "acceptDependency"
        | "rejectDependency"
        | "proposeMove"
        | "tryMoves"
        | "approveMove"
        | "rejectMove" => Persona::DirectManager,
        "confirmReview"
        | "createWeightAdjustment"
        | "updateWeightAdjustment"
        | "submitWeightAdjustment" => Persona::SkipLevelManager,
        "overrideCalibrationSession" | "reopenCalibrationSession" | "approveDimensionDrop" => {
            Persona::Executive
        }
        _ => Persona::HrAdmin,
    }
}

/// A name that nothing else has.
pub fn unique(prefix: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Operations that change something.
pub fn changes() -> impl Iterator<Item = &'static Operation> {
    contract::operations().values().filter(|operation| operation.method != "GET")
}
