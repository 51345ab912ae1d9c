//! Who listens to what: one ear at the node for all streams of this machine, and a short queue for each of them.
//!
//! A stream says what concerns it (its own account, the authors whom it follows, tags, everything public), and an event
//! goes to those whom it concerns: a busy machine wakes nobody who does not follow its busy authors.
//!
//! **Invariant:** nothing here waits. Whose queue is full is struck off, and their stream ends: the app comes back and reads
//! the timeline, which misses nothing.
//! **Invariant:** an entry is told to those whose home is in the group that it came into. A machine with several groups
//! hears of the same dweet from each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tertulia_node::{Happened, Heard, Listener, Node};
use tertulia_state::{Event, tag};
use tertulia_types::view::DweetView;
use tertulia_types::{AccountId, DweetId, NotificationId, Range};
use tokio::sync::{OnceCell, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// All streams of a machine: with what each keeps, some 100 MB.
const STREAMS_MAX: usize = 4_096;
/// Devices, tabs and programs of one person.
const STREAMS_BY_ACCOUNT_MAX: usize = 32;
/// Streams of public dweets without a token.
const STREAMS_BY_NOBODY_MAX: usize = 512;
/// The account of those without a token: it is nobody's.
const NOBODY: AccountId = AccountId::MIN;
/// What a stream may leave unread.
const QUEUE_MAX: usize = 256;
/// So many of the newest public dweets are remembered, to tell of their edits and deletions.
const LISTED_MAX: usize = 4_096;

/// What happened to a dweet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is new here.
    New,
    /// Its words changed.
    Edited,
    /// It is gone.
    Gone,
}

/// A public dweet that is told to many: whoever needs its words first reads them for all.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) id: DweetId,
    pub(crate) words: OnceCell<DweetView>,
}

/// What a stream is told: that something may concern it. What it says to its reader it asks the homes.
#[derive(Debug, Clone)]
pub(crate) enum Tiding {
    /// In the home timeline.
    Home(DweetId, Change),
    /// Among the public dweets.
    Public(Arc<Shared>, Change),
    /// Among those with a tag.
    Tagged(Arc<str>, Arc<Shared>, Change),
    /// A notification came.
    Notified(NotificationId),
    /// A letter came into the mailbox: its number.
    Letter(u64),
    /// Whom the reader follows, blocks or mutes has changed.
    Edges,
    /// Some of the reader's sessions have ended.
    Sessions,
}

/// What concerns a stream, beside its own account.
#[derive(Debug, Default)]
pub(crate) struct Concern {
    /// Whose entries.
    pub(crate) authors: Vec<AccountId>,
    /// Which tags, in lower case.
    pub(crate) tags: BTreeSet<String>,
    /// Whether all public dweets.
    pub(crate) public: bool,
}

/// There are as many streams as there may be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// The streams of a machine.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    /// Locked for a look-up and some sends that do not wait.
    board: Mutex<Board>,
    listening: OnceLock<()>,
}

/// A stream's place; leaving is dropping it.
#[derive(Debug)]
pub(crate) struct Seat {
    hub: Arc<Hub>,
    id: u64,
}

impl Hub {
    /// Gives a stream a place, and the queue of what is told to it. The queue ends when the stream was too slow, and when
    /// the machine stops.
    pub(crate) fn enter(
        self: &Arc<Self>,
        account: Option<AccountId>,
    ) -> Result<(Seat, mpsc::Receiver<Tiding>), Full> {
        let (queue, tidings) = mpsc::channel(QUEUE_MAX);
        let id = self.board().enter(account.unwrap_or(NOBODY), queue)?;
        Ok((
            Seat {
                hub: Arc::clone(self),
                id,
            },
            tidings,
        ))
    }

    /// Begins to listen, once.
    pub(crate) fn listen(
        self: &Arc<Self>,
        node: &Arc<Node>,
        tasks: &TaskTracker,
        closing: &CancellationToken,
    ) {
        self.listening.get_or_init(|| {
            let ear = Ear {
                hub: Arc::clone(self),
                node: Arc::clone(node),
            };
            tasks.spawn(ear.listen(node.listen(), closing.clone()));
        });
    }

    fn board(&self) -> std::sync::MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Says what concerns the stream, in place of what did.
    pub(crate) fn concern(&self, concern: Concern) {
        self.hub.board().concern(self.id, concern);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.board().leave(self.id);
    }
}

/// The one that hears.
struct Ear {
    hub: Arc<Hub>,
    node: Arc<Node>,
}

impl Ear {
    async fn listen(self, mut listener: Listener, closing: CancellationToken) {
        loop {
            let heard = tokio::select! {
                heard = listener.next() => heard,
                () = closing.cancelled() => break,
            };
            match heard {
                Some(Heard::Event(happened)) => self.hear(&happened),
                Some(Heard::Missed(group)) => self.miss(group),
                None => break,
            }
        }
        self.hub.board().end_all();
    }

    /// Nobody knows who missed what, or whose session has ended: all whom it may concern come back.
    fn miss(&self, group: Option<u64>) {
        match group.and_then(|group| self.node.range_of(group)) {
            Some(range) => self.hub.board().end_within(&range),
            None => self.hub.board().end_all(),
        }
    }

    fn hear(&self, happened: &Happened) {
        if let Some(range) = self.node.range_of(happened.group) {
            self.hub.board().tell(&happened.event, &range);
        }
    }
}

#[derive(Debug)]
struct Stream {
    account: AccountId,
    queue: mpsc::Sender<Tiding>,
    concern: Concern,
}

/// In which lists a public dweet is.
#[derive(Debug, Default)]
struct Listed {
    public: bool,
    tags: BTreeSet<Arc<str>>,
}

/// Who listens to what, both ways round.
#[derive(Debug, Default)]
struct Board {
    last: u64,
    streams: BTreeMap<u64, Stream>,
    by_account: BTreeSet<(AccountId, u64)>,
    by_author: BTreeSet<(AccountId, u64)>,
    by_tag: BTreeMap<String, BTreeSet<u64>>,
    public: BTreeSet<u64>,
    /// The newest ones, by id: by age.
    listed: BTreeMap<DweetId, Listed>,
}

impl Board {
    fn enter(&mut self, account: AccountId, queue: mpsc::Sender<Tiding>) -> Result<u64, Full> {
        let bound = if account == NOBODY {
            STREAMS_BY_NOBODY_MAX
        } else {
            STREAMS_BY_ACCOUNT_MAX
        };
        if self.streams.len() >= STREAMS_MAX || of(&self.by_account, account).count() >= bound {
            return Err(Full);
        }
        self.last += 1;
        let id = self.last;
        self.by_account.insert((account, id));
        self.streams.insert(
            id,
            Stream {
                account,
                queue,
                concern: Concern::default(),
            },
        );
        Ok(id)
    }

    fn concern(&mut self, id: u64, concern: Concern) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        let old = std::mem::take(&mut stream.concern);
        self.forget(id, &old);
        self.by_author
            .extend(concern.authors.iter().map(|author| (*author, id)));
        for tag in &concern.tags {
            self.by_tag.entry(tag.clone()).or_default().insert(id);
        }
        if concern.public {
            self.public.insert(id);
        }
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.concern = concern;
        }
    }

    fn forget(&mut self, id: u64, concern: &Concern) {
        for author in &concern.authors {
            self.by_author.remove(&(*author, id));
        }
        for tag in &concern.tags {
            if let Some(streams) = self.by_tag.get_mut(tag) {
                streams.remove(&id);
                if streams.is_empty() {
                    self.by_tag.remove(tag);
                }
            }
        }
        self.public.remove(&id);
    }

    fn leave(&mut self, id: u64) {
        if let Some(stream) = self.streams.remove(&id) {
            self.by_account.remove(&(stream.account, id));
            self.forget(id, &stream.concern);
        }
    }

    fn end_all(&mut self) {
        *self = Self {
            last: self.last,
            ..Self::default()
        };
    }

    /// Ends the streams that events of this range's group may concern.
    fn end_within(&mut self, range: &Range) {
        let is_concerned = |stream: &Stream| {
            let mut tags = stream.concern.tags.iter();
            stream.concern.public
                || (stream.account != NOBODY && range.contains(stream.account.home()))
                || tags.any(|tag| range.contains(tag::position(tag)))
        };
        let concerned = self.streams.iter().filter(|(_, stream)| is_concerned(stream));
        for id in concerned.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.leave(id);
        }
    }

    /// Tells an event of a group to those whom it concerns.
    fn tell(&mut self, event: &Event, range: &Range) {
        match event {
            Event::Delivered { id, author, edited } => {
                self.tell_followers(
                    *author,
                    range,
                    Tiding::Home(*id, if *edited { Change::Edited } else { Change::New }),
                );
            }
            Event::Withdrawn { id, author } => {
                self.tell_followers(*author, range, Tiding::Home(*id, Change::Gone))
            }
            Event::Published { id, author, public } => {
                self.tell_account(*author, Tiding::Home(*id, Change::New));
                if *public {
                    self.list(*id).public = true;
                    self.tell_listed(*id, Change::New, true, &[]);
                }
            }
            Event::Edited { id, author } => {
                self.tell_account(*author, Tiding::Home(*id, Change::Edited));
                if let Some((public, tags)) = self
                    .listed
                    .get(id)
                    .map(|listed| (listed.public, Vec::from_iter(listed.tags.clone())))
                {
                    self.tell_listed(*id, Change::Edited, public, &tags);
                }
            }
            Event::Deleted { id, author } => {
                self.tell_account(*author, Tiding::Home(*id, Change::Gone));
                if let Some(Listed { public, tags }) = self.listed.remove(id) {
                    self.tell_listed(*id, Change::Gone, public, &Vec::from_iter(tags));
                }
            }
            Event::Tagged { tag, id } => {
                let tag: Arc<str> = tag.as_str().into();
                // Two machines may tell of it.
                if self.list(*id).tags.insert(Arc::clone(&tag)) {
                    self.tell_listed(*id, Change::New, false, &[tag]);
                }
            }
            Event::Notified { account, id } => self.tell_account(*account, Tiding::Notified(*id)),
            Event::Edges { account } => self.tell_account(*account, Tiding::Edges),
            Event::SessionsEnded { account } => self.tell_account(*account, Tiding::Sessions),
            Event::Letter { account, number } => self.tell_account(*account, Tiding::Letter(*number)),
            Event::Errands => {}
        }
    }

    /// The lists of a public dweet. Who is older than all that are remembered is forgotten at once.
    fn list(&mut self, id: DweetId) -> &mut Listed {
        while self.listed.len() >= LISTED_MAX && !self.listed.contains_key(&id) {
            self.listed.pop_first();
        }
        self.listed.entry(id).or_default()
    }

    fn tell_account(&mut self, account: AccountId, tiding: Tiding) {
        let streams: Vec<u64> = of(&self.by_account, account).collect();
        self.send(&streams, &tiding);
    }

    fn tell_followers(&mut self, author: AccountId, range: &Range, tiding: Tiding) {
        let is_theirs = |id: &u64| {
            self.streams
                .get(id)
                .is_some_and(|stream| range.contains(stream.account.home()))
        };
        let streams: Vec<u64> = of(&self.by_author, author).filter(is_theirs).collect();
        self.send(&streams, &tiding);
    }

    fn tell_listed(&mut self, id: DweetId, change: Change, public: bool, tags: &[Arc<str>]) {
        let shared = Arc::new(Shared {
            id,
            words: OnceCell::new(),
        });
        if public {
            let streams: Vec<u64> = self.public.iter().copied().collect();
            self.send(&streams, &Tiding::Public(Arc::clone(&shared), change));
        }
        for tag in tags {
            let streams: Vec<u64> = self.by_tag.get(&**tag).into_iter().flatten().copied().collect();
            self.send(
                &streams,
                &Tiding::Tagged(Arc::clone(tag), Arc::clone(&shared), change),
            );
        }
    }

    fn send(&mut self, streams: &[u64], tiding: &Tiding) {
        for id in streams {
            let told = self
                .streams
                .get(id)
                .map(|stream| stream.queue.try_send(tiding.clone()));
            if let Some(Err(_)) = told {
                metrics::counter!("tertulia_streams_too_slow_total").increment(1);
                self.leave(*id);
            }
        }
    }
}

fn of(pairs: &BTreeSet<(AccountId, u64)>, account: AccountId) -> impl Iterator<Item = u64> {
    pairs.range((account, 0)..=(account, u64::MAX)).map(|(_, id)| *id)
}

#[cfg(test)]
mod tests {
    use super::{Concern, Full, Hub, QUEUE_MAX, STREAMS_BY_ACCOUNT_MAX, Seat, Tiding};
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use tertulia_state::{Event, tag};
    use tertulia_types::position::Slot;
    use tertulia_types::{AccountId, DweetId, Range};
    use tokio::sync::mpsc::Receiver;
    use tokio::sync::mpsc::error::TryRecvError;

    fn account(slot: u16) -> AccountId {
        AccountId::new(1, Slot(slot))
    }

    fn dweet(ms: u64) -> DweetId {
        DweetId::new(ms, Slot(9))
    }

    fn enter(hub: &Arc<Hub>, slot: u16, concern: Concern) -> (Seat, Receiver<Tiding>) {
        let (seat, tidings) = hub.enter(Some(account(slot))).expect("room");
        seat.concern(concern);
        (seat, tidings)
    }

    fn authors(slots: &[u16]) -> Concern {
        Concern {
            authors: slots.iter().map(|slot| account(*slot)).collect(),
            ..Concern::default()
        }
    }

    /// What waits in a queue, in words.
    fn read(tidings: &mut Receiver<Tiding>) -> Vec<String> {
        let mut words = Vec::new();
        while let Ok(tiding) = tidings.try_recv() {
            words.push(match tiding {
                Tiding::Home(id, change) => format!("home {} {change:?}", id.unix_ms()),
                Tiding::Public(shared, change) => format!("public {} {change:?}", shared.id.unix_ms()),
                Tiding::Tagged(tag, shared, change) => format!("#{tag} {} {change:?}", shared.id.unix_ms()),
                Tiding::Notified(id) => format!("notified {}", id.unix_ms()),
                Tiding::Edges => "edges".to_owned(),
                Tiding::Letter(number) => format!("letter {number}"),
                Tiding::Sessions => "sessions".to_owned(),
            });
        }
        words
    }

    #[test]
    fn entries_come_to_those_who_follow_and_live_in_the_group() {
        let hub = Arc::new(Hub::default());
        let (_near, mut near) = enter(&hub, 5, authors(&[1, 2]));
        let (_far, mut far) = enter(&hub, 60_000, authors(&[1]));
        let (_other, mut other) = enter(&hub, 6, authors(&[2]));
        let lower = Range::between(Slot(0), Slot(100));
        let delivered = Event::Delivered {
            id: dweet(7),
            author: account(1),
            edited: false,
        };
        hub.board().tell(&delivered, &lower);
        hub.board().tell(
            &Event::Withdrawn {
                id: dweet(8),
                author: account(1),
            },
            &lower,
        );
        assert_eq!(read(&mut near), ["home 7 New", "home 8 Gone"]);
        assert!(read(&mut far).is_empty() && read(&mut other).is_empty());
    }

    #[test]
    fn what_concerns_an_account_comes_to_its_streams_alone() {
        let hub = Arc::new(Hub::default());
        let ((_a, mut a), (_b, mut b)) = (
            enter(&hub, 5, Concern::default()),
            enter(&hub, 6, Concern::default()),
        );
        for event in [
            Event::Published {
                id: dweet(1),
                author: account(5),
                public: false,
            },
            Event::Edges { account: account(5) },
            Event::SessionsEnded { account: account(5) },
            Event::Errands,
        ] {
            hub.board().tell(&event, &Range::whole());
        }
        assert_eq!(read(&mut a), ["home 1 New", "edges", "sessions"]);
        assert!(read(&mut b).is_empty());
    }

    #[test]
    fn a_gap_ends_the_streams_that_it_may_concern_and_no_others() {
        let hub = Arc::new(Hub::default());
        let home = tag::position("sol").slot().0;
        let range = Range::between(Slot(home.wrapping_sub(10)), Slot(home.wrapping_add(10)));
        let listening = |tags: &[&str], public| Concern {
            tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
            public,
            ..Concern::default()
        };
        let outside = home.wrapping_add(1_000);
        let mut streams = [
            (enter(&hub, home, Concern::default()), true),
            (enter(&hub, outside, authors(&[home])), false),
            (enter(&hub, outside, listening(&["sol"], false)), true),
            (enter(&hub, outside, listening(&["luna"], false)), false),
            (enter(&hub, outside, listening(&[], true)), true),
        ];
        hub.board().end_within(&range);
        for ((_, tidings), ends) in &mut streams {
            let has_ended = matches!(tidings.try_recv(), Err(TryRecvError::Disconnected));
            assert_eq!(has_ended, *ends);
        }
    }

    #[test]
    fn lists_are_told_of_edits_and_deletions_of_what_is_in_them() {
        let hub = Arc::new(Hub::default());
        let tags = BTreeSet::from(["sol".to_owned()]);
        let (_seat, mut tidings) = enter(
            &hub,
            5,
            Concern {
                tags,
                public: true,
                ..Concern::default()
            },
        );
        let author = account(1);
        for event in [
            Event::Published {
                id: dweet(1),
                author,
                public: true,
            },
            Event::Tagged {
                tag: "sol".to_owned(),
                id: dweet(1),
            },
            Event::Edited { id: dweet(1), author },
            Event::Tagged {
                tag: "sol".to_owned(),
                id: dweet(1),
            },
            Event::Deleted { id: dweet(1), author },
            Event::Published {
                id: dweet(2),
                author,
                public: false,
            },
            Event::Edited { id: dweet(2), author },
            Event::Deleted { id: dweet(2), author },
        ] {
            hub.board().tell(&event, &Range::whole());
        }
        let expected = [
            "public 1 New",
            "#sol 1 New",
            "public 1 Edited",
            "#sol 1 Edited",
            "public 1 Gone",
            "#sol 1 Gone",
        ];
        assert_eq!(
            read(&mut tidings),
            expected,
            "and not a word of what is not public"
        );
    }

    #[test]
    fn who_is_slow_is_struck_off_and_nobody_waits() {
        let hub = Arc::new(Hub::default());
        let ((_slow, mut slow), (_quick, mut quick)) =
            (enter(&hub, 5, authors(&[1])), enter(&hub, 6, authors(&[1])));
        for ms in 0..=QUEUE_MAX as u64 {
            let delivered = Event::Delivered {
                id: dweet(ms),
                author: account(1),
                edited: false,
            };
            hub.board().tell(&delivered, &Range::whole());
            assert_eq!(read(&mut quick).len(), 1);
        }
        assert_eq!(read(&mut slow).len(), QUEUE_MAX);
        assert!(
            matches!(slow.try_recv(), Err(TryRecvError::Disconnected)),
            "its stream ends"
        );
    }

    #[test]
    fn streams_are_bounded_and_leave_nothing_behind() {
        let hub = Arc::new(Hub::default());
        let seats: Vec<_> = (0..STREAMS_BY_ACCOUNT_MAX)
            .map(|_| enter(&hub, 5, authors(&[1, 2])))
            .collect();
        assert_eq!(hub.enter(Some(account(5))).err(), Some(Full));
        assert!(hub.enter(Some(account(6))).is_ok() && hub.enter(None).is_ok());
        drop(seats);
        assert!(hub.enter(Some(account(5))).is_ok());
        let board = hub.board();
        assert!(board.streams.is_empty() && board.by_author.is_empty() && board.by_account.is_empty());
    }
}
