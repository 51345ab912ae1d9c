//! `make sim`: the whole cluster under simulated trouble, seed after seed, on all processors. Each seed is run in a process of its own, so that it is the same
//! when it is run again, and so that nothing it does can harm the others. What was run so far is kept in a file ([`book`](tertulia_sim::cluster::book)), which
//! is written now and then, so that a long run may be ended at any time and goes on later.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Parser;
use tertulia_sim::cluster::book::{Book, Campaign, Ground};
use tertulia_sim::cluster::report::Outcome;
use tertulia_sim::cluster::run::run;
use tertulia_sim::cluster::settings::Settings;
use tertulia_types::Bug;

/// Runs after which it is told how far the whole has come.
const RUNS_PER_NEWS: u64 = 50;

/// Runs the simulation of a whole cluster.
#[derive(Debug, Parser)]
struct Arguments {
    /// Runs this seed only, here.
    #[arg(long)]
    seed: Option<u64>,
    /// How many seeds to run.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// The first of them; by default the first that has not been run yet, as the report has it.
    #[arg(long)]
    from: Option<u64>,
    /// How many at a time; by default as many as there are processors.
    #[arg(long)]
    jobs: Option<usize>,
    /// Runs each seed twice and compares what happened.
    #[arg(long)]
    twice: bool,
    /// How long trouble lasts in each run, in seconds of virtual time.
    #[arg(long, default_value_t = 12)]
    length: u64,
    /// Where traces go.
    #[arg(long, default_value = "target/traces")]
    folder: PathBuf,
    /// Where it is written what has been run so far; by default beside the traces.
    #[arg(long)]
    report: Option<PathBuf>,
    /// The version of the code, for the report.
    #[arg(long, default_value = "unknown")]
    code: String,
    /// Writes the trace of a run even if nothing was wrong.
    #[arg(long)]
    keep: bool,
    /// What of the machines' log comes into the trace.
    #[arg(long, default_value = "tertulia_node=info,openraft=error")]
    log: String,
    /// The control: disks that say they have synced what they have not. Runs must break.
    #[arg(long)]
    lie: bool,
    /// The other control: plants this bug in all machines. Runs are made until one finds it.
    #[arg(long, value_parser = bug)]
    plant: Option<Bug>,
    /// The control of that: all as for the bug, but without it. Runs must not break.
    #[arg(long, requires = "plant")]
    spare: bool,
    /// Prints what came of a run as JSON.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// Whether something is wrong on purpose.
    fn is_control(&self) -> bool {
        self.lie || self.plant.is_some()
    }
}

fn bug(name: &str) -> Result<Bug, String> {
    let names = Bug::ALL.map(Bug::name).join(", ");
    Bug::named(name).ok_or_else(|| format!("there are: {names}"))
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if arguments.plant.is_some() && !cfg!(debug_assertions) {
        bail!(
            "a program that is built to be released has no bugs to plant; take the profile `sim`, as `make sim` does"
        );
    }
    std::fs::create_dir_all(&arguments.folder).with_context(|| arguments.folder.display().to_string())?;
    if let Some(seed) = arguments.seed.filter(|_| !arguments.twice) {
        return one(&arguments, seed);
    }
    many(&arguments)
}

fn one(arguments: &Arguments, seed: u64) -> Result<ExitCode> {
    let outcome = run(&Settings {
        seed,
        length: Duration::from_secs(arguments.length),
        is_lying: arguments.lie,
        bug: arguments.plant,
        is_planted: !arguments.spare,
        trace: arguments.folder.join(format!("{seed}.trace")),
        is_kept: arguments.keep,
        log: arguments.log.clone(),
    });
    if arguments.json {
        println!("{}", serde_json::to_string(&outcome)?);
    } else {
        println!("{outcome}");
    }
    Ok(status(outcome.breaches.is_empty()))
}

/// What is known of the seeds that were run.
struct Tally<'a> {
    arguments: &'a Arguments,
    ground: Ground,
    book: Book,
    path: PathBuf,
    /// The seed whose turn it is: they are taken in in their order.
    next: u64,
    broken: u64,
    unlike: Vec<u64>,
    /// Since when the time has not been written down.
    since: Instant,
}

fn many(arguments: &Arguments) -> Result<ExitCode> {
    let jobs = match arguments.jobs {
        Some(jobs) => jobs.max(1),
        None => std::thread::available_parallelism()?.get(),
    };
    let mut tally = Tally::new(arguments, jobs)?;
    let first = tally.next;
    let end = first + arguments.seed.map_or(arguments.seeds, |_| 1);
    let next = AtomicU64::new(first);
    let (tell, told) = mpsc::channel();
    let done = std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (tell, next) = (tell.clone(), &next);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end || tell.send((seed, apart(arguments, seed))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        let done = tally.take_all(told);
        next.store(end, Ordering::Relaxed);
        done
    });
    done?;
    tally.write()?;
    println!("{}", tally.campaign());
    if let Some(bug) = arguments.plant.filter(|_| !arguments.spare) {
        println!(
            "{}: {}",
            bug.name(),
            if tally.broken > 0 { "found" } else { "NOT FOUND" }
        );
        return Ok(status(tally.broken > 0));
    }
    if !tally.unlike.is_empty() {
        println!("took another course the second time: {:?}", tally.unlike);
    }
    println!("report: {}", tally.path.display());
    Ok(status(tally.broken == 0 && tally.unlike.is_empty()))
}

impl<'a> Tally<'a> {
    fn new(arguments: &'a Arguments, jobs: usize) -> Result<Self> {
        let ground = Ground {
            code: arguments.code.clone(),
            computer: computer(),
            jobs,
            length_s: arguments.length,
        };
        let path = arguments.report.clone();
        let path = path.unwrap_or_else(|| arguments.folder.join("simulation.json"));
        let book = if arguments.is_control() {
            Book::default()
        } else {
            Book::read(&path).with_context(|| path.display().to_string())?
        };
        let next = arguments.seed.or(arguments.from);
        Ok(Self {
            next: next.unwrap_or_else(|| book.next_seed(&ground)),
            arguments,
            ground,
            book,
            path,
            broken: 0,
            unlike: Vec::new(),
            since: Instant::now(),
        })
    }

    /// Takes in all that is told; with a planted bug, until it is found.
    fn take_all(&mut self, told: mpsc::Receiver<(u64, Result<Vec<Outcome>>)>) -> Result<()> {
        let mut early = BTreeMap::new();
        for (seed, runs) in told {
            early.insert(seed, runs?);
            while let Some(runs) = early.remove(&self.next) {
                self.take(&runs);
                if self.broken > 0 && self.arguments.plant.is_some() && !self.arguments.spare {
                    return Ok(());
                }
                if self.next.is_multiple_of(RUNS_PER_NEWS) {
                    self.write()?;
                    eprintln!("next: seed {}; {} broken", self.next, self.broken);
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, runs: &[Outcome]) {
        let Some(run) = runs.first() else { return };
        if runs.iter().any(|other| other.digest != run.digest) {
            eprintln!("seed {} took another course the second time", run.seed);
            self.unlike.push(run.seed);
        }
        if !run.breaches.is_empty() {
            self.broken += 1;
            println!("{run}");
        }
        self.campaign().add(run);
        self.next += 1;
    }

    fn campaign(&mut self) -> &mut Campaign {
        self.book.campaign(&self.ground, self.next)
    }

    /// Writes what is known so far. What was not meant to work is nobody's record.
    fn write(&mut self) -> Result<()> {
        let spent_s = self.since.elapsed().as_secs();
        self.since += Duration::from_secs(spent_s);
        self.campaign().took_s += spent_s;
        if self.arguments.is_control() {
            return Ok(());
        }
        let written = self.book.write(&self.path);
        written.with_context(|| self.path.display().to_string())
    }
}

/// Runs a seed in a process of its own, or in two.
fn apart(arguments: &Arguments, seed: u64) -> Result<Vec<Outcome>> {
    let times = if arguments.twice { 2 } else { 1 };
    let mut runs = Vec::new();
    for _ in 0..times {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["--json", "--seed", &seed.to_string()])
            .args(["--length", &arguments.length.to_string()])
            .args(["--log", &arguments.log])
            .arg("--folder")
            .arg(&arguments.folder)
            .stderr(Stdio::inherit());
        let flags = [
            (arguments.keep, "--keep"),
            (arguments.lie, "--lie"),
            (arguments.spare, "--spare"),
        ];
        for (is_given, flag) in flags {
            if is_given {
                command.arg(flag);
            }
        }
        if let Some(bug) = arguments.plant {
            command.args(["--plant", bug.name()]);
        }
        let output = command.output()?;
        runs.push(serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
            Outcome {
                bug: arguments
                    .plant
                    .map(|bug| (bug.name().to_owned(), !arguments.spare)),
                ..Outcome::broken(seed, &format!("its process ended: {}", output.status), Vec::new())
            }
        }));
    }
    Ok(runs)
}

/// What this computer is: its processors and its memory, as Linux tells.
fn computer() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let processor = field(&read("/proc/cpuinfo"), "model name");
    let memory_kib = field(&read("/proc/meminfo"), "MemTotal")
        .and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{count} × {}, {} GiB",
        processor.unwrap_or_else(|| "an unknown processor".to_owned()),
        memory_kib.unwrap_or(0).div_ceil(1 << 20)
    )
}

fn status(is_well: bool) -> ExitCode {
    if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
