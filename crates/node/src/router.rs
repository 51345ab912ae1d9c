//! The way of a verb: from the position of its home to the group, to the machine that leads it, and again if that was wrong.
//!
//! **Invariant:** hops and time are bounded; at the end there is an answer or a reason.
//! **Invariant:** a command may be carried out twice when an answer is lost. That is harmless, since commands from outside carry request keys, and a
//! courier's verbs carry versions (P6).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tertulia_state::{AnyQuery, Query};
use tertulia_types::{MachineId, Position, Rejected, Slot};
use tokio::time::Instant;

use crate::batch::Carried;
use crate::failure::{Failure, Unavailable};
use crate::finder::Finder;
use crate::group::Group;
use crate::raft::network::{Absence, Call, Letter, Transport, Unreached};
use crate::roster::Roster;
use crate::table::{Route, Table};
use crate::trace;

/// How long a verb may take in all: long enough for a leader to be replaced.
const VERB_DEADLINE: Duration = Duration::from_secs(5);
/// How long one machine may take to answer before another one is asked. Where this machine has a copy it learns of a new leader sooner, and goes there.
const HOP_DEADLINE: Duration = Duration::from_secs(2);
/// How often a verb follows news about who owns its home.
const MOVES_MAX: u32 = 8;
/// The first and the longest wait before asking again.
const PAUSE_MIN: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(200);

/// What a verb came to: its reply, or a refusal.
type Outcome<T> = Result<T, Rejected>;

/// Whom to ask.
#[derive(Clone)]
pub(crate) enum Target {
    /// A group that runs here.
    Here(Arc<Group>),
    /// A group at another machine.
    There(MachineId, u64),
}

/// Finds groups.
pub(crate) struct Router {
    machine: MachineId,
    transport: Arc<dyn Transport>,
    roster: Arc<Roster>,
    finder: Arc<Finder>,
    pub(crate) table: Arc<Table>,
}

impl Router {
    pub(crate) fn new(transport: Arc<dyn Transport>, finder: Arc<Finder>, table: Arc<Table>) -> Self {
        Self {
            machine: finder.me,
            transport,
            roster: finder.roster.clone(),
            finder,
            table,
        }
    }

    /// The route to a position: the one that is known, or else the one that is found.
    pub(crate) async fn route(&self, home: Position) -> Option<Route> {
        if let Some(known) = self.table.at(home) {
            return Some(known);
        }
        let found = self.finder.find(home).await?.route;
        self.table.learn(found);
        self.table.at(home)
    }

    /// The routes to all groups, in the order of the ring: those that are known, and those that are found where nobody is known; and whether a stretch of the
    /// ring is missing.
    pub(crate) async fn all(&self) -> (Vec<Route>, bool) {
        let mut routes: Vec<Route> = Vec::new();
        let mut is_partial = false;
        let mut slot = Some(Slot(0));
        while let Some(from) = slot {
            match self.route(from.end()).await {
                Some(route) => {
                    slot = route.descriptor.range.next_slot_behind(from);
                    if routes
                        .iter()
                        .all(|known| known.descriptor.group != route.descriptor.group)
                    {
                        routes.push(route);
                    }
                }
                None => {
                    is_partial = true;
                    // The next stretch that somebody is known to own.
                    slot = self.table.next_start(from);
                }
            }
        }
        (routes, is_partial)
    }

    /// Carries a command to its home.
    pub(crate) async fn submit<R: DeserializeOwned + Send + 'static>(
        &self,
        home: Position,
        command: Vec<u8>,
    ) -> Result<R, Failure> {
        let command = Arc::new(command);
        let ask = |target| {
            let command = command.clone();
            async move {
                decode(
                    self.submit_at(target, vec![command.to_vec()])
                        .await?
                        .pop()
                        .unwrap_or(Err(Unavailable::Timeout))?,
                )
            }
        };
        self.seek(home, ask).await
    }

    /// Carries a query to its home.
    pub(crate) async fn query<Q: Query + Into<AnyQuery> + Clone>(
        &self,
        query: &Q,
    ) -> Result<Q::Reply, Failure> {
        let ask = |target| async move {
            match target {
                Target::Here(group) => group.query(query).await,
                Target::There(machine, group) => {
                    let any: AnyQuery = query.clone().into();
                    let body = any.to_bytes().map_err(|_| Unavailable::Sick)?;
                    let answer: Carried = self.exchange(machine, group, Call::Query, body.into()).await?;
                    decode(answer?)
                }
            }
        };
        self.seek(query.home(), ask).await
    }

    /// Gives commands to a group, all at once, without following where they may have moved: one answer for each.
    pub(crate) async fn submit_at(
        &self,
        target: Target,
        commands: Vec<Vec<u8>>,
    ) -> Result<Vec<Carried>, Unavailable> {
        match target {
            Target::Here(group) => Ok(futures::future::join_all(
                commands.into_iter().map(|command| group.submit(command)),
            )
            .await),
            Target::There(machine, group) => {
                let count = commands.len();
                let answers: Vec<Carried> = self
                    .exchange(machine, group, Call::Submit, encode(&commands)?)
                    .await?;
                if answers.len() == count {
                    Ok(answers)
                } else {
                    Err(Unavailable::Unreached)
                }
            }
        }
    }

    /// Where to ask first for a group.
    pub(crate) fn target(&self, route: &Route) -> Result<Target, Unavailable> {
        let group = route.descriptor.group;
        match (
            self.roster.group(group).filter(|here| !here.is_sick()),
            route.machines.iter().find(|machine| **machine != self.machine),
        ) {
            (Some(here), elsewhere) => match (here.leader(), elsewhere) {
                (Some(leader), _) if leader != self.machine => Ok(Target::There(leader, group)),
                _ => Ok(Target::Here(here)),
            },
            (None, Some(machine)) => Ok(Target::There(*machine, group)),
            (None, None) if self.roster.is_closed() => Err(Unavailable::Stopping),
            (None, None) => Err(Unavailable::Unreached),
        }
    }

    /// Asks until there is an answer, or no more time.
    async fn seek<T, F, A>(&self, home: Position, ask: F) -> Result<T, Failure>
    where
        F: Fn(Target) -> A,
        A: Future<Output = Result<Outcome<T>, Unavailable>>,
    {
        let deadline = Instant::now() + VERB_DEADLINE;
        let mut pause = PAUSE_MIN;
        let mut moves = 0;
        let mut failures = 0;
        loop {
            let why = match self.route(home).await {
                Some(route) => match self.attempt(&route, &ask, deadline).await {
                    Ok(Ok(reply)) => return Ok(reply),
                    Ok(Err(Rejected::Moved { range, epoch })) if moves < MOVES_MAX => {
                        moves += 1;
                        self.table.moved(route.descriptor.group, range, epoch);
                        continue;
                    }
                    Ok(Err(rejected)) => return Err(rejected.into()),
                    Err(why) => {
                        failures += 1;
                        self.turn(route.descriptor.group, &why, failures);
                        why
                    }
                },
                None => Unavailable::Unowned,
            };
            let is_final = match why {
                Unavailable::Busy | Unavailable::Older => true,
                Unavailable::Stopping => self.roster.is_closed(),
                Unavailable::NotLeader { .. }
                | Unavailable::Timeout
                | Unavailable::Unreached
                | Unavailable::Unowned
                | Unavailable::Sick => false,
            };
            if is_final || Instant::now() + pause >= deadline {
                return Err(why.into());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Asks once. Where a copy of the group is here, news of another leader end the wait for the one that was asked.
    async fn attempt<T, F, A>(
        &self,
        route: &Route,
        ask: &F,
        deadline: Instant,
    ) -> Result<Outcome<T>, Unavailable>
    where
        F: Fn(Target) -> A,
        A: Future<Output = Result<Outcome<T>, Unavailable>>,
    {
        let hop = deadline.min(Instant::now() + HOP_DEADLINE);
        let target = self.target(route)?;
        let asked = match &target {
            Target::There(machine, group) => Some(*machine).zip(self.roster.group(*group)),
            Target::Here(_) => None,
        };
        let deposed = async {
            match asked {
                Some((machine, here)) => here.until_led_by_another(machine).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            answer = tokio::time::timeout_at(hop, ask(target)) => answer.unwrap_or(Err(Unavailable::Timeout)),
            () = deposed => Err(Unavailable::NotLeader { leader: None }),
        }
    }

    /// After a failure, asks somebody else first: who is said to lead, or the next one in the list. When all have been asked, the group is looked up again.
    pub(crate) fn turn(&self, group: u64, why: &Unavailable, failures: usize) {
        let machines = self.table.of(group).map_or(0, |route| route.machines.len());
        match why {
            Unavailable::NotLeader { leader: Some(leader) } => self.table.prefer(group, *leader),
            Unavailable::Busy | Unavailable::Older => {}
            Unavailable::NotLeader { leader: None }
            | Unavailable::Timeout
            | Unavailable::Unreached
            | Unavailable::Unowned
            | Unavailable::Sick
            | Unavailable::Stopping
                if failures > machines && self.roster.group(group).is_none() =>
            {
                self.table.forget(group);
            }
            Unavailable::NotLeader { leader: None }
            | Unavailable::Timeout
            | Unavailable::Unreached
            | Unavailable::Unowned
            | Unavailable::Sick
            | Unavailable::Stopping => self.table.turn(group),
        }
    }

    async fn exchange<R: DeserializeOwned>(
        &self,
        to: MachineId,
        group: u64,
        call: Call,
        body: Bytes,
    ) -> Result<R, Unavailable> {
        let answer = self
            .transport
            .exchange(
                to,
                Letter {
                    group,
                    to: None,
                    call,
                    body,
                    trace: trace::id(),
                },
                HOP_DEADLINE,
            )
            .await;
        match answer {
            Ok(Ok(bytes)) => postcard::from_bytes(&bytes).map_err(|_| Unavailable::Unreached),
            Ok(Err(
                Absence::NotYet | Absence::Gone | Absence::NeverHeard | Absence::Garbled | Absence::Stopped,
            )) => Err(Unavailable::Unreached),
            Err(Unreached::NoWay(_)) => Err(Unavailable::Unreached),
            Err(Unreached::Silent(_)) => Err(Unavailable::Timeout),
        }
    }
}

fn encode<T: Serialize>(value: &T) -> Result<Bytes, Unavailable> {
    postcard::to_stdvec(value)
        .map(Bytes::from)
        .map_err(|_| Unavailable::Sick)
}

/// Reads what a group answered. Bytes that cannot be read come from another version: nothing that asking again would mend.
pub(crate) fn decode<R: DeserializeOwned>(answer: Vec<u8>) -> Result<Outcome<R>, Unavailable> {
    postcard::from_bytes(&answer).map_err(|error| {
        tracing::error!(%error, "an answer cannot be read");
        Unavailable::Sick
    })
}
