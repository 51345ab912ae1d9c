//! Moderation: what somebody with a role can do and read. The ring decides who may.

use crate::ask::Ask;
use crate::client::Client;
use crate::dweet::Author;
use crate::failure::{Failure, Misuse};
use crate::nick;
use serde::Serialize;
use serde_json::json;
use tertulia_types::entity::{Deed, Dossier, Status};
use tertulia_types::moderation::Role;

pub use tertulia_types::entity::Decision as Decided;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Somebody gets a role.
    GiveRole {
        /// Who.
        nick: String,
        /// Which.
        role: Role,
    },
    /// Somebody is suspended.
    Suspend {
        /// Who.
        nick: String,
    },
    /// Somebody is not suspended any more.
    Unsuspend {
        /// Who.
        nick: String,
    },
    /// Somebody's dweet is deleted.
    TakeDown {
        /// Which, by its id.
        dweet: String,
    },
}

/// Somebody as moderators see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Noted {
    /// Their names.
    #[serde(flatten)]
    pub author: Author,
    /// The id of their account.
    pub id: String,
    /// Their role.
    pub role: Role,
    /// Whether they are suspended.
    pub suspended: bool,
}

impl Noted {
    fn of(dossier: Dossier) -> Self {
        let Dossier {
            account,
            role,
            suspended,
        } = dossier;
        Self {
            id: account.id.clone(),
            author: Author::of(account),
            role,
            suspended,
        }
    }
}

/// A page of the log of what moderators did, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogPage {
    /// What was done.
    pub deeds: Vec<Deed>,
    /// Behind what the next page begins; none: there is no more.
    pub next: Option<String>,
}

impl Client {
    /// Decides something, and says why.
    pub async fn decide(&self, decision: &Decision, why: &str) -> Result<Decided, Failure> {
        let why = tertulia_types::text::note(why).map_err(Misuse::Unfit)?;
        let of_person = |id: String, verb: &str| format!("/api/tertulia/v1/moderation/people/{id}/{verb}");
        let ask = match decision {
            Decision::GiveRole { nick, role } => {
                let id = self.dossier(nick).await?.id;
                Ask::post(of_person(id, "role"), json!({ "role": role, "why": why }))
            }
            Decision::Suspend { nick } => {
                let id = self.dossier(nick).await?.id;
                Ask::post(of_person(id, "suspend"), json!({ "why": why }))
            }
            Decision::Unsuspend { nick } => {
                let id = self.dossier(nick).await?.id;
                Ask::post(of_person(id, "unsuspend"), json!({ "why": why }))
            }
            Decision::TakeDown { dweet } => {
                let status: Status = self.read(Ask::get(format!("/api/v1/statuses/{dweet}"))).await?;
                // A redweet is its author's; what is taken down is the dweet in it.
                let original = status.reblog.map_or_else(
                    || (status.id, status.account.id),
                    |original| (original.id, original.account.id),
                );
                let (dweet, author) = original;
                let path = format!("/api/tertulia/v1/moderation/dweets/{dweet}/delete");
                Ask::post(path, json!({ "author": author, "why": why }))
            }
        };
        self.act(ask).await
    }

    /// Somebody as moderators see them.
    pub async fn dossier(&self, typed: &str) -> Result<Noted, Failure> {
        let nick = nick::checked(typed)?;
        let ask = Ask::get("/api/tertulia/v1/moderation/people").with("nick", &nick);
        let found: Vec<Dossier> = self
            .read(ask)
            .await
            .map_err(|failure| failure.named(404, "no_such_nick", nick.as_str()))?;
        let gone = || Failure::Misused(Misuse::NotANick(nick.to_string()));
        found.into_iter().next().map(Noted::of).ok_or_else(gone)
    }

    /// Who has a role, or is suspended.
    pub async fn noted(&self) -> Result<Vec<Noted>, Failure> {
        let found: Vec<Dossier> = self.read(Ask::get("/api/tertulia/v1/moderation/people")).await?;
        Ok(found.into_iter().map(Noted::of).collect())
    }

    /// A page of the log: its top, or what lies behind `from`.
    pub async fn moderation_log(&self, from: Option<&str>, limit: usize) -> Result<LogPage, Failure> {
        let ask = Ask::get("/api/tertulia/v1/moderation/log")
            .with("limit", limit)
            .with_some("max_id", from);
        let (deeds, next) = self.read_page::<Vec<Deed>>(ask).await?;
        let next = next.map(|next| next.to_string());
        Ok(LogPage { deeds, next })
    }
}
