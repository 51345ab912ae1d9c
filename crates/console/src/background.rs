//! The agent as a process of its own: started by what sends messages, so that what waits goes on when the terminal is closed.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tertulia_client::{Client, Settings};

/// Whoever sets this variable to `off` starts agents themselves: as a user's service, or not at all.
const WISH: &str = "TERTULIA_AGENT";

/// The program that an agent is.
#[derive(Debug, Clone)]
pub struct Background {
    program: PathBuf,
}

impl Background {
    /// This program; none if the person wants no agent, or it cannot be found.
    #[must_use]
    pub fn of_environment() -> Option<Self> {
        let is_wanted = std::env::var(WISH).map_or(true, |wish| wish != "off");
        let program = std::env::current_exe().ok()?;
        is_wanted.then_some(Self { program })
    }

    /// Starts an agent for whoever is logged in, unless one works for them already. That none can be started is no failure: what waits is
    /// sent with the next command.
    pub fn start(&self, client: &Client, settings: &Settings) {
        if !matches!(client.agent(), Ok(None)) {
            return;
        }
        let mut command = Command::new(&self.program);
        command.arg("agent").arg("--data").arg(&settings.data);
        for server in &settings.servers {
            command.arg("--server").arg(server);
        }
        if let Some(ca) = &settings.ca {
            command.arg("--ca").arg(ca);
        }
        if let Some(fingerprint) = &settings.ca_fingerprint {
            command.arg("--ca-fingerprint").arg(fingerprint);
        }
        // What was typed here it cannot ask for. Other people of the computer see no variables.
        if let Some(passphrase) = &settings.passphrase {
            command.env("TERTULIA_PASSPHRASE", passphrase.reveal());
        }
        // A group of its own: Ctrl-C in this terminal does not concern it. It needs no other secret of this process.
        let _ = command
            .env_remove("TERTULIA_PASSWORD")
            .env_remove("TERTULIA_NEW_PASSWORD")
            .env_remove("TERTULIA_NEW_PASSPHRASE")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
    }
}
