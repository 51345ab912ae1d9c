//! Where a person's data lies on this computer.
//!
//! The databases are encrypted under a key in a file beside them: this protects what was copied from here without it, and from the
//! bytes of a disk that was thrown away; not from somebody who can read this directory.
//!
//! **Invariant:** the directory is readable by its owner alone (0700), and so is each file in it (0600).

use crate::failure::Fault;
use rand::Rng;
use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tertulia_types::hexadecimal::digits;
use zeroize::Zeroizing;

/// What SQLCipher takes as it is, without making it of a passphrase.
const KEY_BYTES: usize = 32;

/// The directory of the client.
#[derive(Debug, Clone)]
pub struct Place {
    directory: PathBuf,
}

impl Place {
    /// Opens the directory, and makes it when it is not there.
    pub fn open(directory: &Path) -> Result<Self, Fault> {
        let failed = |source| Fault::File {
            path: directory.display().to_string(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(failed)?;
        std::fs::set_permissions(directory, Permissions::from_mode(0o700)).map_err(failed)?;
        Ok(Self {
            directory: directory.to_path_buf(),
        })
    }

    /// Where the data lies if nobody says otherwise: `TERTULIA_HOME`, else the XDG data directory.
    pub fn usual(variable: impl Fn(&str) -> Option<String>) -> Result<PathBuf, Fault> {
        let set = |name: &str| {
            variable(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        set("TERTULIA_HOME")
            .or_else(|| set("XDG_DATA_HOME").map(|base| base.join("tertulia/client")))
            .or_else(|| set("HOME").map(|home| home.join(".local/share/tertulia/client")))
            .ok_or(Fault::NoPlace)
    }

    /// The path of a database; the file exists, and only its owner can read it.
    pub(crate) fn database(&self, name: &str) -> Result<PathBuf, Fault> {
        let path = self.directory.join(format!("{name}.db"));
        self.private_file(&path)?;
        Ok(path)
    }

    /// Whether there is a database of this name.
    pub(crate) fn has_database(&self, name: &str) -> bool {
        self.directory.join(format!("{name}.db")).exists()
    }

    /// Removes a database with all that belongs to it.
    pub(crate) fn remove_database(&self, name: &str) -> Result<(), Fault> {
        for end in ["db", "db-wal", "db-shm", "lock"] {
            let path = self.directory.join(format!("{name}.{end}"));
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != ErrorKind::NotFound => {
                    return Err(Fault::File {
                        path: path.display().to_string(),
                        source,
                    });
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// The key of the databases, as SQLCipher reads it: made at the first time. To be asked for under the [`Place::layout_lock`].
    pub(crate) fn key(&self) -> Result<Zeroizing<String>, Fault> {
        let path = self.directory.join("client.key");
        let failed = |source| Fault::File {
            path: path.display().to_string(),
            source,
        };
        let mut file = self.private_file(&path)?;
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text).map_err(failed)?;
        if text.is_empty() {
            let mut key = Zeroizing::new([0_u8; KEY_BYTES]);
            rand::rng().fill_bytes(&mut *key);
            *text = digits(&*key);
            file.write_all(text.as_bytes()).map_err(failed)?;
            file.sync_all().map_err(failed)?;
            let directory = File::open(&self.directory).map_err(failed)?;
            directory.sync_all().map_err(failed)?;
        }
        let is_key = text.len() == 2 * KEY_BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_key {
            Ok(Zeroizing::new(format!("x'{}'", *text)))
        } else {
            Err(Fault::NotAKey(path.display().to_string()))
        }
    }

    /// Held while the layout of the database is brought up to date, so that two processes do not do it at once.
    pub(crate) fn layout_lock(&self) -> Result<File, Fault> {
        let path = self.directory.join("layout.lock");
        let file = self.private_file(&path)?;
        file.lock().map_err(|source| Fault::File {
            path: path.display().to_string(),
            source,
        })?;
        Ok(file)
    }

    /// Held by one process at a time; none if another one has it.
    pub(crate) fn lock_if_free(&self, name: &str) -> Result<Option<File>, Fault> {
        let path = self.directory.join(format!("{name}.lock"));
        let file = self.private_file(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(Fault::File {
                path: path.display().to_string(),
                source,
            }),
        }
    }

    /// What the process that holds a lock has written into it: its number; none if nobody holds it.
    pub(crate) fn lock_holder(&self, name: &str) -> Result<Option<u32>, Fault> {
        if self.lock_if_free(name)?.is_some() {
            return Ok(None);
        }
        let path = self.directory.join(format!("{name}.lock"));
        let text = std::fs::read_to_string(&path).map_err(|source| Fault::File {
            path: path.display().to_string(),
            source,
        })?;
        Ok(text.trim().parse().ok())
    }

    fn private_file(&self, path: &Path) -> Result<File, Fault> {
        let failed = |source| Fault::File {
            path: path.display().to_string(),
            source,
        };
        let mut options = OpenOptions::new();
        let file = options
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        file.set_permissions(Permissions::from_mode(0o600))
            .map_err(failed)?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::Place;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    #[test]
    fn the_directory_is_private() {
        let base = tempfile::tempdir().expect("a directory");
        let place = Place::open(&base.path().join("a/b")).expect("made");
        let database = place.database("client").expect("made");
        let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&base.path().join("a/b")), 0o700);
        assert_eq!(mode(&database), 0o600);
        let key = place.key().expect("made");
        assert_eq!(mode(&base.path().join("a/b/client.key")), 0o600);
        assert_eq!(place.key().expect("read"), key);
    }

    #[test]
    fn the_usual_place_follows_the_variables() {
        let of = |set: &[(&str, &str)]| {
            Place::usual(|name| {
                set.iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(
            of(&[("TERTULIA_HOME", "/x"), ("HOME", "/h")]).expect("set"),
            Path::new("/x")
        );
        assert_eq!(
            of(&[("XDG_DATA_HOME", "/d")]).expect("set"),
            Path::new("/d/tertulia/client")
        );
        assert_eq!(
            of(&[("HOME", "/h")]).expect("set"),
            Path::new("/h/.local/share/tertulia/client")
        );
        assert!(of(&[("HOME", "")]).is_err());
    }
}
