//! OAuth: applications, their own tokens, and the codes by which a person lets one in.
//!
//! An application's home is the hash of its client id. A code lies at the home of the person who gave it, and dies when
//! it is used, when it expires, or with the password. Secrets are here only as hashes (rule P2).

use crate::error::Outcome;
use crate::session::{self, Actor, NewSession, SecretHash};
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use tertulia_types::{AccountId, Position, Rejected, Scopes};

/// How long a code may be exchanged: ten minutes, as RFC 6749 advises at most.
pub const CODE_LIFETIME_MS: u64 = 600_000;

/// The longest texts of an application, in bytes.
const TEXT_BYTES_MAX: usize = 4_096;

/// The home of an application.
#[must_use]
pub fn position(client_id: &str) -> Position {
    Position::of("app", client_id)
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Its public id.
    pub client_id: String,
    /// Hash of its secret.
    pub secret: SecretHash,
    /// What people see.
    pub name: String,
    /// Its page.
    pub website: Option<String>,
    /// Where codes may be sent.
    pub redirect_uris: Vec<String>,
    /// What it may ask for.
    pub scopes: Scopes,
}

/// Registers an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateApp {
    /// The application, with a new random id.
    pub app: App,
}

impl Verb for CreateApp {
    type Reply = ();

    fn home(&self) -> Position {
        position(&self.app.client_id)
    }
}

impl Command for CreateApp {
    fn is_of_people(&self) -> bool {
        true
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let App {
            client_id,
            secret,
            name,
            website,
            redirect_uris,
            scopes,
        } = &self.app;
        let uris = redirect_uris.join("\n");
        let longest = [name.len(), website.as_ref().map_or(0, String::len), uris.len()]
            .into_iter()
            .max();
        if longest > Some(TEXT_BYTES_MAX) {
            return Err(
                Rejected::Invalid("the application's name or addresses are too long".to_owned()).into(),
            );
        }
        let sql = "INSERT INTO oauth_app (slot, client_id, secret_hash, name, website, redirect_uris, scopes, created_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (slot, client_id) DO NOTHING";
        let (slot, now_ms) = (self.home().slot().0, tx.now_ms);
        tx.write(
            sql,
            (
                slot,
                client_id,
                secret.0,
                name,
                website,
                uris,
                scopes.bits(),
                now_ms,
            ),
        )?;
        Ok(())
    }
}

/// An application by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindApp {
    /// Which.
    pub client_id: String,
}

impl Verb for FindApp {
    type Reply = App;

    fn home(&self) -> Position {
        position(&self.client_id)
    }
}

impl Query for FindApp {
    fn read(&self, view: &View<'_>) -> Outcome<App> {
        let sql = "SELECT client_id, secret_hash, name, website, redirect_uris, scopes FROM oauth_app
                   WHERE slot = ?1 AND client_id = ?2";
        let found = view.first(sql, (self.home().slot().0, &self.client_id), app_from)?;
        found.ok_or_else(|| Rejected::NotFound.into())
    }
}

fn app_from(row: &Row<'_>) -> rusqlite::Result<App> {
    Ok(App {
        client_id: row.get(0)?,
        secret: SecretHash(row.get(1)?),
        name: row.get(2)?,
        website: row.get(3)?,
        redirect_uris: row.get::<_, String>(4)?.lines().map(str::to_owned).collect(),
        scopes: Scopes::from_bits(row.get(5)?),
    })
}

/// Gives an application a token of its own (client credentials).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAppToken {
    /// Which application; its secret was verified outside.
    pub client_id: String,
    /// Hash of the token's secret.
    pub hash: SecretHash,
    /// What it allows.
    pub scopes: Scopes,
}

impl Verb for OpenAppToken {
    type Reply = ();

    fn home(&self) -> Position {
        position(&self.client_id)
    }
}

/// Tokens that an application keeps; the oldest go first.
const APP_TOKENS_MAX: u32 = 200;

impl Command for OpenAppToken {
    fn is_of_people(&self) -> bool {
        true
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let slot = self.home().slot().0;
        if !tx.exists(
            "SELECT 1 FROM oauth_app WHERE slot = ?1 AND client_id = ?2",
            (slot, &self.client_id),
        )? {
            return Err(Rejected::NotFound.into());
        }
        let sql = "DELETE FROM app_token WHERE slot = ?1 AND hash IN (SELECT hash FROM app_token WHERE slot = ?1 AND client_id = ?2
                   ORDER BY created_ms DESC, hash LIMIT -1 OFFSET ?3)";
        tx.write(sql, (slot, &self.client_id, APP_TOKENS_MAX - 1))?;
        let sql =
            "INSERT INTO app_token (slot, hash, client_id, scopes, created_ms) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (slot, hash) DO NOTHING";
        let now_ms = tx.now_ms;
        tx.write(
            sql,
            (slot, self.hash.0, &self.client_id, self.scopes.bits(), now_ms),
        )?;
        Ok(())
    }
}

/// The application of an application's own token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppOfToken {
    /// Which application the token names.
    pub client_id: String,
    /// Hash of its secret.
    pub hash: SecretHash,
}

impl Verb for AppOfToken {
    /// The application, with the token's scopes.
    type Reply = App;

    fn home(&self) -> Position {
        position(&self.client_id)
    }
}

impl Query for AppOfToken {
    fn read(&self, view: &View<'_>) -> Outcome<App> {
        let sql = "SELECT a.client_id, a.secret_hash, a.name, a.website, a.redirect_uris, t.scopes
                   FROM app_token t JOIN oauth_app a ON a.slot = t.slot AND a.client_id = t.client_id
                   WHERE t.slot = ?1 AND t.hash = ?2 AND t.client_id = ?3";
        let found = view.first(
            sql,
            (self.home().slot().0, self.hash.0, &self.client_id),
            app_from,
        )?;
        found.ok_or_else(|| Rejected::NoSession.into())
    }
}

/// The application by which the actor's session was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppOfSession {
    /// Whose session.
    pub actor: Actor,
}

impl Verb for AppOfSession {
    /// Its client id; none if the session was opened without one.
    type Reply = Option<String>;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for AppOfSession {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::NONE))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Option<String>> {
        let sql = "SELECT client_id FROM session WHERE slot = ?1 AND hash = ?2";
        let (slot, hash) = (self.actor.account.slot().0, self.actor.session.0);
        Ok(view.first(sql, (slot, hash), |row| row.get(0))?.flatten())
    }
}

/// Ends an application's own token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseAppToken {
    /// Which application.
    pub client_id: String,
    /// Hash of the token's secret.
    pub hash: SecretHash,
}

impl Verb for CloseAppToken {
    type Reply = ();

    fn home(&self) -> Position {
        position(&self.client_id)
    }
}

impl Command for CloseAppToken {
    fn is_of_people(&self) -> bool {
        true
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let sql = "DELETE FROM app_token WHERE slot = ?1 AND hash = ?2 AND client_id = ?3";
        tx.write(sql, (self.home().slot().0, self.hash.0, &self.client_id))?;
        Ok(())
    }
}

/// Lets an application in: makes a code that it may exchange for a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorize {
    /// Who lets it in; the password was verified outside.
    pub account: AccountId,
    /// Which version of the password was verified.
    pub password_version: u64,
    /// Hash of the code's secret.
    pub code: SecretHash,
    /// Which application.
    pub client_id: String,
    /// Its name, for the list of sessions.
    pub label: String,
    /// Its page.
    pub website: Option<String>,
    /// Where the code is sent.
    pub redirect_uri: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The PKCE challenge (S256).
    pub challenge: Option<String>,
}

impl Verb for Authorize {
    type Reply = ();

    fn home(&self) -> Position {
        self.account.home()
    }
}

impl Command for Authorize {
    fn is_of_people(&self) -> bool {
        true
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let (slot, id) = (self.account.slot().0, self.account.get());
        let sql = "SELECT 1 FROM account WHERE slot = ?1 AND id = ?2 AND password_version = ?3 AND closed_ms IS NULL";
        if !tx.exists(sql, (slot, id, self.password_version))? {
            return Err(Rejected::WrongPassword.into());
        }
        session::may_log_in(tx, self.account)?;
        let sql =
            "INSERT INTO oauth_code (slot, hash, account_id, client_id, redirect_uri, scopes, challenge,
                   label, website, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                   ON CONFLICT (slot, hash) DO NOTHING";
        let expires_ms = tx.now_ms + CODE_LIFETIME_MS;
        let scopes = self.scopes.bits();
        let params = (
            slot,
            self.code.0,
            id,
            &self.client_id,
            &self.redirect_uri,
            scopes,
            &self.challenge,
            &self.label,
            &self.website,
            expires_ms,
        );
        tx.write(sql, params)?;
        Ok(())
    }
}

/// Exchanges a code for a session. The application's secret was verified outside; the PKCE challenge is compared here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeCode {
    /// Who gave the code.
    pub account: AccountId,
    /// Hash of the code's secret.
    pub code: SecretHash,
    /// Which application asks.
    pub client_id: String,
    /// Must be the one that the code was given for.
    pub redirect_uri: String,
    /// SHA-256 of the PKCE verifier in base64url, if one was sent.
    pub challenge: Option<String>,
    /// Hash of the new token's secret.
    pub hash: SecretHash,
}

impl Verb for ExchangeCode {
    /// What the session allows.
    type Reply = Scopes;

    fn home(&self) -> Position {
        self.account.home()
    }
}

struct Code {
    redirect_uri: String,
    scopes: Scopes,
    challenge: Option<String>,
    label: String,
    website: Option<String>,
}

impl Command for ExchangeCode {
    fn is_of_people(&self) -> bool {
        true
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Scopes> {
        let slot = self.account.slot().0;
        // The router repeats what was not answered: then the session stands already, under a hash that nobody else can have.
        let stands = "SELECT scopes FROM session WHERE slot = ?1 AND hash = ?2 AND account_id = ?3 AND expires_ms > ?4";
        let scopes = |row: &Row<'_>| Ok(Scopes::from_bits(row.get(0)?));
        if let Some(scopes) = tx.first(stands, (slot, self.hash.0, self.account.get(), tx.now_ms), scopes)? {
            return Ok(scopes);
        }
        let sql = "DELETE FROM oauth_code WHERE slot = ?1 AND hash = ?2 AND account_id = ?3 AND client_id = ?4 AND expires_ms > ?5
                   RETURNING redirect_uri, scopes, challenge, label, website";
        let map = |row: &Row<'_>| {
            Ok(Code {
                redirect_uri: row.get(0)?,
                scopes: Scopes::from_bits(row.get(1)?),
                challenge: row.get(2)?,
                label: row.get(3)?,
                website: row.get(4)?,
            })
        };
        let code = tx.first(
            sql,
            (slot, self.code.0, self.account.get(), &self.client_id, tx.now_ms),
            map,
        )?;
        let code =
            code.ok_or_else(|| Rejected::Invalid("the code is unknown, used or expired".to_owned()))?;
        if code.redirect_uri != self.redirect_uri {
            return Err(Rejected::Invalid("the code was given for another redirect_uri".to_owned()).into());
        }
        if code.challenge != self.challenge {
            return Err(Rejected::Invalid("the code_verifier does not match".to_owned()).into());
        }
        let client = Some((self.client_id.clone(), code.website));
        let new = NewSession {
            hash: self.hash,
            scopes: code.scopes,
            label: code.label,
            client,
        };
        session::open(tx, self.account, &new)?;
        Ok(code.scopes)
    }
}

/// Ends the session of an application's token, asked for by the application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoke {
    /// The session.
    pub actor: Actor,
    /// The application; only its own sessions end. Its secret was verified outside.
    pub client_id: String,
}

impl Verb for Revoke {
    type Reply = ();

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for Revoke {
    fn is_of_people(&self) -> bool {
        true
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let account = self.actor.account;
        if session::end(
            tx,
            "DELETE FROM session WHERE slot = ?1 AND hash = ?2 AND account_id = ?3 AND client_id = ?4
             RETURNING slot, hash, account_id, id",
            (
                account.slot().0,
                self.actor.session.0,
                account.get(),
                &self.client_id,
            ),
        )? > 0
        {
            tx.tell(crate::event::Event::SessionsEnded { account });
        }
        Ok(())
    }
}
