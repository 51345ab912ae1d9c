//! How many one-row commands a second this machine carries out, in one process, from many clients at once.
//!
//! `cargo run --release --package tertulia-node --example throughput -- [CLIENTS] [SECONDS] [DIRECTORY]`

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a tool for the terminal, that may fail loudly"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use tertulia_node::{Node, Options};
use tertulia_state::account::Register;
use tertulia_state::marker::{Markers, SetMarker, Timeline};
use tertulia_state::request::RequestKey;
use tertulia_state::session::{Actor, NewSession, SecretHash};
use tertulia_types::Scopes;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let clients: u64 = arguments.next().map_or(256, |text| text.parse().unwrap());
    let seconds: u64 = arguments.next().map_or(5, |text| text.parse().unwrap());
    let directory = arguments.next().unwrap_or_else(|| "target/throughput".to_owned());
    let _ = std::fs::remove_dir_all(&directory);
    let node = Node::open(Options::new(&directory)).await.unwrap();
    let people = futures::future::join_all((0..clients).map(|number| register(&node, number))).await;
    report("writes", &node, &people, seconds, write).await;
    report("reads", &node, &people, seconds, read).await;
    node.stop().await;
}

async fn register(node: &Node, number: u64) -> Actor {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    let session = SecretHash(hash);
    let register = Register {
        nick: format!("p{number}").parse().unwrap(),
        name: String::new(),
        password: String::new(),
        language: None,
        key: RequestKey(hash[..16].try_into().unwrap()),
        session: NewSession {
            hash: session,
            scopes: Scopes::EVERYTHING,
            label: String::new(),
            client: None,
        },
    };
    let account = node.submit(register).await.unwrap().id;
    Actor { account, session }
}

async fn write(node: Arc<Node>, actor: Actor, turn: i64) {
    let marker = SetMarker {
        actor,
        timeline: Timeline::Notifications,
        last_read_id: turn,
    };
    node.submit(marker).await.unwrap();
}

async fn read(node: Arc<Node>, actor: Actor, _: i64) {
    node.query(Markers { actor }).await.unwrap();
}

async fn report<F>(
    what: &str,
    node: &Arc<Node>,
    people: &[Actor],
    seconds: u64,
    act: fn(Arc<Node>, Actor, i64) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let begin = Instant::now();
    let end = begin + Duration::from_secs(seconds);
    let clients = people.iter().map(|actor| {
        let (node, actor) = (node.clone(), *actor);
        tokio::spawn(async move {
            let mut waits = Vec::new();
            while Instant::now() < end {
                let sent = Instant::now();
                act(node.clone(), actor, waits.len() as i64).await;
                waits.push(sent.elapsed());
            }
            waits
        })
    });
    let clients: Vec<_> = clients.collect();
    let mut waits = Vec::new();
    for client in clients {
        waits.extend(client.await.unwrap());
    }
    waits.sort();
    let rate = waits.len() as f64 / begin.elapsed().as_secs_f64();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{what}: {rate:.0}/s, p50 {:.2} ms, p99 {:.2} ms, worst {:.2} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
