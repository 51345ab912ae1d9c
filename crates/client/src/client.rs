//! The client itself: who is logged in, which machines are known, and the two ways to ask (to read, and to change).

use crate::failure::{Failure, Misuse};
use crate::place::Place;
use crate::store::Store;
use crate::time::now;
use crate::trust::{self, Offer};
use crate::wire::{self, Ask, Wire};
use rand::Rng;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// How long a key is kept for an action whose answer never came: as long as the ring surely remembers it.
const ATTEMPT_MS_MAX: i64 = 3_600_000;

/// What a client is opened with.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The directory of the client's data.
    pub data: PathBuf,
    /// Machines to ask, in this order; none: those that are remembered, else [`Settings::usual_server`].
    pub servers: Vec<String>,
    /// The machine to ask when none is named or remembered.
    pub usual_server: Option<String>,
    /// A file with the certificate of the ring's authority.
    pub ca: Option<PathBuf>,
    /// The fingerprint of the ring's authority, to be believed without asking.
    pub ca_fingerprint: Option<String>,
    /// How long one machine may take for a whole answer, if not [`wire::ANSWER_MS_MAX`].
    pub patience_ms: Option<u64>,
}

/// A person's way to the ring.
#[derive(Debug)]
pub struct Client {
    pub(crate) store: Store,
    pub(crate) wire: Wire,
    person: Mutex<Option<Person>>,
}

/// Who is logged in.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) nick: String,
    pub(crate) token: String,
}

impl Client {
    /// Opens the client's data. Nothing is asked of any machine yet.
    pub fn open(settings: &Settings) -> Result<Self, Failure> {
        let store = Store::open(&Place::open(&settings.data)?)?;
        let given = settings
            .servers
            .iter()
            .map(|typed| wire::address(typed))
            .collect::<Result<Vec<_>, _>>()?;
        let mut servers = given.clone();
        for known in remembered(&store)? {
            if !servers.contains(&known) {
                servers.push(known);
            }
        }
        if servers.is_empty() {
            servers.extend(settings.usual_server.clone());
        }
        if let Some(path) = &settings.ca {
            let pem = trust::read(path)?;
            for server in servers
                .iter()
                .filter(|server| given.is_empty() || given.contains(server))
            {
                trust::pin(&store, server, &pem)?;
            }
        }
        let expected = settings
            .ca_fingerprint
            .as_deref()
            .map(trust::fingerprint)
            .transpose()?;
        let sql = "SELECT nick, token FROM person WHERE token IS NOT NULL";
        let person = store.first(sql, [], |row| {
            Ok(Person {
                nick: row.get(0)?,
                token: row.get(1)?,
            })
        })?;
        let client = Self {
            store,
            wire: Wire::new(
                servers,
                expected,
                settings.patience_ms.unwrap_or(wire::ANSWER_MS_MAX),
            ),
            person: Mutex::new(person),
        };
        if client.nick().is_some() {
            client.remember(&given)?;
        }
        Ok(client)
    }

    /// The nick of the person who is logged in.
    #[must_use]
    pub fn nick(&self) -> Option<String> {
        self.current().map(|person| person.nick)
    }

    /// The machines that are asked, the first one first.
    #[must_use]
    pub fn servers(&self) -> Vec<String> {
        self.wire.servers()
    }

    /// Finds out whether any machine answers, so that a person need not type a password in vain.
    pub async fn reach(&self) -> Result<(), Failure> {
        self.wire
            .ask::<serde_json::Value>(&self.store, &Ask::get("/api/v1/instance"))
            .await
            .map(drop)
    }

    /// Believes the authority from now on: the person has vouched for it.
    pub fn trust(&self, offer: &Offer) -> Result<(), Failure> {
        trust::pin(&self.store, &offer.server, &offer.pem)?;
        self.wire.reconsider(&offer.server);
        Ok(())
    }

    /// Keeps machines for later, in this order, in front of those that are known.
    pub(crate) fn remember(&self, servers: &[String]) -> Result<(), Failure> {
        let known = remembered(&self.store)?;
        if servers.iter().all(|server| known.contains(server)) {
            return Ok(());
        }
        self.store.change(|tx| {
            for server in servers.iter().rev() {
                tx.execute(
                    "INSERT INTO server (url, place) VALUES (?1, (SELECT coalesce(min(place), 0) - 1 FROM server))
                     ON CONFLICT (url) DO UPDATE SET place = (SELECT min(place) - 1 FROM server)",
                    [server],
                )?;
            }
            Ok(())
        })
    }

    pub(crate) fn current(&self) -> Option<Person> {
        self.person.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn become_person(&self, person: Option<Person>) {
        *self.person.lock().unwrap_or_else(PoisonError::into_inner) = person;
    }

    /// Who is logged in, or the failure that nobody is.
    pub(crate) fn me(&self) -> Result<Person, Failure> {
        self.current().ok_or_else(|| Misuse::NotLoggedIn.into())
    }

    /// Asks for something to read, as the person.
    pub(crate) async fn read<T: DeserializeOwned>(&self, ask: Ask) -> Result<T, Failure> {
        let me = self.me()?;
        self.wire.ask(&self.store, &ask.token(Some(me.token))).await
    }

    /// Asks for a change, as the person. Asked again after a lost answer, it is the same change.
    pub(crate) async fn act<T: DeserializeOwned>(&self, ask: Ask) -> Result<T, Failure> {
        let me = self.me()?;
        let action = ask.action();
        self.once(&me.nick, &action, ask.token(Some(me.token))).await
    }

    /// Sends a change under the key that belongs to `action`, and keeps the key until a machine has answered.
    pub(crate) async fn once<T: DeserializeOwned>(
        &self,
        nick: &str,
        action: &str,
        ask: Ask,
    ) -> Result<T, Failure> {
        let action = hex(&Sha256::digest(action));
        let key = self.attempt(nick, &action)?;
        let answer = self.wire.ask(&self.store, &ask.key(key)).await;
        let unknown = matches!(
            answer,
            Err(Failure::Unreachable(_) | Failure::Untrusted(_) | Failure::Local(_))
        );
        if !unknown {
            self.store.execute(
                "DELETE FROM attempt WHERE person = ?1 AND action = ?2",
                (nick, &action),
            )?;
        }
        answer
    }

    fn attempt(&self, nick: &str, action: &str) -> Result<String, Failure> {
        let now = now().unix_ms;
        let oldest = now - ATTEMPT_MS_MAX;
        let fresh = random_key();
        self.store.change(|tx| {
            tx.execute("DELETE FROM attempt WHERE at_ms < ?1", [oldest])?;
            tx.execute(
                "INSERT OR IGNORE INTO attempt VALUES (?1, ?2, ?3, ?4)",
                (nick, action, fresh, now),
            )?;
            let sql = "SELECT key FROM attempt WHERE person = ?1 AND action = ?2";
            Ok(tx.query_row(sql, (nick, action), |row| row.get(0))?)
        })
    }
}

fn remembered(store: &Store) -> Result<Vec<String>, Failure> {
    store.all("SELECT url FROM server ORDER BY place", [], |row| row.get(0))
}

fn random_key() -> String {
    let mut bytes = [0_u8; 16];
    rand::rng().fill_bytes(&mut bytes);
    hex(&bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}
