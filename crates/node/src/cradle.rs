//! The cradle: where a database's worker lays down the child of a split, for `birth` to take up.

use std::io;
use std::sync::Arc;

use futures::future::BoxFuture;
use tertulia_state::Fault;
use tertulia_state::range::Birth;
use tertulia_types::MachineId;
use tokio::sync::mpsc;

use crate::raft::NodeId;
use crate::shelf::Copy;

/// A child whose database is made, and whose parent waits.
pub(crate) struct Newborn {
    pub(crate) birth: Birth,
    /// The id of this machine's copy: the one that it has in the parent.
    pub(crate) node: NodeId,
    /// The machines of all members.
    pub(crate) machines: Vec<MachineId>,
    /// The database, among the parts of the parent's.
    pub(crate) copy: Copy,
    /// Tells the parent.
    pub(crate) delivered: Delivered,
}

/// Where the databases' workers lay down what is born.
#[derive(Clone)]
pub(crate) struct Cradle {
    /// Whether there is, or was, a copy of a group here.
    is_known: Arc<dyn Fn(u64) -> bool + Send + Sync>,
    /// A group has one birth under way at most, so no more wait than there are groups.
    newborns: mpsc::UnboundedSender<Newborn>,
}

impl Cradle {
    /// A cradle, and what is laid into it.
    pub(crate) fn new(
        is_known: impl Fn(u64) -> bool + Send + Sync + 'static,
    ) -> (Self, mpsc::UnboundedReceiver<Newborn>) {
        let (newborns, laid) = mpsc::unbounded_channel();
        let is_known = Arc::new(is_known);
        (Self { is_known, newborns }, laid)
    }

    /// Whether there is, or was, a copy of the group here.
    pub(crate) fn knows(&self, group: u64) -> bool {
        (self.is_known)(group)
    }

    /// Lays down a child; somebody will tell its parent.
    pub(crate) fn lay(&self, newborn: Newborn) -> Result<(), Fault> {
        self.newborns
            .send(newborn)
            .map_err(|_| Fault::Damaged("nobody takes a child any more: the machine stops"))
    }
}

/// Tells a worker that the child which it waits for is on disk.
pub(crate) struct Delivered(Box<dyn FnOnce(io::Result<()>) -> BoxFuture<'static, ()> + Send>);

impl Delivered {
    /// `tell` is how.
    pub(crate) fn new(tell: impl FnOnce(io::Result<()>) -> BoxFuture<'static, ()> + Send + 'static) -> Self {
        Self(Box::new(tell))
    }

    /// The child is there, or cannot be.
    pub(crate) async fn tell(self, born: io::Result<()>) {
        (self.0)(born).await;
    }
}
