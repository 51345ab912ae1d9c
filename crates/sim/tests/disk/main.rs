//! The forgetful disk under the two stores of a machine: what they promise holds at every step, and on a disk whose syncs
//! do nothing the same checks find the loss.

#[cfg(test)]
mod database;
#[cfg(test)]
mod log;
