//! How a question travels: to one machine after another, until one answers.
//!
//! Any machine of the ring answers for the whole ring. The one that answered last is asked first; one that is silent, or
//! says that it cannot answer now, is passed by (see `servers`). A refusal is an answer, and is not asked for again
//! elsewhere. When all are silent, the local network is asked whether a machine of the ring is near.
//!
//! **Invariant:** every wait has an end ([`CONNECT_MS_MAX`], [`ANSWER_MS_MAX`]), and no answer is read beyond
//! [`ANSWER_BYTES_MAX`].
//! **Invariant:** a machine without a trusted certificate gets nothing, above all no token (see [`crate::trust`]). Where
//! the ring's authority is known, a machine under another one is none of its machines.
//! **Invariant:** what is asked of the next machine may have been done by the one before it, whose answer was lost. So
//! each question may be asked twice: it reads, or carries a key, or its caller knows what a second answer means (the
//! password, the end of a session or of an account); a second login opens a session whose token nobody has.

use crate::address::is_loopback;
use crate::ask::Ask;
use crate::bounded::{body, why};
use crate::entries::{Errand, Ring};
use crate::failure::{Failure, Missed, Misuse, Refusal, Why};
use crate::near::{Lookout, NearRing};
use crate::servers::{Origin, Servers};
use crate::store::Store;
use crate::trust::{self, Offer};
use reqwest::header::{HeaderMap, LINK, RETRY_AFTER};
use reqwest::{Certificate, Response, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};
use tertulia_types::entity::ENTRIES_HEADER;

/// How long one machine may take to accept a connection: it is nearby, or it is not worth waiting for.
pub const CONNECT_MS_MAX: u64 = 2_000;
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
/// A stream is opened anew after so long.
const STREAM_TIME_MAX: Duration = Duration::from_secs(6 * 3_600);
/// The local network is not asked again for so long.
const LOOK_AGAIN_TIME: Duration = Duration::from_secs(60);
/// Impostors that are remembered until somebody is told.
const ALARMS_MAX: usize = 8;

/// The way to the machines.
#[derive(Debug)]
pub(crate) struct Wire {
    servers: Mutex<Servers>,
    /// The ring that is spoken to, as far as it is known.
    ring: Mutex<Ring>,
    /// The ring's list of machines, on its way.
    errand: Errand,
    /// One connection pool per machine: each has its own idea of whom to believe.
    pools: Mutex<BTreeMap<String, reqwest::Client>>,
    /// An authority to accept without asking, by its fingerprint.
    expected: Option<String>,
    /// How long one machine may take for a whole answer.
    patience: Duration,
    /// Where to look for a machine when all are silent, and when that was last done.
    lookout: Lookout,
    looked: Mutex<Option<Instant>>,
    /// Machines that were passed by for showing another authority than the ring's.
    alarms: Mutex<Vec<Offer>>,
}

/// What one machine did with a question.
enum Outcome {
    /// The body, and below which id the next page of a list lies.
    Answered(Vec<u8>, Option<i64>),
    Refused(Refusal),
    Missed(Why),
    /// Its authority is not believed; which one it is, is not known yet.
    Untrusted,
    /// Its authority waits for the person's word.
    Offered(Box<Offer>),
}

/// What came of asking one machine after another, so far.
#[derive(Default)]
struct Round {
    missed: Vec<Missed>,
    /// The first one that showed another authority than the ring's.
    impostor: Option<Box<Offer>>,
}

impl Wire {
    pub(crate) fn new(
        servers: Servers,
        ring: Ring,
        expected: Option<String>,
        patience: Duration,
        lookout: Lookout,
    ) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // An error only says that the program has chosen a provider already.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        Self {
            servers: Mutex::new(servers),
            ring: Mutex::new(ring),
            errand: Errand::default(),
            pools: Mutex::default(),
            expected,
            patience,
            lookout,
            looked: Mutex::default(),
            alarms: Mutex::default(),
        }
    }

    /// The machines, in the order in which they are asked.
    pub(crate) fn servers(&self) -> Vec<String> {
        lock(&self.servers).urls()
    }

    /// The machines that are worth remembering.
    pub(crate) fn proven(&self) -> Vec<String> {
        lock(&self.servers).proven()
    }

    /// The ring that is spoken to, as far as it is known.
    pub(crate) fn ring(&self) -> Ring {
        lock(&self.ring).clone()
    }

    /// Its id, if it is certain.
    pub(crate) fn certain_ring(&self) -> Option<String> {
        let ring = self.ring();
        ring.id.filter(|_| ring.is_certain)
    }

    /// Opens a stream at the machine that is asked first, which has answered before. None if that does not work now.
    pub(crate) async fn listen(
        &self,
        store: &Store,
        path: &str,
        token: &str,
    ) -> Result<Option<Response>, Failure> {
        let Some(server) = self.servers().into_iter().next() else {
            return Ok(None);
        };
        let Some(pool) = self.pool(store, &server)? else {
            return Ok(None);
        };
        let asked = pool
            .get(format!("{server}{path}"))
            .bearer_auth(token)
            .timeout(STREAM_TIME_MAX);
        let opened = tokio::time::timeout(self.patience, asked.send()).await;
        let response = opened.ok().and_then(Result::ok);
        Ok(response.filter(|response| response.status().is_success()))
    }

    /// Asks until a machine answers, and reads the answer.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, store: &Store, ask: &Ask) -> Result<T, Failure> {
        self.ask_page(store, ask).await.map(|(answer, _)| answer)
    }

    /// The same for a page of a list: with the id below which the next page lies, where the answer names one.
    pub(crate) async fn ask_page<T: DeserializeOwned>(
        &self,
        store: &Store,
        ask: &Ask,
    ) -> Result<(T, Option<i64>), Failure> {
        self.keep(store, self.errand.brought())?;
        let mut round = Round::default();
        let turn = lock(&self.servers).in_turn(Instant::now());
        if let Some(answer) = self.ask_each(store, ask, turn, &mut round).await? {
            return Ok(answer);
        }
        if self.may_look(&round) {
            let near = self.look().await;
            match <[NearRing; 1]>::try_from(near) {
                Ok([ring]) => {
                    let turn = self.come_near(&ring);
                    if let Some(answer) = self.ask_each(store, ask, turn, &mut round).await? {
                        return Ok(answer);
                    }
                }
                Err(several) if !several.is_empty() => return Err(Misuse::WhichRing(several).into()),
                Err(_) if lock(&self.servers).are_guesses() => {
                    return Err(Failure::NothingNear(round.missed));
                }
                Err(_) => {}
            }
        }
        Err(round.failure())
    }

    /// Asks these machines, until one answers.
    async fn ask_each<T: DeserializeOwned>(
        &self,
        store: &Store,
        ask: &Ask,
        turn: Vec<(String, Origin)>,
        round: &mut Round,
    ) -> Result<Option<(T, Option<i64>)>, Failure> {
        for (server, origin) in turn {
            let why = match self.ask_one(store, &server, ask).await? {
                Outcome::Answered(bytes, next) => match serde_json::from_slice(&bytes) {
                    Ok(answer) => {
                        self.prefer(store, &server)?;
                        return Ok(Some((answer, next)));
                    }
                    Err(_) => Why::Nonsense,
                },
                Outcome::Refused(refusal) if ask.token.is_some() && ends_session(&refusal) => {
                    return Err(Failure::SessionEnded);
                }
                Outcome::Refused(refusal) => return Err(Failure::Refused(refusal)),
                Outcome::Missed(why) => why,
                Outcome::Untrusted => Why::BadCertificate,
                // Whoever was named must be vouched for; one that only the ring names is passed by, and not in silence.
                Outcome::Offered(offer) if offer.changed && origin != Origin::Named => {
                    self.alarm(&offer);
                    round.impostor.get_or_insert(offer);
                    Why::BadCertificate
                }
                Outcome::Offered(offer) => return Err(Failure::Untrusted(offer)),
            };
            lock(&self.servers).missed(&server, Instant::now());
            round.missed.push(Missed { server, why });
        }
        Ok(None)
    }

    /// Whether the local network may be asked: nobody named a machine, or the ring is known; and nobody is just busy.
    fn may_look(&self, round: &Round) -> bool {
        let mut looked = lock(&self.looked);
        let now = Instant::now();
        let is_due = looked.is_none_or(|at| now >= at + LOOK_AGAIN_TIME);
        let is_open = self.ring().id.is_some() || !lock(&self.servers).has(Origin::Named);
        let is_busy = round.missed.iter().any(|missed| missed.why == Why::Busy);
        let may = self.lookout != Lookout::Nowhere && is_due && is_open && !is_busy;
        if may {
            *looked = Some(now);
        }
        may
    }

    /// The rings near by, as far as they can be the one that is meant.
    async fn look(&self) -> Vec<NearRing> {
        let known = self.ring();
        let authority = self.expected.clone().or(known.authority);
        let mut near = self.lookout.rings().await;
        near.retain(|ring| known.id.as_ref().is_none_or(|id| *id == ring.id));
        near.retain(|ring| authority.is_none() || authority == ring.authority);
        near
    }

    /// Takes the machines of a ring near by into the list; gives those that have not been asked.
    pub(crate) fn come_near(&self, ring: &NearRing) -> Vec<(String, Origin)> {
        let mut servers = lock(&self.servers);
        let known = servers.urls();
        servers.add(ring.servers.iter().cloned(), Origin::Found);
        let mut turn = servers.in_turn(Instant::now());
        turn.retain(|(url, _)| !known.contains(url));
        turn
    }

    /// Waits for the list of the ring's machines that is on its way, not for long, and keeps it.
    pub(crate) async fn settle(&self, store: &Store) -> Result<(), Failure> {
        let brought = self.errand.wait().await;
        self.keep(store, brought)
    }

    fn keep(&self, store: &Store, brought: Option<crate::entries::Brought>) -> Result<(), Failure> {
        let Some(brought) = brought else { return Ok(()) };
        if let Some((ring, recommended)) = brought.keep(store, &self.ring(), &self.proven())? {
            *lock(&self.ring) = ring;
            lock(&self.servers).hear(&recommended.urls, recommended.is_alone);
        }
        Ok(())
    }

    fn alarm(&self, offer: &Offer) {
        let mut alarms = lock(&self.alarms);
        if alarms.len() < ALARMS_MAX && !alarms.contains(offer) {
            alarms.push(offer.clone());
        }
    }

    /// The machines that were passed by for showing another authority than the ring's, each once.
    pub(crate) fn alarms(&self) -> Vec<Offer> {
        std::mem::take(&mut *lock(&self.alarms))
    }

    /// Takes another ring's authority for the ring's from now on: the person has vouched for it.
    pub(crate) fn become_ring_under(&self, authority: &str) {
        lock(&self.ring).authority = Some(authority.to_owned());
    }

    /// Forgets what it thought of a machine's certificate, after the person has vouched for it.
    pub(crate) fn reconsider(&self, server: &str) {
        lock(&self.pools).remove(server);
    }

    async fn ask_one(&self, store: &Store, server: &str, ask: &Ask) -> Result<Outcome, Failure> {
        let Some(pool) = self.pool(store, server)? else {
            return self.accept_expected(store, server, ask).await;
        };
        let outcome = self.send(&pool, server, ask).await;
        if matches!(outcome, Outcome::Untrusted) {
            return self.accept_expected(store, server, ask).await;
        }
        Ok(outcome)
    }

    /// Takes the authority without asking when it is the ring's, or was named beforehand.
    async fn accept_expected(&self, store: &Store, server: &str, ask: &Ask) -> Result<Outcome, Failure> {
        let mut offer = match self.offer(store, server).await {
            Ok(offer) => offer,
            Err(Failure::Unreachable(_)) => return Ok(Outcome::Missed(Why::BadCertificate)),
            Err(other) => return Err(other),
        };
        let is_believed = match (&self.expected, self.ring().authority) {
            (Some(named), _) => {
                if *named == offer.fingerprint {
                    self.become_ring_under(named);
                }
                *named == offer.fingerprint
            }
            (None, Some(authority)) => {
                offer.changed = authority != offer.fingerprint;
                !offer.changed
            }
            (None, None) => !offer.changed && trust::known(store)?.contains(&offer.fingerprint),
        };
        if !is_believed {
            return Ok(Outcome::Offered(Box::new(offer)));
        }
        trust::pin(store, server, &offer.pem)?;
        self.reconsider(server);
        let Some(pool) = self.pool(store, server)? else {
            return Ok(Outcome::Missed(Why::BadCertificate));
        };
        let outcome = self.send(&pool, server, ask).await;
        if matches!(outcome, Outcome::Untrusted) {
            // The authority is believed, and yet the certificate is not one of its own.
            return Ok(Outcome::Missed(Why::BadCertificate));
        }
        Ok(outcome)
    }

    /// Sends a question; when the answer names another list of machines than the one that is held, sends for that too.
    async fn send(&self, pool: &reqwest::Client, server: &str, ask: &Ask) -> Outcome {
        let (outcome, version) = send(pool, server, ask).await;
        if let (Outcome::Answered(..), Some(version)) = (&outcome, version) {
            let mut ring = lock(&self.ring);
            // The version is a hash of the list and the ring's id: the same one is the same ring.
            ring.is_certain |= ring.version == Some(version);
            self.errand.send(pool, server, version, ring.version);
        }
        outcome
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
        if !lock(&self.servers).answered(server) {
            return Ok(());
        }
        let sql = "UPDATE server SET place = (SELECT min(place) - 1 FROM server) WHERE url = ?1";
        store.execute(sql, [server]).map(drop)
    }
}

impl Round {
    /// Why nobody answered. An impostor is worse news than silence.
    fn failure(self) -> Failure {
        match self.impostor {
            Some(offer) => Failure::Untrusted(offer),
            None if self.missed.is_empty() => Misuse::NoServer.into(),
            None => Failure::Unreachable(self.missed),
        }
    }
}

/// Sends a question to a machine: what it did, and which list of machines it has.
async fn send(pool: &reqwest::Client, server: &str, ask: &Ask) -> (Outcome, Option<u64>) {
    let Ok(mut url) = Url::parse(&format!("{server}{}", ask.path)) else {
        return (Outcome::Missed(Why::Nonsense), None);
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
        Ok(response) => {
            let version = number(response.headers(), ENTRIES_HEADER);
            (outcome(response).await, version)
        }
        Err(error) => (failed(&error), None),
    }
}

async fn outcome(response: Response) -> Outcome {
    let status = response.status();
    let retry_after_s = number(response.headers(), RETRY_AFTER.as_str());
    let next = next(response.headers());
    let bytes = match body(response, ANSWER_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(why) => return Outcome::Missed(why),
    };
    if status.is_success() {
        return Outcome::Answered(bytes, next);
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

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// Below which id the next page lies, by the `Link` header.
fn next(headers: &HeaderMap) -> Option<i64> {
    let links = headers.get(LINK)?.to_str().ok()?;
    let link = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    let (url, _) = link.trim().strip_prefix('<')?.split_once('>')?;
    let url = Url::parse(url).ok()?;
    let (_, id) = url.query_pairs().find(|(name, _)| name == "max_id")?;
    id.parse().ok()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
