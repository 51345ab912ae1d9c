//! A copy of the whole ring while it serves: of each group all that was acknowledged before, and of all groups together one moment.
//!
//! First all couriers rest (see `hold`). Then the ring is walked once around: who leads the group at a position lends a copy of its database, whose
//! range says where the walk goes on. Ranges are only ever divided, so an end that was found stays one, and the copies cover the ring without a gap and without
//! an overlap, whatever is divided meanwhile. Then the couriers go on; the blocks are fetched afterwards, at whatever pace.
//!
//! People notice that a dweet takes a few seconds longer to reach its readers, and nothing else.
//!
//! **Invariant:** a backup that does not cover the whole ring is none.
//! **Invariant:** whether it shows one moment is said, and said to be so only if every machine that may have carried something has rested all the time.
//!
//! Deliberately absent: files. What becomes of the blocks is the caller's business.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tertulia_state::Descriptor;
use tertulia_types::{MachineId, Position, Slot};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::ask::{Ask, Leaf, Lend, Lent, NotLent, Rest, Rests, TakeBack};
use crate::census;
use crate::failure::Unavailable;
use crate::hold::HOLD_TIME_MAX;
use crate::lender::{LEAF_BYTES_MAX, LOAN_TIME_MAX};
use crate::node::Node;
use crate::router::Target;

/// How long a machine may take until all that it carries has come to its end.
const REST_DEADLINE: Duration = Duration::from_secs(10);
/// How long a machine may take to say that its couriers still rest.
const GO_ON_DEADLINE: Duration = Duration::from_secs(3);
/// How long a copy may take: a gigabyte takes some seconds.
const LEND_DEADLINE: Duration = Duration::from_secs(600);
/// How long a group may be without a leader before the backup is given up.
const GROUP_TIME_MAX: Duration = Duration::from_secs(30);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a block may take, and how often it is asked for.
const LEAF_DEADLINE: Duration = Duration::from_secs(10);
const LEAF_TRIES: usize = 5;

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// This machine stores nothing, and may not have what is stored.
    #[error("a gateway makes no backup: it stores nothing; ask a machine that stores")]
    StoresNothing,
    /// Another backup is being made, or a machine is too busy.
    #[error("machine {0} does not rest now: another backup may be under way, or it has too much to do")]
    Restless(MachineId),
    /// A part of the ring does not serve.
    #[error("nobody lends a copy of what lies at {at} ({why}); see `tertulia status`")]
    Missing {
        /// Where.
        at: Position,
        /// What was said last.
        why: Unavailable,
    },
    /// A disk would be full.
    #[error("machine {0} has no room on its disk for a copy of what it leads; make room there")]
    NoRoom(MachineId),
    /// A copy was made, and cannot be fetched any more.
    #[error("machine {0} does not hand over its copy any more")]
    Broken(MachineId),
}

/// What is lent for a backup. What is left of it is given back when it is dropped.
pub struct Backup {
    node: Arc<Node>,
    loans: Vec<Loan>,
    is_one_moment: bool,
    _keeping: DropGuard,
}

/// A group's copy, as one machine has it.
#[derive(Clone, Copy, Debug)]
struct Loan {
    machine: MachineId,
    id: u64,
    lent: Lent,
}

/// A group in a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lot {
    /// What it is.
    pub descriptor: Descriptor,
    /// The last entry of its log whose effects are in the copy.
    pub applied: u64,
    /// How long the copy is.
    pub length_bytes: u64,
}

impl Node {
    /// Has copies made of all groups of the ring; `tell` hears how many slots are covered, of 65 536.
    ///
    /// # Errors
    /// If a part of the ring does not serve, or another backup is being made.
    pub async fn begin_backup(self: &Arc<Self>, tell: impl Fn(u32)) -> Result<Backup, BackupError> {
        let own = self.book().own();
        if !own.is_some_and(|own| own.role.stores()) {
            return Err(BackupError::StoresNothing);
        }
        let rest = AllRest::begin(self).await?;
        let mut backup = Backup {
            node: self.clone(),
            loans: Vec::new(),
            is_one_moment: false,
            _keeping: CancellationToken::new().drop_guard(),
        };
        backup.walk(tell).await?;
        backup.is_one_moment = rest.end().await;
        backup._keeping = backup.keep();
        Ok(backup)
    }

    /// Asks a machine that stores: this one, or another.
    async fn have<A: Ask>(
        &self,
        machine: MachineId,
        question: A,
        deadline: Duration,
        here: impl Future<Output = A::Answer>,
    ) -> Result<A::Answer, Unavailable> {
        if machine == self.member().machine {
            let answered = tokio::time::timeout(deadline, here).await;
            return answered.map_err(|_| Unavailable::Timeout);
        }
        self.caller().ask(machine, question, deadline).await
    }

    async fn have_rest(&self, machine: MachineId, rest: Rest, deadline: Duration) -> Option<bool> {
        let here = self.lender().rest(rest);
        self.have(machine, rest, deadline, here).await.ok()
    }
}

/// The machines that store and take part, and so may carry.
fn storing(node: &Node) -> Vec<MachineId> {
    census::machines(node.book())
        .into_iter()
        .filter(|entry| entry.role.stores())
        .map(|entry| entry.machine)
        .collect()
}

/// All couriers of the ring rest, until this ends or is dropped.
struct AllRest {
    node: Arc<Node>,
    backup: u64,
    resting: Vec<MachineId>,
    /// Whether they have all rested all the time, as far as is known.
    is_whole: Arc<AtomicBool>,
    _renewing: DropGuard,
}

impl AllRest {
    async fn begin(node: &Arc<Node>) -> Result<Self, BackupError> {
        let backup = rand::random();
        let stop = CancellationToken::new();
        let mut all = Self {
            node: node.clone(),
            backup,
            resting: Vec::new(),
            is_whole: Arc::new(AtomicBool::new(true)),
            _renewing: stop.clone().drop_guard(),
        };
        let machines = storing(node);
        let rest = Rest {
            backup,
            rests: Rests::Begin,
        };
        let asked = machines
            .iter()
            .map(|machine| node.have_rest(*machine, rest, REST_DEADLINE));
        let answers = futures::future::join_all(asked).await;
        // Those that rest are to go on, whatever the others say.
        all.resting = machines
            .iter()
            .zip(&answers)
            .filter(|(_, answer)| **answer == Some(true))
            .map(|(machine, _)| *machine)
            .collect();
        for (machine, answer) in machines.into_iter().zip(answers) {
            match answer {
                Some(true) => {}
                Some(false) => return Err(BackupError::Restless(machine)),
                // Whoever has been silent for long carries nothing.
                None if node.is_in_doubt(machine) => {}
                None => all.is_whole.store(false, Ordering::Relaxed),
            }
        }
        tokio::spawn(stop.run_until_cancelled_owned(go_on(
            node.clone(),
            backup,
            all.resting.clone(),
            all.is_whole.clone(),
        )));
        Ok(all)
    }

    /// The couriers go on. Whether all of them have rested until now.
    async fn end(self) -> bool {
        let rest = Rest {
            backup: self.backup,
            rests: Rests::End,
        };
        let asked = self
            .resting
            .iter()
            .map(|machine| self.node.have_rest(*machine, rest, GO_ON_DEADLINE));
        let answers = futures::future::join_all(asked).await;
        let have_lasted = answers.iter().all(|answer| *answer == Some(true));
        // Who was silent, or was not there, may have come (back) meanwhile, and has carried.
        let nobody_else = storing(&self.node)
            .into_iter()
            .all(|machine| self.resting.contains(&machine) || self.node.is_in_doubt(machine));
        have_lasted && nobody_else && self.is_whole.load(Ordering::Relaxed)
    }
}

impl Drop for AllRest {
    fn drop(&mut self) {
        let (node, backup, resting) = (self.node.clone(), self.backup, std::mem::take(&mut self.resting));
        // What was ended is ended; what was not is not to last for nothing.
        self.node.consensus().clone().spawn(async move {
            let rest = Rest {
                backup,
                rests: Rests::End,
            };
            let asked = resting
                .iter()
                .map(|machine| node.have_rest(*machine, rest, GO_ON_DEADLINE));
            futures::future::join_all(asked).await;
        });
    }
}

/// Has those that rest go on resting.
async fn go_on(node: Arc<Node>, backup: u64, resting: Vec<MachineId>, is_whole: Arc<AtomicBool>) {
    let rest = Rest {
        backup,
        rests: Rests::GoOn,
    };
    loop {
        tokio::time::sleep(HOLD_TIME_MAX / 5).await;
        let asked = resting
            .iter()
            .map(|machine| node.have_rest(*machine, rest, GO_ON_DEADLINE));
        if futures::future::join_all(asked).await.contains(&Some(false)) {
            is_whole.store(false, Ordering::Relaxed);
        }
    }
}

impl Backup {
    /// The groups, in the order of the ring.
    #[must_use]
    pub fn lots(&self) -> Vec<Lot> {
        let lot = |loan: &Loan| Lot {
            descriptor: loan.lent.descriptor,
            applied: loan.lent.applied,
            length_bytes: loan.lent.length_bytes,
        };
        self.loans.iter().map(lot).collect()
    }

    /// Whether the copies of all groups show one moment, as far as what homes owe each other goes.
    #[must_use]
    pub fn is_one_moment(&self) -> bool {
        self.is_one_moment
    }

    /// A block of the copy of the lot with this number; empty at its end.
    ///
    /// # Errors
    /// If its machine does not hand it over.
    pub async fn block(&self, lot: usize, offset_bytes: u64) -> Result<Bytes, BackupError> {
        let loan = self.loans[lot];
        let left = loan.lent.length_bytes.saturating_sub(offset_bytes);
        let length_bytes = u32::try_from(left).unwrap_or(u32::MAX).min(LEAF_BYTES_MAX);
        if length_bytes == 0 {
            return Ok(Bytes::new());
        }
        for _ in 0..LEAF_TRIES {
            match self.leaf(loan, offset_bytes, length_bytes).await {
                Some(block) if block.len() == length_bytes as usize => return Ok(block),
                Some(_) | None => tokio::time::sleep(PAUSE).await,
            }
        }
        Err(BackupError::Broken(loan.machine))
    }

    async fn leaf(&self, loan: Loan, offset_bytes: u64, length_bytes: u32) -> Option<Bytes> {
        leaf(&self.node, loan, offset_bytes, length_bytes).await
    }

    /// Has a copy made of each group, once around the ring.
    async fn walk(&mut self, tell: impl Fn(u32)) -> Result<(), BackupError> {
        let mut slot = Some(Slot(0));
        while let Some(from) = slot {
            let at = from.end();
            let known = self
                .loans
                .iter()
                .map(|loan| loan.lent.descriptor.range)
                .find(|range| range.contains(at));
            let range = match known {
                Some(range) => range,
                None => {
                    let loan = self.borrow(at).await?;
                    self.loans.push(loan);
                    let covered = self.loans.iter().map(|loan| loan.lent.descriptor.range.slots().1);
                    tell(covered.sum());
                    loan.lent.descriptor.range
                }
            };
            slot = range.next_slot_behind(from);
        }
        self.loans.sort_by_key(|loan| loan.lent.descriptor.range.end());
        Ok(())
    }

    /// Has a copy made of the group that owns a position, by whoever leads it.
    async fn borrow(&self, position: Position) -> Result<Loan, BackupError> {
        let until = Instant::now() + GROUP_TIME_MAX;
        let (node, router) = (&self.node, self.node.router());
        let mut failures = 0;
        loop {
            let id = rand::random();
            let route = router.route(position).await;
            let why = match route
                .as_ref()
                .map(|route| (route.descriptor.group, router.target(route)))
            {
                Some((group, Ok(target))) => {
                    let machine = match target {
                        Target::Here(_) => node.member().machine,
                        Target::There(machine, _) => machine,
                    };
                    let lend = Lend { position, loan: id };
                    let here = node.lender().lend(lend);
                    let lent = node.have(machine, lend, LEND_DEADLINE, here).await;
                    let why = match lent.map_err(NotLent::Unavailable).flatten() {
                        Ok(lent) => return Ok(Loan { machine, id, lent }),
                        Err(NotLent::NoRoom) => return Err(BackupError::NoRoom(machine)),
                        Err(NotLent::Unavailable(why)) => why,
                    };
                    failures += 1;
                    if matches!(why, Unavailable::Unowned) {
                        router.table.forget(group);
                    } else {
                        router.turn(group, &why, failures);
                    }
                    why
                }
                Some((_, Err(why))) => why,
                None => Unavailable::Unowned,
            };
            if Instant::now() >= until {
                return Err(BackupError::Missing { at: position, why });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Sees to it that what waits to be fetched is still there when its turn comes.
    fn keep(&self) -> DropGuard {
        let (node, loans) = (self.node.clone(), self.loans.clone());
        let stop = CancellationToken::new();
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
            loop {
                tokio::time::sleep(LOAN_TIME_MAX / 5).await;
                let asked = loans.iter().map(|loan| leaf(&node, *loan, 0, 0));
                futures::future::join_all(asked).await;
            }
        }));
        stop.drop_guard()
    }
}

async fn leaf(node: &Node, loan: Loan, offset_bytes: u64, length_bytes: u32) -> Option<Bytes> {
    let leaf = Leaf {
        loan: loan.id,
        offset_bytes,
        length_bytes,
    };
    if loan.machine == node.member().machine {
        return node.lender().leaf(leaf).await;
    }
    node.caller().leaf(loan.machine, leaf, LEAF_DEADLINE).await
}

impl Drop for Backup {
    fn drop(&mut self) {
        let (node, loans) = (self.node.clone(), std::mem::take(&mut self.loans));
        self.node.consensus().clone().spawn(async move {
            let mut machines: Vec<MachineId> = loans.iter().map(|loan| loan.machine).collect();
            machines.sort();
            machines.dedup();
            for machine in machines {
                let of = loans.iter().filter(|loan| loan.machine == machine);
                let back = TakeBack {
                    loans: of.map(|loan| loan.id).collect(),
                };
                let here = async { node.lender().take_back(&back.loans) };
                // Who does not hear of it forgets them in time.
                let _ = node.have(machine, back.clone(), GO_ON_DEADLINE, here).await;
            }
        });
    }
}
