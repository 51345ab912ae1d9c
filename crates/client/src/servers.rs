//! Which machine is asked first, and which one is left alone for a while.
//!
//! The one that answered last is asked first. One that is silent is asked after all others until its rest is over; the
//! rest doubles each time, and ends with the first answer.
//!
//! **Invariant:** every machine is asked before it is said that none answers, resting or not.

use std::time::{Duration, Instant};

/// How long a silent machine rests the first time, and at most.
const REST_MIN: Duration = Duration::from_secs(1);
const REST_MAX: Duration = Duration::from_secs(60);
/// More are not kept in mind: those that a person named, and a ring's five with three addresses each.
const SERVERS_MAX: usize = 32;

/// How a machine came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The person named it, now.
    Named,
    /// It is remembered from before.
    Remembered,
    /// The ring recommends it.
    Heard,
    /// It was found on the network.
    Found,
    /// It is where a machine usually is.
    Usual,
}

#[derive(Debug, Clone)]
struct Server {
    url: String,
    origin: Origin,
    /// How often it was silent in a row, and until when it rests for that.
    silent: Option<(u32, Instant)>,
    has_answered: bool,
}

/// The machines, the one to ask first at the front.
#[derive(Debug, Default)]
pub(crate) struct Servers(Vec<Server>);

impl Servers {
    /// Adds machines at the end; those that are known already stay as they are.
    pub(crate) fn add(&mut self, urls: impl IntoIterator<Item = String>, origin: Origin) {
        for url in urls {
            if self.0.len() < SERVERS_MAX && !self.0.iter().any(|known| known.url == url) {
                self.0.push(Server {
                    url,
                    origin,
                    silent: None,
                    has_answered: false,
                });
            }
        }
    }

    /// Puts in the place of what the ring recommended before what it recommends now; beside it, if a machine named itself alone.
    pub(crate) fn hear(&mut self, urls: &[String], is_alone: bool) {
        self.0.retain(|known| {
            let only_heard = known.origin == Origin::Heard && !known.has_answered;
            !only_heard || is_alone || urls.contains(&known.url)
        });
        self.add(urls.iter().cloned(), Origin::Heard);
    }

    /// All of them, in the order in which they are to be asked now.
    pub(crate) fn in_turn(&self, now: Instant) -> Vec<(String, Origin)> {
        let rests = |server: &&Server| server.silent.is_some_and(|(_, until)| until > now);
        let awake = self.0.iter().filter(|server| !rests(server));
        awake
            .chain(self.0.iter().filter(rests))
            .map(|server| (server.url.clone(), server.origin))
            .collect()
    }

    /// Takes note of an answer: whether the machine was another than the first.
    pub(crate) fn answered(&mut self, url: &str) -> bool {
        let moved = self.0.first().is_some_and(|first| first.url != url);
        self.0.sort_by_key(|server| server.url != url);
        if let Some(server) = self.0.first_mut().filter(|server| server.url == url) {
            server.silent = None;
            server.has_answered = true;
        }
        moved
    }

    /// Takes note of silence.
    pub(crate) fn missed(&mut self, url: &str, now: Instant) {
        if let Some(server) = self.0.iter_mut().find(|server| server.url == url) {
            let times = server.silent.map_or(0, |(times, _)| times);
            let rest = REST_MIN.saturating_mul(2_u32.saturating_pow(times)).min(REST_MAX);
            server.silent = Some((times.saturating_add(1), now + rest));
        }
    }

    /// The addresses in order.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.0.iter().map(|server| server.url.clone()).collect()
    }

    /// Those that are worth keeping for a later process beside what is remembered: whom a person named, and who answered.
    pub(crate) fn proven(&self) -> Vec<String> {
        self.0
            .iter()
            .filter(|server| server.has_answered || server.origin == Origin::Named)
            .map(|server| server.url.clone())
            .collect()
    }

    /// Whether nobody has ever said that there is a machine at any of them.
    pub(crate) fn are_guesses(&self) -> bool {
        self.0
            .iter()
            .all(|server| matches!(server.origin, Origin::Usual | Origin::Found) && !server.has_answered)
    }

    /// Whether there is one of that origin.
    pub(crate) fn has(&self, origin: Origin) -> bool {
        self.0.iter().any(|server| server.origin == origin)
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, REST_MAX, REST_MIN, SERVERS_MAX, Servers};
    use std::time::{Duration, Instant};

    fn servers(urls: &[&str]) -> Servers {
        let mut servers = Servers::default();
        servers.add(urls.iter().map(|&url| url.to_owned()), Origin::Named);
        servers
    }

    fn turn(servers: &Servers, now: Instant) -> Vec<String> {
        servers.in_turn(now).into_iter().map(|(url, _)| url).collect()
    }

    #[test]
    fn entry_that_is_silent_rests_longer_each_time_and_is_asked_again() {
        let now = Instant::now();
        let mut servers = servers(&["a", "b", "c"]);
        servers.missed("a", now);
        assert_eq!(
            turn(&servers, now),
            ["b", "c", "a"],
            "the last one, and yet asked"
        );
        assert_eq!(turn(&servers, now + REST_MIN), ["a", "b", "c"]);
        servers.missed("a", now);
        assert_eq!(turn(&servers, now + REST_MIN), ["b", "c", "a"]);
        assert_eq!(turn(&servers, now + REST_MIN * 2), ["a", "b", "c"]);
        for _ in 0..100 {
            servers.missed("a", now);
        }
        assert_eq!(
            turn(&servers, now + REST_MAX - Duration::from_millis(1)),
            ["b", "c", "a"]
        );
        assert_eq!(turn(&servers, now + REST_MAX), ["a", "b", "c"]);
        assert!(servers.answered("c"), "it was not the first");
        assert_eq!(
            turn(&servers, now + REST_MAX),
            ["c", "a", "b"],
            "who answered is first"
        );
        assert!(!servers.answered("c"));
    }

    #[test]
    fn entry_machines_that_the_ring_no_longer_names_go() {
        let mut servers = servers(&["a"]);
        servers.hear(&["b".to_owned(), "c".to_owned()], false);
        servers.answered("b");
        servers.hear(&["b".to_owned()], true);
        assert_eq!(
            servers.urls(),
            ["b", "a", "c"],
            "who named itself alone took nobody's place"
        );
        servers.hear(&["d".to_owned()], false);
        assert_eq!(
            servers.urls(),
            ["b", "a", "d"],
            "one that answers and one that was named stay"
        );
    }

    #[test]
    fn entry_machines_are_bounded() {
        let mut servers = servers(&["a"]);
        let many: Vec<String> = (0..500).map(|number| number.to_string()).collect();
        servers.hear(&many, false);
        assert_eq!(servers.urls().len(), SERVERS_MAX);
    }

    #[test]
    fn a_guess_that_came_to_nothing_is_not_kept() {
        let mut servers = servers(&[]);
        servers.add(["usual".to_owned()], Origin::Usual);
        servers.add(["near".to_owned(), "other".to_owned()], Origin::Found);
        assert_eq!(servers.proven(), [""; 0]);
        servers.answered("near");
        assert_eq!(servers.proven(), ["near"]);
    }
}
