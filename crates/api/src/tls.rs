//! TLS for clients: certificates by the ring's own CA, or from files.
//!
//! A community has no public certificate authority on its LAN, so the ring brings one: made once, at `up`, and kept in
//! the data directory. Each machine signs a certificate for the names and addresses it has now; the certificate's key
//! lives in memory only, and a new one is signed when it ages or when the machine's addresses change.
//!
//! **Invariant:** private keys on disk are readable by their owner alone (mode 0600), and are complete before they have
//! their name.
//! **Invariant:** no validity depends on a right clock (a Raspberry Pi boots in 1970): the CA's dates are fixed, and a
//! certificate that the clock has left behind is replaced within [`CHECK_INTERVAL`].
//!
//! Deliberately absent: TLS between machines, and public certificates by ACME (those come as files).

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_util::sync::CancellationToken;

const CA_CERTIFICATE: &str = "ca.pem";
const CA_KEY: &str = "ca.key";
/// Apple refuses certificates of more than 825 days; a short life costs nothing when renewal is automatic.
const LEAF_LIFE: Duration = Duration::from_secs(90 * DAY_SECONDS);
/// Renewed with two thirds of its life left, so a machine that was off for a month is no problem.
const LEAF_AGE_MAX: Duration = Duration::from_secs(30 * DAY_SECONDS);
/// For clients whose clock is behind.
const LEAF_BACK_DATED: Duration = Duration::from_secs(7 * DAY_SECONDS);
const DAY_SECONDS: u64 = 86_400;
/// How often age, addresses and files are looked at.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);

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
    /// A certificate could not be made.
    #[error("a certificate could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// Certificate and key do not fit, or the like.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// The ring's own certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
    pem: String,
}

impl Authority {
    /// The authority kept in this directory; made, and kept there, if there is none yet.
    ///
    /// # Errors
    /// If its files cannot be read or written, or are damaged.
    pub fn open(directory: &Path) -> Result<Self, TlsError> {
        let (certificate, key) = (directory.join(CA_CERTIFICATE), directory.join(CA_KEY));
        if !key.exists() {
            let (pem, key_pem) = new_authority()?;
            // The certificate comes first: a key without it is never met.
            write_private(&certificate, pem.as_bytes())?;
            write_private(&key, key_pem.as_bytes())?;
        }
        let key_pem = read(&key)?;
        std::fs::set_permissions(&key, Permissions::from_mode(0o600)).map_err(|source| TlsError::File {
            path: key.clone(),
            source,
        })?;
        Self::from_pem(read(&certificate)?, &key_pem).map_err(|error| TlsError::Broken {
            path: certificate,
            reason: error.to_string(),
        })
    }

    /// The authority with this certificate and key.
    ///
    /// # Errors
    /// If they cannot be parsed.
    pub fn from_pem(pem: String, key_pem: &str) -> Result<Self, TlsError> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|error| TlsError::Setup(rustls::Error::General(error.to_string())))?;
        let issuer = Issuer::from_ca_cert_der(&der, KeyPair::from_pem(key_pem)?)?;
        Ok(Self { issuer, der, pem })
    }

    /// The certificate that clients are to trust, as PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// SHA-256 of the certificate, as people compare it: `AB:CD:…`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.der)
    }

    /// A certificate for these names, valid around `now`.
    fn issue(&self, names: &BTreeSet<String>, now: Duration) -> Result<CertifiedKey, TlsError> {
        let mut params = CertificateParams::default();
        let named = names
            .iter()
            .find(|name| name.parse::<IpAddr>().is_err())
            .map_or("tertulia", String::as_str);
        params.distinguished_name.push(DnType::CommonName, named);
        for name in names {
            params.subject_alt_names.push(match name.parse() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName(name.as_str().try_into()?),
            });
        }
        let epoch = date_time_ymd(1970, 1, 1);
        params.not_before = epoch + now.saturating_sub(LEAF_BACK_DATED);
        params.not_after = epoch + now + LEAF_LIFE;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let chain = vec![certificate.der().clone(), self.der.clone()];
        certified(chain, PrivateKeyDer::Pkcs8(key.serialize_der().into()))
    }
}

/// A new authority's certificate and key. Its dates are fixed: nobody should have to trust it twice.
fn new_authority() -> Result<(String, String), TlsError> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    let tail: String = Sha256::digest(key.public_key_raw())
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    params
        .distinguished_name
        .push(DnType::CommonName, format!("Tertulia ring {tail}"));
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Tertulia");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(1970, 1, 2);
    params.not_after = date_time_ymd(2049, 12, 31);
    Ok((params.self_signed(&key)?.pem(), key.serialize_pem()))
}

/// What a machine shows to clients.
pub struct Tls {
    source: Source,
    current: RwLock<Current>,
}

enum Source {
    Ring {
        authority: Box<Authority>,
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
    /// By the ring's CA, for the addresses that `listen` reaches and the `names` given beside them.
    ///
    /// # Errors
    /// If a certificate cannot be signed.
    pub fn by_ring(
        authority: Authority,
        listen: SocketAddr,
        names: Vec<String>,
    ) -> Result<Arc<Self>, TlsError> {
        Self::new(Source::Ring {
            authority: Box::new(authority),
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
        let current = RwLock::new(source.certificate()?);
        Ok(Arc::new(Self { source, current }))
    }

    /// The ring's CA, if it signs for this machine.
    #[must_use]
    pub fn authority(&self) -> Option<&Authority> {
        match &self.source {
            Source::Ring { authority, .. } => Some(authority),
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
        let mut check = tokio::time::interval(CHECK_INTERVAL);
        while closing.run_until_cancelled(check.tick()).await.is_some() {
            match self.refresh() {
                Ok(true) => tracing::info!("the certificate for clients was renewed"),
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(%error, "the certificate for clients could not be renewed; the old one stays")
                }
            }
        }
    }

    /// Whether there is a new one now.
    fn refresh(&self) -> Result<bool, TlsError> {
        {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            if self.source.is_fresh(&current) {
                return Ok(false);
            }
        }
        let renewed = self.source.certificate()?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(true)
    }
}

impl ResolvesServerCert for Tls {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(
            &self.current.read().unwrap_or_else(PoisonError::into_inner).key,
        ))
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
                authority,
                listen,
                names,
            } => {
                let (names, now) = (reachable(*listen, names), now());
                Ok(Current {
                    key: Arc::new(authority.issue(&names, now)?),
                    names,
                    since: now,
                })
            }
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
        names.extend(interface_addresses().iter().map(ToString::to_string));
    } else {
        names.insert(listen.ip().to_string());
    }
    names
}

fn interface_addresses() -> Vec<IpAddr> {
    let Ok(interfaces) = nix::ifaddrs::getifaddrs() else {
        return Vec::new();
    };
    let addresses = interfaces.filter_map(|interface| interface.address);
    addresses
        .filter_map(|address| {
            let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
        })
        // Addresses of one link need a scope that no certificate can carry.
        .filter(|address| !matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local()))
        .collect()
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

/// SHA-256 of a certificate, as people compare it.
fn fingerprint(der: &CertificateDer<'_>) -> String {
    let pairs: Vec<String> = Sha256::digest(der)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    pairs.join(":")
}

fn read(path: &Path) -> Result<String, TlsError> {
    std::fs::read_to_string(path).map_err(|source| TlsError::File {
        path: path.to_owned(),
        source,
    })
}

/// Writes a file that only its owner can read: aside first, synced, then under its name.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), TlsError> {
    let aside = path.with_extension("new");
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&aside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&aside, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|source| TlsError::File {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::{Authority, LEAF_LIFE, Tls, TlsError, now, reachable};
    use crate::serve::serve;
    use axum::Router;
    use axum::routing::get;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName};
    use rustls::{ClientConfig, RootCertStore};
    use std::collections::BTreeSet;
    use std::net::SocketAddr;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::TlsConnector;
    use tokio_util::sync::CancellationToken;

    const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

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
        let directory = tempfile::tempdir().expect("a directory");
        let authority = Authority::open(directory.path()).expect("made");
        let pem = authority.pem().to_owned();
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
        let (ours, theirs) = (
            tempfile::tempdir().expect("a directory"),
            tempfile::tempdir().expect("a directory"),
        );
        let other = Authority::open(theirs.path()).expect("made").pem().to_owned();
        let tls =
            Tls::by_ring(Authority::open(ours.path()).expect("made"), LOOPBACK, Vec::new()).expect("signed");
        assert!(
            ask(tls.config().expect("config"), &other, "localhost")
                .await
                .is_err()
        );
    }

    #[test]
    fn the_authority_stays_the_same_and_its_key_private() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = Authority::open(directory.path()).expect("made").fingerprint();
        let key = directory.path().join("ca.key");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("loosened");
        assert_eq!(
            Authority::open(directory.path()).expect("kept").fingerprint(),
            first
        );
        assert_eq!(key.metadata().expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(first.len(), 32 * 3 - 1);
        std::fs::write(&key, "nonsense").expect("damaged");
        assert!(matches!(
            Authority::open(directory.path()),
            Err(TlsError::Broken { .. })
        ));
    }

    #[test]
    fn a_certificate_is_renewed_when_the_clock_has_left_it_behind() {
        let directory = tempfile::tempdir().expect("a directory");
        let tls = Tls::by_ring(
            Authority::open(directory.path()).expect("made"),
            LOOPBACK,
            Vec::new(),
        )
        .expect("signed");
        assert!(!tls.refresh().expect("looked"), "fresh");
        for since in [now().saturating_sub(LEAF_LIFE), now() + LEAF_LIFE] {
            tls.current.write().expect("not poisoned").since = since;
            assert!(tls.refresh().expect("renewed"));
        }
        tls.current.write().expect("not poisoned").names = BTreeSet::from(["10.0.0.9".to_owned()]);
        assert!(tls.refresh().expect("renewed"), "the addresses changed");
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
        assert!(tls.authority().is_none());
        let answer = ask(tls.config().expect("config"), &issued.cert.pem(), "plaza.example")
            .await
            .expect("trusted");
        assert!(answer.ends_with("private"));
        tls.current.write().expect("not poisoned").since = std::time::Duration::ZERO;
        assert!(tls.refresh().expect("read again"));
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
