//! Sees to it that each group is where it belongs: on the groups that this machine leads it takes one step after another ([`hosts`](crate::hosts) decides
//! which), and it lets go of copies that are no members any more.
//!
//! **Invariant:** one step of a group at a time, and a bounded number of copies on their way from this machine at once.
//! **Invariant:** a member's machine counts as dead only when this leader has not heard of it for the grace period and its neighbours on the ring say the
//! same; a machine whose own timers ran late judges nobody (J6).
//! **Invariant:** a copy is taken away only when a committed membership does not name it (R5), told by another member: what a copy itself knows of that may be
//! from before it became one.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use tertulia_types::ring::{EventKind, GroupId};
use tertulia_types::{Bug, MachineId, Position};
use tokio::sync::Semaphore;
use tokio::task::{self, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::ask::{CallRoll, Caller, Dismiss, Invite, Opinion};
use crate::census;
use crate::copies::Copies;
use crate::driver::Driver;
use crate::group::Group;
use crate::hosts::{Candidate, Mate, Situation, Step};
use crate::peers::Book;
use crate::raft::NodeId;
use crate::roll::Roll;

/// How long a machine may take to say something short.
const QUESTION_DEADLINE: Duration = Duration::from_secs(2);
/// How long a machine may take to prepare a copy.
const INVITE_DEADLINE: Duration = Duration::from_secs(15);
/// A member that has not answered its leader for this long is not live.
const SILENCE: Duration = Duration::from_secs(2);
/// Neighbours that are asked about a dead machine.
const WITNESSES: usize = 3;
/// Copies on their way from this machine at once.
const MOVES_MAX: usize = 2;

/// How long things may take before something is done about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long a silent machine is waited for before its copies are made again elsewhere.
    pub grace: Duration,
    /// How long a machine that was in trouble must be calm before it counts again.
    pub calm: Duration,
    /// How long a group must be at rest before its lead goes home.
    pub homecoming: Duration,
    /// How long a copy waits without a leader before it asks whether it is still wanted (R5).
    pub loneliness: Duration,
    /// Between two looks at each group.
    pub round: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(600),
            calm: Duration::from_secs(60),
            homecoming: Duration::from_secs(10),
            loneliness: Duration::from_secs(30),
            round: Duration::from_secs(1),
        }
    }
}

/// Looks after the groups of this machine.
pub(crate) struct Steward {
    pub(crate) copies: Arc<Copies>,
    pub(crate) driver: Arc<Driver>,
    pub(crate) book: Arc<Book>,
    pub(crate) caller: Caller,
    pub(crate) replicas: usize,
    pub(crate) patience: Patience,
    pub(crate) moves: Semaphore,
}

/// What the steward remembers of a group that it looks after.
#[derive(Clone, Copy)]
struct Watched {
    /// Since when this machine leads it.
    led_since: Option<Instant>,
    /// When the last step was made, or the members were last seen to change.
    stirred: Instant,
    /// Since when no leader is known.
    lonely_since: Option<Instant>,
    /// Who was last seen to lead.
    leader: Option<MachineId>,
}

impl Steward {
    pub(crate) fn moves() -> Semaphore {
        Semaphore::new(MOVES_MAX)
    }

    /// Works until told to stop.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut watched: BTreeMap<u64, Watched> = BTreeMap::new();
        // Which task is at work for a group: one that ends in a panic does not say which it was.
        let mut busy: BTreeMap<u64, task::Id> = BTreeMap::new();
        let mut steps: JoinSet<(u64, bool)> = JoinSet::new();
        let mut changes = self.driver.changes();
        let mut is_first_look = true;
        let mut asked_for_the_sick = Instant::now();
        let work = async {
            loop {
                let groups = self.copies.roster.groups();
                watched.retain(|id, _| groups.iter().any(|group| group.id == *id));
                for group in groups {
                    let known = watched.entry(group.id).or_insert_with(|| {
                        if !is_first_look {
                            self.tell_of_birth(&group);
                        }
                        Watched::new()
                    });
                    group.ask_what_all_know();
                    if let Some(leader) = known.look(&group) {
                        self.driver
                            .tell(EventKind::Leader, leader, Some(GroupId(group.id)));
                    }
                    if !busy.contains_key(&group.id) && !group.is_sick() {
                        let (id, steward, known) = (group.id, self.clone(), *known);
                        let step = async move { (id, steward.attend(&group, known).await) };
                        busy.insert(id, steps.spawn(step).id());
                    }
                }
                is_first_look = false;
                if asked_for_the_sick.elapsed() >= self.patience.loneliness {
                    asked_for_the_sick = Instant::now();
                    for (group, row) in self.copies.roster.sick() {
                        if let Entry::Vacant(idle) = busy.entry(group) {
                            let (steward, end) = (self.clone(), row.origin.range.end());
                            let step = async move {
                                steward
                                    .ask_whether_wanted((group, row.node), end, BTreeSet::new())
                                    .await;
                                (group, false)
                            };
                            idle.insert(steps.spawn(step).id());
                        }
                    }
                }
                let round = self.patience.round.mul_f64(rand::rng().random_range(0.5..1.0));
                let next = tokio::time::sleep(round);
                tokio::pin!(next);
                loop {
                    tokio::select! {
                        () = &mut next => break,
                        changed = changes.changed() => if changed.is_ok() { break },
                        Some(done) = steps.join_next(), if !steps.is_empty() => match done {
                            Ok((group, has_stirred)) => {
                                busy.remove(&group);
                                if let Some(known) = watched.get_mut(&group)
                                    && has_stirred
                                {
                                    known.stirred = Instant::now();
                                }
                            }
                            Err(error) => {
                                tracing::error!(%error, "a step of a group's came to a bad end");
                                busy.retain(|_, task| *task != error.id());
                            }
                        }
                    }
                }
            }
        };
        let _: Option<()> = stop.run_until_cancelled(work).await;
    }

    /// Does what a group needs now; returns whether something was changed.
    async fn attend(&self, group: &Arc<Group>, known: Watched) -> bool {
        // A membership from before the invitation says nothing, also while the one that names this copy is not committed yet.
        let is_out = group
            .roll()
            .is_some_and(|roll| !roll.members.contains_key(&group.node) && roll.index > group.node);
        let mates = || {
            let seats = group.seats();
            seats.iter().map(|seat| seat.member.machine).collect()
        };
        if let Some(led_since) = known.led_since {
            if group.unanswered() >= self.patience.loneliness {
                self.ask_whether_wanted((group.id, group.node), group.end(), mates())
                    .await;
            }
            // A leader that the group has let go hands the lead over within moments; until then it may answer, but change nothing.
            if is_out {
                return false;
            }
            let step = self.situation(group, led_since, known.stirred).await.next_step();
            return self.take(group, step).await;
        }
        let is_lonely = known
            .lonely_since
            .is_some_and(|since| since.elapsed() >= self.patience.loneliness)
            || group.silence() >= self.patience.loneliness;
        if is_out || is_lonely {
            self.ask_whether_wanted((group.id, group.node), group.end(), mates())
                .await;
        }
        false
    }

    /// All that the next step depends on.
    async fn situation(&self, group: &Group, led_since: Instant, stirred: Instant) -> Situation {
        let strangers = group.strangers();
        let mut mates = Vec::new();
        for progress in group.progress() {
            let machine = progress.seat.member.machine;
            let silent_for = progress.silent_for.unwrap_or_else(|| led_since.elapsed());
            let is_given_up = silent_for >= self.patience.grace && self.is_given_up(machine).await;
            mates.push(Mate {
                node: progress.seat.node,
                machine,
                votes: progress.seat.votes || Bug::LearnerVotes.is_planted(),
                has_caught_up: progress.has_caught_up(),
                silent_for,
                is_given_up,
                is_stranger: strangers.contains(&progress.seat.node),
                has_left: census::has_left(&self.book, machine),
            });
        }
        let rest = stirred.max(led_since).elapsed();
        let silent: BTreeSet<MachineId> = mates
            .iter()
            .filter(|mate| !mate.is_stranger && mate.silent_for >= SILENCE)
            .map(|mate| mate.machine)
            .collect();
        Situation {
            me: group.node,
            candidates: self.candidates(group, &silent),
            mates,
            is_joint: group.is_changing(),
            replicas: self.replicas,
            grace: self.patience.grace,
            is_calm: rest >= self.patience.homecoming && self.driver.is_calm(),
        }
    }

    /// The storage machines of the ring, from the end of the group's range on.
    fn candidates(&self, group: &Group, silent: &BTreeSet<MachineId>) -> Vec<Candidate> {
        let troubled: BTreeSet<MachineId> = self
            .driver
            .machines_from(group.end())
            .into_iter()
            .filter(|(_, is_live)| !is_live)
            .map(|(pointer, _)| pointer.machine)
            .collect();
        let candidate = |placed: census::Placed| Candidate {
            machine: placed.machine,
            may_lead: placed.may_lead,
            is_leaving: placed.is_leaving,
            is_live: !silent.contains(&placed.machine)
                && !troubled.contains(&placed.machine)
                && !self.driver.is_in_doubt(placed.machine),
        };
        census::placed_from(&self.book, group.end())
            .into_iter()
            .map(candidate)
            .collect()
    }

    /// Whether the neighbours of a machine have not heard of it for the grace period either (J6).
    async fn is_given_up(&self, machine: MachineId) -> bool {
        if !self.driver.is_calm() {
            return false;
        }
        let me = self.copies.ground.member.machine;
        let witnesses: Vec<MachineId> = census::neighbours(&self.book, machine)
            .into_iter()
            .filter(|witness| *witness != me && *witness != machine && !self.driver.is_in_doubt(*witness))
            .take(WITNESSES)
            .collect();
        let asked = witnesses
            .into_iter()
            .map(|witness| self.caller.ask(witness, Opinion { machine }, QUESTION_DEADLINE));
        let grace_ms = u64::try_from(self.patience.grace.as_millis()).unwrap_or(u64::MAX);
        let answers = futures::future::join_all(asked).await;
        have_given_up(answers.into_iter().filter_map(Result::ok), grace_ms)
    }

    /// Tells of a group that has been born by a split.
    fn tell_of_birth(&self, group: &Group) {
        let end = census::placed_from(&self.book, group.end());
        if let Some(holder) = end.first().filter(|_| group.is_child()) {
            let id = GroupId(group.id);
            self.driver.tell(EventKind::Split, holder.machine, Some(id));
        }
    }

    async fn take(&self, group: &Arc<Group>, step: Step) -> bool {
        let before = group.roll();
        let seats = group.seats();
        let taken = match &step {
            Step::Rest => return false,
            Step::Settle => group.finish_change().await,
            Step::Invite(machine) => {
                self.invite(group, *machine).await;
                return true;
            }
            Step::Elect(voters) => group.elect(voters.clone()).await,
            Step::Release(nodes) => group.release(nodes.clone()).await,
            Step::HandOver(node) => group.hand_over(*node).await,
        };
        match taken {
            Ok(()) => {
                tracing::info!(
                    group = format_args!("{:016x}", group.id),
                    ?step,
                    "a step of a group's is made"
                );
                if let Step::Elect(voters) = &step {
                    let new = seats
                        .iter()
                        .filter(|seat| !seat.votes && voters.contains(&seat.node));
                    for seat in new {
                        let id = GroupId(group.id);
                        self.driver.tell(EventKind::Moved, seat.member.machine, Some(id));
                    }
                }
            }
            Err(error) => {
                tracing::debug!(group = format_args!("{:016x}", group.id), ?step, %error, "a step of a group's is not made")
            }
        }
        let gone = before.into_iter().flat_map(|roll| roll.members);
        self.say_farewell(group, gone.collect()).await;
        true
    }

    /// Asks a machine to take a copy, and makes it a learner (R2).
    async fn invite(&self, group: &Arc<Group>, machine: MachineId) {
        let Ok(_move) = self.moves.try_acquire() else {
            return;
        };
        let invited = async {
            // A newcomer begins with a snapshot: what its empty database would make of the whole log may be something else, since its range has changed.
            if !group.relieve().await {
                return Err("the log is in use".to_owned());
            }
            let node = group.fresh_node().await.map_err(|error| error.to_string())?;
            let roll = group.roll().ok_or("the membership is not known yet")?;
            let question = Invite {
                origin: group.descriptor(),
                node,
                roll,
            };
            let answer = self.caller.ask(machine, question, INVITE_DEADLINE).await;
            let member = answer
                .map_err(|unavailable| unavailable.to_string())?
                .map_err(|refused| refused.to_string())?;
            group.enrol(node, member).await.map_err(|error| error.to_string())
        };
        match invited.await {
            Ok(()) => {
                tracing::info!(group = format_args!("{:016x}", group.id), %machine, "a machine takes a copy of a group");
            }
            Err(why) => {
                self.driver.doubt(machine);
                tracing::info!(group = format_args!("{:016x}", group.id), %machine, why, "a machine takes no copy now");
                tokio::time::sleep(self.patience.round).await;
            }
        }
    }

    /// Tells machines that were members and are not any more. Who is not reached finds out by itself (R5).
    async fn say_farewell(&self, group: &Group, before: BTreeMap<NodeId, crate::raft::Member>) {
        let Some(roll) = group.roll() else {
            return;
        };
        let me = self.copies.ground.member.machine;
        for (node, member) in before {
            if !roll.members.contains_key(&node) && member.machine != me {
                let farewell = Dismiss {
                    group: group.id,
                    roll: roll.clone(),
                };
                if let Err(why) = self.caller.ask(member.machine, farewell, QUESTION_DEADLINE).await {
                    tracing::debug!(machine = %member.machine, %why, "a machine is not told that it may let go");
                }
            }
        }
    }

    /// Asks whether a copy here is a member: those that are, as far as is known, and the machines that ought to be.
    async fn ask_whether_wanted(
        &self,
        (group, node): (u64, NodeId),
        end: Position,
        mut machines: BTreeSet<MachineId>,
    ) {
        let me = self.copies.ground.member.machine;
        machines.extend(
            self.driver
                .machines_from(end)
                .into_iter()
                .take(self.replicas)
                .map(|(pointer, _)| pointer.machine),
        );
        machines.remove(&me);
        let questions = machines
            .into_iter()
            .map(|machine| self.caller.ask(machine, CallRoll { group }, QUESTION_DEADLINE));
        let answers = futures::future::join_all(questions).await;
        let told = answers.into_iter().filter_map(Result::ok).flatten();
        let here = self.copies.roster.group(group);
        // One that has come to a fault leads nothing, whatever its consensus was before.
        let leads = here
            .as_ref()
            .is_some_and(|here| !here.is_sick() && here.leader() == Some(me));
        let own = here.and_then(|here| here.roll());
        // A leader has committed whatever anybody else knows to be committed: one that knows less leads nothing any more, and was not told.
        let known = own.as_ref().map(|own| own.as_of);
        if let Some(roll) = unwanted(node, own.as_ref(), told)
            && (!leads || known.is_some_and(|known| known < roll.as_of))
            && let Err(error) = self.copies.dismiss(group, &roll).await
        {
            tracing::warn!(group = format_args!("{group:016x}"), %error, "a copy that is not wanted stays");
        }
    }
}

/// Whether those who were asked about a machine say that it has been silent for the grace period. Where nobody answers nobody has said so.
fn have_given_up(silent_ms: impl Iterator<Item = Option<u64>>, grace_ms: u64) -> bool {
    let shortest = silent_ms.map(|silent_ms| silent_ms.unwrap_or(0)).min();
    shortest.is_some_and(|silent_ms| silent_ms >= grace_ms)
}

/// The newest of what others have told of the members, if it shows that a copy is none (any more), and they know no less than the copy itself does (R5).
fn unwanted(node: NodeId, own: Option<&Roll>, told: impl Iterator<Item = Roll>) -> Option<Roll> {
    let newest = told.max_by_key(|roll| (roll.index, roll.as_of))?;
    let known = own.map_or(0, |own| own.as_of);
    (!newest.members.contains_key(&node) && newest.as_of >= node.max(known)).then_some(newest)
}

impl Watched {
    fn new() -> Self {
        Self {
            led_since: None,
            stirred: Instant::now(),
            lonely_since: None,
            leader: None,
        }
    }

    /// Takes in how it stands now. Returns who leads it, if that is somebody else than before.
    fn look(&mut self, group: &Group) -> Option<MachineId> {
        let now = Instant::now();
        let leads = group.is_leading();
        match (leads, self.led_since) {
            (true, None) => self.led_since = Some(now),
            (false, Some(_)) => self.led_since = None,
            (true, Some(_)) | (false, None) => {}
        }
        let is_led = leads || group.leader().is_some();
        match (is_led, self.lonely_since) {
            (false, None) => self.lonely_since = Some(now),
            (true, Some(_)) => self.lonely_since = None,
            (true, None) | (false, Some(_)) => {}
        }
        let leader = group.leader()?;
        (self.leader.replace(leader) != Some(leader)).then_some(leader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::Member;

    fn roll(index: u64, as_of: u64, members: &[NodeId]) -> Roll {
        Roll {
            index,
            as_of,
            members: members.iter().map(|node| (*node, Member::default())).collect(),
        }
    }

    #[test]
    fn j6_a_machine_is_given_up_when_somebody_says_so_and_nobody_says_otherwise() {
        let given_up = |told: &[Option<u64>]| have_given_up(told.iter().copied(), 600);
        assert!(!given_up(&[]), "nobody answers");
        assert!(given_up(&[Some(600)]) && given_up(&[Some(700), Some(900)]));
        assert!(!given_up(&[Some(700), Some(599)]) && !given_up(&[Some(700), None]));
    }

    #[test]
    fn r5_a_copy_goes_by_what_others_tell_and_never_by_what_it_knows_itself() {
        // Invited as 10, and made a member by an entry that it has not got yet.
        let own = roll(4, 11, &[0, 1]);
        let unwanted = |told: &[Roll]| unwanted(10, Some(&own), told.iter().cloned());
        assert_eq!(unwanted(&[]), None, "nobody answers");
        assert_eq!(
            unwanted(&[roll(4, 9, &[0, 1])]),
            None,
            "from before the invitation"
        );
        assert_eq!(
            unwanted(&[roll(4, 10, &[0, 1])]),
            None,
            "who tells knows less than it does"
        );
        assert_eq!(
            unwanted(&[roll(4, 11, &[0, 1]), roll(12, 20, &[0, 1, 10])]),
            None,
            "it is a member"
        );
        let gone = roll(30, 30, &[0, 1]);
        assert_eq!(unwanted(&[roll(12, 20, &[0, 1, 10]), gone.clone()]), Some(gone));
    }
}
