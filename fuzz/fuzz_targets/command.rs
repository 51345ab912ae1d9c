//! What a machine or a client may put into the log or ask a home: it is refused or done, never a `Fault`, and equal logs give equal tables.
//!
//! The bytes are a script: commands and queries drawn as values, mutated or raw, errands carried or answered with nonsense, time that passes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tertulia_fuzz::group::{Group, learn, people, twins};
use tertulia_fuzz::{Chance, Pool};
use tertulia_state::outbox::Settled;
use tertulia_state::{AnyCommand, AnyQuery};

/// Steps of one script.
const STEPS_MAX: usize = 32;
/// Commands in one entry.
const ENTRY_MAX: usize = 8;
/// Waits: nothing, a second, an hour, what request keys are kept, what sessions live.
const WAITS_MS: [u64; 5] = [0, 1_000, 3_600_000, 25 * 3_600_000, 401 * 24 * 3_600_000];

fuzz_target!(|script: &[u8]| {
    let (mut one, mut other, mut pool) = twins();
    let actors = people(&pool);
    let mut rest = script;
    for _ in 0..STEPS_MAX {
        if rest.is_empty() {
            break;
        }
        let (step_rest, answered) = step(&mut one, &pool, rest);
        rest = step_rest;
        for answer in &answered {
            learn(&mut pool, answer);
        }
    }
    for actor in actors {
        one.visit(actor);
    }
    // The same log, as one batch.
    let log = std::mem::take(&mut one.log);
    other
        .database
        .apply(&log, b"fuzz")
        .expect("no command stops the group");
    assert_eq!(one.database.descriptor(), other.database.descriptor());
    if !log.is_empty() {
        assert!(one.database.digest().expect("readable") == other.database.digest().expect("readable"));
    }
});

/// One step; what is left of the script, and what was answered.
fn step<'a>(group: &mut Group, pool: &Pool, script: &'a [u8]) -> (&'a [u8], Vec<Vec<u8>>) {
    let mut chance = Chance::new(script, pool);
    let kind = chance.byte();
    group.wait(WAITS_MS[usize::from(kind >> 5) % WAITS_MS.len()]);
    let answered = match kind & 15 {
        0..=7 => {
            let commands: Vec<Vec<u8>> = command(&mut chance).into_iter().collect();
            if commands.is_empty() {
                Vec::new()
            } else {
                group.apply(commands, kind & 16 == 0)
            }
        }
        // An entry of several commands.
        8 | 9 => {
            let count = 1 + chance.one_of(ENTRY_MAX);
            let commands: Vec<_> = (0..count).filter_map(|_| command(&mut chance)).collect();
            if commands.is_empty() {
                Vec::new()
            } else {
                group.apply(commands, true)
            }
        }
        10..=12 => {
            let query = if kind & 16 == 0 {
                chance.value()
            } else {
                AnyQuery::from_bytes(chance.raw()).ok()
            };
            query.map(|query| group.ask(&query)).into_iter().collect()
        }
        // Errands are carried.
        13 | 14 => {
            let parcels = group.pending(6);
            let settled = parcels.iter().map(|parcel| group.carry(parcel)).collect();
            group.settle(settled);
            Vec::new()
        }
        // Errands are answered with nonsense.
        _ => {
            let parcels = group.pending(2);
            let nonsense = |seq| {
                let result = if kind & 16 == 0 {
                    Ok(Some(chance.raw().to_vec()))
                } else {
                    chance.value().unwrap_or(Ok(None))
                };
                Settled { seq, result }
            };
            group.settle(parcels.iter().map(|parcel| parcel.seq).map(nonsense).collect());
            Vec::new()
        }
    };
    (chance.rest(), answered)
}

/// An encoded command that can be read: drawn, drawn and then changed, or raw.
fn command(chance: &mut Chance<'_, '_>) -> Option<Vec<u8>> {
    let how = chance.byte();
    if how >= 224 {
        let raw = chance.raw().to_vec();
        return AnyCommand::from_bytes(&raw).is_ok().then_some(raw);
    }
    let drawn: AnyCommand = chance.value()?;
    let mut bytes = drawn.to_bytes().expect("encodes");
    if how >= 176 {
        for _ in 0..=how & 3 {
            let at = usize::from(chance.byte()) % bytes.len();
            bytes[at] ^= chance.byte();
        }
        AnyCommand::from_bytes(&bytes).ok()?;
    }
    Some(bytes)
}
