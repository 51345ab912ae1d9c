//! How a question travels: to one machine after another, until one answers.
//!
//! Any machine of the ring answers for the whole ring. The one that answered last is asked first; one that fails goes
//! to the end of the line. A refusal is an answer, and is not asked for again elsewhere.
//!
//! **Invariant:** every wait has an end ([`CONNECT_MS_MAX`], [`ANSWER_MS_MAX`]), and no answer is read beyond
//! [`ANSWER_BYTES_MAX`].
//! **Invariant:** a machine without a trusted certificate gets nothing, above all no token (see [`crate::trust`]).

use crate::failure::{Failure, Missed, Misuse, Refusal, Why};
use crate::store::Store;
use crate::trust::{self, Offer};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Certificate, Method, Response, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

/// How long one machine may take to accept a connection: it is nearby, or it is not worth waiting for.
pub const CONNECT_MS_MAX: u64 = 3_000;
/// How long one machine may take for a whole answer: longer than the ring waits for a lost leader.
pub const ANSWER_MS_MAX: u64 = 10_000;
/// A connection that was idle for longer is opened anew: the machine may have closed it while nobody looked.
const IDLE_MS_MAX: u64 = 5_000;
/// More than a page of 40 dweets with all its authors needs.
pub const ANSWER_BYTES_MAX: usize = 4 << 20;
/// A certificate is smaller.
const CERTIFICATE_BYTES_MAX: usize = 64 << 10;
/// The path at which a machine hands out the ring's authority.
const AUTHORITY_PATH: &str = "/api/tertulia/v1/ca";

/// One question to the ring.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    token: Option<String>,
    key: Option<String>,
}

impl Ask {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: impl Into<String>, body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::new(Method::POST, path)
        }
    }

    pub(crate) fn patch(path: impl Into<String>, body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::new(Method::PATCH, path)
        }
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            token: None,
            key: None,
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    pub(crate) fn with_some(self, name: &'static str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(crate) fn token(mut self, token: Option<String>) -> Self {
        self.token = token;
        self
    }

    pub(crate) fn key(mut self, key: String) -> Self {
        self.key = Some(key);
        self
    }

    /// What tells this action from another: all but secrets.
    pub(crate) fn action(&self) -> String {
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        format!("{} {} {body}", self.method, self.path)
    }
}

/// The way to the machines.
#[derive(Debug)]
pub(crate) struct Wire {
    /// Addresses, the one to ask first at the front.
    servers: Mutex<Vec<String>>,
    /// One connection pool per machine: each has its own idea of whom to believe.
    pools: Mutex<BTreeMap<String, reqwest::Client>>,
    /// An authority to accept without asking, by its fingerprint.
    expected: Option<String>,
    /// How long one machine may take for a whole answer.
    patience: Duration,
}

/// What one machine did with a question.
enum Outcome {
    Answered(Vec<u8>),
    Refused(Refusal),
    Missed(Why),
    /// Its authority is not believed; which one it is, is not known yet.
    Untrusted,
    /// Its authority waits for the person's word.
    Offered(Box<Offer>),
}

impl Wire {
    pub(crate) fn new(servers: Vec<String>, expected: Option<String>, patience_ms: u64) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // An error only says that the program has chosen a provider already.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        Self {
            servers: Mutex::new(servers),
            pools: Mutex::default(),
            expected,
            patience: Duration::from_millis(patience_ms),
        }
    }

    /// The machines, in the order in which they are asked.
    pub(crate) fn servers(&self) -> Vec<String> {
        lock(&self.servers).clone()
    }

    /// Asks until a machine answers, and reads the answer.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, store: &Store, ask: &Ask) -> Result<T, Failure> {
        let mut missed = Vec::new();
        for server in self.servers() {
            match self.ask_one(store, &server, ask).await? {
                Outcome::Answered(bytes) => match serde_json::from_slice(&bytes) {
                    Ok(answer) => {
                        self.prefer(store, &server)?;
                        return Ok(answer);
                    }
                    Err(_) => missed.push(Missed {
                        server,
                        why: Why::Nonsense,
                    }),
                },
                Outcome::Refused(refusal) if ask.token.is_some() && ends_session(&refusal) => {
                    return Err(Failure::SessionEnded);
                }
                Outcome::Refused(refusal) => return Err(Failure::Refused(refusal)),
                Outcome::Missed(why) => missed.push(Missed { server, why }),
                Outcome::Offered(offer) => return Err(Failure::Untrusted(offer)),
                Outcome::Untrusted => missed.push(Missed {
                    server,
                    why: Why::BadCertificate,
                }),
            }
        }
        if missed.is_empty() {
            Err(Misuse::NoServer.into())
        } else {
            Err(Failure::Unreachable(missed))
        }
    }

    /// Forgets what it thought of a machine's certificate, after the person has vouched for it.
    pub(crate) fn reconsider(&self, server: &str) {
        lock(&self.pools).remove(server);
    }

    async fn ask_one(&self, store: &Store, server: &str, ask: &Ask) -> Result<Outcome, Failure> {
        let Some(pool) = self.pool(store, server)? else {
            return self.accept_expected(store, server, ask).await;
        };
        let outcome = send(&pool, server, ask).await;
        if matches!(outcome, Outcome::Untrusted) {
            return self.accept_expected(store, server, ask).await;
        }
        Ok(outcome)
    }

    /// Takes the authority without asking when it is known for another machine of the ring, or was named beforehand.
    async fn accept_expected(&self, store: &Store, server: &str, ask: &Ask) -> Result<Outcome, Failure> {
        let offer = match self.offer(store, server).await {
            Ok(offer) => offer,
            Err(Failure::Unreachable(_)) => return Ok(Outcome::Missed(Why::BadCertificate)),
            Err(other) => return Err(other),
        };
        let named = self.expected.as_ref() == Some(&offer.fingerprint);
        let familiar =
            self.expected.is_none() && !offer.changed && trust::known(store)?.contains(&offer.fingerprint);
        if !named && !familiar {
            return Ok(Outcome::Offered(Box::new(offer)));
        }
        trust::pin(store, server, &offer.pem)?;
        self.reconsider(server);
        let Some(pool) = self.pool(store, server)? else {
            return Ok(Outcome::Missed(Why::BadCertificate));
        };
        let outcome = send(&pool, server, ask).await;
        if matches!(outcome, Outcome::Untrusted) {
            // The authority is believed, and yet the certificate is not one of its own.
            return Ok(Outcome::Missed(Why::BadCertificate));
        }
        Ok(outcome)
    }

    /// Fetches the authority that a machine claims, over a connection that is not trusted.
    async fn offer(&self, store: &Store, server: &str) -> Result<Offer, Failure> {
        let miss = || {
            Failure::Unreachable(vec![Missed {
                server: server.to_owned(),
                why: Why::BadCertificate,
            }])
        };
        let pool = self
            .builder(server)
            .tls_danger_accept_invalid_certs(true)
            .build()
            .map_err(|_| miss())?;
        let response = pool
            .get(format!("{server}{AUTHORITY_PATH}"))
            .send()
            .await
            .map_err(|_| miss())?;
        let bytes = body(response, CERTIFICATE_BYTES_MAX).await.map_err(|_| miss())?;
        let pem = String::from_utf8(bytes).map_err(|_| miss())?;
        let fingerprint = trust::fingerprint_of(&pem).ok_or_else(miss)?;
        let changed = trust::pinned(store, server)?.is_some_and(|before| before != pem);
        Ok(Offer {
            server: server.to_owned(),
            fingerprint,
            pem,
            changed,
        })
    }

    /// The connections to a machine; none if this computer has no roots to judge its certificate by.
    fn pool(&self, store: &Store, server: &str) -> Result<Option<reqwest::Client>, Failure> {
        if let Some(pool) = lock(&self.pools).get(server) {
            return Ok(Some(pool.clone()));
        }
        let builder = self.builder(server);
        let builder = match trust::pinned(store, server)? {
            _ if server.starts_with("http://") => builder.tls_certs_only([]),
            Some(pem) => match Certificate::from_pem(pem.as_bytes()) {
                Ok(certificate) => builder.tls_certs_only([certificate]),
                Err(_) => return Ok(None),
            },
            None => builder,
        };
        let Ok(pool) = builder.build() else {
            return Ok(None);
        };
        lock(&self.pools).insert(server.to_owned(), pool.clone());
        Ok(Some(pool))
    }

    fn builder(&self, server: &str) -> reqwest::ClientBuilder {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("tertulia/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_millis(CONNECT_MS_MAX).min(self.patience))
            .timeout(self.patience)
            .pool_idle_timeout(Duration::from_millis(IDLE_MS_MAX));
        // A proxy of the environment cannot reach this very computer.
        if Url::parse(server).is_ok_and(|url| is_loopback(&url)) {
            builder.no_proxy()
        } else {
            builder
        }
    }

    /// The machine that answered is asked first from now on, also by later processes.
    fn prefer(&self, store: &Store, server: &str) -> Result<(), Failure> {
        {
            let mut servers = lock(&self.servers);
            if servers.first().is_some_and(|first| first == server) {
                return Ok(());
            }
            servers.sort_by_key(|other| other != server);
        }
        let sql = "UPDATE server SET place = (SELECT min(place) - 1 FROM server) WHERE url = ?1";
        store.execute(sql, [server]).map(drop)
    }
}

/// The address of a machine as a person typed it, made whole: without a scheme it is `https`, on this computer `http`.
pub fn address(typed: &str) -> Result<String, Failure> {
    let refused = || Misuse::NotAServer(typed.to_owned());
    let typed_url = typed.trim();
    let whole = if typed_url.contains("://") {
        typed_url.to_owned()
    } else {
        let https = Url::parse(&format!("https://{typed_url}")).map_err(|_| refused())?;
        format!(
            "{}://{typed_url}",
            if is_loopback(&https) { "http" } else { "https" }
        )
    };
    let url = Url::parse(&whole).map_err(|_| refused())?;
    let bare =
        url.username().is_empty() && url.password().is_none() && url.path() == "/" && url.query().is_none();
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() || !bare {
        return Err(refused().into());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

async fn send(pool: &reqwest::Client, server: &str, ask: &Ask) -> Outcome {
    let Ok(mut url) = Url::parse(&format!("{server}{}", ask.path)) else {
        return Outcome::Missed(Why::Nonsense);
    };
    if !ask.query.is_empty() {
        url.query_pairs_mut()
            .extend_pairs(ask.query.iter().map(|(name, value)| (name, value)));
    }
    let mut request = pool.request(ask.method.clone(), url);
    if let Some(token) = &ask.token {
        request = request.bearer_auth(token);
    }
    if let Some(key) = &ask.key {
        request = request.header("Idempotency-Key", key);
    }
    if let Some(body) = &ask.body {
        request = request.json(body);
    }
    match request.send().await {
        Ok(response) => outcome(response).await,
        Err(error) => failed(&error),
    }
}

async fn outcome(response: Response) -> Outcome {
    let status = response.status();
    let retry_after_s = retry_after_s(response.headers());
    let bytes = match body(response, ANSWER_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(why) => return Outcome::Missed(why),
    };
    if status.is_success() {
        return Outcome::Answered(bytes);
    }
    if !status.is_client_error() {
        return Outcome::Missed(if status.is_server_error() {
            Why::Busy
        } else {
            Why::Nonsense
        });
    }
    let said: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let text = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
    let words = text("error_description")
        .or_else(|| text("error"))
        .unwrap_or_else(|| status.to_string());
    Outcome::Refused(Refusal {
        status: status.as_u16(),
        code: text("code"),
        words,
        retry_after_s,
    })
}

/// Reads an answer, but no more than `bytes_max`.
async fn body(mut response: Response, bytes_max: usize) -> Result<Vec<u8>, Why> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| why(&error))? {
        if bytes.len() + chunk.len() > bytes_max {
            return Err(Why::Nonsense);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn failed(error: &reqwest::Error) -> Outcome {
    match certificate_error(error) {
        // Another authority of the same name shows as a bad signature.
        Some(rustls::CertificateError::UnknownIssuer | rustls::CertificateError::BadSignature) => {
            Outcome::Untrusted
        }
        Some(_) => Outcome::Missed(Why::BadCertificate),
        None => Outcome::Missed(why(error)),
    }
}

fn why(error: &reqwest::Error) -> Why {
    if error.is_timeout() {
        Why::TimedOut
    } else {
        Why::NoConnection
    }
}

/// What TLS found wrong with a certificate, wherever in the chain of causes it lies.
fn certificate_error(error: &reqwest::Error) -> Option<rustls::CertificateError> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(rustls::Error::InvalidCertificate(found)) = error.downcast_ref::<rustls::Error>() {
            return Some(found.clone());
        }
        // An io::Error passes over what it wraps when it is asked for its source.
        let wrapped = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        cause = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

/// Whether the token was refused, and not a password that was sent with it.
fn ends_session(refusal: &Refusal) -> bool {
    refusal.status == 401 && refusal.code.as_deref().is_none_or(|code| code == "no_session")
}

fn retry_after_s(headers: &HeaderMap) -> Option<u64> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_is_made_whole() {
        for (typed, whole) in [
            ("127.0.0.1:7700", "http://127.0.0.1:7700"),
            ("localhost", "http://localhost"),
            ("[::1]:80", "http://[::1]"),
            ("10.0.0.5:7700", "https://10.0.0.5:7700"),
            ("tertulia.example", "https://tertulia.example"),
            ("http://10.0.0.5:7700/", "http://10.0.0.5:7700"),
            (" HTTPS://Tertulia.example ", "https://tertulia.example"),
        ] {
            assert_eq!(address(typed).expect("an address"), whole);
        }
        for typed in [
            "",
            "http://",
            "ftp://x",
            "http://a:b@x",
            "http://x/y",
            "a b",
            "http://x/?q",
        ] {
            assert!(address(typed).is_err(), "{typed:?}");
        }
    }
}
