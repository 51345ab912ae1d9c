//! What was said, as the person reads it.

use crate::failure::Failure;
use crate::message::Messenger;
use crate::message::people::Event;
use crate::message::progress::State;
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use tertulia_types::entity::Timestamp;
use tertulia_types::{ConversationId, MessageId};

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
    /// The recipient's home has let it go: no device came for it in 30 days.
    Expired,
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
    /// What; of an event, the name that it gives.
    pub text: String,
    /// What happened in a room, if nothing was said.
    pub event: Option<Event>,
    /// To whom it happened, by nick.
    pub subject: Option<String>,
    /// Whether it happened to oneself.
    pub is_subject: bool,
    /// Whether it had been read before.
    pub is_read: bool,
    /// How far it has come, if it is one's own.
    pub progress: Option<Progress>,
}

/// A conversation in the list of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chat {
    /// With whom, if it is of two; none while the nick is not known.
    pub nick: Option<String>,
    /// How the room is written, if it is one: `+garden`.
    pub room: Option<String>,
    /// Their name, or the room's.
    pub name: Option<String>,
    /// Whether this person is in the room no more.
    pub is_left: bool,
    /// How many messages have not been read.
    pub unread: u32,
    /// The last thing that was said.
    pub last: Option<Message>,
}

/// The columns of a message, in the order in which `message_from` reads them.
pub(crate) const COLUMNS: &str =
    "message.id, message.sender, person.nick, message.sent_ms, message.text, message.is_read,
    (SELECT min(CASE why WHEN 'expired' THEN -1 ELSE state END) FROM progress
     WHERE progress.conversation = message.conversation AND progress.message = message.id),
    message.event, message.subject, (SELECT nick FROM person WHERE account = message.subject)";

impl Messenger<'_> {
    /// The last messages of a conversation, oldest first. They count as read from now on, and their senders will be told.
    pub(crate) fn read_in(&self, id: ConversationId, limit: usize) -> Result<Vec<Message>, Failure> {
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

    /// All conversations, the one with the newest message first; none that a stranger asks for.
    pub fn chats(&self) -> Result<Vec<Chat>, Failure> {
        let sql = "SELECT conversation.id, person.nick,
                     coalesce((SELECT contact.name FROM contact WHERE contact.account = conversation.other), person.name),
                     (SELECT count(*) FROM message WHERE conversation = conversation.id AND is_read = 0),
                     conversation.name, conversation.is_left
                   FROM conversation LEFT JOIN person ON person.account = conversation.other
                   WHERE conversation.asked_by IS NULL ORDER BY (SELECT max(seq) FROM message WHERE conversation = conversation.id) DESC";
        let chats = self.vault.store.all(sql, [], |row| {
            let id = ConversationId(row.get(0)?);
            let name: Option<String> = match id.is_of_room() {
                true => row.get(4)?,
                false => row.get(2)?,
            };
            let chat = Chat {
                nick: row.get(1)?,
                room: None,
                name,
                is_left: row.get(5)?,
                unread: row.get(3)?,
                last: None,
            };
            Ok((id, chat))
        })?;
        let rooms = self.rooms()?;
        let sql = format!(
            "SELECT {COLUMNS} FROM message LEFT JOIN person ON person.account = message.sender
             WHERE conversation = ?1 ORDER BY seq DESC LIMIT 1"
        );
        let with_last = |(id, chat): (ConversationId, Chat)| {
            let last = self
                .vault
                .store
                .first(&sql, [id.0], |row| self.message_from(row))?;
            let room = rooms.iter().find(|room| room.id == id);
            let room = room.map(|room| room.written.clone());
            Ok(Chat { room, last, ..chat })
        };
        chats.into_iter().map(with_last).collect()
    }

    /// How far a message of one's own has come.
    pub(crate) fn progress(&self, id: ConversationId, message: MessageId) -> Result<Progress, Failure> {
        let sql = "SELECT min(CASE why WHEN 'expired' THEN -1 ELSE state END) FROM progress WHERE conversation = ?1 AND message = ?2";
        let state = self
            .vault
            .store
            .first(sql, (id.0, message.0), |row| row.get::<_, Option<i64>>(0))?;
        Ok(progress(state.flatten().unwrap_or(0)))
    }

    pub(crate) fn message_from(&self, row: &Row<'_>) -> rusqlite::Result<Message> {
        let is_own = row.get::<_, i64>(1)? == self.me.get();
        let own_nick = || self.client.nick().filter(|_| is_own);
        let event: Option<String> = row.get(7)?;
        Ok(Message {
            id: MessageId(row.get(0)?),
            sender: row.get::<_, Option<String>>(2)?.or_else(own_nick),
            is_own,
            sent_at: Timestamp::from_unix_ms(row.get(3)?),
            text: row.get(4)?,
            event: event.as_deref().and_then(Event::named),
            subject: row.get(9)?,
            is_subject: row.get::<_, Option<i64>>(8)? == Some(self.me.get()),
            is_read: row.get(5)?,
            progress: row.get::<_, Option<i64>>(6)?.map(progress),
        })
    }
}

/// What the columns say: the least of what is known of all recipients, and less than anything that it has expired for one.
fn progress(state: i64) -> Progress {
    let is = |known: State| state == i64::from(known as u8);
    match state {
        -1 => Progress::Expired,
        _ if is(State::AtHome) => Progress::AtHome,
        _ if is(State::Delivered) => Progress::Delivered,
        _ if is(State::Read) => Progress::Read,
        _ if is(State::Refused) => Progress::Refused,
        _ => Progress::Waiting,
    }
}
