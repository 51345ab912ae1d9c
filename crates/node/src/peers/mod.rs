//! How machines reach and trust each other.
//!
//! Read in this order:
//!
//! - Who is who: [`authority`] (the ring's CA), [`ring_file`] (what a machine knows of its ring), [`token`] (by what right one enters), `credential` (how machines
//!   recognise each other in TLS).
//! - Who is there: [`record`] (what a machine says of itself, and who vouches for it), [`book`] (all of it; `lines` is its content).
//! - The wire: `wire` (its messages), `link` (one open stream), `client` (calls), `server` (takes calls), [`door`] and [`enter`](mod@enter) (how one gets in), [`address`],
//!   `name` (what a gateway's certificate for clients is made out to);
//!   `lookout` (machines that are not where the book says).
//!
//! [`Peers`] is all of it for a machine in service: a [`Network`](crate::switchboard::Network) over TLS (`service`; `core` is what its parts share, `upkeep`
//! what it does for itself). Simulations use the [`Book`] alone, and the switchboard.
//!
//! **Invariant:** who sends a letter is known from the key with which the connection was made, never from what the letter says.
//! **Invariant:** all of it runs on the runtime of the consensus (P8): a burst of requests from clients delays no heartbeat.
//!
//! Deliberately absent: with whom to gossip about the book and when (letters do that), and discovery.

pub mod address;
pub mod authority;
pub mod book;
mod client;
mod connection;
mod core;
mod credential;
pub mod door;
pub mod enter;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod guests;
mod lines;
mod link;
mod lookout;
mod name;
mod peer;
mod question;
pub mod record;
pub mod ring_file;
mod ring_id;
mod seen;
mod server;
mod service;
mod settings;
mod sightings;
#[cfg(test)]
mod suite;
pub mod token;
mod upkeep;
mod wire;

pub use address::{advertised, bind, interfaces};
pub use authority::{Authority, AuthorityError, Ca, Fingerprint};
pub use book::{Book, BookError, Merged};
pub use enter::{Entered, enter, who};
pub use error::{EnterError, PeersError};
pub use question::{Refused, Who};
pub use record::{Admission, Entry, GIVEN_UP_MAX, News, Record, Removal, Signed, State};
pub use ring_file::{RingFile, RingFileError};
pub use ring_id::RingId;
pub use seen::Seen;
pub use service::{Invitation, Peers, Relation};
pub use settings::Settings;
pub use token::{TOKEN_LIFE, Terms, Token, TokenError};
pub use wire::Refusal;
