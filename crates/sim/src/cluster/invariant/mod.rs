//! What must hold, whatever happens: one file each.
//!
//! Some are looked at all the time, by what machines say when they are asked directly ([`owner`], [`replicas`]) and by what people read
//! ([`acknowledged`], [`delivery`], [`session`]); and all of them at the end, when everything has been mended and has come to rest, by a [`Census`] of what is
//! there. The checks themselves are functions of values, so that each can be seen to find what it is there for.

pub mod acknowledged;
pub mod count;
pub mod delivery;
pub mod id;
pub mod nick;
pub mod owner;
pub mod replicas;
pub mod session;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tertulia_types::AccountId;
use tertulia_types::view::{AccountView, DweetView, Shown};

use super::ledger::Ledger;

/// Something that must not have happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breach {
    /// Which invariant it breaks.
    pub invariant: String,
    /// What happened.
    pub what: String,
    /// When, in virtual time.
    pub at_ms: u64,
}

/// What is there at the end, as anybody can read it.
#[derive(Clone, Debug, Default)]
pub struct Census {
    /// The account that has each nick somebody asked for; `None` if nobody has it.
    pub nicks: BTreeMap<String, Option<AccountId>>,
    /// What is told of each account.
    pub cards: BTreeMap<AccountId, AccountView>,
    /// Each person's dweets and redweets, newest first.
    pub profiles: BTreeMap<AccountId, Vec<DweetView>>,
    /// Each person's home timeline, page by page.
    pub homes: BTreeMap<AccountId, Vec<Vec<Shown>>>,
    /// Whom each person follows.
    pub following: BTreeMap<AccountId, BTreeSet<AccountId>>,
    /// The sessions that are open.
    pub open_sessions: BTreeSet<[u8; 32]>,
}

/// All that is wrong at the end: the invariant, and what breaks it.
#[must_use]
pub fn wrong(ledger: &Ledger, census: &Census) -> Vec<(&'static str, String)> {
    let checks = [
        (acknowledged::NAME, acknowledged::lost(ledger, census)),
        (nick::NAME, nick::shared(ledger, census)),
        (delivery::NAME, delivery::wrong(ledger, census)),
        (id::NAME, id::repeated(ledger, census)),
        (session::NAME, session::undead(ledger, census)),
        (count::NAME, count::wrong(census)),
    ];
    let name_each =
        |(name, found): (&'static str, Vec<String>)| found.into_iter().map(move |what| (name, what));
    checks.into_iter().flat_map(name_each).collect()
}

/// The text of a dweet, or of the dweet that a redweet passes on.
fn text_of(dweet: &DweetView) -> &str {
    dweet.body().map_or("", |body| body.text.as_str())
}

#[cfg(test)]
mod sample {
    //! A small truth, and a census that fits it; each test spoils one thing.

    use tertulia_state::session::{Actor, SecretHash};
    use tertulia_types::view::{AccountView, Body, Content, DweetView, Flags, Shown, Visibility};
    use tertulia_types::{AccountId, DweetId, Slot};

    use super::Census;
    use crate::cluster::ledger::{Dweet, Edge, Fate, Ledger, Registration, Session};

    pub(crate) fn account(number: u64) -> AccountId {
        AccountId::new(number, Slot(1))
    }

    fn card(id: AccountId) -> AccountView {
        AccountView {
            id,
            nick: "ana".parse().unwrap(),
            name: String::new(),
            note: String::new(),
            bot: false,
            discoverable: true,
            version: 1,
            followers: 0,
            following: 0,
            dweets: 0,
            last_dweet_ms: None,
        }
    }

    pub(crate) fn dweet(number: u64, author: AccountId, text: &str) -> DweetView {
        DweetView {
            id: DweetId::new(number, Slot(1)),
            author: card(author),
            version: 1,
            edited_ms: None,
            replies: 0,
            redweets: 0,
            favourites: 0,
            content: Content::Dweet(Body {
                text: text.to_owned(),
                spoiler: String::new(),
                visibility: Visibility::Public,
                sensitive: false,
                language: None,
                reply_to: None,
                mentions: Vec::new(),
                tags: Vec::new(),
                application: None,
            }),
        }
    }

    pub(crate) fn shown(dweet: DweetView) -> Shown {
        Shown {
            dweet,
            flags: Flags::default(),
        }
    }

    /// Ana (1) has written "one" and "two"; Eva (2) has followed her before that.
    pub(crate) fn town() -> (Ledger, Census) {
        let (ana, eva) = (account(1), account(2));
        let mut ledger = Ledger::default();
        let mut census = Census::default();
        for (nick, account) in [("ana", ana), ("eva", eva)] {
            ledger.registrations.push(Registration {
                nick: nick.to_owned(),
                fate: Fate::Done(1),
                account: Some(account),
            });
            let session = SecretHash([u8::try_from(account.get() >> 16).unwrap(); 32]);
            ledger.actors.insert(account, Actor { account, session });
            ledger.sessions.insert(session.0, Session { account, end: None });
            census.nicks.insert(nick.to_owned(), Some(account));
            census.open_sessions.insert(session.0);
        }
        let edge = Edge {
            follows: true,
            asked: 2,
            fate: Fate::Done(3),
            is_muddled: false,
        };
        ledger.edges.insert((eva, ana), edge);
        census.following.insert(eva, [ana].into());
        for (account, followers, following) in [(ana, 1, 0), (eva, 0, 1)] {
            let card = AccountView {
                followers,
                following,
                ..card(account)
            };
            census.cards.insert(account, card);
        }
        for (number, text) in [(10, "one"), (20, "two")] {
            let written = Dweet {
                author: ana,
                asked: number,
                fate: Fate::Done(number + 1),
                id: Some(DweetId::new(number, Slot(1))),
                deletion: None,
            };
            ledger.dweets.insert(text.to_owned(), written);
        }
        let all = vec![dweet(20, ana, "two"), dweet(10, ana, "one")];
        census
            .homes
            .insert(eva, vec![all.iter().cloned().map(shown).collect()]);
        census
            .homes
            .insert(ana, vec![all.iter().cloned().map(shown).collect()]);
        census.profiles.insert(ana, all);
        census.profiles.insert(eva, Vec::new());
        (ledger, census)
    }

    #[test]
    fn nothing_is_wrong_where_all_is_well() {
        let (ledger, census) = town();
        assert_eq!(super::wrong(&ledger, &census), []);
    }
}
