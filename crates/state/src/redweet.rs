//! Redweets. A redweet is a dweet of its own at the redweeter's home, with an image of the original in it. It leaves an
//! edge at the original's home: what counts it, and by which the original's edits and its deletion find it (rule T5).

use crate::account;
use crate::dweet::{self, Stored, dweet_id};
use crate::edge;
use crate::errand::{self, Errand, HOP_ROWS_MAX, Waiting, Walked, number};
use crate::error::{Error, Fault, Outcome, encode};
use crate::event::Event;
use crate::notification::Cause;
use crate::page::Page;
use crate::request::{Request, RequestKey};
use crate::session::Actor;
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use serde::{Deserialize, Serialize};
use tertulia_types::view::{AccountView, Content, DweetView, NotificationKind, Visibility};
use tertulia_types::{AccountId, DweetId, Position, Rejected, Scopes, Slot};

/// Redweets a dweet. The entry machine has read the original at its home, for this actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redweet {
    /// Who asks.
    pub actor: Actor,
    /// The original.
    pub original: DweetView,
    /// For repeats.
    pub key: RequestKey,
}

impl Verb for Redweet {
    /// The redweet; the one that stands already, if there is one.
    type Reply = DweetView;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for Redweet {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::WRITE_STATUSES))
    }

    fn request(&self) -> Option<Request> {
        Some(account::request(&self.actor, self.key))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<DweetView> {
        let me = self.actor.account;
        let Content::Dweet(body) = &self.original.content else {
            return Err(Rejected::Forbidden.into());
        };
        if body.visibility == Visibility::Private {
            return Err(Rejected::Forbidden.into());
        }
        if edge::blocks(tx, me, self.original.author.id)?
            || edge::is_blocked_by(tx, me, self.original.author.id)?
        {
            return Err(Rejected::Blocked.into());
        }
        let Some(id) = standing_redweet(tx, me, self.original.id)? else {
            return self.insert(tx, me);
        };
        let stored = dweet::standing(tx, id)?;
        dweet::show(tx, &stored)?.ok_or_else(|| Rejected::NotFound.into())
    }
}

impl Redweet {
    fn insert(&self, tx: &mut Tx<'_>, me: AccountId) -> Outcome<DweetView> {
        let redweet = dweet::insert(tx, me, Content::Redweet(Box::new(self.original.clone())))?;
        let (id, original) = (redweet.id, self.original.id.get().to_be_bytes());
        errand::post(tx, me.slot(), Errand::Redweet, id.get(), &original)?;
        tx.tell(Event::Published {
            id,
            author: me,
            public: false,
        });
        Ok(redweet)
    }
}

/// This person's redweet of the original, at their home.
pub(crate) fn standing_redweet(
    view: &View<'_>,
    account: AccountId,
    original: DweetId,
) -> Result<Option<DweetId>, Fault> {
    let sql = "SELECT id FROM dweet WHERE redweet_of = ?1 AND author_id = ?2 AND deleted_ms IS NULL";
    view.first(sql, (original.get(), account.get()), |row| {
        row.get(0).map(dweet_id)
    })
}

/// Undoes a redweet by its original's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unredweet {
    /// Who asks.
    pub actor: Actor,
    /// The original.
    pub original: DweetId,
    /// For repeats.
    pub key: RequestKey,
}

impl Verb for Unredweet {
    /// Whether there was one.
    type Reply = bool;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for Unredweet {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::WRITE_STATUSES))
    }

    fn request(&self) -> Option<Request> {
        Some(account::request(&self.actor, self.key))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<bool> {
        let Some(id) = standing_redweet(tx, self.actor.account, self.original)? else {
            return Ok(false);
        };
        let stored = dweet::standing(tx, id)?;
        dweet::remove(tx, &stored)?;
        Ok(true)
    }
}

/// A redweet to the original's home, as it stands now.
pub(crate) fn parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<CountRedweet>> {
    let Some(stored) = dweet::stored(view, dweet_id(row.subject))? else {
        return Ok(None);
    };
    let count = CountRedweet {
        original: dweet_id(number(&row.object)?),
        original_version: stored.original_version.unwrap_or(0),
        account: stored.author,
        card: account::kept(view, stored.author)?,
        redweet: stored.id,
        version: stored.version,
        stands: !stored.deleted,
    };
    Ok(Some(count))
}

/// The original is gone, or its author has blocked the redweeter: the redweet is withdrawn (rules O1, T5).
pub(crate) fn refused(tx: &mut Tx<'_>, row: &Waiting) -> Outcome<()> {
    withdraw(tx, dweet_id(row.subject))
}

/// The original's home has counted it, and sends the original if it was edited meanwhile.
pub(crate) fn settled(tx: &mut Tx<'_>, row: &Waiting, newer: &Option<DweetView>) -> Outcome<()> {
    match newer {
        Some(original) => renew(tx, &dweet::standing(tx, dweet_id(row.subject))?, original),
        None => Ok(()),
    }
}

/// Puts the original as it is now into a redweet, and delivers that again.
fn renew(tx: &mut Tx<'_>, redweet: &Stored, original: &DweetView) -> Outcome<()> {
    let sql = "UPDATE dweet SET body = ?2, original_version = ?3, version = version + 1
               WHERE id = ?1 AND original_version < ?3";
    let params = (redweet.id.get(), encode(original)?, original.version);
    if tx.write(sql, params)? > 0 {
        dweet::post_delivery(tx, redweet.id, redweet.author)?;
        tx.tell(Event::Edited {
            id: redweet.id,
            author: redweet.author,
        });
    }
    Ok(())
}

fn withdraw(tx: &mut Tx<'_>, id: DweetId) -> Outcome<()> {
    match dweet::standing(tx, id) {
        Ok(stored) => dweet::remove(tx, &stored),
        Err(Error::Rejected(_)) => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// Sets the edge of a redweet at the original's home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountRedweet {
    /// The original.
    pub original: DweetId,
    /// Its version in the redweet.
    pub original_version: u64,
    /// Who redweets it.
    pub account: AccountId,
    /// Their card, for the notification; `None` when the account is closed.
    pub card: Option<AccountView>,
    /// The redweet. A later redweet by the same person has a higher id.
    pub redweet: DweetId,
    /// The redweet's version.
    pub version: u64,
    /// Whether it stands.
    pub stands: bool,
}

impl Verb for CountRedweet {
    /// The original, if the redweet has an older version of it.
    type Reply = Option<DweetView>;

    fn home(&self) -> Position {
        self.original.home()
    }
}

impl Command for CountRedweet {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Option<DweetView>> {
        let stored = match dweet::standing(tx, self.original) {
            Ok(stored) => stored,
            // Taking back a redweet of what is gone needs nothing.
            Err(Error::Rejected(_)) if !self.stands => return Ok(None),
            Err(error) => return Err(error),
        };
        if self.stands && edge::blocks(tx, stored.author, self.account)? {
            return Err(Rejected::Blocked.into());
        }
        self.upsert(tx, stored.author)?;
        if self.stands && self.original_version < stored.version {
            Ok(dweet::whole(tx, &stored)?)
        } else {
            Ok(None)
        }
    }
}

impl CountRedweet {
    fn upsert(&self, tx: &mut Tx<'_>, author: AccountId) -> Outcome<()> {
        let (slot, original, account) = (self.original.slot().0, self.original.get(), self.account);
        let key = (slot, original, account.slot().0, account.get());
        let standing = "SELECT 1 FROM redweeted_by WHERE slot = ?1 AND dweet_id = ?2 AND account_slot = ?3 AND account_id = ?4
                        AND state = 1";
        let stood = tx.exists(standing, key)?;
        let sql =
            "INSERT INTO redweeted_by (slot, dweet_id, account_slot, account_id, redweet_id, version, state)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                   ON CONFLICT (slot, dweet_id, account_slot, account_id) DO UPDATE
                   SET redweet_id = excluded.redweet_id, version = excluded.version, state = excluded.state
                   WHERE (excluded.redweet_id, excluded.version) > (redweet_id, version)";
        let redweet = self.redweet.get();
        let params = (key.0, key.1, key.2, key.3, redweet, self.version, self.stands);
        tx.write(sql, params)?;
        let stands = tx.exists(standing, key)?;
        if stands != stood {
            let step = if stands { 1 } else { -1 };
            tx.write(
                "UPDATE dweet SET redweets = max(redweets + ?2, 0) WHERE id = ?1",
                (original, step),
            )?;
        }
        let cause = Cause {
            account: author,
            kind: NotificationKind::Redweet,
            from: account,
            dweet: Some(self.original),
        };
        match (stood, stands, &self.card) {
            (false, true, Some(card)) => cause.tell(tx, card, None, self.version),
            (true, false, _) => cause.withdraw(tx, self.version),
            _ => Ok(()),
        }
    }
}

/// The slot of the first redweeter at or behind the cursor.
pub(crate) fn next_slot(view: &View<'_>, row: &Waiting) -> Outcome<Option<Slot>> {
    Ok(edge::next_redweeter_slot(
        view,
        dweet_id(row.subject),
        row.cursor,
    )?)
}

/// The next hop of the walk to those who redweeted a dweet that was edited or is gone.
pub(crate) fn original_parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<SetOriginal>> {
    let original = dweet_id(row.subject);
    let Some(stored) = dweet::stored(view, original)? else {
        return Ok(None);
    };
    let Some(slot) = edge::next_redweeter_slot(view, original, row.cursor)? else {
        return Ok(None);
    };
    let set = SetOriginal {
        slot,
        original,
        version: stored.version,
        view: dweet::whole(view, &stored)?,
    };
    Ok(Some(set))
}

/// Brings all redweets of a dweet, in one group, up to what it is now: one hop of a walk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetOriginal {
    /// The slot of the first redweeter there.
    pub slot: Slot,
    /// The dweet.
    pub original: DweetId,
    /// Its version.
    pub version: u64,
    /// As it is now; `None` when it is gone, and its redweets are withdrawn.
    pub view: Option<DweetView>,
}

impl Verb for SetOriginal {
    type Reply = Walked;

    fn home(&self) -> Position {
        self.slot.end()
    }
}

impl Command for SetOriginal {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Walked> {
        let sql = format!(
            "SELECT {} FROM dweet WHERE redweet_of = ?1 AND deleted_ms IS NULL AND original_version < ?2
               AND ((slot - ?4) & 65535) < ?5 LIMIT ?3",
            dweet::COLUMNS
        );
        let (first, count) = tx.own_slots();
        let params = (self.original.get(), self.version, HOP_ROWS_MAX, first, count);
        let redweets = tx.all(&sql, params, dweet::from_row)?;
        for redweet in &redweets {
            match &self.view {
                Some(original) => renew(tx, redweet, original)?,
                None => dweet::remove(tx, redweet)?,
            }
        }
        Ok(Walked::after_rows(tx, self.slot, redweets.len()))
    }
}

/// Who redweeted a dweet, at its home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedweetedBy {
    /// Which.
    pub dweet: DweetId,
    /// Who reads.
    pub viewer: Option<AccountId>,
    /// Which part: by the redweet's id.
    pub page: Page,
}

impl Verb for RedweetedBy {
    type Reply = Vec<(DweetId, AccountId)>;

    fn home(&self) -> Position {
        self.dweet.home()
    }
}

impl Query for RedweetedBy {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<(DweetId, AccountId)>> {
        dweet::Show {
            id: self.dweet,
            viewer: self.viewer,
        }
        .read(view)?;
        let select = "SELECT redweet_id, account_id FROM redweeted_by WHERE slot = ?4 AND dweet_id = ?5 AND state = 1 AND";
        let params = (
            self.page.below(),
            self.page.above(),
            self.page.size(),
            self.dweet.slot().0,
            self.dweet.get(),
        );
        let rows = view.all(&self.page.sql(select, "redweet_id"), params, |row| {
            Ok((
                dweet_id(row.get(0)?),
                AccountId::from_number(row.get(1)?).unwrap_or(AccountId::MIN),
            ))
        })?;
        Ok(self.page.newest_first(rows))
    }
}
