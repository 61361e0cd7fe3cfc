//! Enums that are kept and sent as text: one spelling in path, schema, table and event.

/// A value outside the list of an enum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is none of: {expected}")]
pub struct UnknownText {
    /// What was given.
    pub value: String,
    /// What would have been accepted, comma separated.
    pub expected: String,
}

/// An enum with one text form per value.
pub trait TextEnum: Copy + Sized + 'static {
    /// Every value, in the order documents show them.
    const ALL: &'static [Self];

    /// The text form: snake_case, stable.
    fn as_str(self) -> &'static str;

    /// Reads the text form.
    fn parse(text: &str) -> Result<Self, UnknownText> {
        Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or_else(|| UnknownText {
            value: text.to_owned(),
            expected: Self::ALL.iter().map(|value| value.as_str()).collect::<Vec<_>>().join(", "),
        })
    }
}

/// Declares an enum whose values have a text form, used alike by serde, SQL and the contract.
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
