//! What happens to the machines in a run, and when: drawn from the seed before the run begins.

use std::fmt;
use std::time::Duration;

use tertulia_types::{Bug, Role};

use super::Name;
use super::chance::Chance;
use super::net::Weather;
use super::rest;
use super::world::{Crash, World};

/// Machines that store and stay, at least: fewer could not lose one.
const LEAST_STORING: usize = 3;

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A machine goes down, after so many steps of its disk.
    Crash(Name, u64, Crash),
    /// All machines go down at once.
    Blackout(Crash),
    /// A machine is told to stop.
    Stop(Name),
    /// A machine that is down is started.
    Start(Name),
    /// These machines are parted from the others.
    Part(Vec<Name>),
    /// One line is cut, in one direction.
    Cut(Name, Name),
    /// A machine hears nothing any more, but is heard; or the other way round.
    Deafen(Name, bool),
    /// All lines are whole again.
    Heal,
    /// A machine is slow.
    Slow(Name, u32),
    /// The weather changes.
    Storm(Weather),
    /// Fair weather, no slow machines.
    Calm,
    /// A clock jumps.
    Skew(Name, i64),
    /// A machine cuts its logs.
    CutLogs(Name),
    /// A machine hands over the lead of one of its groups.
    HandOver(Name, usize),
    /// A new machine is let in, and looks for its place.
    Join(Name, Role),
    /// A machine is told to leave, if enough others store.
    Leave(Name),
    /// A machine's disk is gone for ever, if everything is where it belongs at that time and another machine can take its copies (V1).
    Lose(Name),
    /// A machine loses power and one of its databases, under the same condition (R1, R2).
    LoseCopy(Name, usize),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What happens, and how long after the run has begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan(pub Vec<(Duration, Step)>);

impl Plan {
    /// The plan of a run of this length on these machines.
    #[must_use]
    pub fn new(seed: u64, names: &[Name], length: Duration) -> Self {
        let mut chance = Chance::new(seed, "plan");
        // Some runs have trouble all the time, and some hardly ever.
        let most_ms = chance.between(2_000, 9_000);
        let length_ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        let mut steps = Vec::new();
        for name in names {
            if chance.permille(500) {
                let by_ms = signed(&mut chance, 3_000);
                steps.push((Duration::ZERO, Step::Skew(*name, by_ms)));
            }
        }
        let mut at_ms = chance.between(500, most_ms);
        while at_ms < length_ms {
            for (after_ms, step) in trouble(&mut chance, names) {
                steps.push((Duration::from_millis(at_ms + after_ms), step));
            }
            at_ms += chance.between(300, most_ms);
        }
        steps.extend(comings_and_goings(&mut chance, names, length_ms));
        steps.sort_by_key(|(at, _)| *at);
        Self(steps)
    }

    /// The plan of a run in which a bug is to be found: over and over what it needs to show itself, and nothing else.
    #[must_use]
    pub fn against(bug: Bug, seed: u64, names: &[Name], length: Duration) -> Self {
        let mut chance = Chance::new(seed, "against");
        let length_ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        let newcomers = (0..4).map(|number| {
            let first = names.last().map_or(0, |name| name.0) + 1;
            let at_ms = length_ms * u64::from(number) / 5;
            (at_ms, Step::Join(Name(first + number), Role::Node))
        });
        let lossy = Weather {
            lost_permille: 150,
            ..Weather::FAIR
        };
        let mut steps = Vec::new();
        match bug {
            Bug::LearnerVotes | Bug::KeptEntries => {}
            Bug::CountedTwice => steps.push((0, Step::Storm(lossy))),
            Bug::UncheckedOwner => steps.extend(newcomers),
            Bug::ForgottenKeys => {
                steps.push((0, Step::Storm(lossy)));
                steps.extend(newcomers);
            }
            Bug::HastyRead => {
                for (name, at_ms) in names.iter().cycle().zip((0..length_ms).step_by(2_000)) {
                    steps.push((at_ms, Step::Part(vec![*name])));
                    steps.push((at_ms + 1_500, Step::Heal));
                }
            }
            Bug::IdUsedAgain => {
                for at_ms in (0..length_ms).step_by(3_000) {
                    let name = chance.pick(names).copied().unwrap_or(Name(0));
                    steps.push((at_ms, Step::LoseCopy(name, chance.index(8))));
                    steps.push((at_ms + 500, Step::Start(name)));
                }
            }
        }
        let at = |(at_ms, step)| (Duration::from_millis(at_ms), step);
        Self(steps.into_iter().map(at).collect())
    }

    /// Has it happen.
    pub async fn run(self, world: &World) {
        let began = tokio::time::Instant::now();
        for (at, step) in self.0 {
            tokio::time::sleep_until(began + at).await;
            step.happen(world).await;
        }
    }
}

/// Machines come and go in most runs, also while there is trouble.
fn comings_and_goings(chance: &mut Chance, names: &[Name], length_ms: u64) -> Vec<(Duration, Step)> {
    let mut steps = Vec::new();
    let mut at = |chance: &mut Chance, step| {
        let at_ms = chance.between(length_ms / 20, length_ms);
        steps.push((Duration::from_millis(at_ms), step));
    };
    let first = names.last().map_or(0, |name| name.0) + 1;
    let newcomers = chance.below(4);
    for (next, _) in (first..).zip(0..newcomers) {
        let role = match chance.below(5) {
            0 => Role::Replica,
            1 => Role::Gateway,
            _ => Role::Node,
        };
        at(chance, Step::Join(Name(next), role));
    }
    for _ in 0..chance.below(3) {
        if let Some(name) = chance.pick(names).copied() {
            at(chance, Step::Leave(name));
        }
    }
    if chance.permille(300)
        && let Some(name) = chance.pick(names).copied()
    {
        at(chance, Step::Lose(name));
    }
    if chance.permille(400)
        && let Some(name) = chance.pick(names).copied()
    {
        let at_ms = chance.between(length_ms / 20, length_ms);
        let until_ms = at_ms + chance.between(100, 2_000);
        let which = chance.index(8);
        steps.push((Duration::from_millis(at_ms), Step::LoseCopy(name, which)));
        steps.push((Duration::from_millis(until_ms), Step::Start(name)));
    }
    steps
}

/// One trouble: what happens, after how many milliseconds, until it is over.
fn trouble(chance: &mut Chance, names: &[Name]) -> Vec<(u64, Step)> {
    let name = chance.pick(names).copied().unwrap_or(Name(0));
    let other = chance.pick(names).copied().unwrap_or(Name(0));
    let until_ms = chance.between(100, 8_000);
    match chance.below(100) {
        0..14 => vec![
            (0, Step::Crash(name, 0, crash(chance))),
            (until_ms, Step::Start(name)),
        ],
        14..34 => vec![
            (0, Step::Crash(name, chance.below(60), crash(chance))),
            (until_ms, Step::Start(name)),
        ],
        34..38 => {
            let mut steps = vec![(0, Step::Blackout(crash(chance)))];
            steps.extend(
                names
                    .iter()
                    .map(|name| (chance.between(100, 4_000), Step::Start(*name))),
            );
            steps
        }
        38..43 => vec![(0, Step::Stop(name)), (until_ms, Step::Start(name))],
        43..55 => vec![(0, Step::Part(chance.some(names))), (until_ms, Step::Heal)],
        55..61 => vec![(0, Step::Part(vec![name])), (until_ms, Step::Heal)],
        61..67 => vec![(0, Step::Cut(name, other)), (until_ms, Step::Heal)],
        67..72 => vec![
            (0, Step::Deafen(name, chance.permille(500))),
            (until_ms, Step::Heal),
        ],
        72..79 => {
            let times = u32::try_from(chance.between(5, 100)).unwrap_or(5);
            vec![(0, Step::Slow(name, times)), (until_ms, Step::Calm)]
        }
        79..86 => vec![(0, Step::Storm(storm(chance))), (until_ms, Step::Calm)],
        86..90 => {
            let most_ms = if chance.permille(200) { 600_000 } else { 4_000 };
            vec![(0, Step::Skew(name, signed(chance, most_ms)))]
        }
        90..95 => vec![(0, Step::CutLogs(name))],
        _ => vec![(0, Step::HandOver(name, chance.index(8)))],
    }
}

fn crash(chance: &mut Chance) -> Crash {
    match chance.below(4) {
        0 => Crash::Killed,
        1 => Crash::Unplugged,
        _ => Crash::Torn(chance.below(u64::MAX)),
    }
}

fn storm(chance: &mut Chance) -> Weather {
    let permille = |chance: &mut Chance, most| u32::try_from(chance.below(most)).unwrap_or(0);
    Weather {
        way_ms: chance.between(1, 40),
        late_permille: permille(chance, 200),
        late_ms: chance.between(50, 6_000),
        lost_permille: permille(chance, 200),
    }
}

fn signed(chance: &mut Chance, most_ms: u64) -> i64 {
    let by_ms = i64::try_from(chance.below(most_ms)).unwrap_or(0);
    if chance.permille(500) { by_ms } else { -by_ms }
}

impl Step {
    async fn happen(self, world: &World) {
        match self {
            Self::Crash(name, steps, crash) => world.crash_in(name, steps, crash),
            Self::Blackout(crash) => {
                for name in world.names() {
                    world.crash(name, crash);
                }
            }
            // A stop may take a while, and more happens meanwhile.
            Self::Stop(name) => {
                let world = world.clone();
                drop(tokio::spawn(async move { world.stop(name).await }));
            }
            Self::Start(name) => {
                let world = world.clone();
                drop(tokio::spawn(async move { world.restart(name).await }));
            }
            Self::Part(names) => world.sever(&names),
            Self::Cut(from, to) => world.cut(from, to),
            Self::Deafen(name, hears) => {
                for other in world.names().into_iter().filter(|other| *other != name) {
                    if hears {
                        world.cut(name, other);
                    } else {
                        world.cut(other, name);
                    }
                }
            }
            Self::Heal => world.heal(),
            Self::Slow(name, times) => world.slow(name, times),
            Self::Storm(weather) => world.storm(weather),
            Self::Calm => world.calm(),
            Self::Skew(name, by_ms) => world.skew(name, by_ms),
            Self::CutLogs(name) => world.cut_logs(name),
            Self::HandOver(name, which) => world.hand_over(name, which).await,
            Self::Join(name, role) => drop(world.join(name, role).await),
            Self::Leave(name) => {
                // The place of one that is lost for good is not free before an operator has removed it (V1).
                let least = match world.is_machine_lost() {
                    true => world.replicas().max(LEAST_STORING),
                    false => LEAST_STORING,
                };
                if world.storing() > least {
                    world.leave(name);
                }
            }
            Self::Lose(name) => {
                if world.storing() > world.replicas().max(LEAST_STORING) && rest::missing(world).is_none() {
                    world.lose(name);
                }
            }
            Self::LoseCopy(name, which) => {
                if world.storing() >= LEAST_STORING && rest::missing(world).is_none() {
                    world.lose_copy(name, which);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_follows_from_its_seed_and_keeps_to_its_time() {
        let names: Vec<Name> = (0..5).map(Name).collect();
        let length = Duration::from_secs(60);
        let plan = Plan::new(3, &names, length);
        assert_eq!(plan, Plan::new(3, &names, length));
        assert_ne!(plan, Plan::new(4, &names, length));
        assert!(plan.0.len() > 5, "{plan:?}");
        assert!(plan.0.is_sorted_by_key(|(at, _)| *at));
    }

    #[test]
    fn every_kind_of_trouble_comes() {
        let names: Vec<Name> = (0..5).map(Name).collect();
        let kinds: std::collections::BTreeSet<String> = (0..200)
            .flat_map(|seed| Plan::new(seed, &names, Duration::from_secs(60)).0)
            .map(|(_, step)| {
                let text = step.to_string();
                text.split('(').next().unwrap_or_default().to_owned()
            })
            .collect();
        assert_eq!(kinds.len(), 18, "{kinds:?}");
    }
}
