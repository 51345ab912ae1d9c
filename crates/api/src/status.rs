//! Dweets: writing, reading, changing, deleting, and what stands around them.

use crate::account::{kept_visibility, language};
use crate::caller::{At, Caller, Once, Paging};
use crate::error::Error;
use crate::input::Input;
use crate::link::links;
use crate::origin::Origin;
use crate::render;
use crate::service::Service;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use futures::StreamExt;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::sync::Arc;
use tertulia_state::account::{Own, Who};
use tertulia_state::dweet::{Delete, Edit, History, Publish, Show, ShowMany};
use tertulia_state::favourite::FavouritedBy;
use tertulia_state::redweet::RedweetedBy;
use tertulia_state::session::Actor;
use tertulia_state::thread::Thread;
use tertulia_types::entity::{self, Account, Context, EmptyList, Status, StatusSource};
use tertulia_types::text::{self, Part};
use tertulia_types::view::{self, Body, Content, DweetView, Mention, ReplyTo};
use tertulia_types::{AccountId, DweetId, Nick, Position, Rejected, Scopes};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(publish, several))
        .routes(routes!(show, edit, delete))
        .routes(routes!(context))
        .routes(routes!(source))
        .routes(routes!(history))
        .routes(routes!(redweeted_by))
        .routes(routes!(favourited_by))
}

/// What somebody writes.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct Written {
    /// 1 to 225 characters, with the content warning.
    status: String,
    /// A content warning.
    spoiler_text: String,
    /// For whom: the account's default if not said. `direct` is refused.
    visibility: Option<entity::Visibility>,
    /// What it answers.
    in_reply_to_id: Option<String>,
    /// Whether it is hidden until asked for.
    sensitive: Option<bool>,
    /// ISO 639-1 code.
    language: Option<String>,
    /// Pictures: none are kept here.
    media_ids: Vec<String>,
    /// A poll: there are none here.
    #[schema(value_type = Option<Object>)]
    poll: Option<IgnoredAny>,
    /// For later: nothing is scheduled here.
    scheduled_at: Option<String>,
}

/// Publishes a dweet. With an `Idempotency-Key` a repeat gets the same dweet.
#[utoipa::path(post, path = "/api/v1/statuses", tag = "statuses", request_body = Written,
    params(("Idempotency-Key" = Option<String>, Header, description = "Kept for a day, per account")),
    responses((status = 200, body = Status), (status = 422, description = "Too long, empty, or not for this service")))]
async fn publish(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Once(key): Once,
    origin: Origin,
    Input(written): Input<Written>,
) -> Result<Json<Status>, Error> {
    let body = compose(&service, actor, &origin, written).await?;
    let dweet = service.submit(Publish { actor, body, key }).await?;
    Ok(Json(render::status(
        &origin,
        &dweet,
        Some((actor.account, view::Flags::default())),
    )))
}

async fn compose(service: &Service, actor: Actor, origin: &Origin, written: Written) -> Result<Body, Error> {
    if !written.media_ids.is_empty() || written.poll.is_some() {
        return Err(Error::NotHere(
            "dweets are text: pictures and polls are not kept here",
        ));
    }
    if written.scheduled_at.is_some_and(|at| !at.is_empty()) {
        return Err(Error::NotHere(
            "dweets are published at once: nothing is scheduled here",
        ));
    }
    let text::Dweet { text, spoiler_text } = text::dweet(&written.status, &written.spoiler_text)?;
    let (mut visibility, mut sensitive) = (
        written.visibility.map(kept_visibility).transpose()?,
        written.sensitive,
    );
    let mut language = written.language.as_deref().and_then(language);
    if visibility.is_none() {
        let (_, defaults) = service
            .query(Own {
                actor,
                needed: Scopes::NONE,
            })
            .await?;
        visibility = Some(defaults.visibility);
        sensitive = sensitive.or(Some(defaults.sensitive));
        language = language.or(defaults.language);
    }
    let parent = written.in_reply_to_id.filter(|id| !id.is_empty());
    let (reply_to, mentions) = futures::join!(
        reply_to(service, actor, parent),
        mentioned(service, origin, &text)
    );
    Ok(Body {
        tags: text::hashtags(&text),
        spoiler: spoiler_text,
        visibility: visibility.unwrap_or(view::Visibility::Public),
        sensitive: sensitive.unwrap_or(false),
        language,
        reply_to: reply_to?,
        mentions: mentions?,
        // The home fills it in from the session.
        application: None,
        text,
    })
}

/// The place in the thread. What cannot be read cannot be answered.
async fn reply_to(service: &Service, actor: Actor, parent: Option<String>) -> Result<Option<ReplyTo>, Error> {
    let Some(parent) = parent else { return Ok(None) };
    let id: DweetId = parent.parse().map_err(|_| Rejected::NotFound)?;
    let shown = service
        .query_for(
            Some(actor),
            Scopes::NONE,
            Show {
                id,
                viewer: Some(actor.account),
            },
        )
        .await?;
    let dweet = shown.original();
    let root = dweet
        .body()
        .and_then(|body| body.reply_to)
        .map_or(dweet.id, |above| above.root);
    Ok(Some(ReplyTo {
        id: dweet.id,
        author: dweet.author.id,
        root,
    }))
}

/// More people than a dweet's characters can name.
const MENTIONS_AT_ONCE: usize = 16;

/// Those named in a text who exist. `@nick@host` counts when the host is the one that the caller reached us by.
async fn mentioned(service: &Service, origin: &Origin, text: &str) -> Result<Vec<Mention>, Error> {
    let mut nicks: Vec<Nick> = Vec::new();
    for part in text::parts(text) {
        if let Part::Mention { nick, host, .. } = part
            && host.is_none_or(|host| host.eq_ignore_ascii_case(origin.host()))
            && let Ok(nick) = nick.parse()
            && !nicks.contains(&nick)
        {
            nicks.push(nick);
        }
    }
    let look_ups = nicks.into_iter().map(|nick| service.find(Who::Nick(nick)));
    let found: Vec<_> = futures::stream::iter(look_ups)
        .buffered(MENTIONS_AT_ONCE)
        .collect()
        .await;
    let mut mentions = Vec::new();
    for account in found {
        match account {
            Ok(account) => mentions.push(Mention {
                id: account.id,
                nick: account.nick,
            }),
            Err(Error::Rejected(Rejected::NotFound)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(mentions)
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Several {
    /// Which; those that one may not read are left out.
    id: Vec<String>,
}

/// More are not looked up at once.
const DWEETS_MAX: usize = 40;

/// Several dweets.
#[utoipa::path(get, path = "/api/v1/statuses", tag = "statuses", params(Several), responses((status = 200, body = Vec<Status>)))]
async fn several(
    State(service): State<Arc<Service>>,
    caller: Option<Caller>,
    origin: Origin,
    Input(asked): Input<Several>,
) -> Result<Json<Vec<Status>>, Error> {
    let actor = caller.map(|caller| caller.0);
    let ids: Vec<DweetId> = asked
        .id
        .iter()
        .filter_map(|id| id.parse().ok())
        .take(DWEETS_MAX)
        .collect();
    let dweets = in_order(&service, actor, &ids).await?;
    Ok(Json(service.dress(&origin, actor, &dweets).await?))
}

/// Those of the dweets that the caller may read, in the order of the ids.
pub(crate) async fn in_order(
    service: &Service,
    actor: Option<Actor>,
    ids: &[DweetId],
) -> Result<Vec<DweetView>, Error> {
    let found = show_many(service, actor, ids).await?;
    Ok(ids.iter().filter_map(|id| found.get(id).cloned()).collect())
}

/// Those of the dweets that the caller may read.
async fn show_many(
    service: &Service,
    actor: Option<Actor>,
    ids: &[DweetId],
) -> Result<BTreeMap<DweetId, DweetView>, Error> {
    let mut by_home: BTreeMap<Position, Vec<DweetId>> = BTreeMap::new();
    for id in ids {
        by_home.entry(id.home()).or_default().push(*id);
    }
    let viewer = actor.map(|actor| actor.account);
    let questions = by_home
        .into_iter()
        .map(|(at, ids)| service.query_for(actor, Scopes::READ_STATUSES, ShowMany { at, ids, viewer }));
    let answers: Vec<_> = futures::stream::iter(questions)
        .buffer_unordered(MENTIONS_AT_ONCE)
        .collect()
        .await;
    let mut found = BTreeMap::new();
    for answer in answers {
        found.extend(answer?.into_iter().map(|dweet| (dweet.id, dweet)));
    }
    Ok(found)
}

/// A dweet as far as the caller may read it.
pub(crate) async fn shown(service: &Service, actor: Option<Actor>, id: DweetId) -> Result<DweetView, Error> {
    let viewer = actor.map(|actor| actor.account);
    service
        .query_for(actor, Scopes::READ_STATUSES, Show { id, viewer })
        .await
}

/// A dweet.
#[utoipa::path(get, path = "/api/v1/statuses/{id}", tag = "statuses", params(("id" = String, Path)),
    responses((status = 200, body = Status), (status = 404, description = "There is none, or it is not for the caller")))]
async fn show(
    State(service): State<Arc<Service>>,
    caller: Option<Caller>,
    origin: Origin,
    At(id): At<DweetId>,
) -> Result<Json<Status>, Error> {
    let actor = caller.map(|caller| caller.0);
    let dweet = shown(&service, actor, id).await?;
    Ok(Json(service.dress_one(&origin, actor, &dweet).await?))
}

/// Changes the words of one's own dweet; for whom it is and what it answers stay.
#[utoipa::path(put, path = "/api/v1/statuses/{id}", tag = "statuses", params(("id" = String, Path)), request_body = Written,
    responses((status = 200, body = Status)))]
async fn edit(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Once(key): Once,
    origin: Origin,
    At(id): At<DweetId>,
    Input(written): Input<Written>,
) -> Result<Json<Status>, Error> {
    // Not asked for again: who may read it was settled when it was published.
    let settled = Some(entity::Visibility::Public);
    let body = compose(
        &service,
        actor,
        &origin,
        Written {
            visibility: settled,
            in_reply_to_id: None,
            ..written
        },
    )
    .await?;
    let dweet = service.submit(Edit { actor, id, body, key }).await?;
    Ok(Json(service.dress_one(&origin, Some(actor), &dweet).await?))
}

/// Deletes one's own dweet, everywhere. The answer has its text, so that it can be written anew.
#[utoipa::path(delete, path = "/api/v1/statuses/{id}", tag = "statuses", params(("id" = String, Path)),
    responses((status = 200, body = Status), (status = 404, description = "There is none, or it is not one's own")))]
async fn delete(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Once(key): Once,
    origin: Origin,
    At(id): At<DweetId>,
) -> Result<Json<Status>, Error> {
    let was = service.submit(Delete { actor, id, key }).await?;
    let mut status = render::status(&origin, &was, Some((actor.account, view::Flags::default())));
    if let Content::Dweet(body) = was.content {
        status.text = Some(body.text);
    }
    Ok(Json(status))
}

/// What a dweet answers, and what answers it.
#[utoipa::path(get, path = "/api/v1/statuses/{id}/context", tag = "statuses", params(("id" = String, Path)),
    responses((status = 200, body = Context)))]
async fn context(
    State(service): State<Arc<Service>>,
    caller: Option<Caller>,
    origin: Origin,
    At(id): At<DweetId>,
) -> Result<Json<Context>, Error> {
    let actor = caller.map(|caller| caller.0);
    let dweet = shown(&service, actor, id).await?;
    let Conversation {
        ancestors,
        descendants,
    } = conversation(&service, actor, dweet.original()).await?;
    Ok(Json(Context {
        ancestors: service.dress(&origin, actor, &ancestors).await?,
        descendants: service.dress(&origin, actor, &descendants).await?,
    }))
}

/// What stands around a dweet, as far as a viewer may read it.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    /// Oldest first.
    pub(crate) ancestors: Vec<DweetView>,
    /// Depth first.
    pub(crate) descendants: Vec<DweetView>,
}

/// Reads the thread at its root's home. A branch below something that the viewer may not read is still shown.
pub(crate) async fn conversation(
    service: &Service,
    actor: Option<Actor>,
    dweet: &DweetView,
) -> Result<Conversation, Error> {
    let reply_to = dweet.body().and_then(|body| body.reply_to);
    let root = reply_to.map_or(dweet.id, |above| above.root);
    let entries = service.query(Thread { root }).await?;
    let parents: BTreeMap<DweetId, DweetId> = entries.iter().map(|entry| (entry.id, entry.parent)).collect();
    let mut known: BTreeMap<DweetId, DweetView> = BTreeMap::new();
    let mut to_ask = if root == dweet.id { Vec::new() } else { vec![root] };
    for entry in entries {
        match entry.view {
            Some(view) => drop(known.insert(view.id, view)),
            // Its words are at its own home, for those whom they concern.
            None if entry.private => to_ask.push(entry.id),
            None => {}
        }
    }
    known.extend(show_many(service, actor, &to_ask).await?);
    Ok(Conversation {
        ancestors: ancestors(reply_to, &parents, &known),
        descendants: descendants(dweet.id, &parents, &known),
    })
}

fn ancestors(
    reply_to: Option<ReplyTo>,
    parents: &BTreeMap<DweetId, DweetId>,
    known: &BTreeMap<DweetId, DweetView>,
) -> Vec<DweetView> {
    let mut found = Vec::new();
    let mut above = reply_to.map(|parent| parent.id);
    // A parent is older than its replies, so this ends.
    while let Some(id) = above {
        found.extend(known.get(&id).cloned());
        above = parents.get(&id).copied().filter(|parent| *parent < id);
    }
    found.reverse();
    found
}

fn descendants(
    of: DweetId,
    parents: &BTreeMap<DweetId, DweetId>,
    known: &BTreeMap<DweetId, DweetView>,
) -> Vec<DweetView> {
    let mut children: BTreeMap<DweetId, Vec<DweetId>> = BTreeMap::new();
    for (id, parent) in parents.iter().filter(|(id, parent)| parent < id) {
        children.entry(*parent).or_default().push(*id);
    }
    let mut found = Vec::new();
    let mut to_visit: Vec<DweetId> = children.get(&of).into_iter().flatten().rev().copied().collect();
    while let Some(id) = to_visit.pop() {
        found.extend(known.get(&id).cloned());
        to_visit.extend(children.get(&id).into_iter().flatten().rev().copied());
    }
    found
}

/// A dweet as it was typed.
#[utoipa::path(get, path = "/api/v1/statuses/{id}/source", tag = "statuses", params(("id" = String, Path)),
    responses((status = 200, body = StatusSource)))]
async fn source(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    At(id): At<DweetId>,
) -> Result<Json<StatusSource>, Error> {
    let dweet = shown(&service, Some(actor), id).await?;
    let body = dweet.body().ok_or(Rejected::NotFound)?;
    Ok(Json(StatusSource {
        id: id.to_string(),
        text: body.text.clone(),
        spoiler_text: body.spoiler.clone(),
    }))
}

/// A dweet's words over time, oldest first.
#[utoipa::path(get, path = "/api/v1/statuses/{id}/history", tag = "statuses", params(("id" = String, Path)),
    responses((status = 200, body = Vec<entity::Edit>)))]
async fn history(
    State(service): State<Arc<Service>>,
    caller: Option<Caller>,
    origin: Origin,
    At(id): At<DweetId>,
) -> Result<Json<Vec<entity::Edit>>, Error> {
    let actor = caller.map(|caller| caller.0);
    let asked = History {
        id,
        viewer: actor.map(|actor| actor.account),
    };
    let (dweet, versions) = service.query_for(actor, Scopes::READ_STATUSES, asked).await?;
    let account = render::account(&origin, &dweet.author);
    let edits = versions.into_iter().map(|(at_ms, body)| entity::Edit {
        content: render::html(&origin, &body.text, &body.mentions),
        sensitive: body.sensitive || !body.spoiler.is_empty(),
        spoiler_text: body.spoiler,
        created_at: render::moment(at_ms),
        account: account.clone(),
        media_attachments: EmptyList,
        emojis: EmptyList,
    });
    Ok(Json(edits.collect()))
}

/// Who redweeted a dweet.
#[utoipa::path(get, path = "/api/v1/statuses/{id}/reblogged_by", tag = "statuses", params(("id" = String, Path), Paging),
    responses((status = 200, body = Vec<Account>)))]
async fn redweeted_by(
    State(service): State<Arc<Service>>,
    caller: Option<Caller>,
    (origin, uri, paging): (Origin, Uri, Paging),
    At(dweet): At<DweetId>,
) -> Result<(HeaderMap, Json<Vec<Account>>), Error> {
    let actor = caller.map(|caller| caller.0);
    let asked = RedweetedBy {
        dweet,
        viewer: actor.map(|actor| actor.account),
        page: paging.page(40, 80)?,
    };
    let rows = service.query_for(actor, Scopes::READ_ACCOUNTS, asked).await?;
    let headers = links(
        &origin,
        &uri,
        rows.first().map(|row| row.0),
        rows.last().map(|row| row.0),
    );
    let ids: Vec<AccountId> = rows.into_iter().map(|row| row.1).collect();
    let people = service.find_all(&ids).await?;
    Ok((
        headers,
        Json(
            people
                .iter()
                .map(|account| render::account(&origin, account))
                .collect(),
        ),
    ))
}

/// Whose favourite a dweet is.
#[utoipa::path(get, path = "/api/v1/statuses/{id}/favourited_by", tag = "statuses", params(("id" = String, Path), Paging),
    responses((status = 200, body = Vec<Account>)))]
async fn favourited_by(
    State(service): State<Arc<Service>>,
    caller: Option<Caller>,
    (origin, uri, paging): (Origin, Uri, Paging),
    At(dweet): At<DweetId>,
) -> Result<(HeaderMap, Json<Vec<Account>>), Error> {
    let actor = caller.map(|caller| caller.0);
    let asked = FavouritedBy {
        dweet,
        viewer: actor.map(|actor| actor.account),
        page: paging.page(40, 80)?,
    };
    let ids = service.query_for(actor, Scopes::READ_ACCOUNTS, asked).await?;
    let headers = links(&origin, &uri, ids.first(), ids.last());
    let people = service.find_all(&ids).await?;
    Ok((
        headers,
        Json(
            people
                .iter()
                .map(|account| render::account(&origin, account))
                .collect(),
        ),
    ))
}
