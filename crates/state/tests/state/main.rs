//! What verbs do, tested over a whole community in memory: one file per subject.

mod account;
mod block;
mod bookmark;
mod closing;
mod community;
mod dweet;
mod favourite;
mod follow;
mod journey;
mod message;
mod mute;
mod nonsense;
mod notification;
mod oauth;
mod outbox;
mod prune;
mod range;
mod redweet;
mod replica;
mod request;
mod script;
mod session;
mod statements;
mod tag;
mod thread;
mod unseen;
