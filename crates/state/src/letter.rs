//! Letters: the rows of what waits for a person's devices, and how much of it is from whom.
//!
//! **Invariant:** the sums are those of the rows: whoever adds or deletes a letter does it here.

use crate::error::Fault;
use crate::tx::{Tx, View};
use rusqlite::{Params, Row};
use serde::{Deserialize, Serialize};
use tertulia_types::message::LetterKind;
use tertulia_types::{AccountId, ConversationId, Epoch, MessageId, Slot};

/// Letters that one command deletes at most; the others go with the next one.
const DELETED_MAX: usize = 1_000;
/// In whose name all is summed up that waits for a person.
const EVERYBODY: i64 = 0;

/// A letter as it is handed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// What it is.
    pub kind: LetterKind,
    /// Its name.
    pub id: MessageId,
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Where the conversation's group was when it was written.
    pub epoch: Epoch,
    /// What only devices can read.
    pub body: Vec<u8>,
}

/// A letter that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Its number in this mailbox.
    pub number: u64,
    /// Who handed it in; who wrote it is inside.
    pub sender: AccountId,
    /// When it came.
    pub stamp_ms: u64,
    /// The letter.
    pub letter: Letter,
}

/// How much waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) letters: u64,
    pub(crate) bytes: u64,
}

/// How much waits for somebody, from one sender or in all.
pub(crate) fn sum(view: &View<'_>, of: AccountId, from: Option<AccountId>) -> Result<Sum, Fault> {
    let sql = "SELECT letters, bytes FROM letter_sum WHERE slot = ?1 AND account_id = ?2 AND sender_id = ?3";
    let from = from.map_or(EVERYBODY, AccountId::get);
    let found = view.first(sql, (of.slot().0, of.get(), from), |row| {
        Ok(Sum {
            letters: row.get(0)?,
            bytes: row.get(1)?,
        })
    })?;
    Ok(found.unwrap_or_default())
}

/// Adds a letter.
pub(crate) fn add(tx: &mut Tx<'_>, to: AccountId, waiting: &Waiting) -> Result<(), Fault> {
    let Waiting {
        number,
        sender,
        stamp_ms,
        letter,
    } = waiting;
    let sql = "INSERT INTO letter (slot, account_id, number, kind, sender_id, id, conversation, generation, epoch, body, stamp_ms)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let (
        slot,
        kind,
        Epoch {
            generation,
            number: epoch,
        },
    ) = (to.slot().0, kind_number(letter.kind), letter.epoch);
    let (id, conversation, body) = (letter.id.0, letter.conversation.0, &letter.body);
    tx.write(
        sql,
        (
            slot,
            to.get(),
            number,
            kind,
            sender.get(),
            id,
            conversation,
            generation,
            epoch,
            body,
            stamp_ms,
        ),
    )?;
    let size = i64::try_from(body.len()).unwrap_or(i64::MAX);
    count(tx, (slot, to.get()), sender.get(), (1, size))
}

/// Deletes what all devices of somebody have fetched.
pub(crate) fn delete_fetched(tx: &mut Tx<'_>, of: AccountId) -> Result<(), Fault> {
    let sql = "DELETE FROM letter WHERE slot = ?1 AND account_id = ?2 AND number IN (
                 SELECT number FROM letter WHERE slot = ?1 AND account_id = ?2
                 AND number <= (SELECT min(acknowledged) FROM device WHERE slot = ?1 AND account_id = ?2)
                 ORDER BY number LIMIT ?3)
               RETURNING slot, account_id, sender_id, length(body)";
    delete(tx, sql, (of.slot().0, of.get(), DELETED_MAX))
}

/// Deletes what has waited since before a moment, for whomever; what no device has acknowledged is remembered as expired.
pub(crate) fn delete_old(tx: &mut Tx<'_>, (first, last): (Slot, Slot), before_ms: u64) -> Result<(), Fault> {
    let expired = "UPDATE letter_known SET is_expired = 1 FROM letter
                   WHERE letter.slot BETWEEN ?1 AND ?2 AND letter.stamp_ms < ?3 AND letter.number > coalesce(
                     (SELECT max(acknowledged) FROM device WHERE slot = letter.slot AND account_id = letter.account_id), 0)
                   AND letter_known.slot = letter.slot AND letter_known.account_id = letter.account_id
                   AND letter_known.kind = letter.kind AND letter_known.sender_id = letter.sender_id
                   AND letter_known.id = letter.id";
    tx.write(expired, (first.0, last.0, before_ms))?;
    let sql = "DELETE FROM letter WHERE slot BETWEEN ?1 AND ?2 AND stamp_ms < ?3
               RETURNING slot, account_id, sender_id, length(body)";
    delete(tx, sql, (first.0, last.0, before_ms))
}

fn delete(tx: &mut Tx<'_>, sql: &str, params: impl Params) -> Result<(), Fault> {
    let gone = tx.all(sql, params, |row| {
        let of = (row.get::<_, u16>(0)?, row.get::<_, i64>(1)?);
        Ok((of, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
    })?;
    for (of, sender, size) in gone {
        count(tx, of, sender, (-1, -size))?;
    }
    Ok(())
}

fn count(tx: &mut Tx<'_>, (slot, owner): (u16, i64), sender: i64, by: (i64, i64)) -> Result<(), Fault> {
    let sql =
        "INSERT INTO letter_sum (slot, account_id, sender_id, letters, bytes) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (slot, account_id, sender_id) DO UPDATE
               SET letters = letters + excluded.letters, bytes = bytes + excluded.bytes RETURNING letters";
    for sender in [sender, EVERYBODY] {
        let left = tx.first(sql, (slot, owner, sender, by.0, by.1), |row| row.get::<_, i64>(0))?;
        if left == Some(0) {
            let empty = "DELETE FROM letter_sum WHERE slot = ?1 AND account_id = ?2 AND sender_id = ?3";
            tx.write(empty, (slot, owner, sender))?;
        }
    }
    Ok(())
}

/// Reads number, sender, stamp, kind, id, conversation, generation, epoch and body.
pub(crate) fn waiting_from(row: &Row<'_>) -> rusqlite::Result<Waiting> {
    Ok(Waiting {
        number: row.get(0)?,
        sender: AccountId::from_number(row.get(1)?).unwrap_or(AccountId::MIN),
        stamp_ms: row.get(2)?,
        letter: Letter {
            kind: kind_from(row.get(3)?),
            id: MessageId(row.get(4)?),
            conversation: ConversationId(row.get(5)?),
            epoch: Epoch {
                generation: row.get(6)?,
                number: row.get(7)?,
            },
            body: row.get(8)?,
        },
    })
}

/// How a kind is stored.
pub(crate) fn kind_number(kind: LetterKind) -> i64 {
    match kind {
        LetterKind::Message => 0,
        LetterKind::Commit => 1,
        LetterKind::Welcome => 2,
    }
}

fn kind_from(number: i64) -> LetterKind {
    match number {
        1 => LetterKind::Commit,
        2 => LetterKind::Welcome,
        _ => LetterKind::Message,
    }
}
