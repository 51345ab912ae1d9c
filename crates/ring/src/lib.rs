//! Chord as a value: which machine comes after which on the ring, and who has fallen silent.
//!
//! # What it is
//!
//! Positions are the numbers of 64 bits, laid out in a circle. Each machine stands at one, and is responsible for the
//! keys from behind its predecessor up to its own position. [`Ring`] is one machine's part in this: it knows the
//! predecessor, the next few machines clockwise (the list of successors), and for each power of two the first machine
//! at least that far on (the fingers). From these it says where a lookup goes next ([`Ring::next_hop`]); each hop halves
//! the way, so among N machines it takes about ½·log2 N of them.
//!
//! There is no network here and no clock. Messages and the time come in ([`Ring::handle`], [`Ring::wake`]), messages and
//! news go out ([`Ring::poll`]), and [`Ring::next_deadline`] says when to come back. A hundred thousand machines fit in
//! one process, where their time is moved by hand; one machine is driven by a task of the shell.
//!
//! # Where, not what
//!
//! Pointers can be stale at any moment. That costs a detour and never a wrong answer, because who owns a position is
//! part of the state that the range's group agrees on. So this crate may be wrong for a while, and must only never stay
//! wrong: whatever has happened, some rounds later all pointers are exact.
//!
//! # How the order is kept
//!
//! The Chord that is in the textbooks does not do that. Zave has shown that none of the published versions is correct,
//! and has proved one that is; its operations are in `neighbour`:
//!
//! - *Join*: look up who comes after one's own place, ask it for its list, and take that list with it in front.
//! - *Stabilise*: ask the first successor for its predecessor and its list; make its list one's own; if its predecessor
//!   lies between, ask that one for its list and adopt it only if it answers. Then tell the successor that one is there.
//! - *Rectify*: take whoever tells so for the predecessor, if it is nearer than the one before, or that one is silent.
//!   (Ours also tells the one before of the newcomer, which saves it a round.)
//!
//! A ring of one and a ring of two are ordinary cases: alone, a machine's list is empty, and the first that takes it for
//! its successor becomes its own.
//!
//! **Invariant:** no machine becomes first successor, predecessor or finger on hearsay: it has answered before.
//! **Invariant:** the list of successors is as long as the settings say, or names all machines there are.
//! **Invariant:** the ring stays in one piece as long as no machine loses all of its successors between two rounds. Should
//! it fall apart all the same, or the network be cut, one meeting makes it one again ([`Ring::meet`], J4).
//!
//! # Who is silent
//!
//! Each machine asks its neighbours for a sign of life at random intervals; any message is one. After three misses a
//! machine is a suspect: lookups pass it over. Others are asked to probe it, and only when they cannot reach it either
//! is it held dead and dropped from the pointers. A machine whose own timers ran late suspects itself first (J6). All that
//! is in `liveness`.
//!
//! # What is not here
//!
//! - Roles, addresses, keys: the address book of the shell. The machines of this ring are those that store something.
//! - What follows from a death: copies are re-made by the groups, after a grace period of their own.
//! - Remembering machines over a restart, and trying lost ones again: the shell does both, and tells the ring
//!   ([`Ring::resume`], [`Ring::meet`]).
//! - Defence against members that lie. Each is trusted to store data; here it is only made sure that a message which
//!   makes no sense does no harm ([`Nonsense`]).
//!
//! # Sources
//!
//! - Stoica, Morris, Karger, Kaashoek, Balakrishnan: "Chord: a scalable peer-to-peer lookup service for internet
//!   applications", SIGCOMM 2001; with Liben-Nowell and Dabek, IEEE/ACM Transactions on Networking 11 (2003).
//! - Zave: "Reasoning about identifier spaces: how to make Chord correct", IEEE Transactions on Software Engineering 43
//!   (2017).
//! - Das, Gupta, Motivala: "SWIM: scalable weakly-consistent infection-style process group membership protocol", DSN
//!   2002. Dadgar, Phillips, Currey: "Lifeguard: local health awareness for more accurate failure detection", 2018.
//! - Shafaat, Ghodsi, Haridi: "Handling network partitions and mergers in structured overlay networks", P2P 2007.
//!
//! How it measures up to the figures of the papers is in `docs/ring.md`; the simulator is the example `figures`.

pub mod circle;

pub mod pointer;

pub mod ring;

mod hop;

mod finger;

mod neighbour;

mod lookup;

mod standing;

mod liveness;

mod request;

mod exchange;

pub mod message;

pub mod output;

pub mod settings;

pub mod dice;

pub use message::{Message, Nonsense};
pub use output::{Event, Hop, Output};
pub use pointer::Pointer;
pub use ring::Ring;
pub use settings::{Interval, Settings};
