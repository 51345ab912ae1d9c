//! A `tertulia` process, as an operator runs it: a data directory, ports, signals, and the commands of an operator.
//!
//! **Invariant:** it does not outlive the value: dropped, it is killed.
//!
//! Deliberately absent: looking inside. What a machine keeps is seen through its API and its commands alone.

use std::fs::{File, OpenOptions};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::wire::{Request, Wire};

/// A start takes in what the log still holds, on a computer that does other things too.
const START_WAIT_MAX: Duration = Duration::from_secs(60);
/// A stop finishes what was begun, and has deadlines of its own.
const STOP_WAIT_MAX: Duration = Duration::from_secs(60);
/// Ports that nobody is given by chance, on Linux.
const PORTS: std::ops::Range<u16> = 10_000..32_000;
/// Ports that are tried.
const TRIES_MAX: usize = 100;
/// Between two looks at a process.
const LOOK: Duration = Duration::from_millis(10);

/// A machine: its program, its data and its address; running or not.
#[derive(Debug)]
pub struct Machine {
    program: PathBuf,
    data: PathBuf,
    /// Where people reach it.
    address: SocketAddr,
    /// Where it listens for them.
    http: SocketAddr,
    /// The network namespace in which it runs, if not in this process's.
    namespace: Option<String>,
    /// What it is started with, beside its directory and its addresses.
    words: Vec<String>,
    /// What else its environment has.
    environment: Vec<(String, PathBuf)>,
    /// Where other machines are to reach it.
    peer: SocketAddr,
    /// Whether it is of the next version, from its next start on.
    is_next: bool,
    process: Option<Child>,
}

impl Machine {
    /// A machine that keeps its data in `data` and will listen on a free port of this computer; not yet started.
    ///
    /// # Errors
    /// When no port is free.
    pub fn new(program: &Path, data: &Path) -> io::Result<Self> {
        let address = free_address()?;
        Ok(Self {
            program: program.to_owned(),
            data: data.to_owned(),
            address,
            http: address,
            namespace: None,
            words: vec!["up".to_owned()],
            environment: Vec::new(),
            peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            is_next: false,
            process: None,
        })
    }

    /// Starts with other words than `up` from now on.
    pub fn be_started_by<'a>(&mut self, words: impl IntoIterator<Item = &'a str>) {
        self.words = words.into_iter().map(str::to_owned).collect();
    }

    /// Has this in its environment from its next start on.
    pub fn set_variable(&mut self, name: &str, value: &Path) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Is of the next version from its next start on, or of this one again. Programs that are built to be released know this one only.
    pub fn change_version(&mut self, is_next: bool) {
        self.is_next = is_next;
    }

    /// Takes free ports for people and for other machines at its next start, and keeps them from then on.
    ///
    /// # Errors
    /// When no port is free.
    pub fn take_new_ports(&mut self) -> io::Result<()> {
        self.address = free_address()?;
        (self.http, self.peer) = (self.address, free_address()?);
        Ok(())
    }

    /// Runs on another computer from its next start on, whose port `http` on the loopback is passed on to `address`.
    pub fn move_to(&mut self, namespace: &str, http: u16, address: SocketAddr, peer: SocketAddr) {
        self.namespace = Some(namespace.to_owned());
        self.http = SocketAddr::from((Ipv4Addr::LOCALHOST, http));
        (self.address, self.peer) = (address, peer);
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where other machines are to reach it; port 0 stands for a free one at each start.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Where it keeps its data.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
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
        let mut command = match &self.namespace {
            // `ip` becomes the program: signals reach it.
            Some(namespace) => {
                let mut ip = Command::new("ip");
                ip.args(["netns", "exec", namespace]).arg(&self.program);
                ip
            }
            None => Command::new(&self.program),
        };
        if self.is_next {
            command
                .env("TERTULIA_NEXT", "1")
                .env("TERTULIA_LOG", "warn,tertulia_node::trial=info");
        }
        let child = command
            .args(&self.words)
            .arg("--data")
            .arg(&self.data)
            .arg("--http")
            .arg(self.http.to_string())
            .env("TERTULIA_RATE_LIMIT", "off")
            .env("TERTULIA_PEER", self.peer.to_string())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
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
        self.until_ready().await
    }

    /// Waits until it serves.
    ///
    /// # Errors
    /// When it ends by itself, or does not serve in time; the error shows what it said.
    pub async fn until_ready(&mut self) -> Result<()> {
        let request = Request::new("GET", "/readyz", None, None, None);
        let end = Instant::now() + START_WAIT_MAX;
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Ok(answer) = Wire::new(self.address).call(&request).await
                && answer.is_ok()
            {
                return Ok(());
            }
            if let Some(status) = self.ended() {
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

    /// Stops it where it stands, as a computer does that hangs: its connections stay open, and nothing answers.
    ///
    /// # Errors
    /// When it does not run.
    pub fn freeze(&self) -> Result<()> {
        self.tell(Signal::SIGSTOP)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn thaw(&self) -> Result<()> {
        self.tell(Signal::SIGCONT)
    }

    /// Tells it to stop, as an operator does, and waits until it has.
    ///
    /// # Errors
    /// When it ends badly, or not in time; the error shows what it said.
    pub async fn stop(&mut self) -> Result<()> {
        self.tell(Signal::SIGTERM)?;
        self.until_ended().await
    }

    /// Waits until it has ended by itself, well.
    ///
    /// # Errors
    /// When it ends badly, or not in time; the error shows what it said.
    pub async fn until_ended(&mut self) -> Result<()> {
        let end = Instant::now() + STOP_WAIT_MAX;
        let mut ticks = interval(LOOK);
        loop {
            ticks.tick().await;
            if let Some(status) = self.ended() {
                self.process = None;
                ensure!(
                    status.success(),
                    "the machine ended with {status}; it said:\n{}",
                    self.said()
                );
                return Ok(());
            }
            if Instant::now() > end {
                bail!("the machine does not end; it said:\n{}", self.said());
            }
        }
    }

    /// Runs a command of an operator's on its data directory, with the answer as JSON.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub async fn command(&self, words: &[&str]) -> Result<Output> {
        let mut command = Command::new(&self.program);
        command
            .args(words)
            .arg("--data")
            .arg(&self.data)
            .arg("--json")
            .stdin(Stdio::null());
        // Whoever uses the machines meanwhile does so on this very thread.
        let ran = tokio::task::spawn_blocking(move || command.output()).await?;
        ran.with_context(|| format!("running {}", self.program.display()))
    }

    /// Whether it has a process.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.process.is_some()
    }

    fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.process.as_mut()?.try_wait().ok().flatten()
    }

    fn tell(&self, signal: Signal) -> Result<()> {
        let id = self.id().context("the machine does not run")?;
        Ok(kill(Pid::from_raw(i32::try_from(id)?), signal)?)
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

/// An address of this computer where nobody listens. It is none of those that the kernel gives to whoever calls somebody, so
/// that it is still free when a machine that was killed is started again.
///
/// # Errors
/// When there is none.
pub fn free_address() -> io::Result<SocketAddr> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for _ in 0..TRIES_MAX {
        let port = rand::random_range(PORTS);
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(listener) => return listener.local_addr(),
            Err(error) => last = error,
        }
    }
    Err(last)
}
