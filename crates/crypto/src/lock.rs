//! Bytes under a passphrase that somebody has chosen: what a device keeps for itself, against whoever takes its disk.
//!
//! As bytes: a salt (16), and the sealed bytes (a nonce of 24, then as many as there are and a tag of 16). The seal's key is the
//! passphrase, stretched by Argon2id.
//!
//! **Invariant:** what opens is what was locked, to the byte.
//!
//! Deliberately absent: any judgement of how good a passphrase is. It may be guessed, other than a code that was drawn; stretching makes
//! each guess dear.

use crate::{randomness, sealed};
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

const SALT_BYTES: usize = 16;
/// What a guess costs: 64 MiB, three times. It is paid whenever a client is opened, so it may not be felt much.
const MEMORY_KIB: u32 = 64 << 10;
const PASSES: u32 = 3;
/// What the seal is bound to.
const PLACE: &str = "tertulia lock 1";

/// Locks bytes.
#[must_use]
pub fn lock(passphrase: &str, bytes: &[u8]) -> Vec<u8> {
    let salt = randomness::bytes::<SALT_BYTES>();
    [&salt[..], &sealed::seal(&key(passphrase, &salt), PLACE, bytes)].concat()
}

/// Unlocks them; none if the passphrase is another one, or the bytes are damaged.
#[must_use]
pub fn unlock(passphrase: &str, locked: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (salt, sealed) = locked.split_first_chunk::<SALT_BYTES>()?;
    sealed::open(&key(passphrase, salt), PLACE, sealed)
}

fn key(passphrase: &str, salt: &[u8; SALT_BYTES]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).expect("within what Argon2 allows");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, &mut *key)
        .expect("the salt is long enough, and no passphrase too long");
    key
}

#[cfg(test)]
mod tests {
    use super::{lock, unlock};

    #[test]
    fn only_the_passphrase_opens_and_damage_is_found() {
        let locked = lock("correct horse", b"a key");
        assert_eq!(
            unlock("correct horse", &locked).as_deref().map(Vec::as_slice),
            Some(&b"a key"[..])
        );
        assert_eq!(unlock("correct house", &locked), None);
        assert_ne!(lock("correct horse", b"a key"), locked, "nothing is used twice");
        for at in [0, 20, locked.len() - 1] {
            let mut damaged = locked.clone();
            damaged[at] ^= 1;
            assert_eq!(unlock("correct horse", &damaged), None);
        }
        assert_eq!(unlock("correct horse", &locked[..10]), None);
    }
}
