//! Proving who one is: by password, to get a session; and making an account to begin with.
//!
//! **Invariant:** a wrong password and a nick that nobody has are answered alike, and after as much work.
//! **Invariant:** secrets are made here and hashed here; only hashes go to the homes (rule P2).

use crate::caller::Once;
use crate::community::Shown;
use crate::error::Error;
use crate::limit::Whose;
use crate::password::{Password, acceptable};
use crate::service::Service;
use crate::token::Secret;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use tertulia_state::account::{self, Credentials, Register};
use tertulia_state::invitation::RegisterInvited;
use tertulia_state::request::RequestKey;
use tertulia_state::session::{NewSession, OpenSession, SecretHash};
use tertulia_types::entity::Token;
use tertulia_types::text;
use tertulia_types::{AccountId, Nick, Rejected, Scopes};

/// What a session is opened for.
pub(crate) struct Purpose {
    /// What it allows.
    pub(crate) scopes: Scopes,
    /// Its name in the list of sessions.
    pub(crate) label: String,
    /// The application's id and page, if it is one's.
    pub(crate) client: Option<(String, Option<String>)>,
}

/// The longest name of a session, in characters; longer ones are cut.
const LABEL_CHARACTERS_MAX: usize = 60;

impl Purpose {
    /// A login through Tertulia's own endpoints: everything is allowed.
    pub(crate) fn own(label: Option<String>) -> Self {
        let label = label
            .filter(|label| !label.trim().is_empty())
            .unwrap_or_else(|| "tertulia".to_owned());
        let label = label
            .chars()
            .filter(|char| !char.is_control())
            .take(LABEL_CHARACTERS_MAX)
            .collect();
        Self {
            scopes: Scopes::EVERYTHING,
            label,
            client: None,
        }
    }

    fn session(&self, token: &Secret) -> NewSession {
        NewSession {
            hash: SecretHash(token.hash()),
            scopes: self.scopes,
            label: self.label.clone(),
            client: self.client.clone(),
        }
    }
}

/// Who proved to be who, by which version of their password.
pub(crate) struct Proven {
    pub(crate) account: AccountId,
    pub(crate) password_version: u64,
}

/// Checks nick and password. An e-mail address is read as the nick before its `@` (docs/apps.md).
pub(crate) async fn prove(
    service: &Service,
    typed: &str,
    password: Password,
    from: IpAddr,
) -> Result<Proven, Error> {
    let typed = typed.trim().trim_start_matches('@');
    let nick = typed.split('@').next().unwrap_or_default().to_ascii_lowercase();
    let nick = nick.parse::<Nick>().ok();
    let attempt = service
        .limits
        .attempt(nick.clone().map(Whose::Nick), from)
        .map_err(Error::TooMany)?;
    let stored = match nick {
        Some(nick) => match service.query(Credentials { nick }).await {
            Ok(stored) => Some(stored),
            Err(Error::Rejected(Rejected::NotFound)) => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    let fits = service
        .vault
        .verify(password, stored.as_ref().map(|stored| stored.hash.clone()))
        .await?;
    match stored {
        Some(stored) if fits => {
            attempt.was_right();
            Ok(Proven {
                account: stored.account,
                password_version: stored.version,
            })
        }
        Some(_) | None => {
            attempt.was_wrong();
            metrics::counter!("tertulia_wrong_passwords_total").increment(1);
            Err(Rejected::WrongPassword.into())
        }
    }
}

/// Checks the password of somebody who has a session already.
pub(crate) async fn prove_again(
    service: &Service,
    stored: account::Password,
    password: Password,
    from: IpAddr,
) -> Result<u64, Error> {
    let whose = Whose::Account(stored.account);
    let attempt = service
        .limits
        .attempt(Some(whose), from)
        .map_err(Error::TooMany)?;
    if service.vault.verify(password, Some(stored.hash)).await? {
        attempt.was_right();
        return Ok(stored.version);
    }
    attempt.was_wrong();
    Err(Error::WrongOwnPassword)
}

/// Opens a session for somebody who proved who they are.
pub(crate) async fn open(service: &Service, proven: &Proven, purpose: &Purpose) -> Result<Token, Error> {
    let token = Secret::new(owner(proven.account));
    let session = purpose.session(&token);
    let opened = OpenSession {
        account: proven.account,
        password_version: proven.password_version,
        session,
    };
    service.submit(opened).await?;
    Ok(entity(&token, purpose.scopes))
}

/// An account's number as the owner of a token.
pub(crate) fn owner(account: AccountId) -> u64 {
    account.get().unsigned_abs()
}

/// A token as it is given out.
pub(crate) fn entity(token: &Secret, scopes: Scopes) -> Token {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Token {
        access_token: token.text().to_owned(),
        token_type: "Bearer".to_owned(),
        scope: scopes.to_string(),
        created_at: i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
    }
}

/// What somebody wants to be.
pub(crate) struct Newcomer {
    pub(crate) nick: String,
    pub(crate) name: Option<String>,
    pub(crate) password: Password,
    pub(crate) language: Option<String>,
    /// The code of an invitation.
    pub(crate) invite: Option<String>,
}

/// Makes an account and its first session. A repeat with the same `Idempotency-Key`, nick and password gets the same
/// account (rule P3).
pub(crate) async fn register(
    service: &Service,
    newcomer: Newcomer,
    purpose: &Purpose,
    once: Once,
    from: IpAddr,
) -> Result<Token, Error> {
    let Newcomer {
        nick,
        name,
        password,
        language,
        invite,
    } = newcomer;
    let invite = invite.filter(|code| !code.trim().is_empty());
    let code = invite.as_deref().map(str::parse::<Shown>).transpose()?;
    let (nick, name) = acceptable_newcomer(nick.trim(), name.as_deref(), &password)?;
    service.limits.registration(from).map_err(Error::TooMany)?;
    let key = bound(once, &nick, &password);
    let password = service.vault.hash(password).await?;
    let token = Secret::new(0);
    let session = purpose.session(&token);
    let register = Register {
        nick: nick.clone(),
        name,
        password,
        language,
        key,
        session,
    };
    let registered = match code {
        None => service.submit(register).await,
        Some(Shown(code)) => service.register_invited(RegisterInvited { register, code }).await,
    };
    match registered {
        Ok(account) => {
            service.limits.registered(nick, from);
            let token = token.of(owner(account.id)).ok_or(Error::Internal)?;
            Ok(entity(&token, purpose.scopes))
        }
        Err(Error::Rejected(Rejected::NickTaken)) => Err(taken()),
        Err(error) => Err(error),
    }
}

fn taken() -> Error {
    Error::Registration(vec![(
        "username",
        "ERR_TAKEN",
        "this nick is taken: choose another one".to_owned(),
    )])
}

fn acceptable_newcomer(nick: &str, name: Option<&str>, password: &str) -> Result<(Nick, String), Error> {
    let mut faults = Vec::new();
    let parsed = nick.parse::<Nick>();
    if let Err(error) = &parsed {
        faults.push(("username", "ERR_INVALID", error.to_string()));
    }
    let name = text::display_name(name.unwrap_or_default());
    if let Err(error) = &name {
        faults.push(("display_name", "ERR_TOO_LONG", error.to_string()));
    }
    if let Err(why) = acceptable(password) {
        faults.push(("password", "ERR_TOO_SHORT", why));
    }
    match (parsed, name) {
        (Ok(nick), Ok(name)) if faults.is_empty() => Ok((nick, name)),
        (_, _) => Err(Error::Registration(faults)),
    }
}

/// The key of a registration covers the password: who only guesses a client's key gets nobody's account.
fn bound(Once(key): Once, nick: &Nick, password: &str) -> RequestKey {
    let digest = Sha256::new()
        .chain_update(key.0)
        .chain_update(nick.as_str())
        .chain_update([0])
        .chain_update(password)
        .finalize();
    let mut first = [0; 16];
    first.copy_from_slice(&digest[..16]);
    RequestKey(first)
}
