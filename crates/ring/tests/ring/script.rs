//! Scripts: commands to a few machines, and what comes of them.
//!
//! A script is a text in `scripts/`: lines that begin with `> ` are commands, `#` are remarks, and what stands under a
//! command is what it has answered. A machine is called by its place, 00 to ff around the ring. To write the answers
//! anew, run the tests with `TERTULIA_SCRIPTS=write`, and read the difference.
//!
//! Commands: `new M` · `join M C` · `leave M` · `crash M` · `restart M` · `cut M … / M …` · `mend` · `block FROM TO` · `meet M OTHER` ·
//! `forget M OTHER` · `stall M MS` · `run MS` · `show` · `events [KIND …]` · `ideal` · `hop M KEY [AVOID …]`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use tertulia_ring::{Event, Hop, Interval, Pointer, Ring, Settings};
use tertulia_types::{MachineId, Position};

use crate::ideal::flaw;
use crate::net::{Delay, Net};

macro_rules! scripts {
    ($($name:ident),* $(,)?) => {
        $(#[test] fn $name() { run(stringify!($name)); })*
    };
}

scripts! {
    one,
    two,
    three,
    crash,
    crash_of_all_but_one,
    leave,
    simultaneous_joins,
    failed_joins,
    restart_of_everything,
    restart_of_one,
    routes_around_suspects,
    j4_two_rings_become_one,
    j6_late_timers,
    j6_one_broken_way,
    forgotten,
}

fn run(name: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/ring/scripts/{name}.txt"));
    let script = fs::read_to_string(&path).expect("the script is there");
    let mut stage = Stage::new();
    let mut played = String::new();
    for line in script.lines() {
        if let Some(command) = line.strip_prefix("> ") {
            writeln!(played, "{line}\n{}", stage.play(command)).expect("text");
        } else if line.starts_with('#') {
            writeln!(played, "{line}").expect("text");
        }
    }
    let played = tidy(&played);
    #[allow(clippy::disallowed_methods, reason = "not the core: its tests, run by hand")]
    let writes = std::env::var("TERTULIA_SCRIPTS").is_ok_and(|value| value == "write");
    if writes {
        fs::write(&path, &played).expect("the script can be written");
        return;
    }
    assert!(played == script, "{name} has played otherwise:\n{played}");
}

/// One empty line before a remark, none elsewhere.
fn tidy(played: &str) -> String {
    let mut text = String::new();
    let mut after_remark = true;
    for line in played.lines().filter(|line| !line.is_empty()) {
        let is_remark = line.starts_with('#');
        if is_remark && !after_remark {
            text.push('\n');
        }
        after_remark = is_remark;
        text.push_str(line);
        text.push('\n');
    }
    text
}

fn pointer(place: &str) -> Pointer {
    let place = u64::from_str_radix(place, 16).expect("two hexadecimal digits");
    Pointer {
        machine: MachineId(place),
        position: Position(place << 56),
    }
}

fn name(pointer: Pointer) -> String {
    format!("{:02x}", pointer.machine.0)
}

fn names(pointers: impl IntoIterator<Item = Pointer>) -> String {
    let names: Vec<_> = pointers.into_iter().map(name).collect();
    if names.is_empty() {
        "-".to_owned()
    } else {
        names.join(" ")
    }
}

struct Stage {
    net: Net,
    /// What a machine has on its disk: whom it has known.
    remembered: BTreeMap<MachineId, Vec<Pointer>>,
    told: usize,
}

impl Stage {
    fn new() -> Self {
        let delay = Delay::Even(Interval { min_ms: 1, max_ms: 9 });
        Self {
            net: Net::new(1, delay),
            remembered: BTreeMap::new(),
            told: 0,
        }
    }

    fn settings() -> Settings {
        Settings {
            successors: 4,
            watched: 2,
            ..Settings::default()
        }
    }

    fn play(&mut self, command: &str) -> String {
        let words: Vec<_> = command.split_whitespace().collect();
        match words.as_slice() {
            ["new", machines @ ..] => {
                for machine in machines {
                    self.net.add(Ring::new(pointer(machine), Self::settings()));
                }
            }
            ["join", machine, contact] => {
                let mut ring = Ring::new(pointer(machine), Self::settings());
                ring.join(self.net.now_ms, pointer(contact));
                self.net.add(ring);
            }
            ["leave", machine] => self.net.with(pointer(machine).machine, |ring, _| ring.leave()),
            ["crash", machines @ ..] => {
                for machine in machines {
                    let machine = pointer(machine).machine;
                    let ring = self.net.crash(machine).expect("it runs");
                    self.remembered
                        .insert(machine, ring.machines_from(ring.me().position));
                }
            }
            ["restart", machines @ ..] => {
                for machine in machines {
                    let known = self
                        .remembered
                        .remove(&pointer(machine).machine)
                        .expect("it has crashed");
                    self.net
                        .add(Ring::resume(pointer(machine), known, Self::settings()));
                }
            }
            ["cut", sides @ ..] => {
                let mut cut = BTreeMap::new();
                for (side, machines) in sides.split(|word| *word == "/").enumerate() {
                    for machine in machines {
                        cut.insert(pointer(machine).machine, side as u8);
                    }
                }
                self.net.cut(cut);
            }
            ["mend"] => self.net.cut(BTreeMap::new()),
            ["block", from, to] => self.net.block(pointer(from).machine, pointer(to).machine),
            ["meet", machine, other] => {
                self.net.with(pointer(machine).machine, |ring, now_ms| {
                    ring.meet(now_ms, pointer(other))
                });
            }
            ["forget", machine, other] => {
                let other = pointer(other).machine;
                self.net.with(pointer(machine).machine, |ring, now_ms| {
                    ring.forget(now_ms, other)
                });
            }
            ["stall", machine, ms] => {
                let ms: u64 = ms.parse().expect("milliseconds");
                self.net.stall(pointer(machine).machine, self.net.now_ms + ms);
            }
            ["run", ms] => {
                let ms: u64 = ms.parse().expect("milliseconds");
                self.net.run_until(self.net.now_ms + ms);
            }
            ["show"] => return self.show(),
            ["events", kinds @ ..] => return self.tell(kinds),
            ["ideal"] => return flaw(&self.net).unwrap_or_else(|| "yes".to_owned()),
            ["hop", machine, key, avoid @ ..] => {
                let avoid: Vec<_> = avoid.iter().map(|machine| pointer(machine).machine).collect();
                let ring = &self.net.machines[&pointer(machine).machine];
                return match ring.next_hop_avoiding(pointer(key).position, &avoid) {
                    Some(Hop::Here) => "here".to_owned(),
                    Some(Hop::Owner(owner)) => format!("owner {}", name(owner)),
                    Some(Hop::Forward(nearer)) => format!("forward {}", name(nearer)),
                    None => "nobody".to_owned(),
                };
            }
            _ => panic!("no such command: {command}"),
        }
        String::new()
    }

    fn show(&self) -> String {
        let mut text = String::new();
        for ring in self.net.machines.values() {
            let fingers: Vec<_> = ring.fingers().map(|(_, finger)| finger).collect();
            writeln!(
                text,
                "{}: {}before {} | after {} | fingers {}",
                name(ring.me()),
                if ring.is_member() { "" } else { "no member | " },
                names(ring.predecessor()),
                names(ring.successors().iter().copied()),
                names(fingers),
            )
            .expect("text");
        }
        text
    }

    /// What the machines have told since the last time, in seconds and tenths.
    fn tell(&mut self, kinds: &[&str]) -> String {
        let mut text = String::new();
        for (at_ms, machine, event) in &self.net.events[self.told..] {
            let (kind, rest) = match event {
                Event::Joined { successor } => ("joined", name(*successor)),
                Event::JoinFailed { why } => ("failed", format!("{why:?}").to_lowercase()),
                Event::Successors(list) => ("after", names(list.iter().copied())),
                Event::Predecessor(before) => ("before", names(*before)),
                Event::Suspected(pointer) => ("suspects", name(*pointer)),
                Event::Cleared(pointer) => ("clears", name(*pointer)),
                Event::Dead(pointer) => ("buries", name(*pointer)),
                Event::Left(pointer) => ("left", name(*pointer)),
                Event::Late { .. } => ("late", String::new()),
                Event::Calm => ("calm", String::new()),
            };
            if kinds.is_empty() || kinds.contains(&kind) {
                let line = format!(
                    "{}.{} {:02x} {kind} {rest}",
                    at_ms / 1000,
                    at_ms % 1000 / 100,
                    machine.0
                );
                writeln!(text, "{}", line.trim_end()).expect("text");
            }
        }
        self.told = self.net.events.len();
        text
    }
}
