//! JSON Merge Patch (RFC 7396): absent is unchanged, null is cleared.

use serde::{Deserialize, Deserializer};

/// Reads a property of a merge patch: with `#[serde(default)]` an absent one is `None`, a null one
/// `Some(None)`.
pub fn nullable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}
