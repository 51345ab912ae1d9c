//! The same nick, wanted by several at the same time.

use std::net::SocketAddr;

use tertulia_sim::load::{WAIT_MAX, patiently};
use tertulia_sim::person::{Person, Undone, text};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::ring::Ring;
use crate::{alone, lot, rounds};

/// A ring's machines, at each of which the nick is wanted.
const MACHINES: usize = 3;

/// Somebody who wants a nick, and asks until there is a yes or a no.
async fn want(door: SocketAddr, nick: String) -> Option<Person> {
    let key = format!("{nick} at {door}");
    let end = Instant::now() + WAIT_MAX;
    loop {
        match Person::register(door, &nick, &key).await {
            Ok(person) => return Some(person),
            Err(Undone::Refused { status, text }) => {
                assert_eq!(status, 422, "{nick} is refused at {door}: {text}");
                return None;
            }
            Err(undone) => assert!(
                Instant::now() < end,
                "{nick} is never answered at {door}: {undone}"
            ),
        }
    }
}

#[test]
fn a_nick_that_is_wanted_at_all_machines_at_once_is_granted_exactly_once() {
    alone(async {
        let mut ring = Ring::of(MACHINES).await;
        let doors = ring.addresses();
        let contests = 24 + 50 * rounds(0);
        let mut lot = lot();
        for number in 0..contests {
            let nick = format!("wanted_{number}");
            let mut asked = JoinSet::new();
            for door in &doors {
                asked.spawn_local(want(*door, nick.clone()));
            }
            // In some of them the machine that decides, or one that asks it, dies in the middle.
            let victim = (number % 16 == 15).then(|| *lot.one_of(&ring.running()));
            if let Some(victim) = victim {
                ring.kill(victim);
                ring.start(victim).await;
            }
            let granted: Vec<_> = asked.join_all().await.into_iter().flatten().collect();
            assert_eq!(granted.len(), 1, "{nick} was granted {} times", granted.len());
            for mut winner in granted {
                for door in &doors {
                    winner.go_to(*door);
                    let path = format!("/api/v1/accounts/lookup?acct={nick}");
                    let found = patiently(async || winner.get(&path).await).await;
                    assert_eq!(text(&found["id"]), winner.id(), "{nick} at {door}");
                }
            }
        }
        println!("the same nick at {MACHINES} machines: {contests} contests, each won once");
    });
}
