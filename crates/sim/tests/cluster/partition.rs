//! A ring that is cut in two, for half an hour in a long run (`make chaos`).

use std::collections::BTreeMap;
use std::time::Duration;

use tertulia_node::{Failure, Standing};
use tertulia_sim::cluster::census;
use tertulia_sim::cluster::entropy;
use tertulia_sim::cluster::invariant;
use tertulia_sim::cluster::life::Life;
use tertulia_sim::cluster::people::{Habit, Town};
use tertulia_sim::cluster::trace::Trace;
use tertulia_sim::cluster::watch::Watch;
use tertulia_sim::cluster::world::{Part, World};
use tertulia_sim::cluster::{Name, rest};
use tertulia_state::account::{Credentials, Register};
use tertulia_state::request::RequestKey;
use tertulia_state::session::{NewSession, SecretHash};
use tertulia_types::ring::MachineState;
use tertulia_types::{AccountId, Nick, Range, Rejected, Role, Scopes};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

const SEED: u64 = 11;
/// Machines, of which the first two come to be on one side and the others on the other. Everything is on three: so of some ranges the majority is on the one
/// side, and of some on the other.
const MACHINES: u8 = 5;
const SMALLER: [Name; 2] = [Name(0), Name(1)];
const REPLICAS: u32 = 3;
const PEOPLE: usize = 6;
/// How long people are awake, before and after the cut and the healing each. Between that they sleep, so that half an hour costs a minute.
const AWAKE: Duration = Duration::from_secs(4);
/// Between two looks at who serves what, while it is cut.
const LOOK: Duration = Duration::from_secs(5 * 60);
/// How long the ring is cut, if it is not said.
const CUT_S: u64 = 30;
/// A machine that cannot do something says so within this time: it tries for 5 s, and some of its questions take a moment more.
const ANSWER_MAX: Duration = Duration::from_secs(8);
/// How long it may take until those who are left have elected somebody.
const ELECTION_MAX: Duration = Duration::from_secs(15);
/// When it is whole again, it is one ring within this time.
const ONE_RING_MAX: Duration = Duration::from_secs(120);

/// Who got which nick, as the machines have said.
type Granted = BTreeMap<Nick, AccountId>;

/// How long the ring is cut: in the slice so long that those who are silent are given up (after 15 s here), in a long run half an hour.
fn cut() -> Duration {
    let cut_s = std::env::var("TERTULIA_CUT_S").map_or(CUT_S, |text| text.parse().unwrap());
    Duration::from_secs(cut_s)
}

#[test]
fn j4_a_ring_cut_in_two_is_served_by_majorities_and_is_one_again_with_nothing_lost() {
    entropy::arm(SEED);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let trace = Trace::default();
        trace.begin();
        let world = World::new(SEED, trace);
        gather(&world).await;
        let town = Town::new(world.clone(), Habit::Usual);
        let watching = tokio::spawn(Watch::new(world.clone()).run());
        let home = CancellationToken::new();
        let living = tokio::spawn({
            let (town, home) = (town.clone(), home.clone());
            async move { town.live(PEOPLE, &home).await }
        });
        sleep(AWAKE).await;

        let groups = rest::groups(&world);
        let mut granted = Granted::new();
        world.sever(&SMALLER);
        let until = Instant::now() + cut();
        sleep(AWAKE).await;
        town.set_night(true);
        while Instant::now() < until {
            let nicks = granted.len();
            assert_sides_serve(&world, &groups, &mut granted).await;
            assert!(granted.len() > nicks, "somebody is served");
            sleep(LOOK.min(until - Instant::now())).await;
        }
        town.set_night(false);
        sleep(AWAKE).await;
        world.heal();
        let healed = Instant::now();
        world
            .until("all see one ring", async || is_one_ring(&world).await)
            .await;
        assert!(healed.elapsed() < ONE_RING_MAX, "after {:?}", healed.elapsed());
        sleep(AWAKE).await;
        home.cancel();
        living.await.unwrap();

        rest::until_at_rest(&world).await;
        let census = census::take(&town).await.unwrap();
        assert_eq!(invariant::wrong(&town.ledger(), &census), []);
        for (nick, account) in granted {
            for life in world.lives() {
                let holder = life.node.query(Credentials { nick: nick.clone() }).await;
                assert_eq!(holder.unwrap().account, account, "{nick} at {}", life.name);
            }
        }
        watching.abort();
        assert_eq!(world.breaches(), []);
        let writes = town.ledger().writes;
        assert!(writes.acknowledged > 100 && writes.unknown > 0, "{writes:?}");
    });
}

async fn gather(world: &World) {
    world.found(Name(0), 1, REPLICAS).await;
    for number in 1..MACHINES {
        assert!(world.join(Name(number), Role::Node).await);
        let is_in = async || matches!(world.part(Name(number)), Some(Part::In(_)));
        world.until("the newcomer has its place", is_in).await;
    }
    rest::until_settled(world).await;
}

/// On the side that has the majority of a group all machines want the same nick of its range, and one of them gets it; on the other side, where the same nick is
/// wanted, each says that it cannot, and in time.
async fn assert_sides_serve(world: &World, groups: &BTreeMap<u64, Standing>, granted: &mut Granted) {
    let mut asked = Vec::new();
    for standing in groups.values() {
        let nick = free_nick(standing.descriptor.range, granted);
        let smaller_serves = smaller_side_has_majority(world, standing);
        for life in world.lives() {
            let nick = nick.clone();
            let serves = SMALLER.contains(&life.name) == smaller_serves;
            asked.push(async move { (ask(&life, &nick, serves).await, life.name, serves, nick) });
        }
    }
    for (answer, name, serves, nick) in futures::future::join_all(asked).await {
        match answer {
            Ok(account) if serves => {
                assert_eq!(
                    granted.insert(nick.clone(), account),
                    None,
                    "{nick} is granted twice"
                );
            }
            Err(Failure::Rejected(Rejected::NickTaken)) if serves => {}
            Err(Failure::Unavailable(_)) if !serves => {}
            answer => panic!("{name} says of {nick}, whose group it reaches: {serves}: {answer:?}"),
        }
    }
}

fn smaller_side_has_majority(world: &World, standing: &Standing) -> bool {
    let lives = world.lives();
    let is_smaller = |machine| {
        let mut smaller = lives.iter().filter(|life| SMALLER.contains(&life.name));
        smaller.any(|life| life.node.member().machine == machine)
    };
    let voters: Vec<_> = standing.seats.iter().filter(|seat| seat.votes).collect();
    let there = voters.iter().filter(|seat| is_smaller(seat.member.machine));
    there.count() * 2 > voters.len()
}

/// Asks a machine for a nick; where it should get it, until somebody is elected: whoever led may be on the other side.
async fn ask(life: &Life, nick: &Nick, serves: bool) -> Result<AccountId, Failure> {
    let end = Instant::now() + if serves { ELECTION_MAX } else { Duration::ZERO };
    loop {
        let answer = timeout(ANSWER_MAX, life.node.submit(register(nick, life.name))).await;
        let answer = answer.unwrap_or_else(|_| panic!("{} is silent about {nick}", life.name));
        if !matches!(answer, Err(Failure::Unavailable(_))) || Instant::now() >= end {
            return answer.map(|account| account.id);
        }
    }
}

/// A nick of this range that nobody has.
fn free_nick(range: Range, granted: &Granted) -> Nick {
    (0_u32..)
        .map(|number| format!("free_{number}").parse::<Nick>().unwrap())
        .find(|nick| range.contains(nick.position()) && !granted.contains_key(nick))
        .unwrap()
}

fn register(nick: &Nick, by: Name) -> Register {
    let mut key = [by.0; 16];
    for (byte, of) in key.iter_mut().zip(nick.as_str().bytes()) {
        *byte ^= of;
    }
    let mut hash = [by.0; 32];
    hash[..16].copy_from_slice(&key);
    Register {
        nick: nick.clone(),
        name: by.to_string(),
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

/// Whether all machines see the same ring, with all of them on it and alive, and find each range.
async fn is_one_ring(world: &World) -> bool {
    let mut rings = Vec::new();
    for life in world.lives() {
        let status = life.node.status().await;
        let all_alive = status
            .machines
            .iter()
            .all(|machine| machine.state == MachineState::Alive);
        if status.is_partial || !all_alive || status.machines.len() != usize::from(MACHINES) {
            return false;
        }
        let order: Vec<_> = status
            .machines
            .iter()
            .map(|machine| (machine.position, machine.id))
            .collect();
        assert!(order.is_sorted(), "{order:?}");
        rings.push(order);
    }
    rings.windows(2).all(|pair| pair[0] == pair[1]) && rest::are_found(world).await
}
