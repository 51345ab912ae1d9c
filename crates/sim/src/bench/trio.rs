//! Three machines on this computer that are one ring, one of them killed, and a fourth that joins.
//!
//! **Invariant:** nothing is measured before each range is led and all its copies are complete.
//!
//! Deliberately absent: a network. All machines share the processors and the disk of this computer, as those of the peer do.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tertulia_types::MachineId;
use tertulia_types::ring::RingStatus;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::load::Outcome;
use super::machine::Crowd;
use crate::machine::Machine;

/// Far more than it takes: who is not done by then is ill.
const SETTLE_WAIT_MAX: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(200);
/// Under load before and after a machine is killed.
const BEFORE: Duration = Duration::from_secs(2);
const AFTER: Duration = Duration::from_secs(4);
/// Clients while machines come and go: enough to see each pause, too few to fill the processors.
const CLIENTS: usize = 8;
/// A copy that is so few entries behind is complete under load.
const LAG_ENTRIES_MAX: u64 = 256;

/// The machines.
#[derive(Debug)]
pub struct Trio {
    program: PathBuf,
    folder: PathBuf,
    machines: Vec<Machine>,
}

/// What a join cost.
#[derive(Debug)]
pub struct Joined {
    /// Bytes of the newcomer's copies.
    pub bytes: u64,
    /// From its start until all its copies were complete.
    pub took: Duration,
    /// What people saw meanwhile.
    pub writes: Outcome,
}

impl Trio {
    /// Starts three machines, and waits until they are one ring.
    ///
    /// # Errors
    /// When one does not come up.
    pub async fn start(program: &Path, folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut trio = Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
            machines: Vec::new(),
        };
        let mut first = trio.machine()?;
        first.start().await?;
        trio.machines.push(first);
        for _ in 1..3 {
            trio.join().await?;
        }
        trio.settle().await?;
        Ok(trio)
    }

    /// Where they listen.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.machines.iter().map(Machine::address).collect()
    }

    /// Their process ids.
    #[must_use]
    pub fn ids(&self) -> Vec<u32> {
        self.machines.iter().filter_map(Machine::id).collect()
    }

    /// Kills the machine that leads most while people write through the others, and starts it again. The answers' latencies: the longest is the pause.
    ///
    /// # Errors
    /// When the ring does not come to rest again.
    pub async fn fail_over(&mut self, writers: &Crowd) -> Result<Outcome> {
        let victim = self.busiest_leader().await?;
        let others = self.addresses_without(victim);
        let over = CancellationToken::new();
        let blow = async {
            sleep(BEFORE).await;
            self.machines[victim].kill();
            sleep(AFTER).await;
            over.cancel();
        };
        let (writes, ()) = tokio::join!(writers.insist(&others, CLIENTS, &over), blow);
        self.machines[victim].start().await?;
        self.settle().await?;
        writes
    }

    /// Lets another machine join while people write.
    ///
    /// # Errors
    /// When it does not come in.
    pub async fn join_under_load(&mut self, writers: &Crowd) -> Result<Joined> {
        let doors = self.addresses();
        let over = CancellationToken::new();
        let join = async {
            let joined = self.join_and_copy().await;
            over.cancel();
            joined
        };
        let (writes, joined) = tokio::join!(writers.insist(&doors, CLIENTS, &over), join);
        let (bytes, took) = joined?;
        Ok(Joined {
            bytes,
            took,
            writes: writes?,
        })
    }

    async fn join_and_copy(&mut self) -> Result<(u64, Duration)> {
        let began = Instant::now();
        self.join().await?;
        let status = self.settle().await?;
        let took = began.elapsed();
        let newcomer = self.id_of(self.machines.len() - 1).await?;
        let copied = status
            .ranges
            .iter()
            .filter(|range| range.copies.iter().any(|copy| copy.machine == newcomer));
        Ok((copied.filter_map(|range| range.bytes).sum(), took))
    }

    fn machine(&self) -> Result<Machine> {
        let data = self.folder.join(format!("machine-{}", self.machines.len()));
        Ok(Machine::new(&self.program, &data)?)
    }

    async fn join(&mut self) -> Result<()> {
        let made = self.command(0, "token").await?;
        let contact = made["contacts"][0].as_str().context("a contact")?;
        let token = made["token"].as_str().context("a token")?;
        let mut newcomer = self.machine()?;
        newcomer.be_started_by(["join", contact, "--token", token]);
        newcomer.start().await?;
        self.machines.push(newcomer);
        Ok(())
    }

    /// Waits until each range is led, and all its copies are complete.
    async fn settle(&self) -> Result<RingStatus> {
        let end = Instant::now() + SETTLE_WAIT_MAX;
        loop {
            let status = self.status(0).await?;
            let copies = self.machines.len().min(usize::from(status.ring.replicas));
            let is_settled = !status.is_partial
                && status.machines.len() == self.machines.len()
                && status.ranges.iter().all(|range| {
                    let is_complete = |lag: Option<u64>| lag.is_some_and(|lag| lag <= LAG_ENTRIES_MAX);
                    range.is_led
                        && range.copies.len() == copies
                        && range.copies.iter().all(|copy| is_complete(copy.lag_entries))
                });
            if is_settled {
                return Ok(status);
            }
            if Instant::now() > end {
                bail!("the ring does not come to rest: {status:#?}");
            }
            sleep(LOOK).await;
        }
    }

    async fn busiest_leader(&self) -> Result<usize> {
        let status = self.status(0).await?;
        let mut most = (0, 0);
        for number in 0..self.machines.len() {
            let id = self.id_of(number).await?;
            let led = status.ranges.iter().filter(|range| range.leader == Some(id));
            most = most.max((led.count(), number));
        }
        Ok(most.1)
    }

    async fn id_of(&self, number: usize) -> Result<MachineId> {
        let status = self.status(number).await?;
        let this = status.machines.iter().find(|machine| machine.is_this);
        this.map(|machine| machine.id)
            .context("a machine knows which one it is")
    }

    fn addresses_without(&self, number: usize) -> Vec<SocketAddr> {
        let mut addresses = self.addresses();
        addresses.remove(number);
        addresses
    }

    async fn status(&self, number: usize) -> Result<RingStatus> {
        Ok(serde_json::from_value(self.command(number, "status").await?)?)
    }

    async fn command(&self, number: usize, word: &str) -> Result<Value> {
        let ran = self.machines[number].command(&[word]).await?;
        ensure!(
            ran.status.success(),
            "{word}: {}",
            String::from_utf8_lossy(&ran.stderr)
        );
        Ok(serde_json::from_slice(&ran.stdout)?)
    }
}
