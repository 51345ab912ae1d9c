//! A [`Disk`] as a machine takes it, for its databases and snapshots.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tertulia_node::{Blocks, Files, Medium};

use super::{Disk, File};

impl Disk {
    /// The disk as the medium of a machine's databases.
    #[must_use]
    pub fn medium(&self) -> Medium {
        Medium {
            files: Arc::new(OnDisk(self.clone())),
            vfs: Some(self.register_vfs()),
            key: None,
        }
    }
}

struct OnDisk(Disk);

struct Open(File);

impl Files for OnDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Blocks>> {
        let file = self.0.create(path)?;
        file.resize(0)?;
        Ok(Box::new(Open(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Blocks>> {
        Ok(Box::new(Open(self.0.open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match self.0.remove(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.0.sync_directory(path)
    }
}

impl Blocks for Open {
    fn read_at(&self, offset_bytes: u64, into: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset_bytes as usize, into)
    }

    fn write_at(&self, offset_bytes: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_at(offset_bytes as usize, bytes)
    }

    fn length_bytes(&self) -> io::Result<u64> {
        Ok(self.0.len_bytes()? as u64)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
}
