//! The number that two people compare to know that nobody stands between them.
//!
//! It is made of both their identity keys and accounts, and is the same on both sides: sixty digits, read aloud or shown. If a home,
//! or whoever has taken one over, had shown either of them another identity, the numbers would differ.
//!
//! Half of it belongs to each of the two: thirty digits are hardly fewer than 100 bits, and whoever looks for a key with the same
//! half pays [`ROUNDS`] hashes for each try. The smaller half comes first, so that nobody has to know who is the first.
//!
//! Deliberately absent: what has been compared. That is the client's to keep.

use sha2::{Digest, Sha512};
use tertulia_types::AccountId;
use tertulia_types::device::PublicKey;

/// How often a half is hashed.
pub const ROUNDS: usize = 4_096;
/// A half, in groups of five digits.
const GROUPS: usize = 6;

/// Somebody's half of their safety numbers: what is shown of an identity by itself.
#[must_use]
pub fn fingerprint(account: AccountId, identity: PublicKey) -> String {
    let first = Sha512::new()
        .chain_update(format!("tertulia safety number 1\naccount {account}\n"))
        .chain_update(identity.0)
        .finalize();
    let hash = (1..ROUNDS).fold(first, |hash, _| {
        Sha512::new()
            .chain_update(hash)
            .chain_update(identity.0)
            .finalize()
    });
    let groups: Vec<_> = hash.chunks_exact(5).take(GROUPS).map(group).collect();
    groups.join(" ")
}

/// The number of two people, in twelve groups of five digits.
#[must_use]
pub fn safety_number(one: (AccountId, PublicKey), other: (AccountId, PublicKey)) -> String {
    let mut halves = [fingerprint(one.0, one.1), fingerprint(other.0, other.1)];
    halves.sort_unstable();
    halves.join(" ")
}

/// Five digits of forty bits: no digits are noticeably likelier than others.
fn group(bytes: &[u8]) -> String {
    let number = bytes
        .iter()
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{:05}", number % 100_000)
}

#[cfg(test)]
mod tests {
    use super::{fingerprint, safety_number};
    use crate::testing::account;
    use tertulia_types::device::PublicKey;

    #[test]
    fn a_safety_number_is_sixty_digits_in_groups_of_five() {
        let number = safety_number((account(1), PublicKey([1; 32])), (account(2), PublicKey([2; 32])));
        let groups: Vec<_> = number.split(' ').collect();
        assert_eq!(groups.len(), 12);
        for group in groups {
            assert!(
                group.len() == 5 && group.bytes().all(|digit| digit.is_ascii_digit()),
                "{number}"
            );
        }
    }

    #[test]
    fn both_see_the_same_number_and_each_their_half_in_it() {
        let ana = (account(1), PublicKey([1; 32]));
        let ben = (account(2), PublicKey([2; 32]));
        let number = safety_number(ana, ben);
        assert_eq!(number, safety_number(ben, ana));
        for (account, identity) in [ana, ben] {
            let half = fingerprint(account, identity);
            assert_eq!(half.split(' ').count(), 6);
            assert!(number.contains(&half));
        }
    }

    #[test]
    fn another_key_or_another_account_gives_another_number() {
        let ana = (account(1), PublicKey([1; 32]));
        let ben = (account(2), PublicKey([2; 32]));
        let number = safety_number(ana, ben);
        assert_ne!(number, safety_number(ana, (ben.0, PublicKey([3; 32]))));
        assert_ne!(number, safety_number(ana, (account(3), ben.1)));
        assert_ne!(number, safety_number((ana.0, ben.1), (ben.0, ana.1)));
    }

    #[test]
    fn a_fingerprint_stays_what_it_was() {
        // Another program has to come to the same.
        let half = fingerprint(account(1), PublicKey([1; 32]));
        assert_eq!(half, "37305 67988 10884 52073 84475 17351");
    }
}
