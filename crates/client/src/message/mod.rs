//! Private messages: encrypted on this device, kept in the pending queue until each recipient's home has them, and opened where they
//! arrive. No machine of the ring can read one.
//!
//! Read in this order: `vault` (where all of it lies), `own` (this device among the person's), `chains` (what is believed of others),
//! `people` (who is in a conversation), `group` (the keys that their devices share), `draft`, `outgoing`, `incoming`, `expiry`, `direct` (from client
//! to client), `steps` (a disk that was put back), `room`, [`requests`] (whom the person does not know), `history` (what a person sees) and [`alarm`] (what they must hear of). Then what
//! several devices need: [`devices`] (which they are, and shutting one out), `archive` (what one device tells another), [`link`] (a new one
//! is let in), [`recovery`] (all are lost), `contacts`; and [`verify`].
//!
//! **Invariants**
//! - A message is on disk before anything is sent, and leaves the queue when it is taken; a repeat is the same bytes.
//! - What came is on disk before it is acknowledged.
//! - No secret of a device is sent or shown, and none is on disk in the clear.
//! - Who is a stranger to the person learns nothing of them before they agree (`requests`).
//!
//! Deliberately absent, for now: telling that somebody is writing.

pub mod agent;
pub mod alarm;
mod archive;
mod chains;
mod contacts;
pub mod devices;
mod direct;
mod draft;
mod expiry;
mod find;
mod group;
mod history;
mod incoming;
pub mod link;
mod news;
mod outgoing;
mod own;
mod people;
mod progress;
pub mod recovery;
pub mod requests;
mod room;
mod steps;
mod vault;
pub mod verify;

pub use contacts::Contact;
pub use direct::Direct;
pub use find::Found;
pub use history::{Chat, Message, Progress};
pub use incoming::Fetched;
pub use news::Said;
pub use outgoing::Pushed;
pub use people::Event;
pub use room::{Member, Room};
pub(crate) use vault::name as vault_name;

use crate::client::Client;
use crate::failure::{Failure, Misuse};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tertulia_crypto::payload::Content;
use tertulia_types::{AccountId, MessageId};
use vault::Vault;

/// A person's messages on this device.
#[derive(Debug)]
pub struct Messenger<'a> {
    client: &'a Client,
    vault: Vault,
    me: AccountId,
    /// The ways to the devices of others.
    dialler: Arc<direct::dialler::Dialler>,
}

/// What became of a message that was to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// To whom, if it is one person.
    pub nick: Option<String>,
    /// To which room, if it is one: `+garden`.
    pub room: Option<String>,
    /// Its name.
    pub id: MessageId,
    /// How far it has come.
    pub progress: Progress,
}

impl Client {
    /// The messages of the person who is logged in.
    pub async fn messenger(&self) -> Result<Messenger<'_>, Failure> {
        let me = match self.known_account()? {
            Some(account) => account,
            None => {
                let id = self.whoami().await?.what.id;
                id.parse().map_err(|_| Misuse::NotLoggedIn)?
            }
        };
        let vault = Vault::open(&self.place, me)?;
        Ok(Messenger {
            client: self,
            vault,
            me,
            dialler: Arc::default(),
        })
    }

    /// The messages of the person who is logged in, if there are any on this computer: no machine is asked.
    pub fn messenger_if_known(&self) -> Result<Option<Messenger<'_>>, Failure> {
        let Some(me) = self
            .known_account()?
            .filter(|_| self.has_messages().unwrap_or(false))
        else {
            return Ok(None);
        };
        Ok(Some(Messenger {
            client: self,
            vault: Vault::open(&self.place, me)?,
            me,
            dialler: Arc::default(),
        }))
    }

    /// The account of the person who is logged in, if it is known here.
    fn known_account(&self) -> Result<Option<AccountId>, Failure> {
        let me = self.me()?;
        let sql = "SELECT account FROM person WHERE nick = ?1";
        let known = self.store.first(sql, [&me.nick], |row| row.get::<_, String>(0))?;
        Ok(known.and_then(|account| account.parse().ok()))
    }
}

impl Client {
    /// Makes this computer one of the person's devices, if it can be now, so that others can write to them. If not, it is made one with
    /// the first message.
    pub(crate) async fn become_device(&self) {
        if let Ok(messenger) = self.messenger().await {
            let _ = messenger.enrol().await;
        }
    }

    /// Whether somebody is logged in on a computer that is none of their devices: they read their messages on another one, and this one
    /// has yet to be let in.
    pub async fn waits_for_link(&self) -> Result<bool, Failure> {
        Ok(!self.messenger().await?.is_device()?)
    }

    /// Tells the ring that this computer is none of the person's devices any more, if it is one. When no machine answers, letters go
    /// on waiting for it until they are too old.
    pub(crate) async fn retire_device(&self) -> Result<(), Failure> {
        let account = self.known_account()?;
        let is_device = account.is_some_and(|account| self.place.has_database(&vault_name(account)));
        if !is_device {
            return Ok(());
        }
        match self.messenger().await?.retire().await {
            Err(failure @ Failure::Local(_)) => Err(failure),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

impl Messenger<'_> {
    /// Sends a text to somebody, or to a room. When no machine answers, it goes to their devices directly if it can; else, or
    /// if they have no device yet, it waits here.
    pub async fn send(&self, to: &str, text: &str) -> Result<Sent, Failure> {
        self.enrol_if_reached().await?;
        let id = self.conversation_of(to).await?;
        let content = Content::Text {
            text: text.to_owned(),
            reply_to: None,
        };
        if !id.is_of_room() {
            let other = self.account_of(to).await?;
            self.refuse_if_held_back(to, other)?;
            self.vault
                .store
                .change(|tx| people::remember(tx, self.me, other, None))?;
        }
        let message = self.say(id, content, |_| Ok(()))?;
        self.deliver_if_reached().await?;
        let room = self.rooms()?.into_iter().find(|room| room.id == id);
        let nick = match room {
            Some(_) => None,
            None => Some(crate::nick::checked(to)?.to_string()),
        };
        Ok(Sent {
            nick,
            room: room.map(|room| room.written),
            id: message,
            progress: self.progress(id, message)?,
        })
    }

    async fn enrol_if_reached(&self) -> Result<(), Failure> {
        match self.enrol().await {
            Err(failure) if !failure.is_unreachable() => Err(failure),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Delivers what can be delivered now. What is kept is tried again: a refusal is of this moment, or of something else that waits.
    async fn deliver_if_reached(&self) -> Result<(), Failure> {
        match self.deliver().await {
            Err(failure) if !failure.is_unreachable() && !matches!(failure, Failure::Refused(_)) => {
                Err(failure)
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Fetches what has come, and sends what waits.
    pub async fn deliver(&self) -> Result<(Fetched, Pushed), Failure> {
        self.enrol().await?;
        let fetched = match self.fetch().await {
            Err(failure) if failure.is_unreachable() => {
                self.push_directly().await?;
                return Err(failure);
            }
            fetched => fetched?,
        };
        self.rejoin().await?;
        let pushed = self.push().await?;
        self.exchange_contacts(false).await?;
        self.learn_nicks().await?;
        self.ask_expired().await?;
        Ok((fetched, pushed))
    }

    /// Fetches and sends what there is; answers whether no machine answered, so that only what is kept here can be shown.
    pub async fn is_offline_after_delivery(&self) -> Result<bool, Failure> {
        match self.deliver().await {
            Ok(_) => Ok(false),
            Err(failure) if failure.is_unreachable() => Ok(true),
            Err(failure) => Err(failure),
        }
    }

    /// The last messages with somebody, or of a room; they count as read.
    pub async fn read(&self, with: &str, limit: usize) -> Result<Vec<Message>, Failure> {
        let id = self.conversation_of(with).await?;
        self.read_in(id, limit)
    }
}
