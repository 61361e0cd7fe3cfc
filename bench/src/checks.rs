//! Answers that are looked at once before they are timed: what is fast and wrong is worth nothing.

use crate::http::Connection;
use crate::load::{ACCEPTED, FOUND, Target, listed, searched};
use crate::people::sought;
use crate::{Part, Result};
use domain::people::search::{Named, Search};
use serde_json::Value;

/// Number of searches that are looked at.
const SEARCHES: usize = 64;
/// Bytes of the bare server's answer with names, of a hundred of Evenhand's, at least.
const WORTH: usize = 95;

/// Fails unless Evenhand and those that it is compared with answer a question alike, as far as the
/// answers can be compared. `people` is the number of people in the company.
pub async fn check(part: Part, ours: &Target, others: &[&Target], people: usize) -> Result<()> {
    match part {
        Part::List => same_people(ours, others).await,
        Part::Compressed => same_compressed(ours).await,
        Part::Search => finds(ours, people).await,
        _ => Ok(()),
    }
}

/// The encoding and the body of an answer.
async fn get(
    target: &Target,
    path: &str,
    headers: &[(&str, &str)],
) -> Result<(Option<String>, Vec<u8>)> {
    let mut connection = Connection::open(target.address).await?;
    let request = target.request("GET", path, headers, b"");
    let mut body = Vec::new();
    match connection.exchange(&request, |part| body.extend_from_slice(part)).await? {
        200 => Ok((connection.header("content-encoding").map(str::to_owned), body)),
        status => Err(format!("{path} was answered {status}").into()),
    }
}

async fn read(target: &Target, path: &str) -> Result<Value> {
    Ok(serde_json::from_slice(&get(target, path, &[]).await?.1)?)
}

fn items(answer: &Value) -> Result<&Vec<Value>> {
    answer["items"].as_array().ok_or_else(|| "a list without items".into())
}

fn same(what: &str, one: &Value, other: &Value) -> Result<()> {
    match one == other {
        true => Ok(()),
        false => Err(format!("{what}: {one} is answered, and beside it {other}").into()),
    }
}

/// The same people in the same order and, where the bare server shows them, with the same names in an
/// answer of the same size.
async fn same_people(ours: &Target, others: &[&Target]) -> Result<()> {
    let (_, text) = get(ours, &listed(ours.base), &[]).await?;
    let answer: Value = serde_json::from_slice(&text)?;
    let people = items(&answer)?;
    for other in others {
        let (_, bare) = get(other, &listed(other.base), &[]).await?;
        let listed: Vec<Value> = serde_json::from_slice(&bare)?;
        same("number of people", &people.len().into(), &listed.len().into())?;
        for (one, other) in people.iter().zip(&listed) {
            for property in ["id", "employee_number", "name", "email", "hire_date"] {
                same(property, &one[property], &other[property])?;
            }
            let Some(names) = other.get("names") else { continue };
            for (id, kind, noun) in [
                ("manager_id", "employees", "manager"),
                ("org_unit_id", "org_units", "org_unit"),
                ("position_id", "positions", "position"),
            ] {
                same(id, &one[id], &other["assignment"][id])?;
                let card = one[id].as_str().map(|id| &answer["included"][kind][id]);
                for property in ["code", "name"] {
                    let shown = card.map_or(&Value::Null, |card| &card[property]);
                    same(noun, shown, &names[noun][property])?;
                }
            }
        }
        let is_named = listed.iter().any(|one| one.get("names").is_some());
        if is_named && bare.len() * 100 < text.len() * WORTH {
            let sizes = (text.len(), bare.len());
            return Err(format!("answers of {sizes:?} bytes are not worth the same").into());
        }
    }
    Ok(())
}

/// The same list, compressed and as it is. The cursors are sealed anew each time.
async fn same_compressed(ours: &Target) -> Result<()> {
    let plain = read(ours, &listed(ours.base)).await?;
    let (coding, sent) = get(ours, &listed(ours.base), &[ACCEPTED]).await?;
    let coding = coding.ok_or("a list that is not compressed")?;
    let unpacked: Value =
        serde_json::from_slice(&tests::client::decoded(coding.as_bytes(), sent)?)?;
    for property in ["items", "included"] {
        same(property, &plain[property], &unpacked[property])?;
    }
    Ok(())
}

/// Whoever is sought is found, unless too many others are, and nobody else.
async fn finds(ours: &Target, people: usize) -> Result<()> {
    for turn in 0..SEARCHES {
        let (text, number) = sought(turn, people);
        let answer = read(ours, &searched(ours.base, &text)).await?;
        let found = items(&answer)?;
        let search = Search::of(&text).ok_or("a search for nothing")?;
        let of =
            |person: &Value, property| person[property].as_str().unwrap_or_default().to_owned();
        for person in found {
            let (number, name) = (of(person, "employee_number"), of(person, "name"));
            let email = person["email"].as_str();
            if search.place(Named { number: &number, name: &name, email }).is_none() {
                return Err(format!("{text} found {name}").into());
            }
        }
        let is_there = found.iter().any(|person| of(person, "employee_number") == number);
        if !is_there && found.len() < FOUND {
            return Err(format!("{text} did not find {number}").into());
        }
    }
    Ok(())
}
