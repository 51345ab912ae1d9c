//! Whose dweets and notifications a person does not want to see, or may not: blocks on either side, and mutes.

use crate::error::Fault;
use crate::tx::View;
use rusqlite::Row;
use std::collections::{BTreeMap, BTreeSet};
use tertulia_types::AccountId;

/// Whose dweets and notifications a reader does not want, or may not have.
#[derive(Debug, Default)]
pub(crate) struct Unwanted {
    blocked: BTreeSet<i64>,
    /// Whether their notifications are unwanted too.
    muted: BTreeMap<i64, bool>,
}

impl Unwanted {
    pub(crate) fn of(view: &View<'_>, reader: AccountId) -> Result<Self, Fault> {
        let (slot, id) = (reader.slot().0, reader.get());
        let number = |row: &Row<'_>| row.get::<_, i64>(0);
        let sql = "SELECT target_id FROM block WHERE slot = ?1 AND account_id = ?2 AND state = 1";
        let mut blocked: BTreeSet<i64> = view.all(sql, (slot, id), number)?.into_iter().collect();
        let sql = "SELECT by_id FROM blocked_by WHERE slot = ?1 AND account_id = ?2 AND state = 1";
        blocked.extend(view.all(sql, (slot, id), number)?);
        let sql = "SELECT target_id, notifications FROM mute WHERE slot = ?1 AND account_id = ?2
                   AND (expires_ms IS NULL OR expires_ms > ?3)";
        let muted = view.all(sql, (slot, id, view.now_ms), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Self {
            blocked,
            muted: muted.into_iter().collect(),
        })
    }

    /// Whether this account's dweets stay out of timelines.
    pub(crate) fn dweets_by(&self, account: i64) -> bool {
        self.blocked.contains(&account) || self.muted.contains_key(&account)
    }

    /// Whether this account is muted.
    pub(crate) fn is_muted(&self, account: AccountId) -> bool {
        self.muted.contains_key(&account.get())
    }

    /// Whether either side has blocked the other.
    pub(crate) fn is_blocked(&self, account: AccountId) -> bool {
        self.blocked.contains(&account.get())
    }

    /// Whether this account's notifications stay out.
    pub(crate) fn notifications_from(&self, account: AccountId) -> bool {
        self.blocked.contains(&account.get()) || self.muted.get(&account.get()).copied().unwrap_or(false)
    }
}
