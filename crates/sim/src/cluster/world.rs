//! The world that machines live in, and what can be done to it.
//!
//! Each verb of [`World`] is one thing that happens: a machine starts, loses power, is cut off. Verbs never fail; what goes wrong with a machine that should
//! work is a breach of an invariant, and is [noted](World::breach).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tertulia_node::peers::{RingFile, RingId};
use tertulia_node::{Charter, Identity, Node, Options, Patience, Standing};
use tertulia_types::Role;
use tertulia_types::ring::LeaveProgress;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::Name;
use super::chance::Chance;
use super::clock::Skewed;
use super::invariant::Breach;
use super::life::{Life, Pulse};
use super::net::{Net, Weather};
use super::pace;
use super::trace::Trace;
use crate::disk::Disk;

/// How long something may take that must happen, in virtual time.
const LIMIT: Duration = Duration::from_secs(180);
/// Between two looks at whether it has happened.
const LOOK: Duration = Duration::from_millis(20);
/// How long a start may take: a machine reads its log and its databases.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Clocks this far apart may be found wrong: a machine says so from 5 s on, and letters take their time.
const CLOCKS_PARTED_MS: i64 = 4_000;
/// Before somebody tries again what a machine could not do.
const AGAIN: Duration = Duration::from_secs(1);

/// The machines' patience: in a run of a minute, what takes many in service.
pub const PATIENCE: Patience = Patience {
    grace: Duration::from_secs(15),
    calm: Duration::from_secs(1),
    homecoming: Duration::from_secs(2),
    loneliness: Duration::from_secs(3),
    round: Duration::from_millis(300),
};

/// The world. Clones are the same.
#[derive(Clone)]
pub struct World(Arc<Shared>);

struct Shared {
    seed: u64,
    /// Whether new disks say that they have synced what they have not.
    is_lying: bool,
    trace: Trace,
    net: Net,
    /// For what the world decides by itself.
    chance: Mutex<Chance>,
    /// Whether there is a breach.
    broken: watch::Sender<bool>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    machines: BTreeMap<Name, Machine>,
    breaches: Vec<Breach>,
    faults: BTreeMap<&'static str, u64>,
    /// Lives that have ended, and may still be stopping.
    dead: Vec<Weak<Node>>,
    /// What each machine is to the ring; those that went for ever too.
    parts: BTreeMap<Name, Part>,
    replicas: u32,
    /// Clocks were once so far apart that a machine may say so.
    clocks_parted: bool,
    /// A database was lost, so that a machine may say so.
    is_copy_lost: bool,
    /// A machine was lost for good.
    is_machine_lost: bool,
}

/// What a machine is to the ring, as far as the one who runs it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It was let in, and looks for its place.
    Coming,
    /// It has its place, as this.
    In(Role),
    /// It was told to leave.
    Leaving,
    /// It has left, or its disk is gone.
    Out,
}

/// How a machine goes down that is not told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// Its process is killed: the computer keeps what was written.
    Killed,
    /// Its computer loses power: what was not synced is lost.
    Unplugged,
    /// As `Unplugged`, but each thing that was not synced is kept, lost or torn by itself, as this seed has it.
    Torn(u64),
}

/// A machine: its disk and its clock, and its life while it has one.
struct Machine {
    disk: Disk,
    clock: Skewed,
    life: Option<Arc<Life>>,
    is_starting: bool,
    /// How it goes down, when its disk comes to the step that was chosen.
    crash: Crash,
    /// Whether such a step was chosen.
    is_doomed: bool,
    /// Which of its databases is lost when it goes down, if one is to be.
    loses: Option<usize>,
}

impl Machine {
    /// What its disk is after it went down.
    fn fall(&mut self) {
        self.disk = self.crash.leaves(&self.disk);
        self.is_doomed = false;
        if let Some(which) = self.loses.take() {
            lose_database(&self.disk, which);
        }
    }
}

impl World {
    /// A world without machines. To be made inside the runtime.
    #[must_use]
    pub fn new(seed: u64, trace: Trace) -> Self {
        Self::with(seed, trace, false)
    }

    /// The control: a world in which syncs do nothing. What is lost there must be found out.
    #[must_use]
    pub fn lying(seed: u64, trace: Trace) -> Self {
        Self::with(seed, trace, true)
    }

    fn with(seed: u64, trace: Trace, is_lying: bool) -> Self {
        pace::begin(seed);
        Self(Arc::new(Shared {
            seed,
            is_lying,
            net: Net::new(seed, trace.clone()),
            trace,
            chance: Mutex::new(Chance::new(seed, "world")),
            broken: watch::Sender::new(false),
            state: Mutex::default(),
        }))
    }

    /// The seed of the run.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.0.seed
    }

    /// What happens is written here.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.0.trace
    }

    /// The network.
    #[must_use]
    pub fn net(&self) -> &Net {
        &self.0.net
    }

    /// Waits until something has happened that must not.
    pub async fn until_broken(&self) {
        let mut broken = self.0.broken.subscribe();
        // The sender lives as long as the world.
        let _ = broken.wait_for(|is_broken| *is_broken).await;
    }

    /// Notes that something must not have happened.
    pub fn breach(&self, invariant: &'static str, what: impl Into<String>) {
        let breach = Breach {
            invariant: invariant.to_owned(),
            what: what.into(),
            at_ms: self.0.trace.now_ms(),
        };
        self.0
            .trace
            .note(format_args!("BREACH {}: {}", breach.invariant, breach.what));
        self.state().breaches.push(breach);
        self.0.broken.send_replace(true);
    }

    /// All breaches so far.
    #[must_use]
    pub fn breaches(&self) -> Vec<Breach> {
        self.state().breaches.clone()
    }

    /// How often each kind of fault has come so far.
    #[must_use]
    pub fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.state().faults.clone()
    }

    /// All machines, running or not.
    #[must_use]
    pub fn names(&self) -> Vec<Name> {
        self.state().machines.keys().copied().collect()
    }

    /// The machines that run.
    #[must_use]
    pub fn lives(&self) -> Vec<Arc<Life>> {
        let state = self.state();
        let running = state.machines.values().filter_map(|machine| machine.life.clone());
        running.filter(|life| !life.pulse.is_gone()).collect()
    }

    /// A machine's life, if it has one.
    #[must_use]
    pub fn life(&self, name: Name) -> Option<Arc<Life>> {
        let state = self.state();
        let life = state.machines.get(&name)?.life.clone()?;
        (!life.pulse.is_gone()).then_some(life)
    }

    // What happens to machines.

    /// The first machine comes, and founds a ring of so many groups, each to be kept so many times.
    pub async fn found(&self, name: Name, groups: u32, replicas: u32) {
        let disk = self.new_machine(name);
        self.state().replicas = replicas;
        let ring = RingFile::found_as(RingId(self.seed()), "Simulation", replicas);
        let charter = Identity::take(disk.root())
            .map_err(|error| error.to_string())
            .and_then(|identity| {
                let ring = ring.map_err(|error| error.to_string())?;
                Charter::found(&identity, ring).map_err(|error| error.to_string())
            });
        match charter {
            Ok(charter) => self.start_with(name, groups, Some(charter)).await,
            Err(error) => self.breach("start", format!("{name} cannot found a ring: {error}")),
        }
        self.set_part(name, Part::In(Role::Node));
    }

    /// A new machine comes with an empty disk, is let in by one that runs, and looks for its place in the background. False if nobody was there to let it in.
    pub async fn join(&self, name: Name, role: Role) -> bool {
        let doors: Vec<Arc<Life>> = self.lives();
        let door = doors
            .iter()
            .find(|life| matches!(self.part(life.name), Some(Part::In(role)) if role.stores()));
        let Some(door) = door else { return false };
        let disk = self.new_machine(name);
        self.0
            .trace
            .note(format_args!("{} lets {name} in as {role:?}", door.name));
        match door.node.charter().admit(disk.root(), role) {
            Ok(charter) => {
                self.set_part(name, Part::Coming);
                self.start_with(name, 0, Some(charter)).await;
                tokio::spawn(self.clone().settle_in(name, role));
                true
            }
            Err(error) => {
                self.breach("start", format!("{name} is not let in: {error}"));
                false
            }
        }
    }

    /// Sees to it that a newcomer finds its place: in its first life as what it was let in as, later as the ring has it.
    async fn settle_in(self, name: Name, role: Role) {
        let mut wanted = Some(role);
        while self.part(name) == Some(Part::Coming) {
            if let Some(life) = self.life(name) {
                match life.pulse.answer(life.node.settle_in(wanted)).await {
                    Some(Ok(role)) => {
                        self.0.trace.note(format_args!("{name} is in as {role:?}"));
                        self.set_part(name, Part::In(role));
                        return;
                    }
                    Some(Err(error)) => self.0.trace.note(format_args!("{name} finds no place: {error}")),
                    None => wanted = None,
                }
            }
            sleep(AGAIN).await;
        }
    }

    /// A machine is told to leave, in the background, again after each start, until it has left.
    pub fn leave(&self, name: Name) {
        let Some(part @ Part::In(_)) = self.part(name) else {
            return;
        };
        self.set_part(name, Part::Leaving);
        self.0.trace.note(format_args!("{name} is told to leave"));
        let world = self.clone();
        tokio::spawn(async move {
            while world.part(name) == Some(Part::Leaving) {
                if let Some(life) = world.life(name) {
                    let (progress, _) = watch::channel(LeaveProgress::default());
                    match life.pulse.answer(life.node.leave(&progress)).await {
                        Some(Ok(())) => {
                            world.0.trace.note(format_args!("{name} has left"));
                            world.set_part(name, Part::Out);
                            world.stop(name).await;
                            return;
                        }
                        Some(Err(error)) => {
                            world.0.trace.note(format_args!("{name} cannot leave: {error}"));
                            world.set_part(name, part);
                            return;
                        }
                        None => {}
                    }
                }
                sleep(AGAIN).await;
            }
        });
    }

    /// A machine's disk is gone for ever.
    pub fn lose(&self, name: Name) {
        self.set_part(name, Part::Out);
        self.state().is_machine_lost = true;
        self.fault("disk gone");
        self.0.trace.note(format_args!("the disk of {name} is gone"));
        self.crash(name, Crash::Unplugged);
    }

    /// A machine loses power, and one of its databases with it; all else on its disk stays.
    pub fn lose_copy(&self, name: Name, which: usize) {
        {
            let mut state = self.state();
            match state.machines.get_mut(&name) {
                Some(machine) if machine.life.is_some() => machine.loses = Some(which),
                Some(_) | None => return,
            }
            state.is_copy_lost = true;
        }
        self.fault("database gone");
        self.0
            .trace
            .note(format_args!("database {which} of {name} is lost"));
        self.crash(name, Crash::Unplugged);
    }

    /// Whether a machine may have missed a database, and rightly so (R1).
    #[must_use]
    pub fn is_copy_lost(&self) -> bool {
        self.state().is_copy_lost
    }

    /// Whether a machine was lost for good. It goes on counting until an operator removes it (V1).
    #[must_use]
    pub fn is_machine_lost(&self) -> bool {
        self.state().is_machine_lost
    }

    /// What a machine is to the ring.
    #[must_use]
    pub fn part(&self, name: Name) -> Option<Part> {
        self.state().parts.get(&name).copied()
    }

    fn set_part(&self, name: Name, part: Part) {
        self.state().parts.insert(name, part);
    }

    /// How many machines store, or will, and are not about to leave.
    #[must_use]
    pub fn storing(&self) -> usize {
        let state = self.state();
        let parts = state.parts.values();
        parts
            .filter(|part| matches!(part, Part::In(role) if role.stores()))
            .count()
    }

    /// Machines that have yet to find their place, or to leave.
    #[must_use]
    pub fn underway(&self) -> Vec<Name> {
        let state = self.state();
        let parts = state.parts.iter();
        parts
            .filter(|(_, part)| matches!(part, Part::Coming | Part::Leaving))
            .map(|(name, _)| *name)
            .collect()
    }

    /// How many copies there ought to be of everything, when there are enough machines.
    #[must_use]
    pub fn replicas(&self) -> usize {
        self.state().replicas as usize
    }

    /// How many copies there ought to be of everything.
    #[must_use]
    pub fn copies(&self) -> usize {
        self.replicas().min(self.storing())
    }

    fn new_machine(&self, name: Name) -> Disk {
        let machine = Machine {
            disk: if self.0.is_lying {
                Disk::lying()
            } else {
                Disk::new()
            },
            clock: Skewed::new(self.0.trace.clone()),
            life: None,
            is_starting: false,
            crash: Crash::Unplugged,
            is_doomed: false,
            loses: None,
        };
        let disk = machine.disk.clone();
        self.state().machines.insert(name, machine);
        disk
    }

    /// A machine that does not run is started on what is left of its disk.
    pub async fn start(&self, name: Name) {
        if self.part(name) != Some(Part::Out) {
            self.start_with(name, 0, None).await;
        }
    }

    /// As [`World::start`]; a machine that has yet to go down goes down first.
    pub async fn restart(&self, name: Name) {
        let doom = {
            let state = self.state();
            let machine = state.machines.get(&name);
            machine
                .filter(|machine| machine.is_doomed && machine.life.is_some())
                .map(|machine| machine.crash)
        };
        if let Some(crash) = doom {
            self.crash(name, crash);
        }
        self.start(name).await;
    }

    async fn start_with(&self, name: Name, found: u32, charter: Option<Charter>) {
        let Some((disk, clock)) = self.claim(name) else {
            return;
        };
        let pulse = Pulse::new(disk.clone());
        let options = Options {
            found,
            charter,
            patience: Some(PATIENCE),
            stage: pace::stage(name),
            network: self.0.net.port(name, pulse.clone()),
            clock: clock.clock(),
            medium: disk.medium(),
            fatal: self.fatal(name, pulse.clone()),
            ..Options::new(disk.root())
        };
        self.0.trace.note(format_args!("{name} starts"));
        tokio::spawn({
            let (world, pulse) = (self.clone(), pulse.clone());
            async move {
                pulse.until_gone().await;
                world.reap();
            }
        });
        let opened = timeout(
            START_LIMIT,
            Node::open_on(options, Arc::new(disk.raft_file_system())),
        )
        .await;
        let opened = match opened {
            Ok(opened) => opened.map_err(|error| format!("{error}: {error:?}")),
            Err(_) => Err("no answer in time".to_owned()),
        };
        match opened {
            Ok(node) => self.welcome(name, node, pulse),
            Err(error) => {
                if !pulse.is_gone() {
                    self.breach("start", format!("{name} cannot be started: {error}"));
                }
                self.release(name);
            }
        }
        self.reap();
    }

    /// Marks a machine as starting, unless it runs or starts already.
    fn claim(&self, name: Name) -> Option<(Disk, Skewed)> {
        let mut state = self.state();
        let machine = state.machines.get_mut(&name)?;
        if machine.is_starting || machine.life.is_some() {
            return None;
        }
        machine.is_starting = true;
        Some((machine.disk.clone(), machine.clock.clone()))
    }

    fn release(&self, name: Name) {
        if let Some(machine) = self.state().machines.get_mut(&name) {
            machine.is_starting = false;
            if machine.disk.has_crashed() {
                machine.fall();
            }
        }
    }

    fn welcome(&self, name: Name, node: Arc<Node>, pulse: Pulse) {
        if let Some(machine) = self.state().machines.get_mut(&name) {
            machine.is_starting = false;
            machine.life = Some(Arc::new(Life { name, node, pulse }));
        }
        self.0.trace.note(format_args!("{name} runs"));
    }

    /// What a machine does whose log cannot be trusted any more: in service its process ends.
    fn fatal(&self, name: Name, pulse: Pulse) -> tertulia_node::Fatal {
        let world = self.clone();
        Arc::new(move |why| {
            if !pulse.is_gone() {
                world.breach("disk", format!("{name}: {why}"));
                pulse.end();
            }
        })
    }

    /// A machine goes down now.
    pub fn crash(&self, name: Name, crash: Crash) {
        self.crash_in(name, 0, crash);
    }

    /// A machine goes down when its disk has been written to or synced so many times more.
    pub fn crash_in(&self, name: Name, steps: u64, crash: Crash) {
        let mut state = self.state();
        let Some(machine) = state.machines.get_mut(&name) else {
            return;
        };
        if machine.life.is_none() && !machine.is_starting {
            return;
        }
        machine.crash = crash;
        machine.is_doomed = true;
        machine.disk.freeze_after(machine.disk.steps() + steps);
        drop(state);
        self.fault(if steps == 0 { "crash" } else { "crash in a write" });
        self.0.trace.note(format_args!(
            "{name} is to go down after {steps} steps: {crash:?}"
        ));
        self.reap();
    }

    /// Buries those whose disk has come to the step of its crash.
    pub fn reap(&self) {
        let mut ended = Vec::new();
        {
            let mut state = self.state();
            let State { machines, dead, .. } = &mut *state;
            for machine in machines.values_mut() {
                let Some(life) = machine.life.take_if(|life| life.pulse.is_gone()) else {
                    continue;
                };
                life.pulse.end();
                machine.fall();
                dead.push(Arc::downgrade(&life.node));
                ended.push(life);
            }
        }
        for life in ended {
            self.0.trace.note(format_args!("{} is down", life.name));
            bury(life);
        }
    }

    /// A machine is stopped as it should be.
    pub async fn stop(&self, name: Name) {
        let Some(life) = self.life(name) else { return };
        self.fault("stop");
        self.0.trace.note(format_args!("{name} is told to stop"));
        // It may lose power while it stops; then there is nothing left to take.
        life.node.stop().await;
        self.reap();
        let mut state = self.state();
        let State { machines, dead, .. } = &mut *state;
        let Some(machine) = machines.get_mut(&name) else {
            return;
        };
        if machine.life.take_if(|own| Arc::ptr_eq(own, &life)).is_none() {
            return;
        }
        life.pulse.end();
        dead.push(Arc::downgrade(&life.node));
        // All that counts must be safe by now.
        machine.crash = Crash::Unplugged;
        machine.fall();
        self.0.trace.note(format_args!("{name} has stopped"));
    }

    /// A machine's clock is set forward or back.
    pub fn skew(&self, name: Name, by_ms: i64) {
        {
            let mut state = self.state();
            match state.machines.get(&name) {
                Some(machine) => machine.clock.jump(by_ms),
                None => return,
            }
            let wrong = || state.machines.values().map(|machine| machine.clock.wrong_by_ms());
            let apart_ms = wrong().max().unwrap_or(0) - wrong().min().unwrap_or(0);
            state.clocks_parted |= apart_ms >= CLOCKS_PARTED_MS;
        }
        self.fault("clock");
        self.0
            .trace
            .note(format_args!("the clock of {name} jumps by {by_ms} ms"));
    }

    /// Whether a machine may have found its clock wrong, and rightly so (C3).
    #[must_use]
    pub fn clocks_parted(&self) -> bool {
        self.state().clocks_parted
    }

    // What happens between machines.

    /// Nothing that `from` sends to `to` arrives any more.
    pub fn cut(&self, from: Name, to: Name) {
        if !self.is_there(from) || !self.is_there(to) {
            return;
        }
        self.0.net.cut(from, to);
        self.fault("cut");
        self.0.trace.note(format_args!("cut {from}→{to}"));
    }

    /// These machines and the others hear nothing of each other any more.
    pub fn sever(&self, these: &[Name]) {
        for name in self.names().iter().filter(|name| !these.contains(name)) {
            for one in these {
                self.0.net.cut(*one, *name);
                self.0.net.cut(*name, *one);
            }
        }
        self.fault("partition");
        self.0.trace.note(format_args!("partition of {}", list(these)));
    }

    /// All lines work again.
    pub fn heal(&self) {
        self.0.net.heal();
        self.0.trace.note(format_args!("lines are whole"));
    }

    /// Lines and disk of a machine become slower.
    pub fn slow(&self, name: Name, times: u32) {
        if !self.is_there(name) {
            return;
        }
        self.0.net.slow(name, times);
        pace::slow(name, times);
        self.fault("slow machine");
        self.0.trace.note(format_args!("{name} is {times} times slower"));
    }

    /// The network loses and delays letters.
    pub fn storm(&self, weather: Weather) {
        self.0.net.set_weather(weather);
        self.fault("bad weather");
        self.0.trace.note(format_args!("weather: {weather:?}"));
    }

    /// Fair weather, and no machine is slow.
    pub fn calm(&self) {
        self.0.net.set_weather(Weather::FAIR);
        self.0.net.hurry();
        pace::hurry();
        self.0.trace.note(format_args!("calm"));
    }

    // What machines are told to do.

    /// Hands the lead of one group from this machine to another voter, if it leads one.
    pub async fn hand_over(&self, name: Name, which: usize) {
        let Some(life) = self.life(name) else { return };
        let led = led(&life);
        let Some(standing) = led.get(which % led.len().max(1)) else {
            return;
        };
        let own = life.node.member();
        let others: Vec<_> = standing
            .seats
            .iter()
            .filter(|seat| seat.votes && seat.member != own)
            .collect();
        let Some(seat) = others.get(which % others.len().max(1)) else {
            return;
        };
        self.0.trace.note(format_args!(
            "{name} hands {:016x} to node {}",
            standing.descriptor.group, seat.node
        ));
        let (group, node) = (standing.descriptor.group, seat.node);
        let handing = async move {
            // It may not work, as everything.
            let handed = life.node.hand_over(group, node).await;
            drop(handed);
        };
        tokio::spawn(handing);
    }

    /// A machine cuts the logs of its groups, so that whoever lags gets a snapshot.
    pub fn cut_logs(&self, name: Name) {
        let Some(life) = self.life(name) else { return };
        self.0.trace.note(format_args!("{name} cuts its logs"));
        tokio::spawn(async move {
            for standing in life.node.standings() {
                // A group that has stopped has no log to cut.
                drop(life.node.cut_log(standing.descriptor.group).await);
            }
        });
    }

    // Waiting.

    /// Waits until something holds; notes a breach if it does not within the limit.
    pub async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) -> bool {
        let waited = timeout(LIMIT, async {
            while !holds().await {
                sleep(LOOK).await;
                self.reap();
            }
        });
        let held = waited.await.is_ok();
        if !held {
            self.breach("liveness", format!("not within {} s: {what}", LIMIT.as_secs()));
        }
        held
    }

    /// Everything works again: lines, weather and all machines.
    pub async fn mend(&self) {
        self.0.trace.note(format_args!("everything is mended"));
        self.heal();
        self.calm();
        self.reap();
        for machine in self.state().machines.values_mut() {
            machine.disk.freeze_after(u64::MAX);
            machine.is_doomed = false;
        }
        let are_up = async || {
            for name in self.names() {
                self.start(name).await;
            }
            let all = self.names().into_iter();
            self.lives().len() == all.filter(|name| self.part(*name) != Some(Part::Out)).count()
        };
        self.until("all machines run again", are_up).await;
    }

    /// Lives that have ended, and are still there.
    #[must_use]
    pub fn ghosts(&self) -> usize {
        let mut state = self.state();
        state.dead.retain(|dead| dead.strong_count() > 0);
        state.dead.len()
    }

    /// A seed for something that the world needs chance for.
    pub fn draw(&self) -> u64 {
        self.0
            .chance
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .below(u64::MAX)
    }

    fn is_there(&self, name: Name) -> bool {
        self.state().machines.contains_key(&name)
    }

    fn fault(&self, kind: &'static str) {
        *self.state().faults.entry(kind).or_default() += 1;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The groups that a machine leads, as far as it knows.
#[must_use]
pub fn led(life: &Life) -> Vec<Standing> {
    let own = life.node.member().machine;
    let standings = life.node.standings().into_iter();
    standings
        .filter(|standing| standing.leader == Some(own))
        .collect()
}

impl Crash {
    /// What is left of a disk.
    fn leaves(self, disk: &Disk) -> Disk {
        match self {
            Self::Killed => disk.kill(),
            Self::Unplugged => disk.crash(),
            Self::Torn(seed) => disk.crash_with(seed),
        }
    }
}

/// One of the databases on a disk is gone for good, with what SQLite keeps beside it.
fn lose_database(disk: &Disk, which: usize) {
    let names = disk.names();
    let databases: Vec<_> = names
        .iter()
        .filter(|name| name.extension().is_some_and(|kind| kind == "db"))
        .collect();
    let Some(lost) = databases.get(which % databases.len().max(1)) else {
        return;
    };
    for name in &names {
        let is_beside = name.to_string_lossy().starts_with(&*lost.to_string_lossy());
        if is_beside && disk.remove(&disk.root().join(name)).is_err() {
            return;
        }
    }
    if let Some(folder) = lost.parent() {
        // On a disk in memory, of which nobody has said that it has crashed, this does not fail.
        let _ = disk.sync_directory(&disk.root().join(folder));
    }
}

/// Stops what is left of a dead machine; it can do no harm any more, and nobody waits for it.
fn bury(life: Arc<Life>) {
    tokio::spawn(async move {
        life.node.stop().await;
    });
}

fn list(names: &[Name]) -> String {
    let names: Vec<String> = names.iter().map(Name::to_string).collect();
    names.join(" ")
}
