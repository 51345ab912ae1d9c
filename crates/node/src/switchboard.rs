//! A network of machines that live in one process: for tests and simulations. It can be slow, and lines can be cut.
//!
//! Letters are handed over as values: there is nothing here that could damage them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::raft::network::{Absence, Letter, Transport, Unreached};
use crate::roster::Receive;
use tertulia_types::MachineId;

/// Connects a machine with others.
pub trait Network: Send + Sync + 'static {
    /// A machine comes: letters for it go to `receiver`, and its own go into the transport.
    fn connect(&self, machine: MachineId, receiver: Weak<dyn Receive>) -> Arc<dyn Transport>;
}

/// No network: a ring of one machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Network for Alone {
    fn connect(&self, _: MachineId, _: Weak<dyn Receive>) -> Arc<dyn Transport> {
        Arc::new(Self)
    }
}

#[async_trait]
impl Transport for Alone {
    async fn exchange(
        &self,
        to: MachineId,
        _: Letter,
        _: Duration,
    ) -> Result<Result<Bytes, Absence>, Unreached> {
        Err(Unreached::NoWay(to))
    }
}

/// Connects machines of one process. Clones are the same switchboard.
#[derive(Clone, Default)]
pub struct Switchboard(Arc<Mutex<Lines>>);

#[derive(Default)]
struct Lines {
    machines: BTreeMap<MachineId, Weak<dyn Receive>>,
    cut: BTreeSet<(MachineId, MachineId)>,
    /// Cut off from all others, those that come later too.
    isolated: BTreeSet<MachineId>,
    delay: Duration,
}

impl Switchboard {
    /// Each letter, and each answer, takes this long from now on.
    pub fn slow_down(&self, delay: Duration) {
        self.lines().delay = delay;
    }

    /// Nothing that `from` sends to `to` arrives any more, and no answers to it.
    pub fn cut(&self, from: MachineId, to: MachineId) {
        self.lines().cut.insert((from, to));
    }

    /// Nothing comes from this machine or goes to it.
    pub fn isolate(&self, machine: MachineId) {
        self.lines().isolated.insert(machine);
    }

    /// This machine is not isolated any more.
    pub fn take_back(&self, machine: MachineId) {
        self.lines().isolated.remove(&machine);
    }

    /// All lines work again.
    pub fn heal(&self) {
        let mut lines = self.lines();
        lines.cut.clear();
        lines.isolated.clear();
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_cut(&self, from: MachineId, to: MachineId) -> bool {
        let lines = self.lines();
        lines.cut.contains(&(from, to)) || lines.isolated.contains(&from) || lines.isolated.contains(&to)
    }
}

impl Network for Switchboard {
    fn connect(&self, machine: MachineId, receiver: Weak<dyn Receive>) -> Arc<dyn Transport> {
        self.lines().machines.insert(machine, receiver);
        Arc::new(Line {
            switchboard: self.clone(),
            from: machine,
        })
    }
}

/// One machine's end.
struct Line {
    switchboard: Switchboard,
    from: MachineId,
}

#[async_trait]
impl Transport for Line {
    async fn exchange(
        &self,
        to: MachineId,
        letter: Letter,
        deadline: Duration,
    ) -> Result<Result<Bytes, Absence>, Unreached> {
        let (receiver, delay) = {
            let lines = self.switchboard.lines();
            (lines.machines.get(&to).and_then(Weak::upgrade), lines.delay)
        };
        let receiver = receiver.ok_or(Unreached::NoWay(to))?;
        let way = async {
            tokio::time::sleep(delay).await;
            if self.switchboard.is_cut(self.from, to) {
                return std::future::pending().await;
            }
            let answer = receiver.receive(self.from, letter).await;
            tokio::time::sleep(delay).await;
            if self.switchboard.is_cut(self.from, to) {
                std::future::pending().await
            } else {
                answer
            }
        };
        tokio::time::timeout(deadline, way)
            .await
            .map_err(|_| Unreached::Silent(to))
    }
}
