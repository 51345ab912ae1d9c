//! A ring begins anew on one machine, from copies of all its groups: what a backup has.
//!
//! Each group goes on as another one (V4): its id and its member are new, its epoch is far ahead, and what its devices may have counted since the backup goes on
//! far ahead too (`tertulia_state::restoring`). The ring's authority stays, so that people trust what they trusted, and their programs know the ring by the name
//! that it had. For machines it has another name: who was in the ring before, and turns up again, is a stranger with whom nobody talks.
//!
//! **Invariant:** the directory belongs to the ring when all is on disk, and not before: what a crash leaves is no machine, and nobody starts it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use raft_engine::env::DefaultFileSystem;
pub use tertulia_state::Descriptor;
use tertulia_state::{Database, Fault, Location, restoring};
use tertulia_types::{Range, Slot};
use tokio::sync::mpsc;

use crate::charter::{Charter, CharterError};
use crate::files::Medium;
use crate::identity::Identity;
use crate::node::FOUNDED;
use crate::peers::RingFile;
use crate::private;
use crate::raft::journal::{Journal, JournalError, abort};
use crate::raft::log::GroupLog;
use crate::raft::machine::Progress;
use crate::raft::{LogId, Member, NodeId};
use crate::recovery::heir_of;
use crate::replica::{Registry, Replica, Stage as Life};
use crate::seal::{DataKey, FileKey};
use crate::shelf::Shelf;
use crate::stage::Stage;

/// Why a ring does not begin anew.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The copies are not those of a whole ring.
    #[error("the groups in the backup do not cover the ring: {0} of {all} parts", all = Slot::COUNT)]
    NotWhole(u32),
    /// A copy is not what it is said to be.
    #[error("the database of group {0:016x} in the backup is another one than the backup says")]
    Other(u64),
    /// A copy that nothing was ever applied to.
    #[error("the database of group {0:016x} in the backup is empty")]
    Empty(u64),
    /// A copy that cannot be used.
    #[error("the database of group {group:016x} in the backup cannot be used")]
    Database {
        /// Of which group.
        group: u64,
        /// Why.
        source: Fault,
    },
    /// The papers.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// The log.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The disk.
    #[error("the data directory cannot be written")]
    Io(#[from] std::io::Error),
}

/// A copy of a group, as it lies in the data directory.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the backup says of it.
    pub descriptor: Descriptor,
    /// The last entry whose effects are in it, as the backup says.
    pub applied: u64,
    /// The file; it is moved to its place.
    pub path: PathBuf,
    /// Whether it lies in the clear though the ring is to encrypt from now on.
    pub is_to_be_encrypted: bool,
}

/// Where to put copies that are to be restored into a data directory: on the disk where they will stay.
#[must_use]
pub fn place_of(directory: &Path, group: u64) -> PathBuf {
    state_of(directory).join(format!("{group:016x}.restored.part"))
}

/// The folder of these places.
#[must_use]
pub fn state_of(directory: &Path) -> PathBuf {
    directory.join("state")
}

/// Makes a machine that is the whole ring, in a directory that has nothing but these copies.
///
/// # Errors
/// If the copies are not those of a whole ring, or cannot be used; then the directory belongs to no ring.
pub async fn restore(
    directory: &Path,
    seal: Option<FileKey>,
    ring: RingFile,
    groups: Vec<Restored>,
    now_ms: u64,
) -> Result<(), RestoreError> {
    check_whole(&groups)?;
    let identity = Identity::take_under(directory, seal).map_err(CharterError::from)?;
    let member = Member {
        machine: identity.machine,
        incarnation: identity.incarnation,
    };
    let state = state_of(directory);
    let (crowd, _crowded) = mpsc::channel(1);
    let (journal, ended) = Journal::open(
        &directory.join("log"),
        Arc::new(DefaultFileSystem),
        Stage::Threads,
        Arc::new(abort),
        crowd,
        ring.data_key.as_ref(),
    )?;
    let mut rows = Vec::new();
    for restored in groups {
        let (heir, after, node) = {
            let (state, key) = (state.clone(), ring.data_key.clone());
            Stage::Threads
                .blocking(move || take_in(&restored, &state, key, member, now_ms))
                .await?
        };
        GroupLog::begin_behind(&journal, heir.group, after, node).await?;
        let row = Replica {
            node,
            stage: Life::Live,
            origin: heir,
        };
        rows.push((heir.group, row));
    }
    Registry::new(journal.clone()).write(&rows).await?;
    journal.close();
    ended.wait().await;
    private::write(&directory.join(FOUNDED), b"", None)?;
    // Last: now it belongs to the ring.
    Charter::found(&identity, ring.anew())?;
    Ok(())
}

/// Each slot has to have one owner.
fn check_whole(groups: &[Restored]) -> Result<(), RestoreError> {
    let ranges = || groups.iter().map(|group| group.descriptor.range);
    let covered = (0..=u16::MAX).filter(|slot| {
        let at = Slot(*slot).end();
        ranges().filter(|range| range.contains(at)).count() == 1
    });
    let covered = u32::try_from(covered.count()).unwrap_or(u32::MAX);
    let ends_there = ranges().any(|range| range.end() == Range::whole().end());
    if covered == Slot::COUNT && ends_there {
        Ok(())
    } else {
        Err(RestoreError::NotWhole(covered))
    }
}

/// Makes the group that goes on of a copy, and puts it in its place.
fn take_in(
    restored: &Restored,
    state: &Path,
    key: Option<DataKey>,
    member: Member,
    now_ms: u64,
) -> Result<(Descriptor, LogId, NodeId), RestoreError> {
    let before = restored.descriptor;
    let wrong = |source| RestoreError::Database {
        group: before.group,
        source,
    };
    let medium = Medium {
        key,
        ..Medium::default()
    };
    let (anywhere, _) = Shelf::find(state, 0, medium.clone())?;
    if restored.is_to_be_encrypted {
        let sealed = anywhere.at(restored.path.with_extension("sealed.part"));
        Location::file(&restored.path)
            .encrypt_to(&sealed)
            .map_err(wrong)?;
        anywhere.remove(&restored.path)?;
        medium.files.rename(&sealed.path, &restored.path)?;
    }
    let mut database = Database::open(&anywhere.at(restored.path.clone())).map_err(wrong)?;
    let progress = Progress::read(database.applied()).map_err(|source| {
        wrong(Fault::Codec {
            what: "progress",
            source,
        })
    })?;
    let last = progress.last.ok_or(RestoreError::Empty(before.group))?;
    if database.descriptor() != before || last.index != restored.applied {
        return Err(RestoreError::Other(before.group));
    }
    let next = last.index + 1;
    let heir = heir_of(before, member.incarnation, next);
    let alone = progress.of_heir(next, member).map_err(wrong)?;
    restoring::restore(&mut database, heir, &alone.record().map_err(wrong)?, now_ms).map_err(wrong)?;
    database.make_durable().map_err(wrong)?;
    database.close().map_err(wrong)?;
    let (place, _) = Shelf::find(state, heir.group, medium.clone())?;
    medium.files.open(&restored.path)?.sync()?;
    place.place(&restored.path)?;
    Ok((heir, last, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restored(ranges: &[Range]) -> Vec<Restored> {
        let of = |range: &Range| Restored {
            descriptor: Descriptor {
                group: 1,
                range: *range,
                epoch: 1,
            },
            applied: 1,
            path: PathBuf::new(),
            is_to_be_encrypted: false,
        };
        ranges.iter().map(of).collect()
    }

    #[test]
    fn v5_a_ring_with_a_gap_or_with_two_owners_of_a_place_is_none() {
        let thirds = Range::even(3);
        assert!(check_whole(&restored(&thirds)).is_ok());
        assert!(check_whole(&restored(&[Range::whole()])).is_ok());
        for wrong in [&thirds[..2], &thirds[1..], &[], &[thirds[0], Range::whole()]] {
            assert!(matches!(
                check_whole(&restored(wrong)),
                Err(RestoreError::NotWhole(_))
            ));
        }
    }
}
