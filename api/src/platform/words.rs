//! Enums of the contract: each has a schema with a name of its own, and words for its values in
//! both languages.

use crate::platform::labels;
use crate::platform::problem::Language;
use domain::core::text::TextEnum;
use std::borrow::Cow;
use std::marker::PhantomData;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, RefBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// An enum that the contract names. The labels of its values stand in `api/labels`, under the same
/// name.
pub trait Word: TextEnum {
    /// Name of the schema in the contract; stable.
    const NAME: &'static str;
}

/// The schema of an enum of the domain; documents alone use it, never values.
pub struct Words<T>(PhantomData<T>);

impl<T: Word> PartialSchema for Words<T> {
    fn schema() -> RefOr<Schema> {
        let forms = T::ALL.iter().map(|value| value.as_str());
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(labels::group(T::NAME).map(labels::Group::description))
            .enum_values(Some(forms))
            .into()
    }
}

impl<T: Word> ToSchema for Words<T> {
    fn name() -> Cow<'static, str> {
        T::NAME.into()
    }
}

/// A word of the contract that people read with its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    of: &'static str,
    value: &'static str,
}

impl Told {
    /// A value of an enum.
    pub fn new<T: Word>(value: T) -> Self {
        Self { of: T::NAME, value: value.as_str() }
    }

    /// Values of an enum.
    pub fn all<T: Word>(values: impl IntoIterator<Item = T>) -> Vec<Self> {
        values.into_iter().map(Self::new).collect()
    }

    /// A word of no enum, which stands for itself.
    pub const fn bare(value: &'static str) -> Self {
        Self { of: "", value }
    }

    /// The word.
    pub const fn value(self) -> &'static str {
        self.value
    }

    /// The word with its label.
    pub fn text(self, language: Language) -> String {
        labels::told(self.of, self.value, language)
    }
}

/// The reference to the schema of an enum, with what the value means in its place.
pub fn described<W: ToSchema>(description: &str) -> Ref {
    RefBuilder::new()
        .ref_location_from_schema_name(W::name())
        .description(Some(description))
        .build()
}

/// [`described`], where the value may also be null.
pub fn described_or_null<W: ToSchema>(description: &str) -> RefOr<Schema> {
    OneOfBuilder::new()
        .description(Some(description))
        .item(Ref::from_schema_name(W::name()))
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .into()
}

/// Fails unless `api/labels` has a label for each value of an enum, in the same order.
#[cfg(test)]
pub fn assert_labelled<T: Word>() {
    let values: Vec<_> = T::ALL.iter().map(|value| value.as_str()).collect();
    let labels = labels::group(T::NAME).map(|group| &group.values[..]).unwrap_or_default();
    let labels: Vec<_> = labels.iter().map(|label| &label.value).collect();
    assert_eq!(values, labels, "{}", T::NAME);
}

/// Names enums in the contract, one file for each area. Views refer to them by `#[schema(value_type = words::Name)]`.
macro_rules! words {
    ($($name:ident of $of:ty;)+) => {$(
        #[doc = concat!("The schema `", stringify!($name), "`.")]
        pub type $name = $crate::platform::words::Words<$of>;

        impl $crate::platform::words::Word for $of {
            const NAME: &'static str = stringify!($name);
        }
    )+

    #[cfg(test)]
    #[test]
    fn every_value_has_a_label() {
        $($crate::platform::words::assert_labelled::<$of>();)+
    }};
}
pub(crate) use words;

words! {
    Locale of Language;
    SettingKind of domain::scoring::settings::KindName;
    JobKind of domain::everyday::job::JobKind;
    JobState of domain::everyday::job::JobState;
    DateFormat of crate::platform::files::dates::DateFormat;
    RowOutcome of domain::core::import::RowOutcome;
}
