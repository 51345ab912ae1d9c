//! What a run is like.

use std::path::PathBuf;
use std::time::Duration;

/// What a run is like.
#[derive(Clone, Debug)]
pub struct Settings {
    /// From which everything follows.
    pub seed: u64,
    /// How long people live and things happen, in virtual time.
    pub length: Duration,
    /// The control: syncs do nothing, and what is lost must be found out.
    pub is_lying: bool,
    /// Where the trace goes; it is written when something is wrong, or when `is_kept` says so.
    pub trace: PathBuf,
    /// Whether the trace is written in any case.
    pub is_kept: bool,
    /// How much of the machines' log comes into the trace, as `RUST_LOG` has it.
    pub log: String,
}
