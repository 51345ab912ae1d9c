//! Which letters have come directly, so that their copies from the mailbox are passed over, however late these come.

use crate::failure::Failure;
use crate::time::now;
use rusqlite::Transaction;
use sha2::{Digest, Sha256};
use tertulia_types::entity::Letter;

/// For how long that is remembered: longer than a letter waits in a mailbox.
const KEPT_MS: i64 = 60 * 24 * 3_600_000;

/// Whether this very letter has come directly.
pub(in crate::message) fn is_taken(tx: &Transaction<'_>, letter: &Letter) -> Result<bool, Failure> {
    let sql = "SELECT 1 FROM taken WHERE letter = ?1 AND body = ?2";
    Ok(tx.prepare_cached(sql)?.exists((letter.id.0, hash(letter)))?)
}

/// It has.
pub(in crate::message) fn note_taken(tx: &Transaction<'_>, letter: &Letter) -> Result<(), Failure> {
    let now_ms = now().unix_ms;
    let sql = "INSERT OR REPLACE INTO taken (letter, body, at_ms) VALUES (?1, ?2, ?3)";
    tx.execute(sql, (letter.id.0, hash(letter), now_ms))?;
    tx.execute("DELETE FROM taken WHERE at_ms < ?1", [now_ms - KEPT_MS])?;
    Ok(())
}

fn hash(letter: &Letter) -> [u8; 32] {
    Sha256::digest(&letter.body.0).into()
}
