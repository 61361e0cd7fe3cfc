//! A fictional company, the same in every run.

use crate::Result;
use crate::workbook::{Cell, workbook};
use chrono::{Days, NaiveDate};
use domain::people::search::{self, Key, Named};
use serde::Serialize;
use std::fmt::Write;
use uuid::{Builder, Uuid};

/// Number of units in which people work.
pub const UNITS: usize = 200;
/// Number of direct reports of one manager.
const SPAN: usize = 8;
/// Purpose number in the ids of people.
const PERSON: u8 = 1;

/// Surnames with their pinyin, the usual ones more often.
const SURNAMES: &str = "王wang 王wang 王wang 王wang 李li 李li 李li 李li 张zhang 张zhang 张zhang \
    刘liu 刘liu 刘liu 陈chen 陈chen 杨yang 杨yang 赵zhao 黄huang 周zhou 吴wu 徐xu 孙sun 胡hu 朱zhu 高gao \
    林lin 何he 郭guo 马ma 罗luo 梁liang 宋song 郑zheng 谢xie 韩han 唐tang 冯feng 于yu 董dong 萧xiao \
    程cheng 曹cao 袁yuan 邓deng 许xu 傅fu 沈shen 曾zeng 彭peng 吕lv 苏su 卢lu 蒋jiang 蔡cai 贾jia 丁ding";
/// Characters of given names with their pinyin.
const GIVEN: &str = "伟wei 芳fang 娜na 秀xiu 敏min 静jing 丽li 强qiang 磊lei 军jun 洋yang 勇yong 艳yan \
    杰jie 娟juan 涛tao 明ming 超chao 兰lan 霞xia 平ping 刚gang 桂gui 英ying 华hua 玉yu 萍ping 红hong \
    建jian 国guo 文wen 辉hui 云yun 志zhi 海hai 小xiao 晓xiao 雪xue 梅mei 春chun 婷ting 欣xin 怡yi 佳jia \
    宇yu 浩hao 子zi 轩xuan 思si 雨yu 梓zi 涵han 俊jun 嘉jia 一yi 博bo 天tian 龙long 凯kai 鹏peng";
/// Names of people from elsewhere.
const OTHERS: [&str; 6] =
    ["Amelia Hart", "Jonas Weber", "Priya Nair", "Lucía Ortega", "Samuel Okafor", "Noor Haddad"];
/// One in so many people comes from elsewhere.
const ELSEWHERE: usize = 16;
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
    /// By what the person is found.
    pub keys: Vec<Key>,
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
    let Called { name, pinyin, .. } = called(index);
    let (number, email) = (number(index), format!("{pinyin}{index}@example.com"));
    Person {
        keys: search::keys(Named { number: &number, name: &name, email: Some(&email) }),
        id: id(index as u64, PERSON),
        assignment_id: id(index as u64, PERSON + 1),
        number,
        name,
        email,
        hire_date: hired,
        job_title: JOBS[index % JOBS.len()],
        unit: index % UNITS,
        manager: (index > 0).then(|| (index - 1) / SPAN),
    }
}

fn number(index: usize) -> String {
    format!("E{index:06}")
}

/// How a person is called.
struct Called {
    name: String,
    pinyin: String,
    initials: String,
}

/// The name of a person: mostly a surname and one or two characters, as often as in China.
fn called(index: usize) -> Called {
    // Neighbours have nothing in common.
    let mixed = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let digits =
        [mixed >> 48, mixed >> 32 & 0xFFFF, mixed >> 16 & 0xFFFF].map(|part| part as usize);
    if digits[2] % ELSEWHERE == 0 {
        let name = OTHERS[digits[0] % OTHERS.len()];
        let pinyin = name.to_lowercase().replace(' ', ".").replace('í', "i");
        let initials = name.split(' ').filter_map(|word| word.chars().next()).collect();
        return Called { name: name.to_owned(), pinyin, initials };
    }
    let pick = |from: &'static str, digit: usize| {
        let all: Vec<&str> = from.split_whitespace().collect();
        let picked = all[digit % all.len()];
        picked.split_at(picked.chars().next().map_or(0, char::len_utf8))
    };
    let mut parts = vec![pick(SURNAMES, digits[0]), pick(GIVEN, digits[1])];
    if digits[2] % 4 != 1 {
        parts.push(pick(GIVEN, digits[2]));
    }
    Called {
        name: parts.iter().map(|(character, _)| *character).collect(),
        pinyin: parts.iter().map(|(_, reading)| *reading).collect(),
        initials: parts.iter().map(|(_, reading)| &reading[..1]).collect(),
    }
}

/// What somebody types to find one of `count` people, and that person: by turns a surname, two
/// characters, the whole name, the beginning of its pinyin, all of it, initials, the beginning of an
/// address, a number.
pub fn sought(turn: usize, count: usize) -> (String, String) {
    let index = (turn as u64).wrapping_mul(0xD134_2543_DE82_EF95) as usize % count;
    let Called { name, pinyin, initials } = called(index);
    let first = |text: &str, characters: usize| text.chars().take(characters).collect::<String>();
    let text = match turn % 8 {
        0 => first(&name, 1),
        1 => first(&name, 2),
        2 => name,
        3 => first(&pinyin, 3),
        4 => pinyin,
        5 => initials.to_lowercase(),
        6 => format!("{pinyin}{}", index / 100),
        _ => number(index),
    };
    (text, number(index))
}

/// A text as it stands in a query.
pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' => encoded.push(byte.into()),
            _ => write!(encoded, "%{byte:02X}").expect("a text takes everything"),
        }
        encoded
    })
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

/// The columns of a table of employees.
const HEADINGS: [&str; 7] = [
    "employee_number",
    "name",
    "email",
    "hire_date",
    "job_title",
    "org_unit_code",
    "manager_employee_number",
];

/// A line of a table of employees.
fn line(person: &Person) -> [Cell<'_>; 7] {
    let manager = person.manager.map(number).unwrap_or_default();
    [
        Cell::Text((&person.number).into()),
        Cell::Text((&person.name).into()),
        Cell::Text((&person.email).into()),
        Cell::Day(person.hire_date),
        Cell::Text(person.job_title.into()),
        Cell::Text(unit_code(person.unit).into()),
        Cell::Text(manager.into()),
    ]
}

/// The employees as CSV; nothing in it needs quotes.
pub fn people_csv(people: &[Person]) -> Vec<u8> {
    let mut text = HEADINGS.join(",") + "\n";
    for person in people {
        let cells = line(person).map(|cell| match cell {
            Cell::Text(text) => text.into_owned(),
            Cell::Day(day) => day.to_string(),
        });
        text += &(cells.join(",") + "\n");
    }
    text.into_bytes()
}

/// The employees as a workbook.
pub fn people_workbook(people: &[Person]) -> Result<Vec<u8>> {
    workbook(&HEADINGS, people.iter().map(line))
}

/// Rows as the bulk operations take them.
pub fn ndjson(rows: impl Iterator<Item = impl Serialize>) -> Vec<u8> {
    let mut text = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut text, &row).expect("a row is JSON");
        text.push(b'\n');
    }
    text
}
