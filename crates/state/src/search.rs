//! What is asked of all groups at once (rule T11): people by the beginning of their nick or name, and the group's size.

use crate::account;
use crate::error::Outcome;
use crate::tx::View;
use crate::verb::{Query, Verb};
use serde::{Deserialize, Serialize};
use tertulia_types::view::AccountView;
use tertulia_types::{AccountId, Position};

/// Accounts of one group whose nick or name begins with a text. Asked of all groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchAccounts {
    /// At which group.
    pub at: Position,
    /// The beginning, in lower case.
    pub beginning: String,
    /// How many at most; 80 are the most.
    pub limit: u32,
}

impl Verb for SearchAccounts {
    type Reply = Vec<AccountView>;

    fn home(&self) -> Position {
        self.at
    }
}

impl Query for SearchAccounts {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<AccountView>> {
        if self.beginning.is_empty() {
            return Ok(Vec::new());
        }
        // The highest code point ends the stretch of all texts with this beginning.
        let end = format!("{}\u{10FFFF}", self.beginning);
        let limit = self.limit.clamp(1, 80);
        let id = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        let by_nick = "SELECT id FROM account WHERE nick >= ?1 AND nick < ?2 AND closed_ms IS NULL
                       AND ((slot - ?4) & 65535) < ?5 ORDER BY nick LIMIT ?3";
        let by_name = "SELECT id FROM account WHERE name_key >= ?1 AND name_key < ?2 AND closed_ms IS NULL
                       AND ((slot - ?4) & 65535) < ?5 ORDER BY name_key LIMIT ?3";
        let (first, count) = view.own_slots();
        let params = (&self.beginning, &end, limit, first, count);
        let mut ids = view.all(by_nick, params, id)?;
        for number in view.all(by_name, params, id)? {
            if !ids.contains(&number) {
                ids.push(number);
            }
        }
        let mut found = Vec::new();
        for id in ids
            .into_iter()
            .take(limit as usize)
            .filter_map(AccountId::from_number)
        {
            found.extend(account::find(view, id)?);
        }
        Ok(found)
    }
}

/// How much one group holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Accounts that stand.
    pub accounts: u64,
    /// Dweets that stand, without redweets.
    pub dweets: u64,
    /// Accounts that dweeted in the last 30 days.
    pub active: u64,
}

/// Counts one group's people and dweets. Reads whole tables: answers are worth keeping for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// At which group.
    pub at: Position,
}

impl Verb for Count {
    type Reply = Size;

    fn home(&self) -> Position {
        self.at
    }
}

/// Thirty days.
const ACTIVE_MS: u64 = 30 * 24 * 3_600_000;

impl Query for Count {
    fn read(&self, view: &View<'_>) -> Outcome<Size> {
        let sql = "SELECT count(*), coalesce(sum(dweets), 0), count(CASE WHEN last_dweet_ms > ?1 THEN 1 END)
                   FROM account WHERE closed_ms IS NULL AND standing = 0 AND ((slot - ?2) & 65535) < ?3";
        let since_ms = view.now_ms.saturating_sub(ACTIVE_MS);
        let (first, count) = view.own_slots();
        let size = view.first(sql, (since_ms, first, count), |row| {
            Ok(Size {
                accounts: row.get(0)?,
                dweets: row.get(1)?,
                active: row.get(2)?,
            })
        })?;
        Ok(size.unwrap_or_default())
    }
}
