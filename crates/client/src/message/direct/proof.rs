//! Whom one talks to: the handshake of a connection between two clients.
//!
//! Who listens shows a bare key (RFC 7250), drawn when it begins to listen, whose only certificate is the presence that the device has
//! signed. Who dials expects that key and no other. There is no name and no date that could be wrong, and whoever scans the network
//! sees a number that says nothing of whose device it is.
//!
//! **Invariant:** the secret half stays in this process, and is never on disk.

use crate::message::direct::letter::PROTOCOL;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rand::Rng as _;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerIncompatible, SignatureScheme};
use std::sync::Arc;
use tertulia_types::device::PublicKey;
use zeroize::Zeroizing;

/// What stands before the 32 bytes of an Ed25519 key, public or secret, where its kind must be told (RFC 8410).
const PUBLIC_HEAD: [u8; 12] = [48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0];
const SECRET_HEAD: [u8; 16] = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];

/// What is needed to listen with a new key, and its public half.
pub(super) fn listening() -> (quinn::ServerConfig, PublicKey) {
    let mut secret = Zeroizing::new([0; 48]);
    secret[..16].copy_from_slice(&SECRET_HEAD);
    rand::rng().fill_bytes(&mut secret[16..]);
    let key = ring::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(&secret[..]));
    let key = key.expect("any 32 bytes are a key of this kind");
    let shown = key.public_key().expect("it has a public half").to_vec();
    let mut public = PublicKey([0; 32]);
    public.0.copy_from_slice(&shown[PUBLIC_HEAD.len()..]);
    let shown = CertifiedKey::new(vec![CertificateDer::from(shown)], key);
    let builder = rustls::ServerConfig::builder_with_provider(provider());
    let mut config = builder
        .with_protocol_versions(&[&TLS13])
        .expect("the provider knows this version")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(Arc::new(shown))));
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    let config = QuicServerConfig::try_from(config).expect("the provider knows the first suite");
    (quinn::ServerConfig::with_crypto(Arc::new(config)), public)
}

/// What is needed to dial whoever has this key.
pub(super) fn dialling(expected: PublicKey) -> quinn::ClientConfig {
    let builder = rustls::ClientConfig::builder_with_provider(provider());
    let mut config = builder
        .with_protocol_versions(&[&TLS13])
        .expect("the provider knows this version")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pin(expected)))
        .with_no_client_auth();
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_sni = false;
    let config = QuicClientConfig::try_from(config).expect("the provider knows the first suite");
    quinn::ClientConfig::new(Arc::new(config))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Believes one key.
#[derive(Debug)]
struct Pin(PublicKey);

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match shown.strip_prefix(&PUBLIC_HEAD) {
            Some(key) if key == self.0.0 => Ok(ServerCertVerified::assertion()),
            Some(_) | None => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = SubjectPublicKeyInfoDer::from(shown.as_ref());
        let algorithms = ring::default_provider().signature_verification_algorithms;
        verify_tls13_signature_with_raw_key(message, &key, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
