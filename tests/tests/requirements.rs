//! Which tests prove which requirement through which operations. A test says so in its
//! documentation: "Proves R87 through `listPositions`."

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use tests::golden;

/// A line of `docs/requirements.csv`.
struct Requirement {
    id: String,
    capability: String,
    who: String,
    statement: String,
}

fn requirements() -> Vec<Requirement> {
    let file = golden::root().join("docs/requirements.csv");
    let mut reader = csv::Reader::from_path(file).expect("read the requirements");
    let rows = reader.records().map(|row| {
        let row = row.expect("a row of four columns");
        let cell = |at: usize| row[at].to_owned();
        Requirement { id: cell(0), capability: cell(1), who: cell(2), statement: cell(3) }
    });
    rows.collect()
}

/// What the tests say they prove.
#[derive(Default)]
struct Proofs {
    /// Tests by requirement.
    tests: BTreeMap<String, BTreeSet<String>>,
    /// Operations by requirement.
    operations: BTreeMap<String, BTreeSet<String>>,
}

impl Proofs {
    /// Reads the documentation of every test function.
    fn collect() -> Self {
        let mut proofs = Self::default();
        let folder = golden::root().join("tests/tests");
        for file in golden::sources(&folder) {
            let below = file.strip_prefix(&folder).expect("it lies there").with_extension("");
            let module = below.to_string_lossy().replace('/', "::");
            let text = fs::read_to_string(file).expect("read the tests");
            let mut documentation = String::new();
            for line in text.lines() {
                if let Some(said) = line.trim_start().strip_prefix("/// ") {
                    documentation += said;
                    documentation += " ";
                } else if let Some(function) = line.trim_start().strip_prefix("fn ") {
                    let name = function.split('(').next().unwrap_or_default();
                    proofs.add(&documentation, &format!("{module}::{name}"));
                    documentation.clear();
                } else if !line.trim_start().starts_with("#[") {
                    documentation.clear();
                }
            }
        }
        proofs
    }

    fn add(&mut self, documentation: &str, test: &str) {
        let Some((_, proof)) = documentation.split_once("Proves ") else { return };
        let (ids, through) = proof.split_once(" through ").unwrap_or((proof, ""));
        let operations = through.split('`').skip(1).step_by(2);
        for id in ids.split([' ', ',', '.']).filter(|word| word.starts_with('R')) {
            self.tests.entry(id.to_owned()).or_default().insert(test.to_owned());
            let proven = self.operations.entry(id.to_owned()).or_default();
            proven.extend(operations.clone().map(|name| {
                assert!(
                    tests::contract::operations().contains_key(name),
                    "{test} proves {id} through {name}, which the contract does not have"
                );
                name.to_owned()
            }));
        }
    }
}

#[test]
fn every_proof_is_listed() {
    let requirements = requirements();
    let proofs = Proofs::collect();
    for id in proofs.tests.keys() {
        let known = requirements.iter().any(|requirement| requirement.id == *id);
        assert!(known, "{id} is no requirement");
    }
    let mut page = String::from(
        "# Requirements\n\nGenerated from `requirements.csv` and from what the tests say they prove; \
         `UPDATE=1 cargo test -p tests requirements` writes it again.\n\n\
         | id | capability | who acts | what the system must do | operations | tests |\n\
         |---|---|---|---|---|---|\n",
    );
    let list = |names: Option<&BTreeSet<String>>| match names {
        Some(names) if !names.is_empty() => {
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        }
        _ => String::from("not yet"),
    };
    for Requirement { id, capability, who, statement } in requirements {
        let (operations, tests) = (proofs.operations.get(&id), proofs.tests.get(&id));
        let (operations, tests) = (list(operations), list(tests));
        let _ = writeln!(
            page,
            "| {id} | {capability} | {who} | {statement} | {operations} | {tests} |"
        );
    }
    golden::compare("docs/requirements.md", &page);
}
