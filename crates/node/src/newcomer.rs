//! How a machine that was let into the ring finds its place there.
//!
//! The order of a join (J1): choose a position; cut the range there, or adopt an orphaned end (J3); only then stand on the ring, where the leaders of the
//! groups see the newcomer and give it copies. The place is written down before anything is asked for, so that a machine that crashes meanwhile asks for the
//! same place again and gets the same answer (J2).
//!
//! Ranges are never merged: whoever leaves leaves an orphaned end behind, and the next one to come adopts it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use tertulia_ring::pointer::Pointer;
use tertulia_state::range::{FindEnd, Split, TakeEnd};
use tertulia_types::ring::{EventKind, GroupId, MachineState, RangeStatus, RingStatus};
use tertulia_types::{MachineId, Position, Range, Rejected, Role, Slot};
use tokio::time::Instant;

use crate::ask::Opinion;
use crate::census;
use crate::failure::Failure;
use crate::node::Node;
use crate::peers::{BookError, State};

/// How long finding a place may take in all.
const PLACE_DEADLINE: Duration = Duration::from_secs(60);
/// How long the ring may take to take this machine in, through one contact.
const CONTACT_DEADLINE: Duration = Duration::from_secs(5);
/// Neighbours of a silent machine that are asked about it, and how long they may take.
const WITNESSES: usize = 3;
const OPINION_DEADLINE: Duration = Duration::from_secs(1);
/// How often the same end is asked for; by then all neighbours of whoever holds it have been found.
const ENDS_ASKED_MAX: u32 = 3;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(300);

/// Why a machine has found no place.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The ring has no answer.
    #[error("the ring did not answer for {}s ({why}); see `tertulia status` on another machine, and start this one again", PLACE_DEADLINE.as_secs())]
    NoAnswer {
        /// What was missing last.
        why: String,
    },
    /// It has left, and what it knows is of that time.
    #[error(
        "this machine has left its ring; to take this computer in again, join with a token and an empty data directory (`tertulia token` on another machine tells how)"
    )]
    HasLeft,
    /// Nobody took this machine into the order of the ring.
    #[error(
        "no machine of the ring has taken this one in; see `tertulia status` on another machine, and start this one again"
    )]
    NotTaken,
    /// The address book.
    #[error(transparent)]
    Book(#[from] BookError),
}

/// Where a newcomer may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At an orphaned end, once this machine's.
    Adopt(Position, Option<MachineId>),
    /// In the middle of a range.
    Cut(Position),
    /// Anywhere, as a replica.
    Beside(Position),
}

impl Node {
    /// Finds this machine's place on the ring, if it has none yet, and stands there. `auto`: the ring decides what it needs.
    pub async fn settle_in(self: &Arc<Self>, role: Option<Role>) -> Result<Role, JoinError> {
        let own = self.book().own().ok_or(BookError::Stranger)?;
        if own.state == State::Left {
            return Err(JoinError::HasLeft);
        }
        if own.role == Role::Gateway || own.position.is_some() {
            return Ok(own.role);
        }
        let deadline = Instant::now() + PLACE_DEADLINE;
        let mut refused = BTreeMap::new();
        let (role, position) = loop {
            match self.try_place(role, &mut refused).await {
                Ok(placed) => break placed,
                Err(why) if Instant::now() >= deadline => return Err(JoinError::NoAnswer { why }),
                Err(why) => tracing::info!(why, "no place on the ring yet"),
            }
            let pause = PAUSE.mul_f64(rand::rng().random_range(0.5..1.5));
            tokio::time::sleep(pause).await;
        };
        self.stand(position, deadline).await?;
        self.book().update(|entry| {
            entry.position = Some(position);
            entry.role = role;
        })?;
        Ok(role)
    }

    /// Stands on the ring, through any machine that does.
    async fn stand(&self, position: Position, deadline: Instant) -> Result<(), JoinError> {
        loop {
            for placed in census::placed_from(self.book(), position) {
                let contact = Pointer {
                    machine: placed.machine,
                    position: placed.position,
                };
                if placed.machine == self.member().machine || self.driver().is_in_doubt(placed.machine) {
                    continue;
                }
                self.driver().join(position, contact);
                let taken = tokio::time::timeout(CONTACT_DEADLINE, self.driver().until_member()).await;
                if taken == Ok(true) {
                    return Ok(());
                }
            }
            if Instant::now() >= deadline {
                return Err(JoinError::NotTaken);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Looks at the ring, chooses a place, and asks its home for it. Ends that are refused again and again are left to others: whose they are may take long to show.
    async fn try_place(
        &self,
        wanted: Option<Role>,
        refused: &mut BTreeMap<Position, u32>,
    ) -> Result<(Role, Position), String> {
        let remembered = self.remembered_place();
        let place = match remembered {
            Some(at) => Place::Cut(at),
            None => {
                let mut status = self.status().await;
                self.ask_who_is_dead(&mut status).await;
                choose(&status, wanted, self.patience().grace, refused)
                    .ok_or("not all of the ring is known")?
            }
        };
        let me = self.member();
        let asked: Result<(), Failure> = match place {
            Place::Beside(_) => Ok(()),
            Place::Cut(at) => {
                self.remember_place(Some(at)).map_err(|error| error.to_string())?;
                let split = Split {
                    at,
                    machine: me.machine,
                    incarnation: me.incarnation,
                };
                self.submit(split).await.map(drop)
            }
            Place::Adopt(at, before) => {
                self.remember_place(None).map_err(|error| error.to_string())?;
                self.adopt(at, before).await
            }
        };
        match (asked, place) {
            (Ok(()), Place::Beside(at)) => Ok((Role::Replica, at)),
            (Ok(()), Place::Cut(at) | Place::Adopt(at, _)) => Ok((Role::Node, at)),
            (Err(Failure::Rejected(Rejected::EndTaken | Rejected::Indivisible | Rejected::NotFound)), _) => {
                if let Place::Adopt(at, _) = place {
                    *refused.entry(at).or_default() += 1;
                }
                self.remember_place(None).map_err(|error| error.to_string())?;
                Err("the place was taken meanwhile".to_owned())
            }
            (Err(failure), _) => Err(failure.to_string()),
        }
    }

    /// A newcomer has never heard of a dead machine, and cannot know for how long it has been silent: its neighbours can (J3, J6).
    async fn ask_who_is_dead(&self, status: &mut RingStatus) {
        for machine in &mut status.machines {
            if !matches!(machine.state, MachineState::Suspect | MachineState::Dead) {
                continue;
            }
            let silent_ms = self.witnessed_silence_ms(machine.id).await.into_iter().min();
            machine.silent_for_ms = silent_ms.or(machine.silent_for_ms);
        }
    }

    /// For how long the neighbours of a machine have not heard of it, as far as they could be asked.
    async fn witnessed_silence_ms(&self, machine: MachineId) -> Vec<u64> {
        let me = self.member().machine;
        let asked = census::neighbours(self.book(), machine)
            .into_iter()
            .filter(|witness| *witness != me && !self.driver().is_in_doubt(*witness))
            .take(WITNESSES)
            .map(|witness| self.caller().ask(witness, Opinion { machine }, OPINION_DEADLINE));
        let opinions = futures::future::join_all(asked).await;
        opinions
            .into_iter()
            .filter_map(Result::ok)
            .map(|silent_ms| silent_ms.unwrap_or(0))
            .collect()
    }

    /// Takes an end that was found orphaned, from this machine if from any.
    async fn adopt(&self, at: Position, before: Option<MachineId>) -> Result<(), Failure> {
        let me = self.member();
        let end = self.query(FindEnd { of: at }).await?;
        let holder = end.holder.map(|holder| holder.machine);
        if holder == Some(me.machine) {
            self.give_back(at).await?;
        }
        let is_free = match holder {
            None => true,
            Some(holder) if holder == me.machine => true,
            Some(holder) if Some(holder) == before => {
                !self.takes_part(holder) || self.driver().is_in_doubt(holder)
            }
            Some(holder) => before.is_none() && self.has_gone(holder, at).await,
        };
        if !is_free || end.descriptor.range.end() != at {
            return Err(Rejected::EndTaken.into());
        }
        let take = TakeEnd {
            at,
            machine: me.machine,
            incarnation: me.incarnation,
            instead_of: holder,
        };
        self.submit(take).await?;
        let group = GroupId(end.descriptor.group);
        self.driver().tell(EventKind::Adopted, me.machine, Some(group));
        Ok(())
    }

    /// Whether the one who holds an end, and does not stand there as far as the book knows, is gone. It may have taken the end just now, or the news of it may
    /// be late: so whoever takes part has the grace period, as any other machine (J3, J6). So has somebody of whom the book knows nothing, from the moment at
    /// which the first one asked for it.
    async fn has_gone(&self, holder: MachineId, at: Position) -> bool {
        let known = self.book().get(holder);
        if let Some(entry) = &known {
            let stands_elsewhere = entry.position.is_some_and(|position| position != at);
            if !self.takes_part(holder) || stands_elsewhere {
                return true;
            }
        }
        let grace_ms = u64::try_from(self.patience().grace.as_millis()).unwrap_or(u64::MAX);
        let silent_ms = self.witnessed_silence_ms(holder).await.into_iter();
        // Of somebody unknown most hear only now.
        let silent_ms = if known.is_some() {
            silent_ms.min()
        } else {
            silent_ms.max()
        };
        silent_ms.is_some_and(|silent_ms| silent_ms >= grace_ms)
    }

    fn takes_part(&self, machine: MachineId) -> bool {
        self.book()
            .get(machine)
            .is_some_and(|entry| entry.state == State::Active)
    }

    /// An end that this machine has taken goes back to the one it was taken from, if that one has come back and stands there: both cannot.
    async fn give_back(&self, at: Position) -> Result<(), Failure> {
        let me = self.member();
        let returned = census::placed_from(self.book(), at)
            .into_iter()
            .find(|placed| {
                placed.position == at
                    && placed.role == Role::Node
                    && placed.machine != me.machine
                    && self.takes_part(placed.machine)
                    && !self.driver().is_in_doubt(placed.machine)
            })
            .and_then(|placed| self.book().get(placed.machine));
        let Some(returned) = returned else {
            return Ok(());
        };
        let give = TakeEnd {
            at,
            machine: returned.machine,
            incarnation: returned.incarnation,
            instead_of: Some(me.machine),
        };
        self.submit(give).await?;
        Err(Rejected::EndTaken.into())
    }
}

/// Where a newcomer is needed most: at an orphaned end, else in the middle of the widest range, else beside the others. `None` while a stretch of the ring is
/// unknown.
fn choose(
    status: &RingStatus,
    wanted: Option<Role>,
    grace: Duration,
    refused: &BTreeMap<Position, u32>,
) -> Option<Place> {
    let ranges: Vec<&RangeStatus> = status.ranges.iter().collect();
    let width: u64 = ranges.iter().map(|range| u64::from(range.range.slots().1)).sum();
    if width != u64::from(Slot::COUNT) {
        return None;
    }
    let widest = ranges.iter().max_by_key(|range| range.range.slots().1)?;
    let middle = middle(&widest.range);
    if wanted == Some(Role::Replica) {
        return Some(Place::Beside(beside(&widest.range)));
    }
    let orphan = ranges
        .iter()
        .filter(|range| {
            refused
                .get(&range.range.end())
                .is_none_or(|times| *times < ENDS_ASKED_MAX)
        })
        .find_map(|range| orphaned(status, range, grace));
    match (orphan, middle) {
        (Some((at, before)), _) => Some(Place::Adopt(at, before)),
        (None, Some(at)) => Some(Place::Cut(at)),
        (None, None) => Some(Place::Beside(beside(&widest.range))),
    }
}

/// A range's end whose machine has left, was removed, or has been silent for the grace period.
fn orphaned(
    status: &RingStatus,
    range: &RangeStatus,
    grace: Duration,
) -> Option<(Position, Option<MachineId>)> {
    let at = range.range.end();
    let Some(machine) = range.end else {
        return Some((at, None));
    };
    let holder = status.machines.iter().find(|known| known.id == machine)?;
    let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
    let is_dead = holder.state == MachineState::Dead
        || holder
            .silent_for_ms
            .is_some_and(|silent_ms| silent_ms >= grace_ms);
    is_dead.then_some((at, Some(machine)))
}

/// Somewhere in a range, but not at the end of a slot: that is where nodes stand.
fn beside(range: &Range) -> Position {
    let (first, count) = range.slots();
    let slot = Slot(
        first
            .0
            .wrapping_add(u16::try_from(rand::rng().random_range(0..count)).unwrap_or(0)),
    );
    Position(slot.end().0 - rand::rng().random_range(1..1_u64 << 48))
}

/// The end of the slot in the middle of a range; `None` for a range of one slot.
fn middle(range: &Range) -> Option<Position> {
    let count = range.slots().1;
    let half = u16::try_from(count / 2).ok().filter(|half| *half > 0)?;
    Some(Slot(range.start().slot().0.wrapping_add(half)).end())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use tertulia_types::ring::{MachineStatus, RingFacts};

    use super::*;
    use crate::ask::{Question, encoded};
    use crate::stand_in::Town;

    #[tokio::test(flavor = "multi_thread")]
    async fn j1_a_newcomer_has_its_end_and_its_pointers_before_it_has_any_copy() {
        let town = Town::new().await;
        let newcomer = town.join().await;
        let (me, founder) = (newcomer.member().machine, town.founder.member().machine);
        let at = newcomer.book().own().unwrap().position.unwrap();
        let end = newcomer.query(FindEnd { of: at }).await.unwrap();
        assert_eq!(end.descriptor.range.end(), at);
        assert_eq!(end.holder.map(|holder| holder.machine), Some(me));
        let pointers = newcomer.driver().machines_from(at).into_iter();
        let machines: Vec<MachineId> = pointers.map(|(pointer, _)| pointer.machine).collect();
        assert_eq!(machines, [me, founder]);
        assert!(newcomer.standings().is_empty());
        newcomer.stop().await;
        town.stop().await;
    }

    /// A ring of two halves; the machine at the end of the first one is like this.
    fn halves(state: MachineState, silent_for_ms: Option<u64>) -> RingStatus {
        let machine = |id| MachineStatus {
            id: MachineId(id),
            role: Role::Node,
            state: MachineState::Alive,
            position: None,
            peers: Vec::new(),
            http: Vec::new(),
            is_entry: true,
            version: None,
            is_this: false,
            silent_for_ms: None,
            clock_off_ms: None,
            sick: Vec::new(),
            disk: None,
        };
        let first = MachineStatus {
            state,
            silent_for_ms,
            ..machine(1)
        };
        let range = |range, end| RangeStatus {
            group: GroupId(end),
            range,
            end: Some(MachineId(end)),
            epoch: 1,
            leader: None,
            is_led: false,
            copies: Vec::new(),
            rows: None,
            bytes: None,
        };
        let (lower, upper) = Range::whole().cut(HALF.end()).unwrap();
        let facts = RingFacts {
            id: 7,
            name: String::new(),
            replicas: 5,
        };
        RingStatus::of(
            facts,
            vec![first, machine(2)],
            vec![range(lower, 1), range(upper, 2)],
            false,
        )
    }

    const HALF: Slot = Slot(0x7FFF);

    #[test]
    fn j3_a_newcomer_adopts_an_orphaned_end_and_no_other() {
        let grace = Duration::from_secs(600);
        let chosen = |state, silent_for_ms| {
            choose(&halves(state, silent_for_ms), None, grace, &BTreeMap::new()).unwrap()
        };
        let adopts = Place::Adopt(HALF.end(), Some(MachineId(1)));
        assert_eq!(chosen(MachineState::Dead, None), adopts);
        assert_eq!(chosen(MachineState::Suspect, Some(600_000)), adopts);
        for (state, silent_for_ms) in [
            (MachineState::Alive, None),
            (MachineState::Suspect, None),
            (MachineState::Suspect, Some(599_999)),
        ] {
            let chosen = chosen(state, silent_for_ms);
            assert!(
                matches!(chosen, Place::Cut(_)),
                "{state:?} {silent_for_ms:?}: {chosen:?}"
            );
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn j3_who_holds_an_end_and_takes_part_keeps_it_for_the_grace_period_and_who_comes_back_gets_it_back()
     {
        let mut town = Town::with(Role::Node).await;
        let at = Slot(9).end();
        // Of the three that stand before it, two have heard nothing of it for ever; what the third says the test decides.
        let silent_ms = Arc::new(AtomicU64::new(0));
        for slot in 1..=3 {
            let silent_ms = silent_ms.clone();
            town.add(Some(Slot(slot).end()), move |question| {
                let Question::Opinion(_) = question else {
                    return None;
                };
                let silent_ms = match slot {
                    2 => silent_ms.load(Ordering::Relaxed),
                    _ => u64::MAX,
                };
                encoded::<Opinion>(&Some(silent_ms))
            });
        }
        let holder = town.add(Some(at), |_| None);
        let split = Split {
            at,
            machine: holder,
            incarnation: 1,
        };
        let birth = town.founder.submit(split).await.unwrap();
        let newcomer = town.other.clone();
        newcomer.learn(birth.child, vec![town.founder.member().machine]);
        town.until_heard().await;
        let held_by = async || {
            let end = newcomer.query(FindEnd { of: at }).await.unwrap();
            end.holder.map(|holder| holder.machine)
        };

        let taken: Result<(), Failure> = Err(Rejected::EndTaken.into());
        assert_eq!(newcomer.adopt(at, Some(holder)).await, taken, "it answers");
        let grace_ms = u64::try_from(newcomer.patience().grace.as_millis()).unwrap();
        for silent in [0, grace_ms - 1] {
            silent_ms.store(silent, Ordering::Relaxed);
            assert_eq!(newcomer.adopt(at, None).await, taken, "silent for {silent} ms");
        }
        assert_eq!(held_by().await, Some(holder));
        silent_ms.store(grace_ms, Ordering::Relaxed);
        assert_eq!(newcomer.adopt(at, None).await, Ok(()));
        assert_eq!(held_by().await, Some(newcomer.member().machine));

        // It answers after all, and stands there; the other one has no place yet.
        assert_eq!(newcomer.adopt(at, None).await, taken);
        assert_eq!(held_by().await, Some(holder));
        town.stop().await;
    }
}
