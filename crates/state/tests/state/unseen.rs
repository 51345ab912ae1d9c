//! What is unseen (rule T6), against a model of what a reader was shown.

use crate::community::Community;
use crate::script::texts;
use proptest::prelude::*;
use std::collections::BTreeSet;
use tertulia_state::marker::{MarkerView, Markers, SetMarker, Timeline};
use tertulia_state::outbox::Parcel;
use tertulia_state::page::Page;
use tertulia_state::request::RequestKey;
use tertulia_state::session::Actor;
use tertulia_state::timeline::{CountUnseen, Next, NextPage, SetReader};
use tertulia_types::{DweetId, Position, Rejected};

/// Ben, who follows ana.
fn two(groups: u32) -> (Community, Actor, Actor) {
    let mut community = Community::of(groups);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.follow(ben, ana.account);
    community.carry();
    (community, ana, ben)
}

#[test]
fn t6_a_late_entry_with_an_old_id_is_not_missed() {
    let (mut community, ana, ben) = two(3);
    community.publish(ana, "late");
    let (at, late) = community.pending().remove(0);
    community.publish(ana, "punctual");
    let (_, punctual) = community.pending().remove(1);
    community.carry_one(at, punctual);
    assert_eq!(texts(&community.ask(ben, 10).dweets), ["punctual"]);
    assert_eq!(community.unseen(ben), 0);
    community.carry_one(at, late);
    assert_eq!(community.unseen(ben), 1);
    assert_eq!(texts(&community.ask(ben, 10).dweets), ["late"]);
}

#[test]
fn t6_the_count_is_exact_up_to_800_and_pages_are_the_newest_also_beyond() {
    let (mut community, ana, ben) = two(1);
    for i in 0..810 {
        community.publish(ana, &format!("{i}"));
    }
    community.carry();
    let unseen = community.query(CountUnseen { actor: ben }).expect("a count");
    assert_eq!((unseen.count, unseen.more), (800, true));
    let next = community.ask(ben, 5);
    assert_eq!(texts(&next.dweets), ["809", "808", "807", "806", "805"]);
    assert_eq!((next.unseen.count, next.unseen.more), (800, true));
    assert_eq!(texts(&community.ask(ben, 5).dweets)[0], "804");
    let next = community.ask(ben, 1);
    assert_eq!(
        (texts(&next.dweets), next.unseen.count, next.unseen.more),
        (vec!["799".to_owned()], 799, false)
    );
}

#[test]
fn t6_two_devices_that_ask_at_once_lose_nothing() {
    let (mut community, ana, ben) = two(1);
    for i in 0..4 {
        community.publish(ana, &format!("{i}"));
    }
    community.carry();
    let phone = community.query(asking(ben, 2)).expect("a page");
    let laptop = community.query(asking(ben, 3)).expect("a page");
    let (first, second) = (community.key(), community.key());
    community.submit(recording(ben, &phone, first)).expect("recorded");
    assert_eq!(
        community.submit(recording(ben, &laptop, second)),
        Err(Rejected::Conflict)
    );
    assert_eq!(texts(&community.ask(ben, 3).dweets), ["1", "0"]);
}

fn asking(reader: Actor, limit: u32) -> NextPage {
    NextPage {
        actor: reader,
        limit,
        from: None,
    }
}

/// That a page was shown.
fn recording(reader: Actor, shown: &Next, key: RequestKey) -> SetReader {
    SetReader {
        actor: reader,
        before: shown.before,
        after: shown.after,
        key,
    }
}

#[test]
fn p6_asking_again_with_the_same_key_shows_the_same_page() {
    let (mut community, ana, ben) = two(1);
    for i in 0..4 {
        community.publish(ana, &format!("{i}"));
    }
    community.carry();
    let key = community.key();
    let ask = asking(ben, 2);
    let mut shown = Vec::new();
    for _ in 0..2 {
        let next = community.query(ask.clone()).expect("a page");
        let from = Some(community.submit(recording(ben, &next, key)).expect("recorded"));
        let page = community
            .query(NextPage { from, ..ask.clone() })
            .expect("the page");
        shown.push(texts(&page.dweets));
    }
    assert_eq!(shown, [["3", "2"], ["3", "2"]]);
    assert_eq!(texts(&community.ask(ben, 3).dweets), ["1", "0"]);
}

#[test]
fn p6_a_repeat_leaves_for_the_next_page_what_has_arrived_since() {
    let (mut community, ana, ben) = two(1);
    for i in 0..3 {
        community.publish(ana, &format!("{i}"));
    }
    community.carry();
    let ask = asking(ben, 2);
    let first = community.query(ask.clone()).expect("a page");
    let set = recording(ben, &first, community.key());
    community.submit(set.clone()).expect("recorded");
    // The answer is lost, and meanwhile:
    community.publish(ana, "3");
    community.publish(ana, "4");
    community.carry();
    let from = Some(community.submit(set).expect("recorded before"));
    let again = community.query(NextPage { from, ..ask }).expect("the page");
    assert_eq!(texts(&again.dweets), texts(&first.dweets));
    assert_eq!(texts(&community.ask(ben, 5).dweets), ["0"]);
    assert_eq!(texts(&community.ask(ben, 5).dweets), ["4", "3"]);
}

#[test]
fn t6_a_get_marks_nothing_and_a_marker_does() {
    let (mut community, ana, ben) = two(3);
    let ids: Vec<_> = (0..4)
        .map(|i| community.publish(ana, &format!("{i}")).id.get())
        .collect();
    community.carry();
    community.home(ben);
    assert_eq!(community.unseen(ben), 4);
    community.mark(ben, ids[1]);
    assert_eq!(community.unseen(ben), 2);
    community.mark(ben, ids[0]);
    assert_eq!(
        community.unseen(ben),
        2,
        "a device that lags behind unmarks nothing"
    );
    assert_eq!(texts(&community.ask(ben, 10).dweets), ["3", "2"]);
    let markers = community.query(Markers { actor: ben }).expect("markers");
    assert_eq!(
        (markers[0].timeline, markers[0].last_read_id, markers[0].version),
        (Timeline::Home, ids[0], 2)
    );
    let set = SetMarker {
        actor: ben,
        timeline: Timeline::Notifications,
        last_read_id: 7,
    };
    let set = community.submit(set).expect("set");
    let expected = MarkerView {
        timeline: Timeline::Notifications,
        last_read_id: 7,
        version: 1,
        ..set
    };
    assert_eq!(set, expected);
    assert_eq!(community.unseen(ben), 0);
}

#[test]
fn t6_what_comes_behind_a_marker_is_new_though_its_id_is_old() {
    let (mut community, ana, ben) = two(3);
    community.publish(ana, "late");
    let (at, late) = community.pending().remove(0);
    let punctual = community.publish(ana, "punctual");
    let (_, parcel) = community.pending().remove(1);
    community.carry_one(at, parcel);
    community.mark(ben, punctual.id.get());
    assert_eq!(community.unseen(ben), 0);
    community.carry_one(at, late);
    assert_eq!(community.unseen(ben), 1);
    assert_eq!(texts(&community.ask(ben, 10).dweets), ["late"]);
}

#[test]
fn t6_what_came_before_a_follow_is_not_unseen_also_when_others_had_it() {
    let (mut community, ana, _) = two(1);
    community.publish(ana, "before");
    community.carry();
    let eva = community.register("eva");
    community.follow(eva, ana.account);
    community.carry();
    assert_eq!((community.home(eva).len(), community.unseen(eva)), (1, 0));
    community.publish(ana, "after");
    community.carry();
    assert_eq!(community.unseen(eva), 1);
    community.unfollow(eva, ana.account);
    community.follow(eva, ana.account);
    community.carry();
    assert_eq!(community.unseen(eva), 0);
}

#[test]
fn t6_ones_own_dweets_are_in_the_timeline_and_never_unseen() {
    let (mut community, ana, ben) = two(3);
    community.publish(ben, "mine");
    community.publish(ana, "hers");
    community.carry();
    assert_eq!((community.home(ben).len(), community.unseen(ben)), (2, 1));
    assert_eq!(texts(&community.ask(ben, 10).dweets), ["hers"]);
    assert_eq!(texts(&community.ask(ben, 10).dweets), ["mine"]);
}

#[test]
fn t7_a_copy_of_the_file_goes_on_with_the_counter_of_arrivals() {
    let (mut community, ana, ben) = two(1);
    community.publish(ana, "seen");
    community.carry();
    community.ask(ben, 10);
    let location = tertulia_state::Location::file(community.dir().join("child.db"));
    community.groups[0].reader.copy_to(&location).expect("a copy");
    community.groups[0].database = tertulia_state::Database::open(&location).expect("opens");
    community.groups[0].reader = tertulia_state::Reader::open(&location).expect("opens");
    community.publish(ana, "new");
    community.carry();
    assert_eq!(community.unseen(ben), 1);
    assert_eq!(texts(&community.ask(ben, 10).dweets), ["new"]);
}

/// What happens to a reader.
#[derive(Clone, Copy, Debug)]
enum Event {
    Publish {
        author: usize,
    },
    /// One of the parcels that wait comes.
    Carry {
        which: usize,
    },
    Ask {
        limit: u32,
    },
    Mark {
        which: usize,
    },
    Follow {
        author: usize,
    },
    Unfollow {
        author: usize,
    },
    Edit {
        which: usize,
    },
    Delete {
        which: usize,
    },
}

const AUTHORS: usize = 3;

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..AUTHORS).prop_map(|author| Event::Publish { author }),
        7 => (0..40_usize).prop_map(|which| Event::Carry { which }),
        4 => (1..4_u32).prop_map(|limit| Event::Ask { limit }),
        1 => (0..40_usize).prop_map(|which| Event::Mark { which }),
        2 => (0..AUTHORS).prop_map(|author| Event::Follow { author }),
        1 => (0..AUTHORS).prop_map(|author| Event::Unfollow { author }),
        1 => (0..40_usize).prop_map(|which| Event::Edit { which }),
        1 => (0..40_usize).prop_map(|which| Event::Delete { which }),
    ]
}

/// An entry of the reader's group, as its table has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Arrived {
    id: i64,
    arrival: i64,
}

/// What the reader has been shown, told in sets instead of in bounds.
#[derive(Debug, Default)]
struct Model {
    /// Shown as new, or behind a marker when it was set.
    seen: BTreeSet<Arrived>,
    /// What the pages of new dweets are cut from, until it is used up.
    window: BTreeSet<Arrived>,
    /// Shown from it.
    shown: BTreeSet<i64>,
    /// Seen behind a marker: in the midst of a window they are not shown again.
    marked: BTreeSet<i64>,
    marker: i64,
    /// The counter of arrivals when each author was followed.
    since: [Option<i64>; AUTHORS],
}

struct Trial {
    community: Community,
    authors: [Actor; AUTHORS],
    reader: Actor,
    dweets: Vec<(usize, DweetId)>,
    model: Model,
}

impl Trial {
    fn new(groups: u32) -> Self {
        let mut community = Community::of(groups);
        let authors = community.people(["ana", "ben", "cid"]);
        let reader = community.register("reader");
        Self {
            community,
            authors,
            reader,
            dweets: Vec::new(),
            model: Model::default(),
        }
    }

    fn conn(&self) -> rusqlite::Connection {
        let group = self.community.group_of(self.reader.account.home());
        rusqlite::Connection::open(&self.community.groups[group].database.location().path).expect("opens")
    }

    fn counter(&self) -> i64 {
        let sql = "SELECT coalesce(max(arrival), 0) FROM entry";
        let highest: i64 = self.conn().query_row(sql, [], |row| row.get(0)).expect("read");
        // Entries may have gone since; the counter never goes back.
        let known = self
            .model
            .seen
            .iter()
            .chain(&self.model.window)
            .map(|entry| entry.arrival)
            .max();
        highest
            .max(known.unwrap_or(0))
            .max(self.model.since.iter().flatten().copied().max().unwrap_or(0))
    }

    /// What of those whom the reader follows is in the group and stands.
    fn arrived(&self) -> Vec<Arrived> {
        let conn = self.conn();
        let sql = "SELECT id, arrival, author_id FROM entry WHERE view IS NOT NULL ORDER BY id DESC";
        let mut statement = conn.prepare(sql).expect("prepares");
        let rows = statement.query_map([], |row| {
            Ok((
                Arrived {
                    id: row.get(0)?,
                    arrival: row.get(1)?,
                },
                row.get::<_, i64>(2)?,
            ))
        });
        let wanted = |(entry, author): (Arrived, i64)| {
            let author = self.authors.iter().position(|a| a.account.get() == author)?;
            self.model.since[author].map(|since| (entry, since))
        };
        let rows = rows
            .expect("rows")
            .map(|row| row.expect("a row"))
            .filter_map(wanted);
        rows.filter(|(entry, since)| entry.arrival > *since)
            .map(|(entry, _)| entry)
            .collect()
    }

    fn unseen(&self) -> Vec<Arrived> {
        let is_new = |entry: &Arrived| !self.model.seen.contains(entry);
        self.arrived().into_iter().filter(is_new).collect()
    }

    fn carry(&mut self, at: Position, parcel: Parcel) {
        self.community.carry_one(at, parcel);
    }

    fn ask(&mut self, limit: u32) -> Result<(), TestCaseError> {
        let unseen = self.unseen();
        let mut left: Vec<_> = unseen
            .iter()
            .filter(|entry| self.model.window.contains(entry))
            .copied()
            .collect();
        if left.is_empty() && !unseen.is_empty() {
            self.model.window = unseen.iter().copied().collect();
            self.model.shown.clear();
            left.clone_from(&unseen);
        }
        let home: BTreeSet<_> = self
            .community
            .home_page(self.reader, Page::newest(80))
            .iter()
            .map(|s| s.dweet.id.get())
            .collect();
        let next = self.community.ask(self.reader, limit);
        let ids: Vec<_> = next.dweets.iter().map(|shown| shown.dweet.id.get()).collect();
        if unseen.is_empty() {
            prop_assert!(next.older);
            prop_assert!(ids.is_sorted_by(|a, b| a > b));
            prop_assert!(
                ids.iter().all(|id| home.contains(id)),
                "older ones are in the timeline"
            );
            prop_assert!(
                ids.iter().all(|id| !self.model.shown.contains(id)),
                "what was just shown is not repeated"
            );
            prop_assert_eq!(next.unseen.count, 0);
            return Ok(());
        }
        prop_assert!(!next.older);
        left.truncate(limit as usize);
        prop_assert_eq!(
            &ids,
            &left.iter().map(|entry| entry.id).collect::<Vec<_>>(),
            "the newest unseen first"
        );
        prop_assert_eq!(next.unseen.count as usize, unseen.len() - left.len());
        for entry in left {
            prop_assert!(self.model.seen.insert(entry), "shown as new exactly once");
            self.model.shown.insert(entry.id);
        }
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Result<(), TestCaseError> {
        match event {
            Event::Publish { author } => {
                let actor = self.authors[author];
                let words = format!("dweet {}", self.dweets.len());
                let id = self.community.publish(actor, &words).id;
                self.dweets.push((author, id));
            }
            Event::Carry { which } => {
                let mut waiting = self.community.pending();
                if !waiting.is_empty() {
                    let (at, parcel) = waiting.swap_remove(which % waiting.len());
                    self.carry(at, parcel);
                }
            }
            Event::Ask { limit } => self.ask(limit)?,
            Event::Mark { which } => {
                let arrived = self.arrived();
                if let Some(entry) = arrived.get(which) {
                    self.community.mark(self.reader, entry.id);
                    if entry.id >= self.model.marker {
                        self.model.marker = entry.id;
                        // Whoever is followed later: what has arrived by now was before that.
                        let behind: Vec<_> = arrived.iter().filter(|other| other.id <= entry.id).collect();
                        self.model.marked.extend(behind.iter().map(|other| other.id));
                        self.model.seen.extend(behind);
                    }
                }
            }
            Event::Follow { author } => {
                let counter = self.counter();
                self.community.follow(self.reader, self.authors[author].account);
                self.model.since[author].get_or_insert(counter);
            }
            Event::Unfollow { author } => {
                self.community.unfollow(self.reader, self.authors[author].account);
                self.model.since[author] = None;
                // Its entries may go, and come back by a later follow as older ones.
                self.model.shown.clear();
            }
            Event::Edit { which } | Event::Delete { which } if which < self.dweets.len() => {
                let (author, id) = self.dweets[which];
                let actor = self.authors[author];
                if self.community.show(id, None).is_err() {
                    return Ok(());
                }
                if matches!(event, Event::Delete { .. }) {
                    self.community.delete(actor, id);
                } else {
                    self.community.edit(actor, id, Community::body("edited"));
                }
            }
            Event::Edit { .. } | Event::Delete { .. } => {}
        }
        let expected = self.unseen().len();
        prop_assert_eq!(
            self.community.unseen(self.reader) as usize,
            expected,
            "after {:?}",
            event
        );
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 400, ..ProptestConfig::default() })]

    /// However dweets come in, whatever is followed and marked: each is shown as new exactly once, the newest first, and the
    /// count says how many are left.
    #[test]
    fn t6_each_dweet_is_new_exactly_once(groups in 1..3_u32, events in proptest::collection::vec(event(), 1..80)) {
        let mut trial = Trial::new(groups);
        for event in events {
            trial.happen(event)?;
        }
        // Once more something new, and then older ones, down to the first.
        trial.happen(Event::Follow { author: 0 })?;
        trial.community.carry();
        trial.happen(Event::Publish { author: 0 })?;
        trial.community.carry();
        while !trial.unseen().is_empty() {
            trial.ask(3)?;
        }
        prop_assert_eq!(trial.community.unseen(trial.reader), 0);
        let mut shown: BTreeSet<_> = trial.model.shown.union(&trial.model.marked).copied().collect();
        loop {
            let next = trial.community.ask(trial.reader, 5);
            prop_assert!(next.older);
            if next.dweets.is_empty() {
                break;
            }
            shown.extend(next.dweets.iter().map(|shown| shown.dweet.id.get()));
        }
        let home = trial.community.home_page(trial.reader, Page::newest(80));
        prop_assert!(home.iter().all(|entry| shown.contains(&entry.dweet.id.get())), "nothing is left out");
    }
}
