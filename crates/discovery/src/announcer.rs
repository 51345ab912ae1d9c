//! Saying on the network that a machine is there, for as long as it is.

use crate::Error;
use crate::announcement::Announcement;
use mdns_sd::{IfKind, ServiceDaemon};
use std::time::Duration;

/// How long a goodbye may take.
const GOODBYE_TIME_MAX: Duration = Duration::from_secs(1);

/// Announces a machine until it is dropped; then it says goodbye, so that nobody is sent there any more.
///
/// When interfaces or addresses come and go the library announces it anew within seconds.
pub struct Announcer {
    /// None where there is nothing to announce.
    daemon: Option<Daemon>,
}

/// The library's thread; ended when this is dropped.
struct Daemon(ServiceDaemon);

impl Announcer {
    /// Begins to announce a machine, on all interfaces but loopback. One that listens on loopback alone is announced to
    /// nobody.
    ///
    /// # Errors
    /// If multicast DNS cannot be set up: the machine works without it, and clients must be told its address.
    pub fn start(announcement: &Announcement) -> Result<Self, Error> {
        let services = announcement.services()?;
        if services.is_empty() {
            return Ok(Self { daemon: None });
        }
        let daemon = Daemon(ServiceDaemon::new()?);
        daemon.0.disable_interface(loopback())?;
        for service in services {
            daemon.0.register(service)?;
        }
        Ok(Self { daemon: Some(daemon) })
    }

    /// Whether anything is announced at all.
    #[must_use]
    pub fn announces(&self) -> bool {
        self.daemon.is_some()
    }

    /// Announces something else from now on: the ring's name, another port, another authority.
    ///
    /// # Errors
    /// As [`Announcer::start`].
    pub fn update(&mut self, announcement: &Announcement) -> Result<(), Error> {
        // The old one says goodbye first, or its words would overtake the new ones.
        self.daemon = None;
        *self = Self::start(announcement)?;
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // On its way out the library withdraws what it announced. If it is gone already there is nothing to withdraw.
        if let Ok(gone) = self.0.shutdown() {
            let _ = gone.recv_timeout(GOODBYE_TIME_MAX);
        }
    }
}

/// What is left out: the loopback interfaces.
pub(crate) fn loopback() -> Vec<IfKind> {
    vec![IfKind::LoopbackV4, IfKind::LoopbackV6]
}

impl std::fmt::Debug for Announcer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Announcer")
            .field("announces", &self.announces())
            .finish_non_exhaustive()
    }
}
