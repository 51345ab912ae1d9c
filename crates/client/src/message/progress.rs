//! How far each of the person's own messages has come, at each of those for whom it is.

use crate::failure::Failure;
use rusqlite::Transaction;
use tertulia_types::{AccountId, ConversationId, MessageId};

/// How far a message has come at somebody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum State {
    Waiting = 0,
    AtHome = 1,
    Delivered = 2,
    Read = 3,
    Refused = 9,
}

/// Of whom it will be told how far a message has come.
pub(crate) fn expect(
    tx: &Transaction<'_>,
    me: AccountId,
    id: ConversationId,
    message: MessageId,
    people: impl IntoIterator<Item = AccountId>,
) -> Result<(), Failure> {
    let sql =
        "INSERT OR IGNORE INTO progress (conversation, message, account, state) VALUES (?1, ?2, ?3, ?4)";
    for account in people.into_iter().filter(|account| *account != me) {
        tx.execute(sql, (id.0, message.0, account.get(), State::Waiting as u8))?;
    }
    Ok(())
}

/// A message has come further at somebody's; it never goes back.
pub(crate) fn advance(
    tx: &Transaction<'_>,
    (id, message, account): (ConversationId, MessageId, i64),
    state: State,
    why: Option<&str>,
) -> Result<(), Failure> {
    let sql = "UPDATE progress SET state = ?4, why = ?5
               WHERE conversation = ?1 AND message = ?2 AND account = ?3 AND state < ?4";
    tx.execute(sql, (id.0, message.0, account, state as u8, why))?;
    Ok(())
}
