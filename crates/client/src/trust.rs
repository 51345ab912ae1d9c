//! Whose certificates are believed: the system's roots, or the ring's own authority once the person has vouched for it.
//!
//! A ring has an authority of its own, which no system knows. At the first meeting its certificate is fetched without
//! trust and offered to the person as a fingerprint ([`Offer`]), which they compare with the one that the machine
//! printed. From then on it alone is believed for that machine, so nobody can step in between.
//!
//! **Invariant:** nothing but the authority's certificate is ever read over a connection that is not trusted, and
//! nothing is sent over it.

use crate::failure::{Failure, Fault, Misuse};
pub use crate::offer::Offer;
use crate::store::Store;
use rusqlite::{OptionalExtension, Transaction};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::Path;

/// The SHA-256 of a certificate in PEM, as 64 lower-case hexadecimal digits; none if it is no certificate.
#[must_use]
pub fn fingerprint_of(pem: &str) -> Option<String> {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(&certificate) {
        write!(hex, "{byte:02x}").ok()?;
    }
    Some(hex)
}

/// A fingerprint as machines print it and people compare it: capital pairs with colons between.
#[must_use]
pub fn in_pairs(fingerprint: &str) -> String {
    let digits: Vec<char> = fingerprint.to_ascii_uppercase().chars().collect();
    let pairs: Vec<String> = digits.chunks(2).map(|pair| pair.iter().collect()).collect();
    pairs.join(":")
}

/// A fingerprint as a person typed it: colons, spaces, capitals and a leading `SHA256:` do not matter.
pub fn fingerprint(typed: &str) -> Result<String, Failure> {
    let lower = typed.trim().to_ascii_lowercase();
    let bare = lower
        .strip_prefix("sha256:")
        .or_else(|| lower.strip_prefix("sha-256:"))
        .unwrap_or(&lower);
    let hex: String = bare
        .chars()
        .filter(|char| !matches!(char, ':' | ' ' | '-'))
        .collect();
    if hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(hex)
    } else {
        Err(Misuse::NotAFingerprint(typed.to_owned()).into())
    }
}

/// Reads the certificate in a file.
pub fn read(path: &Path) -> Result<String, Failure> {
    let pem = std::fs::read_to_string(path).map_err(|source| Fault::File {
        path: path.display().to_string(),
        source,
    })?;
    match fingerprint_of(&pem) {
        Some(_) => Ok(pem),
        None => Err(Misuse::NotACertificate(path.display().to_string()).into()),
    }
}

/// Remembers that the authority vouches for a machine.
pub(crate) fn pin(store: &Store, server: &str, pem: &str) -> Result<(), Failure> {
    let fingerprint = fingerprint_of(pem).ok_or_else(|| Misuse::NotACertificate(server.to_owned()))?;
    store.change(|tx| {
        tx.execute(
            "INSERT OR IGNORE INTO authority VALUES (?1, ?2)",
            (&fingerprint, pem),
        )?;
        tx.execute(
            "INSERT INTO server (url, place, authority)
             VALUES (?1, (SELECT coalesce(max(place), 0) + 1 FROM server), ?2)
             ON CONFLICT (url) DO UPDATE SET authority = ?2",
            (server, &fingerprint),
        )?;
        Ok(())
    })
}

/// The fingerprint of the authority that is believed for a machine, if there is one.
pub(crate) fn pinned_fingerprint(tx: &Transaction<'_>, server: &str) -> Result<Option<String>, Failure> {
    let sql = "SELECT authority FROM server WHERE url = ?1";
    let found = tx.query_row(sql, [server], |row| row.get(0)).optional()?;
    Ok(found.flatten())
}

/// The authority that is believed for a machine, if the person vouched for one.
pub(crate) fn pinned(store: &Store, server: &str) -> Result<Option<String>, Failure> {
    let sql = "SELECT pem FROM server JOIN authority ON fingerprint = authority WHERE url = ?1";
    store.first(sql, [server], |row| row.get(0))
}

/// All authorities that the person vouched for: the machines of a ring share one.
pub(crate) fn known(store: &Store) -> Result<Vec<String>, Failure> {
    store.all("SELECT fingerprint FROM authority ORDER BY 1", [], |row| {
        row.get(0)
    })
}

#[cfg(test)]
mod tests {
    use super::{fingerprint, in_pairs};

    #[test]
    fn a_fingerprint_may_be_typed_in_many_ways() {
        let plain = "ab".repeat(32);
        let colons = vec!["AB"; 32].join(":");
        assert_eq!(in_pairs(&plain), colons);
        for typed in [
            plain.clone(),
            colons.clone(),
            format!("SHA256:{colons}"),
            format!(" {plain} "),
        ] {
            assert_eq!(fingerprint(&typed).expect("one"), plain);
        }
        for typed in ["", "abcd", "zz"] {
            assert!(fingerprint(typed).is_err());
        }
    }
}
