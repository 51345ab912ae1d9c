//! One machine: it founds a ring, takes commands, cuts its log, is started again, and loses power at some step of all that.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};

use tertulia_node::{Failure, Fatal, Node, Options, Stage};
use tertulia_sim::disk::Disk;
use tertulia_state::account::{Credentials, Register};
use tertulia_state::request::RequestKey;
use tertulia_state::session::{NewSession, SecretHash};
use tertulia_types::Scopes;
use tokio::runtime::{Builder, Runtime};

/// Commands in each life of the machine.
const COMMANDS: u32 = 5;
/// Lives before the machine is left alone.
const LIVES: u32 = 2;
/// Tests among which the steps are divided, so that they run side by side.
const PARTS: usize = 3;
/// Of the steps of a part a short run takes every third one.
const SHORT_ONE_IN: usize = 3;

/// The steps of one part at which power is lost, and the lot for what is left on the disk: every other time all that was not synced is
/// lost, else each change is kept, lost or torn by itself. A short run takes some of the steps; with `TERTULIA_EVERY_STEP` in the
/// environment (as `make chaos` has it) a run takes each of them.
pub(crate) fn part_of(steps: RangeInclusive<u64>, part: usize) -> impl Iterator<Item = (u64, Option<u64>)> {
    let is_long = std::env::var_os("TERTULIA_EVERY_STEP").is_some();
    let one_in = PARTS * if is_long { 1 } else { SHORT_ONE_IN };
    let lots = [true, false].into_iter().cycle();
    let steps = steps.skip(part).step_by(one_in).zip(lots);
    steps.map(|(step, is_torn)| (step, is_torn.then_some(step)))
}

/// Time passes at once when there is nothing to do, and all work is done by one thread.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime")
}

pub(crate) async fn open(disk: &Disk) -> Result<Arc<Node>, String> {
    open_with(disk, Arc::new(|why| panic!("{why}"))).await
}

async fn open_with(disk: &Disk, fatal: Fatal) -> Result<Arc<Node>, String> {
    let options = Options {
        stage: Stage::Inline,
        fatal,
        medium: disk.medium(),
        ..Options::new(disk.root())
    };
    let opened = Node::open_on(options, Arc::new(disk.raft_file_system())).await;
    opened.map_err(|error| format!("{error}: {error:?}"))
}

pub(crate) fn nick(number: u32) -> String {
    format!("p{number}")
}

pub(crate) fn register(number: u32) -> Register {
    let mut secret = [0; 32];
    secret[..4].copy_from_slice(&number.to_be_bytes());
    let mut key = [0; 16];
    key[..4].copy_from_slice(&number.to_be_bytes());
    Register {
        nick: nick(number).parse().expect("a nick"),
        name: "x".repeat(number as usize * 7 % 200),
        password: String::new(),
        language: None,
        key: RequestKey(key),
        session: NewSession {
            hash: SecretHash(secret),
            scopes: Scopes::EVERYTHING,
            label: String::new(),
            client: None,
        },
    }
}

/// Lives through some lives; returns what was acknowledged before the power went.
async fn live(disk: &Disk) -> Result<Vec<u32>, String> {
    let mut acknowledged = Vec::new();
    for life in 0..LIVES {
        let node = open(disk).await?;
        for number in life * COMMANDS..(life + 1) * COMMANDS {
            node.submit(register(number))
                .await
                .map_err(|error| error.to_string())?;
            if !disk.has_crashed() {
                acknowledged.push(number);
            }
            if number % COMMANDS == COMMANDS / 2 {
                for standing in node.standings() {
                    node.cut_log(standing.descriptor.group)
                        .await
                        .map_err(|error| error.to_string())?;
                }
            }
        }
        node.stop().await;
    }
    Ok(acknowledged)
}

/// What is wrong with the disk after the power came back, if anything is.
async fn damage(disk: &Disk, acknowledged: &[u32]) -> Option<String> {
    let node = match open(disk).await {
        Ok(node) => node,
        Err(error) => return Some(error),
    };
    let mut damage = None;
    for number in acknowledged {
        let nick = nick(*number).parse().expect("a nick");
        if let Err(error) = node.query(Credentials { nick }).await {
            damage = Some(format!("p{number} was registered, and now: {error}"));
            break;
        }
    }
    // It goes on: a repeat of each command succeeds, whether it was carried out before or not.
    for number in 0..LIVES * COMMANDS {
        if damage.is_some() {
            break;
        }
        damage = node
            .submit(register(number))
            .await
            .err()
            .map(|error| format!("a repeat: {error}"));
    }
    node.stop().await;
    damage
}

/// What is left on a disk after the crash. Small files that the machine writes to the real directory are outside the model and all there; one of them says that
/// the ring was founded, and is written only when that is on disk.
pub(crate) fn left(disk: &Disk, seed: Option<u64>, is_acknowledged: bool) -> Disk {
    let left = seed.map_or_else(|| disk.crash(), |seed| disk.crash_with(seed));
    let mark = left.root().join("founded");
    if !is_acknowledged && mark.exists() {
        std::fs::remove_file(mark).expect("a real file");
    }
    left
}

/// Loses power at a step; returns what was lost, if anything was.
fn lose_power(disk: Disk, step: u64, seed: Option<u64>) -> Option<String> {
    disk.freeze_after(step);
    let acknowledged = match runtime().block_on(live(&disk)) {
        Ok(acknowledged) => acknowledged,
        Err(error) => return Some(format!("before the crash: {error}")),
    };
    let left = left(&disk, seed, !acknowledged.is_empty());
    runtime().block_on(damage(&left, &acknowledged))
}

/// How many steps a run takes that nothing disturbs.
fn steps() -> u64 {
    let disk = Disk::new();
    let acknowledged = runtime().block_on(live(&disk)).expect("nothing disturbs it");
    assert_eq!(acknowledged.len(), (LIVES * COMMANDS) as usize);
    disk.steps()
}

fn lose_power_in_part(part: usize) {
    let steps = steps();
    for (step, seed) in part_of(0..=steps, part) {
        let damage = lose_power(Disk::new(), step, seed);
        assert_eq!(
            damage, None,
            "power lost at step {step} of {steps}, seed {seed:?}"
        );
    }
}

#[test]
fn nothing_acknowledged_is_lost_at_any_step_first_part() {
    lose_power_in_part(0);
}

#[test]
fn nothing_acknowledged_is_lost_at_any_step_second_part() {
    lose_power_in_part(1);
}

#[test]
fn nothing_acknowledged_is_lost_at_any_step_third_part() {
    lose_power_in_part(2);
}

#[test]
fn a_disk_whose_syncs_do_nothing_is_found_out() {
    let steps = steps();
    let found = (1..8).any(|part| lose_power(Disk::lying(), steps * part / 8, None).is_some());
    assert!(found, "the check would not see a loss");
}

/// Registers people until the machine cannot any more; returns those who were acknowledged.
async fn fill(disk: &Disk, room_bytes: usize) -> Vec<u32> {
    // In service this ends the process; here the machine has to stand still by itself.
    let node = open_with(disk, Arc::new(|_| {})).await.expect("opens");
    node.submit(register(0)).await.expect("there is room yet");
    disk.full_after(room_bytes);
    let mut acknowledged = vec![0];
    for number in 1..10_000 {
        match node.submit(register(number)).await {
            Ok(_) => acknowledged.push(number),
            Err(Failure::Unavailable(_)) => break,
            Err(Failure::Rejected(rejected)) => panic!("{rejected}"),
        }
    }
    assert!(acknowledged.len() < 10_000, "the disk was never full");
    node.stop().await;
    acknowledged
}

#[test]
fn a_full_disk_is_an_error_and_loses_nothing() {
    for room_bytes in [0, 10_000, 300_000, 1_000_000] {
        let disk = Disk::new();
        let acknowledged = runtime().block_on(fill(&disk, room_bytes));
        // Somebody makes room, and starts the machine again.
        let left = disk.crash();
        let damage = runtime().block_on(damage(&left, &acknowledged));
        assert_eq!(
            damage,
            None,
            "{} acknowledged with room for {room_bytes} bytes",
            acknowledged.len()
        );
    }
}

#[test]
fn r4_a_database_that_cannot_be_synced_ends_the_process() {
    let reasons = Arc::<Mutex<Vec<String>>>::default();
    let told = reasons.clone();
    let fatal = move |why: &str| told.lock().expect("whole").push(why.to_owned());
    let disk = Disk::new();
    runtime().block_on(async {
        let node = open_with(&disk, Arc::new(fatal)).await.expect("opens");
        node.submit(register(0)).await.expect("there is room yet");
        assert_eq!(*reasons.lock().expect("whole"), [""; 0]);
        // An orderly stop makes the database durable, and this one has no room for that.
        disk.full_after(0);
        node.stop().await;
    });
    let reasons = reasons.lock().expect("whole");
    let synced = |why: &String| why.contains("the database of group") && why.contains("cannot be synced");
    assert!(reasons.iter().any(synced), "{reasons:?}");
}
