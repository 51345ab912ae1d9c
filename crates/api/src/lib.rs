//! The HTTP API: Mastodon's client API, so that existing apps work, and Tertulia's own beside it.
//!
//! A request comes through [`serve()`] (connections), `shell` (limits, deadline, CORS) and one of the
//! endpoint families, whose handlers are short: extract (`input`, `token`), one command
//! or query to the node, render (`render`). Errors are one type with one table
//! (`error`).
//!
//! Streams go the other way: `hub` hears the node for all of them, `watch` reads what one viewer may be told, `streaming`
//! sends it.
//!
//! **Invariant:** this crate sees the node alone: never Raft, never SQL, and no other machine.
//! **Invariant:** it keeps no session and no person's data between two requests (rule P1).

mod absent;
mod account;
mod authorize;
mod bookmark;
mod caller;
mod community;
mod consent;
mod device;
mod dress;
mod entries;
mod error;
#[cfg(test)]
mod fixture;
mod front;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod health;
mod home;
mod hub;
mod input;
mod instance;
#[cfg(test)]
mod journey;
mod known;
mod lenient;
mod limit;
mod link;
mod login;
mod message;
mod moderation;
mod noted;
mod notification;
mod oauth;
mod openapi;
mod origin;
mod page;
mod password;
mod past;
mod place;
mod presence;
mod profile;
mod proxy;
mod relation;
mod render;
mod report;
mod ring;
mod router;
mod safe;
mod search;
mod serve;
mod service;
mod session;
mod shell;
mod site;
mod stance;
mod status;
mod streaming;
mod timeline;
mod tls;
mod token;
mod trust;
mod watch;

pub use entries::entry_urls;
pub use proxy::{Subnet, SubnetError};
pub use router::app;
pub use serve::{FINISH_TIME_MAX, serve};
pub use service::{Service, Settings};
pub use site::Asset;
pub use tls::{Signer, Tls, TlsError};
