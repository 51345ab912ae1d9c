//! Private messages as machines carry them: what they say only clients know, so here they are bytes, and the devices are made up.
//!
//! People come in pairs: one hands in, the other fetches and acknowledges.
//!
//! **Invariant:** a message counts as stored when its home has answered with its number, which is behind the fsync; as delivered when its
//! recipient has it and has acknowledged it.
//!
//! Deliberately absent: encryption, which is paid for by clients and not by machines.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tertulia_types::device::PublicKey;
use tertulia_types::entity::Base64;
use tertulia_types::{ConversationId, DeviceId, MessageId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::load::{Client, Counter, Outcome, Plan, run};
use super::process;
use crate::person::Person;
use crate::wire::{Request, Wire};

/// What a short text weighs when it is padded and sealed.
pub const MESSAGE_BYTES: usize = 400;
/// A machine that is busy for longer than this many questions is not measured but ill.
const TRIES_MAX: usize = 1_000;
/// Until a stream is open.
const OPEN_WAIT_MAX: Duration = Duration::from_secs(10);

/// What becomes of each message of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It waits at home.
    Stored,
    /// It is fetched and acknowledged.
    Delivered,
}

/// Pairs of people.
#[derive(Debug)]
pub struct Pairs(Vec<Pair>);

#[derive(Debug, Clone)]
struct Pair {
    address: SocketAddr,
    sender: String,
    recipient: String,
    account: String,
    device: DeviceId,
}

impl Pairs {
    /// So many pairs, spread over these machines.
    ///
    /// # Errors
    /// When one is refused.
    pub async fn meet(addresses: &[SocketAddr], count: usize) -> Result<Self> {
        let mut pairs = Vec::new();
        for (number, address) in (0..count).zip(addresses.iter().copied().cycle()) {
            let nick = |who: &str| format!("{who}_{number}");
            let sender = Person::register(address, &nick("sender"), &nick("sender")).await?;
            let mut recipient = Person::register(address, &nick("recipient"), &nick("recipient")).await?;
            // A stranger could leave a few only.
            recipient.follow(sender.id()).await?;
            let mut key = [1; 32];
            key[..8].copy_from_slice(&number.to_be_bytes());
            let device = equip(&recipient, PublicKey(key)).await?;
            pairs.push(Pair {
                address,
                sender: sender.token().to_owned(),
                recipient: recipient.token().to_owned(),
                account: recipient.id().to_owned(),
                device,
            });
        }
        Ok(Self(pairs))
    }

    /// `clients` connections in a closed loop, each for one of the pairs in turn.
    ///
    /// # Errors
    /// When something is refused.
    pub async fn load(&self, plan: Plan, clients: usize, way: Way) -> Result<Outcome> {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        let counter = Counter::default();
        let talks = (0..clients).map(|number| {
            let pair = self.0[number % self.0.len()].clone();
            Talk {
                wire: Wire::new(pair.address),
                pair,
                way,
                counter: counter.clone(),
                first: since.as_nanos() << 32,
            }
        });
        run(plan, talks.collect()).await
    }

    /// All recipients come at once, fetch what waits for them and acknowledge it. Answers how many messages a second.
    ///
    /// # Errors
    /// When something is refused.
    pub async fn fetch(&self) -> Result<f64> {
        let began = Instant::now();
        let mut coming = JoinSet::new();
        for pair in &self.0 {
            coming.spawn_local(fetch(pair.clone()));
        }
        let mut come = 0;
        while let Some(one) = coming.join_next().await {
            come += one.context("a recipient")??;
        }
        Ok(come as f64 / began.elapsed().as_secs_f64())
    }

    /// What a machine takes for each client that waits for messages, in KiB, of so many on each recipient's session.
    ///
    /// # Errors
    /// When a stream does not open.
    pub async fn connected_kib(&self, machine: u32, each: usize) -> Result<f64> {
        let memory = || process::memory_mib(machine).context("there is no /proc");
        let before = memory()?;
        let mut streams = Vec::new();
        for pair in &self.0 {
            for _ in 0..each {
                streams.push(timeout(OPEN_WAIT_MAX, open(pair)).await.context("a stream")??);
            }
        }
        Ok((memory()? - before) * 1024.0 / streams.len() as f64)
    }
}

/// Makes somebody a device. Homes look at no signature: those who write do.
async fn equip(person: &Person, key: PublicKey) -> Result<DeviceId> {
    let record = json!({
        "account": person.id(), "identity": Base64(vec![2; 32]), "sequence": 0, "previous": Base64(vec![0; 32]), "made_ms": 1,
        "add": { "key": Base64(key.0.to_vec()), "label": "bench" }, "signature": Base64(vec![0; 64]),
    });
    let path = "/api/tertulia/v1/devices";
    let request = Request::new("POST", path, Some(person.token()), None, Some(&record));
    let answer = Wire::new(person.address()).call(&request).await?;
    ensure!(answer.is_ok(), "no device: {}", answer.json());
    Ok(key.device())
}

/// Fetches and acknowledges until nothing waits.
async fn fetch(pair: Pair) -> Result<usize> {
    let mut wire = Wire::new(pair.address);
    let (device, token) = (pair.device, Some(pair.recipient.as_str()));
    let (mut come, mut position) = (0, 0);
    loop {
        let path = format!("/api/tertulia/v1/mailbox?device={device}&after={position}");
        let fetched = ask(&mut wire, &Request::new("GET", &path, token, None, None)).await?;
        let letters = fetched["letters"].as_array().context("letters")?;
        let Some(last) = letters.last() else {
            return Ok(come);
        };
        come += letters.len();
        position = last["number"].as_u64().context("a number")?;
        let kept = json!({ "device": device, "number": position });
        let path = "/api/tertulia/v1/mailbox/acknowledge";
        ask(&mut wire, &Request::new("POST", path, token, None, Some(&kept))).await?;
    }
}

/// The answer, when the machine is not busy any more: it is asked again, as clients do; the wait counts.
async fn ask(wire: &mut Wire, request: &Request) -> Result<Value> {
    for _ in 0..TRIES_MAX {
        let answer = wire.call(request).await?;
        match answer.status {
            200 => return Ok(answer.json()),
            503 => tokio::task::yield_now().await,
            status => bail!("answered {status}: {}", answer.json()),
        }
    }
    bail!("answered with busy {TRIES_MAX} times")
}

/// Opens the stream on which a recipient hears of letters.
async fn open(pair: &Pair) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(pair.address).await?;
    let path = "/api/v1/streaming/mailbox";
    let token = &pair.recipient;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await?;
    ensure!(head.ends_with(b"200"), "{}", String::from_utf8_lossy(&head));
    Ok(stream)
}

struct Talk {
    wire: Wire,
    pair: Pair,
    way: Way,
    counter: Counter,
    /// Names of another load must not be taken for repeats of this one.
    first: u128,
}

impl Talk {
    fn message(&self) -> Request {
        let id = MessageId((self.first + u128::from(self.counter.next())).to_be_bytes());
        let body = json!({
            "id": id, "conversation": ConversationId([1; 16]), "generation": 1, "epoch": 1,
            "recipients": [{ "account": self.pair.account, "devices": 1 }], "body": Base64(vec![7; MESSAGE_BYTES]),
        });
        let path = "/api/tertulia/v1/messages";
        Request::new("POST", path, Some(&self.pair.sender), None, Some(&body))
    }
}

impl Client for Talk {
    async fn once(&mut self) -> Result<()> {
        let message = self.message();
        let mut tries = 0..TRIES_MAX;
        let number = loop {
            tries.next().context("a home is busy all the time")?;
            let answer = ask(&mut self.wire, &message).await?;
            match (&answer[0]["number"], answer[0]["code"].as_str()) {
                (Value::Number(number), _) => break number.clone(),
                (_, Some("busy" | "unavailable")) => tokio::task::yield_now().await,
                (_, code) => bail!("not stored: {code:?}"),
            }
        };
        if self.way == Way::Stored {
            return Ok(());
        }
        let (device, token) = (self.pair.device, Some(self.pair.recipient.clone()));
        let number = number.as_u64().context("a number")?;
        let path = format!("/api/tertulia/v1/mailbox?device={device}&after={}", number - 1);
        let request = Request::new("GET", &path, token.as_deref(), None, None);
        let fetched = ask(&mut self.wire, &request).await?;
        ensure!(
            fetched["letters"][0]["number"] == json!(number)
                || fetched["acknowledged"].as_u64() >= Some(number),
            "it has not come: {fetched}"
        );
        let kept = json!({ "device": device, "number": number });
        let path = "/api/tertulia/v1/mailbox/acknowledge";
        let request = Request::new("POST", path, token.as_deref(), None, Some(&kept));
        ask(&mut self.wire, &request).await?;
        Ok(())
    }
}
