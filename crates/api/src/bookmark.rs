//! Bookmarks: dweets that one wants to find again. Nobody else learns of them.

use crate::caller::{At, Caller, Once, Paging};
use crate::error::Error;
use crate::origin::Origin;
use crate::service::Service;
use crate::stance::listed;
use crate::status::shown;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use std::sync::Arc;
use tertulia_state::bookmark::{Bookmarks, SetBookmark};
use tertulia_types::DweetId;
use tertulia_types::entity::Status;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(bookmark))
        .routes(routes!(unbookmark))
        .routes(routes!(bookmarks))
}

/// Bookmarks a dweet: of a redweet, the original.
#[utoipa::path(post, path = "/api/v1/statuses/{id}/bookmark", tag = "statuses", params(("id" = String, Path)),
    responses((status = 200, body = Status)))]
async fn bookmark(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Once(key): Once,
    origin: Origin,
    At(id): At<DweetId>,
) -> Result<Json<Status>, Error> {
    let original = shown(&service, Some(actor), id).await?.original().clone();
    let (dweet, stands) = (original.id, true);
    service
        .submit(SetBookmark {
            actor,
            dweet,
            stands,
            key,
        })
        .await?;
    Ok(Json(service.dress_one(&origin, Some(actor), &original).await?))
}

/// Takes a bookmark back, also of a dweet that is gone: then there is nothing to answer with but 404.
#[utoipa::path(post, path = "/api/v1/statuses/{id}/unbookmark", tag = "statuses", params(("id" = String, Path)),
    responses((status = 200, body = Status), (status = 404, description = "The dweet is gone, and so is its bookmark")))]
async fn unbookmark(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Once(key): Once,
    origin: Origin,
    At(id): At<DweetId>,
) -> Result<Json<Status>, Error> {
    let original = shown(&service, Some(actor), id)
        .await
        .map(|dweet| dweet.original().clone());
    let dweet = original.as_ref().map_or(id, |original| original.id);
    let stands = false;
    service
        .submit(SetBookmark {
            actor,
            dweet,
            stands,
            key,
        })
        .await?;
    Ok(Json(service.dress_one(&origin, Some(actor), &original?).await?))
}

/// One's bookmarks, the latest first.
#[utoipa::path(get, path = "/api/v1/bookmarks", tag = "statuses", params(Paging), responses((status = 200, body = Vec<Status>)))]
async fn bookmarks(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    (origin, uri, paging): (Origin, Uri, Paging),
) -> Result<(HeaderMap, Json<Vec<Status>>), Error> {
    let page = paging.page(20, 40)?;
    let rows = service.query(Bookmarks { actor, page }).await?;
    listed(&service, actor, (origin, uri), &rows).await
}
