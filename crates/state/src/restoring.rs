//! What changes in a group's tables when a backup of it is restored.
//!
//! People's devices know more than the backup does: of letters that came after it was made, and of commits that their conversations
//! have seen since. To go on where the backup ends would give numbers a second time that devices take for known, and let two groups
//! of one conversation grow side by side. So all that is counted goes on far ahead of whatever may have been counted since:
//!
//! - the numbers of mailboxes, by [`LETTERS_AHEAD`] (rule M4: they never restart, here neither);
//! - the generations of conversations, by [`GENERATIONS_AHEAD`], of those too of which the backup knows nothing: whoever hands in a
//!   commit of an older group learns that it is left behind, and begins the next generation (rule M1);
//! - the time, so that no id is given twice: nothing is stamped before the moment of restoring (rule C3).
//!
//! Key packages that are given out once are gone: some were given out since, and what they open is forgotten. Devices leave new ones
//! when they come; until then there is the last resort. Whose the ends of ranges were does not matter any more.
//!
//! **Invariant:** it is all in the transaction by which the group becomes another one: restored as a whole, or not at all.
//!
//! Deliberately absent: guesses at what the backup has not. What was said and done since it was made is lost, as far as nobody's device
//! has it.

use crate::conversation::GENERATIONS;
use crate::database::Database;
use crate::error::{Fault, decode, encode};
use crate::tx::{Descriptor, set_meta};
use rusqlite::{Connection, OptionalExtension};
use tertulia_types::message::{GENERATIONS_AHEAD, LETTERS_AHEAD};

/// Makes another group of the one in a backup.
///
/// # Errors
/// A fault; then the database is as it was.
pub fn restore(
    database: &mut Database,
    descriptor: Descriptor,
    applied: &[u8],
    now_ms: u64,
) -> Result<(), Fault> {
    database.become_changed(descriptor, applied, now_ms, go_ahead)
}

fn go_ahead(conn: &Connection) -> Result<(), Fault> {
    conn.execute("DELETE FROM range_end", [])?;
    conn.execute("DELETE FROM key_package WHERE number > 0", [])?;
    // The mailbox of whom nothing had come begins ahead too: something may have come since.
    let mailboxes = "INSERT INTO mailbox (slot, account_id, top) SELECT slot, id, ?1 FROM account WHERE true
                     ON CONFLICT (slot, account_id) DO UPDATE SET top = top + excluded.top";
    conn.execute(mailboxes, [LETTERS_AHEAD])?;
    let conversations = "UPDATE conversation SET generation = generation + ?1, epoch = 1";
    conn.execute(conversations, [GENERATIONS_AHEAD])?;
    let begun: Option<Vec<u8>> = conn
        .query_row("SELECT value FROM meta WHERE key = ?1", [GENERATIONS], |row| {
            row.get(0)
        })
        .optional()?;
    let begun: i64 = begun.map_or(Ok(0), |bytes| decode("counter", &bytes))?;
    set_meta(
        conn,
        GENERATIONS,
        &encode(&(begun + i64::from(GENERATIONS_AHEAD)))?,
    )
}
