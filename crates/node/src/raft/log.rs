//! One group's log, as openraft wants it: the tail in memory, the rest in the [`Journal`].
//!
//! **Invariant:** an entry can be read as soon as `append` returns, and is reported as written when it is on disk.
//! **Invariant:** the tail leaves memory only when it is on disk.
//! **Invariant:** nothing is purged that the database does not have safely on disk (R4); the [`DurablePoint`] says how far that is.
//!
//! The record of what was committed is written along with the next entries, without a sync of its own: losing it costs a moment at the next start,
//! never an entry.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openraft::storage::{IOFlushed, LogState, RaftLogReader, RaftLogStorage};
use openraft::vote::leader_id_std::CommittedLeaderId;
use openraft::{EntryPayload, OptionalSend};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::journal::{Appended, Change, Done, Journal, JournalError, Write};
use super::record::Record;
use super::{Entry, LogId, NodeId, TypeConfig, Vote};

const VOTE: &[u8] = b"vote";
const COMMITTED: &[u8] = b"committed";
const PURGED: &[u8] = b"purged";
/// The last index that counts, where the tail was cut off and nothing came after: the engine itself cuts only when it appends.
const CUT: &[u8] = b"cut";

/// What a group keeps in memory of entries that are on disk, so that replication and apply need not read them back.
const TAIL_BYTES: usize = 8 << 20;
/// What one read for replication returns at most.
const READ_BYTES: usize = 4 << 20;

/// How far a group's database is safely on disk, as the index of the first entry that the log must keep (R4).
#[derive(Clone, Debug, Default)]
pub(crate) struct DurablePoint(Arc<AtomicU64>);

impl DurablePoint {
    /// The database is on disk up to this entry, inclusive.
    pub(crate) fn advance_to(&self, last: Option<u64>) {
        self.0
            .fetch_max(last.map_or(0, |last| last + 1), Ordering::AcqRel);
    }

    /// Whether the database has this entry safely on disk.
    pub(crate) fn covers(&self, index: u64) -> bool {
        index < self.0.load(Ordering::Acquire)
    }
}

/// One group's log.
#[derive(Clone, Debug)]
pub(crate) struct GroupLog {
    group: u64,
    journal: Journal,
    durable: DurablePoint,
    tail: Arc<Mutex<Tail>>,
}

#[derive(Debug, Default)]
struct Tail {
    /// The last entries, without a gap up to `last`.
    entries: VecDeque<Entry>,
    bytes: usize,
    /// The last entry known to be on disk.
    flushed: Option<LogId>,
    purged: Option<LogId>,
    last: Option<LogId>,
    vote: Option<Vote>,
    committed: Option<LogId>,
    /// `committed` has not been handed to the journal yet.
    committed_is_new: bool,
    /// The engine still holds entries behind `last`.
    is_cut: bool,
}

impl GroupLog {
    /// Reads what the journal has of the group; nothing, for a new one.
    pub(crate) fn open(group: u64, journal: Journal, durable: DurablePoint) -> Result<Self, JournalError> {
        let purged: Option<LogId> = read(&journal, group, PURGED)?;
        let cut: Option<Option<u64>> = read(&journal, group, CUT)?;
        let mut last_index = journal.last_index(group)?;
        if let Some(cut) = cut {
            last_index = last_index.min(cut);
        }
        let last = match last_index {
            Some(index) if Some(index) > purged.map(|id| id.index) => journal
                .fetch(group, index, index + 1)?
                .first()
                .map(Record::log_id),
            _ => purged,
        };
        let tail = Tail {
            flushed: last,
            purged,
            last,
            vote: read(&journal, group, VOTE)?,
            committed: read::<Option<LogId>>(&journal, group, COMMITTED)?.flatten(),
            is_cut: cut.is_some(),
            ..Tail::default()
        };
        Ok(Self {
            group,
            journal,
            durable,
            tail: Arc::new(Mutex::new(tail)),
        })
    }

    /// Gives a group that is born by a split its place to begin: behind the split, without a vote or an entry (R2).
    pub(crate) async fn seed(journal: &Journal, group: u64, index: u64) -> io::Result<()> {
        let begins_behind = encoded(&seed(index))?;
        journal
            .write(group, vec![Change::Put(PURGED, begins_behind)])
            .await
    }

    /// The term and the index of the last entry: of two logs, the one with the greater pair knows all that the other knows to be committed.
    pub(crate) fn end(&self) -> (u64, u64) {
        let last = self.tail().last;
        last.map_or((0, 0), |last| (last.committed_leader_id().term, last.index))
    }

    /// The index of the next entry.
    pub(crate) fn next_index(&self) -> u64 {
        next_index(self.tail().last)
    }

    /// Begins the log of another group, under this node id, with the entries of this one behind `after`. Who was a member stays behind: those entries are blank.
    pub(crate) async fn bequeath(&self, heir: u64, after: Option<LogId>, node: NodeId) -> io::Result<()> {
        let entries = self.entries(next_index(after), u64::MAX, usize::MAX)?;
        let record = |entry: Entry| {
            let payload = match entry.payload {
                EntryPayload::Membership(_) => EntryPayload::Blank,
                EntryPayload::Normal(_) | EntryPayload::Blank => entry.payload,
            };
            Record::of(&Entry { payload, ..entry }).map_err(io::Error::other)
        };
        let records: Vec<Record> = entries.into_iter().map(record).collect::<io::Result<_>>()?;
        let (vote, last) = {
            let tail = self.tail();
            (tail.vote, tail.last)
        };
        let voted = vote.map_or(0, |vote| vote.leader_id().term);
        let term = last.map_or(voted, |last| voted.max(last.committed_leader_id().term));
        begin(&self.journal, heir, (after, records), (term, node)).await
    }

    /// Begins the log of a group that goes on behind this entry, under this node id.
    pub(crate) async fn begin_behind(
        journal: &Journal,
        group: u64,
        after: LogId,
        node: NodeId,
    ) -> io::Result<()> {
        let term = after.committed_leader_id().term;
        begin(journal, group, (Some(after), Vec::new()), (term, node)).await
    }

    /// Writes what has been held back, and waits for it: the last step of an orderly stop.
    pub(crate) async fn settle(&self) -> io::Result<()> {
        let changes = self.tail().take_committed()?;
        self.journal.write(self.group, changes).await
    }

    /// Forgets the group: its log, its vote, all of it. Its registry row stays (R2).
    pub(crate) async fn forget(&self) -> io::Result<()> {
        Self::forget_all(&self.journal, self.group).await
    }

    /// As [`Self::forget`], for a group whose log is not open.
    pub(crate) async fn forget_all(journal: &Journal, group: u64) -> io::Result<()> {
        journal.write(group, vec![Change::Forget]).await
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        // A panic under this lock has left the tail whole: each change is one assignment after all that can fail.
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entries(&self, begin: u64, end: u64, bytes_max: usize) -> io::Result<Vec<Entry>> {
        loop {
            let (begin, warm_from, warm) = self.tail().slice(begin, end);
            match self.cold(begin, warm_from) {
                Ok(mut entries) => {
                    entries.extend(warm);
                    limit(&mut entries, bytes_max);
                    return Ok(entries);
                }
                // Purged between the two looks: what is gone is not asked for again.
                Err(_) if begin < next_index(self.tail().purged) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn cold(&self, begin: u64, end: u64) -> io::Result<Vec<Entry>> {
        let records = self
            .journal
            .fetch(self.group, begin, end)
            .map_err(io::Error::other)?;
        records
            .into_iter()
            .map(|record| record.entry().map_err(io::Error::other))
            .collect()
    }
}

/// Begins the log of a group behind an entry, with these entries, and a vote of this term for its one member.
async fn begin(
    journal: &Journal,
    group: u64,
    (after, records): (Option<LogId>, Vec<Record>),
    (term, node): (u64, NodeId),
) -> io::Result<()> {
    let mut changes = vec![Change::Put(VOTE, encoded(&Vote::new(term, node))?)];
    if let Some(after) = after {
        changes.push(Change::Put(PURGED, encoded(&after)?));
    }
    if !records.is_empty() {
        changes.push(Change::Append(records));
    }
    journal.write(group, changes).await
}

/// Entries on their way to the disk.
struct Pending {
    tail: Arc<Mutex<Tail>>,
    last: LogId,
    flushed: IOFlushed<TypeConfig>,
}

impl Appended for Pending {
    fn complete(self: Box<Self>, result: io::Result<()>) {
        if result.is_ok() {
            let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
            // Log ids are ordered by term first: what replaced these entries since then does not count as written.
            tail.flushed = tail.flushed.max(Some(self.last));
            tail.shrink();
        }
        self.flushed.io_completed(result);
    }
}

/// Leaves the first entries, up to a size, but at least one.
fn limit(entries: &mut Vec<Entry>, bytes_max: usize) {
    let mut bytes = 0;
    let fits = entries.iter().take_while(|entry| {
        let fits = bytes < bytes_max;
        bytes += size_bytes(entry);
        fits
    });
    let count = fits.count();
    entries.truncate(count);
}

impl Tail {
    /// The index of the first entry in memory, or that of the next one if there is none.
    fn first(&self) -> u64 {
        next_index(self.last) - self.entries.len() as u64
    }

    /// What is there of `begin..end`: where it begins, where its part in memory begins, and that part.
    fn slice(&self, begin: u64, end: u64) -> (u64, u64, Vec<Entry>) {
        let begin = begin.max(next_index(self.purged));
        let end = end.min(next_index(self.last)).max(begin);
        let warm_from = self.first().clamp(begin, end);
        let skip = warm_from.saturating_sub(self.first()) as usize;
        let warm = self
            .entries
            .iter()
            .skip(skip)
            .take((end - warm_from) as usize)
            .cloned()
            .collect();
        (begin, warm_from, warm)
    }

    fn push(&mut self, entry: Entry) {
        self.bytes += size_bytes(&entry);
        self.last = Some(entry.log_id);
        self.entries.push_back(entry);
    }

    /// Drops the oldest entries that are on disk, while there are more than fit.
    fn shrink(&mut self) {
        while self.bytes > TAIL_BYTES
            && self
                .entries
                .front()
                .is_some_and(|entry| Some(entry.log_id) <= self.flushed)
        {
            if let Some(entry) = self.entries.pop_front() {
                self.bytes -= size_bytes(&entry);
            }
        }
    }

    fn cut_after(&mut self, last: Option<LogId>) {
        while self.entries.back().is_some_and(|entry| Some(entry.log_id) > last) {
            if let Some(entry) = self.entries.pop_back() {
                self.bytes -= size_bytes(&entry);
            }
        }
        self.last = last;
        self.flushed = self.flushed.min(last);
        self.is_cut = true;
    }

    fn purge(&mut self, upto: LogId) {
        while self
            .entries
            .front()
            .is_some_and(|entry| entry.log_id.index <= upto.index)
        {
            if let Some(entry) = self.entries.pop_front() {
                self.bytes -= size_bytes(&entry);
            }
        }
        self.purged = Some(upto);
        if self.last.is_none_or(|last| last.index <= upto.index) {
            self.last = Some(upto);
            self.flushed = Some(upto);
        }
    }

    fn take_committed(&mut self) -> io::Result<Vec<Change>> {
        if !std::mem::take(&mut self.committed_is_new) {
            return Ok(Vec::new());
        }
        Ok(vec![Change::Put(COMMITTED, encoded(&self.committed)?)])
    }
}

fn size_bytes(entry: &Entry) -> usize {
    match &entry.payload {
        openraft::EntryPayload::Normal(payload) => payload.0.len() + 64,
        openraft::EntryPayload::Blank | openraft::EntryPayload::Membership(_) => 256,
    }
}

fn next_index(id: Option<LogId>) -> u64 {
    id.map_or(0, |id| id.index + 1)
}

fn encoded<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    postcard::to_stdvec(value).map_err(io::Error::other)
}

fn read<T: DeserializeOwned>(journal: &Journal, group: u64, key: &[u8]) -> Result<Option<T>, JournalError> {
    Ok(journal
        .get(group, key)?
        .map(|value| postcard::from_bytes(&value))
        .transpose()?)
}

fn bounds(range: &impl RangeBounds<u64>) -> (u64, u64) {
    let begin = match range.start_bound() {
        Bound::Included(index) => *index,
        Bound::Excluded(index) => index + 1,
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(index) => index + 1,
        Bound::Excluded(index) => *index,
        Bound::Unbounded => u64::MAX,
    };
    (begin, end)
}

impl RaftLogReader<TypeConfig> for GroupLog {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> io::Result<Vec<Entry>> {
        let (begin, end) = bounds(&range);
        self.entries(begin, end, usize::MAX)
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> io::Result<Vec<Entry>> {
        self.entries(start, end, READ_BYTES)
    }

    async fn read_vote(&mut self) -> io::Result<Option<Vote>> {
        Ok(self.tail().vote)
    }
}

impl RaftLogStorage<TypeConfig> for GroupLog {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> io::Result<LogState<TypeConfig>> {
        let tail = self.tail();
        Ok(LogState {
            last_purged_log_id: tail.purged,
            last_log_id: tail.last,
        })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> io::Result<()> {
        let value = encoded(vote)?;
        self.tail().vote = Some(*vote);
        self.journal
            .write(self.group, vec![Change::Put(VOTE, value)])
            .await
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
        let mut tail = self.tail();
        tail.committed = committed;
        tail.committed_is_new = true;
        Ok(())
    }

    async fn read_committed(&mut self) -> io::Result<Option<LogId>> {
        Ok(self.tail().committed)
    }

    async fn append<I>(&mut self, entries: I, flushed: IOFlushed<TypeConfig>) -> io::Result<()>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<Entry> = entries.into_iter().collect();
        let records: Vec<Record> = entries
            .iter()
            .map(Record::of)
            .collect::<Result<_, _>>()
            .map_err(io::Error::other)?;
        let Some(last) = entries.last().map(|entry| entry.log_id) else {
            flushed.io_completed(Ok(()));
            return Ok(());
        };
        let changes = {
            let mut tail = self.tail();
            let mut changes = tail.take_committed()?;
            if std::mem::take(&mut tail.is_cut) {
                changes.push(Change::Delete(CUT));
            }
            changes.push(Change::Append(records));
            entries.into_iter().for_each(|entry| tail.push(entry));
            changes
        };
        let done = Done::Appended(Box::new(Pending {
            tail: self.tail.clone(),
            last,
            flushed,
        }));
        self.journal
            .send(Write {
                group: self.group,
                changes,
                done,
            })
            .await
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> io::Result<()> {
        {
            let mut tail = self.tail();
            if next_index(last) >= next_index(tail.last) {
                return Ok(());
            }
            tail.cut_after(last);
        }
        let cut = encoded(&last.map(|id| id.index))?;
        self.journal.write(self.group, vec![Change::Put(CUT, cut)]).await
    }

    async fn purge(&mut self, upto: LogId) -> io::Result<()> {
        if !self.durable.covers(upto.index) {
            return Err(io::Error::other(format!(
                "the log may not be cut at {}: the database is not yet on disk up to there",
                upto.index
            )));
        }
        let changes = vec![
            Change::Put(PURGED, encoded(&upto)?),
            Change::Compact(upto.index + 1),
        ];
        // A cut stays written down until entries are appended: the engine may still hold some behind it, and behind what is purged.
        self.tail().purge(upto);
        self.journal
            .send(Write {
                group: self.group,
                changes,
                done: Done::Unwatched,
            })
            .await
    }
}

/// What a child's log begins behind.
pub(crate) fn seed(index: u64) -> LogId {
    LogId::new(CommittedLeaderId::new(0), index)
}
