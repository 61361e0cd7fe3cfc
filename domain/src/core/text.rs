//! Enums that are stored and sent as text: a value is spelt the same in path, schema, table and
//! event. And what texts that people enter have in common.

use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// The form in which texts are compared that mean the same however they are typed: without regard to
/// case, and to whether letters are narrow, full-width or ligatures (NFKC).
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        let is_folded = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        return if is_folded { text.into() } else { text.to_ascii_lowercase().into() };
    }
    text.nfkc().collect::<String>().to_lowercase().nfkc().collect::<String>().into()
}

/// Whether a character takes no place and shows nothing by itself: joiners, marks of direction, soft
/// hyphens, fillers, selectors of variants.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether everything in a key can be seen: two keys that look alike are then the same one. The only
/// blank in it is the common one.
pub fn is_plain(key: &str) -> bool {
    !key.chars().any(|c| is_invisible(c) || (c.is_whitespace() && c != ' '))
}

/// Whether anything in a name can be seen. Joiners belong into some names.
pub fn is_visible(name: &str) -> bool {
    name.chars().any(|c| !is_invisible(c) && !c.is_whitespace() && !c.is_control())
}

/// Error: a text that is not a value of the enum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is none of: {expected}")]
pub struct UnknownText {
    /// The text that was given.
    pub value: String,
    /// The accepted texts, separated by commas.
    pub expected: String,
}

/// An enum in which each value has one text form.
pub trait TextEnum: Copy + Sized + 'static {
    /// Every value, in the order in which documents list them.
    const ALL: &'static [Self];

    /// The text form, in snake_case; it never changes.
    fn as_str(self) -> &'static str;

    /// Reads the text form.
    fn parse(text: &str) -> Result<Self, UnknownText> {
        Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or_else(|| UnknownText {
            value: text.to_owned(),
            expected: Self::ALL.iter().map(|value| value.as_str()).collect::<Vec<_>>().join(", "),
        })
    }
}

/// Declares an enum whose values have a text form. Serde, SQL and the API contract use the same
/// text.
#[macro_export]
macro_rules! text_enum {
    ($(#[$doc:meta])* $vis:vis enum $name:ident { $($(#[$vdoc:meta])* $value:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        $vis enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $value),* }

        impl $crate::core::text::TextEnum for $name {
            const ALL: &'static [Self] = &[$(Self::$value),*];
            fn as_str(self) -> &'static str {
                match self { $(Self::$value => $text),* }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str($crate::core::text::TextEnum::as_str(*self))
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_mean_the_same_are_alike() {
        for (text, folded) in [
            ("LI.NA@Acme.example", "li.na@acme.example"),
            ("ｌｉ．ｎａ", "li.na"),
            ("ÄPFEL", "äpfel"),
            ("A\u{308}pfel", "äpfel"),
            ("王小明", "王小明"),
            ("e1", "e1"),
        ] {
            assert_eq!(fold(text), folded);
            assert_eq!(fold(&fold(text)), folded, "once is enough");
        }
        assert!(matches!(fold("e-0043"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_cannot_be_seen_is_found() {
        for key in ["E0062\u{200b}", "\u{feff}E1", "E\u{a0}1", "E\u{3164}", "E\u{ad}1", "E\t1"] {
            assert!(!is_plain(key), "{key:?}");
        }
        for key in ["E 0062", "工号-1", "Ｅ１", "é"] {
            assert!(is_plain(key), "{key}");
        }
        for name in ["\u{200b}", "\u{3164} \u{200d}", " ", ""] {
            assert!(!is_visible(name), "{name:?}");
        }
        for name in ["\u{0d15}\u{0d4d}\u{200d}", "葛\u{e0100}城", "Li Na"] {
            assert!(is_visible(name), "{name:?}");
        }
    }
}
