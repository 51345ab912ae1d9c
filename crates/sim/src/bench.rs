//! What one machine does, measured beside what a peer does in the same run.
//!
//! [`load`] runs clients in a closed loop and counts; [`process`] says what a process has cost; [`machine`] measures
//! a machine, [`message`] how it carries private messages, [`etcd`] the peer of its log and [`prosody`] that of its mailboxes; [`table`] prints
//! what came out, and says whether it reaches what it should.
//!
//! **Invariant:** ours and the peer's are measured in turns on the same disk with the same number of clients, and the
//! figure is the median of the rounds: the ratio says more than either number.
//!
//! Deliberately absent: any pass or fail. A measurement on a busy computer is no test.

pub mod load;
pub mod process;

pub mod etcd;
pub mod machine;
pub mod message;
pub mod prosody;

pub mod table;
pub mod trio;
