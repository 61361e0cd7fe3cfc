//! Enums that are stored and sent as text: a value is spelt the same in path, schema, table and
//! event.

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
