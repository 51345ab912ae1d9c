//! Splits on real machines: a group is divided while people go on, members lag, and machines are started again.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::community::{follow, home, options, publish, register, registration, until};
use crate::letters::stranger;
use crate::moving::{all_equal, groups, id, invite};
use crate::neighbourhood::Neighbourhood;
use tertulia_node::switchboard::Switchboard;
use tertulia_node::{Absence, Call, Failure, Letter, MachineId, Node, NodeId, Options, Pace, Recipient};
use tertulia_state::Descriptor;
use tertulia_state::account::{Credentials, Lookup, Who};
use tertulia_state::range::{Birth, FindEnd, Split};
use tertulia_state::session::Actor;
use tertulia_types::{Position, Range, Rejected, Role, Slot};
use tokio::task::JoinHandle;

/// The middle of the ring.
const MIDDLE: Slot = Slot(0x7FFF);

/// Dweets that are written at least, and people that come: more than a page of a timeline.
const ENOUGH: usize = 25;

/// Divides the group that owns the end of a slot, for a machine that may not be there at all.
async fn divide(node: &Node, at: Slot, machine: u64) -> Birth {
    let split = Split {
        at: at.end(),
        machine: MachineId(machine),
        incarnation: 1,
    };
    loop {
        match node.submit(split.clone()).await {
            // Members are changing at the moment (R6), or nobody leads.
            Err(Failure::Rejected(Rejected::Conflict) | Failure::Unavailable(_)) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            answer => return answer.expect("is divided"),
        }
    }
}

/// A machine on a switchboard that is not impatient when the computer is busy.
async fn machine(switchboard: &Switchboard, directory: &Path, groups: u32) -> Arc<Node> {
    let options = Options {
        network: Arc::new(switchboard.clone()),
        pace: Pace {
            heartbeat_ms: 50,
            election_ms: 500,
        },
        ..options(directory, groups)
    };
    Node::open(options).await.expect("opens")
}

/// Three machines that all vote in one group.
pub(crate) async fn three(switchboard: &Switchboard, directory: &Path) -> Vec<Arc<Node>> {
    let mut machines = vec![machine(switchboard, &directory.join("0"), 1).await];
    for number in 1..3 {
        machines.push(machine(switchboard, &directory.join(number.to_string()), 0).await);
    }
    let group = groups(&machines[0])[0];
    let mut voters = BTreeSet::from([0]);
    let all: Vec<MachineId> = machines.iter().map(|machine| id(machine)).collect();
    for newcomer in &machines[1..] {
        newcomer.learn(group, all.clone());
        voters.insert(invite(&machines[0], newcomer, group).await);
    }
    machines[0].elect(group.group, voters).await.expect("votes");
    machines[0].learn(group, all);
    machines
}

/// Somebody writes, all the time, and people with new nicks come, each nick wanted by two.
struct Bustle {
    is_over: Arc<AtomicBool>,
    author: Actor,
    publishing: JoinHandle<usize>,
    registering: JoinHandle<Vec<String>>,
}

impl Bustle {
    fn of(nodes: Vec<Arc<Node>>, author: Actor) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let publishing = tokio::spawn({
            let (nodes, is_over) = (nodes.clone(), is_over.clone());
            async move {
                let mut published = 0;
                while !is_over.load(Ordering::Relaxed) || published < ENOUGH {
                    let node = &nodes[published % nodes.len()];
                    publish(node, author, &format!("hola {published}"))
                        .await
                        .expect("publishes");
                    published += 1;
                }
                published
            }
        });
        let registering = tokio::spawn({
            let is_over = is_over.clone();
            async move {
                let mut nicks = Vec::new();
                while !is_over.load(Ordering::Relaxed) || nicks.len() < ENOUGH {
                    let nick = format!("newcomer{}", nicks.len());
                    let (one, other) = (&nodes[nicks.len() % nodes.len()], &nodes[0]);
                    let answers = tokio::join!(
                        one.submit(registration(&nick).0),
                        other.submit(registration(&nick).0)
                    );
                    let taken = Failure::Rejected(Rejected::NickTaken);
                    match answers {
                        (Ok(_), Err(error)) | (Err(error), Ok(_)) => assert_eq!(error, taken, "{nick}"),
                        answers => panic!("{nick}: {answers:?}"),
                    }
                    nicks.push(nick);
                }
                nicks
            }
        });
        Self {
            is_over,
            author,
            publishing,
            registering,
        }
    }

    /// Ends it; nothing that was answered is lost, at any of these machines, and each dweet is on each timeline once.
    async fn end(self, nodes: &[Arc<Node>], readers: &[Actor]) {
        self.is_over.store(true, Ordering::Relaxed);
        let published = self.publishing.await.expect("published to the end");
        let nicks = self.registering.await.expect("registered to the end");
        for node in nodes {
            assert_eq!(dweets(node, self.author).await, published as u64);
            for nick in &nicks {
                let nick = nick.parse().expect("a nick");
                node.query(Credentials { nick }).await.expect("is there");
            }
        }
        let last: Vec<String> = (0..published)
            .rev()
            .take(20)
            .map(|dweet| format!("hola {dweet}"))
            .collect();
        for reader in readers {
            for node in nodes {
                until("each dweet is on each timeline, once", || async {
                    home(node, *reader).await == last
                })
                .await;
            }
        }
    }
}

async fn dweets(node: &Node, author: Actor) -> u64 {
    let who = Who::Id(author.account);
    node.query(Lookup { who }).await.expect("is there").dweets
}

async fn readers(node: &Node, author: Actor, count: usize) -> Vec<Actor> {
    let mut readers = Vec::new();
    for reader in 0..count {
        let reader = register(node, &format!("reader{reader}")).await;
        follow(node, reader, author.account).await;
        readers.push(reader);
    }
    readers
}

fn whole_ring(groups: &[Descriptor]) -> bool {
    let owners = |slot: u32| {
        let position = Slot((slot & 0xFFFF) as u16).end();
        groups
            .iter()
            .filter(|group| group.range.contains(position))
            .count()
    };
    (0..Slot::COUNT).step_by(99).all(|slot| owners(slot) == 1)
}

async fn until_trimmed(nodes: &[Arc<Node>]) {
    until("nothing is left of the other halves", || async {
        let standings = nodes.iter().flat_map(|node| node.standings());
        standings.into_iter().all(|standing| standing.is_trimmed)
    })
    .await;
}

/// The node ids of a group's voters, and of its learners.
fn members(node: &Node, group: u64) -> Vec<(NodeId, bool)> {
    let standings = node.standings();
    let standing = standings
        .iter()
        .find(|standing| standing.descriptor.group == group)
        .expect("is here");
    standing
        .seats
        .iter()
        .map(|seat| (seat.node, seat.votes))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn r8_a_group_of_one_is_divided_while_people_go_on_and_again_and_again() {
    let directory = tempfile::tempdir().unwrap();
    let node = Node::open(options(directory.path(), 1)).await.unwrap();
    let ana = register(&node, "ana").await;
    let readers = readers(&node, ana, 8).await;
    let bustle = Bustle::of(vec![node.clone()], ana);
    let first = divide(&node, MIDDLE, 1).await;
    // The parent again, and the child.
    let second = divide(&node, Slot(0xBFFF), 2).await;
    let third = divide(&node, Slot(0x3FFF), 3).await;
    assert_eq!(first.parent.group, second.parent.group);
    assert_eq!(first.child.group, third.parent.group);
    bustle.end(std::slice::from_ref(&node), &readers).await;
    until("each quarter is here", || async {
        let quarters: Vec<Range> = groups(&node).iter().map(|group| group.range).collect();
        quarters == Range::even(4)
    })
    .await;
    until_trimmed(std::slice::from_ref(&node)).await;
    // A repeat is answered as the first time, whoever owns the end by now (J2).
    assert_eq!(divide(&node, MIDDLE, 1).await, first);
    let end = node.query(FindEnd { of: Position(0) }).await.unwrap();
    assert_eq!(
        end.holder.map(|holder| holder.machine),
        Some(MachineId(3)),
        "the first quarter's"
    );

    let before = dweets(&node, ana).await;
    node.stop().await;
    drop(node);
    let node = Node::open(options(directory.path(), 1)).await.unwrap();
    assert_eq!(groups(&node).len(), 4, "all are there after a restart");
    assert_eq!(dweets(&node, ana).await, before);
    publish(&node, ana, "after the restart").await.unwrap();
    for reader in &readers {
        until("what is new arrives", || async {
            home(&node, *reader)
                .await
                .first()
                .is_some_and(|text| text == "after the restart")
        })
        .await;
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r8_a_group_of_three_is_divided_while_people_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let switchboard = Switchboard::default();
    let machines = three(&switchboard, directory.path()).await;
    let ana = register(&machines[0], "ana").await;
    let readers = readers(&machines[1], ana, 8).await;
    let bustle = Bustle::of(machines.clone(), ana);
    let first = divide(&machines[1], MIDDLE, 1).await;
    let second = divide(&machines[2], Slot(0x2000), 2).await;
    assert_eq!(second.parent.group, first.child.group, "the child's child");
    bustle.end(&machines, &readers).await;
    for node in &machines {
        until("each member has each group", || async {
            groups(node).len() == 3 && whole_ring(&groups(node))
        })
        .await;
    }
    for group in groups(&machines[0]) {
        // Voters, learners and their ids are those of the parent (R6).
        let seats = members(&machines[0], group.group);
        assert_eq!(seats, members(&machines[0], first.parent.group));
        until("all copies of each half are equal", || {
            all_equal(&machines, group.group)
        })
        .await;
    }
    until_trimmed(&machines).await;
    for group in groups(&machines[0]) {
        until("they are equal when they are trimmed too", || {
            all_equal(&machines, group.group)
        })
        .await;
    }
    for node in machines {
        node.stop().await;
    }
}

/// Asks a machine about a group, as a member of it would.
async fn sounded(switchboard: &Switchboard, of: &Node, node: NodeId, birth: Birth) -> Absence {
    let letter = Letter {
        group: birth.child.group,
        to: Some(Recipient {
            node,
            incarnation: of.member().incarnation,
            origin: Some(birth.origin()),
            descriptor: None,
        }),
        call: Call::Append,
        body: bytes::Bytes::new(),
        trace: None,
    };
    let answer = stranger(switchboard)
        .exchange(id(of), letter, Duration::from_secs(10))
        .await;
    answer.expect("is reached").expect_err("there is nothing in it")
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_a_member_that_lags_says_not_yet_and_has_its_copy_when_it_has_applied_the_split() {
    let directory = tempfile::tempdir().unwrap();
    let switchboard = Switchboard::default();
    let machines = three(&switchboard, directory.path()).await;
    let ana = register(&machines[0], "ana").await;
    let group = groups(&machines[0])[0].group;
    until("all are equal", || all_equal(&machines, group)).await;
    let leader = machines[0].standings()[0].leader;
    let place = machines.iter().position(|node| Some(id(node)) != leader).unwrap();
    let late = machines[place].clone();
    let others: Vec<_> = machines
        .iter()
        .filter(|node| id(node) != id(&late))
        .cloned()
        .collect();
    let node = late.standings()[0]
        .seats
        .iter()
        .find(|seat| seat.member == late.member())
        .map(|seat| seat.node)
        .unwrap();
    // Cut off from the others; a stranger still reaches it.
    for other in &others {
        switchboard.cut(id(other), id(&late));
        switchboard.cut(id(&late), id(other));
    }
    let birth = divide(&others[0], MIDDLE, 1).await;
    publish(&others[1], ana, "without it").await.unwrap();
    assert_eq!(sounded(&switchboard, &late, node, birth).await, Absence::NotYet);
    let unborn = Birth { index: 1, ..birth };
    assert_eq!(
        sounded(&switchboard, &late, node, unborn).await,
        Absence::NeverHeard
    );
    switchboard.heal();
    until("it has both halves", || async { groups(&late).len() == 2 }).await;
    for half in [birth.parent.group, birth.child.group] {
        until("its copies are equal", || all_equal(&machines, half)).await;
        assert!(members(&late, half).contains(&(node, true)), "under its old id");
    }
    // Any one may go, also in the new group.
    let leader = machines[place].standings()[0].leader.unwrap();
    switchboard.isolate(leader);
    let rest = machines
        .iter()
        .find(|node| id(node) != leader && id(node) != id(&late))
        .unwrap();
    publish(rest, ana, "with it").await.unwrap();
    switchboard.heal();
    for node in machines {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_a_member_that_gets_its_parent_from_behind_the_split_is_invited_anew() {
    let mut ring = Neighbourhood::of(3, Role::Replica).await;
    ring.until_settled(3, 3).await;
    let ana = register(&ring.machines[0], "ana").await;
    let group = groups(&ring.machines[0])[0].group;
    until("all are equal", || all_equal(&ring.machines, group)).await;
    let leader = ring.machines[0].standings()[0].leader;
    let place = ring
        .machines
        .iter()
        .position(|node| Some(id(node)) != leader)
        .unwrap();
    let late = ring.machines.remove(place);
    let old = members(&late, group);
    ring.switchboard.isolate(id(&late));
    let birth = divide(&ring.machines[0], MIDDLE, 1).await;
    publish(&ring.machines[1], ana, "without it").await.unwrap();
    for node in &ring.machines {
        for half in [birth.parent.group, birth.child.group] {
            node.cut_log(half).await.unwrap();
        }
    }
    ring.switchboard.heal();
    ring.machines.push(late.clone());
    until("it has both halves", || async { groups(&late).len() == 2 }).await;
    ring.until_settled(3, 3).await;
    for half in [birth.parent.group, birth.child.group] {
        until("its copies are equal", || all_equal(&ring.machines, half)).await;
    }
    // It came to the new group by an invitation: under an id that the old one never had (R2).
    let fresh = members(&late, birth.child.group);
    assert!(
        fresh.iter().any(|member| !old.contains(member)),
        "{fresh:?} after {old:?}"
    );
    for node in &ring.machines {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_a_member_that_a_split_has_passed_over_votes_where_a_majority_is_wanted() {
    let mut ring = Neighbourhood::of(3, Role::Replica).await;
    ring.until_settled(3, 3).await;
    let ana = register(&ring.machines[0], "ana").await;
    let group = groups(&ring.machines[0])[0].group;
    until("all are equal", || all_equal(&ring.machines, group)).await;
    // The founder, which would begin an empty group of its own as its first member.
    let late = ring.machines.remove(0);
    let old = members(&late, group);
    ring.switchboard.isolate(id(&late));
    let is_led_by = |node: &Arc<Node>| ring.machines[0].standings()[0].leader == Some(id(node));
    until("another leads", || async { ring.machines.iter().any(is_led_by) }).await;
    let lost = ring.machines.iter().position(is_led_by).unwrap();
    let birth = divide(&ring.machines[0], MIDDLE, 1).await;
    publish(&ring.machines[1], ana, "without it").await.unwrap();
    let born_at = |node: &Arc<Node>| groups(node).len() == 2;
    until("both others have both halves", || async {
        ring.machines.iter().all(born_at)
    })
    .await;
    for node in &ring.machines {
        for half in [birth.parent.group, birth.child.group] {
            node.cut_log(half).await.unwrap();
        }
    }
    // One of the two that have the new group is lost before the third has heard of it.
    let lost = ring.machines.remove(lost);
    ring.switchboard.isolate(id(&lost));
    ring.switchboard.take_back(id(&late));
    ring.machines.push(late.clone());
    until("it has both halves", || async { born_at(&late) }).await;
    publish(&late, ana, "with it").await.unwrap();
    let half = birth.child.group;
    until("its copies are equal", || all_equal(&ring.machines, half)).await;
    assert_eq!(
        members(&late, half),
        old,
        "under the id that it has in the old one"
    );
    ring.switchboard.heal();
    ring.machines.push(lost);
    ring.until_settled(3, 3).await;
    for half in [birth.parent.group, birth.child.group] {
        until("all copies are equal", || all_equal(&ring.machines, half)).await;
    }
    for node in &ring.machines {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r8_a_machine_that_stops_in_the_middle_of_splits_has_them_all_or_begins_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut cuts = BTreeSet::new();
    for life in 0..4_u16 {
        let node = Node::open(options(directory.path(), 1)).await.unwrap();
        let asked: Vec<_> = (0..3_u16)
            .map(|number| {
                let at = Slot(0x1000 * (life * 3 + number + 1));
                let node = node.clone();
                tokio::spawn(async move { (at, node.submit(split_at(at)).await) })
            })
            .collect();
        // As many as have been answered by then.
        let stopping = tokio::spawn({
            let node = node.clone();
            async move {
                until("one is divided", || async {
                    node.standings().len() > usize::from(life) * 3 + 1
                })
                .await;
                node.stop().await;
            }
        });
        for asked in asked {
            let (at, answer) = asked.await.unwrap();
            if answer.is_ok() {
                cuts.insert(at);
            }
        }
        stopping.await.unwrap();
        drop(node);
        let node = Node::open(options(directory.path(), 1)).await.unwrap();
        for number in 0..3_u16 {
            let at = Slot(0x1000 * (life * 3 + number + 1));
            node.submit(split_at(at)).await.expect("asked again");
        }
        let ends: BTreeSet<Slot> = groups(&node)
            .iter()
            .map(|group| group.range.end().slot())
            .collect();
        assert!(cuts.is_subset(&ends), "what was answered is there");
        until("all of the ring is here", || async { whole_ring(&groups(&node)) }).await;
        node.stop().await;
    }
}

fn split_at(at: Slot) -> Split {
    Split {
        at: at.end(),
        machine: MachineId(u64::from(at.0)),
        incarnation: 1,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_a_split_is_felt_briefly_where_the_lead_is() {
    // A pace at which an election that waits for its turn would be noticed.
    let directory = tempfile::tempdir().unwrap();
    let slow = Options {
        pace: Pace {
            heartbeat_ms: 1_000,
            election_ms: 30_000,
        },
        ..options(directory.path(), 1)
    };
    let node = Node::open(slow).await.unwrap();
    register(&node, "ana").await;
    let begun = tokio::time::Instant::now();
    divide(&node, MIDDLE, 1).await;
    for person in 0..8 {
        register(&node, &format!("person{person}")).await;
    }
    let took = begun.elapsed();
    assert!(
        took < Duration::from_secs(15),
        "not by the clock of elections: {took:?}"
    );
    node.stop().await;
}
