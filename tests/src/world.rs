//! The company that every test finds, with people in every role and relationship, and a second
//! company with the same people, whose records must never show.

use crate::app::{Server, eventually};
use crate::client::{Answer, Client, Credentials};
use crate::cycles;
use crate::goals;
use crate::process;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Password of everyone.
pub const PASSWORD: &str = "seven brown foxes, one lazy dog";

/// A caller of the API. Relationships are those to Lin, an employee of the team East.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Persona {
    /// No credentials.
    Anonymous,
    /// Lin herself.
    Employee,
    /// Mei, her line manager.
    DirectManager,
    /// Sun, Mei's line manager.
    SkipLevelManager,
    /// Fan, Lin's line manager until last year.
    FormerManager,
    /// Kai, who works in another department.
    Colleague,
    /// Tom, who has left the company.
    Terminated,
    /// HR business partner of Lin's department.
    Hrbp,
    /// HR business partner of another department.
    OtherHrbp,
    /// HR administrator.
    HrAdmin,
    /// Another HR administrator.
    SecondHrAdmin,
    /// Senior management.
    Executive,
    /// Auditor.
    Auditor,
    /// Compensation officer.
    Comp,
    /// Finance.
    Finance,
    /// Member of the performance committee.
    Committee,
    /// A program that may read people.
    PeopleReader,
    /// A program that may read people of another department only.
    UnitReader,
    /// A program that may create and change people.
    PeopleWriter,
    /// A program that may read the events feed.
    EventReader,
    /// HR administrator of the other company.
    OtherHrAdmin,
}

use Persona::*;

impl Persona {
    /// All personas, in the order of the access matrix.
    pub const ALL: [Self; 21] = [
        Anonymous,
        Employee,
        DirectManager,
        SkipLevelManager,
        FormerManager,
        Colleague,
        Terminated,
        Hrbp,
        OtherHrbp,
        HrAdmin,
        SecondHrAdmin,
        Executive,
        Auditor,
        Comp,
        Finance,
        Committee,
        PeopleReader,
        UnitReader,
        PeopleWriter,
        EventReader,
        OtherHrAdmin,
    ];

    /// The name in the access matrix.
    pub fn name(self) -> &'static str {
        match self {
            Anonymous => "anonymous",
            Employee => "self",
            DirectManager => "direct manager",
            SkipLevelManager => "skip-level manager",
            FormerManager => "former manager",
            Colleague => "colleague",
            Terminated => "terminated",
            Hrbp => "hrbp",
            OtherHrbp => "hrbp of another unit",
            HrAdmin => "hr_admin",
            SecondHrAdmin => "second hr_admin",
            Executive => "executive",
            Auditor => "auditor",
            Comp => "comp",
            Finance => "finance",
            Committee => "committee",
            PeopleReader => "key people:read",
            UnitReader => "key of another unit",
            PeopleWriter => "key people:write",
            EventReader => "key events:read",
            OtherHrAdmin => "hr_admin of another company",
        }
    }
}

/// The people: persona, name, unit, line manager, role.
const PEOPLE: &[(Persona, &str, &str, &str, &str)] = &[
    (SkipLevelManager, "sun", "sales", "", ""),
    (DirectManager, "mei", "east", "sun", ""),
    (FormerManager, "fan", "sales", "sun", ""),
    (Employee, "lin", "east", "fan", ""),
    (Colleague, "kai", "labs", "", ""),
    (Terminated, "tom", "labs", "kai", ""),
    (HrAdmin, "hua", "company", "", "hr_admin"),
    (SecondHrAdmin, "hao", "company", "", "hr_admin"),
    (Hrbp, "bo", "company", "", "hrbp sales"),
    (OtherHrbp, "bai", "company", "", "hrbp labs"),
    (Executive, "ella", "company", "", "executive"),
    (Auditor, "ada", "company", "", "auditor"),
    (Comp, "cai", "company", "", "comp"),
    (Finance, "fen", "company", "", "finance"),
    (Committee, "min", "company", "", "committee"),
];

/// Personas for whom the other company has a person who can sign in.
const TWINS: &[Persona] = &[Employee, DirectManager, SkipLevelManager, Executive];

/// The keys: persona, name, scope, unit.
const KEYS: &[(Persona, &str, &str, &str)] = &[
    (PeopleReader, "reader", "people:read", ""),
    (UnitReader, "unit-reader", "people:read", "labs"),
    (PeopleWriter, "writer", "people:write", ""),
    (EventReader, "follower", "events:read", ""),
];

/// A company and the ids of all its people and records, by name.
#[derive(Debug)]
pub struct Company {
    /// Id of the tenant.
    pub tenant: Uuid,
    /// The short name people sign in with.
    pub slug: &'static str,
    ids: BTreeMap<String, Uuid>,
    credentials: BTreeMap<Persona, Credentials>,
}

impl Company {
    /// The id of a person or record, by name.
    ///
    /// # Panics
    /// If nothing has that name.
    pub fn id(&self, name: &str) -> Uuid {
        *self.ids.get(name).unwrap_or_else(|| panic!("nothing is called {name}"))
    }

    /// The credentials of a persona in this company.
    pub fn credentials(&self, persona: Persona) -> Credentials {
        self.credentials.get(&persona).cloned().unwrap_or(Credentials::None)
    }

    /// Every id.
    pub fn ids(&self) -> impl Iterator<Item = Uuid> + '_ {
        self.ids.values().copied().chain([self.tenant])
    }
}

/// Both companies.
#[derive(Debug)]
pub struct World {
    /// The company under test.
    pub own: Company,
    /// The other company.
    pub other: Company,
}

/// Short names of the two companies.
const SLUGS: [&str; 2] = ["acme", "globex"];

/// Creates both companies with the command line, each with its first administrator.
///
/// # Panics
/// If a command fails.
pub fn found(url: &str) {
    for slug in SLUGS {
        let arguments = format!(
            "admin create --tenant {slug} --time-zone Asia/Shanghai --login founder \
             --password-stdin --database-url {url}"
        );
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let (succeeded, said) = process::run(&arguments, &format!("{PASSWORD}\n"));
        assert!(succeeded, "{said}");
    }
}

/// Issues an account with the command line, with everyone's password.
///
/// # Panics
/// If a command fails.
pub fn issue(url: &str, slug: &str, login: &str, roles: &[&str]) {
    issue_for(url, slug, login, &login.to_uppercase(), roles);
}

/// Like [`issue`], for the employee with this number.
pub fn issue_for(url: &str, slug: &str, login: &str, number: &str, roles: &[&str]) {
    let mut arguments = vec!["account", "issue", "--tenant", slug, "--login", login];
    arguments.extend(["--employee-number", number, "--password-stdin", "--database-url", url]);
    arguments.extend(roles.iter().flat_map(|role| ["--role", role]));
    let (succeeded, said) = process::run(&arguments, &format!("{PASSWORD}\n"));
    assert!(succeeded, "{said}");
}

/// Names of people who sign, or whose credential no administrator may know: the command line issues
/// their accounts. The founder creates all other accounts.
const ISSUED: &[&str] = &["sun", "mei", "hua", "hao", "ella", "ada", "cai", "fen", "min"];

impl World {
    /// Builds the companies through the API.
    pub fn build(server: &Server) -> Self {
        let own =
            Builder::enter(server, SLUGS[0]).people(PEOPLE).keys().job().cycles().goals().company;
        let twins: Vec<_> =
            PEOPLE.iter().filter(|person| TWINS.contains(&person.0)).copied().collect();
        let other =
            Builder::enter(server, SLUGS[1]).people(&twins).keys().job().cycles().goals().company;
        Self { own, other }
    }

    /// The credentials of a persona.
    pub fn credentials(&self, persona: Persona) -> Credentials {
        let (company, persona) = match persona {
            OtherHrAdmin => (&self.other, HrAdmin),
            persona => (&self.own, persona),
        };
        company.credentials(persona)
    }
}

/// Signs somebody in.
pub fn sign_in(client: &Client, slug: &str, login: &str) -> Answer {
    let body = json!({ "tenant": slug, "login": login, "password": PASSWORD });
    client.with(Credentials::None).post("/v1/auth/token", &body)
}

/// The access token in an answer, as credentials.
pub fn token(answer: &Answer) -> Credentials {
    let token = answer.json()["access_token"].as_str().unwrap_or_default().to_owned();
    Credentials::Token(token)
}

struct Builder {
    company: Company,
    /// Address of the database.
    url: String,
    /// The client that builds the company.
    hr: Client,
}

impl Builder {
    /// Signs in as the first administrator.
    fn enter(server: &Server, slug: &'static str) -> Self {
        let nobody = server.client();
        let founder = token(&sign_in(&nobody, slug, "founder").expect(200));
        let hr = nobody.with(founder.clone());
        let tenant = hr.get("/v1/tenant").expect(200).id();
        let credentials = BTreeMap::from([(HrAdmin, founder)]);
        let company = Company { tenant, slug, ids: BTreeMap::new(), credentials };
        let url = server.app.settings.database_url.clone();
        let mut builder = Self { company, url, hr };
        builder.unit("company", "company", "");
        builder.unit("sales", "department", "company");
        builder.unit("east", "team", "sales");
        builder.unit("labs", "department", "company");
        let body = json!({ "code": "REP", "title": "Representative", "level": 4 });
        builder.create("position", "/v1/positions", &body);
        builder
    }

    fn create(&mut self, name: &str, path: &str, body: &Value) -> Answer {
        let made = self.hr.post(path, body).expect(201);
        self.company.ids.insert(name.to_owned(), made.id());
        made
    }

    fn unit(&mut self, name: &str, kind: &str, parent: &str) {
        let mut body = json!({
            "code": name.to_uppercase(), "name": name, "kind": kind,
            "effective_from": "2010-01-01",
        });
        if !parent.is_empty() {
            body["parent_id"] = self.company.id(parent).to_string().into();
        }
        self.create(name, "/v1/org-units", &body);
    }

    /// Hires people, sets their passwords, gives them their roles and signs them in.
    fn people(mut self, people: &[(Persona, &str, &str, &str, &str)]) -> Self {
        for &(_, name, unit, manager, _) in PEOPLE {
            let mut body = json!({
                "employee_number": name.to_uppercase(), "name": name,
                "email": format!("{name}@{}.example", self.company.slug),
                "hire_date": "2015-03-01",
                "org_unit_id": self.company.id(unit),
                "position_id": self.company.id("position"),
                "external_ids": [{ "system": "hris", "value": format!("h-{name}") }],
            });
            if !manager.is_empty() {
                body["manager_id"] = self.company.id(manager).to_string().into();
            }
            self.create(name, "/v1/employees", &body);
        }
        let lin = self.hr.get(format!("/v1/employees/{}", self.company.id("lin"))).expect(200);
        let body = json!({ "effective_from": "2024-01-01", "manager_id": self.company.id("mei") });
        let moving = self.hr.request("POST", format!("{}/assignments", lin.path));
        moving.if_match(&lin.etag()).json(&body).send().expect(200);

        for &(persona, name, _, _, role) in people {
            if ISSUED.contains(&name) {
                self.issue(name, role);
            } else {
                self.invite(name, role);
            }
            let signed_in = sign_in(&self.hr, self.company.slug, name).expect(200);
            self.company.credentials.insert(persona, token(&signed_in));
        }
        if people.iter().all(|(persona, ..)| *persona != HrAdmin) {
            self.bind_founder();
        }

        let tom = self.hr.get(format!("/v1/employees/{}", self.company.id("tom"))).expect(200);
        let leaving = self.hr.request("POST", format!("{}/termination", tom.path));
        let body = json!({ "last_day": "2025-06-30", "reason": "Moved away" });
        leaving.if_match(&tom.etag()).json(&body).send().expect(200);
        self
    }

    /// An account with roles, issued by the command line.
    fn issue(&mut self, name: &str, role: &str) {
        let roles: Vec<&str> = role.split(' ').filter(|role| !role.is_empty()).collect();
        issue(&self.url, self.company.slug, name, &roles);
        let accounts = self.hr.all("/v1/accounts?limit=200");
        let account = accounts.iter().find(|account| account["login"] == name);
        let id = |record: &Value| record["id"].as_str().and_then(|id| id.parse().ok());
        let account: Uuid = account.and_then(id).expect("the account");
        self.company.ids.insert(format!("{name}.account"), account);
        let held = self.hr.all(&format!("/v1/role-assignments?account_id={account}"));
        if let Some(role) = held.first().and_then(id) {
            self.company.ids.insert(format!("{name}.role"), role);
        }
    }

    /// An account with roles, created by the founder.
    fn invite(&mut self, name: &str, role: &str) {
        let body = json!({ "login": name, "employee_id": self.company.id(name) });
        let account = self.create(&format!("{name}.account"), "/v1/accounts", &body);
        set_up(&self.hr, account.json()["setup_token"].as_str().unwrap_or_default());
        if let Some((role, unit)) = role.split_once(' ') {
            let unit = self.company.id(unit);
            let body = json!({ "account_id": account.id(), "role": role, "org_unit_id": unit });
            self.create(&format!("{name}.role"), "/v1/role-assignments", &body);
        }
    }

    /// Binds the founder's account to Hua, in a company in which she has no account of her own.
    fn bind_founder(&mut self) {
        issue_for(&self.url, self.company.slug, "founder", "HUA", &[]);
        let founder = token(&sign_in(&self.hr, self.company.slug, "founder").expect(200));
        self.hr = self.hr.with(founder.clone());
        self.company.credentials.insert(HrAdmin, founder);
    }

    /// Creates the keys of the programs.
    fn keys(mut self) -> Self {
        // The creator of a key is its owner.
        self.hr = self.hr.with(self.company.credentials[&HrAdmin].clone());
        for &(persona, name, scope, unit) in KEYS {
            let mut body = json!({ "name": name, "scopes": [scope] });
            if !unit.is_empty() {
                body["org_unit_id"] = self.company.id(unit).to_string().into();
            }
            let key = self.create(&format!("{name}.key"), "/v1/api-keys", &body);
            let secret = key.json()["secret"].as_str().unwrap_or_default().to_owned();
            self.company.credentials.insert(persona, Credentials::Key(secret));
        }
        self
    }

    /// Runs a job to its end: a dry run with just enough rows to become a job.
    fn job(mut self) -> Self {
        let rows: Vec<_> = (0..=api::platform::jobs::SYNCHRONOUS_ROWS)
            .map(|row| json!({ "code": format!("J{row}"), "name": "Row", "kind": "company" }))
            .collect();
        let path = "/v1/org-units/bulk?dry_run=true&atomic=false";
        let job = self.hr.post(path, &rows.into()).expect(202);
        self.company.ids.insert("job".to_owned(), job.id());
        let path = job.header("Location").unwrap_or_default().to_owned();
        eventually("the job ends", || self.hr.get(&path).json()["state"] == "succeeded");
        self
    }

    /// Publishes a policy, launches a cycle for everybody and designs another one.
    fn cycles(mut self) -> Self {
        let body = json!({ "code": "STANDARD", "name": "Standard", "rules": cycles::rules() });
        let policy = self.create("policy", "/v1/policies", &body).id();
        cycles::step(&self.hr, &format!("/v1/policies/{policy}"), "publication", None).expect(200);
        self.create("draft.policy", "/v1/policies", &json!({ "code": "STANDARD", "name": "Next" }));
        self.create("draft.cycle", "/v1/cycles", &cycles::design("DRAFT", policy));
        let cycle = self.create("cycle", "/v1/cycles", &cycles::design("RUNNING", policy));
        let cycle = format!("/v1/cycles/{}", cycle.id());
        cycles::step(&self.hr, &cycle, "launch", None).expect(200);
        for participant in self.hr.all("/v1/participants?limit=200") {
            let id = |name: &str| participant[name].as_str().and_then(|id| id.parse().ok());
            let person: Option<Uuid> = id("employee_id");
            let named = PEOPLE.iter().map(|&(_, name, ..)| name);
            let name = named.into_iter().find(|name| Some(self.company.id(name)) == person);
            let name = format!("{}.participant", name.expect("everybody has a name"));
            self.company.ids.insert(name, id("id").expect("an id"));
        }
        self
    }

    /// Gives Lin an active goal under a draft of Mei's.
    fn goals(mut self) -> Self {
        let as_ = |persona| self.hr.with(self.company.credentials(persona));
        let (lin, mei, hr) = (as_(Employee), as_(DirectManager), self.hr.clone());
        let cycle = self.company.id("cycle");
        let mut above = goals::goal(cycle, &goals::indicator("Revenue of East", "100"));
        above["level"] = "team".into();
        self.hr = mei.clone();
        let above = self.create("goal.above", "/v1/goals", &above).id();
        let mut goal = goals::goal(cycle, &goals::indicator("Revenue in the north", "100"));
        goal["parent_id"] = json!(above);
        self.hr = lin.clone();
        let goal = self.create("goal", "/v1/goals", &goal);
        goals::activate(&lin, &mei, &goals::path(&goal));
        self.hr = hr;
        self
    }
}

/// Chooses everyone's password with a setup token.
fn set_up(client: &Client, setup_token: &str) {
    let body = json!({ "setup_token": setup_token, "password": PASSWORD });
    client.with(Credentials::None).post("/v1/auth/password-setup", &body).expect(204);
}
