//! Finding machines on the local network by multicast DNS (RFC 6762, 6763), without a server and without a setting.
//!
//! A machine that serves others says so ([`Announcer`]): to clients under [`Kind::Client`], to machines that want to
//! join under [`Kind::Peer`]. Who looks for one asks ([`browse()`]) and gets, within a bounded time, a bounded list of
//! [`Found`].
//!
//! Read in the order of the modules: `announcement` (what is said), `announcer` (saying it), `found` (what is heard,
//! made harmless), `browse` (listening).
//!
//! **Invariant:** what was found is a suggestion of addresses, never a reason to trust: anybody on the network can say
//! anything. Whoever uses an address checks the machine there, a client by the ring's authority, a newcomer by its token.
//! **Invariant:** no text from the network leaves this crate unchecked: names are short and have no control characters,
//! addresses parse, numbers of anything are bounded.
//! **Invariant:** to clients nothing but TLS is suggested: a password must not be lured into clear text, nor to whoever
//! listens on this very computer.
//!
//! Deliberately absent: async. Both ends have a thread of the library behind them; [`browse()`] waits where it is called,
//! so async code calls it where waiting is allowed.

mod announcement;
mod announcer;
mod browse;
mod found;

pub use announcement::{Announcement, Http};
pub use announcer::Announcer;
pub use browse::browse;
pub use found::Found;

use std::time::Duration;

/// How long one usually looks: the library asks at once, after one second and after three.
pub const BROWSE_TIME: Duration = Duration::from_secs(3);

/// For whom an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// For people's clients: HTTP.
    Client,
    /// For machines of the ring, and those that want to join it.
    Peer,
}

impl Kind {
    /// The name of the service in DNS.
    fn service(self) -> &'static str {
        match self {
            Kind::Client => "_tertulia._tcp.local.",
            Kind::Peer => "_tertulia-peer._tcp.local.",
        }
    }
}

/// Why the network cannot be asked or told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This computer is on no network.
    #[error("this computer is on no network")]
    NoNetwork,
    /// Its interfaces cannot be listed.
    #[error("the network interfaces cannot be listed")]
    Interfaces(#[source] std::io::Error),
    /// Multicast DNS does not work here.
    #[error("multicast DNS does not work on this computer")]
    Multicast(#[from] mdns_sd::Error),
}
