//! Private messages as the devices that write and read them see them.
//!
//! A person is an [`identity`] key, which makes statements about devices, and the [`chain`] of these is what others believe. A
//! [`device`] has a key of its own, and leaves [`package`]s at its home so that it can be let into a group while it is away.

pub mod identity;

pub mod chain;

pub mod device;

pub mod package;

pub mod storage;

mod randomness;

#[cfg(test)]
mod testing;
