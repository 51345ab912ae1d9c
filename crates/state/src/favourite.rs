//! Favourites. The truth lies at the home of the one who likes, an image and the count at the home of the dweet.

use crate::account;
use crate::dweet;
use crate::edge;
use crate::errand::{self, Errand, Waiting, number};
use crate::error::{Fault, Outcome};
use crate::notification::Cause;
use crate::page::Page;
use crate::request::{Request, RequestKey};
use crate::session::Actor;
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use tertulia_types::view::{AccountView, NotificationKind};
use tertulia_types::{AccountId, DweetId, NotificationId, Position, Rejected, Scopes};

/// Makes a dweet a favourite or takes it back. That it exists and may be read was asked at its home before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetFavourite {
    /// Who asks.
    pub actor: Actor,
    /// Which dweet; never a redweet.
    pub dweet: DweetId,
    /// Whether it shall be a favourite.
    pub stands: bool,
    /// For repeats.
    pub key: RequestKey,
}

impl Verb for SetFavourite {
    /// Whether anything changed.
    type Reply = bool;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for SetFavourite {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::WRITE_FAVOURITES))
    }

    fn request(&self) -> Option<Request> {
        Some(account::request(&self.actor, self.key))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<bool> {
        Ok(set(tx, self.actor.account, self.dweet, self.stands)?)
    }
}

/// Sets the truth and posts it to the dweet's home. Answers whether it changed.
pub(crate) fn set(tx: &mut Tx<'_>, account: AccountId, dweet: DweetId, stands: bool) -> Result<bool, Fault> {
    if is_favourite(tx, account, dweet)? == stands {
        return Ok(false);
    }
    let slot = account.slot();
    let id = NotificationId::new(tx.fresh_ms(slot)?, slot);
    let sql = "INSERT INTO favourite (slot, account_id, dweet_id, version, state, id) VALUES (?1, ?2, ?3, 1, ?4, ?5)
               ON CONFLICT (slot, account_id, dweet_id) DO UPDATE
               SET version = version + 1, state = excluded.state, id = excluded.id";
    tx.write(sql, (slot.0, account.get(), dweet.get(), stands, id.get()))?;
    errand::post(
        tx,
        slot,
        Errand::Favourite,
        account.get(),
        &dweet.get().to_be_bytes(),
    )?;
    Ok(true)
}

/// Whether the dweet is this person's favourite, at their home.
pub(crate) fn is_favourite(view: &View<'_>, account: AccountId, dweet: DweetId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM favourite WHERE slot = ?1 AND account_id = ?2 AND dweet_id = ?3 AND state = 1";
    view.exists(sql, (account.slot().0, account.get(), dweet.get()))
}

pub(crate) fn parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<CountFavourite>> {
    let Some(account) = AccountId::from_number(row.subject) else {
        return Ok(None);
    };
    let dweet = dweet::dweet_id(number(&row.object)?);
    let sql = "SELECT version, state FROM favourite WHERE slot = ?1 AND account_id = ?2 AND dweet_id = ?3";
    let map = |row: &Row<'_>| Ok((row.get::<_, u64>(0)?, row.get::<_, bool>(1)?));
    let Some((version, stands)) = view.first(sql, (account.slot().0, account.get(), dweet.get()), map)?
    else {
        return Ok(None);
    };
    Ok(Some(CountFavourite {
        dweet,
        account,
        card: account::kept(view, account)?,
        version,
        stands,
    }))
}

/// Sets the image of a favourite at the home of the dweet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountFavourite {
    /// The dweet.
    pub dweet: DweetId,
    /// Who likes it.
    pub account: AccountId,
    /// Their card, for the notification; `None` when the account is closed.
    pub card: Option<AccountView>,
    /// The version.
    pub version: u64,
    /// Whether it stands.
    pub stands: bool,
}

impl Verb for CountFavourite {
    type Reply = ();

    fn home(&self) -> Position {
        self.dweet.home()
    }
}

impl Command for CountFavourite {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let stored = dweet::standing(tx, self.dweet)?;
        if self.stands && edge::blocks(tx, stored.author, self.account)? {
            return Err(Rejected::Blocked.into());
        }
        let slot = self.dweet.slot().0;
        let standing =
            "SELECT 1 FROM favourited_by WHERE slot = ?1 AND dweet_id = ?2 AND account_id = ?3 AND state = 1";
        let key = (slot, self.dweet.get(), self.account.get());
        let stood = tx.exists(standing, key)?;
        let sql = "INSERT INTO favourited_by (slot, dweet_id, account_id, version, state) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (slot, dweet_id, account_id) DO UPDATE SET version = excluded.version, state = excluded.state
                   WHERE excluded.version > version";
        tx.write(
            sql,
            (
                slot,
                self.dweet.get(),
                self.account.get(),
                self.version,
                self.stands,
            ),
        )?;
        let stands = tx.exists(standing, key)?;
        if stands != stood {
            let step = if stands { 1 } else { -1 };
            tx.write(
                "UPDATE dweet SET favourites = max(favourites + ?2, 0) WHERE id = ?1",
                (self.dweet.get(), step),
            )?;
        }
        let cause = Cause {
            account: stored.author,
            kind: NotificationKind::Favourite,
            from: self.account,
            dweet: Some(self.dweet),
        };
        match (stood, stands, &self.card) {
            (false, true, Some(card)) => cause.tell(tx, card, None, self.version),
            (true, false, _) => cause.withdraw(tx, self.version),
            _ => Ok(()),
        }
    }
}

/// Who likes a dweet, at its home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FavouritedBy {
    /// Which.
    pub dweet: DweetId,
    /// Who reads.
    pub viewer: Option<AccountId>,
    /// Which part: by account.
    pub page: Page,
}

impl Verb for FavouritedBy {
    type Reply = Vec<AccountId>;

    fn home(&self) -> Position {
        self.dweet.home()
    }
}

impl Query for FavouritedBy {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<AccountId>> {
        dweet::Show {
            id: self.dweet,
            viewer: self.viewer,
        }
        .read(view)?;
        let select =
            "SELECT account_id FROM favourited_by WHERE slot = ?4 AND dweet_id = ?5 AND state = 1 AND";
        let params = (
            self.page.below(),
            self.page.above(),
            self.page.size(),
            self.dweet.slot().0,
            self.dweet.get(),
        );
        let rows = view.all(&self.page.sql(select, "account_id"), params, |row| {
            row.get::<_, i64>(0)
        })?;
        Ok(self
            .page
            .newest_first(rows)
            .into_iter()
            .filter_map(AccountId::from_number)
            .collect())
    }
}

/// One's favourites, the latest first: for each the id by which one pages, and the dweet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Favourites {
    /// Who asks.
    pub actor: Actor,
    /// Which part.
    pub page: Page,
}

impl Verb for Favourites {
    type Reply = Vec<(NotificationId, DweetId)>;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for Favourites {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::READ_FAVOURITES))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Vec<(NotificationId, DweetId)>> {
        let select =
            "SELECT id, dweet_id FROM favourite WHERE slot = ?4 AND account_id = ?5 AND state = 1 AND";
        edge::marked(view, select, self.actor.account, &self.page)
    }
}
