//! How one stands to others: following, blocking, muting.

use crate::account::list;
use crate::caller::{At, Caller, Once, Paging};
use crate::error::Error;
use crate::input::Input;
use crate::origin::Origin;
use crate::render;
use crate::service::Service;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use serde::Deserialize;
use std::sync::Arc;
use tertulia_state::account::Who;
use tertulia_state::block::{Blocks, SetBlock};
use tertulia_state::follow::{Follow, Relationships, Unfollow};
use tertulia_state::mute::{Mute, Mutes, SetMute};
use tertulia_types::AccountId;
use tertulia_types::entity::{Account, Relationship};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(relationships))
        .routes(routes!(follow))
        .routes(routes!(unfollow))
        .routes(routes!(block))
        .routes(routes!(unblock))
        .routes(routes!(mute))
        .routes(routes!(unmute))
        .routes(routes!(blocks))
        .routes(routes!(mutes))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Others {
    /// To whom.
    id: Vec<String>,
}

/// More are not answered at once.
const OTHERS_MAX: usize = 500;

/// How one stands to others, in their order.
#[utoipa::path(get, path = "/api/v1/accounts/relationships", tag = "relations", params(Others),
    responses((status = 200, body = Vec<Relationship>)))]
async fn relationships(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Input(asked): Input<Others>,
) -> Result<Json<Vec<Relationship>>, Error> {
    let others: Vec<AccountId> = asked
        .id
        .iter()
        .filter_map(|id| id.parse().ok())
        .take(OTHERS_MAX)
        .collect();
    let found = service
        .query(Relationships {
            actor,
            others: others.clone(),
        })
        .await?;
    Ok(Json(
        others
            .iter()
            .zip(&found)
            .map(|(id, stands)| render::relationship(*id, stands))
            .collect(),
    ))
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct FollowParams {
    /// Whether their redweets are wanted: yes if not said.
    reblogs: Option<bool>,
}

/// Follows somebody, or changes whether their redweets are wanted.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/follow", tag = "relations", params(("id" = String, Path)), request_body = FollowParams,
    responses((status = 200, body = Relationship), (status = 404, description = "Nobody has this id")))]
async fn follow(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Once(key): Once,
    At(author): At<AccountId>,
    Input(asked): Input<FollowParams>,
) -> Result<Json<Relationship>, Error> {
    service.find(Who::Id(author)).await?;
    let redweets = asked.reblogs.unwrap_or(true);
    let stands = service
        .submit(Follow {
            actor,
            author,
            redweets,
            key,
        })
        .await?;
    Ok(Json(render::relationship(author, &stands)))
}

/// Stops following somebody.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/unfollow", tag = "relations", params(("id" = String, Path)),
    responses((status = 200, body = Relationship)))]
async fn unfollow(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Once(key): Once,
    At(author): At<AccountId>,
) -> Result<Json<Relationship>, Error> {
    let stands = service.submit(Unfollow { actor, author, key }).await?;
    Ok(Json(render::relationship(author, &stands)))
}

/// Blocks somebody: neither sees the other any more, and follows end.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/block", tag = "relations", params(("id" = String, Path)),
    responses((status = 200, body = Relationship), (status = 404, description = "Nobody has this id")))]
async fn block(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Once(key): Once,
    At(target): At<AccountId>,
) -> Result<Json<Relationship>, Error> {
    service.find(Who::Id(target)).await?;
    let stands = service
        .submit(SetBlock {
            actor,
            target,
            stands: true,
            key,
        })
        .await?;
    Ok(Json(render::relationship(target, &stands)))
}

/// Ends a block.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/unblock", tag = "relations", params(("id" = String, Path)),
    responses((status = 200, body = Relationship)))]
async fn unblock(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Once(key): Once,
    At(target): At<AccountId>,
) -> Result<Json<Relationship>, Error> {
    let stands = service
        .submit(SetBlock {
            actor,
            target,
            stands: false,
            key,
        })
        .await?;
    Ok(Json(render::relationship(target, &stands)))
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct MuteParams {
    /// Whether their notifications are muted too: yes if not said.
    notifications: Option<bool>,
    /// For how many seconds; 0 is for good.
    duration: u64,
}

/// Mutes somebody: their dweets stay out of one's timelines, and they do not learn of it.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/mute", tag = "relations", params(("id" = String, Path)), request_body = MuteParams,
    responses((status = 200, body = Relationship), (status = 404, description = "Nobody has this id")))]
async fn mute(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Once(key): Once,
    At(target): At<AccountId>,
    Input(asked): Input<MuteParams>,
) -> Result<Json<Relationship>, Error> {
    service.find(Who::Id(target)).await?;
    let duration_ms = (asked.duration > 0).then(|| asked.duration.saturating_mul(1000));
    let mute = Some(Mute {
        notifications: asked.notifications.unwrap_or(true),
        duration_ms,
    });
    let stands = service
        .submit(SetMute {
            actor,
            target,
            mute,
            key,
        })
        .await?;
    Ok(Json(render::relationship(target, &stands)))
}

/// Ends a mute.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/unmute", tag = "relations", params(("id" = String, Path)),
    responses((status = 200, body = Relationship)))]
async fn unmute(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Once(key): Once,
    At(target): At<AccountId>,
) -> Result<Json<Relationship>, Error> {
    let stands = service
        .submit(SetMute {
            actor,
            target,
            mute: None,
            key,
        })
        .await?;
    Ok(Json(render::relationship(target, &stands)))
}

/// Whom one blocks.
#[utoipa::path(get, path = "/api/v1/blocks", tag = "relations", params(Paging), responses((status = 200, body = Vec<Account>)))]
async fn blocks(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    (origin, uri, paging): (Origin, Uri, Paging),
) -> Result<(HeaderMap, Json<Vec<Account>>), Error> {
    let rows = service
        .query(Blocks {
            actor,
            page: paging.page(40, 80)?,
        })
        .await?;
    list(&service, &origin, &uri, rows).await
}

/// Whom one mutes.
#[utoipa::path(get, path = "/api/v1/mutes", tag = "relations", params(Paging), responses((status = 200, body = Vec<Account>)))]
async fn mutes(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    (origin, uri, paging): (Origin, Uri, Paging),
) -> Result<(HeaderMap, Json<Vec<Account>>), Error> {
    let rows = service
        .query(Mutes {
            actor,
            page: paging.page(40, 80)?,
        })
        .await?;
    list(&service, &origin, &uri, rows).await
}
