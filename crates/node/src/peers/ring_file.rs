//! What a machine knows of its ring before it has spoken with anybody: `ring.json` in the data directory.
//!
//! Written when a ring is founded, or when a machine has joined one. A start with it resumes, and never founds or joins (J5).
//!
//! **Invariant:** the CA's key and the data key are in it on storage machines only (J8), and only the owner can read it.
//! **Invariant:** where there is a data key the file is sealed under the machine's key file.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::authority::{Authority, AuthorityError, Ca};
use super::ring_id::RingId;
use crate::private;
use crate::seal::{DataKey, FileKey, from_hex, new_data_key, to_hex};

pub(crate) const FILE: &str = "ring.json";
/// The format of the file.
const FORMAT: u32 = 1;
/// Copies of everything, if nobody says otherwise.
pub const REPLICAS_DEFAULT: u32 = 5;

/// A ring file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RingFileError {
    /// It cannot be read or written.
    #[error("{} cannot be read or written", .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It makes no sense.
    #[error("{} is damaged; restore it from a backup, or give --data another directory and join the ring from there", .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// It was written by another version.
    #[error("{} has format {found}, and this version of Tertulia reads format {FORMAT}; start the version that wrote it", .path.display())]
    Version {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// The CA in it.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

/// The ring that a machine belongs to.
#[derive(Clone)]
pub struct RingFile {
    /// Which ring, for machines: they have nothing to do with machines of another one.
    pub ring: RingId,
    /// Which ring, for people's programs: the same, unless the ring was restored from a backup. Then this one stays, and the one for machines is new.
    pub known_as: RingId,
    /// What its people call it.
    pub title: String,
    /// Copies of everything.
    pub replicas: u32,
    /// The CA's certificate, as PEM.
    pub ca: String,
    /// The CA's key, as PEM: on storage machines.
    pub ca_key: Option<String>,
    /// The key under which the ring's data lies: on storage machines of a ring that encrypts it.
    pub data_key: Option<DataKey>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    ring: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    known_as: Option<String>,
    title: String,
    replicas: u32,
    ca: String,
    ca_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data_key: Option<String>,
}

impl RingFile {
    /// A new ring, with a CA of its own. Not written yet.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn found(title: impl Into<String>, replicas: u32) -> Result<Self, AuthorityError> {
        Self::found_as(RingId(rand::random()), title, replicas)
    }

    /// The same, with a given id: for simulations.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn found_as(ring: RingId, title: impl Into<String>, replicas: u32) -> Result<Self, AuthorityError> {
        let authority = Authority::make()?;
        Ok(Self {
            ring,
            known_as: ring,
            title: title.into(),
            replicas,
            ca: authority.ca().pem().to_owned(),
            ca_key: Some(authority.key_pem()),
            data_key: None,
        })
    }

    /// The same ring, which encrypts its data at rest, under a new key.
    #[must_use]
    pub fn encrypting(self) -> Self {
        Self {
            data_key: Some(new_data_key()),
            ..self
        }
    }

    /// What the directory says; `None` if it belongs to no ring yet.
    ///
    /// # Errors
    /// If it cannot be read with this key, or makes no sense.
    pub fn read(directory: &Path, key: Option<&FileKey>) -> Result<Option<Self>, RingFileError> {
        let path = directory.join(FILE);
        let Some(bytes) = private::read(&path, key).map_err(|source| RingFileError::Io {
            path: path.clone(),
            source,
        })?
        else {
            return Ok(None);
        };
        let damaged = |source| RingFileError::Damaged {
            path: path.clone(),
            source,
        };
        let stored: Stored = serde_json::from_slice(&bytes).map_err(damaged)?;
        if stored.format != FORMAT {
            return Err(RingFileError::Version {
                path,
                found: stored.format,
            });
        }
        let id = |text: &str| {
            text.parse::<RingId>()
                .map_err(|error| damaged(serde::de::Error::custom(error)))
        };
        let ring = id(&stored.ring)?;
        let data_key = |text: String| {
            from_hex(&Zeroizing::new(text))
                .map(|key| DataKey::new(*key))
                .ok_or_else(|| damaged(serde::de::Error::custom("the data key is none")))
        };
        Ok(Some(Self {
            ring,
            known_as: stored.known_as.as_deref().map_or(Ok(ring), id)?,
            title: stored.title,
            replicas: stored.replicas,
            ca: stored.ca,
            ca_key: stored.ca_key,
            data_key: stored.data_key.map(data_key).transpose()?,
        }))
    }

    /// Writes it to the directory.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, directory: &Path, key: Option<&FileKey>) -> Result<(), RingFileError> {
        let path = directory.join(FILE);
        let io = |source| RingFileError::Io {
            path: path.clone(),
            source,
        };
        if self.data_key.is_some() && key.is_none() {
            return Err(io(io::Error::other(
                "a ring that encrypts needs a key file (--key-file)",
            )));
        }
        let stored = Stored {
            format: FORMAT,
            ring: self.ring.to_string(),
            known_as: (self.known_as != self.ring).then(|| self.known_as.to_string()),
            title: self.title.clone(),
            replicas: self.replicas,
            ca: self.ca.clone(),
            ca_key: self.ca_key.clone(),
            data_key: self.data_key.as_ref().map(|key| to_hex(key.bytes()).to_string()),
        };
        let text = serde_json::to_vec_pretty(&stored).map_err(|error| io(error.into()))?;
        private::write(&path, &Zeroizing::new(text), key).map_err(io)
    }

    /// The papers of the same ring for machines that begin anew from a backup: people's programs know it as before, and machines from before are strangers.
    #[must_use]
    pub fn anew(self) -> Self {
        Self {
            ring: RingId(rand::random()),
            ..self
        }
    }

    /// The public half of the CA.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn ca(&self) -> Result<Ca, AuthorityError> {
        Ca::from_pem(&self.ca)
    }

    /// The CA, if its key is here.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn authority(&self) -> Result<Option<Authority>, AuthorityError> {
        let key = self.ca_key.as_deref();
        key.map(|key| Authority::from_pem(&self.ca, key)).transpose()
    }
}

impl fmt::Debug for RingFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingFile")
            .field("ring", &self.ring)
            .field("title", &self.title)
            .field("replicas", &self.replicas)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn j5_a_directory_remembers_its_ring() {
        let directory = tempfile::tempdir().unwrap();
        assert!(RingFile::read(directory.path(), None).unwrap().is_none());
        let mut ring = RingFile::found("La plaza", 3).unwrap();
        ring.write(directory.path(), None).unwrap();
        let path = directory.path().join(FILE);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let read = RingFile::read(directory.path(), None).unwrap().unwrap();
        assert_eq!(
            (read.ring, &*read.title, read.replicas),
            (ring.ring, "La plaza", 3)
        );
        let fingerprint = ring.ca().unwrap().fingerprint();
        assert_eq!(read.authority().unwrap().unwrap().ca().fingerprint(), fingerprint);
        assert_eq!(read.known_as, ring.ring);
        // Restored from a backup.
        ring = ring.anew();
        ring.write(directory.path(), None).unwrap();
        let anew = RingFile::read(directory.path(), None).unwrap().unwrap();
        assert_eq!((anew.ring, anew.known_as), (ring.ring, read.ring));
        assert_ne!(anew.ring, read.ring);
        // A gateway's.
        ring.ca_key = None;
        ring.write(directory.path(), None).unwrap();
        let read = RingFile::read(directory.path(), None).unwrap().unwrap();
        assert!(read.authority().unwrap().is_none());
        assert_eq!(read.ca().unwrap().fingerprint(), fingerprint);
    }

    #[test]
    fn a_ring_file_that_makes_no_sense_is_named_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        std::fs::write(&path, "{").unwrap();
        assert!(matches!(
            RingFile::read(directory.path(), None),
            Err(RingFileError::Damaged { .. })
        ));
        let ring = RingFile::found("x", 1).unwrap();
        ring.write(directory.path(), None).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("\"format\": 1", "\"format\": 9")).unwrap();
        assert!(matches!(
            RingFile::read(directory.path(), None),
            Err(RingFileError::Version { found: 9, .. })
        ));
    }
}
