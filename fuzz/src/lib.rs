//! What the targets share: values of any type, drawn from a fuzzer's bytes.

pub mod chance;
pub mod clock;
pub mod group;

pub use chance::{Chance, Pool};
