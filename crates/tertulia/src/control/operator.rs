//! What a running machine does for those who run it.

use crate::backup::Manifest;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tertulia_types::entity::Base64;
use tertulia_types::ring::{GroupId, LeaveProgress, LookupPath, RingEvent, RingStatus};
use tertulia_types::{MachineId, Nick, Role, moderation};
use tokio::sync::{broadcast, mpsc, watch};

/// A running machine, as its operator commands it.
///
/// Each answer comes within the time that [`super::Ask::patience`] grants, or not at all: what has to ask other machines
/// has shorter deadlines of its own, and says in its answer what is missing.
#[async_trait]
pub(crate) trait Operator: Send + Sync + 'static {
    /// The ring as it is now. Machines that do not answer within about a second are left out, and the answer says so.
    async fn status(&self) -> RingStatus;

    /// What happens on the ring from now on, as far as this machine hears of it.
    fn events(&self) -> broadcast::Receiver<RingEvent>;

    /// Makes a token with which other machines join, until it expires.
    async fn token(&self, wish: &TokenWish) -> Result<Invitation, Refusal>;

    /// The way from this machine to the home of a nick, whether anybody has that nick or not.
    async fn lookup(&self, nick: &Nick) -> Result<LookupPath, Refusal>;

    /// Hands over all that this machine holds, and returns when it is needed no more (J7); the process ends after that.
    /// Tells how far it is whenever that changes. Never called twice at once; called again after a refusal or a restart.
    async fn leave(&self, progress: watch::Sender<LeaveProgress>) -> Result<(), Refusal>;

    /// Whether it was about to leave when it was started: then it goes on with that.
    fn is_leaving(&self) -> bool;

    /// Removes another machine for good: returns when its key is refused here, and the ring is being told (J8).
    async fn remove(&self, machine: MachineId) -> Result<(), Refusal>;

    /// Gives somebody a role; answers the one that they had.
    async fn appoint(&self, nick: &Nick, role: moderation::Role) -> Result<moderation::Role, Refusal>;

    /// Makes new groups from the copies that this machine holds of these groups, as far as their majority is gone (V4). What
    /// only the lost machines had is lost; their copies are refused for ever. Refuses where a majority still answers.
    async fn recover(&self, groups: &BTreeSet<GroupId>) -> Result<Vec<GroupId>, Refusal>;

    /// Makes a backup of the whole ring: tells how far it is, then the manifest, and then the databases block by block, in the
    /// order of the manifest. Returns when the last block was taken. Dropped, it leaves nothing behind.
    async fn backup(&self, tell: mpsc::Sender<Piece>) -> Result<(), Refusal>;
}

/// A piece of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Piece {
    /// So much of the ring, in 65 536ths, is copied.
    Covering(u32),
    /// What is in the backup.
    Manifest(Box<Manifest>),
    /// The next block of the database that is being told.
    Block(Base64),
    /// Nothing new; it goes on.
    Waiting,
}

/// What a token is to be good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TokenWish {
    /// As what a machine may join; `None`: as whatever it likes.
    pub(crate) role: Option<Role>,
    /// For how long.
    pub(crate) valid_for_s: u64,
}

/// What a machine needs to join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Invitation {
    /// The secret, one word of printable ASCII without blanks or quotes.
    pub(crate) token: String,
    /// Peer addresses of members, this machine's own first; `host:port`.
    pub(crate) contacts: Vec<String>,
    /// When the token expires; milliseconds since 1970.
    pub(crate) expires_ms: u64,
}

/// Why a machine does not do what its operator wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{why:?}: {detail}")]
pub(crate) struct Refusal {
    /// The reason, which the terminal explains in the person's language.
    pub(crate) why: Why,
    /// What more there is to say, for those who know the machine; may be empty.
    pub(crate) detail: String,
}

impl Refusal {
    /// A refusal with nothing more to say.
    pub(crate) fn new(why: Why) -> Self {
        Self {
            why,
            detail: String::new(),
        }
    }

    /// A refusal with the words of what went wrong below.
    pub(crate) fn because(why: Why, detail: impl std::fmt::Display) -> Self {
        Self {
            why,
            detail: detail.to_string(),
        }
    }
}

/// The reasons. Their names are what scripts see as `code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Why {
    /// Too many are asking at once.
    Busy,
    /// The one who asks speaks another version.
    Version,
    /// The request makes no sense.
    Malformed,
    /// The machine is stopping.
    Stopping,
    /// It cannot be done now, but later: something that is needed does not answer.
    NotNow,
    /// The ring knows no such machine.
    UnknownMachine,
    /// The machine is this one: it leaves, it does not remove itself.
    Itself,
    /// Nobody has this nick.
    UnknownNick,
    /// A gateway gives no roles: it stores nothing.
    StoresNothing,
    /// The last machine that stores cannot leave.
    LastMachine,
    /// This machine does not hold the ring's key: a gateway admits nobody, and removes nobody.
    NoKey,
    /// Nothing is to be recovered: every group that has a copy here has its majority.
    NothingLost,
    /// Without the machine ranges would have no majority: the detail says which.
    Needed,
    /// Another machine that answers has a newer copy: the detail says which.
    NewerElsewhere,
    /// A disk or the like: the detail says what.
    Failed,
}
