//! How often one may ask: token buckets in memory, per account and per address.
//!
//! Limits do not go through the log (rule P7): each machine counts for itself. A community often sits behind one address
//! (docs/apps.md), so addresses get generous limits and accounts get tight ones. Wrong passwords and registrations have
//! buckets of their own: they cost a machine most, and a guesser gains most.
//!
//! **Invariant:** the maps are bounded: a flood of addresses costs the oldest their history, never the machine its memory.
//! **Invariant:** only requests with a valid session count against an account: a forged token cannot lock its owner out.
//! **Invariant:** who errs on purpose locks a nick at their own addresses. From many addresses they may close it to others for a while, but not to where its
//! owner has logged in before.
//!
//! Deliberately absent: a shared count over the ring's machines; ten machines allow ten times as much.

use crate::place::{Place, Places};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tertulia_types::{AccountId, Nick, network};

/// Rows of one map: at some 64 bytes each, 4 MB.
const ROWS_MAX: usize = 65_536;

/// So many at once, and as many again evenly over the window.
#[derive(Debug, Clone, Copy)]
struct Rate {
    burst: u32,
    window: Duration,
}

/// Mastodon allows 300 in 5 minutes; a script that reads a long timeline on a LAN may ask faster.
const REQUESTS_BY_ACCOUNT: Rate = Rate {
    burst: 1_500,
    window: Duration::from_secs(300),
};
/// Mastodon's limit for an address that many share.
const REQUESTS_BY_ADDRESS: Rate = Rate {
    burst: 7_500,
    window: Duration::from_secs(300),
};
/// A person mistypes a few times; a guesser gets two tries a minute.
const FAILURES_BY_NAME_AND_ADDRESS: Rate = Rate {
    burst: 10,
    window: Duration::from_secs(300),
};
/// Of all addresses together: one has as many tries as many guessers, who get two a minute between them in the long run.
const FAILURES_BY_NAME: Rate = Rate {
    burst: 60,
    window: Duration::from_secs(1_800),
};
/// A class of thirty mistypes; a guesser of many nicks gets twelve tries a minute.
const FAILURES_BY_ADDRESS: Rate = Rate {
    burst: 60,
    window: Duration::from_secs(300),
};
/// A whole workshop registers behind one address; a squatter of nicks does not get far.
const REGISTRATIONS_BY_ADDRESS: Rate = Rate {
    burst: 120,
    window: Duration::from_secs(3600),
};

/// Streams of one network at once, a quarter of what a machine has: a whole community may sit behind one.
const STREAMS_BY_ADDRESS_MAX: usize = 1_024;
/// Those of them without a token.
const STREAMS_BY_NOBODY_MAX: usize = 128;

/// All limits of a machine.
#[derive(Debug)]
pub(crate) struct Limits {
    requests_by_account: Buckets<u64>,
    requests_by_address: Buckets<IpAddr>,
    failures_by_name_and_address: Buckets<(Whose, IpAddr)>,
    failures_by_name: Buckets<Whose>,
    /// Where a right password was given.
    homes: Homes,
    failures_by_address: Buckets<IpAddr>,
    registrations_by_address: Buckets<IpAddr>,
    streams: Places,
    streams_of_nobody: Places,
    is_on: bool,
}

/// Whose password is tried. The two are kept apart: an account's number may be somebody's nick.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Whose {
    Nick(Nick),
    Account(AccountId),
}

/// A try at a password. Unless it was a wrong one, it is taken back when it ends.
#[must_use = "it counts until it is dropped"]
pub(crate) struct Attempt<'a> {
    limits: &'a Limits,
    /// What was counted.
    address: Option<IpAddr>,
    whose_there: Option<(Whose, IpAddr)>,
    whose: Option<Whose>,
}

impl Attempt<'_> {
    /// It was wrong, and stays counted.
    pub(crate) fn was_wrong(mut self) {
        (self.address, self.whose_there, self.whose) = (None, None, None);
    }

    /// It was right: whatever others do, the owner may try from there again.
    pub(crate) fn was_right(self) {
        if let Some(home) = &self.whose_there {
            self.limits.homes.add(home.clone(), Instant::now());
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(address) = self.address.take() {
            self.limits.failures_by_address.give_back(&address);
        }
        if let Some(whose_there) = self.whose_there.take() {
            self.limits.failures_by_name_and_address.give_back(&whose_there);
        }
        if let Some(whose) = self.whose.take() {
            self.limits.failures_by_name.give_back(&whose);
        }
    }
}

/// What is left, for the `X-RateLimit-*` headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// How many at once.
    pub(crate) limit: u32,
    /// How many of them are left.
    pub(crate) remaining: u32,
    /// In how long all are there again; when none is left: the next one.
    pub(crate) reset: Duration,
}

impl Limits {
    /// Full buckets; `is_on` false means that nothing is ever refused (for load tests).
    pub(crate) fn new(is_on: bool) -> Self {
        Self {
            requests_by_account: Buckets::new(REQUESTS_BY_ACCOUNT),
            requests_by_address: Buckets::new(REQUESTS_BY_ADDRESS),
            failures_by_name_and_address: Buckets::new(FAILURES_BY_NAME_AND_ADDRESS),
            failures_by_name: Buckets::new(FAILURES_BY_NAME),
            homes: Homes::default(),
            failures_by_address: Buckets::new(FAILURES_BY_ADDRESS),
            registrations_by_address: Buckets::new(REGISTRATIONS_BY_ADDRESS),
            streams: Places::new(STREAMS_BY_ADDRESS_MAX),
            streams_of_nobody: Places::new(STREAMS_BY_NOBODY_MAX),
            is_on,
        }
    }

    /// Counts a request of this address. `Err` is the time to wait.
    pub(crate) fn request(&self, address: IpAddr) -> Result<Option<Left>, Left> {
        if !self.is_on {
            return Ok(None);
        }
        self.requests_by_address
            .take(network(address), Instant::now())
            .map(Some)
    }

    /// Whether this account may ask; not counted yet.
    pub(crate) fn account(&self, account: u64) -> Result<Option<Left>, Left> {
        if !self.is_on {
            return Ok(None);
        }
        let left = self.requests_by_account.look(&account, Instant::now());
        if left.remaining == 0 {
            Err(left)
        } else {
            Ok(Some(left))
        }
    }

    /// Counts a request that the account's home took as its own.
    pub(crate) fn count_account(&self, account: u64) {
        if self.is_on {
            self.requests_by_account.take(account, Instant::now()).ok();
        }
    }

    /// Counts a try at a password as a wrong one, before it is known: those at the same moment must not all see the same row. `Err` is the time to wait.
    pub(crate) fn attempt(&self, whose: Option<Whose>, address: IpAddr) -> Result<Attempt<'_>, Duration> {
        let mut attempt = Attempt {
            limits: self,
            address: None,
            whose_there: None,
            whose: None,
        };
        if !self.is_on {
            return Ok(attempt);
        }
        let (now, network) = (Instant::now(), network(address));
        let wait = |none_left: Left| none_left.reset;
        self.failures_by_address.take(network, now).map_err(wait)?;
        attempt.address = Some(network);
        if let Some(whose) = whose {
            let whose_there = (whose.clone(), network);
            self.failures_by_name_and_address
                .take(whose_there.clone(), now)
                .map_err(wait)?;
            let is_at_home = self.homes.has(&whose_there);
            attempt.whose_there = Some(whose_there);
            match self.failures_by_name.take(whose.clone(), now) {
                Ok(_) => attempt.whose = Some(whose),
                Err(_) if is_at_home => {}
                Err(none_left) => return Err(none_left.reset),
            }
        }
        Ok(attempt)
    }

    /// A place for a stream of this address, for as long as it is kept; `None` if it has too many.
    pub(crate) fn stream(&self, address: IpAddr, is_somebody: bool) -> Option<Vec<Place>> {
        if !self.is_on {
            return Some(Vec::new());
        }
        let mut places = vec![self.streams.enter(address)?];
        if !is_somebody {
            places.push(self.streams_of_nobody.enter(address)?);
        }
        Some(places)
    }

    /// Somebody has made an account there: see [`Attempt::was_right`].
    pub(crate) fn registered(&self, nick: Nick, address: IpAddr) {
        let home = (Whose::Nick(nick), network(address));
        self.homes.add(home, Instant::now());
    }

    /// Counts a registration (of a person or an app) from this address. `Err` is the time to wait.
    pub(crate) fn registration(&self, address: IpAddr) -> Result<(), Duration> {
        let left = self
            .registrations_by_address
            .take(network(address), Instant::now());
        match left {
            Err(none_left) if self.is_on => Err(none_left.reset),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// From where people have logged in, as long as the machine runs.
#[derive(Debug, Default)]
struct Homes {
    /// When last. Locked for a few lines without waiting.
    rows: Mutex<HashMap<(Whose, IpAddr), Instant>>,
}

impl Homes {
    fn has(&self, home: &(Whose, IpAddr)) -> bool {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.contains_key(home)
    }

    fn add(&self, home: (Whose, IpAddr), now: Instant) {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.len() >= ROWS_MAX && !rows.contains_key(&home) {
            keep_newer_half(&mut rows, |at| *at);
        }
        rows.insert(home, now);
    }
}

/// Forgets what is older than half of the rest.
fn keep_newer_half<K: Hash + Eq, V>(rows: &mut HashMap<K, V>, at: impl Fn(&V) -> Instant) {
    let mut moments: Vec<Instant> = rows.values().map(&at).collect();
    let middle = moments.len() / 2;
    let (_, median, _) = moments.select_nth_unstable(middle);
    let median = *median;
    rows.retain(|_, row| at(row) > median);
}

/// One bucket per key; a key without a row has a full bucket.
#[derive(Debug)]
struct Buckets<K> {
    rate: Rate,
    /// Locked for a few lines without waiting: a hash look-up and some arithmetic.
    rows: Mutex<HashMap<K, Bucket>>,
}

/// How much was in it at which moment; what flowed in since is reckoned when it is looked at.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl<K: Hash + Eq> Buckets<K> {
    fn new(rate: Rate) -> Self {
        Self {
            rate,
            rows: Mutex::new(HashMap::new()),
        }
    }

    fn look<Q>(&self, key: &Q, now: Instant) -> Left
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let tokens = rows.get(key).map_or(f64::from(self.rate.burst), |bucket| {
            self.rate.tokens(*bucket, now)
        });
        self.rate.left(tokens)
    }

    fn give_back(&self, key: &K) {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = rows.get_mut(key) {
            bucket.tokens = (bucket.tokens + 1.0).min(f64::from(self.rate.burst));
        }
    }

    fn take(&self, key: K, now: Instant) -> Result<Left, Left> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.len() >= ROWS_MAX && !rows.contains_key(&key) {
            self.make_room(&mut rows, now);
        }
        let full = f64::from(self.rate.burst);
        let bucket = rows.entry(key).or_insert(Bucket {
            tokens: full,
            at: now,
        });
        let tokens = self.rate.tokens(*bucket, now);
        let taken = if tokens >= 1.0 { tokens - 1.0 } else { tokens };
        *bucket = Bucket {
            tokens: taken,
            at: now,
        };
        let left = self.rate.left(taken);
        if tokens >= 1.0 { Ok(left) } else { Err(left) }
    }

    /// Full buckets say nothing and go; if all say something, the older half goes.
    fn make_room(&self, rows: &mut HashMap<K, Bucket>, now: Instant) {
        let full = f64::from(self.rate.burst);
        rows.retain(|_, bucket| self.rate.tokens(*bucket, now) < full);
        if rows.len() >= ROWS_MAX {
            keep_newer_half(rows, |bucket| bucket.at);
        }
    }
}

impl Rate {
    fn per_second(self) -> f64 {
        f64::from(self.burst) / self.window.as_secs_f64()
    }

    fn tokens(self, bucket: Bucket, now: Instant) -> f64 {
        let since = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.tokens + since * self.per_second()).min(f64::from(self.burst))
    }

    fn left(self, tokens: f64) -> Left {
        let wanted = if tokens >= 1.0 { f64::from(self.burst) } else { 1.0 };
        let reset = Duration::from_secs_f64(((wanted - tokens) / self.per_second()).max(0.0));
        Left {
            limit: self.burst,
            remaining: tokens as u32,
            reset,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Attempt, Buckets, Limits, ROWS_MAX, Rate, STREAMS_BY_ADDRESS_MAX, STREAMS_BY_NOBODY_MAX, Whose,
    };
    use std::net::IpAddr;
    use std::time::{Duration, Instant};

    const RATE: Rate = Rate {
        burst: 3,
        window: Duration::from_secs(30),
    };

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let buckets = Buckets::new(RATE);
        let start = Instant::now();
        let remaining: Vec<u32> = (0..3)
            .map(|_| buckets.take("a", start).expect("left").remaining)
            .collect();
        assert_eq!(remaining, [2, 1, 0]);
        let none = buckets.take("a", start).expect_err("empty");
        assert_eq!(none.reset, Duration::from_secs(10));
        assert!(buckets.take("b", start).is_ok(), "another key has its own");
        assert!(buckets.take("a", start + Duration::from_secs(9)).is_err());
        assert!(buckets.take("a", start + Duration::from_secs(10)).is_ok());
        assert_eq!(buckets.look("a", start + Duration::from_secs(100)).remaining, 3);
    }

    #[test]
    fn a_flood_of_keys_stays_bounded_and_keeps_the_newest() {
        let buckets = Buckets::new(RATE);
        let start = Instant::now();
        for key in 0..ROWS_MAX as u64 * 2 {
            buckets.take(key, start + Duration::from_nanos(key)).ok();
        }
        let rows = buckets.rows.lock().expect("not poisoned");
        assert!(rows.len() <= ROWS_MAX && rows.contains_key(&(ROWS_MAX as u64 * 2 - 1)));
    }

    fn nick(name: &str) -> Option<Whose> {
        Some(Whose::Nick(name.parse().expect("a nick")))
    }

    /// Errs as often as is allowed at this address; how often that was.
    fn err_on_purpose(limits: &Limits, name: &str, from: IpAddr) -> usize {
        let tries = std::iter::from_fn(|| limits.attempt(nick(name), from).ok());
        tries.take(1_000).map(Attempt::was_wrong).count()
    }

    #[test]
    fn who_errs_on_purpose_locks_nobody_out_elsewhere() {
        let limits = Limits::new(true);
        let from = |last: u8| IpAddr::from([10, 0, 0, last]);
        assert_eq!(err_on_purpose(&limits, "ana", from(1)), 10);
        assert!(limits.attempt(nick("ana"), from(1)).is_err());
        assert!(limits.attempt(nick("bob"), from(1)).is_ok());
        assert!(limits.attempt(nick("ana"), from(2)).is_ok());
    }

    #[test]
    fn many_guessers_get_few_tries_and_the_owner_comes_in_from_where_they_were_before() {
        let limits = Limits::new(true);
        let from = |last: u8| IpAddr::from([10, 0, 0, last]);
        limits.attempt(nick("ana"), from(1)).expect("left").was_right();
        let tries: usize = (100..200)
            .map(|last| err_on_purpose(&limits, "ana", from(last)))
            .sum();
        assert_eq!(tries, 60, "of all addresses together");
        assert!(limits.attempt(nick("ana"), from(99)).is_err());
        let attempt = limits.attempt(nick("ana"), from(1));
        attempt.expect("she has been here").was_right();
        assert!(limits.attempt(nick("bob"), from(1)).is_ok());
        // There, too, one guesses no more than anywhere.
        assert_eq!(err_on_purpose(&limits, "ana", from(1)), 10);
    }

    #[test]
    fn homes_stay_bounded() {
        let homes = super::Homes::default();
        let start = Instant::now();
        let home = |number: u32| {
            (
                Whose::Nick("ana".parse().expect("a nick")),
                IpAddr::from(number.to_be_bytes()),
            )
        };
        for number in 0..ROWS_MAX as u32 * 2 {
            homes.add(home(number), start + Duration::from_nanos(number.into()));
        }
        assert!(homes.rows.lock().expect("not poisoned").len() <= ROWS_MAX);
        assert!(homes.has(&home(ROWS_MAX as u32 * 2 - 1)));
    }

    #[test]
    fn wrong_passwords_slow_the_address_down_for_all_nicks_and_for_what_is_none() {
        let limits = Limits::new(true);
        let here = IpAddr::from([10, 0, 0, 1]);
        for number in 0..59 {
            let tried = limits.attempt(nick(&format!("nick{number}")), here);
            tried.expect("left").was_wrong();
        }
        limits.attempt(None, here).expect("left").was_wrong();
        assert!(limits.attempt(nick("somebody_else"), here).is_err());
        assert!(limits.attempt(None, here).is_err());
    }

    #[test]
    fn many_tries_at_the_same_moment_are_as_many_as_one_after_the_other() {
        let limits = Limits::new(true);
        let here = IpAddr::from([10, 0, 0, 1]);
        let mut at_once: Vec<_> = (0..10)
            .map(|_| limits.attempt(nick("ana"), here).expect("left"))
            .collect();
        assert!(limits.attempt(nick("ana"), here).is_err());
        at_once.pop();
        assert!(limits.attempt(nick("ana"), here).is_ok(), "one was right");
    }

    #[test]
    fn right_passwords_are_not_counted() {
        let limits = Limits::new(true);
        let here = IpAddr::from([10, 0, 0, 1]);
        for _ in 0..200 {
            assert!(limits.attempt(nick("ana"), here).is_ok());
        }
    }

    #[test]
    fn one_address_does_not_take_all_streams() {
        let limits = &Limits::new(true);
        let from = |last: u8| IpAddr::from([10, 0, 0, last]);
        let open = |is_somebody| {
            let opened = std::iter::from_fn(move || limits.stream(from(1), is_somebody));
            opened.take(2 * STREAMS_BY_ADDRESS_MAX).collect::<Vec<_>>()
        };
        let mut nobodys = open(false);
        assert_eq!(nobodys.len(), STREAMS_BY_NOBODY_MAX);
        assert!(limits.stream(from(2), false).is_some());
        let peoples = open(true);
        assert_eq!(nobodys.len() + peoples.len(), STREAMS_BY_ADDRESS_MAX);
        nobodys.pop();
        assert!(limits.stream(from(1), true).is_some());
        assert!(limits.stream(from(2), true).is_some());
    }

    #[test]
    fn switched_off_nothing_is_refused() {
        let limits = Limits::new(false);
        let here = IpAddr::from([10, 0, 0, 1]);
        for _ in 0..200 {
            limits.attempt(nick("ana"), here).expect("no limit").was_wrong();
            assert!(limits.registration(here).is_ok());
        }
        assert_eq!(limits.request(here), Ok(None));
    }
}
