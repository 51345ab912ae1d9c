//! Carries out what a group owes other homes: on the group's leader, row by row of its outbox, as ordinary verbs through the ordinary router.
//!
//! Rows are read in order and sorted into one *lane* per destination group. A lane has one call under way at a time, with up to 256 verbs, which become
//! one entry of the destination's log; when the destination cannot be reached, the lane waits, longer each time, and the other lanes go on. After a failure
//! fewer verbs go at a time, down to one: their answers may have been more than a letter holds. What came of the verbs is settled at the group itself, in batches.
//!
//! **Invariant:** a row leaves the outbox only by [`Settle`], after the destination has answered.
//! **Invariant:** a walk goes on from where the destination's range ended *when it applied the hop*, which is in its answer (O2); but first it goes back to whom
//! that hop has passed by, if they came while it was under way. The cursor is kept in memory only: a new leader begins the walk again, and repeats change nothing.
//! **Invariant:** two couriers at once (an old leader's) are harmless: verbs are versioned upserts, and what is settled twice is settled once (O4).
//!
//! It is woken by what is applied, and by its own waits; it never polls.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use rand::RngExt;
use tertulia_state::outbox::{Hop, Parcel, Pending, Resume, Settle, Settled, Walked};
use tertulia_state::{AnyCommand, Query};
use tertulia_types::{Position, Rejected, Slot};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::batch::Carried;
use crate::failure::Unavailable;
use crate::group::Group;
use crate::hold::Hold;
use crate::router::{Router, Target, decode};

/// Verbs in one call at most.
const CALL_VERBS: usize = 256;
/// Bytes in one call, or in one settlement: far less than a letter may have, since answers may be longer than what was asked.
const CALL_BYTES: usize = 1 << 20;
/// Homes that are looked for at the same time.
const LOOKUPS_AT_ONCE: usize = 16;
/// Rows that are read at once.
const PAGE_ROWS: u32 = 256;
/// Parcels that wait in one lane at most; the rows behind them are read again when it has room.
const LANE_PARCELS: usize = 1024;
/// Settlements under way at most.
const SETTLING_MAX: usize = 2;
/// How long one call may take.
const CALL_DEADLINE: Duration = Duration::from_secs(5);
/// The first and the longest wait for a destination that cannot be reached.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// The lane of what nobody is known to own; no group has this id.
const NOBODY: u64 = 0;

/// A group's courier on this machine; it works while the group is led from here.
pub(crate) struct Courier {
    pub(crate) group: Arc<Group>,
    pub(crate) router: Arc<Router>,
    /// Rung when rows were written.
    pub(crate) errands: Arc<Notify>,
    /// Whether something may be carried now.
    pub(crate) hold: Hold,
}

/// A parcel with something to carry.
struct Load {
    seq: u64,
    home: Position,
    command: Vec<u8>,
    /// Of a hop of a walk: from which slot on it was looked for.
    walk: Option<Slot>,
}

/// What waits for one destination group.
struct Lane {
    loads: VecDeque<Load>,
    is_out: bool,
    /// How many go at a time.
    most: usize,
    /// Zero, unless the last call has failed.
    pause: Duration,
    /// Calls that have failed since one has not.
    failures: usize,
    not_before: Option<Instant>,
    /// The first row that was passed over because the lane was full.
    skipped: Option<u64>,
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            loads: VecDeque::new(),
            is_out: false,
            most: CALL_VERBS,
            pause: Duration::ZERO,
            failures: 0,
            not_before: None,
            skipped: None,
        }
    }
}

impl Lane {
    /// A call is back: the lane may go again, after a failure only when it has waited.
    fn rest(&mut self, failed: bool) {
        self.is_out = false;
        if failed {
            self.failures += 1;
            self.most = (self.most / 2).max(1);
            self.pause = (self.pause * 2).clamp(PAUSE_MIN, PAUSE_MAX);
            self.not_before = Some(Instant::now() + self.pause.mul_f64(rand::rng().random_range(0.5..1.0)));
        } else {
            self.failures = 0;
            self.most = (self.most * 2).min(CALL_VERBS);
            self.pause = Duration::ZERO;
            self.not_before = None;
        }
    }

    fn is_full(&self) -> bool {
        self.loads.len() >= LANE_PARCELS
    }

    fn has_room(&self) -> bool {
        self.loads.len() < LANE_PARCELS / 2
    }

    fn is_healthy(&self) -> bool {
        self.pause.is_zero()
    }

    /// Where it works and has room; also where nothing is left: its destination may be gone for good, and the rows that were passed over belong elsewhere.
    fn may_be_refilled(&self) -> bool {
        (self.is_healthy() && self.has_room()) || (self.loads.is_empty() && !self.is_out)
    }
}

/// A call that has come back.
enum Landed {
    /// From a destination, with an answer for each load.
    Call(u64, Vec<Load>, Result<Vec<Carried>, Unavailable>),
    /// From this group's own settling.
    Settled(Vec<Settled>, Result<(), Unavailable>),
}

/// What a courier knows while it leads.
struct Round<'a> {
    courier: &'a Courier,
    lanes: BTreeMap<u64, Lane>,
    /// Rows that are in a lane, under way, or being settled.
    held: BTreeSet<u64>,
    /// Rows up to here have been looked at.
    after_seq: u64,
    /// There may be rows behind `after_seq`.
    has_more: bool,
    /// A lane that works, and must have room before more rows are looked at.
    waiting_for: Option<u64>,
    /// Hops that were answered, and whose walks go on.
    again: Vec<Hop>,
    settled: Vec<Settled>,
    settling: usize,
    under_way: FuturesUnordered<BoxFuture<'static, Landed>>,
}

impl Courier {
    /// Works whenever this copy leads, until told to stop.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let rounds = async {
            loop {
                self.group.until_leading().await;
                let mut round = Round::new(&self);
                tokio::select! {
                    () = round.work() => {}
                    () = self.group.until_not_leading() => {}
                }
            }
        };
        // What is under way is dropped: the next courier carries it again (O4).
        let _: Option<()> = stop.run_until_cancelled(rounds).await;
    }

    async fn page(&self, after_seq: u64) -> Result<Vec<Parcel>, Unavailable> {
        self.look(Pending {
            at: self.group.end(),
            after_seq,
            limit: PAGE_ROWS,
        })
        .await
    }

    async fn look<Q: Query>(&self, query: Q) -> Result<Q::Reply, Unavailable> {
        // A courier asks its own group about itself; a refusal means that its range has just changed, and the next look knows.
        let read = self.group.look_aside(query).await?;
        read.map_err(|_| Unavailable::Unowned)
    }
}

impl<'a> Round<'a> {
    fn new(courier: &'a Courier) -> Self {
        Self {
            courier,
            lanes: BTreeMap::new(),
            held: BTreeSet::new(),
            after_seq: 0,
            has_more: true,
            waiting_for: None,
            again: Vec::new(),
            settled: Vec::new(),
            settling: 0,
            under_way: FuturesUnordered::new(),
        }
    }

    /// Goes on until the future is dropped, or the database cannot be read.
    async fn work(&mut self) {
        let errands = self.courier.errands.clone();
        loop {
            let read = self.read().await;
            if let Err(why) = &read {
                tracing::warn!(group = self.courier.group.id, %why, "the courier cannot read the outbox");
                tokio::time::sleep(PAUSE_MAX).await;
                return;
            }
            self.depart();
            let due = self.next_due();
            tokio::select! {
                Some(landed) = self.under_way.next(), if !self.under_way.is_empty() => self.land(landed),
                () = errands.notified() => self.has_more = true,
                () = wait_until(due) => {}
                () = tokio::task::yield_now(), if read == Ok(true) => {}
            }
        }
    }

    /// Reads one page of what there is room for; returns whether there was something to read.
    async fn read(&mut self) -> Result<bool, Unavailable> {
        if !self.again.is_empty() {
            return self.read_again().await;
        }
        if self.settled.len() >= CALL_VERBS {
            return Ok(false);
        }
        let is_blocked = self
            .waiting_for
            .and_then(|group| self.lanes.get(&group))
            .is_some_and(|lane| lane.is_healthy() && !lane.has_room());
        if self.has_more && !is_blocked {
            return self.read_on().await;
        }
        let emptied = self
            .lanes
            .iter()
            .find(|(_, lane)| lane.skipped.is_some() && lane.may_be_refilled());
        match emptied.and_then(|(group, lane)| lane.skipped.map(|seq| (*group, seq))) {
            Some((group, seq)) => self.refill(group, seq).await,
            None => Ok(false),
        }
    }

    /// Reads rows that are to be carried again.
    async fn read_again(&mut self) -> Result<bool, Unavailable> {
        let rows: Vec<_> = self
            .again
            .drain(..self.again.len().min(PAGE_ROWS as usize))
            .collect();
        let resume = Resume {
            at: self.courier.group.end(),
            rows: rows.clone(),
        };
        let parcels = self.courier.look(resume).await?;
        for hop in rows {
            self.held.remove(&hop.seq);
        }
        for parcel in parcels {
            let seq = parcel.seq;
            if let Some(group) = self.place(parcel) {
                self.skip(group, seq);
            }
        }
        Ok(true)
    }

    /// Reads rows that are new. A lane that works is waited for; one whose destination cannot be reached is not.
    async fn read_on(&mut self) -> Result<bool, Unavailable> {
        self.waiting_for = None;
        let parcels = self.courier.page(self.after_seq).await?;
        self.has_more = parcels.len() == PAGE_ROWS as usize;
        for parcel in parcels {
            let seq = parcel.seq;
            if let Some(group) = self.place(parcel) {
                if self.lanes.get(&group).is_some_and(Lane::is_healthy) {
                    self.waiting_for = Some(group);
                    self.has_more = true;
                    break;
                }
                self.skip(group, seq);
            }
            self.after_seq = seq;
        }
        Ok(true)
    }

    /// Reads rows again that were passed over when a lane was full.
    async fn refill(&mut self, group: u64, from_seq: u64) -> Result<bool, Unavailable> {
        let parcels = self.courier.page(from_seq.saturating_sub(1)).await?;
        let mut next = parcels
            .last()
            .filter(|_| parcels.len() == PAGE_ROWS as usize)
            .map(|last| last.seq + 1);
        for parcel in parcels {
            let seq = parcel.seq;
            match self.place(parcel) {
                Some(full) if full == group => {
                    next = Some(seq);
                    break;
                }
                Some(other) => self.skip(other, seq),
                None => {}
            }
        }
        if let Some(lane) = self.lanes.get_mut(&group) {
            lane.skipped = next.filter(|seq| *seq <= self.after_seq);
        }
        Ok(true)
    }

    fn skip(&mut self, group: u64, seq: u64) {
        let lane = self.lanes.entry(group).or_default();
        lane.skipped = Some(lane.skipped.map_or(seq, |first| first.min(seq)));
    }

    /// Finds a place for a parcel; returns the group whose lane is full, if so.
    fn place(&mut self, parcel: Parcel) -> Option<u64> {
        let Parcel { seq, command, walk } = parcel;
        if self.held.contains(&seq) {
            return None;
        }
        let Some(command) = command else {
            self.held.insert(seq);
            self.settled.push(Settled {
                seq,
                result: Ok(None),
            });
            return None;
        };
        match AnyCommand::from_bytes(&command) {
            Ok(any) => {
                let group = self.destination(any.home());
                let lane = self.lanes.entry(group).or_default();
                if lane.is_full() {
                    return Some(group);
                }
                self.held.insert(seq);
                lane.loads.push_back(Load {
                    seq,
                    home: any.home(),
                    command,
                    walk,
                });
            }
            Err(fault) => tracing::error!(seq, %fault, "a parcel cannot be read; it stays"),
        }
        None
    }

    /// The group that owns a position; [`NOBODY`]'s lane looks for those of whom none is known.
    fn destination(&self, home: Position) -> u64 {
        self.courier
            .router
            .table
            .at(home)
            .map_or(NOBODY, |route| route.descriptor.group)
    }

    /// Puts a load that has come back into the lane where it belongs now, before the others.
    fn requeue(&mut self, load: Load) {
        let group = self.destination(load.home);
        self.lanes.entry(group).or_default().loads.push_front(load);
    }

    /// Sends out what can go now.
    fn depart(&mut self) {
        let now = Instant::now();
        let mut leaving = Vec::new();
        for (group, lane) in &mut self.lanes {
            if !lane.is_out && !lane.loads.is_empty() && lane.not_before.is_none_or(|due| due <= now) {
                lane.is_out = true;
                let sizes = lane.loads.iter().map(|load| load.command.len());
                let count = fitting(sizes.take(lane.most));
                leaving.push((*group, lane.loads.drain(..count).collect()));
            }
        }
        for (group, loads) in leaving {
            self.call(group, loads);
        }
        while !self.settled.is_empty() && self.settling < SETTLING_MAX {
            self.settle();
        }
    }

    fn call(&mut self, group: u64, loads: Vec<Load>) {
        let (router, hold) = (self.courier.router.clone(), self.courier.hold.clone());
        let commands = loads.iter().map(|load| load.command.clone()).collect();
        let homes: BTreeSet<Position> = loads.iter().map(|load| load.home).collect();
        self.under_way.push(Box::pin(async move {
            if group == NOBODY {
                // Once they are found, the loads go into the lanes where they belong.
                let found = futures::stream::iter(homes)
                    .map(|home| router.route(home))
                    .buffer_unordered(LOOKUPS_AT_ONCE)
                    .for_each(|_| std::future::ready(()));
                let _ = tokio::time::timeout(CALL_DEADLINE, found).await;
                return Landed::Call(group, loads, Err(Unavailable::Unowned));
            }
            let _carried = hold.carry().await;
            let route = router.table.of(group).ok_or(Unavailable::Unowned);
            let answers = match route.and_then(|route| router.target(&route)) {
                Ok(target) => within(CALL_DEADLINE, router.submit_at(target, commands)).await,
                Err(unavailable) => Err(unavailable),
            };
            Landed::Call(group, loads, answers)
        }));
    }

    fn settle(&mut self) {
        let (router, group) = (self.courier.router.clone(), self.courier.group.clone());
        let count = fitting(self.settled.iter().map(settled_bytes));
        let parcels: Vec<Settled> = self.settled.drain(..count).collect();
        self.settling += 1;
        self.under_way.push(Box::pin(async move {
            let settled = async {
                let settle: AnyCommand = Settle {
                    at: group.end(),
                    parcels: parcels.clone(),
                }
                .into();
                let command = settle.to_bytes().map_err(|_| Unavailable::Sick)?;
                let answer = router
                    .submit_at(Target::Here(group.clone()), vec![command])
                    .await?
                    .pop();
                decode::<()>(answer.unwrap_or(Err(Unavailable::Timeout))?)?.map_err(|_| Unavailable::Unowned)
            };
            let settled = within(CALL_DEADLINE, settled).await;
            if settled.is_err() {
                tokio::time::sleep(PAUSE_MIN).await;
            }
            Landed::Settled(parcels, settled)
        }));
    }

    fn land(&mut self, landed: Landed) {
        match landed {
            Landed::Call(group, loads, Ok(answers)) => {
                let failed = answers
                    .iter()
                    .find_map(|answer| answer.as_ref().err())
                    .inspect(|why| self.learn(group, why))
                    .is_some();
                self.rest(group, failed);
                for (load, answer) in loads.into_iter().zip(answers) {
                    match answer {
                        Ok(bytes) => self.answered(group, load, bytes),
                        Err(_) => self.requeue(load),
                    }
                }
            }
            Landed::Call(NOBODY, loads, Err(_)) => {
                let router = &self.courier.router;
                let are_found = loads.iter().all(|load| router.table.at(load.home).is_some());
                self.rest(NOBODY, !are_found);
                loads.into_iter().rev().for_each(|load| self.requeue(load));
            }
            Landed::Call(group, loads, Err(why)) => {
                tracing::debug!(group = format_args!("{group:016x}"), %why, "a destination cannot be reached now");
                self.learn(group, &why);
                self.rest(group, true);
                loads.into_iter().rev().for_each(|load| self.requeue(load));
            }
            Landed::Settled(parcels, Ok(())) => {
                self.settling -= 1;
                for settled in &parcels {
                    self.held.remove(&settled.seq);
                }
            }
            Landed::Settled(parcels, Err(_)) => {
                // Not leading any more, or too much to do: once more, if this round goes on.
                self.settling -= 1;
                self.settled.extend(parcels);
            }
        }
    }

    /// A destination has answered.
    fn answered(&mut self, group: u64, load: Load, answer: Vec<u8>) {
        let seq = load.seq;
        match outcome(answer) {
            None => tracing::error!(seq, "the answer to a parcel cannot be read; it stays"),
            Some(Ok(reply)) => match load.walk.map(|from| (from, postcard::from_bytes(&reply))) {
                // At its end too: whether somebody has come whom it has passed by.
                Some((from, Ok(Walked { next }))) => self.again.push(Hop {
                    seq,
                    from,
                    to: load.home.slot(),
                    next,
                }),
                Some((_, Err(error))) => {
                    tracing::error!(seq, %error, "the answer to a walk cannot be read; it stays");
                }
                None => self.settled.push(Settled {
                    seq,
                    result: Ok(Some(reply)),
                }),
            },
            Some(Err(Rejected::Moved { range, epoch })) => {
                self.courier.router.table.moved(group, range, epoch);
                self.requeue(load);
            }
            Some(Err(rejected)) => self.settled.push(Settled {
                seq,
                result: Err(rejected),
            }),
        }
    }

    fn learn(&self, group: u64, why: &Unavailable) {
        let failures = self.lanes.get(&group).map_or(0, |lane| lane.failures) + 1;
        self.courier.router.turn(group, why, failures);
    }

    fn rest(&mut self, group: u64, failed: bool) {
        self.lanes.entry(group).or_default().rest(failed);
    }

    /// When a lane may go again that waits.
    fn next_due(&self) -> Option<Instant> {
        self.lanes
            .values()
            .filter(|lane| !lane.is_out && !lane.loads.is_empty())
            .filter_map(|lane| lane.not_before)
            .min()
    }
}

/// How many go together: at least one, if there is one.
fn fitting(sizes: impl Iterator<Item = usize>) -> usize {
    let mut bytes = 0;
    sizes
        .take(CALL_VERBS)
        .enumerate()
        .take_while(|(number, size)| {
            bytes += size;
            *number == 0 || bytes <= CALL_BYTES
        })
        .count()
}

fn settled_bytes(settled: &Settled) -> usize {
    match &settled.result {
        Ok(Some(reply)) => reply.len(),
        Ok(None) | Err(_) => 0,
    }
}

/// Takes an answer apart: the encoded reply, or the refusal; `None` if it is neither.
fn outcome(mut answer: Vec<u8>) -> Option<Result<Vec<u8>, Rejected>> {
    match answer.first() {
        Some(0) => {
            answer.remove(0);
            Some(Ok(answer))
        }
        _ => decode::<()>(answer).ok()?.err().map(Err),
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Unavailable>>,
) -> Result<T, Unavailable> {
    tokio::time::timeout(limit, work)
        .await
        .unwrap_or(Err(Unavailable::Timeout))
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use tertulia_state::account::Register;
    use tertulia_state::dweet::Publish;
    use tertulia_state::follow::Follow;
    use tertulia_state::page::Page;
    use tertulia_state::request::RequestKey;
    use tertulia_state::session::{Actor, NewSession, SecretHash};
    use tertulia_state::timeline::Home;
    use tertulia_types::Scopes;
    use tertulia_types::view::{Body, Visibility};

    use super::*;
    use crate::node::{Node, Options};

    async fn register(node: &Node, number: u8) -> Actor {
        let session = SecretHash([number; 32]);
        let register = Register {
            nick: format!("p{number}").parse().unwrap(),
            name: String::new(),
            password: String::new(),
            language: None,
            key: RequestKey([number; 16]),
            session: NewSession {
                hash: session,
                scopes: Scopes::EVERYTHING,
                label: String::new(),
                client: None,
            },
        };
        let account = node.submit(register).await.unwrap().id;
        Actor { account, session }
    }

    async fn publish(node: &Node, actor: Actor, number: u8) {
        let body = Body {
            text: format!("{number}"),
            spoiler: String::new(),
            visibility: Visibility::Public,
            sensitive: false,
            language: None,
            reply_to: None,
            mentions: Vec::new(),
            tags: Vec::new(),
            application: None,
        };
        let key = RequestKey([number; 16]);
        node.submit(Publish { actor, body, key }).await.unwrap();
    }

    /// What is asked for may be more than one letter holds: then it must not be asked for in the same way for ever.
    #[test]
    fn after_a_failure_fewer_verbs_go_at_a_time() {
        let mut lane = Lane::default();
        let mut most = vec![lane.most];
        for _ in 0..10 {
            lane.rest(true);
            most.push(lane.most);
        }
        assert_eq!(most, [256, 128, 64, 32, 16, 8, 4, 2, 1, 1, 1]);
        for _ in 0..10 {
            lane.rest(false);
        }
        assert_eq!(lane.most, CALL_VERBS);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn o4_many_couriers_at_once_deliver_each_dweet_once() {
        let directory = tempfile::tempdir().unwrap();
        let options = Options {
            found: 3,
            ..Options::new(directory.path())
        };
        let node = Node::open(options).await.unwrap();
        for _ in 0..2 {
            node.employ_again().await;
        }
        let (author, reader) = (register(&node, 1).await, register(&node, 2).await);
        let follow = Follow {
            actor: reader,
            author: author.account,
            redweets: true,
            key: RequestKey([255; 16]),
        };
        node.submit(follow).await.unwrap();
        for number in 0..30 {
            publish(&node, author, number).await;
        }
        let whole = Page {
            limit: 40,
            ..Page::default()
        };
        let limit = Instant::now() + Duration::from_secs(60);
        loop {
            let shown = node
                .query(Home {
                    actor: reader,
                    page: whole,
                })
                .await
                .unwrap()
                .shown;
            assert!(shown.len() <= 30, "a dweet is there twice");
            if shown.len() == 30 {
                break;
            }
            assert!(Instant::now() < limit, "{} of 30 within the limit", shown.len());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        node.stop().await;
    }
}
