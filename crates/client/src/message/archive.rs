//! What a device knows that another one of the person may know too: people, conversations and what was said. Never the state of a
//! group: each device has its own.
//!
//! **Invariant:** taking it in twice adds nothing, and what is there already is not overwritten.

use crate::failure::Failure;
use crate::message::people;
use rusqlite::{Row, Transaction};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tertulia_types::entity::Base64;
use tertulia_types::{AccountId, ConversationId, MessageId};
use zeroize::{Zeroize, Zeroizing};

/// A secret on its way into a box or a file, or out of it: wiped with the value.
pub(crate) struct Wiped<T: Zeroize>(pub(crate) Zeroizing<T>);

impl<T: Zeroize + Serialize> Serialize for Wiped<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Zeroize + Deserialize<'de>> Deserialize<'de> for Wiped<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(|secret| Self(Zeroizing::new(secret)))
    }
}

/// Somebody, as they are known here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    account: AccountId,
    nick: Option<String>,
    name: Option<String>,
    identity: Option<Base64>,
    is_verified: u8,
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Chat {
    id: ConversationId,
    other: Option<AccountId>,
    name: Option<String>,
    /// The people of a room, and whether the person is in it no more.
    members: Vec<AccountId>,
    is_left: bool,
    /// Who asks for it, if the person has not agreed yet.
    #[serde(default)]
    asked_by: Option<AccountId>,
}

/// Something that was said, and how far it has come where it is the person's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    conversation: ConversationId,
    id: MessageId,
    sender: AccountId,
    sent_ms: i64,
    text: String,
    reply_to: Option<MessageId>,
    event: Option<String>,
    subject: Option<AccountId>,
    is_read: bool,
    progress: Vec<(AccountId, u8, Option<String>)>,
}

/// Some of what a device knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Page {
    pub(crate) people: Vec<Person>,
    pub(crate) chats: Vec<Chat>,
    /// What was said: the newest first, or the oldest first, as [`Order`] says.
    pub(crate) said: Vec<Said>,
}

/// Where what was said belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Before all that is known here; the newest comes first.
    Before,
    /// Behind it; the oldest comes first.
    Behind,
}

/// The people behind an account, so many of them; those with whom there is a conversation alone, if `if_met`.
pub(crate) fn people(
    tx: &Transaction<'_>,
    after: Option<AccountId>,
    most: usize,
    if_met: bool,
) -> Result<Vec<Person>, Failure> {
    let sql = "SELECT account, nick, name, identity, is_verified FROM person
               WHERE account > ?1 AND account NOT IN (SELECT account FROM own)
               AND (NOT ?3 OR account IN (SELECT other FROM conversation) OR account IN (SELECT account FROM member))
               ORDER BY account LIMIT ?2";
    let person = |row: &Row<'_>| {
        let identity: Option<Vec<u8>> = row.get(3)?;
        Ok(Person {
            account: account(row, 0)?,
            nick: row.get(1)?,
            name: row.get(2)?,
            identity: identity.map(Base64),
            is_verified: row.get(4)?,
        })
    };
    let after = after.map_or(0, AccountId::get);
    let mut statement = tx.prepare(sql)?;
    let people = statement.query_map((after, most, if_met), person)?;
    Ok(people.collect::<rusqlite::Result<_>>()?)
}

impl Person {
    pub(crate) fn account(&self) -> AccountId {
        self.account
    }
}

/// The conversations behind one, so many of them.
pub(crate) fn chats(
    tx: &Transaction<'_>,
    after: Option<ConversationId>,
    most: usize,
) -> Result<Vec<Chat>, Failure> {
    let sql =
        "SELECT id, other, name, is_left, asked_by FROM conversation WHERE id > ?1 ORDER BY id LIMIT ?2";
    let chat = |row: &Row<'_>| {
        let other: Option<i64> = row.get(1)?;
        Ok(Chat {
            id: ConversationId(row.get(0)?),
            other: other.and_then(AccountId::from_number),
            name: row.get(2)?,
            members: Vec::new(),
            is_left: row.get(3)?,
            asked_by: row.get::<_, Option<i64>>(4)?.and_then(AccountId::from_number),
        })
    };
    let after = after.map_or([0; 16], |after| after.0);
    let mut statement = tx.prepare(sql)?;
    let chats = statement.query_map((after, most), chat)?;
    let mut chats = chats.collect::<rusqlite::Result<Vec<Chat>>>()?;
    for chat in &mut chats {
        chat.members = people::members(tx, chat.id)?.into_iter().collect();
    }
    Ok(chats)
}

impl Chat {
    pub(crate) fn id(&self) -> ConversationId {
        self.id
    }
}

/// The place of the newest thing that was said.
pub(crate) fn newest(tx: &Transaction<'_>) -> Result<i64, Failure> {
    let sql = "SELECT coalesce(max(seq), 0) FROM message";
    Ok(tx.query_row(sql, [], |row| row.get(0))?)
}

/// What was said before a place (the newest first) or behind it (the oldest first): until there are so many bytes of text. With the
/// place of the last one; none if there is nothing more.
pub(crate) fn said(
    tx: &Transaction<'_>,
    order: Order,
    place: i64,
    bytes_max: usize,
) -> Result<(Vec<Said>, Option<i64>), Failure> {
    let columns = "seq, conversation, id, sender, sent_ms, text, reply_to, is_read, event, subject";
    let which = match order {
        Order::Before => "seq < ?1 ORDER BY seq DESC",
        Order::Behind => "seq > ?1 ORDER BY seq",
    };
    let mut statement = tx.prepare(&format!("SELECT {columns} FROM message WHERE {which}"))?;
    let mut rows = statement.query([place])?;
    let (mut said, mut last, mut bytes) = (Vec::new(), None, 0);
    while bytes < bytes_max
        && let Some(row) = rows.next()?
    {
        let one = one_said(row)?;
        bytes += one.text.len() + ROW_BYTES;
        last = Some(row.get(0)?);
        said.push(one);
    }
    let sql =
        "SELECT account, state, why FROM progress WHERE conversation = ?1 AND message = ?2 ORDER BY account";
    let mut statement = tx.prepare(sql)?;
    for one in &mut said {
        let progress = statement.query_map((one.conversation.0, one.id.0), |row| {
            Ok((account(row, 0)?, row.get(1)?, row.get(2)?))
        })?;
        one.progress = progress.collect::<rusqlite::Result<_>>()?;
    }
    Ok((said, last))
}

/// About what a message weighs in JSON beside its text.
const ROW_BYTES: usize = 300;

fn one_said(row: &Row<'_>) -> rusqlite::Result<Said> {
    let reply_to: Option<[u8; 16]> = row.get(6)?;
    Ok(Said {
        conversation: ConversationId(row.get(1)?),
        id: MessageId(row.get(2)?),
        sender: account(row, 3)?,
        sent_ms: row.get(4)?,
        text: row.get(5)?,
        reply_to: reply_to.map(MessageId),
        is_read: row.get(7)?,
        event: row.get(8)?,
        subject: row.get::<_, Option<i64>>(9)?.and_then(AccountId::from_number),
        progress: Vec::new(),
    })
}

fn account(row: &Row<'_>, column: usize) -> rusqlite::Result<AccountId> {
    let number = row.get(column)?;
    AccountId::from_number(number).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// Takes in what another device knew. Answers how many messages are new.
pub(crate) fn take(tx: &Transaction<'_>, page: &Page, order: Order) -> Result<usize, Failure> {
    for person in &page.people {
        take_person(tx, person)?;
    }
    for chat in &page.chats {
        take_chat(tx, chat)?;
    }
    let mut new = 0;
    for said in &page.said {
        new += usize::from(take_said(tx, said, order)?);
    }
    Ok(new)
}

/// Who is in a room is known here from its group, if that has let this device in already.
fn take_chat(tx: &Transaction<'_>, chat: &Chat) -> Result<(), Failure> {
    let Chat {
        id,
        other,
        name,
        members,
        is_left,
        asked_by,
    } = chat;
    let known = "SELECT 1 FROM conversation WHERE id = ?1";
    let is_known = tx.prepare_cached(known)?.exists([id.0])?;
    // What was agreed to on either device is agreed to.
    let sql = "INSERT INTO conversation (id, other, name, is_left, asked_by) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (id) DO UPDATE SET name = coalesce(conversation.name, excluded.name),
                 asked_by = CASE WHEN excluded.asked_by IS NULL THEN NULL ELSE conversation.asked_by END";
    let (other, asked_by) = (other.map(AccountId::get), asked_by.map(AccountId::get));
    tx.execute(sql, (id.0, other, name, is_left, asked_by))?;
    for member in members.iter().filter(|_| !is_known) {
        tx.execute(
            "INSERT OR IGNORE INTO member VALUES (?1, ?2)",
            (id.0, member.get()),
        )?;
    }
    Ok(())
}

/// An identity that was seen here stays, and what was said of it: what another device knows may be older.
fn take_person(tx: &Transaction<'_>, person: &Person) -> Result<(), Failure> {
    let identity = person.identity.as_ref().and_then(Base64::array::<32>);
    let sql = "INSERT INTO person (account, nick, name, identity, is_verified) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (account) DO UPDATE SET nick = coalesce(person.nick, excluded.nick),
                 name = coalesce(person.name, excluded.name), identity = coalesce(person.identity, excluded.identity),
                 is_verified = CASE WHEN coalesce(person.identity, excluded.identity) IS NOT excluded.identity THEN person.is_verified
                   WHEN 1 IN (person.is_verified, excluded.is_verified) THEN 1
                   ELSE max(person.is_verified, excluded.is_verified) END";
    let row = (
        person.account.get(),
        &person.nick,
        &person.name,
        identity,
        person.is_verified,
    );
    tx.execute(sql, row)?;
    Ok(())
}

/// What comes before all that is known here goes there even if it is here already: so the order is that of the other device, and what
/// it does not know stays behind.
fn take_said(tx: &Transaction<'_>, said: &Said, order: Order) -> Result<bool, Failure> {
    let first = "SELECT min(0, coalesce(min(seq), 0)) - 1 FROM message";
    let seq: Option<i64> = match order {
        Order::Before => Some(tx.query_row(first, [], |row| row.get(0))?),
        Order::Behind => None,
    };
    let (conversation, id, sender) = (said.conversation.0, said.id.0, said.sender.get());
    let known =
        "UPDATE message SET seq = coalesce(?1, seq) WHERE conversation = ?2 AND sender = ?3 AND id = ?4";
    let is_new = tx.execute(known, (seq, conversation, sender, id))? == 0;
    if is_new {
        let sql = "INSERT INTO message (seq, conversation, id, sender, sent_ms, text, reply_to, is_read, event, subject)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let reply_to = said.reply_to.map(|message| message.0);
        let row = (
            seq,
            conversation,
            id,
            sender,
            said.sent_ms,
            &said.text,
            reply_to,
            said.is_read,
            &said.event,
            said.subject.map(AccountId::get),
        );
        tx.execute(sql, row)?;
    }
    for (account, state, why) in &said.progress {
        let sql = "INSERT OR IGNORE INTO progress (conversation, message, account, state, why) VALUES (?1, ?2, ?3, ?4, ?5)";
        tx.execute(sql, (conversation, id, account.get(), state, why))?;
    }
    Ok(is_new)
}
