//! Texts as they are compared: without case, width, accents, and what only separates words.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A part of a name: a word, or a character that stands alone as every Chinese one does.
pub(super) struct Part {
    /// The folded text.
    pub text: String,
}

impl Part {
    /// The Chinese character that this part is, if it is one.
    pub fn character(&self) -> Option<char> {
        let mut characters = self.text.chars();
        match (characters.next(), characters.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }
}

/// A text as it is compared.
pub(super) fn fold(text: &str) -> String {
    ordered(folded(text).filter(|c| !separates(*c)))
}

/// A text put together from parts that are folded. Marks that meet where something between them was left
/// out may stand in another order than Unicode's.
pub(super) fn ordered(characters: impl Iterator<Item = char>) -> String {
    characters.nfc().collect()
}

/// The parts of a name.
pub(super) fn parts(name: &str) -> Vec<Part> {
    let mut parts = Vec::<Part>::new();
    let mut in_word = false;
    for c in folded(name) {
        if separates(c) {
            in_word = false;
            continue;
        }
        let goes_on = is_combining_mark(c) || c.is_alphanumeric() && !stands_alone(c);
        match parts.last_mut().filter(|_| in_word && goes_on) {
            Some(word) => word.text.push(c),
            None => parts.push(Part { text: c.into() }),
        }
        in_word = goes_on;
    }
    parts
}

/// The characters of a text without case, width and accents.
fn folded(text: &str) -> impl Iterator<Item = char> {
    let plain = text.nfkd().filter(|c| !is_accent(*c) && !is_unseen(*c)).nfc();
    // The upper case first: it writes `ß` as `SS`.
    plain.flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

/// Whether a character is an accent of Latin, Greek or Cyrillic letters. Those of other scripts make other
/// letters.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}')
}

/// Whether a character is not seen and separates nothing.
pub(super) fn is_unseen(c: char) -> bool {
    c.is_control() && !c.is_whitespace()
        || matches!(
            c,
            '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        )
}

/// Whether a character only separates parts of a name, of a number or of an address, so that some write
/// it and some do not.
pub(super) fn separates(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '-' | '.' | ',' | ';' | ':' | '\'' | '"' | '`' | '(' | ')' | '[' | ']' | '/' | '\\'
                | '·' | '•' | '‧' | '・' | '、' | '。' | '‐'..='―' | '‘'..='‟'
        )
}

/// Whether a character is a part of a name by itself, so that the name is found from it on.
fn stands_alone(c: char) -> bool {
    // Kana, Chinese characters and Korean syllables.
    matches!(
        c,
        '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}'
            | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' | '\u{F900}'..='\u{FAFF}'
            | '\u{20000}'..='\u{323AF}'
    )
}
