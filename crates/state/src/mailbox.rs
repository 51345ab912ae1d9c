//! Mailboxes: letters that wait at the home of a person until each of their devices has fetched them.
//!
//! What is in a letter only devices can read. The home gives each a number, and deletes it when all devices have acknowledged it.
//!
//! **Invariants** (rule M4)
//! - Numbers grow and never restart, and a device's acknowledgement only grows.
//! - A letter comes once: its name and sender are remembered for [`KNOWN_MS`].
//! - What waits is bounded, for each sender too: who floods a mailbox fills their own part of it.

use crate::account;
use crate::device;
use crate::edge;
use crate::error::{Fault, Outcome};
use crate::event::Event;
use crate::key_package;
use crate::letter::{self, Sum};
pub use crate::letter::{Letter, Waiting};
use crate::session::Actor;
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use serde::{Deserialize, Serialize};
use tertulia_types::message::{COMMIT_BYTES_MAX, LetterKind, MESSAGE_BYTES_MAX};
use tertulia_types::{AccountId, DeviceId, MessageId, Position, Rejected, Scopes};

/// How long a letter waits for devices that do not come: 30 days.
pub const KEPT_MS: u64 = 30 * 24 * 3_600_000;
/// How long a letter's name is remembered after it came: longer than anybody tries to send it.
pub const KNOWN_MS: u64 = 2 * KEPT_MS;

/// What may wait from somebody whom the recipient follows, and from oneself.
const FROM_KNOWN: Sum = Sum {
    letters: 10_000,
    bytes: 64 << 20,
};
/// From anybody else.
const FROM_STRANGER: Sum = Sum {
    letters: 500,
    bytes: 4 << 20,
};
/// From all together.
const FROM_ALL: Sum = Sum {
    letters: 50_000,
    bytes: 256 << 20,
};

/// Names of expired letters in one answer at most: more wait from one sender only if the recipient follows them.
const EXPIRED_MAX: u32 = 1_000;
/// Letters in one answer at most, and about how many bytes.
const PAGE_MAX: u32 = 200;
const PAGE_BYTES_MAX: usize = 2 << 20;

/// Puts a letter into somebody's mailbox. That the sender has a session was asked at their home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposit {
    /// Who hands it in.
    pub sender: AccountId,
    /// For whom.
    pub recipient: AccountId,
    /// How many statements about devices the recipient had made as far as the sender knew: a message that was written for other devices
    /// than they have now is not taken. None for what is not written for devices one by one.
    pub devices: Option<u32>,
    /// What.
    pub letter: Letter,
}

impl Verb for Deposit {
    /// Its number in the mailbox.
    type Reply = u64;

    fn home(&self) -> Position {
        self.recipient.home()
    }
}

impl Command for Deposit {
    /// Commits and welcomes come from the home of the conversation only.
    fn is_of_people(&self) -> bool {
        self.letter.kind == LetterKind::Message
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<u64> {
        let (to, handed) = (self.recipient, &self.letter);
        account::keeping(tx, to)?;
        let bytes_max = match handed.kind {
            LetterKind::Message => MESSAGE_BYTES_MAX,
            LetterKind::Commit | LetterKind::Welcome => COMMIT_BYTES_MAX,
        };
        if handed.body.is_empty() || handed.body.len() > bytes_max {
            return Err(
                Rejected::Invalid(format!("a letter of this kind has 1 to {bytes_max} bytes")).into(),
            );
        }
        let (slot, owner, sender) = (to.slot().0, to.get(), self.sender.get());
        let kind = letter::kind_number(handed.kind);
        let known = "SELECT number FROM letter_known
                     WHERE slot = ?1 AND account_id = ?2 AND kind = ?3 AND sender_id = ?4 AND id = ?5";
        if let Some(number) = tx.first(known, (slot, owner, kind, sender, handed.id.0), |row| row.get(0))? {
            return Ok(number);
        }
        if edge::blocks(tx, to, self.sender)? {
            return Err(Rejected::Blocked.into());
        }
        if let Some(known) = self.devices
            && known != device::statements(tx, to)?
        {
            return Err(Rejected::StaleDevices.into());
        }
        self.find_room(tx)?;
        let top = "INSERT INTO mailbox (slot, account_id, top) VALUES (?1, ?2, 1)
                   ON CONFLICT (slot, account_id) DO UPDATE SET top = top + 1 RETURNING top";
        let number: u64 = tx
            .first(top, (slot, owner), |row| row.get(0))?
            .ok_or(Fault::Damaged("a mailbox has no number"))?;
        let stamp_ms = tx.now_ms;
        let waiting = Waiting {
            number,
            sender: self.sender,
            stamp_ms,
            letter: handed.clone(),
        };
        letter::add(tx, to, &waiting)?;
        let sql = "INSERT INTO letter_known (slot, account_id, kind, sender_id, id, number, stamp_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        tx.write(sql, (slot, owner, kind, sender, handed.id.0, number, stamp_ms))?;
        tx.tell(Event::Letter { account: to, number });
        Ok(number)
    }
}

impl Deposit {
    /// Refuses what there is no room for.
    fn find_room(&self, tx: &Tx<'_>) -> Outcome<()> {
        let (to, from) = (self.recipient, self.sender);
        let is_known = to == from || edge::is_following(tx, to, from)?;
        let quota = if is_known { FROM_KNOWN } else { FROM_STRANGER };
        let size = self.letter.body.len() as u64;
        let is_full =
            |quota: Sum, waiting: Sum| waiting.letters >= quota.letters || waiting.bytes + size > quota.bytes;
        if is_full(quota, letter::sum(tx, to, Some(from))?) {
            return Err(Rejected::Limit("letters of one sender that wait to be fetched".to_owned()).into());
        }
        if is_full(FROM_ALL, letter::sum(tx, to, None)?) {
            return Err(Rejected::Limit("letters that wait to be fetched".to_owned()).into());
        }
        Ok(())
    }
}

/// Which messages of somebody went from a mailbox after their time, without having come to any device: those that are still known by
/// name. That `by` has a session was asked at their home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expired {
    /// Who asks, and has sent them.
    pub by: AccountId,
    /// To whom.
    pub of: AccountId,
}

impl Verb for Expired {
    /// Their names, in no order of time.
    type Reply = Vec<MessageId>;

    fn home(&self) -> Position {
        self.of.home()
    }
}

impl Query for Expired {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<MessageId>> {
        account::standing(view, self.of)?;
        let sql = "SELECT id FROM letter_known
                   WHERE slot = ?1 AND account_id = ?2 AND kind = ?3 AND sender_id = ?4 AND is_expired = 1 ORDER BY id LIMIT ?5";
        let kind = letter::kind_number(LetterKind::Message);
        let which = (self.of.slot().0, self.of.get(), kind, self.by.get(), EXPIRED_MAX);
        Ok(view.all(sql, which, |row| row.get(0).map(MessageId))?)
    }
}

/// Fetches letters for a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// Who asks.
    pub actor: Actor,
    /// For which of their devices.
    pub device: DeviceId,
    /// Behind which number.
    pub after: u64,
}

/// What is in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched {
    /// The letters, oldest first: some of them.
    pub letters: Vec<Waiting>,
    /// The number of the last letter that came.
    pub top: u64,
    /// Up to where the device has acknowledged.
    pub acknowledged: u64,
    /// How many key packages the device has left.
    pub packages_left: u32,
}

impl Verb for Fetch {
    type Reply = Fetched;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for Fetch {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::READ_MESSAGES))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Fetched> {
        let account = self.actor.account;
        device::check(view, account, self.device)?;
        let (slot, owner) = (account.slot().0, account.get());
        let sql =
            "SELECT number, sender_id, stamp_ms, kind, id, conversation, generation, epoch, body FROM letter
                   WHERE slot = ?1 AND account_id = ?2 AND number > ?3 ORDER BY number LIMIT ?4";
        let (mut letters, mut bytes) = (Vec::new(), 0);
        view.each(sql, (slot, owner, self.after, PAGE_MAX), |row| {
            let waiting = letter::waiting_from(row)?;
            bytes += waiting.letter.body.len();
            letters.push(waiting);
            Ok(bytes < PAGE_BYTES_MAX)
        })?;
        let top = "SELECT top FROM mailbox WHERE slot = ?1 AND account_id = ?2";
        let acknowledged = "SELECT acknowledged FROM device WHERE slot = ?1 AND account_id = ?2 AND id = ?3";
        Ok(Fetched {
            letters,
            top: view.first(top, (slot, owner), |row| row.get(0))?.unwrap_or(0),
            acknowledged: view
                .first(acknowledged, (slot, owner, self.device.0), |row| row.get(0))?
                .unwrap_or(0),
            packages_left: key_package::left(view, account, self.device)?,
        })
    }
}

/// Says that a device has kept all letters up to a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledge {
    /// Who asks.
    pub actor: Actor,
    /// Which of their devices.
    pub device: DeviceId,
    /// Up to which number; a smaller one than before changes nothing.
    pub number: u64,
}

impl Verb for Acknowledge {
    type Reply = ();

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for Acknowledge {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::WRITE_MESSAGES))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let account = self.actor.account;
        device::check(tx, account, self.device)?;
        let (slot, owner) = (account.slot().0, account.get());
        let sql = "UPDATE device SET session = ?5, acknowledged = max(acknowledged, min(?4,
                   coalesce((SELECT top FROM mailbox WHERE slot = ?1 AND account_id = ?2), 0)))
                   WHERE slot = ?1 AND account_id = ?2 AND id = ?3";
        let session = self.actor.session.0;
        tx.write(sql, (slot, owner, self.device.0, self.number, session))?;
        Ok(letter::delete_fetched(tx, account)?)
    }
}
