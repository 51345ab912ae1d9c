//! What is carried between homes: repeats, reorderings and two couriers change nothing.

use crate::community::{Community, answered};
use crate::script::{answer, text};
use proptest::prelude::*;
use tertulia_state::outbox::{Hop, Parcel, Resume};
use tertulia_state::page::Page;
use tertulia_state::session::Actor;
use tertulia_state::tag::Tagged;
use tertulia_state::thread::Thread;
use tertulia_types::view::{Body, Mention};
use tertulia_types::{Position, Rejected};

/// Carries the first hop of the only parcel that walks.
fn first_hop(community: &mut Community) -> (Position, Parcel, Hop) {
    let (at, parcel) = community
        .pending()
        .into_iter()
        .find(|(_, parcel)| parcel.walk.is_some())
        .expect("a walk");
    let reply = community
        .deliver(&parcel.command.clone().expect("a command"))
        .expect("taken");
    let hop = answered(&parcel, &reply).expect("a hop's answer");
    (at, parcel, hop)
}

/// Ana, with twenty readers in seven groups.
fn read_by_many() -> (Community, Actor, Vec<Actor>) {
    let mut community = Community::of(7);
    let ana = community.register("ana");
    let readers: Vec<_> = (0..20)
        .map(|i| community.register(&format!("reader{i}")))
        .collect();
    for reader in &readers {
        community.follow(*reader, ana.account);
    }
    community.carry();
    (community, ana, readers)
}

#[test]
fn o2_a_walk_visits_each_group_once_and_in_order() {
    let (mut community, ana, _) = read_by_many();
    community.publish(ana, "hola");
    assert_eq!(community.carry(), 7);
}

#[test]
fn o3_a_deletion_during_a_walk_reaches_the_groups_behind_it() {
    let (mut community, ana, readers) = read_by_many();
    let dweet = community.publish(ana, "a mistake");
    let (at, parcel, hop) = first_hop(&mut community);
    community.delete(ana, dweet.id);
    let rows = vec![hop];
    let resumed = community.query(Resume { at, rows }).expect("resumes");
    assert!(resumed.is_empty(), "the row was replaced: the walk begins anew");
    community.settle(at, parcel.seq, Ok(None));
    community.carry();
    for reader in readers {
        assert!(community.home(reader).is_empty());
    }
}

#[test]
fn o2_a_walk_that_is_resumed_goes_on_where_the_last_hop_ended() {
    let (mut community, ana, readers) = read_by_many();
    community.publish(ana, "hola");
    let (at, parcel, hop) = first_hop(&mut community);
    let rows = vec![hop];
    let resumed = community.query(Resume { at, rows }).expect("resumes").remove(0);
    assert_ne!(resumed.command, parcel.command);
    assert_eq!(community.carry_one(at, resumed), 6);
    for reader in readers {
        assert_eq!((community.home(reader).len(), community.unseen(reader)), (1, 1));
    }
}

#[test]
fn o4_what_another_courier_has_settled_is_settled_once() {
    let mut community = Community::of(7);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.follow(ben, ana.account);
    let (at, parcel) = community.pending().remove(0);
    let bytes = parcel.command.expect("a command");
    let first = community.deliver(&bytes).expect("taken");
    let second = community.deliver(&bytes).expect("taken");
    community.settle(at, parcel.seq, Ok(Some(first)));
    community.unfollow(ben, ana.account);
    // The old courier's answer comes when the row is gone: neither it nor a false refusal changes the edge.
    community.settle(at, parcel.seq, Ok(Some(second)));
    community.settle(at, parcel.seq, Err(Rejected::NotFound));
    community.carry();
    assert_eq!((community.counts(ana), community.counts(ben)), ((0, 0), (0, 0)));
}

#[test]
fn o4_a_settlement_of_an_older_row_leaves_the_one_that_replaced_it() {
    let mut community = Community::of(7);
    let [ana, ben] = community.people(["ana", "ben"]);
    let dweet = community.publish(ana, "hola");
    community.favourite(ben, dweet.id, true);
    let (at, parcel) = community.pending().remove(0);
    community.favourite(ben, dweet.id, false);
    community.settle(at, parcel.seq, Ok(Some(Vec::new())));
    community
        .deliver(&parcel.command.expect("a command"))
        .expect("taken");
    community.carry();
    assert_eq!(community.show(dweet.id, None).expect("there").favourites, 0);
}

/// What a person does.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Publish { naming: usize },
    Reply { to: usize },
    Edit { dweet: usize, naming: usize },
    Delete { dweet: usize },
    Redweet { dweet: usize },
    Unredweet { dweet: usize },
    Favourite { dweet: usize, stands: bool },
    Follow { whom: usize },
    Block { whom: usize, stands: bool },
    Close,
}

const PEOPLE: usize = 5;

fn deed() -> impl Strategy<Value = (usize, Deed)> {
    let dweet = 0..12_usize;
    let deed = prop_oneof![
        4 => (0..PEOPLE).prop_map(|naming| Deed::Publish { naming }),
        2 => dweet.clone().prop_map(|to| Deed::Reply { to }),
        3 => (dweet.clone(), 0..PEOPLE).prop_map(|(dweet, naming)| Deed::Edit { dweet, naming }),
        2 => dweet.clone().prop_map(|dweet| Deed::Delete { dweet }),
        3 => dweet.clone().prop_map(|dweet| Deed::Redweet { dweet }),
        1 => dweet.clone().prop_map(|dweet| Deed::Unredweet { dweet }),
        2 => (dweet, any::<bool>()).prop_map(|(dweet, stands)| Deed::Favourite { dweet, stands }),
        4 => (0..PEOPLE).prop_map(|whom| Deed::Follow { whom }),
        1 => (0..PEOPLE, any::<bool>()).prop_map(|(whom, stands)| Deed::Block { whom, stands }),
        1 => Just(Deed::Close),
    ];
    (0..PEOPLE, deed)
}

/// A community that does deeds, and a courier that is told how badly to work.
struct World {
    community: Community,
    people: Vec<Actor>,
    dweets: Vec<tertulia_types::view::DweetView>,
    /// Everything that was ever carried.
    carried: Vec<Vec<u8>>,
}

impl World {
    fn new() -> Self {
        let mut community = Community::of(3);
        let people = (0..PEOPLE)
            .map(|i| community.register(&format!("person{i}")))
            .collect();
        Self {
            community,
            people,
            dweets: Vec::new(),
            carried: Vec::new(),
        }
    }

    fn naming(&self, text: &str, whom: usize) -> Body {
        let mention = Mention {
            id: self.people[whom].account,
            nick: format!("person{whom}").parse().expect("a nick"),
        };
        Body {
            mentions: vec![mention],
            tags: vec!["tag".to_owned()],
            ..Community::body(text)
        }
    }

    /// Does a deed; one that is refused is refused in every world alike.
    fn act(&mut self, step: usize, who: usize, deed: Deed) {
        // Equal times in all worlds, whatever was carried in between.
        self.community.clock_ms = 1_700_010_000_000 + step as u64 * 100_000;
        let actor = self.people[who];
        let key = self.community.key();
        let words = format!("words {step}");
        // Any number stands for one that there is: else most deeds would be about nothing.
        let dweet = |index: usize| {
            let index = index.checked_rem(self.dweets.len())?;
            self.dweets.get(index).cloned()
        };
        use tertulia_state::{block, closing, dweet as d, favourite, follow, redweet};
        match deed {
            Deed::Publish { naming } => {
                let body = self.naming(&words, naming);
                self.dweets
                    .extend(self.community.submit(d::Publish { actor, body, key }));
            }
            Deed::Reply { to } => {
                let Some(to) = dweet(to) else { return };
                let body = answer(&to, &words);
                self.dweets
                    .extend(self.community.submit(d::Publish { actor, body, key }));
            }
            Deed::Edit { dweet: index, naming } => {
                let Some(old) = dweet(index) else { return };
                let owner = self.people.iter().find(|person| person.account == old.author.id);
                let (actor, body) = (*owner.expect("a person"), self.naming(&words, naming));
                let _ = self.community.submit(d::Edit {
                    actor,
                    id: old.id,
                    body,
                    key,
                });
            }
            Deed::Delete { dweet: index } => {
                let Some(old) = dweet(index) else { return };
                let owner = self.people.iter().find(|person| person.account == old.author.id);
                let actor = *owner.expect("a person");
                let _ = self.community.submit(d::Delete {
                    actor,
                    id: old.id,
                    key,
                });
            }
            Deed::Redweet { dweet: index } => {
                let Some(old) = dweet(index) else { return };
                // As it is read at its home, or as it was when it is gone since.
                let original = self.community.show(old.id, None).unwrap_or(old);
                let _ = self.community.submit(redweet::Redweet { actor, original, key });
            }
            Deed::Unredweet { dweet: index } => {
                let Some(old) = dweet(index) else { return };
                let _ = self.community.submit(redweet::Unredweet {
                    actor,
                    original: old.id,
                    key,
                });
            }
            Deed::Favourite { dweet: index, stands } => {
                let Some(old) = dweet(index) else { return };
                let _ = self.community.submit(favourite::SetFavourite {
                    actor,
                    dweet: old.id,
                    stands,
                    key,
                });
            }
            Deed::Follow { whom } => {
                let author = self.people[whom].account;
                let _ = self.community.submit(follow::Follow {
                    actor,
                    author,
                    redweets: true,
                    key,
                });
            }
            Deed::Block { whom, stands } => {
                let target = self.people[whom].account;
                let _ = self.community.submit(block::SetBlock {
                    actor,
                    target,
                    stands,
                    key,
                });
            }
            Deed::Close if step.is_multiple_of(7) => {
                let _ = self.community.submit(closing::CloseAccount {
                    actor,
                    verified_version: 1,
                });
            }
            Deed::Close => {}
        }
    }

    /// Carries until nothing is left, in an order and with repeats that `dice` says. The clock stands still.
    fn carry_badly(&mut self, dice: &mut impl FnMut(usize) -> usize) {
        let now_ms = self.community.clock_ms;
        for _ in 0..20_000 {
            self.community.clock_ms = now_ms;
            let waiting = self.community.pending();
            if waiting.is_empty() {
                return;
            }
            let (at, parcel) = waiting[dice(waiting.len())].clone();
            if let Some(bytes) = &parcel.command {
                self.carried.push(bytes.clone());
                let old = self.carried[dice(self.carried.len())].clone();
                match dice(6) {
                    // The answer is lost.
                    0 => drop(self.community.deliver(bytes)),
                    // Something old comes once more.
                    1 => drop(self.community.deliver(&old)),
                    _ => drop(self.community.carry_one(at, parcel)),
                }
            } else {
                self.community.carry_one(at, parcel);
            }
        }
        panic!("the errands never end");
    }

    /// Everything that anyone can see, but what depends on when things arrived.
    fn visible(&mut self) -> String {
        use std::fmt::Write;
        let mut seen = String::new();
        let mut say = |what: std::fmt::Arguments<'_>| writeln!(seen, "{what}").expect("written");
        for (i, person) in self.people.clone().into_iter().enumerate() {
            let account = self.community.account(person.account);
            say(format_args!(
                "person{i}: {:?}",
                account.as_ref().map(|a| (a.followers, a.following, a.dweets))
            ));
            for viewer in self.people.clone().into_iter().map(Some).chain([None]) {
                say(format_args!(
                    "  profile {:?}",
                    self.community.profile(person.account, viewer)
                ));
            }
            if account.is_err() {
                continue;
            }
            let page = self.community.home_page(person, Page::newest(80));
            let shown = page
                .iter()
                .map(|s| (s.dweet.id, text(&s.dweet), s.dweet.author.id, s.flags));
            say(format_args!("  home {:?}", shown.collect::<Vec<_>>()));
            let mut told = self.community.told(person);
            told.sort_by_key(|told| format!("{told:?}"));
            say(format_args!("  told {told:?}"));
            for other in self.people.clone() {
                say(format_args!(
                    "  {:?}",
                    self.community.relationship(person, other.account)
                ));
            }
        }
        for dweet in self.dweets.clone() {
            let shown = self.community.show(dweet.id, None);
            let counts = shown.map(|d| (text(&d), d.replies, d.redweets, d.favourites));
            say(format_args!("dweet {:?} {counts:?}", dweet.id));
            let thread = self.community.query(Thread { root: dweet.id }).expect("a thread");
            let thread: Vec<_> = thread
                .iter()
                .map(|e| (e.id, e.parent, e.view.as_ref().map(text)))
                .collect();
            say(format_args!("  thread {thread:?}"));
        }
        let tag = "tag".to_owned();
        let tagged = self
            .community
            .query(Tagged {
                tag,
                all: Vec::new(),
                none: Vec::new(),
                page: Page::newest(80),
            })
            .expect("a page");
        say(format_args!(
            "tag {:?}",
            tagged.shown.iter().map(|d| (d.id, text(d))).collect::<Vec<_>>()
        ));
        seen
    }
}

/// What was carried before a change comes once more behind it.
#[test]
fn o3_what_is_older_changes_nothing_whenever_it_comes() {
    let mut world = World::new();
    let deeds = [
        (1, Deed::Follow { whom: 0 }),
        (2, Deed::Follow { whom: 0 }),
        (0, Deed::Publish { naming: 1 }),
        (0, Deed::Publish { naming: 2 }),
        (1, Deed::Reply { to: 0 }),
        (3, Deed::Reply { to: 1 }),
        (1, Deed::Redweet { dweet: 0 }),
        (2, Deed::Redweet { dweet: 1 }),
        (2, Deed::Redweet { dweet: 0 }),
        (
            1,
            Deed::Favourite {
                dweet: 0,
                stands: true,
            },
        ),
        (
            3,
            Deed::Block {
                whom: 4,
                stands: true,
            },
        ),
        (0, Deed::Edit { dweet: 0, naming: 2 }),
        (0, Deed::Delete { dweet: 2 }),
        (1, Deed::Unredweet { dweet: 0 }),
        (2, Deed::Unredweet { dweet: 0 }),
        (1, Deed::Redweet { dweet: 0 }),
        (
            1,
            Deed::Favourite {
                dweet: 0,
                stands: false,
            },
        ),
        (
            3,
            Deed::Block {
                whom: 4,
                stands: false,
            },
        ),
        (0, Deed::Delete { dweet: 1 }),
    ];
    for (step, (who, deed)) in deeds.into_iter().enumerate() {
        // A step that is no multiple of seven: nobody closes an account here.
        world.act(step * 7 + 1, who, deed);
        world.carry_badly(&mut |sides| sides - 1);
    }
    let edited = world.dweets[0].id;
    let shown = world.community.show(edited, None).expect("there");
    assert_eq!(
        (text(&shown), shown.replies, shown.redweets, shown.favourites),
        ("words 78".to_owned(), 0, 1, 0)
    );
    let before = world.visible();
    let carried = world.carried.clone();
    for old in carried.iter().rev() {
        // Some of it is refused by now.
        let _ = world.community.deliver(old);
    }
    world.community.carry();
    assert_eq!(world.visible(), before);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    /// Whatever couriers do (lost answers, repeats of anything old, any order), what is seen in the end is what a good one
    /// brings about.
    #[test]
    fn o3_o4_bad_couriers_change_nothing(
        deeds in proptest::collection::vec(deed(), 1..30),
        rolls in proptest::collection::vec(any::<u32>(), 64),
    ) {
        let (mut good, mut bad) = (World::new(), World::new());
        let mut rolled = 0_usize;
        let mut dice = |sides: usize| {
            rolled += 1;
            (rolls[rolled % rolls.len()] as usize).wrapping_add(rolled / rolls.len() * 7) % sides
        };
        for (step, (who, deed)) in deeds.iter().enumerate() {
            good.act(step, *who, *deed);
            let now_ms = good.community.clock_ms;
            good.community.carry();
            good.community.clock_ms = now_ms;
            bad.act(step, *who, *deed);
            bad.carry_badly(&mut dice);
        }
        // In the end everything comes once more, in a new order.
        let mut all = bad.carried.clone();
        while !all.is_empty() {
            let old = all.swap_remove(dice(all.len()));
            let _ = bad.community.deliver(&old);
        }
        bad.community.carry();
        prop_assert_eq!(good.visible(), bad.visible());
    }
}
