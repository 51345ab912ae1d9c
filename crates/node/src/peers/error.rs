//! What stands in the way of a machine's network, and of a newcomer.

use std::io;
use std::path::PathBuf;

use super::authority::{AuthorityError, Fingerprint};
use super::book::BookError;
use super::question::Refused;
use super::ring_file::RingFileError;
use super::token::TokenError;

/// The port for machines cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum PeersError {
    /// The book belongs to another ring or another machine than the rest.
    #[error("the address book is another machine's or another ring's")]
    Mismatch,
    /// The ring's CA.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The book.
    #[error(transparent)]
    Book(#[from] BookError),
    /// TLS.
    #[error("TLS between machines cannot be set up")]
    Tls(#[from] rustls::Error),
    /// The listener.
    #[error("the port for other machines cannot be used")]
    Io(#[from] io::Error),
    /// Something that only a storage machine can do, and none is reached.
    #[error("only a machine that stores can do this; use one of those")]
    NoKey,
    /// A storage machine did not do it.
    #[error(transparent)]
    Door(#[from] EnterError),
}

/// Why a machine is not in the ring.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// The token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Nobody to ask.
    #[error(
        "no contact is known; give the address of a machine of the ring, as its `tertulia token` prints it"
    )]
    NoContact,
    /// What was given is no address.
    #[error("{0:?} is no address of a machine; give host:port, as `tertulia token` prints it")]
    Address(String),
    /// Nothing there.
    #[error(
        "{contact} cannot be reached ({reason}); check the address, whether the machine runs, and that no firewall is between"
    )]
    Unreachable {
        /// Where.
        contact: String,
        /// Why not.
        reason: String,
    },
    /// Something else is there.
    #[error(
        "{contact} answers, but not as a machine of a ring ({reason}); give its --peer address, not the one for browsers and apps (--http)"
    )]
    NotAPeer {
        /// Where.
        contact: String,
        /// What it did.
        reason: String,
    },
    /// Another ring is there, or somebody between.
    #[error(
        "{contact} does not belong to the ring that the token is for: its CA is not {expected}. Give the address of a machine of that ring, or make a token there; if both were right, somebody is between you and the ring"
    )]
    OtherRing {
        /// Where.
        contact: String,
        /// The CA that the token names.
        expected: Fingerprint,
    },
    /// Another version is there.
    #[error("{contact} runs another version of Tertulia ({reason}); bring both machines to the same version")]
    Version {
        /// Where.
        contact: String,
        /// What it says.
        reason: String,
    },
    /// It does not answer.
    #[error("{contact} has not answered in time; try again, or ask another machine of the ring")]
    Silent {
        /// Where.
        contact: String,
    },
    /// It says no.
    #[error("{contact} does not let this machine in: {reason}")]
    Refused {
        /// Where.
        contact: String,
        /// Why not.
        reason: Refused,
    },
    /// It says something that makes no sense.
    #[error(
        "{contact} has answered something that this version does not understand; bring both machines to the same version"
    )]
    Garbled {
        /// Where.
        contact: String,
    },
    /// The answer could not be kept.
    #[error(transparent)]
    Ring(#[from] RingFileError),
    /// The answer could not be kept.
    #[error(transparent)]
    Book(#[from] BookError),
    /// The answer could not be kept.
    #[error("{} cannot be written", .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The CA that was given.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// TLS.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}
