//! A person's client against machines that play the ring.

mod cache;
mod ring;
mod servers;
mod trust;
