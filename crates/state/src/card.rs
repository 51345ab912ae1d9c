//! Author cards: name, bio and counts of an author, in the groups of their followers (rule T10). In timelines they may
//! lag behind; on profiles they do not.

use crate::account;
use crate::edge;
use crate::entry;
use crate::errand::{HOP_ROWS_MAX, Waiting, Walked};
use crate::error::Outcome;
use crate::follow;
use crate::tx::{Tx, View};
use crate::verb::{Command, Verb};
use serde::{Deserialize, Serialize};
use tertulia_types::view::AccountView;
use tertulia_types::{AccountId, Position, Slot};

/// Brings an author's card to a group that has a follower: one hop of a walk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverCard {
    /// The slot of the first follower there.
    pub slot: Slot,
    /// Whose.
    pub author: AccountId,
    /// The card; `None` when the account is closed: then its entries and the edges to it go (rule P5).
    pub card: Option<AccountView>,
}

impl Verb for DeliverCard {
    type Reply = Walked;

    fn home(&self) -> Position {
        self.slot.end()
    }
}

impl Command for DeliverCard {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Walked> {
        let mut rows = 0;
        match &self.card {
            Some(card) if entry::is_followed(tx, self.author)? => entry::put_card(tx, card, false)?,
            Some(_) => {}
            None => {
                let sql = "SELECT follower_id FROM following WHERE author_id = ?1 AND state = 1
                           AND ((follower_id - ?2) & 65535) < ?3 LIMIT ?4";
                let (first, count) = tx.own_slots();
                let params = (self.author.get(), first, count, HOP_ROWS_MAX);
                let followers = tx.all(sql, params, |row| row.get::<_, i64>(0))?;
                rows = followers.len();
                for follower in followers.into_iter().filter_map(AccountId::from_number) {
                    follow::end(tx, follower, self.author)?;
                }
            }
        }
        Ok(Walked::after_rows(tx, self.slot, rows))
    }
}

/// The slot of the first follower at or behind the cursor.
pub(crate) fn next_slot(view: &View<'_>, row: &Waiting) -> Outcome<Option<Slot>> {
    match AccountId::from_number(row.subject) {
        Some(author) => Ok(edge::next_follower_slot(view, author, row.cursor)?),
        None => Ok(None),
    }
}

pub(crate) fn parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<DeliverCard>> {
    let Some(author) = AccountId::from_number(row.subject) else {
        return Ok(None);
    };
    let Some(slot) = edge::next_follower_slot(view, author, row.cursor)? else {
        return Ok(None);
    };
    Ok(Some(DeliverCard {
        slot,
        author,
        card: account::kept(view, author)?,
    }))
}
