//! What a machine's network is made of.

use std::net::TcpListener;
use std::sync::Arc;

use super::book::Book;
use super::ring_file::RingFile;
use crate::batch::Clock;
use crate::identity::Identity;

/// What a machine's network is made of.
pub struct Settings {
    /// Who the machine is.
    pub identity: Identity,
    /// Its ring.
    pub ring: RingFile,
    /// Its book.
    pub book: Arc<Book>,
    /// Where it listens: see [`bind`](super::bind).
    pub listener: TcpListener,
    /// Under which addresses others reach it; none: under those of the listener.
    pub advertised: Vec<String>,
    /// The time, in milliseconds since 1970.
    pub clock: Clock,
}
