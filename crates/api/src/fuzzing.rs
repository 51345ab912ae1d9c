//! What `fuzz/` calls of this crate beside its public face: thin doors. There is no copy of anything here.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use axum::response::IntoResponse;
use serde::de::DeserializeOwned;
use tertulia_types::view::Mention;

use crate::input::Input;
use crate::origin::Origin;
use crate::{page, render};

/// The parameters of a request as a struct, or the status of the answer; none if it is no request.
pub async fn parameters<T: DeserializeOwned>(
    query: &str,
    kind: &str,
    body: Vec<u8>,
) -> Option<Result<T, u16>> {
    let request = Request::builder().method("POST").uri(format!("/?{query}"));
    let request = request
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(body))
        .ok()?;
    let read = <Input<T>>::from_request(request, &()).await;
    Some(
        read.map(|Input(read)| read)
            .map_err(|error| error.into_response().status().as_u16()),
    )
}

/// A text as a dweet or profile shows it.
#[must_use]
pub fn html(host: &str, plain: &str, mentions: &[Mention]) -> String {
    render::html(&Origin::new("http", host), plain, mentions)
}

/// A text as it goes into a page.
#[must_use]
pub fn escape(text: &str) -> String {
    page::escape(text)
}
