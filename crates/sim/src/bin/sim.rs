//! `make sim`: the whole cluster under simulated trouble, seed after seed. Each seed is run in a process of its own, so that it is the same when it is run
//! again, and so that nothing it does can harm the others. The report is written now and then, so that a long run may be ended at any time.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use tertulia_sim::cluster::report::{Outcome, Report};
use tertulia_sim::cluster::run::run;
use tertulia_sim::cluster::settings::Settings;

/// Runs after which it is told how far the whole has come.
const RUNS_PER_NEWS: usize = 50;

/// Runs the simulation of a whole cluster.
#[derive(Debug, Parser)]
struct Arguments {
    /// Runs this seed only, here.
    #[arg(long)]
    seed: Option<u64>,
    /// How many seeds to run.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many at a time; by default as many as there are processors.
    #[arg(long)]
    jobs: Option<usize>,
    /// Runs each seed twice and compares what happened.
    #[arg(long)]
    twice: bool,
    /// How long trouble lasts in each run, in seconds of virtual time.
    #[arg(long, default_value_t = 12)]
    length: u64,
    /// Where traces go, and the report.
    #[arg(long, default_value = "target/traces")]
    folder: PathBuf,
    /// Writes the trace of a run even if nothing was wrong.
    #[arg(long)]
    keep: bool,
    /// What of the machines' log comes into the trace.
    #[arg(long, default_value = "tertulia_node=info,openraft=error")]
    log: String,
    /// The control: disks that say they have synced what they have not. Runs must break.
    #[arg(long)]
    lie: bool,
    /// Prints what came of a run as JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
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
        trace: arguments.folder.join(format!("{seed}.trace")),
        is_kept: arguments.keep,
        log: arguments.log.clone(),
    });
    if arguments.json {
        println!("{}", serde_json::to_string(&outcome)?);
    } else {
        println!("{outcome}");
    }
    Ok(if outcome.breaches.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn many(arguments: &Arguments) -> Result<ExitCode> {
    let first = arguments.seed.unwrap_or(arguments.from);
    let seeds = first..first + arguments.seed.map_or(arguments.seeds, |_| 1);
    let jobs = match arguments.jobs {
        Some(jobs) => jobs.max(1),
        None => std::thread::available_parallelism()?.get(),
    };
    let path = arguments.folder.join("report.json");
    let mut report = Report::default();
    let mut running: Vec<(u64, Vec<Child>)> = Vec::new();
    for seed in seeds {
        if running.len() >= jobs {
            collect(&mut report, running.remove(0))?;
            if report.runs.len().is_multiple_of(RUNS_PER_NEWS) {
                write(&report, &path)?;
                eprintln!("{} runs, broken: {:?}", report.runs.len(), report.broken);
            }
        }
        let times = if arguments.twice { 2 } else { 1 };
        let children = (0..times).map(|_| begin(arguments, seed));
        running.push((seed, children.collect::<Result<_>>()?));
    }
    for children in running {
        collect(&mut report, children)?;
    }
    write(&report, &path)?;
    println!("{report}\nreport: {}", path.display());
    Ok(if report.broken.is_empty() && report.unlike.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Writes what is known so far, for a run of hours that may be ended.
fn write(report: &Report, path: &Path) -> Result<()> {
    std::fs::write(path, serde_json::to_vec_pretty(report)?).with_context(|| path.display().to_string())
}

/// Begins a run in a process of its own.
fn begin(arguments: &Arguments, seed: u64) -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["--json", "--seed", &seed.to_string()])
        .args(["--length", &arguments.length.to_string()])
        .args(["--log", &arguments.log])
        .arg("--folder")
        .arg(&arguments.folder)
        .stdout(Stdio::piped());
    for (is_given, flag) in [(arguments.keep, "--keep"), (arguments.lie, "--lie")] {
        if is_given {
            command.arg(flag);
        }
    }
    Ok(command.spawn()?)
}

/// Waits for the runs of a seed, and adds the first one to the report.
fn collect(report: &mut Report, (seed, children): (u64, Vec<Child>)) -> Result<()> {
    let mut runs = Vec::new();
    for child in children {
        let output = child.wait_with_output()?;
        let outcome: Outcome = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
            Outcome::broken(seed, &format!("its process ended: {}", output.status), Vec::new())
        });
        runs.push(outcome);
    }
    if runs.iter().any(|run| run.digest != runs[0].digest) {
        report.unlike.push(seed);
        eprintln!("seed {seed} took another course the second time");
    }
    ensure!(!runs.is_empty(), "seed {seed} was not run");
    let first = runs.remove(0);
    if !first.breaches.is_empty() {
        println!("{first}");
    }
    report.add(first);
    Ok(())
}
