//! Whether every noun is registered wherever the rest of the program looks for it.

use std::collections::BTreeSet;
use std::fs;
use tests::golden;

/// The sources below a folder without their tests, each with its path from there.
fn sources(root: &str) -> Vec<(String, String)> {
    let root = golden::root().join(root);
    let read = |file: std::path::PathBuf| {
        let source = fs::read_to_string(&file).expect("a source");
        let source = source.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
        (file.strip_prefix(&root).expect("it lies there").display().to_string(), source)
    };
    golden::sources(&root).into_iter().map(read).collect()
}

/// What stands between `start` and `end`, wherever a source has `start`.
fn between<'s>(source: &'s str, start: &str, end: &'static [char]) -> Vec<&'s str> {
    let found = source.split(start).skip(1);
    found.map(|rest| rest.split(end).next().unwrap_or_default()).collect()
}

/// The nouns that are listed: in the list of all, and in those of areas that it names.
fn listed(sources: &[(String, String)]) -> String {
    let apart = |text: &str| text.replace(['[', '&', '\n'], " ").replace(']', ",");
    let (_, all) = sources.iter().find(|(file, _)| file == "areas.rs").expect("the list");
    let all = apart(all);
    let named = sources.iter().filter_map(|(file, source)| {
        let area = file.strip_suffix("/mod.rs")?;
        let list = apart(&between(source, "NOUNS: &[Noun] =", &[';']).concat());
        let is_named = all.contains(&format!(" {area}::NOUNS,"));
        is_named.then(|| list.replace(" NOUN,", &format!(" {area}::NOUN,")))
    });
    named.collect::<String>() + &all
}

/// The modules that declare a noun which `list` does not name.
fn unlisted<'s>(sources: &'s [(String, String)], list: &str) -> Vec<&'s str> {
    let declares = |source: &str| source.contains("pub const NOUN: ");
    let files = sources.iter().filter(|(_, source)| declares(source)).map(|(file, _)| &file[..]);
    let name = |file: &'s str| {
        let module = file.strip_suffix("/mod.rs").or(file.strip_suffix(".rs")).unwrap_or(file);
        module.rsplit('/').next().unwrap_or(module)
    };
    files.map(name).filter(|name| !list.contains(&format!(" {name}::NOUN,"))).collect()
}

#[test]
fn every_noun_of_the_api_is_listed() {
    let sources = sources("api/src");
    let list = listed(&sources);
    assert_eq!(unlisted(&sources, &list), Vec::<&str>::new());
    let planted = [("people/desks.rs".to_owned(), "pub const NOUN: Noun".to_owned())];
    assert_eq!(unlisted(&planted, &list), ["desks"]);
}

#[test]
fn every_tag_belongs_to_one_noun_and_has_operations() {
    let nouns = api::areas::NOUNS.iter().copied().flatten().chain(api::areas::META);
    let tags: Vec<_> = nouns.flat_map(|noun| noun.tags).map(|(tag, _)| *tag).collect();
    let once: BTreeSet<_> = tags.iter().copied().collect();
    assert_eq!(once.len(), tags.len(), "{tags:?}");
    let operations = tests::contract::operations().values();
    let used: BTreeSet<_> =
        operations.filter_map(|operation| operation.object["tags"][0].as_str()).collect();
    assert_eq!(once, used);
}

/// The audit log shows an entry as the policy shows the record that the entry is about; only records
/// of the log itself are found otherwise.
#[test]
fn a_record_with_audit_entries_is_found_by_its_id() {
    let found: BTreeSet<_> = api::areas::NOUNS
        .concat()
        .iter()
        .flat_map(|noun| noun.records)
        .map(|(action, _)| *action)
        .collect();
    let recorded = domain::policy::nouns().filter(|noun| !noun.records.is_empty());
    let lost: Vec<_> = recorded.map(|noun| noun.reading).filter(|it| !found.contains(it)).collect();
    assert_eq!(lost, [domain::policy::Action::AuditEntryRead]);
}

/// The nouns of audit entries and events that the policy does not know.
fn unknown_records(sources: &[(String, String)]) -> BTreeSet<&str> {
    let known: BTreeSet<_> =
        domain::policy::nouns().flat_map(|noun| noun.records).map(|(name, _)| *name).collect();
    let actions = sources.iter().flat_map(|(_, source)| {
        let made = ["Record::new(\"", "record(\"", "recorded(\""];
        made.into_iter().flat_map(|start| between(source, start, &['"']))
    });
    let nouns = actions.filter_map(|action| action.split_once('.')).map(|(noun, _)| noun);
    nouns.filter(|noun| !known.contains(noun)).collect()
}

#[test]
fn every_audit_entry_is_about_a_known_noun() {
    for root in ["api/src", "domain/src", "persistence/src"] {
        assert_eq!(unknown_records(&sources(root)), BTreeSet::new(), "{root}");
    }
    let planted = [(String::new(), "Record::new(\"desk.moved\", id, rule)".to_owned())];
    assert_eq!(unknown_records(&planted), BTreeSet::from(["desk"]));
}
