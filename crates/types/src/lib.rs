//! What every other crate of Tertulia speaks of.

pub mod entity;
pub mod text;
