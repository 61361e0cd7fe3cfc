//! Refresh tokens: each works once; all tokens of one sign-in belong to a session.

use crate::platform::keys::{Keys, stamp, stamped};
use domain::core::id::{SessionId, TenantId};
use persistence::SigningKey;
use uuid::Uuid;

/// Purpose that refresh tokens are signed for.
const PURPOSE: &str = "refresh";

/// The content of a refresh token. The session record says which generation is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// Id of the tenant.
    pub tenant: TenantId,
    /// Id of the session.
    pub session: SessionId,
    /// Number of the token within the session.
    pub generation: i32,
}

impl RefreshToken {
    /// The signed token.
    pub fn seal(&self, key: &SigningKey) -> String {
        let (tenant, session) = (self.tenant.uuid().simple(), self.session.uuid().simple());
        let text = format!("{tenant}.{session}.{}.{}", self.generation, key.kid);
        stamp(key, PURPOSE, "", &text)
    }

    /// Reads a token that is signed by one of the keys.
    pub fn open(keys: &Keys, token: &str) -> Option<Self> {
        Self::open_with(token, |kid| keys.by_kid(kid))
    }

    fn open_with(token: &str, by_kid: impl Fn(&str) -> Option<SigningKey>) -> Option<Self> {
        let [tenant, session, generation, _] = stamped(by_kid, PURPOSE, "", token)?;
        Some(Self {
            tenant: Uuid::try_parse(&tenant).ok()?.into(),
            session: Uuid::try_parse(&session).ok()?.into(),
            generation: generation.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::keys::mac;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    use domain::core::time::Timestamp;
    use hmac::Mac;

    #[test]
    fn only_what_was_signed_for_this_purpose_opens() {
        let key = SigningKey {
            kid: "a".to_owned(),
            secret: vec![7; 32],
            created_at: Timestamp::UNIX_EPOCH,
            retired_at: None,
        };
        let by_kid = |kid: &str| (kid == "a").then(|| key.clone());
        let token = RefreshToken {
            tenant: Uuid::from_u128(1).into(),
            session: Uuid::from_u128(2).into(),
            generation: 3,
        };
        let sealed = token.seal(&key);
        assert_eq!(RefreshToken::open_with(&sealed, by_kid), Some(token));
        assert_eq!(RefreshToken::open_with(&sealed, |_| None), None);
        let text = String::from_utf8(BASE64.decode(&sealed).unwrap()).unwrap();
        let forge = |text: &str| RefreshToken::open_with(&BASE64.encode(text), by_kid);
        assert_eq!(forge(&text), Some(token), "the forger can work honestly");
        assert_eq!(forge(&text.replace(".3.", ".4.")), None);
        let (signed, _) = text.rsplit_once('.').unwrap();
        assert_eq!(forge(signed), None);
        let tag = mac(&key, "cursor", signed.as_bytes()).finalize().into_bytes();
        assert_eq!(forge(&format!("{signed}.{}", BASE64.encode(tag))), None);
    }
}
