//! For tests: the application on a machine of its own.

use crate::service::{Service, Settings};
use crate::site::Asset;
use crate::tls::Tls;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tertulia_node::peers::Authority;
use tertulia_node::{Node, Options};
use tertulia_types::entity::Entries;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

/// An application that answers requests without a socket.
pub(crate) struct App {
    pub(crate) service: Arc<Service>,
    /// The machines at which the ring can be entered.
    pub(crate) entries: watch::Sender<Arc<Entries>>,
    app: BoxCloneSyncService<Request, Response, Infallible>,
    directory: TempDir,
}

impl App {
    /// Serves it at an address of this computer, until the machine stops.
    pub(crate) async fn serve(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let closing = self.service.closing.clone();
        let served = crate::serve(listener, crate::app(Arc::clone(&self.service)), None, closing);
        tokio::spawn(served);
        address
    }

    /// Where the machine writes.
    pub(crate) fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// The answer, its body unread.
    pub(crate) async fn answer(&self, mut request: Request) -> Response {
        let host = HeaderValue::from_static("localhost:8080");
        request.headers_mut().entry("host").or_insert(host);
        self.app.clone().oneshot(request).await.expect("an answer")
    }

    /// Status, headers and body of the answer.
    pub(crate) async fn send(&self, request: Request) -> (StatusCode, HeaderMap, String) {
        let answer = self.answer(request).await;
        let (head, body) = answer.into_parts();
        let body = to_bytes(body, 10_000_000).await.expect("a body");
        (
            head.status,
            head.headers,
            String::from_utf8(body.to_vec()).expect("text"),
        )
    }
}

impl App {
    /// Whether these bytes are anywhere in what the machine has written.
    pub(crate) fn is_on_disk(&self, wanted: &[u8]) -> bool {
        is_below(self.directory.path(), wanted)
    }

    /// Status and JSON of the answer to a request without a body.
    pub(crate) async fn ask(&self, method: &str, path: &str, token: &str) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", bearer(token));
        self.json(request.body(Body::empty()).expect("a request")).await
    }

    /// Status and JSON of the answer to a GET.
    pub(crate) async fn get(&self, path: &str, token: &str) -> (u16, Value) {
        self.ask("GET", path, token).await
    }

    /// Status and JSON of the answer to a POST of JSON.
    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> (u16, Value) {
        let request = Request::post(path)
            .header("authorization", bearer(token))
            .header("content-type", "application/json");
        self.json(request.body(Body::from(body.to_string())).expect("a request"))
            .await
    }

    /// Status and JSON of the answer.
    pub(crate) async fn json(&self, mut request: Request) -> (u16, Value) {
        if request
            .headers()
            .get("authorization")
            .is_some_and(|value| value.is_empty())
        {
            request.headers_mut().remove("authorization");
        }
        let (status, headers, body) = self.send(request).await;
        assert_eq!(headers["content-type"], "application/json", "W5: {body}");
        (status.as_u16(), serde_json::from_str(&body).expect("JSON"))
    }

    /// Registers somebody and answers their token.
    pub(crate) async fn register(&self, nick: &str) -> String {
        let body = json!({ "nick": nick, "password": PASSWORD });
        let (status, token) = self.post("/api/tertulia/v1/register", "", body).await;
        assert_eq!(status, 200, "{token}");
        token["access_token"].as_str().expect("a token").to_owned()
    }

    /// The id of somebody.
    pub(crate) async fn id(&self, nick: &str) -> String {
        let (status, account) = self
            .get(&format!("/api/v1/accounts/lookup?acct={nick}"), "")
            .await;
        assert_eq!(status, 200, "{account}");
        account["id"].as_str().expect("an id").to_owned()
    }

    /// Lets one follow another, and waits until the other's home knows.
    pub(crate) async fn follow(&self, token: &str, nick: &str) {
        let id = self.id(nick).await;
        let (_, before) = self.get(&format!("/api/v1/accounts/{id}"), "").await;
        let (status, stands) = self
            .ask("POST", &format!("/api/v1/accounts/{id}/follow"), token)
            .await;
        assert_eq!((status, &stands["following"]), (200, &json!(true)), "{stands}");
        let expected = json!(before["followers_count"].as_u64().expect("a count") + 1);
        self.until(&format!("/api/v1/accounts/{id}"), "", |account| {
            account["followers_count"] == expected
        })
        .await;
    }

    /// Publishes a dweet and answers its id.
    pub(crate) async fn publish(&self, token: &str, text: &str) -> String {
        let (status, dweet) = self
            .post("/api/v1/statuses", token, json!({ "status": text }))
            .await;
        assert_eq!(status, 200, "{dweet}");
        dweet["id"].as_str().expect("an id").to_owned()
    }

    /// Asks again until the answer is as expected: what reaches other homes does so soon, not at once.
    pub(crate) async fn until(&self, path: &str, token: &str, expected: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let asking = async {
            loop {
                last = self.get(path, token).await.1;
                if expected(&last) {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, asking).await.is_ok();
        assert!(in_time, "{path} never became as expected: {last}");
        last
    }
}

fn is_below(directory: &Path, wanted: &[u8]) -> bool {
    let entries = std::fs::read_dir(directory).expect("a directory");
    let mut paths = entries.map(|entry| entry.expect("an entry").path());
    paths.any(|path| {
        if path.is_dir() {
            return is_below(&path, wanted);
        }
        let bytes = std::fs::read(&path).expect("a file");
        bytes.windows(wanted.len()).any(|window| window == wanted)
    })
}

/// The `Authorization` header's value; empty for nobody, and then it is taken out again.
fn bearer(token: &str) -> String {
    if token.is_empty() {
        String::new()
    } else {
        format!("Bearer {token}")
    }
}

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse";
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(5);

/// One that serves plain HTTP.
pub(crate) async fn app(is_limited: bool) -> App {
    with(is_limited, None, 1, Vec::new()).await
}

/// One whose machine has the whole ring in several groups.
pub(crate) async fn app_of_groups(groups: u32) -> App {
    with(true, None, groups, Vec::new()).await
}

/// One that serves TLS by its ring's authority.
pub(crate) async fn app_with_tls() -> App {
    let authority = Arc::new(Authority::make().expect("an authority"));
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    with(
        true,
        Some(Tls::by_ring(authority, listen, Vec::new()).expect("signed")),
        1,
        Vec::new(),
    )
    .await
}

/// One that has the web app, or what looks like it.
pub(crate) async fn app_with_page() -> App {
    let file = |path, media_type, plain, gzip, brotli| Asset {
        path,
        media_type,
        plain,
        gzip,
        brotli,
    };
    let document = "<!doctype html><html lang=\"en\"><head><title>Tertulia</title>\
                    <script type=\"module\" src=\"/assets/app-1a2b.js\"></script></head>\
                    <body><div id=\"app\"></div></body></html>";
    let script = "/assets/app-1a2b.js";
    let page = vec![
        file(
            "/index.html",
            "text/html; charset=utf-8",
            document.as_bytes(),
            None,
            None,
        ),
        file(
            script,
            "text/javascript; charset=utf-8",
            b"script",
            Some(b"gzip"),
            Some(b"br"),
        ),
        file("/sw.js", "text/javascript; charset=utf-8", b"worker", None, None),
    ];
    with(false, None, 1, page).await
}

async fn with(is_limited: bool, tls: Option<Arc<Tls>>, groups: u32, app: Vec<Asset>) -> App {
    let directory = tempfile::tempdir().expect("a directory");
    let options = Options {
        found: groups,
        ..Options::new(directory.path().join("data"))
    };
    let node = Node::open(options).await.expect("a machine");
    node.until_ready().await;
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    let entries = watch::Sender::new(Arc::new(Entries::new(7, None, node.member().machine, [])));
    let settings = Settings {
        node,
        title: "Plaza".to_owned(),
        app,
        is_limited,
        proxies: vec!["192.0.2.0/24".parse().expect("a network")],
        has_open_metrics: false,
        tls,
        entries: entries.subscribe(),
        metrics,
        closing: CancellationToken::new(),
    };
    let service = Service::new(settings).expect("threads");
    let app = BoxCloneSyncService::new(crate::router::app(Arc::clone(&service)));
    App {
        service,
        entries,
        app,
        directory,
    }
}
