//! `make bench`: one machine, measured beside its peers. Prints a table; `--json` keeps the figures.
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
use tertulia_sim::bench::process;
use tertulia_sim::bench::table::{Peer, Reach, Row, Table};
use tertulia_sim::machine::Machine;
use tokio::task::LocalSet;

/// Measures one machine beside its peers.
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
    /// Writes the figures here too.
    #[arg(long)]
    json: Option<PathBuf>,
}

const READERS: usize = 64;
const AUTHORS: usize = 20;
const FOLLOWERS: usize = 50;
const WARM: Duration = Duration::from_secs(1);

/// Measured on a computer with two processors, like this one may be; it cannot be built here.
const GOTOSOCIAL_FAN_OUT_PER_S: f64 = 104.0;
const GOTOSOCIAL_HOME_PER_S: f64 = 5_988.0;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let table = LocalSet::new().block_on(&runtime, measure(&arguments))?;
    println!("{table}");
    if let Some(path) = &arguments.json {
        std::fs::write(path, serde_json::to_vec_pretty(&table)?)
            .with_context(|| path.display().to_string())?;
    }
    Ok(())
}

async fn measure(arguments: &Arguments) -> Result<Table> {
    let beside = std::env::current_exe()?.with_file_name("tertulia");
    let program = arguments.program.as_deref().unwrap_or(&beside);
    ensure!(
        program.exists(),
        "{} is missing: build it first (make bench does)",
        program.display()
    );
    // Beside the program, and not in the system's place for temporary files: that may be no disk at all.
    let folder = tempfile::tempdir_in(program.parent().unwrap_or(Path::new(".")))?;
    let mut machine = Machine::new(program, &folder.path().join("machine"))?;
    machine.start().await?;
    let id = machine.id().context("the machine runs")?;
    let bench = Bench {
        plan: Plan {
            warm: WARM,
            counted: Duration::from_secs(arguments.seconds),
        },
        rounds: arguments.rounds,
        clients: usize::from(arguments.clients),
        machine: id,
    };

    let mut table = Table::default();
    table
        .rows
        .push(memory("memory, idle", process::memory_mib(id), 60.0));
    say("registering people");
    let address = machine.address();
    let mut authors = Crowd::register(address, "author", AUTHORS).await?;
    let writers = Crowd::register(address, "writer", 64).await?;
    let mut followers = Crowd::register(address, "follower", FOLLOWERS).await?;

    table.rows.push(bench.touch(&writers, folder.path()).await?);
    table.rows.push(bench.publish(&writers).await?);
    followers.follow(&authors).await?;
    table
        .rows
        .extend(bench.fan_out(&mut authors, &mut followers).await?);
    table.rows.push(bench.read_home(&followers).await?);
    table.rows.push(memory(
        "memory, most under these loads",
        process::memory_mib_max(id),
        200.0,
    ));
    Ok(table)
}

struct Bench {
    plan: Plan,
    rounds: u64,
    clients: usize,
    machine: u32,
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
            true => Some(Etcd::start(&folder.join("etcd")).await?),
            false => {
                say("etcd is not installed (Debian: etcd-server): measuring without it");
                None
            }
        };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 1..=self.rounds {
            say(&format!("touch, round {round} of {}", self.rounds));
            ours.push(
                self.round(self.machine, writers.load(self.plan, self.clients, Kind::Touch))
                    .await?,
            );
            if let Some(etcd) = &etcd {
                let clients = etcd.clients(self.clients).await?;
                theirs.push(self.round(etcd.id(), run(self.plan, clients)).await?);
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

    async fn publish(&self, writers: &Crowd) -> Result<Row> {
        let ours = self
            .rounds("publish", writers, self.clients, Kind::Publish)
            .await?;
        let remarks = format!("{} (p99 should be under 100 ms)", ours.describe("machine"));
        let what = format!("publish, {} clients, no followers", self.clients);
        Ok(row(what, &ours, None, Some(Reach::AtLeast(10_000.0)), remarks))
    }

    async fn fan_out(&self, authors: &mut Crowd, followers: &mut Crowd) -> Result<[Row; 2]> {
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
            reach: Some(Reach::TimesPeer(20.0)),
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

    async fn read_home(&self, readers: &Crowd) -> Result<Row> {
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
        Ok(row(
            what,
            &ours,
            Some(peer),
            Some(Reach::AtLeast(10_000.0)),
            remarks,
        ))
    }

    async fn rounds(&self, what: &str, crowd: &Crowd, clients: usize, kind: Kind) -> Result<Round> {
        let mut rounds = Vec::new();
        for round in 1..=self.rounds {
            say(&format!("{what}, round {round} of {}", self.rounds));
            rounds.push(
                self.round(self.machine, crowd.load(self.plan, clients, kind))
                    .await?,
            );
        }
        median(rounds).context("at least one round")
    }

    async fn round(&self, loaded: u32, load: impl Future<Output = Result<Outcome>>) -> Result<Round> {
        let own = std::process::id();
        let before = (process::cpu_s(loaded), process::cpu_s(own));
        let outcome = load.await?;
        // The warm-up has cost too, but is not counted.
        let share = self.plan.counted.as_secs_f64() / (self.plan.counted + self.plan.warm).as_secs_f64();
        let count = outcome.count() as f64;
        let cost_us = |before: Option<f64>, id| Some((process::cpu_s(id)? - before?) * share * 1e6 / count);
        let (loaded_us, loader_us) = (cost_us(before.0, loaded), cost_us(before.1, own));
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
