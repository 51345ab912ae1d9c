//! A [`Disk`] as the file system of the log engine.
//!
//! **Invariant:** behaves as raft-engine's `DefaultFileSystem` does, apart from crashes.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use raft_engine::env::{FileSystem, Handle, Permission, WriteExt};

use super::{Disk, File};

/// The file system to open a log engine with: `Engine::open_with_file_system`.
pub struct RaftFiles(Disk);

impl RaftFiles {
    pub(super) fn new(disk: Disk) -> Self {
        Self(disk)
    }
}

impl FileSystem for RaftFiles {
    type Handle = File;
    type Reader = Cursor;
    type Writer = Cursor;

    fn create<P: AsRef<Path>>(&self, path: P) -> io::Result<File> {
        self.0.create(path.as_ref())
    }

    fn open<P: AsRef<Path>>(&self, path: P, _: Permission) -> io::Result<File> {
        self.0.open(path.as_ref())
    }

    fn delete<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.0.remove(path.as_ref())
    }

    fn rename<P: AsRef<Path>>(&self, src_path: P, dst_path: P) -> io::Result<()> {
        self.0.rename(src_path.as_ref(), dst_path.as_ref())
    }

    fn new_reader(&self, handle: Arc<File>) -> io::Result<Cursor> {
        Ok(Cursor {
            file: handle,
            offset_bytes: 0,
        })
    }

    fn new_writer(&self, handle: Arc<File>) -> io::Result<Cursor> {
        Ok(Cursor {
            file: handle,
            offset_bytes: 0,
        })
    }
}

impl Handle for File {
    fn truncate(&self, offset: usize) -> io::Result<()> {
        self.resize(offset)
    }

    fn file_size(&self) -> io::Result<usize> {
        self.len_bytes()
    }

    fn sync(&self) -> io::Result<()> {
        Self::sync(self)
    }
}

/// A place in an open file.
pub struct Cursor {
    file: Arc<File>,
    offset_bytes: usize,
}

impl Read for Cursor {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(self.offset_bytes, buf)?;
        self.offset_bytes += count;
        Ok(count)
    }
}

impl Write for Cursor {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.file
            .write_at(self.offset_bytes, buf)
            .map_err(named_for_the_engine)?;
        self.offset_bytes += buf.len();
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Cursor {
    fn seek(&mut self, pos: SeekFrom) -> io::Result<u64> {
        let (base_bytes, by_bytes) = match pos {
            SeekFrom::Start(offset) => (0, i64::try_from(offset).map_err(io::Error::other)?),
            SeekFrom::Current(by) => (self.offset_bytes, by),
            SeekFrom::End(by) => (self.file.len_bytes()?, by),
        };
        let by_bytes = isize::try_from(by_bytes).map_err(io::Error::other)?;
        self.offset_bytes = base_bytes
            .checked_add_signed(by_bytes)
            .ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.offset_bytes as u64)
    }
}

impl WriteExt for Cursor {
    fn truncate(&mut self, offset: usize) -> io::Result<()> {
        self.file.resize(offset)?;
        self.offset_bytes = offset;
        Ok(())
    }

    fn allocate(&mut self, offset: usize, size: usize) -> io::Result<()> {
        let end_bytes = offset.saturating_add(size);
        if self.file.len_bytes()? >= end_bytes {
            return Ok(());
        }
        self.file.resize(end_bytes).map_err(named_for_the_engine)
    }
}

/// The engine knows a full disk by this word in the error's text, and then tries its next file.
fn named_for_the_engine(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::StorageFull {
        return io::Error::new(io::ErrorKind::StorageFull, "nospace");
    }
    error
}
