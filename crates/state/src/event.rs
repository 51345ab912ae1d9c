//! What applied commands tell those who watch: streams and caches in memory. Events are hints, not state: they are made
//! by each copy for itself, are never stored, and who misses one reads the tables. Machines tell them to each other, so new
//! ones are added at the end.

use serde::{Deserialize, Serialize};
use tertulia_types::{AccountId, DweetId, NotificationId};

/// Something that just became visible in this group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// An entry of `author` came into this group's timelines, or changed there.
    Delivered {
        /// The entry.
        id: DweetId,
        /// Its author.
        author: AccountId,
        /// Whether it was there before (an edit).
        edited: bool,
    },
    /// An entry left this group's timelines.
    Withdrawn {
        /// The entry.
        id: DweetId,
        /// Its author.
        author: AccountId,
    },
    /// Someone whose home is here made a dweet or redweet; it shows in their own timeline at once.
    Published {
        /// The dweet.
        id: DweetId,
        /// Its author.
        author: AccountId,
        /// Whether it is listed in the public timeline.
        public: bool,
    },
    /// A dweet of someone whose home is here was edited.
    Edited {
        /// The dweet.
        id: DweetId,
        /// Its author.
        author: AccountId,
    },
    /// A dweet of someone whose home is here was deleted.
    Deleted {
        /// The dweet.
        id: DweetId,
        /// Its author.
        author: AccountId,
    },
    /// A public dweet with this tag came to the tag's home; its edits are not told.
    Tagged {
        /// The tag, in lower case.
        tag: String,
        /// The dweet.
        id: DweetId,
    },
    /// A notification for someone whose home is here.
    Notified {
        /// For whom.
        account: AccountId,
        /// Which.
        id: NotificationId,
    },
    /// Whom this person follows, blocks or mutes has changed.
    Edges {
        /// Whose edges.
        account: AccountId,
    },
    /// Sessions of this person have ended: whoever streams for them checks again.
    SessionsEnded {
        /// Whose.
        account: AccountId,
    },
    /// Outbox rows were written: the courier has work.
    Errands,
    /// A letter came into the mailbox of someone whose home is here.
    Letter {
        /// For whom.
        account: AccountId,
        /// Its number.
        number: u64,
    },
}
