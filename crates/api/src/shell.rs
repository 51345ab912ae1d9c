//! What is around every handler: a name for the request, limits, a deadline, a net under panics, figures, and CORS.
//!
//! **Invariant:** whatever happens inside, the caller gets an answer in JSON, in bounded time.
//! **Invariant:** a log line never holds a token: the query string is left out.
//! **Invariant:** nothing is taken by a browser for more than it is, and nothing but our own pages may do anything there.

use crate::entries;
use crate::error::Error;
use crate::limit::Left;
use crate::noted::NOTED;
use crate::service::Service;
use crate::token::presented;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tertulia_node::trace;
use tertulia_types::entity::Timestamp;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_http::cors::{Any, CorsLayer};
use tracing::Instrument;

/// Longer than any wait below: who hits this has found a bug, and is told to try again.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(40);
/// Shorter answers fit into one packet anyway.
const PACKED_BYTES_MIN: u64 = 1_200;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
/// Says that a part of the answer is missing (T11).
const PARTIAL: HeaderName = HeaderName::from_static("tertulia-partial");

/// The layer around all routes.
pub(crate) async fn around(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let trace = rand::random::<u64>();
    let id = format!("{trace:016x}");
    let method = request.method().clone();
    let path = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str)
        .to_owned();
    let span = tracing::info_span!("request", id, method = named(&method), path);
    let began = Instant::now();
    let answering = trace::follow(trace, limited(&service, request, next));
    let mut response = answering.instrument(span.clone()).await;
    let _entered = span.enter();
    observe(&method, path, response.status(), began.elapsed());
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    entries::show(&service, response.headers_mut());
    confine(response.headers_mut());
    response
}

/// What a browser may make of an answer: what its type says, and no page, unless it comes with a policy of its own.
fn confine(headers: &mut HeaderMap) {
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'",
        ));
}

/// Who asks too often is refused before anything is read.
async fn limited(service: &Service, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let address = address(service, &parts);
    let account = presented(&parts).map(|token| token.owner());
    let by_address = service.limits.request(address);
    let by_account = account.map_or(Ok(None), |account| service.limits.account(account));
    let left = match (by_address, by_account) {
        (Err(none_left), _) | (_, Err(none_left)) => {
            let mut refused = Error::TooMany(none_left.reset).into_response();
            show(&mut refused, none_left);
            return refused;
        }
        (Ok(by_address), Ok(by_account)) => (by_address, by_account),
    };
    let request = Request::from_parts(parts, body);
    let answering = async { (guarded(next.run(request)).await, NOTED.with(Cell::get)) };
    let (mut response, noted) = NOTED.scope(Cell::default(), answering).await;
    if let Some(account) = account
        && noted.session_is_valid
    {
        service.limits.count_account(account);
    }
    // How busy somebody is is nobody's business who only claims to be them.
    let (by_address, by_account) = left;
    if let Some(left) = by_account.filter(|_| noted.session_is_valid).or(by_address) {
        show(&mut response, left);
    }
    if noted.is_partial {
        response
            .headers_mut()
            .insert(PARTIAL, HeaderValue::from_static("true"));
    }
    response
}

async fn guarded(answer: impl Future<Output = Response>) -> Response {
    match tokio::time::timeout(ANSWER_TIME_MAX, AssertUnwindSafe(answer).catch_unwind()).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => {
            metrics::counter!("tertulia_http_panics_total").increment(1);
            tracing::error!("a handler panicked");
            Error::Internal.into_response()
        }
        Err(_) => Error::Unavailable.into_response(),
    }
}

fn observe(method: &Method, path: String, status: StatusCode, took: Duration) {
    let labels = [
        ("method", named(method).to_owned()),
        ("path", path),
        ("status", status.as_u16().to_string()),
    ];
    metrics::counter!("tertulia_http_requests_total", &labels).increment(1);
    metrics::histogram!("tertulia_http_request_seconds", &labels[..2]).record(took.as_secs_f64());
    tracing::debug!(%status, ?took, "answered");
}

/// HTTP lets anybody make up methods, and each name would be counted for ever.
fn named(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn show(response: &mut Response, left: Left) {
    let headers = response.headers_mut();
    headers.insert(LIMIT, left.limit.into());
    headers.insert(REMAINING, left.remaining.into());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let reset_ms = i64::try_from((now + left.reset).as_millis()).unwrap_or(i64::MAX);
    if let Ok(reset) = HeaderValue::try_from(Timestamp::from_unix_ms(reset_ms).to_string()) {
        headers.insert(RESET, reset);
    }
}

/// Where the connection comes from.
pub(crate) fn peer(parts: &Parts) -> IpAddr {
    parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0.ip().to_canonical())
}

/// Where the request comes from; a proxy that is believed says for whom it asks.
pub(crate) fn address(service: &Service, parts: &Parts) -> IpAddr {
    service.proxies.client(peer(parts), &parts.headers)
}

/// JSON of some length goes packed to whoever takes it: a timeline is a tenth as long, which on a slow network is what one waits for. Nobody can have
/// others ask with their token and what they choose beside it, and so nothing can be guessed from how long an answer is.
pub(crate) fn compression() -> CompressionLayer<impl Predicate> {
    let is_json = |_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions| {
        headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
    };
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(PACKED_BYTES_MIN).and(is_json))
}

/// What pages of other origins may do (W12 in docs/apps.md): everything that a token allows, and read how to page on.
pub(crate) fn cors() -> CorsLayer {
    let idempotency_key = HeaderName::from_static("idempotency-key");
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, idempotency_key])
        .expose_headers([
            header::LINK,
            LIMIT,
            REMAINING,
            RESET,
            REQUEST_ID,
            entries::VERSION,
        ])
        .max_age(Duration::from_secs(3600))
}
