//! A connection that somebody else has made, and how much it is used.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::credential::Credential;
use super::guests::Guest;

/// A connection, as a request on it sees it.
pub(crate) struct Connection {
    /// Where it comes from.
    pub(crate) from: IpAddr,
    /// The network of that, for limits.
    pub(crate) address: IpAddr,
    /// Whose it is, if it has shown a certificate.
    pub(crate) credential: Option<Credential>,
    /// See [`binding`](super::credential::binding).
    pub(crate) binding: [u8; 32],
    /// Streams and questions that are open.
    pub(super) uses: AtomicUsize,
    pub(super) kill: CancellationToken,
    pub(super) _place: OwnedSemaphorePermit,
    pub(super) _guest: Option<Guest>,
}

/// A use of a connection, until it is dropped.
pub(super) struct Use(Arc<Connection>);

impl Use {
    pub(super) fn new(connection: &Arc<Connection>) -> Self {
        connection.uses.fetch_add(1, Ordering::Relaxed);
        Self(connection.clone())
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        self.0.uses.fetch_sub(1, Ordering::Relaxed);
    }
}
