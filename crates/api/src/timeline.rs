//! Timelines: home, public, and by hashtag.

use crate::caller::{Caller, Paging};
use crate::error::Error;
use crate::input::Input;
use crate::link::links;
use crate::origin::Origin;
use crate::render;
use crate::service::Service;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use serde::Deserialize;
use std::sync::Arc;
use tertulia_state::dweet::Public;
use tertulia_state::page::{Page, Sifted};
use tertulia_state::session::{Actor, CheckSession};
use tertulia_state::tag::Tagged;
use tertulia_state::timeline::Home;
use tertulia_types::entity::Status;
use tertulia_types::view::DweetView;
use tertulia_types::{Rejected, Scopes, text};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Mastodon's bounds.
const LIMIT: (u32, u32) = (20, 40);

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(home))
        .routes(routes!(public))
        .routes(routes!(tag))
        .routes(routes!(list))
}

/// What those whom one follows wrote and redweeted, and one's own, newest first. Reading marks nothing as seen.
#[utoipa::path(get, path = "/api/v1/timelines/home", tag = "timelines", params(Paging), responses((status = 200, body = Vec<Status>)))]
async fn home(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    (origin, uri, paging): (Origin, Uri, Paging),
) -> Result<(HeaderMap, Json<Vec<Status>>), Error> {
    let page = service
        .query(Home {
            actor,
            page: paging.page(LIMIT.0, LIMIT.1)?,
        })
        .await?;
    let (newest, oldest) = page.stretch.unzip();
    let statuses = page
        .shown
        .iter()
        .map(|shown| render::shown(&origin, shown, Some(actor.account)));
    Ok((links(&origin, &uri, newest, oldest), Json(statuses.collect())))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Wanted {
    /// Only this service's: all are.
    #[allow(dead_code, reason = "part of the documented request")]
    local: bool,
    /// Only other services': there are none.
    remote: bool,
    /// Only with pictures: there are none.
    only_media: bool,
    /// Also these hashtags.
    any: Vec<String>,
    /// All of these hashtags, too.
    all: Vec<String>,
    /// None of these hashtags.
    none: Vec<String>,
}

impl Wanted {
    fn is_nothing(&self) -> bool {
        self.remote || self.only_media
    }
}

/// Everybody's public dweets, newest first.
#[utoipa::path(get, path = "/api/v1/timelines/public", tag = "timelines", params(Paging, Wanted),
    responses((status = 200, body = Vec<Status>)))]
async fn public(
    State(service): State<Arc<Service>>,
    caller: Option<Caller>,
    (origin, uri, paging): (Origin, Uri, Paging),
    Input(wanted): Input<Wanted>,
) -> Result<(HeaderMap, Json<Vec<Status>>), Error> {
    let actor = allowed(&service, caller).await?;
    if wanted.is_nothing() {
        return Ok((HeaderMap::new(), Json(Vec::new())));
    }
    let page = paging.page(LIMIT.0, LIMIT.1)?;
    let parts = service.query_all(|at| Public { at, page }).await?;
    dressed(&service, actor, &origin, &uri, merged(parts, page)).await
}

async fn allowed(service: &Service, caller: Option<Caller>) -> Result<Option<Actor>, Error> {
    let Some(Caller(actor)) = caller else {
        return Ok(None);
    };
    service
        .query(CheckSession {
            actor,
            needed: Scopes::READ_STATUSES,
        })
        .await?;
    Ok(Some(actor))
}

fn merged(parts: Vec<Sifted<DweetView>>, page: Page) -> Sifted<DweetView> {
    Sifted::merge(parts, page, |dweet| dweet.id.get())
}

/// Those whom the viewer mutes stay out; the `Link` header covers what was looked at, so paging goes on behind it.
async fn dressed(
    service: &Service,
    actor: Option<Actor>,
    origin: &Origin,
    uri: &Uri,
    page: Sifted<DweetView>,
) -> Result<(HeaderMap, Json<Vec<Status>>), Error> {
    let (newest, oldest) = page.stretch.unzip();
    let mut statuses = service.dress(origin, actor, &page.shown).await?;
    statuses.retain(|status| status.muted != Some(true));
    Ok((links(origin, uri, newest, oldest), Json(statuses)))
}

/// Public dweets with a hashtag, newest first.
#[utoipa::path(get, path = "/api/v1/timelines/tag/{hashtag}", tag = "timelines", params(("hashtag" = String, Path), Paging, Wanted),
    responses((status = 200, body = Vec<Status>)))]
async fn tag(
    State(service): State<Arc<Service>>,
    caller: Option<Caller>,
    Path(name): Path<String>,
    (origin, uri, paging): (Origin, Uri, Paging),
    Input(wanted): Input<Wanted>,
) -> Result<(HeaderMap, Json<Vec<Status>>), Error> {
    let actor = allowed(&service, caller).await?;
    if wanted.is_nothing() {
        return Ok((HeaderMap::new(), Json(Vec::new())));
    }
    let page = paging.page(LIMIT.0, LIMIT.1)?;
    let found = tagged(&service, &name, &wanted, page).await?;
    dressed(&service, actor, &origin, &uri, found).await
}

/// Hashtags that one request asks for, as in Mastodon.
const TAGS_MAX: usize = 5;

async fn tagged(
    service: &Service,
    name: &str,
    wanted: &Wanted,
    page: Page,
) -> Result<Sifted<DweetView>, Error> {
    let names = |given: &[String]| -> Vec<String> {
        given
            .iter()
            .filter_map(|name| text::hashtag(name))
            .take(TAGS_MAX)
            .collect()
    };
    let (all, none) = (names(&wanted.all), names(&wanted.none));
    let mut parts = Vec::new();
    for tag in text::hashtag(name).into_iter().chain(names(&wanted.any)) {
        let (all, none) = (all.clone(), none.clone());
        parts.push(service.query(Tagged { tag, all, none, page }).await?);
    }
    Ok(merged(parts, page))
}

/// There are no lists.
#[utoipa::path(get, path = "/api/v1/timelines/list/{id}", tag = "timelines", params(("id" = String, Path)),
    responses((status = 404, description = "There are no lists")))]
async fn list() -> Error {
    Rejected::NotFound.into()
}
