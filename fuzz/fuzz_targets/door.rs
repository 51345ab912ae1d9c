//! The door at which strangers knock: questions of any kind, drawn and proved or raw, and what a newcomer reads in the answers.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tertulia_fuzz::{Chance, Pool};
use tertulia_node::peers::fuzzing::{Door, answered};

/// The door, and a token and names that mean something at it.
static DOOR: LazyLock<(Door, Pool)> = LazyLock::new(|| {
    let directory = |name: &str| {
        let path: PathBuf =
            std::env::temp_dir().join(format!("tertulia-fuzz-door-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        path
    };
    let door = Door::open(&directory("host"), &directory("newcomer"));
    let texts = [
        &*door.token(),
        "10.0.0.7:8788",
        "plaza.lan",
        "*.lan",
        "machine.tertulia",
        "tt1-",
    ];
    let pool = Pool {
        numbers: vec![door.newcomer().machine.0, door.book().ring().0],
        texts: texts.map(str::to_owned).into(),
        ..Pool::default()
    };
    (door, pool)
});

fuzz_target!(|bytes: &[u8]| {
    let (door, pool) = &*DOOR;
    let mut chance = Chance::new(bytes, pool);
    match chance.byte() & 3 {
        0 => {
            let _ = door.knock(chance.rest().to_vec());
        }
        1 => {
            if let Some(again) = answered(chance.rest(), door.book()) {
                assert_eq!(answered(&again, door.book()), Some(again));
            }
        }
        sign => {
            let answer = door.ask(&mut chance, sign == 2);
            if let Some(answer) = answer {
                assert_eq!(answered(&answer, door.book()), Some(answer));
            }
        }
    }
});
