//! Runs the ring: gives [`Ring`] its time and its letters, carries out what it wants, and remembers whom it has lost.
//!
//! **Invariant:** a machine that was ever known is tried for ever, at growing intervals, until it answers or has left for good (J4). The first answer is
//! enough to make two rings one again.
//! **Invariant:** a ring's message is sent once and not waited for; the value's own timeouts are what repeats.
//! **Invariant:** a machine that was in trouble counts as live again only after a calm while (J6).
//!
//! A gateway runs it too: it stands nowhere on the ring, and remembers and tries the others all the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tertulia_ring::message::Message;
use tertulia_ring::output::{Event, Output};
use tertulia_ring::pointer::Pointer;
use tertulia_ring::ring::Ring;
use tertulia_ring::settings::Settings;
use tertulia_types::ring::{EventKind, GroupId, RingEvent};
use tertulia_types::{MachineId, Position};
use tokio::sync::{Notify, broadcast, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ask::{Caller, Chord, Opinion};
use crate::batch::Clock;

/// How long a message of the ring's may be on its way.
const MESSAGE_DEADLINE: Duration = Duration::from_millis(800);
/// How long a lost machine may take to answer.
const CALL_DEADLINE: Duration = Duration::from_secs(1);
/// The first and the longest wait before a lost machine is tried again.
const TRY_MIN: Duration = Duration::from_secs(1);
const TRY_MAX: Duration = Duration::from_secs(60);
/// Messages under way at most; the ring's own pace keeps them far below.
const MESSAGES_MAX: usize = 1024;
/// Events that a slow listener may be behind.
const EVENTS_MAX: usize = 256;

/// A machine that does not answer.
struct Lost {
    pointer: Option<Pointer>,
    /// It answered once, and does not any more; otherwise it was only never heard of.
    was_heard: bool,
    /// Since when nothing was heard of it.
    since: Instant,
    next: Instant,
    pause: Duration,
}

#[derive(Default)]
struct Memory {
    lost: BTreeMap<MachineId, Lost>,
    /// When a machine was suspected last.
    trouble: BTreeMap<MachineId, Instant>,
}

/// The machine's place on the ring.
pub(crate) struct Driver {
    me: MachineId,
    caller: Caller,
    settings: Settings,
    calm: Duration,
    clock: Clock,
    since: Instant,
    /// `None` while the machine stands nowhere. Never locked together with `memory`.
    ring: Mutex<Option<Ring>>,
    memory: Mutex<Memory>,
    woken: Notify,
    events: broadcast::Sender<RingEvent>,
    /// Counts changes of the ring's pointers.
    changes: watch::Sender<u64>,
    sending: TaskTracker,
}

impl Driver {
    pub(crate) fn new(
        me: MachineId,
        caller: Caller,
        settings: Settings,
        calm: Duration,
        clock: Clock,
    ) -> Arc<Self> {
        Arc::new(Self {
            me,
            caller,
            settings,
            calm,
            clock,
            since: Instant::now(),
            ring: Mutex::new(None),
            memory: Mutex::default(),
            woken: Notify::new(),
            events: broadcast::channel(EVENTS_MAX).0,
            changes: watch::channel(0).0,
            sending: TaskTracker::new(),
        })
    }

    /// Stands on the ring from now on: alone, or among those who are remembered.
    pub(crate) fn stand(&self, position: Position, known: Vec<Pointer>) {
        let me = Pointer {
            machine: self.me,
            position,
        };
        let ring = if known.is_empty() {
            Ring::new(me, self.settings)
        } else {
            Ring::resume(me, known, self.settings)
        };
        *self.ring() = Some(ring);
        self.stir();
    }

    /// Joins the ring through a machine that stands on it.
    pub(crate) fn join(&self, position: Position, contact: Pointer) {
        let me = Pointer {
            machine: self.me,
            position,
        };
        let mut ring = Ring::new(me, self.settings);
        ring.join(self.now_ms(), contact);
        *self.ring() = Some(ring);
        self.stir();
    }

    /// Says goodbye to the neighbours, and waits until they have been told.
    pub(crate) async fn leave(&self) {
        if let Some(ring) = self.ring().as_mut() {
            ring.leave();
        }
        self.stir();
        self.sending.close();
        // Whoever could not be told will find out by itself.
        let _ = tokio::time::timeout(MESSAGE_DEADLINE, self.sending.wait()).await;
        *self.ring() = None;
    }

    /// A machine has left or was removed for good.
    pub(crate) fn forget(&self, machine: MachineId) {
        self.memory().lost.remove(&machine);
        let now_ms = self.now_ms();
        if let Some(ring) = self.ring().as_mut() {
            ring.forget(now_ms, machine);
        }
        self.stir();
    }

    /// Takes a message of another machine's ring.
    pub(crate) fn receive(&self, from: Pointer, message: Message) {
        let now_ms = self.now_ms();
        let taken = self
            .ring()
            .as_mut()
            .map(|ring| ring.handle(now_ms, from, message));
        if let Some(Err(nonsense)) = taken {
            tracing::warn!(machine = %from.machine, %nonsense, "a message of the ring makes no sense");
        }
        self.heard(from.machine);
        self.stir();
    }

    /// A machine has answered: it is not lost.
    pub(crate) fn heard(&self, machine: MachineId) {
        let found = self.memory().lost.remove(&machine);
        if let Some(lost) = found {
            if lost.was_heard {
                tracing::info!(%machine, "a machine that was lost answers again");
                self.memory().trouble.insert(machine, Instant::now());
                self.tell(EventKind::Returned, machine, None);
            }
            if let Some(pointer) = lost.pointer {
                self.meet(pointer);
            }
        }
    }

    /// A machine is on the ring, somewhere: it may be one that our pointers have lost.
    pub(crate) fn meet(&self, pointer: Pointer) {
        let now_ms = self.now_ms();
        if let Some(ring) = self.ring().as_mut()
            && pointer.machine != self.me
        {
            ring.meet(now_ms, pointer);
        }
        self.stir();
    }

    /// A machine is known, and not heard of yet: it is tried until it answers (J4).
    pub(crate) fn remember(&self, machine: MachineId, position: Option<Position>) {
        self.lose(machine, position, false);
    }

    /// A machine has not answered somebody here: it is tried until it does.
    pub(crate) fn doubt(&self, machine: MachineId) {
        self.lose(machine, None, false);
    }

    fn lose(&self, machine: MachineId, position: Option<Position>, was_heard: bool) {
        if machine == self.me {
            return;
        }
        let now = Instant::now();
        let pointer = position.map(|position| Pointer { machine, position });
        let mut memory = self.memory();
        memory.lost.entry(machine).or_insert(Lost {
            pointer,
            was_heard,
            since: now,
            next: now,
            pause: TRY_MIN,
        });
        drop(memory);
        self.woken.notify_one();
    }

    /// Storage machines in the order of the ring from a position on, as far as the pointers reach, this one among them; those that do not answer come with
    /// `false`, as do those that were in trouble a short while ago.
    pub(crate) fn machines_from(&self, position: Position) -> Vec<(Pointer, bool)> {
        let known: Vec<(Pointer, bool)> = {
            let ring = self.ring();
            let Some(ring) = ring.as_ref() else {
                return Vec::new();
            };
            let pointers = ring.machines_from(position).into_iter();
            pointers
                .map(|pointer| (pointer, !ring.is_suspect(pointer.machine)))
                .collect()
        };
        let memory = self.memory();
        let now = Instant::now();
        let is_calm = |machine: MachineId| {
            let trouble = memory.trouble.get(&machine);
            machine == self.me || trouble.is_none_or(|at| now.duration_since(*at) >= self.calm)
        };
        known
            .into_iter()
            .map(|(pointer, answers)| (pointer, answers && is_calm(pointer.machine)))
            .collect()
    }

    /// Where a lookup goes on from here, past the machines to avoid; `None` when all that is known leads there.
    pub(crate) fn hop(&self, position: Position, avoid: &[MachineId]) -> Option<tertulia_ring::Hop> {
        self.ring()
            .as_ref()
            .filter(|ring| ring.is_member())
            .and_then(|ring| ring.next_hop_avoiding(position, avoid))
    }

    /// Waits until the ring has taken this machine in; false if the join was given up.
    pub(crate) async fn until_member(&self) -> bool {
        let mut changes = self.changes.subscribe();
        loop {
            let state = self
                .ring()
                .as_ref()
                .map(|ring| (ring.is_member(), ring.next_deadline().is_some()));
            match state {
                Some((true, _)) => return true,
                Some((false, true)) => {}
                Some((false, false)) | None => return false,
            }
            if changes.changed().await.is_err() {
                return false;
            }
        }
    }

    /// Whether this machine's own timers are on time (J6).
    pub(crate) fn is_calm(&self) -> bool {
        self.ring().as_ref().is_none_or(Ring::is_calm)
    }

    /// Whether a machine is under suspicion, or lost.
    pub(crate) fn is_in_doubt(&self, machine: MachineId) -> bool {
        let is_lost = self.memory().lost.contains_key(&machine);
        is_lost || self.ring().as_ref().is_some_and(|ring| ring.is_suspect(machine))
    }

    /// For how long nothing was heard of a machine; `None` while it answers.
    pub(crate) fn silent_for(&self, machine: MachineId) -> Option<Duration> {
        self.memory().lost.get(&machine).map(|lost| lost.since.elapsed())
    }

    /// What happens to machines from now on.
    pub(crate) fn events(&self) -> broadcast::Receiver<RingEvent> {
        self.events.subscribe()
    }

    /// Changes whenever the ring's pointers do.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Works until told to stop.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let work = async {
            loop {
                let now_ms = self.now_ms();
                if let Some(ring) = self.ring().as_mut()
                    && ring.next_deadline().is_some_and(|due_ms| due_ms <= now_ms)
                {
                    ring.wake(now_ms);
                }
                self.settle();
                self.try_lost();
                tokio::select! {
                    () = tokio::time::sleep_until(self.next_due()) => {}
                    () = self.woken.notified() => {}
                }
            }
        };
        let _: Option<()> = stop.run_until_cancelled(work).await;
        self.sending.close();
    }

    fn next_due(&self) -> Instant {
        let ring = self.ring().as_ref().and_then(Ring::next_deadline);
        let ring = ring.map(|due_ms| self.since + Duration::from_millis(due_ms));
        let lost = self.memory().lost.values().map(|lost| lost.next).min();
        let idle = Instant::now() + TRY_MAX;
        ring.into_iter().chain(lost).chain([idle]).min().unwrap_or(idle)
    }

    /// Carries out what the ring wants.
    fn settle(&self) {
        let mut has_changed = false;
        loop {
            let (output, me) = {
                let mut ring = self.ring();
                let Some(ring) = ring.as_mut() else {
                    break;
                };
                match ring.poll() {
                    Some(output) => (output, ring.me()),
                    None => break,
                }
            };
            match output {
                Output::Send { to, message } => self.send(me.position, to, message),
                Output::Event(event) => {
                    has_changed = true;
                    self.happened(event);
                }
            }
        }
        if has_changed {
            self.changes.send_modify(|count| *count += 1);
        }
    }

    /// Carries out what the ring wants now that something has come in from outside, and has its next deadline looked at.
    fn stir(&self) {
        self.settle();
        self.woken.notify_one();
    }

    fn send(&self, position: Position, to: Pointer, message: Message) {
        if self.sending.len() >= MESSAGES_MAX {
            return;
        }
        let caller = self.caller.clone();
        self.sending.spawn(async move {
            // Whether it arrived shows in what comes back, as a message of its own.
            let _ = caller
                .ask(to.machine, Chord { position, message }, MESSAGE_DEADLINE)
                .await;
        });
    }

    fn happened(&self, event: Event) {
        match event {
            Event::Suspected(pointer) => {
                tracing::info!(machine = %pointer.machine, "a machine does not answer");
                self.memory().trouble.insert(pointer.machine, Instant::now());
                self.tell(EventKind::Suspect, pointer.machine, None);
            }
            Event::Cleared(pointer) => {
                self.memory().trouble.insert(pointer.machine, Instant::now());
                self.memory().lost.remove(&pointer.machine);
                self.tell(EventKind::Returned, pointer.machine, None);
            }
            Event::Dead(pointer) => {
                tracing::warn!(machine = %pointer.machine, "a machine is lost");
                self.lose(pointer.machine, Some(pointer.position), true);
                self.tell(EventKind::Dead, pointer.machine, None);
            }
            Event::Left(pointer) => {
                self.memory().lost.remove(&pointer.machine);
            }
            Event::Joined { successor } => {
                tracing::info!(successor = %successor.machine, "this machine is on the ring");
            }
            Event::JoinFailed { why } => tracing::warn!(?why, "the ring has not taken this machine in"),
            Event::Late { late_ms } => tracing::warn!(late_ms, "this machine's timers ran late"),
            Event::Successors(_) | Event::Predecessor(_) | Event::Calm => {}
        }
    }

    pub(crate) fn tell(&self, kind: EventKind, machine: MachineId, group: Option<GroupId>) {
        // Nobody may be listening.
        let _ = self.events.send(RingEvent {
            time_ms: (self.clock)(),
            kind,
            machine: Some(machine),
            group,
        });
    }

    /// Tries the lost machines whose time has come.
    fn try_lost(self: &Arc<Self>) {
        let now = Instant::now();
        let mut due = Vec::new();
        for (machine, lost) in &mut self.memory().lost {
            if lost.next <= now {
                lost.next = now + lost.pause;
                lost.pause = (lost.pause * 2).min(TRY_MAX);
                due.push(*machine);
            }
        }
        for machine in due {
            if self.sending.len() < MESSAGES_MAX {
                let driver = self.clone();
                self.sending.spawn(async move {
                    let question = Opinion { machine: driver.me };
                    if driver.caller.ask(machine, question, CALL_DEADLINE).await.is_ok() {
                        driver.heard(machine);
                    }
                });
            }
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn ring(&self) -> MutexGuard<'_, Option<Ring>> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
