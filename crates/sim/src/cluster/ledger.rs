//! What people asked for and were told: the truth that the cluster is held against.
//!
//! Each entry has the *moments* (numbers that grow) at which something was asked and answered, so that it can be said what came before what. What was asked and
//! never answered is *open*: it may have happened, or may yet happen while somebody still carries it.

use std::collections::BTreeMap;

use tertulia_state::session::{Actor, SecretHash};
use tertulia_types::{AccountId, DweetId};

/// A point in the order of what people asked and were told. 0 is before all others.
pub type Moment = u64;

/// What became of something that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// No answer yet, or never one.
    Open,
    /// It was done, and the answer came at this moment.
    Done(Moment),
    /// It was refused.
    Refused,
}

impl Fate {
    /// Whether it was answered that it was done, before this moment.
    #[must_use]
    pub fn is_done_before(self, moment: Moment) -> bool {
        matches!(self, Self::Done(done) if done < moment)
    }

    /// Whether it was answered that it was done.
    #[must_use]
    pub fn is_done(self) -> bool {
        matches!(self, Self::Done(_))
    }
}

/// Somebody's wish to have a nick.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The nick.
    pub nick: String,
    /// What became of it.
    pub fate: Fate,
    /// The account, if it was answered.
    pub account: Option<AccountId>,
}

/// A dweet, by its text: each has one of its own.
#[derive(Clone, Debug)]
pub struct Dweet {
    /// Who wrote it.
    pub author: AccountId,
    /// When it was asked for.
    pub asked: Moment,
    /// What became of it.
    pub fate: Fate,
    /// Its id, if it was answered.
    pub id: Option<DweetId>,
    /// Whether somebody asked for its end, and what became of that.
    pub deletion: Option<Fate>,
}

/// A redweet.
#[derive(Clone, Debug)]
pub struct Redweet {
    /// Who redweeted.
    pub by: AccountId,
    /// Which dweet.
    pub original: DweetId,
    /// What became of it.
    pub fate: Fate,
}

/// Whether one person follows another.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// Whether it is wanted that they do.
    pub follows: bool,
    /// When that was asked for.
    pub asked: Moment,
    /// What became of the last wish.
    pub fate: Fate,
    /// An earlier wish was open when this one was asked, so either may be carried out last.
    pub is_muddled: bool,
}

/// A session.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// Whose.
    pub account: AccountId,
    /// What became of its end, if somebody asked for it.
    pub end: Option<Fate>,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Ledger {
    last: Moment,
    /// Who wanted which nick.
    pub registrations: Vec<Registration>,
    /// Dweets by their text.
    pub dweets: BTreeMap<String, Dweet>,
    /// Redweets.
    pub redweets: Vec<Redweet>,
    /// Edges by follower and author.
    pub edges: BTreeMap<(AccountId, AccountId), Edge>,
    /// Sessions by their hash.
    pub sessions: BTreeMap<[u8; 32], Session>,
    /// A session of each account that nobody ends: for looking at it at the end.
    pub actors: BTreeMap<AccountId, Actor>,
    /// Each id that was ever given, and what for.
    pub ids: BTreeMap<i64, String>,
    /// Ids that were given twice, and what for.
    pub repeated: Vec<(i64, String, String)>,
    /// What was asked that writes, and how many of these were answered, refused, left open.
    pub writes: Writes,
    /// Reads that were answered.
    pub reads: u64,
}

/// How many writes came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Writes {
    /// Answered as done.
    pub acknowledged: u64,
    /// Refused.
    pub refused: u64,
    /// Never answered.
    pub unknown: u64,
}

impl Ledger {
    /// The next moment.
    pub fn moment(&mut self) -> Moment {
        self.last += 1;
        self.last
    }

    /// An id was given to something.
    pub fn note_id(&mut self, id: i64, what: String) {
        match self.ids.get(&id) {
            Some(known) if *known != what => self.repeated.push((id, known.clone(), what)),
            Some(_) => {}
            None => drop(self.ids.insert(id, what)),
        }
    }

    /// A session was opened.
    pub fn note_session(&mut self, account: AccountId, hash: SecretHash) {
        self.sessions.insert(hash.0, Session { account, end: None });
    }
}
