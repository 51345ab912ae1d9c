//! The log of what moderators did, at the community's home.
//!
//! **Invariant:** a deed comes in once, whoever brings it and however often; nothing changes it or takes it out.

use crate::community;
use crate::error::{Outcome, decode, encode};
use crate::page::Page;
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use tertulia_types::Position;
use tertulia_types::moderation::Deed;

/// Writes a deed into the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordDeed {
    /// What was done.
    pub deed: Deed,
}

impl Verb for RecordDeed {
    type Reply = ();

    fn home(&self) -> Position {
        community::position()
    }
}

impl Command for RecordDeed {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let sql = "INSERT INTO deed (slot, id, deed) VALUES (?1, ?2, ?3) ON CONFLICT (slot, id) DO NOTHING";
        let slot = self.home().slot();
        tx.write(sql, (slot.0, self.deed.id.get(), encode(&self.deed)?))?;
        Ok(())
    }
}

/// A page of the log, newest first. Whether a moderator asks is checked at their home, beside this query (rule P1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deeds {
    /// Which part.
    pub page: Page,
}

impl Verb for Deeds {
    type Reply = Vec<Deed>;

    fn home(&self) -> Position {
        community::position()
    }
}

impl Query for Deeds {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<Deed>> {
        let select = "SELECT deed FROM deed WHERE slot = ?4 AND";
        let page = &self.page;
        let params = (page.below(), page.above(), page.size(), self.home().slot().0);
        let bytes = |row: &Row<'_>| row.get::<_, Vec<u8>>(0);
        let rows = page.newest_first(view.all(&page.sql(select, "id"), params, bytes)?);
        Ok(rows
            .iter()
            .map(|bytes| decode("deed", bytes))
            .collect::<Result<_, _>>()?)
    }
}
