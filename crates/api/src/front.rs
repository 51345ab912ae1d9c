//! The front page: the web app, or where that was not built a plain page; and what the plain pages need.

use crate::error::Error;
use crate::page::{Language, Page, STYLE, escape};
use crate::service::Service;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;

/// Pictures never change under their name.
const FOR_A_DAY: &str = "public, max-age=86400";

pub(crate) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/", get(front))
        .route("/style.css", get(style))
        .route(
            "/pictures/avatar.png",
            get(async || picture(include_bytes!("pictures/avatar.png"))),
        )
        .route(
            "/pictures/header.png",
            get(async || picture(include_bytes!("pictures/header.png"))),
        )
        .merge(crate::trust::page_routes())
        .merge(crate::profile::routes())
}

/// What no other route knows: a file of the app, or one of the addresses that only the app understands.
pub(crate) async fn otherwise(
    State(service): State<Arc<Service>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let is_read = method == Method::GET || method == Method::HEAD;
    let found = is_read.then(|| service.site.at(uri.path(), &service.entries(), &headers));
    found
        .flatten()
        .unwrap_or_else(|| Error::NoSuchPath.into_response())
}

async fn style() -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, FOR_A_DAY),
        ],
        STYLE,
    )
}

fn picture(png: &'static [u8]) -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, "image/png"),
            (header::CACHE_CONTROL, FOR_A_DAY),
        ],
        png,
    )
}

async fn front(State(service): State<Arc<Service>>, language: Language, headers: HeaderMap) -> Response {
    if let Some(app) = service.site.document(&service.entries(), &headers) {
        return app;
    }
    let hello = language.pick(
        "This is a ring of Tertulia: a microblog of its people, on machines of their own. Point a Mastodon app at this \
         address, or use the terminal:",
        "Este es un anillo de Tertulia: un microblog de su gente, en máquinas propias. Apunta una app de Mastodon a esta \
         dirección, o usa la terminal:",
    );
    let trust = language.pick(
        "Make your devices trust this ring",
        "Haz que tus dispositivos confíen en este anillo",
    );
    let mut body = format!("<p>{}</p><p><code>tertulia console</code></p>", escape(hello));
    if service.ca().is_some() {
        body += &format!("<p><a href=\"/trust\">{}</a></p>", escape(trust));
    }
    Page {
        status: StatusCode::OK,
        language,
        title: service.title.clone(),
        body,
        form_target: None,
    }
    .into_response()
}
