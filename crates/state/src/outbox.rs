//! The outbox: what must still be done at other homes.
//!
//! An effect on someone else starts as a row here, an [errand](crate::errand), in the transaction of its cause. The courier on the group's leader
//! reads [`Pending`], carries each [`Parcel`] to its destination as an ordinary verb, and settles what came of it with
//! [`Settle`]. Two couriers at once are normal (rule O4): everything carried is an idempotent upsert, versioned by its
//! source.
//!
//! **Invariants**
//! - What is sent is the state at the time of sending (rule O3).
//! - A fan-out is one row; its cursor over slots is kept by the courier. A hop's answer says where to go on (rule O2); a
//!   lost cursor only repeats hops.
//! - Each kind says what a refusal means (rule O1): see its noun's `refused`.

use crate::errand::{Errand, PAGE_MAX, Waiting, from_row, waiting};
pub use crate::errand::{Hop, Parcel, Pending, Resume, Settle, Settled, Walked};
use crate::error::{Error, Fault, Outcome, decode};
use crate::language::AnyCommand;
use crate::tx::{Tx, View};
use crate::verb::{Command, Query};
use crate::{
    block, card, closing, community, conversation, dweet, entry, favourite, follow, hidden, invitation,
    measure, notification, redweet, report, tag, thread,
};
use serde::de::DeserializeOwned;
use tertulia_types::{Rejected, Slot};

impl Query for Pending {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<Parcel>> {
        let sql = "SELECT seq, kind, subject, object FROM outbox WHERE seq > ?1 ORDER BY seq LIMIT ?2";
        let rows = view.all(sql, (self.after_seq, self.limit.min(PAGE_MAX)), from_row)?;
        rows.into_iter().map(|row| parcel(view, &row?)).collect()
    }
}

impl Query for Resume {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<Parcel>> {
        let mut parcels = Vec::new();
        for hop in self.rows.iter().take(PAGE_MAX as usize) {
            let Some(mut row) = waiting(view, hop.seq)? else {
                continue;
            };
            row.cursor = hop.from;
            let has_passed_by = next_slot(view, &row)?.is_some_and(|slot| slot < hop.to);
            parcels.push(match hop.next {
                _ if has_passed_by => parcel(view, &row)?,
                Some(next) => {
                    row.cursor = next;
                    parcel(view, &row)?
                }
                None => Parcel {
                    seq: hop.seq,
                    command: None,
                    walk: None,
                },
            });
        }
        Ok(parcels)
    }
}

/// The first slot at or behind the cursor that a walk has to reach; `None` also for walks to all slots, which pass nobody by.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other kinds go to one place, or to all"
)]
fn next_slot(view: &View<'_>, row: &Waiting) -> Outcome<Option<Slot>> {
    match row.kind {
        Errand::Deliver => dweet::next_slot(view, row),
        Errand::Card => card::next_slot(view, row),
        Errand::Original => redweet::next_slot(view, row),
        _ => Ok(None),
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

/// What is to be carried for a row, from the state as it is now (rule O3).
fn parcel(view: &View<'_>, row: &Waiting) -> Outcome<Parcel> {
    let command: Option<AnyCommand> = match row.kind {
        Errand::Deliver => dweet::deliver_parcel(view, row)?.map(Into::into),
        Errand::Card => card::parcel(view, row)?.map(Into::into),
        Errand::Follower => follow::parcel(view, row)?.map(|next| match next {
            follow::Next::Set(set) => set.into(),
            follow::Next::Forget(forget) => forget.into(),
        }),
        Errand::Favourite => favourite::parcel(view, row)?.map(Into::into),
        Errand::Redweet => redweet::parcel(view, row)?.map(Into::into),
        Errand::Original => redweet::original_parcel(view, row)?.map(Into::into),
        Errand::Reply => thread::reply_parcel(view, row)?.map(Into::into),
        Errand::Thread => thread::parcel(view, row)?.map(Into::into),
        Errand::Mention => dweet::mention_parcel(view, row)?.map(Into::into),
        Errand::Tag => tag::parcel(view, row)?.map(Into::into),
        Errand::Block => block::parcel(view, row)?.map(Into::into),
        Errand::Closing => closing::parcel(row).map(Into::into),
        Errand::Forgetting => entry::parcel(view, row)?.map(Into::into),
        Errand::Dismissing => notification::parcel(row)?.map(Into::into),
        Errand::Letter => conversation::parcel(view, row)?.map(Into::into),
        Errand::Measure => measure::parcel(view, row)?.map(Into::into),
        Errand::Deed => measure::deed_parcel(view, row)?.map(Into::into),
        Errand::Hidden => hidden::parcel(view, row)?.map(Into::into),
        Errand::Settlement => Some(community::parcel(view, row)?.into()),
        Errand::Use => invitation::parcel(view, row)?.map(Into::into),
        Errand::Report => report::parcel(view, row)?.map(Into::into),
    };
    let is_walk = matches!(
        row.kind,
        Errand::Deliver | Errand::Card | Errand::Original | Errand::Hidden | Errand::Settlement
    ) || matches!(command, Some(AnyCommand::GoOnForgetting(_)));
    let command = command.map(|command| command.to_bytes()).transpose()?;
    Ok(Parcel {
        seq: row.seq,
        command,
        walk: is_walk.then_some(row.cursor),
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
        (Errand::Measure, outcome) => measure::settled(tx, row, outcome.clone().map(|_| ())),
        (Errand::Deed, Ok(_)) => measure::logged(tx, row),
        (Errand::Use, outcome) => invitation::settled(tx, row, outcome.clone().map(|_| ())),
        (Errand::Report, Ok(_)) => report::settled(tx, row),
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
