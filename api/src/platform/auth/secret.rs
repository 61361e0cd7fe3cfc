//! Secrets that are shown once: they name their tenant, and only their hash is kept.

use domain::core::id::TenantId;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use uuid::Uuid;

/// How an API key begins.
pub const API_KEY: &str = "evh_";
/// How a setup token begins.
const SETUP_TOKEN: &str = "evs_";

/// A secret on its way to the one who is shown it.
#[derive(Clone)]
pub struct Secret {
    /// The secret as it is shown.
    pub text: String,
    /// Its hash, which is kept.
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

    /// An API key with the part of it that may be shown, from 64 random bytes.
    pub fn api_key(tenant: TenantId, prefix: [u8; 32], random: [u8; 32]) -> (Self, String) {
        let prefix = hex(&prefix[..6]);
        let text = format!("{API_KEY}{}_{prefix}_{}", tenant.uuid().simple(), hex(&random));
        (Self::new(text), prefix)
    }
}

/// The hash under which a secret is kept. The secrets are random and long, so nothing slower than
/// SHA-256 is needed, and comparing hashes tells nothing about them.
pub fn hash(text: &str) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

/// The tenant a setup token names.
pub fn setup_token_tenant(text: &str) -> Option<TenantId> {
    let (tenant, _) = text.strip_prefix(SETUP_TOKEN)?.split_once('_')?;
    Uuid::try_parse(tenant).ok().map(TenantId::from)
}

/// The tenant and the prefix an API key names.
pub fn api_key_parts(text: &str) -> Option<(TenantId, &str)> {
    let (tenant, rest) = text.strip_prefix(API_KEY)?.split_once('_')?;
    let (prefix, _) = rest.split_once('_')?;
    Some((Uuid::try_parse(tenant).ok()?.into(), prefix))
}

/// A view as it is kept for replays: with null where the secret stands.
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
