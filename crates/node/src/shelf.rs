//! Where a group's database lies on this machine, and its readers.
//!
//! The file is `GROUP.N.db`. `N` grows when a snapshot takes the place of the database: the received file gets the next number by one rename, and at a
//! start the highest number counts; the others are leftovers and go (R9). A new file under a new name, and never over the old one, since SQLite would
//! replay the old file's write-ahead log into it.
//!
//! **Invariant:** a file under its number is complete and synced.
//! **Invariant:** a reader stays on its thread; it is opened once and reopened when the number has changed.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tertulia_state::{Fault, Location, Reader};

use crate::files::{Blocks, Medium};

/// SQLite's companions of a database.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A group's place among the databases of this machine.
pub(crate) struct Shelf {
    directory: PathBuf,
    group: u64,
    medium: Medium,
    number: Mutex<u64>,
    /// Files of open databases that were copied: see [`Files::copy`](crate::files::Files::copy). One for each split of the group.
    held: Mutex<Vec<Box<dyn Blocks>>>,
}

thread_local! {
    /// This thread's readers: whose, of which file, and the reader.
    static READERS: RefCell<Vec<(Weak<Shelf>, u64, Reader)>> = const { RefCell::new(Vec::new()) };
}

impl Shelf {
    /// The place of a group in a directory, and whether a database is there. Leftovers of a crash are removed.
    pub(crate) fn find(directory: &Path, group: u64, medium: Medium) -> io::Result<(Arc<Self>, bool)> {
        let prefix = format!("{group:016x}.");
        let mut numbers = Vec::new();
        for entry in std::fs::read_dir(directory)? {
            let name = entry?.file_name();
            let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(&prefix)) else {
                continue;
            };
            match rest
                .strip_suffix(".db")
                .and_then(|number| number.parse::<u64>().ok())
            {
                Some(number) => numbers.push(number),
                None if rest.contains(".part") => medium.files.remove(&directory.join(&name))?,
                None => {}
            }
        }
        let newest = numbers.iter().copied().max();
        let shelf = Self {
            directory: directory.to_owned(),
            group,
            medium,
            number: Mutex::new(newest.unwrap_or(1)),
            held: Mutex::default(),
        };
        for number in numbers.into_iter().filter(|number| Some(*number) != newest) {
            shelf.remove(&shelf.path(number))?;
        }
        Ok((Arc::new(shelf), newest.is_some()))
    }

    /// Where the database is now.
    pub(crate) fn location(&self) -> Location {
        self.at(self.path(self.number()))
    }

    /// Where something of this group is put together before it counts.
    pub(crate) fn part(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{:016x}.{name}.part", self.group))
    }

    /// A path as a location on the same medium.
    pub(crate) fn at(&self, path: PathBuf) -> Location {
        Location {
            path,
            vfs: self.medium.vfs.clone(),
            key: self.medium.key.clone(),
        }
    }

    /// The files that it lies on.
    pub(crate) fn medium(&self) -> &Medium {
        &self.medium
    }

    /// Puts a complete and synced file in the place of the database, which must be closed; readers follow (R9).
    pub(crate) fn replace(&self, part: &Path) -> io::Result<()> {
        let old = self.number();
        // Nothing of a database that was put away and had this number.
        self.remove(&self.path(old + 1))?;
        self.medium.files.rename(part, &self.path(old + 1))?;
        self.medium.files.sync_directory(&self.directory)?;
        *self.number.lock().unwrap_or_else(PoisonError::into_inner) = old + 1;
        self.remove(&self.path(old))
    }

    /// Puts a complete and synced file where no database is yet, in the place of what an unfinished attempt may have left there.
    pub(crate) fn place(&self, part: &Path) -> io::Result<()> {
        let path = self.path(self.number());
        self.remove(&path)?;
        self.medium.files.rename(part, &path)?;
        self.medium.files.sync_directory(&self.directory)
    }

    /// Puts the database away under a name that nobody here looks for, in the place of one that was put away before. It stays there for whoever looks for
    /// what may be missing.
    pub(crate) fn put_away(&self) -> io::Result<PathBuf> {
        let (path, away) = (
            self.path(self.number()),
            self.directory.join(format!("{:016x}.sick", self.group)),
        );
        self.remove(&away)?;
        // The database first: what SQLite keeps beside it is never without it.
        for suffix in [""].into_iter().chain(COMPANIONS) {
            match self
                .medium
                .files
                .rename(&companion(&path, suffix), &companion(&away, suffix))
            {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        self.medium.files.sync_directory(&self.directory)?;
        Ok(away)
    }

    /// Removes the group's files.
    pub(crate) fn clear(&self) -> io::Result<()> {
        self.remove(&self.path(self.number()))?;
        self.medium.files.sync_directory(&self.directory)
    }

    /// Removes a database and what SQLite keeps beside it.
    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        for suffix in COMPANIONS {
            self.medium.files.remove(&companion(path, suffix))?;
        }
        self.medium.files.remove(path)
    }

    /// Lends this thread's reader.
    pub(crate) fn read<T>(
        self: &Arc<Self>,
        read: impl FnOnce(&mut Reader) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        READERS.with_borrow_mut(|readers| {
            let number = self.number();
            let known = readers
                .iter()
                .position(|(shelf, of, _)| *of == number && shelf.as_ptr() == Arc::as_ptr(self));
            let place = match known {
                Some(place) => place,
                None => {
                    readers.retain(|(shelf, ..)| {
                        shelf.strong_count() > 0 && shelf.as_ptr() != Arc::as_ptr(self)
                    });
                    readers.push((
                        Arc::downgrade(self),
                        number,
                        Reader::open(&self.at(self.path(number)))?,
                    ));
                    readers.len() - 1
                }
            };
            read(&mut readers[place].2)
        })
    }

    /// Copies the database as it is now, complete and synced, to a place among the parts of a shelf. Also tells the consensus's record in the copy.
    pub(crate) fn copy(self: &Arc<Self>, to: &Arc<Self>, name: &str) -> Result<(Copy, Vec<u8>), Fault> {
        let copy = Copy::new(to.clone(), to.part(name));
        to.remove(copy.path())?;
        // A reader of its own: the copy may take a while, and this thread's reader has other things to do.
        let applied = Reader::open(&self.location())?.copy_to(&to.at(copy.path().to_owned()))?;
        Ok((copy, applied))
    }

    /// Copies the database's files as they are, to a place among the parts: what they hold when nobody writes to them meanwhile, not yet durable.
    pub(crate) fn clone_files(self: &Arc<Self>, name: &str) -> io::Result<Copy> {
        let copy = Copy::new(self.clone(), self.part(name));
        self.remove(copy.path())?;
        let source = self.path(self.number());
        let files = &self.medium.files;
        let held = files.copy(&source, copy.path())?;
        self.held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(held);
        // There are no locks on this one.
        match files.copy(&companion(&source, "-wal"), &companion(copy.path(), "-wal")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(_) | Err(_) => Ok(copy),
        }
    }

    fn number(&self) -> u64 {
        *self.number.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{:016x}.{number}.db", self.group))
    }
}

/// The file that SQLite keeps beside a database under this ending.
fn companion(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A snapshot on its way: what openraft hands around.
pub(crate) enum Image {
    /// The database of this shelf, copied when somebody needs it.
    Current(Arc<Shelf>),
    /// A complete and synced copy, which goes with this value unless it is put in place.
    Copy(Copy),
}

/// A copy of a database in a file of its own.
pub(crate) struct Copy {
    shelf: Arc<Shelf>,
    path: PathBuf,
}

impl Copy {
    /// Takes care of a file that is there, or will be.
    pub(crate) fn new(shelf: Arc<Shelf>, path: PathBuf) -> Self {
        Self { shelf, path }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // Once put in place, nothing is there any more; what cannot be removed now goes at the next start.
        drop(self.shelf.remove(&self.path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tertulia_state::{Database, Descriptor};
    use tertulia_types::Range;

    const GROUP: u64 = 9;

    fn make(location: &Location, epoch: u64) {
        let range = Range::whole();
        let descriptor = Descriptor {
            group: GROUP,
            range,
            epoch,
        };
        drop(Database::create(location, descriptor).unwrap());
    }

    fn epoch(shelf: &Shelf) -> u64 {
        Database::open(&shelf.location()).unwrap().descriptor().epoch
    }

    fn find(directory: &Path) -> Arc<Shelf> {
        let (shelf, is_there) = Shelf::find(directory, GROUP, Medium::default()).unwrap();
        assert!(is_there);
        shelf
    }

    #[test]
    fn r9_a_crash_while_a_snapshot_comes_leaves_the_old_state_or_the_new() {
        let directory = tempfile::tempdir().unwrap();
        let (shelf, is_there) = Shelf::find(directory.path(), GROUP, Medium::default()).unwrap();
        assert!(!is_there);
        make(&shelf.location(), 1);

        // The power goes while blocks come in.
        std::fs::write(shelf.part("from-1"), b"half of it").unwrap();
        let shelf = find(directory.path());
        assert_eq!(epoch(&shelf), 1);
        assert!(!shelf.part("from-1").exists(), "leftovers go");

        // The power goes after the rename, before the old file is removed; its write-ahead file is still there too.
        make(&shelf.at(shelf.part("from-2")), 2);
        let old = shelf.location().path;
        std::fs::rename(shelf.part("from-2"), shelf.path(2)).unwrap();
        std::fs::write(old.with_extension("db-wal"), b"of the old one").unwrap();
        let shelf = find(directory.path());
        assert_eq!(epoch(&shelf), 2);
        assert!(!old.exists());

        // Nothing goes wrong.
        make(&shelf.at(shelf.part("from-3")), 3);
        shelf.replace(&shelf.part("from-3")).unwrap();
        assert_eq!((epoch(&shelf), epoch(&find(directory.path()))), (3, 3));
    }

    #[test]
    fn a_reader_of_a_copy_that_is_gone_does_no_harm_to_the_next_one() {
        let directory = tempfile::tempdir().unwrap();
        let place = || Shelf::find(directory.path(), GROUP, Medium::default()).unwrap().0;
        let old = place();
        make(&old.location(), 1);
        old.read(|reader| reader.digest()).unwrap();
        old.clear().unwrap();
        drop(old);

        let new = place();
        let descriptor = Descriptor {
            group: GROUP,
            range: Range::whole(),
            epoch: 2,
        };
        let database = Database::create(&new.location(), descriptor).unwrap();
        let digest = database.digest().unwrap();
        // This thread's reader of the old copy is closed now. SQLite would remove the write-ahead log under the name that both have, and sees that the file is
        // another.
        assert_eq!(new.read(|reader| reader.digest()).unwrap(), digest);
        assert!(companion(&new.location().path, "-wal").exists());
    }
}
