//! Prosody, a server of XMPP: the peer of our mailboxes.
//!
//! Senders write to people who are away, and Prosody keeps what they say until these come. A stanza is confirmed by stream management
//! (XEP-0198), and Prosody looks at one stanza after another: so the confirmation comes behind what keeps it.
//!
//! It is as Debian configures it, on plain TCP at loopback, but that anybody may log in (accounts are no part of what is measured), and that a
//! store holds more than 10 000 messages. Its storage of files (`internal`) is Debian's default.
//!
//! **What its figure means:** it writes each message to a file and never calls fsync: what it has confirmed is in the system's memory. Ours
//! has synced it. And it forgets a message when it hands it to a connection, without an acknowledgement of whoever it was for.
//!
//! Deliberately absent: encryption on the way, storage in SQL, several servers.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use tertulia_types::entity::Base64;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::load::{Client, Counter, Outcome, Plan, run};
use super::process;
use crate::machine::free_address;

/// The program of Debian's package `prosody`.
const PROGRAM: &str = "prosody";
const START_WAIT_MAX: Duration = Duration::from_secs(30);
/// Longer than an answer takes on a busy computer.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(60);
/// Of what a server has sent at once, so much is held.
const HELD_BYTES_MAX: usize = 64 << 10;

/// A running server; dropped, it is killed.
#[derive(Debug)]
pub struct Prosody {
    process: Child,
    address: SocketAddr,
    /// How many people there are of each kind.
    pairs: usize,
    /// How many messages were confirmed that have not been fetched.
    kept: Counter,
}

impl Prosody {
    /// Is there a Prosody on this computer?
    #[must_use]
    pub fn is_installed() -> bool {
        let lua = Command::new("prosodyctl")
            .arg("--help")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        lua.is_ok()
    }

    /// Starts one that keeps its data in `folder`, for so many pairs of people, and waits until it serves.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(folder: &Path, pairs: usize) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let address = free_address()?;
        let configuration = folder.join("prosody.cfg.lua");
        std::fs::write(&configuration, configured(folder, address))?;
        let process = Command::new(PROGRAM)
            .arg("--config")
            .arg(&configuration)
            .arg("-F")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("running prosody")?;
        let mut prosody = Self {
            process,
            address,
            pairs,
            kept: Counter::default(),
        };
        let end = Instant::now() + START_WAIT_MAX;
        while let Err(error) = Talk::begin(address, "nobody", "first").await {
            ensure!(
                prosody.process.try_wait()?.is_none() && Instant::now() < end,
                "prosody does not serve: {error}; see {}",
                folder.join("prosody.log").display()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(prosody)
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// `clients` connections in a closed loop, each of which sends to one who is away, and waits until that is confirmed.
    ///
    /// # Errors
    /// When something is refused.
    pub async fn store(&self, plan: Plan, clients: usize, bytes: usize) -> Result<Outcome> {
        let mut senders = Vec::new();
        for number in 0..clients {
            let pair = number % self.pairs;
            let mut talk = Talk::begin(self.address, &format!("sender_{pair}"), &number.to_string()).await?;
            talk.ask("<enable xmlns='urn:xmpp:sm:3'/>", "<enabled").await?;
            senders.push(Sender {
                talk,
                to: format!("recipient_{pair}@localhost"),
                body: base64(vec![7; bytes]),
                kept: self.kept.clone(),
            });
        }
        run(plan, senders).await
    }

    /// All recipients come at once, and take what was kept for them. Answers how many messages a second.
    ///
    /// # Errors
    /// When one does not come, or something that was confirmed is not there.
    pub async fn fetch(&self) -> Result<f64> {
        let mut talks = Vec::new();
        for pair in 0..self.pairs {
            talks.push(Talk::begin(self.address, &format!("recipient_{pair}"), "home").await?);
        }
        let began = Instant::now();
        let mut coming = tokio::task::JoinSet::new();
        for mut talk in talks {
            // The answer to what is asked behind the presence comes behind what was kept.
            let all = "<presence/><iq type='get' id='all'><ping xmlns='urn:xmpp:ping'/></iq>";
            coming.spawn_local(async move { talk.count(all, "<body>", "id='all'").await });
        }
        let mut come = 0;
        while let Some(one) = coming.join_next().await {
            come += one.context("a recipient")??;
        }
        let took = began.elapsed();
        let kept = self.kept.take();
        ensure!(
            come as u64 == kept,
            "{kept} messages were confirmed, and {come} have come"
        );
        Ok(come as f64 / took.as_secs_f64())
    }

    /// What it takes for each client that waits for messages, in KiB, of so many of each recipient.
    ///
    /// # Errors
    /// When a connection is not opened.
    pub async fn connected_kib(&self, each: usize) -> Result<f64> {
        let memory = || process::memory_mib(self.id()).context("there is no /proc");
        let before = memory()?;
        let mut talks = Vec::new();
        for pair in 0..self.pairs {
            for number in 0..each {
                let mut talk =
                    Talk::begin(self.address, &format!("recipient_{pair}"), &number.to_string()).await?;
                talk.send("<presence/>").await?;
                talks.push(talk);
            }
        }
        for talk in &mut talks {
            talk.ask(
                "<iq type='get' id='all'><ping xmlns='urn:xmpp:ping'/></iq>",
                "id='all'",
            )
            .await?;
        }
        Ok((memory()? - before) * 1024.0 / talks.len() as f64)
    }
}

impl Drop for Prosody {
    fn drop(&mut self) {
        // It may have ended by itself already: then there is nothing to kill.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn configured(folder: &Path, address: SocketAddr) -> String {
    let (folder, port) = (folder.display(), address.port());
    format!(
        r#"data_path = "{folder}"
pidfile = "{folder}/prosody.pid"
log = {{ {{ levels = {{ min = "warn" }}, to = "file", filename = "{folder}/prosody.log" }} }}
run_as_root = true
c2s_ports = {{ {port} }}
c2s_interfaces = {{ "127.0.0.1" }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
modules_enabled = {{ "roster", "saslauth", "disco", "ping", "offline", "smacks" }}
modules_disabled = {{ "s2s" }}
authentication = "insecure"
insecure_open_authentication = "Yes please, I know what I'm doing!"
storage = "internal"
storage_archive_item_limit = 10000000
VirtualHost "localhost"
"#
    )
}

struct Sender {
    talk: Talk,
    to: String,
    body: String,
    kept: Counter,
}

impl Client for Sender {
    async fn once(&mut self) -> Result<()> {
        let Self { to, body, kept, .. } = self;
        let message = format!(
            "<message to='{to}' type='chat' id='{}'><body>{body}</body></message><r xmlns='urn:xmpp:sm:3'/>",
            kept.next()
        );
        self.talk.ask(&message, "<a ").await
    }
}

/// A connection to it.
struct Talk {
    stream: TcpStream,
    held: Vec<u8>,
}

impl Talk {
    /// Logs somebody in.
    async fn begin(address: SocketAddr, who: &str, where_: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut talk = Self {
            stream,
            held: Vec::new(),
        };
        let open = "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' \
                    xmlns:stream='http://etherx.jabber.org/streams'>";
        talk.ask(open, "</stream:features>").await?;
        let secret = base64(format!("\0{who}\0any").into_bytes());
        let prove =
            format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>");
        talk.ask(&prove, "<success").await?;
        talk.ask(open, "</stream:features>").await?;
        let bind = format!(
            "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{where_}</resource></bind></iq>"
        );
        talk.ask(&bind, "</iq>").await?;
        Ok(talk)
    }

    async fn send(&mut self, text: &str) -> Result<()> {
        Ok(self.stream.write_all(text.as_bytes()).await?)
    }

    /// Sends something, and waits for what answers it.
    async fn ask(&mut self, text: &str, answer: &str) -> Result<()> {
        let errors = self.count(text, "<error", answer).await?;
        ensure!(errors == 0, "prosody refuses");
        Ok(())
    }

    /// Sends something, and counts how often a word comes before the answer.
    async fn count(&mut self, text: &str, word: &str, answer: &str) -> Result<usize> {
        self.send(text).await?;
        let mut counted = 0;
        loop {
            let end = find(&self.held, answer);
            let until = end.unwrap_or(self.held.len().saturating_sub(word.len().max(answer.len())));
            let mut at = 0;
            while let Some(found) = find(&self.held[at..], word).filter(|found| at + found < until) {
                at += found + word.len();
                counted += 1;
            }
            let passed = end.map_or(at.max(until), |end| end + answer.len());
            self.held.drain(..passed.min(self.held.len()));
            if end.is_some() {
                return Ok(counted);
            }
            ensure!(self.held.len() < HELD_BYTES_MAX, "prosody says too much at once");
            let read = self.stream.read_buf(&mut self.held);
            let read = timeout(ANSWER_WAIT_MAX, read).await;
            if read.context("prosody is silent")?? == 0 {
                bail!("prosody has ended: {}", String::from_utf8_lossy(&self.held));
            }
        }
    }
}

fn base64(bytes: Vec<u8>) -> String {
    let text = json!(Base64(bytes));
    text.as_str().unwrap_or_default().to_owned()
}

fn find(bytes: &[u8], word: &str) -> Option<usize> {
    bytes
        .windows(word.len())
        .position(|window| window == word.as_bytes())
}
