//! An authority that a machine shows, and that nobody has vouched for yet.

/// An authority that waits for the person's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The machine that showed it.
    pub server: String,
    /// SHA-256 of the certificate, as [`crate::trust`] writes it.
    pub fingerprint: String,
    /// The certificate.
    pub pem: String,
    /// Whether another one was trusted for this machine before: a sign of an attack, or of a new ring.
    pub changed: bool,
}
