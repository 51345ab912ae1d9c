//! What was said, searched and taken out: this computer alone knows it, so nobody else is asked.

use crate::failure::Failure;
use crate::message::Messenger;
use crate::message::history::{COLUMNS, Message};
use serde::{Deserialize, Serialize};
use tertulia_types::ConversationId;

/// Words that are searched for at once.
const WORDS_MAX: usize = 16;
/// Messages that are read at once when all are taken out.
const PAGE: usize = 500;

/// Something that was said, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// With whom, if it is of two; none while the nick is not known.
    pub nick: Option<String>,
    /// In which room, if in one: `+garden`.
    pub room: Option<String>,
    /// It.
    #[serde(flatten)]
    pub message: Message,
}

impl Messenger<'_> {
    /// The newest things that were said with all of these words in them, oldest first.
    pub fn find(&self, words: &str, limit: usize) -> Result<Vec<Found>, Failure> {
        let words: Vec<String> = words.split_whitespace().take(WORDS_MAX).map(pattern).collect();
        let has_all: String = (0..words.len())
            .map(|at| format!(" AND message.text LIKE ?{} ESCAPE '!'", at + 1))
            .collect();
        let which = format!("message.event IS NULL{has_all} ORDER BY message.seq DESC LIMIT {limit}");
        let mut found = self.select(&which, rusqlite::params_from_iter(words))?;
        found.reverse();
        Ok(found.into_iter().map(|(_, found)| found).collect())
    }

    /// Hands out all that was said and all that happened, oldest first.
    pub fn export<E: From<Failure>>(
        &self,
        mut each: impl FnMut(&Found) -> Result<(), E>,
    ) -> Result<usize, E> {
        let (mut place, mut count) = (i64::MIN, 0);
        loop {
            let which = format!("message.seq > ?1 ORDER BY message.seq LIMIT {PAGE}");
            let page = self.select(&which, [place])?;
            let Some((last, _)) = page.last() else {
                return Ok(count);
            };
            place = *last;
            count += page.len();
            for (_, found) in &page {
                each(found)?;
            }
        }
    }

    fn select(&self, which: &str, params: impl rusqlite::Params) -> Result<Vec<(i64, Found)>, Failure> {
        let sql = format!(
            "SELECT {COLUMNS}, message.seq, message.conversation,
               (SELECT nick FROM conversation JOIN person ON person.account = conversation.other
                WHERE conversation.id = message.conversation)
             FROM message LEFT JOIN person ON person.account = message.sender WHERE {which}"
        );
        let rooms = self.rooms()?;
        self.vault.store.all(&sql, params, |row| {
            let id = ConversationId(row.get(11)?);
            let room = rooms.iter().find(|room| room.id == id);
            let found = Found {
                nick: row.get(12)?,
                room: room.map(|room| room.written.clone()),
                message: self.message_from(row)?,
            };
            Ok((row.get(10)?, found))
        })
    }
}

/// The pattern that finds a word anywhere in a text.
fn pattern(word: &str) -> String {
    let mut pattern = String::from("%");
    for letter in word.chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn what_has_a_meaning_in_patterns_is_searched_for_as_it_is() {
        assert_eq!(pattern("50%_!"), "%50!%!_!!%");
    }
}
