//! Enums with a stable text for storage and API, and an English sentence for people.

use crate::core::text::TextEnum;

/// An enum in which each value has a stable text and a meaning.
pub trait Named: TextEnum + Eq + core::fmt::Debug {
    /// One English sentence for people.
    fn meaning(self) -> &'static str;
}

/// Declares an enum with its texts. The doc comment of a value is also its meaning at run time, so
/// that documents, refusals and source always say the same.
macro_rules! named_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( #[doc = $meaning:literal] $value:ident = $text:literal, )* }
    ) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        pub enum $name { $( #[doc = $meaning] #[serde(rename = $text)] $value, )* }

        impl $crate::core::text::TextEnum for $name {
            const ALL: &'static [Self] = &[ $( Self::$value, )* ];

            fn as_str(self) -> &'static str {
                match self { $( Self::$value => $text, )* }
            }
        }

        impl $crate::state::Named for $name {
            fn meaning(self) -> &'static str {
                match self { $( Self::$value => $meaning.trim_ascii(), )* }
            }
        }
    };
}
