//! For tests: the application on a machine of its own.

use crate::service::{Service, Settings};
use crate::tls::{Authority, Tls};
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use metrics_exporter_prometheus::PrometheusBuilder;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use tempfile::TempDir;
use tertulia_node::{Node, Options};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

/// An application that answers requests without a socket.
pub(crate) struct App {
    pub(crate) service: Arc<Service>,
    app: BoxCloneSyncService<Request, Response, Infallible>,
    _directory: TempDir,
}

impl App {
    /// Status, headers and body of the answer.
    pub(crate) async fn send(&self, mut request: Request) -> (StatusCode, HeaderMap, String) {
        request
            .headers_mut()
            .entry("host")
            .or_insert_with(|| "localhost:8080".parse().expect("a host"));
        let answer = self.app.clone().oneshot(request).await.expect("an answer");
        let (head, body) = answer.into_parts();
        let body = to_bytes(body, 10_000_000).await.expect("a body");
        (
            head.status,
            head.headers,
            String::from_utf8(body.to_vec()).expect("text"),
        )
    }
}

/// One that serves plain HTTP.
pub(crate) async fn app(is_limited: bool) -> App {
    with(is_limited, None).await
}

/// One that serves TLS by its ring's authority.
pub(crate) async fn app_with_tls() -> App {
    let directory = tempfile::tempdir().expect("a directory");
    let authority = Authority::open(directory.path()).expect("an authority");
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    with(
        true,
        Some(Tls::by_ring(authority, listen, Vec::new()).expect("signed")),
    )
    .await
}

async fn with(is_limited: bool, tls: Option<Arc<Tls>>) -> App {
    let directory = tempfile::tempdir().expect("a directory");
    let node = Node::open(Options::new(directory.path().join("data")))
        .await
        .expect("a machine");
    node.until_ready().await;
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    let settings = Settings {
        node,
        title: "Plaza".to_owned(),
        is_limited,
        tls,
        metrics,
        closing: CancellationToken::new(),
    };
    let service = Service::new(settings).expect("threads");
    let app = BoxCloneSyncService::new(crate::router::app(Arc::clone(&service)));
    App {
        service,
        app,
        _directory: directory,
    }
}
