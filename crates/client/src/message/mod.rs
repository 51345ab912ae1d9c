//! Private messages: encrypted on this device, kept in the pending queue until each recipient's home has them, and opened where they
//! arrive. No machine of the ring can read one.
//!
//! Read in this order: `vault` (where all of it lies), `own` (this device among the person's), `chains` (what is believed of others),
//! `group` (the keys that the devices of a conversation share), `outgoing`, `incoming`, `direct` (from client to client), `history` (what a person
//! sees) and [`alarm`] (what they must hear of).
//!
//! **Invariants**
//! - A message is on disk before anything is sent, and leaves the queue when it is taken; a repeat is the same bytes.
//! - What came is on disk before it is acknowledged.
//! - No secret of a device is sent or shown, and none is on disk in the clear.
//!
//! Deliberately absent, for now: rooms, more than one device of a person.

pub mod agent;
pub mod alarm;
mod chains;
mod direct;
mod group;
mod history;
mod incoming;
mod outgoing;
mod own;
mod vault;

pub use direct::Direct;
pub use history::{Chat, Message, Progress};
pub use incoming::Fetched;
pub use outgoing::Pushed;
pub(crate) use vault::name as vault_name;

use crate::client::Client;
use crate::failure::{Failure, Misuse};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
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
    /// To whom.
    pub nick: String,
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
    /// Sends a text to somebody. When no machine answers, it goes to their devices directly if it can; else, or if they have no device
    /// yet, it waits here.
    pub async fn send(&self, nick: &str, text: &str) -> Result<Sent, Failure> {
        match self.enrol().await {
            Ok(()) => {}
            Err(failure) if failure.is_unreachable() => {}
            Err(failure) => return Err(failure),
        }
        let other = self.account_of(nick).await?;
        let (conversation, id) = self.say(other, text)?;
        match self.deliver().await {
            Ok(_) => {}
            // It is kept, and tried again: a refusal is of this moment, or of something else that waits.
            Err(failure) if failure.is_unreachable() || matches!(failure, Failure::Refused(_)) => {}
            Err(failure) => return Err(failure),
        }
        Ok(Sent {
            nick: crate::nick::checked(nick)?.to_string(),
            id,
            progress: self.progress(conversation, id)?,
        })
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
        let pushed = self.push().await?;
        self.learn_nicks().await?;
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

    /// The last messages with somebody; they count as read.
    pub async fn read(&self, nick: &str, limit: usize) -> Result<Vec<Message>, Failure> {
        let other = self.account_of(nick).await?;
        self.read_with(other, limit)
    }
}
