//! What is to be said: kept first, then sealed, then handed in until each home has it.
//!
//! **Invariant:** nothing is sent that is not on disk: the ratchet's step and the bytes that it made are one transaction, and a repeat
//! sends the same bytes.
//! **Invariant:** what is said stays here until every recipient's home has taken or refused it. What was written for other devices than a
//! recipient has by then is not taken, and sealed once more.

use crate::ask::Ask;
use crate::failure::{Failure, Fault, Misuse};
use crate::message::direct::letter::Handed;
use crate::message::draft::Draft;
use crate::message::group::{self, Readiness};
use crate::message::people::Event;
use crate::message::progress::{State, advance, expect};
use crate::message::vault::keys;
use crate::message::{Messenger, chains, draft, own, people, verify};
use crate::moment::moment;
use crate::time::now;
use rand::RngExt;
use rand::seq::SliceRandom;
use rusqlite::Transaction;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tertulia_crypto::payload::{Content, HEADS_MAX, Payload, Receipt};
use tertulia_types::entity::{Base64, Deposited};
use tertulia_types::{AccountId, ConversationId, MessageId};

/// Between two tries: from the first value, doubled each time, up to the second.
const BACK_OFF_MS: (i64, i64) = (1_000, 3_600_000);
/// Letters that are handed in by one look.
const LETTERS_MAX: usize = 500;
/// How many commits may have overtaken a letter that is handed in: recipients keep the keys of four epochs.
const EPOCHS_BEHIND_MAX: u64 = 2;
/// How often what turns out to be for other devices is sealed anew at once.
const ROUNDS_MAX: usize = 3;
/// After how long it is tried again to let somebody in.
const WISH_PAUSE_MS: i64 = 60_000;
/// To how many people at once a letter is brought directly, if where they are is not known yet.
const LOOKED_FOR_MAX: usize = 8;
/// For how long a letter waits at home: 30 days.
pub(crate) const KEPT_AT_HOME_MS: i64 = 30 * 24 * 3_600_000;
/// Receipts in one message.
const RECEIPTS_MAX: usize = 200;

/// What was tried, and what still waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Letters that homes have taken, or all devices of a recipient.
    pub taken: usize,
    /// Letters that some home has yet to take, or that cannot be sealed yet.
    pub waiting: usize,
}

/// A letter that waits to be handed in.
struct Sealed {
    seq: i64,
    letter: MessageId,
    conversation: ConversationId,
    generation: u32,
    epoch: u64,
    /// The text that it brings, if it brings one.
    message: Option<MessageId>,
    body: Vec<u8>,
}

impl Sealed {
    /// As it is brought to a device, by the device of `sender`.
    fn handed(&self, sender: AccountId, devices: u32) -> Handed {
        Handed {
            id: self.letter,
            conversation: self.conversation,
            generation: self.generation,
            epoch: self.epoch,
            sender,
            devices,
            body: Base64(self.body.clone()),
        }
    }
}

/// What came of handing in.
#[derive(Clone, Copy, Default)]
struct HandedIn {
    /// Letters that homes have taken.
    taken: usize,
    /// Whether something has to be sealed anew.
    is_any_anew: bool,
}

impl Messenger<'_> {
    /// Keeps something that is said in a conversation: it is sent by [`Messenger::push`]. What comes with it is one transaction.
    pub(crate) fn say(
        &self,
        id: ConversationId,
        content: Content,
        more: impl FnOnce(&Transaction<'_>) -> Result<(), Failure>,
    ) -> Result<MessageId, Failure> {
        let payload = draft::payload(content);
        // What does not fit is refused before it is kept.
        payload.encode()?;
        self.vault.store.change(|tx| {
            if id.is_of_room() && !people::is_in(tx, id)? {
                return Err(Misuse::NotInRoom.into());
            }
            if let Content::Text { text, .. } = &payload.content {
                let sql = "INSERT INTO message (conversation, id, sender, sent_ms, text, is_read)
                           VALUES (?1, ?2, ?3, ?4, ?5, 1)";
                let row = (id.0, payload.id.0, self.me.get(), now().unix_ms, text);
                tx.execute(sql, row)?;
                expect(tx, self.me, id, payload.id, people::wanted(tx, self.me, id)?)?;
                // Who answers has agreed.
                people::agree(tx, id)?;
            }
            draft::keep(tx, id, &payload)?;
            more(tx)
        })?;
        moment("said");
        Ok(payload.id)
    }

    /// Seals what waits to be sealed, and hands in what waits to be handed in and is due. When no machine answers, it does what can be
    /// done without.
    pub async fn push(&self) -> Result<Pushed, Failure> {
        match self.push_by_homes().await {
            Err(failure) if failure.is_unreachable() => {
                self.push_directly().await?;
                Err(failure)
            }
            pushed => pushed,
        }
    }

    /// While no machine answers: brings what waits to those whose devices can be dialled, in the groups that there are.
    pub(crate) async fn push_directly(&self) -> Result<(), Failure> {
        self.vault.store.change(write_receipts)?;
        let sql = "SELECT DISTINCT conversation FROM draft";
        let waiting = self
            .vault
            .store
            .all(sql, [], |row| row.get(0).map(ConversationId))?;
        for id in waiting {
            if self.can_give(id)? {
                self.seal(id)?;
            }
        }
        // What a home is not to be asked for yet may be given all the same.
        for sealed in self.due(i64::MAX)? {
            if !self.vault.store.change(|tx| seal_anew_if_late(tx, &sealed))? {
                let addressees = self.addressees(&sealed, i64::MAX)?;
                self.give_one(&sealed, addressees).await?;
            }
        }
        Ok(())
    }

    async fn push_by_homes(&self) -> Result<Pushed, Failure> {
        self.vault.store.change(write_receipts)?;
        let (mut taken, mut mistrusted) = (0, None);
        for _ in 0..ROUNDS_MAX {
            mistrusted = self.seal_drafts().await?;
            moment("sealed");
            let handed_in = self.hand_in().await?;
            taken += handed_in.taken;
            if !handed_in.is_any_anew {
                break;
            }
        }
        if let Some(account) = mistrusted {
            return Err(Failure::Mistrusted(account));
        }
        let sql = "SELECT (SELECT count(*) FROM draft) + (SELECT count(*) FROM sealed)";
        let waiting = self.vault.store.first(sql, [], |row| row.get(0))?;
        Ok(Pushed {
            taken,
            waiting: waiting.unwrap_or(0),
        })
    }

    /// Answers whose chain does not hold, if somebody's does not: what is said to them waits, and keeps nothing else back.
    async fn seal_drafts(&self) -> Result<Option<AccountId>, Failure> {
        let (now_ms, mut mistrusted) = (now().unix_ms, None);
        let sql = "SELECT conversation FROM draft UNION SELECT conversation FROM wish WHERE due_ms <= ?1
                   UNION SELECT id FROM conversation WHERE renew_ms <= ?1";
        let waiting = self
            .vault
            .store
            .all(sql, [now_ms], |row| row.get(0).map(ConversationId))?;
        for id in waiting {
            match self.make_ready(id).await {
                Ok(Readiness::Ready) => self.seal(id)?,
                Ok(Readiness::NoDevice | Readiness::Busy) => {}
                Ok(Readiness::Out) => {
                    // What was said before, the leave-taking too, goes while this device is in the group.
                    self.seal(id)?;
                    self.vault.store.change(|tx| give_up(tx, id, "not_found"))?;
                }
                Err(Failure::Refused(refusal)) if is_final(refusal.code.as_deref()) => {
                    let why = refusal.code.unwrap_or_default();
                    self.vault.store.change(|tx| {
                        if id.is_of_room() {
                            people::part(tx, self.me, id, (Event::Removed, self.me, self.me))?;
                        }
                        give_up(tx, id, &why)
                    })?;
                }
                Err(Failure::Mistrusted(account)) => mistrusted = Some(account),
                Err(failure) => return Err(failure),
            }
            self.vault.store.change(|tx| {
                if let Some(group) = group::current(tx, id)? {
                    people::fulfil(tx, id, &group::accounts(&group))?;
                }
                // Who could not be let in now is tried again later.
                let sql = "UPDATE wish SET due_ms = ?2 + ?3 WHERE conversation = ?1 AND due_ms <= ?2";
                tx.execute(sql, (id.0, now_ms, WISH_PAUSE_MS))?;
                let sql = "UPDATE conversation SET renew_ms = NULL WHERE id = ?1 AND renew_ms <= ?2";
                tx.execute(sql, (id.0, now_ms))?;
                Ok(())
            })?;
        }
        Ok(mistrusted)
    }

    /// Seals what waits for a conversation, in its order.
    fn seal(&self, id: ConversationId) -> Result<(), Failure> {
        let device = self.device()?;
        self.vault.store.change(|tx| {
            let group = group::writable(tx, id)?;
            let Some(mut group) = group.filter(|group| !group.is_changing()) else {
                return Ok(());
            };
            let members = group.members().into_iter();
            let others = members.filter(|(_, member)| *member != device.id());
            let accounts: BTreeSet<AccountId> = others.map(|(account, _)| account).collect();
            if accounts.is_empty() {
                return Ok(());
            }
            for account in &accounts {
                if verify::is_held_back(tx, *account)? {
                    return Ok(());
                }
            }
            own::step(tx)?;
            let (mut heads, mut devices) = (Vec::new(), BTreeMap::new());
            let people: BTreeSet<AccountId> = accounts.iter().copied().chain([self.me]).collect();
            for account in people {
                let head = chains::head(tx, account)?;
                devices.insert(account, head.as_ref().map_or(0, |head| head.sequence + 1));
                heads.extend(head);
            }
            // In a big room each message takes some of them along.
            heads.shuffle(&mut rand::rng());
            heads.truncate(HEADS_MAX);
            for draft in draft::take(tx, id)? {
                let Draft {
                    seq,
                    whom,
                    payload: kept,
                } = draft;
                let mut payload: Payload = serde_json::from_str(&kept).map_err(Fault::Row)?;
                payload.heads.clone_from(&heads);
                let epoch = group.epoch();
                let body = group.seal(&keys(tx), &device, &payload.encode()?)?;
                let message = matches!(payload.content, Content::Text { .. }).then_some(payload.id.0);
                let sql =
                    "INSERT INTO sealed (seq, letter, conversation, generation, epoch, message, whom, payload, body)
                           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
                let (generation, number) = (epoch.generation, epoch.number);
                tx.execute(
                    sql,
                    (
                        seq,
                        draft::random(),
                        id.0,
                        generation,
                        number,
                        message,
                        whom,
                        &kept,
                        body,
                    ),
                )?;
                if message.is_some() {
                    expect(tx, self.me, id, payload.id, accounts.iter().copied())?;
                }
                // This person's other devices hear of everything.
                let concerns = |account: &&AccountId| {
                    **account == self.me || whom.is_none_or(|whom| whom == account.get())
                };
                for account in accounts.iter().filter(concerns) {
                    let sql = "INSERT INTO addressee (sealed, account, devices) VALUES (?1, ?2, ?3)";
                    tx.execute(sql, (seq, account.get(), devices.get(account)))?;
                }
            }
            Ok(())
        })
    }

    /// The letters that are to be handed in by then.
    fn due(&self, by_ms: i64) -> Result<Vec<Sealed>, Failure> {
        let sql = "SELECT seq, letter, conversation, generation, epoch, message, body FROM sealed
                   WHERE seq IN (SELECT sealed FROM addressee WHERE next_ms <= ?1) ORDER BY seq LIMIT ?2";
        self.vault.store.all(sql, (by_ms, LETTERS_MAX), |row| {
            Ok(Sealed {
                seq: row.get(0)?,
                letter: MessageId(row.get(1)?),
                conversation: ConversationId(row.get(2)?),
                generation: row.get(3)?,
                epoch: row.get(4)?,
                message: row.get::<_, Option<[u8; 16]>>(5)?.map(MessageId),
                body: row.get(6)?,
            })
        })
    }

    /// Hands in what is due.
    async fn hand_in(&self) -> Result<HandedIn, Failure> {
        let mut all = HandedIn::default();
        let due = self.due(now().unix_ms)?;
        if due.is_empty() {
            return Ok(all);
        }
        if !self.tell_step().await? {
            all.is_any_anew = true;
            return Ok(all);
        }
        for sealed in due {
            let one = self.hand_in_one(sealed).await?;
            all.taken += one.taken;
            all.is_any_anew |= one.is_any_anew;
        }
        Ok(all)
    }

    async fn hand_in_one(&self, sealed: Sealed) -> Result<HandedIn, Failure> {
        if self.vault.store.change(|tx| seal_anew_if_late(tx, &sealed))? {
            return Ok(HandedIn {
                taken: 0,
                is_any_anew: true,
            });
        }
        let addressees = self.addressees(&sealed, now().unix_ms)?;
        // In a big room nobody is looked for: most would have to be asked for in vain, each at their home.
        for (account, _) in addressees.iter().filter(|_| addressees.len() <= LOOKED_FOR_MAX) {
            self.find_devices(*account).await?;
        }
        let (given, addressees) = self.give_one(&sealed, addressees).await?;
        if addressees.is_empty() {
            return Ok(HandedIn {
                taken: given,
                is_any_anew: false,
            });
        }
        let recipients: Vec<Value> = addressees
            .iter()
            .map(|(account, devices)| json!({ "account": account.to_string(), "devices": devices }))
            .collect();
        let body = json!({
            "id": sealed.letter, "conversation": sealed.conversation, "generation": sealed.generation,
            "epoch": sealed.epoch, "recipients": recipients, "body": Base64(sealed.body.clone()),
        });
        let ask = Ask::post("/api/tertulia/v1/messages", body);
        let (answers, failure) = match self.client.read::<Vec<Deposited>>(ask).await {
            Ok(answers) => (answers, None),
            Err(failure) => (Vec::new(), Some(failure)),
        };
        moment("handed-in");
        let accounts: Vec<i64> = addressees.into_iter().map(|(account, _)| account.get()).collect();
        let mut handed_in = self
            .vault
            .store
            .change(|tx| note(tx, &sealed, &accounts, &answers))?;
        moment("noted");
        handed_in.taken += given;
        failure.map_or(Ok(handed_in), Err)
    }

    /// Who is still to get a letter, by then.
    fn addressees(&self, sealed: &Sealed, by_ms: i64) -> Result<Vec<(AccountId, u32)>, Failure> {
        // Nothing overtakes what was said before to the same person.
        let sql = "SELECT account, devices FROM addressee WHERE sealed = ?1 AND next_ms <= ?2 AND NOT EXISTS (
                     SELECT 1 FROM addressee AS earlier JOIN sealed ON sealed.seq = earlier.sealed
                     WHERE earlier.account = addressee.account AND earlier.sealed < ?1 AND sealed.conversation = ?3)";
        let due = (sealed.seq, by_ms, sealed.conversation.0);
        let found = self
            .vault
            .store
            .all(sql, due, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let addressees = found.into_iter();
        let known =
            addressees.filter_map(|(account, devices)| Some((AccountId::from_number(account)?, devices)));
        Ok(known.collect())
    }

    /// Learns where somebody's devices can be reached, and which these are: nothing is brought to one that was revoked.
    async fn find_devices(&self, account: AccountId) -> Result<(), Failure> {
        match self.fresh_chain(account, false).await {
            Ok(_) => self.ask_presence(account).await,
            Err(failure @ Failure::Local(_)) => Err(failure),
            Err(_) => Ok(()),
        }
    }

    /// Brings a letter to devices directly. Answers to how many people, and whose homes are still to have it.
    async fn give_one(
        &self,
        sealed: &Sealed,
        addressees: Vec<(AccountId, u32)>,
    ) -> Result<(usize, Vec<(AccountId, u32)>), Failure> {
        if addressees.is_empty() {
            return Ok((0, addressees));
        }
        let mut letters = BTreeMap::new();
        for &(account, devices) in &addressees {
            if self.vault.store.change(|tx| is_in_order(tx, sealed, account))? {
                letters.insert(account, sealed.handed(self.me, devices));
            }
        }
        let kept = self.give(letters).await?;
        if !kept.is_empty() {
            self.vault.store.change(|tx| {
                for account in &kept {
                    settle(tx, sealed, account.get(), State::Delivered, None)?;
                }
                done(tx, sealed)
            })?;
        }
        let left = addressees
            .into_iter()
            .filter(|(account, _)| !kept.contains(account));
        Ok((kept.len(), left.collect()))
    }
}

/// Writes down what homes have said to a letter.
fn note(
    tx: &Transaction<'_>,
    sealed: &Sealed,
    accounts: &[i64],
    answers: &[Deposited],
) -> Result<HandedIn, Failure> {
    let mut handed_in = HandedIn::default();
    for &account in accounts {
        let answer = answers.iter().find(|answer| answer.account.get() == account);
        let code = answer.and_then(|answer| answer.code.as_deref());
        let state = match answer {
            Some(answer) if answer.number.is_some() => State::AtHome,
            Some(_) if is_final(code) => State::Refused,
            Some(_) if code == Some("stale_devices") => {
                tx.execute("UPDATE person SET checked_ms = 0 WHERE account = ?1", [account])?;
                handed_in.is_any_anew = true;
                continue;
            }
            Some(_) | None => {
                put_off(tx, sealed.seq, account)?;
                continue;
            }
        };
        handed_in.taken += usize::from(state == State::AtHome);
        settle(tx, sealed, account, state, code)?;
    }
    if handed_in.is_any_anew {
        seal_anew(tx, sealed.seq)?;
    }
    done(tx, sealed)?;
    Ok(handed_in)
}

/// Somebody is to get a letter no more: they have it, or their home has, or will never take it.
fn settle(
    tx: &Transaction<'_>,
    sealed: &Sealed,
    account: i64,
    state: State,
    why: Option<&str>,
) -> Result<(), Failure> {
    let sql = "DELETE FROM addressee WHERE sealed = ?1 AND account = ?2";
    tx.execute(sql, (sealed.seq, account))?;
    let Some(message) = sealed.message else {
        return Ok(());
    };
    if state == State::AtHome {
        let sql = "UPDATE progress SET letter = ?4 WHERE conversation = ?1 AND message = ?2 AND account = ?3";
        tx.execute(sql, (sealed.conversation.0, message.0, account, sealed.letter.0))?;
    }
    advance(tx, (sealed.conversation, message, account), state, why)
}

/// A letter that nobody is to get any more goes.
fn done(tx: &Transaction<'_>, sealed: &Sealed) -> Result<(), Failure> {
    let sql = "DELETE FROM sealed WHERE seq = ?1 AND seq NOT IN (SELECT sealed FROM addressee)";
    tx.execute(sql, [sealed.seq])?;
    Ok(())
}

/// Whether somebody has what was said to them before in the same conversation: what lies at their home may not have been fetched, and a
/// text that is brought directly would overtake it. What has lain there for longer than homes keep it counts no more.
fn is_in_order(tx: &Transaction<'_>, sealed: &Sealed, account: AccountId) -> Result<bool, Failure> {
    if sealed.message.is_none() {
        return Ok(true);
    }
    let sql = "SELECT 1 FROM progress JOIN message ON message.conversation = progress.conversation AND message.id = progress.message
               WHERE progress.conversation = ?1 AND progress.account = ?2 AND progress.state = ?3
               AND message.sent_ms > ?4";
    let since_ms = now().unix_ms - KEPT_AT_HOME_MS;
    let waiting = (
        sealed.conversation.0,
        account.get(),
        State::AtHome as u8,
        since_ms,
    );
    Ok(!tx.prepare_cached(sql)?.exists(waiting)?)
}

/// Makes drafts of what senders have yet to be told.
fn write_receipts(tx: &Transaction<'_>) -> Result<(), Failure> {
    for (is_read, kind) in [(false, Receipt::Delivered), (true, Receipt::Read)] {
        // Only their sender hears of it: in a room of fifty each word would bring two thousand letters. A stranger hears of nothing
        // before the person has agreed.
        let sql = "SELECT DISTINCT receipt.conversation, message.sender FROM receipt
                   JOIN message ON message.conversation = receipt.conversation AND message.id = receipt.message
                   JOIN conversation ON conversation.id = receipt.conversation
                   WHERE receipt.is_read = ?1 AND conversation.asked_by IS NULL";
        let senders = tx
            .prepare(sql)?
            .query_map([is_read], |row| {
                Ok((ConversationId(row.get(0)?), row.get::<_, i64>(1)?))
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        for (id, sender) in senders {
            let sql = "DELETE FROM receipt WHERE conversation = ?1 AND is_read = ?2
                         AND message IN (SELECT id FROM message WHERE conversation = ?1 AND sender = ?3) RETURNING message";
            let of = tx
                .prepare(sql)?
                .query_map((id.0, is_read, sender), |row| row.get(0).map(MessageId))?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            for of in of.chunks(RECEIPTS_MAX) {
                let content = Content::Receipt {
                    kind,
                    of: of.to_vec(),
                };
                draft::keep_for(tx, id, Some(sender), &draft::payload(content))?;
            }
        }
    }
    Ok(())
}

/// Nobody will ever take what waits for a conversation.
fn give_up(tx: &Transaction<'_>, id: ConversationId, why: &str) -> Result<(), Failure> {
    tx.execute("DELETE FROM draft WHERE conversation = ?1", [id.0])?;
    let sql = "UPDATE progress SET state = ?2, why = ?3 WHERE conversation = ?1 AND state = ?4";
    tx.execute(sql, (id.0, State::Refused as u8, why, State::Waiting as u8))?;
    Ok(())
}

/// What was sealed for devices that the recipients do not have any more, or do not have alone, is sealed once more. Who has got it
/// already knows it by its name. It keeps its place before what was said later.
pub(crate) fn seal_anew(tx: &Transaction<'_>, sealed: i64) -> Result<(), Failure> {
    let sql = "INSERT INTO draft (seq, conversation, whom, payload) SELECT seq, conversation, whom, payload FROM sealed WHERE seq = ?1";
    tx.execute(sql, [sealed])?;
    tx.execute("DELETE FROM sealed WHERE seq = ?1", [sealed])?;
    Ok(())
}

/// The same for what has waited here while its group went on so far that nobody keeps the keys of then.
fn seal_anew_if_late(tx: &Transaction<'_>, sealed: &Sealed) -> Result<bool, Failure> {
    let epoch = group::current(tx, sealed.conversation)?.map(|group| group.epoch());
    let is_late = epoch.is_some_and(|now| {
        now.generation > sealed.generation || now.number > sealed.epoch + EPOCHS_BEHIND_MAX
    });
    if is_late {
        seal_anew(tx, sealed.seq)?;
    }
    Ok(is_late)
}

/// A home has not taken a letter: it is asked again after a while, longer each time.
fn put_off(tx: &Transaction<'_>, sealed: i64, account: i64) -> Result<(), Failure> {
    let sql = "SELECT tries FROM addressee WHERE sealed = ?1 AND account = ?2";
    let tries: u32 = tx.query_row(sql, (sealed, account), |row| row.get(0))?;
    let (first_ms, last_ms) = BACK_OFF_MS;
    let pause_ms = first_ms.saturating_mul(1 << tries.min(20)).min(last_ms);
    let pause_ms = rand::rng().random_range(pause_ms / 2..=pause_ms * 3 / 2);
    let sql = "UPDATE addressee SET tries = tries + 1, next_ms = ?3 WHERE sealed = ?1 AND account = ?2";
    tx.execute(sql, (sealed, account, now().unix_ms + pause_ms))?;
    Ok(())
}

/// Whether asking again would bring the same answer.
fn is_final(code: Option<&str>) -> bool {
    matches!(code, Some("not_found" | "blocked" | "invalid" | "forbidden"))
}
