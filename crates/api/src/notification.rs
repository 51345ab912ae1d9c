//! What others did that concerns one, and up to where one has read.

use crate::caller::{At, Caller, Paging};
use crate::error::Error;
use crate::input::Input;
use crate::link::links;
use crate::origin::Origin;
use crate::render;
use crate::service::Service;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tertulia_state::marker::{MarkerView, Markers as AskMarkers, SetMarker, Timeline};
use tertulia_state::notification::{Dismiss, Notification as Find, Notifications};
use tertulia_state::page::Page;
use tertulia_types::entity::{EmptyObject, Marker, Markers, Notification};
use tertulia_types::view::NotificationKind;
use tertulia_types::{AccountId, NotificationId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(unread_count))
        .routes(routes!(clear))
        .routes(routes!(find))
        .routes(routes!(dismiss))
        .routes(routes!(markers, set_markers))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Wanted {
    /// Only these kinds: `mention`, `reblog`, `favourite`, `follow`.
    types: Vec<String>,
    /// All kinds but these.
    exclude_types: Vec<String>,
    /// Only what this account did.
    account_id: Option<String>,
}

const KINDS: [(&str, NotificationKind); 4] = [
    ("mention", NotificationKind::Mention),
    ("reblog", NotificationKind::Redweet),
    ("favourite", NotificationKind::Favourite),
    ("follow", NotificationKind::Follow),
];

impl Wanted {
    /// The kinds asked for; none if only kinds were asked for that there are not.
    fn kinds(&self) -> Vec<NotificationKind> {
        let is_wanted = |name: &str| {
            let named = |list: &[String]| list.iter().any(|asked| asked == name);
            (self.types.is_empty() || named(&self.types)) && !named(&self.exclude_types)
        };
        KINDS
            .iter()
            .filter(|(name, _)| is_wanted(name))
            .map(|(_, kind)| *kind)
            .collect()
    }
}

/// What others did, newest first.
#[utoipa::path(get, path = "/api/v1/notifications", tag = "notifications", params(Paging, Wanted),
    responses((status = 200, body = Vec<Notification>)))]
async fn list(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    (origin, uri, paging): (Origin, Uri, Paging),
    Input(wanted): Input<Wanted>,
) -> Result<(HeaderMap, Json<Vec<Notification>>), Error> {
    let kinds = wanted.kinds();
    // With no kind left the home still checks the session; it would read an empty list as all of them.
    let page = if kinds.is_empty() {
        nothing()
    } else {
        paging.page(40, 80)?
    };
    let from = wanted
        .account_id
        .as_deref()
        .map(str::parse::<AccountId>)
        .transpose();
    let from = from.map_err(|_| Error::Invalid("account_id is not an id".to_owned()))?;
    let told = service
        .query(Notifications {
            actor,
            page,
            kinds,
            from,
        })
        .await?;
    let (newest, oldest) = told.stretch.unzip();
    let shown = told
        .shown
        .iter()
        .map(|one| render::notification(&origin, one, actor.account));
    Ok((links(&origin, &uri, newest, oldest), Json(shown.collect())))
}

fn nothing() -> Page {
    Page {
        max_id: Some(0),
        ..Page::newest(1)
    }
}

/// How many were not read.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct UnreadCount {
    /// At most 80.
    count: usize,
}

/// How many are newer than the marker.
#[utoipa::path(get, path = "/api/v1/notifications/unread_count", tag = "notifications", responses((status = 200, body = UnreadCount)))]
async fn unread_count(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
) -> Result<Json<UnreadCount>, Error> {
    let markers = service.query(AskMarkers { actor }).await?;
    let read = markers
        .iter()
        .find(|marker| marker.timeline == Timeline::Notifications);
    let page = Page {
        since_id: read.map(|marker| marker.last_read_id),
        ..Page::newest(80)
    };
    let unread = service
        .query(Notifications {
            actor,
            page,
            kinds: Vec::new(),
            from: None,
        })
        .await?;
    Ok(Json(UnreadCount {
        count: unread.shown.len(),
    }))
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/notifications/{id}", tag = "notifications", params(("id" = String, Path)),
    responses((status = 200, body = Notification)))]
async fn find(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    origin: Origin,
    At(id): At<NotificationId>,
) -> Result<Json<Notification>, Error> {
    let told = service.query(Find { actor, id }).await?;
    Ok(Json(render::notification(&origin, &told, actor.account)))
}

/// Takes all of them away.
#[utoipa::path(post, path = "/api/v1/notifications/clear", tag = "notifications", responses((status = 200, body = EmptyObject)))]
async fn clear(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
) -> Result<Json<EmptyObject>, Error> {
    service.submit(Dismiss { actor, id: None }).await?;
    Ok(Json(EmptyObject {}))
}

/// Takes one away.
#[utoipa::path(post, path = "/api/v1/notifications/{id}/dismiss", tag = "notifications", params(("id" = String, Path)),
    responses((status = 200, body = EmptyObject)))]
async fn dismiss(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    At(id): At<NotificationId>,
) -> Result<Json<EmptyObject>, Error> {
    service.submit(Dismiss { actor, id: Some(id) }).await?;
    Ok(Json(EmptyObject {}))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct MarkerParams {
    /// `home`, `notifications` or both.
    timeline: Vec<String>,
}

/// Up to where one has read.
#[utoipa::path(get, path = "/api/v1/markers", tag = "markers", params(MarkerParams), responses((status = 200, body = Markers)))]
async fn markers(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Input(asked): Input<MarkerParams>,
) -> Result<Json<Markers>, Error> {
    let kept = service.query(AskMarkers { actor }).await?;
    let of = |name: &str, timeline: Timeline| {
        let marker = kept.iter().find(|marker| marker.timeline == timeline);
        // W19 (docs/apps.md): what was asked for is there, even when nothing was ever read.
        asked
            .timeline
            .iter()
            .any(|asked| asked == name)
            .then(|| marker.map_or_else(unread, render_marker))
    };
    Ok(Json(Markers {
        home: of("home", Timeline::Home),
        notifications: of("notifications", Timeline::Notifications),
    }))
}

fn render_marker(marker: &MarkerView) -> Marker {
    let last_read_id = marker.last_read_id.to_string();
    Marker {
        last_read_id,
        version: marker.version,
        updated_at: render::moment(marker.updated_ms),
    }
}

fn unread() -> Marker {
    Marker {
        last_read_id: "0".to_owned(),
        version: 0,
        updated_at: render::moment(0),
    }
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct NewMarkers {
    home: Option<NewMarker>,
    notifications: Option<NewMarker>,
}

#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
struct NewMarker {
    /// The newest id that was read.
    last_read_id: String,
}

/// Says up to where one has read. The home timeline's counts as seen.
#[utoipa::path(post, path = "/api/v1/markers", tag = "markers", request_body = NewMarkers, responses((status = 200, body = Markers)))]
async fn set_markers(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Input(asked): Input<NewMarkers>,
) -> Result<Json<Markers>, Error> {
    let mut set = Markers::default();
    for (timeline, asked, place) in [
        (Timeline::Home, asked.home, &mut set.home),
        (
            Timeline::Notifications,
            asked.notifications,
            &mut set.notifications,
        ),
    ] {
        if let Some(NewMarker { last_read_id }) = asked {
            let last_read_id = last_read_id
                .parse()
                .map_err(|_| Error::Invalid(format!("{last_read_id:?} is not an id")))?;
            *place = Some(render_marker(
                &service
                    .submit(SetMarker {
                        actor,
                        timeline,
                        last_read_id,
                    })
                    .await?,
            ));
        }
    }
    Ok(Json(set))
}

#[cfg(test)]
mod tests {
    use super::Wanted;
    use tertulia_types::view::NotificationKind;

    #[test]
    fn kinds_are_chosen_by_name() {
        let wanted = |types: &[&str], not: &[&str]| {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            Wanted {
                types: owned(types),
                exclude_types: owned(not),
                account_id: None,
            }
            .kinds()
        };
        assert_eq!(wanted(&[], &[]).len(), 4);
        assert_eq!(wanted(&["mention", "poll"], &[]), [NotificationKind::Mention]);
        assert_eq!(wanted(&["poll"], &[]), []);
        assert_eq!(
            wanted(&[], &["reblog", "favourite", "follow"]),
            [NotificationKind::Mention]
        );
    }
}
