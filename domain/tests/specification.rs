//! `docs/domain.md` names code and code names sections of `docs/domain.md`: both must exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const SPECIFICATION: &str = include_str!("../../docs/domain.md");

/// The file of a path such as `domain::scoring::kpi::ratio::Ratio`, and the names to find in it.
fn resolve(path: &str) -> Option<(PathBuf, Vec<&str>)> {
    let names: Vec<&str> = path.strip_prefix("domain::")?.split("::").collect();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    (1..names.len()).rev().find_map(|modules| {
        let (module, named) = names.split_at(modules);
        let module = source.join(module.join("/"));
        let file = [module.with_extension("rs"), module.join("mod.rs")];
        Some((file.into_iter().find(|file| file.is_file())?, named.to_vec()))
    })
}

/// The text of a module: of one file or, for a `mod.rs`, of all files in its folder and below, whose
/// items it re-exports.
fn text_of(file: &Path) -> String {
    let folder = file.parent().filter(|_| file.ends_with("mod.rs"));
    folder.map_or_else(|| fs::read_to_string(file).unwrap_or_default(), text_below)
}

fn text_below(folder: &Path) -> String {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let text = |path: PathBuf| match path.is_dir() {
        true => text_below(&path),
        false => fs::read_to_string(path).unwrap_or_default(),
    };
    entries.map(text).collect()
}

/// Whether the text declares the name, directly or through one of the crate's macros.
fn declares(text: &str, name: &str) -> bool {
    let keywords = ["fn ", "struct ", "enum ", "trait ", "const ", "    "];
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + name.len()..).unwrap_or_default();
        keywords.iter().any(|keyword| before.ends_with(keyword))
            && after.starts_with(['(', '<', ' ', ':', ';'])
    })
}

/// The section of a heading: `B.1` of `### B.1 Ratio method`.
fn section(line: &str) -> Option<&str> {
    let heading = line.strip_prefix("### ").or_else(|| line.strip_prefix("## "))?;
    heading.split(' ').next().map(|name| name.trim_end_matches('.'))
}

#[test]
fn every_path_of_the_specification_leads_to_code() {
    let mut wrong = Vec::new();
    for line in SPECIFICATION.lines().filter_map(|line| line.strip_prefix("Code: ")) {
        for path in line.split(", ") {
            let found =
                path.strip_prefix('`').and_then(|path| path.strip_suffix('`')).and_then(resolve);
            let sound = found.is_some_and(|(file, names)| {
                let text = text_of(&file);
                names.iter().all(|name| declares(&text, name))
            });
            if !sound {
                wrong.push(path);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn every_section_names_its_code() {
    for part in SPECIFICATION.split("\n### ").skip(1) {
        let own = part.split("\n## ").next().unwrap_or_default();
        assert!(own.contains("\nCode: `domain::"), "{}", own.lines().next().unwrap_or_default());
    }
}

#[test]
fn every_section_that_code_implements_exists() {
    let sections: BTreeSet<&str> = SPECIFICATION.lines().filter_map(section).collect();
    let mut files = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut claims = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for claim in text.split("Implements ").skip(1).filter_map(|claim| claim.lines().next()) {
            let words = claim.split([' ', ',', '-', ':']).map(|word| word.trim_end_matches('.'));
            for named in words.filter(|word| is_section(word)) {
                assert!(sections.contains(named), "{} implements {named}", path.display());
                claims += 1;
            }
        }
    }
    assert!(claims > sections.len(), "{claims} claims are too few to be all");
}

/// Whether a word is the name of a section with a number, such as `B.1` or `0.2`.
fn is_section(word: &str) -> bool {
    let is_part = |part: &str| part.len() == 1 && part.chars().all(|c| "0BCDEFGH".contains(c));
    word.split_once('.').is_some_and(|(part, number)| is_part(part) && number.parse::<u8>().is_ok())
}
