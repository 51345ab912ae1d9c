//! For those who run a machine: whether it lives, whether it can serve, and its figures.

use crate::error::Error;
use crate::service::Service;
use crate::shell;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::IntoResponse;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(livez))
        .routes(routes!(readyz))
        .routes(routes!(figures))
}

/// Whether the process answers at all.
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, description = "It does", body = String)))]
async fn livez() -> &'static str {
    "ok\n"
}

/// Whether the machine can serve people: its groups have leaders, and it is not stopping.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, description = "It can", body = String),
    (status = 503, description = "Not now"),
))]
async fn readyz(State(service): State<Arc<Service>>) -> Result<&'static str, Error> {
    service.ready().await?;
    Ok("ok\n")
}

/// Figures for Prometheus: for who asks on the machine's own computer, unless they were opened to all.
#[utoipa::path(get, path = "/metrics", tag = "health", responses(
    (status = 200, description = "Figures", body = String),
    (status = 404, description = "Not for who asks from elsewhere"),
))]
async fn figures(State(service): State<Arc<Service>>, request: Request) -> Result<impl IntoResponse, Error> {
    let (parts, _) = request.into_parts();
    // A proxy asks from here for somebody who is elsewhere.
    let is_passed_on = ["x-forwarded-for", "forwarded"]
        .iter()
        .any(|name| parts.headers.contains_key(*name));
    let is_here = shell::peer(&parts).is_loopback() && !is_passed_on;
    if !is_here && !service.has_open_metrics {
        return Err(Error::NoSuchPath);
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    Ok((kind, service.metrics.render()))
}
