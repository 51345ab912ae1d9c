//! Who is in a conversation, as this device knows it.
//!
//! A conversation of two is of the two. A room's people are remembered here, and the group of devices and they follow each other:
//! whom a commit lets in is in, and who has devices but none in the group any more is out. Anybody in a room may let others in and put
//! others out; what was done, and by whom, stands among what was said.
//!
//! A change that this device wants is a *wish* until the group has made it: somebody who has no device yet can be let in later.
//!
//! **Invariant:** no home is asked who is in a conversation: it could name anybody.

use crate::failure::{Failure, Misuse};
use crate::message::{chains, draft};
use crate::time::now;
use rusqlite::{OptionalExtension, Row, Transaction};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tertulia_crypto::payload::Content;
use tertulia_types::{AccountId, ConversationId};

/// What happens in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It was made.
    Began,
    /// Somebody was let in.
    Added,
    /// Somebody was put out.
    Removed,
    /// Somebody left.
    Left,
    /// It got another name.
    Renamed,
}

impl Event {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Left => "left",
            Self::Renamed => "renamed",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Began, Self::Added, Self::Removed, Self::Left, Self::Renamed]
            .into_iter()
            .find(|event| event.name() == name)
    }
}

/// A conversation of two is kept from now on; a new one is asked for, if a stranger has begun it.
pub(crate) fn remember(
    tx: &Transaction<'_>,
    me: AccountId,
    other: AccountId,
    asked_by: Option<AccountId>,
) -> Result<ConversationId, Failure> {
    if me == other {
        return Err(Misuse::ToOneself.into());
    }
    let id = ConversationId::of_two(me, other);
    meet(tx, other)?;
    tx.execute(
        "INSERT OR IGNORE INTO conversation (id, other, asked_by) VALUES (?1, ?2, ?3)",
        (id.0, other.get(), asked_by.map(AccountId::get)),
    )?;
    Ok(id)
}

/// Whether a conversation is kept here.
pub(crate) fn is_kept(tx: &Transaction<'_>, id: ConversationId) -> Result<bool, Failure> {
    let sql = "SELECT 1 FROM conversation WHERE id = ?1";
    Ok(tx.prepare_cached(sql)?.exists([id.0])?)
}

/// Whether the person knows somebody, as far as that stands here: they are a contact, or the person has written to them.
pub(crate) fn knows(tx: &Transaction<'_>, me: AccountId, other: AccountId) -> Result<bool, Failure> {
    let sql = "SELECT EXISTS (SELECT 1 FROM contact WHERE account = ?1 AND NOT is_removed)
               OR EXISTS (SELECT 1 FROM message WHERE conversation = ?2 AND sender = ?3 AND event IS NULL)";
    let id = ConversationId::of_two(me, other);
    Ok(tx.query_row(sql, (other.get(), id.0, me.get()), |row| row.get(0))?)
}

/// Who asks for a conversation, if somebody does and the person has not agreed yet.
pub(crate) fn asker(tx: &Transaction<'_>, id: ConversationId) -> Result<Option<AccountId>, Failure> {
    let asked_by = accounts(
        tx,
        "SELECT asked_by FROM conversation WHERE id = ?1 AND asked_by IS NOT NULL",
        id,
    )?;
    Ok(asked_by.into_iter().next())
}

/// The person agrees to a conversation.
pub(crate) fn agree(tx: &Transaction<'_>, id: ConversationId) -> Result<(), Failure> {
    let sql = "UPDATE conversation SET asked_by = NULL WHERE id = ?1 AND asked_by IS NOT NULL";
    tx.execute(sql, [id.0])?;
    Ok(())
}

/// The person agrees to all that somebody asks for.
pub(crate) fn agree_to_all_of(tx: &Transaction<'_>, account: AccountId) -> Result<(), Failure> {
    let sql = "UPDATE conversation SET asked_by = NULL WHERE asked_by = ?1";
    tx.execute(sql, [account.get()])?;
    Ok(())
}

/// A room that this person is in from now on, with those whom they found there; asked by whom, if a stranger has let them in.
pub(crate) fn remember_room(
    tx: &Transaction<'_>,
    id: ConversationId,
    name: Option<&str>,
    people: &BTreeSet<AccountId>,
    asked_by: Option<AccountId>,
) -> Result<(), Failure> {
    let sql = "INSERT INTO conversation (id, name, asked_by) VALUES (?1, ?2, ?3)
               ON CONFLICT (id) DO UPDATE SET is_left = 0, asked_by = excluded.asked_by";
    tx.execute(sql, (id.0, name, asked_by.map(AccountId::get)))?;
    tx.execute("DELETE FROM member WHERE conversation = ?1", [id.0])?;
    tx.execute("DELETE FROM wish WHERE conversation = ?1", [id.0])?;
    for account in people {
        meet(tx, *account)?;
        tx.execute("INSERT INTO member VALUES (?1, ?2)", (id.0, account.get()))?;
    }
    Ok(())
}

/// Of whom only the account is known: their nick is asked for with the next delivery.
fn meet(tx: &Transaction<'_>, account: AccountId) -> Result<(), Failure> {
    tx.execute(
        "INSERT OR IGNORE INTO person (account) VALUES (?1)",
        [account.get()],
    )?;
    Ok(())
}

/// Whether the person is in a room.
pub(crate) fn is_in(tx: &Transaction<'_>, id: ConversationId) -> Result<bool, Failure> {
    let sql = "SELECT is_left FROM conversation WHERE id = ?1";
    let is_left: Option<bool> = tx.query_row(sql, [id.0], |row| row.get(0)).optional()?;
    Ok(is_left == Some(false))
}

/// The people of a room.
pub(crate) fn members(tx: &Transaction<'_>, id: ConversationId) -> Result<BTreeSet<AccountId>, Failure> {
    accounts(tx, "SELECT account FROM member WHERE conversation = ?1", id)
}

fn accounts(tx: &Transaction<'_>, sql: &str, id: ConversationId) -> Result<BTreeSet<AccountId>, Failure> {
    let account = |row: &Row<'_>| row.get::<_, i64>(0);
    let found = tx
        .prepare_cached(sql)?
        .query_map([id.0], account)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(found.into_iter().filter_map(AccountId::from_number).collect())
}

/// Whose devices the group of a conversation ought to have.
pub(crate) fn wanted(
    tx: &Transaction<'_>,
    me: AccountId,
    id: ConversationId,
) -> Result<BTreeSet<AccountId>, Failure> {
    if !id.is_of_room() {
        let other = accounts(
            tx,
            "SELECT other FROM conversation WHERE id = ?1 AND other IS NOT NULL",
            id,
        )?;
        return Ok(other.into_iter().chain([me]).collect());
    }
    let sql = "SELECT account FROM member WHERE conversation = ?1
               UNION SELECT account FROM wish WHERE conversation = ?1 AND is_in = 1
               EXCEPT SELECT account FROM wish WHERE conversation = ?1 AND is_in = 0";
    accounts(tx, sql, id)
}

/// Somebody is to be let in or put out.
pub(crate) fn wish(
    tx: &Transaction<'_>,
    id: ConversationId,
    account: AccountId,
    is_in: bool,
    due_ms: i64,
) -> Result<(), Failure> {
    let sql = "INSERT OR REPLACE INTO wish (conversation, account, is_in, due_ms) VALUES (?1, ?2, ?3, ?4)";
    tx.execute(sql, (id.0, account.get(), is_in, due_ms))?;
    Ok(())
}

/// Who is to be let in, or to be put out.
fn wishes(tx: &Transaction<'_>, id: ConversationId, is_in: bool) -> Result<BTreeSet<AccountId>, Failure> {
    let sql = match is_in {
        true => "SELECT account FROM wish WHERE conversation = ?1 AND is_in = 1",
        false => "SELECT account FROM wish WHERE conversation = ?1 AND is_in = 0",
    };
    accounts(tx, sql, id)
}

/// This device has changed the group. Of whose devices none is in it now although nobody wants them out, there was no key package to let
/// them in with: they stay people of the room, and are let in later.
pub(crate) fn await_missing(
    tx: &Transaction<'_>,
    id: ConversationId,
    group: &BTreeSet<AccountId>,
) -> Result<(), Failure> {
    if !id.is_of_room() || !is_in(tx, id)? {
        return Ok(());
    }
    let leaving = wishes(tx, id, false)?;
    for &account in members(tx, id)?.difference(group) {
        let has_devices = !chains::chain(tx, account)?.devices().is_empty();
        if has_devices && !leaving.contains(&account) {
            wish(tx, id, account, true, now().unix_ms)?;
        }
    }
    Ok(())
}

/// Forgets the wishes that the group has made true.
pub(crate) fn fulfil(
    tx: &Transaction<'_>,
    id: ConversationId,
    group: &BTreeSet<AccountId>,
) -> Result<(), Failure> {
    for is_in in [true, false] {
        for account in wishes(tx, id, is_in)? {
            if group.contains(&account) == is_in {
                let sql = "DELETE FROM wish WHERE conversation = ?1 AND account = ?2";
                tx.execute(sql, (id.0, account.get()))?;
            }
        }
    }
    Ok(())
}

/// The group has changed by somebody's doing: who is in the room now.
pub(crate) fn follow(
    tx: &Transaction<'_>,
    me: AccountId,
    id: ConversationId,
    by: AccountId,
    group: &BTreeSet<AccountId>,
) -> Result<(), Failure> {
    if !id.is_of_room() || !is_in(tx, id)? {
        return Ok(());
    }
    let before = members(tx, id)?;
    let leaving = wishes(tx, id, false)?;
    let awaited = wishes(tx, id, true)?;
    let mut is_any_new = false;
    for &account in group
        .difference(&before)
        .filter(|account| !leaving.contains(account))
    {
        meet(tx, account)?;
        tx.execute("INSERT INTO member VALUES (?1, ?2)", (id.0, account.get()))?;
        note(tx, id, Event::Added, (by, Some(account)), "")?;
        is_any_new = true;
    }
    for &account in before.difference(group) {
        // Who has no device at all at the moment is in nevertheless, and who could not be let in with the others.
        let has_devices = !chains::chain(tx, account)?.devices().is_empty();
        if leaving.contains(&account) || (has_devices && !awaited.contains(&account)) {
            part(tx, me, id, (Event::Removed, by, account))?;
        }
    }
    fulfil(tx, id, group)?;
    // Whoever lets somebody in tells them what the room is called.
    if let Some(name) = name(tx, id)?.filter(|_| is_any_new && by == me) {
        draft::keep(tx, id, &draft::payload(Content::RoomName { name }))?;
    }
    Ok(())
}

/// Somebody is out of the room, by their own word or by somebody's doing; if it is this person, for good until they are let in again.
pub(crate) fn part(
    tx: &Transaction<'_>,
    me: AccountId,
    id: ConversationId,
    (event, by, who): (Event, AccountId, AccountId),
) -> Result<(), Failure> {
    let sql = "DELETE FROM member WHERE conversation = ?1 AND account = ?2";
    if tx.execute(sql, (id.0, who.get()))? > 0 {
        note(tx, id, event, (by, Some(who)), "")?;
    }
    if who == me {
        tx.execute("UPDATE conversation SET is_left = 1 WHERE id = ?1", [id.0])?;
        tx.execute("DELETE FROM wish WHERE conversation = ?1", [id.0])?;
    }
    Ok(())
}

/// What a room is called.
pub(crate) fn name(tx: &Transaction<'_>, id: ConversationId) -> Result<Option<String>, Failure> {
    let sql = "SELECT name FROM conversation WHERE id = ?1";
    Ok(tx.query_row(sql, [id.0], |row| row.get(0)).optional()?.flatten())
}

/// It is called so from now on.
pub(crate) fn rename(
    tx: &Transaction<'_>,
    id: ConversationId,
    by: AccountId,
    name: &str,
) -> Result<(), Failure> {
    let sql = "UPDATE conversation SET name = ?2 WHERE id = ?1 AND name IS NOT ?2";
    let before = self::name(tx, id)?;
    let is_new = tx.execute(sql, (id.0, name))? > 0;
    match is_new && before.is_some() {
        true => note(tx, id, Event::Renamed, (by, None), name),
        false => Ok(()),
    }
}

/// What happened, for people to read among what was said.
pub(crate) fn note(
    tx: &Transaction<'_>,
    id: ConversationId,
    event: Event,
    (by, subject): (AccountId, Option<AccountId>),
    text: &str,
) -> Result<(), Failure> {
    let sql = "INSERT INTO message (conversation, id, sender, sent_ms, text, is_read, event, subject)
               VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7)";
    let subject = subject.map(AccountId::get);
    let row = (
        id.0,
        draft::random(),
        by.get(),
        now().unix_ms,
        text,
        event.name(),
        subject,
    );
    tx.execute(sql, row)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{await_missing, follow, members, part, remember_room, wanted, wish};
    use crate::message::people::Event;
    use crate::message::vault::Vault;
    use crate::place::Place;
    use rusqlite::Transaction;
    use std::collections::BTreeSet;
    use tertulia_crypto::chain::Chain;
    use tertulia_crypto::device::DeviceKey;
    use tertulia_crypto::identity::IdentityKey;
    use tertulia_types::device::Change;
    use tertulia_types::entity::DeviceRecord;
    use tertulia_types::{AccountId, ConversationId};

    fn account(number: i64) -> AccountId {
        AccountId::from_number(number).expect("an id")
    }

    fn ids(numbers: &[i64]) -> BTreeSet<AccountId> {
        numbers.iter().copied().map(account).collect()
    }

    /// Somebody has a device, as far as is known here.
    fn equip(tx: &Transaction<'_>, who: AccountId) {
        let identity = IdentityKey::random();
        let change = Change::Add {
            key: DeviceKey::random(who).public(),
            label: "laptop".to_owned(),
        };
        let record = identity.sign(Chain::empty(who).next(identity.public(), change, 1));
        let record = serde_json::to_string(&DeviceRecord::from(&record)).expect("written");
        tx.execute("INSERT INTO record VALUES (?1, 0, ?2)", (who.get(), record))
            .expect("kept");
        let sql = "UPDATE person SET identity = ?2 WHERE account = ?1";
        tx.execute(sql, (who.get(), identity.public().0)).expect("kept");
    }

    #[test]
    fn who_had_no_key_package_when_a_group_was_begun_stays_in_the_room() {
        let directory = tempfile::tempdir().expect("a directory");
        let place = Place::open(directory.path()).expect("a place");
        let (me, room) = (account(1), ConversationId::of_room([3; 16]));
        let vault = Vault::open(&place, me).expect("opens");
        let told = vault.store.change(|tx| {
            remember_room(tx, room, Some("garden"), &ids(&[1, 2, 3, 4]), None)?;
            [2, 3, 4].into_iter().for_each(|who| equip(tx, account(who)));
            // The fourth is to be put out; of the third there was no package.
            wish(tx, room, account(4), false, 0)?;
            let group = ids(&[1, 2]);
            await_missing(tx, room, &group)?;
            follow(tx, me, room, me, &group)?;
            assert_eq!(members(tx, room)?, ids(&[1, 2, 3]));
            let due: Vec<(i64, bool)> = tx
                .prepare("SELECT account, is_in FROM wish WHERE conversation = ?1")?
                .query_map([room.0], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            assert_eq!(due, [(3, true)], "she is let in as soon as she can be");
            // Whoever is put out by somebody else is out.
            follow(tx, me, room, account(3), &ids(&[1, 3]))?;
            assert_eq!(members(tx, room)?, ids(&[1, 3]));
            // Who leaves is not waited for.
            part(tx, me, room, (Event::Left, account(3), account(3)))?;
            wish(tx, room, account(3), false, 0)?;
            await_missing(tx, room, &ids(&[1]))?;
            assert_eq!(wanted(tx, me, room)?, ids(&[1]));
            Ok(())
        });
        told.expect("kept");
    }
}
