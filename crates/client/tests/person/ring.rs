//! A machine that plays the ring: it answers the API from memory, writes down what it was asked, and can be told to
//! fail.
//!
//! Deliberately absent: rules. Whoever asks gets what the test put there.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tertulia_client::{Client, Settings};
use tertulia_types::MachineId;
use tertulia_types::entity::Entries;
use tokio_util::sync::{CancellationToken, DropGuard};

/// One question, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) what: String,
    pub(crate) key: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) body: String,
}

/// How a machine fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// Takes the request, and never answers.
    Silent,
    /// Answers 503.
    Busy,
    /// Answers something that is no JSON.
    Nonsense,
}

#[derive(Debug)]
struct Memory {
    answers: BTreeMap<String, (u16, Value)>,
    asked: Vec<Asked>,
    mood: Mood,
    /// The version of its list of entry machines.
    version: Option<u64>,
    /// The password that it takes.
    password: Option<String>,
    /// Below which id it says that the next page of a list lies.
    next: Option<i64>,
}

/// A machine; it is gone when this is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    pub(crate) url: String,
    memory: Arc<Mutex<Memory>>,
    _life: Arc<DropGuard>,
}

impl Machine {
    /// Starts one on a port of its own.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (machine, router, stop) = Self::at(url);
        tokio::spawn(async move {
            let served = axum::serve(listener, router);
            tokio::select! { _ = served => {}, () = stop.cancelled() => {} }
        });
        machine
    }

    /// A machine that somebody else serves.
    pub(crate) fn at(url: String) -> (Self, Router, CancellationToken) {
        let memory = Memory {
            answers: BTreeMap::new(),
            asked: Vec::new(),
            mood: Mood::Well,
            version: None,
            password: None,
            next: None,
        };
        let memory = Arc::new(Mutex::new(memory));
        let stop = CancellationToken::new();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&memory));
        let machine = Self {
            url,
            memory,
            _life: Arc::new(stop.clone().drop_guard()),
        };
        machine.on("GET /api/v1/instance", 200, json!({}));
        machine.on("POST /api/tertulia/v1/register", 200, token());
        machine.on("POST /api/tertulia/v1/login", 200, token());
        machine.on("POST /api/tertulia/v1/logout", 200, json!({}));
        machine.on(
            "GET /api/v1/accounts/verify_credentials",
            200,
            account("1", "ana"),
        );
        machine.on(
            "GET /api/tertulia/v1/home/unseen",
            200,
            json!({ "count": 3, "more": false }),
        );
        (machine, router, stop)
    }

    /// What it answers to `METHOD /path`.
    pub(crate) fn on(&self, what: &str, status: u16, body: Value) {
        self.memory
            .lock()
            .expect("nobody panicked")
            .answers
            .insert(what.to_owned(), (status, body));
    }

    /// From now on this is the password that it takes.
    pub(crate) fn answers_password(&self, password: &str) {
        self.memory.lock().expect("nobody panicked").password = Some(password.to_owned());
    }

    /// From now on it says that the next page of a list lies below this id.
    pub(crate) fn names_next(&self, id: Option<i64>) {
        self.memory.lock().expect("nobody panicked").next = id;
    }

    /// The list of entry machines that it hands out.
    pub(crate) fn recommends(&self, list: &Entries) {
        self.on("GET /api/tertulia/v1/entries", 200, json!(list));
        self.memory.lock().expect("nobody panicked").version = Some(list.version);
    }

    pub(crate) fn mood(&self, mood: Mood) {
        self.memory.lock().expect("nobody panicked").mood = mood;
    }

    /// What it was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.memory.lock().expect("nobody panicked").asked.clone()
    }

    /// The questions that begin so.
    pub(crate) fn asked_for(&self, what: &str) -> Vec<Asked> {
        self.asked()
            .into_iter()
            .filter(|asked| asked.what.starts_with(what))
            .collect()
    }
}

async fn answer(
    State(memory): State<Arc<Mutex<Memory>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let header = |name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().expect("text").to_owned())
    };
    let what = format!("{method} {}", uri.path());
    let asked = Asked {
        what: what.clone(),
        key: header("idempotency-key"),
        token: header("authorization"),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (mood, version, next, found) = {
        let mut memory = memory.lock().expect("nobody panicked");
        memory.asked.push(asked);
        let found = match &memory.password {
            Some(password) if what == "POST /api/tertulia/v1/password" => {
                let wrong = json!({ "error": "that is not your password", "code": "wrong_password" });
                let is_right = sent["current"] == json!(password);
                Some(if is_right { (200, json!({})) } else { (403, wrong) })
            }
            _ => memory.answers.get(&what).cloned(),
        };
        (memory.mood, memory.version, memory.next, found)
    };
    let nothing = || (404, json!({ "error": "not found", "code": "not_found" }));
    let (status, text) = match mood {
        Mood::Well => {
            let (status, body) = found.unwrap_or_else(nothing);
            (
                status,
                body.as_str()
                    .filter(|_| uri.path().ends_with("/ca"))
                    .map_or_else(|| body.to_string(), str::to_owned),
            )
        }
        Mood::Silent => std::future::pending().await,
        Mood::Busy => (503, json!({ "error": "busy", "code": "busy" }).to_string()),
        Mood::Nonsense => (200, "<html>a router's login page</html>".to_owned()),
    };
    let mut response = Response::builder();
    if let Some(version) = version {
        response = response.header("tertulia-entries", version);
    }
    if let Some(next) = next {
        let (next, prev) = (
            format!("<http://a{}?max_id={next}&limit=2>", uri.path()),
            format!("<http://a{}?min_id=1>", uri.path()),
        );
        response = response.header("link", format!("{next}; rel=\"next\", {prev}; rel=\"prev\""));
    }
    if status == 503 {
        response = response.header("retry-after", "1");
    }
    response
        .status(StatusCode::from_u16(status).expect("a status"))
        // A machine that is gone must be gone at once.
        .header("connection", "close")
        .body(Body::from(text))
        .expect("an answer")
}

/// The list of a ring with these machines.
pub(crate) fn entries(ring: u64, authority: Option<&str>, urls: &[&str]) -> Entries {
    let machine = |(number, url): (usize, &&str)| (MachineId(number as u64 + 1), vec![(*url).to_owned()]);
    let machines = urls.iter().enumerate().map(machine);
    Entries::new(ring, authority, MachineId(1), machines)
}

/// An address at which nobody listens.
pub(crate) async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

/// A client of those machines with its data in a directory.
pub(crate) fn client(directory: &tempfile::TempDir, servers: &[&str]) -> Client {
    Client::open(&settings(directory, servers)).expect("opens")
}

pub(crate) fn settings(directory: &tempfile::TempDir, servers: &[&str]) -> Settings {
    Settings {
        data: directory.path().join("client"),
        servers: servers.iter().map(|&server| server.to_owned()).collect(),
        patience_ms: Some(2_000),
        ..Settings::default()
    }
}

/// A client of those machines, logged in as ana.
pub(crate) async fn ana(directory: &tempfile::TempDir, servers: &[&str]) -> Client {
    let client = client(directory, servers);
    client.login("ana", "correct horse").await.expect("logged in");
    client
}

pub(crate) const TOKEN: &str = "a-token-that-is-easy-to-find";

fn token() -> Value {
    json!({ "access_token": TOKEN, "token_type": "Bearer", "scope": "read write follow", "created_at": 0 })
}

pub(crate) fn account(id: &str, nick: &str) -> Value {
    json!({
        "id": id, "username": nick, "acct": nick, "display_name": format!("The {nick}"), "locked": false, "bot": false,
        "discoverable": true, "group": false, "indexable": false, "created_at": "2026-01-01T00:00:00.000Z",
        "note": "<p>a bio</p>", "url": "", "uri": "", "avatar": "", "avatar_static": "", "header": "",
        "header_static": "", "followers_count": 1, "following_count": 2, "statuses_count": 3, "last_status_at": null,
        "emojis": [], "fields": [], "roles": []
    })
}

pub(crate) fn status(id: &str, nick: &str, text: &str) -> Value {
    json!({
        "id": id, "created_at": "2026-11-21T04:43:04.931Z", "in_reply_to_id": null, "in_reply_to_account_id": null,
        "sensitive": false, "spoiler_text": "", "visibility": "public", "language": null, "uri": "", "url": null,
        "replies_count": 0, "reblogs_count": 0, "favourites_count": 0, "edited_at": null,
        "content": format!("<p>{text}</p>"), "reblog": null, "application": null, "account": account("7", nick),
        "media_attachments": [], "mentions": [], "tags": [], "emojis": [], "card": null, "poll": null
    })
}

pub(crate) fn relationship(following: bool) -> Value {
    json!({
        "id": "7", "following": following, "showing_reblogs": true, "notifying": false, "languages": [],
        "followed_by": false, "blocking": false, "blocked_by": false, "muting": false, "muting_notifications": false,
        "requested": false, "requested_by": false, "domain_blocking": false, "endorsed": false, "note": ""
    })
}

pub(crate) fn page(dweets: Vec<Value>) -> Value {
    json!({ "dweets": dweets, "unseen": { "count": 0, "more": false }, "older": false })
}
