//! The tertulia binary: one program for those who run a machine and for those who use one.
//!
//! It reads arguments and puts the parts together; what it does lies in the crates below. `settings` is what `up` can be
//! told, `up` runs a machine, `manual` writes completion and man pages; every other command is the client's.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is where the program speaks to people"
)]

mod manual;
mod settings;
mod up;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use settings::UpFlags;
use std::path::PathBuf;
use std::process::ExitCode;
use tertulia_console::{ClientCommand, Words, localised};

/// A microblog that a community runs on machines of its own
#[derive(Debug, Parser)]
#[command(name = "tertulia", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a machine in the foreground; the first start creates a ring
    Up(UpFlags),
    #[command(flatten)]
    Client(ClientCommand),
    /// Print the completion script for a shell
    Completion {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write the man pages into a directory
    Man {
        /// Where to
        directory: PathBuf,
    },
}

fn main() -> ExitCode {
    let words = Words::of_environment();
    let command = localised(Arguments::command(), &words);
    let matches = match tertulia_console::matches(&command, &words) {
        Ok(matches) => matches,
        Err(status) => return status,
    };
    let arguments = match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    match arguments.verb {
        Verb::Up(flags) => up::run(flags, &words),
        Verb::Client(command) => on_runtime(tertulia_console::run(command)),
        Verb::Completion { shell } => manual::completion(command, shell),
        Verb::Man { directory } => manual::pages(command, &directory),
    }
}

/// The client waits for one thing at a time: it needs one thread.
fn on_runtime(work: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => failed(&error.into()),
    }
}

/// Says what went wrong, with its causes, on one line.
fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("tertulia: {error:#}");
    ExitCode::FAILURE
}
