//! Finding people and hashtags.
//!
//! Deliberately absent: a full-text search of dweets. Nothing is indexed by its words; hashtags are for that.

use crate::caller::Caller;
use crate::error::Error;
use crate::input::Input;
use crate::origin::Origin;
use crate::render;
use crate::service::Service;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use tertulia_state::account::Who;
use tertulia_state::dweet::Show;
use tertulia_state::follow::Relationships;
use tertulia_state::search::SearchAccounts;
use tertulia_state::session::{Actor, CheckSession};
use tertulia_types::entity::Search;
use tertulia_types::view::{AccountView, DweetView};
use tertulia_types::{AccountId, DweetId, Nick, Rejected, Scopes, text};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(search))
        .routes(routes!(search_v1))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Asked {
    /// A nick or name, a hashtag, or the address of a person or dweet.
    q: String,
    /// `accounts`, `statuses` or `hashtags`; all if not said.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Option<String>,
    /// How many of each: 20 if not said, at most 40.
    limit: Option<u32>,
    /// How many to pass over: there is one page, so nothing lies behind it.
    offset: u32,
    /// Only people whom one follows.
    following: bool,
}

impl Asked {
    fn wants(&self, kind: &str) -> bool {
        self.offset == 0
            && self
                .kind
                .as_deref()
                .is_none_or(|asked| asked == kind || asked.is_empty())
    }
}

/// People whose nick or name begins so, and a hashtag; an address finds what it leads to.
#[utoipa::path(get, path = "/api/v2/search", tag = "search", params(Asked), responses((status = 200, body = Search)))]
async fn search(
    State(service): State<Arc<Service>>,
    caller: Option<Caller>,
    origin: Origin,
    Input(asked): Input<Asked>,
) -> Result<Json<Search>, Error> {
    let actor = caller.map(|caller| caller.0);
    if let Some(actor) = actor {
        service
            .query(CheckSession {
                actor,
                needed: Scopes::READ_SEARCH,
            })
            .await?;
    }
    let limit = asked.limit.unwrap_or(20).clamp(1, 40);
    let mut found = Search::default();
    if asked.wants("accounts") {
        let people = people(&service, &origin, actor, &asked.q, limit, asked.following).await?;
        found.accounts = people
            .iter()
            .map(|account| render::account(&origin, account))
            .collect();
    }
    if asked.wants("statuses")
        && let Some(dweet) = by_address(&service, &origin, actor, &asked.q).await?
    {
        found.statuses = service.dress(&origin, actor, &[dweet]).await?;
    }
    if asked.wants("hashtags") {
        found.hashtags = text::hashtag(asked.q.trim())
            .iter()
            .map(|name| render::tag(&origin, name))
            .collect();
    }
    Ok(Json(found))
}

/// The same, where old apps look for it.
#[utoipa::path(get, path = "/api/v1/search", tag = "search", params(Asked), responses((status = 200, body = Search)))]
async fn search_v1(
    service: State<Arc<Service>>,
    caller: Option<Caller>,
    origin: Origin,
    asked: Input<Asked>,
) -> Result<Json<Search>, Error> {
    search(service, caller, origin, asked).await
}

/// More than a name may have.
const BEGINNING_CHARACTERS_MAX: usize = 64;

/// People whose nick or name begins so. The one whose nick it is exactly comes first (toot relies on it, W16 in docs/apps.md).
pub(crate) async fn people(
    service: &Service,
    origin: &Origin,
    actor: Option<Actor>,
    asked: &str,
    limit: u32,
    only_followed: bool,
) -> Result<Vec<AccountView>, Error> {
    let exact = match nick_of(asked, origin) {
        Some(nick) => match service.find(Who::Nick(nick)).await {
            Ok(account) => Some(account),
            Err(Error::Rejected(Rejected::NotFound)) => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    let beginning = asked.trim().trim_start_matches('@').to_lowercase();
    let beginning = beginning.split('@').next().unwrap_or_default();
    // It goes to all groups; no name is longer.
    let beginning: String = beginning.chars().take(BEGINNING_CHARACTERS_MAX).collect();
    let mut others: Vec<AccountView> = Vec::new();
    if !beginning.is_empty() && !asked.contains("://") {
        others = service
            .query_all(|at| SearchAccounts {
                at,
                beginning: beginning.clone(),
                limit,
            })
            .await?
            .concat();
        others.sort_by(|a, b| b.followers.cmp(&a.followers).then_with(|| a.nick.cmp(&b.nick)));
    }
    let mut seen = BTreeSet::new();
    let mut found: Vec<AccountView> = exact
        .into_iter()
        .chain(others)
        .filter(|account| seen.insert(account.id))
        .collect();
    if only_followed && let Some(actor) = actor {
        found = followed(service, actor, found).await?;
    }
    found.truncate(limit as usize);
    Ok(found)
}

async fn followed(
    service: &Service,
    actor: Actor,
    people: Vec<AccountView>,
) -> Result<Vec<AccountView>, Error> {
    let others: Vec<AccountId> = people.iter().map(|account| account.id).collect();
    let stands = service.query(Relationships { actor, others }).await?;
    Ok(people
        .into_iter()
        .zip(stands)
        .filter_map(|(account, stands)| stands.following.then_some(account))
        .collect())
}

/// The nick that is meant by `ana`, `@ana`, `ana@this.host` or the address of her profile.
pub(crate) fn nick_of(typed: &str, origin: &Origin) -> Option<Nick> {
    let typed = typed.trim();
    let nick = match typed.strip_prefix(&origin.to_string()) {
        Some(path) => path.strip_prefix("/@").or_else(|| path.strip_prefix("/users/"))?,
        None => typed.strip_prefix('@').unwrap_or(typed),
    };
    match nick.split_once('@') {
        Some((nick, host)) if host.eq_ignore_ascii_case(origin.host()) => nick.parse().ok(),
        Some(_) => None,
        None => nick.parse().ok(),
    }
}

/// The dweet that an address of ours leads to.
async fn by_address(
    service: &Service,
    origin: &Origin,
    actor: Option<Actor>,
    typed: &str,
) -> Result<Option<DweetView>, Error> {
    let Some(path) = typed.trim().strip_prefix(&origin.to_string()) else {
        return Ok(None);
    };
    let Some(id) = path.rsplit('/').next().and_then(|id| id.parse::<DweetId>().ok()) else {
        return Ok(None);
    };
    match service
        .query(Show {
            id,
            viewer: actor.map(|actor| actor.account),
        })
        .await
    {
        Ok(dweet) => Ok(Some(dweet)),
        Err(Error::Rejected(Rejected::NotFound)) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::nick_of;
    use crate::origin::Origin;

    #[test]
    fn w16_a_nick_is_typed_in_many_ways() {
        let origin = Origin::new("http", "localhost:8080");
        let ways = [
            "ana",
            "@Ana",
            "ana@localhost:8080",
            "@ana@LOCALHOST:8080",
            "http://localhost:8080/@ana",
            " ana ",
        ];
        for typed in ways {
            assert_eq!(
                nick_of(typed, &origin).map(|nick| nick.to_string()).as_deref(),
                Some("ana"),
                "{typed}"
            );
        }
        for typed in [
            "",
            "@",
            "ana@elsewhere",
            "ana maría",
            "http://localhost:8080/",
            "http://elsewhere/@ana",
        ] {
            assert_eq!(nick_of(typed, &origin), None, "{typed}");
        }
    }
}
