//! Proposes, on a group's leader, that what has outlived its time be removed: one stretch of slots after another, slowly.
//!
//! **Invariant:** what expires is decided by the stamp when the command is applied, the same on every copy; the pruner only says when to look.
//! Two pruners at once (an old leader's) are harmless.

use std::sync::Arc;
use std::time::Duration;

use tertulia_state::AnyCommand;
use tertulia_state::prune::Prune;
use tertulia_types::{Rejected, Slot};
use tokio_util::sync::CancellationToken;

use crate::group::Group;
use crate::router::decode;

/// Between two steps: a round over all slots then takes about an hour, and an idle group's log grows by a few bytes a minute.
const STEP: Duration = Duration::from_secs(60);

/// Works whenever this copy leads, until told to stop.
pub(crate) async fn run(group: Arc<Group>, stop: CancellationToken) {
    let rounds = async {
        let mut from = Slot(0);
        loop {
            tokio::time::sleep(STEP).await;
            group.until_leading().await;
            from = step(&group, from).await.unwrap_or(from);
        }
    };
    let _: Option<()> = stop.run_until_cancelled(rounds).await;
}

/// Prunes some slots; where to go on, or `None` if it did not work this time.
async fn step(group: &Group, from: Slot) -> Option<Slot> {
    let at = group.end();
    let command = AnyCommand::from(Prune { at, from }).to_bytes().ok()?;
    let answer = group.submit(command).await;
    let pruned: Result<Result<Option<Slot>, Rejected>, _> = answer.and_then(decode);
    match pruned {
        Ok(Ok(next)) => Some(next.unwrap_or(Slot(0))),
        Ok(Err(rejected)) => {
            tracing::warn!(group = group.id, %rejected, "nothing was pruned");
            None
        }
        Err(unavailable) => {
            tracing::debug!(group = group.id, %unavailable, "nothing was pruned");
            None
        }
    }
}
