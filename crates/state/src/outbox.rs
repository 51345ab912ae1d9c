//! The outbox: what must still be done at other homes.
//!
//! An effect on someone else starts as a row here, in the transaction of its cause. The courier on the group's leader
//! reads [`Pending`], carries each [`Parcel`] to its destination as an ordinary verb, and settles what came of it with
//! [`Settle`]. Two couriers at once are normal (rule O4): everything carried is an idempotent upsert, versioned by its
//! source.
//!
//! **Invariants**
//! - There is one row per cause (kind, subject, object). What is sent is the state at the time of sending (rule O3). A
//!   change that meets a waiting row replaces it by one with a new number, so that a courier which is under way with the
//!   old one can neither settle the new one nor go on walking from the middle: it begins anew.
//! - Numbers grow and are never used again.
//! - A fan-out is one row; its cursor over slots is kept by the courier. A hop's answer says where to go on (rule O2); a
//!   lost cursor only repeats hops.
//! - Each kind says what a refusal means (rule O1): see its noun's `refused`.

use crate::database::{Tx, View};
use crate::error::{Error, Fault, Outcome, decode};
use crate::event::Event;
use crate::verb::{AnyCommand, Command, Query, Verb};
use crate::{block, card, closing, dweet, favourite, follow, redweet, tag, thread};
use rusqlite::Row;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tertulia_types::{AccountId, Position, Rejected, Slot};

/// Rows that one call of [`Pending`] returns at most.
pub const PAGE_MAX: u32 = 1024;

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
}

impl Errand {
    fn from_number(number: i64) -> Result<Self, Fault> {
        const ALL: [Errand; 12] = [
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

/// One thing to carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// The row.
    pub seq: u64,
    /// An encoded [`AnyCommand`], or `None` when nothing is left to do: settle it as done.
    pub command: Option<Vec<u8>>,
    /// Whether the reply is a [`Walked`] after which [`Resume`] tells the next hop.
    pub walk: bool,
}

/// Asks for rows behind `after_seq`, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The end of the group's range.
    pub at: Position,
    /// 0 for the beginning.
    pub after_seq: u64,
    /// At most [`PAGE_MAX`].
    pub limit: u32,
}

impl Verb for Pending {
    type Reply = Vec<Parcel>;

    fn home(&self) -> Position {
        self.at
    }
}

impl Query for Pending {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<Parcel>> {
        let sql = "SELECT seq, kind, subject, object FROM outbox WHERE seq > ?1 ORDER BY seq LIMIT ?2";
        let rows = view.all(sql, (self.after_seq, self.limit.min(PAGE_MAX)), from_row)?;
        rows.into_iter().map(|row| parcel(view, &row?)).collect()
    }
}

/// Asks for the given rows again: for each its seq and, for a walk that goes on, the slot to go on from. Rows that were
/// settled or replaced are left out of the answer; a replacement is found by [`Pending`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The end of the group's range.
    pub at: Position,
    /// At most [`PAGE_MAX`] are looked at.
    pub rows: Vec<(u64, Option<Slot>)>,
}

impl Verb for Resume {
    type Reply = Vec<Parcel>;

    fn home(&self) -> Position {
        self.at
    }
}

impl Query for Resume {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<Parcel>> {
        let mut parcels = Vec::new();
        for (seq, from) in self.rows.iter().take(PAGE_MAX as usize) {
            if let Some(mut row) = waiting(view, *seq)? {
                row.cursor = from.unwrap_or(Slot(0));
                parcels.push(parcel(view, &row)?);
            }
        }
        Ok(parcels)
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
    /// At most [`PAGE_MAX`].
    pub parcels: Vec<Settled>,
}

impl Verb for Settle {
    type Reply = ();

    fn home(&self) -> Position {
        self.at
    }
}

impl Command for Settle {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        for settled in &self.parcels {
            // A row that is gone was settled by another courier (rule O4), or replaced by a later change.
            let sql = "DELETE FROM outbox WHERE seq = ?1 RETURNING seq, kind, subject, object";
            if let Some(row) = tx.first(sql, [settled.seq], from_row)? {
                consequence(tx, &row?, &settled.result)?;
            }
        }
        Ok(())
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

fn from_row(row: &Row<'_>) -> rusqlite::Result<Result<Waiting, Fault>> {
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

fn waiting(view: &View<'_>, seq: u64) -> Result<Option<Waiting>, Fault> {
    let sql = "SELECT seq, kind, subject, object FROM outbox WHERE seq = ?1";
    view.first(sql, [seq], from_row)?.transpose()
}

/// What is to be carried for a row, from the state as it is now (rule O3).
fn parcel(view: &View<'_>, row: &Waiting) -> Outcome<Parcel> {
    let command: Option<AnyCommand> = match row.kind {
        Errand::Deliver => dweet::deliver_parcel(view, row)?,
        Errand::Card => card::parcel(view, row)?,
        Errand::Follower => follow::parcel(view, row)?,
        Errand::Favourite => favourite::parcel(view, row)?,
        Errand::Redweet => redweet::parcel(view, row)?,
        Errand::Original => redweet::original_parcel(view, row)?,
        Errand::Reply => thread::reply_parcel(view, row)?,
        Errand::Thread => thread::parcel(view, row)?,
        Errand::Mention => dweet::mention_parcel(view, row)?,
        Errand::Tag => tag::parcel(view, row)?,
        Errand::Block => block::parcel(view, row)?,
        Errand::Closing => closing::parcel(view, row)?,
    };
    let walk = matches!(row.kind, Errand::Deliver | Errand::Card | Errand::Original);
    let command = command.map(|command| command.to_bytes()).transpose()?;
    Ok(Parcel {
        seq: row.seq,
        command,
        walk,
    })
}

/// What a reply or a refusal means for the source. Kinds without an arm of their own need nothing: the destination has
/// taken it, or has nothing (any more) that it could concern.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds need nothing, as said above"
)]
fn consequence(
    tx: &mut Tx<'_>,
    row: &Waiting,
    result: &Result<Option<Vec<u8>>, Rejected>,
) -> Result<(), Fault> {
    let done = match (row.kind, result) {
        (Errand::Follower, Ok(Some(reply))) => follow::settled(tx, row, &said(reply)),
        (Errand::Follower, Err(_)) => follow::refused(tx, row),
        (Errand::Redweet, Ok(Some(reply))) => redweet::settled(tx, row, &said(reply)),
        (Errand::Redweet, Err(_)) => redweet::refused(tx, row),
        _ => Ok(()),
    };
    match done {
        // A consequence works on rows of its own group: what is gone meanwhile needs nothing.
        Ok(()) | Err(Error::Rejected(_)) => Ok(()),
        Err(Error::Fault(fault)) => Err(fault),
    }
}

/// What another home has answered; one that cannot be read says nothing: it is not this copy that is sick.
fn said<T: DeserializeOwned>(reply: &[u8]) -> Option<T> {
    decode("reply to an errand", reply).unwrap_or_default()
}
