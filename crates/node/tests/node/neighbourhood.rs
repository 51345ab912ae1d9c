//! A ring of machines in one process, in a hurry: what takes minutes in service takes moments here.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::community::options;
use tempfile::TempDir;
use tertulia_node::switchboard::Switchboard;
use tertulia_node::{Charter, MachineId, Node, Options, Patience};
use tertulia_ring::settings::{Interval, Settings};
use tertulia_types::Role;
use tertulia_types::ring::{CopyKind, RingStatus};

pub(crate) const HASTE: Patience = Patience {
    grace: Duration::from_secs(3),
    calm: Duration::from_millis(300),
    homecoming: Duration::from_millis(500),
    loneliness: Duration::from_secs(1),
    round: Duration::from_millis(100),
};

pub(crate) fn chord() -> Settings {
    let soon = |min_ms, max_ms| Interval { min_ms, max_ms };
    Settings {
        probe: soon(60, 100),
        stabilise: soon(60, 120),
        finger: soon(100, 200),
        reply_timeout_ms: 200,
        hearsay_ms: 1000,
        late_ms: 2000,
        ..Settings::default()
    }
}

/// Machines on one switchboard.
pub(crate) struct Neighbourhood {
    directory: TempDir,
    pub(crate) switchboard: Switchboard,
    pub(crate) machines: Vec<Arc<Node>>,
    opened: usize,
}

impl Neighbourhood {
    /// A ring of one.
    pub(crate) async fn new() -> Self {
        Self::new_with(|_| {}).await
    }

    /// The same, with something different about the founder.
    pub(crate) async fn new_with(change: impl FnOnce(&mut Options)) -> Self {
        let mut this = Self {
            directory: tempfile::tempdir().expect("a directory"),
            switchboard: Switchboard::default(),
            machines: Vec::new(),
            opened: 0,
        };
        let mut options = this.options("0".into());
        change(&mut options);
        let founder = Node::open(options).await.expect("opens");
        founder.until_ready().await;
        this.machines.push(founder);
        this.opened = 1;
        this
    }

    /// A ring of several: the first one, and newcomers as `role`.
    pub(crate) async fn of(count: usize, role: Role) -> Self {
        let mut this = Self::new().await;
        for _ in 1..count {
            this.join(role).await;
        }
        this
    }

    pub(crate) fn options(&self, name: String) -> Options {
        Options {
            network: Arc::new(self.switchboard.clone()),
            patience: Some(HASTE),
            chord: chord(),
            ..options(&self.path(&name), 1)
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// One more machine, in an empty directory.
    pub(crate) async fn join(&mut self, role: Role) -> Arc<Node> {
        self.join_with(role, |_| {}).await
    }

    /// The same, with something different about it.
    pub(crate) async fn join_with(&mut self, role: Role, change: impl FnOnce(&mut Options)) -> Arc<Node> {
        let name = self.opened.to_string();
        self.opened += 1;
        let charter = self.machines[0]
            .charter()
            .admit(&self.path(&name), role)
            .expect("is let in");
        let mut options = Options {
            charter: Some(charter),
            ..self.options(name)
        };
        change(&mut options);
        let node = Node::open(options).await.expect("opens");
        node.settle_in(Some(role)).await.expect("finds its place");
        self.machines.push(node.clone());
        node
    }

    /// Stops a machine as a crash would seem to the others, and forgets it.
    pub(crate) async fn lose(&mut self, place: usize) -> MachineId {
        let lost = self.machines.remove(place);
        let machine = lost.member().machine;
        self.switchboard.isolate(machine);
        lost.stop().await;
        machine
    }

    /// Stops a machine that was never lost, does something to its directory, and opens it again.
    pub(crate) async fn reopen(&mut self, place: usize, meanwhile: impl FnOnce(&Path)) -> Arc<Node> {
        let stopped = self.machines.remove(place);
        stopped.stop().await;
        let identity = stopped.identity().clone();
        drop(stopped);
        let name = place.to_string();
        meanwhile(&self.path(&name));
        let options = Options {
            charter: Charter::read(&identity).expect("reads"),
            ..self.options(name)
        };
        let node = Node::open(options).await.expect("opens");
        self.machines.insert(place, node.clone());
        node
    }

    /// Waits until each range has a leader and all the copies it should have, and they have caught up, as the first machine sees it.
    pub(crate) async fn until_settled(&self, voters: usize, copies: usize) {
        let mut last = None;
        let settled = async {
            loop {
                let status = self.machines[0].status().await;
                if is_settled(&status, voters, copies) {
                    return;
                }
                last = Some(status);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), settled).await;
        assert!(waited.is_ok(), "not settled: {last:#?}");
    }
}

pub(crate) fn is_settled(status: &RingStatus, voters: usize, copies: usize) -> bool {
    !status.ranges.is_empty()
        && status.ranges.iter().all(|range| {
            let votes = range
                .copies
                .iter()
                .filter(|copy| copy.kind == CopyKind::Voter)
                .count();
            let is_fresh = |lag: Option<u64>| lag.is_some_and(|lag| lag < 10);
            range.is_led
                && votes == voters
                && range.copies.len() == copies
                && range.copies.iter().all(|copy| is_fresh(copy.lag_entries))
        })
}
