//! A fictional company, the same in every run.

use chrono::{Days, NaiveDate};
use serde::Serialize;
use uuid::{Builder, Uuid};

/// Number of units in which people work.
pub const UNITS: usize = 200;
/// Number of direct reports of one manager.
const SPAN: usize = 8;
/// Purpose number in the ids of people.
const PERSON: u8 = 1;

const NAMES: [&str; 12] = [
    "王小明",
    "Amelia Hart",
    "李娜",
    "Jonas Weber",
    "陈静怡",
    "Priya Nair",
    "赵鹏",
    "Lucía Ortega",
    "刘洋",
    "Samuel Okafor",
    "孙丽",
    "Noor Haddad",
];
const JOBS: [&str; 6] =
    ["Software engineer", "销售经理", "Accountant", "产品经理", "Support specialist", "Recruiter"];

/// A person, as an HRIS knows them and as the tables store them.
pub struct Person {
    pub id: Uuid,
    pub assignment_id: Uuid,
    pub number: String,
    pub name: String,
    pub email: String,
    pub hire_date: NaiveDate,
    pub job_title: &'static str,
    pub unit: usize,
    pub manager: Option<usize>,
}

impl Person {
    /// Id of the manager.
    pub fn manager_id(&self) -> Option<Uuid> {
        self.manager.map(|index| id(index as u64, PERSON))
    }
}

/// A company of `count` people, managers first.
pub fn people(count: usize) -> Vec<Person> {
    (0..count).map(person).collect()
}

fn person(index: usize) -> Person {
    let hired = NaiveDate::default() + Days::new(18_000 + (index % 1_900) as u64);
    Person {
        id: id(index as u64, PERSON),
        assignment_id: id(index as u64, PERSON + 1),
        number: number(index),
        name: format!("{} {index}", NAMES[index % NAMES.len()]),
        email: format!("p{index}@example.com"),
        hire_date: hired,
        job_title: JOBS[index % JOBS.len()],
        unit: index % UNITS,
        manager: (index > 0).then(|| (index - 1) / SPAN),
    }
}

fn number(index: usize) -> String {
    format!("E{index:06}")
}

/// Code of a unit.
pub fn unit_code(unit: usize) -> String {
    format!("U{unit:03}")
}

/// An id in the order of creation, like the ids that the product makes.
pub fn id(index: u64, purpose: u8) -> Uuid {
    let mut tail = [purpose; 10];
    tail[2..].copy_from_slice(&index.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    Builder::from_unix_timestamp_millis(1_790_000_000_000 + index, &tail).into_uuid()
}

/// A row of the bulk upsert of units.
#[derive(Serialize)]
struct UnitRow {
    code: String,
    name: String,
    kind: &'static str,
    parent_code: Option<String>,
}

/// The body of the bulk upsert of units: a company and its departments.
pub fn units_ndjson() -> Vec<u8> {
    ndjson((0..UNITS).map(|unit| UnitRow {
        code: unit_code(unit),
        name: format!("Unit {unit}"),
        kind: if unit == 0 { "company" } else { "department" },
        parent_code: (unit > 0).then(|| unit_code(0)),
    }))
}

/// A row of the bulk upsert of employees.
#[derive(Serialize)]
struct PersonRow<'a> {
    employee_number: &'a str,
    name: &'a str,
    email: &'a str,
    hire_date: NaiveDate,
    job_title: &'a str,
    org_unit_code: String,
    manager_employee_number: Option<String>,
}

/// The body of the bulk upsert of employees.
pub fn people_ndjson(people: &[Person]) -> Vec<u8> {
    ndjson(people.iter().map(|person| PersonRow {
        employee_number: &person.number,
        name: &person.name,
        email: &person.email,
        hire_date: person.hire_date,
        job_title: person.job_title,
        org_unit_code: unit_code(person.unit),
        manager_employee_number: person.manager.map(number),
    }))
}

fn ndjson(rows: impl Iterator<Item = impl Serialize>) -> Vec<u8> {
    let mut text = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut text, &row).expect("a row is JSON");
        text.push(b'\n');
    }
    text
}
