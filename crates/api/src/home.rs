//! What Mastodon has no word for: how much is unseen, and asking for more of it.

use crate::caller::{Caller, Once};
use crate::error::Error;
use crate::input::Input;
use crate::origin::Origin;
use crate::render;
use crate::service::Service;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;
use tertulia_state::marker::{SetMarker, Timeline};
use tertulia_state::request::RequestKey;
use tertulia_state::session::Actor;
use tertulia_state::timeline::{CountUnseen, Next, NextPage, SetReader};
use tertulia_types::entity::{More, Unseen};
use tertulia_types::{DweetId, Rejected, view};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(unseen))
        .routes(routes!(next))
        .routes(routes!(seen))
}

fn render_unseen(unseen: view::Unseen) -> Unseen {
    Unseen {
        count: u64::from(unseen.count),
        more: unseen.more,
    }
}

/// How many dweets of the home timeline are unseen.
#[utoipa::path(get, path = "/api/tertulia/v1/home/unseen", tag = "tertulia", responses((status = 200, body = Unseen)))]
async fn unseen(State(service): State<Arc<Service>>, Caller(actor): Caller) -> Result<Json<Unseen>, Error> {
    Ok(Json(render_unseen(service.query(CountUnseen { actor }).await?)))
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct NextParams {
    /// How many: 20 if not said, at most 40.
    limit: Option<u32>,
}

/// How often two devices that ask at once make one of them read again.
const CONFLICTS_MAX: usize = 5;

/// More of the home timeline: the newest unseen first; once all was seen, older ones. What it answers counts as seen.
#[utoipa::path(post, path = "/api/tertulia/v1/home/next", tag = "tertulia", request_body = NextParams,
    params(("Idempotency-Key" = Option<String>, Header, description = "A repeat with it gets the same page")), responses((status = 200, body = More)))]
async fn next(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    origin: Origin,
    Once(key): Once,
    Input(asked): Input<NextParams>,
) -> Result<Json<More>, Error> {
    let next = advance(&service, actor, asked.limit.unwrap_or(20).clamp(1, 40), key).await?;
    let dweets = next
        .dweets
        .iter()
        .map(|shown| render::shown(&origin, shown, Some(actor.account)))
        .collect();
    Ok(Json(More {
        dweets,
        unseen: render_unseen(next.unseen),
        older: next.older,
    }))
}

/// Reads a page and records that it was shown; if another device was faster, reads again. A repeat of a request whose
/// answer was lost shows again what was recorded then.
async fn advance(service: &Service, actor: Actor, limit: u32, key: RequestKey) -> Result<Next, Error> {
    for _ in 0..CONFLICTS_MAX {
        let page = NextPage {
            actor,
            limit,
            from: None,
        };
        let next = service.query(page.clone()).await?;
        let (before, after) = (next.before, next.after);
        match service
            .submit(SetReader {
                actor,
                before,
                after,
                key,
            })
            .await
        {
            Ok(from) if from == before => return Ok(next),
            Ok(from) => {
                return service
                    .query(NextPage {
                        from: Some(from),
                        ..page
                    })
                    .await;
            }
            Err(Error::Rejected(Rejected::Conflict)) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Rejected::Conflict.into())
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct SeenParams {
    /// The newest dweet that was seen.
    up_to: String,
}

/// Counts as seen what has arrived up to a dweet. Answers what is unseen still.
#[utoipa::path(post, path = "/api/tertulia/v1/home/seen", tag = "tertulia", request_body = SeenParams, responses((status = 200, body = Unseen)))]
async fn seen(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Input(asked): Input<SeenParams>,
) -> Result<Json<Unseen>, Error> {
    let up_to: DweetId = asked
        .up_to
        .parse()
        .map_err(|_| Error::Invalid("up_to is not an id".to_owned()))?;
    service
        .submit(SetMarker {
            actor,
            timeline: Timeline::Home,
            last_read_id: up_to.get(),
        })
        .await?;
    Ok(Json(render_unseen(service.query(CountUnseen { actor }).await?)))
}
