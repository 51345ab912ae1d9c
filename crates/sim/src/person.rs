//! Somebody with a session on a machine, who does what people do: follow, publish, redweet, read.
//!
//! **Invariant:** everything goes through the public HTTP API.
//!
//! Deliberately absent: retries of what changes something (see [`crate::wire`]), and all that a load or a check does not need.

use std::net::SocketAddr;

use serde_json::{Value, json};
use thiserror::Error;

use crate::wire::{Answer, Broken, Request, Wire};

/// Long enough for any rule about passwords.
const PASSWORD: &str = "correct horse battery";
/// As many as the API gives at once.
const PAGE: usize = 40;

/// Why something was not done.
#[derive(Debug, Error)]
pub enum Undone {
    /// Nobody knows whether it was: ask again with the same key.
    #[error(transparent)]
    Unknown(#[from] Broken),
    /// The machine is busy or not yet up: it was not done.
    #[error("the machine answered {0}: try again")]
    Busy(u16),
    /// The machine said no, or something that makes no sense.
    #[error("the machine answered {status}: {text}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said.
        text: String,
    },
}

/// A person and their connection.
#[derive(Debug)]
pub struct Person {
    nick: String,
    id: String,
    token: String,
    wire: Wire,
}

impl Person {
    /// Registers `nick`. A repeat with the same `key` succeeds, and opens another session.
    ///
    /// # Errors
    /// [`Undone`].
    pub async fn register(address: SocketAddr, nick: &str, key: &str) -> Result<Self, Undone> {
        Self::register_by(Wire::new(address), nick, key).await
    }

    /// The same, by a connection that is there already.
    ///
    /// # Errors
    /// [`Undone`].
    pub async fn register_by(mut wire: Wire, nick: &str, key: &str) -> Result<Self, Undone> {
        let body = json!({ "nick": nick, "password": PASSWORD });
        let path = "/api/tertulia/v1/register";
        let token = done(
            wire.call(&Request::new("POST", path, None, Some(key), Some(&body)))
                .await?,
        )?;
        let token = text(&token["access_token"]);
        let path = "/api/v1/accounts/verify_credentials";
        let me = done(
            wire.call(&Request::new("GET", path, Some(&token), None, None))
                .await?,
        )?;
        Ok(Self {
            nick: nick.to_owned(),
            id: text(&me["id"]),
            token,
            wire,
        })
    }

    /// The person's nick.
    #[must_use]
    pub fn nick(&self) -> &str {
        &self.nick
    }

    /// The account's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where the machine is that the person uses.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.wire.address()
    }

    /// Uses another machine of the ring from now on, with the same session.
    pub fn go_to(&mut self, address: SocketAddr) {
        self.wire.go_to(address);
    }

    /// The session's token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Publishes a dweet; its id. A repeat with the same `key` gives the same dweet.
    ///
    /// # Errors
    /// [`Undone`].
    pub async fn publish(&mut self, words: &str, key: &str) -> Result<String, Undone> {
        let dweet = self
            .post("/api/v1/statuses", Some(key), Some(&json!({ "status": words })))
            .await?;
        Ok(text(&dweet["id"]))
    }

    /// Redweets; the id of the redweet. A repeat gives the same redweet.
    ///
    /// # Errors
    /// [`Undone`].
    pub async fn redweet(&mut self, dweet: &str) -> Result<String, Undone> {
        let redweet = self
            .post(&format!("/api/v1/statuses/{dweet}/reblog"), None, None)
            .await?;
        Ok(text(&redweet["id"]))
    }

    /// Follows the account of this id. A repeat changes nothing.
    ///
    /// # Errors
    /// [`Undone`].
    pub async fn follow(&mut self, account: &str) -> Result<(), Undone> {
        self.post(&format!("/api/v1/accounts/{account}/follow"), None, None)
            .await
            .map(|_| ())
    }

    /// The whole home timeline, newest first, page by page.
    ///
    /// # Errors
    /// [`Undone`].
    pub async fn home(&mut self) -> Result<Vec<Value>, Undone> {
        self.pages("/api/v1/timelines/home").await
    }

    /// All dweets and redweets of an account, newest first, page by page.
    ///
    /// # Errors
    /// [`Undone`].
    pub async fn profile(&mut self, account: &str) -> Result<Vec<Value>, Undone> {
        self.pages(&format!("/api/v1/accounts/{account}/statuses")).await
    }

    /// What a path gives, as JSON. Asked twice when the connection turns out to be of an earlier life of the machine.
    ///
    /// # Errors
    /// [`Undone`].
    pub async fn get(&mut self, path: &str) -> Result<Value, Undone> {
        let request = Request::new("GET", path, Some(&self.token), None, None);
        match self.wire.call(&request).await {
            Err(Broken::Connection(_)) => done(self.wire.call(&request).await?),
            answer => done(answer?),
        }
    }

    async fn post(&mut self, path: &str, key: Option<&str>, body: Option<&Value>) -> Result<Value, Undone> {
        done(
            self.wire
                .call(&Request::new("POST", path, Some(&self.token), key, body))
                .await?,
        )
    }

    async fn pages(&mut self, path: &str) -> Result<Vec<Value>, Undone> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let below = all
                .last()
                .map(|last| format!("&max_id={}", text(&last["id"])))
                .unwrap_or_default();
            let page = self.get(&format!("{path}?limit={PAGE}{below}")).await?;
            let Value::Array(entries) = page else {
                return Err(Undone::Refused {
                    status: 200,
                    text: format!("no page: {page}"),
                });
            };
            if entries.is_empty() {
                return Ok(all);
            }
            all.extend(entries);
        }
    }
}

/// A text field of an entity; empty when it has none.
#[must_use]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn done(answer: Answer) -> Result<Value, Undone> {
    match answer.status {
        200..300 => Ok(answer.json()),
        429 | 502..=504 => Err(Undone::Busy(answer.status)),
        status => Err(Undone::Refused {
            status,
            text: String::from_utf8_lossy(&answer.body).into_owned(),
        }),
    }
}
