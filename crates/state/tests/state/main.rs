//! What verbs do, tested over a whole community in memory: one file per subject.

mod community;
mod journey;
mod replica;
