//! Notifications, at the home of the one who is told.
//!
//! **Invariants**
//! - One row per cause (whom, kind, from whom, which dweet). It stays when it is dismissed, so that nothing brings it back,
//!   and when it is withdrawn, so that only something newer does.
//! - Blocked and muted people are filtered when notifications are read, not when they are written.

use crate::account;
use crate::errand::{self, Errand, HOP_ROWS_MAX, Waiting, number};
use crate::error::{Fault, Outcome, decode, encode};
use crate::event::Event;
use crate::hidden;
use crate::page::{Page, Sifted};
use crate::reading;
use crate::session::Actor;
use crate::stored::{self, dweet_id};
use crate::tx::{Tx, View};
use crate::unwanted::Unwanted;
use crate::verb::{Command, Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use tertulia_types::view::{AccountView, DweetView, NotificationKind, NotificationView, Shown};
use tertulia_types::{AccountId, DweetId, NotificationId, Position, Rejected, Scopes};

/// The states of a row; the third, 2, is: dismissed, or its dweet is gone.
const WITHDRAWN: i64 = 0;
const STANDS: i64 = 1;

fn kind_number(kind: NotificationKind) -> i64 {
    match kind {
        NotificationKind::Mention => 1,
        NotificationKind::Redweet => 2,
        NotificationKind::Favourite => 3,
        NotificationKind::Follow => 4,
    }
}

fn kind_from(number: i64) -> NotificationKind {
    match number {
        1 => NotificationKind::Mention,
        2 => NotificationKind::Redweet,
        3 => NotificationKind::Favourite,
        _ => NotificationKind::Follow,
    }
}

/// What a person is told of; each cause has one row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cause {
    /// Who is told.
    pub(crate) account: AccountId,
    pub(crate) kind: NotificationKind,
    /// Who did it.
    pub(crate) from: AccountId,
    /// To which dweet, or by which one for a mention.
    pub(crate) dweet: Option<DweetId>,
}

impl Cause {
    fn key(&self) -> (u16, i64, i64, i64, i64) {
        (
            self.account.slot().0,
            self.account.get(),
            kind_number(self.kind),
            self.from.get(),
            self.dweet.map_or(0, DweetId::get),
        )
    }

    fn version(&self, view: &View<'_>) -> Result<Option<u64>, Fault> {
        let sql = "SELECT version FROM notification
                   WHERE slot = ?1 AND account_id = ?2 AND kind = ?3 AND from_id = ?4 AND dweet_id = ?5";
        view.first(sql, self.key(), |row| row.get(0))
    }

    /// Tells of it, or tells again of what was withdrawn. Nobody is told of what they did themselves. The dweet's view is
    /// `None` for the person's own dweets, which are read from their table.
    pub(crate) fn tell(
        &self,
        tx: &mut Tx<'_>,
        card: &AccountView,
        dweet: Option<&DweetView>,
        version: u64,
    ) -> Outcome<()> {
        let dweet = dweet.map(encode).transpose()?;
        self.put(tx, STANDS, &encode(card)?, dweet, version)
    }

    /// Takes it back; leaves a row, so that an older errand which comes later tells nothing.
    pub(crate) fn withdraw(&self, tx: &mut Tx<'_>, version: u64) -> Outcome<()> {
        self.put(tx, WITHDRAWN, &[], None, version)
    }

    fn put(
        &self,
        tx: &mut Tx<'_>,
        state: i64,
        author: &[u8],
        dweet: Option<Vec<u8>>,
        version: u64,
    ) -> Outcome<()> {
        let account = self.account;
        if self.from == account || account::kept(tx, account)?.is_none() {
            return Ok(());
        }
        let (slot, owner, kind, from, about) = self.key();
        let known = "UPDATE notification SET version = ?6, state = ?7, author = ?8, view = ?9
                     WHERE slot = ?1 AND account_id = ?2 AND kind = ?3 AND from_id = ?4 AND dweet_id = ?5 AND state <> 2";
        let params = (slot, owner, kind, from, about, version, state, author, &dweet);
        if tx.write(known, params)? > 0 || self.version(tx)?.is_some() {
            return Ok(());
        }
        let id = NotificationId::new(tx.fresh_ms(account.slot())?, account.slot());
        let sql = "INSERT INTO notification (slot, account_id, id, kind, from_id, dweet_id, version, state, author, view)
                   VALUES (?1, ?2, ?10, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let params = (
            slot,
            owner,
            kind,
            from,
            about,
            version,
            state,
            author,
            &dweet,
            id.get(),
        );
        tx.write(sql, params)?;
        if state == STANDS {
            tx.tell(Event::Notified { account, id });
        }
        Ok(())
    }
}

/// One's own dweet is gone: nothing is told of it any more. Of a dweet with very many notifications some stay; whoever
/// reads them finds that their dweet is gone.
pub(crate) fn forget(tx: &mut Tx<'_>, account: AccountId, dweet: DweetId) -> Result<(), Fault> {
    let sql = "UPDATE notification SET state = 2, author = x'', view = NULL
               WHERE slot = ?1 AND account_id = ?2 AND id IN (
                 SELECT id FROM notification INDEXED BY notification_by_cause
                 WHERE slot = ?1 AND account_id = ?2 AND dweet_id = ?3 ORDER BY kind, from_id LIMIT ?4)";
    tx.write(sql, (account.slot().0, account.get(), dweet.get(), HOP_ROWS_MAX))?;
    Ok(())
}

/// Tells someone of a dweet that names them, or that it does so no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// Whom.
    pub account: AccountId,
    /// What it is.
    pub kind: NotificationKind,
    /// From whom.
    pub from: AccountId,
    /// The dweet.
    pub dweet: DweetId,
    /// Its version.
    pub version: u64,
    /// As it is now; `None` withdraws the notification.
    pub view: Option<DweetView>,
}

impl Verb for Notify {
    type Reply = ();

    fn home(&self) -> Position {
        self.account.home()
    }
}

impl Command for Notify {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        account::keeping(tx, self.account)?;
        let cause = Cause {
            account: self.account,
            kind: self.kind,
            from: self.from,
            dweet: Some(self.dweet),
        };
        if cause.version(tx)? >= Some(self.version) {
            return Ok(());
        }
        match &self.view {
            Some(view) => cause.tell(tx, &view.author, Some(view), self.version),
            None => cause.withdraw(tx, self.version),
        }
    }
}

const COLUMNS: &str = "id, kind, from_id, dweet_id, author, view";

struct Stored {
    id: NotificationId,
    kind: NotificationKind,
    from: AccountId,
    dweet: i64,
    author: Vec<u8>,
    view: Option<Vec<u8>>,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        id: NotificationId::from_number(row.get(0)?).unwrap_or(NotificationId::MIN),
        kind: kind_from(row.get(1)?),
        from: AccountId::from_number(row.get(2)?).unwrap_or(AccountId::MIN),
        dweet: row.get(3)?,
        author: row.get(4)?,
        view: row.get(5)?,
    })
}

/// The notification as it is shown; `None` if its dweet is gone, or whoever it comes from is hidden.
fn show(
    view: &View<'_>,
    account: AccountId,
    unwanted: &Unwanted,
    stored: &Stored,
) -> Result<Option<NotificationView>, Fault> {
    if hidden::is_hidden(view, stored.from)? {
        return Ok(None);
    }
    let dweet: Option<DweetView> = match &stored.view {
        Some(bytes) => Some(decode("notification", bytes)?),
        None if stored.dweet == 0 => None,
        None => match stored::stored(view, dweet_id(stored.dweet))? {
            Some(own) => match stored::show(view, &own)? {
                Some(shown) => Some(shown),
                None => return Ok(None),
            },
            None => return Ok(None),
        },
    };
    let dweet = dweet
        .map(|dweet| {
            Ok::<_, Fault>(Shown {
                flags: reading::flags(
                    view,
                    account,
                    dweet.original().id,
                    unwanted.is_muted(dweet.original().author.id),
                )?,
                dweet,
            })
        })
        .transpose()?;
    Ok(Some(NotificationView {
        id: stored.id,
        kind: stored.kind,
        from: decode("card", &stored.author)?,
        dweet,
    }))
}

/// The actor's notifications, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notifications {
    /// Who asks.
    pub actor: Actor,
    /// Which part.
    pub page: Page,
    /// Only these kinds; empty means all.
    pub kinds: Vec<NotificationKind>,
    /// Only those from this account.
    pub from: Option<AccountId>,
}

impl Verb for Notifications {
    type Reply = Sifted<NotificationView>;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for Notifications {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::READ_NOTIFICATIONS))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Sifted<NotificationView>> {
        let account = self.actor.account;
        let unwanted = Unwanted::of(view, account)?;
        let select = format!(
            "SELECT {COLUMNS} FROM notification INDEXED BY notification_standing
             WHERE slot = ?4 AND account_id = ?5 AND state = 1 AND"
        );
        let read = |page: &Page| {
            let params = (
                page.below(),
                page.above(),
                page.size() * 2,
                account.slot().0,
                account.get(),
            );
            view.all(&page.sql(&select, "id"), params, from_row)
        };
        let id = |stored: &Stored| stored.id.get();
        self.page.sift(read, id, |stored| {
            let of_kind = self.kinds.is_empty() || self.kinds.contains(&stored.kind);
            let from = self.from.is_none_or(|from| from == stored.from);
            if of_kind && from && !unwanted.notifications_from(stored.from) {
                Ok(show(view, account, &unwanted, &stored)?)
            } else {
                Ok(None)
            }
        })
    }
}

/// One notification of the actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Who asks.
    pub actor: Actor,
    /// Which.
    pub id: NotificationId,
}

impl Verb for Notification {
    type Reply = NotificationView;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for Notification {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::READ_NOTIFICATIONS))
    }

    fn read(&self, view: &View<'_>) -> Outcome<NotificationView> {
        let account = self.actor.account;
        let sql = format!(
            "SELECT {COLUMNS} FROM notification WHERE slot = ?1 AND account_id = ?2 AND id = ?3 AND state = 1"
        );
        let stored = view.first(&sql, (account.slot().0, account.get(), self.id.get()), from_row)?;
        let stored = stored.ok_or(Rejected::NotFound)?;
        let unwanted = Unwanted::of(view, account)?;
        if unwanted.notifications_from(stored.from) {
            return Err(Rejected::NotFound.into());
        }
        show(view, account, &unwanted, &stored)?.ok_or_else(|| Rejected::NotFound.into())
    }
}

/// Dismisses one notification, or all: the newest at once, and older ones step by step. What was dismissed already is
/// answered as the first time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dismiss {
    /// Who asks.
    pub actor: Actor,
    /// Which; `None` is all of them.
    pub id: Option<NotificationId>,
}

impl Verb for Dismiss {
    type Reply = ();

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for Dismiss {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::WRITE_NOTIFICATIONS))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let account = self.actor.account;
        let key = (account.slot().0, account.get());
        let Some(id) = self.id else {
            let newest = "SELECT max(id) FROM notification INDEXED BY notification_standing
                          WHERE slot = ?1 AND account_id = ?2 AND state = 1";
            let up_to = tx
                .first(newest, key, |row| row.get::<_, Option<i64>>(0))?
                .flatten();
            return match up_to {
                Some(up_to) => dismiss_some(tx, account, up_to),
                None => Ok(()),
            };
        };
        let one = "UPDATE notification SET state = 2, author = x'', view = NULL
                   WHERE slot = ?1 AND account_id = ?2 AND id = ?3 AND state <> 0";
        if tx.write(one, (key.0, key.1, id.get()))? == 0 {
            return Err(Rejected::NotFound.into());
        }
        Ok(())
    }
}

/// Dismisses the newest of those up to an id; the rest waits in the outbox.
fn dismiss_some(tx: &mut Tx<'_>, account: AccountId, up_to: i64) -> Outcome<()> {
    let sql = "UPDATE notification SET state = 2, author = x'', view = NULL
               WHERE slot = ?1 AND account_id = ?2 AND id IN (
                 SELECT id FROM notification INDEXED BY notification_standing
                 WHERE slot = ?1 AND account_id = ?2 AND state = 1 AND id <= ?3 ORDER BY id DESC LIMIT ?4)";
    let (slot, id) = (account.slot(), account.get());
    if tx.write(sql, (slot.0, id, up_to, HOP_ROWS_MAX))? == HOP_ROWS_MAX {
        errand::post(tx, slot, Errand::Dismissing, id, &up_to.to_be_bytes())?;
    }
    Ok(())
}

/// Dismisses the next ones of those that were there when all were to be dismissed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoOnDismissing {
    /// Whose.
    pub account: AccountId,
    /// The newest of them.
    pub up_to: NotificationId,
}

impl Verb for GoOnDismissing {
    type Reply = ();

    fn home(&self) -> Position {
        self.account.home()
    }
}

impl Command for GoOnDismissing {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        dismiss_some(tx, self.account, self.up_to.get())
    }
}

pub(crate) fn parcel(row: &Waiting) -> Outcome<Option<GoOnDismissing>> {
    let up_to = NotificationId::from_number(number(&row.object)?);
    let whose = AccountId::from_number(row.subject).zip(up_to);
    Ok(whose.map(|(account, up_to)| GoOnDismissing { account, up_to }))
}
