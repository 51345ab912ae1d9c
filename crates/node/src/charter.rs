//! What a machine has of its ring before it is opened: who it is, which ring it belongs to, and the address book.
//!
//! **Invariant:** a directory that belongs to a ring goes on in it, and never founds or joins another (J5).

use std::path::Path;
use std::sync::Arc;

use tertulia_types::{Range, Role};

use crate::identity::{self, DirectoryError, Identity};
use crate::peers::ring_file;
use crate::peers::{AuthorityError, Book, BookError, Entry, Record, RingFile, RingFileError};
use crate::seal::{self, FileKey, SealError};

/// A machine's papers.
#[derive(Clone)]
pub struct Charter {
    /// Who it is; holds the directory's lock.
    pub identity: Identity,
    /// Which ring it belongs to.
    pub ring: RingFile,
    /// Who else does.
    pub book: Arc<Book>,
}

/// Papers that are not in order.
#[derive(Debug, thiserror::Error)]
pub enum CharterError {
    /// The data directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The ring's file.
    #[error(transparent)]
    Ring(#[from] RingFileError),
    /// The address book.
    #[error(transparent)]
    Book(#[from] BookError),
    /// The ring's CA.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// This machine cannot let others in.
    #[error("this machine is a gateway and has not the key that lets others in; ask a machine that stores")]
    NoKey,
}

/// Whether the private files in a directory lie under this key, or in the clear if there is none; a machine of no ring may come with a key for the first time.
/// Touches nothing.
///
/// # Errors
/// If they do not. Files that cannot be read are for whoever needs them.
pub fn opens(directory: &Path, key: Option<&FileKey>) -> Result<(), SealError> {
    let opened = |name| {
        let path = directory.join(name);
        let bytes = std::fs::read(&path).ok()?;
        Some(seal::open(key, &path, bytes).map(drop))
    };
    match (opened(ring_file::FILE), opened(identity::KEY)) {
        (None, None | Some(Err(SealError::InTheClear(_)))) => Ok(()),
        (None, Some(of_key)) => of_key,
        (Some(of_ring), of_key) => of_ring.and(of_key.unwrap_or(Ok(()))),
    }
}

impl Charter {
    /// The papers of a machine that belongs to a ring; `None` if it belongs to none yet.
    pub fn read(identity: &Identity) -> Result<Option<Self>, CharterError> {
        let Some(ring) = RingFile::read(identity.directory(), identity.seal())? else {
            return Ok(None);
        };
        let book = Book::open(identity, &ring)?;
        Ok(Some(Self {
            identity: identity.clone(),
            ring,
            book,
        }))
    }

    /// Founds a ring with this machine as the first.
    pub fn found(identity: &Identity, ring: RingFile) -> Result<Self, CharterError> {
        let book = Book::open(identity, &ring)?;
        let authority = ring.authority()?.ok_or(CharterError::NoKey)?;
        let mut entry = Entry::new(identity, Role::Node, Vec::new());
        entry.position = Some(Range::whole().end());
        entry.is_entry = true;
        book.admit(&authority, entry.sign(ring.ring, identity))?;
        // Last: a directory with a ring's file belongs to the ring.
        ring.write(identity.directory(), identity.seal())?;
        Ok(Self {
            identity: identity.clone(),
            ring,
            book,
        })
    }

    /// Whether this machine is the one that founded the ring, and nobody has joined it yet.
    pub(crate) fn is_founder(&self) -> bool {
        let mut storing = self.book.all().into_iter().filter(|entry| entry.role.stores());
        let is_me = |entry: &Entry| entry.machine == self.identity.machine;
        storing
            .next()
            .is_some_and(|first| is_me(&first) && first.position == Some(Range::whole().end()))
            && storing.next().is_none()
    }

    /// Takes what a member of the ring has given to this machine, which it has let in.
    pub fn accept(
        identity: &Identity,
        ring: RingFile,
        record: Record,
        news: Vec<crate::peers::News>,
    ) -> Result<Self, CharterError> {
        let book = Book::open(identity, &ring)?;
        book.enter(record)?;
        book.merge(news);
        book.save()?;
        ring.write(identity.directory(), identity.seal())?;
        Ok(Self {
            identity: identity.clone(),
            ring,
            book,
        })
    }

    /// Lets the owner of a directory into the ring without a network between them: for tests and simulations.
    pub fn admit(&self, directory: &Path, role: Role) -> Result<Self, CharterError> {
        self.admit_as(&Identity::take(directory)?, role)
    }

    /// The same, with an identity that was taken already.
    pub fn admit_as(&self, identity: &Identity, role: Role) -> Result<Self, CharterError> {
        if let Some(known) = Self::read(identity)? {
            return Ok(known);
        }
        let authority = self.ring.authority()?.ok_or(CharterError::NoKey)?;
        let entry = Entry::new(identity, role, Vec::new());
        let record = self
            .book
            .admit(&authority, entry.sign(self.ring.ring, identity))?;
        let mut ring = self.ring.clone();
        if !role.stores() {
            ring.ca_key = None;
            ring.data_key = None;
        }
        Self::accept(identity, ring, record, self.book.newer_than(&[]))
    }
}
