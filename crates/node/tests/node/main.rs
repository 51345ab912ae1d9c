//! Machines, tested from outside: one file per subject.

mod community;
mod moving;
mod service;
