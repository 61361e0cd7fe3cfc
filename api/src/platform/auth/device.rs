//! Device tokens: a sign-in issues one, so that a later sign-in is known to come from a device
//! where the right password was entered before. It gives no access; it only spares its holder the
//! wait that other people's failed attempts cause.

use crate::platform::keys::{Keys, stamp, stamped};
use domain::core::time::Timestamp;
use persistence::SigningKey;
use uuid::Uuid;

/// Purpose that device tokens are signed for.
const PURPOSE: &str = "device";
/// Days without a sign-in after which a device is no longer known.
const KNOWN_DAYS: i64 = 180;

/// The token of a device that has just signed in as `login`, which includes the company.
pub fn seal(key: &SigningKey, login: &str, device: Uuid, now: Timestamp) -> String {
    let text = format!("{}.{}.{}", device.simple(), now.timestamp(), key.kid);
    stamp(key, PURPOSE, &context(login), &text)
}

/// The device, if the token was issued for an earlier sign-in as `login`.
pub fn open(keys: &Keys, login: &str, token: &str, now: Timestamp) -> Option<Uuid> {
    open_with(|kid| keys.by_kid(kid), login, token, now)
}

fn open_with(
    by_kid: impl Fn(&str) -> Option<SigningKey>,
    login: &str,
    token: &str,
    now: Timestamp,
) -> Option<Uuid> {
    let [device, made, _] = stamped(by_kid, PURPOSE, &context(login), token)?;
    let age = now.timestamp() - made.parse::<i64>().ok()?;
    (age < KNOWN_DAYS * 24 * 60 * 60).then(|| Uuid::try_parse(&device).ok())?
}

fn context(login: &str) -> String {
    format!("{login}\0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    use chrono::TimeDelta;

    #[test]
    fn a_device_is_known_for_its_own_login_and_for_some_time() {
        let key = SigningKey {
            kid: "a".to_owned(),
            secret: vec![7; 32],
            created_at: Timestamp::UNIX_EPOCH,
            retired_at: None,
        };
        let by_kid = |kid: &str| (kid == "a").then(|| key.clone());
        let (device, now) = (Uuid::from_u128(7), Timestamp::UNIX_EPOCH);
        let token = seal(&key, "acme/li.na", device, now);
        let read = |login, token: &str, now| open_with(by_kid, login, token, now);
        assert_eq!(read("acme/li.na", &token, now), Some(device));
        assert_eq!(read("acme/wang.wei", &token, now), None);
        assert_eq!(read("acme/li.na", &token, now + TimeDelta::days(KNOWN_DAYS)), None);
        assert_eq!(open_with(|_| None, "acme/li.na", &token, now), None);
        let text = String::from_utf8(BASE64.decode(&token).unwrap()).unwrap();
        let forged = BASE64.encode(text.replacen('7', "8", 1));
        assert_eq!(read("acme/li.na", &forged, now), None);
        for nonsense in ["", "x", "e30"] {
            assert_eq!(read("acme/li.na", nonsense, now), None);
        }
    }
}
