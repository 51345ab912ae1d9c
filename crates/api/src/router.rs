//! All routes, and the layers around them. Reads as the list of what this API is.

use crate::error::Error;
use crate::service::Service;
use crate::{
    absent, account, authorize, bookmark, community, device, entries, front, health, home, instance, message,
    moderation, notification, oauth, openapi, presence, relation, report, ring, safe, search, session, shell,
    stance, status, streaming, timeline, trust,
};
use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use std::convert::Infallible;
use std::sync::Arc;
use tower_http::normalize_path::NormalizePath;
use utoipa_axum::router::OpenApiRouter;

/// The whole application, ready to be served.
pub fn app(
    service: Arc<Service>,
) -> impl tower::Service<Request, Response = Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static {
    // W1 (docs/apps.md): some clients end paths with a slash.
    NormalizePath::trim_trailing_slash(router(service))
}

fn router(service: Arc<Service>) -> Router {
    routes()
        .fallback(front::otherwise)
        .method_not_allowed_fallback(async || Error::NoSuchMethod)
        .layer(axum::middleware::from_fn_with_state(
            Arc::clone(&service),
            shell::around,
        ))
        .layer(shell::compression())
        // Around everything: no page here knows its visitor by a cookie that other origins could ride on.
        .layer(shell::cors())
        .with_state(service)
}

/// Everything that can be asked for.
pub(crate) fn routes() -> Router<Arc<Service>> {
    let (api, document) = api().split_for_parts();
    api.merge(openapi::routes(document)).merge(front::routes())
}

/// The endpoints that programs use, each with its documentation.
pub(crate) fn api() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::with_openapi(openapi::head())
        .merge(health::routes())
        .merge(trust::routes())
        .merge(entries::routes())
        .merge(instance::routes())
        .merge(oauth::routes())
        .merge(authorize::routes())
        .merge(session::routes())
        .merge(account::routes())
        .merge(relation::routes())
        .merge(status::routes())
        .merge(stance::routes())
        .merge(bookmark::routes())
        .merge(timeline::routes())
        .merge(home::routes())
        .merge(notification::routes())
        .merge(search::routes())
        .merge(device::routes())
        .merge(safe::routes())
        .merge(message::routes())
        .merge(presence::routes())
        .merge(moderation::routes())
        .merge(report::routes())
        .merge(community::routes())
        .merge(ring::routes())
        .merge(streaming::routes())
        .merge(absent::routes())
}

#[cfg(test)]
mod tests {
    use crate::fixture;
    use axum::body::Body;
    use axum::extract::ConnectInfo;
    use axum::http::{Request, StatusCode};
    use serde_json::Value;
    use std::net::SocketAddr;
    use tower::ServiceExt;

    async fn get(app: &fixture::App, path: &str) -> (StatusCode, axum::http::HeaderMap, String) {
        app.send(Request::get(path).body(Body::empty()).expect("a request"))
            .await
    }

    #[tokio::test]
    async fn w1_a_slash_at_the_end_changes_nothing() {
        let app = fixture::app(true).await;
        assert_eq!(get(&app, "/livez/").await.0, StatusCode::OK);
        assert_eq!(get(&app, "/livez/?a=b").await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn what_is_not_there_is_said_in_json() {
        let app = fixture::app(true).await;
        let (status, headers, body) = get(&app, "/api/v1/nonsense").await;
        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(
            (status, &headers["content-type"]),
            (
                StatusCode::NOT_FOUND,
                &"application/json".parse().expect("a value")
            )
        );
        assert_eq!(body["code"], "no_such_path");
        let request = Request::delete("/livez").body(Body::empty()).expect("a request");
        let (status, _, body) = app.send(request).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
        assert!(body.contains("no_such_method"), "{body}");
    }

    #[tokio::test]
    async fn w12_pages_of_other_origins_may_ask_and_page_on() {
        let app = fixture::app(true).await;
        let preflight = Request::options("/api/tertulia/v1/ca")
            .header("origin", "https://elk.zone")
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type,idempotency-key",
            );
        let (status, headers, _) = app.send(preflight.body(Body::empty()).expect("a request")).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers["access-control-allow-origin"], "*");
        for allowed in ["authorization", "content-type", "idempotency-key"] {
            assert!(
                headers["access-control-allow-headers"]
                    .to_str()
                    .expect("text")
                    .contains(allowed)
            );
        }
        let asked = Request::get("/livez")
            .header("origin", "https://elk.zone")
            .body(Body::empty())
            .expect("a request");
        let (_, headers, _) = app.send(asked).await;
        assert!(
            headers["access-control-expose-headers"]
                .to_str()
                .expect("text")
                .contains("link")
        );
    }

    #[tokio::test]
    async fn w15_limits_are_announced_and_kept() {
        let app = fixture::app(true).await;
        let (_, headers, _) = get(&app, "/livez").await;
        assert_eq!(headers["x-ratelimit-limit"], "7500");
        assert_eq!(headers["x-ratelimit-remaining"], "7499");
        assert!(
            headers["x-ratelimit-reset"]
                .to_str()
                .expect("text")
                .ends_with('Z')
        );
        let from = |last: u8| {
            let mut request = Request::get("/livez").body(Body::empty()).expect("a request");
            request
                .extensions_mut()
                .insert(ConnectInfo(SocketAddr::from(([10, 0, 0, last], 1))));
            request
        };
        let mut refused = None;
        for _ in 0..8_000 {
            let (status, headers, body) = app.send(from(9)).await;
            if status == StatusCode::TOO_MANY_REQUESTS {
                refused = Some((headers, body));
                break;
            }
        }
        let (headers, body) = refused.expect("refused at some point");
        assert!(headers.contains_key("retry-after") && headers["x-ratelimit-remaining"] == "0");
        assert!(body.contains("too_many_requests"), "{body}");
        assert_eq!(
            app.send(from(10)).await.0,
            StatusCode::OK,
            "another address is not concerned"
        );
    }

    #[tokio::test]
    async fn figures_and_the_document_are_served() {
        let app = fixture::app(false).await;
        let (status, headers, body) = get(&app, "/api/openapi.json").await;
        let document: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(status, StatusCode::OK);
        assert!(!headers.contains_key("x-ratelimit-limit"), "switched off");
        assert!(document["paths"]["/readyz"]["get"].is_object());
        assert_eq!(get(&app, "/metrics").await.0, StatusCode::OK);
        assert_eq!(get(&app, "/readyz").await.0, StatusCode::OK);
    }

    /// A request that comes from this address.
    fn asked_from(path: &str, address: [u8; 4]) -> Request<Body> {
        let mut request = Request::get(path).body(Body::empty()).expect("a request");
        let peer = ConnectInfo(SocketAddr::from((address, 1)));
        request.extensions_mut().insert(peer);
        request
    }

    fn with(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
        let value = value.parse().expect("a value");
        request.headers_mut().insert(name, value);
        request
    }

    #[tokio::test]
    async fn figures_are_for_who_is_on_the_same_computer() {
        let app = fixture::app(true).await;
        let (here, there) = ([127, 0, 0, 1], [10, 0, 0, 7]);
        let status = async |request| app.send(request).await.0;
        assert_eq!(status(asked_from("/metrics", here)).await, StatusCode::OK);
        assert_eq!(status(asked_from("/metrics", there)).await, StatusCode::NOT_FOUND);
        for passed_on in ["x-forwarded-for", "forwarded"] {
            let through_a_proxy = with(asked_from("/metrics", here), passed_on, "10.0.0.7");
            assert_eq!(
                status(through_a_proxy).await,
                StatusCode::NOT_FOUND,
                "{passed_on}"
            );
        }
    }

    #[tokio::test]
    async fn who_asks_is_told_by_a_named_proxy_and_by_nobody_else() {
        let app = fixture::app(true).await;
        let left = async |peer, client: &str| {
            let request = with(asked_from("/livez", peer), "x-forwarded-for", client);
            let (_, headers, _) = app.send(request).await;
            headers["x-ratelimit-remaining"]
                .to_str()
                .expect("text")
                .to_owned()
        };
        let proxy = [192, 0, 2, 1];
        assert_eq!(left(proxy, "10.0.0.1").await, "7499");
        assert_eq!(
            left(proxy, "1.1.1.1, 10.0.0.1").await,
            "7498",
            "the last one counts"
        );
        assert_eq!(left(proxy, "10.0.0.2").await, "7499");
        for peer in [[127, 0, 0, 1], [10, 0, 0, 9]] {
            assert_eq!(left(peer, "10.0.0.3").await, "7499");
            assert_eq!(
                left(peer, "10.0.0.4").await,
                "7498",
                "whatever it says, it is one"
            );
        }
    }

    #[tokio::test]
    async fn a_forged_token_shows_nothing_of_its_owner() {
        let app = fixture::app(true).await;
        let token = app.register("ana").await;
        let limit = async |token: &str| {
            let request = asked_from("/api/v1/accounts/verify_credentials", [127, 0, 0, 1]);
            let (_, headers, _) = app
                .send(with(request, "authorization", &format!("Bearer {token}")))
                .await;
            headers["x-ratelimit-limit"].to_str().expect("text").to_owned()
        };
        assert_eq!(limit(&token).await, "1500");
        let at = token.len() / 2;
        let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
        let mut forged = token;
        forged.replace_range(at..=at, other);
        assert_eq!(limit(&forged).await, "7500");
    }

    #[tokio::test]
    async fn no_answer_is_taken_for_what_it_is_not() {
        let app = fixture::app(true).await;
        for path in [
            "/livez",
            "/api/v1/nonsense",
            "/api/v1/accounts/x",
            "/metrics",
            "/style.css",
            "/",
            "/@nobody",
        ] {
            let (_, headers, body) = get(&app, path).await;
            assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
            let policy = headers["content-security-policy"].to_str().expect("text");
            assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
            let is_page = headers["content-type"]
                .to_str()
                .expect("text")
                .starts_with("text/html");
            assert_eq!(is_page, body.starts_with("<!doctype html>"), "{path}");
        }
    }

    #[tokio::test]
    async fn a_machine_without_a_certificate_of_the_ring_has_none_to_give() {
        let app = fixture::app(true).await;
        assert_eq!(get(&app, "/api/tertulia/v1/ca").await.0, StatusCode::NOT_FOUND);
        assert_eq!(get(&app, "/trust").await.0, StatusCode::NOT_FOUND);
        assert!(get(&app, "/").await.2.contains("tertulia console"));
    }

    #[tokio::test]
    async fn the_trust_page_shows_the_fingerprint_and_every_system() {
        let app = fixture::app_with_tls().await;
        let (status, headers, body) = get(&app, "/api/tertulia/v1/ca").await;
        assert_eq!(
            (status, &headers["content-type"]),
            (
                StatusCode::OK,
                &"application/x-x509-ca-cert".parse().expect("a value")
            )
        );
        assert!(body.starts_with("-----BEGIN CERTIFICATE-----"));
        let spanish = Request::get("/trust")
            .header("accept-language", "es-AR")
            .body(Body::empty())
            .expect("a request");
        let (status, headers, page) = app.send(spanish).await;
        assert_eq!(status, StatusCode::OK);
        let fingerprint = app.service.ca().expect("an authority").fingerprint().to_string();
        for expected in [
            fingerprint.as_str(),
            "Windows",
            "macOS",
            "Linux",
            "Android",
            "iPhone",
            "Firefox",
            "Confiar",
            "cualquier sitio web",
        ] {
            assert!(page.contains(expected), "{expected}");
        }
        assert!(
            headers["content-security-policy"]
                .to_str()
                .expect("text")
                .contains("default-src 'none'")
        );
    }

    #[tokio::test]
    async fn who_can_unpack_gets_long_answers_in_fewer_bytes() {
        let app = fixture::app(true).await;
        let ask = |path: &str, takes: &str| {
            let request = Request::get(path).header("accept-encoding", takes);
            app.answer(request.body(Body::empty()).expect("a request"))
        };
        for (path, takes, is_packed) in [
            ("/api/openapi.json", "gzip, deflate, br", true),
            ("/api/openapi.json", "br", false),
            ("/api/openapi.json", "identity", false),
            // Too short, and what is no JSON.
            ("/api/tertulia/v1/entries", "gzip", false),
            ("/", "gzip", false),
        ] {
            let answer = ask(path, takes).await;
            let packed = answer.headers().get("content-encoding").cloned();
            assert_eq!(
                packed.is_some_and(|how| how == "gzip"),
                is_packed,
                "{path} for {takes}"
            );
        }
    }

    #[tokio::test]
    async fn a_panic_is_answered_and_counted() {
        let app = axum::Router::new()
            .route(
                "/",
                axum::routing::get(async || -> &'static str { panic!("as tests do") }),
            )
            .layer(axum::middleware::from_fn_with_state(
                fixture::app(true).await.service,
                crate::shell::around,
            ));
        let answer = app
            .oneshot(Request::get("/").body(Body::empty()).expect("a request"))
            .await
            .expect("an answer");
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
