//! Who this machine is, and whose data directory this is.
//!
//! **Invariant:** one process at a time uses a data directory; the lock is held for as long as [`Identity`] lives.
//! **Invariant:** a directory made anew has a new incarnation, so that nobody mistakes an empty disk for the one that was here before (R3).
//!
//! The machine's key, from which its id will follow, is deliberately absent: a ring of one machine has nobody to prove itself to.

use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tertulia_types::MachineId;

/// The format of a data directory that this version reads and writes.
pub const DATA_VERSION: u32 = 1;

const FILE: &str = "machine.json";
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

/// A data directory that is ours, for as long as this value lives.
#[derive(Debug)]
pub struct Identity {
    /// This machine.
    pub machine: MachineId,
    /// This life of its data directory.
    pub incarnation: u64,
    directory: PathBuf,
    _lock: File,
}

impl Identity {
    /// Takes a data directory: reads who we are, or, if nobody has been here, becomes someone.
    pub fn take(directory: &Path) -> Result<Self, DirectoryError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| DirectoryError::Io { path, source }
        };
        std::fs::create_dir_all(directory).map_err(io(directory))?;
        let lock = lock(directory)?;
        let path = directory.join(FILE);
        let facts = match std::fs::read(&path) {
            Ok(bytes) => read(directory, &path, &bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let fresh = (rand::random(), rand::random());
                write(&path, fresh).map_err(io(&path))?;
                fresh
            }
            Err(source) => return Err(DirectoryError::Io { path, source }),
        };
        Ok(Self {
            machine: MachineId(facts.0),
            incarnation: facts.1,
            directory: directory.to_owned(),
            _lock: lock,
        })
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
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

fn read(directory: &Path, path: &Path, bytes: &[u8]) -> Result<(u64, u64), DirectoryError> {
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
    Ok((number(&facts.machine)?, number(&facts.incarnation)?))
}

/// Writes the identity so that a crash leaves either none or the whole.
fn write(path: &Path, (machine, incarnation): (u64, u64)) -> io::Result<()> {
    let rest = serde_json::to_value(Facts {
        machine: format!("{machine:016x}"),
        incarnation: format!("{incarnation:016x}"),
    })?;
    let text = serde_json::to_vec_pretty(&Stored {
        format: DATA_VERSION,
        rest,
    })?;
    let draft = path.with_extension("new");
    let mut file = File::create(&draft)?;
    file.write_all(&text)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    path.parent()
        .map_or(Ok(()), |directory| File::open(directory)?.sync_all())
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
}
