//! What only development needs: faults made to order, so that what the product promises can be put to the test.
//!
//! - [`disk`]: a disk in memory that forgets at the crash whatever was not synced, for the log engine and for SQLite.
//!
//! **Invariant:** nothing here is part of the product: no crate but this one's own tests and programs uses it.

pub mod disk;
