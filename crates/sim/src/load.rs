//! People who use machines while these are attacked, a ledger of what was acknowledged to them, and the check that all of it is
//! there afterwards, exactly once: in the profile of its author and in the timeline of every follower.
//!
//! Each client does what a good client does: when an answer stays out it asks again, at the next machine and with the same
//! key, until it is answered. So at the end nothing is in doubt, and "exactly once" can be checked to the last row.
//!
//! Redweeters redweet one author each, and are read by others than the authors are: a page shows the same dweet once,
//! so a reader of both could not tell them apart.
//!
//! **Invariant:** what fails here fails the test: an answer that makes no sense, a wait that does not end, a row too many or too
//! few are all panics that say what is wrong.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::person::{Person, Undone, text};
use crate::talk::{self, Talk};
use crate::wire::Wire;

/// For each single thing that is waited for: far more than it takes, so that only what never comes fails.
pub const WAIT_MAX: Duration = Duration::from_secs(120);
/// A machine that has not answered for this long is left for another one: a little longer than it tries itself.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(6);
/// When no machine answers, so long until they are asked again.
const ROUND: Duration = Duration::from_millis(50);
/// Between two looks of somebody who reads, or waits for something new.
const LOOK: Duration = Duration::from_millis(100);
/// Readers of all authors, and of all redweeters.
const READERS: usize = 2;

/// Where people may go: the addresses of the machines that are said to serve.
#[derive(Debug)]
pub struct Doors(watch::Sender<Vec<SocketAddr>>);

impl Doors {
    /// These.
    #[must_use]
    pub fn new(addresses: Vec<SocketAddr>) -> Self {
        Self(watch::Sender::new(addresses))
    }

    /// Whoever wants to know them, always.
    pub(crate) fn watch(&self) -> watch::Receiver<Vec<SocketAddr>> {
        self.0.subscribe()
    }

    /// These from now on; whoever waits tries again.
    pub fn set(&self, addresses: Vec<SocketAddr>) {
        self.0.send_replace(addresses);
    }
}

/// How many come.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// People who publish, one dweet after another.
    pub authors: usize,
    /// People who redweet what an author publishes.
    pub redweeters: usize,
    /// How many register at a time, again and again, and follow an author.
    pub newcomers: usize,
    /// Pairs who write to each other in private.
    pub talkers: usize,
    /// How long each of them rests between two things.
    pub rest: Duration,
}

/// What was acknowledged.
#[derive(Debug, Default)]
struct Ledger {
    /// Ids of each author's dweets, in order.
    dweets: Vec<Vec<String>>,
    /// Of each redweeter: the redweet's id, and the dweet's.
    redweets: Vec<Vec<(String, String)>>,
    follows: Vec<Follow>,
    acts: u64,
    longest: Pause,
}

/// Somebody who came meanwhile, and followed an author.
#[derive(Debug)]
struct Follow {
    newcomer: Person,
    author: usize,
    /// The number of the author's first dweet that was published for certain after the follow was acknowledged.
    first: usize,
}

/// How long somebody waited from asking for something to having it.
#[derive(Clone, Debug, Default)]
pub struct Pause {
    /// How long.
    pub took: Duration,
    /// For what.
    pub what: String,
}

/// What the clients share.
#[derive(Clone)]
struct Scene {
    crowd: Crowd,
    doors: watch::Receiver<Vec<SocketAddr>>,
    authors: Vec<String>,
    ledger: Rc<RefCell<Ledger>>,
    /// How much has been acknowledged so far.
    acknowledged: Rc<watch::Sender<u64>>,
    over: watch::Receiver<bool>,
}

/// People at work. They work on the thread that began it: in a `LocalSet`.
pub struct Load {
    scene: Scene,
    over: watch::Sender<bool>,
    clients: JoinSet<()>,
    readers: Vec<Person>,
    listeners: Vec<Person>,
    talks: Vec<JoinHandle<Talk>>,
}

/// What they did, and the people who can tell whether it is there.
pub struct Done {
    authors: Vec<String>,
    ledger: Ledger,
    readers: Vec<Person>,
    listeners: Vec<Person>,
    talks: Vec<Talk>,
}

/// Figures for a report.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Everything that was acknowledged.
    pub acts: u64,
    /// Dweets among it.
    pub dweets: usize,
    /// Redweets among it.
    pub redweets: usize,
    /// Registrations, each with a follow.
    pub newcomers: usize,
    /// Private messages.
    pub messages: usize,
    /// The longest that anybody waited for anything.
    pub longest: Pause,
}

impl Scene {
    fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    fn door(&self, number: usize) -> SocketAddr {
        let doors = self.doors.borrow();
        doors[number % doors.len()]
    }

    /// The door after this one, and whether that is the first of another round.
    fn next_door(&self, last: SocketAddr) -> (SocketAddr, bool) {
        let doors = self.doors.borrow();
        let next = doors.iter().position(|door| *door == last).map_or(0, |at| at + 1);
        (doors[next % doors.len()], next % doors.len() == 0)
    }

    fn note(&self, acts: u64, write: impl FnOnce(&mut Ledger)) {
        {
            let mut ledger = self.ledger.borrow_mut();
            ledger.acts += acts;
            write(&mut ledger);
        }
        self.acknowledged.send_modify(|count| *count += acts);
    }

    /// Asks until it is answered, at one machine after another.
    async fn insist<T>(
        &mut self,
        what: &str,
        first: SocketAddr,
        mut ask: impl AsyncFnMut(SocketAddr) -> Result<T, Undone>,
    ) -> T {
        let began = Instant::now();
        let mut door = first;
        loop {
            match ask(door).await {
                Ok(answer) => {
                    let took = began.elapsed();
                    let mut ledger = self.ledger.borrow_mut();
                    if took > ledger.longest.took {
                        let what = what.to_owned();
                        ledger.longest = Pause { took, what };
                    }
                    return answer;
                }
                Err(Undone::Refused { status, text }) => {
                    panic!("{what} is refused at {door} with {status}: {text}")
                }
                Err(undone @ (Undone::Unknown(_) | Undone::Busy(_))) => {
                    let waited = began.elapsed();
                    assert!(
                        waited < WAIT_MAX,
                        "{what} is never answered, at last by {door}: {undone}"
                    );
                    let (next, is_another_round) = self.next_door(door);
                    door = next;
                    if is_another_round {
                        // Until somebody is said to serve again; or a little, when all are busy only. Both are fine.
                        let _ = timeout(ROUND, self.doors.changed()).await;
                    }
                }
            }
        }
    }

    /// The same, for somebody who stays where they were answered.
    async fn insist_for<T>(
        &mut self,
        person: &mut Person,
        what: &str,
        mut ask: impl AsyncFnMut(&mut Person) -> Result<T, Undone>,
    ) -> T {
        let first = person.address();
        self.insist(what, first, async |door| {
            person.go_to(door);
            ask(person).await
        })
        .await
    }

    async fn register(&mut self, nick: &str, number: usize) -> Person {
        let first = self.door(number);
        self.insist(nick, first, async |door| {
            Person::register_by(Wire::new(door).within(ANSWER_WAIT_MAX), nick, nick).await
        })
        .await
    }

    async fn crowd(&mut self, stem: &str, count: usize) -> Vec<Person> {
        let mut people = Vec::new();
        for number in 0..count {
            people.push(self.register(&format!("{stem}_{number}"), number).await);
        }
        people
    }

    async fn follow_all(&mut self, people: &mut [Person], followed: &[Person]) {
        for person in people {
            for other in followed {
                self.insist_for(person, "a follow", async |person| person.follow(other.id()).await)
                    .await;
            }
        }
    }

    async fn rest(&self) {
        if !self.crowd.rest.is_zero() {
            tokio::time::sleep(self.crowd.rest).await;
        }
    }
}

impl Load {
    /// The people come, the readers follow the others, and all begin.
    ///
    /// # Panics
    /// As said above.
    pub async fn begin(doors: &Doors, crowd: Crowd) -> Self {
        let (over, is_over) = watch::channel(false);
        let mut scene = Scene {
            crowd,
            doors: doors.watch(),
            authors: Vec::new(),
            ledger: Rc::default(),
            acknowledged: Rc::new(watch::channel(0).0),
            over: is_over,
        };
        let authors = scene.crowd("author", crowd.authors).await;
        let redweeters = scene.crowd("redweeter", crowd.redweeters).await;
        let mut readers = scene.crowd("reader", READERS).await;
        let mut listeners = scene.crowd("listener", READERS).await;
        scene.follow_all(&mut readers, &authors).await;
        scene.follow_all(&mut listeners, &redweeters).await;
        scene.authors = authors.iter().map(|author| author.id().to_owned()).collect();
        {
            let mut ledger = scene.ledger.borrow_mut();
            ledger.dweets.resize_with(crowd.authors, Vec::new);
            ledger.redweets.resize_with(crowd.redweeters, Vec::new);
        }
        let mut clients = JoinSet::new();
        for (number, author) in authors.into_iter().enumerate() {
            clients.spawn_local(publish(scene.clone(), number, author));
        }
        for (number, redweeter) in redweeters.into_iter().enumerate() {
            clients.spawn_local(redweet(scene.clone(), number, redweeter));
        }
        for number in 0..crowd.newcomers {
            clients.spawn_local(join_and_follow(scene.clone(), number));
        }
        let talks = (0..crowd.talkers)
            .map(|number| talk::begin(number, scene.doors.clone(), scene.over.clone(), crowd.rest))
            .collect();
        Self {
            scene,
            over,
            clients,
            readers,
            listeners,
            talks,
        }
    }

    /// Waits until so much more has been acknowledged; says what it saw if that does not happen.
    ///
    /// # Errors
    /// When nothing goes on for long.
    ///
    /// # Panics
    /// When one of the clients has.
    pub async fn progress(&mut self, acts: u64) -> Result<(), NoProgress> {
        let mut acknowledged = self.scene.acknowledged.subscribe();
        let target = *acknowledged.borrow() + acts;
        let waited = timeout(WAIT_MAX, async {
            tokio::select! {
                // A client that has panicked is the reason for whatever else is wrong.
                Some(ended) = self.clients.join_next() => Err(ended),
                _ = acknowledged.wait_for(|count| *count >= target) => Ok(()),
            }
        });
        match waited.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Err(failed))) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            Ok(Err(_)) => Err(NoProgress),
            Err(_) => Err(NoProgress),
        }
    }

    /// The longest that anybody has waited so far.
    #[must_use]
    pub fn longest(&self) -> Pause {
        self.scene.ledger.borrow().longest.clone()
    }

    /// All finish what they have begun, and stop.
    ///
    /// # Panics
    /// When one of them has, or does not come to an end.
    pub async fn end(self) -> Done {
        self.over.send_replace(true);
        timeout(WAIT_MAX + ROUND, self.clients.join_all())
            .await
            .expect("the clients come to an end");
        let talks = self.talks.into_iter().map(|talk| match talk.join() {
            Ok(talk) => talk,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        let talks = talks.collect();
        let mut people = [self.readers, self.listeners];
        // They may have been at a machine that is gone.
        for (number, person) in people.iter_mut().flatten().enumerate() {
            person.go_to(self.scene.door(number));
        }
        let [readers, listeners] = people;
        Done {
            authors: self.scene.authors.clone(),
            ledger: std::mem::take(&mut *self.scene.ledger.borrow_mut()),
            readers,
            listeners,
            talks,
        }
    }
}

/// Nothing goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoProgress;

async fn publish(mut scene: Scene, number: usize, mut author: Person) {
    for count in 0.. {
        if scene.is_over() {
            return;
        }
        let key = format!("author {number} dweet {count}");
        let id = scene
            .insist_for(&mut author, &key, async |author| author.publish(&key, &key).await)
            .await;
        scene.note(1, |ledger| ledger.dweets[number].push(id));
        scene.rest().await;
    }
}

async fn redweet(mut scene: Scene, number: usize, mut redweeter: Person) {
    let mut acknowledged = scene.acknowledged.subscribe();
    let author = number % scene.crowd.authors;
    for count in 0.. {
        let dweet = loop {
            if scene.is_over() {
                return;
            }
            let found = scene.ledger.borrow().dweets[author].get(count).cloned();
            match found {
                Some(dweet) => break dweet,
                // Nothing new to redweet: until somebody has done something.
                None => drop(timeout(LOOK, acknowledged.changed()).await),
            }
        };
        let id = scene
            .insist_for(&mut redweeter, "a redweet", async |redweeter| {
                redweeter.redweet(&dweet).await
            })
            .await;
        scene.note(1, |ledger| ledger.redweets[number].push((id, dweet)));
        scene.rest().await;
    }
}

async fn join_and_follow(mut scene: Scene, number: usize) {
    for count in 0.. {
        if scene.is_over() {
            return;
        }
        let nick = format!("newcomer_{number}_{count}");
        let author = count % scene.crowd.authors;
        let mut newcomer = scene.register(&nick, count).await;
        let followed = scene.authors[author].clone();
        scene
            .insist_for(&mut newcomer, "a follow", async |newcomer| {
                newcomer.follow(&followed).await
            })
            .await;
        scene.note(2, |ledger| {
            // One dweet may be on its way at this moment: it may count as before or as after.
            let first = ledger.dweets[author].len() + 1;
            ledger.follows.push(Follow {
                newcomer,
                author,
                first,
            });
        });
        scene.rest().await;
    }
}

impl Done {
    /// What there was.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures {
            acts: self.ledger.acts,
            dweets: self.ledger.dweets.iter().map(Vec::len).sum(),
            redweets: self.ledger.redweets.iter().map(Vec::len).sum(),
            newcomers: self.ledger.follows.len(),
            messages: self.talks.iter().map(Talk::texts).sum(),
            longest: self.ledger.longest.clone(),
        }
    }

    /// Everything that was acknowledged is there, once, and nothing else: read through each of these machines.
    ///
    /// # Panics
    /// When it is not so.
    pub async fn check(&mut self, through: &[SocketAddr]) {
        for door in through {
            for person in self.readers.iter_mut().chain(&mut self.listeners) {
                person.go_to(*door);
            }
            self.check_profiles().await;
            self.check_timelines().await;
            self.check_follows(*door).await;
        }
        self.check_newcomers(through).await;
        for talk in &self.talks {
            talk.check(through);
        }
    }

    /// Each author's and redweeter's profile is what was acknowledged, no more and no less; each redweet is counted once.
    async fn check_profiles(&mut self) {
        let Self {
            authors,
            ledger,
            readers,
            ..
        } = self;
        let anyone = &mut readers[0];
        let mut redweets = BTreeMap::new();
        for one in &ledger.redweets {
            let dweets: BTreeSet<_> = one.iter().map(|(_, dweet)| dweet).collect();
            let ids: BTreeSet<_> = one.iter().map(|(redweet, _)| redweet).collect();
            assert!(
                dweets.len() == one.len() && ids.len() == one.len(),
                "somebody redweets a dweet for the second time, or two by one redweet"
            );
            for dweet in dweets {
                *redweets.entry(dweet.clone()).or_insert(0) += 1;
            }
        }
        for (author, wanted) in authors.iter().zip(&ledger.dweets) {
            let counted = |profile: &[Value]| {
                profile.iter().all(|dweet| {
                    let count: u64 = redweets.get(&text(&dweet["id"])).copied().unwrap_or(0);
                    dweet["reblogs_count"].as_u64() == Some(count)
                })
            };
            let mut profile = Vec::new();
            until(async || {
                profile = patiently(async || anyone.profile(author).await).await;
                counted(&profile)
            })
            .await
            .unwrap_or_else(|()| {
                panic!("the redweets of {author} are not counted as acknowledged: {profile:?}")
            });
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

    async fn check_timelines(&mut self) {
        let Self {
            ledger,
            readers,
            listeners,
            ..
        } = self;
        let dweets = ledger.dweets.concat();
        for reader in readers {
            assert_home(reader, ids, &dweets).await;
        }
        let redweets = ledger.redweets.iter().flatten();
        let redweets: Vec<String> = redweets.map(|(redweet, _)| redweet.clone()).collect();
        for listener in listeners {
            assert_home(listener, ids, &redweets).await;
        }
    }

    /// Each follow is in force at both ends, and everybody who registered is there.
    async fn check_follows(&mut self, door: SocketAddr) {
        let Self {
            authors,
            ledger,
            readers,
            ..
        } = self;
        for (number, author) in authors.iter().enumerate() {
            let mine = ledger.follows.iter().filter(|follow| follow.author == number);
            let wanted = (mine.count() + readers.len()) as u64;
            let anyone = &mut readers[0];
            let mut account = Value::Null;
            until(async || {
                account = patiently(async || anyone.get(&format!("/api/v1/accounts/{author}")).await).await;
                account["followers_count"].as_u64() == Some(wanted)
            })
            .await
            .unwrap_or_else(|()| {
                panic!(
                    "author {number} has {} followers, not {wanted}",
                    account["followers_count"]
                )
            });
        }
        for Follow { newcomer, author, .. } in &mut ledger.follows {
            newcomer.go_to(door);
            let nick = newcomer.nick().to_owned();
            let path = format!("/api/v1/accounts/lookup?acct={nick}");
            let found = patiently(async || newcomer.get(&path).await).await;
            assert_eq!(text(&found["id"]), newcomer.id(), "the account of {nick}");
            let path = format!("/api/v1/accounts/relationships?id[]={}", authors[*author]);
            let relation = patiently(async || newcomer.get(&path).await).await;
            assert_eq!(relation[0]["following"], true, "{nick} follows author {author}");
        }
    }

    /// Each follow brings what was published after it. Their timelines are many: each is read through one of the machines.
    async fn check_newcomers(&mut self, through: &[SocketAddr]) {
        let Ledger { dweets, follows, .. } = &mut self.ledger;
        for (follow, door) in follows.iter_mut().zip(through.iter().cycle()) {
            let sure = &dweets[follow.author][follow.first.min(dweets[follow.author].len())..];
            let sure_ones: BTreeSet<_> = sure.iter().collect();
            let keep = |home: &[Value]| {
                let mut found = ids(home);
                found.retain(|id| sure_ones.contains(id));
                found
            };
            follow.newcomer.go_to(*door);
            assert_home(&mut follow.newcomer, keep, sure).await;
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            acts,
            dweets,
            redweets,
            newcomers,
            messages,
            longest,
        } = self;
        write!(
            f,
            "{acts} acknowledged ({dweets} dweets, {redweets} redweets, {newcomers} newcomers with a follow each) \
             and {messages} private messages, \
             longest pause {:.2} s ({})",
            longest.took.as_secs_f64(),
            longest.what
        )
    }
}

/// Waits until a home timeline has as many entries as it should, then compares it to the last id.
async fn assert_home(person: &mut Person, look: impl Fn(&[Value]) -> Vec<String>, wanted: &[String]) {
    let mut home = Vec::new();
    let arrived = until(async || {
        home = patiently(async || person.home().await).await;
        assert_unique(person.nick(), &home);
        look(&home).len() >= wanted.len()
    })
    .await;
    let (found, wanted) = (look(&home), newest_first(wanted));
    let missing: Vec<_> = wanted.iter().filter(|id| !found.contains(id)).collect();
    assert!(
        arrived.is_ok(),
        "the timeline of {} at {} lacks {missing:?}",
        person.nick(),
        person.address()
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
    sorted.sort_by_key(|id| std::cmp::Reverse(id.parse::<u64>().unwrap_or_default()));
    sorted
}

/// Asks one machine until it answers.
///
/// # Panics
/// When it refuses, or never answers.
pub async fn patiently<T>(mut ask: impl AsyncFnMut() -> Result<T, Undone>) -> T {
    let began = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(undone) => {
                let is_refused = matches!(undone, Undone::Refused { .. });
                assert!(!is_refused && began.elapsed() < WAIT_MAX, "{undone}");
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}

/// Looks again until it is so, or until the limit.
///
/// # Errors
/// When it is never so.
pub async fn until(mut is_so: impl AsyncFnMut() -> bool) -> Result<(), ()> {
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
