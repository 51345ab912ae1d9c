//! Tells those who listen here also of groups that have no copy on this machine: a gateway has none at all, and a large ring has more groups than a machine
//! keeps.
//!
//! For each such group one of its machines is asked what has happened since; it answers when there is something, or after a while with nothing.
//!
//! **Invariant:** events are hints: whoever may have missed some is told so, and reads the tables. That is so whenever another machine is asked, or the one
//! that is asked has started anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use tertulia_types::MachineId;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::ask::{Caller, Hear, Told};
use crate::events::{Events, Place};
use crate::roster::Roster;
use crate::router::Router;

/// How often it is looked which groups there are.
const ROUND: Duration = Duration::from_secs(3);
/// How long a machine that is asked waits for something to happen.
pub(crate) const HEAR_PATIENCE: Duration = Duration::from_secs(10);
/// How long its answer may take.
const DEADLINE: Duration = Duration::from_secs(14);
/// Before the next machine is asked, when one did not answer.
const PAUSE: Duration = Duration::from_secs(1);
/// Between two answers at least, so that many events travel together.
const BREATH: Duration = Duration::from_millis(20);

/// Hears what happens elsewhere.
pub(crate) struct Relay {
    pub(crate) events: Events,
    pub(crate) roster: Arc<Roster>,
    pub(crate) router: Arc<Router>,
    pub(crate) caller: Caller,
}

impl Relay {
    /// Works until told to stop.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let relay = Arc::new(self);
        let work = async {
            let mut tasks = JoinSet::new();
            let mut heard: BTreeMap<u64, AbortHandle> = BTreeMap::new();
            loop {
                let (routes, _) = relay.router.all().await;
                let elsewhere: BTreeSet<u64> = routes
                    .into_iter()
                    .map(|route| route.descriptor.group)
                    .filter(|group| relay.roster.group(*group).is_none())
                    .collect();
                heard.retain(|group, task| {
                    let stays = elsewhere.contains(group);
                    if !stays {
                        task.abort();
                    }
                    stays
                });
                for group in elsewhere {
                    heard
                        .entry(group)
                        .or_insert_with(|| tasks.spawn(relay.clone().hear(group)));
                }
                while tasks.try_join_next().is_some() {}
                let pause = ROUND.mul_f64(rand::rng().random_range(0.7..1.3));
                tokio::time::sleep(pause).await;
            }
        };
        let _: Option<()> = stop.run_until_cancelled(work).await;
    }

    /// Hears what happens in a group, for as long as it is elsewhere.
    async fn hear(self: Arc<Self>, group: u64) {
        // One machine after the other; the table's own order tells where verbs go.
        for turn in 0_usize.. {
            let machines = self.router.table.of(group).map(|route| route.machines);
            let machines = machines.unwrap_or_default();
            if let Some(machine) = machines.get(turn % machines.len().max(1)) {
                self.hear_from(*machine, group).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The same, for as long as this machine answers and has a copy.
    async fn hear_from(&self, machine: MachineId, group: u64) {
        let mut after: Option<Place> = None;
        while let Ok(Some(told)) = self.caller.ask(machine, Hear { group, after }, DEADLINE).await {
            let place = told.place;
            self.pass_on(group, after.is_some(), told);
            after = Some(place);
            tokio::time::sleep(BREATH).await;
        }
    }

    fn pass_on(&self, group: u64, is_sequel: bool, told: Told) {
        // A copy that has come here meanwhile tells for itself.
        if self.roster.group(group).is_some() {
            return;
        }
        if !is_sequel || !told.is_all {
            self.events.tell_of_gap(group);
        }
        self.events.pass_on(group, told.events);
    }
}
