//! A whole machine on the forgetful disk: whatever it has acknowledged is there after a loss of power at any step, in log
//! and database together; and on a disk whose syncs do nothing the same check finds the loss.

#[cfg(test)]
mod machine;
#[cfg(test)]
mod split;
