//! What is to be said and has not been sealed yet, in the order in which it was said.

use crate::failure::{Failure, Fault};
use crate::time::now_ms;
use rand::Rng;
use rusqlite::{Row, Transaction};
use tertulia_crypto::payload::{Content, Payload};
use tertulia_types::{ConversationId, MessageId};

/// A message that says this, under a name of its own.
pub(crate) fn payload(content: Content) -> Payload {
    Payload {
        id: MessageId(random()),
        sent_ms: now_ms(),
        heads: Vec::new(),
        content,
    }
}

/// Something that waits.
pub(crate) struct Draft {
    /// Its place in the order.
    pub(crate) seq: i64,
    /// Whom alone it concerns; none: all of the conversation.
    pub(crate) whom: Option<i64>,
    /// What it says.
    pub(crate) payload: String,
}

/// Keeps what all of a conversation are to hear.
pub(crate) fn keep(tx: &Transaction<'_>, id: ConversationId, payload: &Payload) -> Result<(), Failure> {
    keep_for(tx, id, None, payload)
}

/// Keeps what concerns one of a conversation, or all.
pub(crate) fn keep_for(
    tx: &Transaction<'_>,
    id: ConversationId,
    whom: Option<i64>,
    payload: &Payload,
) -> Result<(), Failure> {
    let json = serde_json::to_string(payload).map_err(Fault::Row)?;
    let sql = "INSERT INTO draft (conversation, whom, payload) VALUES (?1, ?2, ?3)";
    tx.execute(sql, (id.0, whom, json))?;
    Ok(())
}

/// Takes what waits for a conversation.
pub(crate) fn take(tx: &Transaction<'_>, id: ConversationId) -> Result<Vec<Draft>, Failure> {
    let sql = "DELETE FROM draft WHERE conversation = ?1 RETURNING seq, whom, payload";
    let read = |row: &Row<'_>| {
        Ok(Draft {
            seq: row.get(0)?,
            whom: row.get(1)?,
            payload: row.get(2)?,
        })
    };
    let mut drafts = tx
        .prepare(sql)?
        .query_map([id.0], read)?
        .collect::<rusqlite::Result<Vec<Draft>>>()?;
    drafts.sort_unstable_by_key(|draft| draft.seq);
    Ok(drafts)
}

/// A name that nothing else has.
pub(crate) fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}
