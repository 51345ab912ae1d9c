//! For those who run a machine: whether it lives, whether it can serve, and its figures.

use crate::error::Error;
use crate::service::Service;
use axum::extract::State;
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

/// Figures for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, description = "Figures", body = String)))]
async fn figures(State(service): State<Arc<Service>>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        service.metrics.render(),
    )
}
