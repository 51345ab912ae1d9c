//! A forgetful disk: it keeps after a crash what was synced, and nothing else that it was not obliged to keep.
//!
//! `kill -9` proves little about durability, since the kernel keeps what a killed process wrote. Here both stores of a
//! machine, the log engine ([`Disk::raft_file_system`]) and the databases ([`Disk::register_vfs`]), lie on one disk in
//! memory that can crash at any chosen step; a new machine is then started on what is left.
//!
//! # What survives a crash
//!
//! The strictest model that a program correct on ext4 and XFS survives:
//!
//! - *Content.* Each write and each change of length is lost, unless the same file was synced after it. [`Disk::crash`] loses
//!   them all; [`Disk::crash_with`] keeps, loses or tears each by itself (a torn write keeps any of its 512-byte sectors),
//!   as a drive may that wrote some of its cache.
//! - *Names.* Creations, renames and removals enter one journal in their order, and a crash leaves a prefix of it. A sync of
//!   a directory makes the journal durable up to the last change of a name in it; a sync of a file, up to the last change
//!   that named this file, since both file systems log a file's inode no earlier than the entry it got before. A rename of a
//!   file that was not synced may therefore leave an empty file under the new name, as it does there. POSIX promises
//!   less: there, even a synced file needs a sync of its directory. The log engine relies on more than POSIX for its first
//!   two files (it syncs the directory only when it rotates), so that model would condemn every program that uses it.
//! - *Removed, but open* files work until closed. SQLite's shared memory is gone at the crash.
//!
//! # Real files beside it
//!
//! The log engine lists its directory, makes it and locks it through the operating system. So each disk has a real
//! temporary directory, [`Disk::root`], which holds an *empty* file for each name on the disk; paths given to the disk are
//! absolute and lie below it. Directories are real and must be made as usual. A crash makes a new disk with a new root: all
//! directories are there, and real files that the disk does not know (certificates, lock files) are copied as they are: they
//! are outside the model, so whatever must survive a crash has to go through the disk. For the same reason the log
//! engine's own sync of its directory cannot be seen; it follows the sync of the file that was created or renamed, which does as much here.
//!
//! # How a machine takes it
//!
//! Give the machine `root()` (or a directory below) as its data directory, and
//!
//! - for the log: `Engine::open_with_file_system(config, Arc::new(disk.raft_file_system()))`; the code that holds the
//!   engine is generic over `F: FileSystem` with `DefaultFileSystem` as its default;
//! - for each connection to a database: `Connection::open_with_flags_and_vfs(path, flags, name)` with the name from
//!   `register_vfs()`, or `file:PATH?vfs=NAME`; in production no name is given;
//! - for whatever else the machine does with those files (it syncs a `-wal`, renames a snapshot into place, deletes a
//!   departed group): [`Disk::open`], [`Disk::create`], [`Disk::rename`], [`Disk::remove`], [`Disk::sync_directory`] and
//!   [`File`], behind whatever trait the machine has for it. `std::fs` would only meet the empty files.
//!
//! # How a crash is made
//!
//! - [`Disk::crash_after`]: after that step every operation fails. SQLite reports such errors; the log engine *panics* in a
//!   failed sync, also while being dropped, so leave it out of this one.
//! - [`Disk::freeze_after`]: what the crash leaves is set aside at that step, and the program runs on unaware. Count an
//!   answer as given only if [`Disk::has_crashed`] is still false after it. This suits programs that abort when a
//!   sync fails, and programs with many threads.
//!
//! [`Disk::lie`] is the control: a test of durability that passes on a disk whose syncs do nothing tests nothing.
//!
//! **Invariant:** nothing un-synced can be relied on after a crash. Deliberately absent: links, permissions, renamed
//! directories, mapped files (SQLite's `mmap_size` has no effect), locks between processes.

mod content;
mod medium;
mod raft_files;
mod sharing;
mod tree;
#[allow(
    unsafe_code,
    reason = "a VFS is a table of C functions; each block says why it is sound"
)]
mod vfs;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tempfile::TempDir;
use tokio::sync::Notify;

use content::Content;
pub use raft_files::{Cursor, RaftFiles};
use sharing::SharedDatabases;
use tree::{FileId, Tree};

/// A disk in memory that forgets what was not synced. Clones are the same disk.
#[derive(Clone)]
pub struct Disk(Arc<Shared>);

struct Shared {
    root: TempDir,
    state: Mutex<State>,
    /// Told when the disk has crashed.
    crash: Notify,
    vfs_name: OnceLock<String>,
    databases: SharedDatabases,
}

#[derive(Default)]
struct State {
    tree: Tree,
    steps: u64,
    end: Option<End>,
    /// What was there at the crash, once it has happened.
    crashed: Option<Tree>,
    room_bytes: Option<usize>,
    lying: bool,
}

/// When the disk crashes, and what becomes of the program.
#[derive(Clone, Copy)]
struct End {
    step: u64,
    then: Then,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Fail,
    RunOn,
}

impl Default for Disk {
    fn default() -> Self {
        Self::new()
    }
}

impl Disk {
    /// An empty disk.
    ///
    /// # Panics
    ///
    /// If the host has no room for a temporary directory.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Tree::default(), false)
    }

    /// An empty disk that lies from the start: see [`Disk::lie`].
    #[must_use]
    pub fn lying() -> Self {
        let disk = Self::new();
        disk.lie();
        disk
    }

    fn with(tree: Tree, lying: bool) -> Self {
        let mut builder = tempfile::Builder::new();
        builder.prefix("forgetful-disk-");
        // In memory where there is such a place: the log engine syncs the real directory too.
        let root = builder
            .tempdir_in("/dev/shm")
            .or_else(|_| builder.tempdir())
            .expect("a temporary directory");
        let state = State {
            tree,
            lying,
            ..State::default()
        };
        Self(Arc::new(Shared {
            root,
            state: Mutex::new(state),
            crash: Notify::new(),
            vfs_name: OnceLock::new(),
            databases: SharedDatabases::default(),
        }))
    }

    /// The real directory below which all paths lie.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.0.root.path()
    }

    /// How many times the disk was changed or synced, from the start.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.state().steps
    }

    /// Crashes when `step` steps (counted as [`Disk::steps`] counts) are done: all later operations fail.
    pub fn crash_after(&self, step: u64) {
        self.end(End {
            step,
            then: Then::Fail,
        });
    }

    /// Crashes when `step` steps are done, but lets the program run on: what it does then is never seen again.
    pub fn freeze_after(&self, step: u64) {
        self.end(End {
            step,
            then: Then::RunOn,
        });
    }

    fn end(&self, end: End) {
        let mut state = self.state();
        state.end = Some(end);
        self.crash_if_due(&mut state);
    }

    /// Counts a change that was made.
    fn step(&self, state: &mut State) {
        state.steps += 1;
        self.crash_if_due(state);
    }

    fn crash_if_due(&self, state: &mut State) {
        if state.crashed.is_none() && state.end.is_some_and(|end| end.step <= state.steps) {
            state.crashed = Some(state.tree.clone());
            self.0.crash.notify_waiters();
        }
    }

    /// Has the step of [`Disk::crash_after`] or [`Disk::freeze_after`] come?
    #[must_use]
    pub fn has_crashed(&self) -> bool {
        self.state().crashed.is_some()
    }

    /// Waits until it has come.
    pub async fn until_crashed(&self) {
        loop {
            let told = self.0.crash.notified();
            if self.has_crashed() {
                return;
            }
            told.await;
        }
    }

    /// Leaves room for so many more bytes; what goes beyond is refused with `StorageFull`, a write in the middle if
    /// need be. Room comes back as files are cut or removed. `usize::MAX` ends it.
    pub fn full_after(&self, bytes: usize) {
        let mut state = self.state();
        state.room_bytes = Some(state.tree.used_bytes().saturating_add(bytes));
    }

    /// From now on a sync makes names durable, but no content; it still counts as a step and says that all is well.
    pub fn lie(&self) {
        self.state().lying = true;
    }

    /// The disk as a crash leaves it (at the step chosen before, else now): everything un-synced is lost.
    ///
    /// # Panics
    ///
    /// If the host cannot make the new disk's real files.
    #[must_use]
    pub fn crash(&self) -> Self {
        self.restart(|tree| tree.crash(None))
    }

    /// As [`Disk::crash`], but each un-synced change is kept, lost or torn as the seed has it.
    ///
    /// # Panics
    ///
    /// If the host cannot make the new disk's real files.
    #[must_use]
    pub fn crash_with(&self, seed: u64) -> Self {
        self.restart(|tree| tree.crash(Some(seed)))
    }

    /// The disk as the end of the program leaves it (at the step chosen before, else now), when the computer goes on: all that
    /// was written is there, and what was not synced is still not safe from a later crash.
    ///
    /// # Panics
    ///
    /// If the host cannot make the new disk's real files.
    #[must_use]
    pub fn kill(&self) -> Self {
        self.restart(Tree::abandon)
    }

    fn restart(&self, end: impl FnOnce(Tree) -> Tree) -> Self {
        let state = self.state();
        let left = end(state.crashed.as_ref().unwrap_or(&state.tree).clone());
        let disk = Self::with(left, state.lying);
        mirror(self.root(), disk.root(), Path::new(""), &state.tree).expect("a copy of the real directory");
        for name in disk.state().tree.names() {
            std::fs::File::create(disk.root().join(name)).expect("an empty file for the name");
        }
        disk
    }

    /// The disk as the log engine takes it.
    #[must_use]
    pub fn raft_file_system(&self) -> RaftFiles {
        RaftFiles::new(self.clone())
    }

    /// Makes the disk known to SQLite in this process; returns the name to open connections with. It is forgotten
    /// with the last clone of the disk and the last connection.
    ///
    /// # Panics
    ///
    /// If SQLite cannot be initialised.
    #[must_use]
    pub fn register_vfs(&self) -> String {
        self.0.vfs_name.get_or_init(|| vfs::register(&self.0)).clone()
    }

    /// Opens a file that exists.
    ///
    /// # Errors
    ///
    /// `NotFound`, `InvalidInput` for a path outside [`Disk::root`], or the disk has crashed: so for all that follow.
    pub fn open(&self, path: &Path) -> io::Result<File> {
        let name = self.name(path)?;
        let mut state = self.alive()?;
        let id = state.tree.find(&name).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.opened(&mut state, id))
    }

    /// Opens a file, making it empty if there is none.
    ///
    /// # Errors
    ///
    /// As for [`Disk::open`]; `NotFound` if its directory does not exist.
    pub fn create(&self, path: &Path) -> io::Result<File> {
        let name = self.name(path)?;
        let mut state = self.alive()?;
        if let Some(id) = state.tree.find(&name) {
            return Ok(self.opened(&mut state, id));
        }
        std::fs::File::create(path)?;
        let id = state.tree.create(&name);
        let file = self.opened(&mut state, id);
        self.step(&mut state);
        Ok(file)
    }

    /// Opens a new file without a name.
    fn create_nameless(&self) -> io::Result<File> {
        let mut state = self.alive()?;
        let id = state.tree.create_nameless();
        Ok(self.opened(&mut state, id))
    }

    fn opened(&self, state: &mut State, id: FileId) -> File {
        state.tree.open(id);
        File {
            disk: self.clone(),
            id,
        }
    }

    /// Does a file have this name?
    ///
    /// # Errors
    ///
    /// As for [`Disk::open`], but not `NotFound`.
    pub fn exists(&self, path: &Path) -> io::Result<bool> {
        let name = self.name(path)?;
        Ok(self.alive()?.tree.find(&name).is_some())
    }

    /// The names of all files, in order, relative to the root.
    #[must_use]
    pub fn names(&self) -> Vec<PathBuf> {
        self.state().tree.names().map(Path::to_owned).collect()
    }

    /// Gives a file another name; a file that had it loses it.
    ///
    /// # Errors
    ///
    /// As for [`Disk::open`].
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (old, new) = (self.name(from)?, self.name(to)?);
        let mut state = self.alive()?;
        std::fs::rename(from, to)?;
        if !state.tree.rename(&old, &new) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.step(&mut state);
        Ok(())
    }

    /// Takes a file's name away.
    ///
    /// # Errors
    ///
    /// As for [`Disk::open`].
    pub fn remove(&self, path: &Path) -> io::Result<()> {
        let name = self.name(path)?;
        let mut state = self.alive()?;
        if !state.tree.remove(&name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.step(&mut state);
        std::fs::remove_file(path)
    }

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    ///
    /// As for [`Disk::open`].
    pub fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let name = self.name(path)?;
        let mut state = self.alive()?;
        state.tree.sync_directory(&name);
        self.step(&mut state);
        Ok(())
    }

    /// The path as the tree has it: relative to the root.
    fn name(&self, path: &Path) -> io::Result<PathBuf> {
        match path.strip_prefix(self.root()) {
            Ok(name) => Ok(name.to_owned()),
            Err(_) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{} is not on this disk", path.display()),
            )),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alive(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.state();
        if state.crashed.is_some() && state.end.is_some_and(|end| end.then == Then::Fail) {
            return Err(io::Error::other("the disk has crashed"));
        }
        Ok(state)
    }
}

impl State {
    /// How many bytes of room are missing for the file to reach this length.
    fn lacking_bytes(&self, id: FileId, len_bytes: usize) -> usize {
        let Some(room_bytes) = self.room_bytes else {
            return 0;
        };
        let growth_bytes = len_bytes.saturating_sub(self.tree.content(id).map_or(0, Content::len_bytes));
        growth_bytes.saturating_sub(room_bytes.saturating_sub(self.tree.used_bytes()))
    }
}

/// Copies directories, and files that the disk does not know.
fn mirror(from: &Path, to: &Path, directory: &Path, known: &Tree) -> io::Result<()> {
    for entry in std::fs::read_dir(from.join(directory))? {
        let entry = entry?;
        let name = directory.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            std::fs::create_dir(to.join(&name))?;
            mirror(from, to, &name, known)?;
        } else if known.find(&name).is_none() {
            std::fs::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}

/// An open file of a [`Disk`].
pub struct File {
    disk: Disk,
    id: FileId,
}

impl File {
    /// Whether this path leads to this very file.
    fn is_at(&self, path: &Path) -> bool {
        self.disk
            .name(path)
            .is_ok_and(|name| self.disk.state().tree.find(&name) == Some(self.id))
    }

    /// Length in bytes.
    ///
    /// # Errors
    ///
    /// The disk has crashed: so for all that follow.
    pub fn len_bytes(&self) -> io::Result<usize> {
        let state = self.disk.alive()?;
        Ok(state.tree.content(self.id).map_or(0, Content::len_bytes))
    }

    /// Reads up to the end of the file; returns how many bytes there were.
    ///
    /// # Errors
    ///
    /// As for [`File::len_bytes`].
    pub fn read_at(&self, offset_bytes: usize, into: &mut [u8]) -> io::Result<usize> {
        let state = self.disk.alive()?;
        Ok(state
            .tree
            .content(self.id)
            .map_or(0, |content| content.read(offset_bytes, into)))
    }

    /// Writes all of it.
    ///
    /// # Errors
    ///
    /// `StorageFull`, when what fitted has been written.
    pub fn write_at(&self, offset_bytes: usize, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.alive()?;
        let lacking_bytes = state.lacking_bytes(self.id, offset_bytes.saturating_add(bytes.len()));
        let fitting_bytes = bytes.len().saturating_sub(lacking_bytes);
        if let Some(content) = state.tree.content_mut(self.id) {
            content.write(offset_bytes, &bytes[..fitting_bytes]);
        }
        self.disk.step(&mut state);
        if lacking_bytes > 0 {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(())
        }
    }

    /// Cuts the file, or lengthens it with zeros.
    ///
    /// # Errors
    ///
    /// `StorageFull`, and nothing has changed.
    pub fn resize(&self, len_bytes: usize) -> io::Result<()> {
        let mut state = self.disk.alive()?;
        if state.lacking_bytes(self.id, len_bytes) > 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if let Some(content) = state.tree.content_mut(self.id) {
            content.resize(len_bytes);
        }
        self.disk.step(&mut state);
        Ok(())
    }

    /// Makes content and name durable.
    ///
    /// # Errors
    ///
    /// As for [`File::len_bytes`].
    pub fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.alive()?;
        let lying = state.lying;
        state.tree.sync(self.id, lying);
        self.disk.step(&mut state);
        Ok(())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.disk.state().tree.close(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::Disk;
    use std::io::ErrorKind;
    use std::path::PathBuf;

    fn bytes(disk: &Disk, name: &str) -> Vec<u8> {
        let file = disk.open(&disk.root().join(name)).unwrap();
        let mut bytes = vec![0; file.len_bytes().unwrap()];
        file.read_at(0, &mut bytes).unwrap();
        bytes
    }

    /// Five steps: "1" is synced in the third, what follows is not.
    fn write_two(disk: &Disk) -> std::io::Result<()> {
        let file = disk.create(&disk.root().join("a"))?;
        file.write_at(0, b"1")?;
        file.sync()?;
        file.write_at(1, b"2")?;
        file.resize(5)
    }

    #[test]
    fn after_its_last_step_a_disk_fails_and_keeps_what_was_synced_by_then() {
        for step in 0..=5 {
            let disk = Disk::new();
            disk.crash_after(step);
            assert_eq!(write_two(&disk).is_ok(), step == 5);
            assert_eq!(disk.steps(), step);
            assert!(disk.has_crashed());
            assert!(disk.exists(disk.root()).is_err(), "everything fails");
            let left = disk.crash();
            assert_eq!(left.exists(&left.root().join("a")).unwrap(), step >= 3);
            if step >= 3 {
                assert_eq!(bytes(&left, "a"), b"1");
            }
        }
    }

    #[test]
    fn a_frozen_disk_runs_on_but_nothing_of_it_is_left() {
        let disk = Disk::new();
        disk.freeze_after(3);
        write_two(&disk).unwrap();
        disk.open(&disk.root().join("a")).unwrap().sync().unwrap();
        assert!(disk.has_crashed());
        assert_eq!(bytes(&disk, "a"), b"12\0\0\0");
        assert_eq!(bytes(&disk.crash_with(3), "a"), b"1");
    }

    #[test]
    fn a_crashed_disk_works_again_and_can_crash_again() {
        let disk = Disk::new();
        write_two(&disk).unwrap();
        let disk = disk.crash();
        assert!(!disk.has_crashed());
        assert_eq!(disk.steps(), 0);
        disk.open(&disk.root().join("a"))
            .unwrap()
            .write_at(1, b"3")
            .unwrap();
        assert_eq!(bytes(&disk, "a"), b"13");
        assert_eq!(bytes(&disk.crash(), "a"), b"1");
    }

    #[test]
    fn a_full_disk_writes_what_fits_and_has_room_again_when_files_go() {
        let disk = Disk::new();
        let (a, b) = (disk.root().join("a"), disk.root().join("b"));
        let file = disk.create(&a).unwrap();
        file.write_at(0, b"12").unwrap();
        disk.full_after(3);
        assert_eq!(
            file.write_at(1, b"23456").unwrap_err().kind(),
            ErrorKind::StorageFull
        );
        assert_eq!(bytes(&disk, "a"), b"12345");
        file.write_at(0, b"54321").unwrap();
        assert_eq!(file.resize(6).unwrap_err().kind(), ErrorKind::StorageFull);
        drop(file);
        disk.remove(&a).unwrap();
        disk.sync_directory(disk.root()).unwrap();
        disk.create(&b).unwrap().write_at(0, b"12345").unwrap();
    }

    #[test]
    fn real_files_and_directories_follow() {
        let disk = Disk::new();
        let names = |disk: &Disk| {
            let entries = std::fs::read_dir(disk.root().join("d")).unwrap();
            let mut names: Vec<PathBuf> = entries.map(|entry| entry.unwrap().file_name().into()).collect();
            names.sort();
            names
        };
        let path = |name: &str| disk.root().join("d").join(name);
        assert_eq!(
            disk.create(&path("a")).err().unwrap().kind(),
            ErrorKind::NotFound,
            "no directory yet"
        );
        std::fs::create_dir(disk.root().join("d")).unwrap();
        std::fs::write(path("foreign"), "real").unwrap();
        disk.create(&path("a")).unwrap().sync().unwrap();
        disk.create(&path("b")).unwrap();
        disk.rename(&path("b"), &path("c")).unwrap();
        assert_eq!(names(&disk), [PathBuf::from("a"), "c".into(), "foreign".into()]);
        let left = disk.crash();
        assert_eq!(names(&left), [PathBuf::from("a"), "foreign".into()]);
        assert_eq!(std::fs::read(left.root().join("d/foreign")).unwrap(), b"real");
        disk.remove(&path("a")).unwrap();
        assert_eq!(names(&disk), [PathBuf::from("c"), "foreign".into()]);
    }

    #[test]
    fn what_is_not_on_the_disk_is_refused() {
        let disk = Disk::new();
        let absent = disk.root().join("absent");
        assert_eq!(
            disk.open("/etc/passwd".as_ref()).err().unwrap().kind(),
            ErrorKind::InvalidInput
        );
        assert_eq!(disk.open(&absent).err().unwrap().kind(), ErrorKind::NotFound);
        assert_eq!(disk.remove(&absent).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(
            disk.rename(&absent, &disk.root().join("b")).unwrap_err().kind(),
            ErrorKind::NotFound
        );
    }

    #[test]
    fn a_vfs_is_known_as_long_as_its_disk() {
        let disk = Disk::new();
        let name = disk.register_vfs();
        assert_eq!(disk.register_vfs(), name);
        let open = || {
            let path = format!("file:a.db?vfs={name}");
            rusqlite::Connection::open(path)?.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        };
        open().unwrap();
        assert!(
            disk.exists(&disk.root().join("a.db")).unwrap(),
            "a relative path lies below the root"
        );
        drop(disk);
        assert!(
            open().unwrap_err().to_string().contains("no such vfs"),
            "{:?}",
            open()
        );
    }

    #[test]
    fn a_database_that_took_the_place_of_another_keeps_its_log_when_the_other_is_closed() {
        let disk = Disk::new();
        let path = disk.root().join("a.db");
        let open = || {
            let uri = format!("file:a.db?vfs={}", disk.register_vfs());
            let database = rusqlite::Connection::open(uri).unwrap();
            database
                .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a)")
                .unwrap();
            database
        };
        let old = open();
        for name in ["a.db-wal", "a.db"] {
            disk.remove(&disk.root().join(name)).unwrap();
        }
        let new = open();
        drop(old);
        assert!(disk.exists(&path.with_extension("db-wal")).unwrap());
        drop(new);
        assert!(!disk.exists(&path.with_extension("db-wal")).unwrap());
    }
}
