//! Where else the ring can be entered: what a client keeps for the day on which its own machine is gone.

use crate::MachineId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Machines that are recommended at once.
pub const ENTRY_MACHINES_MAX: usize = 5;
/// Addresses of one machine.
pub const ENTRY_URLS_MAX: usize = 3;
/// The header of every answer that says which list is the current one.
pub const ENTRIES_HEADER: &str = "tertulia-entries";
/// A version is a number that every JSON parser reads exactly.
const VERSION_BITS: u32 = 53;

/// Machines at which the ring can be entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Entries {
    /// Changes with the list, and is the same at every machine that knows the same list. The header `Tertulia-Entries` of
    /// every answer names it.
    pub version: u64,
    /// The ring: sixteen hexadecimal digits.
    pub ring: String,
    /// SHA-256 of the certificate of the ring's authority, as 64 lower-case hexadecimal digits; null where the ring's
    /// machines are reached without one.
    pub ca_fingerprint: Option<String>,
    /// At most five that live, the one that answers first.
    pub machines: Vec<EntryMachine>,
}

/// A machine at which the ring can be entered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EntryMachine {
    /// Which: sixteen hexadecimal digits.
    pub id: String,
    /// Where clients reach it: at most three addresses, the best first.
    pub urls: Vec<String>,
}

impl Entries {
    /// The list that `own` gives out when these machines live. All machines that know the same ones choose the same five,
    /// so that a client which goes from one to the other need not fetch it again.
    #[must_use]
    pub fn new(
        ring: u64,
        authority: Option<&str>,
        own: MachineId,
        living: impl IntoIterator<Item = (MachineId, Vec<String>)>,
    ) -> Self {
        let mut living: Vec<_> = living.into_iter().filter(|(_, urls)| !urls.is_empty()).collect();
        // Ids are hashes: the lowest five are any five, and most stay when a machine comes or goes.
        living.sort();
        living.dedup_by_key(|(id, _)| *id);
        living.truncate(ENTRY_MACHINES_MAX);
        let ring = format!("{ring:016x}");
        let ca_fingerprint = authority.map(plain);
        let machine = |(id, urls): &(MachineId, Vec<String>)| EntryMachine {
            id: id.to_string(),
            urls: urls.iter().take(ENTRY_URLS_MAX).cloned().collect(),
        };
        let mut machines: Vec<EntryMachine> = living.iter().map(machine).collect();
        let version = version(&ring, ca_fingerprint.as_deref(), &machines);
        // Each begins with itself: when it fails, its clients do not all go to the same one.
        let first = living.iter().position(|(id, _)| *id >= own).unwrap_or(0);
        machines.rotate_left(first);
        Self {
            version,
            ring,
            ca_fingerprint,
            machines,
        }
    }
}

/// A fingerprint without the colons and capitals that people like.
fn plain(fingerprint: &str) -> String {
    fingerprint
        .chars()
        .filter(char::is_ascii_hexdigit)
        .map(|char| char.to_ascii_lowercase())
        .collect()
}

fn version(ring: &str, authority: Option<&str>, machines: &[EntryMachine]) -> u64 {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update(text.as_bytes());
        // No text holds it, so no two lists look alike.
        hash.update([0]);
    };
    add(ring);
    add(authority.unwrap_or_default());
    for machine in machines {
        add(&machine.id);
        for url in &machine.urls {
            add(url);
        }
        add("");
    }
    let digest = hash.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first) >> (u64::BITS - VERSION_BITS)
}

#[cfg(test)]
mod tests {
    use super::{ENTRY_MACHINES_MAX, ENTRY_URLS_MAX, Entries};
    use crate::MachineId;

    fn machines(ids: &[u64]) -> Vec<(MachineId, Vec<String>)> {
        let of = |id: &u64| (MachineId(*id), vec![format!("https://10.0.0.{id}:8787")]);
        ids.iter().map(of).collect()
    }

    fn list(own: u64, ids: &[u64]) -> Entries {
        Entries::new(7, Some("AB:CD"), MachineId(own), machines(ids))
    }

    #[test]
    fn entry_list_has_one_version_at_all_machines_and_begins_with_oneself() {
        let (one, other) = (list(1, &[1, 2, 3]), list(3, &[3, 1, 2, 2]));
        assert_eq!(one.version, other.version);
        let ids = |list: &Entries| {
            list.machines
                .iter()
                .map(|machine| machine.id.clone())
                .collect::<Vec<_>>()
        };
        let id = |number: u64| MachineId(number).to_string();
        assert_eq!(ids(&one), [id(1), id(2), id(3)]);
        assert_eq!(ids(&other), [id(3), id(1), id(2)]);
        assert_eq!(one.ca_fingerprint.as_deref(), Some("abcd"));
        assert!(one.version < 1 << 53);
    }

    #[test]
    fn entry_version_changes_with_whatever_changes() {
        let before = list(1, &[1, 2, 3]).version;
        assert_ne!(before, list(1, &[1, 2]).version);
        assert_ne!(before, list(1, &[1, 2, 4]).version);
        let mut moved = machines(&[1, 2, 3]);
        moved[1].1 = vec!["https://10.0.1.2:8787".to_owned()];
        assert_ne!(
            before,
            Entries::new(7, Some("AB:CD"), MachineId(1), moved).version
        );
        assert_ne!(
            before,
            Entries::new(8, Some("AB:CD"), MachineId(1), machines(&[1, 2, 3])).version
        );
        assert_ne!(
            before,
            Entries::new(7, None, MachineId(1), machines(&[1, 2, 3])).version
        );
    }

    #[test]
    fn entry_list_is_bounded_and_the_same_five_everywhere() {
        let all: Vec<u64> = (1..=40).collect();
        let (one, other) = (list(3, &all), list(33, &all));
        assert_eq!(
            (one.machines.len(), one.version),
            (ENTRY_MACHINES_MAX, other.version)
        );
        let many: Vec<String> = (0..9).map(|port| format!("https://a:{port}")).collect();
        let one = Entries::new(7, None, MachineId(1), [(MachineId(1), many)]);
        assert_eq!(one.machines[0].urls.len(), ENTRY_URLS_MAX);
        let none = Entries::new(7, None, MachineId(1), [(MachineId(1), Vec::new())]);
        assert!(
            none.machines.is_empty(),
            "a machine without an address is no entry"
        );
    }
}
