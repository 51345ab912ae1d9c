//! What has come since it was asked for last, whichever process has fetched it.

use crate::client::Client;
use crate::failure::Failure;
use crate::message::{Messenger, vault_name};
use tertulia_types::ConversationId;

/// How much of what has come is told at once.
const NEWS_MAX: usize = 20;

/// Something that somebody has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Who, by nick; none while it is not known.
    pub nick: Option<String>,
    /// In which room, if in one: `+garden`.
    pub room: Option<String>,
    /// What.
    pub text: String,
}

impl Messenger<'_> {
    /// The place of the newest message.
    pub fn newest(&self) -> Result<i64, Failure> {
        let sql = "SELECT coalesce(max(seq), 0) FROM message";
        Ok(self.vault.store.first(sql, [], |row| row.get(0))?.unwrap_or(0))
    }

    /// What others have said behind a place and the person has not read, oldest first, and the place up to which this goes.
    pub fn news_after(&self, place: i64) -> Result<(Vec<Said>, i64), Failure> {
        let sql = "SELECT message.seq, message.conversation, person.nick, message.text
                   FROM message LEFT JOIN person ON person.account = message.sender
                   JOIN conversation ON conversation.id = message.conversation AND conversation.asked_by IS NULL
                   WHERE message.seq > ?1 AND is_read = 0 AND event IS NULL ORDER BY message.seq LIMIT ?2";
        let rows = self.vault.store.all(sql, (place, NEWS_MAX), |row| {
            let id = ConversationId(row.get(1)?);
            Ok((row.get::<_, i64>(0)?, id, row.get(2)?, row.get(3)?))
        })?;
        let rooms = match rows.is_empty() {
            true => Vec::new(),
            false => self.rooms()?,
        };
        let last = rows.last().map_or(place, |(seq, ..)| *seq);
        let said = rows.into_iter().map(|(_, id, nick, text)| {
            let room = rooms.iter().find(|room| room.id == id);
            let room = room.map(|room| room.written.clone());
            Said { nick, room, text }
        });
        Ok((said.collect(), last))
    }
}

impl Client {
    /// Whether the person who is logged in has messages on this computer.
    pub(crate) fn has_messages(&self) -> Result<bool, Failure> {
        let account = self.known_account()?;
        Ok(account.is_some_and(|account| self.place.has_database(&vault_name(account))))
    }
}
