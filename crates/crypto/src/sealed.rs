//! Bytes sealed under a key, for one place: what opens was sealed with that key, for that place.

use crate::randomness;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

const NONCE_BYTES: usize = 24;

pub(crate) fn seal(key: &[u8; 32], place: &str, bytes: &[u8]) -> Vec<u8> {
    let nonce = randomness::bytes::<NONCE_BYTES>();
    let plain = Payload {
        msg: bytes,
        aad: place.as_bytes(),
    };
    let sealed = XChaCha20Poly1305::new(key.into())
        .encrypt(XNonce::from_slice(&nonce), plain)
        .expect("what fits into memory is not too long");
    [&nonce[..], &sealed].concat()
}

pub(crate) fn open(key: &[u8; 32], place: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, msg) = sealed.split_at_checked(NONCE_BYTES)?;
    let sealed = Payload {
        msg,
        aad: place.as_bytes(),
    };
    let plain = XChaCha20Poly1305::new(key.into()).decrypt(XNonce::from_slice(nonce), sealed);
    plain.ok().map(Zeroizing::new)
}
