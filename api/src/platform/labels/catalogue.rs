//! Labels: how people read the words of the contract, in both languages. They stand in
//! `api/labels`, a file for each area.

use crate::platform::problem::Language;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// A word of the contract with its label.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The word, as clients send and receive it.
    pub value: String,
    /// The label in English.
    pub en: String,
    /// The label in Chinese.
    pub zh: String,
}

impl Label {
    /// The label in a language.
    pub fn text(&self, language: Language) -> &str {
        language.of_both(&self.en, &self.zh)
    }
}

/// The labels of an enum of the contract.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Name of the enum's schema.
    pub name: String,
    /// What the enum tells, in English.
    pub en: String,
    /// What the enum tells, in Chinese.
    pub zh: String,
    /// Its values, in the order of the contract.
    pub values: Vec<Label>,
}

impl Group {
    /// What the enum tells, in a language.
    pub fn text(&self, language: Language) -> &str {
        language.of_both(&self.en, &self.zh)
    }

    /// The description of the enum in the contract.
    pub fn description(&self) -> String {
        let values = self.values.iter().map(|label| format!("\n- `{}`: {}", label.value, label.en));
        format!("{}.\n{}", self.en, values.collect::<String>())
    }

    /// The label of a value.
    pub fn label(&self, value: &str) -> Option<&Label> {
        self.values.iter().find(|label| label.value == value)
    }

    fn schema(&self) -> Value {
        let values = self.values.iter().map(|label| &label.value).collect::<Vec<_>>();
        json!({ "type": "string", "description": self.description(), "enum": values })
    }
}

macro_rules! read {
    ($($file:literal),+) => {
        [$(serde_json::from_str(include_str!(concat!("../../../labels/", $file, ".json")))
            .expect("the labels are valid")),+]
    };
}

static GROUPS: LazyLock<Vec<Group>> = LazyLock::new(|| {
    let files: [Vec<Group>; 6] =
        read!["people", "access", "cycles", "goals", "reviews", "everyday"];
    files.into_iter().flatten().collect()
});

/// Every type of event.
pub static EVENT_TYPES: LazyLock<Vec<Label>> = LazyLock::new(|| {
    let [types] = read!["events"];
    types
});

/// The dimensions of the framework that policies begin with; a policy may name others.
pub static DIMENSIONS: LazyLock<Vec<Label>> = LazyLock::new(|| {
    let [dimensions] = read!["dimensions"];
    dimensions
});

/// Every enum of the contract with its labels.
pub fn groups() -> &'static [Group] {
    &GROUPS
}

/// The labels of the enum with this name.
pub fn group(name: &str) -> Option<&'static Group> {
    GROUPS.iter().find(|group| group.name == name)
}

/// What separates the words of a list.
pub const COMMA: &str = ", ";

/// A word as people read it: its label, and the word itself, which programs and documents use. A
/// word that has no label stands for itself.
pub fn told(name: &str, word: &str, language: Language) -> String {
    with_label(group(name).and_then(|group| group.label(word)), word, language)
}

/// The words of a list, as people read them. `name` is that of their enum, `dimension`, or `*` for
/// the enum that has exactly these values.
pub fn list(name: &str, list: &str, language: Language) -> String {
    let words: Vec<&str> = list.split(COMMA).collect();
    let labels = match name {
        "dimension" => &DIMENSIONS[..],
        "*" => groups()
            .iter()
            .map(|group| &group.values[..])
            .find(|labels| labels.iter().map(|label| &label.value[..]).eq(words.iter().copied()))
            .unwrap_or_default(),
        name => group(name).map(|group| &group.values[..]).unwrap_or_default(),
    };
    let told = words
        .iter()
        .map(|word| with_label(labels.iter().find(|label| label.value == *word), word, language));
    told.collect::<Vec<_>>().join(language.of_both(COMMA, "、"))
}

fn with_label(label: Option<&Label>, word: &str, language: Language) -> String {
    match (label, language) {
        (None, _) => word.to_owned(),
        (Some(label), Language::En) => format!("{} ({word})", label.en),
        (Some(label), Language::Zh) => format!("{}（{word}）", label.zh),
    }
}

/// The schemas of all enums, by name: for schemas that refer to them by hand.
pub fn schemas() -> Map<String, Value> {
    GROUPS.iter().map(|group| (group.name.clone(), group.schema())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, HashSet};

    /// Labels that are the same in both languages for everybody.
    fn is_bilingual(en: &str, zh: &str) -> bool {
        let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        !en.is_empty() && en != zh && zh.chars().any(is_han) && !en.chars().any(is_han)
    }

    #[test]
    fn every_word_has_a_label_in_both_languages() {
        let lists = GROUPS.iter().map(|group| &group.values).chain([&*EVENT_TYPES, &*DIMENSIONS]);
        let words = lists.flatten().map(|label| (&label.value, &label.en, &label.zh));
        let names = GROUPS.iter().map(|group| (&group.name, &group.en, &group.zh));
        for (word, en, zh) in words.chain(names) {
            assert!(is_bilingual(en, zh), "{word}: `{en}`, `{zh}`");
        }
        assert!(!is_bilingual("Draft", "Draft") && !is_bilingual("Draft", ""));
    }

    /// Within one list, nobody could tell two words with the same label apart.
    #[test]
    fn no_two_words_of_a_list_have_the_same_label() {
        let groups = GROUPS.iter().map(|group| (&group.name[..], &group.values));
        for (name, labels) in groups.chain([("events", &*EVENT_TYPES)]) {
            for language in [Language::En, Language::Zh] {
                let texts: HashSet<_> = labels.iter().map(|label| label.text(language)).collect();
                assert_eq!(texts.len(), labels.len(), "{name}");
            }
            let words: HashSet<_> = labels.iter().map(|label| &label.value).collect();
            assert_eq!(words.len(), labels.len(), "{name}");
        }
    }

    #[test]
    fn people_read_the_label_and_the_word() {
        assert_eq!(told("GoalState", "draft", Language::En), "Draft (draft)");
        assert_eq!(told("GoalState", "draft", Language::Zh), "草稿（draft）");
        assert_eq!(told("GoalState", "no_such", Language::Zh), "no_such");
        assert_eq!(told("NoSuch", "draft", Language::Zh), "draft");
        assert_eq!(list("CycleKind", "half, 12", Language::Zh), "半年度（half）、12");
        assert_eq!(list("dimension", "competency", Language::En), "Competency (competency)");
        assert_eq!(
            list("*", "up, down", Language::Zh),
            "越高越好（正向）（up）、越低越好（反向）（down）"
        );
        assert_eq!(list("*", "up, left", Language::En), "up, left");
    }

    /// Enums with the same values that mean different things.
    const TWINS: &[[&str; 2]] = &[["GoalChangeAction", "MoveAction"]];

    #[test]
    fn no_two_enums_are_the_same() {
        let mut by_values = BTreeMap::<Vec<&str>, Vec<&str>>::new();
        for group in GROUPS.iter() {
            let mut values: Vec<_> = group.values.iter().map(|label| &label.value[..]).collect();
            values.sort_unstable();
            by_values.entry(values).or_default().push(&group.name);
        }
        let twins: Vec<_> = by_values.into_values().filter(|names| names.len() > 1).collect();
        assert_eq!(twins, TWINS);
        let names: HashSet<_> = GROUPS.iter().map(|group| &group.name).collect();
        assert_eq!(names.len(), GROUPS.len());
    }
}
