//! Passwords: rules for new ones, and hashing on separate threads.

use super::throttle::Source;
use crate::platform::places::Places;
use crate::platform::refusal::Refusal;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use std::collections::HashSet;
use std::time::Duration;

/// Minimum number of characters of a password.
pub const MIN_LENGTH: usize = 12;
/// Maximum number of characters of a password.
pub const MAX_LENGTH: usize = 128;

/// Number of passwords hashed at once; bounds the threads and the memory (19 MiB each) for signing
/// in.
const AT_ONCE: usize = 4;
/// How long a sign-in waits for its turn.
const WAIT: Duration = Duration::from_secs(2);
/// Minimum number of different characters of a password.
const MIN_DISTINCT: usize = 5;

/// A hash that no password matches. An account without a password is checked against it, so that
/// the time of an answer does not disclose whether the login exists.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA\
                      $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The most common passwords that satisfy the minimum length, in lower case.
const COMMON: &str = include_str!("common_passwords.txt");

/// The threads on which passwords are hashed, divided so that no single source takes all of them.
pub struct Passwords {
    turns: Places<Source>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Places::new(AT_ONCE) }
    }
}

impl Passwords {
    /// Whether `password` matches `hash`. Without a hash always false, after the same time.
    pub async fn verify(
        &self,
        source: Source,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, Refusal> {
        let known = hash.is_some();
        let right = self.on_a_thread(source, move || {
            let hash = hash.as_deref().unwrap_or(NOBODY);
            let hash = PasswordHash::new(hash).map_err(internal)?;
            Ok(argon2().verify_password(password.as_bytes(), &hash).is_ok())
        });
        Ok(right.await? && known)
    }

    /// The hash of a new password.
    pub async fn hash(
        &self,
        source: Source,
        password: String,
        random: [u8; 32],
    ) -> Result<String, Refusal> {
        self.on_a_thread(source, move || hash(&password, random)).await
    }

    #[expect(clippy::disallowed_methods, reason = "waits its turn before it takes a thread")]
    async fn on_a_thread<R: Send + 'static>(
        &self,
        source: Source,
        work: impl FnOnce() -> Result<R, Refusal> + Send + 'static,
    ) -> Result<R, Refusal> {
        let turn = self.turns.take(source, 1, WAIT).await?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.unwrap_or_else(|error| Err(Refusal::Internal(error.to_string())))
    }
}

/// The hash of a password, computed on the calling thread.
pub fn hash(password: &str, random: [u8; 32]) -> Result<String, Refusal> {
    let salt = SaltString::encode_b64(&random[..16]).map_err(internal)?;
    let hash = argon2().hash_password(password.as_bytes(), &salt).map_err(internal)?;
    Ok(hash.to_string())
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(19_456, 2, 1, None).expect("the parameters are within bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn internal(error: argon2::password_hash::Error) -> Refusal {
    Refusal::Internal(format!("password hash: {error}"))
}

/// Refuses a password that is too easy to guess for this login.
pub fn check(pointer: &str, password: &str, login: &str) -> Result<(), Refusal> {
    match fault(password, login) {
        None => Ok(()),
        Some(code) => Err(Refusal::invalid(pointer, code)),
    }
}

fn fault(password: &str, login: &str) -> Option<&'static str> {
    let (password, login) = (password.to_lowercase(), login.to_lowercase());
    let person = login.split('@').next().unwrap_or_default();
    let distinct: HashSet<char> = password.chars().collect();
    let length = password.chars().count();
    if COMMON.lines().any(|common| common == password) {
        Some("password_breached_common")
    } else if !(MIN_LENGTH..=MAX_LENGTH).contains(&length)
        || distinct.len() < MIN_DISTINCT
        || (person.chars().count() > 2 && password.contains(person))
    {
        Some("password_weak")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_easy_to_guess_are_refused() {
        let fault = |password| fault(password, "Li.Na@example.com");
        assert_eq!(fault("correct horse battery"), None);
        assert_eq!(fault("一二三四五六七八九十百千"), None);
        assert_eq!(fault("Password1234"), Some("password_breached_common"));
        assert_eq!(fault("short-of-12"), Some("password_weak"));
        assert_eq!(fault("abababababab"), Some("password_weak"));
        assert_eq!(fault("my-li.na-secret"), Some("password_weak"));
    }

    #[test]
    fn common_passwords_could_all_be_chosen() {
        for common in COMMON.lines() {
            assert!(common.chars().count() >= MIN_LENGTH, "{common} is too short to be listed");
            assert_eq!(common, common.to_lowercase());
        }
    }

    #[actix_web::test]
    async fn a_hash_verifies_its_password_only_and_nobody_has_one() {
        let (passwords, here) = (Passwords::default(), Source::Device(uuid::Uuid::nil()));
        let verify = |password: &str, hash| passwords.verify(here, password.to_owned(), hash);
        let hash = passwords.hash(here, "correct horse".into(), [1; 32]).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("correct horse", Some(hash.clone())).await.unwrap());
        assert!(!verify("wrong horse", Some(hash)).await.unwrap());
        assert!(!verify("", None).await.unwrap());
    }
}
