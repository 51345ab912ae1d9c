//! What homes answer: accounts and dweets as the ring knows them, before they are dressed as API entities.
//!
//! These values travel between machines and lie in databases, encoded by postcard: fields are only ever added by a new
//! struct or variant, never in place.

use crate::id::{AccountId, DweetId, NotificationId};
use crate::nick::Nick;
use serde::{Deserialize, Serialize};

/// A person, as others see them; also the author card that travels with deliveries (rule T10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// The account.
    pub id: AccountId,
    /// Its nick.
    pub nick: Nick,
    /// Display name, free text; empty when none was chosen.
    pub name: String,
    /// The bio, plain text.
    pub note: String,
    /// Whether it says of itself that a program runs it.
    pub bot: bool,
    /// Whether it wants to be listed.
    pub discoverable: bool,
    /// Grows with each change of the fields above; the higher one wins where cards meet.
    pub version: u64,
    /// How many follow it.
    pub followers: u64,
    /// How many it follows.
    pub following: u64,
    /// Dweets and redweets that stand.
    pub dweets: u64,
    /// When the newest of them was made.
    pub last_dweet_ms: Option<u64>,
}

/// Who may read a dweet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Visibility {
    /// Everyone, and it is listed.
    Public,
    /// Everyone, but it is not listed.
    Unlisted,
    /// The author's followers and the people mentioned.
    Private,
}

/// Someone who is named in a dweet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// Whom.
    pub id: AccountId,
    /// By which nick.
    pub nick: Nick,
}

/// What a dweet answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    /// The dweet that is answered.
    pub id: DweetId,
    /// Its author.
    pub author: AccountId,
    /// The first dweet of the whole thread: the thread is kept at its home.
    pub root: DweetId,
}

/// The application by which a dweet was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// Its name.
    pub name: String,
    /// Its page.
    pub website: Option<String>,
}

/// What its author wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// 1 to 225 characters of plain text.
    pub text: String,
    /// A warning shown instead of the text, or empty.
    pub spoiler: String,
    /// Who may read it.
    pub visibility: Visibility,
    /// Whether the author marked it as sensitive.
    pub sensitive: bool,
    /// ISO 639 code.
    pub language: Option<String>,
    /// What it answers.
    pub reply_to: Option<ReplyTo>,
    /// Whom it names; only people who exist.
    pub mentions: Vec<Mention>,
    /// Its hashtags in lower case, without the `#`, each once.
    pub tags: Vec<String>,
    /// By which application it was written.
    pub application: Option<Application>,
}

/// A dweet, or a redweet with the dweet in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DweetView {
    /// Its id.
    pub id: DweetId,
    /// Who wrote or redweeted it.
    pub author: AccountView,
    /// Grows with each edit and with its deletion.
    pub version: u64,
    /// When it was edited last.
    pub edited_ms: Option<u64>,
    /// Replies that stand.
    pub replies: u64,
    /// Redweets that stand.
    pub redweets: u64,
    /// Favourites that stand.
    pub favourites: u64,
    /// What it says.
    pub content: Content,
}

/// The two kinds of dweet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// Written by its author.
    Dweet(Body),
    /// A dweet of someone else (or one's own), passed on. The inner one is never itself a redweet.
    #[serde(deserialize_with = "original")]
    Redweet(Box<DweetView>),
}

/// Reads the inner dweet of a redweet. One within another, as deep as somebody likes, would be read until the stack is full.
fn original<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Box<DweetView>, D::Error> {
    #[derive(Deserialize)]
    struct Original {
        id: DweetId,
        author: AccountView,
        version: u64,
        edited_ms: Option<u64>,
        replies: u64,
        redweets: u64,
        favourites: u64,
        content: Only,
    }
    #[derive(Deserialize)]
    enum Only {
        Dweet(Body),
    }

    let read = Original::deserialize(deserializer)?;
    let Only::Dweet(body) = read.content;
    Ok(Box::new(DweetView {
        id: read.id,
        author: read.author,
        version: read.version,
        edited_ms: read.edited_ms,
        replies: read.replies,
        redweets: read.redweets,
        favourites: read.favourites,
        content: Content::Dweet(body),
    }))
}

impl DweetView {
    /// The dweet itself, or for a redweet the original.
    #[must_use]
    pub fn original(&self) -> &Self {
        match &self.content {
            Content::Dweet(_) => self,
            Content::Redweet(original) => original,
        }
    }

    /// The words, of the original for a redweet.
    #[must_use]
    pub fn body(&self) -> Option<&Body> {
        match &self.original().content {
            Content::Dweet(body) => Some(body),
            Content::Redweet(_) => None,
        }
    }
}

/// How a viewer stands to a dweet (to the original of a redweet): a set that travels as a number, so that a machine which
/// does not know a newer flag passes over it.
///
/// **Invariant:** a bit and its meaning never change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags(u32);

impl Flags {
    /// The viewer's favourite.
    pub const FAVOURITED: Self = Self(1);
    /// The viewer has redweeted it.
    pub const REDWEETED: Self = Self(1 << 1);
    /// The viewer has muted its author.
    pub const MUTED: Self = Self(1 << 2);
    /// The viewer's bookmark.
    pub const BOOKMARKED: Self = Self(1 << 3);

    /// Whether the flag is in the set.
    #[must_use]
    pub fn has(self, flag: Self) -> bool {
        self.0 & flag.0 == flag.0
    }

    /// The set with the flag, where it `stands`.
    #[must_use]
    pub fn with(self, flag: Self, stands: bool) -> Self {
        Self(if stands { self.0 | flag.0 } else { self.0 })
    }
}

/// A dweet together with how the viewer stands to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The dweet.
    pub dweet: DweetView,
    /// The viewer's flags.
    pub flags: Flags,
}

/// How one account stands to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relationship {
    /// I follow them.
    pub following: bool,
    /// Their redweets reach me.
    pub showing_redweets: bool,
    /// They follow me.
    pub followed_by: bool,
    /// I have blocked them.
    pub blocking: bool,
    /// They have blocked me.
    pub blocked_by: bool,
    /// I have muted them.
    pub muting: bool,
    /// Their notifications are muted as well.
    pub muting_notifications: bool,
}

/// What a notification tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NotificationKind {
    /// Someone named or answered me.
    Mention,
    /// Someone redweeted my dweet.
    Redweet,
    /// Someone made my dweet a favourite.
    Favourite,
    /// Someone follows me.
    Follow,
}

/// A notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationView {
    /// Its id: sortable by time.
    pub id: NotificationId,
    /// What it tells of.
    pub kind: NotificationKind,
    /// Who did it, as they were then.
    pub from: AccountView,
    /// On which dweet.
    pub dweet: Option<Shown>,
}

/// How many dweets are unseen: exact up to 800 (rule T6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unseen {
    /// The count, at most 800.
    pub count: u32,
    /// Whether there are more than that.
    pub more: bool,
}
