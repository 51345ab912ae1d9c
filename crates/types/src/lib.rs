//! What every layer of Tertulia speaks of: positions on the ring, ids, nicks, text, the reasons for a refusal,
//! what the homes answer ([`view`]), what the HTTP API shows ([`entity`]), and the ring as operators see it ([`ring`]).
//!
//! **Invariant:** this crate is pure. No clock, no randomness, no network, no disk: only values, their order, their
//! text form and their codecs.
//!
//! Deliberately absent: verbs (they live in `tertulia-state`, next to their rules) and HTML.

pub mod community;
pub mod device;
pub mod entity;
pub mod hexadecimal;
pub mod id;
pub mod machine;
pub mod message;
pub mod moderation;
mod network;
pub mod nick;
pub mod planted;
pub mod position;
pub mod presence;
pub mod rejected;
pub mod ring;
pub mod scope;
pub mod text;
pub mod view;

pub use id::{AccountId, DweetId, NotificationId};
pub use machine::{MachineId, Role};
pub use message::{BoxName, ConversationId, DeviceId, Epoch, MessageId};
pub use network::network;
pub use nick::Nick;
pub use planted::Bug;
pub use position::{Position, Range, Slot};
pub use rejected::Rejected;
pub use scope::Scopes;
