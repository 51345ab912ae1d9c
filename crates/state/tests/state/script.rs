//! The words in which tests tell what people do: short forms of verbs, over [`Community`].

use crate::community::Community;
use tertulia_state::account::{Lookup, Who};
use tertulia_state::block::SetBlock;
use tertulia_state::closing::CloseAccount;
use tertulia_state::dweet::{Delete, Edit, Profile, Show};
use tertulia_state::favourite::SetFavourite;
use tertulia_state::follow::{Relationships, Unfollow};
use tertulia_state::marker::{SetMarker, Timeline};
use tertulia_state::mute::{Mute, SetMute};
use tertulia_state::notification::Notifications;
use tertulia_state::page::Page;
use tertulia_state::redweet::{Redweet, Unredweet};
use tertulia_state::session::Actor;
use tertulia_state::timeline::{CountUnseen, Home, Next, NextPage, SetReader};
use tertulia_types::view::{
    AccountView, Body, DweetView, Mention, NotificationKind, Relationship, ReplyTo, Shown, Visibility,
};
use tertulia_types::{AccountId, DweetId, Rejected};

/// The texts of a page, in its order.
pub(crate) fn texts(shown: &[Shown]) -> Vec<String> {
    shown.iter().map(|entry| text(&entry.dweet)).collect()
}

/// The words of a dweet, or of the original of a redweet.
pub(crate) fn text(dweet: &DweetView) -> String {
    dweet.body().map(|body| body.text.clone()).unwrap_or_default()
}

/// A body that differs from a plain public one.
pub(crate) fn private(text: &str) -> Body {
    Body {
        visibility: Visibility::Private,
        ..Community::body(text)
    }
}

/// A body that answers a dweet.
pub(crate) fn answer(to: &DweetView, text: &str) -> Body {
    let above = to.body().and_then(|body| body.reply_to);
    Body {
        reply_to: Some(ReplyTo {
            id: to.id,
            author: to.author.id,
            root: above.map_or(to.id, |above| above.root),
        }),
        ..Community::body(text)
    }
}

impl Community {
    pub(crate) fn people<const N: usize>(&mut self, nicks: [&str; N]) -> [Actor; N] {
        nicks.map(|nick| self.register(nick))
    }

    /// A body that names people by their nicks.
    pub(crate) fn naming(&self, text: &str, nicks: &[&str]) -> Body {
        let mention = |nick: &&str| Mention {
            id: self.person(nick).account,
            nick: nick.parse().expect("a nick"),
        };
        Body {
            mentions: nicks.iter().map(mention).collect(),
            ..Self::body(text)
        }
    }

    pub(crate) fn edit(&mut self, actor: Actor, id: DweetId, body: Body) -> DweetView {
        let key = self.key();
        self.submit(Edit { actor, id, body, key }).expect("edited")
    }

    pub(crate) fn delete(&mut self, actor: Actor, id: DweetId) {
        let key = self.key();
        self.submit(Delete { actor, id, key }).expect("deleted");
    }

    pub(crate) fn redweet(&mut self, actor: Actor, original: &DweetView) -> DweetView {
        self.try_redweet(actor, original).expect("redweeted")
    }

    pub(crate) fn try_redweet(&mut self, actor: Actor, original: &DweetView) -> Result<DweetView, Rejected> {
        let (original, key) = (original.clone(), self.key());
        self.submit(Redweet { actor, original, key })
    }

    pub(crate) fn unredweet(&mut self, actor: Actor, original: DweetId) -> bool {
        let key = self.key();
        self.submit(Unredweet { actor, original, key }).expect("undone")
    }

    pub(crate) fn favourite(&mut self, actor: Actor, dweet: DweetId, stands: bool) -> bool {
        let key = self.key();
        let set = SetFavourite {
            actor,
            dweet,
            stands,
            key,
        };
        self.submit(set).expect("set")
    }

    pub(crate) fn unfollow(&mut self, actor: Actor, author: AccountId) {
        let key = self.key();
        self.submit(Unfollow { actor, author, key }).expect("unfollows");
    }

    pub(crate) fn block(&mut self, actor: Actor, target: AccountId, stands: bool) -> Relationship {
        let key = self.key();
        let set = SetBlock {
            actor,
            target,
            stands,
            key,
        };
        self.submit(set).expect("set")
    }

    pub(crate) fn mute(&mut self, actor: Actor, target: AccountId, mute: Option<Mute>) -> Relationship {
        let key = self.key();
        let set = SetMute {
            actor,
            target,
            mute,
            key,
        };
        self.submit(set).expect("set")
    }

    pub(crate) fn close(&mut self, actor: Actor) {
        let verified_version = 1;
        self.submit(CloseAccount {
            actor,
            verified_version,
        })
        .expect("closed");
    }

    pub(crate) fn mark(&mut self, actor: Actor, last_read_id: i64) {
        let timeline = Timeline::Home;
        let set = SetMarker {
            actor,
            timeline,
            last_read_id,
        };
        self.submit(set).expect("marked");
    }

    pub(crate) fn show(&mut self, id: DweetId, viewer: Option<Actor>) -> Result<DweetView, Rejected> {
        let viewer = viewer.map(|viewer| viewer.account);
        self.query(Show { id, viewer })
    }

    pub(crate) fn home(&mut self, actor: Actor) -> Vec<String> {
        texts(&self.home_page(actor, Page::newest(80)))
    }

    pub(crate) fn home_page(&mut self, actor: Actor, page: Page) -> Vec<Shown> {
        self.query(Home { actor, page }).expect("home").shown
    }

    pub(crate) fn profile(
        &mut self,
        author: AccountId,
        viewer: Option<Actor>,
    ) -> Result<Vec<String>, Rejected> {
        let profile = Profile {
            author,
            viewer: viewer.map(|viewer| viewer.account),
            page: Page::newest(80),
            exclude_replies: false,
            exclude_redweets: false,
            tagged: None,
        };
        Ok(self.query(profile)?.shown.iter().map(text).collect())
    }

    pub(crate) fn account(&mut self, id: AccountId) -> Result<AccountView, Rejected> {
        self.query(Lookup { who: Who::Id(id) })
    }

    /// Followers and followed, as the account's home counts them.
    pub(crate) fn counts(&mut self, actor: Actor) -> (u64, u64) {
        let account = self.account(actor.account).expect("an account");
        (account.followers, account.following)
    }

    pub(crate) fn relationship(&mut self, actor: Actor, other: AccountId) -> Relationship {
        let others = vec![other];
        self.query(Relationships { actor, others })
            .expect("a relationship")[0]
    }

    /// What a person was told, newest first: the kind, by whom, and the words.
    pub(crate) fn told(&mut self, actor: Actor) -> Vec<(NotificationKind, String, String)> {
        let all = Notifications {
            actor,
            page: Page::newest(80),
            kinds: Vec::new(),
            from: None,
        };
        let told = self.query(all).expect("notifications").shown;
        let words = |shown: Option<Shown>| shown.map(|shown| text(&shown.dweet)).unwrap_or_default();
        told.into_iter()
            .map(|told| (told.kind, told.from.nick.to_string(), words(told.dweet)))
            .collect()
    }

    /// How many rows a statement finds at somebody's home.
    pub(crate) fn count(&self, actor: Actor, table: &str) -> u64 {
        let group = self.group_of(actor.account.home());
        let file = &self.groups[group].database.location().path;
        let conn = rusqlite::Connection::open(file).expect("opens");
        let sql = format!("SELECT count(*) FROM {table}");
        conn.query_row(&sql, [], |row| row.get(0)).expect("counted")
    }

    pub(crate) fn unseen(&mut self, actor: Actor) -> u32 {
        self.query(CountUnseen { actor }).expect("a count").count
    }

    /// Asks for new dweets, and records what was shown.
    pub(crate) fn ask(&mut self, actor: Actor, limit: u32) -> Next {
        let next = self
            .query(NextPage {
                actor,
                limit,
                from: None,
            })
            .expect("a page");
        let (before, after) = (next.before, next.after);
        let key = self.key();
        self.submit(SetReader {
            actor,
            before,
            after,
            key,
        })
        .expect("recorded");
        next
    }
}
