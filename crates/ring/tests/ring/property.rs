//! After whatever has happened, and a while, the ring is ideal.

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert, prop_oneof, proptest};
use tertulia_ring::dice::Dice;
use tertulia_ring::{Event, Hop, Interval, Pointer, Ring, Settings};
use tertulia_types::{MachineId, Position};

use crate::ideal::flaw;
use crate::net::{Delay, Net};

/// Few successors, so that losing them is near.
const SUCCESSORS: usize = 4;
/// How many of its machines a ring may lose between two stabilisations.
const LOSSES_MAX: usize = SUCCESSORS - 1;

/// Something that happens to the ring. Numbers choose among the members, whatever their number is then.
#[derive(Clone, Debug)]
enum Happening {
    Join { seed: u64, contact: usize },
    Crash { which: Vec<usize> },
    Leave { which: usize },
    Restart,
    Quiet { ms: u64 },
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (any::<u64>(), any::<usize>()).prop_map(|(seed, contact)| Happening::Join { seed, contact }),
        2 => prop::collection::vec(any::<usize>(), 1..=LOSSES_MAX).prop_map(|which| Happening::Crash { which }),
        1 => any::<usize>().prop_map(|which| Happening::Leave { which }),
        1 => Just(Happening::Restart),
        2 => (0_u64..3000).prop_map(|ms| Happening::Quiet { ms }),
    ]
}

fn settings(seed: u64) -> Settings {
    Settings {
        successors: SUCCESSORS,
        watched: 2,
        seed,
        ..Settings::default()
    }
}

struct World {
    net: Net,
    fallen: Vec<Ring>,
    /// How many have gone since the last long calm.
    losses: usize,
    restarts: usize,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut net = Net::new(
            seed,
            Delay::Even(Interval {
                min_ms: 1,
                max_ms: 30,
            }),
        );
        net.add(Ring::new(machine(seed), settings(seed)));
        net.run_until(100);
        Self {
            net,
            fallen: Vec::new(),
            losses: 0,
            restarts: 0,
        }
    }

    fn members(&self) -> Vec<Pointer> {
        let members = self.net.machines.values().filter(|ring| ring.is_member());
        members.map(Ring::me).collect()
    }

    fn member(&self, choice: usize) -> Pointer {
        let members = self.members();
        members[choice % members.len()]
    }

    /// Makes room for losses: waits until those before have been dealt with; and while the ring is so small that each
    /// machine counts, until those that join are known to the others (the base of r + 1 machines of Zave's proof).
    fn brace(&mut self, losses: usize) {
        if self.losses + losses > LOSSES_MAX {
            self.wait(60_000);
            self.losses = 0;
        }
        if self.members().len() <= 3 * SUCCESSORS {
            self.wait(10_000);
        }
        self.losses += losses;
    }

    fn wait(&mut self, ms: u64) {
        self.net.run_until(self.net.now_ms + ms);
    }

    fn happen(&mut self, happening: &Happening) {
        match happening {
            Happening::Join { seed, contact } => {
                let contact = self.member(*contact);
                let mut ring = Ring::new(machine(*seed), settings(*seed));
                ring.join(self.net.now_ms, contact);
                self.net.add(ring);
            }
            Happening::Crash { which } => {
                self.brace(which.len());
                for &choice in which {
                    let victim = self.member(choice).machine;
                    if self.members().len() > 1 {
                        self.fallen.extend(self.net.crash(victim));
                    }
                }
            }
            Happening::Leave { which } => {
                self.brace(1);
                let leaver = self.member(*which).machine;
                if self.members().len() > 1 {
                    self.net.with(leaver, |ring, _| ring.leave());
                    self.net.crash(leaver);
                }
            }
            Happening::Restart => {
                if let Some(fallen) = self.fallen.pop() {
                    self.restarts += 1;
                    let known = fallen.machines_from(fallen.me().position);
                    let settings = *fallen.settings();
                    self.net.add(Ring::resume(fallen.me(), known, settings));
                }
            }
            Happening::Quiet { ms } => self.wait(*ms),
        }
    }

    /// A long calm, in which the shells do their part: a join that has failed is tried again. And a machine that was
    /// restarted may have known nobody who still lives: the others remember it, and so does it remember them (J4).
    fn calm(&mut self) {
        for _ in 0..4 {
            self.wait(40_000);
            let members = self.members();
            let machines = self.net.machines.values();
            let outside: Vec<_> = machines.filter(|ring| !ring.is_member()).map(Ring::me).collect();
            for machine in outside {
                self.net
                    .with(machine.machine, |ring, now_ms| ring.join(now_ms, members[0]));
            }
            if self.restarts > 0 {
                for &other in &members[1..] {
                    self.net
                        .with(members[0].machine, |ring, now_ms| ring.meet(now_ms, other));
                }
            }
        }
    }
}

fn machine(seed: u64) -> Pointer {
    let mut dice = Dice::new(seed);
    Pointer {
        machine: MachineId(dice.roll()),
        position: Position(dice.roll()),
    }
}

/// Where a lookup from this machine ends, and over how many others it goes.
fn look_up(net: &Net, from: MachineId, key: Position) -> (Pointer, usize) {
    let mut at = net.machines[&from].me();
    for hops in 0..net.machines.len() {
        match net.machines[&at.machine].next_hop(key) {
            Hop::Here => return (at, hops),
            Hop::Owner(owner) => return (owner, hops + 1),
            Hop::Forward(nearer) => at = nearer,
        }
    }
    panic!("the lookup goes round for ever");
}

#[test]
fn j6_lost_messages_bury_nobody() {
    let mut world = World::new(7);
    for seed in 100..112 {
        world.happen(&Happening::Join { seed, contact: 0 });
        world.wait(2000);
    }
    world.calm();
    assert_eq!(flaw(&world.net), None);
    world.net.lose(50);
    world.wait(600_000);
    let buried = world
        .net
        .events
        .iter()
        .filter(|(_, _, event)| matches!(event, Event::Dead(_)))
        .count();
    assert_eq!(buried, 0);
    world.net.lose(0);
    world.calm();
    assert_eq!(flaw(&world.net), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn after_whatever_has_happened_the_ring_is_ideal(
        seed in any::<u64>(),
        happenings in prop::collection::vec(happening(), 1..40),
        keys in prop::collection::vec(any::<u64>(), 8),
    ) {
        let mut world = World::new(seed);
        for happening in &happenings {
            world.happen(happening);
        }
        world.calm();
        prop_assert!(flaw(&world.net).is_none(), "{:?}", flaw(&world.net));
        prop_assert!(world.net.refused.is_empty(), "{:?}", world.net.refused);
        prop_assert!(world.members().iter().all(|member| !world.net.machines[&member.machine].is_suspect(member.machine)));

        let mut members = world.members();
        members.sort_by_key(|member| member.position);
        for key in keys {
            let owner = members.iter().find(|m| m.position.0 >= key).unwrap_or(&members[0]);
            for member in &members {
                let (found, hops) = look_up(&world.net, member.machine, Position(key));
                prop_assert!(found == *owner, "{found:?} is not the owner of {key:x}");
                prop_assert!(hops <= 2 + members.len().ilog2() as usize);
            }
        }
    }
}
