//! Strangers: who is neither a contact, nor followed, nor was written to, asks for a conversation by beginning it, or by letting the person
//! into a room. It stands apart from the others until the person agrees.
//!
//! **Invariants**
//! - Before that, nobody there learns that anything came, or was read.
//! - What is kept of one request is bounded; how much a stranger leaves at home, the home bounds.
//! - Who is refused is blocked: their home and the person's take nothing more.
//!
//! Whoever answers, or makes them a contact, agrees; so does who follows them by the time when the requests are listed. What a person has
//! agreed to on one device, the others learn by what is said from there.

use crate::failure::{Failure, Misuse};
use crate::message::Messenger;
use crate::message::history::{COLUMNS, Message};
use crate::message::people::{self, Event};
use crate::relation::Tie;
use rusqlite::Transaction;
use serde::{Deserialize, Serialize};
use tertulia_crypto::payload::Content;
use tertulia_types::{AccountId, ConversationId};

/// Texts of one request that are kept. Who has not been answered has no reason to say more; nobody is told that it came.
const TEXTS_MAX: u32 = 100;

/// A conversation that a stranger asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Who asks; none while the nick is not known.
    pub nick: Option<String>,
    /// Into which room they have let the person, if into one: `+garden`.
    pub room: Option<String>,
    /// How many texts have come.
    pub texts: u32,
    /// The last one.
    pub last: Option<Message>,
}

impl Messenger<'_> {
    /// What strangers ask for, the newest first; and whether no machine answered, so that it is what is known here.
    pub async fn requests(&self) -> Result<(Vec<Request>, bool), Failure> {
        let is_offline = self.is_offline_after_delivery().await?;
        if !is_offline {
            self.weigh_all().await?;
        }
        Ok((self.kept_requests()?, is_offline))
    }

    /// How many conversations strangers ask for.
    pub fn request_count(&self) -> Result<usize, Failure> {
        Ok(self.open_requests()?.len())
    }

    /// Agrees to a conversation with somebody, or to be in a room: senders are told from now on.
    pub async fn accept(&self, typed: &str) -> Result<(), Failure> {
        let (id, _) = self.requested(typed).await?;
        self.vault.store.change(|tx| people::agree(tx, id))?;
        self.deliver_if_reached().await
    }

    /// Refuses it: what was said is removed, a room is left, and who has asked is blocked.
    pub async fn refuse(&self, typed: &str) -> Result<(), Failure> {
        let (id, asker) = self.requested(typed).await?;
        self.client.tie_account(&asker.to_string(), Tie::Block).await?;
        if id.is_of_room() {
            self.say(id, Content::Left, |tx| {
                people::part(tx, self.me, id, (Event::Left, self.me, self.me))
            })?;
        }
        self.vault.store.change(|tx| forget(tx, id))?;
        self.deliver_if_reached().await
    }

    /// Who asks for a new conversation: nobody, if the person knows who has begun it.
    pub(crate) async fn weigh(
        &self,
        id: ConversationId,
        by: AccountId,
    ) -> Result<Option<AccountId>, Failure> {
        let is_known = self
            .vault
            .store
            .change(|tx| Ok(people::is_kept(tx, id)? || people::knows(tx, self.me, by)?))?;
        Ok(match is_known || self.is_followed(by).await? {
            true => None,
            false => Some(by),
        })
    }

    /// Whether the person follows somebody.
    pub(crate) async fn is_followed(&self, account: AccountId) -> Result<bool, Failure> {
        match self.client.relation(&account.to_string()).await {
            Ok(relation) => Ok(relation.following),
            // Nobody knows them any more.
            Err(Failure::Refused(_)) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Whom the person follows by now, or has blocked on another device, does not ask any more.
    async fn weigh_all(&self) -> Result<(), Failure> {
        for (id, asker) in self.open_requests()? {
            let relation = match self.client.relation(&asker.to_string()).await {
                Ok(relation) => relation,
                Err(failure) if failure.is_unreachable() => return Ok(()),
                Err(Failure::Refused(_)) => continue,
                Err(failure) => return Err(failure),
            };
            self.vault.store.change(|tx| {
                match (relation.following, relation.blocking) {
                    (true, _) => people::agree(tx, id),
                    // A room was left there.
                    (false, true) => forget(tx, id),
                    (false, false) => Ok(()),
                }
            })?;
        }
        Ok(())
    }

    /// The conversations that strangers ask for: with texts, or a room that the person is in.
    fn open_requests(&self) -> Result<Vec<(ConversationId, AccountId)>, Failure> {
        let sql = "SELECT id, asked_by FROM conversation WHERE asked_by IS NOT NULL AND is_left = 0
                   AND (other IS NULL OR EXISTS (SELECT 1 FROM message WHERE message.conversation = conversation.id))
                   ORDER BY (SELECT max(seq) FROM message WHERE message.conversation = conversation.id) DESC";
        let rows = self
            .vault
            .store
            .all(sql, [], |row| Ok((ConversationId(row.get(0)?), row.get(1)?)))?;
        let open = rows
            .into_iter()
            .filter_map(|(id, asker)| Some((id, AccountId::from_number(asker)?)));
        Ok(open.collect())
    }

    fn kept_requests(&self) -> Result<Vec<Request>, Failure> {
        let rooms = self.rooms()?;
        let last = format!(
            "SELECT {COLUMNS} FROM message LEFT JOIN person ON person.account = message.sender
             WHERE conversation = ?1 AND event IS NULL ORDER BY seq DESC LIMIT 1"
        );
        let request = |(id, asker): (ConversationId, AccountId)| {
            let sql = "SELECT nick FROM person WHERE account = ?1";
            let nick = self.vault.store.first(sql, [asker.get()], |row| row.get(0))?;
            let room = rooms.iter().find(|room| room.id == id);
            let sql = "SELECT count(*) FROM message WHERE conversation = ?1 AND event IS NULL";
            let texts = self.vault.store.first(sql, [id.0], |row| row.get(0))?;
            Ok(Request {
                nick: nick.flatten(),
                room: room.map(|room| room.written.clone()),
                texts: texts.unwrap_or(0),
                last: self
                    .vault
                    .store
                    .first(&last, [id.0], |row| self.message_from(row))?,
            })
        };
        self.open_requests()?.into_iter().map(request).collect()
    }

    /// The request that somebody means: by who asks, or by the room.
    async fn requested(&self, typed: &str) -> Result<(ConversationId, AccountId), Failure> {
        let id = self.conversation_of(typed).await?;
        let asker = self.vault.store.change(|tx| people::asker(tx, id))?;
        let asker = asker.ok_or_else(|| Misuse::NoRequest(typed.trim().to_owned()))?;
        Ok((id, asker))
    }
}

/// Whether no more texts of a request are kept.
pub(crate) fn is_full(tx: &Transaction<'_>, id: ConversationId) -> Result<bool, Failure> {
    if people::asker(tx, id)?.is_none() {
        return Ok(false);
    }
    let sql = "SELECT count(*) FROM message WHERE conversation = ?1 AND event IS NULL";
    let texts: u32 = tx.query_row(sql, [id.0], |row| row.get(0))?;
    Ok(texts >= TEXTS_MAX)
}

/// Removes what was said in a conversation that the person does not want.
fn forget(tx: &Transaction<'_>, id: ConversationId) -> Result<(), Failure> {
    for table in ["message", "receipt", "early"] {
        let sql = format!("DELETE FROM {table} WHERE conversation = ?1");
        tx.execute(&sql, [id.0])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{TEXTS_MAX, is_full};
    use crate::message::people::{agree, remember};
    use crate::message::vault::Vault;
    use crate::place::Place;
    use tertulia_types::AccountId;

    #[test]
    fn what_is_kept_of_a_stranger_is_bounded_until_the_person_agrees() {
        let directory = tempfile::tempdir().expect("a directory");
        let place = Place::open(directory.path()).expect("a place");
        let account = |number| AccountId::from_number(number).expect("an id");
        let (me, other) = (account(1), account(2));
        let vault = Vault::open(&place, me).expect("opens");
        let looked = vault.store.change(|tx| {
            let id = remember(tx, me, other, Some(other))?;
            for number in 0..TEXTS_MAX {
                assert!(!is_full(tx, id)?, "{number}");
                let sql = "INSERT INTO message (conversation, id, sender, sent_ms, text) VALUES (?1, ?2, ?3, 0, 'more')";
                tx.execute(sql, (id.0, number.to_be_bytes(), other.get()))?;
            }
            assert!(is_full(tx, id)?);
            agree(tx, id)?;
            assert!(!is_full(tx, id)?);
            Ok(())
        });
        looked.expect("looked");
    }
}
