//! Tokens made by hand, to test that forged ones are refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::{Sha256, Sha512};

/// The bytes of a part of a token.
///
/// # Panics
/// If the part is no base64url.
pub fn decode(part: &str) -> Vec<u8> {
    BASE64.decode(part).expect("base64url")
}

/// A token signed as its header says: with no signature, with HMAC-SHA-512 or with HMAC-SHA-256.
pub fn signed(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let part = |value: &Value| BASE64.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = match header["alg"].as_str() {
        Some("none") => Vec::new(),
        Some("HS512") => {
            let mac = Hmac::<Sha512>::new_from_slice(secret).expect("any length is a key");
            mac.chain_update(&message).finalize().into_bytes().to_vec()
        }
        _ => {
            let mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length is a key");
            mac.chain_update(&message).finalize().into_bytes().to_vec()
        }
    };
    format!("{message}.{}", BASE64.encode(signature))
}
