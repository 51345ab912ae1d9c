//! `make bench`: one machine, and three as a ring, measured beside their peers. Prints a table; `--json` keeps the figures.
//!
//! It starts everything itself, on this computer only and in a directory of its own, and ends it again.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use tertulia_sim::bench::etcd::Etcd;
use tertulia_sim::bench::load::{Outcome, Plan, run};
use tertulia_sim::bench::machine::{Crowd, FanOut, Kind, fan_out};
use tertulia_sim::bench::message::{MESSAGE_BYTES, Pairs, Way};
use tertulia_sim::bench::process;
use tertulia_sim::bench::prosody::Prosody;
use tertulia_sim::bench::table::{Peer, Reach, Row, Table};
use tertulia_sim::bench::trio::Trio;
use tertulia_sim::machine::Machine;
use tokio::task::LocalSet;

/// Measures one machine, and a ring of three, beside their peers.
#[derive(Debug, Parser)]
struct Arguments {
    /// The program to measure; by default the one beside this.
    #[arg(long, env = "TERTULIA_BIN")]
    program: Option<PathBuf>,
    /// Seconds counted in each round.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Rounds of each measurement; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=99))]
    rounds: u64,
    /// Clients of the write measurements.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=4096))]
    clients: u16,
    /// Only one machine, or only the ring of three.
    #[arg(long)]
    only: Option<Part>,
    /// Writes the figures here too.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// What may be measured alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// One machine.
    One,
    /// Three machines.
    Three,
}

/// How long an idle ring is watched.
const IDLE: Duration = Duration::from_secs(60);

const READERS: usize = 64;
const AUTHORS: usize = 20;
const FOLLOWERS: usize = 50;
/// Pairs of people who write to each other in private, and streams on which each recipient waits.
const PAIRS: usize = 64;
const STREAMS: usize = 8;
const WARM: Duration = Duration::from_secs(1);

/// Measured on a computer with two processors, like this one may be; it cannot be built here.
const GOTOSOCIAL_FAN_OUT_PER_S: f64 = 104.0;
const GOTOSOCIAL_HOME_PER_S: f64 = 5_988.0;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut table = Table::default();
    let outcome = LocalSet::new().block_on(&runtime, measure(&arguments, &mut table));
    // What was measured stands, also where what comes behind it failed: an older program knows less.
    println!("{table}");
    outcome?;
    if let Some(path) = &arguments.json {
        std::fs::write(path, serde_json::to_vec_pretty(&table)?)
            .with_context(|| path.display().to_string())?;
    }
    Ok(())
}

async fn measure(arguments: &Arguments, table: &mut Table) -> Result<()> {
    let beside = std::env::current_exe()?.with_file_name("tertulia");
    let program = arguments.program.as_deref().unwrap_or(&beside);
    ensure!(
        program.exists(),
        "{} is missing: build it first (make bench does)",
        program.display()
    );
    // Beside the program, and not in the system's place for temporary files: that may be no disk at all.
    let folder = tempfile::tempdir_in(program.parent().unwrap_or(Path::new(".")))?;
    let mut bench = Bench {
        plan: Plan {
            warm: WARM,
            counted: Duration::from_secs(arguments.seconds),
        },
        rounds: arguments.rounds,
        clients: usize::from(arguments.clients),
        machines: Vec::new(),
    };
    if arguments.only != Some(Part::Three) {
        one(&mut bench, table, program, folder.path()).await?;
    }
    if arguments.only != Some(Part::One) {
        three(&mut bench, table, program, folder.path()).await?;
    }
    Ok(())
}

async fn one(bench: &mut Bench, table: &mut Table, program: &Path, folder: &Path) -> Result<()> {
    let mut machine = Machine::new(program, &folder.join("machine"))?;
    machine.start().await?;
    let id = machine.id().context("the machine runs")?;
    bench.machines = vec![id];
    table
        .rows
        .push(memory("memory, idle", process::memory_mib(id), 60.0));
    say("registering people");
    let here = [machine.address()];
    let mut authors = Crowd::register(&here, "author", AUTHORS).await?;
    let writers = Crowd::register(&here, "writer", 64).await?;
    let mut followers = Crowd::register(&here, "follower", FOLLOWERS).await?;

    table
        .rows
        .push(bench.touch(&writers, &folder.join("etcd")).await?);
    table.rows.push(bench.publish(&writers, 10_000.0).await?);
    followers.follow(&authors).await?;
    table
        .rows
        .extend(bench.fan_out(&mut authors, &mut followers, 20.0).await?);
    table.rows.push(bench.read_home(&followers, 10_000.0).await?);
    table.rows.push(memory(
        "memory, most under these loads",
        process::memory_mib_max(id),
        200.0,
    ));
    let prosody = prosody(&folder.join("prosody")).await?;
    let pairs = Pairs::meet(&here, PAIRS).await?;
    // First: what the loads have left behind is none of a client's.
    let theirs = match &prosody {
        Some(prosody) => Some(prosody.connected_kib(STREAMS).await?),
        None => None,
    };
    let waiting = Row {
        what: format!("memory of a client that waits, of {}", PAIRS * STREAMS),
        ours: pairs.connected_kib(id, STREAMS).await?,
        unit: "KiB",
        peer: theirs.map(of_prosody),
        reach: Some(Reach::AtMost(40.0)),
        remarks: String::new(),
    };
    table.rows.extend(bench.messages(&pairs, prosody.as_ref()).await?);
    table.rows.push(waiting);
    Ok(())
}

async fn three(bench: &mut Bench, table: &mut Table, program: &Path, folder: &Path) -> Result<()> {
    say("starting three machines");
    let mut trio = Trio::start(program, &folder.join("ring")).await?;
    bench.machines = trio.ids();
    table.rows.extend(idle(&bench.machines).await);
    say("registering people");
    let doors = trio.addresses();
    let mut authors = Crowd::register(&doors, "author", AUTHORS).await?;
    let writers = Crowd::register(&doors, "writer", 64).await?;
    let mut followers = Crowd::register(&doors, "follower", FOLLOWERS).await?;
    let mut rows = vec![
        bench.touch(&writers, &folder.join("etcd-of-three")).await?,
        bench.publish(&writers, 4_000.0).await?,
    ];
    followers.follow(&authors).await?;
    rows.extend(bench.fan_out(&mut authors, &mut followers, 10.0).await?);
    rows.push(bench.read_home(&followers, 5_000.0).await?);
    rows.extend(bench.messages(&Pairs::meet(&doors, PAIRS).await?, None).await?);
    for row in &mut rows {
        row.what = format!("three machines: {}", row.what);
    }
    table.rows.extend(rows);
    // In this order: after a machine was lost nothing moves for a calm minute.
    table.rows.extend(join(&mut trio, &writers).await?);
    table.rows.push(bench.fail_over(&mut trio, &writers).await?);
    Ok(())
}

/// What an idle ring takes, of its thirstiest machine.
async fn idle(machines: &[u32]) -> [Row; 2] {
    say(&format!("watching an idle ring for {} s", IDLE.as_secs()));
    let cpu = || machines.iter().map(|id| process::cpu_s(*id)).collect::<Vec<_>>();
    let before = cpu();
    tokio::time::sleep(IDLE).await;
    let share = cpu()
        .into_iter()
        .zip(before)
        .filter_map(|(now, before)| Some((now? - before?) / IDLE.as_secs_f64() * 100.0))
        .fold(f64::NAN, f64::max);
    let most = machines
        .iter()
        .filter_map(|id| process::memory_mib(*id))
        .fold(f64::NAN, f64::max);
    let processor = Row {
        what: "three machines: processor of each, idle".to_owned(),
        ours: share,
        unit: "% of one",
        peer: None,
        reach: Some(Reach::AtMost(1.0)),
        remarks: String::new(),
    };
    [
        memory("three machines: memory of each, idle", Some(most), 60.0),
        processor,
    ]
}

/// A fourth machine joins while people write.
async fn join(trio: &mut Trio, writers: &Crowd) -> Result<[Row; 2]> {
    say("a fourth machine joins");
    let joined = trio.join_under_load(writers).await?;
    let row = |what: &str, ours, unit, reach: Option<Reach>, remarks| Row {
        what: what.to_owned(),
        ours,
        unit,
        peer: None,
        reach,
        remarks,
    };
    let mib = joined.bytes as f64 / f64::from(1 << 20);
    let remarks = format!(
        "{mib:.0} MiB in {:.1} s, from the start of its process until all its copies are complete",
        joined.took.as_secs_f64()
    );
    let mib_per_s = mib / joined.took.as_secs_f64();
    let longest = format!(
        "longest {:.0} ms: the split is in it",
        joined.writes.within_ms(1.0)
    );
    let p99_ms = joined.writes.within_ms(0.99);
    Ok([
        row("a fourth joins: copied", mib_per_s, "MiB/s", None, remarks),
        row(
            "a fourth joins: p99 of writes meanwhile",
            p99_ms,
            "ms",
            Some(Reach::AtMost(100.0)),
            longest,
        ),
    ])
}

struct Bench {
    plan: Plan,
    rounds: u64,
    clients: usize,
    /// The machines that are measured.
    machines: Vec<u32>,
}

/// A round: what came out, and the processor time that the loaded and the loader spent on it.
struct Round {
    outcome: Outcome,
    loaded_us: Option<f64>,
    loader_us: Option<f64>,
}

impl Bench {
    async fn touch(&self, writers: &Crowd, folder: &Path) -> Result<Row> {
        let etcd = match Etcd::is_installed() {
            true => Some(Etcd::start(folder, self.machines.len()).await?),
            false => {
                say("etcd is not installed (Debian: etcd-server): measuring without it");
                None
            }
        };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 1..=self.rounds {
            say(&format!("touch, round {round} of {}", self.rounds));
            ours.push(
                self.round(&self.machines, writers.load(self.plan, self.clients, Kind::Touch))
                    .await?,
            );
            if let Some(etcd) = &etcd {
                let clients = etcd.clients(self.clients).await?;
                theirs.push(self.round(&etcd.ids(), run(self.plan, clients)).await?);
            }
        }
        let ours = median(ours).context("at least one round")?;
        let mut remarks = ours.describe("machine");
        let peer = median(theirs).map(|round| {
            remarks = format!("{remarks}; etcd: {}", round.describe("etcd"));
            Peer {
                name: "etcd put".to_owned(),
                value: round.outcome.per_second(),
                same_run: true,
            }
        });
        let what = format!("touch, {} clients", self.clients);
        Ok(row(what, &ours, peer, Some(Reach::TimesPeer(1.0)), remarks))
    }

    async fn publish(&self, writers: &Crowd, reach: f64) -> Result<Row> {
        let ours = self
            .rounds("publish", writers, self.clients, Kind::Publish)
            .await?;
        let remarks = format!("{} (p99 should be under 100 ms)", ours.describe("machine"));
        let what = format!("publish, {} clients, no followers", self.clients);
        Ok(row(what, &ours, None, Some(Reach::AtLeast(reach)), remarks))
    }

    async fn fan_out(&self, authors: &mut Crowd, followers: &mut Crowd, times: f64) -> Result<[Row; 2]> {
        let mut rounds: Vec<FanOut> = Vec::new();
        for round in 1..=self.rounds {
            say(&format!("fan-out, round {round} of {}", self.rounds));
            rounds.push(fan_out(self.plan, authors, followers).await?);
        }
        rounds.sort_by(|a, b| a.dweets_per_s.total_cmp(&b.dweets_per_s));
        let ours = rounds[rounds.len() / 2];
        let peer = Peer {
            name: "GoToSocial".to_owned(),
            value: GOTOSOCIAL_FAN_OUT_PER_S,
            same_run: false,
        };
        let rate = Row {
            what: format!("fan-out, {AUTHORS} authors, {FOLLOWERS} followers each"),
            ours: ours.dweets_per_s,
            unit: "dweets/s",
            peer: Some(peer),
            reach: Some(Reach::TimesPeer(times)),
            remarks: "from the first dweet published to the last on the last timeline".to_owned(),
        };
        let lag = Row {
            what: "fan-out, last answer to last timeline".to_owned(),
            ours: ours.lag_ms,
            unit: "ms",
            peer: None,
            reach: Some(Reach::AtMost(1_000.0)),
            remarks: String::new(),
        };
        Ok([rate, lag])
    }

    async fn read_home(&self, readers: &Crowd, reach: f64) -> Result<Row> {
        let ours = self
            .rounds("home timeline", readers, READERS, Kind::ReadHome)
            .await?;
        let peer = Peer {
            name: "GoToSocial".to_owned(),
            value: GOTOSOCIAL_HOME_PER_S,
            same_run: false,
        };
        let what = format!("home timeline, 20 entries, {READERS} clients");
        let remarks = ours.describe("machine");
        Ok(row(what, &ours, Some(peer), Some(Reach::AtLeast(reach)), remarks))
    }

    /// Private messages that wait at home and are fetched later, and such as are fetched at once.
    async fn messages(&self, pairs: &Pairs, prosody: Option<&Prosody>) -> Result<[Row; 3]> {
        let (mut stored, mut fetched, mut delivered) = (Vec::new(), Vec::new(), Vec::new());
        let (mut stored_there, mut fetched_there) = (Vec::new(), Vec::new());
        for round in 1..=self.rounds {
            say(&format!("messages, round {round} of {}", self.rounds));
            let load = pairs.load(self.plan, PAIRS, Way::Delivered);
            delivered.push(self.round(&self.machines, load).await?);
            let load = pairs.load(self.plan, self.clients, Way::Stored);
            stored.push(self.round(&self.machines, load).await?);
            fetched.push(pairs.fetch().await?);
            if let Some(prosody) = prosody {
                let load = prosody.store(self.plan, self.clients, MESSAGE_BYTES);
                stored_there.push(self.round(&[prosody.id()], load).await?);
                fetched_there.push(prosody.fetch().await?);
            }
        }
        let (stored, delivered) = median(stored)
            .zip(median(delivered))
            .context("at least one round")?;
        let mut remarks = stored.describe("machine");
        let peer = median(stored_there).map(|round| {
            let theirs = round.describe("prosody");
            remarks = format!("{remarks}; Prosody (which syncs nothing to disk): {theirs}");
            of_prosody(round.outcome.per_second())
        });
        let what = format!("messages stored, {} clients", self.clients);
        let first = row(what, &stored, peer, Some(Reach::TimesPeer(1.0)), remarks);
        let second = Row {
            what: format!("messages fetched that waited, {PAIRS} recipients at once"),
            ours: middle(fetched).unwrap_or(f64::NAN),
            unit: "/s",
            peer: middle(fetched_there).map(of_prosody),
            reach: None,
            remarks: "ours with the acknowledgement, behind which they are deleted; Prosody forgets what it has sent"
                .to_owned(),
        };
        let what = format!("messages delivered, {PAIRS} pairs");
        let remarks = format!(
            "{} (stored, fetched and acknowledged; p99 should be under 50 ms at 4 000/s)",
            delivered.describe("machine")
        );
        Ok([first, second, row(what, &delivered, None, None, remarks)])
    }

    async fn fail_over(&self, trio: &mut Trio, writers: &Crowd) -> Result<Row> {
        let mut pauses_ms = Vec::new();
        for round in 1..=self.rounds {
            say(&format!("fail-over, round {round} of {}", self.rounds));
            pauses_ms.push(trio.fail_over(writers).await?.within_ms(1.0));
        }
        pauses_ms.sort_by(f64::total_cmp);
        let worst = pauses_ms.last().copied().unwrap_or(f64::NAN);
        Ok(Row {
            what: "the machine that leads most is killed: longest write".to_owned(),
            ours: pauses_ms[pauses_ms.len() / 2],
            unit: "ms",
            peer: None,
            reach: Some(Reach::AtMost(1_500.0)),
            remarks: format!("worst of {} rounds {worst:.0} ms", self.rounds),
        })
    }

    async fn rounds(&self, what: &str, crowd: &Crowd, clients: usize, kind: Kind) -> Result<Round> {
        let mut rounds = Vec::new();
        for round in 1..=self.rounds {
            say(&format!("{what}, round {round} of {}", self.rounds));
            rounds.push(
                self.round(&self.machines, crowd.load(self.plan, clients, kind))
                    .await?,
            );
        }
        median(rounds).context("at least one round")
    }

    async fn round(&self, loaded: &[u32], load: impl Future<Output = Result<Outcome>>) -> Result<Round> {
        let own = std::process::id();
        let cpu_s = |ids: &[u32]| ids.iter().map(|id| process::cpu_s(*id)).sum::<Option<f64>>();
        let before = (cpu_s(loaded), cpu_s(&[own]));
        let outcome = load.await?;
        // The warm-up has cost too, but is not counted.
        let share = self.plan.counted.as_secs_f64() / (self.plan.counted + self.plan.warm).as_secs_f64();
        let count = outcome.count() as f64;
        let cost_us = |before: Option<f64>, ids| Some((cpu_s(ids)? - before?) * share * 1e6 / count);
        let (loaded_us, loader_us) = (cost_us(before.0, loaded), cost_us(before.1, &[own]));
        Ok(Round {
            outcome,
            loaded_us,
            loader_us,
        })
    }
}

impl Round {
    fn describe(&self, loaded: &str) -> String {
        let cost = |us: Option<f64>| us.map_or_else(|| "unknown".to_owned(), |us| format!("{us:.0} µs"));
        format!(
            "p50 {:.1} ms, p99 {:.1} ms, processor per request: {loaded} {}, loader {}",
            self.outcome.within_ms(0.5),
            self.outcome.within_ms(0.99),
            cost(self.loaded_us),
            cost(self.loader_us),
        )
    }
}

/// The peer of messages, if it is there.
async fn prosody(folder: &Path) -> Result<Option<Prosody>> {
    if !Prosody::is_installed() {
        say("prosody is not installed (Debian: prosody): measuring without it");
        return Ok(None);
    }
    Ok(Some(Prosody::start(folder, PAIRS).await?))
}

fn of_prosody(value: f64) -> Peer {
    Peer {
        name: "Prosody".to_owned(),
        value,
        same_run: true,
    }
}

fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn median(mut rounds: Vec<Round>) -> Option<Round> {
    rounds.sort_by(|a, b| a.outcome.per_second().total_cmp(&b.outcome.per_second()));
    let middle = rounds.len() / 2;
    rounds.into_iter().nth(middle)
}

fn row(what: String, round: &Round, peer: Option<Peer>, reach: Option<Reach>, remarks: String) -> Row {
    Row {
        what,
        ours: round.outcome.per_second(),
        unit: "/s",
        peer,
        reach,
        remarks,
    }
}

fn memory(what: &str, mib: Option<f64>, most: f64) -> Row {
    let remarks = mib.map_or("unknown here: there is no /proc", |_| "");
    Row {
        what: what.to_owned(),
        ours: mib.unwrap_or(f64::NAN),
        unit: "MiB",
        peer: None,
        reach: Some(Reach::AtMost(most)),
        remarks: remarks.to_owned(),
    }
}

fn say(text: &str) {
    eprintln!("{text} …");
}
