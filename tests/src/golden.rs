//! Generated files that are reviewed and committed.

use std::fs;
use std::path::{Path, PathBuf};

/// The top folder of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository").into()
}

/// Compares a committed file with its expected content; with `UPDATE=1` writes the file instead.
///
/// # Panics
/// If they differ; the message names the first line that does.
pub fn compare(path: &str, expected: &str) {
    let file = root().join(path);
    if crate::variable("UPDATE").is_some() {
        fs::write(&file, expected).expect("write the file");
        return;
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    let mut lines = committed.lines().zip(expected.lines()).zip(1..);
    if let Some(((old, new), number)) = lines.find(|((old, new), _)| old != new) {
        panic!("{path}:{number} is\n{old}\nand should be\n{new}\n(UPDATE=1 rewrites the file)");
    }
    assert!(committed == expected, "{path} is too long or too short (UPDATE=1 rewrites it)");
}

/// Every Rust source below a folder, sorted.
///
/// # Panics
/// If there is none, or the folder cannot be read.
pub fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry"))
        {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "{} holds no source", folder.display());
    found.sort();
    found
}
