//! What the address book holds in memory, and how it lies on disk.
//!
//! **Invariant:** of each machine there is one record at most, the newest, and one removal; which ones does not depend on the order in which they came.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use tertulia_types::MachineId;

use super::record::{Entry, News, Record, Removal, State};
use super::seen::Seen;

/// What the file begins with.
const MAGIC: &[u8; 16] = b"tertulia book 1\n";
const CHECKSUM_BYTES: usize = 32;

/// All of it.
#[derive(Default)]
pub(crate) struct Lines {
    pub(crate) machines: BTreeMap<MachineId, Line>,
    digest: Option<[u8; 32]>,
    pub(crate) is_saved: bool,
}

/// What is known of one machine.
#[derive(Default)]
pub(crate) struct Line {
    pub(crate) record: Option<(Record, u64)>,
    pub(crate) removal: Option<(Removal, u64)>,
}

impl Line {
    pub(crate) fn entry(&self) -> Option<Entry> {
        let mut entry = self.record.as_ref()?.0.signed.entry.clone();
        if self.removal.is_some() {
            entry.state = State::Removed;
        }
        Some(entry)
    }

    pub(crate) fn seen(&self, machine: MachineId) -> Seen {
        let record = self.record.as_ref();
        Seen {
            machine,
            counter: record.map_or(0, |(record, _)| record.signed.entry.counter),
            tag: record.map_or(0, |(_, tag)| *tag),
            removal: self.removal.as_ref().map_or(0, |(_, tag)| *tag),
        }
    }
}

impl Lines {
    /// The same for the same content.
    pub(crate) fn digest(&mut self) -> [u8; 32] {
        if let Some(digest) = self.digest {
            return digest;
        }
        let mut hash = Sha256::new();
        for (machine, line) in &self.machines {
            let seen = line.seen(*machine);
            for part in [machine.0, seen.tag, seen.removal] {
                hash.update(part.to_be_bytes());
            }
        }
        let digest = hash.finalize().into();
        self.digest = Some(digest);
        digest
    }

    /// Whether this would change anything, if it is true.
    pub(crate) fn would_take(&self, news: &News) -> bool {
        let Some(line) = self.machines.get(&news.machine()) else {
            return true;
        };
        match news {
            News::Record(record) => line
                .record
                .as_ref()
                .is_none_or(|(known, _)| record.is_newer_than(known)),
            News::Removal(removal) => line.removal.as_ref().is_none_or(|(known, _)| removal > known),
        }
    }

    /// Takes what is new. Returns whether it was.
    pub(crate) fn take(&mut self, news: News) -> bool {
        if !self.would_take(&news) {
            return false;
        }
        let tag = news.tag();
        let line = self.machines.entry(news.machine()).or_default();
        match news {
            News::Record(record) => line.record = Some((*record, tag)),
            News::Removal(removal) => line.removal = Some((removal, tag)),
        }
        self.digest = None;
        self.is_saved = false;
        true
    }
}

/// As bytes, with a checksum.
pub(crate) fn to_file(lines: &Lines) -> Vec<u8> {
    let records = lines.machines.values().filter_map(|line| line.record.as_ref());
    let removals = lines.machines.values().filter_map(|line| line.removal.as_ref());
    let news: Vec<News> = records
        .map(|(record, _)| News::Record(Box::new(record.clone())))
        .chain(removals.map(|(removal, _)| News::Removal(*removal)))
        .collect();
    let mut bytes = MAGIC.to_vec();
    bytes.extend(postcard::to_stdvec(&news).expect("numbers and texts can be encoded"));
    let sum = Sha256::digest(&bytes);
    bytes.extend(sum);
    bytes
}

/// From what [`to_file`] has made; `None` if it is anything else.
pub(crate) fn from_file(bytes: &[u8]) -> Option<Vec<News>> {
    let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM_BYTES)?)?;
    (Sha256::digest(body).as_slice() == sum).then_some(())?;
    postcard::from_bytes(body.strip_prefix(MAGIC)?).ok()
}
