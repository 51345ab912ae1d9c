//! The person's side of Tertulia: everything a program needs to act for a person, and nothing that draws on a screen.
//!
//! A [`Client`] knows a few machines and who is logged in. It asks one machine after another until one answers, learns
//! from the answers which others there are, keeps what it has seen on disk, and shows that, marked as old, when none
//! answers. The surfaces (the console, and whoever
//! else links this crate) turn its values and its [`Failure`]s into words.
//!
//! Read in the order of the modules: [`failure`] (what can go wrong, in three kinds), [`place`] (where things lie),
//! [`store`] (the database), [`address`] and `servers` (which machines there are, and which one is asked first),
//! `entries` (what the ring says of its machines), [`near`] (what the local network says), [`trust`] (whose certificate is
//! believed), [`wire`] (how a question travels), [`html`] (what is read from the entities of the API), then one module per
//! noun with what a person can do with it.
//!
//! **Invariant:** nothing here prints, and no text made here is meant for a person's eyes: a failure says what happened
//! as a value, and only a server's own words pass through.
//! **Invariant:** what belongs to a person is in rows that name the person, and [`Client::logout`] removes them all.
//! **Invariant:** whatever changes something in the ring carries a key that is made once per action and kept until a
//! machine has answered, so a repeat after a lost answer, also in a later process, changes nothing twice.
//!
//! Deliberately absent: knowledge of which machine holds what: any machine answers for the ring.

pub mod address;
pub mod community;
pub mod dweet;
pub mod failure;
pub mod feed;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod history;
pub mod html;
pub mod key;
pub mod listing;
pub mod mark;
pub mod message;
pub mod moderation;
mod moment;
pub mod near;
pub mod nick;
pub mod notification;
pub mod place;
pub mod profile;
pub mod relation;
pub mod search;
pub mod session;
pub mod store;
pub mod thread;
pub mod time;
pub mod trust;
pub mod view;
pub mod wire;

mod ask;
mod bounded;
mod client;
mod entries;
mod offer;
mod servers;

pub use client::{Client, DIRECT_MS_MAX, Settings};
pub use failure::Failure;
pub use near::Lookout;
