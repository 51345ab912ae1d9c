//! Sessions: a person's logins, at the home of their account.
//!
//! A token is the account's id and a secret; here lies only the SHA-256 of the secret (rule P2). Whoever acts presents
//! an [`Actor`], and the session is looked up in the same transaction as the effect or the read (rule P1): there is no
//! cache of sessions, so an ended session is worthless at once.
//!
//! **Invariant:** an ended session stays ended, also when the command that opened it is carried out once more, late: the end is remembered for as long as
//! that may happen (rule P6).

pub use crate::actor::{Actor, SecretHash};
use crate::error::{Fault, Outcome};
use crate::event::Event;
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use rusqlite::{Params, Row};
use serde::{Deserialize, Serialize};
use tertulia_types::view::Application;
use tertulia_types::{AccountId, NotificationId, Position, Rejected, Scopes};

/// How long a session lives after its opening: 400 days, what browsers allow a cookie.
pub const LIFETIME_MS: u64 = 400 * 24 * 3_600_000;

/// Sessions that an account may have; opening one more ends the oldest.
const SESSIONS_MAX: i64 = 100;

/// A session to be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSession {
    /// Hash of the token's secret, made by the machine that was asked.
    pub hash: SecretHash,
    /// What it allows.
    pub scopes: Scopes,
    /// What the person sees in the list of sessions: an application's or a computer's name.
    pub label: String,
    /// The OAuth application, if it was opened through one: its client id and its page.
    pub client: Option<(String, Option<String>)>,
}

/// Refuses unless the actor's session stands and allows `needed`.
pub(crate) fn check(view: &View<'_>, actor: &Actor, needed: Scopes) -> Outcome<()> {
    view.owns(actor.account.home())?;
    let sql = "SELECT scopes, expires_ms FROM session WHERE slot = ?1 AND hash = ?2 AND account_id = ?3";
    let params = (actor.account.slot().0, actor.session.0, actor.account.get());
    let found = view.first(sql, params, |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, u64>(1)?))
    })?;
    match found {
        Some((scopes, expires_ms)) if view.now_ms < expires_ms => {
            if Scopes::from_bits(scopes).contains(needed) {
                Ok(())
            } else {
                Err(Rejected::OutOfScope.into())
            }
        }
        _ => Err(Rejected::NoSession.into()),
    }
}

/// The application of the actor's session, for the dweets written with it.
pub(crate) fn application(view: &View<'_>, actor: &Actor) -> Result<Option<Application>, Fault> {
    let sql = "SELECT label, website FROM session WHERE slot = ?1 AND hash = ?2 AND client_id IS NOT NULL";
    view.first(sql, (actor.account.slot().0, actor.session.0), |row| {
        Ok(Application {
            name: row.get(0)?,
            website: row.get(1)?,
        })
    })
}

/// Opens a session for an account that exists.
pub(crate) fn open(tx: &mut Tx<'_>, account: AccountId, session: &NewSession) -> Outcome<NotificationId> {
    let slot = account.slot();
    let key = (slot.0, session.hash.0);
    let standing = "SELECT id FROM session WHERE slot = ?1 AND hash = ?2";
    if let Some(id) = tx.first(standing, key, |row| row.get::<_, i64>(0))? {
        // A repeat.
        return Ok(NotificationId::from_number(id).unwrap_or(NotificationId::MIN));
    }
    if tx.exists("SELECT 1 FROM ended_session WHERE slot = ?1 AND hash = ?2", key)? {
        return Err(Rejected::NoSession.into());
    }
    let oldest = "DELETE FROM session WHERE slot = ?1 AND hash IN (SELECT hash FROM session WHERE slot = ?1 AND account_id = ?2
                  ORDER BY id DESC LIMIT -1 OFFSET ?3) RETURNING slot, hash, account_id, id";
    if end(tx, oldest, (slot.0, account.get(), SESSIONS_MAX - 1))? > 0 {
        tx.tell(Event::SessionsEnded { account });
    }
    let id = NotificationId::new(tx.fresh_ms(slot)?, slot);
    let (client_id, website) = session
        .client
        .clone()
        .map_or((None, None), |(id, website)| (Some(id), website));
    let sql = "INSERT INTO session (slot, hash, account_id, id, scopes, label, client_id, website, created_ms, expires_ms)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let expires_ms = tx.now_ms + LIFETIME_MS;
    let now_ms = tx.now_ms;
    let hash = session.hash.0;
    let scopes = session.scopes.bits();
    tx.write(
        sql,
        (
            slot.0,
            hash,
            account.get(),
            id.get(),
            scopes,
            &session.label,
            client_id,
            website,
            now_ms,
            expires_ms,
        ),
    )?;
    Ok(id)
}

/// Refuses to open a session for somebody who is suspended, or who is not there yet, once their password has been verified.
pub(crate) fn may_log_in(view: &View<'_>, account: AccountId) -> Outcome<()> {
    let sql = "SELECT standing FROM account WHERE slot = ?1 AND id = ?2";
    let standing = view.first(sql, (account.slot().0, account.get()), |row| row.get::<_, i64>(0))?;
    match standing {
        Some(0) => Ok(()),
        Some(1) => Err(Rejected::Suspended.into()),
        Some(_) | None => Err(Rejected::WrongPassword.into()),
    }
}

/// Ends the sessions that a statement deletes and returns, and remembers their ends. Answers how many there were.
pub(crate) fn end(tx: &mut Tx<'_>, delete: &str, params: impl Params) -> Result<usize, Fault> {
    let row = |row: &Row<'_>| {
        let key = (row.get::<_, u16>(0)?, row.get::<_, Vec<u8>>(1)?);
        Ok((key, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
    };
    let ended = tx.all(delete, params, row)?;
    let now_ms = tx.now_ms;
    for ((slot, hash), account, id) in &ended {
        let remembered = "INSERT OR REPLACE INTO ended_session (slot, hash, ended_ms, account_id, id)
                          VALUES (?1, ?2, ?3, ?4, ?5)";
        tx.write(remembered, (slot, hash, now_ms, account, id))?;
    }
    Ok(ended.len())
}

/// Ends all sessions of the account but `kept`, and the codes that could open new ones.
pub(crate) fn end_all(tx: &mut Tx<'_>, account: AccountId, kept: Option<SecretHash>) -> Result<(), Fault> {
    let kept = kept.map(|hash| hash.0);
    let all = "DELETE FROM session WHERE slot = ?1 AND account_id = ?2 AND (?3 IS NULL OR hash <> ?3)
               RETURNING slot, hash, account_id, id";
    end(tx, all, (account.slot().0, account.get(), kept))?;
    tx.write(
        "DELETE FROM oauth_code WHERE slot = ?1 AND account_id = ?2",
        (account.slot().0, account.get()),
    )?;
    tx.tell(Event::SessionsEnded { account });
    Ok(())
}

/// Opens a session after the password was verified outside (rule P2): refused if the password has changed since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSession {
    /// For whom.
    pub account: AccountId,
    /// Which version of the password was verified.
    pub password_version: u64,
    /// The session.
    pub session: NewSession,
}

impl Verb for OpenSession {
    /// The session's id in the list of sessions.
    type Reply = NotificationId;

    fn home(&self) -> Position {
        self.account.home()
    }
}

impl Command for OpenSession {
    fn is_of_people(&self) -> bool {
        true
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<NotificationId> {
        let sql = "SELECT 1 FROM account WHERE slot = ?1 AND id = ?2 AND password_version = ?3 AND closed_ms IS NULL";
        if !tx.exists(
            sql,
            (self.account.slot().0, self.account.get(), self.password_version),
        )? {
            return Err(Rejected::WrongPassword.into());
        }
        may_log_in(tx, self.account)?;
        open(tx, self.account, &self.session)
    }
}

/// Ends the actor's own session, or another of the same account. What has ended already is answered as the first time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseSession {
    /// Who asks.
    pub actor: Actor,
    /// Which; `None` is the actor's own.
    pub id: Option<NotificationId>,
}

impl Verb for CloseSession {
    type Reply = ();

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for CloseSession {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        let needed = if self.id.is_some() {
            Scopes::ALL
        } else {
            Scopes::NONE
        };
        Some((&self.actor, needed))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let account = self.actor.account;
        let slot = account.slot().0;
        let ended = match self.id {
            None => {
                let own =
                    "DELETE FROM session WHERE slot = ?1 AND hash = ?2 RETURNING slot, hash, account_id, id";
                end(tx, own, (slot, self.actor.session.0))?
            }
            Some(id) => {
                let key = (slot, account.get(), id.get());
                let one = "DELETE FROM session WHERE slot = ?1 AND account_id = ?2 AND id = ?3
                           RETURNING slot, hash, account_id, id";
                let remembered =
                    "SELECT 1 FROM ended_session WHERE slot = ?1 AND account_id = ?2 AND id = ?3";
                let ended = end(tx, one, key)?;
                if ended == 0 && !tx.exists(remembered, key)? {
                    return Err(Rejected::NotFound.into());
                }
                ended
            }
        };
        if ended > 0 {
            tx.tell(Event::SessionsEnded { account });
        }
        Ok(())
    }
}

/// Whether the session stands and allows this: for what is answered by another home (rule P1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckSession {
    /// Whose.
    pub actor: Actor,
    /// What it must allow.
    pub needed: Scopes,
}

impl Verb for CheckSession {
    type Reply = ();

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for CheckSession {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, self.needed))
    }

    fn read(&self, _: &View<'_>) -> Outcome<()> {
        Ok(())
    }
}

/// A session in the list of one's sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// Its id.
    pub id: NotificationId,
    /// What it was opened with.
    pub label: String,
    /// What it allows.
    pub scopes: Scopes,
    /// When it was opened.
    pub created_ms: u64,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// The sessions of one's account, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// Who asks.
    pub actor: Actor,
}

impl Verb for Sessions {
    type Reply = Vec<SessionView>;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for Sessions {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::ALL))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Vec<SessionView>> {
        let sql = "SELECT id, label, scopes, created_ms, hash FROM session WHERE slot = ?1 AND account_id = ?2 AND expires_ms > ?3
                   ORDER BY id DESC LIMIT 100";
        let account = self.actor.account;
        let map = |row: &Row<'_>| {
            Ok(SessionView {
                id: NotificationId::from_number(row.get(0)?).unwrap_or(NotificationId::MIN),
                label: row.get(1)?,
                scopes: Scopes::from_bits(row.get(2)?),
                created_ms: row.get(3)?,
                current: row.get::<_, [u8; 32]>(4)? == self.actor.session.0,
            })
        };
        Ok(view.all(sql, (account.slot().0, account.get(), view.now_ms), map)?)
    }
}
