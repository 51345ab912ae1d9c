//! What is measured of a machine: each kind of request, and how soon a dweet is on all its followers' timelines.
//!
//! **Invariant:** every request carries a session, and every write is acknowledged after its fsync, as in service.
//!
//! Deliberately absent: setting up faster than people could (no writing past the API).

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::load::{Client, Counter, Outcome, Plan, run};
use crate::person::{Person, text};
use crate::wire::{Request, Wire};

/// After this long without all timelines reached, something is wrong with more than the speed.
const REACH_WAIT_MAX: Duration = Duration::from_secs(60);

/// When an answer stays out for this long, another machine is asked.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(10);
const RETRY_PAUSE: Duration = Duration::from_millis(10);
/// A machine that is busy for longer than this many questions is not measured but ill.
const TRIES_MAX: usize = 1_000;

/// People of the benchmark. Clients share their sessions.
#[derive(Debug)]
pub struct Crowd {
    /// The machines that they use, in turn.
    addresses: Vec<SocketAddr>,
    people: Vec<Person>,
}

impl Crowd {
    /// Registers `count` people whose nicks begin with `stem`.
    ///
    /// # Errors
    /// When one is refused.
    pub async fn register(addresses: &[SocketAddr], stem: &str, count: usize) -> Result<Self> {
        let mut people = Vec::new();
        for (number, address) in (0..count).zip(addresses.iter().cycle()) {
            let nick = format!("{stem}_{number}");
            people.push(Person::register(*address, &nick, &nick).await?);
        }
        Ok(Self {
            addresses: addresses.to_vec(),
            people,
        })
    }

    /// Everyone here follows everyone there.
    ///
    /// # Errors
    /// When one is refused.
    pub async fn follow(&mut self, authors: &Self) -> Result<()> {
        for person in &mut self.people {
            for author in &authors.people {
                person.follow(author.id()).await?;
            }
        }
        Ok(())
    }

    /// `clients` connections in a closed loop, each as one of the crowd in turn.
    ///
    /// # Errors
    /// When a request is refused.
    pub async fn load(&self, plan: Plan, clients: usize, kind: Kind) -> Result<Outcome> {
        let counter = Counter::default();
        let run_id = run_id()?;
        let sessions = (0..clients).map(|number| Session {
            wire: Wire::new(self.addresses[number % self.addresses.len()]),
            token: self.people[number % self.people.len()].token().to_owned(),
            kind,
            counter: counter.clone(),
            run_id,
        });
        run(plan, sessions.collect()).await
    }

    /// Publishes through these machines until it is over, whatever becomes of them: each dweet is asked for again, elsewhere and with its key, until it
    /// is acknowledged. A latency is the time from the first attempt to the answer.
    ///
    /// # Errors
    /// When a dweet is refused.
    pub async fn insist(
        &self,
        addresses: &[SocketAddr],
        clients: usize,
        over: &CancellationToken,
    ) -> Result<Outcome> {
        let run_id = run_id()?;
        let began = Instant::now();
        let mut running = JoinSet::new();
        for number in 0..clients {
            let insistent = Insistent {
                addresses: addresses.to_vec(),
                at: number,
                token: self.people[number % self.people.len()].token().to_owned(),
                key: format!("{run_id}-{number}"),
            };
            running.spawn_local(insistent.publish(over.clone()));
        }
        let mut latencies_us = Vec::new();
        while let Some(ended) = running.join_next().await {
            latencies_us.extend(ended??);
        }
        Ok(Outcome::of(latencies_us, began.elapsed()))
    }
}

/// Keys of another load must not be taken for repeats of this one.
fn run_id() -> Result<u128> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(since.as_nanos())
}

/// Somebody whose dweets must come through.
struct Insistent {
    addresses: Vec<SocketAddr>,
    at: usize,
    token: String,
    key: String,
}

impl Insistent {
    async fn publish(mut self, over: CancellationToken) -> Result<Vec<u32>> {
        let mut latencies_us = Vec::new();
        let mut wire = self.wire();
        while !over.is_cancelled() {
            let number = latencies_us.len();
            let body = json!({ "status": format!("dweet number {number}, which comes through") });
            let key = format!("{}-{number}", self.key);
            let request = Request::new(
                "POST",
                "/api/v1/statuses",
                Some(&self.token),
                Some(&key),
                Some(&body),
            );
            let sent = Instant::now();
            loop {
                match timeout(ANSWER_WAIT_MAX, wire.call(&request)).await {
                    Ok(Ok(answer)) if answer.status == 200 => break,
                    Ok(Ok(answer)) if answer.status < 500 && answer.status != 429 => {
                        bail!("refused: {}", String::from_utf8_lossy(&answer.body))
                    }
                    Ok(Ok(_) | Err(_)) | Err(_) => {
                        ensure!(sent.elapsed() < REACH_WAIT_MAX, "a dweet does not come through");
                        self.at += 1;
                        wire = self.wire();
                        sleep(RETRY_PAUSE).await;
                    }
                }
            }
            latencies_us.push(sent.elapsed().as_micros().try_into().unwrap_or(u32::MAX));
        }
        Ok(latencies_us)
    }

    fn wire(&self) -> Wire {
        Wire::new(self.addresses[self.at % self.addresses.len()])
    }
}

/// What the clients of a load ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One row per command through the log: how far the home timeline was read.
    Touch,
    /// A dweet.
    Publish,
    /// Twenty entries of the home timeline.
    ReadHome,
}

struct Session {
    wire: Wire,
    token: String,
    kind: Kind,
    counter: Counter,
    run_id: u128,
}

impl Session {
    fn request(&self) -> Request {
        let number = self.counter.next();
        let token = Some(self.token.as_str());
        match self.kind {
            Kind::Touch => {
                let body = json!({ "home": { "last_read_id": number.to_string() } });
                Request::new("POST", "/api/v1/markers", token, None, Some(&body))
            }
            Kind::Publish => {
                let body =
                    json!({ "status": format!("dweet number {number}: words enough to be one of many") });
                let key = format!("{}-{number}", self.run_id);
                Request::new("POST", "/api/v1/statuses", token, Some(&key), Some(&body))
            }
            Kind::ReadHome => Request::new("GET", "/api/v1/timelines/home?limit=20", token, None, None),
        }
    }
}

impl Client for Session {
    async fn once(&mut self) -> Result<()> {
        let request = self.request();
        for _ in 0..TRIES_MAX {
            let answer = self.wire.call(&request).await?;
            match answer.status {
                200 => return Ok(()),
                // Busy: asked again, as a person's app does; the wait counts.
                503 => tokio::task::yield_now().await,
                status => bail!(
                    "{:?} answered {status}: {}",
                    self.kind,
                    String::from_utf8_lossy(&answer.body)
                ),
            }
        }
        bail!("{:?} was answered with busy {TRIES_MAX} times", self.kind)
    }
}

/// How dweets reach their followers.
#[derive(Debug, Clone, Copy)]
pub struct FanOut {
    /// Dweets per second, from the first published to the last that reached its last follower.
    pub dweets_per_s: f64,
    /// How long after the last answer every timeline had everything.
    pub lag_ms: f64,
}

/// The authors publish as fast as they can; the followers' timelines are watched until all is there.
///
/// # Errors
/// When something is refused, or does not arrive within a minute.
pub async fn fan_out(plan: Plan, authors: &mut Crowd, followers: &mut Crowd) -> Result<FanOut> {
    let plan = Plan {
        warm: Duration::ZERO,
        counted: plan.counted + plan.warm,
    };
    let began = Instant::now();
    let outcome = authors.load(plan, authors.people.len(), Kind::Publish).await?;
    let answered = Instant::now();
    let mut last_ids = Vec::new();
    for author in &mut authors.people {
        let path = format!("/api/v1/accounts/{}/statuses?limit=1", author.id());
        last_ids.extend(author.get(&path).await?.get(0).map(|dweet| text(&dweet["id"])));
    }
    ensure!(
        last_ids.len() == authors.people.len(),
        "an author has published nothing"
    );
    for follower in &mut followers.people {
        reached(follower, &last_ids, answered).await?;
    }
    let took = began.elapsed();
    // One answer per author may have come after the counted time: as many as were still on their way.
    let dweets = outcome.count() + authors.people.len();
    Ok(FanOut {
        dweets_per_s: dweets as f64 / took.as_secs_f64(),
        lag_ms: answered.elapsed().as_secs_f64() * 1000.0,
    })
}

/// Waits until the newest entries of a timeline hold all these dweets.
async fn reached(follower: &mut Person, wanted: &[String], answered: Instant) -> Result<()> {
    let mut ticks = interval(Duration::from_millis(5));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let home = follower.get("/api/v1/timelines/home?limit=40").await?;
        let Value::Array(entries) = home else {
            bail!("no timeline: {home}")
        };
        let ids: Vec<String> = entries.iter().map(|entry| text(&entry["id"])).collect();
        if wanted.iter().all(|id| ids.contains(id)) {
            return Ok(());
        }
        ensure!(
            answered.elapsed() < REACH_WAIT_MAX,
            "the timeline of {} was not reached",
            follower.nick()
        );
    }
}
