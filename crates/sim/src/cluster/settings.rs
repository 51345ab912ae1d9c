//! What a run is like.

use std::path::PathBuf;
use std::time::Duration;

use tertulia_types::Bug;

/// What a run is like.
#[derive(Clone, Debug)]
pub struct Settings {
    /// From which everything follows.
    pub seed: u64,
    /// How long people live and things happen, in virtual time.
    pub length: Duration,
    /// The control: syncs do nothing, and what is lost must be found out.
    pub is_lying: bool,
    /// A bug that is to be found: people and trouble are as it needs them, and the run ends as soon as something is wrong.
    pub bug: Option<Bug>,
    /// Whether the machines have it; otherwise nothing may be wrong.
    pub is_planted: bool,
    /// Where the trace goes; it is written when something is wrong, or when `is_kept` says so.
    pub trace: PathBuf,
    /// Whether the trace is written in any case.
    pub is_kept: bool,
    /// How much of the machines' log comes into the trace, as `RUST_LOG` has it.
    pub log: String,
}
