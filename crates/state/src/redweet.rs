//! Redweets. A redweet is a dweet of its own at the redweeter's home, with an image of the original in it. It leaves an
//! edge at the original's home: what counts it, and by which the original's deletion finds it (rule T5).

use crate::account;
use crate::block;
use crate::database::{Tx, View};
use crate::dweet::{self, Originals, dweet_id};
use crate::error::{Error, Fault, Outcome, encode};
use crate::event::Event;
use crate::notification;
use crate::outbox::{self, Errand, Waiting, Walked, number};
use crate::page::Page;
use crate::request::{Request, RequestKey};
use crate::session::Actor;
use crate::verb::{AnyCommand, Command, Query, Verb};
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
        if block::blocks(tx, me, self.original.author.id)?
            || block::is_blocked_by(tx, me, self.original.author.id)?
        {
            return Err(Rejected::Blocked.into());
        }
        let id = match standing_redweet(tx, me, self.original.id)? {
            Some(id) => id,
            None => self.insert(tx, me)?,
        };
        let stored = dweet::standing(tx, id)?;
        dweet::show(tx, &stored)?.ok_or_else(|| Rejected::NotFound.into())
    }
}

impl Redweet {
    fn insert(&self, tx: &mut Tx<'_>, me: AccountId) -> Outcome<DweetId> {
        let originals = Originals {
            redweet_of: Some(self.original.id),
            reply_to: None,
        };
        let id = dweet::insert(tx, me, Visibility::Public, originals, &encode(&self.original)?)?;
        let object = self.original.id.get().to_be_bytes();
        outbox::post(tx, me.slot(), Errand::Redweet, id.get(), &object)?;
        tx.tell(Event::Published {
            id,
            author: me,
            public: false,
        });
        Ok(id)
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
pub(crate) fn parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<AnyCommand>> {
    let Some(stored) = dweet::stored(view, dweet_id(row.subject))? else {
        return Ok(None);
    };
    let count = CountRedweet {
        original: dweet_id(number(&row.object)?),
        account: stored.author,
        card: account::find(view, stored.author)?,
        redweet: stored.id,
        version: stored.version,
        stands: !stored.deleted,
    };
    Ok(Some(count.into()))
}

/// The original is gone, or its author has blocked the redweeter: the redweet is withdrawn (rules O1, T5).
pub(crate) fn refused(tx: &mut Tx<'_>, row: &Waiting) -> Outcome<()> {
    withdraw(tx, dweet_id(row.subject))
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
    type Reply = ();

    fn home(&self) -> Position {
        self.original.home()
    }
}

impl Command for CountRedweet {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let stored = match dweet::standing(tx, self.original) {
            Ok(stored) => stored,
            // Taking back a redweet of what is gone needs nothing.
            Err(Error::Rejected(_)) if !self.stands => return Ok(()),
            Err(error) => return Err(error),
        };
        if self.stands && block::blocks(tx, stored.author, self.account)? {
            return Err(Rejected::Blocked.into());
        }
        let (slot, original, account) = (self.original.slot().0, self.original.get(), self.account);
        let standing = "SELECT 1 FROM redweeted_by WHERE slot = ?1 AND dweet_id = ?2 AND account_slot = ?3 AND account_id = ?4
                        AND state = 1";
        let key = (slot, original, account.slot().0, account.get());
        let stood = tx.exists(standing, key)?;
        let sql =
            "INSERT INTO redweeted_by (slot, dweet_id, account_slot, account_id, redweet_id, version, state)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                   ON CONFLICT (slot, dweet_id, account_slot, account_id) DO UPDATE
                   SET redweet_id = excluded.redweet_id, version = excluded.version, state = excluded.state
                   WHERE (excluded.redweet_id, excluded.version) > (redweet_id, version)";
        let redweet = self.redweet.get();
        tx.write(
            sql,
            (
                slot,
                original,
                account.slot().0,
                account.get(),
                redweet,
                self.version,
                self.stands,
            ),
        )?;
        let stands = tx.exists(standing, key)?;
        if stands != stood {
            let step = if stands { 1 } else { -1 };
            tx.write(
                "UPDATE dweet SET redweets = max(redweets + ?2, 0) WHERE id = ?1",
                (original, step),
            )?;
        }
        if let (true, false, Some(card)) = (stands, stood, &self.card) {
            let about = Some((self.original, None));
            notification::notify(
                tx,
                stored.author,
                NotificationKind::Redweet,
                card,
                about,
                self.version,
            )?;
        }
        Ok(())
    }
}

/// The next hop of the walk to those who redweeted a dweet that is gone.
pub(crate) fn withdraw_parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<AnyCommand>> {
    let original = dweet_id(row.subject);
    let sql = "SELECT account_slot FROM redweeted_by WHERE slot = ?1 AND dweet_id = ?2 AND account_slot >= ?3 AND state = 1
               ORDER BY account_slot LIMIT 1";
    let next = view.first(sql, (original.slot().0, original.get(), row.cursor.0), |row| {
        row.get(0).map(Slot)
    })?;
    Ok(next.map(|slot| Withdraw { slot, original }.into()))
}

/// Withdraws all redweets of a dweet that is gone, in one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdraw {
    /// The slot of the first redweeter there.
    pub slot: Slot,
    /// The dweet that is gone.
    pub original: DweetId,
}

impl Verb for Withdraw {
    type Reply = Walked;

    fn home(&self) -> Position {
        self.slot.end()
    }
}

impl Command for Withdraw {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Walked> {
        let sql = "SELECT id FROM dweet WHERE redweet_of = ?1 AND deleted_ms IS NULL";
        for id in tx.all(sql, [self.original.get()], |row| row.get(0).map(dweet_id))? {
            withdraw(tx, id)?;
        }
        Ok(Walked::behind(tx, self.slot))
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
