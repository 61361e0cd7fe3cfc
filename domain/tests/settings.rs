//! Tests that `docs/settings.md` shows the register.

use domain::scoring::settings::{Setting, register};
use std::fmt::Write as _;
use std::path::Path;

const HEAD: &str = "\
# Settings of a policy 制度设置

Every setting of a policy version, generated from the register in `domain/src/scoring/settings/`;
`UPDATE=1 cargo test -p domain --test settings` writes this page again. A policy names only what differs from the
default. Decimals are sent as text. A setting marked ○ may be set, but has no effect yet
（标有 ○ 的设置可以填写，但目前尚不起作用）.
";

fn document() -> String {
    let mut page = HEAD.to_owned();
    let mut section = "";
    for setting in register() {
        let (own, _) = setting.name.split_once('.').expect("a section");
        if own != section {
            section = own;
            let _ = write!(
                page,
                "\n## {section}\n| setting | default | takes | meaning | 含义 |\n|---|---|---|---|---|\n"
            );
        }
        let Setting { name, default, title, meaning, in_use, .. } = setting;
        let mark = if *in_use { "" } else { " ○" };
        let default = match default {
            serde_json::Value::Null => "off".to_owned(),
            serde_json::Value::String(text) => format!("`{text}`"),
            value => format!("`{value}`"),
        };
        let _ = writeln!(
            page,
            "| `{name}`{mark} | {default} | {} | {}: {} | {}：{} |",
            takes(setting),
            title.en,
            meaning.en,
            title.zh,
            meaning.zh
        );
    }
    page
}

fn takes(setting: &Setting) -> String {
    if !setting.allowed().is_empty() {
        let words = setting.allowed().iter();
        let words = words.map(|word| format!("`{}` {}", word.value, word.meaning.zh));
        return words.collect::<Vec<_>>().join("<br>");
    }
    let kind = setting.kind_name().to_string().replace('_', " ");
    match setting.limits() {
        Some((min, max)) => format!("{kind}, {min} to {max}"),
        None => kind,
    }
}

#[expect(clippy::disallowed_methods, reason = "UPDATE=1 is a switch of this test alone")]
#[test]
fn the_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/settings.md");
    let current = document();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == current, "docs/settings.md is stale; run with UPDATE=1");
}
