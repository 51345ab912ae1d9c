//! A new device is let in by one that knows everything.
//!
//! The new one shows a code, the person types it on the old one. Through sealed boxes at the person's home (see
//! `tertulia_crypto::link`) the new one says who it is; when the person has agreed, the old one hands over what was said, and last the
//! identity. The new one makes itself a device with it, and says so; the old one lets it into all groups, and hands over what came
//! meanwhile. So nothing falls between: what was written for the devices of before has reached the old one by then.
//!
//! **Invariants**
//! - Ratchets are never copied: what the new device gets of groups is a welcome, as everybody does.
//! - Boxes are handed on one after another, and each is taken in before it is emptied. Whatever breaks off can be done once more, with
//!   another code.
//! - The new device is one only when it has the history; what came meanwhile may be missing until it was linked once more
//!   (`own.is_partial`).

use crate::ask::Ask;
use crate::failure::{Failure, Fault, Misuse};
use crate::message::Messenger;
use crate::message::archive::{self, Order, Page, Wiped};
use crate::message::devices::short;
use crate::message::own::LABEL;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use tertulia_crypto::backup::{Code, CodeError};
use tertulia_crypto::device::DeviceKey;
use tertulia_crypto::identity::IdentityKey;
use tertulia_crypto::link::{Link, Side};
use tertulia_types::device::PublicKey;
use tertulia_types::entity::{Base64, EmptyObject, Filled, SealedBox};
use tertulia_types::{AccountId, BoxName};
use tokio::time::Instant;
use zeroize::Zeroizing;

/// How long a code is waited for, and how long one side waits for the next sign of the other: the home keeps boxes no longer.
const WAIT_MAX: Duration = Duration::from_secs(600);
/// Between two looks into a box: from the first value, doubled each time, up to the second.
const LOOK: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// How often a box is asked for when no machine answers, and how long is waited between.
const TRIES_MAX: usize = 5;
const TRY_AGAIN: Duration = Duration::from_millis(200);
/// About how much text one box holds, and how many people and conversations: far less than a box may hold, whatever they are called.
const PAGE_BYTES: usize = 64 << 10;
const PAGE_ROWS: usize = 100;
/// The boxes of the new device.
const HELLO: u32 = 0;
const ENTERED: u32 = 1;

/// What the new device says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Hello {
    /// Its signature key.
    key: Base64,
    /// The computer's name, for the person to know it by.
    computer: String,
}

/// What the old device hands over.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Piece {
    /// People, conversations, what was said.
    Page(Order, Page),
    /// What makes a device: the seed of the identity; and what makes backups.
    Identity {
        seed: Wiped<[u8; 32]>,
        code: Option<Wiped<String>>,
        backup: u64,
    },
    /// That was all.
    End,
}

/// A link that waits for the person to carry its code to the other device.
#[derive(Debug)]
pub struct Invitation {
    code: Code,
    link: Link,
    device: DeviceKey,
}

impl Invitation {
    /// What is to be typed on the other device.
    #[must_use]
    pub fn code(&self) -> Zeroizing<String> {
        self.code.text()
    }

    /// The beginning of the new device's name, which the other one shows.
    #[must_use]
    pub fn short(&self) -> String {
        short(self.device.id())
    }
}

/// A new device that asks to be let in.
#[derive(Debug)]
pub struct Guest {
    link: Link,
    /// What its computer is called.
    pub computer: String,
    /// The beginning of its name.
    pub short: String,
    version: u64,
}

/// How far a link has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The other device has answered.
    Met,
    /// So many messages have been handed over.
    Messages(usize),
    /// The new device is one.
    Entered,
}

/// What came of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// Messages that were handed over.
    pub messages: usize,
    /// Conversations into whose groups the new device has yet to be let; it will be before anything is said there.
    pub waiting: usize,
}

impl Messenger<'_> {
    /// Whether this computer is to be let in: it is none of the devices, was shut out, or was let in and something was missing.
    pub async fn is_to_be_linked(&self) -> Result<bool, Failure> {
        if !self.is_device()? {
            return Ok(true);
        }
        let sql = "SELECT is_partial OR record IS NOT NULL FROM own";
        let is_partial = self.vault.store.first(sql, [], |row| row.get(0))?;
        if is_partial.unwrap_or(false) {
            return Ok(true);
        }
        let chain = self.ask_chain(self.me).await?;
        Ok(chain.key(self.device_id()?).is_none())
    }

    /// Draws a code, and leaves word for the device that will be told it. A computer that was shut out becomes a new device.
    pub async fn invite(&self) -> Result<Invitation, Failure> {
        let chain = self.ask_chain(self.me).await?;
        if chain.devices().is_empty() {
            return Err(Misuse::NoOtherDevice.into());
        }
        if self.is_device()? && chain.key(self.device_id()?).is_none() && !self.waits_to_enter()? {
            self.forget_device()?;
        }
        let device = match self.is_device()? {
            true => self.device()?,
            false => DeviceKey::random(self.me),
        };
        let code = Code::random();
        let link = Link::of(&code, self.me);
        let hello = Hello {
            key: Base64(device.public().0.to_vec()),
            computer: computer(),
        };
        self.leave(&link, Side::New, HELLO, &hello).await?;
        Ok(Invitation { code, link, device })
    }

    fn waits_to_enter(&self) -> Result<bool, Failure> {
        let sql = "SELECT record IS NOT NULL FROM own";
        Ok(self
            .vault
            .store
            .first(sql, [], |row| row.get(0))?
            .unwrap_or(false))
    }

    /// Waits until the other device has agreed, takes in what it hands over, and becomes one of the person's devices.
    pub async fn be_let_in(
        &self,
        invitation: &Invitation,
        label: Option<&str>,
        mut told: impl FnMut(Step),
    ) -> Result<Linked, Failure> {
        let link = &invitation.link;
        let mut messages = 0;
        for number in 0.. {
            let found: Found<Piece> = self.wait_for(link, Side::Old, number).await?;
            if number == 0 {
                told(Step::Met);
            }
            match &found.what {
                Piece::Page(order, page) => {
                    messages += self.vault.store.change(|tx| archive::take(tx, page, *order))?;
                    told(Step::Messages(messages));
                }
                Piece::Identity { seed, code, backup } => {
                    self.become_one(invitation, seed, label).await?;
                    let sql = "UPDATE own SET code = ?1, backup = max(backup, ?2)";
                    let code = code.as_ref().map(|code| &*code.0);
                    self.vault.store.execute(sql, (code, backup))?;
                    self.leave(link, Side::New, ENTERED, &()).await?;
                    told(Step::Entered);
                }
                Piece::End => {
                    self.vault.store.execute("UPDATE own SET is_partial = 0", [])?;
                    self.take_out(found.name, found.version).await?;
                    break;
                }
            }
            self.take_out(found.name, found.version).await?;
        }
        // What came since this is a device; if not now, then with the next look.
        let _ = self.deliver().await;
        Ok(Linked { messages, waiting: 0 })
    }

    async fn become_one(
        &self,
        invitation: &Invitation,
        seed: &Wiped<[u8; 32]>,
        label: Option<&str>,
    ) -> Result<(), Failure> {
        let identity = IdentityKey::from_seed(&seed.0);
        let chain = self.ask_chain(self.me).await?;
        if chain.identity() != Some(identity.public()) {
            return Err(Misuse::OtherIdentity.into());
        }
        self.adopt(&invitation.device, &identity, &chain, label.unwrap_or(LABEL))?;
        self.vault.store.execute("UPDATE own SET is_partial = 1", [])?;
        let mut tries = 0;
        loop {
            match self.enter().await {
                Err(failure) if failure.is_unreachable() && tries < TRIES_MAX => tries += 1,
                entered => return entered,
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
    }

    /// Looks who has drawn a code. Nobody is let in by this.
    pub async fn look_for(&self, code: &str) -> Result<Guest, Failure> {
        self.enrol().await?;
        let link = Link::of(&read_code(code)?, self.me);
        let name = link.name(Side::New, HELLO);
        let found = self.open_box(name).await?.ok_or(Misuse::NoSuchCode)?;
        let hello: Hello = open(&link, Side::New, HELLO, &found.body.0)?;
        let key = hello.key.array().ok_or(Misuse::NoSuchCode)?;
        Ok(Guest {
            link,
            computer: hello.computer,
            short: short(PublicKey(key).device()),
            version: found.version,
        })
    }

    /// Lets the new device in: hands over what this one knows. The code is used up by it.
    pub async fn let_in(&self, guest: &Guest, mut told: impl FnMut(Step)) -> Result<Linked, Failure> {
        let link = &guest.link;
        let sql = "SELECT identity, code, backup FROM own WHERE identity IS NOT NULL";
        let own = self.vault.store.first(sql, [], |row| {
            let code: Option<String> = row.get(1)?;
            let code = code.map(|code| Wiped(Zeroizing::new(code)));
            Ok((Wiped(Zeroizing::new(row.get(0)?)), code, row.get(2)?))
        })?;
        let (seed, code, backup) = own.ok_or(Misuse::NoDevice)?;
        self.take_out(link.name(Side::New, HELLO), guest.version).await?;
        let mut belt = Belt {
            messenger: self,
            link,
            number: 0,
            messages: 0,
        };
        belt.put_people().await?;
        let newest = self.vault.store.change(archive::newest)?;
        belt.put_said(Order::Before, newest.saturating_add(1), &mut told)
            .await?;
        belt.put(&Piece::Identity { seed, code, backup }).await?;
        let entered: Found<()> = self.wait_for(link, Side::New, ENTERED).await?;
        self.take_out(entered.name, entered.version).await?;
        told(Step::Entered);
        // What was written for the devices of before has come by now.
        self.ask_chain(self.me).await?;
        self.fetch().await?;
        belt.put_said(Order::Behind, newest, &mut told).await?;
        belt.put(&Piece::End).await?;
        let (last, messages) = (belt.number - 1, belt.messages);
        let waiting = self.renew_groups().await?;
        self.until_taken(link.name(Side::Old, last)).await?;
        Ok(Linked { messages, waiting })
    }

    /// Waits until the other side has filled a box.
    async fn wait_for<T: DeserializeOwned>(
        &self,
        link: &Link,
        by: Side,
        number: u32,
    ) -> Result<Found<T>, Failure> {
        let name = link.name(by, number);
        let (begin, mut pause) = (Instant::now(), LOOK.0);
        while begin.elapsed() < WAIT_MAX {
            if let Some(SealedBox { version, body }) = self.open_box(name).await? {
                let what = open(link, by, number, &body.0)?;
                return Ok(Found { what, name, version });
            }
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(LOOK.1);
        }
        Err(Misuse::LinkBroken.into())
    }

    async fn until_taken(&self, name: BoxName) -> Result<(), Failure> {
        let (begin, mut pause) = (Instant::now(), LOOK.0);
        while self.open_box(name).await?.is_some() {
            if begin.elapsed() > WAIT_MAX {
                return Err(Misuse::LinkBroken.into());
            }
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(LOOK.1);
        }
        Ok(())
    }

    /// Fills a box, once there is room for it.
    async fn leave<T: Serialize>(&self, link: &Link, by: Side, number: u32, what: &T) -> Result<(), Failure> {
        let plain = Zeroizing::new(serde_json::to_vec(what).map_err(Fault::Row)?);
        let (name, sealed) = (link.name(by, number), Base64(link.seal(by, number, &plain)));
        let body = json!({ "before": 0, "body": sealed });
        let (begin, mut pause) = (Instant::now(), LOOK.0);
        loop {
            let ask = Ask::post(format!("/api/tertulia/v1/boxes/{name}"), body.clone());
            match self.ask_again::<Filled>(ask).await {
                Err(Failure::Refused(refusal)) if refusal.code.as_deref() == Some("limit") => {}
                filled => return filled.map(drop),
            }
            if begin.elapsed() > WAIT_MAX {
                return Err(Misuse::LinkBroken.into());
            }
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(LOOK.1);
        }
    }

    async fn take_out(&self, name: BoxName, version: u64) -> Result<(), Failure> {
        let ask = Ask::delete(format!("/api/tertulia/v1/boxes/{name}")).with("version", version);
        self.ask_again::<EmptyObject>(ask).await.map(drop)
    }

    /// What is in one of the person's boxes.
    pub(crate) async fn open_box(&self, name: BoxName) -> Result<Option<SealedBox>, Failure> {
        let ask = Ask::get(format!("/api/tertulia/v1/boxes/{name}"));
        match self.ask_again(ask).await {
            Ok(found) => Ok(Some(found)),
            Err(Failure::Refused(refusal)) if refusal.status == 404 => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Asks about a box; a few times, when no machine answers: a link is worth a moment's patience, and asking twice changes nothing.
    async fn ask_again<T: DeserializeOwned>(&self, ask: Ask) -> Result<T, Failure> {
        let mut tries = 0;
        loop {
            match self.client.read(ask.clone()).await {
                Err(failure) if failure.is_unreachable() && tries < TRIES_MAX => tries += 1,
                answer => return answer,
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
    }
}

/// What was in a box.
struct Found<T> {
    what: T,
    name: BoxName,
    version: u64,
}

/// The boxes of the old device, one after another.
struct Belt<'a> {
    messenger: &'a Messenger<'a>,
    link: &'a Link,
    number: u32,
    messages: usize,
}

impl Belt<'_> {
    async fn put(&mut self, piece: &Piece) -> Result<(), Failure> {
        self.messenger
            .leave(self.link, Side::Old, self.number, piece)
            .await?;
        self.number += 1;
        Ok(())
    }

    async fn put_people(&mut self) -> Result<(), Failure> {
        let store = &self.messenger.vault.store;
        let mut after: Option<AccountId> = None;
        loop {
            let people = store.change(|tx| archive::people(tx, after, PAGE_ROWS, false))?;
            let Some(last) = people.last() else { break };
            after = Some(last.account());
            let page = Page {
                people,
                ..Page::default()
            };
            self.put(&Piece::Page(Order::Behind, page)).await?;
        }
        let mut after = None;
        loop {
            let chats = store.change(|tx| archive::chats(tx, after, PAGE_ROWS))?;
            let Some(last) = chats.last() else { break };
            after = Some(last.id());
            let page = Page {
                chats,
                ..Page::default()
            };
            self.put(&Piece::Page(Order::Behind, page)).await?;
        }
        Ok(())
    }

    async fn put_said(
        &mut self,
        order: Order,
        mut place: i64,
        told: &mut impl FnMut(Step),
    ) -> Result<(), Failure> {
        let store = &self.messenger.vault.store;
        loop {
            let (said, last) = store.change(|tx| archive::said(tx, order, place, PAGE_BYTES))?;
            let Some(last) = last else { return Ok(()) };
            place = last;
            self.messages += said.len();
            let page = Page {
                said,
                ..Page::default()
            };
            self.put(&Piece::Page(order, page)).await?;
            told(Step::Messages(self.messages));
        }
    }
}

fn open<T: DeserializeOwned>(link: &Link, by: Side, number: u32, sealed: &[u8]) -> Result<T, Failure> {
    let plain = link.open(by, number, sealed).ok_or(Misuse::LinkBroken)?;
    serde_json::from_slice(&plain).map_err(|_| Misuse::LinkBroken.into())
}

/// Reads a code as somebody has typed it.
pub(crate) fn read_code(typed: &str) -> Result<Code, Failure> {
    typed.parse().map_err(|error| {
        let group = match error {
            CodeError::Length => None,
            CodeError::GroupLength { group }
            | CodeError::Letter { group, .. }
            | CodeError::Mistyped { group } => Some(group),
        };
        Misuse::NotACode { group }.into()
    })
}

/// What this computer is called.
fn computer() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name
        .trim()
        .chars()
        .filter(|letter| !letter.is_control())
        .take(64)
        .collect();
    if name.is_empty() { LABEL.to_owned() } else { name }
}
