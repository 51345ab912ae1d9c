//! Following, blocking and muting.

use crate::ask::Ask;
use crate::client::Client;
use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tertulia_types::entity::Relationship;

/// What the person has to do with somebody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// The person follows them.
    pub following: bool,
    /// They follow the person.
    pub followed_by: bool,
    /// The person has blocked them.
    pub blocking: bool,
    /// The person does not want to read them.
    pub muting: bool,
}

/// A change in what the person has to do with somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// Their dweets come to one's home.
    Follow,
    /// No longer.
    Unfollow,
    /// Neither sees the other.
    Block,
    /// No longer.
    Unblock,
    /// Their dweets are not shown, and they do not learn of it.
    Mute,
    /// No longer.
    Unmute,
}

impl Tie {
    fn verb(self) -> &'static str {
        match self {
            Tie::Follow => "follow",
            Tie::Unfollow => "unfollow",
            Tie::Block => "block",
            Tie::Unblock => "unblock",
            Tie::Mute => "mute",
            Tie::Unmute => "unmute",
        }
    }
}

impl Relation {
    fn of(entity: Relationship) -> Self {
        let Relationship {
            following,
            followed_by,
            blocking,
            muting,
            ..
        } = entity;
        Self {
            following,
            followed_by,
            blocking,
            muting,
        }
    }
}

impl Client {
    /// Changes what the person has to do with the owner of a nick.
    pub async fn tie(&self, nick: &str, tie: Tie) -> Result<Relation, Failure> {
        self.tie_account(&self.account_id(nick).await?, tie).await
    }

    /// Changes what the person has to do with an account.
    pub(crate) async fn tie_account(&self, id: &str, tie: Tie) -> Result<Relation, Failure> {
        let path = format!("/api/v1/accounts/{id}/{}", tie.verb());
        self.act(Ask::post(path, json!({}))).await.map(Relation::of)
    }

    /// What the person has to do with an account.
    pub(crate) async fn relation(&self, account: &str) -> Result<Relation, Failure> {
        let ask = Ask::get("/api/v1/accounts/relationships").with("id[]", account);
        let relations: Vec<Relationship> = self.read(ask).await?;
        Ok(relations.into_iter().next().map(Relation::of).unwrap_or_default())
    }
}
