//! What may not be lost, wrapped so that a home can keep it: the seed of an identity, and the messages that were read.
//!
//! A person writes down a [`Code`] once. From it a key is made that wraps another, drawn anew for each backup, and this one seals
//! the bytes. So a backup is as good as its code, and two backups have nothing in common.
//!
//! Backups are numbered. A home that hands out an older one than a device has seen is found out, as far as the device still knows
//! the number; the number is sealed in, and nobody can change it.
//!
//! As bytes: the mark `TTLB`, the version (1), the number (8 bytes, highest first), a salt (16), the wrapped key (a nonce of 24, then
//! 32 and a tag of 16), the sealed bytes (a nonce of 24, then as many as there are and a tag of 16), and the SHA-256 of all this.
//! The hash proves nothing to anybody; it tells a damaged backup from a wrong code, which would look the same to the ciphers.
//! Mark, version, number and salt are bound to both seals.
//!
//! **Invariants**
//! - A code is 140 bits drawn at random, never chosen by anybody.
//! - What opens is what was sealed, under its number, to the byte.
//!
//! Deliberately absent: what is in a backup. It must not be the state of a conversation's group: whoever goes back to an old state
//! uses keys a second time. Also absent is hiding the length.

use crate::randomness;
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use zeroize::{Zeroize, Zeroizing};

/// The letters of a code: no two that look alike, and no U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// How many groups a code has.
pub const GROUPS: usize = 7;
/// Drawn letters of a group.
const DRAWN: usize = 4;
/// Letters of a group: those drawn, and one that checks them.
pub const GROUP_LETTERS: usize = DRAWN + 1;

const MARK: &[u8; 4] = b"TTLB";
const VERSION: u8 = 1;
const SALT_BYTES: usize = 16;
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// What the seals are bound to: mark, version, number, salt.
const HEAD_BYTES: usize = MARK.len() + 1 + 8 + SALT_BYTES;
const WRAPPED_BYTES: usize = KEY_BYTES + TAG_BYTES;

/// A code cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Letters are missing, or too many.
    #[error("a recovery code has {GROUPS} groups of {GROUP_LETTERS} letters and digits")]
    Length,
    /// One group has letters too few or too many.
    #[error("group {group} of the recovery code does not have {GROUP_LETTERS} letters and digits")]
    GroupLength {
        /// Which, from 1 on.
        group: usize,
    },
    /// Something stands in a group that is in no code.
    #[error("group {group} of the recovery code holds {letter:?}, which is in no code")]
    Letter {
        /// Which, from 1 on.
        group: usize,
        /// What.
        letter: char,
    },
    /// A group does not check.
    #[error("group {group} of the recovery code is mistyped, or in the wrong place")]
    Mistyped {
        /// Which, from 1 on.
        group: usize,
    },
}

/// Why a backup does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// It is no backup, or not whole any more.
    #[error("the backup is damaged")]
    Damaged,
    /// A newer program has made it.
    #[error("the backup was made by a newer version of Tertulia")]
    Newer,
    /// It was made with another code.
    #[error("the recovery code does not open this backup")]
    WrongCode,
    /// There has been a newer one.
    #[error("the backup has the number {counter}, but number {least} has been seen")]
    TooOld {
        /// Its number.
        counter: u64,
        /// The least that is taken.
        least: u64,
    },
}

/// What a person writes down: the only thing that opens their backup.
#[derive(Clone, PartialEq, Eq)]
pub struct Code([u8; GROUPS * DRAWN]);

impl Code {
    /// A new one, drawn at random.
    #[must_use]
    pub fn random() -> Self {
        let mut letters = randomness::bytes();
        for letter in &mut letters {
            // 256 is a multiple of 32: no letter is likelier.
            *letter &= 31;
        }
        Self(letters)
    }

    /// What is written down: groups of letters and digits, with hyphens between them.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(GROUPS * (GROUP_LETTERS + 1)));
        for (index, group) in self.0.chunks_exact(DRAWN).enumerate() {
            if index > 0 {
                text.push('-');
            }
            for letter in group.iter().copied().chain([check_letter(index, group)]) {
                text.push(char::from(ALPHABET[usize::from(letter)]));
            }
        }
        text
    }

    /// What was drawn, for keys of another use.
    pub(crate) fn letters(&self) -> &[u8] {
        &self.0
    }

    /// What wraps the key of a backup with this salt. The code cannot be guessed by itself; Argon2id makes it dearer still, also
    /// for a code of which somebody has seen a part.
    fn key(&self, salt: &[u8]) -> Result<Zeroizing<[u8; KEY_BYTES]>, BackupError> {
        // The smallest that OWASP recommends: 19 MiB, twice.
        let params = Params::new(19 << 10, 2, 1, Some(KEY_BYTES)).map_err(|_| BackupError::Damaged)?;
        let mut stretched = Zeroizing::new([0; KEY_BYTES]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(&self.0, salt, &mut *stretched)
            .map_err(|_| BackupError::Damaged)?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        Hkdf::<Sha256>::new(Some(salt), &*stretched)
            .expand(b"tertulia backup 1 wrapping", &mut *key)
            .map_err(|_| BackupError::Damaged)?;
        Ok(key)
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code")
    }
}

impl FromStr for Code {
    type Err = CodeError;

    /// Reads what somebody has typed: small letters too, hyphens and spaces as they like, O for 0, I and L for 1.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        let parts: Vec<&str> = text
            .split(|letter: char| letter == '-' || letter.is_whitespace())
            .filter(|part| !part.is_empty())
            .collect();
        let is_grouped = parts.len() == GROUPS;
        let wrong = parts
            .iter()
            .position(|part| part.chars().count() != GROUP_LETTERS);
        if let Some(index) = wrong.filter(|_| is_grouped) {
            return Err(CodeError::GroupLength { group: index + 1 });
        }
        let letters = Zeroizing::new(parts.concat());
        if letters.chars().count() != GROUPS * GROUP_LETTERS {
            return Err(CodeError::Length);
        }
        let mut values = Zeroizing::new([0; GROUPS * GROUP_LETTERS]);
        for (index, (letter, value)) in letters.chars().zip(values.iter_mut()).enumerate() {
            *value = value_of(letter).ok_or(CodeError::Letter {
                group: index / GROUP_LETTERS + 1,
                letter,
            })?;
        }
        let mut code = Self([0; GROUPS * DRAWN]);
        let places = code.0.chunks_exact_mut(DRAWN);
        for (index, (place, group)) in places.zip(values.chunks_exact(GROUP_LETTERS)).enumerate() {
            let (drawn, check) = group.split_at(DRAWN);
            if check != [check_letter(index, drawn)] {
                return Err(CodeError::Mistyped { group: index + 1 });
            }
            place.copy_from_slice(drawn);
        }
        Ok(code)
    }
}

/// Seals a backup under its number.
///
/// # Errors
/// None is known: if the ciphers refuse, the backup is called damaged.
pub fn seal_backup(code: &Code, counter: u64, bytes: &[u8]) -> Result<Vec<u8>, BackupError> {
    let salt = randomness::bytes::<SALT_BYTES>();
    let mut backup = [&MARK[..], &[VERSION], &counter.to_be_bytes(), &salt].concat();
    let head = backup.clone();
    let key = Zeroizing::new(randomness::bytes::<KEY_BYTES>());
    let wrapping = code.key(&salt)?;
    for (with, plain) in [(&wrapping, &key[..]), (&key, bytes)] {
        let nonce = randomness::bytes::<NONCE_BYTES>();
        backup.extend_from_slice(&nonce);
        let sealed = cipher(with).encrypt(
            XNonce::from_slice(&nonce),
            Payload {
                msg: plain,
                aad: &head,
            },
        );
        backup.extend_from_slice(&sealed.map_err(|_| BackupError::Damaged)?);
    }
    let hash = Sha256::digest(&backup);
    backup.extend_from_slice(&hash);
    Ok(backup)
}

/// Opens a backup: its number, and what was sealed. One with a smaller number than `least` is not taken.
///
/// # Errors
/// If it is damaged, of a newer version, sealed with another code, or too old.
pub fn open_backup(code: &Code, least: u64, backup: &[u8]) -> Result<(u64, Zeroizing<Vec<u8>>), BackupError> {
    let damaged = BackupError::Damaged;
    let length = backup.len().checked_sub(HASH_BYTES).ok_or(damaged)?;
    let (backup, hash) = backup.split_at(length);
    if !backup.starts_with(MARK) || Sha256::digest(backup)[..] != *hash {
        return Err(damaged);
    }
    if *backup.get(MARK.len()).ok_or(damaged)? > VERSION {
        return Err(BackupError::Newer);
    }
    let (head, rest) = backup.split_at_checked(HEAD_BYTES).ok_or(damaged)?;
    let (_, salt) = head.split_at(HEAD_BYTES - SALT_BYTES);
    let (number, _) = head[MARK.len() + 1..].split_first_chunk().ok_or(damaged)?;
    let counter = u64::from_be_bytes(*number);
    let (wrapped, sealed) = rest
        .split_at_checked(NONCE_BYTES + WRAPPED_BYTES)
        .ok_or(damaged)?;

    let opened = |key: &[u8; KEY_BYTES], sealed: &[u8]| {
        let (nonce, msg) = sealed.split_at_checked(NONCE_BYTES)?;
        let plain = cipher(key).decrypt(XNonce::from_slice(nonce), Payload { msg, aad: head });
        plain.ok().map(Zeroizing::new)
    };
    let key = opened(&*code.key(salt)?, wrapped).ok_or(BackupError::WrongCode)?;
    let key: &[u8; KEY_BYTES] = key.as_slice().try_into().map_err(|_| damaged)?;
    let bytes = opened(key, sealed).ok_or(damaged)?;
    if counter < least {
        return Err(BackupError::TooOld { counter, least });
    }
    Ok((counter, bytes))
}

fn cipher(key: &[u8; KEY_BYTES]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.into())
}

fn value_of(letter: char) -> Option<u8> {
    let letter = match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        letter => letter,
    };
    let place = ALPHABET.iter().position(|known| char::from(*known) == letter);
    place.and_then(|place| u8::try_from(place).ok())
}

/// The letter that checks a group in its place: a polynomial over the field of 32 elements, in which every letter and the place have
/// a factor of their own. So one wrong letter, two that have changed places, and two groups that have, all show.
fn check_letter(index: usize, group: &[u8]) -> u8 {
    let place = u8::try_from(index + 1).unwrap_or(0);
    let sum = group
        .iter()
        .chain([&place])
        .fold(0, |sum, letter| times_x(sum) ^ letter);
    times_x(sum)
}

/// Multiplies by x, modulo x⁵ + x² + 1.
fn times_x(value: u8) -> u8 {
    let shifted = value << 1;
    if shifted & 32 == 0 {
        shifted
    } else {
        (shifted ^ 0b100101) & 31
    }
}

#[cfg(test)]
mod tests {
    use super::{ALPHABET, BackupError, Code, CodeError, GROUP_LETTERS, GROUPS, HASH_BYTES, MARK};
    use super::{open_backup, seal_backup};
    use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
    use sha2::{Digest, Sha256};

    fn code() -> Code {
        Code(std::array::from_fn(|index| u8::try_from(index).unwrap()))
    }

    #[test]
    fn a_code_is_groups_that_can_be_written_down() {
        let text = code().text();
        let groups: Vec<_> = text.split('-').collect();
        assert_eq!(groups.len(), GROUPS);
        assert!(
            groups.iter().all(|group| group.len() == GROUP_LETTERS),
            "{groups:?}"
        );
        assert!(groups[0].starts_with("0123") && groups[6].starts_with("RSTV"));
        assert!(Code::random() != Code::random());
        assert_eq!(format!("{:?}", code()), "Code");
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let text = code().text().to_string();
        for typed in [
            text.clone(),
            text.to_lowercase(),
            text.replace('-', " "),
            text.replace('-', ""),
            format!("  {}\n", text.replace('-', " - ")),
            text.replace('0', "o").replace('1', "l"),
            text.replace('0', "O").replace('1', "I"),
        ] {
            assert!(typed.parse::<Code>() == Ok(code()), "{typed}");
        }
    }

    #[test]
    fn a_mistyped_group_is_named() {
        let text = code().text().to_string();
        let read = |text: &str| text.parse::<Code>().map(|_| ());
        let mut groups: Vec<_> = text.split('-').map(str::to_owned).collect();
        groups.swap(1, 4);
        assert_eq!(read(&groups.join("-")), Err(CodeError::Mistyped { group: 2 }));
        groups.swap(1, 4);
        groups[3].pop();
        assert_eq!(read(&groups.join("-")), Err(CodeError::GroupLength { group: 4 }));
        assert_eq!(read(&groups.concat()), Err(CodeError::Length));
        groups[3].push('U');
        let letter = CodeError::Letter {
            group: 4,
            letter: 'U',
        };
        assert_eq!(read(&groups.join("-")), Err(letter));
        assert_eq!(read(""), Err(CodeError::Length));
        assert_eq!(read(&groups[..6].join("-")), Err(CodeError::Length));
    }

    #[test]
    fn one_wrong_letter_and_two_that_changed_places_always_show() {
        let text = code().text().to_string();
        let letters: Vec<char> = text.chars().filter(|letter| *letter != '-').collect();
        for at in 0..letters.len() {
            let expected = Err(CodeError::Mistyped {
                group: at / GROUP_LETTERS + 1,
            });
            let read = |letters: &[char]| letters.iter().collect::<String>().parse::<Code>().map(|_| ());
            for other in ALPHABET {
                let mut typed = letters.clone();
                typed[at] = char::from(*other);
                if typed != letters {
                    assert_eq!(read(&typed), expected);
                }
            }
            let mut typed = letters.clone();
            if at + 1 < letters.len() {
                typed.swap(at, at + 1);
            }
            if typed != letters {
                assert!(read(&typed).is_err(), "{typed:?}");
            }
        }
    }

    #[test]
    fn a_backup_opens_with_its_code_and_tells_its_number() {
        let backup = seal_backup(&code(), 7, b"a seed").unwrap();
        let (counter, bytes) = open_backup(&code(), 7, &backup).unwrap();
        assert_eq!((counter, &bytes[..]), (7, &b"a seed"[..]));
        assert_ne!(seal_backup(&code(), 7, b"a seed").unwrap(), backup);
    }

    #[test]
    fn another_code_a_damaged_backup_and_an_old_one_are_told_apart() {
        let backup = seal_backup(&code(), 7, b"a seed").unwrap();
        let wrong = open_backup(&Code::random(), 0, &backup);
        assert_eq!(wrong.unwrap_err(), BackupError::WrongCode);
        let old = open_backup(&code(), 8, &backup);
        assert_eq!(old.unwrap_err(), BackupError::TooOld { counter: 7, least: 8 });
        let cut = open_backup(&code(), 0, &backup[..backup.len() - 1]);
        assert_eq!(cut.unwrap_err(), BackupError::Damaged);
        assert_eq!(open_backup(&code(), 0, b"").unwrap_err(), BackupError::Damaged);
    }

    /// Changes a byte, and makes the hash fit again, as somebody would who does it on purpose.
    fn changed(backup: &[u8], at: usize) -> Vec<u8> {
        let mut changed = backup[..backup.len() - HASH_BYTES].to_vec();
        changed[at] ^= 1;
        let hash = Sha256::digest(&changed);
        changed.extend_from_slice(&hash);
        changed
    }

    #[test]
    fn a_number_changed_on_purpose_opens_nothing() {
        let backup = seal_backup(&code(), 7, b"a seed").unwrap();
        for at in 0..MARK.len() + 1 + 8 + 16 {
            assert!(
                open_backup(&code(), 0, &changed(&backup, at)).is_err(),
                "byte {at}"
            );
        }
        let mut newer = changed(&backup, MARK.len());
        let body = newer.len() - HASH_BYTES;
        newer[MARK.len()] = 2;
        let hash = Sha256::digest(&newer[..body]);
        newer[body..].copy_from_slice(&hash);
        assert_eq!(open_backup(&code(), 0, &newer).unwrap_err(), BackupError::Newer);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_backup_with_a_byte_changed_on_purpose_does_not_open(
            bytes in proptest::collection::vec(any::<u8>(), 0..64), place in any::<proptest::sample::Index>()
        ) {
            let backup = seal_backup(&code(), 3, &bytes).unwrap();
            let (_, opened) = open_backup(&code(), 3, &backup).unwrap();
            prop_assert_eq!(&opened[..], &bytes[..]);
            let at = place.index(backup.len() - HASH_BYTES);
            prop_assert!(open_backup(&code(), 0, &changed(&backup, at)).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_taken_for_a_backup(bytes in any::<Vec<u8>>()) {
            prop_assert!(open_backup(&code(), 0, &bytes).is_err());
            let mut marked = [&MARK[..], &bytes].concat();
            let hash = Sha256::digest(&marked);
            marked.extend_from_slice(&hash);
            prop_assert!(open_backup(&code(), 0, &marked).is_err());
        }

        #[test]
        fn any_text_can_be_taken_for_a_code(text in any::<String>()) {
            prop_assert!(text.parse::<Code>().is_err());
        }

        #[test]
        fn a_code_is_the_same_after_writing_and_reading(letters in any::<[u8; 28]>()) {
            let code = Code(letters.map(|letter| letter & 31));
            prop_assert!(code.text().parse::<Code>() == Ok(code));
        }
    }
}
