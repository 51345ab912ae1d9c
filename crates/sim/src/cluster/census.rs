//! Reads all that there is, when everything works again and has come to rest.

use std::collections::BTreeSet;

use tertulia_node::{Failure, Node};
use tertulia_state::account::{Credentials, Lookup, Who};
use tertulia_state::dweet::Profile;
use tertulia_state::outbox::Pending;
use tertulia_state::page::{LIMIT_MAX, Page};
use tertulia_state::session::{Actor, CheckSession, SecretHash};
use tertulia_state::timeline::{FollowedIds, Home};
use tertulia_state::{AnyQuery, Query};
use tertulia_types::view::{DweetView, Shown};
use tertulia_types::{AccountId, Rejected, Scopes};

use super::invariant::Census;
use super::people::Town;

/// Somebody who cannot be read, though everything works.
type Unread = String;

/// Reads everything through machines that run.
///
/// # Errors
///
/// The first thing that could not be read.
pub async fn take(town: &Town) -> Result<Census, Unread> {
    let (nicks, actors, sessions) = {
        let ledger = town.ledger();
        let nicks: BTreeSet<String> = ledger
            .registrations
            .iter()
            .map(|wish| wish.nick.clone())
            .collect();
        let actors: Vec<Actor> = ledger.actors.values().copied().collect();
        let sessions: Vec<Actor> = ledger
            .sessions
            .iter()
            .map(|(hash, session)| Actor {
                account: session.account,
                session: SecretHash(*hash),
            })
            .collect();
        (nicks, actors, sessions)
    };
    let mut census = Census::default();
    for nick in nicks {
        let query = Credentials {
            nick: nick.parse().map_err(|_| format!("{nick} is no nick"))?,
        };
        let holder = match read(town, &query).await? {
            Ok(password) => Some(password.account),
            Err(_) => None,
        };
        census.nicks.insert(nick, holder);
    }
    for actor in actors {
        let account = actor.account;
        if let Ok(profile) = profile(town, account).await? {
            census.profiles.insert(account, profile);
        }
        let who = Who::Id(account);
        if let Ok(card) = read(town, &Lookup { who }).await? {
            census.cards.insert(account, card);
        }
        census.homes.insert(account, home(town, actor).await?);
        let followed = read(town, &FollowedIds { actor }).await?;
        let followed = followed.map_err(|rejected| format!("whom {account} follows: {rejected}"))?;
        census.following.insert(account, followed.into_iter().collect());
    }
    for actor in sessions {
        let query = CheckSession {
            actor,
            needed: Scopes::NONE,
        };
        if read(town, &query).await?.is_ok() {
            census.open_sessions.insert(actor.session.0);
        }
    }
    Ok(census)
}

/// Whether no group owes anything to another home any more, as read through this machine.
pub async fn is_at_rest(node: &Node, ends: impl IntoIterator<Item = tertulia_types::Position>) -> bool {
    for at in ends {
        let query = Pending {
            at,
            after_seq: 0,
            limit: 1,
        };
        if !node.query(query).await.is_ok_and(|waiting| waiting.is_empty()) {
            return false;
        }
    }
    true
}

async fn profile(town: &Town, author: AccountId) -> Result<Result<Vec<DweetView>, Rejected>, Unread> {
    let (mut all, mut oldest) = (Vec::new(), None);
    loop {
        let query = Profile {
            author,
            viewer: None,
            page: below(oldest),
            exclude_replies: false,
            exclude_redweets: false,
            tagged: None,
        };
        match read(town, &query).await? {
            Ok(page) if page.stretch.is_none() => return Ok(Ok(all)),
            Ok(page) => {
                oldest = page.oldest();
                all.extend(page.shown);
            }
            Err(rejected) => return Ok(Err(rejected)),
        }
    }
}

async fn home(town: &Town, actor: Actor) -> Result<Vec<Vec<Shown>>, Unread> {
    let (mut pages, mut oldest) = (Vec::new(), None);
    loop {
        let query = Home {
            actor,
            page: below(oldest),
        };
        let page = read(town, &query)
            .await?
            .map_err(|rejected| format!("the timeline of {}: {rejected}", actor.account))?;
        if page.stretch.is_none() {
            return Ok(pages);
        }
        oldest = page.oldest();
        pages.push(page.shown);
    }
}

fn below(max_id: Option<i64>) -> Page {
    Page {
        max_id,
        ..Page::newest(LIMIT_MAX)
    }
}

/// Reads through one machine after the other, until one has an answer.
async fn read<Q: Query + Into<AnyQuery> + Clone>(
    town: &Town,
    query: &Q,
) -> Result<Result<Q::Reply, Rejected>, Unread> {
    let mut why = "no machine runs".to_owned();
    for life in town.world().lives() {
        match life.node.query(query.clone()).await {
            Ok(reply) => return Ok(Ok(reply)),
            Err(Failure::Rejected(rejected)) if !matches!(rejected, Rejected::Moved { .. }) => {
                return Ok(Err(rejected));
            }
            Err(failure) => why = format!("{} says: {failure}", life.name),
        }
    }
    Err(why)
}
