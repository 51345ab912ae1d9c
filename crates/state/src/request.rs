//! Remembered replies: a request that is repeated with its key gets the first reply and has no second effect (rule P6).
//!
//! Keys are per actor, lie beside the actor's data and move with its range. They are forgotten after [`KEPT_MS`] of
//! stamped time (see [`crate::prune`]). A key that comes back with a verb of another kind is refused.

use crate::error::Outcome;
use crate::tx::{Tx, View};
use serde::{Deserialize, Serialize};
use tertulia_types::{AccountId, Rejected};

/// How long a reply is remembered: 24 hours.
pub const KEPT_MS: u64 = 24 * 3_600_000;

/// The key of one request: the first half of a SHA-256 over what the client sent as `Idempotency-Key`, or random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RequestKey(pub [u8; 16]);

/// A request of an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub actor: AccountId,
    /// Under which key.
    pub key: RequestKey,
}

impl Request {
    /// The reply to an earlier request with this key.
    pub(crate) fn recall(&self, view: &View<'_>, kind: u32) -> Outcome<Option<Vec<u8>>> {
        let sql = "SELECT kind, reply FROM request WHERE slot = ?1 AND actor = ?2 AND key = ?3";
        let params = (self.actor.slot().0, self.actor.get(), self.key.0);
        match view.first(sql, params, |row| Ok((row.get::<_, u32>(0)?, row.get(1)?)))? {
            None => Ok(None),
            Some((earlier, reply)) if earlier == kind => Ok(Some(reply)),
            Some(_) => Err(Rejected::KeyReused.into()),
        }
    }

    /// Keeps the reply.
    pub(crate) fn remember(&self, tx: &mut Tx<'_>, kind: u32, reply: &[u8]) -> Outcome<()> {
        let sql =
            "INSERT INTO request (slot, actor, key, kind, reply, stamp_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let stamp_ms = tx.now_ms;
        tx.write(
            sql,
            (
                self.actor.slot().0,
                self.actor.get(),
                self.key.0,
                kind,
                reply,
                stamp_ms,
            ),
        )?;
        Ok(())
    }
}
