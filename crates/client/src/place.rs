//! Where a person's data lies on this computer.
//!
//! The databases are encrypted under a key in a file beside them: this protects what was copied from here without it, and from the
//! bytes of a disk that was thrown away; not from somebody who can read this directory. Under a passphrase it protects from them too, as
//! long as nobody has the passphrase, or a process of the person's that runs.
//!
//! **Invariant:** the directory is readable by its owner alone (0700), and so is each file in it (0600).

use crate::failure::Fault;
use crate::key::{self, Key, Passphrase};
use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// The file with the key of the databases, and the one that is there while the key is changed.
const KEY: &str = "client.key";
const NEXT_KEY: &str = "client.key.next";

/// The directory of the client.
#[derive(Clone)]
pub struct Place {
    directory: PathBuf,
    /// What its key lies under, or is to lie under.
    passphrase: Option<Passphrase>,
    /// The last text of a key's file, and what it says.
    known: Arc<Mutex<Option<Known>>>,
}

type Known = (Zeroizing<String>, Vec<Key>);

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Place").field(&self.directory).finish()
    }
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
            passphrase: None,
            known: Arc::default(),
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

    /// The same, opened with what locks its key.
    #[must_use]
    pub(crate) fn with(self, passphrase: Option<Passphrase>) -> Self {
        Self { passphrase, ..self }
    }

    /// The paths of all databases.
    pub(crate) fn databases(&self) -> Result<Vec<PathBuf>, Fault> {
        let failed = |source| self.failed(&self.directory, source);
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(&self.directory).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|end| end == "db") {
                paths.push(path);
            }
        }
        Ok(paths)
    }

    /// The key of the databases: made at the first time. To be asked for under the [`Place::layout_lock`].
    pub(crate) fn key(&self) -> Result<Key, Fault> {
        let path = self.directory.join(KEY);
        if self.text_of(&path)?.is_none_or(|text| text.is_empty()) {
            self.write(KEY, &key::written(&[&Key::random()], self.passphrase.as_ref()))?;
        }
        let mut keys = self.keys_in(&path)?;
        match (keys.pop(), keys.is_empty()) {
            (Some(key), true) => Ok(key),
            (Some(_), false) | (None, _) => Err(Fault::NotAKey(path.display().to_string())),
        }
    }

    /// The key that is to take the place of the other one, which comes second; none if the key is not being changed.
    pub(crate) fn next_key(&self) -> Result<Option<(Key, Key)>, Fault> {
        let path = self.directory.join(NEXT_KEY);
        if !path.exists() {
            return Ok(None);
        }
        match &self.keys_in(&path)?[..] {
            [next, before] => Ok(Some((next.clone(), before.clone()))),
            _ => Err(Fault::NotAKey(path.display().to_string())),
        }
    }

    /// The key is being changed from now on.
    pub(crate) fn begin_change(&self, next: &Key, before: &Key) -> Result<(), Fault> {
        self.write(NEXT_KEY, &key::written(&[next, before], self.passphrase.as_ref()))
    }

    /// All databases have the next key.
    pub(crate) fn end_change(&self, next: &Key) -> Result<(), Fault> {
        self.write(KEY, &key::written(&[next], self.passphrase.as_ref()))?;
        let path = self.directory.join(NEXT_KEY);
        std::fs::remove_file(&path).map_err(|source| self.failed(&path, source))
    }

    /// The keys in a file. Unlocking takes time by design, so it is done once for each text.
    fn keys_in(&self, path: &Path) -> Result<Vec<Key>, Fault> {
        let text = self.text_of(path)?.unwrap_or_default();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, keys)) = known.as_ref().filter(|(known, _)| *known == text) {
            return Ok(keys.clone());
        }
        let keys = key::read(&text, self.passphrase.as_ref(), &path.display().to_string())?;
        *known = Some((text, keys.clone()));
        Ok(keys)
    }

    fn text_of(&self, path: &Path) -> Result<Option<Zeroizing<String>>, Fault> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(Zeroizing::new(text))),
            Err(source) if source.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.failed(path, source)),
        }
    }

    /// Writes a file aside first: a crash leaves the old one or the new one.
    fn write(&self, name: &str, text: &str) -> Result<(), Fault> {
        let (path, aside) = (
            self.directory.join(name),
            self.directory.join(format!("{name}.aside")),
        );
        let mut file = self.private_file(&aside)?;
        file.set_len(0)
            .and_then(|()| file.write_all(text.as_bytes()))
            .and_then(|()| file.sync_all())
            .and_then(|()| std::fs::rename(&aside, &path))
            .and_then(|()| File::open(&self.directory)?.sync_all())
            .map_err(|source| self.failed(&path, source))
    }

    fn failed(&self, path: &Path, source: std::io::Error) -> Fault {
        Fault::File {
            path: path.display().to_string(),
            source,
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
