//! People on machines of the test: what they do, as verbs through a real node.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tertulia_node::{Failure, Node, Options, Pace};
use tertulia_state::account::Register;
use tertulia_state::dweet::Publish;
use tertulia_state::follow::Follow;
use tertulia_state::page::Page;
use tertulia_state::request::RequestKey;
use tertulia_state::session::{Actor, NewSession, SecretHash};
use tertulia_state::timeline::Home;
use tertulia_types::view::{Body, DweetView, Visibility};
use tertulia_types::{AccountId, Scopes};
use tracing_subscriber::EnvFilter;

/// How long a test waits for something that must happen.
const LIMIT: Duration = Duration::from_secs(60);

/// A machine in a directory, quick to elect.
///
/// What it logs is shown when `RUST_LOG` says so.
pub(crate) fn options(directory: &Path, groups: u32) -> Options {
    let log = tracing_subscriber::fmt().with_env_filter(EnvFilter::from_default_env());
    // The first machine of the process has done it for all.
    let _ = log.with_writer(std::io::stderr).try_init();
    Options {
        found: groups,
        patience: None,
        pace: Pace {
            heartbeat_ms: 60,
            election_ms: 600,
        },
        ..Options::new(directory)
    }
}

static REQUESTS: AtomicU64 = AtomicU64::new(1);

/// A key that no request of this run has had.
pub(crate) fn key() -> RequestKey {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&REQUESTS.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    RequestKey(key)
}

/// Registers a nick with a key of its own.
pub(crate) fn registration(nick: &str) -> (Register, SecretHash) {
    let key = key();
    let mut hash = [7; 32];
    hash[..16].copy_from_slice(&key.0);
    let hash = SecretHash(hash);
    let session = NewSession {
        hash,
        scopes: Scopes::EVERYTHING,
        label: "test".to_owned(),
        client: None,
    };
    let register = Register {
        nick: nick.parse().expect("a nick"),
        name: String::new(),
        password: "$argon2id$…".to_owned(),
        language: None,
        key,
        session,
    };
    (register, hash)
}

pub(crate) async fn register(node: &Node, nick: &str) -> Actor {
    let (register, session) = registration(nick);
    Actor {
        account: node.submit(register).await.expect("the nick is free").id,
        session,
    }
}

pub(crate) fn body(text: &str) -> Body {
    Body {
        text: text.to_owned(),
        spoiler: String::new(),
        visibility: Visibility::Public,
        sensitive: false,
        language: None,
        reply_to: None,
        mentions: Vec::new(),
        tags: Vec::new(),
        application: None,
    }
}

pub(crate) async fn publish(node: &Node, actor: Actor, text: &str) -> Result<DweetView, Failure> {
    node.submit(Publish {
        actor,
        body: body(text),
        key: key(),
    })
    .await
}

pub(crate) async fn follow(node: &Node, actor: Actor, author: AccountId) {
    node.submit(Follow {
        actor,
        author,
        redweets: true,
        key: key(),
    })
    .await
    .expect("follows");
}

/// The texts on a person's home timeline, newest first.
pub(crate) async fn home(node: &Node, actor: Actor) -> Vec<String> {
    let page = node
        .query(Home {
            actor,
            page: Page::default(),
        })
        .await
        .expect("home");
    page.shown
        .iter()
        .filter_map(|entry| entry.dweet.body())
        .map(|body| body.text.clone())
        .collect()
}

/// Waits until something holds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let waited = tokio::time::timeout(LIMIT, async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "not within the limit: {what}");
}
