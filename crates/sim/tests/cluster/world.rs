//! What the world does to machines, one thing at a time.

use std::sync::Arc;
use std::time::Duration;

use tertulia_node::Failure;
use tertulia_sim::cluster::Name;
use tertulia_sim::cluster::entropy;
use tertulia_sim::cluster::life::Life;
use tertulia_sim::cluster::rest;
use tertulia_sim::cluster::trace::Trace;
use tertulia_sim::cluster::world::{Crash, Part, World, led};
use tertulia_state::account::{Credentials, Register};
use tertulia_state::request::RequestKey;
use tertulia_state::session::{NewSession, SecretHash};
use tertulia_types::{Role, Scopes};

const NAMES: [Name; 3] = [Name(0), Name(1), Name(2)];

/// Three machines that keep three groups, and somebody who does something to them.
fn with_three(test: impl AsyncFnOnce(&World)) {
    entropy::arm(7);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let trace = Trace::default();
        trace.begin();
        let world = World::new(7, trace);
        world.found(NAMES[0], 1, 3).await;
        for name in &NAMES[1..] {
            assert!(world.join(*name, Role::Node).await);
            let is_in = async || matches!(world.part(*name), Some(Part::In(_)));
            world.until("the newcomer has its place", is_in).await;
        }
        rest::until_settled(&world).await;
        test(&world).await;
        assert_eq!(world.breaches(), []);
    });
}

fn register(nick: &str) -> Register {
    let mut key = [0; 16];
    key[..nick.len()].copy_from_slice(nick.as_bytes());
    let mut hash = [1; 32];
    hash[..16].copy_from_slice(&key);
    Register {
        nick: nick.parse().unwrap(),
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
    }
}

async fn is_there(life: &Life, nick: &str) -> bool {
    let nick = nick.parse().unwrap();
    life.node.query(Credentials { nick }).await.is_ok()
}

/// Registers, as often as it takes.
async fn registered(world: &World, life: &Arc<Life>, nick: &str) {
    let is_done = async || life.node.submit(register(nick)).await.is_ok();
    world.until("somebody is registered", is_done).await;
}

#[test]
fn a_machine_that_went_down_is_heard_of_no_more_and_comes_back_with_its_disk() {
    with_three(async |world| {
        let old = world.life(NAMES[1]).unwrap();
        registered(world, &old, "ana").await;
        world.crash(NAMES[1], Crash::Unplugged);
        assert!(world.life(NAMES[1]).is_none());
        // What is left of it knows nothing of that, and gets no answer any more.
        let answer = old.pulse.answer(old.node.submit(register("eva"))).await;
        assert!(answer.is_none());
        drop(old);
        world
            .until("nothing is left of it", async || world.ghosts() == 0)
            .await;
        assert!(!is_there(&world.life(NAMES[0]).unwrap(), "eva").await);
        world.start(NAMES[1]).await;
        let back = world.life(NAMES[1]).unwrap();
        assert!(is_there(&back, "ana").await);
        assert_eq!(back.node.standings().len(), 3, "it has its copies");
    });
}

#[test]
fn a_machine_that_is_cut_off_leads_nothing_and_catches_up_when_lines_are_whole() {
    with_three(async |world| {
        let alone = world.life(NAMES[0]).unwrap();
        world.sever(&NAMES[..1]);
        let other = world.life(NAMES[1]).unwrap();
        for nick in ["ana", "eva", "luz", "sol"] {
            registered(world, &other, nick).await;
        }
        let refused = tokio::time::timeout(Duration::from_secs(20), alone.node.submit(register("mar"))).await;
        assert!(matches!(refused, Ok(Err(Failure::Unavailable(_)))), "{refused:?}");
        world.heal();
        world
            .until("it serves again", async || is_there(&alone, "luz").await)
            .await;
    });
}

#[test]
fn three_machines_share_the_leads_and_one_that_loses_power_in_a_write_is_replaced() {
    with_three(async |world| {
        let lives: Vec<Arc<Life>> = NAMES.iter().map(|name| world.life(*name).unwrap()).collect();
        world
            .until("each leads one", async || {
                lives.iter().all(|life| led(life).len() == 1)
            })
            .await;
        world.crash_in(NAMES[2], 3, Crash::Torn(5));
        for number in 0..12 {
            registered(world, &lives[number % 2], &format!("p{number}")).await;
        }
        assert!(world.life(NAMES[2]).is_none(), "it wrote, and went down");
        world.start(NAMES[2]).await;
        let back = world.life(NAMES[2]).unwrap();
        for number in 0..12 {
            assert!(is_there(&back, &format!("p{number}")).await);
        }
    });
}
