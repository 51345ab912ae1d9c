//! What comes in: letters are fetched, opened and kept, and only then acknowledged.
//!
//! Homes may hand letters on twice, late or in another order. What comes before what it needs is kept until that has come; what was
//! opened before is known by its name.
//!
//! **Invariant:** a letter's content, the ratchet's step and the place in the mailbox are one transaction; the acknowledgement comes
//! behind it.

use crate::ask::Ask;
use crate::failure::{Failure, Fault, Misuse};
use crate::message::alarm::{self, Kind};
use crate::message::direct::taken::{is_taken, note_taken};
use crate::message::people::{self, Event};
use crate::message::progress::{State, advance};
use crate::message::vault::keys;
use crate::message::{Messenger, chains, group, requests};
use crate::moment::moment;
use crate::time::now;
use rand::RngExt;
use rusqlite::Transaction;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use tertulia_crypto::conversation::{Conversation, JoinError};
use tertulia_crypto::device::Stranger;
use tertulia_crypto::opened::{OpenError, Opened};
use tertulia_crypto::payload::{Content, Payload, Receipt};
use tertulia_types::entity::{self, EmptyObject, Letter, Mailbox};
use tertulia_types::message::{LETTERS_AHEAD, LetterKind};
use tertulia_types::{AccountId, ConversationId, DeviceId, MessageId};

/// Letters that are kept because they came too early.
const EARLY_MAX: u32 = 1_000;
/// How long what lets a device into a group may be on its way behind the first message that was sealed there.
const WELCOME_MS_MAX: i64 = 60_000;

/// What has come in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Letters that were read.
    pub letters: usize,
    /// Texts among them that are new.
    pub texts: usize,
}

/// Why a letter has not been taken in yet, or will not be.
enum Hitch {
    /// Somebody's chain has to be asked for.
    Chain(AccountId),
    /// It opens nothing: the person is told.
    Unopened,
    /// It is of a time whose keys are gone, or never were here: the person is told, unless it was kept until this device was let into the
    /// group, and so was not written for it.
    Late,
    /// It is of no use, and nobody's fault.
    Useless,
    /// A commit of this device's own, of which it knows nothing any more.
    Forgotten,
    /// It begins a conversation, and the home has to be asked whether the person knows who that is.
    Unweighed(AccountId),
    /// Something failed here.
    Failure(Failure),
}

/// Of whom the home was asked, and whether the person follows them.
type Weighed = BTreeMap<AccountId, bool>;

impl<E: Into<Failure>> From<E> for Hitch {
    fn from(failure: E) -> Self {
        Self::Failure(failure.into())
    }
}

impl Messenger<'_> {
    /// Fetches all letters that wait, and keeps what they say.
    pub async fn fetch(&self) -> Result<Fetched, Failure> {
        let device = self.device_id()?;
        let mut fetched = Fetched::default();
        let (mut is_first, mut wait_ms) = (true, WELCOME_MS_MAX);
        loop {
            let after = self.position()?;
            let ask = Ask::get("/api/tertulia/v1/mailbox")
                .with("device", device)
                .with("after", after);
            let mailbox: Mailbox = match self.client.read(ask).await.map_err(shut_out) {
                Ok(mailbox) => mailbox,
                // The home may have forgotten this device.
                Err(failure) if is_first && matches!(failure, Failure::Misused(Misuse::ShutOut)) => {
                    is_first = false;
                    match self.tell_again().await? {
                        true => continue,
                        false => return Err(failure),
                    }
                }
                Err(failure) => return Err(failure),
            };
            moment("fetched");
            if is_first && mailbox.top >= self.position()?.saturating_add(LETTERS_AHEAD) {
                // The ring was brought back from a backup, which may be older than this device.
                self.tell_again().await?;
            }
            // Looked at anew: another process may have read on, and acknowledged it.
            if is_first && mailbox.acknowledged > self.position()? {
                if self.has_groups()? {
                    // Letters were acknowledged of which this disk knows nothing.
                    self.leave_groups().await?;
                    wait_ms = 0;
                } else {
                    // What came before this device was not written for it.
                    self.skip(mailbox.acknowledged)?;
                    continue;
                }
            }
            is_first = false;
            for letter in &mailbox.letters {
                fetched.texts += self.take(letter).await?;
                fetched.letters += 1;
                moment("opened");
            }
            let position = self.position()?;
            if position > mailbox.acknowledged {
                let body = json!({ "device": device, "number": position });
                let ask = Ask::post("/api/tertulia/v1/mailbox/acknowledge", body);
                let _: EmptyObject = self.client.read(ask).await?;
                moment("acknowledged");
            }
            if mailbox.letters.is_empty() || position >= mailbox.top {
                // What there is behind it comes later.
                self.skip(mailbox.acknowledged.max(mailbox.top))?;
                self.leave_unknown_groups(wait_ms).await?;
                self.stock(mailbox.packages_left).await?;
                return Ok(fetched);
            }
        }
    }

    fn has_groups(&self) -> Result<bool, Failure> {
        let sql = "SELECT 1 FROM conversation WHERE generation > 0 LIMIT 1";
        Ok(self.vault.store.first(sql, [], |_| Ok(()))?.is_some())
    }

    /// Up to there nothing comes any more.
    fn skip(&self, to: u64) -> Result<(), Failure> {
        let sql = "UPDATE own SET position = max(position, ?1)";
        self.vault.store.execute(sql, [to]).map(drop)
    }

    /// Where people have talked for so long in a group that nothing has let this device into, it waits no longer: the next generation
    /// is begun.
    async fn leave_unknown_groups(&self, wait_ms: i64) -> Result<(), Failure> {
        let last_ms = now().unix_ms - wait_ms;
        let early = self
            .vault
            .store
            .all("SELECT letter FROM early", [], |row| row.get::<_, String>(0))?;
        for letter in early {
            let letter: Letter = serde_json::from_str(&letter).map_err(Fault::Row)?;
            let (id, sender) = (letter.conversation, letter.sender);
            let is_message = letter.kind == LetterKind::Message && letter.arrived_at.unix_ms <= last_ms;
            let known = self.vault.store.change(|tx| group::generation(tx, id))?;
            if !is_message || letter.generation <= known {
                continue;
            }
            let asked_by = match sender != self.me && !id.is_of_room() {
                true => self.weigh(id, sender).await?,
                false => None,
            };
            self.vault.store.change(|tx| {
                if sender != self.me && !id.is_of_room() {
                    people::remember(tx, self.me, sender, asked_by)?;
                }
                let sql = "UPDATE conversation SET spent = max(spent, ?2) WHERE id = ?1";
                tx.execute(sql, (id.0, letter.generation))?;
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Begins the next generation of each conversation in whose group this device writes nothing any more, so that it hears of what is
    /// said from now on.
    pub(crate) async fn rejoin(&self) -> Result<(), Failure> {
        let sql = "SELECT id FROM conversation WHERE spent > 0 AND generation <= spent AND is_left = 0";
        let left = self
            .vault
            .store
            .all(sql, [], |row| row.get(0).map(ConversationId))?;
        for id in left {
            match self.make_ready(id).await {
                // Who has no device, or no account any more, says nothing.
                Ok(_) | Err(Failure::Refused(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    fn position(&self) -> Result<u64, Failure> {
        let position = self
            .vault
            .store
            .first("SELECT position FROM own", [], |row| row.get(0))?;
        Ok(position.unwrap_or(0))
    }

    /// Takes in a letter, and what was kept because it came before this one. Answers how many texts are new.
    async fn take(&self, letter: &Letter) -> Result<usize, Failure> {
        let taken = self.take_one(letter, false).await?;
        let mut texts = usize::from(taken == Taken::Text);
        let has_moved = match taken {
            Taken::Early => self.catch_up(letter).await?,
            Taken::Text | Taken::Nothing => letter.kind != LetterKind::Message,
        };
        if !has_moved {
            return Ok(texts);
        }
        // The group has gone on: what was too early may open now.
        let sql = "SELECT letter FROM early WHERE conversation = ?1 ORDER BY number";
        let early = self
            .vault
            .store
            .all(sql, [letter.conversation.0], |row| row.get::<_, String>(0))?;
        for early in early {
            let early: Letter = serde_json::from_str(&early).map_err(Fault::Row)?;
            texts += usize::from(self.take_one(&early, true).await? == Taken::Text);
        }
        Ok(texts)
    }

    /// Takes in one letter.
    async fn take_one(&self, letter: &Letter, is_early: bool) -> Result<Taken, Failure> {
        let (mut asked, mut weighed) = (BTreeSet::new(), Weighed::new());
        loop {
            let taken = self.vault.store.attempt(|tx| {
                let taken = self.open(tx, letter, &weighed)?;
                if is_early && taken != Taken::Early {
                    tx.execute("DELETE FROM early WHERE number = ?1", [letter.number])?;
                }
                pass(tx, letter)?;
                Ok(taken)
            });
            let hitch = match taken {
                Ok(taken) => return Ok(taken),
                Err(hitch) => hitch,
            };
            let is_forgotten = matches!(hitch, Hitch::Forgotten);
            let is_fault_of_somebody = match hitch {
                Hitch::Unweighed(account) => {
                    weighed.insert(account, self.is_followed(account).await?);
                    continue;
                }
                Hitch::Chain(account) if asked.insert(account) => match self.ask_chain(account).await {
                    Ok(_) if letter.kind == LetterKind::Welcome => {
                        self.ask_chains_of_room(letter.conversation).await?;
                        continue;
                    }
                    Ok(_) => continue,
                    // Their chain does not hold, or they are gone.
                    Err(Failure::Mistrusted(_) | Failure::Refused(_)) => true,
                    Err(failure) => return Err(failure),
                },
                Hitch::Chain(_) | Hitch::Unopened => true,
                Hitch::Late => !is_early,
                Hitch::Useless | Hitch::Forgotten => false,
                Hitch::Failure(failure) => return Err(failure),
            };
            return self.vault.store.change(|tx| {
                if is_fault_of_somebody {
                    let of = (Some(letter.sender), Some(letter.conversation));
                    alarm::raise(tx, Kind::Unopened, of.0, of.1)?;
                }
                if (is_fault_of_somebody || is_forgotten) && letter.kind == LetterKind::Commit {
                    leave_behind(tx, letter)?;
                }
                tx.execute("DELETE FROM early WHERE number = ?1", [letter.number])?;
                pass(tx, letter)?;
                Ok(Taken::Nothing)
            });
        }
    }

    /// Asks for what all those have said of their devices who are said to be in a room: so that its group is not looked at once for each
    /// of them. Who is in it, the group itself says.
    async fn ask_chains_of_room(&self, id: ConversationId) -> Result<(), Failure> {
        if !id.is_of_room() {
            return Ok(());
        }
        let ask = Ask::get(format!("/api/tertulia/v1/conversations/{id}")).with("generation", u32::MAX);
        let found: entity::Conversation = match self.client.read(ask).await {
            Ok(found) => found,
            Err(Failure::Refused(_)) => return Ok(()),
            Err(failure) => return Err(failure),
        };
        for account in found.people {
            match self.fresh_chain(account, true).await {
                Err(failure) if failure.is_unreachable() => return Err(failure),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Reads the commits that a letter was written behind, from the conversation's home: their copies in the mailbox come later, or have
    /// gone. Answers whether there were any.
    async fn catch_up(&self, letter: &Letter) -> Result<bool, Failure> {
        let id = letter.conversation;
        let group = self.vault.store.change(|tx| group::current(tx, id))?;
        let at = group.filter(Conversation::is_in).map(|group| group.epoch());
        let Some(from) = at.filter(|at| at.generation == letter.generation) else {
            return Ok(false);
        };
        let ask = Ask::get(format!("/api/tertulia/v1/conversations/{id}"))
            .with("generation", from.generation)
            .with("epoch", from.number);
        let found: entity::Conversation = match self.client.read(ask).await {
            Ok(found) => found,
            Err(Failure::Refused(_)) => return Ok(false),
            Err(failure) => return Err(failure),
        };
        if group::is_left_behind(from, found.now.into()) {
            self.vault
                .store
                .change(|tx| group::leave(tx, id, from.generation))?;
            return Ok(false);
        }
        let mut has_moved = false;
        let commits = found.commits.into_iter();
        for commit in commits.filter(|commit| commit.at.generation == from.generation) {
            let commit = Letter {
                kind: LetterKind::Commit,
                epoch: commit.at.epoch,
                body: commit.commit,
                // It is no letter of the mailbox: the place there stays.
                number: 0,
                ..letter.clone()
            };
            self.take_one(&commit, false).await?;
            has_moved = true;
        }
        Ok(has_moved)
    }

    /// Takes in a message that somebody has brought directly. Answers how many texts are new; nothing if it is not kept, and comes by the
    /// mailbox. Nothing is asked for it, and nobody is told: anybody may have brought it.
    pub(crate) fn take_directly(&self, letter: &Letter) -> Option<usize> {
        let taken = self.vault.store.attempt(|tx| {
            let id = letter.conversation;
            // The signature that it came is none of a stranger's business.
            if group::generation(tx, id)? == 0 || people::asker(tx, id)?.is_some() {
                return Err(Hitch::Useless);
            }
            let taken = self.open(tx, letter, &Weighed::new())?;
            note_taken(tx, letter)?;
            Ok(usize::from(taken == Taken::Text))
        });
        taken.ok()
    }

    fn open(&self, tx: &Transaction<'_>, letter: &Letter, weighed: &Weighed) -> Result<Taken, Hitch> {
        if is_taken(tx, letter)? {
            return Ok(Taken::Nothing);
        }
        // Nobody else has anything to say in a conversation of two.
        let is_of_its_two = letter.conversation == ConversationId::of_two(self.me, letter.sender);
        if !letter.conversation.is_of_room() && !is_of_its_two && letter.sender != self.me {
            return Err(Hitch::Useless);
        }
        if letter.kind == LetterKind::Welcome {
            return self.join(tx, letter, weighed);
        }
        let id = letter.conversation;
        let has_entered = letter.generation <= group::generation(tx, id)?;
        let group = Conversation::load(&keys(tx), id, letter.generation)?;
        let Some(mut group) = group.filter(|_| has_entered) else {
            if letter.kind == LetterKind::Commit && group::own_commit(tx, self.me, id, &letter.body.0)? {
                return Ok(Taken::Nothing);
            }
            // The welcome may come later, unless this group has been left behind.
            return match (has_entered, letter.kind) {
                (true, LetterKind::Message) if letter.sender != self.me => Err(Hitch::Unopened),
                (true, _) => Err(Hitch::Useless),
                (false, _) => keep_early(tx, letter),
            };
        };
        let opened = group.open(&keys(tx), &letter.body.0, &group::devices(tx));
        let message = match opened {
            Ok(Opened::Message { account, payload, .. }) => (account, payload),
            // What changes a group comes from its conversation's home.
            Ok(Opened::Changed { .. }) if letter.kind != LetterKind::Commit => return Err(Hitch::Unopened),
            Ok(Opened::Changed { by, added, epoch, .. }) => {
                group::enter(tx, id, epoch.generation)?;
                let there = group::accounts_by(tx, &group, by, letter)?;
                people::follow(tx, self.me, id, by.0, &there)?;
                group::shut_out_soon(tx, &group, &added)?;
                return Ok(Taken::Nothing);
            }
            Ok(Opened::TooEarly { .. }) => return keep_early(tx, letter),
            Ok(Opened::Own) => {
                let is_known =
                    letter.kind == LetterKind::Message || group::own_commit(tx, self.me, id, &letter.body.0)?;
                return is_known.then_some(Taken::Nothing).ok_or(Hitch::Forgotten);
            }
            Ok(Opened::Repeat) => return Err(Hitch::Useless),
            Ok(Opened::TooLate) if letter.kind == LetterKind::Commit => return Err(Hitch::Useless),
            Ok(Opened::TooLate) => return Err(Hitch::Late),
            Err(OpenError::Skipped) => return Err(Hitch::Unopened),
            Err(OpenError::Stranger(
                Stranger::Unknown { account, .. } | Stranger::NotLive { account, .. },
            )) => return Err(Hitch::Chain(account)),
            Err(OpenError::Gone) => return Err(Hitch::Useless),
            Err(OpenError::Fault(fault)) => return Err(fault.into()),
            Err(
                OpenError::Unreadable
                | OpenError::OtherGroup
                | OpenError::Forged(_)
                | OpenError::Stranger(Stranger::Unnamed)
                | OpenError::NotSpoken,
            ) => return Err(Hitch::Unopened),
        };
        let people = group.members().into_iter().map(|(account, _)| account).collect();
        self.hear(tx, id, &people, message)
    }

    /// Goes into a group, if it is one of the people whose conversation it says to be.
    fn join(&self, tx: &Transaction<'_>, letter: &Letter, weighed: &Weighed) -> Result<Taken, Hitch> {
        let (id, generation) = (letter.conversation, letter.generation);
        let known = group::generation(tx, id)?;
        let is_used = match group::current(tx, id)?.filter(|_| generation == known) {
            // This person was put out, or has left, and is let in once more.
            Some(group) if !group.is_in() || (id.is_of_room() && !people::is_in(tx, id)?) => {
                group.delete(&keys(tx))?;
                false
            }
            Some(_) => true,
            None => false,
        };
        if generation < known || is_used {
            return Err(Hitch::Useless);
        }
        // Who is let into a group has not begun it: another beginning was faster than this device's own.
        group::drop_beginning(tx, self.me, id, generation)?;
        let joined = Conversation::join(&keys(tx), &letter.body.0, id, generation, &group::devices(tx));
        let (group, by) = match joined {
            Ok(joined) => (joined.conversation, joined.by),
            Err(JoinError::NoPackage | JoinError::AlreadyIn) => return Err(Hitch::Useless),
            Err(JoinError::Stranger(
                Stranger::Unknown { account, .. } | Stranger::NotLive { account, .. },
            )) => return Err(Hitch::Chain(account)),
            Err(JoinError::Fault(fault)) => return Err(fault.into()),
            Err(
                JoinError::Unreadable
                | JoinError::OtherGroup
                | JoinError::Forged(_)
                | JoinError::Stranger(Stranger::Unnamed),
            ) => return Err(Hitch::Unopened),
        };
        let is_kept = match id.is_of_room() {
            true => people::is_in(tx, id)?,
            false => people::is_kept(tx, id)?,
        };
        let asked_by = match is_kept || by.0 == self.me || people::knows(tx, self.me, by.0)? {
            true => None,
            false => match weighed.get(&by.0) {
                Some(is_followed) => Some(by.0).filter(|_| !is_followed),
                None => return Err(Hitch::Unweighed(by.0)),
            },
        };
        if id.is_of_room() {
            self.enter_room(tx, (&group, letter), (by, asked_by))?;
        } else {
            let there = group::accounts(&group).into_iter();
            let others: Vec<AccountId> = there.filter(|account| *account != self.me).collect();
            match others[..] {
                [other] if id == ConversationId::of_two(self.me, other) => {
                    people::remember(tx, self.me, other, asked_by)?
                }
                _ => return Err(Hitch::Unopened),
            };
        }
        group::enter(tx, id, generation)?;
        group::shut_out_soon(tx, &group, &group.members())?;
        Ok(Taken::Nothing)
    }

    /// Goes into a room's group. Into a room that this person is in only those let them who are in it too.
    fn enter_room(
        &self,
        tx: &Transaction<'_>,
        (group, letter): (&Conversation, &Letter),
        (by, asked_by): ((AccountId, DeviceId), Option<AccountId>),
    ) -> Result<(), Hitch> {
        let id = group.id();
        if people::is_in(tx, id)? {
            if !people::members(tx, id)?.contains(&by.0) {
                return Err(Hitch::Unopened);
            }
            let there = group::accounts_by(tx, group, by, letter)?;
            people::follow(tx, self.me, id, by.0, &there)?;
            return Ok(());
        }
        if !group::could_let_in(tx, by, letter) {
            return Err(Hitch::Unopened);
        }
        people::remember_room(tx, id, None, &group::accounts(group), asked_by)?;
        if by.0 != self.me {
            people::note(tx, id, Event::Added, (by.0, Some(self.me)), "")?;
        }
        Ok(())
    }

    /// Keeps what a message says.
    fn hear(
        &self,
        tx: &Transaction<'_>,
        id: ConversationId,
        people: &BTreeSet<AccountId>,
        (sender, payload): (AccountId, Vec<u8>),
    ) -> Result<Taken, Hitch> {
        let Ok(payload) = Payload::decode(&payload) else {
            return Err(Hitch::Unopened);
        };
        chains::compare(tx, &payload.heads)?;
        if id.is_of_room() && !people::is_in(tx, id)? {
            return Ok(Taken::Nothing);
        }
        match payload.content {
            Content::Text { text, reply_to } => {
                let sent_ms = i64::try_from(payload.sent_ms).unwrap_or(i64::MAX);
                let is_own = sender == self.me;
                if is_own {
                    people::agree(tx, id)?;
                } else if requests::is_full(tx, id)? {
                    return Ok(Taken::Nothing);
                }
                let sql = "INSERT OR IGNORE INTO message (conversation, id, sender, sent_ms, text, reply_to, is_read)
                           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
                let reply_to = reply_to.map(|message| message.0);
                let row = (id.0, payload.id.0, sender.get(), sent_ms, text, reply_to, is_own);
                if tx.execute(sql, row)? == 0 {
                    return Ok(Taken::Nothing);
                }
                if is_own {
                    // Said on another device of the person: their own home has it, as the others' homes have, or will soon.
                    let sql = "INSERT OR IGNORE INTO progress (conversation, message, account, state) VALUES (?1, ?2, ?3, ?4)";
                    for other in people.iter().filter(|account| **account != self.me) {
                        tx.execute(sql, (id.0, payload.id.0, other.get(), State::AtHome as u8))?;
                    }
                } else {
                    let sql =
                        "INSERT OR IGNORE INTO receipt (conversation, message, is_read) VALUES (?1, ?2, 0)";
                    tx.execute(sql, (id.0, payload.id.0))?;
                }
                Ok(Taken::Text)
            }
            Content::Receipt { kind, of } => {
                let state = match kind {
                    Receipt::Delivered => State::Delivered,
                    Receipt::Read => State::Read,
                    Receipt::Unknown => return Ok(Taken::Nothing),
                };
                if sender == self.me {
                    // Only who has agreed on another device sends receipts there.
                    people::agree(tx, id)?;
                    settle_receipts(tx, id, state, &of)?;
                    return Ok(Taken::Nothing);
                }
                for message in of {
                    advance(tx, (id, message, sender.get()), state, None)?;
                }
                Ok(Taken::Nothing)
            }
            Content::RoomName { name } if id.is_of_room() => {
                people::rename(tx, id, sender, &name)?;
                Ok(Taken::Nothing)
            }
            Content::Left if id.is_of_room() => {
                people::part(tx, self.me, id, (Event::Left, sender, sender))?;
                if sender != self.me {
                    let due_ms = now().unix_ms + rand::rng().random_range(0..group::PUT_OUT_MS);
                    people::wish(tx, id, sender, false, due_ms)?;
                }
                Ok(Taken::Nothing)
            }
            Content::Typing
            | Content::RoomName { .. }
            | Content::Left
            | Content::Contacts { .. }
            | Content::Unknown => Ok(Taken::Nothing),
        }
    }
}

/// What a letter has brought.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// Something new to read.
    Text,
    /// Nothing that a person reads.
    Nothing,
    /// It came before what it needs, and is kept.
    Early,
}

/// A commit that counts and cannot be followed: this device is out of the group, and begins another one when it has something to
/// say. A copy in the mailbox may be a bad one; what the conversation's home itself hands out is the commit.
fn leave_behind(tx: &Transaction<'_>, letter: &Letter) -> Result<(), Failure> {
    let is_from_home = letter.number == 0;
    let group = Conversation::load(&keys(tx), letter.conversation, letter.generation)?;
    match group.filter(|group| is_from_home && group.epoch() == letter.at()) {
        Some(group) => Ok(group.delete(&keys(tx))?),
        None => Ok(()),
    }
}

/// Another device of the person has told the senders of messages already: that it was read there, it was read here too.
fn settle_receipts(
    tx: &Transaction<'_>,
    id: ConversationId,
    state: State,
    of: &[MessageId],
) -> Result<(), Failure> {
    let is_read = state == State::Read;
    for message in of {
        let sql = "DELETE FROM receipt WHERE conversation = ?1 AND message = ?2 AND is_read <= ?3";
        tx.execute(sql, (id.0, message.0, is_read))?;
        if is_read {
            let sql = "UPDATE message SET is_read = 1 WHERE conversation = ?1 AND id = ?2";
            tx.execute(sql, (id.0, message.0))?;
        }
    }
    Ok(())
}

/// What a home says to a device that another one of the person has shut out.
fn shut_out(failure: Failure) -> Failure {
    let is_shut_out =
        matches!(&failure, Failure::Refused(refusal) if refusal.code.as_deref() == Some("no_device"));
    if is_shut_out {
        Misuse::ShutOut.into()
    } else {
        failure
    }
}

fn keep_early(tx: &Transaction<'_>, letter: &Letter) -> Result<Taken, Hitch> {
    if letter.number == 0 {
        return Err(Hitch::Useless);
    }
    let json = serde_json::to_string(letter).map_err(Fault::Row)?;
    let sql = "INSERT OR IGNORE INTO early (number, conversation, letter) VALUES (?1, ?2, ?3)";
    tx.execute(sql, (letter.number, letter.conversation.0, json))?;
    let oldest = "DELETE FROM early WHERE number IN (SELECT number FROM early ORDER BY number DESC LIMIT -1 OFFSET ?1)";
    tx.execute(oldest, [EARLY_MAX])?;
    Ok(Taken::Early)
}

/// The mailbox has been read up to there.
fn pass(tx: &Transaction<'_>, letter: &Letter) -> rusqlite::Result<usize> {
    tx.execute("UPDATE own SET position = max(position, ?1)", [letter.number])
}
