//! Whether somebody is who the ring says: two people compare their safety number by another way.
//!
//! **Invariant:** what was compared is bound to the identity for which the number was shown. When somebody who was verified shows
//! another identity, nothing is sent to them until the person has compared again, or has accepted it without.

use crate::failure::{Failure, Misuse};
use crate::message::Messenger;
use rusqlite::{OptionalExtension, Transaction};
use serde::{Deserialize, Serialize};
use tertulia_crypto::number::safety_number;
use tertulia_types::AccountId;
use tertulia_types::device::PublicKey;

/// How somebody stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Who.
    pub nick: String,
    /// The number that both see: sixty digits in groups of five.
    pub number: String,
    /// Whether it was compared.
    pub is_verified: bool,
    /// Whether they have another identity than the one that was verified: nothing is sent to them.
    pub is_held_back: bool,
}

/// What the person says of somebody's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The number that was shown is the one that the other sees.
    Confirm,
    /// A new identity is taken without comparing.
    Accept,
}

impl Messenger<'_> {
    /// The safety number with somebody.
    pub async fn safety_number(&self, nick: &str) -> Result<Verification, Failure> {
        self.enrol().await?;
        let other = self.account_of(nick).await?;
        let mut identities = Vec::new();
        for account in [self.me, other] {
            let chain = self.ask_chain(account).await?;
            let identity = chain
                .identity()
                .ok_or_else(|| Misuse::NoIdentity(nick.to_owned()))?;
            identities.push((account, identity));
        }
        let (mine, theirs) = (identities[0], identities[1]);
        let sql = "UPDATE person SET shown = ?2 WHERE account = ?1";
        self.vault.store.execute(sql, (other.get(), theirs.1.0))?;
        self.verification(nick, mine, theirs)
    }

    /// Takes the person's word on somebody's identity, the one for which the number was shown last.
    pub async fn take_word(&self, nick: &str, word: Word) -> Result<Verification, Failure> {
        let other = self.account_of(nick).await?;
        let shown = self
            .vault
            .store
            .first(
                "SELECT shown FROM person WHERE account = ?1",
                [other.get()],
                |row| row.get::<_, Option<[u8; 32]>>(0),
            )?
            .flatten();
        let now = self.safety_number(nick).await?;
        let is_verified = match word {
            Word::Confirm => 1,
            Word::Accept => 0,
        };
        let is_taken = self.vault.store.change(|tx| {
            // Whoever confirms has compared what was shown; it must not have changed behind them.
            let sql = "UPDATE person SET is_verified = ?2
                       WHERE account = ?1 AND identity = shown AND (?2 = 0 OR shown = ?3)";
            Ok(tx.execute(sql, (other.get(), is_verified, shown))? > 0)
        })?;
        if !is_taken {
            return Err(Misuse::NotShown(now.nick).into());
        }
        Ok(Verification {
            is_verified: word == Word::Confirm,
            is_held_back: false,
            ..now
        })
    }

    fn verification(
        &self,
        nick: &str,
        mine: (AccountId, PublicKey),
        theirs: (AccountId, PublicKey),
    ) -> Result<Verification, Failure> {
        let sql = "SELECT is_verified FROM person WHERE account = ?1";
        let state = self
            .vault
            .store
            .first(sql, [theirs.0.get()], |row| row.get::<_, u8>(0))?;
        Ok(Verification {
            nick: crate::nick::checked(nick)?.to_string(),
            number: safety_number(mine, theirs),
            is_verified: state == Some(1),
            is_held_back: state == Some(2),
        })
    }

    /// Refuses to send to somebody whose identity is not the one that was verified.
    pub(crate) fn refuse_if_held_back(&self, nick: &str, other: AccountId) -> Result<(), Failure> {
        match self.vault.store.change(|tx| is_held_back(tx, other))? {
            true => Err(Misuse::HeldBack(nick.to_owned()).into()),
            false => Ok(()),
        }
    }
}

/// Whether nothing is to be sent to somebody now.
pub(crate) fn is_held_back(tx: &Transaction<'_>, account: AccountId) -> Result<bool, Failure> {
    let sql = "SELECT is_verified = 2 FROM person WHERE account = ?1";
    let found = tx.query_row(sql, [account.get()], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or(false))
}
