//! Private messages as the devices that write and read them see them.
//!
//! Everybody else in Tertulia carries runs of bytes. What they mean is made and understood here, on a person's own devices, and
//! nothing in here believes a home: a home may leave out, repeat, reorder, change and invent, and the worst that it gets by it is
//! that a message does not come.
//!
//! To read this crate, begin with who somebody is: a person is an [`identity`] key, which makes statements about devices, and the
//! [`chain`] of these is what others believe. A [`device`] has a key of its own, and leaves [`package`]s at its home so that it can
//! be let into a group while it is away. Then, what happens between devices: all of them keep their secrets in a [`storage`] that is
//! lent to them; a [`conversation`] is a group of devices that goes from epoch to epoch; [`opened`] is what passes through it, and
//! [`payload`] is what it says, and [`direct`] what one device says to another that hands it a letter. The group's protocol is MLS (RFC
//! 9420), and openmls is who speaks it. Last, what people themselves do: they compare a [`number`], they write down the code of a
//! [`backup`], and they read one aloud from a new device to an old one, which makes a [`link`]. What a person's devices keep at home for
//! each other is [`kept`]; what lies on one of them a passphrase can [`lock`].
//!
//! **Invariants**
//! - *A pure core.* Nothing is sent, no file is opened, and the time comes in with the call. Randomness comes from the operating
//!   system: it is what keys are made of. (openmls looks at the machine's clock itself where it looks at key packages; [`package`]
//!   tells what follows from that.)
//! - *One transaction for one step.* Every step writes into the storage it was lent, and hands back what belongs into the same
//!   transaction. Bytes leave only after it is committed, and a repeat sends the same bytes.
//! - *What cannot be read is refused, never worse.* Every way in is tried with arbitrary bytes.
//! - *Secrets are wiped and not printed*, as far as they are held here.
//!
//! Deliberately absent: the network, the database, when to send and when to try again, what people are told, and which of them may
//! do what in a room.

pub mod identity;

pub mod chain;

pub mod device;

pub mod package;

pub mod storage;

pub mod conversation;

pub mod opened;

pub mod payload;

pub mod direct;

pub mod number;

pub mod backup;

pub mod kept;

pub mod lock;

pub mod link;

mod randomness;

mod sealed;

#[cfg(test)]
mod testing;
