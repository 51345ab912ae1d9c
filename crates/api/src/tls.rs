//! TLS for clients: certificates by the ring's own CA, or from files.
//!
//! A community has no public certificate authority on its LAN, so the ring brings one ([`Ca`]). Each machine has a
//! certificate for the names and addresses it has now: it signs it itself if it holds the CA's key, else a machine that
//! does is asked. The certificate's key lives in memory only, and a new one is made when it ages or when the machine's
//! addresses change.
//!
//! **Invariant:** no validity depends on a right clock (a Raspberry Pi boots in 1970): a certificate that the clock has
//! left behind is replaced within [`CHECK_INTERVAL`].
//!
//! Deliberately absent: the CA itself and TLS between machines (`tertulia-node`), and public certificates by ACME (those
//! come as files).

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tertulia_node::peers::authority::{LEAF_AGE_MAX, NAMES_MAX, fresh_key};
use tertulia_node::peers::{Authority, AuthorityError, Ca, Peers, PeersError, interfaces};
use tokio_util::sync::CancellationToken;

/// How often age, addresses and files are looked at.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);
/// The same while there is no certificate yet.
const FIRST_INTERVAL: Duration = Duration::from_secs(2);

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: {reason}", path.display())]
    Broken {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A certificate could not be made here.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// No machine of the ring has signed one.
    #[error(transparent)]
    Peers(#[from] PeersError),
    /// No certificate yet: another machine must be asked for it.
    #[error("another machine of the ring has to sign the certificate for clients")]
    NotYet,
    /// Certificate and key do not fit, or the like.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// Who signs for this machine, in the name of the ring.
#[derive(Clone)]
pub enum Signer {
    /// This machine.
    Here(Arc<Authority>),
    /// A machine of the ring that has the CA's key: this one, or another.
    Ring(Peers),
}

impl Signer {
    fn ca(&self) -> &Ca {
        match self {
            Self::Here(authority) => authority.ca(),
            Self::Ring(peers) => peers.book().ca(),
        }
    }

    /// The CA with its key, if it is here.
    fn authority(&self) -> Option<&Authority> {
        match self {
            Self::Here(authority) => Some(authority),
            Self::Ring(peers) => peers.authority().map(|authority| &**authority),
        }
    }

    /// Signs at once, if the CA's key is here.
    fn sign_here(&self, names: BTreeSet<String>) -> Result<Current, TlsError> {
        let (key, public) = fresh_key()?;
        let now = now();
        let authority = self.authority().ok_or(TlsError::NotYet)?;
        let signed = authority.client_certificate(&names, &public, now)?;
        self.shown(signed, key, names, now)
    }

    /// Signs, or has it signed.
    async fn sign(&self, names: BTreeSet<String>) -> Result<Current, TlsError> {
        match self {
            Self::Here(_) => self.sign_here(names),
            Self::Ring(peers) => {
                let (key, public) = fresh_key()?;
                let signed = peers.certify(names.clone(), public).await?;
                self.shown(signed, key, names, now())
            }
        }
    }

    fn shown(
        &self,
        signed: CertificateDer<'static>,
        key: PrivateKeyDer<'static>,
        names: BTreeSet<String>,
        since: Duration,
    ) -> Result<Current, TlsError> {
        let key = Arc::new(certified(vec![signed, self.ca().der().clone()], key)?);
        Ok(Current { key, names, since })
    }
}

impl From<Arc<Authority>> for Signer {
    fn from(authority: Arc<Authority>) -> Self {
        Self::Here(authority)
    }
}

impl From<Peers> for Signer {
    fn from(peers: Peers) -> Self {
        Self::Ring(peers)
    }
}

/// What a machine shows to clients.
pub struct Tls {
    source: Source,
    /// `None` until another machine has signed one.
    current: RwLock<Option<Current>>,
}

enum Source {
    Ring {
        signer: Signer,
        listen: SocketAddr,
        names: Vec<String>,
    },
    Files {
        certificate: PathBuf,
        key: PathBuf,
    },
}

/// The certificate in use, and what it was made from.
struct Current {
    key: Arc<CertifiedKey>,
    names: BTreeSet<String>,
    /// When it was signed, or when its file was changed last.
    since: Duration,
}

impl Tls {
    /// By the ring's CA, for the addresses that `listen` reaches and the `names` given beside them. If the CA's key is not
    /// here, nobody can be served until [`keep_fresh`](Self::keep_fresh) has had a certificate signed.
    ///
    /// # Errors
    /// If a certificate cannot be signed.
    pub fn by_ring(
        signer: impl Into<Signer>,
        listen: SocketAddr,
        names: Vec<String>,
    ) -> Result<Arc<Self>, TlsError> {
        Self::new(Source::Ring {
            signer: signer.into(),
            listen,
            names,
        })
    }

    /// By a certificate chain and key in PEM files; read again when they change.
    ///
    /// # Errors
    /// If they cannot be read or do not fit.
    pub fn by_files(certificate: PathBuf, key: PathBuf) -> Result<Arc<Self>, TlsError> {
        Self::new(Source::Files { certificate, key })
    }

    fn new(source: Source) -> Result<Arc<Self>, TlsError> {
        let current = match source.certificate() {
            Ok(current) => Some(current),
            Err(TlsError::NotYet) => None,
            Err(error) => return Err(error),
        };
        let current = RwLock::new(current);
        Ok(Arc::new(Self { source, current }))
    }

    /// The ring's CA, if it vouches for this machine.
    #[must_use]
    pub fn ca(&self) -> Option<&Ca> {
        match &self.source {
            Source::Ring { signer, .. } => Some(signer.ca()),
            Source::Files { .. } => None,
        }
    }

    /// What `serve` needs.
    ///
    /// # Errors
    /// If rustls and its provider do not agree on a version of TLS.
    pub fn config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()?;
        let resolver = Arc::clone(self) as Arc<dyn ResolvesServerCert>;
        let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Renews the certificate when it ages, when the machine's addresses change, or when the files do; until `closing`.
    pub async fn keep_fresh(self: Arc<Self>, closing: CancellationToken) {
        let keeping = async {
            loop {
                match self.refresh().await {
                    Ok(true) => tracing::info!("there is a new certificate for clients"),
                    Ok(false) => {}
                    Err(error) => {
                        tracing::warn!(%error, "the certificate for clients could not be renewed; it is tried again");
                    }
                }
                let has_one = self.current().is_some();
                tokio::time::sleep(if has_one { CHECK_INTERVAL } else { FIRST_INTERVAL }).await;
            }
        };
        closing.run_until_cancelled(keeping).await;
    }

    /// Whether there is a new one now.
    async fn refresh(&self) -> Result<bool, TlsError> {
        if self
            .current()
            .as_ref()
            .is_some_and(|current| self.source.is_fresh(current))
        {
            return Ok(false);
        }
        let renewed = match &self.source {
            Source::Ring {
                signer,
                listen,
                names,
            } => signer.sign(reachable(*listen, names)).await?,
            Source::Files { .. } => self.source.certificate()?,
        };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(renewed);
        Ok(true)
    }

    fn current(&self) -> RwLockReadGuard<'_, Option<Current>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Tls {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current().as_ref().map(|current| Arc::clone(&current.key))
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Source {
    fn certificate(&self) -> Result<Current, TlsError> {
        match self {
            Self::Ring {
                signer,
                listen,
                names,
            } => signer.sign_here(reachable(*listen, names)),
            Self::Files { certificate, key } => {
                let since = changed(certificate, key);
                Ok(Current {
                    key: Arc::new(from_files(certificate, key)?),
                    names: BTreeSet::new(),
                    since,
                })
            }
        }
    }

    fn is_fresh(&self, current: &Current) -> bool {
        match self {
            Self::Ring { listen, names, .. } => {
                let age_is_fine = now()
                    .checked_sub(current.since)
                    .is_some_and(|age| age < LEAF_AGE_MAX);
                age_is_fine && reachable(*listen, names) == current.names
            }
            Self::Files { certificate, key } => changed(certificate, key) == current.since,
        }
    }
}

/// The names and addresses under which clients may reach a listener.
fn reachable(listen: SocketAddr, given: &[String]) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = given
        .iter()
        .map(|name| name.trim_matches(['[', ']']).to_ascii_lowercase())
        .collect();
    names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    if let Some(host) = nix::unistd::gethostname()
        .ok()
        .and_then(|host| host.into_string().ok())
    {
        let host = host.to_ascii_lowercase();
        if !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
        {
            if !host.contains('.') {
                names.insert(format!("{host}.local"));
            }
            names.insert(host);
        }
    }
    if listen.ip().is_unspecified() {
        let addresses = interfaces().into_iter().map(|address| address.to_string());
        // More do not go into one certificate.
        let room = NAMES_MAX.saturating_sub(names.len());
        let addresses: Vec<_> = addresses
            .filter(|address| !names.contains(address))
            .take(room)
            .collect();
        names.extend(addresses);
    } else {
        names.insert(listen.ip().to_string());
    }
    names
}

fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<CertifiedKey, TlsError> {
    let certified = CertifiedKey::new(chain, provider().key_provider.load_private_key(key)?);
    certified.keys_match()?;
    Ok(certified)
}

fn from_files(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let broken = |path: &Path, error: rustls::pki_types::pem::Error| TlsError::Broken {
        path: path.to_owned(),
        reason: format!("no PEM: {error}"),
    };
    let chain_pem = read(certificate)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain_pem.as_bytes()).collect();
    let chain = chain.map_err(|error| broken(certificate, error))?;
    if chain.is_empty() {
        return Err(TlsError::Broken {
            path: certificate.to_owned(),
            reason: "holds no certificate".to_owned(),
        });
    }
    let private = PrivateKeyDer::from_pem_slice(read(key)?.as_bytes()).map_err(|error| broken(key, error))?;
    certified(chain, private)
}

/// When the files were changed last, by their own clock.
fn changed(certificate: &Path, key: &Path) -> Duration {
    let modified = |path: &Path| {
        let time = std::fs::metadata(path)
            .and_then(|metadata| metadata.modified())
            .ok()?;
        time.duration_since(UNIX_EPOCH).ok()
    };
    modified(certificate).max(modified(key)).unwrap_or_default()
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn read(path: &Path) -> Result<String, TlsError> {
    std::fs::read_to_string(path).map_err(|source| TlsError::File {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::{Authority, Tls, TlsError, now, reachable};
    use crate::serve::serve;
    use axum::Router;
    use axum::routing::get;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName};
    use rustls::{ClientConfig, RootCertStore};
    use std::collections::BTreeSet;
    use std::net::SocketAddr;
    use std::sync::Arc;
    use tertulia_node::peers::authority::LEAF_LIFE;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::TlsConnector;
    use tokio_util::sync::CancellationToken;

    const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

    fn authority() -> Arc<Authority> {
        Arc::new(Authority::make().expect("made"))
    }

    async fn ask(config: Arc<rustls::ServerConfig>, ca_pem: &str, name: &str) -> std::io::Result<String> {
        let listener = TcpListener::bind(LOOPBACK).await?;
        let address = listener.local_addr()?;
        let closing = CancellationToken::new();
        let app = Router::new().route("/", get(async || "private"));
        let server = tokio::spawn(serve(listener, app, Some(config), closing.clone()));
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).expect("PEM"))
            .expect("a root");
        let builder = ClientConfig::builder_with_provider(Arc::new(super::provider()));
        let client = builder
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let connector = TlsConnector::from(Arc::new(client.with_no_client_auth()));
        let stream = TcpStream::connect(address).await?;
        let mut answer = String::new();
        let outcome = async {
            let mut stream = connector
                .connect(ServerName::try_from(name.to_owned()).expect("a name"), stream)
                .await?;
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .await?;
            stream.read_to_string(&mut answer).await
        };
        let outcome = outcome.await;
        closing.cancel();
        server.await.expect("no panic");
        outcome.map(|_| answer)
    }

    #[tokio::test]
    async fn who_trusts_the_ring_reaches_it_by_name_and_address() {
        let authority = authority();
        let pem = authority.ca().pem().to_owned();
        let tls = Tls::by_ring(authority, LOOPBACK, vec!["Plaza.lan".to_owned()]).expect("signed");
        for name in ["localhost", "127.0.0.1", "plaza.lan"] {
            let answer = ask(tls.config().expect("config"), &pem, name)
                .await
                .expect("trusted");
            assert!(answer.ends_with("private"), "{name}: {answer}");
        }
        assert!(
            ask(tls.config().expect("config"), &pem, "bank.example")
                .await
                .is_err(),
            "not its name"
        );
    }

    #[tokio::test]
    async fn another_rings_authority_is_not_trusted() {
        let other = authority();
        let tls = Tls::by_ring(authority(), LOOPBACK, Vec::new()).expect("signed");
        assert!(
            ask(tls.config().expect("config"), other.ca().pem(), "localhost")
                .await
                .is_err()
        );
    }

    fn change(tls: &Tls, change: impl FnOnce(&mut super::Current)) {
        change(
            tls.current
                .write()
                .expect("not poisoned")
                .as_mut()
                .expect("signed"),
        );
    }

    #[tokio::test]
    async fn a_certificate_is_renewed_when_the_clock_has_left_it_behind() {
        let tls = Tls::by_ring(authority(), LOOPBACK, Vec::new()).expect("signed");
        assert!(!tls.refresh().await.expect("looked"), "fresh");
        for since in [now().saturating_sub(LEAF_LIFE), now() + LEAF_LIFE] {
            change(&tls, |current| current.since = since);
            assert!(tls.refresh().await.expect("renewed"));
        }
        change(&tls, |current| {
            current.names = BTreeSet::from(["10.0.0.9".to_owned()])
        });
        assert!(tls.refresh().await.expect("renewed"), "the addresses changed");
    }

    #[tokio::test]
    async fn given_files_serve_and_are_read_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let (certificate, key) = (
            directory.path().join("cert.pem"),
            directory.path().join("key.pem"),
        );
        assert!(matches!(
            Tls::by_files(certificate.clone(), key.clone()),
            Err(TlsError::File { .. })
        ));
        let issued = rcgen::generate_simple_self_signed(vec!["plaza.example".to_owned()]).expect("made");
        std::fs::write(&certificate, "no certificate").expect("written");
        std::fs::write(&key, issued.signing_key.serialize_pem()).expect("written");
        assert!(matches!(
            Tls::by_files(certificate.clone(), key.clone()),
            Err(TlsError::Broken { .. })
        ));
        std::fs::write(&certificate, issued.cert.pem()).expect("written");
        let tls = Tls::by_files(certificate, key).expect("read");
        assert!(tls.ca().is_none());
        let answer = ask(tls.config().expect("config"), &issued.cert.pem(), "plaza.example")
            .await
            .expect("trusted");
        assert!(answer.ends_with("private"));
        change(&tls, |current| current.since = std::time::Duration::ZERO);
        assert!(tls.refresh().await.expect("read again"));
    }

    #[test]
    fn an_open_listener_is_named_by_every_address_of_the_machine() {
        let open = SocketAddr::from(([0, 0, 0, 0], 443));
        assert!(
            reachable(open, &[])
                .is_superset(&BTreeSet::from(["127.0.0.1".to_owned(), "localhost".to_owned()]))
        );
        let one = SocketAddr::from(([192, 168, 7, 7], 443));
        assert!(reachable(one, &[]).contains("192.168.7.7"));
    }
}
