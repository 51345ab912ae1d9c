//! The few things that are done with files of a group beside SQLite: snapshots come and go in blocks, and are renamed into place.
//!
//! A trait, so that tests can run over a disk that forgets what was not synced.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use tertulia_state::DataKey;

/// What is copied at once.
const COPY_BYTES: usize = 1 << 20;

/// A file system.
pub trait Files: Send + Sync + 'static {
    /// Makes an empty file, in place of one that may be there.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Blocks>>;
    /// Opens a file that is there.
    fn open(&self, path: &Path) -> io::Result<Box<dyn Blocks>>;
    /// Puts a file in the place of another.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file. One that is not there is no error.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a file with the content of another, not yet durable, and returns that other one, open. SQLite's locks on a file of this process go when any
    /// descriptor of it is closed: whoever copies a database that is open keeps what is returned for as long as the database is.
    fn copy(&self, from: &Path, to: &Path) -> io::Result<Box<dyn Blocks>> {
        let (source, target) = (self.open(from)?, self.create(to)?);
        let mut block = vec![0; COPY_BYTES];
        let mut offset_bytes = 0;
        loop {
            let count = source.read_at(offset_bytes, &mut block)?;
            if count == 0 {
                return Ok(source);
            }
            target.write_at(offset_bytes, &block[..count])?;
            offset_bytes += count as u64;
        }
    }
    /// Makes the names in a directory durable.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
}

/// An open file.
pub trait Blocks: Send {
    /// Reads what is there, up to the length of `into`; 0 at the end.
    fn read_at(&self, offset_bytes: u64, into: &mut [u8]) -> io::Result<usize>;
    /// Writes all of it.
    fn write_at(&self, offset_bytes: u64, bytes: &[u8]) -> io::Result<()>;
    /// How long the file is.
    fn length_bytes(&self) -> io::Result<u64>;
    /// Makes what was written durable.
    fn sync(&self) -> io::Result<()>;
}

/// Where a machine keeps things: the files, and the name under which SQLite finds the same ones.
#[derive(Clone)]
pub struct Medium {
    /// The files.
    pub files: Arc<dyn Files>,
    /// A registered SQLite VFS over the same files, if they are not the system's.
    pub vfs: Option<String>,
    /// Under which key databases lie there; `None`: in the clear.
    pub key: Option<DataKey>,
}

impl Default for Medium {
    /// The system's files.
    fn default() -> Self {
        Self {
            files: Arc::new(SystemFiles),
            vfs: None,
            key: None,
        }
    }
}

/// The system's files.
#[derive(Clone, Copy, Debug)]
pub struct SystemFiles;

impl Files for SystemFiles {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Blocks>> {
        Ok(Box::new(
            File::options()
                .create(true)
                .truncate(true)
                .read(true)
                .write(true)
                .open(path)?,
        ))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Blocks>> {
        Ok(Box::new(File::options().read(true).write(true).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// By the kernel; where the file system can, both files share their blocks until one of them is written to.
    fn copy(&self, from: &Path, to: &Path) -> io::Result<Box<dyn Blocks>> {
        let mut source = File::options().read(true).write(true).open(from)?;
        let mut target = File::create(to)?;
        io::copy(&mut source, &mut target)?;
        Ok(Box::new(source))
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

impl Blocks for File {
    fn read_at(&self, offset_bytes: u64, into: &mut [u8]) -> io::Result<usize> {
        FileExt::read_at(self, into, offset_bytes)
    }

    fn write_at(&self, offset_bytes: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset_bytes)
    }

    fn length_bytes(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_all()
    }
}
