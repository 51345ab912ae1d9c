//! What Mastodon has and this service has not: apps ask for it at their start, and must be told so kindly.
//!
//! An empty list where apps expect a list (FACTS §4), 404 for one thing of a kind that there is not, 422 for making one.

use crate::caller::Caller;
use crate::error::Error;
use crate::service::Service;
use axum::extract::State;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;
use tertulia_state::account::Own;
use tertulia_types::Rejected;
use tertulia_types::Scopes;
use tertulia_types::entity::EmptyList;

/// Lists that are empty for everybody.
const EMPTY_LISTS: [&str; 20] = [
    "/api/v1/custom_emojis",
    "/api/v1/lists",
    "/api/v1/filters",
    "/api/v2/filters",
    "/api/v1/followed_tags",
    "/api/v1/featured_tags",
    "/api/v1/announcements",
    "/api/v1/follow_requests",
    "/api/v1/bookmarks",
    "/api/v1/conversations",
    "/api/v1/scheduled_statuses",
    "/api/v1/domain_blocks",
    "/api/v1/endorsements",
    "/api/v1/suggestions",
    "/api/v2/suggestions",
    "/api/v1/trends",
    "/api/v1/trends/tags",
    "/api/v1/trends/statuses",
    "/api/v1/trends/links",
    "/api/v1/directory",
];
const EMPTY_LISTS_OF_ACCOUNTS: [&str; 4] = [
    "/api/v1/accounts/{id}/lists",
    "/api/v1/accounts/{id}/featured_tags",
    "/api/v1/accounts/{id}/identity_proofs",
    "/api/v1/accounts/familiar_followers",
];
const EMPTY_LISTS_OF_THE_INSTANCE: [&str; 4] = [
    "/api/v1/instance/peers",
    "/api/v1/instance/rules",
    "/api/v1/instance/activity",
    "/api/v1/instance/domain_blocks",
];

const NO_MEDIA: &str = "dweets are text: pictures are not kept here";
const NO_LISTS: &str = "there are no lists here";
const NO_FILTERS: &str = "there are no filters here: mute the person";
const NO_REPORTS: &str =
    "there is nobody here who reads reports: block the person, and talk to whoever runs your machine";
const NO_PUSH: &str = "push messages need the Internet: keep a stream open instead";

pub(crate) fn routes() -> Router<Arc<Service>> {
    let lists = EMPTY_LISTS
        .into_iter()
        .chain(EMPTY_LISTS_OF_ACCOUNTS)
        .chain(EMPTY_LISTS_OF_THE_INSTANCE);
    // Making one of the kind is refused at the same address.
    let refusals = |path: &str| match path {
        "/api/v1/lists" => Some(NO_LISTS),
        "/api/v1/filters" | "/api/v2/filters" => Some(NO_FILTERS),
        _ => None,
    };
    let router = lists.fold(Router::new(), |router, path| {
        let empty = get(async || Json(EmptyList));
        match refusals(path) {
            Some(why) => router.route(
                path,
                empty.post(async move |Caller(_): Caller| Error::NotHere(why)),
            ),
            None => router.route(path, empty),
        }
    });
    router
        .route("/api/v1/preferences", get(preferences))
        .route(
            "/api/v1/lists/{id}",
            get(not_found).put(not_found).delete(not_found),
        )
        .route(
            "/api/v1/lists/{id}/accounts",
            get(not_found).post(not_found).delete(not_found),
        )
        .route(
            "/api/v1/filters/{id}",
            get(not_found).put(not_found).delete(not_found),
        )
        .route(
            "/api/v2/filters/{id}",
            get(not_found).put(not_found).delete(not_found),
        )
        .route(
            "/api/v1/scheduled_statuses/{id}",
            get(not_found).put(not_found).delete(not_found),
        )
        .route("/api/v1/conversations/{id}", delete(not_found))
        .route("/api/v1/conversations/{id}/read", post(not_found))
        .route("/api/v1/follow_requests/{id}/authorize", post(not_found))
        .route("/api/v1/follow_requests/{id}/reject", post(not_found))
        .route("/api/v1/media/{id}", get(not_found).put(not_found))
        .route("/api/v1/polls/{id}", get(not_found))
        .route("/api/v1/polls/{id}/votes", post(not_found))
        .route(
            "/api/v1/media",
            post(async |Caller(_): Caller| Error::NotHere(NO_MEDIA)),
        )
        .route(
            "/api/v2/media",
            post(async |Caller(_): Caller| Error::NotHere(NO_MEDIA)),
        )
        .route(
            "/api/v1/reports",
            post(async |Caller(_): Caller| Error::NotHere(NO_REPORTS)),
        )
        .route(
            "/api/v1/push/subscription",
            get(not_found)
                .delete(not_found)
                .post(async |Caller(_): Caller| Error::NotHere(NO_PUSH)),
        )
}

async fn not_found() -> Error {
    Rejected::NotFound.into()
}

/// How an app should behave, as far as the account says.
async fn preferences(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
) -> Result<Json<Value>, Error> {
    let (_, defaults) = service
        .query(Own {
            actor,
            needed: Scopes::READ_ACCOUNTS,
        })
        .await?;
    Ok(Json(json!({
        "posting:default:visibility": crate::render::visibility(defaults.visibility),
        "posting:default:sensitive": defaults.sensitive,
        "posting:default:language": defaults.language,
        "reading:expand:media": "default",
        "reading:expand:spoilers": false,
        "reading:autoplay:gifs": false,
    })))
}
