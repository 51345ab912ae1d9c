//! A group's pulse: a leader's heartbeats, and when a copy looks at the consensus's timers at all.
//!
//! openraft looks at its timers five times between two heartbeats, in each group; in a ring at rest these looks are most of what a machine does. So the
//! timers rest while there is nothing for them to find: a leader's heartbeats are sent from here, those of all groups of a machine at the same moment, and
//! a copy that hears its leader need not ask itself whether it still hears it. Once a leader is silent for two beats, the timers run again, long before
//! they could end in an election; when that is due they decide alone.
//!
//! **Invariant:** timers rest only while this copy leads, or has heard its leader within two beats.

use std::sync::Arc;
use std::time::Duration;

use openraft::ServerState;
use openraft::async_runtime::watch::WatchReceiver;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Raft;
use super::reception::Reception;

/// Heartbeats that a leader may miss before the timers look at it.
const BEATS_MISSED: u32 = 2;

/// Keeps one group's pulse until it stops. `since` is the same for all groups of the machine, so that they beat together.
pub(crate) async fn keep(
    raft: Raft,
    reception: Arc<Reception>,
    beat: Duration,
    since: Instant,
    stop: CancellationToken,
) {
    let beat = beat.max(Duration::from_millis(1));
    loop {
        let beats = since.elapsed().as_nanos() / beat.as_nanos() + 1;
        let next = since + beat * u32::try_from(beats).unwrap_or(u32::MAX);
        if stop
            .run_until_cancelled(tokio::time::sleep_until(next))
            .await
            .is_none()
        {
            return;
        }
        reception.clear_away();
        let leads = raft.server_metrics().borrow_watched().state == ServerState::Leader;
        let hears = reception.has_heard_a_leader_within(beat * BEATS_MISSED);
        raft.runtime_config().tick(!leads && !hears);
        if leads && raft.trigger().heartbeat().await.is_err() {
            // The consensus has stopped.
            return;
        }
    }
}
