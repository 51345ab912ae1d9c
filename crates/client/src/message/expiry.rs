//! What lay at a recipient's home until its time was over, and no device came for it: the sender is shown that it will not come any more.
//!
//! Homes tell nobody by themselves: it would be a letter for each letter. So the sender's client asks, about what is older than letters
//! get, once a day and recipient, for as long as homes know of it.

use crate::ask::Ask;
use crate::failure::Failure;
use crate::message::Messenger;
use crate::message::outgoing::KEPT_AT_HOME_MS;
use crate::time::now;
use rusqlite::Transaction;
use tertulia_types::{AccountId, MessageId};

/// What stands beside a message that is at home no more.
pub(crate) const EXPIRED: &str = "expired";
/// How often one home is asked.
const PAUSE_MS: i64 = 24 * 3_600_000;
/// Homes that are asked in one delivery.
const HOMES_MAX: u32 = 20;

impl Messenger<'_> {
    /// Asks homes for messages that may have been let go.
    pub(crate) async fn ask_expired(&self) -> Result<(), Failure> {
        let now_ms = now().unix_ms;
        for account in self.vault.store.change(|tx| to_ask(tx, self.me, now_ms))? {
            let ask = Ask::get(format!("/api/tertulia/v1/accounts/{account}/expired"));
            let expired = match self.client.read::<Vec<MessageId>>(ask).await {
                Ok(expired) => expired,
                // They have closed their account, or the machine is of an earlier version.
                Err(Failure::Refused(_)) => Vec::new(),
                Err(failure) => return Err(failure),
            };
            self.vault
                .store
                .change(|tx| note(tx, account, &expired, now_ms))?;
        }
        Ok(())
    }
}

/// Whose homes are to be asked.
fn to_ask(tx: &Transaction<'_>, me: AccountId, now_ms: i64) -> Result<Vec<AccountId>, Failure> {
    let sql = "SELECT DISTINCT progress.account FROM progress
               JOIN message ON message.conversation = progress.conversation AND message.id = progress.message AND message.sender = ?5
               JOIN person ON person.account = progress.account AND person.expired_ms < ?3
               WHERE progress.state = 1 AND progress.why IS NULL AND progress.letter IS NOT NULL
               AND message.sent_ms BETWEEN ?1 AND ?2 ORDER BY progress.account LIMIT ?4";
    let since = (
        now_ms - 2 * KEPT_AT_HOME_MS,
        now_ms - KEPT_AT_HOME_MS,
        now_ms - PAUSE_MS,
        HOMES_MAX,
        me.get(),
    );
    let accounts = tx
        .prepare_cached(sql)?
        .query_map(since, |row| row.get::<_, i64>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(accounts.into_iter().filter_map(AccountId::from_number).collect())
}

/// Their home has answered.
fn note(tx: &Transaction<'_>, account: AccountId, expired: &[MessageId], now_ms: i64) -> Result<(), Failure> {
    for letter in expired {
        let sql =
            "UPDATE progress SET why = ?3 WHERE account = ?1 AND letter = ?2 AND state = 1 AND why IS NULL";
        tx.execute(sql, (account.get(), letter.0, EXPIRED))?;
    }
    let sql = "UPDATE person SET expired_ms = ?2 WHERE account = ?1";
    tx.execute(sql, (account.get(), now_ms))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{KEPT_AT_HOME_MS, PAUSE_MS, note, to_ask};
    use crate::message::people::remember;
    use crate::message::progress::{State, advance};
    use crate::message::vault::Vault;
    use crate::place::Place;
    use tertulia_types::{AccountId, MessageId};

    #[test]
    fn a_home_is_asked_of_what_is_older_than_letters_get_and_its_answer_is_kept() {
        let directory = tempfile::tempdir().expect("a directory");
        let place = Place::open(directory.path()).expect("a place");
        let account = |number| AccountId::from_number(number).expect("an id");
        let (me, other) = (account(1), account(2));
        let vault = Vault::open(&place, me).expect("opens");
        let sent_ms = 2 * KEPT_AT_HOME_MS;
        let looked = vault.store.change(|tx| {
            let id = remember(tx, me, other, None)?;
            for number in [1, 2] {
                let message = [number; 16];
                let sql = "INSERT INTO message (conversation, id, sender, sent_ms, text) VALUES (?1, ?2, ?3, ?4, 'hello')";
                tx.execute(sql, (id.0, message, me.get(), sent_ms))?;
                let sql = "INSERT INTO progress (conversation, message, account, state, letter) VALUES (?1, ?2, ?3, 1, ?4)";
                tx.execute(sql, (id.0, message, other.get(), [number + 10; 16]))?;
            }
            let late_ms = sent_ms + KEPT_AT_HOME_MS;
            assert_eq!(to_ask(tx, me, late_ms - 1)?, [], "it may be there still");
            assert_eq!(to_ask(tx, me, late_ms)?, [other]);
            note(tx, other, &[MessageId([11; 16]), MessageId([99; 16])], late_ms)?;
            let why = |number: u8| {
                let sql = "SELECT why FROM progress WHERE message = ?1";
                tx.query_row(sql, [[number; 16]], |row| row.get::<_, Option<String>>(0))
            };
            assert_eq!((why(1)?.as_deref(), why(2)?), (Some("expired"), None));
            assert_eq!(to_ask(tx, me, late_ms + 1)?, [], "it was asked just now");
            assert_eq!(to_ask(tx, me, late_ms + PAUSE_MS + 1)?, [other]);
            // It came by another way after all.
            advance(tx, (id, MessageId([1; 16]), other.get()), State::Delivered, None)?;
            assert_eq!(why(1)?, None);
            assert_eq!(to_ask(tx, me, late_ms + KEPT_AT_HOME_MS + 1)?, [], "nobody knows any more");
            Ok(())
        });
        looked.expect("looked");
    }
}
