//! By what machines are known: tokens, certificates, records of the address book. Nothing is believed that was not signed, and nothing breaks by being read.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tertulia_fuzz::{Chance, Pool};
use tertulia_node::peers::fuzzing::{Door, NOW, book_file, credential};
use tertulia_node::peers::{Admission, Ca, Entry, News, Record, Removal, Seen, Token};
use tertulia_types::Role;

/// A ring, a certificate that it has signed, and the numbers that mean something in it.
static RING: LazyLock<(Door, Vec<u8>, Pool)> = LazyLock::new(|| {
    let directory = |name: &str| {
        let path: PathBuf =
            std::env::temp_dir().join(format!("tertulia-fuzz-credential-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        path
    };
    let door = Door::open(&directory("host"), &directory("newcomer"));
    let (ring, newcomer) = (door.book().ring(), door.newcomer());
    let certificate = door
        .authority()
        .machine_certificate(ring, newcomer.public_key(), NOW);
    let certificate = certificate.expect("randomness").to_vec();
    let pool = Pool {
        numbers: vec![
            newcomer.machine.0,
            ring.0,
            door.book().identity().machine.0,
            NOW.as_secs(),
        ],
        texts: vec!["10.0.0.7:8788".to_owned(), "http://plaza.lan".to_owned()],
        ..Pool::default()
    };
    (door, certificate, pool)
});

fuzz_target!(|bytes: &[u8]| {
    let (door, certificate, pool) = &*RING;
    let mut chance = Chance::new(bytes, pool);
    match chance.byte() & 7 {
        0 => tokens(door, &String::from_utf8_lossy(chance.rest())),
        1 => {
            if let Some(token) = chance.value::<Token>() {
                let text = token.to_string();
                assert_eq!(
                    text.parse::<Token>().map(|token| token.to_string()),
                    Ok(text.clone())
                );
                tokens(door, &text);
            }
        }
        2 => {
            let _ = credential(chance.rest());
            let _ = Ca::from_pem(&String::from_utf8_lossy(chance.rest()));
            let _ = book_file(chance.rest());
        }
        3 => {
            let mut der = certificate.clone();
            for _ in 0..=chance.one_of(4) {
                let at = (chance.number() as usize ^ usize::from(chance.byte()) << 2) % der.len();
                der[at] = chance.byte();
            }
            der.truncate(der.len() - chance.one_of(3));
            let _ = credential(&der);
        }
        4 => {
            // Nothing of this was signed by anybody.
            let news: Vec<News> = chance.value().unwrap_or_default();
            let before = door.book().digest();
            let merged = door.book().merge(news);
            assert_eq!((merged.changed, door.book().digest()), (0, before));
        }
        5 => {
            let summary: Vec<Seen> = chance.value().unwrap_or_default();
            let _ = door.book().newer_than(&summary);
        }
        6 => signed(door, &mut chance),
        _ => {
            if let Ok(removal) = postcard::from_bytes::<Removal>(chance.rest()) {
                assert!(!removal.holds(door.book().ca(), door.book().ring()));
            }
        }
    }
});

/// Nobody else's token is good.
fn tokens(door: &Door, text: &str) {
    let Ok(token) = text.parse::<Token>() else { return };
    let written = token.to_string();
    assert_eq!(
        written.parse::<Token>().map(|token| token.to_string()),
        Ok(written)
    );
    for role in [Role::Node, Role::Replica, Role::Gateway] {
        assert!(!door.opens_for(&token, role));
    }
}

/// What a machine that was let in says of itself, whatever that is.
fn signed(door: &Door, chance: &mut Chance<'_, '_>) {
    let Some(drawn) = chance.value::<Entry>() else {
        return;
    };
    let (ring, newcomer) = (door.book().ring(), door.newcomer());
    let entry = Entry {
        machine: newcomer.machine,
        public_key: newcomer.public_key(),
        ..drawn
    };
    let admission = Admission::grant(
        door.authority(),
        ring,
        newcomer.public_key(),
        chance.byte() & 1 == 1,
    );
    let record = Record {
        signed: entry.sign(ring, newcomer),
        admission: admission.expect("randomness"),
    };
    let holds = record.holds(door.book().ca(), ring);
    let (fits, known) = (record.signed.entry.fits(), record.signed.entry.clone());
    assert!(fits || !holds);
    let merged = door.book().merge(vec![News::Record(Box::new(record))]);
    assert!(merged.changed == 0 || holds);
    if let Some(entry) = door.book().get(known.machine) {
        assert!(entry.fits() && entry.counter >= if holds { known.counter } else { 0 });
    }
}
