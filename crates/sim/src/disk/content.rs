//! The bytes of one file: what a crash would leave, what a program sees, and the changes between the two.
//!
//! **Invariant:** applying `pending` in order to `durable` gives `seen`.

use rand::rngs::StdRng;
use rand::{Rng, RngExt};

/// A write may be torn between two sectors, never inside one: what SQLite calls power-safe overwrite, and drives promise.
const SECTOR_BYTES: usize = 512;

/// One un-synced change.
#[derive(Clone, Debug)]
enum Change {
    Write { offset_bytes: usize, bytes: Vec<u8> },
    Resize { len_bytes: usize },
}

/// A file's bytes, durable and seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    durable: Vec<u8>,
    seen: Vec<u8>,
    pending: Vec<Change>,
}

impl Content {
    /// Length as a program sees it.
    pub(super) fn len_bytes(&self) -> usize {
        self.seen.len()
    }

    /// Copies what lies at `offset_bytes` into `into`; returns how many bytes there were before the end.
    pub(super) fn read(&self, offset_bytes: usize, into: &mut [u8]) -> usize {
        let rest = self.seen.get(offset_bytes..).unwrap_or_default();
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        count
    }

    /// Writes, filling a gap with zeros.
    pub(super) fn write(&mut self, offset_bytes: usize, bytes: &[u8]) {
        put(&mut self.seen, offset_bytes, bytes);
        self.pending.push(Change::Write {
            offset_bytes,
            bytes: bytes.to_vec(),
        });
    }

    /// Cuts, or lengthens with zeros.
    pub(super) fn resize(&mut self, len_bytes: usize) {
        self.seen.resize(len_bytes, 0);
        self.pending.push(Change::Resize { len_bytes });
    }

    /// Makes all that is seen durable.
    pub(super) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// What a crash leaves when nothing un-synced reached the disk.
    pub(super) fn forget(self) -> Self {
        Self {
            seen: self.durable.clone(),
            durable: self.durable,
            pending: Vec::new(),
        }
    }

    /// What a crash leaves when each un-synced change was kept, lost or torn, as `rng` has it.
    pub(super) fn forget_some(mut self, rng: &mut StdRng) -> Self {
        for change in std::mem::take(&mut self.pending) {
            match rng.random_range(0..3) {
                0 => {}
                1 => change.apply(&mut self.durable),
                _ => change.apply_torn(&mut self.durable, rng),
            }
        }
        self.forget()
    }
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Write { offset_bytes, bytes } => put(to, *offset_bytes, bytes),
            Self::Resize { len_bytes } => to.resize(*len_bytes, 0),
        }
    }

    /// A write keeps any of its sectors (a drive orders them as it likes); a resize cannot be torn and is lost.
    fn apply_torn(&self, to: &mut Vec<u8>, rng: &mut impl Rng) {
        let Self::Write { offset_bytes, bytes } = self else {
            return;
        };
        let mut done = 0;
        while done < bytes.len() {
            let at = offset_bytes + done;
            let end = bytes.len().min(done + SECTOR_BYTES - at % SECTOR_BYTES);
            if rng.random::<bool>() {
                put(to, at, &bytes[done..end]);
            }
            done = end;
        }
    }
}

fn put(to: &mut Vec<u8>, offset_bytes: usize, bytes: &[u8]) {
    let end = offset_bytes + bytes.len();
    if to.len() < end {
        to.resize(end, 0);
    }
    to[offset_bytes..end].copy_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::{Content, SECTOR_BYTES};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn a_crash_forgets_what_was_not_synced() {
        let mut content = Content::default();
        content.write(0, b"kept");
        content.sync();
        content.write(2, b"lost");
        content.resize(100);
        assert_eq!(content.len_bytes(), 100);
        assert_eq!(content.forget().seen, b"kept");
    }

    #[test]
    fn a_gap_reads_as_zeros_and_the_end_reads_short() {
        let mut content = Content::default();
        content.write(3, b"x");
        let mut buffer = [9; 6];
        assert_eq!(content.read(0, &mut buffer), 4);
        assert_eq!(buffer, [0, 0, 0, b'x', 9, 9]);
        assert_eq!(content.read(7, &mut buffer), 0);
    }

    #[test]
    fn a_torn_write_breaks_only_between_sectors_and_every_outcome_occurs() {
        let (mut kept, mut lost, mut torn) = (0, 0, 0);
        for seed in 0..200 {
            let mut content = Content::default();
            content.write(0, &[1; 4 * SECTOR_BYTES]);
            content.sync();
            // Begins in the middle of a sector: that sector's first half is never touched.
            content.write(SECTOR_BYTES / 2, &[2; 2 * SECTOR_BYTES]);
            let left = content.forget_some(&mut StdRng::seed_from_u64(seed)).seen;
            assert_eq!(left.len(), 4 * SECTOR_BYTES);
            assert!(left[..SECTOR_BYTES / 2].iter().all(|&byte| byte == 1));
            let parts = [
                SECTOR_BYTES / 2..SECTOR_BYTES,
                SECTOR_BYTES..2 * SECTOR_BYTES,
                2 * SECTOR_BYTES..5 * SECTOR_BYTES / 2,
            ];
            let mut written = 0;
            for part in parts {
                let first = left[part.start];
                assert!(left[part].iter().all(|&byte| byte == first), "a sector is whole");
                written += usize::from(first == 2);
            }
            match written {
                0 => lost += 1,
                3 => kept += 1,
                _ => torn += 1,
            }
        }
        assert!(
            kept > 20 && lost > 20 && torn > 20,
            "{kept} kept, {lost} lost, {torn} torn"
        );
    }
}
