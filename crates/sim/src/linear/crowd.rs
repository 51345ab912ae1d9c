//! People at real machines who keep a history of what they do: they want the same nicks at the same time, write as the same authors and read them, each at
//! whichever machine they like. Whoever gets no answer asks again with the same key, or gives up, and then nobody knows.
//!
//! They work on the thread that began them, in a `LocalSet`, as [`crate::load`]'s people do.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::object::{Author, AuthorAct, Nick, NickAct, without_unseen};
use super::{Done, Histories, Object, check};
use crate::load::{Doors, WAIT_MAX};
use crate::lot::Lot;
use crate::person::{Person, Undone, text};
use crate::wire::Wire;

/// People of whom each works at a machine of their choice.
const CLIENTS: usize = 6;
/// Authors as whom all of them write.
const AUTHORS: usize = 2;
/// Dweets after which an author makes room for another one.
const DWEETS_MAX: u32 = 60;
/// Acts with a nick after which all want another one.
const NICK_ACTS_MAX: usize = 12;
/// As many as the API gives at once.
const LIMIT: usize = 40;
/// A machine that has not answered for this long is not waited for any more.
const ANSWER_MAX: Duration = Duration::from_secs(6);
/// Between two things that somebody does.
const REST: Duration = Duration::from_millis(25);

/// The people.
pub struct Crowd {
    scene: Scene,
    over: watch::Sender<bool>,
    clients: JoinSet<()>,
}

/// What they share.
#[derive(Clone)]
struct Scene {
    /// Tells these people from others on the same ring.
    stem: &'static str,
    doors: watch::Receiver<Vec<SocketAddr>>,
    over: watch::Receiver<bool>,
    began: Instant,
    book: Rc<RefCell<Book>>,
}

#[derive(Default)]
struct Book {
    nicks: Histories<NickAct>,
    authors: Histories<AuthorAct>,
    /// Of each author's place: which author has it now, and how many dweets they were asked to write.
    written: [(u32, u32); AUTHORS],
    /// The nick that all want, and how often somebody has had to do with it.
    wanted: (u32, usize),
    /// The last key that was used.
    keys: u32,
}

/// What came of it, if all was well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Things done.
    pub acts: usize,
    /// Of these, how many were never answered.
    pub open: usize,
    /// Nicks and authors that they were done with.
    pub objects: usize,
}

impl Crowd {
    /// They begin.
    #[must_use]
    pub fn begin(stem: &'static str, doors: &Doors, seed: u64) -> Self {
        let (over, is_over) = watch::channel(false);
        let scene = Scene {
            stem,
            doors: doors.watch(),
            over: is_over,
            began: Instant::now(),
            book: Rc::default(),
        };
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let lot = Lot::new(seed * 64 + number as u64);
            clients.spawn_local(Client::new(scene.clone(), number, lot).live());
        }
        Self { scene, over, clients }
    }

    /// They finish what they have begun; then all that they saw is checked.
    ///
    /// # Panics
    /// When it cannot be told as one thing after another, or one of them comes to no end.
    pub async fn end(self) -> Verdict {
        self.over.send_replace(true);
        timeout(WAIT_MAX, self.clients.join_all())
            .await
            .expect("the clients come to an end");
        let book = self.scene.book.take();
        let (nick_acts, nicks_open) = book.nicks.count();
        let (author_acts, authors_open) = book.authors.count();
        let verdict = Verdict {
            acts: nick_acts + author_acts,
            open: nicks_open + authors_open,
            objects: book.nicks.0.len() + book.authors.0.len(),
        };
        for (name, history) in book.nicks.0 {
            assert_told::<Nick>(&name, &history);
        }
        for (name, history) in book.authors.0 {
            assert_told::<Author>(&name, &without_unseen(history));
        }
        verdict
    }
}

fn assert_told<O: Object>(name: &str, history: &[Done<O::Act>])
where
    O::Act: fmt::Debug,
{
    if let Err(placed) = check::<O>(history) {
        let left: BTreeMap<usize, &Done<O::Act>> = history
            .iter()
            .enumerate()
            .filter(|(index, _)| !placed.contains(index))
            .collect();
        let placed: Vec<_> = placed.iter().map(|index| &history[*index]).collect();
        panic!(
            "the history of {name} cannot be told as one thing after another: when these had happened in their order: {placed:#?}, none of these could: {left:#?}"
        );
    }
}

/// One of them.
struct Client {
    scene: Scene,
    number: usize,
    lot: Lot,
    /// Sessions of the authors as whom this one writes: of which author, and the session.
    authors: [Option<(u32, Person)>; AUTHORS],
}

impl Client {
    fn new(scene: Scene, number: usize, lot: Lot) -> Self {
        Self {
            scene,
            number,
            lot,
            authors: [const { None }; AUTHORS],
        }
    }

    async fn live(mut self) {
        while !*self.scene.over.borrow() {
            let place = usize::try_from(self.lot.below(AUTHORS as u64)).unwrap_or(0);
            match self.lot.below(10) {
                0..3 => self.write(place).await,
                3..7 => self.read(place).await,
                7..8 => self.want_nick().await,
                _ => self.look_for_nick().await,
            }
            sleep(REST).await;
        }
    }

    fn door(&mut self) -> SocketAddr {
        let doors = self.scene.doors.borrow().clone();
        *self.lot.one_of(&doors)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.scene.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn key(&self) -> u32 {
        let mut book = self.scene.book.borrow_mut();
        book.keys += 1;
        book.keys
    }

    /// Asks until there is an answer, or somebody loses patience; `None` if nobody knows what came of it.
    async fn insist<T>(
        &mut self,
        mut ask: impl AsyncFnMut(SocketAddr) -> Result<T, Undone>,
    ) -> Option<Result<T, u16>> {
        loop {
            let door = self.door();
            match ask(door).await {
                Ok(answer) => return Some(Ok(answer)),
                Err(Undone::Refused { status, .. }) => return Some(Err(status)),
                // "Busy" too: a machine may say so when what it was asked for is on its way.
                Err(Undone::Unknown(_) | Undone::Busy(_)) => {
                    if self.lot.below(2) == 0 || *self.scene.over.borrow() {
                        return None;
                    }
                    sleep(REST).await;
                }
            }
        }
    }

    /// The session of whoever has this author's place now.
    async fn author(&mut self, place: usize) -> Option<(String, u32)> {
        let number = self.scene.book.borrow().written[place].0;
        let nick = format!("{}_author_{place}_{number}", self.scene.stem);
        let is_known = |author: &(u32, Person)| author.0 == number;
        if !self.authors[place].as_ref().is_some_and(is_known) {
            // All register them with the same key: a repeat opens a session of one's own (P3).
            let asked = self.insist(async |door| {
                Person::register_by(Wire::new(door).within(ANSWER_MAX), &nick, &nick).await
            });
            match asked.await? {
                Ok(person) => self.authors[place] = Some((number, person)),
                Err(status) => panic!("{nick} is refused with {status}"),
            }
        }
        Some((nick, number))
    }

    /// Insists with the session of an author, which is there.
    async fn insist_as<T>(
        &mut self,
        place: usize,
        mut ask: impl AsyncFnMut(&mut Person) -> Result<T, Undone>,
    ) -> Option<Result<T, u16>> {
        let mut session = self.authors[place].take()?;
        let answer = self
            .insist(async |door| {
                session.1.go_to(door);
                ask(&mut session.1).await
            })
            .await;
        self.authors[place] = Some(session);
        answer
    }

    async fn write(&mut self, place: usize) {
        let Some((nick, number)) = self.author(place).await else {
            return;
        };
        let dweet = self.key();
        let words = format!("dweet {dweet}");
        let asked = self.now();
        let answer = self
            .insist_as(place, async |session| session.publish(&words, &words).await)
            .await;
        let answered = match answer {
            Some(Ok(_)) => Some(self.now()),
            None => None,
            Some(Err(status)) => panic!("“{words}” of {nick} is refused with {status}"),
        };
        let done = self.done(AuthorAct::Wrote(dweet), asked, answered);
        let mut book = self.scene.book.borrow_mut();
        book.authors.add(&nick, done);
        let written = &mut book.written[place];
        if written.0 == number {
            written.1 += 1;
            if written.1 >= DWEETS_MAX {
                *written = (number + 1, 0);
            }
        }
    }

    async fn read(&mut self, place: usize) {
        let Some((nick, _)) = self.author(place).await else {
            return;
        };
        let asked = self.now();
        let answer = self
            .insist_as(place, async |session| {
                let path = format!("/api/v1/accounts/{}/statuses?limit={LIMIT}", session.id());
                session.get(&path).await
            })
            .await;
        match answer {
            Some(Ok(page)) => {
                let shown = page.as_array().expect("a page");
                let newest = shown
                    .iter()
                    .map(|dweet| number_of(&text(&dweet["content"])))
                    .collect();
                let read = AuthorAct::Read { newest, limit: LIMIT };
                let done = self.done(read, asked, Some(self.now()));
                self.scene.book.borrow_mut().authors.add(&nick, done);
            }
            // What somebody may have read is nothing that anybody knows.
            None => {}
            Some(Err(status)) => panic!("the profile of {nick} is refused with {status}"),
        }
    }

    /// The nick that all want now.
    fn wanted(&self) -> String {
        let mut book = self.scene.book.borrow_mut();
        let (number, acts) = &mut book.wanted;
        *acts += 1;
        if *acts > NICK_ACTS_MAX {
            (*number, *acts) = (*number + 1, 1);
        }
        format!("{}_wanted_{number}", self.scene.stem)
    }

    async fn want_nick(&mut self) {
        let nick = self.wanted();
        let key = format!("{nick} {} {}", self.number, self.key());
        let asked = self.now();
        let answer = self
            .insist(async |door| Person::register_by(Wire::new(door).within(ANSWER_MAX), &nick, &key).await)
            .await;
        let (act, answered) = match answer {
            Some(Ok(person)) => (NickAct::Got(person.id().to_owned()), Some(self.now())),
            Some(Err(422)) => (NickAct::Refused, Some(self.now())),
            Some(Err(status)) => panic!("{nick} is refused with {status}"),
            None => (NickAct::Wanted, None),
        };
        let done = self.done(act, asked, answered);
        self.scene.book.borrow_mut().nicks.add(&nick, done);
    }

    async fn look_for_nick(&mut self) {
        // Somebody who looks has to be somebody.
        let Some(place) = self.authors.iter().position(Option::is_some) else {
            return;
        };
        let nick = self.wanted();
        let path = format!("/api/v1/accounts/lookup?acct={nick}");
        let asked = self.now();
        let answer = self
            .insist_as(place, async |session| session.get(&path).await)
            .await;
        let seen = match answer {
            Some(Ok(account)) => Some(text(&account["id"])),
            Some(Err(404)) => None,
            Some(Err(status)) => panic!("{nick} cannot be looked for: {status}"),
            None => return,
        };
        let done = self.done(NickAct::Seen(seen), asked, Some(self.now()));
        self.scene.book.borrow_mut().nicks.add(&nick, done);
    }

    fn done<A>(&self, act: A, asked: u64, answered: Option<u64>) -> Done<A> {
        Done {
            by: self.number,
            act,
            asked,
            answered,
        }
    }
}

/// Which dweet a text is.
fn number_of(content: &str) -> u32 {
    let digits: String = content.chars().filter(char::is_ascii_digit).collect();
    digits
        .parse()
        .unwrap_or_else(|_| panic!("nobody wrote “{content}”"))
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} acts with {} nicks and authors, {} of them never answered, told as one thing after another",
            self.acts, self.objects, self.open
        )
    }
}
