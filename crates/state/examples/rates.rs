//! How fast one copy applies commands and answers queries, without a log and a network around it:
//! `cargo run --release -p tertulia-state --example rates [only this]`. Commands come in batches of 256, as under load. Times
//! are the processor's, spent by this thread: what else the machine does is not counted.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement, not a part of the core: it takes times, prints, and stops when something is wrong"
)]

use tertulia_state::account::Register;
use tertulia_state::dweet::{Publish, Show};
use tertulia_state::follow::Follow;
use tertulia_state::marker::{SetMarker, Timeline};
use tertulia_state::outbox::{Parcel, Pending, Settle, Settled};
use tertulia_state::page::Page;
use tertulia_state::request::RequestKey;
use tertulia_state::session::{Actor, NewSession, SecretHash};
use tertulia_state::timeline::{CountUnseen, Home, NextPage};
use tertulia_state::{
    AnyCommand, Checkpoint, Database, Descriptor, Location, Placed, Proposal, Query, Reader,
};
use tertulia_types::view::{AccountView, Body, DweetView, Visibility};
use tertulia_types::{Range, Rejected, Scopes};

const BATCH: usize = 256;

/// Time spent on the processor, in nanoseconds.
struct Instant(u64);

impl Instant {
    fn now() -> Self {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        Self(stat.split(' ').next().unwrap().parse().unwrap())
    }

    fn elapsed(&self) -> std::time::Duration {
        std::time::Duration::from_nanos(Self::now().0 - self.0)
    }
}

struct Bench {
    database: Database,
    reader: Reader,
    stamp_ms: u64,
    made: u64,
}

impl Bench {
    fn key(&mut self) -> [u8; 16] {
        self.made += 1;
        let mut key = [0; 16];
        key[..8].copy_from_slice(&self.made.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
        key[8..].copy_from_slice(&self.made.to_be_bytes());
        key
    }

    fn apply(&mut self, commands: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        self.stamp_ms += 10;
        let proposal = Proposal {
            stamp_ms: self.stamp_ms,
            commands,
        };
        let entry = Placed {
            index: self.stamp_ms,
            is_settled: true,
            proposal,
        };
        self.database.apply(&[entry], b"bench").unwrap().replies.remove(0)
    }

    /// Applies them in batches and tells how many a second.
    fn rate(&mut self, what: &str, commands: &[AnyCommand]) -> Vec<Vec<u8>> {
        let bytes: Vec<_> = commands
            .iter()
            .map(|command| command.to_bytes().unwrap())
            .collect();
        self.rate_bytes(what, bytes)
    }

    fn rate_bytes(&mut self, what: &str, bytes: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let start = Instant::now();
        let mut replies = Vec::new();
        for (i, batch) in bytes.chunks(BATCH).enumerate() {
            replies.extend(self.apply(batch.to_vec()));
            if i % 40 == 39 {
                self.database.checkpoint(Checkpoint::Passive).unwrap();
            }
        }
        let per_s = bytes.len() as f64 / start.elapsed().as_secs_f64();
        println!("{what:<58} {per_s:>9.0} /s");
        for reply in &replies {
            assert_eq!(
                reply[0],
                0,
                "{:?}",
                postcard::from_bytes::<Result<(), Rejected>>(reply)
            );
        }
        replies
    }

    fn micros<Q: Query>(&mut self, what: &str, queries: &[Q]) {
        let start = Instant::now();
        for query in queries {
            self.reader.query(query, self.stamp_ms).unwrap().unwrap();
        }
        let us = start.elapsed().as_secs_f64() * 1e6 / queries.len() as f64;
        println!("{what:<58} {us:>9.1} us");
    }

    /// Carries what waits, and tells how fast deliveries were applied.
    fn carry(&mut self, what: &str) {
        let at = self.database.descriptor().range.end();
        loop {
            let pending = Pending {
                at,
                after_seq: 0,
                limit: 1_000,
            };
            let start = Instant::now();
            let parcels: Vec<Parcel> = self.reader.query(&pending, self.stamp_ms).unwrap().unwrap();
            if parcels.is_empty() {
                return;
            }
            let per_s = parcels.len() as f64 / start.elapsed().as_secs_f64();
            let some = parcels.len() == 1_000;
            if some && !what.is_empty() {
                println!("{:<58} {per_s:>9.0} /s", format!("{what}, read from the outbox"));
            }
            let bytes = parcels
                .iter()
                .filter_map(|parcel| parcel.command.clone())
                .collect::<Vec<_>>();
            let replies = if some && !what.is_empty() {
                self.rate_bytes(what, bytes)
            } else {
                bytes
                    .chunks(BATCH)
                    .flat_map(|batch| self.apply(batch.to_vec()))
                    .collect()
            };
            let result = |(parcel, reply): (&Parcel, &Vec<u8>)| Settled {
                seq: parcel.seq,
                result: Ok(parcel.walk.is_none().then(|| reply[1..].to_vec())),
            };
            let settled: Vec<_> = parcels.iter().zip(&replies).map(result).collect();
            let settle = settled.chunks(BATCH).map(|some| {
                AnyCommand::from(Settle {
                    at,
                    parcels: some.to_vec(),
                })
            });
            let settle: Vec<_> = settle.map(|settle| settle.to_bytes().unwrap()).collect();
            let start = Instant::now();
            for settle in settle {
                self.apply(vec![settle]);
            }
            if some && !what.is_empty() {
                let per_s = parcels.len() as f64 / start.elapsed().as_secs_f64();
                println!("{:<58} {per_s:>9.0} /s", format!("{what}, settled"));
            }
        }
    }

    fn people(&mut self, count: usize) -> Vec<Actor> {
        let mut commands: Vec<AnyCommand> = Vec::new();
        let mut hashes = Vec::new();
        for i in 0..count {
            let mut hash = [0; 32];
            hash[..16].copy_from_slice(&self.key());
            hashes.push(SecretHash(hash));
            let register = Register {
                nick: format!("person{i}").parse().unwrap(),
                name: format!("Person the {i}th"),
                password: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo"
                    .to_owned(),
                language: None,
                key: RequestKey(self.key()),
                session: NewSession {
                    hash: SecretHash(hash),
                    scopes: Scopes::EVERYTHING,
                    label: "bench".to_owned(),
                    client: None,
                },
            };
            commands.push(register.into());
        }
        let replies = self.rate("Register", &commands);
        let account = |reply: &Vec<u8>| {
            postcard::from_bytes::<Result<AccountView, Rejected>>(reply)
                .unwrap()
                .unwrap()
                .id
        };
        let actor = |(reply, session): (&Vec<u8>, SecretHash)| Actor {
            account: account(reply),
            session,
        };
        replies.iter().zip(hashes).map(actor).collect()
    }

    fn publish(&mut self, what: &str, authors: &[Actor], count: usize) -> Vec<DweetView> {
        let commands: Vec<AnyCommand> = (0..count)
            .map(|i| {
                Publish {
                    actor: authors[i % authors.len()],
                    body: body(i),
                    key: RequestKey(self.key()),
                }
                .into()
            })
            .collect();
        let replies = self.rate(what, &commands);
        let view = |reply: &Vec<u8>| {
            postcard::from_bytes::<Result<DweetView, Rejected>>(reply)
                .unwrap()
                .unwrap()
        };
        replies.iter().map(view).collect()
    }

    fn follow(&mut self, reader: Actor, authors: &[Actor]) {
        let follow = |author: &Actor, key| Follow {
            actor: reader,
            author: author.account,
            redweets: true,
            key,
        };
        let commands: Vec<AnyCommand> = authors
            .iter()
            .map(|a| follow(a, RequestKey(self.key())).into())
            .collect();
        for batch in commands.chunks(BATCH) {
            self.apply(batch.iter().map(|command| command.to_bytes().unwrap()).collect());
        }
        self.carry("");
    }
}

fn body(i: usize) -> Body {
    Body {
        text: format!(
            "The {i}th thing that someone says on a day like this one, about bread, boats and the weather."
        ),
        spoiler: String::new(),
        visibility: Visibility::Public,
        sensitive: false,
        language: Some("en".to_owned()),
        reply_to: None,
        mentions: Vec::new(),
        tags: Vec::new(),
        application: None,
    }
}

fn main() {
    let dir = tempfile::TempDir::new().unwrap();
    let location = Location::file(dir.path().join("bench.db"));
    let descriptor = Descriptor {
        group: 1,
        range: Range::whole(),
        epoch: 1,
    };
    let mut bench = Bench {
        database: Database::create(&location, descriptor).unwrap(),
        reader: Reader::open(&location).unwrap(),
        stamp_ms: 1_700_000_000_000,
        made: 0,
    };
    let people = bench.people(10_000);
    let (readers, authors) = people.split_at(1_000);
    for (what, timeline) in [
        ("SetMarker, notifications", Timeline::Notifications),
        ("SetMarker, home", Timeline::Home),
    ] {
        let set = |i: usize| SetMarker {
            actor: people[i * 7 % people.len()],
            timeline,
            last_read_id: i as i64,
        };
        let commands: Vec<AnyCommand> = (0..50_000).map(|i| set(i).into()).collect();
        bench.rate(what, &commands);
    }
    bench.publish(
        "Publish, 256 authors, nobody following",
        &authors[5_000..5_256],
        30_000,
    );
    bench.publish("Publish, 9000 authors, nobody following", authors, 30_000);
    for reader in &readers[..20] {
        bench.follow(*reader, &authors[..100]);
    }
    let dweets = bench.publish("Publish, followed", &authors[..100], 10_000);
    bench.carry("Deliver");
    let page = Page::newest(20);
    let hundred: Vec<_> = readers[..20].iter().cycle().take(2_000).copied().collect();
    let home: Vec<_> = hundred.iter().map(|actor| Home { actor: *actor, page }).collect();
    bench.micros("Home, 20 entries, 100 followed", &home);
    let count: Vec<_> = hundred
        .iter()
        .take(200)
        .map(|actor| CountUnseen { actor: *actor })
        .collect();
    bench.micros("CountUnseen, more than 800, 100 followed", &count);
    let next: Vec<_> = hundred
        .iter()
        .take(200)
        .map(|actor| NextPage {
            actor: *actor,
            limit: 20,
            from: None,
        })
        .collect();
    bench.micros("NextPage, more than 800, 100 followed", &next);
    let last = dweets.last().unwrap().id.get();
    let mark = |actor: &Actor| {
        AnyCommand::from(SetMarker {
            actor: *actor,
            timeline: Timeline::Home,
            last_read_id: last,
        })
    };
    let marks: Vec<_> = readers[..20].iter().map(mark).collect();
    bench.rate("SetMarker, 20 readers", &marks);
    bench.micros("CountUnseen, none, 100 followed", &count);
    bench.micros("NextPage, older, 100 followed", &next);
    let show: Vec<_> = dweets
        .iter()
        .map(|dweet| Show {
            id: dweet.id,
            viewer: None,
        })
        .collect();
    bench.micros("Show", &show);
    let keen = readers[500];
    bench.follow(keen, &authors[..5_000]);
    bench.publish("Publish, half of the authors followed", authors, 20_000);
    bench.carry("");
    let home: Vec<_> = (0..50).map(|_| Home { actor: keen, page }).collect();
    bench.micros("Home, 20 entries, 5000 followed (T9)", &home);
    let count: Vec<_> = (0..50).map(|_| CountUnseen { actor: keen }).collect();
    bench.micros("CountUnseen, 5000 followed (T9)", &count);
    let marks = vec![AnyCommand::from(SetMarker {
        actor: keen,
        timeline: Timeline::Home,
        last_read_id: i64::MAX,
    })];
    bench.rate("SetMarker, 1 reader", &marks);
    bench.micros("CountUnseen, none, 5000 followed (T9)", &count);
}
