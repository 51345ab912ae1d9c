//! A machine, people, and their clients' directories.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tertulia_api::{Service, app, serve};
use tertulia_client::message::{Message, Messenger, Pushed};
use tertulia_client::relation::Tie;
use tertulia_client::{Client, Settings};
use tertulia_node::{Node, Options};
use tertulia_types::entity::Entries;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::Service as _;

pub(crate) const PASSWORD: &str = "correct horse";
/// How long what must come may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// What devices may take for a letter: enough on a busy computer too.
const DIRECT_MS: u64 = 10_000;

/// Which answer of the machine is lost: the client is told that it is busy instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// What was asked is not done.
    Question,
    /// It is done, and nobody learns of it.
    Answer,
}

impl Loss {
    /// The numbers of the questions that are lost, one after another: in a short run every third one, others where the answer is lost
    /// than where the question is; with `TERTULIA_EVERY_STEP` in the environment (as `make chaos` has it) each of them.
    pub(crate) fn places(self) -> impl Iterator<Item = usize> {
        let is_long = std::env::var_os("TERTULIA_EVERY_STEP").is_some();
        let first = match self {
            Self::Question => 0,
            Self::Answer => usize::from(!is_long),
        };
        (first..).step_by(if is_long { 1 } else { 3 })
    }
}

/// How many questions have come, and which one is lost.
#[derive(Debug, Default)]
pub(crate) struct Post {
    come: AtomicUsize,
    /// How often a device has said where it can be reached.
    presences: AtomicUsize,
    lost: Mutex<Option<(usize, Loss)>>,
}

impl Post {
    /// What is lost of the question that comes now.
    fn loss(&self, path: &str) -> Option<Loss> {
        if path == "/api/tertulia/v1/presence" {
            self.presences.fetch_add(1, Ordering::SeqCst);
        }
        let number = self.come.fetch_add(1, Ordering::SeqCst);
        let lost = self.lost.lock().expect("nobody panics with it");
        lost.filter(|(at, _)| *at == number).map(|(_, loss)| loss)
    }
}

/// Lets people in at a machine, until it is told to close.
pub(crate) fn open_door(
    node: &Arc<Node>,
    listener: TcpListener,
    metrics: PrometheusHandle,
    post: &Arc<Post>,
) -> (CancellationToken, tokio::task::JoinHandle<()>) {
    let machine = node.member().machine;
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let entries = Entries::new(7, None, machine, [(machine, vec![url])]);
    let closing = CancellationToken::new();
    let service = Service::new(tertulia_api::Settings {
        node: Arc::clone(node),
        title: "Plaza".to_owned(),
        app: Vec::new(),
        is_limited: false,
        proxies: Vec::new(),
        has_open_metrics: false,
        tls: None,
        entries: tokio::sync::watch::Sender::new(Arc::new(entries)).subscribe(),
        metrics,
        closing: closing.clone(),
    });
    let (app, post) = (app(service.expect("threads")), Arc::clone(post));
    let app = tower::service_fn(move |request: Request| {
        let (mut app, loss) = (app.clone(), post.loss(request.uri().path()));
        async move {
            let answer = match loss {
                Some(Loss::Question) => None,
                Some(Loss::Answer) | None => Some(app.call(request).await?),
            };
            let busy = || (StatusCode::SERVICE_UNAVAILABLE, "{}").into_response();
            Ok::<Response, Infallible>(answer.filter(|_| loss.is_none()).unwrap_or_else(busy))
        }
    });
    let end = closing.clone();
    let served = tokio::spawn(async move {
        serve(listener, app, None, end).await;
    });
    (closing, served)
}

/// A ring of one machine, and people beside it.
pub(crate) struct Town {
    pub(crate) directory: TempDir,
    address: SocketAddr,
    post: Arc<Post>,
    /// Who know each other.
    people: Mutex<Vec<String>>,
    life: Option<(Arc<Node>, CancellationToken, tokio::task::JoinHandle<()>)>,
}

impl Town {
    pub(crate) async fn build() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut town = Self {
            directory,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            post: Arc::default(),
            people: Mutex::default(),
            life: None,
        };
        town.start().await;
        town
    }

    /// The machine starts, at the same address as before.
    pub(crate) async fn start(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("a port");
        self.address = listener.local_addr().expect("an address");
        let options = Options {
            found: 3,
            ..Options::new(self.directory.path().join("machine"))
        };
        let node = Node::open(options).await.expect("a machine");
        node.until_ready().await;
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let (closing, served) = open_door(&node, listener, metrics, &self.post);
        self.life = Some((node, closing, served));
    }

    /// The machine stops.
    pub(crate) async fn stop(&mut self) {
        let (node, closing, served) = self.life.take().expect("it runs");
        closing.cancel();
        served.await.expect("it stops");
        node.stop().await;
    }

    /// From now on the question of this number, counted from here, is lost.
    pub(crate) fn lose(&self, number: usize, loss: Loss) {
        self.post.come.store(0, Ordering::SeqCst);
        *self.post.lost.lock().expect("nobody panics with it") = Some((number, loss));
    }

    /// How many questions have come since then.
    pub(crate) fn questions(&self) -> usize {
        self.post.come.load(Ordering::SeqCst)
    }

    /// How often a device has said where it can be reached.
    pub(crate) fn presences(&self) -> usize {
        self.post.presences.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The client of somebody, as it was left.
    pub(crate) fn again(&self, nick: &str) -> Client {
        self.again_with(nick, Some(DIRECT_MS))
    }

    /// The same, which gives the devices of others so long.
    pub(crate) fn again_with(&self, nick: &str, direct_patience_ms: Option<u64>) -> Client {
        let settings = Settings {
            data: self.directory.path().join(nick),
            servers: vec![self.url()],
            direct_patience_ms,
            ..Settings::default()
        };
        Client::open(&settings).expect("opens")
    }

    /// Somebody new, who follows all the others and is followed by them.
    pub(crate) async fn person(&self, nick: &str) -> Client {
        let client = self.stranger(nick).await;
        let others = self.people.lock().expect("nobody panics with it").clone();
        for other in &others {
            client.tie(other, Tie::Follow).await.expect("follows");
            let other = self.again(other);
            other.tie(nick, Tie::Follow).await.expect("follows");
        }
        self.people
            .lock()
            .expect("nobody panics with it")
            .push(nick.to_owned());
        client
    }

    /// Somebody new, whom nobody knows.
    pub(crate) async fn stranger(&self, nick: &str) -> Client {
        let client = self.again(nick);
        client.register(nick, None, PASSWORD).await.expect("registered");
        client
    }

    /// Somebody new, or nobody if no machine answered.
    pub(crate) async fn try_person(&self, nick: &str) -> Option<Client> {
        let client = self.again(nick);
        if client.nick().is_none() && client.register(nick, None, PASSWORD).await.is_err() {
            return None;
        }
        Some(client)
    }

    /// Somebody who has been here before.
    pub(crate) async fn log_in(&self, nick: &str) -> Client {
        let client = self.again(nick);
        client.login(nick, PASSWORD).await.expect("logged in");
        client
    }

    /// Another computer of somebody, where they log in.
    pub(crate) async fn elsewhere(&self, nick: &str, computer: &str) -> Client {
        let client = self.again(&format!("{nick}-{computer}"));
        client.login(nick, PASSWORD).await.expect("logged in");
        client
    }

    /// What everybody has chosen.
    pub(crate) fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Claims packages of somebody again and again, as a program of its own does.
    pub(crate) async fn claim(&self, nick: &str, of: &str, times: usize) -> Vec<String> {
        let http = reqwest::Client::new();
        let ask = async |path: String, token: &str, body: serde_json::Value| {
            let asked = http
                .post(format!("{}{path}", self.url()))
                .bearer_auth(token)
                .json(&body);
            let answer = asked.send().await.expect("answered");
            answer.json::<serde_json::Value>().await.expect("JSON")
        };
        let login = serde_json::json!({ "nick": nick, "password": PASSWORD });
        let session = ask("/api/tertulia/v1/login".to_owned(), "", login).await;
        let token = session["access_token"].as_str().expect("a token");
        let mut given = Vec::new();
        for _ in 0..times {
            let path = format!("/api/tertulia/v1/accounts/{of}/key_packages");
            let claimed = ask(path, token, serde_json::json!({})).await;
            given.push(claimed[0]["package"].as_str().expect("a package").to_owned());
        }
        given
    }

    /// Puts the directory of somebody's client aside as it is, or back as it was then. Nothing may have it open.
    pub(crate) fn copy(&self, from: &str, to: &str) {
        let (from, to) = (self.directory.path().join(from), self.directory.path().join(to));
        if to.exists() {
            std::fs::remove_dir_all(&to).expect("removed");
        }
        std::fs::create_dir(&to).expect("made");
        for file in std::fs::read_dir(&from).expect("listed") {
            let file = file.expect("a file");
            std::fs::copy(file.path(), to.join(file.file_name())).expect("copied");
        }
    }

    /// Delivers until nothing waits: what was put off comes to be due again.
    pub(crate) async fn later(messenger: &Messenger<'_>) -> Pushed {
        let delivering = async {
            loop {
                let (_, pushed) = messenger.deliver().await.expect("delivered");
                if pushed.waiting == 0 {
                    return pushed;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, delivering).await.expect("in time")
    }

    /// Whether there is a database of messages in somebody's directory.
    pub(crate) fn has_messages(&self, nick: &str) -> bool {
        let files = std::fs::read_dir(self.directory.path().join(nick)).expect("listed");
        files
            .map(|file| file.expect("a file").file_name())
            .any(|name| name.to_string_lossy().starts_with("messages"))
    }
}

/// What was said, in its order.
pub(crate) fn texts(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|message| message.text.clone()).collect()
}

/// Whether these words are in a file below a directory, in any of their forms.
pub(crate) fn leaves_trace(directory: &Path, words: &str) -> bool {
    let forms = forms(words);
    any_file(directory, &|path| {
        holds(&std::fs::read(path).expect("read"), &forms)
    })
}

/// Whether one of these forms is in there. Long runs of zeros, of which files that were made in advance are full, are stepped over.
pub(crate) fn holds(bytes: &[u8], forms: &[Vec<u8>]) -> bool {
    const BLOCK: usize = 4096;
    let is_in = |bytes: &[u8]| {
        forms
            .iter()
            .any(|form| bytes.windows(form.len()).any(|window| window == form))
    };
    let is_empty = |block: &[u8]| block.iter().all(|byte| *byte == 0);
    // What lies across an edge is found all the same: only empty blocks are left out, and in UTF-16 a form has one zero at its end.
    bytes
        .chunks(BLOCK)
        .collect::<Vec<_>>()
        .chunk_by(|one, next| is_empty(one) == is_empty(next))
        .any(|blocks| !is_empty(blocks[0]) && is_in(&[&[0][..], &blocks.concat(), &[0]].concat()))
}

/// Whether it is so of a file below a directory.
pub(crate) fn any_file(directory: &Path, is_so: &impl Fn(&Path) -> bool) -> bool {
    let entries = std::fs::read_dir(directory).expect("listed");
    let mut paths = entries.map(|entry| entry.expect("an entry").path());
    paths.any(|path| match path.is_dir() {
        true => any_file(&path, is_so),
        false => is_so(&path),
    })
}

/// How words may look: as they are, in UTF-16 of both orders, in base64 wherever they begin, and in hexadecimal digits.
pub(crate) fn forms(words: &str) -> Vec<Vec<u8>> {
    let bytes = words.as_bytes();
    let wide = |bytes_of: fn(u16) -> [u8; 2]| words.encode_utf16().flat_map(bytes_of).collect();
    let mut forms = vec![
        bytes.to_vec(),
        wide(u16::to_le_bytes),
        wide(u16::to_be_bytes),
        tertulia_types::hexadecimal::digits(bytes).into_bytes(),
    ];
    for before in 0..3 {
        // What stands before them in a run of bytes decides how they look; the letters at the ends depend on their neighbours.
        let run = [&b"abc"[..before], bytes].concat();
        let whole = run.len() / 3 * 3;
        let json = serde_json::to_string(&tertulia_types::entity::Base64(run[..whole].to_vec()));
        let letters = json.expect("base64").trim_matches('"').as_bytes().to_vec();
        forms.push(letters[before.div_ceil(3) * 4..].to_vec());
    }
    forms
}
