//! Pruning: what has outlived its time goes, a bounded number of rows at a time, by the stamp and never by a clock.

use crate::conversation;
use crate::error::Outcome;
use crate::event::Event;
use crate::growth;
use crate::invitation;
use crate::letter;
use crate::mailbox;
use crate::measure;
use crate::report;
use crate::request;
use crate::tx::Tx;
use crate::verb::{Command, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use tertulia_types::{AccountId, Position, Slot};

/// Slots that one command looks at.
const SLOTS_AT_ONCE: u16 = 1_024;

/// Remembered replies that one actor may keep; older ones go first.
const REQUESTS_PER_ACTOR_MAX: u32 = 20_000;

/// Removes what has expired in some slots. The group's leader proposes it now and then, from slot to slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prune {
    /// The end of the group's range.
    pub at: Position,
    /// Where to begin.
    pub from: Slot,
}

impl Verb for Prune {
    /// Where to go on; `None` when the round is complete.
    type Reply = Option<Slot>;

    fn home(&self) -> Position {
        self.at
    }
}

impl Command for Prune {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Option<Slot>> {
        let last = self.from.0.saturating_add(SLOTS_AT_ONCE - 1);
        let now_ms = tx.now_ms;
        let kept_from_ms = now_ms.saturating_sub(request::KEPT_MS);
        tx.write(
            "DELETE FROM request WHERE slot BETWEEN ?1 AND ?2 AND stamp_ms < ?3",
            (self.from.0, last, kept_from_ms),
        )?;
        let keen = "SELECT slot, actor FROM request WHERE slot BETWEEN ?1 AND ?2 GROUP BY slot, actor HAVING count(*) > ?3";
        let capped = "DELETE FROM request WHERE slot = ?1 AND actor = ?2 AND key IN (
                        SELECT key FROM request WHERE slot = ?1 AND actor = ?2
                        ORDER BY stamp_ms DESC, key LIMIT -1 OFFSET ?3)";
        let key = |row: &Row<'_>| Ok((row.get::<_, u16>(0)?, row.get::<_, i64>(1)?));
        for (slot, actor) in tx.all(keen, (self.from.0, last, REQUESTS_PER_ACTOR_MAX), key)? {
            tx.write(capped, (slot, actor, REQUESTS_PER_ACTOR_MAX))?;
        }
        let stretch = (self.from.0, last, now_ms);
        let sessions =
            "DELETE FROM session WHERE slot BETWEEN ?1 AND ?2 AND expires_ms <= ?3 RETURNING account_id";
        for account in tx.all(sessions, stretch, |row| row.get::<_, i64>(0))? {
            if let Some(account) = AccountId::from_number(account) {
                tx.tell(Event::SessionsEnded { account });
            }
        }
        tx.write(
            "DELETE FROM ended_session WHERE slot BETWEEN ?1 AND ?2 AND ended_ms < ?3",
            (self.from.0, last, kept_from_ms),
        )?;
        let old_ms = now_ms.saturating_sub(mailbox::KEPT_MS);
        letter::delete_old(tx, (self.from, Slot(last)), old_ms)?;
        for (table, kept_ms) in [
            ("claim", request::KEPT_MS),
            ("letter_known", mailbox::KNOWN_MS),
            ("conversation_commit", conversation::KEPT_MS),
        ] {
            let sql = format!("DELETE FROM {table} WHERE slot BETWEEN ?1 AND ?2 AND stamp_ms < ?3");
            tx.write(&sql, (self.from.0, last, now_ms.saturating_sub(kept_ms)))?;
        }
        measure::prune(tx, self.from.0, last)?;
        invitation::prune(tx, self.from.0, last)?;
        report::prune(tx, self.from.0, last)?;
        growth::prune(tx)?;
        for table in ["oauth_code", "mute", "sealed_box", "presence"] {
            let sql = format!("DELETE FROM {table} WHERE slot BETWEEN ?1 AND ?2 AND expires_ms <= ?3");
            tx.write(&sql, stretch)?;
        }
        Ok(Slot(last).next())
    }
}
