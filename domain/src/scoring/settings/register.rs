//! The register as data: what each setting is called, what it takes and what it means.

use crate::core::number::Exact;
use crate::scoring::scale::{Grade, PerGrade, Scale};
use crate::scoring::trace::Locale;
use crate::text_enum;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A text in the languages of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// In English.
    pub en: &'static str,
    /// In simplified Chinese.
    pub zh: &'static str,
}

impl Text {
    /// The text, without blanks at the ends of the English one.
    pub(super) const fn new(en: &'static str, zh: &'static str) -> Text {
        Text { en: en.trim_ascii(), zh }
    }

    /// The text in a language.
    pub const fn of(&self, locale: Locale) -> &'static str {
        match locale {
            Locale::En => self.en,
            Locale::Zh => self.zh,
        }
    }
}

/// A word that a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word as it is stored and sent.
    pub value: &'static str,
    /// What it means.
    pub meaning: Text,
}

impl Word {
    pub(super) const fn new(value: &'static str, meaning: Text) -> Word {
        Word { value, meaning }
    }
}

/// A closed range of decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Lowest value, as a decimal.
    pub min: &'static str,
    /// Highest value, as a decimal.
    pub max: &'static str,
}

impl Range {
    pub(super) const fn new(min: &'static str, max: &'static str) -> Range {
        Range { min, max }
    }

    fn holds(&self, value: &Exact) -> bool {
        let ends = (Exact::parse(self.min), Exact::parse(self.max));
        matches!(ends, (Ok(min), Ok(max)) if (&min..=&max).contains(&value))
    }
}

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A decimal, written as text.
    Decimal(Range),
    /// A decimal, written as text, or null for "off".
    OptionalDecimal(Range),
    /// A whole number from the first to the second one.
    Integer(u32, u32),
    /// Yes or no.
    Boolean,
    /// One of some words.
    Word(&'static [Word]),
    /// Several words that the organisation chooses: at most so many, each at most so long.
    Words(usize, usize),
    /// A closed range of whole numbers within these bounds, written `3..8`.
    Counts(u32, u32),
    /// A closed range of decimals within these bounds, written `5..60`.
    Decimals(Range),
    /// A decimal for each grade.
    PerGrade(Range),
    /// A percentage for each grade; they sum to 100.
    Shares,
    /// A grade scale, or null for the preset.
    Scale,
}

text_enum! {
    /// The name of a kind of setting, for those who show the register.
    pub enum KindName {
        /// A decimal, written as text.
        Decimal = "decimal",
        /// A whole number.
        Integer = "integer",
        /// Yes or no.
        Boolean = "boolean",
        /// One of some words.
        Word = "word",
        /// Several words that the organisation chooses.
        WordList = "word_list",
        /// A closed range of numbers, written `3..8`.
        Range = "range",
        /// A decimal for each grade.
        PerGrade = "per_grade",
        /// A grade scale.
        Scale = "scale",
    }
}

/// What is wrong with one value by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// It is not of the kind of the setting.
    WrongType,
    /// It is of that kind, but none of the values that are allowed.
    NotAllowed,
    /// A number, or the number of entries, lies outside these limits.
    OutOfRange {
        /// Lowest allowed number.
        min: String,
        /// Highest allowed number.
        max: String,
    },
    /// The shares do not sum to 100.
    SumNot100,
}

/// A setting of the register.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Published name, such as `kpi.cap`.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What it is unless a policy says otherwise.
    pub default: Value,
    /// What people call it.
    pub title: Text,
    /// What it does, with its unit.
    pub meaning: Text,
    /// Whether the program acts on it; otherwise it may be set, but has no effect yet.
    pub in_use: bool,
}

/// A setting as its section declares it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub name: &'static str,
    pub kind: Kind,
    pub title: Text,
    pub meaning: Text,
    pub in_use: bool,
}

impl Setting {
    pub(super) fn new(entry: Entry, default: Value) -> Setting {
        let Entry { name, kind, title, meaning, in_use } = entry;
        Setting { name, kind, default, title, meaning, in_use }
    }

    /// The name of its kind.
    pub fn kind_name(&self) -> KindName {
        match self.kind {
            Kind::Decimal(_) | Kind::OptionalDecimal(_) => KindName::Decimal,
            Kind::Integer(..) => KindName::Integer,
            Kind::Boolean => KindName::Boolean,
            Kind::Word(_) => KindName::Word,
            Kind::Words(..) => KindName::WordList,
            Kind::Counts(..) | Kind::Decimals(_) => KindName::Range,
            Kind::PerGrade(_) | Kind::Shares => KindName::PerGrade,
            Kind::Scale => KindName::Scale,
        }
    }

    /// Whether it takes null, which turns it off.
    pub fn is_optional(&self) -> bool {
        matches!(self.kind, Kind::OptionalDecimal(_) | Kind::Scale)
    }

    /// Whether its default is that of the scale in force; [`Setting::default`] is that of the
    /// preset which is the default.
    pub fn follows_the_scale(&self) -> bool {
        self.name == super::CAP
    }

    /// The words it takes; empty unless it takes one of some words.
    pub fn allowed(&self) -> &'static [Word] {
        match self.kind {
            Kind::Word(words) => words,
            _ => &[],
        }
    }

    /// The lowest and the highest number it takes, as decimals; `None` if it takes no numbers.
    pub fn limits(&self) -> Option<(String, String)> {
        match self.kind {
            Kind::Integer(min, max) | Kind::Counts(min, max) => {
                Some((min.to_string(), max.to_string()))
            }
            Kind::Decimal(range)
            | Kind::OptionalDecimal(range)
            | Kind::Decimals(range)
            | Kind::PerGrade(range) => Some((range.min.into(), range.max.into())),
            Kind::Shares => Some(("0".into(), "100".into())),
            Kind::Boolean | Kind::Word(_) | Kind::Words(..) | Kind::Scale => None,
        }
    }

    /// What is wrong with a value of this setting, apart from how it goes with other settings.
    pub fn misfit(&self, value: &Value) -> Option<Misfit> {
        if value.is_null() && self.is_optional() {
            return None;
        }
        self.kind.judge(value).err()
    }
}

/// Most characters of a letter or name of a grade.
const LONGEST_LABEL: usize = 40;

type Judged = Result<(), Misfit>;

impl Kind {
    fn judge(&self, value: &Value) -> Judged {
        match self {
            Kind::Decimal(range) | Kind::OptionalDecimal(range) => {
                within(range, &decimal(text(value)?)?)
            }
            Kind::Integer(min, max) => match value.as_i64() {
                Some(number) => between(*min, *max, number),
                // A whole number may be larger than that.
                None if value.is_u64() => between(*min, *max, i64::MAX),
                None => Err(Misfit::WrongType),
            },
            Kind::Boolean => value.as_bool().map(drop).ok_or(Misfit::WrongType),
            Kind::Word(words) => {
                let given = text(value)?;
                let is_known = words.iter().any(|word| word.value == given);
                is_known.then_some(()).ok_or(Misfit::NotAllowed)
            }
            Kind::Words(most, longest) => {
                let words = value.as_array().ok_or(Misfit::WrongType)?;
                let words = words.iter().map(text).collect::<Result<Vec<_>, _>>()?;
                let fits = |word: &&str| name_within(word, *longest);
                if words.len() > *most {
                    return Err(Misfit::OutOfRange { min: "0".into(), max: most.to_string() });
                }
                words.iter().all(fits).then_some(()).ok_or(Misfit::NotAllowed)
            }
            Kind::Counts(min, max) => {
                let whole = |end: &str| {
                    let is_whole = !end.is_empty() && end.bytes().all(|it| it.is_ascii_digit());
                    // More digits than that are far beyond any limit.
                    is_whole.then(|| end.parse().unwrap_or(i64::MAX)).ok_or(Misfit::WrongType)
                };
                span(value, whole, |end| between(*min, *max, *end))
            }
            Kind::Decimals(range) => span(value, decimal, |end| within(range, end)),
            Kind::PerGrade(range) => per_grade(value, range).map(drop),
            Kind::Shares => {
                let shares = per_grade(value, &Range::new("0", "100"))?;
                let sum: Exact = shares.iter().sum();
                (sum == Exact::from(100)).then_some(()).ok_or(Misfit::SumNot100)
            }
            Kind::Scale => scale(value),
        }
    }
}

fn text(value: &Value) -> Result<&str, Misfit> {
    value.as_str().ok_or(Misfit::WrongType)
}

fn decimal(text: &str) -> Result<Exact, Misfit> {
    Exact::parse(text).map_err(|_| Misfit::WrongType)
}

fn shaped<T: DeserializeOwned>(value: &Value) -> Result<T, Misfit> {
    T::deserialize(value).map_err(|_| Misfit::WrongType)
}

fn within(range: &Range, number: &Exact) -> Judged {
    let outside = || Misfit::OutOfRange { min: range.min.into(), max: range.max.into() };
    range.holds(number).then_some(()).ok_or_else(outside)
}

fn between(min: u32, max: u32, number: i64) -> Judged {
    let outside = || Misfit::OutOfRange { min: min.to_string(), max: max.to_string() };
    (i64::from(min)..=i64::from(max)).contains(&number).then_some(()).ok_or_else(outside)
}

/// Judges a range such as `3..8`: both ends, and that it does not fall.
fn span<N: PartialOrd>(
    value: &Value,
    read: impl Fn(&str) -> Result<N, Misfit>,
    judge: impl Fn(&N) -> Judged,
) -> Judged {
    let (min, max) = text(value)?.split_once("..").ok_or(Misfit::WrongType)?;
    let (min, max) = (read(min)?, read(max)?);
    judge(&min)?;
    judge(&max)?;
    (min <= max).then_some(()).ok_or(Misfit::NotAllowed)
}

/// Judges the form of a scale; whether its bands are in order depends on the lowest score too.
fn scale(value: &Value) -> Judged {
    let scale = shaped::<Scale>(value)?;
    // Fractions come from computing, not from people.
    let is_fraction = |part: &str| value[part].to_string().contains('/');
    if ["cap", "bands", "conversion"].into_iter().any(is_fraction) {
        return Err(Misfit::WrongType);
    }
    let mut names = scale.labels.iter().flat_map(|label| [&label.letter, &label.zh, &label.en]);
    let all_fit = names.all(|name| name_within(name, LONGEST_LABEL));
    all_fit.then_some(()).ok_or(Misfit::NotAllowed)
}

/// Whether a name is neither empty nor too long nor padded with blanks.
fn name_within(name: &str, longest: usize) -> bool {
    name.trim() == name && (1..=longest).contains(&name.chars().count())
}

fn per_grade(value: &Value, range: &Range) -> Result<PerGrade<Exact>, Misfit> {
    let texts = shaped::<PerGrade<String>>(value)?;
    let numbers = texts.iter().map(|text| decimal(text)).collect::<Result<Vec<_>, _>>()?;
    numbers.iter().try_for_each(|number| within(range, number))?;
    let numbers: [Exact; Grade::ALL.len()] = numbers.try_into().map_err(|_| Misfit::WrongType)?;
    Ok(PerGrade::new(numbers))
}
