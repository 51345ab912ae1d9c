//! Proposes, on a group's leader, what only the next version knows, over and over: for trying machines of two versions together (R15). In programs that are
//! built for development, and there in machines that were told to be of the next version; see [`tertulia_state::trial`].

use std::sync::Arc;
use std::time::Duration;

use tertulia_state::AnyCommand;
use tertulia_state::trial::{self, Try};
use tertulia_types::Rejected;
use tokio_util::sync::CancellationToken;

use crate::failure::Unavailable;
use crate::group::Group;
use crate::router::decode;

/// Between two tries.
const STEP: Duration = Duration::from_millis(500);

/// Works whenever this copy leads, until told to stop.
pub(crate) async fn run(group: Arc<Group>, stop: CancellationToken) {
    if !trial::is_next() {
        return;
    }
    let tries = async {
        loop {
            tokio::time::sleep(STEP).await;
            group.until_leading().await;
            attempt(&group).await;
        }
    };
    let _: Option<()> = stop.run_until_cancelled(tries).await;
}

async fn attempt(group: &Group) {
    let Ok(command) = AnyCommand::from(Try { at: group.end() }).to_bytes() else {
        return;
    };
    let answer = group.submit(command).await;
    let group = format_args!("{:016x}", group.id);
    let tried: Result<Result<i64, Rejected>, Unavailable> = answer.and_then(decode);
    match tried {
        Ok(Ok(count)) => tracing::info!(group, count, "what the next version knows is carried out"),
        Ok(Err(rejected)) => tracing::warn!(group, %rejected, "what the next version knows is refused"),
        Err(Unavailable::Older) => tracing::info!(
            group,
            "what the next version knows is not proposed: a member is older"
        ),
        // Nobody waits for it.
        Err(_) => {}
    }
}
