//! Short numbers for dweets: an id has 18 digits, `#3` is the third of the last list.
//!
//! **Invariant:** a number means what it meant in the list that was shown last, also in the next process.

use crate::client::Client;
use crate::failure::{Failure, Misuse};
use rusqlite::OptionalExtension;

/// Longer runs of digits are ids.
const NUMBER_DIGITS_MAX: usize = 5;

impl Client {
    /// Numbers the dweets of a list: from 1, or, with `go_on`, after those already there, where a dweet that has a
    /// number keeps it.
    pub fn number<'a>(&self, ids: impl Iterator<Item = &'a str>, go_on: bool) -> Result<Vec<u32>, Failure> {
        let me = self.me()?;
        self.store.change(|tx| {
            if !go_on {
                tx.execute("DELETE FROM listing WHERE person = ?1", [&me.nick])?;
            }
            let mut numbers = Vec::new();
            for id in ids {
                let sql = "SELECT number FROM listing WHERE person = ?1 AND dweet = ?2";
                let before = tx.query_row(sql, (&me.nick, id), |row| row.get(0)).optional()?;
                let sql = "SELECT coalesce(max(number), 0) + 1 FROM listing WHERE person = ?1";
                let next = || tx.query_row(sql, [&me.nick], |row| row.get::<_, u32>(0));
                let number = before.map_or_else(next, Ok)?;
                let sql = "INSERT OR IGNORE INTO listing VALUES (?1, ?2, ?3)";
                tx.execute(sql, (&me.nick, number, id))?;
                numbers.push(number);
            }
            Ok(numbers)
        })
    }

    /// The greatest number that means something; 0 without a list.
    pub fn greatest_number(&self) -> Result<u32, Failure> {
        let me = self.me()?;
        let sql = "SELECT coalesce(max(number), 0) FROM listing WHERE person = ?1";
        Ok(self.store.first(sql, [&me.nick], |row| row.get(0))?.unwrap_or(0))
    }

    /// The id that a person means by `#3`, by `3`, or by the id itself.
    pub fn meant(&self, typed: &str) -> Result<String, Failure> {
        let me = self.me()?;
        let typed = typed.trim();
        let digits = typed.strip_prefix('#').unwrap_or(typed);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Misuse::NotADweet(typed.to_owned()).into());
        }
        if digits.len() > NUMBER_DIGITS_MAX {
            return match digits.parse::<tertulia_types::DweetId>() {
                Ok(id) => Ok(id.to_string()),
                Err(_) => Err(Misuse::NotADweet(typed.to_owned()).into()),
            };
        }
        let number: u32 = digits.parse().map_err(|_| Misuse::NotADweet(typed.to_owned()))?;
        let sql = "SELECT dweet FROM listing WHERE person = ?1 AND number = ?2";
        let id = self.store.first(sql, (&me.nick, number), |row| row.get(0))?;
        id.ok_or_else(|| Misuse::NoSuchNumber(number).into())
    }
}
