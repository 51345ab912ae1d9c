//! Errands: what must still be done at other homes, as rows that wait in the outbox; and the verbs of the courier, who asks
//! for them and says what came of them. What each kind of errand comes to is [`crate::outbox`]'s business.
//!
//! **Invariants**
//! - There is one row per cause (kind, subject, object). A change that meets a waiting row replaces it by one with a new
//!   number, so that a courier which is under way with the old one can neither settle the new one nor go on walking from
//!   the middle: it begins anew.
//! - Numbers grow and are never used again.

use crate::error::Fault;
use crate::event::Event;
use crate::tx::{Tx, View};
use crate::verb::Verb;
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tertulia_types::{AccountId, Position, Rejected, Slot};

/// Rows that one hop of a walk changes at most; the walk goes on at the same slot while there may be more.
pub(crate) const HOP_ROWS_MAX: usize = 500;

/// The kinds of errand; the numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// A dweet to the groups of its author's followers: a walk.
    Deliver = 1,
    /// An author's card to the same groups: a walk.
    Card = 2,
    /// An edge to the author's home.
    Follower = 3,
    /// A favourite to the dweet's home.
    Favourite = 4,
    /// A redweet to the original's home.
    Redweet = 5,
    /// An edit or the end of a dweet to the groups of those who redweeted it: a walk.
    Original = 6,
    /// A reply to the home of the dweet that it answers.
    Reply = 7,
    /// A reply to the home of its thread.
    Thread = 8,
    /// A dweet to someone whom it names.
    Mention = 9,
    /// A dweet to the home of a hashtag.
    Tag = 10,
    /// A block to the home of the one who is blocked.
    Block = 11,
    /// The next step of closing an account, at the same home.
    Closing = 12,
    /// The next step of forgetting an author whom nobody of the group follows any more, in the same group.
    Forgetting = 13,
    /// The next step of dismissing all notifications, at the same home.
    Dismissing = 14,
    /// A copy of a commit, or a welcome, to somebody of the conversation.
    Letter = 15,
    /// A measure to the home that it concerns.
    Measure = 16,
    /// What came of a measure into the log.
    Deed = 17,
    /// Whether somebody is hidden, to all groups: a walk.
    Hidden = 18,
    /// What the community has settled, to all groups: a walk.
    Settlement = 19,
    /// A newcomer's use of an invitation, to the invitation's home.
    Use = 20,
    /// A report to the moderators.
    Report = 21,
}

impl Errand {
    fn from_number(number: i64) -> Result<Self, Fault> {
        const ALL: [Errand; 21] = [
            Errand::Deliver,
            Errand::Card,
            Errand::Follower,
            Errand::Favourite,
            Errand::Redweet,
            Errand::Original,
            Errand::Reply,
            Errand::Thread,
            Errand::Mention,
            Errand::Tag,
            Errand::Block,
            Errand::Closing,
            Errand::Forgetting,
            Errand::Dismissing,
            Errand::Letter,
            Errand::Measure,
            Errand::Deed,
            Errand::Hidden,
            Errand::Settlement,
            Errand::Use,
            Errand::Report,
        ];
        ALL.into_iter()
            .find(|errand| *errand as i64 == number)
            .ok_or(Fault::Damaged("unknown kind of errand"))
    }
}

/// A row of the outbox.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) seq: u64,
    pub(crate) kind: Errand,
    pub(crate) subject: i64,
    pub(crate) object: Vec<u8>,
    /// Where a walk goes on.
    pub(crate) cursor: Slot,
}

/// What a walking verb answers: where the walk goes on, seen by the group that applied it (rule O2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walked {
    /// The first slot behind that group, or `None` at the end of the ring.
    pub next: Option<Slot>,
}

impl Walked {
    /// The answer of this group to a hop that came to it at `slot`.
    pub(crate) fn behind(view: &View<'_>, slot: Slot) -> Self {
        Self {
            next: view.descriptor.range.next_slot_behind(slot),
        }
    }

    /// The answer to a hop that changed so many rows: the walk stays while there may be more than [`HOP_ROWS_MAX`].
    pub(crate) fn after_rows(view: &View<'_>, slot: Slot, rows: usize) -> Self {
        if rows < HOP_ROWS_MAX {
            Self::behind(view, slot)
        } else {
            Self { next: Some(slot) }
        }
    }
}

/// Rows that one call of [`Pending`] returns at most.
pub(crate) const PAGE_MAX: u32 = 1024;

/// One thing to carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// The row.
    pub seq: u64,
    /// An encoded [`AnyCommand`](crate::AnyCommand), or `None` when nothing is left to do: settle it as done.
    pub command: Option<Vec<u8>>,
    /// For a hop of a walk, from which slot on it was looked for: its reply is a [`Walked`], after which [`Resume`] tells the next one.
    pub walk: Option<Slot>,
}

/// Asks for rows behind `after_seq`, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The end of the group's range.
    pub at: Position,
    /// 0 for the beginning.
    pub after_seq: u64,
    /// At most 1 024.
    pub limit: u32,
}

impl Verb for Pending {
    type Reply = Vec<Parcel>;

    fn home(&self) -> Position {
        self.at
    }
}

/// A hop of a walk that was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// The row.
    pub seq: u64,
    /// From which slot on it was looked for.
    pub from: Slot,
    /// To which slot it went: nobody between the two was to be reached then.
    pub to: Slot,
    /// Where the walk goes on, as the answer says.
    pub next: Option<Slot>,
}

/// Asks for the next hop of each of these walks. Where somebody has come since whom the last one has passed by, it is taken once more, to them (rule O2): their group
/// counts on what their neighbours get, and may have been divided meanwhile. Rows that were settled or replaced are left out of the answer; a replacement is
/// found by [`Pending`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The end of the group's range.
    pub at: Position,
    /// At most 1 024 are looked at.
    pub rows: Vec<Hop>,
}

impl Verb for Resume {
    type Reply = Vec<Parcel>;

    fn home(&self) -> Position {
        self.at
    }
}

/// What came of one parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The row.
    pub seq: u64,
    /// The destination's answer (its encoded reply); `None` if there was nothing to carry, or a walk came to its end.
    pub result: Result<Option<Vec<u8>>, Rejected>,
}

/// Records what came of parcels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settle {
    /// The end of the group's range.
    pub at: Position,
    /// At most 1 024.
    pub parcels: Vec<Settled>,
}

impl Verb for Settle {
    type Reply = ();

    fn home(&self) -> Position {
        self.at
    }
}

/// Puts a row into the outbox, in the place of the one that waits for the same cause.
pub(crate) fn post(
    tx: &mut Tx<'_>,
    slot: Slot,
    kind: Errand,
    subject: i64,
    object: &[u8],
) -> Result<(), Fault> {
    let sql = "INSERT OR REPLACE INTO outbox (slot, kind, subject, object) VALUES (?1, ?2, ?3, ?4)";
    tx.write(sql, (slot.0, kind as i64, subject, object))?;
    tx.tell(Event::Errands);
    Ok(())
}

/// The authors to whom edges are on their way.
pub(crate) fn authors_asked(view: &View<'_>) -> Result<BTreeSet<AccountId>, Fault> {
    let sql = "SELECT object FROM outbox WHERE slot BETWEEN ?1 AND ?2 AND kind = ?3";
    let all = (0, u16::MAX, Errand::Follower as i64);
    let objects = view.all(sql, all, |row| row.get::<_, Vec<u8>>(0))?;
    let authors: Result<Vec<i64>, Fault> = objects.iter().map(|object| number(object)).collect();
    Ok(authors?.into_iter().filter_map(AccountId::from_number).collect())
}

/// The object of a row that is an id.
pub(crate) fn number(object: &[u8]) -> Result<i64, Fault> {
    object
        .try_into()
        .map(i64::from_be_bytes)
        .map_err(|_| Fault::Damaged("the object of an errand is no id"))
}

pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Result<Waiting, Fault>> {
    let (seq, subject, object) = (row.get(0)?, row.get(2)?, row.get(3)?);
    let kind = Errand::from_number(row.get(1)?);
    Ok(kind.map(|kind| Waiting {
        seq,
        kind,
        subject,
        object,
        cursor: Slot(0),
    }))
}

pub(crate) fn waiting(view: &View<'_>, seq: u64) -> Result<Option<Waiting>, Fault> {
    let sql = "SELECT seq, kind, subject, object FROM outbox WHERE seq = ?1";
    view.first(sql, [seq], from_row)?.transpose()
}
