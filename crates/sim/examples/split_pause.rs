//! How long commands wait when a group is divided, by the size of its database: `cargo run --release -p tertulia-sim --example split_pause -- 100`.
//!
//! A machine of one group is filled with remembered replies until its database has so many megabytes; then people register all the time, and in the midst
//! of it the group is divided. What is told is the longest that anybody has waited, and the usual.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tertulia_node::{MachineId, Node, Options};
use tertulia_state::account::Register;
use tertulia_state::range::Split;
use tertulia_state::request::RequestKey;
use tertulia_state::session::{NewSession, SecretHash};
use tertulia_types::{Scopes, Slot};

/// Bytes of one row that fills the database: few enough to lie in its page.
const ROW_BYTES: usize = 800;
/// People who register at once.
const AT_ONCE: u64 = 4;
/// How long they do so before the split and after it.
const AROUND: Duration = Duration::from_secs(2);

fn register(number: u64) -> Result<Register> {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&number.to_be_bytes());
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(&key);
    Ok(Register {
        nick: format!("p{number}").parse()?,
        name: String::new(),
        password: String::new(),
        language: None,
        key: RequestKey(key),
        session: NewSession {
            hash: SecretHash(hash),
            scopes: Scopes::EVERYTHING,
            label: String::new(),
            client: None,
        },
    })
}

/// Fills the group's database, while nobody has it open.
fn fill(state: &Path, megabytes: usize) -> Result<u64> {
    let file = std::fs::read_dir(state)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "db"))
        .context("there is a database")?;
    let conn = rusqlite::Connection::open(&file)?;
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                INSERT INTO request (slot, actor, key, kind, reply, stamp_ms)
                SELECT i * 7919 % 65536, i, randomblob(16), 1, randomblob(?2), 4000000000000 FROM n";
    conn.execute(fill, (megabytes * 1_000_000 / ROW_BYTES, ROW_BYTES))?;
    conn.close().map_err(|(_, error)| error)?;
    Ok(std::fs::metadata(&file)?.len())
}

/// One of those who register: how long each time took.
async fn come(node: Arc<Node>, lane: u64, is_over: Arc<AtomicBool>) -> Result<Vec<Duration>> {
    let mut waits = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        node.submit(register(1 + waits.len() as u64 * AT_ONCE + lane)?)
            .await?;
        waits.push(begun.elapsed());
    }
    Ok(waits)
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[allow(clippy::print_stdout, reason = "what it is for")]
#[tokio::main]
async fn main() -> Result<()> {
    let megabytes = std::env::args().nth(1).map_or(Ok(100), |text| text.parse())?;
    // On the disk where this is started.
    let directory = tempfile::tempdir_in(".")?;
    let node = Node::open(Options::new(directory.path())).await?;
    node.submit(register(0)?).await?;
    node.stop().await;
    drop(node);
    let bytes = fill(&directory.path().join("state"), megabytes)?;
    let node = Node::open(Options::new(directory.path())).await?;

    let is_over = Arc::new(AtomicBool::new(false));
    let people: Vec<_> = (0..AT_ONCE)
        .map(|lane| tokio::spawn(come(node.clone(), lane, is_over.clone())))
        .collect();
    tokio::time::sleep(AROUND).await;
    let begun = Instant::now();
    let split = Split {
        at: Slot(0x7FFF).end(),
        machine: MachineId(1),
        incarnation: 1,
    };
    node.submit(split).await?;
    let took = begun.elapsed();
    tokio::time::sleep(AROUND).await;
    is_over.store(true, Ordering::Relaxed);
    let mut waits = Vec::new();
    for waited in people {
        waits.extend(waited.await??);
    }
    waits.sort();
    while !node.standings().iter().all(|standing| standing.is_trimmed) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let longest = waits.last().context("somebody registered")?;
    println!("database           {:>9.1} MB", bytes as f64 / 1e6);
    println!("the split took     {:>9.1} ms", ms(took));
    println!(
        "the longest wait   {:>9.1} ms, of {} commands",
        ms(*longest),
        waits.len()
    );
    println!("the usual wait     {:>9.1} ms", ms(waits[waits.len() / 2]));
    println!("trimmed after      {:>9.1} s", begun.elapsed().as_secs_f64());
    node.stop().await;
    Ok(())
}
