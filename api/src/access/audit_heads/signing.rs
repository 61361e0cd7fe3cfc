//! Signs heads and erasures with Ed25519, and checks signatures.

use crate::platform::key_file::KeyFile;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::core::change::Record;
use domain::core::id::TenantId;
use persistence::audit::{AuditHead, ERASED, ERASURE_FIELDS, erasure_message};
use uuid::Uuid;

/// Purpose that the key is derived for.
const PURPOSE: &str = "audit heads";

/// The key with which an installation signs heads.
pub struct HeadKey(Ed25519KeyPair);

impl HeadKey {
    /// Derives the key from the key file of the installation.
    pub fn of(key_file: &KeyFile) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&key_file.derive(PURPOSE));
        Self(pair.expect("any 32 bytes are an Ed25519 seed"))
    }

    /// The public key, 32 bytes.
    pub fn public(&self) -> Vec<u8> {
        self.0.public_key().as_ref().to_vec()
    }

    /// Signs a head of a company.
    pub fn sign(&self, tenant: TenantId, head: &mut AuditHead) {
        head.public_key = self.public();
        head.signature = self.0.sign(&head.message(tenant)).as_ref().to_vec();
    }

    /// The signed audit record of an erasure: the entry of a company, and the rule that permits it.
    pub fn erasure(&self, tenant: TenantId, entry: Uuid, rule: &'static str) -> Record {
        let signature = self.0.sign(&erasure_message(tenant, entry));
        let texts = [BASE64.encode(self.public()), BASE64.encode(signature.as_ref())];
        let fields = ERASURE_FIELDS.into_iter().zip(texts);
        fields.fold(Record::new(ERASED, entry, rule), |record, (field, text)| {
            record.field(field, None::<String>, text)
        })
    }
}

/// Whether a signature of a message was made with the key.
pub fn holds(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    is_sound(public_key)
        && UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
}

/// The y coordinates of the four points of order eight, little-endian. The other four points of
/// small order have y = 0, 1 or -1.
const ORDER_EIGHT: [[u8; 32]; 2] = [
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// Whether a public key can belong to a private key. Points of small order cannot: each has at most
/// eight multiples, so some or all messages verify with a signature that nobody made. All eight
/// such points are refused. A coordinate of p = 2^255 - 19 or more is refused as well: it encodes a
/// smaller one in a way that no valid key does, and could be another form of such a point.
fn is_sound(public_key: &[u8]) -> bool {
    let Ok(mut y) = <[u8; 32]>::try_from(public_key) else { return false };
    // The highest bit is the sign of x, and a point has the same order as its negative.
    y[31] &= 0x7f;
    let [lowest, middle @ .., highest] = y;
    let is_zero_or_one = lowest <= 1 && highest == 0 && middle == [0; 30];
    // The lowest byte of p is 0xed, so this matches -1 and everything from p on.
    let is_minus_one_or_more = lowest >= 0xec && highest == 0x7f && middle == [0xff; 30];
    !is_zero_or_one && !is_minus_one_or_more && !ORDER_EIGHT.contains(&y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_its_key_and_its_message() {
        let key = HeadKey(Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap());
        let other = HeadKey(Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap());
        let signature = key.0.sign(b"head");
        assert!(holds(&key.public(), b"head", signature.as_ref()));
        assert!(!holds(&key.public(), b"heed", signature.as_ref()));
        assert!(!holds(&other.public(), b"head", signature.as_ref()));
        assert!(!holds(&key.public()[1..], b"head", signature.as_ref()));
    }

    #[test]
    fn nobody_signs_without_a_key() {
        let number = |lowest: u8, others: u8, highest: u8| {
            let mut y = [others; 32];
            (y[0], y[31]) = (lowest, highest);
            y
        };
        // 0 and 1, -1, p and p + 1, the largest coordinate, and those of order eight.
        let mut coordinates = vec![number(0, 0, 0), number(1, 0, 0)];
        coordinates.extend([0xec, 0xed, 0xee, 0xff].map(|lowest| number(lowest, 0xff, 0x7f)));
        coordinates.extend(ORDER_EIGHT);
        // A signature anybody can write: the neutral element and zero. It verifies if the multiple
        // of the key that the message requires is the neutral element.
        let mut signature = [0; 64];
        signature[0] = 1;
        for mut key in coordinates {
            for sign in [0, 0x80] {
                key[31] |= sign;
                let signed = (0..64u8).filter(|message| holds(&key, &[*message], &signature));
                assert_eq!(signed.count(), 0, "{key:02x?}");
            }
        }
        // Without the check of the key, every message counts as signed.
        let neutral = UnparsedPublicKey::new(&ED25519, number(1, 0, 0));
        assert!(neutral.verify(b"anything", &signature).is_ok());
    }
}
