//! Secrets that are shown once. They name their tenant, and only their hash is stored.

use domain::core::id::TenantId;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use uuid::Uuid;

/// Prefix of an API key.
pub const API_KEY: &str = "evh_";
/// Prefix of a setup token.
const SETUP_TOKEN: &str = "evs_";

/// A new secret, to be shown once.
#[derive(Clone)]
pub struct Secret {
    /// The secret as it is shown.
    pub text: String,
    /// The hash, which is stored.
    pub hash: Vec<u8>,
}

impl Secret {
    fn new(text: String) -> Self {
        let hash = hash(&text);
        Self { text, hash }
    }

    /// A setup token, from 32 random bytes.
    pub fn setup_token(tenant: TenantId, random: [u8; 32]) -> Self {
        Self::new(format!("{SETUP_TOKEN}{}_{}", tenant.uuid().simple(), hex(&random)))
    }

    /// An API key, and its part that may be shown, from 64 random bytes.
    pub fn api_key(tenant: TenantId, prefix: [u8; 32], random: [u8; 32]) -> (Self, String) {
        let prefix = hex(&prefix[..6]);
        let text = format!("{API_KEY}{}_{prefix}_{}", tenant.uuid().simple(), hex(&random));
        (Self::new(text), prefix)
    }
}

/// The hash that is stored of a secret. Secrets are random and long, so SHA-256 is slow enough, and
/// comparing hashes discloses nothing about them.
pub fn hash(text: &str) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

/// The tenant that a setup token names.
pub fn setup_token_tenant(text: &str) -> Option<TenantId> {
    let (tenant, _) = text.strip_prefix(SETUP_TOKEN)?.split_once('_')?;
    Uuid::try_parse(tenant).ok().map(TenantId::from)
}

/// The tenant and prefix that an API key names.
pub fn api_key_parts(text: &str) -> Option<(TenantId, &str)> {
    let (tenant, rest) = text.strip_prefix(API_KEY)?.split_once('_')?;
    let (prefix, _) = rest.split_once('_')?;
    Some((Uuid::try_parse(tenant).ok()?.into(), prefix))
}

/// A view as it is stored for replays: with null instead of the secret.
pub fn withheld(view: &impl Serialize, property: &str) -> Value {
    let mut value = serde_json::to_value(view).unwrap_or_default();
    value[property] = Value::Null;
    value
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_name_their_tenant() {
        let tenant = TenantId::from(Uuid::from_u128(7));
        let setup = Secret::setup_token(tenant, [1; 32]);
        assert_eq!(setup_token_tenant(&setup.text), Some(tenant));
        let (key, prefix) = Secret::api_key(tenant, [2; 32], [3; 32]);
        assert_eq!(api_key_parts(&key.text), Some((tenant, prefix.as_str())));
        assert_eq!(key.hash, hash(&key.text));
        assert_eq!(api_key_parts(&setup.text), None);
        assert_eq!(setup_token_tenant("evs_no-uuid_00"), None);
    }
}
