//! A ring of real machines on this computer, seen and commanded as its operators do.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;
use tertulia_sim::lan::{Lan, host_address};
use tertulia_sim::load::{Doors, WAIT_MAX};
use tertulia_sim::machine::Machine;
use tertulia_types::MachineId;
use tertulia_types::ring::{NoteKind, RingStatus};
use tokio::time::{Duration, Instant, sleep};

use crate::disk::Disk;

/// On how many machines everything is, where there are so many.
const REPLICAS: usize = 5;
/// Ports on a computer that a machine has for itself.
const HTTP: u16 = 8787;
const PEER: u16 = 8788;
/// Between two looks at a status.
const LOOK: Duration = Duration::from_millis(200);

/// The machines, by number; those that have left stay in the list.
pub(crate) struct Ring {
    machines: Vec<Machine>,
    gone: Vec<usize>,
    doors: Doors,
    /// What was done to it, in the order of time.
    faults: Vec<String>,
    /// These go last: machines say what happened before their folder goes, and end before their network does.
    lan: Option<Lan>,
    disks: Vec<Disk>,
    folder: TempDir,
}

impl Ring {
    /// A ring of so many, with all copies where they belong.
    pub(crate) async fn of(count: usize) -> Self {
        Self::made(count, None, Vec::new(), tempfile::tempdir().unwrap()).await
    }

    /// The same, each machine on a computer of its own; networks that are there at the same time have different names.
    pub(crate) async fn on_a_network(name: &str, count: usize) -> Self {
        let lan = Lan::new(name, count).unwrap();
        Self::made(count, Some(lan), Vec::new(), tempfile::tempdir().unwrap()).await
    }

    /// The same, each machine with a small disk of its own.
    pub(crate) async fn on_small_disks(count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = |number: usize| Disk::at(&folder.path().join(number.to_string()));
        let disks = (0..count).map(disk).collect();
        Self::made(count, None, disks, folder).await
    }

    async fn made(count: usize, mut lan: Option<Lan>, disks: Vec<Disk>, folder: TempDir) -> Self {
        let mut first = machine(folder.path(), 0, lan.as_mut());
        first.start().await.unwrap();
        let mut ring = Self {
            folder,
            disks,
            lan,
            doors: Doors::new(vec![first.address()]),
            machines: vec![first],
            gone: Vec::new(),
            faults: Vec::new(),
        };
        while ring.machines.len() < count {
            ring.join().await;
        }
        ring.settle().await;
        ring
    }

    /// One more machine joins; its number.
    pub(crate) async fn join(&mut self) -> usize {
        self.join_as("auto").await
    }

    /// The same, with a role.
    pub(crate) async fn join_as(&mut self, role: &str) -> usize {
        let (contacts, token) = self.invitation().await;
        let mut words = vec!["join"];
        words.extend(contacts.iter().map(String::as_str));
        words.extend(["--token", &token, "--as", role]);
        let number = self.machines.len();
        let mut newcomer = machine(self.folder.path(), number, self.lan.as_mut());
        newcomer.be_started_by(words);
        newcomer.start().await.unwrap();
        self.machines.push(newcomer);
        self.open_doors();
        number
    }

    /// What lets another machine in: where, and the token.
    pub(crate) async fn invitation(&self) -> (Vec<String>, String) {
        self.invitation_of(self.anybody()).await
    }

    /// The same, made by this machine, which lets in itself.
    pub(crate) async fn invitation_of(&self, number: usize) -> (Vec<String>, String) {
        let made = self.command(number, &["token"]).await;
        let contacts = made["contacts"].as_array().unwrap().iter();
        let contacts = contacts.map(|contact| contact.as_str().unwrap().to_owned());
        (contacts.collect(), made["token"].as_str().unwrap().to_owned())
    }

    /// The folder in which all their data is.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where people may go.
    pub(crate) fn doors(&self) -> &Doors {
        &self.doors
    }

    /// The addresses of all that have not left.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.members()
            .map(|number| self.machines[number].address())
            .collect()
    }

    /// Those that have not left.
    pub(crate) fn members(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.machines.len()).filter(|number| !self.gone.contains(number))
    }

    /// Those that run.
    pub(crate) fn running(&self) -> Vec<usize> {
        self.members()
            .filter(|number| self.machines[*number].is_running())
            .collect()
    }

    /// The machine of a number.
    pub(crate) fn machine(&mut self, number: usize) -> &mut Machine {
        &mut self.machines[number]
    }

    /// Tells people where machines are, and those who wait to try again.
    pub(crate) fn open_doors(&self) {
        self.doors.set(self.addresses());
    }

    /// Ends one as a power cut does.
    pub(crate) fn kill(&mut self, number: usize) {
        self.machines[number].kill();
        self.faults.push(format!("killed {number}"));
    }

    /// Starts one again, and waits until it serves.
    pub(crate) async fn start(&mut self, number: usize) {
        self.machines[number].start().await.unwrap();
        self.open_doors();
    }

    /// Starts several at once, which may need each other.
    pub(crate) async fn start_all(&mut self, numbers: &[usize]) {
        for number in numbers {
            self.machines[*number].spawn().unwrap();
        }
        for number in numbers {
            self.machines[*number].until_ready().await.unwrap();
        }
        self.open_doors();
    }

    /// Cuts the network in two: these are on one side, all others on the other.
    pub(crate) fn cut_off(&mut self, numbers: &[usize]) {
        let lan = self.lan.as_ref().unwrap();
        for number in numbers {
            lan.plug(*number, 1).unwrap();
        }
        self.faults.push(format!("cut off {numbers:?}"));
    }

    /// Makes it one again.
    pub(crate) fn reconnect(&mut self) {
        let lan = self.lan.as_ref().unwrap();
        for number in 0..self.machines.len() {
            lan.plug(number, 0).unwrap();
        }
    }

    /// Lets nothing reach the others from this one any more, though it hears them; or lets it be heard again.
    pub(crate) fn be_heard(&mut self, number: usize, is_heard: bool) {
        let lan = self.lan.as_ref().unwrap();
        for other in (0..self.machines.len()).filter(|other| *other != number) {
            match is_heard {
                true => lan.unsilence(number, other).unwrap(),
                false => lan.silence(number, other).unwrap(),
            }
        }
        if !is_heard {
            self.faults.push(format!("silenced {number}"));
        }
    }

    /// Gives a machine's computer another address, for its next start.
    pub(crate) fn move_house(&mut self, number: usize) {
        let lan = self.lan.as_ref().unwrap();
        let (inside, outside) = (host_address(number, 1), self.machines[number].address());
        lan.give_address(number, inside).unwrap();
        let peer = SocketAddr::from((inside, PEER));
        self.machines[number].move_to(lan.namespace(number), HTTP, outside, peer);
        self.faults.push(format!("moved {number}"));
    }

    /// The disk of a machine, where each has one of its own.
    pub(crate) fn disk(&self, number: usize) -> &Disk {
        &self.disks[number]
    }

    /// Stops one where it stands.
    pub(crate) fn freeze(&mut self, number: usize) {
        self.machines[number].freeze().unwrap();
        self.faults.push(format!("froze {number}"));
    }

    /// Lets it go on.
    pub(crate) fn thaw(&mut self, number: usize) {
        self.machines[number].thaw().unwrap();
    }

    /// Stops one as an operator does.
    pub(crate) async fn stop(&mut self, number: usize) {
        self.machines[number].stop().await.unwrap();
        self.faults.push(format!("stopped {number}"));
    }

    /// Lets one leave the ring, which it does only when all that it holds is elsewhere.
    pub(crate) async fn leave(&mut self, number: usize) {
        let left = self.machines[number].command(&["leave"]).await.unwrap();
        assert!(left.status.success(), "{number} does not leave: {}", said(&left));
        self.machines[number].until_ended().await.unwrap();
        self.goes(number);
        self.faults.push(format!("{number} left"));
    }

    /// A machine does not belong to the ring any more.
    pub(crate) fn goes(&mut self, number: usize) {
        self.gone.push(number);
        self.open_doors();
    }

    /// Notes that something was done to it.
    pub(crate) fn suffered(&mut self, fault: String) {
        self.faults.push(fault);
    }

    /// How many faults there were.
    pub(crate) fn faults(&self) -> usize {
        self.faults.len()
    }

    /// Runs a command on a machine's data, and gives its answer.
    pub(crate) async fn command(&self, number: usize, words: &[&str]) -> Value {
        let ran = self.machines[number].command(words).await.unwrap();
        assert!(ran.status.success(), "{words:?} at {number}: {}", said(&ran));
        serde_json::from_slice(&ran.stdout).unwrap()
    }

    /// The ring as a machine sees it; `None` when it does not answer in time.
    pub(crate) async fn status(&self, number: usize) -> Option<RingStatus> {
        let ran = self.machines[number].command(&["status"]).await.unwrap();
        ran.status
            .success()
            .then(|| serde_json::from_slice(&ran.stdout).unwrap())
    }

    /// Which machine of the ring this is.
    pub(crate) async fn id(&self, number: usize) -> MachineId {
        let status = self.until(number, |_| true, "it answers").await;
        status.machines.iter().find(|machine| machine.is_this).unwrap().id
    }

    /// Who leads most of the ring, of those that run.
    pub(crate) async fn busiest_leader(&self) -> usize {
        let status = self
            .until(self.anybody(), |status| !status.is_partial, "all is known")
            .await;
        let mut led = Vec::new();
        for number in self.running() {
            let id = self.id(number).await;
            let ranges = status.ranges.iter().filter(|range| range.leader == Some(id));
            led.push((ranges.map(|range| range.range.slots().1).sum::<u32>(), number));
        }
        led.into_iter().max().unwrap().1
    }

    /// Waits until a machine sees the ring so.
    pub(crate) async fn until(
        &self,
        number: usize,
        is_so: impl Fn(&RingStatus) -> bool,
        what: &str,
    ) -> RingStatus {
        let end = Instant::now() + WAIT_MAX;
        let mut last = None;
        while Instant::now() < end {
            if let Some(status) = self.status(number).await {
                if is_so(&status) {
                    return status;
                }
                last = Some(status);
            }
            sleep(LOOK).await;
        }
        panic!(
            "waited in vain until {what}; done so far: {:?}; the ring at {number}: {last:#?}",
            self.faults
        )
    }

    /// Waits until every machine that runs sees every copy where it belongs, and complete.
    pub(crate) async fn settle(&self) {
        for number in self.running() {
            self.until(number, is_settled, "all copies are where they belong")
                .await;
        }
    }

    fn anybody(&self) -> usize {
        *self.running().first().unwrap()
    }
}

/// Every copy is where it belongs, and complete; every range is led, and as many machines may be lost as can be.
pub(crate) fn is_settled(status: &RingStatus) -> bool {
    let stays = status
        .machines
        .iter()
        .filter(|machine| machine.state.is_member() && machine.role.stores());
    let copies = REPLICAS.min(stays.count());
    // How much room this computer's disk has is no business of the ring's.
    let is_bad = |kind: NoteKind| {
        kind != NoteKind::LowDisk && kind.is_bad() || kind == NoteKind::FewCopies || kind == NoteKind::Leaving
    };
    !status.is_partial
        && !status.notes.iter().any(|note| is_bad(note.kind))
        && status.ranges.iter().all(|range| {
            let complete = range
                .copies
                .iter()
                .filter(|copy| copy.lag_entries.is_some_and(|lag| lag < 1_000));
            range.is_led && range.copies.len() == copies && complete.count() == copies
        })
}

fn machine(folder: &Path, number: usize, lan: Option<&mut Lan>) -> Machine {
    let program = Path::new(env!("CARGO_BIN_EXE_tertulia"));
    let mut machine = Machine::new(program, &folder.join(number.to_string())).unwrap();
    machine.take_new_ports().unwrap();
    if let Some(lan) = lan {
        let address = lan.pass_on(number, HTTP).unwrap();
        let peer = SocketAddr::from((host_address(number, 0), PEER));
        machine.move_to(lan.namespace(number), HTTP, address, peer);
    }
    machine
}

/// What a command said.
pub(crate) fn said(ran: &Output) -> String {
    [&ran.stdout, &ran.stderr]
        .map(|said| String::from_utf8_lossy(said).into_owned())
        .concat()
}
