//! Files of a data directory that only their owner can read: keys, and what goes with them. Where the machine has a key file, they are sealed under it.
//!
//! **Invariant:** such a file is whole and on disk before it has its name; a crash leaves the old one or the new one.
//! **Invariant:** it never was readable by others, not even while it was written (mode 0600 from the first byte).

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::seal::{self, FileKey};

/// Writes a file: aside first, synced, then under its name.
pub(crate) fn write(path: &Path, bytes: &[u8], key: Option<&FileKey>) -> io::Result<()> {
    match key {
        Some(key) => put(path, &key.seal(path, bytes)?),
        None => put(path, bytes),
    }
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = path.with_extension("new");
    // One that a crash has left may have another mode.
    match std::fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&aside, path)?;
    path.parent()
        .map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

/// Reads a file; `None` if there is none. One that does not lie under this key is an error that says what to do: a
/// [`SealError`](seal::SealError).
pub(crate) fn read(path: &Path, key: Option<&FileKey>) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => seal::open(key, path, bytes).map(Some).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_private_file_is_the_owners_alone_whatever_was_there_before() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret.key");
        assert_eq!(read(&path, None).unwrap(), None);
        let left = path.with_extension("new");
        std::fs::write(&left, b"half").unwrap();
        std::fs::set_permissions(&left, std::fs::Permissions::from_mode(0o644)).unwrap();
        for bytes in [&b"one"[..], b"two"] {
            write(&path, bytes, None).unwrap();
            assert_eq!(read(&path, None).unwrap().as_deref(), Some(bytes));
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(!left.exists());
    }
}
