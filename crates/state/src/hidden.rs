//! Whom nobody sees. The truth is at the home of the one who is suspended; each group of the ring has an image, so that whatever
//! it has of theirs (entries, replies, tags, notifications, redweets) is out of sight there as well, and comes back as it was.
//!
//! **Invariant:** nothing is deleted for it. What is on its way to other homes goes on; only readers do not get it.

use crate::account;
use crate::errand::{Waiting, Walked};
use crate::error::{Fault, Outcome};
use crate::tx::{Tx, View};
use crate::verb::{Command, Verb};
use serde::{Deserialize, Serialize};
use tertulia_types::{AccountId, Position, Slot};

/// Where neither an entry's author nor that of what was redweeted is hidden: a part of statements about entries. Asked one by one: for
/// a list of both SQLite would make a table of its own at each entry.
pub(crate) const NOT_HIDDEN: &str =
    "NOT EXISTS (SELECT 1 FROM hidden h WHERE h.account_id = e.author_id AND h.state = 1)
     AND NOT EXISTS (SELECT 1 FROM hidden h WHERE h.account_id = e.original_author_id AND h.state = 1)";

/// Whether nobody sees what is theirs.
pub(crate) fn is_hidden(view: &View<'_>, account: AccountId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM hidden WHERE account_id = ?1 AND state = 1";
    view.exists(sql, [account.get()])
}

/// Tells a group whether somebody is hidden: one hop of a walk to all groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetHidden {
    /// A slot of the group.
    pub slot: Slot,
    /// Who.
    pub account: AccountId,
    /// By which measure; the later one counts.
    pub version: i64,
    /// Whether they are.
    pub hidden: bool,
}

impl Verb for SetHidden {
    type Reply = Walked;

    fn home(&self) -> Position {
        self.slot.end()
    }
}

impl Command for SetHidden {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Walked> {
        let sql = "INSERT INTO hidden (account_id, version, state) VALUES (?1, ?2, ?3)
                   ON CONFLICT (account_id) DO UPDATE SET version = excluded.version, state = excluded.state
                   WHERE excluded.version > version";
        tx.write(sql, (self.account.get(), self.version, self.hidden))?;
        Ok(Walked::behind(tx, self.slot))
    }
}

pub(crate) fn parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<SetHidden>> {
    let Some(account) = AccountId::from_number(row.subject) else {
        return Ok(None);
    };
    let standing = account::suspension(view, account)?;
    Ok(standing.map(|(version, hidden)| SetHidden {
        slot: row.cursor,
        account,
        version,
        hidden,
    }))
}
