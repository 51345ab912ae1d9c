//! The body of a backup's file: in the clear, or in sealed pieces.
//!
//! A piece is a byte (1 if it is the last one), the length of what is sealed (4 bytes), and that. Its nonce is made of that byte and of the
//! piece's number, so that pieces can neither be exchanged nor left out, and a file that is cut off has no last piece. No nonce is used
//! twice, since each file has a key of its own: its salt is drawn at random. The head goes into each seal.

use super::unreadable::Unreadable;
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use std::io::{self, ErrorKind, Read, Write};
use zeroize::Zeroizing;

pub(super) const SALT_BYTES: usize = 16;
/// What is sealed at once, and what the seal adds.
const PIECE_BYTES: usize = 64 << 10;
const TAG_BYTES: usize = 16;
/// What a guess costs: 64 MiB, three times.
const MEMORY_KIB: u32 = 64 << 10;
const PASSES: u32 = 3;

/// What seals the pieces of one file.
struct Seal {
    cipher: ChaCha20Poly1305,
    head: Vec<u8>,
    /// The number of the next piece.
    number: u64,
}

impl Seal {
    fn new(passphrase: &str, salt: &[u8; SALT_BYTES], head: Vec<u8>) -> io::Result<Self> {
        let mut key = Zeroizing::new([0; 32]);
        let stretched = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).map_err(|error| error.to_string());
        stretched
            .and_then(|params| {
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
                let stretched = argon2.hash_password_into(passphrase.as_bytes(), salt, &mut *key);
                stretched.map_err(|error| error.to_string())
            })
            .map_err(io::Error::other)?;
        Ok(Self {
            cipher: ChaCha20Poly1305::new((&*key).into()),
            head,
            number: 0,
        })
    }

    fn nonce(&mut self, is_last: bool) -> Nonce {
        let mut nonce = [0; 12];
        nonce[3] = u8::from(is_last);
        nonce[4..].copy_from_slice(&self.number.to_be_bytes());
        self.number += 1;
        nonce.into()
    }

    fn close(&mut self, bytes: &[u8], is_last: bool) -> io::Result<Vec<u8>> {
        let nonce = self.nonce(is_last);
        let plain = Payload {
            msg: bytes,
            aad: &self.head,
        };
        let sealed = self.cipher.encrypt(&nonce, plain);
        sealed.map_err(|_| io::Error::other("a piece cannot be sealed"))
    }

    fn open(&mut self, sealed: &[u8], is_last: bool) -> Option<Vec<u8>> {
        let nonce = self.nonce(is_last);
        let sealed = Payload {
            msg: sealed,
            aad: &self.head,
        };
        self.cipher.decrypt(&nonce, sealed).ok()
    }
}

/// Where the body goes.
pub(super) enum Sink<W> {
    /// As it is.
    Clear(W),
    /// Sealed; with what has not been sealed yet.
    Sealed(W, Box<Sealing>),
}

/// A body that is being sealed.
pub(super) struct Sealing {
    seal: Seal,
    waiting: Zeroizing<Vec<u8>>,
}

impl<W: Write> Sink<W> {
    pub(super) fn sealed(
        out: W,
        passphrase: &str,
        salt: &[u8; SALT_BYTES],
        head: Vec<u8>,
    ) -> io::Result<Self> {
        let sealing = Sealing {
            seal: Seal::new(passphrase, salt, head)?,
            waiting: Zeroizing::new(Vec::with_capacity(PIECE_BYTES)),
        };
        Ok(Self::Sealed(out, Box::new(sealing)))
    }

    /// Ends the body.
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::Clear(out) => Ok(out),
            Self::Sealed(mut out, mut sealing) => {
                sealing.put(&mut out, true)?;
                Ok(out)
            }
        }
    }
}

impl Sealing {
    fn put(&mut self, out: &mut impl Write, is_last: bool) -> io::Result<()> {
        let sealed = self.seal.close(&self.waiting, is_last)?;
        self.waiting.clear();
        let length = u32::try_from(sealed.len()).map_err(io::Error::other)?;
        out.write_all(&[u8::from(is_last)])?;
        out.write_all(&length.to_be_bytes())?;
        out.write_all(&sealed)
    }
}

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Clear(out) => out.write(bytes),
            Self::Sealed(out, sealing) => {
                // A full piece waits until there is more: it may be the last one.
                if sealing.waiting.len() == PIECE_BYTES {
                    sealing.put(out, false)?;
                }
                let count = bytes.len().min(PIECE_BYTES - sealing.waiting.len());
                sealing.waiting.extend_from_slice(&bytes[..count]);
                Ok(count)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Clear(out) | Self::Sealed(out, _) => out.flush(),
        }
    }
}

/// Where the body comes from.
pub(super) enum Source<R> {
    /// As it is.
    Clear(R),
    /// Sealed.
    Sealed(R, Box<Unsealing>),
}

/// A body that is being unsealed.
pub(super) struct Unsealing {
    seal: Seal,
    /// What was opened, and how much of it was read.
    opened: Zeroizing<Vec<u8>>,
    read: usize,
    has_ended: bool,
}

impl<R: Read> Source<R> {
    pub(super) fn sealed(
        from: R,
        passphrase: &str,
        salt: &[u8; SALT_BYTES],
        head: Vec<u8>,
    ) -> Result<Self, Unreadable> {
        let mut from = from;
        let mut unsealing = Unsealing {
            seal: Seal::new(passphrase, salt, head)?,
            opened: Zeroizing::default(),
            read: 0,
            has_ended: false,
        };
        // The first piece tells whether it is the right passphrase.
        match unsealing.take(&mut from) {
            Err(error) if error.kind() == ErrorKind::InvalidData => Err(Unreadable::Passphrase),
            Err(error) => Err(error.into()),
            Ok(()) => Ok(Self::Sealed(from, Box::new(unsealing))),
        }
    }
}

impl Unsealing {
    fn take(&mut self, from: &mut impl Read) -> io::Result<()> {
        let damaged = || io::Error::from(ErrorKind::InvalidData);
        let (mut is_last, mut length) = ([0], [0; 4]);
        from.read_exact(&mut is_last)?;
        from.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length) as usize;
        if is_last[0] > 1 || !(TAG_BYTES..=PIECE_BYTES + TAG_BYTES).contains(&length) {
            return Err(damaged());
        }
        let mut sealed = vec![0; length];
        from.read_exact(&mut sealed)?;
        let is_last = is_last[0] == 1;
        self.opened = Zeroizing::new(self.seal.open(&sealed, is_last).ok_or_else(damaged)?);
        self.read = 0;
        self.has_ended = is_last;
        // Behind the last one there is nothing.
        if is_last && from.read(&mut [0])? > 0 {
            return Err(damaged());
        }
        Ok(())
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Clear(from) => from.read(into),
            Self::Sealed(from, unsealing) => {
                while unsealing.read == unsealing.opened.len() && !unsealing.has_ended {
                    unsealing.take(from)?;
                }
                let left = &unsealing.opened[unsealing.read..];
                let count = left.len().min(into.len());
                into[..count].copy_from_slice(&left[..count]);
                unsealing.read += count;
                Ok(count)
            }
        }
    }
}
