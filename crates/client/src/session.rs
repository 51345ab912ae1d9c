//! Registering, logging in and out, the password, and closing the account for good.

use crate::ask::Ask;
use crate::client::{Client, Person};
use crate::dweet::Author;
use crate::failure::{Failure, Misuse};
use crate::message;
use crate::nick;
use crate::time::now;
use crate::view::Seen;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tertulia_types::Nick;
use tertulia_types::entity::{Account, Session, Timestamp, Token};

/// Shorter passwords are refused before they are sent; the ring has the last word.
pub const PASSWORD_CHARACTERS_MIN: usize = 8;

/// What the session is called in the list of a person's sessions.
const LABEL: &str = "terminal";

/// What became of a logout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoggedOut {
    /// The session is over, at every machine.
    Everywhere,
    /// No machine answered: the session goes on there until it is closed from elsewhere, but its token, which was only
    /// on this computer, is gone.
    HereOnly,
}

/// The person who is logged in, and the machine that is asked first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// Their names.
    #[serde(flatten)]
    pub author: Author,
    /// The id of their account.
    pub id: String,
    /// The machine that is asked first.
    pub server: String,
}

impl Client {
    /// Makes an account and logs in.
    pub async fn register(&self, typed: &str, name: Option<&str>, password: &str) -> Result<Me, Failure> {
        self.register_with(typed, name, password, None).await
    }

    /// Makes an account with the code of an invitation, and logs in.
    pub async fn register_with(
        &self,
        typed: &str,
        name: Option<&str>,
        password: &str,
        invite: Option<&str>,
    ) -> Result<Me, Failure> {
        if let Some(me) = self.go_on_entering(typed).await? {
            return Ok(me);
        }
        let nick = self.nobody_yet(typed)?;
        let name = name
            .map(tertulia_types::text::display_name)
            .transpose()
            .map_err(Misuse::Unfit)?;
        let body = json!({ "nick": nick.as_str(), "name": name, "password": password, "label": LABEL, "invite": invite });
        let ask = Ask::post("/api/tertulia/v1/register", body);
        let token: Token = self.once("", &format!("register {nick}"), ask).await?;
        self.enter(&nick, token.access_token).await
    }

    /// Logs in; also somebody whose session the ring has ended.
    pub async fn login(&self, typed: &str, password: &str) -> Result<Me, Failure> {
        if let Some(me) = self.go_on_entering(typed).await? {
            return Ok(me);
        }
        if self.current().is_some() {
            let asked = Ask::get("/api/v1/accounts/verify_credentials");
            if let Err(Failure::SessionEnded) = self.read::<Account>(asked).await {
                self.drop_session()?;
            }
        }
        let nick = self.nobody_yet(typed)?;
        let body = json!({ "nick": nick.as_str(), "password": password, "label": LABEL });
        let token: Token = self
            .wire
            .ask(&self.store, &Ask::post("/api/tertulia/v1/login", body))
            .await?;
        self.enter(&nick, token.access_token).await
    }

    /// Ends the session, and removes all that the person left on this computer; with `keep`, the session alone.
    pub async fn logout(&self, keep: bool) -> Result<LoggedOut, Failure> {
        let me = self.me()?;
        if !keep {
            self.retire_device().await?;
        }
        let told = self
            .read::<Value>(Ask::post("/api/tertulia/v1/logout", json!({})))
            .await;
        self.leave(&me, keep)?;
        match told {
            Ok(_) | Err(Failure::SessionEnded) => Ok(LoggedOut::Everywhere),
            Err(
                Failure::Unreachable(_)
                | Failure::NothingNear(_)
                | Failure::Untrusted(_)
                | Failure::Refused(_),
            ) => Ok(LoggedOut::HereOnly),
            Err(other) => Err(other),
        }
    }

    /// Forgets a session that the ring has ended; what is cached stays.
    pub fn drop_session(&self) -> Result<(), Failure> {
        self.current().map_or(Ok(()), |me| self.leave(&me, true))
    }

    /// Who is logged in, as the ring knows them.
    pub async fn whoami(&self) -> Result<Seen<Me>, Failure> {
        match self
            .read::<Account>(Ask::get("/api/v1/accounts/verify_credentials"))
            .await
        {
            Ok(account) => Ok(Seen::now(self.me_of(account)?)),
            Err(failure) if failure.is_unreachable() => {
                let nick = self.me()?.nick;
                let sql = "SELECT account, name, seen_ms FROM person WHERE nick = ?1 AND seen_ms > 0";
                let kept = self.store.first(sql, [&nick], |row| {
                    Ok((
                        row.get::<_, String>(0)?,
                        row.get::<_, String>(1)?,
                        row.get::<_, i64>(2)?,
                    ))
                })?;
                let (id, name, seen_ms) = kept.ok_or(failure)?;
                let me = Me {
                    author: Author { nick, name },
                    id,
                    server: self.first_server(),
                };
                Ok(Seen {
                    what: me,
                    as_of: Some(Timestamp::from_unix_ms(seen_ms)),
                })
            }
            Err(failure) => Err(failure),
        }
    }

    /// Changes the password; all other sessions end.
    ///
    /// When the answer was lost and the change was not, the next machine finds the current password wrong. So a refusal
    /// counts only if the new one is not the password already.
    pub async fn change_password(&self, current: &str, new: &str) -> Result<(), Failure> {
        let refused = match self.password(current, new).await {
            Err(Failure::Refused(refused)) if refused.code.as_deref() == Some("wrong_password") => refused,
            other => return other,
        };
        let is_changed = current != new && self.password(new, new).await.is_ok();
        if is_changed {
            Ok(())
        } else {
            Err(Failure::Refused(refused))
        }
    }

    async fn password(&self, current: &str, new: &str) -> Result<(), Failure> {
        let body = json!({ "current": current, "new": new });
        self.read::<Value>(Ask::post("/api/tertulia/v1/password", body))
            .await
            .map(drop)
    }

    /// Closes the account for good, and removes all that the person left on this computer.
    pub async fn close_account(&self, password: &str) -> Result<(), Failure> {
        let me = self.me()?;
        let body = json!({ "password": password });
        let closed = self
            .read::<Value>(Ask::post("/api/tertulia/v1/account/close", body))
            .await;
        match closed {
            Ok(_) => {}
            // When the answer was lost and the account closed, the next machine knows no session of it.
            Err(Failure::SessionEnded) if self.is_nobody(&me.nick).await => {}
            Err(other) => return Err(other),
        }
        self.leave(&me, false)
    }

    /// Whether a machine says that nobody has the nick.
    async fn is_nobody(&self, nick: &str) -> bool {
        let ask = Ask::get("/api/v1/accounts/lookup").with("acct", nick);
        let found = self.wire.ask::<Value>(&self.store, &ask).await;
        matches!(found, Err(Failure::Refused(refused)) if refused.status == 404)
    }

    /// Where the person is logged in.
    pub async fn sessions(&self) -> Result<Vec<Session>, Failure> {
        self.read(Ask::get("/api/tertulia/v1/sessions")).await
    }

    fn nobody_yet(&self, typed: &str) -> Result<Nick, Failure> {
        match self.nick() {
            Some(already) => Err(Misuse::LoggedInAs(already).into()),
            None => nick::checked(typed),
        }
    }

    /// Keeps the session, and the machines that were named for it.
    async fn enter(&self, nick: &Nick, token: String) -> Result<Me, Failure> {
        let person = Person {
            nick: nick.to_string(),
            token,
        };
        self.store.change(|tx| {
            tx.execute("UPDATE person SET token = NULL", [])?;
            tx.execute(
                "INSERT INTO person (nick, account, name, seen_ms, token, ring) VALUES (?1, '', ?1, 0, ?2, ?3)
                 ON CONFLICT (nick) DO UPDATE SET token = ?2, ring = ?3",
                (&person.nick, &person.token, self.wire.certain_ring()),
            )?;
            Ok(())
        })?;
        self.remember(&self.wire.proven())?;
        self.become_person(Some(person));
        self.arrive().await
    }

    async fn arrive(&self) -> Result<Me, Failure> {
        let me = self.whoami().await?.what;
        self.become_device().await;
        Ok(me)
    }

    /// Whoever has a session, and lost the ring before it said who they are, does the same once more and is told no error: goes on from there.
    async fn go_on_entering(&self, typed: &str) -> Result<Option<Me>, Failure> {
        let Some(nick) = self.nick() else { return Ok(None) };
        let sql = "SELECT nick FROM person WHERE nick = ?1 AND seen_ms = 0";
        let is_unfinished = self
            .store
            .first(sql, [&nick], |row| row.get::<_, String>(0))?
            .is_some();
        let is_same = nick::checked(typed).is_ok_and(|typed| typed.as_str() == nick);
        match is_unfinished && is_same {
            true => self.arrive().await.map(Some),
            false => Ok(None),
        }
    }

    fn leave(&self, me: &Person, keep: bool) -> Result<(), Failure> {
        self.become_person(None);
        if keep {
            self.store
                .execute("UPDATE person SET token = NULL WHERE nick = ?1", [&me.nick])?;
            self.store.scrub()
        } else {
            let sql = "SELECT account FROM person WHERE nick = ?1";
            let account = self.store.first(sql, [&me.nick], |row| row.get::<_, String>(0))?;
            if let Some(account) = account.and_then(|account| account.parse().ok()) {
                self.place.remove_database(&message::vault_name(account))?;
            }
            self.store.forget(&me.nick)
        }
    }

    fn me_of(&self, account: Account) -> Result<Me, Failure> {
        let id = account.id.clone();
        let author = Author::of(account);
        let sql = "UPDATE person SET account = ?1, name = ?2, seen_ms = ?3 WHERE nick = ?4";
        self.store
            .execute(sql, (&id, &author.name, now().unix_ms, &author.nick))?;
        Ok(Me {
            author,
            id,
            server: self.first_server(),
        })
    }

    fn first_server(&self) -> String {
        self.servers().into_iter().next().unwrap_or_default()
    }
}
