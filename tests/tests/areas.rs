//! Which area may use which: the platform names no area, and an area names only those before it.

use std::fs;
use std::path::PathBuf;
use tests::golden;

/// The first names in all paths of a source that begin at `root`.
fn named<'s>(root: &str, source: &'s str) -> Vec<&'s str> {
    let mut names = Vec::new();
    for (at, start) in source.match_indices(root) {
        let rest = &source[at + start.len()..];
        match rest.strip_prefix('{') {
            Some(list) => {
                let list = list.split_once("};").map_or("", |(list, _)| list);
                names.extend(list.split(',').map(first));
            }
            None => names.push(first(rest)),
        }
    }
    names
}

/// The identifier at the beginning of a text.
fn first(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    &text[..end.unwrap_or(text.len())]
}

/// Where paths begin. Code that is compiled once per engine can reach another area only upward.
const ROOTS: [&str; 2] = ["crate::", "super::super::"];

/// What a source of one area names although it may not: later areas, and everything above all
/// areas.
fn upward(order: &[&str], above: &[&str], area: &str, source: &str) -> Vec<String> {
    let Some(own) = order.iter().position(|known| *known == area) else { return Vec::new() };
    let forbidden = |name: &&str| order[own + 1..].contains(name) || above.contains(name);
    let named = ROOTS.iter().flat_map(|root| named(root, source));
    named.filter(forbidden).map(|name| format!("{area} -> {name}")).collect()
}

/// These names in a whole crate, each with its file.
fn arrows(root: &str, order: &[&str], above: &[&str]) -> Vec<String> {
    let root = golden::root().join(root);
    let found: Vec<_> = order.iter().flat_map(|area| golden::sources(&root.join(area))).collect();
    assert!(found.len() > order.len());
    let arrows = found.iter().flat_map(|file| {
        let below = file.strip_prefix(&root).expect("it lies there");
        let area = below.iter().next().and_then(|area| area.to_str()).expect("an area");
        let source = fs::read_to_string(file).expect("a source");
        let arrows = upward(order, above, area, &source);
        arrows.into_iter().map(|arrow| format!("{}: {arrow}", below.display())).collect::<Vec<_>>()
    });
    arrows.collect()
}

#[test]
fn no_area_of_the_api_knows_a_later_one() {
    let above = ["areas", "cli", "contract"];
    assert_eq!(arrows("api/src", api::areas::ORDER, &above), Vec::<String>::new());
}

#[test]
fn no_area_of_the_domain_knows_a_later_one() {
    assert_eq!(arrows("domain/src", domain::ORDER, &[]), Vec::<String>::new());
}

#[test]
fn no_area_of_the_repository_knows_a_later_one() {
    let found = arrows("persistence/src/repository", persistence::ORDER, &[]);
    assert_eq!(found, Vec::<String>::new());
}

/// A source that moves a state machine has the machine's trait in scope, so no other source may
/// import it. Exceptions: goals take their first state from the machine, readiness shows what the
/// guards say about the next step, and plain records name the types of their machines.
#[test]
fn nothing_moves_a_record_but_the_one_way() {
    let root = golden::root().join("api/src");
    let asks = |file: &PathBuf| {
        let source = fs::read_to_string(file).expect("a source");
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        source.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == "Machine")
    };
    let asking = golden::sources(&root).into_iter().filter(asks);
    let asking: Vec<_> = asking
        .map(|file| file.strip_prefix(&root).expect("it lies there").display().to_string())
        .collect();
    let allowed =
        ["cycles/readiness.rs", "goals/cases.rs", "platform/plain.rs", "platform/transition.rs"];
    assert_eq!(asking, allowed);
}

#[test]
fn a_planted_arrow_is_found() {
    let order = ["platform", "people", "reviews"];
    let planted = "use crate::platform::App;\nuse crate::{reviews::moves, people};";
    assert_eq!(upward(&order, &[], "people", planted), ["people -> reviews"]);
    assert_eq!(upward(&order, &[], "reviews", planted), Vec::<String>::new());
    let shared = "use super::super::reviews::entity;";
    assert_eq!(upward(&order, &[], "people", shared), ["people -> reviews"]);
    let inline = "fn f() { crate::people::find() } // and crate::cli";
    let found = upward(&order, &["cli"], "platform", inline);
    assert_eq!(found, ["platform -> people", "platform -> cli"]);
}
