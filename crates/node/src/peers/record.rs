//! What the address book says of a machine, and who vouches for it.
//!
//! An [`Entry`] is signed by the machine it is about, with a counter that it alone raises. That the ring let the machine in, and whether it may keep data, is its
//! [`Admission`], sealed by the ring's CA: who can only talk (a gateway) cannot make up machines. A [`Removal`] is sealed likewise, and is for good.
//!
//! **Invariant:** every signature names the ring: what is true in one ring is nothing in another.
//! **Invariant:** everything has a limit ([`Entry::fits`]).

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tertulia_state::AnyCommand;
use tertulia_types::{MachineId, Position, Role};

use super::authority::{Authority, AuthorityError, Ca};
use super::ring_id::RingId;
use crate::identity::Identity;
use crate::key::{PublicKey, Signature};

/// Addresses of one machine at most.
pub const ADDRESSES_MAX: usize = 16;
/// The longest address: a DNS name and a port.
pub const ADDRESS_LENGTH_MAX: usize = 260;
/// URLs of one machine at most.
pub const URLS_MAX: usize = 8;
/// Groups that one machine says are given up at most.
pub const GIVEN_UP_MAX: usize = 64;
/// The longest URL.
pub const URL_LENGTH_MAX: usize = 512;

const ENTRY: &str = "book entry 1";
const ADMISSION: &str = "admission 1";
const REMOVAL: &str = "removal 1";

/// Where a machine stands in the life of the ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    /// It takes part.
    #[default]
    Active,
    /// It is about to leave: no host any more, but a voter until it is replaced (J7).
    Leaving,
    /// It has left. It may come back.
    Left,
    /// It was removed for good (J8).
    Removed,
}

/// What a machine says of itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entry {
    /// Which machine. It follows from the key.
    pub machine: MachineId,
    /// The public half of its key.
    pub public_key: PublicKey,
    /// The life of its data directory (R3).
    pub incarnation: u64,
    /// The higher one is the newer one.
    pub counter: u64,
    /// Where other machines reach it: `host:port`.
    pub addresses: Vec<String>,
    /// Where clients reach it.
    pub urls: Vec<String>,
    /// Where it is on the ring, if it is.
    pub position: Option<Position>,
    /// What it is there for.
    pub role: Role,
    /// Whether clients and newcomers are sent to it.
    pub is_entry: bool,
    /// Where it stands. [`Removed`](State::Removed) is never said by the machine itself.
    pub state: State,
    /// Its clock is wrong, so that it does not lead (C3).
    pub abstains: bool,
    /// How many kinds of commands its version knows (R15).
    pub commands: u32,
    /// Groups of which it knows that they were given up: another goes on instead of each (V4).
    pub given_up: Vec<u64>,
}

impl Entry {
    /// Of a machine that enters.
    #[must_use]
    pub fn new(identity: &Identity, role: Role, addresses: Vec<String>) -> Self {
        Self {
            machine: identity.machine,
            public_key: identity.public_key(),
            incarnation: identity.incarnation,
            counter: 1,
            addresses,
            urls: Vec::new(),
            position: None,
            role,
            is_entry: false,
            state: State::Active,
            abstains: false,
            commands: AnyCommand::kinds(),
            given_up: Vec::new(),
        }
    }

    /// Whether it keeps to the limits and does not contradict itself.
    #[must_use]
    pub fn fits(&self) -> bool {
        let all_fit = |list: &[String], count_max, length_max| {
            list.len() <= count_max
                && list
                    .iter()
                    .all(|text| text.len() <= length_max && !text.chars().any(char::is_control))
        };
        all_fit(&self.addresses, ADDRESSES_MAX, ADDRESS_LENGTH_MAX)
            && all_fit(&self.urls, URLS_MAX, URL_LENGTH_MAX)
            && self.given_up.len() <= GIVEN_UP_MAX
            && self.machine == self.public_key.machine()
            && self.state != State::Removed
    }

    /// Signs it with the machine's key.
    #[must_use]
    pub fn sign(self, ring: RingId, identity: &Identity) -> Signed {
        let signature = identity.sign(ENTRY, &self.signed(ring));
        Signed {
            entry: self,
            signature,
        }
    }

    fn signed(&self, ring: RingId) -> Vec<u8> {
        postcard::to_stdvec(&(ring, self)).expect("numbers and texts can be encoded")
    }
}

/// An entry with the signature of the machine that it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Signed {
    /// What it says.
    pub entry: Entry,
    signature: Signature,
}

impl Signed {
    /// Whether the machine has said it, of this ring.
    #[must_use]
    pub fn holds(&self, ring: RingId) -> bool {
        let entry = &self.entry;
        entry.fits()
            && entry
                .public_key
                .has_signed(ENTRY, &entry.signed(ring), &self.signature)
    }
}

/// That the ring has let a machine in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Admission {
    /// Whether it may keep data (and, then, holds the CA's key).
    pub may_store: bool,
    seal: Signature,
}

impl Admission {
    /// Lets a machine in.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn grant(
        authority: &Authority,
        ring: RingId,
        key: PublicKey,
        may_store: bool,
    ) -> Result<Self, AuthorityError> {
        let seal = authority.seal(ADMISSION, &admitted(ring, key, may_store))?;
        Ok(Self { may_store, seal })
    }

    /// Whether the ring has let this machine in, as something that may do what its role does.
    #[must_use]
    pub fn holds(&self, ca: &Ca, ring: RingId, key: PublicKey, role: Role) -> bool {
        (self.may_store || !role.stores())
            && ca.has_sealed(ADMISSION, &admitted(ring, key, self.may_store), &self.seal)
    }
}

fn admitted(ring: RingId, key: PublicKey, may_store: bool) -> Vec<u8> {
    postcard::to_stdvec(&(ring, key, may_store)).expect("numbers can be encoded")
}

/// A line of the address book.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Record {
    /// What the machine says of itself. It comes first: records are ordered by it.
    pub signed: Signed,
    /// By what right it is in the book.
    pub admission: Admission,
}

impl Record {
    /// Whether all who have signed it have.
    #[must_use]
    pub fn holds(&self, ca: &Ca, ring: RingId) -> bool {
        let entry = &self.signed.entry;
        self.signed.holds(ring) && self.admission.holds(ca, ring, entry.public_key, entry.role)
    }

    /// Which of two records of one machine stays: the one with the higher counter; between two of the same, everybody chooses alike.
    pub(crate) fn is_newer_than(&self, other: &Self) -> bool {
        let counter = |record: &Self| record.signed.entry.counter;
        (counter(self), self) > (counter(other), other)
    }
}

/// That a machine was removed for good (J8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Removal {
    /// Which one.
    pub machine: MachineId,
    seal: Signature,
}

impl Removal {
    /// Removes a machine.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn decree(authority: &Authority, ring: RingId, machine: MachineId) -> Result<Self, AuthorityError> {
        let seal = authority.seal(REMOVAL, &removed(ring, machine))?;
        Ok(Self { machine, seal })
    }

    /// Whether the ring has decreed it.
    #[must_use]
    pub fn holds(&self, ca: &Ca, ring: RingId) -> bool {
        ca.has_sealed(REMOVAL, &removed(ring, self.machine), &self.seal)
    }
}

fn removed(ring: RingId, machine: MachineId) -> Vec<u8> {
    postcard::to_stdvec(&(ring, machine)).expect("numbers can be encoded")
}

/// What one machine tells another of the book.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum News {
    /// A line.
    Record(Box<Record>),
    /// A removal.
    Removal(Removal),
}

impl News {
    /// Whom it is about.
    #[must_use]
    pub fn machine(&self) -> MachineId {
        match self {
            Self::Record(record) => record.signed.entry.machine,
            Self::Removal(removal) => removal.machine,
        }
    }

    /// Whether it says that somebody is gone for good, who will not say so again.
    pub(crate) fn is_parting(&self) -> bool {
        match self {
            Self::Record(record) => record.signed.entry.state == State::Left,
            Self::Removal(_) => true,
        }
    }

    /// 8 bytes by which it is told apart from others about the same machine.
    pub(crate) fn tag(&self) -> u64 {
        let bytes = postcard::to_stdvec(self).expect("numbers and texts can be encoded");
        let digest = Sha256::digest(bytes);
        let mut head = [0; 8];
        head.copy_from_slice(&digest[..8]);
        u64::from_be_bytes(head)
    }
}

/// Where a machine says that it is, as far as these are no names.
pub(crate) fn hosts(entry: &Entry) -> impl Iterator<Item = IpAddr> {
    let addresses = entry.addresses.iter();
    addresses.filter_map(|address| Some(address.parse::<SocketAddr>().ok()?.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RING: RingId = RingId(7);

    fn machine() -> (tempfile::TempDir, Identity) {
        let directory = tempfile::tempdir().unwrap();
        let identity = Identity::take(directory.path()).unwrap();
        (directory, identity)
    }

    fn record(authority: &Authority, identity: &Identity, may_store: bool) -> Record {
        let key = identity.public_key();
        Record {
            signed: Entry::new(identity, Role::Node, vec!["10.0.0.7:8741".to_owned()]).sign(RING, identity),
            admission: Admission::grant(authority, RING, key, may_store).unwrap(),
        }
    }

    #[test]
    fn j5_a_record_holds_only_as_its_machine_signed_it() {
        let authority = Authority::make().unwrap();
        let ((_kept, one), (_also, two)) = (machine(), machine());
        let good = record(&authority, &one, true);
        assert!(good.holds(authority.ca(), RING));
        assert!(!good.holds(authority.ca(), RingId(8)));
        assert!(!good.holds(Authority::make().unwrap().ca(), RING));
        let changes: [fn(&mut Entry); 5] = [
            |entry| entry.addresses.push("evil:1".to_owned()),
            |entry| entry.counter += 1,
            |entry| entry.role = Role::Replica,
            |entry| entry.state = State::Left,
            |entry| entry.machine.0 += 1,
        ];
        for change in changes {
            let mut changed = good.clone();
            change(&mut changed.signed.entry);
            assert!(!changed.holds(authority.ca(), RING));
        }
        let mut borrowed = good.clone();
        borrowed.admission = record(&authority, &two, true).admission;
        assert!(!borrowed.holds(authority.ca(), RING), "another's admission");
    }

    #[test]
    fn j8_who_was_let_in_as_a_gateway_cannot_make_itself_a_storage_machine() {
        let authority = Authority::make().unwrap();
        let (_kept, identity) = machine();
        let mut record = record(&authority, &identity, false);
        assert!(!record.holds(authority.ca(), RING), "says it is a node");
        record.admission.may_store = true;
        assert!(!record.holds(authority.ca(), RING), "the seal says otherwise");
        record.admission.may_store = false;
        record.signed = Entry::new(&identity, Role::Gateway, Vec::new()).sign(RING, &identity);
        assert!(record.holds(authority.ca(), RING));
    }

    #[test]
    fn j8_only_the_ring_removes() {
        let authority = Authority::make().unwrap();
        let removal = Removal::decree(&authority, RING, MachineId(3)).unwrap();
        assert!(removal.holds(authority.ca(), RING));
        let other = Removal {
            machine: MachineId(4),
            ..removal
        };
        assert!(!other.holds(authority.ca(), RING));
        assert!(!removal.holds(authority.ca(), RingId(8)));
    }

    #[test]
    fn what_is_too_long_is_refused_even_if_signed() {
        let (_kept, identity) = machine();
        let fits = |change: &dyn Fn(&mut Entry)| {
            let mut entry = Entry::new(&identity, Role::Node, Vec::new());
            change(&mut entry);
            entry.sign(RING, &identity).holds(RING)
        };
        assert!(fits(
            &|entry| entry.addresses = vec!["a".repeat(ADDRESS_LENGTH_MAX); ADDRESSES_MAX]
        ));
        assert!(!fits(
            &|entry| entry.addresses = vec!["a".repeat(ADDRESS_LENGTH_MAX + 1)]
        ));
        assert!(!fits(
            &|entry| entry.addresses = vec![String::new(); ADDRESSES_MAX + 1]
        ));
        assert!(!fits(&|entry| entry.urls = vec![String::new(); URLS_MAX + 1]));
        assert!(!fits(&|entry| entry.urls = vec!["a".repeat(URL_LENGTH_MAX + 1)]));
        assert!(!fits(&|entry| entry.urls = vec!["http://a\x1b[2J".to_owned()]));
        assert!(!fits(&|entry| entry.state = State::Removed));
    }
}
