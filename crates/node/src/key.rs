//! A machine's key, and what it signs.
//!
//! Ed25519. The machine's id follows from the public half, so who can sign with the key *is* the machine, and nobody can choose an id.
//!
//! **Invariant:** every signature names what it is for (its context), so that none can be taken for another kind. What TLS signs begins with 64 blanks, a
//! certificate with 0x30, ours with `tertulia`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tertulia_types::MachineId;
use zeroize::Zeroizing;

/// What comes before the 32 bytes of an Ed25519 key in PKCS#8 (RFC 8410).
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// What comes before the 32 bytes of an Ed25519 public key in a certificate (RFC 8410).
const SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// 64 bytes by which a key vouches for something: Ed25519 of a machine, or ECDSA P-256 (r and s) of the ring's CA.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Signature([u8; 32], [u8; 32]);

impl Signature {
    /// From its 64 bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (first, second) = bytes.split_at_checked(32)?;
        Some(Self(first.try_into().ok()?, second.try_into().ok()?))
    }

    /// Its 64 bytes.
    pub(crate) fn to_bytes(self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&self.0);
        bytes[32..].copy_from_slice(&self.1);
        bytes
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// The bytes that are signed for a purpose.
pub(crate) fn for_purpose(context: &str, bytes: &[u8]) -> Vec<u8> {
    [b"tertulia ", context.as_bytes(), b"\0", bytes].concat()
}

/// The public half of a machine's key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// The machine whose key this is.
    #[must_use]
    pub fn machine(&self) -> MachineId {
        let digest = Sha256::digest(self.0);
        let mut head = [0; 8];
        head.copy_from_slice(&digest[..8]);
        MachineId(u64::from_be_bytes(head))
    }

    /// Whether the key has signed this, for this purpose.
    #[must_use]
    pub fn has_signed(&self, context: &str, bytes: &[u8], signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0)
            .verify(&for_purpose(context, bytes), &signature.to_bytes())
            .is_ok()
    }

    /// As it stands in a certificate.
    pub(crate) fn to_spki(self) -> Vec<u8> {
        [&SPKI_PREFIX[..], &self.0].concat()
    }

    /// From what stands in a certificate, if it is a key of this kind.
    pub(crate) fn from_spki(der: &[u8]) -> Option<Self> {
        der.strip_prefix(&SPKI_PREFIX)?.try_into().ok().map(Self)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.machine())
    }
}

/// A machine's key.
pub(crate) struct Key {
    seed: Zeroizing<[u8; 32]>,
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl Key {
    /// The key that follows from 32 random bytes.
    pub(crate) fn from_seed(seed: [u8; 32]) -> Option<Self> {
        let seed = Zeroizing::new(seed);
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).ok()?;
        let public = PublicKey(pair.public_key().as_ref().try_into().ok()?);
        Some(Self { seed, pair, public })
    }

    /// From what [`to_pem`](Self::to_pem) has written.
    pub(crate) fn from_pem(pem: &str) -> Option<Self> {
        let body = pem.trim().strip_prefix(PEM_BEGIN)?.strip_suffix(PEM_END)?;
        let der = Zeroizing::new(STANDARD.decode(body.trim()).ok()?);
        Self::from_seed(der.strip_prefix(&PKCS8_PREFIX)?.try_into().ok()?)
    }

    /// As text: PKCS#8 in PEM.
    pub(crate) fn to_pem(&self) -> Zeroizing<String> {
        let body = Zeroizing::new(STANDARD.encode(&*self.to_pkcs8()));
        Zeroizing::new(format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", *body))
    }

    pub(crate) fn to_pkcs8(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([&PKCS8_PREFIX[..], &*self.seed].concat())
    }

    pub(crate) fn public(&self) -> PublicKey {
        self.public
    }

    pub(crate) fn sign(&self, context: &str, bytes: &[u8]) -> Signature {
        let signed = self.pair.sign(&for_purpose(context, bytes));
        Signature::from_bytes(signed.as_ref()).expect("an Ed25519 signature has 64 bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_for_one_key_one_purpose_and_one_text() {
        let (key, other) = (Key::from_seed([7; 32]).unwrap(), Key::from_seed([8; 32]).unwrap());
        let signature = key.sign("hello", b"text");
        assert!(key.public().has_signed("hello", b"text", &signature));
        assert!(!other.public().has_signed("hello", b"text", &signature));
        assert!(!key.public().has_signed("farewell", b"text", &signature));
        assert!(!key.public().has_signed("hello", b"test", &signature));
    }

    #[test]
    fn a_key_survives_its_text_and_names_its_machine() {
        let key = Key::from_seed([7; 32]).unwrap();
        let again = Key::from_pem(&key.to_pem()).unwrap();
        assert_eq!(again.public(), key.public());
        assert_eq!(PublicKey::from_spki(&key.public().to_spki()), Some(key.public()));
        assert_ne!(
            key.public().machine(),
            Key::from_seed([8; 32]).unwrap().public().machine()
        );
        for broken in [
            "",
            "-----BEGIN PRIVATE KEY-----",
            &key.to_pem()[1..],
            &key.to_pem()[..60],
        ] {
            assert!(Key::from_pem(broken).is_none(), "{broken}");
        }
    }
}
