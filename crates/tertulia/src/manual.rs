//! Completion scripts and man pages, made from the definition of the commands.

use crate::failed;
use anyhow::Context;
use clap::Command;
use clap_complete::Shell;
use std::path::Path;
use std::process::ExitCode;

/// Prints the completion script for a shell.
pub(crate) fn completion(mut command: Command, shell: Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "tertulia", &mut script);
    print!("{}", String::from_utf8_lossy(&script));
    ExitCode::SUCCESS
}

/// Writes a man page for each command into a directory.
pub(crate) fn pages(command: Command, directory: &Path) -> ExitCode {
    let written =
        std::fs::create_dir_all(directory).and_then(|()| clap_mangen::generate_to(command, directory));
    match written.with_context(|| format!("the man pages cannot be written to {}", directory.display())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}
