//! The key of the client's databases, and the file in which it lies: as it is, or under a passphrase.
//!
//! The file holds hexadecimal digits: those of one key, or while the key is being changed, of the new one and the one before; or the word
//! `locked`, and then the digits of these bytes under a passphrase (`tertulia_crypto::lock`).
//!
//! **Invariant:** neither a key nor a passphrase is printed, and both are wiped from memory when they are dropped.

use crate::failure::Fault;
use rand::Rng;
use std::fmt;
use tertulia_crypto::lock;
use tertulia_types::hexadecimal::digits;
use zeroize::Zeroizing;

/// What SQLCipher takes as it is, without making it of a passphrase.
const KEY_BYTES: usize = 32;
/// How a file begins whose keys are under a passphrase.
const LOCKED: &str = "locked ";

/// What a person has chosen, so that whoever has the disk has nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// As it was typed.
    #[must_use]
    pub fn new(typed: Zeroizing<String>) -> Self {
        Self(typed)
    }

    /// As it was typed, for another process of the person.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase")
    }
}

/// The key of a database.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    pub(crate) fn random() -> Self {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        rand::rng().fill_bytes(&mut *key);
        Self(key)
    }

    /// As SQLCipher reads it.
    pub(crate) fn for_database(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("x'{}'", *Zeroizing::new(digits(&*self.0))))
    }
}

/// What a file says that holds these keys.
pub(crate) fn written(keys: &[&Key], passphrase: Option<&Passphrase>) -> Zeroizing<String> {
    let bytes = Zeroizing::new(keys.iter().flat_map(|key| *key.0).collect::<Vec<u8>>());
    Zeroizing::new(match passphrase {
        Some(passphrase) => format!("{LOCKED}{}", digits(&lock::lock(&passphrase.0, &bytes))),
        None => digits(&bytes),
    })
}

/// The keys that a file holds.
pub(crate) fn read(text: &str, passphrase: Option<&Passphrase>, path: &str) -> Result<Vec<Key>, Fault> {
    let not_a_key = || Fault::NotAKey(path.to_owned());
    let bytes = match text.strip_prefix(LOCKED) {
        Some(locked) => {
            let locked = bytes_of(locked).ok_or_else(not_a_key)?;
            let passphrase = passphrase.ok_or(Fault::Locked)?;
            lock::unlock(&passphrase.0, &locked).ok_or(Fault::WrongPassphrase)?
        }
        None => bytes_of(text).ok_or_else(not_a_key)?,
    };
    let (keys, rest) = bytes.as_chunks::<KEY_BYTES>();
    match rest.is_empty() && !keys.is_empty() {
        true => Ok(keys.iter().map(|key| Key(Zeroizing::new(*key))).collect()),
        false => Err(not_a_key()),
    }
}

fn bytes_of(digits: &str) -> Option<Zeroizing<Vec<u8>>> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let is_even = digits.len().is_multiple_of(2);
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(pair).collect();
    bytes.filter(|_| is_even && is_plain).map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::{Key, Passphrase, read, written};
    use crate::failure::Fault;
    use zeroize::Zeroizing;

    #[test]
    fn keys_come_back_from_their_file_and_nothing_else_is_one() {
        let (one, other) = (Key::random(), Key::random());
        let chosen = |typed: &str| Passphrase::new(Zeroizing::new(typed.to_owned()));
        let (right, wrong) = (chosen("correct horse"), chosen("correct house"));
        for passphrase in [None, Some(&right)] {
            let text = written(&[&one, &other], passphrase);
            let keys = read(&text, passphrase, "file").expect("read");
            assert_eq!(keys, [one.clone(), other.clone()]);
        }
        let locked = written(&[&one], Some(&right));
        assert!(matches!(read(&locked, None, "file"), Err(Fault::Locked)));
        assert!(matches!(
            read(&locked, Some(&wrong), "file"),
            Err(Fault::WrongPassphrase)
        ));
        for text in [
            "",
            "00",
            "xx",
            "locked",
            "locked 0",
            &"0".repeat(65),
            &"é".repeat(32),
        ] {
            assert!(
                matches!(
                    read(text, Some(&right), "file"),
                    Err(Fault::NotAKey(_) | Fault::WrongPassphrase)
                ),
                "{text}"
            );
        }
        assert_eq!(format!("{one:?} {right:?}"), "Key Passphrase");
    }
}
