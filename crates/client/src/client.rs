//! The client itself: who is logged in, which machines are known, and the two ways to ask (to read, and to change).

use crate::address::address;
use crate::ask::Ask;
use crate::entries::Ring;
use crate::failure::{Failure, Misuse};
use crate::key::Passphrase;
use crate::near::{Lookout, NearRing};
use crate::place::Place;
use crate::servers::{Origin, Servers};
use crate::store::{self, Store};
use crate::time::now;
use crate::trust::{self, Offer};
use crate::wire::{self, Wire};
use rand::Rng;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tertulia_types::hexadecimal::digits;

/// How long a key is kept for an action whose answer never came: as long as the ring surely remembers it.
const ATTEMPT_MS_MAX: i64 = 3_600_000;

/// How long the devices of others may take for a letter that is brought to them: hardly noticed by who waits for the mailbox instead
/// (rule M5).
pub const DIRECT_MS_MAX: u64 = 300;

/// What a client is opened with.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The directory of the client's data.
    pub data: PathBuf,
    /// What the key of that data lies under, if it lies under a passphrase.
    pub passphrase: Option<Passphrase>,
    /// Machines to ask first, in this order; then those of the ring that are remembered. None at all:
    /// [`Settings::usual_server`].
    pub servers: Vec<String>,
    /// The machine to ask when none is named or remembered.
    pub usual_server: Option<String>,
    /// Where to look for a machine when none is named or known, or all those of the ring are silent.
    pub lookout: Lookout,
    /// A file with the certificate of the ring's authority.
    pub ca: Option<PathBuf>,
    /// The fingerprint of the ring's authority, to be believed without asking.
    pub ca_fingerprint: Option<String>,
    /// How long one machine may take for a whole answer, if not [`wire::ANSWER_MS_MAX`].
    pub patience_ms: Option<u64>,
    /// How long the devices of others may take for a letter that is brought to them directly, if not [`DIRECT_MS_MAX`].
    pub direct_patience_ms: Option<u64>,
}

/// A person's way to the ring.
#[derive(Debug)]
pub struct Client {
    pub(crate) place: Place,
    pub(crate) store: Store,
    pub(crate) wire: Wire,
    /// How long the devices of others may take for a letter.
    pub(crate) direct_patience: Duration,
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
        let place = Place::open(&settings.data)?.with(settings.passphrase.clone());
        let store = Store::open(&place)?;
        let given = settings
            .servers
            .iter()
            .map(|typed| address(typed))
            .collect::<Result<Vec<_>, _>>()?;
        let person = logged_in(&store)?;
        let ring = ring_of(&store, person.as_ref(), given.first())?;
        let remembered = remembered(&store, ring.id.as_deref(), person.is_some() || given.is_empty())?;
        if let Some(path) = &settings.ca {
            let pem = trust::read(path)?;
            let usual = settings.usual_server.iter().filter(|_| remembered.is_empty());
            let remembered = remembered.iter().chain(usual).filter(|_| given.is_empty());
            for server in given.iter().chain(remembered) {
                trust::pin(&store, server, &pem)?;
            }
        }
        let mut servers = Servers::default();
        servers.add(given.iter().cloned(), Origin::Named);
        servers.add(remembered, Origin::Remembered);
        if servers.urls().is_empty() {
            servers.add(settings.usual_server.clone(), Origin::Usual);
        }
        let expected = settings
            .ca_fingerprint
            .as_deref()
            .map(trust::fingerprint)
            .transpose()?;
        let patience = Duration::from_millis(settings.patience_ms.unwrap_or(wire::ANSWER_MS_MAX));
        let direct_ms = settings.direct_patience_ms.unwrap_or(DIRECT_MS_MAX);
        let lookout = settings.lookout.clone();
        let client = Self {
            place,
            store,
            wire: Wire::new(servers, ring, expected, patience, lookout),
            direct_patience: Duration::from_millis(direct_ms),
            person: Mutex::new(person.map(|(person, _)| person)),
        };
        if client.nick().is_some() {
            client.remember(&given)?;
        }
        Ok(client)
    }

    /// Gives the databases in a client's directory another key, and puts it under a passphrase, or under none. Nobody may have them open.
    pub fn change_passphrase(settings: &Settings, new: Option<Passphrase>) -> Result<(), Failure> {
        let place = Place::open(&settings.data)?;
        let before = place.clone().with(settings.passphrase.clone());
        Ok(store::change_key(&before, &place.with(new))?)
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

    /// Believes the authority from now on: the person has vouched for it. If the ring had another one, it is the ring's.
    pub fn trust(&self, offer: &Offer) -> Result<(), Failure> {
        trust::pin(&self.store, &offer.server, &offer.pem)?;
        if let (true, Some(ring)) = (offer.changed, self.wire.ring().id) {
            let sql = "UPDATE ring SET authority = ?1 WHERE id = ?2";
            self.store.execute(sql, (&offer.fingerprint, ring))?;
            self.wire.become_ring_under(&offer.fingerprint);
        }
        self.wire.reconsider(&offer.server);
        Ok(())
    }

    /// Asks the machines of a ring that was found near by from now on.
    pub fn choose(&self, ring: &NearRing) {
        self.wire.come_near(ring);
    }

    /// Waits, not for long, for what is still on its way in the background, and keeps it: for the end of a command.
    pub async fn settle(&self) -> Result<(), Failure> {
        self.wire.settle(&self.store).await
    }

    /// Machines that were passed by because they showed another authority than the ring's: the person must hear of it.
    /// Each is told once.
    #[must_use]
    pub fn alarms(&self) -> Vec<Offer> {
        self.wire.alarms()
    }

    /// Keeps machines of the ring for later, in this order, in front of those that are known.
    pub(crate) fn remember(&self, servers: &[String]) -> Result<(), Failure> {
        let ring = self.wire.certain_ring();
        self.store.change(|tx| {
            let sql = "SELECT count(*) FROM server WHERE url = ?1 AND ring IS ?2 AND NOT is_heard";
            let is_known = |server: &String| {
                tx.query_row(sql, (server, &ring), |row| row.get::<_, i64>(0))
                    .map(|count| count > 0)
            };
            let known = servers.iter().map(is_known).collect::<Result<Vec<_>, _>>()?;
            if known.into_iter().all(|known| known) {
                return Ok(());
            }
            for server in servers.iter().rev() {
                tx.execute(
                    "INSERT INTO server (url, place, ring)
                     VALUES (?1, (SELECT coalesce(min(place), 0) - 1 FROM server), ?2)
                     ON CONFLICT (url) DO UPDATE SET place = (SELECT min(place) - 1 FROM server), is_heard = 0, ring = ?2",
                    (server, &ring),
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

    /// Asks for a page of a list, as the person: with the id below which the next page lies, if there may be one.
    pub(crate) async fn read_page<T: DeserializeOwned>(&self, ask: Ask) -> Result<(T, Option<i64>), Failure> {
        let me = self.me()?;
        self.wire.ask_page(&self.store, &ask.token(Some(me.token))).await
    }

    /// Asks for a change, as the person. Asked again after a lost answer, it is the same change.
    pub(crate) async fn act<T: DeserializeOwned>(&self, ask: Ask) -> Result<T, Failure> {
        let me = self.me()?;
        let action = ask.action();
        self.once(&me.nick, &action, ask.token(Some(me.token))).await
    }

    /// Sends a change under the key that belongs to `action`, and keeps the key until a machine has said yes or no to it.
    pub(crate) async fn once<T: DeserializeOwned>(
        &self,
        nick: &str,
        action: &str,
        ask: Ask,
    ) -> Result<T, Failure> {
        let action = digits(&Sha256::digest(action));
        let key = self.attempt(nick, &action)?;
        let answer = self.wire.ask(&self.store, &ask.key(key)).await;
        // An earlier try may have been carried out though its answer was lost: the next one must be the same.
        let is_settled = answer.as_ref().err().is_none_or(Failure::settles);
        if is_settled {
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

/// Who is logged in, and the ring that their account is in, if that is known.
fn logged_in(store: &Store) -> Result<Option<(Person, Option<String>)>, Failure> {
    let sql = "SELECT nick, token, ring FROM person WHERE token IS NOT NULL";
    store.first(sql, [], |row| {
        let person = Person {
            nick: row.get(0)?,
            token: row.get(1)?,
        };
        Ok((person, row.get(2)?))
    })
}

/// The ring that is spoken to: the person's, else that of the machine that is asked first.
fn ring_of(
    store: &Store,
    person: Option<&(Person, Option<String>)>,
    named: Option<&String>,
) -> Result<Ring, Failure> {
    let id = match (person, named) {
        (Some((_, ring)), _) => ring.clone(),
        (None, Some(named)) => {
            let sql = "SELECT ring FROM server WHERE url = ?1";
            store.first(sql, [named], |row| row.get(0))?.flatten()
        }
        (None, None) => {
            let sql = "SELECT ring FROM server ORDER BY place LIMIT 1";
            store.first(sql, [], |row| row.get(0))?.flatten()
        }
    };
    Ok(Ring {
        is_certain: person.is_some(),
        ..Ring::of(store, id.as_deref())?
    })
}

/// The machines of a ring that are remembered; of a ring that is not known only `if_unknown`: what is meant for one ring
/// must not be sent to another.
fn remembered(store: &Store, ring: Option<&str>, if_unknown: bool) -> Result<Vec<String>, Failure> {
    if ring.is_none() && !if_unknown {
        return Ok(Vec::new());
    }
    let sql = "SELECT url FROM server WHERE ring IS ?1 ORDER BY place";
    store.all(sql, [ring], |row| row.get(0))
}

fn random_key() -> String {
    let mut bytes = [0_u8; 16];
    rand::rng().fill_bytes(&mut bytes);
    digits(&bytes)
}
