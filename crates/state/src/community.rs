//! The community as a whole: what is everybody's has its home at one position of the ring, and what was settled has an image in each group.
//!
//! **Invariants**
//! - The truth of what is settled is at the community's home; a change walks from there to all groups, and the later one counts.
//! - Whoever registers is checked against the image in the group of their own nick, in the transaction of the registration. So a
//!   change holds at the community's home at once, and everywhere as soon as the walk is done.

use crate::errand::{self, Errand, Waiting, Walked};
use crate::error::{Fault, Outcome, decode, encode};
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use serde::{Deserialize, Serialize};
use tertulia_types::community::{Registration, Settlement};
use tertulia_types::{NotificationId, Position, Rejected, Slot};

/// Where what is the whole community's has its home.
#[must_use]
pub fn position() -> Position {
    Position::of("community", "")
}

/// What is settled, as far as this group has heard, and by which measure.
pub(crate) fn settled(view: &View<'_>) -> Result<(i64, Settlement), Fault> {
    let sql = "SELECT version, body FROM settlement WHERE id = 0";
    let row = view.first(sql, [], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)))?;
    match row {
        Some((version, body)) => Ok((version, decode("settlement", &body)?)),
        None => Ok((0, Settlement::default())),
    }
}

/// Refuses newcomers who may not register.
pub(crate) fn admits(view: &View<'_>, is_invited: bool) -> Outcome<()> {
    match settled(view)?.1.registration {
        Registration::Open => Ok(()),
        Registration::Invitation if is_invited => Ok(()),
        Registration::Invitation => Err(Rejected::InvitationNeeded.into()),
        Registration::Closed => Err(Rejected::RegistrationClosed.into()),
    }
}

fn put(tx: &mut Tx<'_>, version: i64, settlement: &Settlement) -> Result<bool, Fault> {
    let sql = "INSERT INTO settlement (id, version, body) VALUES (0, ?1, ?2)
               ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body
               WHERE excluded.version > version";
    Ok(tx.write(sql, (version, encode(settlement)?))? > 0)
}

/// Settles something else, at the community's home: refused if what it was made from is not what is settled.
pub(crate) fn settle(tx: &mut Tx<'_>, by: NotificationId, over: i64, settlement: &Settlement) -> Outcome<()> {
    let (version, _) = settled(tx)?;
    // Also where the clock of the one who decides is behind.
    let next = by.get().max(over + 1);
    if version == next {
        return Ok(());
    }
    if version != over {
        return Err(Rejected::Conflict.into());
    }
    if !settlement.fits() {
        return Err(Rejected::Invalid("the rules or the texts are too long".to_owned()).into());
    }
    put(tx, next, settlement)?;
    Ok(errand::post(tx, position().slot(), Errand::Settlement, 0, &[])?)
}

pub(crate) fn parcel(view: &View<'_>, row: &Waiting) -> Outcome<SetSettlement> {
    let (version, settlement) = settled(view)?;
    Ok(SetSettlement {
        slot: row.cursor,
        version,
        settlement,
    })
}

/// Tells a group what is settled: one hop of a walk to all groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetSettlement {
    /// A slot of the group.
    pub slot: Slot,
    /// By which measure; the later one counts.
    pub version: i64,
    /// What.
    pub settlement: Settlement,
}

impl Verb for SetSettlement {
    type Reply = Walked;

    fn home(&self) -> Position {
        self.slot.end()
    }
}

impl Command for SetSettlement {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Walked> {
        put(tx, self.version, &self.settlement)?;
        Ok(Walked::behind(tx, self.slot))
    }
}

/// What is settled, at the community's home: with the version from which a change is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled;

impl Verb for Settled {
    type Reply = (i64, Settlement);

    fn home(&self) -> Position {
        position()
    }
}

impl Query for Settled {
    fn read(&self, view: &View<'_>) -> Outcome<(i64, Settlement)> {
        Ok(settled(view)?)
    }
}
