//! By what machines recognise each other in TLS: the certificate that the ring has signed for a machine's own key.
//!
//! The port is one: who comes with a certificate is a machine, who comes without may only knock at the door. TLS checks that the ring has signed; whose certificate
//! it is and whether it has expired is checked after the handshake ([`Credential`]), so that the other side is told in words instead of being cut off.
//!
//! **Invariant:** a certificate counts only for the key from which its machine's id follows.
//! **Invariant:** no session is resumed: each connection is checked anew.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{
    ClientHello, NoServerSessionStorage, ParsedCertificate, ResolvesServerCert, WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig,
    SignatureScheme,
};
use tertulia_types::MachineId;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::X509Certificate;

use super::authority::{Ca, Fingerprint, LEAF_AGE_MAX, LEAF_LIFE, named_machine};
use super::ring_id::RingId;
use crate::identity::Identity;
use crate::key::PublicKey;
use crate::private;

const FILE: &str = "machine.pem";
/// What both ends speak; the HTTP port does not, which is how it is told apart.
const ALPN: &[u8] = b"h2";
/// What both ends of a connection derive from its keys, and nobody else can.
const BINDING_LABEL: &[u8] = b"EXPORTER-tertulia-door";

/// What a certificate says of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) ring: RingId,
    pub(crate) machine: MachineId,
    pub(crate) key: PublicKey,
    /// Since 1970.
    pub(crate) expires: Duration,
}

impl Credential {
    /// Reads a certificate that TLS has found to be signed by the ring; `None` if it is no machine's.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let (_, parsed) = x509_parser::parse_x509_certificate(der).ok()?;
        let key = PublicKey::from_spki(parsed.tbs_certificate.subject_pki.raw)?;
        let names = parsed.subject_alternative_name().ok()??;
        let [GeneralName::DNSName(name)] = names.value.general_names[..] else {
            return None;
        };
        let (ring, machine) = named_machine(name)?;
        (machine == key.machine()).then_some(Self {
            ring,
            machine,
            key,
            expires: expiry(&parsed),
        })
    }

    pub(crate) fn has_expired(&self, now: Duration) -> bool {
        now > self.expires
    }

    /// When it was signed.
    pub(crate) fn signed_at(&self) -> Duration {
        self.expires.saturating_sub(LEAF_LIFE)
    }

    /// Whether it is time for a new one.
    pub(crate) fn is_old(&self, now: Duration) -> bool {
        now.saturating_sub(self.signed_at()) > LEAF_AGE_MAX
    }
}

fn expiry(parsed: &X509Certificate<'_>) -> Duration {
    Duration::from_secs(u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or(0))
}

/// A moment at which a certificate is valid: who cares for the time asks for it after the handshake.
fn within(der: &CertificateDer<'_>) -> Result<UnixTime, rustls::Error> {
    let (_, parsed) = x509_parser::parse_x509_certificate(der)
        .map_err(|_| rustls::Error::InvalidCertificate(CertificateError::BadEncoding))?;
    Ok(UnixTime::since_unix_epoch(expiry(&parsed)))
}

/// This machine's certificate, for both ends of connections; it changes when it is renewed.
pub(crate) struct Wallet {
    path: PathBuf,
    ring: RingId,
    identity: Identity,
    ca: Ca,
    current: RwLock<Option<(Credential, Arc<CertifiedKey>)>>,
}

impl Wallet {
    /// What the data directory has; a certificate that does not fit counts as none.
    pub(crate) fn open(identity: &Identity, ring: RingId, ca: &Ca) -> Self {
        let wallet = Self {
            path: path(identity.directory()),
            ring,
            identity: identity.clone(),
            ca: ca.clone(),
            current: RwLock::default(),
        };
        let found = private::read(&wallet.path, identity.seal()).ok().flatten();
        if let Some(der) = found.and_then(|pem| CertificateDer::from_pem_slice(&pem).ok())
            && let Some(certified) = wallet.fitting(&der)
        {
            *wallet.current.write().unwrap_or_else(PoisonError::into_inner) = Some(certified);
        }
        wallet
    }

    /// Uses a certificate from now on, also after a restart. Returns whether it fits.
    pub(crate) fn put(&self, der: &CertificateDer<'static>) -> bool {
        let Some(certified) = self.fitting(der) else {
            return false;
        };
        if let Err(error) = keep_certificate(&self.identity, der) {
            tracing::warn!(%error, "the machine's certificate is not on disk; after a restart it will need a new one");
        }
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(certified);
        true
    }

    /// What the certificate in use says.
    pub(crate) fn credential(&self) -> Option<Credential> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().map(|(credential, _)| *credential)
    }

    fn fitting(&self, der: &CertificateDer<'static>) -> Option<(Credential, Arc<CertifiedKey>)> {
        let credential = Credential::read(der)?;
        let is_ours = credential.ring == self.ring && credential.key == self.identity.public_key();
        if !is_ours || check_signed(der, &roots(&self.ca).ok()?).is_err() {
            return None;
        }
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.identity.to_pkcs8().to_vec()));
        let key = provider().key_provider.load_private_key(key).ok()?;
        // Who comes to join pins the CA: it is shown along.
        let chain = vec![der.clone(), self.ca.der().clone()];
        Some((credential, Arc::new(CertifiedKey::new(chain, key))))
    }

    fn certified(&self) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().map(|(_, certified)| certified.clone())
    }
}

impl ResolvesServerCert for Wallet {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.certified()
    }
}

impl ResolvesClientCert for Wallet {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.certified()
    }

    fn has_certs(&self) -> bool {
        self.credential().is_some()
    }
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Wallet").field(&self.credential()).finish()
    }
}

fn path(directory: &Path) -> PathBuf {
    directory.join(FILE)
}

/// Keeps a certificate in the data directory.
pub(crate) fn keep_certificate(identity: &Identity, der: &[u8]) -> std::io::Result<()> {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let mut rest = &*text;
    while !rest.is_empty() {
        let (line, later) = rest.split_at(rest.len().min(64));
        pem += line;
        pem.push('\n');
        rest = later;
    }
    pem += "-----END CERTIFICATE-----\n";
    private::write(&path(identity.directory()), pem.as_bytes(), identity.seal())
}

/// For who is called: machines by their certificate, others without.
pub(crate) fn for_called(ca: &Ca, wallet: Arc<Wallet>) -> Result<Arc<ServerConfig>, rustls::Error> {
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(ca)?.into(), provider())
        .allow_unauthenticated()
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(Arc::new(Calling(verifier)))
        .with_cert_resolver(wallet);
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// For a machine that calls another one of its ring.
pub(crate) fn for_caller(ca: &Ca, wallet: Arc<Wallet>) -> Result<Arc<ClientConfig>, rustls::Error> {
    let called = Called::new(Trust::Ring(roots(ca)?));
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(called)
        .with_client_cert_resolver(wallet);
    Ok(settled(config))
}

/// For who knocks at the door of a ring of which it knows the CA's fingerprint; `None`: it wants to know who is there, and believes anybody.
pub(crate) fn for_knocking(pin: Option<Fingerprint>) -> Result<Arc<ClientConfig>, rustls::Error> {
    let called = Called::new(pin.map_or(Trust::Anybody, Trust::Pinned));
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(called)
        .with_no_client_auth();
    Ok(settled(config))
}

fn settled(mut config: ClientConfig) -> Arc<ClientConfig> {
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    // Machines are known by their keys, not by the names under which they are called.
    config.enable_sni = false;
    Arc::new(config)
}

/// What both ends of a connection know, and nobody else: a proof made for it is worth nothing on another one.
pub(crate) fn binding<Data>(connection: &rustls::ConnectionCommon<Data>) -> Result<[u8; 32], rustls::Error> {
    connection.export_keying_material([0; 32], BINDING_LABEL, None)
}

/// The name that TLS wants for who is called; it is not looked at.
pub(crate) fn nameless() -> ServerName<'static> {
    ServerName::IpAddress(std::net::IpAddr::from([0, 0, 0, 0]).into())
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn roots(ca: &Ca) -> Result<RootCertStore, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(ca.der().clone())?;
    Ok(roots)
}

/// Whether the ring has signed a certificate, at whatever time.
fn check_signed(der: &CertificateDer<'_>, roots: &RootCertStore) -> Result<(), rustls::Error> {
    verify_server_cert_signed_by_trust_anchor(
        &ParsedCertificate::try_from(der)?,
        roots,
        &[],
        within(der)?,
        provider().signature_verification_algorithms.all,
    )
}

/// Checks who calls.
#[derive(Debug)]
struct Calling(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for Calling {
    fn offer_client_auth(&self) -> bool {
        self.0.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.0.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.0
            .verify_client_cert(end_entity, intermediates, within(end_entity)?)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Whom a caller believes.
enum Trust {
    Ring(RootCertStore),
    Pinned(Fingerprint),
    Anybody,
}

/// Checks who is called.
struct Called {
    trust: Trust,
    provider: Arc<CryptoProvider>,
}

impl Called {
    fn new(trust: Trust) -> Arc<Self> {
        Arc::new(Self {
            trust,
            provider: provider(),
        })
    }
}

impl ServerCertVerifier for Called {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // The ring signs for machines' clients as well: with such a certificate, and its key, one is no machine.
        let is_machine = Credential::read(end_entity).is_some();
        match &self.trust {
            Trust::Anybody => {}
            Trust::Ring(_) | Trust::Pinned(_) if !is_machine => {
                return Err(CertificateError::ApplicationVerificationFailure.into());
            }
            Trust::Ring(roots) => check_signed(end_entity, roots)?,
            Trust::Pinned(pin) => {
                let ca = intermediates.iter().find(|der| Fingerprint::of(der) == *pin);
                let ca = ca.ok_or(CertificateError::UnknownIssuer)?;
                let mut roots = RootCertStore::empty();
                roots.add(ca.clone())?;
                check_signed(end_entity, &roots)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::PeerIncompatible::Tls13RequiredForQuic.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

impl fmt::Debug for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Called").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::authority::Authority;
    use crate::peers::ring_file::RingFile;

    const NOW: Duration = Duration::from_secs(1_800_000_000);

    #[test]
    fn j8_only_a_certificate_of_the_ring_for_the_own_key_is_taken() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let identity = Identity::take(one.path()).unwrap();
        let other = Identity::take(two.path()).unwrap();
        let ring = RingFile::found("test", 3).unwrap();
        let authority = ring.authority().unwrap().unwrap();
        let wallet = Wallet::open(&identity, ring.ring, authority.ca());
        assert!(wallet.credential().is_none());
        let sign = |authority: &Authority, ring, key| authority.machine_certificate(ring, key, NOW).unwrap();
        assert!(!wallet.put(&sign(&authority, ring.ring, other.public_key())));
        assert!(!wallet.put(&sign(&authority, RingId(ring.ring.0 ^ 1), identity.public_key())));
        let foreign = Authority::make().unwrap();
        assert!(!wallet.put(&sign(&foreign, ring.ring, identity.public_key())));
        assert!(wallet.put(&sign(&authority, ring.ring, identity.public_key())));
        let credential = wallet.credential().unwrap();
        assert_eq!(
            (credential.machine, credential.signed_at()),
            (identity.machine, NOW)
        );
        let again = Wallet::open(&identity, ring.ring, authority.ca());
        assert_eq!(again.credential(), Some(credential));
        assert!(
            Wallet::open(&identity, ring.ring, foreign.ca())
                .credential()
                .is_none()
        );
    }

    #[test]
    fn j8_a_certificate_is_good_from_1970_on_and_renewed_long_before_it_ends() {
        let directory = tempfile::tempdir().unwrap();
        let identity = Identity::take(directory.path()).unwrap();
        let authority = Authority::make().unwrap();
        let der = authority
            .machine_certificate(RingId(7), identity.public_key(), NOW)
            .unwrap();
        let credential = Credential::read(&der).unwrap();
        assert!(!credential.has_expired(Duration::from_secs(86_400)));
        assert!(!credential.is_old(Duration::from_secs(86_400)));
        assert!(!credential.is_old(NOW + LEAF_AGE_MAX));
        assert!(credential.is_old(NOW + LEAF_AGE_MAX + Duration::from_secs(1)));
        assert!(!credential.has_expired(NOW + LEAF_LIFE));
        assert!(credential.has_expired(NOW + LEAF_LIFE + Duration::from_secs(1)));
    }

    #[test]
    fn a_certificate_for_clients_is_no_machines() {
        let authority = Authority::make().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let identity = Identity::take(directory.path()).unwrap();
        let names = ["plaza.lan".to_owned()].into();
        let der = authority
            .client_certificate(&names, &identity.public_key().to_spki(), NOW)
            .unwrap();
        assert_eq!(Credential::read(&der), None);
        assert_eq!(Credential::read(b"nonsense"), None);
        // Whoever calls a machine is not content with it.
        let machine = authority
            .machine_certificate(RingId(7), identity.public_key(), NOW)
            .unwrap();
        let ca = authority.ca();
        for trust in [Trust::Pinned(ca.fingerprint()), Trust::Ring(roots(ca).unwrap())] {
            let called = Called::new(trust);
            let shows = |der| {
                let chain = [ca.der().clone()];
                called.verify_server_cert(der, &chain, &nameless(), &[], UnixTime::now())
            };
            assert!(shows(&machine).is_ok());
            assert!(shows(&der).is_err());
        }
    }
}
