//! The machine is killed (`kill -9`) fifty times under load. Whatever it has acknowledged is there afterwards,
//! exactly once, in the profile of its author and in the timeline of every follower.
//!
//! Each client does what a good client does: when an answer stays out, it asks again with the same key until it is
//! answered. So at the end nothing is in doubt, and "exactly once" can be checked to the last row.
//!
//! Redweeters redweet one author each, and are read by others than the authors are: a page shows the same dweet once,
//! so a reader of both could not tell them apart.
//!
//! `TERTULIA_KILLS` sets another number of kills (for a search by night, or for a short look).

#![expect(clippy::unwrap_used, reason = "a test: what fails here fails the test")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;
use tertulia_sim::machine::Machine;
use tertulia_sim::person::{Person, Undone, text};
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

const KILLS: u32 = 50;
const AUTHORS: usize = 3;
const REDWEETERS: usize = 2;
const NEWCOMERS: usize = 2;
/// A kill comes after at least one and at most so many acknowledgements.
const ACKNOWLEDGED_PER_LIFE_MAX: u64 = 60;
/// One life in so many ends while the machine is still starting.
const STILLBORN_ONE_IN: u32 = 10;
/// For each single thing that is waited for: far more than it takes, so that only what never comes fails.
const WAIT_MAX: Duration = Duration::from_secs(120);

/// What was acknowledged.
#[derive(Default)]
struct Ledger {
    /// Ids of each author's dweets, in order.
    dweets: [Vec<String>; AUTHORS],
    /// Of each redweeter: the redweet's id, and the dweet's.
    redweets: [Vec<(String, String)>; REDWEETERS],
    follows: Vec<Follow>,
}

/// Somebody who came while the machine was being killed, and followed an author.
struct Follow {
    newcomer: Person,
    author: usize,
    /// The number of the author's first dweet that was published for certain after the follow was acknowledged.
    first: usize,
}

/// What the clients share.
#[derive(Clone)]
struct Scene {
    address: SocketAddr,
    authors: Vec<String>,
    ledger: Rc<RefCell<Ledger>>,
    /// How much has been acknowledged so far.
    acknowledged: Rc<watch::Sender<u64>>,
    /// Changes when the machine comes up again.
    life: watch::Receiver<u32>,
    over: watch::Receiver<bool>,
}

impl Scene {
    fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    fn note(&self, write: impl FnOnce(&mut Ledger)) {
        write(&mut self.ledger.borrow_mut());
        self.acknowledged.send_modify(|count| *count += 1);
    }

    /// Asks until it is answered.
    async fn insist<T>(&mut self, mut ask: impl AsyncFnMut() -> Result<T, Undone>) -> T {
        let end = Instant::now() + WAIT_MAX;
        loop {
            match ask().await {
                Ok(answer) => return answer,
                Err(Undone::Refused { status, text }) => panic!("refused with {status}: {text}"),
                Err(undone @ (Undone::Unknown(_) | Undone::Busy(_))) => {
                    assert!(Instant::now() < end, "never answered: {undone}");
                    // Until the machine is up again; or a little, when it was busy only. Both are fine.
                    let _ = timeout(Duration::from_millis(100), self.life.changed()).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn whatever_was_acknowledged_is_there_exactly_once_after_fifty_kills() {
    LocalSet::new().run_until(fifty_kills()).await;
}

async fn fifty_kills() {
    let kills = std::env::var("TERTULIA_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_tertulia"));
    let mut machine = Machine::new(program, &folder.path().join("machine")).unwrap();
    machine.start().await.unwrap();
    let address = machine.address();

    let mut authors = crowd(address, "author", AUTHORS).await;
    let mut redweeters = crowd(address, "redweeter", REDWEETERS).await;
    let mut readers = crowd(address, "reader", 2).await;
    let mut listeners = crowd(address, "listener", 2).await;
    follow_all(&mut readers, &authors).await;
    follow_all(&mut listeners, &redweeters).await;

    let (life, lives) = watch::channel(0);
    let (over, is_over) = watch::channel(false);
    let scene = Scene {
        address,
        authors: authors.iter().map(|author| author.id().to_owned()).collect(),
        ledger: Rc::default(),
        acknowledged: Rc::new(watch::channel(0).0),
        life: lives,
        over: is_over,
    };
    let mut clients = JoinSet::new();
    for (number, author) in authors.drain(..).enumerate() {
        clients.spawn_local(publish(scene.clone(), number, author));
    }
    for (number, redweeter) in redweeters.drain(..).enumerate() {
        clients.spawn_local(redweet(scene.clone(), number, redweeter));
    }
    for number in 0..NEWCOMERS {
        clients.spawn_local(join_and_follow(scene.clone(), number));
    }

    kill_again_and_again(&mut machine, &scene, &life, kills).await;
    over.send(true).unwrap();
    timeout(WAIT_MAX, clients.join_all())
        .await
        .expect("the clients come to an end");

    let mut ledger = std::mem::take(&mut *scene.ledger.borrow_mut());
    // Once more after one more kill: what was delivered meanwhile has to be on the disk too.
    for _ in 0..2 {
        check_profiles(&mut readers[0], &scene, &ledger).await;
        for reader in &mut readers {
            let wanted = ledger.dweets.concat();
            assert_home(reader, ids, &wanted).await;
        }
        for listener in &mut listeners {
            let wanted: Vec<_> = ledger
                .redweets
                .concat()
                .into_iter()
                .map(|(redweet, _)| redweet)
                .collect();
            assert_home(listener, ids, &wanted).await;
        }
        check_follows(&scene, &mut ledger).await;
        machine.kill();
        machine.start().await.unwrap();
    }
}

async fn kill_again_and_again(machine: &mut Machine, scene: &Scene, life: &watch::Sender<u32>, kills: u32) {
    let mut acknowledged = scene.acknowledged.subscribe();
    let mut lot = 0x2545_F491_4F6C_DD1D_u64;
    for number in 1..=kills {
        lot ^= lot << 13;
        lot ^= lot >> 7;
        lot ^= lot << 17;
        let target = *acknowledged.borrow() + 1 + lot % ACKNOWLEDGED_PER_LIFE_MAX;
        timeout(WAIT_MAX, acknowledged.wait_for(|count| *count >= target))
            .await
            .unwrap_or_else(|_| {
                panic!(
                    "no progress in life {number}; the machine said:\n{}",
                    machine.said()
                )
            })
            .unwrap();
        machine.kill();
        if number % STILLBORN_ONE_IN == 0 {
            machine.spawn().unwrap();
            machine.kill();
        }
        machine.start().await.unwrap();
        life.send(number).unwrap();
    }
}

async fn publish(mut scene: Scene, number: usize, mut author: Person) {
    for count in 0.. {
        if scene.is_over() {
            return;
        }
        let key = format!("author {number} dweet {count}");
        let id = scene.insist(async || author.publish(&key, &key).await).await;
        scene.note(|ledger| ledger.dweets[number].push(id));
    }
}

async fn redweet(mut scene: Scene, number: usize, mut redweeter: Person) {
    let mut acknowledged = scene.acknowledged.subscribe();
    for count in 0.. {
        let dweet = loop {
            if scene.is_over() {
                return;
            }
            let found = scene.ledger.borrow().dweets[number].get(count).cloned();
            match found {
                Some(dweet) => break dweet,
                // Nothing new to redweet: until somebody has done something.
                None => drop(timeout(Duration::from_millis(100), acknowledged.changed()).await),
            }
        };
        let id = scene.insist(async || redweeter.redweet(&dweet).await).await;
        scene.note(|ledger| ledger.redweets[number].push((id, dweet)));
    }
}

async fn join_and_follow(mut scene: Scene, number: usize) {
    for count in 0.. {
        if scene.is_over() {
            return;
        }
        let nick = format!("newcomer_{number}_{count}");
        let (address, author) = (scene.address, count % AUTHORS);
        let mut newcomer = scene
            .insist(async || Person::register(address, &nick, &nick).await)
            .await;
        let followed = scene.authors[author].clone();
        scene.insist(async || newcomer.follow(&followed).await).await;
        scene.note(|ledger| {
            // One dweet may be on its way at this moment: it may count as before or as after.
            let first = ledger.dweets[author].len() + 1;
            ledger.follows.push(Follow {
                newcomer,
                author,
                first,
            });
        });
    }
}

/// Each author's and redweeter's profile is what was acknowledged, no more and no less; each redweet is counted once.
async fn check_profiles(anyone: &mut Person, scene: &Scene, ledger: &Ledger) {
    let mut redweets = BTreeMap::new();
    for (redweet, dweet) in ledger.redweets.concat() {
        *redweets.entry(dweet).or_insert(0) += 1;
        assert!(
            redweets.len() == redweets.values().sum::<usize>(),
            "{redweet} redweets a dweet for the second time"
        );
    }
    for (author, wanted) in scene.authors.iter().zip(&ledger.dweets) {
        let counted = |profile: &[Value]| {
            profile.iter().all(|dweet| {
                let count = redweets.get(&text(&dweet["id"])).copied().unwrap_or(0);
                dweet["reblogs_count"].as_u64() == Some(count as u64)
            })
        };
        let mut profile = Vec::new();
        until(async || {
            profile = anyone.profile(author).await.unwrap();
            counted(&profile)
        })
        .await
        .unwrap_or_else(|()| panic!("the redweets of {author} are not counted as acknowledged: {profile:?}"));
        assert_eq!(
            ids(&profile),
            newest_first(wanted),
            "the profile of author {author}"
        );
        let texts: BTreeSet<_> = profile.iter().map(|dweet| text(&dweet["content"])).collect();
        assert_eq!(
            texts.len(),
            wanted.len(),
            "an author's dweet is there twice, under two ids"
        );
    }
}

/// Each follow is in force at both ends, and brings what was published after it.
async fn check_follows(scene: &Scene, ledger: &mut Ledger) {
    let Ledger { dweets, follows, .. } = ledger;
    for (number, author) in scene.authors.iter().enumerate() {
        let mine = follows.iter().filter(|follow| follow.author == number).count();
        let anyone = &mut follows[0].newcomer;
        let mut account = Value::Null;
        until(async || {
            account = anyone.get(&format!("/api/v1/accounts/{author}")).await.unwrap();
            // The two readers follow every author.
            account["followers_count"].as_u64() == Some(mine as u64 + 2)
        })
        .await
        .unwrap_or_else(|()| {
            panic!(
                "author {number} has {} followers, not {mine} + 2",
                account["followers_count"]
            )
        });
    }
    for Follow {
        newcomer,
        author,
        first,
    } in follows
    {
        let path = format!("/api/v1/accounts/relationships?id[]={}", scene.authors[*author]);
        let relation = newcomer.get(&path).await.unwrap();
        assert_eq!(
            relation[0]["following"],
            true,
            "{} follows author {author}",
            newcomer.nick()
        );
        let sure = &dweets[*author][(*first).min(dweets[*author].len())..];
        let sure_ones: BTreeSet<_> = sure.iter().collect();
        let keep = |home: &[Value]| {
            ids(home)
                .into_iter()
                .filter(|id| sure_ones.contains(id))
                .collect()
        };
        assert_home(newcomer, keep, sure).await;
    }
}

/// Waits until a home timeline has as many entries as it should, then compares it to the last id.
async fn assert_home(person: &mut Person, look: impl Fn(&[Value]) -> Vec<String>, wanted: &[String]) {
    let mut home = Vec::new();
    let arrived = until(async || {
        home = person.home().await.unwrap();
        assert_unique(person.nick(), &home);
        look(&home).len() >= wanted.len()
    })
    .await;
    let (found, wanted) = (look(&home), newest_first(wanted));
    let missing: Vec<_> = wanted.iter().filter(|id| !found.contains(id)).collect();
    assert!(
        arrived.is_ok(),
        "the timeline of {} lacks {missing:?}",
        person.nick()
    );
    assert_eq!(found, wanted, "the timeline of {}", person.nick());
}

fn assert_unique(nick: &str, home: &[Value]) {
    let entries = ids(home);
    let once: BTreeSet<_> = entries.iter().collect();
    assert_eq!(
        once.len(),
        entries.len(),
        "an entry is twice in the timeline of {nick}"
    );
}

fn ids(entries: &[Value]) -> Vec<String> {
    entries.iter().map(|entry| text(&entry["id"])).collect()
}

fn newest_first(ids: &[String]) -> Vec<String> {
    let mut sorted = ids.to_vec();
    sorted.sort_by_key(|id| std::cmp::Reverse(id.parse::<u64>().unwrap()));
    sorted
}

/// Looks again until it is so, or until the limit.
async fn until(mut is_so: impl AsyncFnMut() -> bool) -> Result<(), ()> {
    let end = Instant::now() + WAIT_MAX;
    let mut ticks = interval(Duration::from_millis(50));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while Instant::now() < end {
        ticks.tick().await;
        if is_so().await {
            return Ok(());
        }
    }
    Err(())
}

async fn crowd(address: SocketAddr, stem: &str, count: usize) -> Vec<Person> {
    let mut people = Vec::new();
    for number in 0..count {
        let nick = format!("{stem}_{number}");
        people.push(Person::register(address, &nick, &nick).await.unwrap());
    }
    people
}

async fn follow_all(people: &mut [Person], followed: &[Person]) {
    for person in people {
        for other in followed {
            person.follow(other.id()).await.unwrap();
        }
    }
}
