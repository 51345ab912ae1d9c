//! The ring's one certificate authority: it vouches for machines, to each other and to clients.
//!
//! Made once, at `up`. Everybody has its public half ([`Ca`]); storage machines hold the key as well ([`Authority`], J8), and gateways ask one of these.
//! Clients trust it by hand, browsers among them: hence ECDSA P-256, and one authority for both purposes, told apart by what a certificate may be used for.
//!
//! **Invariant:** no validity depends on a right clock more than it must (a Raspberry Pi boots in 1970): the CA's dates are fixed, and a machine's
//! certificate is valid from the CA's first day on.
//! **Invariant:** what the key signs beside certificates begins with its purpose, so that none can be taken for another kind.
//!
//! Deliberately absent: lists of revoked certificates. The address book says who was removed, and everybody has it.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData, SanType, SubjectPublicKeyInfo, date_time_ymd,
};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tertulia_types::MachineId;
use x509_parser::extensions::GeneralName;

use super::ring_id::RingId;
use crate::key::{PublicKey, Signature, for_purpose};

/// How long a certificate is good for. Apple refuses more than 825 days; a short life costs nothing when renewal is automatic.
pub const LEAF_LIFE: Duration = Duration::from_secs(90 * DAY_SECONDS);
/// A certificate is renewed when this much of its life has passed: a machine that was off for a month is no problem.
pub const LEAF_AGE_MAX: Duration = Duration::from_secs(30 * DAY_SECONDS);
/// Certificates for clients begin this long ago, for those whose clock is behind.
const CLIENT_LEAF_BACK_DATED: Duration = Duration::from_secs(7 * DAY_SECONDS);
const DAY_SECONDS: u64 = 86_400;
/// What the names of machines in certificates end in.
const MACHINE_DOMAIN: &str = "machine.tertulia";
/// Names and addresses in one certificate for clients at most.
pub const NAMES_MAX: usize = 64;
/// The longest name (DNS).
const NAME_LENGTH_MAX: usize = 253;

/// A certificate or signature that cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A certificate could not be made.
    #[error("a certificate could not be made")]
    Certificate(#[from] rcgen::Error),
    /// What should be the ring's CA is none.
    #[error("the ring's CA cannot be read: {0}")]
    Broken(&'static str),
    /// The system gives no randomness.
    #[error("the system gives no randomness for a signature")]
    Random,
    /// A name that no certificate is made out to.
    #[error("no certificate can be made out to {0:?}")]
    Name(String),
}

/// SHA-256 of the CA's certificate, as people compare it: `AB:CD:…`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// Of a certificate.
    #[must_use]
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if index > 0 { ":" } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The public half of the authority: what everybody knows.
#[derive(Clone)]
pub struct Ca {
    pem: String,
    der: CertificateDer<'static>,
    public_key: Vec<u8>,
}

impl Ca {
    /// From its certificate.
    ///
    /// # Errors
    /// If it is none.
    pub fn from_pem(pem: &str) -> Result<Self, AuthorityError> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| AuthorityError::Broken("its certificate is no PEM"))?;
        let (_, parsed) = x509_parser::parse_x509_certificate(&der)
            .map_err(|_| AuthorityError::Broken("its certificate is damaged"))?;
        let public_key = parsed
            .tbs_certificate
            .subject_pki
            .subject_public_key
            .data
            .to_vec();
        Ok(Self {
            pem: pem.to_owned(),
            der,
            public_key,
        })
    }

    /// The certificate that clients are to trust, as PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The certificate.
    #[must_use]
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// SHA-256 of the certificate.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.der)
    }

    /// Whether the authority has signed this, for this purpose.
    #[must_use]
    pub fn has_sealed(&self, context: &str, bytes: &[u8], signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.public_key)
            .verify(&for_purpose(context, bytes), &signature.to_bytes())
            .is_ok()
    }
}

impl fmt::Debug for Ca {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ca({})", self.fingerprint())
    }
}

/// The authority with its key.
pub struct Authority {
    ca: Ca,
    issuer: Issuer<'static, KeyPair>,
    seal: EcdsaKeyPair,
    random: SystemRandom,
}

impl Authority {
    /// A new one.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn make() -> Result<Self, AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        let tail: String = Sha256::digest(key.public_key_raw())
            .iter()
            .take(4)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, format!("Tertulia ring {tail}"));
        name.push(DnType::OrganizationName, "Tertulia");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        // Fixed: nobody should have to trust it twice.
        params.not_before = date_time_ymd(1970, 1, 2);
        params.not_after = date_time_ymd(2049, 12, 31);
        let pem = params.self_signed(&key)?.pem();
        Self::from_pem(&pem, &key.serialize_pem())
    }

    /// From its certificate and key.
    ///
    /// # Errors
    /// If they cannot be read, or do not belong together.
    pub fn from_pem(pem: &str, key_pem: &str) -> Result<Self, AuthorityError> {
        let ca = Ca::from_pem(pem)?;
        let key = KeyPair::from_pem(key_pem).map_err(|_| AuthorityError::Broken("its key is damaged"))?;
        if key.public_key_raw() != ca.public_key {
            return Err(AuthorityError::Broken("its key is not its certificate's"));
        }
        let random = SystemRandom::new();
        let seal = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.serialized_der(), &random)
            .map_err(|_| AuthorityError::Broken("its key is of another kind"))?;
        let issuer = Issuer::from_ca_cert_der(ca.der(), key)?;
        Ok(Self {
            ca,
            issuer,
            seal,
            random,
        })
    }

    /// Its public half.
    #[must_use]
    pub fn ca(&self) -> &Ca {
        &self.ca
    }

    /// The key, as PEM: for another storage machine, and for the data directory.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// Vouches for something, for this purpose.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn seal(&self, context: &str, bytes: &[u8]) -> Result<Signature, AuthorityError> {
        let signed = self.seal.sign(&self.random, &for_purpose(context, bytes));
        let signed = signed.map_err(|_| AuthorityError::Random)?;
        Signature::from_bytes(signed.as_ref()).ok_or(AuthorityError::Random)
    }

    /// What only those know who have the key, for this purpose: the same wherever it is reckoned, and nothing follows from it for the key.
    pub(crate) fn secret(&self, context: &str, bytes: &[u8]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.issuer.key().serialized_der());
        let tag = hmac::sign(&key, &for_purpose(context, bytes));
        let mut secret = [0; 32];
        secret.copy_from_slice(tag.as_ref());
        secret
    }

    /// A certificate by which a machine proves to others who it is. `now` counts from 1970.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn machine_certificate(
        &self,
        ring: RingId,
        key: PublicKey,
        now: Duration,
    ) -> Result<CertificateDer<'static>, AuthorityError> {
        let name = machine_name(ring, key.machine());
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, &*name);
        params.subject_alt_names = vec![SanType::DnsName(name.as_str().try_into()?)];
        params.not_before = date_time_ymd(1970, 1, 2);
        params.not_after = date_time_ymd(1970, 1, 1) + now + LEAF_LIFE;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.use_authority_key_identifier_extension = true;
        let key = SubjectPublicKeyInfo::from_der(&key.to_spki())?;
        Ok(params.signed_by(&key, &self.issuer)?.der().clone())
    }

    /// A certificate that a machine shows to clients, for these names and addresses and the key with this public half (as SubjectPublicKeyInfo).
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn client_certificate(
        &self,
        names: &BTreeSet<String>,
        public_key: &[u8],
        now: Duration,
    ) -> Result<CertificateDer<'static>, AuthorityError> {
        let mut params = CertificateParams::default();
        let named = names.iter().find(|name| name.parse::<IpAddr>().is_err());
        let named = named.map_or("tertulia", String::as_str);
        params.distinguished_name.push(DnType::CommonName, named);
        params.subject_alt_names = subject_names(names)?;
        let epoch = date_time_ymd(1970, 1, 1);
        params.not_before = epoch + now.saturating_sub(CLIENT_LEAF_BACK_DATED);
        params.not_after = epoch + now + LEAF_LIFE;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = SubjectPublicKeyInfo::from_der(public_key)?;
        Ok(params.signed_by(&key, &self.issuer)?.der().clone())
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authority").field(&self.ca).finish()
    }
}

/// A new key for a certificate for clients: itself, and its public half as SubjectPublicKeyInfo.
///
/// # Errors
/// If the system gives no randomness.
pub fn fresh_key() -> Result<(PrivateKeyDer<'static>, Vec<u8>), AuthorityError> {
    let key = KeyPair::generate()?;
    let public = key.subject_public_key_info();
    Ok((PrivateKeyDer::Pkcs8(key.serialize_der().into()), public))
}

/// The names and addresses to which a certificate is made out.
pub(crate) fn names_of(der: &[u8]) -> BTreeSet<String> {
    let parsed = x509_parser::parse_x509_certificate(der).ok();
    let named = parsed
        .as_ref()
        .and_then(|(_, parsed)| parsed.subject_alternative_name().ok()?);
    let names = named.map_or(&[][..], |named| &named.value.general_names);
    names.iter().filter_map(name_of).collect()
}

fn name_of(name: &GeneralName<'_>) -> Option<String> {
    if let GeneralName::DNSName(name) = name {
        return Some((*name).to_owned());
    }
    let GeneralName::IPAddress(bytes) = name else {
        return None;
    };
    let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
    let address = v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
    address.ok().map(|address| address.to_string())
}

/// The name of a machine in its certificate.
pub(crate) fn machine_name(ring: RingId, machine: MachineId) -> String {
    format!("{machine}.{ring}.{MACHINE_DOMAIN}")
}

/// Whose certificate has this name.
pub(crate) fn named_machine(name: &str) -> Option<(RingId, MachineId)> {
    let (machine, rest) = name.split_once('.')?;
    let (ring, domain) = rest.split_once('.')?;
    (domain == MACHINE_DOMAIN).then_some(())?;
    Some((ring.parse().ok()?, machine.parse().ok()?))
}

/// Nobody gets a certificate for clients that could be taken for a machine's.
fn subject_names(names: &BTreeSet<String>) -> Result<Vec<SanType>, AuthorityError> {
    let refused = |name: &String| AuthorityError::Name(name.chars().take(NAME_LENGTH_MAX).collect());
    if let Some(name) = names.iter().nth(NAMES_MAX) {
        return Err(refused(name));
    }
    let subject = |name: &String| {
        if let Ok(address) = name.parse() {
            return Ok(SanType::IpAddress(address));
        }
        let is_plain = name
            .trim_start_matches("*.")
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
        let is_machine = name
            .to_ascii_lowercase()
            .trim_end_matches('.')
            .ends_with(MACHINE_DOMAIN);
        if name.is_empty() || name.len() > NAME_LENGTH_MAX || !is_plain || is_machine {
            return Err(refused(name));
        }
        Ok(SanType::DnsName(name.as_str().try_into()?))
    };
    names.iter().map(subject).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_survives_its_text_and_only_it_vouches() {
        let authority = Authority::make().unwrap();
        let again = Authority::from_pem(authority.ca().pem(), &authority.key_pem()).unwrap();
        assert_eq!(again.ca().fingerprint(), authority.ca().fingerprint());
        let signature = again.seal("test", b"text").unwrap();
        assert!(authority.ca().has_sealed("test", b"text", &signature));
        assert!(!authority.ca().has_sealed("test", b"test", &signature));
        assert!(!authority.ca().has_sealed("rest", b"text", &signature));
        let other = Authority::make().unwrap();
        assert!(!other.ca().has_sealed("test", b"text", &signature));
        assert!(matches!(
            Authority::from_pem(authority.ca().pem(), &other.key_pem()),
            Err(AuthorityError::Broken(_))
        ));
        assert_eq!(authority.ca().fingerprint().to_string().len(), 32 * 3 - 1);
    }

    #[test]
    fn a_machines_name_in_a_certificate_is_nobody_elses() {
        let (ring, machine) = (RingId(7), MachineId(9));
        assert_eq!(named_machine(&machine_name(ring, machine)), Some((ring, machine)));
        for other in [
            "plaza.lan",
            "x.y.machine.tertulia",
            "0000000000000009.machine.tertulia",
            "",
        ] {
            assert_eq!(named_machine(other), None, "{other}");
        }
        let authority = Authority::make().unwrap();
        let (_, spki) = fresh_key().unwrap();
        let sign = |name: String| {
            authority.client_certificate(&BTreeSet::from([name]), &spki, Duration::from_secs(1))
        };
        sign("plaza.lan".to_owned()).unwrap();
        sign("*.plaza.lan".to_owned()).unwrap();
        sign("10.0.0.7".to_owned()).unwrap();
        for name in [
            machine_name(ring, machine),
            "Machine.Tertulia.".into(),
            "*.machine.tertulia".into(),
            "a b".into(),
            String::new(),
        ] {
            assert!(matches!(sign(name), Err(AuthorityError::Name(_))));
        }
    }
}
