//! Lends copies of the groups that are led from here to another machine that stores, for a backup.
//!
//! A copy is made of all that was acknowledged before it was asked for: whoever does not lead cannot know that, and says who does. It lies among the parts of
//! its group's databases, where a start clears up, until it is given back or has not been asked for in a while.
//!
//! **Invariant:** only to machines of which the address book says that they store (the desk sees to it): they hold the ring's key, and may have all of it anyway.
//! **Invariant:** what is lent is bounded, and does not stay.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tertulia_state::{Database, Fault};
use tokio::time::Instant;

use crate::ask::{Leaf, Lend, Lent, NotLent, Rest, Rests};
use crate::failure::Unavailable;
use crate::hold::{HOLD_TIME_MAX, Hold};
use crate::raft::machine::Progress;
use crate::room;
use crate::roster::Roster;
use crate::shelf::{Copy, Shelf};
use crate::stage::Stage;

/// Copies that are lent at once: as many as a machine leads groups, and more.
const LOANS_MAX: usize = 1024;
/// A copy that nobody has asked for in this time is not needed any more.
pub(crate) const LOAN_TIME_MAX: Duration = Duration::from_secs(300);
/// The longest block.
pub(crate) const LEAF_BYTES_MAX: u32 = 1 << 20;

/// What must stay free on the disk.
const ROOM_BYTES_MIN: u64 = 256 << 20;

/// Lends.
pub(crate) struct Lender {
    pub(crate) roster: Arc<Roster>,
    pub(crate) hold: Hold,
    pub(crate) stage: Stage,
    loans: Arc<Mutex<BTreeMap<u64, Loan>>>,
}

/// A copy that is lent.
struct Loan {
    shelf: Arc<Shelf>,
    copy: Arc<Copy>,
    touched: Instant,
}

impl Lender {
    pub(crate) fn new(roster: Arc<Roster>, hold: Hold, stage: Stage) -> Self {
        Self {
            roster,
            hold,
            stage,
            loans: Arc::default(),
        }
    }

    /// Lets the couriers of this machine rest.
    pub(crate) async fn rest(&self, Rest { backup, rests }: Rest) -> bool {
        match rests {
            Rests::Begin => self.hold.begin(backup, HOLD_TIME_MAX).await,
            Rests::GoOn => self.hold.renew(backup, HOLD_TIME_MAX),
            Rests::End => self.hold.end(backup),
        }
    }

    /// Makes a copy.
    pub(crate) async fn lend(&self, Lend { position, loan }: Lend) -> Result<Lent, NotLent> {
        let owner = |group: &Arc<crate::group::Group>| group.descriptor().range.contains(position);
        let groups = self.roster.groups();
        let group = groups.iter().find(|group| owner(group) && !group.is_sick());
        let group = group.ok_or(Unavailable::Unowned)?;
        if self.lock().len() >= LOANS_MAX {
            return Err(Unavailable::Busy.into());
        }
        let shelf = group.shelf().clone();
        if !has_room(&shelf.location().path, group.size_bytes().unwrap_or(0)) {
            tracing::error!(
                group = format_args!("{:016x}", group.id),
                "the disk has no room for a copy for a backup"
            );
            return Err(NotLent::NoRoom);
        }
        group.catch_up().await?;
        let made = self
            .stage
            .blocking(move || make(&shelf, loan).map(|made| (shelf, made)));
        let (shelf, (copy, lent)) = made.await.map_err(|fault| {
            tracing::error!(group = group.id, %fault, "a copy for a backup cannot be made");
            Unavailable::Sick
        })?;
        if !lent.descriptor.range.contains(position) {
            // It was divided meanwhile.
            return Err(Unavailable::Unowned.into());
        }
        let copy = Arc::new(copy);
        let touched = Instant::now();
        self.lock().insert(loan, Loan { shelf, copy, touched });
        tokio::spawn(clear_away(self.loans.clone(), loan));
        Ok(lent)
    }

    /// A block of a copy; `None` if it is lent no more.
    pub(crate) async fn leaf(&self, leaf: Leaf) -> Option<Bytes> {
        let (shelf, copy) = {
            let mut loans = self.lock();
            let loan = loans.get_mut(&leaf.loan)?;
            loan.touched = Instant::now();
            (loan.shelf.clone(), loan.copy.clone())
        };
        let length_bytes = leaf.length_bytes.min(LEAF_BYTES_MAX) as usize;
        if length_bytes == 0 {
            return Some(Bytes::new());
        }
        let read = self.stage.blocking(move || -> io::Result<Bytes> {
            let mut block = vec![0; length_bytes];
            let file = shelf.medium().files.open(copy.path())?;
            let count = file.read_at(leaf.offset_bytes, &mut block)?;
            block.truncate(count);
            Ok(block.into())
        });
        read.await
            .inspect_err(|error| tracing::error!(%error, "a copy for a backup cannot be read"))
            .ok()
    }

    /// Forgets copies that are not needed any more.
    pub(crate) fn take_back(&self, loans: &[u64]) {
        let mut lent = self.lock();
        for loan in loans {
            lent.remove(loan);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Loan>> {
        self.loans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the disk can take as much more, and the machine goes on: a log that cannot be written ends it. Where that cannot be told, it is tried.
fn has_room(beside: &Path, bytes: u64) -> bool {
    let room = room::of(beside.parent().unwrap_or(beside));
    room.is_none_or(|room| room.free_bytes >= bytes.saturating_add(ROOM_BYTES_MIN))
}

/// A copy of a group's database in a file of its own, and what it is.
fn make(shelf: &Arc<Shelf>, loan: u64) -> Result<(Copy, Lent), Fault> {
    let (copy, applied) = shelf.copy(shelf, &format!("lent-{loan:016x}"))?;
    let progress = Progress::read(&applied).map_err(|source| Fault::Codec {
        what: "progress",
        source,
    })?;
    let database = Database::open(&shelf.at(copy.path().to_owned()))?;
    let descriptor = database.descriptor();
    database.close()?;
    let lent = Lent {
        descriptor,
        applied: progress.last.map_or(0, |last| last.index),
        length_bytes: shelf.medium().files.open(copy.path())?.length_bytes()?,
    };
    Ok((copy, lent))
}

/// Forgets a copy when nobody has asked for it in a while.
async fn clear_away(loans: Arc<Mutex<BTreeMap<u64, Loan>>>, loan: u64) {
    loop {
        let touched = match loans.lock().unwrap_or_else(PoisonError::into_inner).get(&loan) {
            Some(lent) => lent.touched,
            None => return,
        };
        if touched.elapsed() >= LOAN_TIME_MAX {
            loans.lock().unwrap_or_else(PoisonError::into_inner).remove(&loan);
            return;
        }
        tokio::time::sleep_until(touched + LOAN_TIME_MAX).await;
    }
}
