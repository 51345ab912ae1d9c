//! A `tertulia` process, as an operator runs it: a data directory, a port, and signals.
//!
//! **Invariant:** it does not outlive the value: dropped, it is killed.
//!
//! Deliberately absent: looking inside. What a machine keeps is seen through its API alone.

use std::fs::{File, OpenOptions};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::wire::{Request, Wire};

/// A start takes in what the log still holds, on a computer that does other things too.
const START_WAIT_MAX: Duration = Duration::from_secs(60);

/// A machine: its program, its data and its address; running or not.
#[derive(Debug)]
pub struct Machine {
    program: PathBuf,
    data: PathBuf,
    address: SocketAddr,
    process: Option<Child>,
}

impl Machine {
    /// A machine that keeps its data in `data` and will listen on a free port of this computer; not yet started.
    ///
    /// # Errors
    /// When no port is free.
    pub fn new(program: &Path, data: &Path) -> io::Result<Self> {
        Ok(Self {
            program: program.to_owned(),
            data: data.to_owned(),
            address: free_address()?,
            process: None,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process id while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// Starts the process, and does not wait for it.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub fn spawn(&mut self) -> Result<()> {
        let log = self.log()?;
        let child = Command::new(&self.program)
            .arg("up")
            .arg("--data")
            .arg(&self.data)
            .arg("--http")
            .arg(self.address.to_string())
            .env("TERTULIA_RATE_LIMIT", "off")
            .env("TERTULIA_PEER", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("running {}", self.program.display()))?;
        self.process = Some(child);
        Ok(())
    }

    /// Starts the process and waits until it serves.
    ///
    /// # Errors
    /// When it ends by itself, or does not serve in time; the error shows what it said.
    pub async fn start(&mut self) -> Result<()> {
        self.spawn()?;
        let request = Request::new("GET", "/readyz", None, None, None);
        let end = Instant::now() + START_WAIT_MAX;
        let mut ticks = interval(Duration::from_millis(10));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Ok(answer) = Wire::new(self.address).call(&request).await
                && answer.is_ok()
            {
                return Ok(());
            }
            let ended = self
                .process
                .as_mut()
                .and_then(|child| child.try_wait().ok().flatten());
            if let Some(status) = ended {
                bail!("the machine ended with {status}; it said:\n{}", self.said());
            }
            if Instant::now() > end {
                bail!("the machine is not ready; it said:\n{}", self.said());
            }
        }
    }

    /// Ends it as a power cut does (`kill -9`), and waits until it is gone.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.process.take() {
            // It may have ended by itself already: then there is nothing to kill.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// What it has printed in all its lives.
    #[must_use]
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log(&self) -> io::Result<File> {
        OpenOptions::new().create(true).append(true).open(self.log_path())
    }

    fn log_path(&self) -> PathBuf {
        self.data.with_extension("log")
    }
}

impl Drop for Machine {
    #[expect(clippy::print_stderr, reason = "a failed test shows what the machine said")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the machine at {} said:\n{}", self.address, self.said());
        }
        self.kill();
    }
}

/// An address of this computer where nobody listens.
///
/// # Errors
/// When there is none.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
