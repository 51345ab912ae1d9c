//! One life of a machine: from its start to its stop or its crash.
//!
//! A machine's tasks run among those of the others and cannot be torn out at once, as a crash would. So a crash takes the world away from them: the disk is
//! frozen as it was at that step (what is written later goes to a copy that nobody reads again), no letter comes or goes any more, and no answer counts.
//! The tasks of the dead life are then stopped in the background, unaware.
//!
//! **Invariant:** nothing that a life does after its end reaches a disk, another machine or a person.

use std::sync::Arc;

use tertulia_node::Node;
use tokio_util::sync::CancellationToken;

use super::Name;
use crate::disk::Disk;

/// Whether a life goes on. Clones are the same pulse.
#[derive(Clone)]
pub struct Pulse {
    disk: Disk,
    ended: CancellationToken,
}

impl Pulse {
    /// The pulse of a life on this disk.
    #[must_use]
    pub fn new(disk: Disk) -> Self {
        Self {
            disk,
            ended: CancellationToken::new(),
        }
    }

    /// Whether the life has ended: at once, when its disk has come to the step at which it loses power.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.ended.is_cancelled() || self.disk.has_crashed()
    }

    /// The life is over.
    pub(super) fn end(&self) {
        self.ended.cancel();
    }

    /// Waits until the disk comes to the step at which it loses power, or the life is over.
    pub(super) async fn until_gone(&self) {
        let _: Option<()> = self.ended.run_until_cancelled(self.disk.until_crashed()).await;
    }

    /// Waits for what somebody asked of this machine; `None` if the machine did not live to answer.
    pub async fn answer<T>(&self, asked: impl Future<Output = T>) -> Option<T> {
        let answer = self.ended.run_until_cancelled(asked).await?;
        (!self.is_gone()).then_some(answer)
    }
}

/// A machine that runs.
pub struct Life {
    /// Which machine.
    pub name: Name,
    /// The machine.
    pub node: Arc<Node>,
    /// Whether it still runs.
    pub pulse: Pulse,
}
