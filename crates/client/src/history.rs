//! What a person typed at the console, and the nicks they met: for the arrow keys and for completion.
//!
//! Deliberately absent: passwords. They are asked for apart, and nothing that is typed there comes here.

use crate::client::Client;
use crate::failure::Failure;

/// How many lines are kept.
const LINES_MAX: u32 = 500;

impl Client {
    /// Keeps a line, while somebody is logged in.
    pub fn keep_line(&self, text: &str) -> Result<(), Failure> {
        let Some(nick) = self.nick() else { return Ok(()) };
        self.store.change(|tx| {
            tx.execute("INSERT INTO line (person, text) VALUES (?1, ?2)", (&nick, text))?;
            let sql = "DELETE FROM line WHERE person = ?1 AND id <=
                       (SELECT id FROM line WHERE person = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)";
            tx.execute(sql, (&nick, LINES_MAX))?;
            Ok(())
        })
    }

    /// The lines that were kept, oldest first.
    pub fn lines(&self) -> Result<Vec<String>, Failure> {
        let Some(nick) = self.nick() else {
            return Ok(Vec::new());
        };
        self.store.all(
            "SELECT text FROM line WHERE person = ?1 ORDER BY id",
            [nick],
            |row| row.get(0),
        )
    }

    /// The nicks that were met, in order of the alphabet.
    pub fn nicks_met(&self) -> Result<Vec<String>, Failure> {
        let Some(nick) = self.nick() else {
            return Ok(Vec::new());
        };
        self.store.all(
            "SELECT nick FROM met WHERE person = ?1 ORDER BY nick",
            [nick],
            |row| row.get(0),
        )
    }
}
