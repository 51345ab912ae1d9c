//! Rooms, as people use them: made, named, with people let in and put out.
//!
//! A room has the name that its people give it. Where one is typed, it is written with a plus sign and without spaces: `+book-club`; of
//! two rooms of one name each is told from the other by the first digits of its own name: `+book-club/3fa2`.

use crate::failure::{Failure, Misuse};
use crate::message::people::{self, Event};
use crate::message::{Messenger, draft};
use rusqlite::Transaction;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tertulia_crypto::payload::Content;
use tertulia_types::message::PEOPLE_MAX;
use tertulia_types::{AccountId, ConversationId};

/// What a room is called whose name has not come yet.
const NAMELESS: &str = "room";
/// Digits by which rooms of one name are told apart.
const DIGITS: usize = 4;

/// A room with its people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// How it is written: `+garden`.
    pub room: String,
    /// Its name.
    pub name: String,
    /// Who is in it, or is to be.
    pub people: Vec<Member>,
    /// Whether this person is in it no more.
    pub is_left: bool,
}

/// Somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who; none while the nick is not known.
    pub nick: Option<String>,
    /// Whether it is oneself.
    pub is_own: bool,
    /// What is still to come: `true` to be let in, `false` to be put out.
    pub wish: Option<bool>,
}

/// A room among the others.
pub(crate) struct Known {
    pub(crate) id: ConversationId,
    pub(crate) written: String,
    name: String,
    is_left: bool,
}

impl Messenger<'_> {
    /// Makes a room, and lets people in.
    pub async fn create_room(&self, name: &str, nicks: &[String]) -> Result<Room, Failure> {
        self.enrol_if_reached().await?;
        let name = fit(name)?;
        let others = self.accounts_of(nicks).await?;
        let id = ConversationId::of_room(draft::random());
        self.vault.store.change(|tx| {
            people::remember_room(tx, id, Some(&name), &BTreeSet::from([self.me]), None)?;
            people::note(tx, id, Event::Began, (self.me, None), &name)?;
            wish_all(tx, id, &others, true)?;
            // So that the group is made even if nobody else is there yet.
            people::wish(tx, id, self.me, true, 0)
        })?;
        self.deliver_if_reached().await?;
        self.room(id)
    }

    /// Lets people into a room.
    pub async fn add_to_room(&self, typed: &str, nicks: &[String]) -> Result<Room, Failure> {
        self.change_people(typed, nicks, true).await
    }

    /// Puts people out of a room: what is said from then on they cannot read.
    pub async fn remove_from_room(&self, typed: &str, nicks: &[String]) -> Result<Room, Failure> {
        self.change_people(typed, nicks, false).await
    }

    async fn change_people(&self, typed: &str, nicks: &[String], is_in: bool) -> Result<Room, Failure> {
        let id = self.own_room(typed)?;
        let others = self.accounts_of(nicks).await?;
        self.vault.store.change(|tx| {
            let wanted = people::wanted(tx, self.me, id)?;
            let missing = nicks
                .iter()
                .zip(&others)
                .find(|(_, other)| wanted.contains(*other) == is_in);
            if let Some((nick, _)) = missing {
                let nick = nick.clone();
                return Err(match is_in {
                    true => Misuse::InRoom(nick),
                    false => Misuse::NobodyInRoom(nick),
                }
                .into());
            }
            if is_in && wanted.len() + others.len() > PEOPLE_MAX {
                return Err(Misuse::RoomFull(PEOPLE_MAX).into());
            }
            wish_all(tx, id, &others, is_in)
        })?;
        self.deliver_if_reached().await?;
        self.room(id)
    }

    /// Leaves a room: the others are told, and put this person's devices out.
    pub async fn leave_room(&self, typed: &str) -> Result<Room, Failure> {
        let id = self.own_room(typed)?;
        self.say(id, Content::Left, |tx| {
            people::part(tx, self.me, id, (Event::Left, self.me, self.me))
        })?;
        self.deliver_if_reached().await?;
        self.room(id)
    }

    /// Gives a room another name.
    pub async fn rename_room(&self, typed: &str, name: &str) -> Result<Room, Failure> {
        let (id, name) = (self.own_room(typed)?, fit(name)?);
        let content = Content::RoomName { name: name.clone() };
        self.say(id, content, |tx| people::rename(tx, id, self.me, &name))?;
        self.deliver_if_reached().await?;
        self.room(id)
    }

    /// A room with its people.
    pub async fn show_room(&self, typed: &str) -> Result<Room, Failure> {
        let id = self.room_called(typed)?;
        self.deliver_if_reached().await?;
        self.room(id)
    }

    /// The conversation that somebody means: with a nick, or a room.
    pub(crate) async fn conversation_of(&self, typed: &str) -> Result<ConversationId, Failure> {
        if typed.trim_start().starts_with('+') {
            return self.room_called(typed);
        }
        let other = self.account_of(typed).await?;
        if other == self.me {
            return Err(Misuse::ToOneself.into());
        }
        Ok(ConversationId::of_two(self.me, other))
    }

    /// A room that this person is in.
    fn own_room(&self, typed: &str) -> Result<ConversationId, Failure> {
        let id = self.room_called(typed)?;
        match self.vault.store.change(|tx| people::is_in(tx, id))? {
            true => Ok(id),
            false => Err(Misuse::NotInRoom.into()),
        }
    }

    fn room_called(&self, typed: &str) -> Result<ConversationId, Failure> {
        let wanted = typed.trim().trim_start_matches('+').to_lowercase();
        let rooms = self.rooms()?;
        let is_called = |room: &&Known| room.written[1..] == wanted || folded(&room.name) == folded(&wanted);
        let called: Vec<&Known> = rooms.iter().filter(is_called).collect();
        let exact = called.iter().find(|room| room.written[1..] == wanted);
        match (exact, &called[..]) {
            (Some(room), _) | (None, [room]) => Ok(room.id),
            (None, []) => Err(Misuse::NoSuchRoom(format!("+{wanted}")).into()),
            (None, several) => {
                let several: Vec<&str> = several.iter().map(|room| &*room.written).collect();
                Err(Misuse::WhichRoom(several.join(", ")).into())
            }
        }
    }

    /// All rooms, and how each is written.
    pub(crate) fn rooms(&self) -> Result<Vec<Known>, Failure> {
        let sql = "SELECT id, name, is_left FROM conversation WHERE other IS NULL ORDER BY id";
        let rooms = self.vault.store.all(sql, [], |row| {
            let name = row.get::<_, Option<String>>(1)?;
            let name = name.unwrap_or_else(|| NAMELESS.to_owned());
            Ok(Known {
                id: ConversationId(row.get(0)?),
                written: String::new(),
                name,
                is_left: row.get(2)?,
            })
        })?;
        let names: Vec<String> = rooms.iter().map(|room| folded(&room.name)).collect();
        let written = |(room, name): (Known, &String)| {
            let is_one_of_several = names.iter().filter(|other| *other == name).count() > 1;
            let written = match is_one_of_several {
                true => format!("+{name}/{}", &room.id.to_string()[..DIGITS]),
                false => format!("+{name}"),
            };
            Known { written, ..room }
        };
        Ok(rooms.into_iter().zip(&names).map(written).collect())
    }

    fn room(&self, id: ConversationId) -> Result<Room, Failure> {
        let room = self.rooms()?.into_iter().find(|room| room.id == id);
        let room = room.ok_or(Misuse::NotInRoom)?;
        let sql = "SELECT account, nick, (SELECT is_in FROM wish WHERE conversation = ?1 AND wish.account = person.account)
                   FROM person WHERE account IN (SELECT account FROM member WHERE conversation = ?1
                                                 UNION SELECT account FROM wish WHERE conversation = ?1)
                   ORDER BY account = ?2 DESC, nick";
        let people = self.vault.store.all(sql, (id.0, self.me.get()), |row| {
            let is_own = row.get::<_, i64>(0)? == self.me.get();
            let own_nick = || self.client.nick().filter(|_| is_own);
            Ok(Member {
                nick: row.get::<_, Option<String>>(1)?.or_else(own_nick),
                is_own,
                wish: row.get::<_, Option<bool>>(2)?.filter(|_| !is_own),
            })
        })?;
        Ok(Room {
            room: room.written,
            name: room.name,
            people,
            is_left: room.is_left,
        })
    }

    async fn accounts_of(&self, nicks: &[String]) -> Result<Vec<AccountId>, Failure> {
        let mut accounts = Vec::new();
        for nick in nicks {
            let account = self.account_of(nick).await?;
            if account == self.me {
                return Err(Misuse::Oneself.into());
            }
            accounts.push(account);
        }
        Ok(accounts)
    }
}

fn wish_all(
    tx: &Transaction<'_>,
    id: ConversationId,
    accounts: &[AccountId],
    is_in: bool,
) -> Result<(), Failure> {
    accounts
        .iter()
        .try_for_each(|account| people::wish(tx, id, *account, is_in, 0))
}

/// A room's name as typed, if it can be one.
fn fit(typed: &str) -> Result<String, Failure> {
    let name = typed.trim().trim_start_matches('+').to_owned();
    draft::payload(Content::RoomName { name: name.clone() }).encode()?;
    Ok(name)
}

/// How a name is written where a room is meant.
fn folded(name: &str) -> String {
    let words: Vec<&str> = name
        .split(|letter: char| letter.is_whitespace() || letter == '-' || letter == '/' || letter.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join("-").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{fit, folded};

    #[test]
    fn a_name_is_written_in_one_word() {
        assert_eq!(folded("Book  Club"), "book-club");
        assert_eq!(folded(" Jardín / norte"), "jardín-norte");
        assert_eq!(folded("book-club"), folded("Book club"));
    }

    #[test]
    fn a_room_has_a_name_of_1_to_80_characters() {
        assert_eq!(fit(" +garden ").expect("a name"), "garden");
        assert!(fit("+").is_err() && fit(&"x".repeat(81)).is_err());
    }
}
