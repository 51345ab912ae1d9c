//! A person's identity key: what signs the statements about their devices.
//!
//! It is the root of all that others believe of a person: whoever has it can add devices in their name. So it takes no part in
//! conversations; devices have keys of their own, and this one is taken out only to add a device or to revoke one.
//!
//! **Invariant:** the secret half is wiped from memory with the value, and is never printed.
//!
//! Deliberately absent: where the key is kept. That is the client's business; [`crate::backup`] wraps its seed for bad days.

use crate::randomness;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use std::fmt;
use tertulia_types::device::{PublicKey, Record, SignedRecord};
use zeroize::Zeroizing;

/// The key that makes statements.
pub struct IdentityKey(SigningKey);

impl IdentityKey {
    /// A new one, drawn at random.
    #[must_use]
    pub fn random() -> Self {
        Self::from_seed(&Zeroizing::new(randomness::bytes()))
    }

    /// The one with this seed: the same seed gives the same key.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// What the whole key can be made of again: to be kept secret.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The half that everybody may see.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs a statement. It holds only if the record names this key as its identity and stands where its chain goes on: see
    /// [`crate::chain::Chain::next`].
    #[must_use]
    pub fn sign(&self, record: Record) -> SignedRecord {
        let signature = self.0.sign(record.statement().as_bytes());
        SignedRecord {
            record,
            signature: signature.to_bytes().to_vec(),
        }
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IdentityKey").field(&self.public()).finish()
    }
}

/// Whether the key that a statement names has signed it.
///
/// Strictly: neither a weak key nor a second form of a good signature passes.
pub(crate) fn is_signed(signed: &SignedRecord) -> bool {
    let statement = signed.record.statement();
    has_signed(signed.record.identity, statement.as_bytes(), &signed.signature)
}

/// Whether a key has signed a text, as strictly.
pub(crate) fn has_signed(key: PublicKey, text: &[u8], signature: &[u8]) -> bool {
    let key = VerifyingKey::from_bytes(&key.0);
    let signature = Signature::from_slice(signature);
    match (key, signature) {
        (Ok(key), Ok(signature)) => key.verify_strict(text, &signature).is_ok(),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{IdentityKey, is_signed};
    use tertulia_types::AccountId;
    use tertulia_types::device::{Change, Link, PublicKey, Record};

    fn record(identity: PublicKey) -> Record {
        Record {
            account: AccountId::from_number(7 << 16).unwrap(),
            identity,
            sequence: 0,
            previous: Link::default(),
            made_ms: 1,
            change: Change::Add {
                key: PublicKey([2; 32]),
                label: "laptop".to_owned(),
            },
        }
    }

    #[test]
    fn a_seed_gives_the_same_key_again() {
        let key = IdentityKey::random();
        assert_eq!(IdentityKey::from_seed(&key.seed()).public(), key.public());
        assert_ne!(IdentityKey::random().public(), key.public());
    }

    #[test]
    fn a_key_printed_shows_nothing_of_its_secret() {
        let key = IdentityKey::from_seed(&[0xAB; 32]);
        let shown = format!("{key:?}");
        assert!(!shown.contains("171, 171"), "{shown}");
    }

    #[test]
    fn only_the_key_that_a_statement_names_has_signed_it() {
        let key = IdentityKey::random();
        let signed = key.sign(record(key.public()));
        assert!(is_signed(&signed));

        let mut changed = signed.clone();
        changed.record.made_ms += 1;
        assert!(!is_signed(&changed));

        let of_another = IdentityKey::random().sign(record(key.public()));
        assert!(!is_signed(&of_another));

        for length in [0, 63, 65] {
            let mut cut = signed.clone();
            cut.signature.resize(length, 0);
            assert!(!is_signed(&cut), "{length}");
        }
    }

    #[test]
    fn a_weak_key_signs_nothing() {
        // The neutral point, for which a signature of zeros fits every text when it is looked at less strictly.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut signed = IdentityKey::random().sign(record(PublicKey(neutral)));
        signed.signature = neutral.into_iter().chain([0; 32]).collect();
        assert!(!is_signed(&signed));
    }
}
