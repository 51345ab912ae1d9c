//! Private messages as the devices that write and read them see them.
//!
//! A person is an [`identity`] key, which makes statements about devices, and the [`chain`] of these is what others believe.

pub mod identity;

pub mod chain;

mod randomness;
