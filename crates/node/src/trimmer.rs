//! Proposes, on a group's leader, that what is left of the other half of a split be removed: little by little, until nothing is left (R8).
//!
//! **Invariant:** whoever asks does not see what is left, so nobody waits for this. Two trimmers at once (an old leader's) are harmless.

use std::sync::Arc;
use std::time::Duration;

use tertulia_state::range::Trim;
use tertulia_state::{AnyCommand, Descriptor};
use tertulia_types::{AccountId, Rejected};
use tokio_util::sync::CancellationToken;

use crate::group::Group;
use crate::router::decode;

/// Between two steps, each of which takes the database a few milliseconds.
const STEP: Duration = Duration::from_millis(40);
/// Before the next round, when one did not come to its end.
const PAUSE: Duration = Duration::from_secs(1);

/// Works whenever this copy leads, until told to stop.
pub(crate) async fn run(group: Arc<Group>, stop: CancellationToken) {
    let rounds = async {
        loop {
            group.until_leading().await;
            group.until_untrimmed().await;
            if !round(&group).await {
                tokio::time::sleep(PAUSE).await;
            }
        }
    };
    let _: Option<()> = stop.run_until_cancelled(rounds).await;
}

/// Trims until nothing is left; whether it came to that.
async fn round(group: &Group) -> bool {
    let Descriptor { range, epoch, .. } = group.descriptor();
    let mut from = AccountId::MIN;
    loop {
        let trim = Trim {
            at: range.end(),
            epoch,
            from,
        };
        let Ok(command) = AnyCommand::from(trim).to_bytes() else {
            return false;
        };
        let trimmed: Result<Result<Option<AccountId>, Rejected>, _> =
            group.submit(command).await.and_then(decode);
        match trimmed {
            Ok(Ok(Some(next))) => from = next,
            Ok(Ok(None)) => return true,
            // The group has been divided again.
            Ok(Err(rejected)) => {
                tracing::debug!(group = group.id, %rejected, "the trimming begins anew");
                return false;
            }
            Err(unavailable) => {
                tracing::debug!(group = group.id, %unavailable, "nothing was trimmed");
                return false;
            }
        }
        tokio::time::sleep(STEP).await;
    }
}
