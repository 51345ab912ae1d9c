//! The chain of what a person has said of their devices, read by somebody who believes nothing but signatures.
//!
//! A home hands out a person's statements; whoever wants to write to that person reads them here from the first one on, and gets
//! what they come to: the present identity and the devices that live. A home can leave out the newest statements, but can neither
//! make one nor change one. That it shows different people different histories is found out by comparing heads:
//! [`Chain::extends`] says whether a head seen before lies on this chain, and clients tell each other the heads they have seen
//! (see [`crate::payload`]).
//!
//! **Invariants**
//! - A chain that has been read is a prefix of what its person signed, or its person's key is in other hands.
//! - A device key enters a chain once. Revoked, or void with an identity, it never comes back: who wants in again makes a new key. That it
//!   was named stays known: what came of it before can still be followed.
//! - A statement under another identity than the one before voids all devices. Nobody vouches for the new identity but itself, and
//!   so a change is counted here for people to be told of it.
//!
//! Deliberately absent: fetching, pinning, and what to tell people.

use crate::device::Named;
use crate::identity;
use std::collections::BTreeMap;
use tertulia_types::device::{Change, Link, PublicKey, RECORDS_MAX, Record, SignedRecord, UnfitLabel};
use tertulia_types::message::DEVICES_MAX;
use tertulia_types::{AccountId, DeviceId};

/// Why these are not the statements of that person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Longer than a chain may be.
    #[error("more than {RECORDS_MAX} statements")]
    TooLong,
    /// Somebody else's statement.
    #[error("statement {at} is about the account {account}")]
    OtherAccount {
        /// Where in the chain.
        at: u32,
        /// Whom it is about.
        account: AccountId,
    },
    /// One is missing, or there twice.
    #[error("statement {found} stands where {expected} is expected")]
    Gap {
        /// The number that is due.
        expected: u32,
        /// The number that is there.
        found: u32,
    },
    /// It follows another statement than the one before it: somebody has made two histories.
    #[error("statement {at} belongs to another history")]
    Forked {
        /// Where in the chain.
        at: u32,
    },
    /// Its label is none.
    #[error("statement {at} cannot be read in one way only")]
    Unfit {
        /// Where in the chain.
        at: u32,
        /// What is wrong with it.
        source: UnfitLabel,
    },
    /// The identity key that it names has not signed it.
    #[error("statement {at} is not signed by the identity that it names")]
    Forged {
        /// Where in the chain.
        at: u32,
    },
    /// A device comes in that was in before.
    #[error("statement {at} adds the device {device} a second time")]
    AddedTwice {
        /// Where in the chain.
        at: u32,
        /// Which device.
        device: DeviceId,
    },
    /// One device more than a person may have.
    #[error("statement {at} adds a device to {DEVICES_MAX}, which are all that a person may have")]
    TooManyDevices {
        /// Where in the chain.
        at: u32,
    },
    /// What is to be revoked does not live.
    #[error("statement {at} revokes {device}, which is no living device")]
    NotLive {
        /// Where in the chain.
        at: u32,
        /// Which device.
        device: DeviceId,
    },
}

/// A living device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its signature key.
    pub key: PublicKey,
    /// What its owner calls it.
    pub label: String,
    /// When it was added, by the clock of the device that said so.
    pub made_ms: u64,
}

/// What a person's statements come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    account: AccountId,
    identity: Option<PublicKey>,
    identity_changes: u32,
    live: BTreeMap<DeviceId, Device>,
    known: BTreeMap<DeviceId, Named>,
    links: Vec<Link>,
}

impl Chain {
    /// A person who has said nothing yet.
    #[must_use]
    pub fn empty(account: AccountId) -> Self {
        Self {
            account,
            identity: None,
            identity_changes: 0,
            live: BTreeMap::new(),
            known: BTreeMap::new(),
            links: Vec::new(),
        }
    }

    /// Reads a person's statements, from the first on.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn verify(account: AccountId, records: &[SignedRecord]) -> Result<Self, ChainError> {
        let mut chain = Self::empty(account);
        for signed in records {
            chain.append(signed)?;
        }
        Ok(chain)
    }

    /// Reads one more statement.
    ///
    /// # Errors
    /// What does not hold; the chain stays as it was.
    pub fn append(&mut self, signed: &SignedRecord) -> Result<(), ChainError> {
        let record = &signed.record;
        self.check_place(record)?;
        let at = record.sequence;
        if !identity::is_signed(signed) {
            return Err(ChainError::Forged { at });
        }
        // Read on a copy of what can change, so that a statement that does not hold changes nothing.
        let is_of_another = self.identity.is_some_and(|before| before != record.identity);
        let mut live = if is_of_another {
            BTreeMap::new()
        } else {
            self.live.clone()
        };
        match &record.change {
            Change::Add { key, label } => {
                let device = key.device();
                if self.known.contains_key(&device) {
                    return Err(ChainError::AddedTwice { at, device });
                }
                if live.len() >= DEVICES_MAX {
                    return Err(ChainError::TooManyDevices { at });
                }
                let added = Device {
                    key: *key,
                    label: label.clone(),
                    made_ms: record.made_ms,
                };
                live.insert(device, added);
                let named = Named {
                    key: *key,
                    ended_ms: None,
                };
                self.known.insert(device, named);
            }
            Change::Revoke { device } => {
                live.remove(device)
                    .ok_or(ChainError::NotLive { at, device: *device })?;
            }
        }
        for device in self.live.keys().filter(|device| !live.contains_key(device)) {
            if let Some(named) = self.known.get_mut(device) {
                named.ended_ms = Some(record.made_ms);
            }
        }
        self.live = live;
        self.identity = Some(record.identity);
        self.identity_changes += u32::from(is_of_another);
        self.links.push(record.link());
        Ok(())
    }

    /// Whose devices.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The identity of the newest statement; none before there is a first.
    #[must_use]
    pub fn identity(&self) -> Option<PublicKey> {
        self.identity
    }

    /// How often a statement came under another identity than the one before.
    #[must_use]
    pub fn identity_changes(&self) -> u32 {
        self.identity_changes
    }

    /// The devices that live.
    #[must_use]
    pub fn devices(&self) -> &BTreeMap<DeviceId, Device> {
        &self.live
    }

    /// The key of a device, if it lives.
    #[must_use]
    pub fn key(&self, device: DeviceId) -> Option<PublicKey> {
        self.live.get(&device).map(|device| device.key)
    }

    /// What the statements have ever said of a device; none if they never named it.
    #[must_use]
    pub fn named(&self, device: DeviceId) -> Option<Named> {
        self.known.get(&device).copied()
    }

    /// How many statements there are.
    #[must_use]
    pub fn length(&self) -> u32 {
        u32::try_from(self.links.len()).unwrap_or(u32::MAX)
    }

    /// The hash of the newest statement; all zeros before there is one.
    #[must_use]
    pub fn head(&self) -> Link {
        self.links.last().copied().unwrap_or_default()
    }

    /// Whether a statement seen before, by its number and its hash, lies on this chain. If not, then its home has shown two
    /// histories, or this one is shorter than what was seen.
    #[must_use]
    pub fn extends(&self, (sequence, link): (u32, Link)) -> bool {
        let here = usize::try_from(sequence)
            .ok()
            .and_then(|index| self.links.get(index));
        here == Some(&link)
    }

    /// What is to be signed to say one thing more, under this identity.
    #[must_use]
    pub fn next(&self, identity: PublicKey, change: Change, made_ms: u64) -> Record {
        Record {
            account: self.account,
            identity,
            sequence: self.length(),
            previous: self.head(),
            made_ms,
            change,
        }
    }

    /// Whether a statement can stand at the end of this chain, whatever it says.
    fn check_place(&self, record: &Record) -> Result<(), ChainError> {
        if self.links.len() >= RECORDS_MAX {
            return Err(ChainError::TooLong);
        }
        let expected = self.length();
        if record.account != self.account {
            return Err(ChainError::OtherAccount {
                at: expected,
                account: record.account,
            });
        }
        if record.sequence != expected {
            return Err(ChainError::Gap {
                expected,
                found: record.sequence,
            });
        }
        if record.previous != self.head() {
            return Err(ChainError::Forked { at: expected });
        }
        record
            .check()
            .map_err(|source| ChainError::Unfit { at: expected, source })
    }
}

#[cfg(test)]
mod tests {
    use super::{Chain, ChainError};
    use crate::device::Named;
    use crate::identity::IdentityKey;
    use proptest::prelude::{any, prop_assert, proptest};
    use tertulia_types::device::{Change, Link, PublicKey, RECORDS_MAX, SignedRecord, UnfitLabel};
    use tertulia_types::message::DEVICES_MAX;
    use tertulia_types::{AccountId, DeviceId};

    fn account() -> AccountId {
        AccountId::from_number(7 << 16).unwrap()
    }

    fn add(number: usize) -> Change {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        Change::Add {
            key: PublicKey(key),
            label: format!("device {number}"),
        }
    }

    fn add_id(number: usize) -> DeviceId {
        let Change::Add { key, .. } = add(number) else {
            unreachable!("it adds")
        };
        key.device()
    }

    fn revoke(number: usize) -> Change {
        let Change::Add { key, .. } = add(number) else {
            unreachable!("it adds")
        };
        Change::Revoke { device: key.device() }
    }

    /// Statements that are rightly numbered, linked and signed, whatever they say.
    fn say(saying: &[(&IdentityKey, Change)]) -> Vec<SignedRecord> {
        let mut records: Vec<SignedRecord> = Vec::new();
        for (key, change) in saying {
            let mut record = Chain::empty(account()).next(key.public(), change.clone(), 5);
            record.sequence = u32::try_from(records.len()).unwrap();
            record.previous = records
                .last()
                .map(|before| before.record.link())
                .unwrap_or_default();
            records.push(key.sign(record));
        }
        records
    }

    #[test]
    fn a_chain_says_which_devices_live() {
        let key = IdentityKey::random();
        let records = say(&[(&key, add(1)), (&key, add(2)), (&key, revoke(1))]);
        let chain = Chain::verify(account(), &records).unwrap();
        assert_eq!(chain.identity(), Some(key.public()));
        assert_eq!(chain.length(), 3);
        assert_eq!(chain.head(), records[2].record.link());
        assert_eq!(chain.identity_changes(), 0);
        let labels: Vec<_> = chain
            .devices()
            .values()
            .map(|device| device.label.as_str())
            .collect();
        assert_eq!(labels, ["device 2"]);

        let record = chain.next(key.public(), add(3), 6);
        let mut longer = chain.clone();
        longer.append(&key.sign(record)).unwrap();
        assert_eq!(longer.devices().len(), 2);
    }

    #[test]
    fn who_has_said_nothing_has_no_devices() {
        let chain = Chain::verify(account(), &[]).unwrap();
        assert_eq!(
            (chain.identity(), chain.length(), chain.head()),
            (None, 0, Link::default())
        );
        assert!(chain.devices().is_empty());
    }

    #[test]
    fn a_forged_statement_is_found_out() {
        let (key, other) = (IdentityKey::random(), IdentityKey::random());
        let mut records = say(&[(&key, add(1)), (&key, add(2))]);
        records[1] = other.sign(records[1].record.clone());
        assert_eq!(
            Chain::verify(account(), &records),
            Err(ChainError::Forged { at: 1 })
        );
    }

    #[test]
    fn a_statement_of_another_history_is_found_out() {
        let key = IdentityKey::random();
        let one = say(&[(&key, add(1)), (&key, add(2))]);
        let other = say(&[(&key, add(3)), (&key, add(2))]);
        let mixed = [one[0].clone(), other[1].clone()];
        assert_eq!(
            Chain::verify(account(), &mixed),
            Err(ChainError::Forked { at: 1 })
        );
    }

    #[test]
    fn a_head_seen_before_lies_on_a_longer_chain_and_not_on_another() {
        let key = IdentityKey::random();
        let records = say(&[(&key, add(1)), (&key, add(2))]);
        let short = Chain::verify(account(), &records[..1]).unwrap();
        let long = Chain::verify(account(), &records).unwrap();
        let other = Chain::verify(account(), &say(&[(&key, add(1)), (&key, add(3))])).unwrap();
        assert!(long.extends((0, short.head())));
        assert!(long.extends((1, long.head())));
        assert!(!short.extends((1, long.head())));
        assert!(!other.extends((1, long.head())));
        assert!(!long.extends((1, short.head())));
    }

    #[test]
    fn a_missing_statement_is_missed() {
        let key = IdentityKey::random();
        let records = say(&[(&key, add(1)), (&key, add(2)), (&key, add(3))]);
        let gap = [records[0].clone(), records[2].clone()];
        let expected = ChainError::Gap {
            expected: 1,
            found: 2,
        };
        assert_eq!(Chain::verify(account(), &gap), Err(expected));
        let without_first = ChainError::Gap {
            expected: 0,
            found: 1,
        };
        assert_eq!(Chain::verify(account(), &records[1..]), Err(without_first));
    }

    #[test]
    fn the_statements_of_another_are_not_this_persons() {
        let key = IdentityKey::random();
        let other = AccountId::from_number(8 << 16).unwrap();
        let found = Chain::verify(other, &say(&[(&key, add(1))]));
        assert_eq!(
            found,
            Err(ChainError::OtherAccount {
                at: 0,
                account: account()
            })
        );
    }

    #[test]
    fn a_device_is_revoked_once_and_never_comes_back() {
        let key = IdentityKey::random();
        let Change::Revoke { device } = revoke(1) else {
            unreachable!("it revokes")
        };
        let twice = say(&[(&key, add(1)), (&key, revoke(1)), (&key, revoke(1))]);
        assert_eq!(
            Chain::verify(account(), &twice),
            Err(ChainError::NotLive { at: 2, device })
        );
        let never_in = say(&[(&key, revoke(1))]);
        assert_eq!(
            Chain::verify(account(), &never_in),
            Err(ChainError::NotLive { at: 0, device })
        );
        let chain = Chain::verify(account(), &twice[..2]).unwrap();
        let Change::Add { key: of_device, .. } = add(1) else {
            unreachable!("it adds")
        };
        assert_eq!(chain.key(device), None);
        let gone = Named {
            key: of_device,
            ended_ms: Some(5),
        };
        assert_eq!(chain.named(device), Some(gone), "it is known to have been one");
        assert_eq!(chain.named(add_id(2)), None);
        let again = say(&[(&key, add(1)), (&key, revoke(1)), (&key, add(1))]);
        assert_eq!(
            Chain::verify(account(), &again),
            Err(ChainError::AddedTwice { at: 2, device })
        );
    }

    #[test]
    fn another_identity_voids_all_devices_and_is_counted() {
        let (old, new) = (IdentityKey::random(), IdentityKey::random());
        let records = say(&[(&old, add(1)), (&old, add(2)), (&new, add(3))]);
        let chain = Chain::verify(account(), &records).unwrap();
        assert_eq!(chain.identity(), Some(new.public()));
        assert_eq!(chain.identity_changes(), 1);
        assert_eq!(chain.devices().len(), 1);
        let lives = |number| chain.named(add_id(number)).map(|named| named.lives());
        assert_eq!([1, 2, 3].map(lives), [Some(false), Some(false), Some(true)]);

        let Change::Revoke { device } = revoke(1) else {
            unreachable!("it revokes")
        };
        let revoked = say(&[(&old, add(1)), (&new, revoke(1))]);
        assert_eq!(
            Chain::verify(account(), &revoked),
            Err(ChainError::NotLive { at: 1, device })
        );
        let back = say(&[(&old, add(1)), (&new, add(2)), (&old, add(1))]);
        assert_eq!(
            Chain::verify(account(), &back),
            Err(ChainError::AddedTwice { at: 2, device })
        );
    }

    #[test]
    fn a_person_has_so_many_devices_and_no_more() {
        let key = IdentityKey::random();
        let mut saying: Vec<_> = (0..DEVICES_MAX).map(|number| (&key, add(number))).collect();
        assert!(Chain::verify(account(), &say(&saying)).is_ok());
        saying.push((&key, add(DEVICES_MAX)));
        let at = u32::try_from(DEVICES_MAX).unwrap();
        assert_eq!(
            Chain::verify(account(), &say(&saying)),
            Err(ChainError::TooManyDevices { at })
        );
        saying.insert(1, (&key, revoke(0)));
        assert!(Chain::verify(account(), &say(&saying)).is_ok());
    }

    #[test]
    fn a_chain_ends_where_it_has_to() {
        let key = IdentityKey::random();
        let mut saying = Vec::new();
        for number in 0..=RECORDS_MAX / 2 {
            saying.extend([(&key, add(number)), (&key, revoke(number))]);
        }
        let records = say(&saying[..=RECORDS_MAX]);
        assert!(Chain::verify(account(), &records[..RECORDS_MAX]).is_ok());
        assert_eq!(Chain::verify(account(), &records), Err(ChainError::TooLong));
    }

    #[test]
    fn a_label_with_lines_of_its_own_is_not_read() {
        let key = IdentityKey::random();
        let change = Change::Add {
            key: PublicKey([1; 32]),
            label: "a\nrevoke 00".to_owned(),
        };
        let expected = ChainError::Unfit {
            at: 0,
            source: UnfitLabel,
        };
        assert_eq!(Chain::verify(account(), &say(&[(&key, change)])), Err(expected));
    }

    #[test]
    fn a_statement_that_does_not_hold_changes_nothing() {
        let (key, new) = (IdentityKey::random(), IdentityKey::random());
        let records = say(&[(&key, add(1)), (&new, revoke(1))]);
        let mut chain = Chain::verify(account(), &records[..1]).unwrap();
        let before = chain.clone();
        assert!(chain.append(&records[1]).is_err());
        assert_eq!(chain, before);
    }

    proptest! {
        #[test]
        fn no_bit_of_a_statement_can_be_turned(byte in 0_usize..64, bit in 0_u8..8, made_ms in any::<u64>()) {
            let key = IdentityKey::from_seed(&[9; 32]);
            let record = Chain::empty(account()).next(key.public(), add(1), made_ms);
            let mut signed = key.sign(record);
            signed.signature[byte] ^= 1 << bit;
            prop_assert!(Chain::verify(account(), &[signed]).is_err());
        }
    }
}
