//! Copies of a group are equal: those that have applied the same entries store the same rows (R14).

use std::collections::BTreeMap;

/// The invariant's name.
pub const NAME: &str = "replicas are equal";

/// What a copy stores when it has applied all entries before an index.
pub type Digest = [u8; 32];

/// What copies have stored at which index, the newest indexes of each group.
#[derive(Debug, Default)]
pub struct Copies(BTreeMap<u64, BTreeMap<u64, (Digest, String)>>);

/// Indexes that are remembered per group.
const KEPT: usize = 4096;

impl Copies {
    /// Takes in what a machine's copy stores; tells what is wrong with it.
    pub fn compare(&mut self, group: u64, next_index: u64, digest: Digest, machine: &str) -> Option<String> {
        let known = self.0.entry(group).or_default();
        let wrong = known
            .get(&next_index)
            .filter(|(other, _)| *other != digest)
            .map(|(_, other)| {
                format!("group {group:016x} at index {next_index} differs between {machine} and {other}")
            });
        known.insert(next_index, (digest, machine.to_owned()));
        if known.len() > KEPT {
            known.pop_first();
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_that_differ_at_one_index_are_seen() {
        let mut copies = Copies::default();
        assert_eq!(copies.compare(1, 5, [1; 32], "m0"), None);
        assert_eq!(copies.compare(1, 5, [1; 32], "m1"), None);
        assert_eq!(copies.compare(1, 6, [2; 32], "m1"), None);
        assert_eq!(copies.compare(2, 5, [3; 32], "m1"), None);
        assert!(copies.compare(1, 6, [3; 32], "m2").is_some());
    }
}
