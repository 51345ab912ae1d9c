//! Machines, tested from outside: one file per subject.

mod backup;
mod community;
mod letters;
mod moving;
mod neighbourhood;
mod place;
mod recovery;
mod ring;
mod sealed;
mod service;
mod sick;
mod split;
mod wire;
