//! What the person must hear of: things that honest machines and people do not do, or do rarely.

use crate::failure::Failure;
use crate::message::Messenger;
use crate::time::now;
use rusqlite::Transaction;
use serde::{Deserialize, Serialize};
use tertulia_types::entity::Timestamp;
use tertulia_types::{AccountId, ConversationId};

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Somebody has another identity than before: a new beginning of theirs, or somebody else in their place.
    NewIdentity,
    /// The same of somebody whose identity the person had verified: nothing is sent to them for now.
    OtherThanVerified,
    /// The ring shows another history of somebody's devices than was seen before, here or by others.
    OtherHistory,
    /// A letter could not be opened: it was changed on the way, or is of a group that this device has lost.
    Unopened,
    /// This computer's disk is from before: what has come and what was said since is missing on it.
    OlderDisk,
    /// What a device of somebody's has left at home to be let in with fits into no group: that device hears nothing.
    UnfitPackage,
    /// The ring knows less than this computer: it was brought back from a backup. What came to its homes since is missing there.
    OlderRing,
}

/// One thing to hear of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// What.
    pub kind: Kind,
    /// Of whom, by nick.
    pub nick: Option<String>,
    /// When it was found.
    pub at: Timestamp,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::NewIdentity => "new_identity",
            Self::OtherThanVerified => "other_than_verified",
            Self::OtherHistory => "other_history",
            Self::Unopened => "unopened",
            Self::OlderDisk => "older_disk",
            Self::UnfitPackage => "unfit_package",
            Self::OlderRing => "older_ring",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let all = [
            Self::NewIdentity,
            Self::OtherThanVerified,
            Self::OtherHistory,
            Self::Unopened,
            Self::OlderDisk,
            Self::UnfitPackage,
            Self::OlderRing,
        ];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

/// Remembers it until the person has been told.
pub(crate) fn raise(
    tx: &Transaction<'_>,
    kind: Kind,
    account: Option<AccountId>,
    conversation: Option<ConversationId>,
) -> Result<(), Failure> {
    let sql = "INSERT OR REPLACE INTO alarm (kind, account, conversation, at_ms) VALUES (?1, ?2, ?3, ?4)";
    let conversation = conversation.map(|conversation| conversation.0);
    tx.execute(
        sql,
        (
            kind.name(),
            account.map(AccountId::get),
            conversation,
            now().unix_ms,
        ),
    )?;
    Ok(())
}

impl Messenger<'_> {
    /// What the person has not heard of yet; it counts as told from now on.
    pub fn alarms(&self) -> Result<Vec<Alarm>, Failure> {
        self.vault.store.change(|tx| {
            let sql = "SELECT alarm.kind, person.nick, alarm.at_ms FROM alarm LEFT JOIN person ON person.account = alarm.account
                       ORDER BY alarm.seq";
            let mut statement = tx.prepare(sql)?;
            let rows = statement.query_map([], |row| {
                Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, i64>(2)?))
            })?;
            let found = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            tx.execute("DELETE FROM alarm", [])?;
            let alarms = found.into_iter().filter_map(|(kind, nick, at_ms)| {
                let kind = Kind::named(&kind)?;
                Some(Alarm { kind, nick, at: Timestamp::from_unix_ms(at_ms) })
            });
            Ok(alarms.collect())
        })
    }
}
