//! What a person's devices keep at home for each other, under a key that follows from the person's identity: whoever is one of the
//! devices can read it, and nobody else.
//!
//! **Invariant:** what opens was sealed by a device of the same identity, as that version of that thing.

use crate::identity::IdentityKey;
use crate::sealed;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Seals one version of a thing.
#[must_use]
pub fn seal(identity: &IdentityKey, thing: &str, version: u64, bytes: &[u8]) -> Vec<u8> {
    sealed::seal(&key(identity), &place(thing, version), bytes)
}

/// Opens it; none if no device of this identity has sealed it as that version of that thing.
#[must_use]
pub fn open(identity: &IdentityKey, thing: &str, version: u64, bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    sealed::open(&key(identity), &place(thing, version), bytes)
}

fn key(identity: &IdentityKey) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, &*identity.seed())
        .expand(b"tertulia kept at home 1", &mut *key)
        .expect("a key of 32 bytes is not too long");
    key
}

fn place(thing: &str, version: u64) -> String {
    format!("{thing}\nversion {version}\n")
}

#[cfg(test)]
mod tests {
    use super::{open, seal};
    use crate::identity::IdentityKey;

    #[test]
    fn only_the_same_identity_opens_and_only_that_version_of_that_thing() {
        let (own, other) = (IdentityKey::random(), IdentityKey::random());
        let sealed = seal(&own, "contacts", 3, b"ana");
        assert_eq!(open(&own, "contacts", 3, &sealed).expect("opens")[..], *b"ana");
        assert!(open(&other, "contacts", 3, &sealed).is_none());
        assert!(open(&own, "contacts", 4, &sealed).is_none());
        assert!(open(&own, "names", 3, &sealed).is_none());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&own, "contacts", 3, &changed).is_none(), "byte {at}");
        }
        assert!(open(&own, "contacts", 3, b"short").is_none());
    }
}
