//! Writes and reads the parts of a backup: see the module's page for how they lie in the file.

use super::Manifest;
use super::seal::{SALT_BYTES, Sink, Source};
use super::unreadable::{Unreadable, VERSION};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{self, ErrorKind, Read, Write};
use tertulia_types::hexadecimal::digits;

const MAGIC: &[u8; 16] = b"tertulia-backup\n";
const MANIFEST: u8 = 1;
const DATABASE: u8 = 2;
const END: u8 = 3;
/// A manifest of some ten thousand groups; so the end.
const JSON_BYTES_MAX: u64 = 16 << 20;
/// What is copied at once.
const BLOCK_BYTES: usize = 1 << 20;

/// The last part.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct End {
    /// The SHA-256 of each part before, in their order, as hexadecimal digits.
    parts: Vec<String>,
}

/// Writes a backup.
pub(crate) struct Writer<W: Write> {
    out: Sink<W>,
    parts: Vec<String>,
    /// The part that is being written.
    sum: Sha256,
    left: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a backup with its manifest, under a passphrase if one is given.
    pub(crate) fn begin(mut out: W, passphrase: Option<&str>, manifest: &Manifest) -> io::Result<Self> {
        let mut head = MAGIC.to_vec();
        head.extend_from_slice(&VERSION.to_be_bytes());
        let out = match passphrase {
            None => {
                head.push(0);
                out.write_all(&head)?;
                Sink::Clear(out)
            }
            Some(passphrase) => {
                let salt: [u8; SALT_BYTES] = rand::random();
                head.push(1);
                head.extend_from_slice(&salt);
                out.write_all(&head)?;
                Sink::sealed(out, passphrase, &salt, head)?
            }
        };
        let mut writer = Self {
            out,
            parts: Vec::new(),
            sum: Sha256::new(),
            left: 0,
        };
        writer.whole(MANIFEST, &serde_json::to_vec(manifest)?)?;
        Ok(writer)
    }

    /// Begins the next database, which is as long as the manifest says.
    pub(crate) fn begin_database(&mut self, bytes: u64) -> io::Result<()> {
        self.open(DATABASE, bytes)?;
        self.close_if_complete()
    }

    /// More of it.
    pub(crate) fn write(&mut self, block: &[u8]) -> io::Result<()> {
        let length = block.len() as u64;
        self.left = self
            .left
            .checked_sub(length)
            .ok_or_else(|| io::Error::other("more came than was said"))?;
        self.put(block)?;
        self.close_if_complete()
    }

    /// Whether the part that was begun is complete.
    pub(crate) fn is_complete(&self) -> bool {
        self.left == 0
    }

    /// Ends the backup.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        let end = End {
            parts: std::mem::take(&mut self.parts),
        };
        self.whole(END, &serde_json::to_vec(&end)?)?;
        self.out.finish()
    }

    fn whole(&mut self, kind: u8, bytes: &[u8]) -> io::Result<()> {
        self.open(kind, bytes.len() as u64)?;
        self.write(bytes)
    }

    fn open(&mut self, kind: u8, length: u64) -> io::Result<()> {
        if self.left > 0 {
            return Err(io::Error::other("the part before is not complete"));
        }
        self.sum = Sha256::new();
        self.left = length;
        self.put(&[kind])?;
        self.put(&length.to_be_bytes())
    }

    fn close_if_complete(&mut self) -> io::Result<()> {
        if self.left > 0 {
            return Ok(());
        }
        let sum: [u8; 32] = std::mem::take(&mut self.sum).finalize().into();
        self.parts.push(digits(&sum));
        self.out.write_all(&sum)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.out.write_all(bytes)
    }
}

/// Reads a backup.
pub(crate) struct Reader<R: Read> {
    from: Source<R>,
    manifest: Manifest,
    parts: Vec<String>,
    /// How many databases were read.
    read: usize,
}

impl<R: Read> Reader<R> {
    /// Reads a backup's beginning.
    pub(crate) fn begin(mut from: R, passphrase: Option<&str>) -> Result<Self, Unreadable> {
        let mut head = [0; 21];
        match from.read_exact(&mut head) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(Unreadable::Other),
            read => read?,
        }
        let (magic, rest) = head.split_at(MAGIC.len());
        let (version, form) = rest.split_at(4);
        if magic != MAGIC {
            return Err(Unreadable::Other);
        }
        let version = version.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
        if version != VERSION {
            return Err(Unreadable::Version(version));
        }
        let from = match form {
            [0] => Source::Clear(from),
            [1] => {
                let mut salt = [0; SALT_BYTES];
                from.read_exact(&mut salt)?;
                let head = [&head[..], &salt].concat();
                Source::sealed(from, passphrase.ok_or(Unreadable::Locked)?, &salt, head)?
            }
            _ => return Err(Unreadable::Damaged),
        };
        let mut reader = Self {
            from,
            manifest: Manifest {
                program: String::new(),
                taken_ms: 0,
                is_one_moment: false,
                ring: super::Papers {
                    id: 0,
                    title: String::new(),
                    replicas: 0,
                    ca: String::new(),
                    ca_key: String::new(),
                    data_key: None,
                },
                groups: Vec::new(),
            },
            parts: Vec::new(),
            read: 0,
        };
        reader.manifest = reader.json(MANIFEST)?;
        Ok(reader)
    }

    /// What it says of its ring.
    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Copies the next database out of it.
    pub(crate) fn database(&mut self, into: &mut impl Write) -> Result<(), Unreadable> {
        let lot = self.manifest.groups.get(self.read).ok_or(Unreadable::Damaged)?;
        let bytes = lot.bytes;
        self.read += 1;
        self.part(DATABASE, |length| length == bytes, into)
    }

    /// Reads its end: now it is known to be whole.
    pub(crate) fn finish(mut self) -> Result<(), Unreadable> {
        let parts = self.parts.clone();
        let end: End = self.json(END)?;
        let is_whole = self.read == self.manifest.groups.len() && end.parts == parts;
        let is_over = self.from.read(&mut [0])? == 0;
        if is_whole && is_over {
            Ok(())
        } else {
            Err(Unreadable::Damaged)
        }
    }

    fn json<T: DeserializeOwned>(&mut self, kind: u8) -> Result<T, Unreadable> {
        let mut bytes = Vec::new();
        self.part(kind, |length| length <= JSON_BYTES_MAX, &mut bytes)?;
        serde_json::from_slice(&bytes).map_err(|_| Unreadable::Damaged)
    }

    fn part(
        &mut self,
        kind: u8,
        is_fit: impl FnOnce(u64) -> bool,
        into: &mut impl Write,
    ) -> Result<(), Unreadable> {
        let mut head = [0; 9];
        self.from.read_exact(&mut head)?;
        let length = head[1..].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        if head[0] != kind || !is_fit(length) {
            return Err(Unreadable::Damaged);
        }
        let mut sum = Sha256::new();
        sum.update(head);
        let mut block = vec![0; BLOCK_BYTES];
        let mut left = length;
        while left > 0 {
            let count = usize::try_from(left).unwrap_or(BLOCK_BYTES).min(BLOCK_BYTES);
            let block = &mut block[..count];
            self.from.read_exact(block)?;
            sum.update(&*block);
            // What fails here is the disk that it goes to.
            into.write_all(block).map_err(Unreadable::Io)?;
            left -= count as u64;
        }
        let mut written = [0; 32];
        self.from.read_exact(&mut written)?;
        let sum: [u8; 32] = sum.finalize().into();
        if sum != written {
            return Err(Unreadable::Damaged);
        }
        self.parts.push(digits(&sum));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, Writer};
    use crate::backup::{Lot, Manifest, Papers, Unreadable};
    use tertulia_types::Range;
    use tertulia_types::ring::GroupId;

    const PASSPHRASE: &str = "correct horse";
    /// Longer than a piece, empty, and short.
    const LENGTHS: [usize; 3] = [70_000, 0, 300];

    fn databases() -> Vec<Vec<u8>> {
        let database = |length: usize| (0..length).map(|at| (at * 7 % 251) as u8).collect();
        LENGTHS.into_iter().map(database).collect()
    }

    fn manifest(databases: &[Vec<u8>]) -> Manifest {
        let lots = Range::even(databases.len() as u32).into_iter().zip(databases);
        let lot = |(group, (range, database)): (u64, (Range, &Vec<u8>))| Lot {
            group: GroupId(group),
            range,
            epoch: 3,
            applied: 7 * group,
            bytes: database.len() as u64,
        };
        Manifest {
            program: "0.1.0".to_owned(),
            taken_ms: 1_700_000_000_000,
            is_one_moment: true,
            ring: Papers {
                id: u64::MAX,
                title: "Plaza ñ".to_owned(),
                replicas: 3,
                ca: "certificate".to_owned(),
                ca_key: "a secret".to_owned(),
                data_key: None,
            },
            groups: (1..).zip(lots).map(lot).collect(),
        }
    }

    fn written(databases: &[Vec<u8>], passphrase: Option<&str>) -> Vec<u8> {
        let mut writer = Writer::begin(Vec::new(), passphrase, &manifest(databases)).unwrap();
        for database in databases {
            writer.begin_database(database.len() as u64).unwrap();
            for block in database.chunks(999) {
                writer.write(block).unwrap();
            }
            assert!(writer.is_complete());
        }
        writer.finish().unwrap()
    }

    fn read(file: &[u8], passphrase: Option<&str>) -> Result<(Manifest, Vec<Vec<u8>>), Unreadable> {
        let mut reader = Reader::begin(file, passphrase)?;
        let manifest = reader.manifest().clone();
        let mut databases = Vec::new();
        for _ in &manifest.groups {
            let mut database = Vec::new();
            reader.database(&mut database)?;
            databases.push(database);
        }
        reader.finish()?;
        Ok((manifest, databases))
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let databases = databases();
        for passphrase in [None, Some(PASSPHRASE)] {
            let file = written(&databases, passphrase);
            let read = read(&file, passphrase).unwrap();
            assert_eq!(read, (manifest(&databases), databases.clone()));
            let is_in_the_clear = file.windows(8).any(|window| window == b"a secret");
            assert_eq!(is_in_the_clear, passphrase.is_none());
        }
    }

    #[test]
    fn v5_a_file_that_is_damaged_at_any_byte_or_cut_off_anywhere_or_longer_is_refused() {
        let databases = vec![vec![1; 40], vec![2; 30]];
        let file = written(&databases, None);
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 1;
            assert!(read(&damaged, None).is_err(), "damaged at {at}");
            assert!(read(&file[..at], None).is_err(), "cut off at {at}");
        }
        let longer = [&file[..], &[0]].concat();
        assert!(matches!(read(&longer, None), Err(Unreadable::Damaged)));
        assert!(matches!(
            read(&file[..file.len() - 1], None),
            Err(Unreadable::CutOff)
        ));
    }

    #[test]
    fn under_a_passphrase_damage_and_missing_pieces_are_found_too() {
        let databases = vec![vec![1; 200_000]];
        let file = written(&databases, Some(PASSPHRASE));
        // In the head, in the first piece, at its border, in the middle and at the end; each try costs a stretched passphrase.
        let piece = 5 + (64 << 10) + 16;
        let head = 16 + 5 + 16;
        for at in [
            0,
            17,
            20,
            21,
            head,
            head + 1,
            head + 9,
            head + piece,
            head + piece + 9,
            file.len() - 1,
        ] {
            let mut damaged = file.clone();
            damaged[at] ^= 1;
            assert!(read(&damaged, Some(PASSPHRASE)).is_err(), "damaged at {at}");
        }
        for end in [head, head + 3, head + piece, head + 2 * piece, file.len() - 1] {
            let cut = read(&file[..end], Some(PASSPHRASE));
            assert!(
                matches!(cut, Err(Unreadable::CutOff)),
                "cut off at {end}: {cut:?}"
            );
        }
        let exchanged = [
            &file[..head],
            &file[head + piece..head + 2 * piece],
            &file[head..head + piece],
            &file[head + 2 * piece..],
        ];
        assert!(
            read(&exchanged.concat(), Some(PASSPHRASE)).is_err(),
            "two pieces exchanged"
        );
        let left_out = [&file[..head + piece], &file[head + 2 * piece..]];
        assert!(
            read(&left_out.concat(), Some(PASSPHRASE)).is_err(),
            "a piece left out"
        );
        let longer = [&file[..], &[0]].concat();
        assert!(
            read(&longer, Some(PASSPHRASE)).is_err(),
            "something behind the end"
        );
    }

    #[test]
    fn each_reason_is_told_apart() {
        let databases = vec![vec![1; 40]];
        let (clear, sealed) = (written(&databases, None), written(&databases, Some(PASSPHRASE)));
        assert!(matches!(read(&sealed, None), Err(Unreadable::Locked)));
        assert!(matches!(
            read(&sealed, Some("wrong")),
            Err(Unreadable::Passphrase)
        ));
        assert!(read(&clear, Some("needless")).is_ok());
        assert!(matches!(read(b"", None), Err(Unreadable::Other)));
        assert!(matches!(read(&[7; 1000], None), Err(Unreadable::Other)));
        let mut newer = clear;
        newer[19] = 9;
        assert!(matches!(read(&newer, None), Err(Unreadable::Version(9))));
    }
}
