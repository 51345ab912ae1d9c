//! Conversations: which commit comes next, at the home of the conversation's name (rule M1).
//!
//! The devices of a conversation form a group whose members and keys change by commits, one after another. Who takes part, what the
//! commits say and what is written, no home can read; it keeps the order: of two commits made in the same epoch the first one counts,
//! and whoever made the other one learns of it and follows. Messages never come here.
//!
//! **Invariants**
//! - At each epoch one commit is accepted, and the same bytes are accepted again (rule M2).
//! - Only people of the conversation, as it stands, change it; only the two of whom it is begin one of two.
//! - A commit, the copies that its people get and the welcome of those who are let in are one transaction.
//!
//! A group that cannot go on is replaced by one of the next generation, which anybody of the conversation may begin: so devices that
//! have lost what they knew come back, and a commit that nobody can follow stops nobody.

use crate::errand::{self, Errand};
use crate::error::{Fault, Outcome, decode, encode};
use crate::mailbox::{Deposit, Letter};
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tertulia_types::message::{COMMIT_BYTES_MAX, LetterKind, PEOPLE_MAX};
use tertulia_types::{AccountId, ConversationId, Epoch, MessageId, Position, Rejected};

/// How long commits can be asked for: as long as letters wait.
pub const KEPT_MS: u64 = crate::mailbox::KEPT_MS;
/// Commits in one answer at most, and about how many bytes.
const PAGE_MAX: u32 = 200;
const PAGE_BYTES_MAX: usize = 2 << 20;

/// The group's counter of generations behind which a conversation begins of which nothing is known here, since a backup was restored (see `restoring`).
pub(crate) const GENERATIONS: &str = "generations";

/// Hands in a commit. That `by` has a session was asked at their home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitCommit {
    /// Who hands it in.
    pub by: AccountId,
    /// Of which conversation.
    pub conversation: ConversationId,
    /// The epoch that it ends. The first one of a generation ends the epoch 0, and begins the generation.
    pub at: Epoch,
    /// What only devices can read.
    pub commit: Vec<u8>,
    /// What lets in devices that are new; only they can read it.
    pub welcome: Option<Vec<u8>>,
    /// Whose devices these are.
    pub welcomed: Vec<AccountId>,
    /// Who is in the conversation afterwards.
    pub people: Vec<AccountId>,
}

/// What became of a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It counts.
    Accepted,
    /// Another one came first: how far the conversation is now, and the commit that counts at that epoch, if it is still there.
    Superseded {
        /// Where the conversation is.
        now: Epoch,
        /// The commit that ended the epoch.
        winner: Option<Vec<u8>>,
    },
}

impl Verb for SubmitCommit {
    type Reply = Verdict;

    fn home(&self) -> Position {
        self.conversation.home()
    }
}

impl Command for SubmitCommit {
    fn is_of_people(&self) -> bool {
        true
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Verdict> {
        self.check()?;
        let slot = self.home().slot().0;
        let standing = standing(tx, self.conversation)?;
        let is_begun = standing.is_some();
        let (now, before) = match standing {
            Some(standing) => standing,
            None => (unbegun(tx)?, Vec::new()),
        };
        let is_next = self.at == now && is_begun;
        let is_new = self.at
            == Epoch {
                generation: now.generation + 1,
                number: 0,
            };
        if is_begun && !before.contains(&self.by) {
            return Err(Rejected::NotFound.into());
        }
        if !is_next && !is_new {
            let winner = commit_at(tx, self.conversation, self.at)?;
            return Ok(match winner {
                Some(winner) if winner == self.commit => Verdict::Accepted,
                winner => Verdict::Superseded { now, winner },
            });
        }
        let next = Epoch {
            generation: self.at.generation,
            number: self.at.number + 1,
        };
        let people = encode(&self.people)?;
        let sql = "INSERT OR REPLACE INTO conversation (slot, id, generation, epoch, people) VALUES (?1, ?2, ?3, ?4, ?5)";
        tx.write(
            sql,
            (slot, self.conversation.0, next.generation, next.number, people),
        )?;
        let sql = "INSERT INTO conversation_commit (slot, conversation, generation, epoch, by_id, body, welcome, stamp_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let (at, stamp_ms) = (self.at, tx.now_ms);
        tx.write(
            sql,
            (
                slot,
                self.conversation.0,
                at.generation,
                at.number,
                self.by.get(),
                &self.commit,
                &self.welcome,
                stamp_ms,
            ),
        )?;
        let welcomed = self.welcomed.iter().filter(|_| self.welcome.is_some());
        let welcomes = welcomed.map(|account| (LetterKind::Welcome, *account));
        // Those who are not in it any more get the commit too: it tells them.
        let all: std::collections::BTreeSet<AccountId> = before.iter().chain(&self.people).copied().collect();
        let copies = all.into_iter().map(|account| (LetterKind::Commit, account));
        for (kind, account) in copies.chain(welcomes) {
            let copy = Copy {
                conversation: self.conversation,
                at,
                kind,
            };
            errand::post(
                tx,
                self.home().slot(),
                Errand::Letter,
                account.get(),
                &encode(&copy)?,
            )?;
        }
        Ok(Verdict::Accepted)
    }
}

impl SubmitCommit {
    fn check(&self) -> Outcome<()> {
        let invalid = |why: String| Err(Rejected::Invalid(why).into());
        let is_fit = |bytes: &Vec<u8>| (1..=COMMIT_BYTES_MAX).contains(&bytes.len());
        if !is_fit(&self.commit) || !self.welcome.iter().all(is_fit) {
            return invalid(format!(
                "a commit and its welcome have up to {COMMIT_BYTES_MAX} bytes each"
            ));
        }
        let (people, by) = (&self.people, self.by);
        if people.len() > PEOPLE_MAX || !people.is_sorted_by(|one, next| one < next) {
            return invalid(format!(
                "a conversation has up to {PEOPLE_MAX} people, in the order of their ids"
            ));
        }
        let is_welcomed = |account| people.binary_search(account).is_ok();
        if self.welcomed.len() > people.len() || !self.welcomed.iter().all(is_welcomed) {
            return invalid("whoever is welcomed is among the people".to_owned());
        }
        let is_of_its_two = matches!(people[..], [one, other]
            if self.conversation == ConversationId::of_two(one, other) && (by == one || by == other));
        if !self.conversation.is_of_room() && !is_of_its_two {
            return invalid("a conversation of two is of these two".to_owned());
        }
        Ok(())
    }
}

/// A letter that the home of a conversation owes somebody.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Copy {
    conversation: ConversationId,
    /// The epoch that the commit has ended.
    at: Epoch,
    kind: LetterKind,
}

pub(crate) fn parcel(view: &View<'_>, row: &errand::Waiting) -> Outcome<Option<Deposit>> {
    let copy: Copy = decode("copy of a commit", &row.object)?;
    let Copy {
        conversation,
        at,
        kind,
    } = copy;
    let sql = "SELECT by_id, CASE WHEN ?5 THEN welcome ELSE body END FROM conversation_commit
               WHERE slot = ?1 AND conversation = ?2 AND generation = ?3 AND epoch = ?4";
    let is_welcome = kind == LetterKind::Welcome;
    let key = (
        conversation.home().slot().0,
        conversation.0,
        at.generation,
        at.number,
        is_welcome,
    );
    let found = view.first(sql, key, |row| {
        Ok((
            AccountId::from_number(row.get(0)?),
            row.get::<_, Option<Vec<u8>>>(1)?,
        ))
    })?;
    let recipient = AccountId::from_number(row.subject);
    let deposit = |(sender, body, recipient)| Deposit {
        sender,
        recipient,
        devices: None,
        letter: Letter {
            kind,
            id: name(&copy),
            conversation,
            epoch: at,
            body,
        },
    };
    Ok(found.and_then(|(sender, body)| Some(deposit((sender?, body?, recipient?)))))
}

/// The name of a copy: always the same one, so that it comes once. Only homes hand in letters of these kinds.
fn name(copy: &Copy) -> MessageId {
    let Copy { conversation, at, .. } = copy;
    let hash: [u8; 32] = Sha256::digest(format!("{conversation} {} {}", at.generation, at.number)).into();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    MessageId(id)
}

/// The commits of a conversation from an epoch on, oldest first. That `by` has a session was asked at their home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commits {
    /// Who asks.
    pub by: AccountId,
    /// Of which conversation.
    pub conversation: ConversationId,
    /// The first epoch whose end is asked for.
    pub from: Epoch,
}

/// Commits of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// Where the conversation is.
    pub now: Epoch,
    /// Who is in it.
    pub people: Vec<AccountId>,
    /// The epochs that ended, and by which commit: some of them.
    pub commits: Vec<(Epoch, Vec<u8>)>,
}

impl Verb for Commits {
    /// Without people and commits while there is no such conversation.
    type Reply = Committed;

    fn home(&self) -> Position {
        self.conversation.home()
    }
}

impl Query for Commits {
    fn read(&self, view: &View<'_>) -> Outcome<Committed> {
        let Some((now, people)) = standing(view, self.conversation)? else {
            return Ok(Committed {
                now: unbegun(view)?,
                ..Committed::default()
            });
        };
        if !people.contains(&self.by) {
            return Err(Rejected::NotFound.into());
        }
        let sql = "SELECT generation, epoch, body FROM conversation_commit
                   WHERE slot = ?1 AND conversation = ?2 AND (generation, epoch) >= (?3, ?4)
                   ORDER BY generation, epoch LIMIT ?5";
        let key = (
            self.home().slot().0,
            self.conversation.0,
            self.from.generation,
            self.from.number,
            PAGE_MAX,
        );
        let (mut commits, mut bytes) = (Vec::new(), 0);
        view.each(sql, key, |row| {
            let commit: Vec<u8> = row.get(2)?;
            bytes += commit.len();
            commits.push((epoch_from(row)?, commit));
            Ok(bytes < PAGE_BYTES_MAX)
        })?;
        Ok(Committed { now, people, commits })
    }
}

/// Where a conversation is, and who is in it.
fn standing(view: &View<'_>, id: ConversationId) -> Result<Option<(Epoch, Vec<AccountId>)>, Fault> {
    let sql = "SELECT generation, epoch, people FROM conversation WHERE slot = ?1 AND id = ?2";
    let found = view.first(sql, (id.home().slot().0, id.0), |row| {
        Ok((epoch_from(row)?, row.get::<_, Vec<u8>>(2)?))
    })?;
    found
        .map(|(epoch, people)| Ok((epoch, decode("people of a conversation", &people)?)))
        .transpose()
}

/// Where a conversation is of which nothing is known here: before its first generation.
fn unbegun(view: &View<'_>) -> Result<Epoch, Fault> {
    let generation = u32::try_from(view.counter(GENERATIONS)?).unwrap_or(u32::MAX);
    Ok(Epoch {
        generation,
        number: 0,
    })
}

fn commit_at(view: &View<'_>, id: ConversationId, at: Epoch) -> Result<Option<Vec<u8>>, Fault> {
    let sql = "SELECT body FROM conversation_commit WHERE slot = ?1 AND conversation = ?2 AND generation = ?3 AND epoch = ?4";
    let key = (id.home().slot().0, id.0, at.generation, at.number);
    view.first(sql, key, |row| row.get(0))
}

fn epoch_from(row: &Row<'_>) -> rusqlite::Result<Epoch> {
    Ok(Epoch {
        generation: row.get(0)?,
        number: row.get(1)?,
    })
}
