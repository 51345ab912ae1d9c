//! Where a person's data lies on this computer.
//!
//! **Invariant:** the directory is readable by its owner alone (0700), and so is each file in it (0600).

use crate::failure::Fault;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

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

    /// The path of the database; the file exists, and only its owner can read it.
    pub(crate) fn database(&self) -> Result<PathBuf, Fault> {
        let path = self.directory.join("client.db");
        self.private_file(&path)?;
        Ok(path)
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
        let database = place.database().expect("made");
        let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&base.path().join("a/b")), 0o700);
        assert_eq!(mode(&database), 0o600);
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
