//! Bytes that nobody can guess.
//!
//! Deliberately absent: a generator of our own. They come from the operating system, whose failure to give any leaves nothing to
//! do but stop: the library stops the program then.

use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore;

/// So many of them.
pub(crate) fn bytes<const COUNT: usize>() -> [u8; COUNT] {
    let mut drawn = [0; COUNT];
    OsRng.fill_bytes(&mut drawn);
    drawn
}
