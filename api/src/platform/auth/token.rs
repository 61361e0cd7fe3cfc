//! Access tokens: short-lived JWTs that name account and session, never rights.

use super::principal::Cache;
use crate::platform::refusal::Refusal;
use chrono::TimeDelta;
use domain::core::id::{AccountId, SessionId, TenantId};
use domain::core::time::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use persistence::SigningKey;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use std::time::Instant;

const AUDIENCE: &str = "evenhand-api";
const TYPE: &str = "access";
/// Maximum difference between the clocks of two replicas.
const LEEWAY: TimeDelta = TimeDelta::seconds(5);

/// The claims of an access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Id of the account.
    pub sub: AccountId,
    /// Id of the tenant.
    pub tid: TenantId,
    /// Id of the session.
    pub sid: SessionId,
    /// Session epoch of the account.
    pub epoch: i32,
    aud: String,
    typ: String,
    iat: i64,
    exp: i64,
}

impl Claims {
    /// The claims for an account's session, valid for `lifetime`.
    pub fn new(
        tenant: TenantId,
        account: AccountId,
        session: SessionId,
        epoch: i32,
        now: Timestamp,
        lifetime: TimeDelta,
    ) -> Self {
        Self {
            sub: account,
            tid: tenant,
            sid: session,
            epoch,
            aud: AUDIENCE.to_owned(),
            typ: TYPE.to_owned(),
            iat: now.timestamp(),
            exp: (now + lifetime).timestamp(),
        }
    }
}

/// Only one algorithm is accepted, whatever the header says. Times are checked against the
/// program's own clock.
static VALIDATION: LazyLock<Validation> = LazyLock::new(|| {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "aud", "sub"]);
    validation.validate_exp = false;
    validation
});

/// Signs a token.
pub fn issue(key: &SigningKey, claims: &Claims) -> Result<String, Refusal> {
    let header = Header { kid: Some(key.kid.clone()), ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(&key.secret))
        .map_err(|error| Refusal::Internal(format!("signing a token: {error}")))
}

const INVALID: Refusal = Refusal::Unauthenticated("no valid access token");

/// A token with a valid signature, which may have expired.
#[derive(Clone, Debug)]
pub struct Signed {
    claims: Claims,
    kid: String,
}

impl Signed {
    /// Checks the signature of a token.
    fn read(ring: &[SigningKey], token: &str) -> Result<Self, Refusal> {
        let kid = jsonwebtoken::decode_header(token).ok().and_then(|header| header.kid);
        let kid = kid.ok_or(INVALID)?;
        let key = ring.iter().find(|key| key.kid == kid).ok_or(INVALID)?;
        let key = DecodingKey::from_secret(&key.secret);
        let decoded = jsonwebtoken::decode::<Claims>(token, &key, &VALIDATION);
        let claims = decoded.map_err(|_| INVALID)?.claims;
        if claims.typ == TYPE { Ok(Self { claims, kid }) } else { Err(INVALID) }
    }

    /// The claims, unless they have expired or the key was retired.
    fn claims(self, ring: &[SigningKey], now: Timestamp) -> Result<Claims, Refusal> {
        if !ring.iter().any(|key| key.kid == self.kid) {
            return Err(INVALID);
        }
        if self.claims.exp + LEEWAY.num_seconds() <= now.timestamp() {
            return Err(Refusal::TokenExpired);
        }
        Ok(self.claims)
    }
}

/// Reads a token that is signed by one of the keys and has not expired. `seen` caches tokens for
/// half a second, byte by byte; their signature is not checked again.
pub fn verify(
    seen: &Cache<String, Signed>,
    ring: &[SigningKey],
    token: &str,
    now: Timestamp,
) -> Result<Claims, Refusal> {
    let asked = Instant::now();
    if let Some(known) = seen.get(token, asked) {
        return known.claims(ring, now);
    }
    let signed = Signed::read(ring, token);
    seen.keep(token.to_owned(), signed, asked)?.claims(ring, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    use serde_json::{Value, json};
    use uuid::Uuid;

    fn key(kid: &str, byte: u8) -> SigningKey {
        SigningKey {
            kid: kid.to_owned(),
            secret: vec![byte; 32],
            created_at: Timestamp::UNIX_EPOCH,
            retired_at: None,
        }
    }

    fn claims() -> Claims {
        let (lifetime, id) = (TimeDelta::minutes(10), Uuid::from_u128(1));
        Claims::new(id.into(), id.into(), id.into(), 1, Timestamp::UNIX_EPOCH, lifetime)
    }

    /// A token that an attacker with the key could make, with any header and claims.
    fn forge(algorithm: Algorithm, kid: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut body = serde_json::to_value(claims()).unwrap();
        change(&mut body);
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) };
        jsonwebtoken::encode(&header, &body, &EncodingKey::from_secret(&[7; 32])).unwrap()
    }

    fn refused(token: &str) -> bool {
        let (seen, ring) = (Cache::default(), [key("a", 7)]);
        let verdict = || verify(&seen, &ring, token, Timestamp::UNIX_EPOCH);
        (0..2).all(|_| matches!(verdict(), Err(Refusal::Unauthenticated(_))))
    }

    #[test]
    fn an_honest_token_says_what_was_signed_until_it_expires() {
        let ring = [key("b", 8), key("a", 7)];
        let token = issue(&ring[1], &claims()).unwrap();
        let (seen, start) = (Cache::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(verify(&seen, &ring, &token, start).unwrap(), claims());
        let end = start + TimeDelta::minutes(10) + LEEWAY;
        assert!(verify(&seen, &ring, &token, end - TimeDelta::seconds(1)).is_ok());
        assert!(matches!(verify(&seen, &ring, &token, end), Err(Refusal::TokenExpired)));
        let retired = verify(&seen, &ring[..1], &token, start);
        assert!(matches!(retired, Err(Refusal::Unauthenticated(_))), "seen, but its key is gone");
    }

    #[test]
    fn forged_tokens_are_refused() {
        assert!(!refused(&forge(Algorithm::HS256, "a", |_| {})), "the forger can work honestly");
        assert!(refused(&forge(Algorithm::HS256, "unknown", |_| {})));
        assert!(refused(&forge(Algorithm::HS256, "../a", |_| {})));
        assert!(refused(&forge(Algorithm::HS384, "a", |_| {})));
        assert!(refused(&forge(Algorithm::HS512, "a", |_| {})));
        assert!(refused(&forge(Algorithm::HS256, "a", |body| body["aud"] = json!("other"))));
        assert!(refused(&forge(Algorithm::HS256, "a", |body| body["aud"] = json!([]))));
        assert!(refused(&forge(Algorithm::HS256, "a", |body| body["exp"] = json!("9999999999"))));
        assert!(refused(&forge(Algorithm::HS256, "a", |body| body["exp"] = Value::Null)));
        assert!(refused(&forge(Algorithm::HS256, "a", |body| body["typ"] = json!("refresh"))));
        assert!(refused(&forge(Algorithm::HS256, "a", |body| body["sub"] = json!("root"))));
        assert!(refused("no.token"));
    }

    #[test]
    fn a_token_without_a_signature_is_refused() {
        let body = BASE64.encode(serde_json::to_vec(&claims()).unwrap());
        for algorithm in ["none", "None", "NONE", "HS256", "RS256"] {
            let header = json!({ "alg": algorithm, "typ": "JWT", "kid": "a" }).to_string();
            assert!(refused(&format!("{}.{body}.", BASE64.encode(header))), "{algorithm}");
        }
        let honest = forge(Algorithm::HS256, "a", |_| {});
        let (signed, _) = honest.rsplit_once('.').unwrap();
        assert!(refused(&format!("{signed}.")));
    }
}
