//! Signing keys: stored in the database, wrapped with the key file, rotated by command, shared by
//! all replicas.

use crate::platform::app::{App, new_id, seed};
use crate::platform::key_file::KeyFile;
use actix_web::web::Data;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use domain::core::id::TenantId;
use domain::core::time::Timestamp;
use hmac::{Hmac, Mac};
use persistence::{Database, DbError, SigningKey};
use sha2::Sha256;
use std::error::Error;
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use uuid::Uuid;

/// Age at which a key begins to sign: by then every replica must have read it.
const SETTLING: chrono::TimeDelta = chrono::TimeDelta::seconds(5);

/// Interval at which the keys are read again.
const REFRESH: Duration = Duration::from_secs(1);

/// Purpose that the keys are wrapped for.
const WRAPPED: &str = "signing key";

/// The keys in use. Old keys verify until they are retired.
pub struct Keys {
    ring: RwLock<Arc<Vec<SigningKey>>>,
    wrapper: SigningKey,
}

impl Keys {
    /// Opens the key file of a database and reads the keys wrapped with it. If nothing is wrapped
    /// yet, creates a missing file and a first key, and wraps unwrapped keys of an earlier version.
    ///
    /// # Errors
    /// The database cannot be read, or the key file is missing or is not the one the keys are
    /// wrapped with; in these cases neither a file nor a key is left behind.
    pub async fn open(
        db: &Database,
        path: &Path,
        now: Timestamp,
    ) -> Result<(KeyFile, Self), Box<dyn Error>> {
        let is_first = are_bare(&Self::kept(db).await?);
        let (file, is_made) =
            if is_first { KeyFile::open_or_create(path)? } else { (KeyFile::open(path)?, false) };
        let keys = Self { ring: RwLock::default(), wrapper: wrapper(&file) };
        // Otherwise nothing is written, because the database may be read-only.
        if is_first && let Err(error) = keys.keep(db, false, now).await {
            // Another replica was faster, with another file. After any other failure it is unknown
            // whether something wrapped with this file was saved.
            if is_made && matches!(error, DbError::Corrupt(_)) {
                KeyFile::discard(path)?;
            }
            return Err(error.into());
        }
        keys.refresh(db).await?;
        Ok((file, keys))
    }

    /// Creates a new key, which signs after a few seconds; returns its name.
    ///
    /// # Errors
    /// The database cannot be written, or the key file is not the one of the existing keys.
    pub async fn rotate(&self, db: &Database, now: Timestamp) -> Result<String, DbError> {
        self.keep(db, true, now).await
    }

    /// Wraps the keys of an earlier version and adds a key: the first one, or another one. Reading
    /// and writing are one unit of work, so that of two replicas with different key files the
    /// second one is refused.
    async fn keep(&self, db: &Database, another: bool, now: Timestamp) -> Result<String, DbError> {
        let kid = new_id().simple().to_string();
        let secret = seed().to_vec();
        let key = SigningKey { kid: kid.clone(), secret, created_at: now, retired_at: None };
        let (wrapper, key) = (self.wrapper.clone(), wrapped(&self.wrapper, &key)?);
        let context = crate::platform::caller::system_context(TenantId::from(Uuid::nil()), now);
        let keep = db.write(context, move |store| {
            let kept = store.hold_signing_keys()?;
            let is_wanted = another || kept.is_empty();
            if are_bare(&kept) {
                for bare in &kept {
                    store.wrap_signing_key(&wrapped(&wrapper, bare)?)?;
                }
            } else {
                unwrapped(&wrapper, kept)?;
            }
            if is_wanted {
                store.create_signing_key(&key)?;
            }
            Ok::<_, DbError>(())
        });
        keep.await?;
        Ok(kid)
    }

    /// Reads the keys again, so that a rotation elsewhere takes effect here.
    pub async fn refresh(&self, db: &Database) -> Result<(), DbError> {
        let ring = unwrapped(&self.wrapper, Self::kept(db).await?)?;
        *self.ring.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(ring);
        Ok(())
    }

    /// Reads the keys at intervals, so that each process knows every key in time.
    pub async fn stay_fresh(app: Data<App>) {
        loop {
            tokio::time::sleep(REFRESH).await;
            if let Err(error) = app.keys.refresh(&app.db).await {
                log::warn!("the signing keys were not read: {error}");
            }
        }
    }

    async fn kept(db: &Database) -> Result<Vec<SigningKey>, DbError> {
        db.read(TenantId::from(Uuid::nil()), |store| store.signing_keys()).await
    }

    /// The keys that verify, oldest first.
    pub fn ring(&self) -> Arc<Vec<SigningKey>> {
        Arc::clone(&self.ring.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// The key that signs: the newest that every replica must know by now, otherwise the oldest.
    pub fn signing(&self, now: Timestamp) -> Option<SigningKey> {
        let ring = self.ring();
        let settled = ring.iter().rev().find(|key| key.created_at + SETTLING <= now);
        settled.or_else(|| ring.first()).cloned()
    }

    /// A key by its name.
    pub fn by_kid(&self, kid: &str) -> Option<SigningKey> {
        self.ring().iter().find(|key| key.kid == kid).cloned()
    }
}

/// Length of an unwrapped secret in bytes; a wrapped one is longer.
const SECRET: usize = 32;

/// The key that wraps the signing keys, so that a copy of the database is useless without the key
/// file.
fn wrapper(file: &KeyFile) -> SigningKey {
    SigningKey {
        kid: String::new(),
        secret: file.derive(WRAPPED).to_vec(),
        created_at: Timestamp::UNIX_EPOCH,
        retired_at: None,
    }
}

fn wrapped(wrapper: &SigningKey, key: &SigningKey) -> Result<SigningKey, DbError> {
    let secret = seal(wrapper, WRAPPED, key.kid.as_bytes(), &key.secret);
    let secret = secret.ok_or_else(|| DbError::Engine("a key was not wrapped".into()))?;
    Ok(SigningKey { secret, ..key.clone() })
}

/// The keys, unwrapped for signing. If some are wrapped, an unwrapped one was not written by this
/// program and is left out.
///
/// # Errors
/// One is wrapped with another key file.
fn unwrapped(wrapper: &SigningKey, kept: Vec<SigningKey>) -> Result<Vec<SigningKey>, DbError> {
    let ours = kept.into_iter().filter(|key| key.secret.len() != SECRET);
    let ring: Option<Vec<_>> = ours
        .map(|key| {
            let secret = unseal(wrapper, WRAPPED, key.kid.as_bytes(), &key.secret)?;
            Some(SigningKey { secret, ..key })
        })
        .collect();
    ring.ok_or_else(|| DbError::Corrupt("the key file is not the one of this database".into()))
}

/// Whether no key is wrapped: there are none, or an earlier version has stored them.
fn are_bare(kept: &[SigningKey]) -> bool {
    kept.iter().all(|key| key.secret.len() == SECRET)
}

/// A signed token with the content `text`, whose last field is the key's name. It is valid only for
/// a purpose, and for a context that the reader must know.
pub fn stamp(key: &SigningKey, purpose: &str, context: &str, text: &str) -> String {
    let tag = mac(key, purpose, format!("{context}{text}").as_bytes());
    BASE64.encode(format!("{text}.{}", BASE64.encode(tag.finalize().into_bytes())))
}

/// The fields of a token that one of the keys has signed for this purpose and context.
pub fn stamped<const N: usize>(
    by_kid: impl Fn(&str) -> Option<SigningKey>,
    purpose: &str,
    context: &str,
    token: &str,
) -> Option<[String; N]> {
    let bytes = BASE64.decode(token).ok()?;
    let (text, tag) = std::str::from_utf8(&bytes).ok()?.rsplit_once('.')?;
    let fields: Vec<String> = text.split('.').map(str::to_owned).collect();
    let signed = mac(&by_kid(fields.last()?)?, purpose, format!("{context}{text}").as_bytes());
    signed.verify_slice(&BASE64.decode(tag).ok()?).ok()?;
    fields.try_into().ok()
}

/// HMAC-SHA-256 of `message` for one purpose; it is not valid for any other purpose.
pub fn mac(key: &SigningKey, purpose: &str, message: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.secret).expect("HMAC takes any key length");
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(message);
    mac
}

/// Length of the salt before the encrypted text, in bytes.
const SALT: usize = 16;

/// Encrypts `plain` for one purpose and context, so that only this program can read it, and changes
/// are noticed. The same text is always encrypted to the same bytes. Each text has its own cipher
/// key, which is why the nonce may be constant.
pub fn seal(key: &SigningKey, purpose: &str, context: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let text = mac(key, purpose, context).chain_update([0]).chain_update(plain);
    let mut sealed = text.finalize().into_bytes()[..SALT].to_vec();
    let cipher = cipher(key, purpose, &sealed)?;
    let mut text = plain.to_vec();
    cipher.seal_in_place_append_tag(nonce(), Aad::from(context), &mut text).ok()?;
    sealed.append(&mut text);
    Some(sealed)
}

/// Decrypts what [`seal`] made for the same purpose and context.
pub fn unseal(key: &SigningKey, purpose: &str, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (salt, text) = sealed.split_at_checked(SALT)?;
    let mut text = text.to_vec();
    let cipher = cipher(key, purpose, salt)?;
    Some(cipher.open_in_place(nonce(), Aad::from(context), &mut text).ok()?.to_vec())
}

fn cipher(key: &SigningKey, purpose: &str, salt: &[u8]) -> Option<LessSafeKey> {
    let derived = mac(key, &format!("{purpose} cipher"), salt).finalize().into_bytes();
    UnboundKey::new(&AES_256_GCM, &derived).ok().map(LessSafeKey::new)
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_read_by_its_own_key_for_its_own_purpose() {
        let key = |secret: u8| SigningKey {
            kid: "k".to_owned(),
            secret: vec![secret; 32],
            created_at: Timestamp::UNIX_EPOCH,
            retired_at: None,
        };
        let sealed = seal(&key(1), "cursor", b"list", b"position 7").unwrap();
        let read =
            |key, purpose, context: &[u8], bytes: &[u8]| unseal(&key, purpose, context, bytes);
        assert_eq!(read(key(1), "cursor", b"list", &sealed).as_deref(), Some(&b"position 7"[..]));
        assert_eq!(read(key(2), "cursor", b"list", &sealed), None);
        assert_eq!(read(key(1), "refresh", b"list", &sealed), None);
        assert_eq!(read(key(1), "cursor", b"other", &sealed), None);
        assert_eq!(read(key(1), "cursor", b"list", b"short"), None);
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert_eq!(read(key(1), "cursor", b"list", &bent), None, "byte {at}");
        }
        let other = seal(&key(1), "cursor", b"list", b"position 8").unwrap();
        assert_eq!(seal(&key(1), "cursor", b"list", b"position 7").as_ref(), Some(&sealed));
        assert!(other.iter().zip(&sealed).filter(|(one, two)| one == two).count() < 8);
    }
}
