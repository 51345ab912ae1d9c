//! What one does with others' dweets: redweeting them, making them favourites.

use crate::caller::{At, Caller, Once, Paging};
use crate::error::Error;
use crate::link::links;
use crate::origin::Origin;
use crate::service::Service;
use crate::status::{in_order, shown};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use std::sync::Arc;
use tertulia_state::favourite::{Favourites, SetFavourite};
use tertulia_state::redweet::{Redweet, Unredweet};
use tertulia_state::session::Actor;
use tertulia_types::entity::Status;
use tertulia_types::{DweetId, NotificationId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(redweet))
        .routes(routes!(unredweet))
        .routes(routes!(favourite))
        .routes(routes!(unfavourite))
        .routes(routes!(favourites))
        .routes(routes!(pin))
        .routes(routes!(unpin))
        .routes(routes!(mute))
        .routes(routes!(unmute))
}

/// Redweets a dweet: it joins one's profile and reaches one's followers. Again is the same redweet.
#[utoipa::path(post, path = "/api/v1/statuses/{id}/reblog", tag = "statuses", params(("id" = String, Path)),
    responses((status = 200, body = Status), (status = 422, description = "It is for followers only")))]
async fn redweet(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Once(key): Once,
    origin: Origin,
    At(id): At<DweetId>,
) -> Result<Json<Status>, Error> {
    let original = shown(&service, Some(actor), id).await?.original().clone();
    let was = service.dress_one(&origin, Some(actor), &original).await?;
    let wrapper = service.submit(Redweet { actor, original, key }).await?;
    let mut status = service.dress_one(&origin, Some(actor), &wrapper).await?;
    // The count at the original's home follows; the one who asked sees it at once.
    let count = was.reblogs_count + u64::from(was.reblogged == Some(false));
    status.reblogs_count = count;
    if let Some(inner) = &mut status.reblog {
        inner.reblogs_count = count;
    }
    Ok(Json(status))
}

/// Takes a redweet back. Answers the original.
#[utoipa::path(post, path = "/api/v1/statuses/{id}/unreblog", tag = "statuses", params(("id" = String, Path)),
    responses((status = 200, body = Status)))]
async fn unredweet(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Once(key): Once,
    origin: Origin,
    At(id): At<DweetId>,
) -> Result<Json<Status>, Error> {
    let original = shown(&service, Some(actor), id).await?.original().clone();
    let stood = service
        .submit(Unredweet {
            actor,
            original: original.id,
            key,
        })
        .await?;
    let mut status = service.dress_one(&origin, Some(actor), &original).await?;
    status.reblogs_count = status.reblogs_count.saturating_sub(u64::from(stood));
    Ok(Json(status))
}

/// Makes a dweet one's favourite.
#[utoipa::path(post, path = "/api/v1/statuses/{id}/favourite", tag = "statuses", params(("id" = String, Path)),
    responses((status = 200, body = Status)))]
async fn favourite(
    service: State<Arc<Service>>,
    caller: Caller,
    once: Once,
    origin: Origin,
    at: At<DweetId>,
) -> Result<Json<Status>, Error> {
    set_favourite(service, caller, once, origin, at, true).await
}

/// Makes it one's favourite no more.
#[utoipa::path(post, path = "/api/v1/statuses/{id}/unfavourite", tag = "statuses", params(("id" = String, Path)),
    responses((status = 200, body = Status)))]
async fn unfavourite(
    service: State<Arc<Service>>,
    caller: Caller,
    once: Once,
    origin: Origin,
    at: At<DweetId>,
) -> Result<Json<Status>, Error> {
    set_favourite(service, caller, once, origin, at, false).await
}

async fn set_favourite(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Once(key): Once,
    origin: Origin,
    At(id): At<DweetId>,
    stands: bool,
) -> Result<Json<Status>, Error> {
    let original = shown(&service, Some(actor), id).await?.original().clone();
    let has_changed = service
        .submit(SetFavourite {
            actor,
            dweet: original.id,
            stands,
            key,
        })
        .await?;
    let mut status = service.dress_one(&origin, Some(actor), &original).await?;
    // The count at the dweet's home follows; the one who asked sees it at once.
    let step = u64::from(has_changed);
    status.favourites_count = if stands {
        status.favourites_count + step
    } else {
        status.favourites_count.saturating_sub(step)
    };
    Ok(Json(status))
}

/// One's favourites, the newest first.
#[utoipa::path(get, path = "/api/v1/favourites", tag = "statuses", params(Paging), responses((status = 200, body = Vec<Status>)))]
async fn favourites(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    (origin, uri, paging): (Origin, Uri, Paging),
) -> Result<(HeaderMap, Json<Vec<Status>>), Error> {
    let page = paging.page(20, 40)?;
    let rows = service.query(Favourites { actor, page }).await?;
    listed(&service, actor, (origin, uri), &rows).await
}

/// A page of a list that one keeps of dweets, in its order: each row with the id by which one pages.
pub(crate) async fn listed(
    service: &Service,
    actor: Actor,
    (origin, uri): (Origin, Uri),
    rows: &[(NotificationId, DweetId)],
) -> Result<(HeaderMap, Json<Vec<Status>>), Error> {
    let (newest, oldest) = (rows.first().map(|row| row.0), rows.last().map(|row| row.0));
    let headers = links(&origin, &uri, newest, oldest);
    let ids: Vec<DweetId> = rows.iter().map(|row| row.1).collect();
    let dweets = in_order(service, Some(actor), &ids).await?;
    Ok((headers, Json(service.dress(&origin, Some(actor), &dweets).await?)))
}

const NO_PINS: &str = "dweets cannot be pinned here";
const NO_MUTED_THREADS: &str = "conversations cannot be muted here: mute the person";

/// Refused: dweets cannot be pinned.
#[utoipa::path(post, path = "/api/v1/statuses/{id}/pin", tag = "statuses", params(("id" = String, Path)),
    responses((status = 422, description = "Not kept here")))]
async fn pin(_caller: Caller, _dweet: At<DweetId>) -> Error {
    Error::NotHere(NO_PINS)
}

/// Refused: conversations cannot be muted.
#[utoipa::path(post, path = "/api/v1/statuses/{id}/mute", tag = "statuses", params(("id" = String, Path)),
    responses((status = 422, description = "Not kept here")))]
async fn mute(_caller: Caller, _dweet: At<DweetId>) -> Error {
    Error::NotHere(NO_MUTED_THREADS)
}

/// What never was so is so no more: answers the dweet.
#[utoipa::path(post, path = "/api/v1/statuses/{id}/unpin", tag = "statuses", params(("id" = String, Path)),
    responses((status = 200, body = Status)))]
async fn unpin(
    service: State<Arc<Service>>,
    caller: Caller,
    origin: Origin,
    at: At<DweetId>,
) -> Result<Json<Status>, Error> {
    unchanged(service, caller, origin, at).await
}

/// What never was so is so no more: answers the dweet.
#[utoipa::path(post, path = "/api/v1/statuses/{id}/unmute", tag = "statuses", params(("id" = String, Path)),
    responses((status = 200, body = Status)))]
async fn unmute(
    service: State<Arc<Service>>,
    caller: Caller,
    origin: Origin,
    at: At<DweetId>,
) -> Result<Json<Status>, Error> {
    unchanged(service, caller, origin, at).await
}

async fn unchanged(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    origin: Origin,
    At(id): At<DweetId>,
) -> Result<Json<Status>, Error> {
    let dweet = shown(&service, Some(actor), id).await?;
    Ok(Json(service.dress_one(&origin, Some(actor), &dweet).await?))
}
