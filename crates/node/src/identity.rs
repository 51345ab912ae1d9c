//! Who this machine is, and whose data directory this is.
//!
//! **Invariant:** one process at a time uses a data directory; the lock is held for as long as [`Identity`] lives.
//! **Invariant:** a directory made anew has a new incarnation, so that nobody mistakes an empty disk for the one that was here before (R3).
//! **Invariant:** the machine's id follows from its key, and the key never leaves the directory.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tertulia_types::MachineId;
use zeroize::Zeroizing;

use crate::key::{Key, PublicKey, Signature};
use crate::private;
use crate::seal::FileKey;

/// The format of a data directory that this version reads and writes.
pub const DATA_VERSION: u32 = 2;

const FILE: &str = "machine.json";
pub(crate) const KEY: &str = "machine.key";
const LOCK: &str = "lock";

/// A data directory that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Another process has it.
    #[error("the data directory {} is in use by another process; stop that one first, or give --data another directory", .0.display())]
    InUse(PathBuf),
    /// It was written by another version.
    #[error("the data directory {} has format {found}, and this version of Tertulia reads format {DATA_VERSION}; start the version that wrote it, or give --data another directory", .path.display())]
    Version {
        /// Which directory.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// Its identity file makes no sense.
    #[error("{} is damaged; restore it from a backup, or give --data another directory", .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The machine's key is missing, or is another machine's.
    #[error("{} is not the key of the machine that {} names; restore both from the same backup, or give --data another directory", .key.display(), .facts.display())]
    Key {
        /// The file with the key.
        key: PathBuf,
        /// The file that says whose it should be.
        facts: PathBuf,
    },
    /// It cannot be read or written.
    #[error("the data directory {} cannot be used", .path.display())]
    Io {
        /// Which path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    #[serde(flatten)]
    rest: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
struct Facts {
    machine: String,
    incarnation: String,
}

/// A data directory that is ours, for as long as a clone of this value lives.
#[derive(Clone)]
pub struct Identity {
    /// This machine.
    pub machine: MachineId,
    /// This life of its data directory.
    pub incarnation: u64,
    held: Arc<Held>,
}

struct Held {
    key: Key,
    /// Under what its private files are sealed.
    seal: Option<FileKey>,
    directory: PathBuf,
    _lock: File,
}

impl Identity {
    /// Takes a data directory: reads who we are, or, if nobody has been here, becomes someone.
    pub fn take(directory: &Path) -> Result<Self, DirectoryError> {
        Self::take_under(directory, None)
    }

    /// The same, with private files under a key.
    pub fn take_under(directory: &Path, seal: Option<FileKey>) -> Result<Self, DirectoryError> {
        Self::take_as(directory, seal, false, &mut |bytes| rand::fill(bytes))
    }

    /// The same, for a machine that has been in no ring: an identity that lies there in the clear, from a start without the key, makes way for another one.
    pub fn take_anew(directory: &Path, seal: Option<FileKey>) -> Result<Self, DirectoryError> {
        Self::take_as(directory, seal, true, &mut |bytes| rand::fill(bytes))
    }

    /// The same, with the randomness that a new identity is made of: simulations give their own.
    pub fn take_with(directory: &Path, entropy: &mut dyn FnMut(&mut [u8])) -> Result<Self, DirectoryError> {
        Self::take_as(directory, None, false, entropy)
    }

    fn take_as(
        directory: &Path,
        seal: Option<FileKey>,
        is_anew: bool,
        entropy: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Self, DirectoryError> {
        std::fs::create_dir_all(directory).map_err(io_at(directory))?;
        let lock = lock(directory)?;
        let (facts, key) = (directory.join(FILE), directory.join(KEY));
        if is_anew && seal.is_some() && matches!(private::read(&key, None), Ok(Some(_))) {
            // The facts first: a key without them is nobody's.
            for path in [&facts, &key] {
                match std::fs::remove_file(path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_at(path)(error)),
                    Ok(()) | Err(_) => {}
                }
            }
        }
        let (key, incarnation) = match private::read(&facts, None).map_err(io_at(&facts))? {
            Some(bytes) => recall(directory, (&facts, &bytes), &key, seal.as_ref())?,
            None => become_someone(&facts, &key, seal.as_ref(), entropy)?,
        };
        Ok(Self {
            machine: key.public().machine(),
            incarnation,
            held: Arc::new(Held {
                key,
                seal,
                directory: directory.to_owned(),
                _lock: lock,
            }),
        })
    }

    /// Whether its private files are sealed.
    pub fn is_sealed(&self) -> bool {
        self.held.seal.is_some()
    }

    /// Under what its private files are sealed; `None`: they lie in the clear.
    pub(crate) fn seal(&self) -> Option<&FileKey> {
        self.held.seal.as_ref()
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.held.directory
    }

    /// The public half of the machine's key.
    pub fn public_key(&self) -> PublicKey {
        self.held.key.public()
    }

    /// Signs with the machine's key. The context says what for.
    pub fn sign(&self, context: &str, bytes: &[u8]) -> Signature {
        self.held.key.sign(context, bytes)
    }

    /// The key as TLS takes it.
    pub(crate) fn to_pkcs8(&self) -> Zeroizing<Vec<u8>> {
        self.held.key.to_pkcs8()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("machine", &self.machine)
            .field("incarnation", &self.incarnation)
            .field("directory", &self.held.directory)
            .finish_non_exhaustive()
    }
}

fn io_at(path: &Path) -> impl Fn(io::Error) -> DirectoryError {
    let path = path.to_owned();
    move |source| DirectoryError::Io {
        path: path.clone(),
        source,
    }
}

fn lock(directory: &Path) -> Result<File, DirectoryError> {
    let path = directory.join(LOCK);
    let io = |source| DirectoryError::Io {
        path: path.clone(),
        source,
    };
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(DirectoryError::InUse(directory.to_owned())),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}

/// Who has been here before.
fn recall(
    directory: &Path,
    (path, bytes): (&Path, &[u8]),
    key: &Path,
    seal: Option<&FileKey>,
) -> Result<(Key, u64), DirectoryError> {
    let damaged = |source| DirectoryError::Damaged {
        path: path.to_owned(),
        source,
    };
    let stored: Stored = serde_json::from_slice(bytes).map_err(damaged)?;
    if stored.format != DATA_VERSION {
        return Err(DirectoryError::Version {
            path: directory.to_owned(),
            found: stored.format,
        });
    }
    let facts: Facts = serde_json::from_value(stored.rest).map_err(damaged)?;
    let number =
        |text: &str| u64::from_str_radix(text, 16).map_err(|error| damaged(serde::de::Error::custom(error)));
    let (machine, incarnation) = (number(&facts.machine)?, number(&facts.incarnation)?);
    let pem = private::read(key, seal).map_err(io_at(key))?.map(Zeroizing::new);
    pem.and_then(|pem| Key::from_pem(std::str::from_utf8(&pem).ok()?))
        .filter(|key| key.public().machine().0 == machine)
        .map(|key| (key, incarnation))
        .ok_or_else(|| DirectoryError::Key {
            key: key.to_owned(),
            facts: path.to_owned(),
        })
}

/// Makes a new identity, so that a crash leaves either none or the whole: the key counts only once the facts name its machine.
fn become_someone(
    facts: &Path,
    key_path: &Path,
    seal: Option<&FileKey>,
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Result<(Key, u64), DirectoryError> {
    let (mut seed, mut incarnation) = ([0; 32], [0; 8]);
    entropy(&mut seed);
    entropy(&mut incarnation);
    let incarnation = u64::from_be_bytes(incarnation);
    let unusable = || io::Error::other("no key can be made of this randomness");
    let key = Key::from_seed(seed)
        .ok_or_else(unusable)
        .map_err(io_at(key_path))?;
    private::write(key_path, key.to_pem().as_bytes(), seal).map_err(io_at(key_path))?;
    let text = to_text(key.public().machine(), incarnation).map_err(io_at(facts))?;
    private::write(facts, &text, None).map_err(io_at(facts))?;
    Ok((key, incarnation))
}

fn to_text(machine: MachineId, incarnation: u64) -> io::Result<Vec<u8>> {
    let rest = serde_json::to_value(Facts {
        machine: machine.to_string(),
        incarnation: format!("{incarnation:016x}"),
    })?;
    Ok(serde_json::to_vec_pretty(&Stored {
        format: DATA_VERSION,
        rest,
    })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_keeps_its_identity_and_has_one_user_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let first = Identity::take(directory.path()).unwrap();
        let (machine, incarnation) = (first.machine, first.incarnation);
        assert!(matches!(
            Identity::take(directory.path()),
            Err(DirectoryError::InUse(_))
        ));
        drop(first);
        let second = Identity::take(directory.path()).unwrap();
        assert_eq!((second.machine, second.incarnation), (machine, incarnation));
    }

    #[test]
    fn a_directory_of_another_version_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(FILE);
        std::fs::write(&file, br#"{"format": 99, "whatever": true}"#).unwrap();
        let error = Identity::take(directory.path()).unwrap_err();
        assert!(
            matches!(error, DirectoryError::Version { found: 99, .. }),
            "{error}"
        );
        assert_eq!(
            std::fs::read(&file).unwrap(),
            br#"{"format": 99, "whatever": true}"#
        );
    }

    #[test]
    fn a_damaged_identity_is_named_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(FILE), b"{").unwrap();
        assert!(matches!(
            Identity::take(directory.path()),
            Err(DirectoryError::Damaged { .. })
        ));
    }

    #[test]
    fn r3_a_directory_made_anew_has_another_incarnation() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        assert_ne!(
            Identity::take(one.path()).unwrap().incarnation,
            Identity::take(two.path()).unwrap().incarnation
        );
    }

    #[test]
    fn an_identity_follows_from_its_randomness_and_signs_as_its_machine() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut given = |bytes: &mut [u8]| bytes.fill(5);
        let first = Identity::take_with(one.path(), &mut given).unwrap();
        let second = Identity::take_with(two.path(), &mut given).unwrap();
        assert_eq!(
            (first.machine, first.incarnation),
            (second.machine, second.incarnation)
        );
        assert_eq!(first.public_key().machine(), first.machine);
        let signature = first.sign("test", b"text");
        assert!(second.public_key().has_signed("test", b"text", &signature));
    }

    #[test]
    fn a_key_that_is_missing_or_anothers_is_named_not_replaced() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        drop(Identity::take(one.path()).unwrap());
        drop(Identity::take(two.path()).unwrap());
        std::fs::copy(two.path().join(KEY), one.path().join(KEY)).unwrap();
        assert!(matches!(
            Identity::take(one.path()),
            Err(DirectoryError::Key { .. })
        ));
        std::fs::remove_file(one.path().join(KEY)).unwrap();
        assert!(matches!(
            Identity::take(one.path()),
            Err(DirectoryError::Key { .. })
        ));
        assert!(!one.path().join(KEY).exists());
    }

    #[test]
    fn a_crash_between_key_and_facts_leaves_nobody_behind() {
        let directory = tempfile::tempdir().unwrap();
        drop(Identity::take(directory.path()).unwrap());
        std::fs::remove_file(directory.path().join(FILE)).unwrap();
        let machine = Identity::take(directory.path()).unwrap().machine;
        assert_eq!(Identity::take(directory.path()).unwrap().machine, machine);
    }
}
