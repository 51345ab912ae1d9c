//! A link between two devices of a person: what a new one is given by one that knows everything.
//!
//! The new device draws a [`Code`], and the person carries it to the other one. Whoever knows it knows under which names boxes are left
//! for each other at the person's home, and the key that they are sealed with. The home sees names that look random and bytes that it
//! cannot read; it can lose boxes, and nothing else: each seal is bound to who fills the box and to its number.
//!
//! **Invariants**
//! - A code is used for one link. (It is drawn at random and long enough that nobody can guess it: see [`crate::backup`].)
//! - What opens is what the other side has sealed, in that place.
//!
//! Deliberately absent: what is in the boxes, and asking the person whether the new device is theirs.

use crate::backup::Code;
use crate::sealed;
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use std::fmt;
use tertulia_types::{AccountId, BoxName};
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;

/// Who fills a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The device that is to be let in.
    New,
    /// The one that lets it in.
    Old,
}

impl Side {
    fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Old => "old",
        }
    }
}

/// What two devices have in common that know the same code.
pub struct Link {
    key: Zeroizing<[u8; KEY_BYTES]>,
    names: Zeroizing<[u8; KEY_BYTES]>,
}

impl Link {
    /// The link that a code makes between two devices of an account.
    #[must_use]
    pub fn of(code: &Code, account: AccountId) -> Self {
        // No stretching: the code is 140 bits drawn at random, and is worthless after minutes.
        let secret = Hkdf::<Sha256>::new(None, code.letters());
        let expanded = |what: &str| {
            let mut key = Zeroizing::new([0; KEY_BYTES]);
            let info = format!("tertulia link 1 {what}\naccount {account}\n");
            secret
                .expand(info.as_bytes(), &mut *key)
                .expect("a key of 32 bytes is not too long");
            key
        };
        Self {
            key: expanded("key"),
            names: expanded("names"),
        }
    }

    /// The name of a box.
    #[must_use]
    pub fn name(&self, by: Side, number: u32) -> BoxName {
        let hash: [u8; 32] = Sha256::new()
            .chain_update(*self.names)
            .chain_update(place(by, number))
            .finalize()
            .into();
        let mut name = [0; 16];
        name.copy_from_slice(&hash[..16]);
        BoxName(name)
    }

    /// Seals what goes into a box.
    #[must_use]
    pub fn seal(&self, by: Side, number: u32, bytes: &[u8]) -> Vec<u8> {
        sealed::seal(&self.key, &place(by, number), bytes)
    }

    /// Opens what was in a box; none if the other side has not sealed it for that place.
    #[must_use]
    pub fn open(&self, by: Side, number: u32, bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        sealed::open(&self.key, &place(by, number), bytes)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link")
    }
}

fn place(by: Side, number: u32) -> String {
    format!("tertulia link 1 box\nby {}\nnumber {number}\n", by.word())
}

#[cfg(test)]
mod tests {
    use super::{Link, Side};
    use crate::backup::Code;
    use crate::testing::account;
    use proptest::prelude::{any, prop_assert, proptest};
    use std::collections::BTreeSet;

    #[test]
    fn who_knows_the_code_finds_and_opens_what_the_other_has_left() {
        let code = Code::random();
        let (here, there) = (Link::of(&code, account(1)), Link::of(&code, account(1)));
        assert_eq!(here.name(Side::Old, 3), there.name(Side::Old, 3));
        let sealed = here.seal(Side::Old, 3, b"a seed");
        assert_eq!(
            there.open(Side::Old, 3, &sealed).as_deref().map(Vec::as_slice),
            Some(&b"a seed"[..])
        );
        assert_ne!(here.seal(Side::Old, 3, b"a seed"), sealed);
        assert_eq!(format!("{here:?}"), "Link");
    }

    #[test]
    fn another_code_another_account_another_side_and_another_number_open_nothing() {
        let code = Code::random();
        let link = Link::of(&code, account(1));
        let sealed = link.seal(Side::Old, 3, b"a seed");
        let (other, of_another) = (Link::of(&Code::random(), account(1)), Link::of(&code, account(2)));
        let names = [
            link.name(Side::Old, 3),
            link.name(Side::New, 3),
            link.name(Side::Old, 4),
            other.name(Side::Old, 3),
            of_another.name(Side::Old, 3),
        ];
        assert_eq!(names.into_iter().collect::<BTreeSet<_>>().len(), names.len());
        for opened in [
            other.open(Side::Old, 3, &sealed),
            of_another.open(Side::Old, 3, &sealed),
            link.open(Side::New, 3, &sealed),
            link.open(Side::Old, 4, &sealed),
        ] {
            assert_eq!(opened, None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_found_in_a_box(bytes in any::<Vec<u8>>(), place in any::<proptest::sample::Index>()) {
            let link = Link::of(&Code::random(), account(1));
            prop_assert!(link.open(Side::New, 0, &bytes).is_none());
            let mut sealed = link.seal(Side::New, 0, &bytes);
            let at = place.index(sealed.len());
            sealed[at] ^= 1;
            prop_assert!(link.open(Side::New, 0, &sealed).is_none());
        }
    }
}
