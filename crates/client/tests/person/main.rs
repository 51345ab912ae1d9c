//! A person's client against machines that play the ring.

mod authority;
mod cache;
mod entries;
mod near;
mod ring;
mod servers;
mod trust;
