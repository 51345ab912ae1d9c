//! The tertulia binary: one program for those who run a machine and for those who use one.
//!
//! It reads arguments and puts the parts together; what it does lies in the crates below. `settings` is what `up` and `join`
//! can be told, `beginning` what comes of it, `up` runs a `machine`; `operate` are the commands of those who run one, by way
//! of `control`. `manual` writes completion and man pages; every other command is the client's.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is where the program speaks to people"
)]

mod address;
mod backup;
mod beginning;
mod control;
mod key_file;
mod machine;
mod manual;
mod operate;
mod refused;
mod said;
mod search;
mod settings;
mod up;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use operate::{
    BackupFlags, LeaveFlags, LookupFlags, RecoverFlags, RemoveFlags, RestoreFlags, RoleFlags, StatusFlags,
    TokenFlags,
};
use said::Said;
use settings::{JoinFlags, UpFlags};
use std::path::PathBuf;
use std::process::ExitCode;
use tertulia_console::{ClientCommand, Words, localised, plain};

/// A microblog and a messenger that a community runs on machines of its own
#[derive(Debug, Parser)]
#[command(name = "tertulia", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a machine in the foreground; the first start founds a ring
    Up(UpFlags),
    /// Run a machine in the foreground as one more of a ring; the first start joins it
    Join(JoinFlags),
    /// Print the command with which another machine joins
    Token(TokenFlags),
    /// Show the ring: its machines, what is where, and what may be lost
    Status(StatusFlags),
    /// Show the way from this machine to the home of a nick
    Lookup(LookupFlags),
    /// Give somebody a role: so there is a first admin. The machine must be running
    Role(RoleFlags),
    /// Hand over all that this machine holds, and stop it
    Leave(LeaveFlags),
    /// Remove another machine of the ring for good
    Remove(RemoveFlags),
    /// Go on from the copies that are left here, when the others are lost for good
    Recover(RecoverFlags),
    /// Save the whole ring in a file while it serves
    Backup(BackupFlags),
    /// Bring a ring back from a backup, on a new data directory: the old machines are strangers to it
    Restore(RestoreFlags),
    /// Make a key file, under which a machine's data is encrypted
    KeyFile {
        /// The file to write, apart from the data; it must not be there yet
        #[arg(id = "key_file_to", value_name = "FILE")]
        file: PathBuf,
    },
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
        Verb::Up(flags) => up::up(flags, &words),
        Verb::Join(flags) => up::join(flags, &words),
        Verb::Token(flags) => on_runtime(operate::token(flags)),
        Verb::Status(flags) => on_runtime(operate::status(flags)),
        Verb::Lookup(flags) => on_runtime(operate::lookup(flags)),
        Verb::Role(flags) => on_runtime(operate::role(flags)),
        Verb::Leave(flags) => on_runtime(operate::leave(flags)),
        Verb::Remove(flags) => on_runtime(operate::remove(flags)),
        Verb::Recover(flags) => on_runtime(operate::recover(flags)),
        Verb::Backup(flags) => on_runtime(operate::backup(flags)),
        Verb::Restore(flags) => on_runtime(operate::restore(flags)),
        Verb::KeyFile { file } => key_file::make(&file, &words),
        Verb::Client(command) => on_runtime(tertulia_console::run(command)),
        Verb::Completion { shell } => manual::completion(command, shell),
        Verb::Man { directory } => manual::pages(command, &directory),
    }
}

/// A command waits for one thing at a time: it needs one thread.
fn on_runtime(work: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => failed(&error.into()),
    }
}

/// Says what went wrong, with its causes; some of the words may be another machine's.
fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("tertulia: {}", plain::text(&format!("{error:#}")));
    ExitCode::from(Said::status_of(error))
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use clap::{Arg, CommandFactory};
    use std::path::Path;
    use tertulia_console::words::Language;
    use tertulia_console::{Words, localised};

    #[test]
    fn the_definitions_are_sound_in_every_language() {
        for language in [Language::English, Language::Spanish] {
            localised(Arguments::command(), &Words::new(language)).debug_assert();
        }
    }

    #[test]
    fn all_help_is_translated() {
        let build = |language| {
            let mut command = localised(Arguments::command(), &Words::new(language));
            command.build();
            command
        };
        let (english, spanish) = (build(Language::English), build(Language::Spanish));
        let mut compared = 0;
        for (one, other) in english.get_subcommands().zip(spanish.get_subcommands()) {
            let about = |command: &clap::Command| command.get_about().map(ToString::to_string);
            assert_ne!(about(one), about(other), "{}", one.get_name());
            for (arg, foreign) in one.get_arguments().zip(other.get_arguments()) {
                let help = |arg: &Arg| arg.get_help().map(ToString::to_string);
                assert!(help(arg).is_some(), "{} {}", one.get_name(), arg.get_id());
                assert_ne!(help(arg), help(foreign), "{} {}", one.get_name(), arg.get_id());
                compared += 1;
            }
        }
        assert!(compared > 100, "{compared}");
    }

    #[test]
    fn the_english_help_is_what_the_definitions_say() {
        let plain = Arguments::command();
        let english = localised(Arguments::command(), &Words::new(Language::English));
        for (one, other) in plain.get_subcommands().zip(english.get_subcommands()) {
            for arg in one.get_arguments().filter(|arg| arg.get_help().is_some()) {
                let told = other.get_arguments().find(|told| told.get_id() == arg.get_id());
                let help = |arg: &Arg| arg.get_help().map(ToString::to_string);
                let name = format!("{} {}", one.get_name(), arg.get_id());
                assert!(
                    told.is_some_and(|told| help(told) == help(arg) || is_shared(arg)),
                    "{name}"
                );
            }
        }
    }

    /// What the client's commands say in more words than the definitions do.
    fn is_shared(arg: &Arg) -> bool {
        ["nick", "server"].contains(&arg.get_id().as_str())
    }

    #[test]
    fn every_key_that_the_source_names_exists() {
        let words = Words::new(Language::English);
        let mut named = 0;
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let source = std::fs::read_to_string(&path).unwrap();
                let keys = source.split('"').skip(1).step_by(2);
                let is_key = |text: &&str| {
                    let starts = [
                        "up-",
                        "join-",
                        "token-",
                        "unreached-",
                        "denied-",
                        "leave-",
                        "remove-",
                        "recover-",
                        "backup-",
                        "restore-",
                    ];
                    starts.iter().any(|start| {
                        text.starts_with(start) && text.len() > start.len() && !text.contains(' ')
                    })
                };
                for key in keys.filter(is_key) {
                    assert!(words.find(key, &[]).is_some(), "{}: {key}", path.display());
                    named += 1;
                }
            }
        }
        assert!(named > 40, "only {named} keys found: the search is broken");
    }
}
