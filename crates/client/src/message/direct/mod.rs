//! From one person's client to another's, past the machines of the ring.
//!
//! Whoever allows it listens ([`listener`]) and says at home where ([`presence`]). Whoever has a letter for them dials their devices
//! ([`dialler`]), shows them the letter as a home would get it ([`letter`]), and has it off their hands when each device has signed
//! that it keeps it ([`giving`]). Anything else, a silence of 300 ms too, and the letter goes by the mailbox as always:
//! direct delivery makes things faster, and possible while the ring is away; nothing depends on it.
//!
//! **Invariants** (rule M5)
//! - Only a receipt signed by each device of a person, over this letter, cancels its deposit.
//! - A device signs what is in its database, and nothing else.
//! - Nobody who dials is believed or told anything: what is in a letter opens with the keys of its conversation, or not at all; and
//!   everything that they can make this computer do is bounded ([`guard`]).
//! - Nothing overtakes what was said before and still lies at a home.
//!
//! A connection is QUIC. Who listens proves that they have the key of their presence ([`proof`]); who dials proves nothing, since the
//! letter does.
//!
//! Deliberately absent: ways through a router that lets nobody in, commits and welcomes (the ring orders them), and hiding from whom
//! one writes to the address that one has.

pub(super) mod dialler;
mod giving;
mod guard;
pub(super) mod letter;
pub(super) mod listener;
mod presence;
mod proof;
pub(super) mod taken;
mod taking;

pub use listener::Direct;
