//! JSON Merge Patch (RFC 7396): an absent property stays as it is, null clears it.

use serde::{Deserialize, Deserializer};

/// Reads a property of a merge patch. With `#[serde(default)]`, an absent property is `None` and
/// null is `Some(None)`.
pub fn nullable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}
