//! What was said, as the person reads it.

use crate::failure::Failure;
use crate::message::Messenger;
use crate::message::outgoing::State;
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use tertulia_types::entity::Timestamp;
use tertulia_types::{AccountId, ConversationId, MessageId};

/// How far one's own message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// It waits on this computer.
    Waiting,
    /// The recipient's home has it, on a majority's disks.
    AtHome,
    /// A device of the recipient has it.
    Delivered,
    /// The recipient has read it.
    Read,
    /// The recipient's home will not take it.
    Refused,
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its name.
    pub id: MessageId,
    /// Who said it, by nick; none while the nick is not known.
    pub sender: Option<String>,
    /// Whether it was oneself.
    pub is_own: bool,
    /// When, by the sender's clock.
    pub sent_at: Timestamp,
    /// What.
    pub text: String,
    /// Whether it had been read before.
    pub is_read: bool,
    /// How far it has come, if it is one's own.
    pub progress: Option<Progress>,
}

/// A conversation in the list of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chat {
    /// With whom; none while the nick is not known.
    pub nick: Option<String>,
    /// Their name.
    pub name: Option<String>,
    /// How many messages have not been read.
    pub unread: u32,
    /// The last thing that was said.
    pub last: Option<Message>,
}

/// The columns of a message, in the order in which `message_from` reads them.
const COLUMNS: &str = "message.id, message.sender, person.nick, message.sent_ms, message.text, message.is_read,
    (SELECT min(state) FROM progress WHERE progress.conversation = message.conversation AND progress.message = message.id)";

impl Messenger<'_> {
    /// The last messages with somebody, oldest first. They count as read from now on, and their senders will be told.
    pub fn read_with(&self, other: AccountId, limit: usize) -> Result<Vec<Message>, Failure> {
        let id = ConversationId::of_two(self.me, other);
        let sql = format!(
            "SELECT {COLUMNS} FROM message LEFT JOIN person ON person.account = message.sender
             WHERE conversation = ?1 ORDER BY seq DESC LIMIT ?2"
        );
        let mut messages = self
            .vault
            .store
            .all(&sql, (id.0, limit), |row| self.message_from(row))?;
        messages.reverse();
        self.vault.store.change(|tx| {
            let sql = "INSERT OR IGNORE INTO receipt (conversation, message, is_read)
                       SELECT conversation, id, 1 FROM message WHERE conversation = ?1 AND is_read = 0";
            tx.execute(sql, [id.0])?;
            tx.execute(
                "UPDATE message SET is_read = 1 WHERE conversation = ?1 AND is_read = 0",
                [id.0],
            )?;
            Ok(())
        })?;
        Ok(messages)
    }

    /// All conversations, the one with the newest message first.
    pub fn chats(&self) -> Result<Vec<Chat>, Failure> {
        let sql = "SELECT conversation.id, person.nick, person.name,
                     (SELECT count(*) FROM message WHERE conversation = conversation.id AND is_read = 0)
                   FROM conversation LEFT JOIN person ON person.account = conversation.other
                   ORDER BY (SELECT max(seq) FROM message WHERE conversation = conversation.id) DESC";
        let chats = self.vault.store.all(sql, [], |row| {
            let id: [u8; 16] = row.get(0)?;
            Ok((
                id,
                Chat {
                    nick: row.get(1)?,
                    name: row.get(2)?,
                    unread: row.get(3)?,
                    last: None,
                },
            ))
        })?;
        let sql = format!(
            "SELECT {COLUMNS} FROM message LEFT JOIN person ON person.account = message.sender
             WHERE conversation = ?1 ORDER BY seq DESC LIMIT 1"
        );
        let with_last = |(id, chat): ([u8; 16], Chat)| {
            let last = self.vault.store.first(&sql, [id], |row| self.message_from(row))?;
            Ok(Chat { last, ..chat })
        };
        chats.into_iter().map(with_last).collect()
    }

    /// How far a message of one's own has come.
    pub(crate) fn progress(&self, id: ConversationId, message: MessageId) -> Result<Progress, Failure> {
        let sql = "SELECT min(state) FROM progress WHERE conversation = ?1 AND message = ?2";
        let state = self
            .vault
            .store
            .first(sql, (id.0, message.0), |row| row.get::<_, Option<u8>>(0))?;
        Ok(progress(state.flatten().unwrap_or(0)))
    }

    fn message_from(&self, row: &Row<'_>) -> rusqlite::Result<Message> {
        let is_own = row.get::<_, i64>(1)? == self.me.get();
        let own_nick = || self.client.nick().filter(|_| is_own);
        Ok(Message {
            id: MessageId(row.get(0)?),
            sender: row.get::<_, Option<String>>(2)?.or_else(own_nick),
            is_own,
            sent_at: Timestamp::from_unix_ms(row.get(3)?),
            text: row.get(4)?,
            is_read: row.get(5)?,
            progress: row.get::<_, Option<u8>>(6)?.map(progress),
        })
    }
}

fn progress(state: u8) -> Progress {
    match state {
        state if state == State::AtHome as u8 => Progress::AtHome,
        state if state == State::Delivered as u8 => Progress::Delivered,
        state if state == State::Read as u8 => Progress::Read,
        state if state == State::Refused as u8 => Progress::Refused,
        _ => Progress::Waiting,
    }
}
