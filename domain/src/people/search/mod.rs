//! Finding people by parts of their names, pinyin, initials, employee numbers and e-mail addresses.
//!
//! A person has a few [`Key`]s, which are stored in order. A search is the beginning of a key, so that it
//! reads neighbouring rows only, whatever is typed: no character in it has a meaning of its own.

mod folding;
mod readings;

use crate::people::org::Employee;
use folding::{Part, fold, is_unseen, ordered, parts};
use readings::readings;

/// Version of the keys. Keys of another version have to be made again, so it grows with whatever changes
/// the keys of anybody.
pub const VERSION: i32 = 1;
/// Most characters of a term. More of a search than this is not compared.
const LONGEST: usize = 64;
/// Most parts of a name from which it can be found.
const STARTS: usize = 12;
/// Most parts of an e-mail address from which it can be found.
const MAIL_STARTS: usize = 4;
/// Most spellings of one name, if some of its characters have several readings.
const SPELLINGS: usize = 4;
/// Most keys of a person.
const MOST: usize = 40;

/// By what a person is found, in the order in which those found are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The employee number.
    Number,
    /// The name from its beginning: as written, its pinyin, its initials.
    Beginning,
    /// The name from a later character or word on.
    Inside,
    /// The e-mail address.
    Mail,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Number, Self::Beginning, Self::Inside, Self::Mail];

    /// What every key of this kind begins with.
    fn digit(self) -> char {
        match self {
            Self::Number => '0',
            Self::Beginning => '1',
            Self::Inside => '2',
            Self::Mail => '3',
        }
    }
}

/// That by which people are found. Every colleague may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<'a> {
    /// The employee number.
    pub number: &'a str,
    /// The name.
    pub name: &'a str,
    /// The e-mail address at work.
    pub email: Option<&'a str>,
}

impl<'a> From<&'a Employee> for Named<'a> {
    fn from(person: &'a Employee) -> Self {
        let email = person.email.as_deref();
        Self { number: &person.employee_number, name: &person.name, email }
    }
}

/// A key under which a person is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// A digit for the kind, then the term. People found are listed in the order of these texts, compared
    /// byte by byte.
    pub text: String,
    /// How many characters the term has in common with an earlier key of the same person, at most. A
    /// search that is not longer finds the person under the earlier key.
    pub shared: i32,
}

/// The keys of a person, in order. None of them is found only where another one is.
pub fn keys<'a>(person: impl Into<Named<'a>>) -> Vec<Key> {
    let mut terms = terms(person.into());
    terms.sort_unstable();
    terms.dedup();
    let is_needless = |place: usize| {
        let (kind, term) = &terms[place];
        terms.iter().enumerate().any(|(other, (before, longer))| {
            other != place && before <= kind && longer.starts_with(&term[..])
        })
    };
    let needless: Vec<bool> = (0..terms.len()).map(is_needless).collect();
    let mut needless = needless.into_iter();
    terms.retain(|_| needless.next() == Some(false));
    let shared = |place: usize| {
        let (_, term) = &terms[place];
        terms[..place].iter().map(|(_, before)| in_common(before, term)).max().unwrap_or_default()
    };
    let key = |place: usize| {
        let (kind, term) = &terms[place];
        Key { text: format!("{}{term}", kind.digit()), shared: count(shared(place)) }
    };
    (0..terms.len()).map(key).collect()
}

/// The terms of a person, the more useful ones first.
fn terms(Named { number, name, email }: Named<'_>) -> Vec<(Kind, String)> {
    let parts = parts(name);
    let readings = readings(&parts);
    let spelt = |start: usize| {
        let (parts, readings) = (&parts[start..], &readings[start..]);
        let is_chinese = readings.iter().any(|readings| !readings.is_empty());
        let written = std::iter::once(parts.iter().map(|part| &part.text[..]).collect::<String>());
        let read = is_chinese.then(|| [spellings(parts, readings), initials(parts, readings)]);
        written.chain(read.into_iter().flatten().flatten())
    };
    let mail = email.map(addresses).unwrap_or_default();
    let mut terms = vec![(Kind::Number, fold(number))];
    let starts = parts.len().min(STARTS);
    terms.extend((0..starts.min(1)).flat_map(spelt).map(|term| (Kind::Beginning, term)));
    terms.extend(mail.into_iter().map(|term| (Kind::Mail, term)));
    terms.extend((1..starts).flat_map(spelt).map(|term| (Kind::Inside, term)));
    terms.truncate(MOST);
    for (_, term) in &mut terms {
        *term = ordered(term.chars());
        cut(term);
    }
    terms.retain(|(_, term)| !term.is_empty());
    terms
}

/// An e-mail address from its beginning and from later parts of what is before the `@`.
fn addresses(email: &str) -> Vec<String> {
    let local = email.rfind('@').unwrap_or(email.len());
    let later =
        email[..local].match_indices(['.', '_', '-', '+']).map(|(at, mark)| at + mark.len());
    std::iter::once(0).chain(later).take(MAIL_STARTS).map(|start| fold(&email[start..])).collect()
}

/// The pinyin of a name; what is not Chinese stays as it is.
fn spellings(parts: &[Part], readings: &[Vec<&str>]) -> Vec<String> {
    combined(parts.iter().zip(readings).map(|(part, readings)| match readings[..] {
        [] => vec![&part.text[..]],
        _ => readings.clone(),
    }))
}

/// The first letters of the parts of a name.
fn initials(parts: &[Part], readings: &[Vec<&str>]) -> Vec<String> {
    let first = |text: &str| text.chars().next().unwrap_or_default();
    combined(parts.iter().zip(readings).map(|(part, readings)| {
        let mut letters: Vec<char> = match readings[..] {
            [] => vec![first(&part.text)],
            _ => readings.iter().map(|reading| first(reading)).collect(),
        };
        letters.dedup();
        letters
    }))
}

/// Every text that takes one piece of each place in turn, up to [`SPELLINGS`].
fn combined<P>(places: impl Iterator<Item = Vec<P>>) -> Vec<String>
where
    P: Copy,
    String: Extend<P>,
{
    places.fold(vec![String::new()], |begun, pieces| {
        let longer = |text: &String| {
            let text = text.clone();
            pieces.clone().into_iter().map(move |piece| {
                let mut text = text.clone();
                text.extend([piece]);
                text
            })
        };
        begun.iter().flat_map(longer).take(SPELLINGS).collect()
    })
}

/// Cuts a term to [`LONGEST`] characters.
fn cut(term: &mut String) {
    if let Some((end, _)) = term.char_indices().nth(LONGEST) {
        term.truncate(end);
    }
}

/// How many characters two terms begin with in common.
fn in_common(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count()
}

fn count(characters: usize) -> i32 {
    i32::try_from(characters).unwrap_or(i32::MAX)
}

/// What somebody looks for: the beginning of a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    term: String,
}

impl Search {
    /// The search for a text; none if nothing in it can be seen. Case, width, accents, spaces and
    /// punctuation between words make no difference.
    pub fn of(text: &str) -> Option<Self> {
        let mut term = fold(text);
        if term.is_empty() {
            // Punctuation alone is in no term, so this finds nobody.
            let is_seen = |c: &char| !c.is_whitespace() && !is_unseen(*c);
            term = text.chars().filter(is_seen).collect();
        }
        cut(&mut term);
        (!term.is_empty()).then_some(Self { term })
    }

    /// Number of characters. A key with at least so many [shared](Key::shared) characters is not the one
    /// under which its person is listed.
    pub fn length(&self) -> i32 {
        count(self.term.chars().count())
    }

    /// Where the keys are that begin with the search, in the order in which people are listed: each from
    /// a text on, and before another one.
    pub fn ranges(&self) -> [(String, String); 4] {
        Kind::ALL.map(|kind| {
            let from = format!("{}{}", kind.digit(), self.term);
            let before = following(&from);
            (from, before)
        })
    }

    /// The key under which a person is listed; none if the person is not found.
    pub fn place<'a>(&self, person: impl Into<Named<'a>>) -> Option<String> {
        let is_found = |text: &String| text[1..].starts_with(&self.term);
        keys(person).into_iter().map(|key| key.text).find(is_found)
    }
}

/// The least text that is greater than all that begin with `text`, which begins with a digit.
fn following(text: &str) -> String {
    let mut text = text.to_owned();
    loop {
        let next = match text.pop() {
            Some('\u{D7FF}') => Some('\u{E000}'),
            Some(last) => char::from_u32(u32::from(last) + 1),
            None => return text,
        };
        if let Some(next) = next {
            text.push(next);
            return text;
        }
    }
}

#[cfg(test)]
mod tests;
