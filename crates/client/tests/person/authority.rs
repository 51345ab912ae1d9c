//! Machines that speak TLS by a ring's authority.

use crate::ring::Machine;
use axum_server::tls_rustls::RustlsConfig;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;
use std::net::SocketAddr;
use tertulia_client::trust::fingerprint_of;

/// A ring's authority.
pub(crate) struct Authority {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("signed").pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    pub(crate) fn fingerprint(&self) -> String {
        fingerprint_of(&self.pem).expect("a certificate")
    }

    /// A machine with a certificate for `host`, on a port of its own or on a given one.
    pub(crate) async fn machine(&self, host: &str, port: u16) -> Machine {
        self.machine_at(SocketAddr::from(([127, 0, 0, 1], port)), host)
            .await
    }

    /// The same at an address.
    pub(crate) async fn machine_at(&self, address: SocketAddr, host: &str) -> Machine {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![host.to_owned()]).expect("parameters");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        let config = RustlsConfig::from_pem(certificate.pem().into_bytes(), key.serialize_pem().into_bytes());
        let config = config.await.expect("a configuration");
        let listener = std::net::TcpListener::bind(address).expect("a port");
        listener.set_nonblocking(true).expect("set");
        let url = format!("https://{}", listener.local_addr().expect("an address"));
        let (machine, router, stop) = Machine::at(url);
        machine.on("GET /api/tertulia/v1/ca", 200, json!(self.pem));
        tokio::spawn(async move {
            let server = axum_server::from_tcp_rustls(listener, config).expect("a server");
            let served = server.serve(router.into_make_service());
            tokio::select! { _ = served => {}, () = stop.cancelled() => {} }
        });
        machine
    }
}

/// The library of TLS needs one chosen.
pub(crate) fn provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
