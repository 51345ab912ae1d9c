//! The JSON of the HTTP API: Mastodon's entities, as its apps expect them, and Tertulia's own few.
//!
//! One set of types for both ends: `api` renders them, `client` parses them.
//!
//! **Invariant:** a field that Mastodon's apps read unguarded is never null and never missing; what this service
//! does not have (media, polls, emoji, filters) is an empty list or a null, as Mastodon itself would show it.
//! **Invariant:** ids are decimal strings, and moments are ISO 8601 with milliseconds and `Z`.
//!
//! Deliberately absent: rendering (escaping, links, addresses of the service), which belongs to `api`.

mod account;
mod application;
mod community;
mod entries;
mod home;
mod instance;
mod marker;
mod message;
mod moderation;
mod nothing;
mod notification;
mod refusal;
mod relationship;
mod search;
mod session;
mod status;
mod timestamp;

pub use account::{Account, CredentialAccount, Role, Source};
pub use application::{Application, CredentialApplication, Token};
pub use community::{Community, GrowthDay, Invitation, Invited, Report, Resolution, Rule};
pub use entries::{ENTRIES_HEADER, ENTRY_MACHINES_MAX, ENTRY_URLS_MAX, Entries, EntryMachine};
pub use home::{More, Unseen};
pub use instance::{
    AccountLimits, ApiVersions, Contact, Instance, InstanceUrls, InstanceV1, InstanceV1Urls, Limits,
    LimitsV1, MediaLimits, PollLimits, Registrations, Stats, StatusLimits, Thumbnail, Translation, Usage,
    UsageUsers, Vapid,
};
pub use marker::{Marker, Markers};
pub use message::{
    AddedDevice, Base64, Commit, Committed, Conversation, Deposited, DeviceRecord, Filled, KeyPackage,
    Letter, Mailbox, NotAPresence, NotARecord, PackagesLeft, Presence, Progress, SealedBox,
};
pub use moderation::{Decision, Deed, Dossier, Named};
pub use nothing::{EmptyList, EmptyObject};
pub use notification::{Notification, NotificationKind};
pub use refusal::Refusal;
pub use relationship::Relationship;
pub use search::{Search, Tag, TagUse};
pub use session::Session;
pub use status::{Context, Edit, Mention, Status, StatusApplication, StatusSource, StatusTag, Visibility};
pub use timestamp::{Date, Timestamp};
